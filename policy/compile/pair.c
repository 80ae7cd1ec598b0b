// SPDX-License-Identifier: Apache-2.0
/*
 * Pairs of rules. Called by policy_diff() and by what carries hits from policy to policy. Pure.
 */
#include "compile/pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/spell.h"

static struct match *matches_make(const struct model_tenant *tenant)
{
	struct match *list = calloc(tenant->rule_cnt + 1, sizeof(*list));
	bool whole = list;

	for (size_t i = 0; list && i < tenant->rule_cnt; i++) {
		list[i].spelling = spell_rule(&tenant->rules[i]);
		list[i].other = SIZE_MAX;
		whole &= list[i].spelling != NULL;
	}
	if (whole)
		return list;
	for (size_t i = 0; list && i < tenant->rule_cnt; i++)
		free(list[i].spelling);
	free(list);
	return NULL;
}

static bool alike(const struct pairing *p, size_t i, size_t j)
{
	const struct model_rule *was = &p->was->rules[i], *now = &p->now->rules[j];

	if (was->unnamed != now->unnamed)
		return false;
	return !strcmp(was->unnamed ? p->a[i].spelling : was->name,
		       was->unnamed ? p->b[j].spelling : now->name);
}

/* Most rules stay in their order: the search goes on where the last was found. */
static void pair(struct pairing *p)
{
	size_t at = 0, cnt = p->was->rule_cnt;

	for (size_t j = 0; j < p->now->rule_cnt; j++) {
		for (size_t n = 0; n < cnt; n++) {
			size_t i = (at + n) % cnt;

			if (p->a[i].other != SIZE_MAX || !alike(p, i, j))
				continue;
			p->a[i].other = j;
			p->b[j].other = i;
			at = i + 1;
			break;
		}
	}
}

int pairing_make(struct pairing *p, const struct model_tenant *was, const struct model_tenant *now)
{
	*p = (struct pairing){ .was = was, .now = now };
	p->a = matches_make(was);
	p->b = matches_make(now);
	if (!p->a || !p->b)
		return -ENOMEM;
	pair(p);
	return 0;
}

void pairing_free(struct pairing *p)
{
	for (size_t i = 0; p->a && i < p->was->rule_cnt; i++)
		free(p->a[i].spelling);
	for (size_t i = 0; p->b && i < p->now->rule_cnt; i++)
		free(p->b[i].spelling);
	free(p->a);
	free(p->b);
}
