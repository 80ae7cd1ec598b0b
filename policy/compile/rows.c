// SPDX-License-Identifier: Apache-2.0
/*
 * A set of bit vectors by content. Called by the builders of classes and tables. Pure.
 */
#include "compile/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const struct sek_row *row)
{
	uint64_t h = 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i < SEK_RULE_WORDS; i++) {
		h = (h ^ row->rules[i]) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	return h;
}

static void slot_take(struct rows *rows, uint32_t number)
{
	size_t at = hash(&rows->rows[number]) & (rows->slot_cnt - 1);

	while (rows->slots[at])
		at = (at + 1) & (rows->slot_cnt - 1);
	rows->slots[at] = number + 1;
}

/* Room for one more; the slots are at most half full. */
static int grow(struct rows *rows)
{
	size_t cap = rows->cap ? rows->cap * 2 : 64;
	struct sek_row *more;
	uint32_t *slots;

	if (rows->cnt < rows->cap)
		return 0;
	more = realloc(rows->rows, cap * sizeof(*more));
	if (!more)
		return -ENOMEM;
	rows->rows = more;
	slots = calloc(cap * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(rows->slots);
	rows->slots = slots;
	rows->slot_cnt = cap * 2;
	rows->cap = cap;
	for (size_t i = 0; i < rows->cnt; i++)
		slot_take(rows, (uint32_t)i);
	return 0;
}

int rows_add(struct rows *rows, const struct sek_row *row, uint16_t *ret_number)
{
	int err = grow(rows);
	size_t at;

	if (err)
		return err;
	for (at = hash(row) & (rows->slot_cnt - 1); rows->slots[at];
	     at = (at + 1) & (rows->slot_cnt - 1)) {
		uint32_t number = rows->slots[at] - 1;

		if (!memcmp(&rows->rows[number], row, sizeof(*row))) {
			*ret_number = (uint16_t)number;
			return 0;
		}
	}
	if (rows->cnt == ROWS_MAX)
		return -ENOSPC;
	rows->rows[rows->cnt] = *row;
	rows->slots[at] = (uint32_t)rows->cnt + 1;
	*ret_number = (uint16_t)rows->cnt++;
	return 0;
}

int rows_start(struct rows *rows, size_t rule_cnt)
{
	struct sek_row row = {};
	uint16_t number;
	int err;

	*rows = (struct rows){};
	err = rows_add(rows, &row, &number);
	for (size_t i = 0; i < rule_cnt; i++)
		row_set(&row, i);
	return err ? err : rows_add(rows, &row, &number);
}

void rows_free(struct rows *rows)
{
	free(rows->rows);
	free(rows->slots);
	*rows = (struct rows){};
}
