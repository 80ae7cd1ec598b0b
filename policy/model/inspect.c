// SPDX-License-Identifier: Apache-2.0
/*
 * Setting "inspect" of tenants and defaults: which rules of the inspection engine hold for a body, what they
 * do, and what their variables are. Which rules there are is known to the engine alone, which says what it
 * does not find.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

#define PICKS_MAX 10000 /* of one setting */
#define SETS_MAX 256
#define VARIABLES_MAX 64

static void wrong(struct reader *r, const struct node *at, const char *text, const char *what)
{
	char shown[100];

	reader_error(r, at,
		     "a sid as 2034649, gid and sid as 1:2034649, or a class as trojan-activity",
		     "\"%s\" %s", text_escape(text, strlen(text), shown, sizeof(shown)), what);
}

/* "2034649", "1:2034649"; all of it. */
static bool numbers_read(const char *text, uint32_t *gid, uint32_t *sid)
{
	unsigned long first, second;
	char *end;

	errno = 0;
	first = strtoul(text, &end, 10);
	second = first;
	if (*end == ':' && isdigit((unsigned char)end[1]))
		second = strtoul(end + 1, &end, 10);
	else if (*end)
		return false;
	*gid = strchr(text, ':') ? (uint32_t)first : 1;
	*sid = (uint32_t)second;
	return !*end && !errno && first <= UINT32_MAX && second <= UINT32_MAX && second;
}

static bool class_is_good(const char *text)
{
	return strlen(text) < MODEL_CLASS_MAX && isalpha((unsigned char)text[0]) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		       strlen(text);
}

bool rule_pick_read(struct reader *r, const struct node *item, struct model_rule_pick *ret_pick)
{
	const char *text = reader_text(r, item, "a rule");
	struct model_rule_pick pick = { .place = reader_place(item) };

	if (!text)
		return false;
	if (isdigit((unsigned char)text[0])) {
		if (!numbers_read(text, &pick.gid, &pick.sid)) {
			wrong(r, item, text, "is no number of a rule");
			return false;
		}
	} else if (class_is_good(text)) {
		memcpy(pick.class_name, text, strlen(text));
	} else {
		wrong(r, item, text, "names no rules");
		return false;
	}
	*ret_pick = pick;
	return true;
}

static void add_pick(struct reader *r, const struct node *item, void *arg)
{
	struct model_picks *picks = arg;
	struct model_rule_pick pick, *place;

	if (picks->cnt == PICKS_MAX)
		reader_error(r, item, NULL, "more than %d rules and classes", PICKS_MAX);
	if (picks->cnt >= PICKS_MAX || !rule_pick_read(r, item, &pick))
		return;
	place = reader_push(r, &picks->at, &picks->cnt, sizeof(*place));
	if (place)
		*place = pick;
}

/* What is given takes the place of what defaults say. */
static void read_picks(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	struct model_picks *picks = member;

	free(picks->at);
	*picks = (struct model_picks){};
	if (!node_is_null(value))
		reader_each(r, value, add_pick, picks);
}

static void add_set(struct reader *r, const struct node *item, void *arg)
{
	struct model_inspect *inspect = arg;
	const char *text = reader_text(r, item, "the name of a file of rules");
	struct model_rule_set *set;

	if (!text)
		return;
	if (!text[0] || strlen(text) >= sizeof(set->name) || strchr(text, '/')) {
		reader_error(r, item, "as in et-open for /etc/rules/et-open.rules",
			     "a set of rules is named by its file, without folder and \".rules\"");
		return;
	}
	if (inspect->set_cnt == SETS_MAX) {
		reader_error(r, item, NULL, "more than %d sets of rules", SETS_MAX);
		return;
	}
	set = reader_push(r, &inspect->sets, &inspect->set_cnt, sizeof(*set));
	if (!set)
		return;
	memcpy(set->name, text, strlen(text));
	set->place = reader_place(item);
}

static void read_sets(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	struct model_inspect *inspect = member;

	free(inspect->sets);
	inspect->sets = NULL;
	inspect->set_cnt = 0;
	inspect->all = node_is_null(value);
	if (!inspect->all)
		reader_each(r, value, add_set, inspect);
}

static void add_prefix(struct reader *r, const struct node *item, void *arg)
{
	group_add(r, item, arg);
}

