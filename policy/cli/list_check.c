// SPDX-License-Identifier: Apache-2.0
/*
 * Owns `sekisho list check`: reads a published list as the agent would, of addresses or of names, and says
 * what is taken, what is left out and why. Called by obj_list.c. Changes nothing, asks nobody.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/list.h"
#include "cli/live.h"
#include "lists/bytes.h"
#include "lists/lists.h"
#include "names/names.h"

#define SHOWN_BYTES 80 /* of a line that is left out */

struct checked {
	const char *path, *format;
	char *text; /* unpacked */
	size_t len;
	struct list_set addresses;
	struct name_list names;
	int address_err, name_err; /* of reading it as either */
	struct diag address_diag, name_diag;
};

static size_t names_cnt(const struct checked *checked)
{
	return checked->name_err ? 0 : checked->names.cnt + checked->names.regex_cnt;
}

/* What more of it can be taken as. */
static bool is_names(const struct checked *checked)
{
	return checked->address_err ||
	       (!checked->name_err && names_cnt(checked) > checked->addresses.cnt);
}

/* 0 or -errno of opening it. */
static int both_read(struct checked *checked)
{
	const struct name_read_options options = { .format = checked->format };
	int err = list_bytes(checked->path, &checked->text, &checked->len);

	if (err)
		return err;
	checked->address_err = list_parse(checked->text, checked->len, checked->path, checked->format,
					  &checked->addresses, &checked->address_diag);
	checked->name_err = name_list_parse(checked->text, checked->len, checked->path, &options,
					    &checked->names, &checked->name_diag);
	return 0;
}

/* It can be read as neither; a format that only one of them has is the one that was meant. */
static int neither_tell(struct cli *cli, struct checked *checked)
{
	bool only_names = checked->address_err == -ENOENT && checked->name_err != -ENOENT;
	bool only_addresses = checked->name_err == -ENOENT && checked->address_err != -ENOENT;
	struct diag *both = only_names ? &checked->name_diag : &checked->address_diag;

	/* What is no list of any kind was said once already. */
	if (!only_names && !only_addresses && checked->address_err != -EBADMSG)
		diag_add_all(both, &checked->name_diag, DIAG_ERROR);
	return cli_fail(cli, CLI_FAILED, both, "%s cannot be used as a list", checked->path);
}

/* --- addresses --- */

static int addresses_tell(struct cli *cli, const struct checked *checked)
{
	static const struct column columns[] = {
		{ "file", "file", COLUMN_TEXT },
		{ "holds", "holds", COLUMN_TEXT },
		{ "entries", "entries", COLUMN_COUNT },
		{ "duplicates", "duplicates", COLUMN_COUNT },
		{ "host_bits", "host bits cleared", COLUMN_COUNT },
		{ "names", "names, not addresses", COLUMN_COUNT },
		{ "bad", "lines not understood", COLUMN_COUNT },
	};
	static const struct view view = VIEW(NULL, columns, NULL);
	const struct list_set *set = &checked->addresses;
	json_t *result;

	result = json_pack("{s:o,s:s,s:I,s:I,s:I,s:I,s:I,s:o}", "file", print_string(checked->path),
			   "holds", "addresses", "entries", (json_int_t)set->cnt, "duplicates",
			   (json_int_t)set->duplicate_cnt, "host_bits", (json_int_t)set->fixed_cnt,
			   "names", (json_int_t)set->skipped_cnt, "bad", (json_int_t)set->bad_cnt,
			   "diag", cli_diag_json(&checked->address_diag));
	if (!cli->json)
		diag_print(&checked->address_diag, cli->err);
	return live_print(cli, result, &view);
}

/* --- names --- */

/* In the order of enum name_skip_class. */
static const char *const classes[] = { "no entry by design", "not served here",
				       "held: would do harm", "not understood" };

static json_t *reasons(const struct name_list *list)
{
	json_t *rows = json_array();
	uint32_t first[NAME_SKIP_CNT] = {};

	for (size_t i = list->skip_cnt; i > 0; i--)
		first[list->skips[i - 1].skip] = list->skips[i - 1].line;
	for (int i = 0; i < NAME_SKIP_CNT; i++) {
		if (list->skip_cnts[i])
			json_array_append_new(rows, json_pack("{s:s,s:s,s:I,s:I}", "class",
							      classes[name_skip_class(i)], "why",
							      name_skip_text(i), "lines",
							      (json_int_t)list->skip_cnts[i],
							      "first", (json_int_t)first[i]));
	}
	return rows;
}

/* A line of the text, its number at least *line, which stands at *at; both go on. */
static json_t *line_show(const struct checked *checked, uint32_t number, uint32_t *line, size_t *at)
{
	char shown[SHOWN_BYTES + 1];
	const char *end;
	size_t len;

	for (; *line < number && *at < checked->len; (*line)++) {
		end = memchr(checked->text + *at, '\n', checked->len - *at);
		*at = end ? (size_t)(end - checked->text) + 1 : checked->len;
	}
	end = memchr(checked->text + *at, '\n', checked->len - *at);
	len = end ? (size_t)(end - checked->text) - *at : checked->len - *at;
	if (len && checked->text[*at + len - 1] == '\r')
		len--;
	if (len > SHOWN_BYTES)
		len = SHOWN_BYTES;
	memcpy(shown, checked->text + *at, len);
	shown[len] = 0;
	return print_string(shown);
}

