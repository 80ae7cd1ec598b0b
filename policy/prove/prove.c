// SPDX-License-Identifier: Apache-2.0
/*
 * All that can be said of a policy before it is applied. Called by the CLI and by the agent. Pure.
 */
#include "prove/prove.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "text/counted.h"

#define NAMED_MAX 3 /* rules that a warning names */

/* A rule of the defaults is worth a word when no tenant has a packet that reaches it. */
struct common {
	struct shadow first; /* not foreign, where there is one */
	size_t tenant_cnt;
};

struct warner {
	const struct policy *policy;
	const struct image *image;
	struct diag *diag;
	struct common *commons;
	size_t common_cnt;
	bool failed;
};

static const struct model_rule *rule_of(const struct shadow *shadow)
{
	return &shadow->tenant->rules[shadow->rule];
}

static char *takers_print(const struct shadow *shadow)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < shadow->taker_cnt && i < NAMED_MAX; i++) {
		uint16_t rule = shadow->takers[i];
		const struct place *place = &shadow->tenant->rules[rule].place;

		fprintf(out, "%s%s (%s:%u)", i ? ", " : "", policy_rule_name(shadow->tenant, rule),
			place->file, place->line);
	}
	if (shadow->taker_cnt > NAMED_MAX)
		fprintf(out, " and %zu more", shadow->taker_cnt - NAMED_MAX);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void shadow_warn(struct diag *diag, const struct shadow *shadow)
{
	const struct model_rule *rule = rule_of(shadow);
	const char *of = rule->shared ? "the defaults" : shadow->tenant->name;
	char *takers = takers_print(shadow);

	diag_add(diag, DIAG_WARNING, rule->place.file, rule->place.line, rule->place.column,
		 "put it before them, or take it out",
		 "rule %s of %s never matches: %s %s all its packets", rule->name, of,
		 takers && *takers ? takers : "earlier rules",
		 shadow->taker_cnt == 1 ? "takes" : "take");
	free(takers);
}

static bool same_rule(const struct model_rule *a, const struct model_rule *b)
{
	return a->place.file == b->place.file && a->place.line == b->place.line &&
	       a->place.column == b->place.column && !strcmp(a->name, b->name);
}

static void common_note(struct warner *w, const struct shadow *shadow)
{
	struct common *c = NULL;

	for (size_t i = 0; i < w->common_cnt && !c; i++)
		if (same_rule(rule_of(&w->commons[i].first), rule_of(shadow)))
			c = &w->commons[i];
	if (!c) {
		c = image_push(&w->commons, &w->common_cnt, sizeof(*c));
		if (!c) {
			w->failed = true;
			return;
		}
		c->first = *shadow;
	}
	if (c->first.foreign)
		c->first = *shadow;
	c->tenant_cnt++;
}

/* What describes no packet of a tenant is no mistake: a group may be meant for others. */
static void shadow_note(const struct shadow *shadow, void *arg)
{
	struct warner *w = arg;

	if (rule_of(shadow)->shared)
		common_note(w, shadow);
	else if (!shadow->foreign)
		shadow_warn(w->diag, shadow);
}

static int shadows_warn(struct warner *w)
{
	size_t open = 0;
	int err = shadows_find(w->policy, w->image, shadow_note, w, &open);

	if (err || w->failed)
		return -ENOMEM;
	for (size_t i = 0; i < w->common_cnt; i++) {
		const struct common *c = &w->commons[i];

		if (!c->first.foreign && c->tenant_cnt == w->policy->tenant_cnt - 1)
			shadow_warn(w->diag, &c->first);
	}
	if (open)
		diag_add(w->diag, DIAG_WARNING, w->policy->path, 0, 0, NULL,
			 "of %s it was not found out whether %s: too entangled",
			 COUNTED(open, "rule"), by_count(open, "it ever matches", "they ever match"));
	return 0;
}

int policy_prove(const struct policy *policy, const struct image *image, struct diag *diag)
{
	struct warner warner = { .policy = policy, .image = image, .diag = diag };
	int err = asserts_prove(policy, image, diag);

	if (err != -ENOMEM && shadows_warn(&warner)) {
		diag_add(diag, DIAG_ERROR, policy->path, 0, 0, NULL, "out of memory");
		err = -ENOMEM;
	}
	free(warner.commons);
	return err ? -EINVAL : 0;
}
