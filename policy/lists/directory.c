// SPDX-License-Identifier: Apache-2.0
/*
 * The directory: 2^18 entries of 64 /24s each, a node for every /24 that is not as its entry says.
 * Called by table.c. Pure, linear.
 */
#include "lists/directory.h"

#include <errno.h>
#include <stdbool.h>

#include "sekisho/list.h"

/* More than two changes inside a /24: cells[0] holds at its beginning, the others begin inside. */
static int leaf_add(struct regions *regions, const struct cell *cells, size_t cnt, uint64_t *ret_leaf)
{
	struct sek_list_line *leaf;
	size_t at = regions->leaf.cnt;
	uint32_t rank = 0;

	leaf = region_add(&regions->leaf, 1);
	if (!leaf)
		return -ENOMEM;
	leaf->q[0] = 1;
	for (size_t i = 1; i < cnt; i++)
		leaf->q[(cells[i].key >> 6) & 3] |= 1ULL << (cells[i].key & 63);
	leaf->q[4] = regions->value.cnt;
	for (int word = 0; word < 4; word++) {
		leaf->q[4] |= (uint64_t)rank << (32 + 8 * word);
		rank += (uint32_t)__builtin_popcountll(leaf->q[word]);
	}
	for (size_t i = 0; i < cnt; i++) {
		uint32_t *value;

		if (i < SEK_LIST_INLINE) {
			leaf->q[5 + i / 2] |= (uint64_t)cells[i].value << (32 * (i & 1));
			continue;
		}
		value = region_add(&regions->value, 1);
		if (!value)
			return -ENOMEM;
		*value = cells[i].value;
	}
	*ret_leaf = at;
	return 0;
}

/*
 * One /24. cells[0] holds at its beginning, cells[1..] begin inside. A node tells one range from
 * the rest; what has more goes to a leaf.
 */
static int node_add(struct regions *regions, const struct cell *cells, size_t cnt)
{
	uint32_t lo = 0, last = 255, in = cells[0].value, out = 0;
	uint64_t *node = region_add(&regions->node, 1), leaf;
	int err;

	if (!node)
		return -ENOMEM;
	if (cnt > 3 || (cnt == 3 && cells[2].value != cells[0].value)) {
		err = leaf_add(regions, cells, cnt, &leaf);
		if (err)
			return err;
		*node = SEK_LIST_LEAF | leaf;
		return 0;
	}
	if (cnt > 1) {
		lo = cells[1].key & 255;
		in = cells[1].value;
		out = cells[0].value;
	}
	if (cnt > 2)
		last = (cells[2].key & 255) - 1;
	*node = (uint64_t)(last - lo) << 56 | (uint64_t)lo << 48 | (uint64_t)out << 24 | in;
	return 0;
}

/* Cells from *at on that begin inside [key, key + room); *at is what holds at key. */
static size_t cells_inside(const struct cell *at, const struct cell *end, uint64_t key, uint64_t room)
{
	const struct cell *next = at + 1;

	while (next < end && next->key < key + room)
		next++;
	return next - at;
}

/* The value that most of the 64 /24s have as a whole, or one of them (Boyer and Moore's vote). */
static uint32_t group_vote(const struct cell *at, const struct cell *end, uint64_t key)
{
	uint32_t leader = at->value;
	int votes = 0;

	for (int i = 0; i < 64; i++, key += 256) {
		size_t cnt;

		if (at + 1 < end && at[1].key == key)
			at++;
		cnt = cells_inside(at, end, key, 256);
		if (cnt == 1) {
			if (!votes)
				leader = at->value;
			votes += at->value == leader ? 1 : -1;
		}
		at += cnt - 1;
	}
	return leader;
}

/* One directory entry: 64 /24s from key on. *at is the cell that holds at key, and moves on. */
static int group_add(struct regions *regions, const struct cell **at, const struct cell *end,
		     uint64_t key)
{
	uint64_t *entry = region_add(&regions->dir, 1), any = 0;
	uint32_t rank = regions->node.cnt, dflt;

	if (!entry)
		return -ENOMEM;
	if (cells_inside(*at, end, key, 64 * 256) == 1) {
		entry[1] = (uint64_t)(*at)->value << 32;
		return 0;
	}
	dflt = group_vote(*at, end, key);
	for (int i = 0; i < 64; i++, key += 256) {
		size_t cnt;
		int err;

		if (*at + 1 < end && (*at)[1].key == key)
			(*at)++;
		cnt = cells_inside(*at, end, key, 256);
		if (cnt > 1 || (*at)->value != dflt) {
			any |= 1ULL << i;
			err = node_add(regions, *at, cnt);
			if (err)
				return err;
		}
		*at += cnt - 1;
	}
	entry[0] = any;
	entry[1] = (uint64_t)dflt << 32 | rank;
	return 0;
}

int directory_make(struct regions *regions, const struct cell *cells, size_t cnt)
{
	const struct cell *at = cells, *end = cells + cnt;
	int err = 0;

	if (cnt == 1 && !cells[0].value)
		return 0; /* nothing is to be said */
	for (uint64_t group = 0; group < SEK_LIST_GROUPS && !err; group++) {
		if (at + 1 < end && at[1].key == group << 14)
			at++;
		err = group_add(regions, &at, end, group << 14);
	}
	return err;
}
