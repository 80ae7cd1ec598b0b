// SPDX-License-Identifier: Apache-2.0
/*
 * Slots of IPv6 /32s: keys that stand alone or few in a row, so that the directory is left with wide
 * prefixes. Keys that share a turn are given the first by which each of them finds a slot of its own, the
 * most numerous first (Belazzougui, Botelho and Dietzfelbinger, "Hash, Displace, and Compress", ESA 2009).
 * The seed is another for each table, so that nobody who writes a list can choose keys that do not fit.
 * Called by table.c. Linear, as long as slots are not nearly full.
 */
#include "lists/slots.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROW_MAX 8 /* keys in a row that are alike; more are a wide prefix */
#define SEEDS 10 /* that are tried */
#define SLOT_BITS_MIN 4
#define FILLED(slots) ((slots) / 16 * 15) /* of so many, at most */
#define KEYS_MAX FILLED(SEK_LIST_SLOTS)

/* Cells of short rows go to ret_singles, one for each key; those of long ones stay, and what is too many. */
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
		if (end - key > ROW_MAX || ret_singles->cnt + (end - key) > KEYS_MAX) {
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

/* Keys by their turns, the turns by how many keys they have. */
struct turns {
	struct cell *cells; /* those of a turn one behind the other */
	uint32_t *from; /* by turn, and one more: where its cells begin */
	uint32_t *order; /* turns, that with the most keys first */
	uint32_t cnt;
};

static void turns_free(struct turns *turns)
{
	free(turns->cells);
	free(turns->from);
	free(turns->order);
}

static int turns_alloc(struct turns *turns, size_t cell_cnt)
{
	turns->cells = calloc(cell_cnt, sizeof(*turns->cells));
	turns->from = calloc((size_t)turns->cnt + 2, sizeof(*turns->from));
	turns->order = calloc(turns->cnt, sizeof(*turns->order));
	return turns->cells && turns->from && turns->order ? 0 : -ENOMEM;
}

static uint32_t turn_of(const struct sek_list_family *family, const struct cell *cell)
{
	return list_turn(family, list_hash(family, cell->key));
}

static uint32_t turn_keys(const struct turns *turns, uint32_t turn)
{
	return turns->from[turn + 1] - turns->from[turn];
}

/* Puts the cells in the order of their turns: counted, then each to its place. */
static void turns_fill(const struct region *singles, const struct sek_list_family *family,
		       struct turns *turns)
{
	const struct cell *cells = (const struct cell *)singles->bytes;
	uint32_t *next = turns->from + 1; /* moves on to where the next turn begins */

	memset(turns->from, 0, ((size_t)turns->cnt + 2) * sizeof(*turns->from));
	for (size_t i = 0; i < singles->cnt; i++)
		turns->from[turn_of(family, &cells[i]) + 2]++;
	for (uint32_t turn = 0; turn < turns->cnt; turn++)
		turns->from[turn + 2] += turns->from[turn + 1];
	for (size_t i = 0; i < singles->cnt; i++)
		turns->cells[next[turn_of(family, &cells[i])]++] = cells[i];
}

static void turns_sort(struct turns *turns)
{
	uint32_t most = 0, at = 0;

	for (uint32_t turn = 0; turn < turns->cnt; turn++)
		if (turn_keys(turns, turn) > most)
			most = turn_keys(turns, turn);
	for (uint32_t keys = most; keys; keys--)
		for (uint32_t turn = 0; turn < turns->cnt; turn++)
			if (turn_keys(turns, turn) == keys)
				turns->order[at++] = turn;
	turns->cnt = at;
}

static __u64 *slot_at(const struct sek_list_family *family, struct sek_list_top *top,
		      const struct cell *cell, uint16_t turn)
{
	return &top->slot[list_slot(family, list_hash(family, cell->key), turn)];
}

/* Whether all keys of a turn find slots by it; if not, they have none. */
static bool turn_fits(const struct cell *cells, uint32_t cnt, uint16_t turn,
		      const struct sek_list_family *family, struct sek_list_top *top)
{
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		__u64 *slot = slot_at(family, top, &cells[i], turn);

		if (*slot)
			break;
		*slot = (uint64_t)cells[i].key << 32 | SEK_LIST_PRESENT | cells[i].value;
	}
	if (i == cnt)
		return true;
	while (i--)
		*slot_at(family, top, &cells[i], turn) = 0;
	return false;
}

/* -ENOSPC: some keys find no slots, whatever their turn. */
static int turns_place(const struct turns *turns, const struct sek_list_family *family,
		       struct sek_list_top *top)
{
	for (uint32_t i = 0; i < turns->cnt; i++) {
		const struct cell *cells = turns->cells + turns->from[turns->order[i]];
		uint32_t turn = 1;

		while (turn <= UINT16_MAX && !turn_fits(cells, turn_keys(turns, turns->order[i]),
							(uint16_t)turn, family, top))
			turn++;
		if (turn > UINT16_MAX)
			return -ENOSPC;
		top->turn[turns->order[i]] = (uint16_t)turn;
	}
	return 0;
}

/* With another seed. */
static int singles_place(const struct region *singles, uint32_t bits,
			 struct sek_list_family *family, struct sek_list_top *top)
{
	struct turns turns = { .cnt = 1U << (bits - SEK_LIST_TURN_LESS) };
	int err = turns_alloc(&turns, singles->cnt);

	if (!err && getrandom(&family->seed, sizeof(family->seed), 0) != sizeof(family->seed))
		err = -EIO;
	family->slot_shift = 64 - bits;
	family->turn_shift = family->slot_shift + SEK_LIST_TURN_LESS;
	memset(top, 0, sizeof(*top));
	if (!err) {
		turns_fill(singles, family, &turns);
		turns_sort(&turns);
		err = turns_place(&turns, family, top);
	}
	turns_free(&turns);
	return err;
}

int slots_make(struct cell *cells, size_t *cnt, struct sek_list_family *family,
	       struct sek_list_top *top)
{
	struct region singles = { .unit = sizeof(struct cell) };
	int err = singles_take(cells, cnt, &singles);
	uint32_t bits = SLOT_BITS_MIN;

	while (FILLED(1U << bits) < singles.cnt)
		bits++;
	if (!err && singles.cnt) {
		err = singles_place(&singles, bits, family, top);
		for (int i = 1; i < SEEDS && err == -ENOSPC; i++) {
			bits += bits < SEK_LIST_SLOT_BITS;
			err = singles_place(&singles, bits, family, top);
		}
	}
	free(singles.bytes);
	return err == -ENOSPC ? -E2BIG : err;
}