static bool variable_name_is_good(const char *name)
{
	return strlen(name) < MODEL_VARIABLE_MAX && isupper((unsigned char)name[0]) &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

static void add_variable(struct reader *r, const struct node *key, struct model_inspect *inspect)
{
	struct model_variable *variable;
	struct model_end end = {};

	if (!variable_name_is_good(key->text)) {
		reader_error(r, key, "as in DNS_SERVERS: [10.1.0.53]",
			     "a variable's name is of capital letters, digits and _");
		return;
	}
	if (strstr(key->text, "PORT")) {
		reader_error(r, key, "set them under vars in the engine's settings",
			     "variables of ports are the same for all bodies");
		return;
	}
	if (inspect->variable_cnt == VARIABLES_MAX) {
		reader_error(r, key, NULL, "more than %d variables", VARIABLES_MAX);
		return;
	}
	reader_each(r, key->value, add_prefix, &end);
	prefixes_tidy(&end);
	variable = end.prefix_cnt ? reader_push(r, &inspect->variables, &inspect->variable_cnt,
						sizeof(*variable))
				  : NULL;
	if (!variable) {
		free(end.prefixes);
		return;
	}
	memcpy(variable->name, key->text, strlen(key->text));
	variable->prefixes = end.prefixes;
	variable->prefix_cnt = end.prefix_cnt;
	variable->place = reader_place(key);
}

static void variables_free(struct model_inspect *inspect)
{
	for (size_t i = 0; i < inspect->variable_cnt; i++)
		free(inspect->variables[i].prefixes);
	free(inspect->variables);
	inspect->variables = NULL;
	inspect->variable_cnt = 0;
}

static void read_variables(struct reader *r, const struct node *value, const struct field *f,
			   void *member)
{
	struct model_inspect *inspect = member;

	variables_free(inspect);
	if (value->kind != NODE_MAP) {
		reader_error(r, value, "as in {DNS_SERVERS: [10.1.0.53]}",
			     "variables are names with addresses");
		return;
	}
	for (const struct node *key = value->first; key; key = key->next)
		add_variable(r, key, inspect);
}

#define PICKS(word, use)                                                                           \
	{                                                                                          \
		.name = (word), .read = read_picks,                                                \
		.offset = offsetof(struct model_inspect, picks[use])                               \
	}

/* member: the tenant, or the defaults */
void read_inspect(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const struct field fields[] = {
		{ .name = "rules", .read = read_sets },
		PICKS("disable", PICK_DISABLE),
		PICKS("alert", PICK_ALERT),
		PICKS("drop", PICK_DROP),
		PICKS("reject", PICK_REJECT),
		{ .name = "variables", .read = read_variables },
		{},
	};
	struct model_inspect *inspect = &((struct model_tenant *)member)->inspect;

	inspect->off = value->kind == NODE_SCALAR && value->plain && strcmp(value->text, "off") == 0;
	inspect->place = reader_place(value);
	if (!inspect->off)
		reader_map(r, value, fields, inspect);
}

void inspect_start(struct model_inspect *inspect)
{
	inspect->all = true;
}

/* Copies an array; *cnt is 0 where there was no memory. */
static void *array_copy(struct reader *r, const void *from, size_t size, size_t *cnt)
{
	size_t room = 1; /* as reader_push() grows it */
	void *to;

	if (!*cnt)
		return NULL;
	while (room < *cnt)
		room *= 2;
	to = reallocarray(NULL, room, size);
	if (to)
		return memcpy(to, from, *cnt * size);
	r->out_of_memory = true;
	*cnt = 0;
	return NULL;
}

void inspect_inherit(struct reader *r, const struct model_inspect *from, struct model_inspect *to)
{
	*to = *from;
	to->sets = array_copy(r, from->sets, sizeof(*to->sets), &to->set_cnt);
	for (int use = 0; use < PICK_CNT; use++)
		to->picks[use].at = array_copy(r, from->picks[use].at, sizeof(*to->picks[use].at),
					       &to->picks[use].cnt);
	to->variables = array_copy(r, from->variables, sizeof(*to->variables), &to->variable_cnt);
	for (size_t i = 0; i < to->variable_cnt; i++) {
		struct model_variable *v = &to->variables[i];

		v->prefixes = array_copy(r, v->prefixes, sizeof(*v->prefixes), &v->prefix_cnt);
	}
}

void inspect_free(struct model_inspect *inspect)
{
	free(inspect->sets);
	for (int use = 0; use < PICK_CNT; use++)
		free(inspect->picks[use].at);
	variables_free(inspect);
}

/* --- what comes to be inspected --- */

static bool names_inspect(const struct model_names *names)
{
	return names->on && names->taking_cnt[USE_INSPECT];
}

bool tenant_names_inspect(const struct model_tenant *tenant)
{
	bool inspects = names_inspect(&tenant->names);

	for (size_t i = 0; i < tenant->name_group_cnt; i++)
		inspects |= names_inspect(&tenant->name_groups[i].names);
	return inspects;
}

bool tenant_inspects(const struct model_tenant *tenant)
{
	for (size_t i = 0; i < tenant->rule_cnt; i++)
		if (tenant->rules[i].action == SEK_INSPECT)
			return true;
	return tenant->default_action[SEK_OUT] == SEK_INSPECT ||
	       tenant->default_action[SEK_IN] == SEK_INSPECT || tenant_names_inspect(tenant);
}
