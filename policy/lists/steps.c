// SPDX-License-Identifier: Apache-2.0
/*
 * Merges sorted runs of prefixes and sweeps over them once with a stack of what covers.
 * Called by table.c. Linear in the number of prefixes, times the logarithm of the number of runs.
 */
#include "lists/steps.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lists/set.h"

struct item {
	uint64_t hi, lo;
	uint8_t len;
	uint8_t list;
};

/* What covers the address that the sweep has reached, outermost first. */
struct cover {
	uint64_t last_hi, last_lo;
	uint64_t mask;
	uint8_t len;
};

struct sweep {
	struct list_numbers *numbers;
	struct list_steps *out;
	struct cover covers[130]; /* lengths 0..128 nest at most so deep */
	size_t depth;
};

int list_numbers_init(struct list_numbers *numbers)
{
	*numbers = (struct list_numbers){ .cap = 2 * SEK_LIST_ALONE, .slot_cnt = 512 };
	numbers->masks = calloc(numbers->cap, sizeof(*numbers->masks));
	numbers->slots = calloc(numbers->slot_cnt, sizeof(*numbers->slots));
	if (!numbers->masks || !numbers->slots) {
		list_numbers_free(numbers);
		return -ENOMEM;
	}
	for (; numbers->cnt < SEK_LIST_ALONE; numbers->cnt++)
		numbers->masks[numbers->cnt] = (1ULL << numbers->cnt) >> 1;
	return 0;
}

void list_numbers_free(struct list_numbers *numbers)
{
	free(numbers->masks);
	free(numbers->slots);
	*numbers = (struct list_numbers){};
}

static size_t slot_of(const struct list_numbers *numbers, uint64_t mask)
{
	uint64_t hash = mask * 0x9e3779b97f4a7c15ULL;
	size_t at = (hash ^ (hash >> 29)) & (numbers->slot_cnt - 1);

	while (numbers->slots[at] && numbers->masks[numbers->slots[at] - 1] != mask)
		at = (at + 1) & (numbers->slot_cnt - 1);
	return at;
}

