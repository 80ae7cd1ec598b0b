/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/cli: which word means what, what a table looks like, and that no byte of a result steers a
 * terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/print.h"
#include "cli/words.h"
#include "version.h"

#define WORDS(...)                                                                                 \
	(char *[]){ __VA_ARGS__ }, (int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *))

static const struct cli_command add = {
	.name = "add",
	.args = { { .name = "list", .kind = CLI_WORD, .value = "LIST", .needed = true },
		  { .name = "prefix", .kind = CLI_WORD, .value = "PREFIX", .needed = true },
		  { .name = "for", .kind = CLI_KEY, .value = "TIME" },
		  { .name = "message", .kind = CLI_KEY, .value = "TEXT", .letter = 'm' },
		  { .name = "proto", .kind = CLI_KEY, .value = "tcp|udp" },
		  { .name = "force", .kind = CLI_FLAG } },
};
static const struct cli_command show = {
	.name = "show",
	.args = { { .name = "list", .kind = CLI_WORD, .value = "LIST" },
		  { .name = "limit", .kind = CLI_KEY, .value = "N" } },
};

static const struct cli_command many = {
	.name = "inspect",
	.args = { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
		  { .name = "rules", .kind = CLI_KEY, .value = "FILE", .many = true },
		  { .name = "set", .kind = CLI_KEY, .value = "KEY=VALUE", .many = true },
		  { .name = "ips", .kind = CLI_FLAG, .also = "simulate-ips" },
		  { .name = "checksums", .kind = CLI_KEY, .value = "all|none", .letter = 'k' } },
};

static int read_words(const struct cli_command *command, char **words, int cnt,
		      struct cli_args *args, char why[256])
{
	return words_read(command, cnt, words, args, why, 256);
}

static void is_read(const struct cli_command *command, char **words, int cnt, const char *name,
		    const char *value)
{
	struct cli_args args;
	char why[256] = "";

	if (read_words(command, words, cnt, &args, why) != 0)
		fail_msg("%s", why);
	if (value)
		assert_string_equal(cli_arg(&args, name), value);
	else
		assert_null(cli_arg(&args, name));
}

static void is_refused(const struct cli_command *command, char **words, int cnt, const char *part)
{
	struct cli_args args = { .json = true };
	char why[256] = "";

	assert_int_equal(read_words(command, words, cnt, &args, why), -EINVAL);
	if (!strstr(why, part))
		fail_msg("'%s' does not say '%s'", why, part);
	assert_true(args.json); /* untouched */
}

static void words_have_meaning(void **state)
{
	is_read(&add, WORDS("drop", "10.0.0.1"), "prefix", "10.0.0.1");
	is_read(&add, WORDS("drop", "10.0.0.1", "for", "1h", "force"), "for", "1h");
	is_read(&add, WORDS("drop", "10.0.0.1", "forc"), "force", "");
	is_read(&add, WORDS("drop", "10.0.0.1", "-m", "why so"), "message", "why so");
	is_read(&add, WORDS("-m", "-j", "drop", "10.0.0.1"), "message", "-j");
	is_read(&add, WORDS("drop", "10.0.0.1", "--message=a=b"), "message", "a=b");
	is_read(&add, WORDS("drop", "10.0.0.1", "--force"), "force", "");
	is_read(&add, WORDS("for", "force"), "list", "for"); /* the needed words come first */
	is_read(&add, WORDS("--", "-drop", "10.0.0.1"), "list", "-drop");
	is_read(&add, WORDS("drop", "-"), "prefix", "-"); /* standard input */
	is_read(&add, WORDS("drop", "1", "proto", "udp"), "proto", "udp");
	is_read(&show, WORDS("limit", "3"), "limit", "3");
	is_read(&show, WORDS("l"), "list", "l"); /* a list's name, not a cut word */
	is_read(&show, WORDS("drop", "li", "3"), "limit", "3");
}

