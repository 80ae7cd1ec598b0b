/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorted ranges of addresses, searched by halves. Called by build.c and match.c; allocates only
 * while a ruleset is built.
 */
#include "detect/addresses.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

/* An address as a number. */
struct wide {
	uint64_t high, low;
};

static struct wide wide_of(const struct sek_addr *addr)
{
	return (struct wide){ be64toh(addr->q[0]), be64toh(addr->q[1]) };
}

static int wide_compare(struct wide a, struct wide b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low < b.low ? -1 : a.low > b.low;
}

bool address_set_holds(const struct address_set *set, const struct sek_addr *addr)
{
	struct wide wanted = wide_of(addr);
	uint32_t low = 0, high = set->cnt;

	if (set->is_any)
		return true;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (wide_compare(wide_of(&set->range[middle].to), wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->cnt && wide_compare(wide_of(&set->range[low].from), wanted) <= 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct address_range *x = a, *y = b;

	return wide_compare(wide_of(&x->from), wide_of(&y->from));
}

static struct address_range range_of(const struct prefix *prefix)
{
	struct address_range range = { prefix->addr, prefix->addr };

	for (unsigned int bit = prefix->len; bit < 128; bit++)
		range.to.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return range;
}

int address_set_of(const struct prefix *prefixes, size_t cnt, struct address_set *ret_set)
{
	struct address_range *range = reallocarray(NULL, cnt ? cnt : 1, sizeof(*range));
	uint32_t kept = 0;

	if (!range)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		range[i] = range_of(&prefixes[i]);
	qsort(range, cnt, sizeof(*range), by_begin);
	for (size_t i = 0; i < cnt; i++) /* one prefix is within another or apart from it */
		if (!kept || wide_compare(wide_of(&range[i].from), wide_of(&range[kept - 1].to)) > 0)
			range[kept++] = range[i];
	*ret_set = (struct address_set){ .cnt = kept, .range = range };
	return 0;
}

bool port_set_holds(const struct port_set *set, uint16_t port)
{
	if (set->is_any)
		return true;
	for (uint32_t i = 0; i < set->cnt; i++) {
		if (port >= set->range[i].from && port <= set->range[i].to)
			return true;
	}
	return false;
}

static unsigned int bits_of(uint64_t number)
{
	return number ? 64 - (unsigned int)__builtin_clzll(number) : 0;
}

unsigned int address_set_width(const struct address_set *set)
{
	unsigned int widest = 0;

	if (set->is_any)
		return 128;
	for (uint32_t i = 0; i < set->cnt; i++) {
		struct wide from = wide_of(&set->range[i].from), to = wide_of(&set->range[i].to);
		unsigned int bits = from.high != to.high ? 64 + bits_of(to.high - from.high)
							 : bits_of(to.low - from.low);

		if (bits > widest)
			widest = bits;
	}
	return widest;
}

/* --- the index --- */

struct edge {
	struct wide at;
	bool wraps; /* behind the last address there is */
	bool begins;
	uint32_t number;
};

static int by_edge(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	int rc;

	if (x->wraps != y->wraps)
		return x->wraps ? 1 : -1;
	rc = wide_compare(x->at, y->at);
	if (rc)
		return rc;
	if (x->begins != y->begins)
		return x->begins ? 1 : -1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static struct edge edge_after(const struct sek_addr *to, uint32_t number)
{
	struct edge edge = { .at = wide_of(to), .number = number };

	edge.at.low++;
	if (edge.at.low == 0 && ++edge.at.high == 0)
		edge.wraps = true;
	return edge;
}

static struct edge *edges_of(const struct address_pair *pairs, size_t cnt, size_t *ret_cnt)
{
	struct edge *edges;
	size_t total = 0, at = 0;

	for (size_t i = 0; i < cnt; i++)
		total += pairs[i].set->cnt;
	edges = calloc(total * 2 + 1, sizeof(*edges));
	if (!edges)
		return NULL;
	for (size_t i = 0; i < cnt; i++) {
		for (uint32_t r = 0; r < pairs[i].set->cnt; r++) {
			const struct address_range *range = &pairs[i].set->range[r];

			edges[at] = (struct edge){ .at = wide_of(&range->from),
						   .begins = true,
						   .number = pairs[i].number };
			edges[at + 1] = edge_after(&range->to, pairs[i].number);
			at += 2;
		}
	}
	qsort(edges, at, sizeof(*edges), by_edge);
	*ret_cnt = at;
	return edges;
}

/* Rules whose ranges the sweep is in, ascending. */
struct inside {
	uint32_t *numbers;
	uint32_t cnt;
};

static void inside_change(struct inside *inside, const struct edge *edge)
{
	uint32_t at = 0;

	while (at < inside->cnt && inside->numbers[at] < edge->number)
		at++;
	if (edge->begins) {
		memmove(inside->numbers + at + 1, inside->numbers + at,
			(inside->cnt - at) * sizeof(uint32_t));
		inside->numbers[at] = edge->number;
		inside->cnt++;
	} else {
		inside->cnt--;
		memmove(inside->numbers + at, inside->numbers + at + 1,
			(inside->cnt - at) * sizeof(uint32_t));
	}
}

static int group_add(struct address_index *index, struct wide at, const struct inside *inside,
		     size_t *cap)
{
	struct address_group *group = &index->groups[index->cnt++];

	group->from.q[0] = htobe64(at.high);
	group->from.q[1] = htobe64(at.low);
	group->first = (uint32_t)index->member_cnt;
	group->cnt = inside->cnt;
	if (index->member_cnt + inside->cnt > *cap) {
		size_t more = (*cap + inside->cnt) * 2;
		uint32_t *members = realloc(index->members, more * sizeof(*members));

		if (!members)
			return -ENOMEM;
		index->members = members;
		*cap = more;
	}
	if (inside->cnt)
		memcpy(index->members + index->member_cnt, inside->numbers,
		       inside->cnt * sizeof(uint32_t));
	index->member_cnt += inside->cnt;
	return 0;
}

int address_index_build(const struct address_pair *pairs, size_t cnt, struct address_index *ret_index)
{
	struct address_index index = { 0 };
	struct inside inside = { 0 };
	size_t edge_cnt = 0, cap = 0;
	struct edge *edges = edges_of(pairs, cnt, &edge_cnt);
	int rc = -ENOMEM;

	if (!edges)
		return rc;
	index.groups = calloc(edge_cnt + 1, sizeof(*index.groups));
	inside.numbers = calloc(edge_cnt + 1, sizeof(*inside.numbers));
	rc = index.groups && inside.numbers ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < edge_cnt && !edges[i].wraps; i++) {
		inside_change(&inside, &edges[i]);
		if (i + 1 == edge_cnt || edges[i + 1].wraps ||
		    wide_compare(edges[i].at, edges[i + 1].at) != 0)
			rc = group_add(&index, edges[i].at, &inside, &cap);
	}
	free(inside.numbers);
	free(edges);
	if (rc)
		address_index_free(&index);
	else
		*ret_index = index;
	return rc;
}

void address_index_free(struct address_index *index)
{
	free(index->groups);
	free(index->members);
	*index = (struct address_index){ 0 };
}

struct rule_list address_index_find(const struct address_index *index, const struct sek_addr *addr)
{
	struct wide wanted = wide_of(addr);
	uint32_t low = 0, high = index->cnt;

	while (low < high) { /* the first group that begins behind it */
		uint32_t middle = low + (high - low) / 2;

		if (wide_compare(wide_of(&index->groups[middle].from), wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return (struct rule_list){ 0 };
	return (struct rule_list){ index->members + index->groups[low - 1].first,
				   index->groups[low - 1].cnt };
}
