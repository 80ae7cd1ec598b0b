/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho acl`: the rules in force, as they were understood, how often each decided, and those
 * that never did or never can.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/live.h"
#include "compile/spell.h"
#include "install/state.h"
#include "prove/prove.h"
#include "text/address.h"
#include "text/counted.h"
#include "text/quantity.h"
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

static json_t *peek_hits(const struct gate *gate, const struct policy *policy, const json_t *params,
			 struct diag *diag)
{
	return state_rule_hits(gate, policy, diag);
}

static int read_file(struct cli *cli, const char *path, struct policy **ret_policy)
{
	struct diag diag;
	int ret = CLI_OK;

	diag_init(&diag);
	*ret_policy = policy_read(path, &diag);
	if (!*ret_policy)
		ret = cli_fail(cli, CLI_FAILED, &diag, "%s cannot be read", path);
	diag_free(&diag);
	return ret;
}

/* The policy of a generation; 0: that in force. */
static int read_live(struct cli *cli, uint32_t generation, struct policy **ret_policy)
{
	json_t *entry = NULL;
	const char *text, *from;
	struct diag diag;
	int ret = live_policy(cli, generation, &entry);

	if (ret != CLI_OK)
		return ret;
	diag_init(&diag);
	text = json_string_value(json_object_get(entry, "text"));
	from = json_string_value(json_object_get(entry, "path"));
	if (text)
		*ret_policy = policy_parse(text, strlen(text), from ? from : "policy", NULL, &diag);
	if (!*ret_policy)
		ret = cli_fail(cli, CLI_FAILED, &diag, "the policy in force cannot be read");
	diag_free(&diag);
	json_decref(entry);
	return ret;
}

/* The hits of all rules, and the policy that they are of. */
static int read_hits(struct cli *cli, json_t **ret_hits, struct policy **ret_policy)
{
	json_t *hits = NULL;
	int ret = live_read(cli, "acl.hits", json_object(), peek_hits, &hits);

	if (ret == CLI_OK)
		ret = read_live(cli,
				(uint32_t)json_integer_value(json_object_get(hits, "generation")),
				ret_policy);
	if (ret == CLI_OK)
		*ret_hits = hits;
	else
		json_decref(hits);
	return ret;
}

/* Rules and hits are of one policy, so they stand in one order. */
static void hits_join(json_t *rules, const json_t *hits)
{
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(rules, "rules"), i, rule) {
		const json_t *hit = json_array_get(json_object_get(hits, "rules"), i);

		if (!json_equal(json_object_get(hit, "tenant"), json_object_get(rule, "tenant")) ||
		    !json_equal(json_object_get(hit, "n"), json_object_get(rule, "n")))
			continue;
		json_object_set(rule, "hits", json_object_get(hit, "hits"));
		json_object_set(rule, "last", json_object_get(hit, "last"));
		json_object_set(rule, "since", json_object_get(hit, "since"));
	}
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },   { "n", "N", COLUMN_COUNT },
		{ "rule", "RULE", COLUMN_TEXT },       { "dir", "DIR", COLUMN_TEXT },
		{ "action", "ACTION", COLUMN_TEXT },   { "hits", "HITS", COLUMN_COUNT },
		{ "last", "LAST HIT", COLUMN_TIME },   { "proto", "PROTO", COLUMN_TEXT },
		{ "src", "SOURCE", COLUMN_TEXT },      { "sport", "PORT", COLUMN_TEXT },
		{ "dst", "DESTINATION", COLUMN_TEXT }, { "dport", "PORT", COLUMN_TEXT },
		{ "icmp", "ICMP", COLUMN_TEXT },       { "log", "LOG", COLUMN_TEXT },
		{ "place", "PLACE", COLUMN_TEXT },     { "comment", "COMMENT", COLUMN_TEXT },
	};
	static const struct view view = VIEW("rules", columns, "There is no rule.");
	const char *path = cli_arg(args, "policy");
	struct policy *policy = NULL;
	json_t *result, *hits = NULL;
	int ret = path ? read_file(cli, path, &policy) : read_hits(cli, &hits, &policy);

	if (ret != CLI_OK)
		return ret;
	result = rules_json(policy);
	hits_join(result, hits);
	json_decref(hits);
	policy_free(policy);
	return live_print_kept(cli, args, result, "tenant", &view);
}

/* Is there such a tenant? NULL: all are meant. */
static int check_tenant(struct cli *cli, const struct policy *policy, const char *name)
{
	if (!name || policy_tenant(policy, name))
		return CLI_OK;
	return cli_fail(cli, CLI_FAILED, NULL,
			"there is no tenant '%s'; 'sekisho tenant' shows them", name);
}

/* --- rules that never decided --- */

/* "2026-11-01", or how long ago: "7d". 0 and seconds since 1970, or CLI_USAGE with the words said. */
static int read_since(struct cli *cli, const char *text, time_t *ret_time)
{
	uint64_t ago_ns;
	struct tm tm = { .tm_isdst = -1 };
	const char *end;

	if (!quantity_parse_time(text, &ago_ns)) {
		*ret_time = time(NULL) - (time_t)(ago_ns / 1000000000);
		return 0;
	}
	end = strptime(text, "%Y-%m-%d", &tm);
	if (!end || *end)
		return cli_fail(cli, CLI_USAGE, NULL,
				"since '%.40s' is no day as in 2026-11-01, nor a time as in 7d",
				text);
	*ret_time = mktime(&tm);
	return 0;
}

/* Takes out what was hit since; `since` 0: ever. Returns how many are counted for less long. */
static size_t keep_unused(json_t *result, const struct policy *policy, const char *tenant,
			  time_t since)
{
	json_t *rules = json_object_get(result, "rules");
	size_t young = 0;

	for (size_t i = json_array_size(rules); i-- > 0;) {
		json_t *rule = json_array_get(rules, i);
		const char *name = json_string_value(json_object_get(rule, "tenant"));
		const struct model_tenant *of = policy_tenant(policy, name ? name : "");
		json_int_t n = json_integer_value(json_object_get(rule, "n"));
		json_int_t last = json_integer_value(json_object_get(rule, "last"));

		if (!of || n >= (json_int_t)of->rule_cnt || (tenant && strcmp(tenant, name) != 0) ||
		    (last && last >= since))
			json_array_remove(rules, i);
		else
			young += json_integer_value(json_object_get(rule, "since")) > since;
	}
	return young;
}

static int unused(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT }, { "n", "N", COLUMN_COUNT },
		{ "rule", "RULE", COLUMN_TEXT },     { "dir", "DIR", COLUMN_TEXT },
		{ "action", "ACTION", COLUMN_TEXT }, { "hits", "HITS", COLUMN_COUNT },
		{ "last", "LAST HIT", COLUMN_TIME }, { "since", "COUNTED SINCE", COLUMN_TIME },
		{ "place", "PLACE", COLUMN_TEXT },   { "comment", "COMMENT", COLUMN_TEXT },
	};
	static const struct view view = VIEW("rules", columns, "Every rule was hit.");
	const char *tenant = cli_arg(args, "tenant"), *text = cli_arg(args, "since");
	struct policy *policy = NULL;
	json_t *result, *hits = NULL;
	time_t since = 0;
	size_t young;
	int ret = text ? read_since(cli, text, &since) : CLI_OK;

	if (ret == CLI_OK)
		ret = read_hits(cli, &hits, &policy);
	if (ret == CLI_OK)
		ret = check_tenant(cli, policy, tenant);
	if (ret == CLI_OK) {
		result = rules_json(policy);
		hits_join(result, hits);
		young = keep_unused(result, policy, tenant, text ? since : 0);
		if (text && young)
			cli_note(cli,
				 "%zu of these rules are counted for less long: see COUNTED SINCE",
				 young);
		ret = live_print(cli, result, &view);
	}
	json_decref(hits);
	policy_free(policy);
	return ret;
}

/* --- rules that never can --- */

struct finding {
	json_t *rules;
	const char *tenant; /* NULL: all */
};

static void shadow_found(const struct shadow *shadow, void *arg)
{
	const struct model_rule *rule = &shadow->tenant->rules[shadow->rule];
	struct finding *f = arg;
	json_t *by = json_array();

	if (f->tenant && strcmp(f->tenant, shadow->tenant->name) != 0) {
		json_decref(by);
		return;
	}
	for (size_t i = 0; i < shadow->taker_cnt && i < TAKERS_MAX; i++)
		json_array_append_new(
			by, json_string(policy_rule_name(shadow->tenant, shadow->takers[i])));
	json_array_append_new(
		f->rules,
		json_pack("{s:s, s:i, s:o, s:s, s:s, s:s, s:o, s:I, s:o, s:o}", "tenant",
			  shadow->tenant->name, "n", shadow->rule, "rule", print_string(rule->name),
			  "dir", rule->dir == SEK_OUT ? "out" : "in", "action",
			  spell_action(rule->action), "why",
			  shadow->foreign ? "foreign" : "covered", "by", by, "by_cnt",
			  (json_int_t)shadow->taker_cnt, "place", place_json(&rule->place),
			  "comment", print_string(rule->comment ? rule->comment : "")));
}

static int find_shadowed(struct cli *cli, const struct policy *policy, struct finding *finding)
{
	struct image *image;
	struct diag diag;
	size_t open = 0;
	int ret = CLI_OK;

	diag_init(&diag);
	image = image_compile(policy, &diag);
	if (!image)
		ret = cli_fail(cli, CLI_FAILED, &diag, "the policy cannot be compiled");
	else if (shadows_find(policy, image, shadow_found, finding, &open))
		ret = cli_fail(cli, CLI_FAILED, NULL, "no memory");
	if (ret == CLI_OK && open)
		cli_note(cli, "of %s it was not found out: too entangled", COUNTED(open, "rule"));
	image_free(image);
	diag_free(&diag);
	return ret;
}

static int shadowed(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },   { "n", "N", COLUMN_COUNT },
		{ "rule", "RULE", COLUMN_TEXT },       { "dir", "DIR", COLUMN_TEXT },
		{ "action", "ACTION", COLUMN_TEXT },   { "why", "WHY", COLUMN_TEXT },
		{ "by", "COVERED BY", COLUMN_TEXT },   { "place", "PLACE", COLUMN_TEXT },
		{ "comment", "COMMENT", COLUMN_TEXT },
	};
	static const struct view view = VIEW("rules", columns, "Every rule can match.");
	const char *path = cli_arg(args, "policy");
	struct finding finding = { json_array(), cli_arg(args, "tenant") };
	struct policy *policy = NULL;
	int ret = path ? read_file(cli, path, &policy) : read_live(cli, 0, &policy);

	if (ret == CLI_OK)
		ret = check_tenant(cli, policy, finding.tenant);
	if (ret == CLI_OK)
		ret = find_shadowed(cli, policy, &finding);
	policy_free(policy);
	if (ret == CLI_OK)
		return live_print(cli, json_pack("{s:o}", "rules", finding.rules), &view);
	json_decref(finding.rules);
	return ret;
}

static const struct cli_command commands[] = {
	{ "show",
	  "rules in the order in which they are asked, the two defaults last, and their hits",
	  show,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" } } },
	{ "unused",
	  "rules in force that were never hit, or not since a day or for a time",
	  unused,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "since", .kind = CLI_KEY, .value = "DAY|TIME" } } },
	{ "shadowed",
	  "rules that can never match, and the rules before them that take their packets",
	  shadowed,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" } } },
	{ 0 },
};

const struct cli_object object_acl = {
	.name = "acl",
	.summary = "firewall rules in force, their hits, and those that never match",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho acl show tenant saga                     rules of Saga city that are in force\n"
		 "  sekisho acl show tenant saga policy saga.yaml    those of a file that is not yet\n"
		 "  sekisho acl unused since 30d                     not hit for thirty days\n"
		 "  sekisho acl unused since 2026-11-01              not since that day\n"
		 "  sekisho acl shadowed policy saga.yaml            earlier rules take all their packets\n"
		 "The first rule that fits decides; '-' fits everything. A hit is a first packet of a flow,\n"
		 "or one that was refused. A rule that stays the same keeps its hits over changes.\n"
		 "The tenant 'host' is the gateway itself.\n",
};