static void words_are_refused(void **state)
{
	is_refused(&add, WORDS("drop"), "PREFIX is missing");
	is_refused(&add, WORDS("drop", "1", "for"), "needs TIME");
	is_refused(&add, WORDS("drop", "1", "for", "1h", "for", "2h"), "twice");
	is_refused(&add, WORDS("drop", "1", "2"), "'2' has no meaning");
	is_refused(&add, WORDS("drop", "1", "f", "2"), "'f' has no meaning"); /* for or force */
	is_refused(&add, WORDS("drop", "1", "--colour"), "no option");
	is_refused(&add, WORDS("drop", "1", "-x"), "no option");
	is_refused(&add, WORDS("drop", "1", "--force=1"), "no value");
	is_refused(&add, WORDS("drop", "1", "proto", "tc"), "tcp|udp");
	is_refused(&add, WORDS("drop", "1", "proto", ""), "tcp|udp");
	is_refused(&add, WORDS("", "1"), "empty word");
	is_refused(&show, WORDS("a", "b"), "'b' has no meaning");
}

static void keys_have_many_values(void **state)
{
	struct cli_args args;
	char why[256], usage[200];

	assert_int_equal(read_words(&many,
				    WORDS("x.pcap", "rules", "a", "b", "-k", "none", "--set", "c=d",
					  "--simulate-ips", "set", "e=f", "--set=g=h=i"),
				    &args, why),
			 0);
	assert_string_equal(cli_list(&args, "rules", 0), "a");
	assert_string_equal(cli_list(&args, "rules", 1), "b");
	assert_null(cli_list(&args, "rules", 2));
	assert_string_equal(cli_list(&args, "set", 0), "c=d");
	assert_string_equal(cli_list(&args, "set", 1), "e=f");
	assert_string_equal(cli_list(&args, "set", 2), "g=h=i");
	assert_null(cli_list(&args, "set", 3));
	assert_true(cli_has(&args, "ips"));
	assert_string_equal(cli_arg(&args, "checksums"), "none");
	words_usage(&many, usage, sizeof(usage));
	assert_string_equal(usage,
			    "FILE [rules FILE ...] [set KEY=VALUE ...] [ips] [checksums all|none]");
	is_refused(&many, WORDS("x", "ips", "y"), "'y' has no meaning");
	is_refused(&many, WORDS("x", "rules", "a", "ips", "b"), "'b' has no meaning");
	is_refused(&many, WORDS("x", "ips", "--simulate-ips"), "twice");
}

static void options_are_heard_behind(void **state)
{
	struct cli_args args;
	char why[256];

	assert_int_equal(read_words(&show, WORDS("-j", "drop"), &args, why), 0);
	assert_true(args.json && !args.pretty);
	assert_int_equal(read_words(&show, WORDS("drop", "--pretty"), &args, why), 0);
	assert_true(args.json && args.pretty);
}

static void names_are_cut_short(void **state)
{
	static const char *const there[] = { "policy", "port", "rate", "stats", "statsx" };
	static const char *const back[] = { "statsx", "stats", "rate", "port", "policy" };
	char why[256];

	assert_int_equal(words_match("object", "pol", there, 5, why, sizeof(why)), 0);
	assert_int_equal(words_match("object", "r", there, 5, why, sizeof(why)), 2);
	assert_int_equal(words_match("object", "stats", there, 5, why, sizeof(why)), 3);
	assert_int_equal(words_match("object", "stats", back, 5, why, sizeof(why)), 1);
	assert_int_equal(words_match("object", "po", there, 5, why, sizeof(why)), -ENOTUNIQ);
	assert_non_null(strstr(why, "policy port"));
	assert_int_equal(words_match("object", "po", back, 5, why, sizeof(why)), -ENOTUNIQ);
	assert_int_equal(words_match("object", "prot", there, 5, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "'port'"));
	assert_int_equal(words_match("object", "", there, 5, why, sizeof(why)), -ENOENT);
}

/* What a function prints; the caller frees. */
static char *printed(int (*print)(FILE *, const json_t *, const struct view *), const json_t *value,
		     const struct view *view)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(print(out, value, view), 0);
	fclose(out);
	return text;
}

static int as_json(FILE *out, const json_t *value, const struct view *view)
{
	return print_json(out, value, view != NULL);
}

static const struct column columns[] = {
	{ "name", "NAME", COLUMN_TEXT },
	{ "title", "TITLE", COLUMN_TEXT },
	{ "n", "N", COLUMN_COUNT },
	{ "a|b.c", "LAST", COLUMN_TEXT },
};
static const struct view rows = VIEW("rows", columns, "nothing");

