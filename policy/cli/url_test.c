/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho url test`: a log of requests against what a list or a policy that is not in force yet would
 * do. Reads files only, and asks the agent for nothing but the policy in force.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/live.h"
#include "cli/url.h"
#include "lists/parallel.h"
#include "text/counted.h"
#include "weblog/read.h"

#define TELL_NS 200000000ULL /* between two lines of progress */
#define NAMES_USUAL 20

/* One run of the command. */
struct testing {
	struct cli *cli;
	const struct cli_args *args;
	struct policy *policies[2]; /* before, after; the second NULL: the same */
	struct name_book *books[2]; /* the same way */
	struct weblog_sides sides;
	uint64_t limit;
	uint64_t told_ns;
	bool told;
};

/* --- progress --- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void progress_tell(void *arg, uint64_t bytes, uint64_t lines)
{
	struct testing *t = arg;
	uint64_t now = now_ns();

	if (now - t->told_ns < TELL_NS)
		return;
	t->told_ns = now;
	t->told = true;
	fprintf(t->cli->err, "\r%llu MiB  %llu lines", (unsigned long long)(bytes >> 20),
		(unsigned long long)lines);
	fflush(t->cli->err);
}

/* --- what is held against what --- */

static const struct policy *policy_after(const struct testing *t)
{
	return t->policies[1] ? t->policies[1] : t->policies[0];
}

static struct name_book *book_after(const struct testing *t)
{
	return t->books[1] ? t->books[1] : t->books[0];
}

/*
 * A list is tried under one policy: that of the file, else the one in force. A policy is tried against the
 * one in force.
 */
static int policies_find(struct testing *t)
{
	const char *file = cli_arg(t->args, "policy");
	bool list = cli_has(t->args, "list");
	int status;

	if (!list && (cli_has(t->args, "as") || cli_has(t->args, "format")))
		return cli_fail(t->cli, CLI_USAGE, NULL,
				"'as' and 'format' are of a list: list FILE");
	status = url_policy(t->cli, list ? file : NULL, &t->policies[0]);
	if (status == CLI_OK && file && !list)
		status = url_policy(t->cli, file, &t->policies[1]);
	return status;
}

static int books_open(struct testing *t, struct diag *diag)
{
	const char *file = cli_arg(t->args, "policy");
	char kept[CLI_PATH_MAX];
	struct name_book_options options = {
		.kept = url_kept(t->cli, kept),
		.kept_first = !(file && cli_has(t->args, "list")),
		.candidate = cli_arg(t->args, "list"),
		.format = cli_arg(t->args, "format"),
		.stands_for = cli_arg(t->args, "as"),
	};
	int err = name_book_open(t->policies[0], &options, &t->books[0], diag);

	options.kept_first = false;
	if (!err && t->policies[1])
		err = name_book_open(t->policies[1], &options, &t->books[1], diag);
	return err ? cli_fail(t->cli, CLI_FAILED, diag, "the lists cannot be looked through")
		   : CLI_OK;
}

/* The tenant and the group of both sides, and the time. */
static int sides_make(struct testing *t, struct diag *diag)
{
	struct name_words words = { .what = "name.invalid",
				    .tenant = cli_arg(t->args, "tenant"),
				    .group = cli_arg(t->args, "group"),
				    .at = cli_arg(t->args, "at") };
	struct name_question *q = malloc(2 * sizeof(*q));
	bool list = cli_has(t->args, "list");
	int status = CLI_OK;

	if (!q)
		return cli_fail(t->cli, CLI_FAILED, NULL, "no memory");
	if (name_question_read(t->policies[0], &words, time(NULL), &q[0], diag) ||
	    name_question_read(policy_after(t), &words, time(NULL), &q[1], diag)) {
		status = cli_fail(t->cli, CLI_USAGE, diag, "that says nothing of whose log it is");
	} else if (name_side_make(t->books[0], q[0].tenant, false, &t->sides.before) ||
		   name_side_make(book_after(t), q[1].tenant, list, &t->sides.after)) {
		status = cli_fail(t->cli, CLI_FAILED, NULL, "no memory");
	} else {
		t->sides.group = q[0].group ? (int)(q[0].group - q[0].tenant->name_groups) + 1 : -1;
		t->sides.quarter = words.at ? (int)q[0].quarter : -1;
		t->sides.quarter_now = q[0].quarter;
	}
	free(q);
	return status;
}

/* --- the result --- */

static json_t *name_of_list(const struct testing *t, int side, uint8_t list)
{
	const struct policy *policy = side ? policy_after(t) : t->policies[0];
	const struct model_name_list *model =
		list < SEK_NAME_LISTS_MAX ? policy_name_list_id(policy, list) : NULL;
	int stands_for, candidate = name_book_candidate(t->books[0], &stands_for);

	if (list >= SEK_NAME_LISTS_MAX)
		return json_null();
	return candidate == list ? print_string(cli_arg(t->args, "list"))
				 : json_string(model ? model->name : "?");
}

static uint64_t sum(const struct weblog_tally *tally, int before, int after)
{
	uint64_t lines = 0;

	for (int a = 0; a < WEBLOG_ENDS; a++)
		for (int b = 0; b < WEBLOG_ENDS; b++)
			if ((before < 0 || a == before) && (after < 0 || b == after))
				lines += tally->ends[a][b];
	return lines;
}

/* One word may be of two ends: blocked by a list, or because no list allows it. */
static json_t *verdicts_json(const struct weblog_tally *tally)
{
	static const struct {
		const char *name;
		int end, other;
	} rows[] = { { "passes", NAME_PASSES, -1 },
		     { "blocked", NAME_BLOCKED, NAME_UNLISTED },
		     { "inspected", NAME_INSPECTED, -1 } };
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = sum(tally, rows[i].end, -1), after = sum(tally, -1, rows[i].end);

		if (rows[i].other >= 0) {
			before += sum(tally, rows[i].other, -1);
			after += sum(tally, -1, rows[i].other);
		}
		json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "verdict", rows[i].name,
						      "before", (json_int_t)before, "after",
						      (json_int_t)after));
	}
	return list;
}

static bool is_stopped(int end)
{
	return end == NAME_BLOCKED || end == NAME_UNLISTED;
}

static json_t *changes_json(const struct weblog_tally *tally)
{
	uint64_t blocked = 0, opened = 0, other = 0;

	for (int a = 0; a < WEBLOG_ENDS; a++) {
		for (int b = 0; b < WEBLOG_ENDS; b++) {
			uint64_t lines = tally->ends[a][b];

			if (is_stopped(b) && !is_stopped(a))
				blocked += lines;
			else if (is_stopped(a) && !is_stopped(b))
				opened += lines;
			else if (strcmp(name_end_word((enum name_end)a),
					name_end_word((enum name_end)b)) != 0)
				other += lines;
		}
	}
	return json_pack("{s:I, s:I, s:I}", "blocked", (json_int_t)blocked, "opened",
			 (json_int_t)opened, "inspection", (json_int_t)other);
}

/* By name, since a policy may give a list another number. */
static void list_count(json_t *rows, json_t *name, const char *side, uint64_t lines)
{
	json_t *row, *found = NULL;
	size_t i;

	json_array_foreach(rows, i, row)
		if (json_equal(json_object_get(row, "list"), name))
			found = row;
	if (!found) {
		found = json_pack("{s:O, s:i, s:i}", "list", name, "before", 0, "after", 0);
		json_array_append_new(rows, found);
	}
	json_object_set_new(found, side, json_integer((json_int_t)lines));
	json_decref(name);
}

static json_t *lists_json(const struct testing *t, const struct weblog_tally *tally)
{
	json_t *rows = json_array();

	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i <= SEK_NAME_LISTS_MAX; i++)
			if (tally->lists[side][i])
				list_count(rows, name_of_list(t, side, (uint8_t)i),
					   side ? "after" : "before", tally->lists[side][i]);
	return rows;
}

static json_t *names_json(const struct testing *t, const struct weblog_tally *tally)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < tally->name_cnt && (!t->limit || i < t->limit); i++) {
		const struct weblog_name *name = &tally->names[i];
		bool after = name->after != NAME_PASSES;

		json_array_append_new(
			rows, json_pack("{s:o, s:I, s:s, s:s, s:o}", "name",
					print_string(name->name), "lines", (json_int_t)name->lines,
					"before", name_end_word(name->before), "after",
					name_end_word(name->after), "list",
					name_of_list(t, after,
						     after ? name->list_after : name->list_before)));
	}
	return rows;
}

static json_t *result_json(const struct testing *t, const struct weblog_tally *tally)
{
	return json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "log",
			 print_string(cli_arg(t->args, "file")), "tenant",
			 t->sides.before.tenant->name, "lines", (json_int_t)tally->lines, "urls",
			 (json_int_t)tally->urls, "other", (json_int_t)tally->other, "unreadable",
			 (json_int_t)tally->bad + (json_int_t)tally->unnormal, "beyond",
			 (json_int_t)tally->beyond, "verdicts", verdicts_json(tally), "changes",
			 changes_json(tally), "lists", lists_json(t, tally), "names",
			 names_json(t, tally));
}

/* --- for people --- */

static void say_tables(struct cli *cli, const json_t *result)
{
	static const struct column verdicts[] = { { "verdict", "VERDICT", COLUMN_TEXT },
						  { "before", "BEFORE", COLUMN_COUNT },
						  { "after", "AFTER", COLUMN_COUNT } };
	static const struct column lists[] = { { "list", "LIST", COLUMN_TEXT },
					       { "before", "BEFORE", COLUMN_COUNT },
					       { "after", "AFTER", COLUMN_COUNT } };
	static const struct column names[] = {
		{ "name", "NAME", COLUMN_TEXT },     { "lines", "LINES", COLUMN_COUNT },
		{ "before", "BEFORE", COLUMN_TEXT }, { "after", "AFTER", COLUMN_TEXT },
		{ "list", "LIST", COLUMN_TEXT },
	};
	static const struct view of_verdicts = VIEW("verdicts", verdicts, "");
	static const struct view of_lists = VIEW("lists", lists, "No list has any of them.");
	static const struct view of_names = VIEW("names", names, "No name is stopped.");

	print_view(cli->out, result, &of_verdicts);
	fputc('\n', cli->out);
	print_view(cli->out, result, &of_lists);
	fputc('\n', cli->out);
	print_view(cli->out, result, &of_names);
}

static void note_lines(struct cli *cli, const json_t *result, const char *key, const char *what)
{
	json_int_t cnt = json_integer_value(json_object_get(result, key));

	if (cnt)
		cli_note(cli, "%s left aside: %s", COUNTED(cnt, "line"), what);
}

static int say(const struct testing *t, const struct weblog_tally *tally)
{
	struct cli *cli = t->cli;
	json_t *result = result_json(t, tally);

	if (!result)
		return cli_fail(cli, CLI_FAILED, NULL, "no memory for the result");
	if (cli->json)
		print_json(cli->out, result, cli->pretty);
	else
		say_tables(cli, result);
	note_lines(cli, result, "unreadable", "of no form that is known, or naming nothing");
	note_lines(cli, result, "other", "no host is told");
	note_lines(cli, result, "beyond", "of more names than are told apart");
	if (!cli->json && t->limit && tally->name_cnt > t->limit)
		cli_note(cli, "'limit 0' shows %s more", COUNTED(tally->name_cnt - t->limit, "name"));
	json_decref(result);
	return CLI_OK;
}

static int log_read(struct testing *t, struct diag *diag)
{
	const struct weblog_progress progress = { progress_tell, t };
	const char *path = cli_arg(t->args, "file");
	struct weblog_tally *tally = weblog_read(path, &t->sides, parallel_cpus(),
						 isatty(fileno(t->cli->err)) ? &progress : NULL,
						 diag);
	int status;

	if (t->told)
		fprintf(t->cli->err, "\r%40s\r", "");
	status = tally ? say(t, tally)
		       : cli_fail(t->cli, CLI_FAILED, diag, "%s cannot be read", path);
	weblog_tally_free(tally);
	return status;
}

static int run(struct testing *t)
{
	struct diag diag;
	int status;

	diag_init(&diag);
	status = books_open(t, &diag);
	if (status == CLI_OK)
		status = sides_make(t, &diag);
	if (status == CLI_OK) {
		diag_print(&diag, t->cli->err);
		status = log_read(t, &diag);
	}
	diag_free(&diag);
	return status;
}

int url_test(struct cli *cli, const struct cli_args *args)
{
	struct testing t = { .cli = cli, .args = args, .limit = NAMES_USUAL };
	int status = CLI_OK;

	if (cli_number(cli, args, "limit", 0, UINT32_MAX, &t.limit))
		return CLI_USAGE;
	status = policies_find(&t);
	if (status == CLI_OK)
		status = run(&t);
	name_side_free(&t.sides.before);
	name_side_free(&t.sides.after);
	for (int i = 0; i < 2; i++) {
		name_book_free(t.books[i]);
		policy_free(t.policies[i]);
	}
	return status;
}
