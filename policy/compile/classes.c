// SPDX-License-Identifier: Apache-2.0
/*
 * Equivalence classes of addresses. Prefixes are sorted so that what contains comes first; a stack
 * of those that contain the present one gives its rules (push-down), so that the kernel's longest
 * match alone knows them all. An entry that says the same as what contains it is left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"

/* A rule asks for a prefix at one end. */
struct claim {
	struct prefix prefix;
	uint16_t rule;
	bool dst;
};

/* A prefix and the rules that hold for it: those of its own and of all around it. */
struct level {
	struct prefix prefix;
	struct sek_row src, dst;
	uint16_t src_number, dst_number;
};

#define LEVELS 130

static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	return order ? order : x->rule != y->rule ? (int)x->rule - y->rule : x->dst - y->dst;
}

static size_t claim_end(const struct model_end *end, uint16_t rule, bool dst, struct claim *claims)
{
	for (size_t i = 0; claims && i < end->prefix_cnt; i++)
		claims[i] = (struct claim){ end->prefixes[i], rule, dst };
	return end->prefix_cnt;
}

/* All claims of a tenant's rules, in order of prefixes. claims NULL: only counts. */
static size_t claims_fill(const struct model_tenant *tenant, struct claim *claims)
{
	size_t cnt = 0;

	for (size_t i = 0; i < tenant->rule_cnt; i++) {
		const struct model_rule *rule = &tenant->rules[i];

		cnt += claim_end(&rule->src, (uint16_t)i, false, claims ? claims + cnt : NULL);
		cnt += claim_end(&rule->dst, (uint16_t)i, true, claims ? claims + cnt : NULL);
	}
	return cnt;
}

/* Gives a level its row numbers and, when it says something new, an entry. */
static int level_emit(struct build *b, struct level *level, const struct level *around)
{
	struct image_class *entry;
	int err = rows_add(&b->rows, &level->src, &level->src_number);

	if (!err)
		err = rows_add(&b->rows, &level->dst, &level->dst_number);
	if (err)
		return err;
	if (around && around->src_number == level->src_number &&
	    around->dst_number == level->dst_number)
		return 0;
	entry = image_push(&b->image->classes, &b->image->class_cnt, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->key.prefixlen = SEK_CLASS_HEAD + level->prefix.len;
	entry->key.tenant = b->tenant->id;
	memcpy(&entry->key.addr, &level->prefix.addr, sizeof(entry->key.addr));
	entry->value.src_row = level->src_number;
	entry->value.dst_row = level->dst_number;
	return 0;
}

/* Rules that ask for no address, the defaults among them. */
static void level_any(const struct build *b, struct level *level)
{
	for (size_t i = 0; i < b->rule_cnt; i++) {
		bool written = i < b->tenant->rule_cnt;

		if (!written || !b->tenant->rules[i].src.prefix_cnt)
			row_set(&level->src, i);
		if (!written || !b->tenant->rules[i].dst.prefix_cnt)
			row_set(&level->dst, i);
	}
}

/* Adds the rules of all claims for the level's own prefix. Returns how many there were. */
static size_t level_claim(struct level *level, const struct claim *claims, size_t cnt)
{
	size_t i = 0;

	for (; i < cnt && !prefix_compare(&claims[i].prefix, &level->prefix); i++)
		row_set(claims[i].dst ? &level->dst : &level->src, claims[i].rule);
	return i;
}

/* One family's claims; levels[0] is its root. */
static int family_build(struct build *b, const struct claim *claims, size_t cnt, struct level *levels)
{
	size_t depth = 0, i = level_claim(&levels[0], claims, cnt);
	int err = level_emit(b, &levels[0], NULL);

	while (i < cnt && !err) {
		while (depth && !prefix_contains(&levels[depth].prefix, &claims[i].prefix))
			depth--;
		levels[depth + 1] = levels[depth];
		depth++;
		levels[depth].prefix = claims[i].prefix;
		i += level_claim(&levels[depth], claims + i, cnt - i);
		err = level_emit(b, &levels[depth], &levels[depth - 1]);
	}
	return err;
}

int build_classes(struct build *b)
{
	static const struct prefix v4 = { .addr.b = { [10] = 0xff, [11] = 0xff },
					  .len = PREFIX_V4_BITS };
	size_t cnt = claims_fill(b->tenant, NULL), v4_cnt = 0;
	struct claim *claims = calloc(cnt + 1, sizeof(*claims));
	struct level *levels = calloc(LEVELS, sizeof(*levels));
	int err = claims && levels ? 0 : -ENOMEM;

	if (!err) {
		claims_fill(b->tenant, claims);
		qsort(claims, cnt, sizeof(*claims), compare);
		while (v4_cnt < cnt && prefix_is_v4(&claims[v4_cnt].prefix))
			v4_cnt++;
		level_any(b, &levels[0]);
		err = family_build(b, claims + v4_cnt, cnt - v4_cnt, levels);
	}
	if (!err) {
		memset(levels, 0, sizeof(*levels));
		levels[0].prefix = v4;
		level_any(b, &levels[0]);
		err = family_build(b, claims, v4_cnt, levels);
	}
	free(claims);
	free(levels);
	return err;
}
