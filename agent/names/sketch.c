/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting in fixed room. Called by names/ledger.c.
 */
#include "names/sketch.h"

#include <stdlib.h>
#include <string.h>

static uint32_t bucket_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*text)
		hash = (hash ^ (uint8_t)*text++) * 0x100000001b3ULL;
	return (uint32_t)(hash ^ hash >> 32) % SKETCH_NAMES;
}

static struct sketch_name *find(struct sketch *s, const char *text)
{
	uint16_t at = s->bucket[bucket_of(text)];

	while (at && strcmp(s->name[at - 1].text, text) != 0)
		at = s->name[at - 1].next;
	return at ? &s->name[at - 1] : NULL;
}

static void bucket_leave(struct sketch *s, const struct sketch_name *name)
{
	uint16_t *at = &s->bucket[bucket_of(name->text)];

	while (&s->name[*at - 1] != name)
		at = &s->name[*at - 1].next;
	*at = name->next;
}

/* Room for a new one: the least frequent goes, and the new one's count begins there. */
static struct sketch_name *least(struct sketch *s)
{
	struct sketch_name *least = &s->name[0];

	if (s->used < SKETCH_NAMES)
		return &s->name[s->used++];
	for (uint32_t i = 1; i < SKETCH_NAMES; i++)
		if (s->name[i].cnt < least->cnt)
			least = &s->name[i];
	bucket_leave(s, least);
	return least;
}

void sketch_add(struct sketch *s, const char *text)
{
	char cut[SKETCH_TEXT] = "";
	struct sketch_name *name;
	uint16_t *bucket;

	strncpy(cut, text, sizeof(cut) - 1);
	s->all++;
	name = find(s, cut);
	if (!name) {
		name = least(s);
		name->error = name->cnt;
		memcpy(name->text, cut, sizeof(cut));
		bucket = &s->bucket[bucket_of(cut)];
		name->next = *bucket;
		*bucket = (uint16_t)(name - s->name + 1);
	}
	name->cnt++;
}

static int by_count(const void *a, const void *b)
{
	const struct sketch_name *x = *(const struct sketch_name *const *)a;
	const struct sketch_name *y = *(const struct sketch_name *const *)b;

	if (x->cnt != y->cnt)
		return x->cnt < y->cnt ? 1 : -1;
	return strcmp(x->text, y->text);
}

size_t sketch_top(const struct sketch *s, const struct sketch_name **ret_top, size_t cnt)
{
	const struct sketch_name *all[SKETCH_NAMES] = {};

	for (size_t i = 0; i < s->used; i++)
		all[i] = &s->name[i];
	qsort(all, s->used, sizeof(const void *), by_count);
	cnt = cnt < s->used ? cnt : s->used;
	for (size_t i = 0; i < cnt; i++)
		ret_top[i] = all[i];
	return cnt;
}
