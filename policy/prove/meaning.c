// SPDX-License-Identifier: Apache-2.0
/*
 * The common refinement of two policies' classes, walked for packets whose answer changes. Called by
 * `sekisho policy diff`. Pure.
 */
#include "prove/meaning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX (1u << 22) /* of one tenant, direction, family and kind of protocol */
#define COLLECTED_MAX 512 /* boxes of each of them, before any are joined */

/* What the judge needs of the candidates. */
struct answers {
	uint64_t of[SEK_INSPECT + 1][NUMBERS_MAX / 64 + 1]; /* those of an action */
};

static uint8_t action_at(const struct diagram *d, size_t candidate)
{
	return candidate == SIZE_MAX ? 0 : d->region->space->action[d->region->candidates[candidate]];
}

/* Is every rule that is left on both sides of this action, and is there one for every packet? */
static bool all_answer(const struct diagram *d, const uint64_t *vector, unsigned int level,
		       const uint64_t *of, bool nobody_too)
{
	size_t words = d->region->words;
	const uint64_t *all = d->all + level * d->region->stride;
	bool sure[SIDES] = { nobody_too, nobody_too };

	for (size_t i = 0; i < SIDES * words; i++) {
		if (vector[i] & ~of[i % words])
			return false;
		sure[i / words] |= (vector[i] & all[i]) != 0;
	}
	return sure[0] && sure[1];
}

static uint32_t judge(const struct diagram *d, const uint64_t *vector, unsigned int level, void *arg)
{
	size_t words = d->region->words;
	const struct answers *answers = arg;
	bool sure[SIDES];
	size_t first[SIDES];
	uint8_t before, after;

	if (level >= d->uneven_cnt && !memcmp(vector, vector + words, words * sizeof(*vector)))
		return 0;
	for (int action = SEK_ACCEPT; action <= SEK_INSPECT; action++)
		if (all_answer(d, vector, level, answers->of[action], action == SEK_REFUSE))
			return 0;
	for (size_t side = 0; side < SIDES; side++)
		first[side] = diagram_first(d, vector, level, side, &sure[side]);
	if (!sure[0] || !sure[1])
		return DIAGRAM_OPEN;
	before = action_at(d, first[0]);
	after = action_at(d, first[1]);
	if ((before ? before : SEK_REFUSE) == (after ? after : SEK_REFUSE))
		return 0;
	return box_leaf(before, after);
}

static int region_compare(const struct region *r, struct boxes *boxes, bool *open)
{
	struct answers *answers = calloc(1, sizeof(*answers));
	struct diagram d;
	uint32_t top = 0;
	int err;

	if (!answers)
		return -ENOMEM;
	for (size_t c = 0; c < r->candidate_cnt; c++)
		answers->of[r->space->action[r->candidates[c]]][c / 64] |= 1ULL << (c % 64);
	err = diagram_walk(&d, r, judge, answers, STEPS_MAX, &top);
	if (!err)
		err = boxes_collect(boxes, &d, top, COLLECTED_MAX);
	diagram_free(&d);
	free(answers);
	*open |= err == -E2BIG;
	return err == -E2BIG ? 0 : err;
}

static int space_compare(const struct space *space, struct boxes *boxes, bool *open)
{
	int err = 0;

	for (int part = 0; part < FAMILY_CNT * KIND_CNT && !err; part++) {
		struct region region;
		bool empty;

		err = region_make(&region, space, (enum family)(part / KIND_CNT),
				  (enum kind)(part % KIND_CNT), NULL, &empty);
		if (err || empty)
			continue;
		err = region_compare(&region, boxes, open);
		region_free(&region);
	}
	return err;
}

/* Has the tenant no packets of this family at all? */
static bool is_void(const struct space *space, enum family family)
{
	const struct spans *near = &space->address[family][space->dir == SEK_IN];

	for (size_t i = 0; i < near->cnt; i++)
		if (near->list[i].row[0] != SEK_ROW_NONE || near->list[i].row[1] != SEK_ROW_NONE)
			return false;
	return true;
}

/* Then all addresses of the other family may as well be all addresses: fewer words. */
static int void_fill(const struct space *space, struct boxes *boxes)
{
	static const struct range everything = { 0, ~(point)0 };
	int err = 0;

	for (int family = 0; family < FAMILY_CNT; family++) {
		enum box_field src = family == FAMILY_4 ? BOX_SRC4 : BOX_SRC6;
		enum box_field other = family == FAMILY_4 ? BOX_SRC6 : BOX_SRC4;

		for (size_t i = 0; is_void(space, (enum family)family) && i < boxes->cnt; i++) {
			struct ranges *f = boxes->list[i].fields;

			if (!ranges_whole(&f[other], other) || !ranges_whole(&f[other + 1], other))
				continue;
			err = ranges_add(&f[src], everything);
			if (!err)
				err = ranges_add(&f[src + 1], everything);
			if (err)
				return err;
		}
	}
	return err;
}

/* tenant: as either side has it. */
static int tenant_compare(const struct model_tenant *tenant, const struct side *before,
			  const struct side *after, struct boxes *boxes, size_t *open_cnt)
{
	bool host = !tenant->id, open = false;
	struct space *space = malloc(sizeof(*space));
	struct boxes found = {};
	int err = space ? 0 : -ENOMEM;

	for (int dir = host ? SEK_IN : SEK_OUT; dir <= SEK_IN && !err; dir++) {
		err = space_of_two(space, before, after, (enum sek_dir)dir);
		if (err)
			break;
		err = space_compare(space, &found, &open);
		if (!err)
			err = boxes_join(&found);
		if (!err)
			err = void_fill(space, &found);
		if (!err)
			err = boxes_take(boxes, &found, tenant->name);
		boxes_free(&found);
		space_free(space);
	}
	free(space);
	*open_cnt += open;
	return err;
}

int meaning_find(const struct policy *before, const struct image *before_image,
		 const struct policy *after, const struct image *after_image,
		 struct boxes *ret_boxes, size_t *ret_open)
{
	struct boxes boxes = {};
	size_t open = 0;
	int err = 0;

	for (size_t i = 0; i < after->tenant_cnt && !err; i++) {
		const struct model_tenant *now = &after->tenants[i];
		const struct side was = { before, before ? policy_tenant(before, now->name) : NULL,
					  before_image };
		const struct side is = { after, now, after_image };

		err = tenant_compare(now, &was, &is, &boxes, &open);
	}
	for (size_t i = 0; before && i < before->tenant_cnt && !err; i++) {
		const struct side was = { before, &before->tenants[i], before_image };
		const struct side gone = { after, NULL, after_image };

		if (!policy_tenant(after, was.tenant->name))
			err = tenant_compare(was.tenant, &was, &gone, &boxes, &open);
	}
	if (err) {
		boxes_free(&boxes);
		return err;
	}
	*ret_boxes = boxes;
	*ret_open = open;
	return 0;
}
