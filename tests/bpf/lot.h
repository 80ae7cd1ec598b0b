/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BPF_LOT_H
#define TESTS_BPF_LOT_H

#include <stddef.h>

/* How many of cnt this machine draws by lot, or tries: the part of them that TEST_LOT_PART says, else all. */
size_t lot_cnt(size_t cnt);

#endif
