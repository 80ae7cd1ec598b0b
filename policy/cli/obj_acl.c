/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho acl`: the rules in force, as they were understood.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/live.h"
#include "compile/spell.h"
#include "text/address.h"
#include "text/service.h"

static json_t *protos_json(const struct model_rule *rule)
{
	json_t *list = json_array();

	for (unsigned int p = 0; !rule->any_proto && p < 256; p++) {
		const char *name = proto_name((uint8_t)p);
		char number[8];

		if (!(rule->protos[p / 8] & 1u << p % 8))
			continue;
		snprintf(number, sizeof(number), "%u", p);
		json_array_append_new(list, json_string(name ? name : number));
	}
	return list;
}

static json_t *prefixes_json(const struct model_end *end)
{
	json_t *list = json_array();
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < end->prefix_cnt; i++)
		json_array_append_new(list, json_string(prefix_print(&end->prefixes[i], text)));
	return list;
}

static json_t *ports_json(const struct model_end *end)
{
	json_t *list = json_array();
	char text[16];

	for (size_t i = 0; i < end->port_cnt; i++) {
		if (end->ports[i].from == end->ports[i].to)
			snprintf(text, sizeof(text), "%u", end->ports[i].from);
		else
			snprintf(text, sizeof(text), "%u-%u", end->ports[i].from, end->ports[i].to);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *icmp_json(const struct model_rule *rule)
{
	json_t *list = json_array();
	char text[16];

	for (size_t i = 0; i < rule->icmp_cnt; i++) {
		if ((rule->icmp[i] & 0xff) == ICMP_ANY_CODE)
			snprintf(text, sizeof(text), "%d", rule->icmp[i] >> 8);
		else
			snprintf(text, sizeof(text), "%d/%d", rule->icmp[i] >> 8,
				 rule->icmp[i] & 0xff);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *place_json(const struct place *place)
{
	char text[512];

	if (!place->line)
		return json_string("");
	snprintf(text, sizeof(text), "%s:%u", place->file ? place->file : "?", place->line);
	return print_string(text);
}

static json_t *rule_json(const struct model_tenant *tenant, uint16_t number)
{
	const struct model_rule *rule = &tenant->rules[number];

	return json_pack("{s:s, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o}",
			 "tenant", tenant->name, "n", number, "rule",
			 print_string(policy_rule_name(tenant, number)), "dir",
			 rule->dir == SEK_OUT ? "out" : "in", "proto", protos_json(rule), "src",
			 prefixes_json(&rule->src), "sport", ports_json(&rule->src), "dst",
			 prefixes_json(&rule->dst), "dport", ports_json(&rule->dst), "icmp",
			 icmp_json(rule), "action", spell_action(rule->action), "log", rule->log,
			 "place", place_json(&rule->place), "comment",
			 print_string(rule->comment ? rule->comment : ""));
}

/* The two rules behind all others. */
static json_t *default_json(const struct model_tenant *tenant, enum sek_dir dir)
{
	uint16_t number = (uint16_t)(tenant->rule_cnt + dir);

	return json_pack(
		"{s:s, s:i, s:s, s:s, s:[], s:[], s:[], s:[], s:[], s:[], s:s, s:b, s:o, s:s}",
		"tenant", tenant->name, "n", number, "rule", policy_rule_name(tenant, number),
		"dir", dir == SEK_OUT ? "out" : "in", "proto", "src", "sport", "dst", "dport",
		"icmp", "action", spell_action(tenant->default_action[dir]), "log",
		tenant->default_log[dir], "place", place_json(&tenant->place), "comment", "");
}

static json_t *rules_json(const struct policy *policy)
{
	json_t *rules = json_array();

	for (size_t t = 0; t < policy->tenant_cnt; t++) {
		const struct model_tenant *tenant = &policy->tenants[t];

		for (size_t r = 0; r < tenant->rule_cnt; r++)
			json_array_append_new(rules, rule_json(tenant, (uint16_t)r));
		json_array_append_new(rules, default_json(tenant, SEK_OUT));
		json_array_append_new(rules, default_json(tenant, SEK_IN));
	}
	return json_pack("{s:o}", "rules", rules);
}

/* The policy in force, or of a file that was named. */
static int read_policy(struct cli *cli, const char *path, struct policy **ret_policy)
{
	struct policy *policy = NULL;
	json_t *entry = NULL;
	const char *text, *from;
	struct diag diag;
	int ret = path ? CLI_OK : live_policy(cli, 0, &entry);

	if (ret != CLI_OK)
		return ret;
	diag_init(&diag);
	text = json_string_value(json_object_get(entry, "text"));
	from = json_string_value(json_object_get(entry, "path"));
	if (path)
		policy = policy_read(path, &diag);
	else if (text)
		policy = policy_parse(text, strlen(text), from ? from : "policy", NULL, &diag);
	if (!policy)
		ret = cli_fail(cli, CLI_FAILED, &diag, "%s cannot be read",
			       path ? path : "the policy in force");
	else
		*ret_policy = policy;
	diag_free(&diag);
	json_decref(entry);
	return ret;
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },   { "n", "N", COLUMN_COUNT },
		{ "rule", "RULE", COLUMN_TEXT },       { "dir", "DIR", COLUMN_TEXT },
		{ "action", "ACTION", COLUMN_TEXT },   { "proto", "PROTO", COLUMN_TEXT },
		{ "src", "SOURCE", COLUMN_TEXT },      { "sport", "PORT", COLUMN_TEXT },
		{ "dst", "DESTINATION", COLUMN_TEXT }, { "dport", "PORT", COLUMN_TEXT },
		{ "icmp", "ICMP", COLUMN_TEXT },       { "log", "LOG", COLUMN_TEXT },
		{ "place", "PLACE", COLUMN_TEXT },     { "comment", "COMMENT", COLUMN_TEXT },
	};
	static const struct view view = VIEW("rules", columns, "There is no rule.");
	struct policy *policy = NULL;
	json_t *result;
	int ret = read_policy(cli, cli_arg(args, "policy"), &policy);

	if (ret != CLI_OK)
		return ret;
	result = rules_json(policy);
	policy_free(policy);
	return live_print_kept(cli, args, result, "tenant", &view);
}

static const struct cli_command commands[] = {
	{ "show",
	  "rules in the order in which they are asked, the two defaults last",
	  show,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" } } },
	{ 0 },
};

const struct cli_object object_acl = {
	.name = "acl",
	.summary = "firewall rules in force, with place and comment",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho acl show tenant saga                     rules of Saga city that are in force\n"
		 "  sekisho acl show tenant saga policy saga.yaml    those of a file that is not yet\n"
		 "The first rule that fits decides; '-' fits everything.\n"
		 "The tenant 'host' is the gateway itself.\n",
};
