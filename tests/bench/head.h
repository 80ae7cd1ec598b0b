/* SPDX-License-Identifier: Apache-2.0 */
/* What bare.bpf.c wants to know of a frame before it varies it. For vary.c and field.c. */
#ifndef TESTS_BENCH_HEAD_H
#define TESTS_BENCH_HEAD_H

#include "bpf/packet.h"

/* The sum over the IPv4 header without its sum and the varied half of an address, not inverted. */
uint32_t head_sum(const struct frame *frame, bool back);

#endif
