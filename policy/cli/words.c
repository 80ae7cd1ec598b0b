/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the reading of words by tables. Called by run.c and by the tests.
 * Promises that no word is passed over and that an ambiguous one names its candidates.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "text/suggest.h"

/* Adds to a text that has room for cap bytes; what does not fit is left out. */
static void append(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void append(char *out, size_t cap, const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, fmt);
	vsnprintf(out + len, cap - len, fmt, args);
	va_end(args);
}

static int refuse(char *why, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int refuse(char *why, size_t cap, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, cap, fmt, args);
	va_end(args);
	return -EINVAL;
}

int words_match(const char *what, const char *word, const char *const *names, size_t name_cnt,
		char *why, size_t why_cap)
{
	size_t len = strlen(word), hits = 0, hit = 0;
	struct suggest near;

	suggest_start(&near, word);
	for (size_t i = 0; i < name_cnt; i++) {
		if (strcmp(names[i], word) == 0)
			return (int)i;
		suggest_offer(&near, names[i]);
		if (len > 0 && strncmp(names[i], word, len) == 0) {
			hit = i;
			hits++;
		}
	}
	if (hits == 1)
		return (int)hit;
	if (hits > 1)
		refuse(why, why_cap, "'%s' could be several %ss:", word, what);
	else
		refuse(why, why_cap, "'%s' is no %s%s%s%s; there are:", word, what,
		       near.best ? ", did you mean '" : "", near.best ? near.best : "",
		       near.best ? "'?" : "");
	for (size_t i = 0; i < name_cnt; i++)
		if (hits == 0 || strncmp(names[i], word, len) == 0)
			append(why, why_cap, " %s", names[i]);
	return hits ? -ENOTUNIQ : -ENOENT;
}

static size_t arg_cnt(const struct cli_command *command)
{
	size_t cnt = 0;

	while (cnt < CLI_ARGS_MAX && command->args[cnt].name)
		cnt++;
	return cnt;
}

/* The first word-by-place that has no value yet; needed_only: of those that must be there. */
static int open_word(const struct cli_args *args, bool needed_only)
{
	const struct cli_arg *table = args->command->args;

	for (size_t i = 0; i < arg_cnt(args->command); i++)
		if (table[i].kind == CLI_WORD && !args->values[i] && (table[i].needed || !needed_only))
			return (int)i;
	return -1;
}

/* The key or flag of this name: whole, or (abbreviated) the start of exactly one. -1: none. */
static int find_key(const struct cli_command *command, const char *name, size_t len, bool abbreviated)
{
	int hit = -1;

	for (size_t i = 0; i < arg_cnt(command); i++) {
		const struct cli_arg *arg = &command->args[i];

		if (arg->kind == CLI_WORD || strncmp(arg->name, name, len) != 0)
			continue;
		if (strlen(arg->name) == len)
			return (int)i;
		if (abbreviated)
			hit = hit < 0 ? (int)i : -2;
		if (hit == -2)
			break;
	}
	return hit < 0 ? -1 : hit;
}

/* Another spelling of a key or flag. -1: of none. */
static int find_also(const struct cli_command *command, const char *name, size_t len)
{
	for (size_t i = 0; i < arg_cnt(command); i++) {
		const char *also = command->args[i].also;

		if (also && strlen(also) == len && strncmp(also, name, len) == 0)
			return (int)i;
	}
	return -1;
}

static int find_letter(const struct cli_command *command, char letter)
{
	for (size_t i = 0; i < arg_cnt(command); i++)
		if (command->args[i].letter && command->args[i].letter == letter)
			return (int)i;
	return -1;
}

