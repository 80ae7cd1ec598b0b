// SPDX-License-Identifier: Apache-2.0
/*
 * Ports of a rule's header as sorted ranges, and the variables of addresses and ports. Called by
 * header.c; each text is resolved once and then shared.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/ranges.h"

static int port_element(struct slice text, struct ranges *ranges, const char **ret_hint)
{
	struct slice rest = text, from, to;
	uint64_t low = 0, high = UINT16_MAX;

	slice_next(&rest, ':', &from);
	if (from.len && !number_parse(from, UINT16_MAX, &low))
		return -EINVAL;
	if (!rest.at) {
		high = low;
	} else {
		slice_next(&rest, ':', &to);
		if ((to.len && !number_parse(to, UINT16_MAX, &high)) || rest.at || low > high) {
			*ret_hint = "a range is low:high, low: or :high";
			return -EINVAL;
		}
	}
	return range_list_add(ranges, low, high);
}

static int set_make(const struct ranges *ranges, void *ret_set)
{
	struct port_set *set = ret_set;
	struct port_range *range;

	if (ranges->cnt == 1 && ranges->at[0].from == 0 && ranges->at[0].to == UINT16_MAX) {
		*set = (struct port_set){ .is_any = true };
		return 0;
	}
	range = reallocarray(NULL, ranges->cnt, sizeof(*range));
	if (!range)
		return -ENOMEM;
	for (uint32_t i = 0; i < ranges->cnt; i++)
		range[i] = (struct port_range){ .from = (uint16_t)ranges->at[i].from,
						.to = (uint16_t)ranges->at[i].to };
	*set = (struct port_set){ .cnt = ranges->cnt, .range = range };
	return 0;
}

static void set_free(void *set)
{
	free(((struct port_set *)set)->range);
}

static const struct range_kind kind = {
	.what = "port",
	.groups = "vars.port-groups",
	.max = UINT16_MAX,
	.element = port_element,
	.set_size = sizeof(struct port_set),
	.set_make = set_make,
	.set_free = set_free,
};

int ports_read(struct draft *draft, struct slice text, struct port_set *ret_set)
{
	struct parse *parse = draft->parse;
	const struct range_sets sets = { &parse->port_texts, &parse->port_sets, &parse->port_cap };

	return range_set_read(draft, &kind, &sets, text, ret_set);
}

/* What a site has that set none: as Suricata comes. */
static const struct {
	const char *groups, *name, *value;
} variables[] = {
#define VARIABLE(groups, name, value) { "vars." groups, name, value },
#include "detect/parse/variables.def"
#undef VARIABLE
};

const char *variable_find(const struct parse *parse, const char *groups, struct slice name)
{
	char path[128];
	const char *value;

	for (size_t i = 0; i < parse->variable_cnt; i++)
		if (slice_is(name, parse->variables[i].name))
			return parse->variables[i].value;
	if (name.len > 64)
		return NULL;
	snprintf(path, sizeof(path), "%s.%.*s", groups, (int)name.len, name.at);
	value = config_text(parse->config, path);
	if (value)
		return value;
	if (config_cnt(parse->config, groups))
		return NULL;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (strcmp(variables[i].groups, groups) == 0 && slice_is(name, variables[i].name))
			return variables[i].value;
	return NULL;
}
