// SPDX-License-Identifier: Apache-2.0
/*
 * Buckets of IPv6 /32s: keys that stand alone or few in a row, so that the directory is left with wide
 * prefixes. The seed is another for each table, so that nobody who writes a list can choose keys that
 * meet in one bucket.
 * Called by table.c. Linear.
 */
#include "lists/bucket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROW_MAX 8 /* keys in a row that are alike; more are a wide prefix */
#define TRIES 10 /* with more buckets and another seed each time */

/* Cells of short rows go to ret_singles, one for each key; those of long ones stay. */
static int singles_take(struct cell *cells, size_t *cnt, struct region *ret_singles)
{
	uint32_t wide = 0; /* what the directory says at this place */
	const struct cell first = cells[0];
	size_t kept = 1;

	cells[0] = (struct cell){ 0, 0 };
	for (size_t i = 0; i < *cnt; i++) {
		uint64_t end = i + 1 < *cnt ? cells[i + 1].key : 1ULL << 32;
		const struct cell cell = i ? cells[i] : first;
		uint64_t key = cell.key;

		if (cell.value == wide)
			continue;
		if (end - key > ROW_MAX) {
			wide = cell.value;
			kept -= !i; /* it takes the place of the first */
			cells[kept++] = cell;
			continue;
		}
		for (; key < end; key++) {
			struct cell *single = region_add(ret_singles, 1);

			if (!single)
				return -ENOMEM;
			*single = (struct cell){ (uint32_t)key, cell.value };
		}
	}
	*cnt = kept;
	return 0;
}

static int single_put(const struct sek_list_family *family, const struct cell *single,
		      struct sek_list_line *buckets)
{
	struct sek_list_line *bucket = buckets + list_bucket(family, single->key);

	for (int i = 0; i < SEK_LIST_PROBES * 8; i++) {
		struct sek_list_line *line = &bucket[i / 8];

		if (line->w[8 + i % 8])
			continue;
		line->w[i % 8] = single->key;
		line->w[8 + i % 8] = SEK_LIST_PRESENT | single->value;
		return 0;
	}
	return -ENOSPC;
}

/* Fills the buckets once; -ENOSPC when too many keys meet. */
static int singles_put(const struct region *singles, struct sek_list_family *family,
		       struct region *buckets)
{
	const struct cell *single = (const struct cell *)singles->bytes;
	struct sek_list_line *lines;
	int err = 0;

	if (getrandom(&family->seed, sizeof(family->seed), 0) != sizeof(family->seed))
		return -EIO;
	buckets->cnt = 0;
	lines = region_add(buckets, family->bucket_cnt + SEK_LIST_PROBES - 1);
	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < singles->cnt && !err; i++)
		err = single_put(family, &single[i], lines);
	return err;
}

int bucket_make(struct regions *regions, struct cell *cells, size_t *cnt,
		struct sek_list_family *family)
{
	struct region singles = { .unit = sizeof(struct cell) };
	int err = singles_take(cells, cnt, &singles);

	if (!err && singles.cnt) {
		family->bucket_cnt = singles.cnt / 4 + 1; /* half full */
		err = singles_put(&singles, family, &regions->bucket);
		for (int i = 0; i < TRIES && err == -ENOSPC; i++) {
			family->bucket_cnt += family->bucket_cnt / 8 + 1;
			err = singles_put(&singles, family, &regions->bucket);
		}
	}
	free(singles.bytes);
	return err == -ENOSPC ? -E2BIG : err;
}
