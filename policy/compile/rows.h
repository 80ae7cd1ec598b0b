/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bit vectors of one tenant, each kept once. Row 0 is empty, row 1 full. Private to compile/.
 */
#ifndef POLICY_COMPILE_ROWS_H
#define POLICY_COMPILE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "sekisho/policy.h"

#define ROWS_MAX 65536 /* a row's number has 16 bits */

struct rows {
	struct sek_row *rows;
	uint32_t *slots; /* open addressing: row number + 1; 0: free */
	size_t cnt, cap, slot_cnt;
};

/* Begins with the empty row and the row of the first rule_cnt bits. 0 or -ENOMEM. */
int rows_start(struct rows *rows, size_t rule_cnt);
void rows_free(struct rows *rows);
/* The number of an equal row, made if need be. 0, -ENOMEM, or -ENOSPC beyond ROWS_MAX. */
int rows_add(struct rows *rows, const struct sek_row *row, uint16_t *ret_number);

static inline void row_set(struct sek_row *row, size_t rule)
{
	row->rules[rule / 64] |= 1ULL << (rule % 64);
}

static inline void row_clear(struct sek_row *row, size_t rule)
{
	row->rules[rule / 64] &= ~(1ULL << (rule % 64));
}

static inline void row_or(struct sek_row *row, const struct sek_row *more)
{
	for (size_t i = 0; i < SEK_RULE_WORDS; i++)
		row->rules[i] |= more->rules[i];
}

#endif