static int numbers_grow(struct list_numbers *numbers)
{
	uint64_t *masks = reallocarray(numbers->masks, numbers->cap * 2, sizeof(*masks));
	uint32_t *slots;

	if (!masks)
		return -ENOMEM;
	numbers->masks = masks;
	slots = calloc(numbers->slot_cnt * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(numbers->slots);
	numbers->slots = slots;
	numbers->slot_cnt *= 2;
	numbers->cap *= 2;
	for (size_t i = 1; i < numbers->cnt; i++)
		numbers->slots[slot_of(numbers, masks[i])] = i + 1;
	return 0;
}

static int number_of(struct list_numbers *numbers, uint64_t mask, uint32_t *ret_number)
{
	size_t at;
	int err;

	if (!(mask & (mask - 1)) && __builtin_ffsll((long long)mask) < SEK_LIST_ALONE) {
		*ret_number = (uint32_t)__builtin_ffsll((long long)mask);
		return 0;
	}
	at = slot_of(numbers, mask);
	if (!numbers->slots[at]) {
		if (numbers->cnt > SEK_LIST_INDEX)
			return -E2BIG;
		if (numbers->cnt == numbers->cap) {
			err = numbers_grow(numbers);
			if (err)
				return err;
			at = slot_of(numbers, mask);
		}
		numbers->masks[numbers->cnt++] = mask;
		numbers->slots[at] = numbers->cnt;
	}
	*ret_number = numbers->slots[at] - 1;
	return 0;
}

static bool item_before(const struct item *a, const struct item *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi;
	if (a->lo != b->lo)
		return a->lo < b->lo;
	return a->len <= b->len;
}

/* Entries [from, to) of a source as items; returns how many are not skipped. */
static size_t items_add(const struct list_source *source, size_t from, size_t to, struct item *items)
{
	size_t cnt = 0;

	for (size_t i = from; i < to; i++) {
		const struct prefix *prefix = &source->entries[i].prefix;

		if (source->skip && source->skip[i])
			continue;
		items[cnt++] = (struct item){
			.hi = be64toh(prefix->addr.q[0]),
			.lo = be64toh(prefix->addr.q[1]),
			.len = prefix->len,
			.list = source->list,
		};
	}
	return cnt;
}

/* The entries of one family of one source, in order, as items. */
static size_t items_take(const struct list_source *source, bool v4, struct item *items)
{
	size_t from, to, cnt;

	entries_v4(source->entries, source->cnt, &from, &to);
	if (v4)
		return items_add(source, from, to, items);
	cnt = items_add(source, 0, from, items);
	return cnt + items_add(source, to, source->cnt, items + cnt);
}

static void runs_join(const struct item *from, size_t a, size_t b, size_t end, struct item *to)
{
	size_t i = a, j = b;

	for (size_t k = a; k < end; k++) {
		if (j == end || (i < b && item_before(&from[i], &from[j])))
			to[k] = from[i++];
		else
			to[k] = from[j++];
	}
}

/* Merges the runs that bounds[] delimits, two by two, until one is left. *items may change place. */
static int runs_merge(struct item **items, size_t *bounds, size_t run_cnt)
{
	size_t total = bounds[run_cnt];
	struct item *other;

	if (run_cnt < 2)
		return 0;
	other = malloc((total ? total : 1) * sizeof(*other));
	if (!other)
		return -ENOMEM;
	while (run_cnt > 1) {
		size_t kept = 0;
		struct item *swap = *items;

		for (size_t run = 0; run < run_cnt; run += 2) {
			size_t end = bounds[run + 2 < run_cnt ? run + 2 : run_cnt];
			size_t middle = run + 1 < run_cnt ? bounds[run + 1] : end;

			runs_join(*items, bounds[run], middle, end, other);
			bounds[kept++] = bounds[run];
		}
		bounds[kept] = total;
		run_cnt = kept;
		*items = other;
		other = swap;
	}
	free(other);
	return 0;
}

static int step_add(struct sweep *sweep, uint64_t hi, uint64_t lo, uint64_t mask)
{
	struct list_steps *out = sweep->out;
	uint32_t set, before;
	int err = number_of(sweep->numbers, mask, &set);

	if (err)
		return err;
	if (out->cnt && out->steps[out->cnt - 1].hi == hi && out->steps[out->cnt - 1].lo == lo)
		out->cnt--; /* what begins here last is what holds */
	before = out->cnt ? out->steps[out->cnt - 1].set : 0;
	if (before == set)
		return 0;
	if (out->cnt == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 256;
		struct list_step *steps = reallocarray(out->steps, cap, sizeof(*steps));

		if (!steps)
			return -ENOMEM;
		out->steps = steps;
		out->cap = cap;
	}
	out->steps[out->cnt++] = (struct list_step){ hi, lo, set };
	return 0;
}

/* Closes what ends before hi:lo; all of it when everything is done. */
static int covers_close(struct sweep *sweep, bool all, uint64_t hi, uint64_t lo)
{
	while (sweep->depth) {
		const struct cover *top = &sweep->covers[sweep->depth - 1];
		uint64_t next_lo = top->last_lo + 1, next_hi = top->last_hi + !next_lo;
		int err;

		if (!all && (top->last_hi > hi || (top->last_hi == hi && top->last_lo >= lo)))
			return 0;
		sweep->depth--;
		if (!next_hi && !next_lo)
			continue; /* it reached the last address */
		err = step_add(sweep, next_hi, next_lo,
			       sweep->depth ? sweep->covers[sweep->depth - 1].mask : 0);
		if (err)
			return err;
	}
	return 0;
}

static int sweep_item(struct sweep *sweep, const struct item *item)
{
	uint64_t bit = 1ULL << item->list, covered = 0;
	struct cover *cover;
	int err = covers_close(sweep, false, item->hi, item->lo);

	if (err)
		return err;
	if (sweep->depth)
		covered = sweep->covers[sweep->depth - 1].mask;
	cover = &sweep->covers[sweep->depth];
	/* What is still open covers this item; with the same length it is the same prefix. */
	if (sweep->depth && cover[-1].len == item->len)
		cover--;
	else
		sweep->depth++;
	cover->len = item->len;
	cover->mask = covered | bit;
	cover->last_hi = item->hi | prefix_rest(item->len, 0);
	cover->last_lo = item->lo | prefix_rest(item->len, 1);
	return step_add(sweep, item->hi, item->lo, cover->mask);
}

int list_steps_make(const struct list_source *sources, size_t source_cnt, bool v4,
		    struct list_numbers *numbers, struct list_steps *ret_steps)
{
	struct list_steps steps = {};
	struct sweep sweep = { .numbers = numbers, .out = &steps };
	size_t total = 0, *bounds = calloc(source_cnt + 2, sizeof(*bounds));
	struct item *items;
	int err = -ENOMEM;

	for (size_t i = 0; i < source_cnt; i++)
		total += sources[i].cnt;
	items = malloc((total ? total : 1) * sizeof(*items));
	if (!bounds || !items)
		goto out;
	for (size_t i = 0; i < source_cnt; i++)
		bounds[i + 1] = bounds[i] + items_take(&sources[i], v4, items + bounds[i]);
	total = bounds[source_cnt];
	err = runs_merge(&items, bounds, source_cnt);
	for (size_t i = 0; i < total && !err; i++)
		err = sweep_item(&sweep, &items[i]);
	if (!err)
		err = covers_close(&sweep, true, 0, 0);
	steps.prefix_cnt = total;
out:
	free(items);
	free(bounds);
	if (err)
		free(steps.steps);
	else
		*ret_steps = steps;
	return err;
}
