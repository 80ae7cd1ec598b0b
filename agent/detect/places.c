/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By offset, then by the byte that stands there: the literals that begin with it. Called by scans.c and
 * detect.c.
 */
#include "detect/places.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* A literal at one offset; in the order of the offset, the first byte, the bytes. */
struct placed {
	uint32_t offset, number;
	uint32_t bytes; /* where they are kept */
	uint16_t len;
	uint8_t first; /* of what is looked at: a letter of nocase is there twice */
	bool nocase;
};

/* The same bytes at the same offset, whoever asks. */
struct group {
	uint32_t bytes, numbers, number_cnt;
	uint16_t len;
	bool nocase;
	bool ends; /* the last of its first byte */
};

struct place {
	uint32_t offset;
	uint32_t head; /* in heads: of the least byte that something begins with here */
	uint64_t begins[4]; /* one bit for each byte that something begins with */
};

struct places {
	struct placed *placed; /* while it grows */
	size_t placed_cnt, placed_cap;
	uint8_t *bytes;
	size_t bytes_len, bytes_cap;
	struct place *at; /* ascending */
	uint32_t cnt;
	uint32_t *heads; /* by place, then by first byte: the number of the first group */
	uint32_t head_cnt;
	struct group *groups;
	uint32_t group_cnt;
	uint32_t *numbers;
	uint64_t end; /* no literal begins behind it */
};

struct places *places_new(void)
{
	return calloc(1, sizeof(struct places));
}

void places_free(struct places *places)
{
	if (!places)
		return;
	free(places->placed);
	free(places->bytes);
	free(places->at);
	free(places->heads);
	free(places->groups);
	free(places->numbers);
	free(places);
}

/* --- collecting --- */

static int bytes_keep(struct places *places, struct slice bytes, uint32_t *ret_at)
{
	size_t cap = places->bytes_cap ? places->bytes_cap : 256;
	uint8_t *more;

	while (cap - places->bytes_len < bytes.len)
		cap *= 2;
	more = cap == places->bytes_cap ? places->bytes : realloc(places->bytes, cap);
	if (!more)
		return -ENOMEM;
	places->bytes = more;
	places->bytes_cap = cap;
	memcpy(more + places->bytes_len, bytes.at, bytes.len);
	*ret_at = (uint32_t)places->bytes_len;
	places->bytes_len += bytes.len;
	return 0;
}

static int placed_add(struct places *places, const struct placed *one)
{
	if (places->placed_cnt == places->placed_cap) {
		size_t cap = places->placed_cap ? places->placed_cap * 2 : 64;
		struct placed *placed = reallocarray(places->placed, cap, sizeof(*placed));

		if (!placed)
			return -ENOMEM;
		places->placed = placed;
		places->placed_cap = cap;
	}
	places->placed[places->placed_cnt++] = *one;
	return 0;
}

int places_add(struct places *places, struct slice bytes, bool nocase, uint32_t first,
	       uint32_t last, uint32_t number)
{
	struct placed one = { .number = number, .len = (uint16_t)bytes.len, .nocase = nocase };
	int rc = bytes_keep(places, bytes, &one.bytes);

	for (one.offset = first; rc == 0 && one.offset <= last; one.offset++) {
		one.first = bytes.at[0];
		rc = placed_add(places, &one);
		if (rc == 0 && nocase && toupper(one.first) != one.first) {
			one.first = (uint8_t)toupper(one.first);
			rc = placed_add(places, &one);
		}
	}
	return rc;
}

/* --- settling --- */

static int placed_bytes_order(const struct placed *a, const struct placed *b, const uint8_t *bytes)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (a->nocase != b->nocase)
		return a->nocase ? 1 : -1;
	return memcmp(bytes + a->bytes, bytes + b->bytes, a->len);
}

static int placed_order(const void *a, const void *b, void *bytes)
{
	const struct placed *x = a, *y = b;
	int order;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	order = placed_bytes_order(x, y, bytes);
	if (order)
		return order;
	return x->number < y->number ? -1 : x->number > y->number;
}

static bool group_begins(const struct places *places, size_t i)
{
	const struct placed *one = &places->placed[i], *before = one - 1;

	return i == 0 || one->offset != before->offset || one->first != before->first ||
	       placed_bytes_order(one, before, places->bytes) != 0;
}

