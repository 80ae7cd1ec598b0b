// SPDX-License-Identifier: Apache-2.0
/*
 * Sorts entries by distributing them over the bits in which they differ, most significant first: every
 * entry moves a few times, however many there are.
 * Called by set.c. Pure.
 */
#include "lists/sort.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "lists/set.h"

#define BITS_MAX 11 /* so that as many places to write to fit a cache */
#define SHORT 24 /* entries that are sorted by insertion */

static int entry_order(const void *a, const void *b)
{
	const struct list_entry *left = a, *right = b;

	return prefix_order(&left->prefix, &right->prefix);
}

static void insert(struct list_entry *entries, size_t cnt)
{
	for (size_t i = 1; i < cnt; i++) {
		struct list_entry entry = entries[i];
		size_t at = i;

		for (; at && prefix_order(&entries[at - 1].prefix, &entry.prefix) > 0; at--)
			entries[at] = entries[at - 1];
		entries[at] = entry;
	}
}

/* `bits` bits of an address behind its first `skip` ones; all within 128. */
static unsigned int bits_at(const struct sek_addr *addr, unsigned int skip, unsigned int bits)
{
	unsigned __int128 number = (unsigned __int128)be64toh(addr->q[0]) << 64 | be64toh(addr->q[1]);

	return (unsigned int)(number >> (128 - skip - bits)) & ((1U << bits) - 1);
}

/* The first bit in which addresses differ; 128: none. */
static unsigned int first_difference(const struct list_entry *entries, size_t cnt)
{
	const struct sek_addr *first = &entries[0].prefix.addr;
	uint64_t differ[2] = {};

	for (size_t i = 1; i < cnt; i++)
		for (int word = 0; word < 2; word++)
			differ[word] |= entries[i].prefix.addr.q[word] ^ first->q[word];
	for (unsigned int word = 0; word < 2; word++)
		if (differ[word])
			return 64 * word + (unsigned int)__builtin_clzll(be64toh(differ[word]));
	return 128;
}

/* room: as many entries as these. */
static void distribute(struct list_entry *entries, struct list_entry *room, size_t cnt)
{
	size_t places[(1 << BITS_MAX) + 1] = {};
	unsigned int skip, bits = 1;

	if (cnt <= SHORT) {
		insert(entries, cnt);
		return;
	}
	skip = first_difference(entries, cnt);
	if (skip == 128) { /* one address in several lengths */
		qsort(entries, cnt, sizeof(*entries), entry_order);
		return;
	}
	while (bits < BITS_MAX && skip + bits < 128 && cnt >> bits > 2)
		bits++;
	for (size_t i = 0; i < cnt; i++)
		places[bits_at(&entries[i].prefix.addr, skip, bits) + 1]++;
	for (size_t i = 1; i <= (size_t)1 << bits; i++)
		places[i] += places[i - 1];
	for (size_t i = 0; i < cnt; i++)
		room[places[bits_at(&entries[i].prefix.addr, skip, bits)]++] = entries[i];
	memcpy(entries, room, cnt * sizeof(*entries));
	/* Each place has moved to the beginning of the next one. */
	for (size_t i = 0, from = 0; i < (size_t)1 << bits; from = places[i++])
		if (places[i] - from > 1)
			distribute(entries + from, room + from, places[i] - from);
}

void entries_sort(struct list_entry *entries, size_t cnt)
{
	struct list_entry *room = cnt > SHORT ? malloc(cnt * sizeof(*room)) : NULL;

	if (room || cnt <= SHORT)
		distribute(entries, room, cnt);
	else
		qsort(entries, cnt, sizeof(*entries), entry_order);
	free(room);
}
