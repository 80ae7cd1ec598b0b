/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho policy preview`. Reads files only; asks the agent for nothing but where in a former
 * policy a rule stood and what tenants have decided of names, and does without when it does not answer.
 */
#include "cli/preview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/amend.h"
#include "cli/candidate.h"
#include "cli/live.h"
#include "install/state.h"
#include "lists/parallel.h"
#include "preview/past.h"
#include "sekisho/event.h"
#include "text/counted.h"
#include "text/quantity.h"
#include "text/service.h"

#define SECOND_NS 1000000000ull
#define TELL_NS 200000000ull /* between two lines of progress */
#define SHOWN_MAX 50 /* changes in the table; -j has all */
#define FORMER_MAX 64 /* generations whose policies are looked at */

/* A policy of before, for the places of its rules. */
struct former {
	uint32_t generation;
	struct policy *policy; /* NULL: nobody has it */
};

struct view_of_past {
	struct cli *cli;
	const char *path; /* of the candidate */
	const char *records;
	const struct policy *policy;
	struct candidate lists;
	time_t since; /* 0: all */
	struct past_figures figures;
	uint64_t told_ns;
	bool told;
	struct former former[FORMER_MAX];
	size_t former_cnt;
};

/* --- progress --- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static void progress_tell(void *arg, uint64_t bytes, uint64_t lines)
{
	struct view_of_past *v = arg;
	uint64_t now = now_ns(), all = v->figures.bytes ? v->figures.bytes : 1;

	if (now - v->told_ns < TELL_NS)
		return;
	v->told_ns = now;
	v->told = true;
	fprintf(v->cli->err, "\r%3u %%  %llu records", (unsigned int)(bytes * 100 / all),
		(unsigned long long)lines);
	fflush(v->cli->err);
}

static void progress_end(struct view_of_past *v)
{
	if (v->told)
		fprintf(v->cli->err, "\r%40s\r", "");
}

/* --- the result --- */

/* The policy of a generation, parsed once; NULL when nobody has it. */
static const struct policy *former_policy(struct view_of_past *v, uint32_t generation)
{
	struct former *former = &v->former[v->former_cnt];
	const char *text, *path;
	struct diag diag;
	json_t *entry;

	for (size_t i = 0; i < v->former_cnt; i++)
		if (v->former[i].generation == generation)
			return v->former[i].policy;
	if (v->former_cnt == FORMER_MAX || !generation)
		return NULL;
	v->former_cnt++;
	former->generation = generation;
	entry = live_policy_past(v->cli, generation);
	text = json_string_value(json_object_get(entry, "text"));
	path = json_string_value(json_object_get(entry, "path"));
	diag_init(&diag);
	if (text)
		former->policy =
			policy_parse(text, strlen(text), path ? path : "policy", NULL, &diag);
	diag_free(&diag);
	json_decref(entry);
	return former->policy;
}

static json_t *place_json(const struct place *place)
{
	char text[512] = "";

	if (place && place->line)
		snprintf(text, sizeof(text), "%s:%u", place->file ? place->file : "?", place->line);
	return print_string(text);
}

/* Where a rule of that name stood; the two defaults stand with their tenant. */
static json_t *then_place(struct view_of_past *v, const struct tally_group *group)
{
	const struct policy *policy = group->rule[0] ? former_policy(v, group->generation) : NULL;
	const struct model_tenant *tenant = policy ? policy_tenant(policy, group->tenant) : NULL;

	for (size_t r = 0; tenant && r < tenant->rule_cnt + 2; r++)
		if (!strcmp(policy_rule_name(tenant, (uint16_t)r), group->rule))
			return place_json(policy_rule_place(tenant, (uint16_t)r));
	return place_json(NULL);
}

/* Of the list that decides, or the rule. */
static json_t *now_place(const struct view_of_past *v, const struct tally_group *group)
{
	const struct model_tenant *tenant = group->now_tenant;
	const struct model_name_list *names;
	const struct model_list *list;

	if (group->now.list) {
		list = policy_list(v->policy, group->now.list);
		names = policy_name_list(v->policy, group->now.list);
		return place_json(list ? &list->place : names ? &names->place : NULL);
	}
	if (group->kind == RECORD_NAME)
		return place_json(NULL);
	return place_json(tenant ? policy_rule_place(tenant, group->now.rule) : NULL);
}

static json_t *example_json(const struct tally_example *example)
{
	char src[PREFIX_TEXT_MAX], dst[PREFIX_TEXT_MAX], number[8];
	const char *proto = proto_name(example->proto);
	json_t *json;

	snprintf(number, sizeof(number), "%u", example->proto);
	json = json_pack("{s:s, s:s, s:s, s:s}", "time", example->time, "proto",
			 proto ? proto : number, "src", address_print(&example->src, src), "dst",
			 address_print(&example->dst, dst));
	if (proto_has_ports(example->proto)) {
		json_object_set_new(json, "sport", json_integer(example->sport));
		json_object_set_new(json, "dport", json_integer(example->dport));
	}
	if (example->name[0])
		json_object_set_new(json, "name", print_string(example->name));
	return json;
}

static json_t *examples_json(const struct tally_group *group)
{
	json_t *list = json_array();

	for (size_t i = 0; i < group->example_cnt; i++)
		json_array_append_new(list, example_json(&group->examples[i]));
	return list;
}

static const char *kind_word(enum record_kind kind)
{
	return kind == RECORD_FLOW ? "flow" : kind == RECORD_NAME ? "name" : "packet";
}

static json_t *change_json(struct view_of_past *v, const struct tally_group *group, size_t n)
{
	const char *now_rule = "";

	if (group->now_tenant && group->now.rule != SEK_NO_RULE)
		now_rule = policy_rule_name(group->now_tenant, group->now.rule);
	return json_pack(
		"{s:I, s:o, s:s, s:s, s:I, s:I, s:{s:s, s:o, s:o, s:o, s:I}, s:{s:s, s:s, s:s, s:o}, s:o}",
		"n", (json_int_t)n, "tenant", print_string(group->tenant), "of",
		kind_word(group->kind), "change", group->now.passes ? "opened" : "blocked",
		"records", (json_int_t)group->sum.cnt, "bytes", (json_int_t)group->sum.bytes, "then",
		"reason", group->reason[0] ? group->reason : state_reason_name(SEK_R_accepted),
		"rule", print_string(group->rule), "list", print_string(group->list), "place",
		then_place(v, group), "generation", (json_int_t)group->generation, "now", "reason",
		state_reason_name((uint8_t)group->now.reason), "rule", now_rule, "list",
		group->now.list ? group->now.list : "", "place", now_place(v, group), "examples",
		examples_json(group));
}

static json_t *tenant_json(const struct tally_tenant *tenant)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "tenant",
			 print_string(tenant->name), "flows", (json_int_t)tenant->flows.cnt, "bytes",
			 (json_int_t)tenant->flows.bytes, "blocked", (json_int_t)tenant->blocked.cnt,
			 "blocked_bytes", (json_int_t)tenant->blocked.bytes, "refusals",
			 (json_int_t)tenant->refusals.cnt, "opened", (json_int_t)tenant->opened.cnt,
			 "names", (json_int_t)tenant->names.cnt, "names_blocked",
			 (json_int_t)tenant->names_blocked.cnt, "names_opened",
			 (json_int_t)tenant->names_opened.cnt);
}

static json_t *read_json(const struct view_of_past *v, const struct tally *tally)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "files",
			 (json_int_t)v->figures.files, "bytes", (json_int_t)v->figures.bytes,
			 "records", (json_int_t)tally->lines, "unreadable",
			 (json_int_t)tally->unreadable, "before", (json_int_t)tally->before,
			 "other", (json_int_t)tally->other + (json_int_t)tally->foreign,
			 "undecided", (json_int_t)tally->undecided, "by_list",
			 (json_int_t)tally->by_list, "unsure", (json_int_t)tally->unsure, "missing",
			 (json_int_t)tally->missing, "beyond", (json_int_t)tally->beyond,
			 "files_not_read", (json_int_t)v->figures.strange);
}

static json_t *result_json(struct view_of_past *v, const struct tally *tally)
{
	json_t *tenants = json_array(), *changes = json_array();

	for (size_t i = 0; i < tally->tenant_cnt; i++)
		json_array_append_new(tenants, tenant_json(&tally->tenants[i]));
	for (size_t i = 0; i < tally->group_cnt; i++)
		json_array_append_new(changes, change_json(v, &tally->groups[i], i + 1));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "file", print_string(v->path),
			 "records", print_string(v->records), "since",
			 v->since ? json_integer(v->since) : json_null(), "read", read_json(v, tally),
			 "lists", candidate_json(&v->lists), "tenants", tenants, "changes", changes);
}

/* --- for people --- */

static void say_tables(struct cli *cli, const json_t *result)
{
	static const struct column sums[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },
		{ "flows", "FLOWS", COLUMN_COUNT },
		{ "bytes", "BYTES", COLUMN_BYTES },
		{ "blocked", "BLOCKED", COLUMN_COUNT },
		{ "blocked_bytes", "BYTES", COLUMN_BYTES },
		{ "refusals", "REFUSALS", COLUMN_COUNT },
		{ "opened", "OPENED", COLUMN_COUNT },
		{ "names", "NAMES", COLUMN_COUNT },
		{ "names_blocked", "BLOCKED", COLUMN_COUNT },
		{ "names_opened", "OPENED", COLUMN_COUNT },
	};
	static const struct column columns[] = {
		{ "n", "N", COLUMN_COUNT },
		{ "tenant", "TENANT", COLUMN_TEXT },
		{ "of", "OF", COLUMN_TEXT },
		{ "change", "CHANGE", COLUMN_TEXT },
		{ "records", "RECORDS", COLUMN_COUNT },
		{ "bytes", "BYTES", COLUMN_BYTES },
		{ "then.reason", "THEN", COLUMN_TEXT },
		{ "then.rule", "RULE", COLUMN_TEXT },
		{ "then.list", "LIST", COLUMN_TEXT },
		{ "then.place", "PLACE", COLUMN_TEXT },
		{ "now.reason", "NOW", COLUMN_TEXT },
		{ "now.rule", "RULE", COLUMN_TEXT },
		{ "now.list", "LIST", COLUMN_TEXT },
		{ "now.place", "PLACE", COLUMN_TEXT },
	};
	static const struct column examples[] = {
		{ "n", "N", COLUMN_COUNT },	   { "time", "EXAMPLE, UTC", COLUMN_TEXT },
		{ "proto", "PROTO", COLUMN_TEXT }, { "src", "SOURCE", COLUMN_TEXT },
		{ "sport", "PORT", COLUMN_TEXT },  { "dst", "DESTINATION", COLUMN_TEXT },
		{ "dport", "PORT", COLUMN_TEXT },  { "name", "NAME", COLUMN_TEXT },
	};
	static const struct view of_tenants =
		VIEW("tenants", sums, "No flow, no refusal and no name is in the records.");
	static const struct view of_changes = VIEW("changes", columns, "Nothing would change.");
	static const struct view of_examples = VIEW("examples", examples, "");

	print_view(cli->out, result, &of_tenants);
	fputc('\n', cli->out);
	print_view(cli->out, result, &of_changes);
	if (!json_array_size(json_object_get(result, "examples")))
		return;
	fputc('\n', cli->out);
	print_view(cli->out, result, &of_examples);
}

/* Cuts the changes to what a table bears, and gathers their examples behind them. */
static void table_make(json_t *result)
{
	json_t *changes = json_object_get(result, "changes"), *all = json_array(), *change, *example;
	size_t i, k;

	while (json_array_size(changes) > SHOWN_MAX)
		json_array_remove(changes, json_array_size(changes) - 1);
	json_array_foreach(changes, i, change)
		json_array_foreach(json_object_get(change, "examples"), k, example) {
			json_object_set(example, "n", json_object_get(change, "n"));
			json_array_append(all, example);
		}
	json_object_set_new(result, "examples", all);
}

static void note_count(struct cli *cli, uint64_t cnt, const char *noun, const char *what)
{
	if (cnt)
		cli_note(cli, "%s %s", COUNTED(cnt, noun), what);
}

/* What of the lists could not be asked. */
static void say_lists(struct cli *cli, const json_t *lists)
{
	json_int_t expressions = json_integer_value(json_object_get(lists, "expressions"));
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(lists, "unknown"), i, name)
		cli_note(cli,
			 "what list %s holds is not known here: what passed it is taken to pass, and what it "
			 "refused to stay refused where its tenant still takes it",
			 json_string_value(name));
	if (expressions)
		cli_note(cli,
			 "%s of lists not asked: what they would match now is not in the figures",
			 COUNTED(expressions, "regular expression"));
	if (json_is_false(json_object_get(lists, "overrides")))
		cli_note(cli,
			 "what tenants have decided of names (url override) is not known: no agent "
			 "answers");
}

/* What the figures do not hold. */
static void say_notes(const struct view_of_past *v, const struct tally *tally, const json_t *lists)
{
	struct cli *cli = v->cli;

	note_count(cli, tally->unreadable, "line", "left out: no record");
	note_count(cli, tally->missing, "record",
		   "of the time never written (a flood, a full ring): the truth is more");
	note_count(cli, v->figures.strange, "file",
		   "beside the records not read, for another name, a packed one perhaps");
	note_count(cli, tally->beyond, "record",
		   "would change in more ways than are told apart, and is in no change");
	note_count(cli, tally->undecided, "refusal",
		   "for state, quotas, rates, bad packets or hidden names, which no rule and no list "
		   "decides");
	if (!cli->json && tally->group_cnt > SHOWN_MAX)
		note_count(cli, tally->group_cnt - SHOWN_MAX, "change", "more: -j shows all");
	note_count(cli, tally->unsure, "record",
		   "taken to stay as they were: what would decide them is not known here (an override, an "
		   "alias, a regular expression, a list without a copy, a name that is not told)");
	say_lists(cli, lists);
}

static int say(struct view_of_past *v, const struct tally *tally)
{
	struct cli *cli = v->cli;
	json_t *result = result_json(v, tally);
	int ret = CLI_OK;

	if (!result)
		return cli_fail(cli, CLI_FAILED, NULL, "no memory for the result");
	if (cli->json) {
		print_json(cli->out, result, cli->pretty);
	} else {
		table_make(result);
		say_tables(cli, result);
		fflush(cli->out);
	}
	say_notes(v, tally, json_object_get(result, "lists"));
	json_decref(result);
	return ret;
}

/* --- the run --- */

/* "7d" before now. CLI_OK, or CLI_USAGE with the words said. */
static int read_since(struct cli *cli, const char *text, time_t *ret_since)
{
	uint64_t ns = 0;
	time_t now = time(NULL);

	if (!text)
		return CLI_OK;
	if (quantity_parse_time(text, &ns) < 0 || ns / SECOND_NS == 0 ||
	    ns / SECOND_NS >= (uint64_t)now)
		return cli_fail(cli, CLI_USAGE, NULL,
				"'since %s' is no time: write 12h, 7d or 1d12h, back from now", text);
	*ret_since = now - (time_t)(ns / SECOND_NS);
	return CLI_OK;
}

static struct tally *read_past(struct view_of_past *v, const struct image *image,
			       const char *tenant, struct diag *diag)
{
	const struct past_progress progress = { progress_tell, v };
	struct tally_filter filter = { .tenant = tenant };
	const struct judge_lists lists = candidate_lists(&v->lists);
	struct judge *judge = judge_new(v->policy, image, &lists);
	char since[RECORD_TIME_LEN + 1];
	struct tally *tally = NULL;
	struct past *past = NULL;
	struct tm tm;

	if (v->since) {
		gmtime_r(&v->since, &tm);
		strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%S.000000", &tm);
		filter.since = since;
	}
	if (!judge)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "out of memory");
	else if (!past_open(v->records, v->since, &past, &v->figures, diag))
		tally = past_read(past, judge, &filter, parallel_cpus(),
				  isatty(fileno(v->cli->err)) ? &progress : NULL, diag);
	progress_end(v);
	past_close(past);
	judge_free(judge);
	return tally;
}

int preview(struct cli *cli, const struct cli_args *args)
{
	const char *tenant = cli_arg(args, "tenant"), *records = cli_arg(args, "records");
	struct view_of_past v = { .cli = cli,
				  .path = cli_arg(args, "file"),
				  .records = records ? records : cli->eve };
	struct policy *policy = NULL;
	struct image *image = NULL;
	struct tally *tally;
	struct diag diag;
	int ret = read_since(cli, cli_arg(args, "since"), &v.since);

	if (ret != CLI_OK)
		return ret;
	diag_init(&diag);
	ret = amend_read(cli, v.path, &diag, &policy, &image);
	if (ret == CLI_OK)
		ret = candidate_open(cli, policy, &v.lists);
	if (ret == CLI_OK) {
		v.policy = policy;
		tally = read_past(&v, image, tenant, &diag);
		if (!tally)
			ret = cli_fail(cli, CLI_FAILED, &diag, "%s cannot be read", v.records);
		else if (tenant && !tally->tenant_cnt && !policy_tenant(policy, tenant))
			ret = cli_fail(cli, CLI_FAILED, NULL,
				       "neither %s nor the records know a tenant '%s'", v.path,
				       tenant);
		else
			ret = say(&v, tally);
		tally_free(tally);
	}
	for (size_t i = 0; i < v.former_cnt; i++)
		policy_free(v.former[i].policy);
	candidate_close(&v.lists);
	policy_free(policy);
	image_free(image);
	diag_free(&diag);
	return ret;
}
