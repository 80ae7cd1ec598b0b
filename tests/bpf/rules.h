/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of a policy, made by chance with a seed. Called by rows_random.c and explain_test.c.
 */
#ifndef TESTS_BPF_RULES_H
#define TESTS_BPF_RULES_H

#include <stdint.h>
#include <stdio.h>

/* So many items of a tenant's "rules:" on both families, over 10.0.0.0/16 and 2001:db8:a::/48. */
void rules_print(FILE *out, uint32_t cnt, uint64_t *seed);

#endif
