/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities as people write them. Pure; exact: what cannot be held is refused, never rounded.
 */
#ifndef POLICY_TEXT_QUANTITY_H
#define POLICY_TEXT_QUANTITY_H

#include <stdint.h>

/*
 * A count: 40000, 40_000, 100k, 1.5M, 2G (powers of 1000). "1.5M" is 1500000; "0.5" is refused.
 * Returns 0 or -EINVAL.
 */
int quantity_parse(const char *text, uint64_t *ret_count);

/* A rate in bits/s: a count, with "bit", "bit/s" or "bps" behind it if one likes: 130M, 64kbit/s. */
int quantity_parse_rate(const char *text, uint64_t *ret_bits);

/* A time: 50ms, 30s, 2m, 2h4m, 1d; units from large to small, each once. Returns 0 or -EINVAL. */
int quantity_parse_time(const char *text, uint64_t *ret_ns);

#define QUANTITY_TEXT_MAX 40
/* 130M, 64k, 1500000 as 1.5M; exact, so it reads back as the same number. Returns to. */
char *quantity_print(uint64_t count, char *to);
/* 2h4m, 50ms; down to 1 ns. Returns to. */
char *quantity_print_time(uint64_t ns, char *to);

#endif
