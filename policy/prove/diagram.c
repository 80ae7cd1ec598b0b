// SPDX-License-Identifier: Apache-2.0
/*
 * The walk. Called by asserts.c, shadow.c and meaning.c. Pure.
 */
#include "prove/diagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"

#define WORDS_MAX (1u << 25) /* of a store: 128 MiB */

/* --- what was seen --- */

static size_t store_slot(const struct store *s, const uint32_t *words, size_t len)
{
	uint64_t hash = len;
	size_t at;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ words[i]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 29;
	}
	for (at = hash & (s->slot_cnt - 1); s->slots[at]; at = (at + 1) & (s->slot_cnt - 1)) {
		const struct store_entry *e = &s->entries[s->slots[at] - 1];

		if (e->len == len && !memcmp(s->words + e->at, words, len * sizeof(*words)))
			break;
	}
	return at;
}

/* Room for one more; at most half of the slots are taken. */
static int store_grow(struct store *s, size_t len)
{
	if (s->word_cnt + len > WORDS_MAX)
		return -E2BIG;
	if (s->word_cnt + len > s->word_cap) {
		size_t cap = 2 * (s->word_cap + len);
		uint32_t *words = realloc(s->words, cap * sizeof(*words));

		if (!words)
			return -ENOMEM;
		s->words = words;
		s->word_cap = cap;
	}
	if (2 * (s->cnt + 1) > s->slot_cnt) {
		size_t cnt = s->slot_cnt ? s->slot_cnt * 2 : 64;
		uint32_t *slots = calloc(cnt, sizeof(*slots));

		if (!slots)
			return -ENOMEM;
		free(s->slots);
		s->slots = slots;
		s->slot_cnt = cnt;
		for (size_t i = 0; i < s->cnt; i++)
			slots[store_slot(s, s->words + s->entries[i].at, s->entries[i].len)] =
				(uint32_t)i + 1;
	}
	return 0;
}

static const struct store_entry *store_find(const struct store *s, const uint32_t *words, size_t len)
{
	size_t at = s->slot_cnt ? store_slot(s, words, len) : 0;

	return s->slot_cnt && s->slots[at] ? &s->entries[s->slots[at] - 1] : NULL;
}

/* What is not there yet. */
static int store_add(struct store *s, const uint32_t *words, size_t len, uint32_t value)
{
	struct store_entry *e;
	int err = store_grow(s, len);

	if (err)
		return err;
	e = image_push(&s->entries, &s->cnt, sizeof(*e));
	if (!e)
		return -ENOMEM;
	*e = (struct store_entry){ s->word_cnt, len, value };
	memcpy(s->words + s->word_cnt, words, len * sizeof(*words));
	s->word_cnt += len;
	s->slots[store_slot(s, words, len)] = (uint32_t)s->cnt;
	return 0;
}

static void store_free(struct store *s)
{
	free(s->entries);
	free(s->words);
	free(s->slots);
}

/* --- the walk --- */

static bool bit(const uint64_t *vector, size_t i)
{
	return vector[i / 64] >> (i % 64) & 1;
}

size_t diagram_first(const struct diagram *d, const uint64_t *vector, unsigned int level,
		     size_t side, bool *ret_sure)
{
	const struct region *r = d->region;
	const uint64_t *all = d->all + level * r->stride + side * r->words;

	vector += side * r->words;
	for (size_t i = 0; i < r->words; i++) {
		size_t first;

		if (!vector[i])
			continue;
		first = i * 64 + (size_t)__builtin_ctzll(vector[i]);
		*ret_sure = bit(all, first);
		return first;
	}
	*ret_sure = true;
	return SIZE_MAX;
}

/* Takes away what no packet meets, and what stands behind a rule that all of them meet. */
static void narrow(const struct diagram *d, unsigned int level, uint64_t *vector)
{
	const struct region *r = d->region;
	const uint64_t *some = d->some + level * r->stride, *all = d->all + level * r->stride;

	for (size_t side = 0; side < r->space->side_cnt; side++) {
		bool ended = false;

		for (size_t i = side * r->words; i < (side + 1) * r->words; i++) {
			uint64_t sure = vector[i] & all[i];

			vector[i] &= some[i];
			if (ended)
				vector[i] = 0;
			else if (sure)
				vector[i] &= (sure & -sure) | ((sure & -sure) - 1);
			ended |= sure != 0;
		}
	}
}

static uint32_t failed(struct diagram *d, int err)
{
	d->err = err;
	return DIAGRAM_STOP;
}

static uint32_t descend(struct diagram *d, unsigned int level, uint64_t *vector);

/* children[0] is the level, for the store. */
static uint32_t node_make(struct diagram *d, const uint32_t *children, size_t cnt)
{
	const struct store_entry *e = store_find(&d->nodes, children, cnt + 1);
	uint32_t node = DIAGRAM_LEAVES + (uint32_t)d->nodes.cnt;
	int err;

	if (e)
		return e->value;
	err = store_add(&d->nodes, children, cnt + 1, node);
	return err ? failed(d, err) : node;
}

