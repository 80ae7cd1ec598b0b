// SPDX-License-Identifier: Apache-2.0
/*
 * Made-up lists: the mix of lengths that published lists have, at random places. Called by rows_list.c.
 */
#include "bench/listdata.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "lists/set.h"

#define TOPS 30000 /* IPv6 /32s that hold prefixes */

static uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* The first 32 bits of one of the IPv6 /32s. */
static __be32 top_of(uint64_t n)
{
	uint64_t state = n % TOPS;

	return htobe32(0x20000000U | (uint32_t)(random_next(&state) >> 35));
}

static uint8_t length_of(bool v4, uint64_t a, uint64_t b)
{
	a %= 100;
	if (v4)
		return (uint8_t)(PREFIX_V4_BITS + (a < 40 ? 32 : a < 80 ? 24 : 20 + b % 12));
	return (uint8_t)(a < 20 ? 128 : a < 60 ? 64 : a < 70 ? 56 : a < 90 ? 48 : 32 + b % 13);
}

static struct prefix prefix_make(bool v4, uint64_t *state)
{
	struct prefix prefix = { .addr.q = { random_next(state), random_next(state) } };

	if (v4) {
		prefix.addr.q[0] = 0;
		prefix.addr.w[2] = htobe32(0xffff);
	} else {
		prefix.addr.w[0] = top_of(random_next(state));
	}
	return prefix_cut(&prefix, length_of(v4, random_next(state), random_next(state)));
}

static uint64_t lists_make(uint64_t *state)
{
	uint64_t luck = random_next(state) % 100, lists = 0;
	int cnt = luck < 90 ? 1 : luck < 99 ? 2 : 3;

	while (__builtin_popcountll(lists) < cnt) {
		double x = (double)(random_next(state) >> 11) * 0x1p-53;

		lists |= 1ULL << (int)(SEK_LISTS_MAX * x * x * x);
	}
	return lists;
}

struct listdata *listdata_make(bool v4, size_t cnt)
{
	struct listdata *data = calloc(1, sizeof(*data));
	uint64_t state = v4 ? 4 : 6;

	if (!data)
		return NULL;
	data->v4 = v4;
	data->cnt = cnt;
	data->prefixes = calloc(cnt, sizeof(*data->prefixes));
	data->lists = calloc(cnt, sizeof(*data->lists));
	if (!data->prefixes || !data->lists) {
		listdata_free(data);
		return NULL;
	}
	for (size_t i = 0; i < cnt; i++) {
		data->prefixes[i] = prefix_make(v4, &state);
		data->lists[i] = lists_make(&state);
	}
	return data;
}

void listdata_free(struct listdata *data)
{
	if (!data)
		return;
	free(data->prefixes);
	free(data->lists);
	free(data);
}

static int set_of(const struct listdata *data, int list, struct list_set *ret_set)
{
	size_t cap = 0;

	for (size_t i = 0; i < data->cnt; i++) {
		struct list_entry entry = { .prefix = data->prefixes[i] };

		if (data->lists[i] >> list & 1 && list_set_add(ret_set, &cap, &entry))
			return -ENOMEM;
	}
	list_set_sort(ret_set);
	return 0;
}

int listdata_table(const struct listdata *data, struct list_table **ret_table)
{
	struct list_source sources[SEK_LISTS_MAX] = {};
	struct list_set sets[SEK_LISTS_MAX] = {};
	int err = 0;

	for (int list = 0; list < SEK_LISTS_MAX && !err; list++) {
		err = set_of(data, list, &sets[list]);
		sources[list] = (struct list_source){ sets[list].entries, NULL, sets[list].cnt,
						      (uint16_t)list };
	}
	if (!err)
		err = list_table_build(sources, SEK_LISTS_MAX, data->v4, ret_table);
	for (int list = 0; list < SEK_LISTS_MAX; list++)
		list_set_free(&sets[list]);
	return err;
}

int listdata_write(const struct listdata *data, FILE *out)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < data->cnt; i++)
		fprintf(out, "%s\n", prefix_print(&data->prefixes[i], text));
	return fflush(out) || ferror(out) ? -EIO : 0;
}

void listdata_addresses(const struct listdata *data, enum listdata_kind kind, struct sek_addr *to,
			size_t cnt)
{
	uint64_t state = 1;

	for (size_t i = 0; i < cnt; i++) {
		const struct prefix *prefix = &data->prefixes[random_next(&state) % data->cnt];
		/* What of the address is the prefix's. */
		struct prefix kept = { .addr = prefix->addr, .len = prefix->len };

		if (kind == LISTDATA_NEAR)
			kept = prefix_cut(prefix, 32);
		else if (kind == LISTDATA_RANDOM)
			kept = prefix_cut(prefix, data->v4 ? PREFIX_V4_BITS : 3);
		for (int word = 0; word < 2; word++)
			to[i].q[word] = kept.addr.q[word] |
					(random_next(&state) & htobe64(prefix_rest(kept.len, word)));
	}
}
