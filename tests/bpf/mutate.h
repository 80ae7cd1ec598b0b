/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chance with a seed, frames bent by it, and the sums of the gateway's counters after many of them.
 * Called by rows_random.c and by tests/soak/mutate.c.
 */
#ifndef TESTS_BPF_MUTATE_H
#define TESTS_BPF_MUTATE_H

#include "bpf/packet.h"
#include "sekisho/limits.h"

/* 0..below - 1. xorshift64*, so that a failure is the same on every machine. */
uint32_t draw(uint64_t *seed, uint32_t below);

/* Changes a few bytes, bits or the length; frame->l3 0: where its IP header is, nobody knows. */
void frame_mutate(struct frame *frame, uint64_t *seed);

/* Packets in a per-CPU table of struct sek_count, by reason: its cells go round the reasons. */
void reasons_sum(int map_fd, uint32_t cells, uint64_t ret_packets[SEK_REASONS_MAX]);

#endif
