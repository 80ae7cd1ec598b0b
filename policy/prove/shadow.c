// SPDX-License-Identifier: Apache-2.0
/*
 * Rules that no packet reaches. Called by policy_prove() and `sekisho acl`. Pure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prove/diagram.h"
#include "prove/prove.h"

#define STEPS_MAX (1u << 18) /* of one rule, family and kind of protocol */
#define OPEN_MAX 100 /* after so many in vain the other rules are left alone */

/* One rule in question. */
struct search {
	const struct space *space;
	uint16_t rule;
	bool described, reached, open;
	bool takers[SEK_RULES_MAX];
};

static uint32_t is_reached(const struct diagram *d, const uint64_t *vector, unsigned int level,
			   void *arg)
{
	size_t wanted = *(const size_t *)arg, first;
	bool sure;

	if (!(vector[wanted / 64] >> (wanted % 64) & 1))
		return 0;
	first = diagram_first(d, vector, level, 0, &sure);
	return first == wanted ? DIAGRAM_STOP : DIAGRAM_OPEN;
}

static uint32_t who_takes(const struct diagram *d, const uint64_t *vector, unsigned int level,
			  void *arg)
{
	struct search *s = arg;
	bool sure;
	size_t first = diagram_first(d, vector, level, 0, &sure);

	if (!sure)
		return DIAGRAM_OPEN;
	if (first != SIZE_MAX)
		s->takers[d->region->candidates[first]] = true;
	return 0;
}

/* Who takes what the rule describes is told for shadowed rules alone: it costs more. */
static int region_search(const struct region *r, struct search *s, bool takers)
{
	size_t wanted = region_candidate(r, s->rule);
	struct diagram d;
	uint32_t top = 0;
	int err;

	if (!takers && wanted == SIZE_MAX) /* one rule before it takes all */
		return 0;
	err = takers ? diagram_walk(&d, r, who_takes, s, STEPS_MAX, &top)
		     : diagram_walk(&d, r, is_reached, &wanted, STEPS_MAX, &top);
	diagram_free(&d);
	s->reached |= !takers && !err && top == DIAGRAM_STOP;
	s->open |= !takers && err == -E2BIG;
	return err == -E2BIG ? 0 : err;
}

static int rule_search(struct search *s, bool takers)
{
	const struct model_rule *rule = &s->space->sides[0].tenant->rules[s->rule];
	int err = 0;

	for (int part = 0; part < FAMILY_CNT * KIND_CNT && !err && !s->reached; part++) {
		struct region region;
		bool empty;

		err = region_make(&region, s->space, (enum family)(part / KIND_CNT),
				  (enum kind)(part % KIND_CNT), rule, &empty);
		if (err || empty)
			continue;
		s->described = true;
		err = region_search(&region, s, takers);
		region_free(&region);
	}
	return err;
}

static void shadow_fill(const struct search *s, struct shadow *shadow)
{
	*shadow = (struct shadow){ .tenant = s->space->sides[0].tenant,
				   .rule = s->rule,
				   .foreign = !s->described };
	for (uint16_t i = 0; i < s->rule; i++)
		if (s->takers[i] && shadow->taker_cnt++ < TAKERS_MAX)
			shadow->takers[shadow->taker_cnt - 1] = i;
}

/* What is done with the rules that are found. */
struct hunt {
	void (*each)(const struct shadow *shadow, void *arg);
	void *arg;
	size_t open;
};

static int rule_hunt(struct hunt *hunt, const struct space *space, uint16_t rule)
{
	struct search s = { .space = space, .rule = rule };
	struct shadow shadow;
	int err = rule_search(&s, false);

	if (!err && !s.reached && !s.open && s.described)
		err = rule_search(&s, true);
	hunt->open += s.open && !s.reached;
	if (err || s.reached || s.open)
		return err;
	shadow_fill(&s, &shadow);
	hunt->each(&shadow, hunt->arg);
	return 0;
}

static int tenant_hunt(struct hunt *hunt, const struct side *side)
{
	struct space *spaces = calloc(2, sizeof(*spaces));
	int err = spaces ? 0 : -ENOMEM;

	for (int dir = 0; dir < 2 && !err; dir++)
		err = space_of_one(&spaces[dir], side, (enum sek_dir)dir);
	for (size_t i = 0; i < side->tenant->rule_cnt && !err; i++) {
		if (hunt->open < OPEN_MAX)
			err = rule_hunt(hunt, &spaces[side->tenant->rules[i].dir], (uint16_t)i);
		else
			hunt->open++;
	}
	for (int dir = 0; spaces && dir < 2; dir++)
		space_free(&spaces[dir]);
	free(spaces);
	return err;
}

int shadows_find(const struct policy *policy, const struct image *image,
		 void (*each)(const struct shadow *shadow, void *arg), void *arg, size_t *ret_open)
{
	struct hunt hunt = { .each = each, .arg = arg };
	int err = 0;

	for (size_t t = 0; t < policy->tenant_cnt && !err; t++) {
		const struct side side = { policy, &policy->tenants[t], image };

		err = tenant_hunt(&hunt, &side);
	}
	*ret_open = hunt.open;
	return err;
}