static void tables_align_wide_characters(void **state)
{
	json_t *result = json_pack("{s:[{s:s, s:s, s:i, s:s}, {s:s, s:s, s:i, s:{s:[s, s]}}]}",
				   "rows", "name", "saga", "title", "佐賀市", "n", 1234567, "a",
				   "x", "name", "yoshinogari", "title", "吉野ヶ里町", "n", 5, "b",
				   "c", "y", "z");
	char *text = printed(print_view, result, &rows);

	assert_string_equal(text, "NAME         TITLE               N  LAST\n"
				  "saga         佐賀市      1,234,567  x\n"
				  "yoshinogari  吉野ヶ里町          5  y, z\n");
	free(text);
	json_decref(result);
	result = json_pack("{s:[]}", "rows");
	text = printed(print_view, result, &rows);
	assert_string_equal(text, "nothing\n");
	free(text);
	json_decref(result);
}

static void results_are_one_record(void **state)
{
	const struct view one = { .columns = columns, .column_cnt = 2 };
	json_t *result = json_pack("{s:s}", "name", "saga");
	char *text = printed(print_view, result, &one);

	assert_string_equal(text, "NAME   saga\nTITLE  -\n");
	free(text);
	json_decref(result);
}

static void is_shown(const char *bytes, size_t len, const char *want)
{
	char *text = NULL;
	size_t size = 0, width;
	FILE *out = open_memstream(&text, &size);

	width = print_text(out, bytes, len);
	fclose(out);
	assert_string_equal(text, want);
	assert_int_equal(width, print_text(NULL, bytes, len));
	free(text);
}