/* Each line that is left out, in the order of the list. */
static json_t *lines(const struct checked *checked)
{
	const struct name_list *list = &checked->names;
	json_t *rows = json_array();
	uint32_t line = 1;
	size_t at = 0;

	for (size_t i = 0; i < list->skip_cnt; i++) {
		enum name_skip skip = list->skips[i].skip;

		json_array_append_new(
			rows, json_pack("{s:I,s:s,s:s,s:o}", "line", (json_int_t)list->skips[i].line,
					"class", classes[name_skip_class(skip)], "why",
					name_skip_text(skip), "text",
					line_show(checked, list->skips[i].line, &line, &at)));
	}
	return rows;
}

static json_t *names_result(const struct checked *checked, bool each)
{
	const struct name_list *list = &checked->names;
	size_t skipped[4] = {}, allowed = 0, urls = 0;
	json_t *result;

	for (int i = 0; i < NAME_SKIP_CNT; i++)
		skipped[name_skip_class(i)] += list->skip_cnts[i];
	for (size_t i = 0; i < list->cnt; i++) {
		allowed += list->entries[i].allow;
		urls += name_is_url(&list->entries[i]);
	}
	result = json_pack("{s:o,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "file",
			   print_string(checked->path), "holds", "names", "format", list->format,
			   "lines", (json_int_t)list->line_cnt, "entries", (json_int_t)list->cnt,
			   "urls", (json_int_t)urls, "exceptions", (json_int_t)allowed,
			   "expressions", (json_int_t)list->regex_cnt, "duplicates",
			   (json_int_t)list->duplicate_cnt);
	json_object_update_new(result,
			       json_pack("{s:I,s:I,s:I,s:I,s:o,s:o}", "design",
					 (json_int_t)skipped[NAME_SKIP_CLASS_design], "unserved",
					 (json_int_t)skipped[NAME_SKIP_CLASS_unserved], "held",
					 (json_int_t)skipped[NAME_SKIP_CLASS_held], "bad",
					 (json_int_t)skipped[NAME_SKIP_CLASS_bad], "reasons",
					 reasons(list), "diag", cli_diag_json(&checked->name_diag)));
	if (each)
		json_object_set_new(result, "skipped", lines(checked));
	return result;
}

static int names_tell(struct cli *cli, const struct checked *checked, bool each)
{
	static const struct column columns[] = {
		{ "file", "file", COLUMN_TEXT },
		{ "holds", "holds", COLUMN_TEXT },
		{ "format", "format", COLUMN_TEXT },
		{ "lines", "lines", COLUMN_COUNT },
		{ "entries", "entries", COLUMN_COUNT },
		{ "urls", "of them URLs", COLUMN_COUNT },
		{ "exceptions", "of them exceptions", COLUMN_COUNT },
		{ "expressions", "regular expressions", COLUMN_COUNT },
		{ "duplicates", "duplicates", COLUMN_COUNT },
		{ "design", "left out: no entry by design", COLUMN_COUNT },
		{ "unserved", "left out: not served here", COLUMN_COUNT },
		{ "held", "left out: would do harm", COLUMN_COUNT },
		{ "bad", "left out: not understood", COLUMN_COUNT },
	};
	static const struct column reason_columns[] = {
		{ "lines", "LINES", COLUMN_COUNT },
		{ "first", "FIRST", COLUMN_COUNT },
		{ "class", "LEFT OUT", COLUMN_TEXT },
		{ "why", "REASON", COLUMN_TEXT },
	};
	static const struct column line_columns[] = {
		{ "line", "LINE", COLUMN_COUNT },
		{ "class", "LEFT OUT", COLUMN_TEXT },
		{ "why", "REASON", COLUMN_TEXT },
		{ "text", "TEXT", COLUMN_TEXT },
	};
	static const struct view all = VIEW(NULL, columns, NULL);
	static const struct view sums = VIEW("reasons", reason_columns, "Nothing is left out.");
	static const struct view single = VIEW("skipped", line_columns, "Nothing is left out.");
	json_t *result;

	result = names_result(checked, each);
	if (!cli->json) {
		print_view(cli->out, result, &all);
		fputc('\n', cli->out);
	}
	return live_print(cli, result, each ? &single : &sums);
}

int list_check(struct cli *cli, const struct cli_args *args)
{
	struct checked checked = { .path = cli_arg(args, "file"), .format = cli_arg(args, "format") };
	int ret, err;

	diag_init(&checked.address_diag);
	diag_init(&checked.name_diag);
	err = both_read(&checked);
	if (err)
		ret = cli_fail(cli, CLI_FAILED, NULL, "%s cannot be read: %s", checked.path,
			       list_bytes_error(err));
	else if (checked.address_err && checked.name_err)
		ret = neither_tell(cli, &checked);
	else if (is_names(&checked))
		ret = names_tell(cli, &checked, cli_has(args, "skipped"));
	else
		ret = addresses_tell(cli, &checked);
	if (!err && !checked.address_err)
		list_set_free(&checked.addresses);
	if (!err && !checked.name_err)
		name_list_free(&checked.names);
	diag_free(&checked.address_diag);
	diag_free(&checked.name_diag);
	free(checked.text);
	return ret;
}