static void group_begin(struct places *places, const struct placed *one, uint32_t numbers)
{
	struct place *place = places->cnt ? &places->at[places->cnt - 1] : NULL;

	if (!place || place->offset != one->offset) {
		place = &places->at[places->cnt++];
		*place = (struct place){ .offset = one->offset, .head = places->head_cnt };
	}
	if (place->begins[one->first >> 6] >> (one->first & 63) & 1)
		places->groups[places->group_cnt - 1].ends = false;
	else
		places->heads[places->head_cnt++] = places->group_cnt;
	place->begins[one->first >> 6] |= 1ULL << (one->first & 63);
	places->groups[places->group_cnt++] = (struct group){ .bytes = one->bytes,
							      .numbers = numbers,
							      .len = one->len,
							      .nocase = one->nocase,
							      .ends = true };
}

static int tables_make(struct places *places)
{
	size_t groups = 0, offsets = 0;

	for (size_t i = 0; i < places->placed_cnt; i++) {
		groups += group_begins(places, i);
		offsets += i == 0 || places->placed[i].offset != places->placed[i - 1].offset;
	}
	places->at = calloc(offsets ? offsets : 1, sizeof(*places->at));
	places->groups = calloc(groups ? groups : 1, sizeof(*places->groups));
	places->heads = calloc(groups ? groups : 1, sizeof(*places->heads));
	places->numbers = calloc(places->placed_cnt ? places->placed_cnt : 1, sizeof(uint32_t));
	if (!places->at || !places->groups || !places->heads || !places->numbers)
		return -ENOMEM;
	return 0;
}

int places_settle(struct places *places)
{
	uint32_t number_cnt = 0;
	int rc;

	if (places->placed_cnt)
		qsort_r(places->placed, places->placed_cnt, sizeof(*places->placed), placed_order,
			places->bytes);
	rc = tables_make(places);
	if (rc)
		return rc;
	for (size_t i = 0; i < places->placed_cnt; i++) {
		const struct placed *one = &places->placed[i];

		if (group_begins(places, i))
			group_begin(places, one, number_cnt);
		places->groups[places->group_cnt - 1].number_cnt++;
		places->numbers[number_cnt++] = one->number;
	}
	places->end = places->cnt ? places->at[places->cnt - 1].offset + 1 : 0;
	free(places->placed);
	places->placed = NULL;
	return 0;
}

/* --- looking --- */

static bool bytes_are(const uint8_t *in, const uint8_t *bytes, uint16_t len, bool nocase)
{
	if (!nocase)
		return memcmp(in, bytes, len) == 0;
	for (uint16_t i = 0; i < len; i++)
		if (tolower(in[i]) != bytes[i])
			return false;
	return true;
}

static void groups_look(const struct places *places, uint32_t first, struct slice rest,
			void (*found)(void *arg, uint32_t number), void *arg)
{
	const struct group *group = &places->groups[first];

	for (;; group++) {
		if (group->len <= rest.len &&
		    bytes_are(rest.at, places->bytes + group->bytes, group->len, group->nocase)) {
			for (uint32_t i = 0; i < group->number_cnt; i++)
				found(arg, places->numbers[group->numbers + i]);
		}
		if (group->ends)
			return;
	}
}

/* The first group of what begins with the byte; false: nothing does. */
static bool head_of(const struct places *places, const struct place *place, uint8_t byte,
		    uint32_t *ret_group)
{
	unsigned int word = byte >> 6;
	uint64_t bit = 1ULL << (byte & 63);
	uint32_t head = place->head;

	if (!(place->begins[word] & bit))
		return false;
	for (unsigned int i = 0; i < word; i++)
		head += (uint32_t)__builtin_popcountll(place->begins[i]);
	head += (uint32_t)__builtin_popcountll(place->begins[word] & (bit - 1));
	*ret_group = places->heads[head];
	return true;
}

void places_find(const struct places *places, struct slice bytes, uint64_t from,
		 void (*found)(void *arg, uint32_t number), void *arg)
{
	if (from >= places->end)
		return;
	for (uint32_t i = 0; i < places->cnt; i++) {
		const struct place *place = &places->at[i];
		uint32_t group;

		if (place->offset < from)
			continue;
		if (place->offset - from >= bytes.len)
			return;
		if (head_of(places, place, bytes.at[place->offset - from], &group))
			groups_look(places, group, slice_behind(bytes, place->offset - from), found,
				    arg);
	}
}