static uint32_t cells_visit(struct diagram *d, unsigned int level, const uint64_t *vector)
{
	const struct region *r = d->region;
	const enum field field = d->order[level];
	size_t cnt = r->strips[field].cell_cnt;
	uint64_t *next = d->scratch + (level + 1) * r->stride;
	uint32_t *children = calloc(cnt + 1, sizeof(*children)), ret;
	bool alike = true;

	if (!children)
		return failed(d, -ENOMEM);
	children[0] = level;
	for (size_t cell = 0; cell < cnt; cell++) {
		const uint64_t *with = cell_vector(r, field, cell);

		for (size_t i = 0; i < r->stride; i++)
			next[i] = vector[i] & with[i];
		d->picks[field] = cell;
		ret = descend(d, level + 1, next);
		if (ret == DIAGRAM_STOP) {
			free(children);
			return ret;
		}
		children[cell + 1] = ret;
		alike &= ret == children[1];
	}
	ret = alike ? children[1] : node_make(d, children, cnt);
	free(children);
	return ret;
}

/* vector is at d->scratch of this level. */
static uint32_t descend(struct diagram *d, unsigned int level, uint64_t *vector)
{
	size_t len = 2 * d->region->stride + 1;
	const struct store_entry *seen;
	int err;
	uint32_t ret, key[4 * SIDES * (NUMBERS_MAX / 64 + 1) + 1];

	if (!d->steps_left)
		return failed(d, -E2BIG);
	d->steps_left--;
	narrow(d, level, vector);
	ret = d->judge(d, vector, level, d->arg);
	if (ret == DIAGRAM_STOP)
		d->depth = level;
	if (ret != DIAGRAM_OPEN)
		return ret;
	key[0] = level;
	memcpy(key + 1, vector, d->region->stride * sizeof(*vector));
	seen = store_find(&d->seen, key, len);
	if (seen)
		return seen->value;
	ret = cells_visit(d, level, vector);
	err = ret == DIAGRAM_STOP ? 0 : store_add(&d->seen, key, len, ret);
	return err ? failed(d, err) : ret;
}

static bool goes_before(const struct strip *a, const struct strip *b)
{
	return a->uneven != b->uneven ? a->uneven : a->cell_cnt < b->cell_cnt;
}

/*
 * Uneven fields first, because behind them the same rules mean the same answer; then those of few
 * cells: what these have in common is found once.
 */
static void order_make(struct diagram *d)
{
	const struct strip *strips = d->region->strips;

	for (int field = 0; field < FIELD_CNT; field++) {
		int at = field;

		for (; at > 0 && goes_before(&strips[field], &strips[d->order[at - 1]]); at--)
			d->order[at] = d->order[at - 1];
		d->order[at] = (enum field)field;
		d->uneven_cnt += strips[field].uneven;
	}
}

/* From the last level to the first: what the fields from there on allow and ask. */
static void reach_make(struct diagram *d)
{
	const struct region *r = d->region;
	size_t stride = r->stride;

	memset(d->some + FIELD_CNT * stride, 0xff, stride * sizeof(*d->some));
	memset(d->all + FIELD_CNT * stride, 0xff, stride * sizeof(*d->all));
	for (int level = FIELD_CNT - 1; level >= 0; level--) {
		uint64_t *some = d->some + (size_t)level * stride;
		uint64_t *all = d->all + (size_t)level * stride;
		const struct strip *strip = &r->strips[d->order[level]];

		memcpy(all, all + stride, stride * sizeof(*all));
		for (size_t cell = 0; cell < strip->cell_cnt; cell++)
			for (size_t i = 0; i < stride; i++) {
				some[i] |= strip->vectors[cell * stride + i];
				all[i] &= strip->vectors[cell * stride + i];
			}
		for (size_t i = 0; i < stride; i++)
			some[i] &= some[stride + i];
	}
}

int diagram_walk(struct diagram *d, const struct region *region, diagram_judge *judge, void *arg,
		 uint64_t steps_max, uint32_t *ret_top)
{
	size_t room = (FIELD_CNT + 1) * region->stride;
	uint32_t top;

	*d = (struct diagram){ .region = region, .judge = judge, .arg = arg, .steps_left = steps_max };
	d->some = calloc(room, sizeof(*d->some));
	d->all = calloc(room, sizeof(*d->all));
	d->scratch = calloc(room, sizeof(*d->scratch));
	if (!d->some || !d->all || !d->scratch)
		return -ENOMEM;
	order_make(d);
	reach_make(d);
	memset(d->scratch, 0xff, region->stride * sizeof(*d->scratch));
	top = descend(d, 0, d->scratch);
	if (d->err)
		return d->err;
	*ret_top = top;
	return 0;
}

void diagram_free(struct diagram *d)
{
	free(d->some);
	free(d->all);
	free(d->scratch);
	store_free(&d->seen);
	store_free(&d->nodes);
}

const uint32_t *diagram_node(const struct diagram *d, uint32_t node, unsigned int *ret_level,
			     size_t *ret_cnt)
{
	const struct store_entry *e = &d->nodes.entries[node - DIAGRAM_LEAVES];
	const uint32_t *words = d->nodes.words + e->at;

	*ret_level = words[0];
	*ret_cnt = e->len - 1;
	return words + 1;
}