/* A value of "tcp|udp" must be one of them; one with capitals is free. */
static bool value_fits(const struct cli_arg *arg, const char *value)
{
	size_t len = strlen(value);

	if (!arg->value || !strchr(arg->value, '|'))
		return true;
	for (const char *p = arg->value; *p; p++)
		if (isupper((unsigned char)*p))
			return true;
	for (const char *p = arg->value; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (strncmp(p, value, len) == 0 && (p[len] == '|' || p[len] == 0) && len > 0)
			return true;
	return false;
}

struct reading {
	struct cli_args args;
	char **words;
	int at, cnt;
	int many; /* the key whose values follow; -1: none */
	char *why;
	size_t why_cap;
};

static int store_more(struct reading *r, int i, const char *value)
{
	if (r->args.more_cnt == CLI_MORE_MAX)
		return refuse(r->why, r->why_cap, "'%s' is given more than %d times",
			      r->args.command->args[i].name, CLI_MORE_MAX);
	r->args.more[r->args.more_cnt].value = value;
	r->args.more[r->args.more_cnt++].arg = i;
	return 0;
}

static int store(struct reading *r, int i, const char *value)
{
	const struct cli_arg *arg = &r->args.command->args[i];

	r->many = arg->many ? i : -1;
	if (r->args.values[i] && !arg->many)
		return refuse(r->why, r->why_cap, "'%s' was given twice", arg->name);
	if (!value_fits(arg, value))
		return refuse(r->why, r->why_cap, "'%s' cannot be %s; it is one of %s", value,
			      arg->name, arg->value);
	if (r->args.values[i])
		return store_more(r, i, value);
	r->args.values[i] = value;
	return 0;
}

/* A key takes the next word (or what stood behind '='), a flag none. */
static int store_key(struct reading *r, int i, const char *value)
{
	const struct cli_arg *arg = &r->args.command->args[i];

	if (arg->kind == CLI_FLAG)
		return value ? refuse(r->why, r->why_cap, "'%s' takes no value", arg->name)
			     : store(r, i, "");
	if (!value && r->at >= r->cnt)
		return refuse(r->why, r->why_cap, "'%s' needs %s behind it", arg->name, arg->value);
	return store(r, i, value ? value : r->words[r->at++]);
}

/* The two options that are heard anywhere. */
static bool common_option(struct cli_args *args, const char *word)
{
	if (strcmp(word, "-j") == 0 || strcmp(word, "--json") == 0)
		args->json = true;
	else if (strcmp(word, "-p") == 0 || strcmp(word, "--pretty") == 0)
		args->json = args->pretty = true;
	else
		return false;
	return true;
}

static int read_dashed(struct reading *r, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	int i = -1;

	if (common_option(&r->args, word))
		return 0;
	if (word[1] == '-')
		i = find_also(r->args.command, word + 2, len - 2);
	if (word[1] == '-' && i < 0)
		i = find_key(r->args.command, word + 2, len - 2, true);
	if (word[1] != '-' && len == 2)
		i = find_letter(r->args.command, word[1]);
	if (i < 0)
		return refuse(r->why, r->why_cap,
			      "'%s' is no option here (the program's options stand before the object)",
			      word);
	return store_key(r, i, equals ? equals + 1 : NULL);
}

static int read_plain(struct reading *r, const char *word)
{
	int i = open_word(&r->args, true);

	if (word[0] == 0 && open_word(&r->args, false) >= 0)
		return refuse(r->why, r->why_cap, "an empty word stands where %s should",
			      r->args.command->args[open_word(&r->args, false)].value);
	if (i >= 0)
		return store(r, i, word);
	i = find_key(r->args.command, word, strlen(word), false);
	if (i >= 0)
		return store_key(r, i, NULL);
	if (r->many >= 0)
		return store(r, r->many, word);
	i = open_word(&r->args, false);
	if (i >= 0)
		return store(r, i, word);
	i = word[0] ? find_key(r->args.command, word, strlen(word), true) : -1;
	if (i >= 0)
		return store_key(r, i, NULL);
	return refuse(r->why, r->why_cap, "'%s' has no meaning behind '%s'", word,
		      r->args.command->name);
}

int words_read(const struct cli_command *command, int word_cnt, char **words,
	       struct cli_args *ret_args, char *why, size_t why_cap)
{
	struct reading r = { .args = { .command = command },
			     .words = words,
			     .cnt = word_cnt,
			     .many = -1,
			     .why = why,
			     .why_cap = why_cap };
	bool dashes = true;
	int missing;

	while (r.at < r.cnt) {
		const char *word = words[r.at++];
		int ret;

		if (dashes && strcmp(word, "--") == 0) {
			dashes = false;
			continue;
		}
		if (dashes && word[0] == '-' && word[1])
			ret = read_dashed(&r, word);
		else
			ret = read_plain(&r, word);
		if (ret < 0)
			return ret;
	}
	missing = open_word(&r.args, true);
	if (missing >= 0)
		return refuse(why, why_cap, "%s is missing", command->args[missing].value);
	for (size_t i = 0; i < arg_cnt(command); i++)
		if (command->args[i].needed && !r.args.values[i])
			return refuse(why, why_cap, "'%s %s' is missing", command->args[i].name,
				      command->args[i].value);
	*ret_args = r.args;
	return 0;
}

void words_usage(const struct cli_command *command, char *out, size_t cap)
{
	out[0] = 0;
	for (size_t i = 0; i < arg_cnt(command); i++) {
		const struct cli_arg *arg = &command->args[i];

		append(out, cap, "%s%s", i ? " " : "", arg->needed ? "" : "[");
		if (arg->kind != CLI_WORD)
			append(out, cap, "%s%s", arg->name, arg->kind == CLI_KEY ? " " : "");
		if (arg->kind != CLI_FLAG)
			append(out, cap, "%s%s", arg->value, arg->many ? " ..." : "");
		append(out, cap, "%s", arg->needed ? "" : "]");
	}
}
