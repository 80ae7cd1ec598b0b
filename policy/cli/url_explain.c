/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho url explain`: finds the policy that is meant, looks the name up, prints.
 * Promises to say whose lists the answer went by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/live.h"
#include "cli/url.h"
#include "explain/nameasked.h"
#include "explain/namebook.h"

char *url_kept(const struct cli *cli, char *to)
{
	snprintf(to, CLI_PATH_MAX, "/var/lib/sekisho%s%s/lists", cli->instance[0] ? "-" : "",
		 cli->instance);
	return to;
}

static struct policy *entry_policy(const json_t *entry, struct diag *diag)
{
	const char *text = json_string_value(json_object_get(entry, "text"));
	const char *path = json_string_value(json_object_get(entry, "path"));

	return text ? policy_parse(text, strlen(text), path && path[0] ? path : "policy", NULL, diag)
		    : NULL;
}

int url_policy(struct cli *cli, const char *file, struct policy **ret_policy)
{
	json_t *entry = NULL;
	struct diag diag;
	int status = file ? CLI_OK : live_policy(cli, 0, &entry);

	if (status != CLI_OK)
		return status;
	diag_init(&diag);
	*ret_policy = file ? policy_read(file, &diag) : entry_policy(entry, &diag);
	if (!*ret_policy)
		status = cli_fail(cli, CLI_FAILED, &diag, "%s is no policy that can be used",
				  file ? file : "what is in force");
	diag_free(&diag);
	json_decref(entry);
	return status;
}

/* One look-up in the book. entry: room for the text of the entry, the caller's to free. */
static struct name_because look_up(const struct name_book *book, const struct name_question *q,
				   const struct name_asked *asked, char **ret_entry)
{
	struct name_because because = { .list = -1 };
	const struct name_view view = name_book_view(book);
	const struct name_entry *entry;
	const struct name_list *list;

	because.said = name_decide(&view, asked, q->tenant->id, q->phase, &because.found);
	if (!because.said.lists)
		return because;
	because.list = name_list_lowest(because.said.lists);
	because.file = name_book_file(book, (unsigned int)because.list);
	entry = name_book_why(book, asked, &because.found, &because.said, &list);
	if (!entry)
		return because;
	because.line = name_entry_line(entry, because.found.whole);
	if (entry->answer)
		because.own = list->answers[entry->answer - 1];
	*ret_entry = name_entry_text(list, entry);
	because.entry = *ret_entry;
	return because;
}

static json_t *book_answer(const struct policy *policy, const struct name_book *book,
			   const struct name_question *q)
{
	struct name_asked host = name_question_host(q), url = name_question_url(q);
	char *host_entry = NULL, *url_entry = NULL;
	struct name_because by_host = look_up(book, q, &host, &host_entry);
	struct name_because by_url = look_up(book, q, &url, &url_entry);
	json_t *answer = name_answer_json(policy, q, &by_host, &by_url, "sources");
	size_t expressions[SEK_NAME_LISTS_MAX] = { 0 };

	for (unsigned int i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		const struct name_list *list = name_book_list(book, i);

		if (list) /* else there is none of that number */
			expressions[i] = list->regex_cnt;
	}
	name_answer_expressions(answer, q, expressions);
	free(host_entry);
	free(url_entry);
	return answer;
}

/* --- for people --- */

static void facts_list(json_t *facts, const json_t *because)
{
	const json_t *list = json_object_get(because, "list");
	json_int_t line = json_integer_value(json_object_get(list, "line"));
	const char *title = print_word(list, "title"), *category = print_word(list, "category");

	if (!json_is_object(list))
		return;
	print_fact(facts, "list", "%s (%s list%s%s%s%s)", print_word(list, "name"),
		   print_word(list, "kind"), category[0] ? ", " : "", category,
		   title[0] ? "; " : "", title);
	if (line)
		print_fact(facts, "entry", "%s (%s:%lld)", print_word(list, "entry"),
			   print_word(list, "file"), (long long)line);
	else if (print_word(list, "entry")[0])
		print_fact(facts, "entry", "%s (added by hand)", print_word(list, "entry"));
}

static void facts_override(json_t *facts, const json_t *because)
{
	const json_t *override = json_object_get(because, "override");
	char until[32];

	if (strcmp(print_word(because, "by"), "override") != 0)
		return;
	if (!json_is_object(override)) {
		print_fact(facts, "override",
			   "learned for this body: an alias (CNAME) of a listed name");
		return;
	}
	print_value(until, sizeof(until), json_object_get(override, "until"), COLUMN_TIME);
	print_fact(facts, "override", "%s until %s, asked by %s, allowed by %s: %s",
		   print_word(override, "action"), until, print_word(override, "asked_by"),
		   print_word(override, "allowed_by"), print_word(override, "reason"));
}

static void facts_expressions(json_t *facts, const json_t *answer)
{
	json_int_t cnt = json_integer_value(json_object_get(answer, "expressions"));
	bool asked = !strcmp(print_word(answer, "lists"), "in force");

	if (print_word(answer, "expression")[0])
		print_fact(facts, "expressions", "one of list %s matches: blocked once it was seen",
			   print_word(answer, "expression"));
	else if (cnt)
		print_fact(facts, "expressions",
			   "%lld, %s: a name that one matches is blocked once it was seen", cnt,
			   asked ? "of which none decides" : "not asked here");
}

static void facts_phase(json_t *facts, const json_t *phase)
{
	const char *until = print_word(phase, "until");

	print_fact(facts, "time", "%s; the same lists count %s%s", print_word(phase, "at"),
		   until[0] ? "until " : "all week", until);
}

static json_t *facts_make(const json_t *answer)
{
	const json_t *because = json_object_get(answer, "because");
	const char *group = print_word(answer, "group"), *site = print_word(answer, "site");
	json_t *facts = json_object();

	print_fact(facts, "verdict", "%s", print_word(answer, "verdict"));
	print_fact(facts, "because", "%s",
		   !strcmp(print_word(because, "by"), "mode")
			   ? "no list allows it, and only what is listed passes"
		   : !strcmp(print_word(because, "by"), "nothing") ? "no list that counts has it"
								   : print_word(because, "matched"));
	facts_list(facts, because);
	facts_override(facts, because);
	facts_expressions(facts, answer);
	print_fact(facts, "tenant", "%s%s%s", print_word(answer, "tenant"),
		   group[0] ? ", group " : "", group);
	print_fact(facts, "mode", "%s", print_word(answer, "mode"));
	facts_phase(facts, json_object_get(answer, "phase"));
	if (print_word(answer, "public_suffix")[0])
		print_fact(facts, "site", "%s%spublic suffix %s", site, site[0] ? ", " : "",
			   print_word(answer, "public_suffix"));
	print_fact(facts, "by", "%s",
		   !strcmp(print_word(answer, "lists"), "in force")
			   ? "lists and overrides as they are in force"
			   : "lists as they are read from their sources, with changes by hand; overrides are "
			     "not known");
	return facts;
}

/* Said where the whole URL would be decided otherwise than its name. */
static void path_note(struct cli *cli, const json_t *answer)
{
	const json_t *url = json_object_get(answer, "url");
	const char *as = print_word(url, "verdict");

	if (!json_is_object(url) || !strcmp(as, print_word(answer, "verdict")))
		return;
	if (!strncasecmp(print_word(answer, "asked"), "https:", 6))
		cli_note(cli, "the whole URL: %s; but TLS shows the name alone", as);
	else
		cli_note(cli, "the whole URL: %s; but DNS gives no address for its name", as);
}

static void show(struct cli *cli, const json_t *answer)
{
	static const struct column facts[] = {
		{ "verdict", "verdict", COLUMN_TEXT },
		{ "because", "because of", COLUMN_TEXT },
		{ "list", "list", COLUMN_TEXT },
		{ "entry", "entry", COLUMN_TEXT },
		{ "override", "override", COLUMN_TEXT },
		{ "expressions", "expressions", COLUMN_TEXT },
		{ "tenant", "tenant", COLUMN_TEXT },
		{ "mode", "mode", COLUMN_TEXT },
		{ "time", "time", COLUMN_TEXT },
		{ "site", "site", COLUMN_TEXT },
		{ "by", "decided by", COLUMN_TEXT },
	};
	static const struct column wire[] = {
		{ "protocol", "PROTOCOL", COLUMN_TEXT },
		{ "by", "READ BY", COLUMN_TEXT },
		{ "end", "VERDICT", COLUMN_TEXT },
		{ "what", "WHAT HAPPENS", COLUMN_TEXT },
	};
	static const struct view record = { .columns = facts,
					    .column_cnt = sizeof(facts) / sizeof(facts[0]) };
	static const struct view table = VIEW("wire", wire, "Names are not looked at here.");
	json_t *row = facts_make(answer);

	print_view(cli->out, row, &record);
	fputc('\n', cli->out);
	print_view(cli->out, answer, &table);
	path_note(cli, answer);
	json_decref(row);
}

static int say(struct cli *cli, json_t *answer)
{
	struct name_suffixes *suffixes = NULL;
	const char *verdict = print_word(answer, "verdict");

	if (!answer)
		return cli_fail(cli, CLI_FAILED, NULL, "no memory for the answer");
	if (name_suffixes_open(NULL, &suffixes))
		suffixes = NULL;
	name_answer_site(answer, suffixes);
	name_suffixes_free(suffixes);
	if (cli->json)
		print_json(cli->out, answer, cli->pretty);
	else
		show(cli, answer);
	return !strcmp(verdict, "blocked")     ? CLI_BLOCKED
	       : !strcmp(verdict, "inspected") ? CLI_INSPECTED
					       : CLI_OK;
}

static int by_book(struct cli *cli, const struct cli_args *args, const struct policy *policy,
		   const struct name_question *q)
{
	const char *file = cli_arg(args, "policy");
	char kept[CLI_PATH_MAX];
	const struct name_book_options options = { .kept = url_kept(cli, kept), .kept_first = !file };
	struct name_book *book;
	json_t *answer;
	struct diag diag;
	int status;

	diag_init(&diag);
	if (name_book_open(policy, &options, &book, &diag)) {
		status = cli_fail(cli, CLI_FAILED, &diag, "the lists cannot be looked through");
	} else {
		fflush(cli->out);
		diag_print(&diag, cli->err);
		answer = book_answer(policy, book, q);
		status = say(cli, answer);
		json_decref(answer);
		name_book_free(book);
	}
	diag_free(&diag);
	return status;
}

/* Read from the sources of the policy of a file, or of the one that nobody serves at the moment. */
static int by_sources(struct cli *cli, const struct cli_args *args)
{
	const struct name_words words = { .what = cli_arg(args, "url"),
					  .tenant = cli_arg(args, "tenant"),
					  .group = cli_arg(args, "group"),
					  .src = cli_arg(args, "src"),
					  .at = cli_arg(args, "at") };
	struct policy *policy = NULL;
	struct name_question *q = malloc(sizeof(*q));
	struct diag diag;
	int status = q ? url_policy(cli, cli_arg(args, "policy"), &policy)
		       : cli_fail(cli, CLI_FAILED, NULL, "no memory");

	diag_init(&diag);
	if (status == CLI_OK && policy) {
		if (name_question_read(policy, &words, time(NULL), q, &diag))
			status = cli_fail(cli, CLI_USAGE, &diag, "that asks nothing");
		else
			status = by_book(cli, args, policy, q);
	}
	diag_free(&diag);
	policy_free(policy);
	free(q);
	return status;
}

/* What is in force is asked of the agent, who knows overrides and changes by hand. */
int url_explain(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "url", "tenant", "group", "src", "at", NULL };
	json_t *answer = NULL;
	struct diag diag;
	int status;

	if (cli_has(args, "policy"))
		return by_sources(cli, args);
	diag_init(&diag);
	status = live_try(cli, "url.explain", live_params(args, names), &diag, &answer);
	diag_free(&diag);
	if (status == CLI_NO_AGENT)
		return by_sources(cli, args);
	if (status == CLI_OK)
		status = say(cli, answer);
	json_decref(answer);
	return status;
}
