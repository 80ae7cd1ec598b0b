/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists by port: each stretch of ports in which the same rules are asked has its own. Called by
 * build.c and detect.c.
 */
#include "detect/portgroups.h"

#include <errno.h>
#include <stdlib.h>

#include "detect/addresses.h"

int rule_list_add(struct rule_list *list, uint32_t number)
{
	if (list->cnt && list->numbers[list->cnt - 1] == number)
		return 0;
	if ((list->cnt & (list->cnt - 1)) == 0) { /* full whenever it is a power of two */
		uint32_t cap = list->cnt ? list->cnt * 2 : 1;
		uint32_t *numbers = realloc(list->numbers, cap * sizeof(*numbers));

		if (!numbers)
			return -ENOMEM;
		list->numbers = numbers;
	}
	list->numbers[list->cnt++] = number;
	return 0;
}

void rule_list_free(struct rule_list *list)
{
	free(list->numbers);
	*list = (struct rule_list){ 0 };
}

static void edges_mark(uint8_t *edges, const struct port_set *set)
{
	for (uint32_t i = 0; !set->is_any && i < set->cnt; i++) {
		edges[set->range[i].from] = 1;
		edges[set->range[i].to + 1] = 1;
	}
}

static bool goes_to(const struct signature *s, uint16_t port)
{
	return port_set_holds(&s->dport, port) || (s->both_ways && port_set_holds(&s->sport, port));
}

static int group_fill(const struct ruleset *ruleset, const struct rule_list *rules,
		      struct port_group *group)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < rules->cnt; i++) {
		if (goes_to(ruleset->signatures.at[rules->numbers[i]], group->from))
			rc = rule_list_add(&group->rules, rules->numbers[i]);
	}
	return rc;
}

int port_groups_build(const struct ruleset *ruleset, const struct rule_list *rules,
		      struct port_groups *ret_groups)
{
	struct port_groups groups = { 0 };
	uint8_t *edges = calloc(65537, 1);
	uint32_t cnt = 0;
	int rc = 0;

	if (!edges)
		return -ENOMEM;
	edges[0] = 1;
	for (uint32_t i = 0; i < rules->cnt; i++) {
		const struct signature *s = ruleset->signatures.at[rules->numbers[i]];

		edges_mark(edges, &s->dport);
		if (s->both_ways)
			edges_mark(edges, &s->sport);
	}
	for (uint32_t port = 0; port < 65536; port++)
		cnt += edges[port];
	groups.groups = calloc(cnt, sizeof(*groups.groups));
	if (!groups.groups)
		rc = -ENOMEM;
	for (uint32_t port = 0; rc == 0 && port < 65536; port++) {
		if (!edges[port])
			continue;
		groups.groups[groups.cnt].from = (uint16_t)port;
		rc = group_fill(ruleset, rules, &groups.groups[groups.cnt++]);
	}
	free(edges);
	if (rc)
		port_groups_free(&groups);
	else
		*ret_groups = groups;
	return rc;
}

void port_groups_free(struct port_groups *groups)
{
	for (uint32_t i = 0; i < groups->cnt; i++)
		rule_list_free(&groups->groups[i].rules);
	free(groups->groups);
	*groups = (struct port_groups){ 0 };
}

const struct rule_list *port_groups_find(const struct port_groups *groups, uint16_t port)
{
	uint32_t low = 0, high = groups->cnt;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (groups->groups[middle].from <= port)
			low = middle + 1;
		else
			high = middle;
	}
	return &groups->groups[low - 1].rules;
}