/* G105 */
static void bytes_are_made_harmless(void **state)
{
	is_shown("a\nb\tc\r", 6, "a\\nb\\tc\\r");
	is_shown("\x1b[2J\x7f", 5, "\\x1b[2J\\x7f");
	is_shown("a\0b", 3, "a\\x00b");
	is_shown("\xe2\x80\xa8", 3, "\\u{2028}");
	is_shown("\xe2\x80\xae", 3, "\\u{202e}");
	is_shown("\xc2\x9b", 2, "\\u{009b}");
	is_shown("\xff\xc3", 2, "\\xff\\xc3");
	is_shown("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* a surrogate */
	is_shown("\xc0\xaf", 2, "\\xc0\\xaf"); /* overlong */
	is_shown("佐賀", 6, "佐賀");
	assert_int_equal(print_text(NULL, "佐賀", 6), 4);
	assert_int_equal(print_text(NULL, "\xff", 1), 4);
}

static void json_is_one_line(void **state)
{
	json_t *value = json_pack("{s:s}", "a", "x\n\x1b\x7f\xe2\x80\xa8\xc2\x85\xe2\x80\xae佐");
	char *text = printed(as_json, value, NULL);
	json_t *back = json_loads(text, 0, NULL);

	assert_string_equal(text, "{\"a\":\"x\\n\\u001B\\u007f\\u2028\\u0085\\u202e佐\"}\n");
	assert_true(json_equal(value, back));
	json_decref(back);
	free(text);
	json_decref(value);
	value = print_string("bad \xff");
	assert_string_equal(json_string_value(value), "bad \\xff");
	json_decref(value);
}

static void is_valued(json_t *value, enum column_kind kind, const char *want)
{
	char text[64];

	print_value(text, sizeof(text), value, kind);
	assert_string_equal(text, want);
	json_decref(value);
}

static void numbers_have_units(void **state)
{
	is_valued(json_integer(999), COLUMN_COUNT, "999");
	is_valued(json_integer(1000), COLUMN_COUNT, "1,000");
	is_valued(json_integer(130000000), COLUMN_BITS, "130 Mbit/s");
	is_valued(json_integer(0), COLUMN_BITS, "no limit");
	is_valued(json_integer(64000), COLUMN_BITS, "64 kbit/s");
	is_valued(json_integer(1500), COLUMN_BYTES, "1.5 kB");
	is_valued(json_integer(999), COLUMN_BYTES, "999 B");
	is_valued(json_integer(999999), COLUMN_BYTES, "1 MB");
	is_valued(json_integer(7440), COLUMN_SECONDS, "2h 4m");
	is_valued(json_real(0.25), COLUMN_PERCENT, "25 %");
	is_valued(json_true(), COLUMN_TEXT, "yes");
	is_valued(json_null(), COLUMN_TEXT, "-");
	is_valued(json_integer(0), COLUMN_TIME, "-");
	is_valued(json_string(""), COLUMN_TEXT, "-");
}

/* Every object is complete: help, summary, needed words ahead of optional ones. */
static void tables_are_sound(void **state)
{
	const char *before = "";

	for (const struct cli_object *const *o = cli_objects(); *o; o++) {
		assert_true(strcmp(before, (*o)->name) < 0);
		before = (*o)->name;
		assert_non_null((*o)->summary);
		assert_non_null(strstr((*o)->teach, "sekisho"));
		for (const struct cli_command *c = (*o)->commands; c->name; c++) {
			bool optional = false;

			assert_non_null(c->summary);
			assert_non_null(c->run);
			for (const struct cli_arg *a = c->args;
			     a < c->args + CLI_ARGS_MAX && a->name; a++) {
				assert_true(a->kind == CLI_FLAG || a->value);
				if (a->kind != CLI_WORD)
					continue;
				assert_false(a->needed && optional);
				optional |= !a->needed;
			}
		}
	}
}

/* Each command stands in the page of its object, whose name it begins with. */
static void commands_have_a_page(void **state)
{
	char path[128], line[128];

	if (access("policy/cli/man/sekisho.8", R_OK))
		skip();
	for (const struct cli_object *const *o = cli_objects(); *o; o++) {
		char *text = NULL;
		size_t size = 0;
		FILE *page;

		snprintf(path, sizeof(path), "policy/cli/man/sekisho-%s.8", (*o)->name);
		page = fopen(path, "r");
		assert_non_null(page);
		assert_true(getdelim(&text, &size, 0, page) > 0);
		fclose(page);
		for (const struct cli_command *c = (*o)->commands; c->name; c++) {
			bool usual = (*o)->usual && !strcmp((*o)->usual, c->name), said;

			snprintf(line, sizeof(line), "\n.Cm %s %s", (*o)->name, c->name);
			said = strstr(text, line);
			snprintf(line, sizeof(line), "\n.Cm %s\n", (*o)->name);
			said |= usual && strstr(text, line);
			if (!said)
				print_error("%s does not say \"%s %s\"\n", path, (*o)->name, c->name);
			assert_true(said);
		}
		free(text);
	}
}

/* Runs the program's words; standard output in *ret_out (freed by the caller). */
static int run(char **words, int cnt, bool json, char **ret_out)
{
	struct cli cli = { .json = json };
	char *out = NULL, *err = NULL;
	size_t out_len = 0, err_len = 0;
	int status;

	assert_int_equal(cli_places(&cli, "unit-test-of-nobody"), 0);
	cli.out = open_memstream(&out, &out_len);
	cli.err = open_memstream(&err, &err_len);
	status = cli_run(&cli, cnt, words);
	fclose(cli.out);
	fclose(cli.err);
	free(err);
	*ret_out = out;
	return status;
}

static void is_run(char **words, int cnt, bool json, int status, const char *part)
{
	char *out;

	assert_int_equal(run(words, cnt, json, &out), status);
	if (!strstr(out, part))
		fail_msg("'%s' is not in: %s", part, out);
	free(out);
}

static void runs_end_with_their_status(void **state)
{
	is_run(WORDS("help"), false, CLI_OK, "Objects:");
	is_run(WORDS("help", "list"), false, CLI_OK, "sekisho list add LIST PREFIX");
	is_run(WORDS("list", "help"), false, CLI_OK, "sekisho list add LIST PREFIX");
	is_run(WORDS("li", "help", "repl"), false, CLI_OK, "[format FORMAT]");
	is_run(WORDS("list", "--help"), false, CLI_OK, "sekisho list add LIST PREFIX");
	is_run(WORDS("list", "add", "--help"), false, CLI_OK, "sekisho list add LIST PREFIX");
	is_run(WORDS("policy", "-j"), true, CLI_USAGE, "no command");
	is_run(WORDS("version"), false, CLI_OK, SEKISHO_VERSION);
	is_run(WORDS("completion", "bash"), false, CLI_OK, "complete -F");
	is_run(WORDS("completion", "fish"), true, CLI_USAGE, "bash");
	is_run(WORDS("p"), true, CLI_USAGE, "policy port");
	is_run(WORDS("list", "add", "drop", "300.0.0.1"), true, CLI_USAGE, "300.0.0.1");
	is_run(WORDS("list", "add", "drop", "10.0.0.1", "for", "soon"), true, CLI_USAGE, "soon");
	is_run(WORDS("flow", "delete"), true, CLI_USAGE, "all");
	is_run(WORDS("flow", "show", "port", "65536"), true, CLI_USAGE, "65535");
	is_run(WORDS("policy", "apply"), true, CLI_USAGE, "FILE is missing");
	is_run(WORDS("agent", "status"), true, CLI_NO_AGENT, "control.sock");
	is_run(WORDS("list", "add", "drop", "10.0.0.1"), true, CLI_NO_AGENT, "systemctl start");
	is_run(WORDS("policy", "check", "/nowhere/x.yaml"), true, CLI_FAILED, "/nowhere/x.yaml");
	is_run(WORDS("event", "list"), true, CLI_NO_AGENT, "eve.json");
	/* the usual command need not be named before its keys */
	is_run(WORDS("event", "last", "3"), true, CLI_NO_AGENT, "eve.json");
	is_run(WORDS("stats", "reason"), true, CLI_NO_AGENT, "control.sock");
	is_run(WORDS("top", "count", "1"), true, CLI_NO_AGENT, "no gateway answers yet");
	is_run(WORDS("top", "ports", "sort", "use"), true, CLI_USAGE, "name|in|packets");
	is_run(WORDS("top", "sort", "colour"), true, CLI_USAGE, "use|name|up");
	is_run(WORDS("top", "interval", "0"), true, CLI_USAGE, "from 1 to 3600");
	is_run(WORDS("policy", "message"), true, CLI_USAGE, "no command");
}

static void instances_are_names(void **state)
{
	struct cli cli = { 0 };

	assert_int_equal(cli_places(&cli, "east-1_b"), 0);
	assert_string_equal(cli.socket, "/run/sekisho-east-1_b/control.sock");
	assert_int_equal(cli_places(&cli, ""), 0);
	assert_string_equal(cli.pin_dir, "/sys/fs/bpf/sekisho");
	assert_int_equal(cli_places(&cli, "../x"), -EINVAL);
	assert_int_equal(cli_places(&cli, "a b"), -EINVAL);
	assert_int_equal(cli_places(&cli, "abcdefghijklmnopqrstuvwxyzabcdefg"), -EINVAL);
}

/* What an agent says about an input comes out as it went in. */
static void diags_travel(void **state)
{
	struct diag before, after;
	json_t *list;

	diag_init(&before);
	diag_init(&after);
	diag_add(&before, DIAG_ERROR, "a.yaml", 3, 7, "say so", "no %s", "good");
	diag_add(&before, DIAG_WARNING, NULL, 0, 0, NULL, "odd");
	list = cli_diag_json(&before);
	json_array_append_new(list, json_pack("{s:i}", "text", 1)); /* no entry */
	cli_diag_add(&after, list);
	assert_int_equal(after.cnt, 2);
	assert_int_equal(after.error_cnt, 1);
	assert_int_equal(after.entries[0].column, 7);
	assert_string_equal(after.entries[0].hint, "say so");
	assert_string_equal(after.entries[1].text, "odd");
	json_decref(list);
	diag_free(&before);
	diag_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_meaning),
		cmocka_unit_test(words_are_refused),
		cmocka_unit_test(keys_have_many_values),
		cmocka_unit_test(options_are_heard_behind),
		cmocka_unit_test(names_are_cut_short),
		cmocka_unit_test(tables_align_wide_characters),
		cmocka_unit_test(results_are_one_record),
		cmocka_unit_test(bytes_are_made_harmless),
		cmocka_unit_test(json_is_one_line),
		cmocka_unit_test(numbers_have_units),
		cmocka_unit_test(tables_are_sound),
		cmocka_unit_test(commands_have_a_page),
		cmocka_unit_test(runs_end_with_their_status),
		cmocka_unit_test(instances_are_names),
		cmocka_unit_test(diags_travel),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
