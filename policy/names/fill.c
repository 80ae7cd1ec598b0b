// SPDX-License-Identifier: Apache-2.0
/*
 * Lines filled to nine tenths: cuckoo hashing with two choices of eight slots (Dietzfelbinger and
 * Weidling, "Balanced allocation and dictionaries with tightly packed constant size bins", 2007), by a
 * random walk. Called by table.c. Pure.
 */
#include "names/fill.h"

#include <errno.h>
#include <stdlib.h>

#define WALK_MAX 2000 /* moves for one name; a walk at nine tenths takes some ten */

int name_fill_begin(struct name_fill *fill, struct sek_name_line *lines, uint32_t line_cnt,
		    struct name_sets *sets)
{
	*fill = (struct name_fill){
		.lines = lines,
		.line_cnt = line_cnt,
		.prints = malloc((size_t)line_cnt * SEK_NAME_SLOTS * sizeof(*fill->prints)),
		.sets = sets,
		.random = 1,
	};
	return fill->prints ? 0 : -ENOMEM;
}

void name_fill_end(struct name_fill *fill)
{
	free(fill->prints);
	fill->prints = NULL;
}

void name_fill_near(const struct name_fill *fill, uint64_t print)
{
	__builtin_prefetch(&fill->lines[name_line_first(print, fill->line_cnt)], 1);
	__builtin_prefetch(&fill->lines[name_line_second(print, fill->line_cnt)], 1);
}

static uint64_t *print_at(const struct name_fill *fill, uint32_t line, int slot)
{
	return &fill->prints[(size_t)line * SEK_NAME_SLOTS + (size_t)slot];
}

/* The slot of this very fingerprint, or -1; *ret_free is the number of those that are free. */
static int slot_find(const struct name_fill *fill, uint32_t line, uint64_t print, int *ret_free)
{
	const __u64 *slots = fill->lines[line].slot;
	int used = 0;

	for (; used < SEK_NAME_SLOTS && slots[used]; used++)
		if (name_slot_set(slots[used], print) && *print_at(fill, line, used) == print)
			return used;
	*ret_free = SEK_NAME_SLOTS - used;
	return -1;
}

static int slot_merge(struct name_fill *fill, uint32_t line, int slot, uint32_t set)
{
	__u64 *at = &fill->lines[line].slot[slot];
	int merged = name_sets_merge(fill->sets, *at >> SEK_NAME_TAG_BITS, set);

	if (merged < 0)
		return merged;
	*at = name_slot_make(*at, (uint32_t)merged);
	return 0;
}

static void slot_put(struct name_fill *fill, uint32_t line, int slot, uint64_t print, uint64_t value)
{
	fill->lines[line].slot[slot] = value;
	*print_at(fill, line, slot) = print;
}

static uint32_t line_other(const struct name_fill *fill, uint64_t print, uint32_t line)
{
	uint32_t first = name_line_first(print, fill->line_cnt);

	return first == line ? name_line_second(print, fill->line_cnt) : first;
}

/* Both lines are full: takes the place of one of the eight, which goes to its other line, and so on. */
static int walk(struct name_fill *fill, uint32_t line, uint64_t print, uint64_t value)
{
	for (int i = 0; i < WALK_MAX; i++) {
		uint64_t out_print, out_value;
		int slot, room;

		fill->random = fill->random * 6364136223846793005ULL + 1442695040888963407ULL;
		slot = (int)(fill->random >> 61);
		out_print = *print_at(fill, line, slot);
		out_value = fill->lines[line].slot[slot];
		slot_put(fill, line, slot, print, value);
		fill->moved_cnt++;
		print = out_print;
		value = out_value;
		line = line_other(fill, print, line);
		slot_find(fill, line, print, &room);
		if (room) {
			slot_put(fill, line, SEK_NAME_SLOTS - room, print, value);
			return 0;
		}
	}
	return -ENOSPC;
}

int name_fill_add(struct name_fill *fill, uint64_t print, uint32_t set)
{
	uint32_t first = name_line_first(print, fill->line_cnt);
	uint32_t second = name_line_second(print, fill->line_cnt);
	int room_first, room_second, slot = slot_find(fill, first, print, &room_first);

	if (slot >= 0)
		return slot_merge(fill, first, slot, set);
	slot = slot_find(fill, second, print, &room_second);
	if (slot >= 0)
		return slot_merge(fill, second, slot, set);
	fill->name_cnt++;
	if (!room_first && !room_second)
		return walk(fill, first, print, name_slot_make(print, set));
	if (room_second > room_first)
		slot_put(fill, second, SEK_NAME_SLOTS - room_second, print,
			 name_slot_make(print, set));
	else
		slot_put(fill, first, SEK_NAME_SLOTS - room_first, print, name_slot_make(print, set));
	return 0;
}

/* How many slots of a line this fingerprint would be found in. */
static int alike(const struct name_fill *fill, uint32_t line, uint64_t print)
{
	int cnt = 0;

	for (int i = 0; i < SEK_NAME_SLOTS; i++)
		cnt += name_slot_set(fill->lines[line].slot[i], print) != 0;
	return cnt;
}

/* Has the other lines fetched of what stands in this one. */
static void others_near(const struct name_fill *fill, uint32_t line)
{
	for (int i = 0; i < SEK_NAME_SLOTS && fill->lines[line].slot[i]; i++)
		__builtin_prefetch(&fill->lines[line_other(fill, *print_at(fill, line, i), line)]);
}

bool name_fill_clear(const struct name_fill *fill, uint32_t from, uint32_t to)
{
	for (uint32_t line = from; line < to; line++) {
		if (line + 2 < to)
			others_near(fill, line + 2);
		for (int i = 0; i < SEK_NAME_SLOTS && fill->lines[line].slot[i]; i++) {
			uint64_t print = *print_at(fill, line, i);
			uint32_t other = line_other(fill, print, line);

			if (alike(fill, line, print) != 1 ||
			    (other != line && alike(fill, other, print)))
				return false;
		}
	}
	return true;
}
