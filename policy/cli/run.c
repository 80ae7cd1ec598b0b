/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the way from words to an object's command, and how a run ends without success. Called by main.c.
 * Promises that tables are checked, that no word is passed over, and that an end is said once.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/print.h"
#include "cli/words.h"
#include "version.h"

#define WHY_MAX 1024
#define COMMANDS_MAX 16

const struct cli_object *const *cli_objects(void)
{
	static const struct cli_object *const objects[] = {
#define CLI_OBJECT(name) &object_##name,
#include "cli/objects.def"
#undef CLI_OBJECT
		NULL,
	};

	return objects;
}

static int arg_index(const struct cli_args *args, const char *name)
{
	for (int i = 0; i < CLI_ARGS_MAX && args->command->args[i].name; i++)
		if (strcmp(args->command->args[i].name, name) == 0)
			return i;
	assert(!"a command asks for an argument that is not in its table");
	return -1;
}

const char *cli_arg(const struct cli_args *args, const char *name)
{
	int i = arg_index(args, name);

	return i < 0 ? NULL : args->values[i];
}

const char *cli_list(const struct cli_args *args, const char *name, size_t i)
{
	int arg = arg_index(args, name);

	if (arg < 0 || i == 0)
		return arg < 0 ? NULL : args->values[arg];
	for (size_t m = 0; m < args->more_cnt; m++)
		if (args->more[m].arg == arg && --i == 0)
			return args->more[m].value;
	return NULL;
}

bool cli_has(const struct cli_args *args, const char *name)
{
	return cli_arg(args, name) != NULL;
}

int cli_number(struct cli *cli, const struct cli_args *args, const char *name, uint64_t min,
	       uint64_t max, uint64_t *ret_number)
{
	const char *text = cli_arg(args, name);
	unsigned long long value;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value < min || value > max)
		return cli_fail(cli, CLI_USAGE, NULL, "%s '%s' is no whole number from %llu to %llu",
				name, text, (unsigned long long)min, (unsigned long long)max);
	*ret_number = value;
	return 0;
}

static const char *level_name(enum diag_level level)
{
	return level == DIAG_ERROR ? "error" : level == DIAG_WARNING ? "warning" : "note";
}

json_t *cli_diag_json(const struct diag *diag)
{
	json_t *list = json_array();

	for (size_t i = 0; list && diag && i < diag->cnt; i++) {
		const struct diag_entry *e = &diag->entries[i];
		json_t *item = json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "level",
					 level_name(e->level), "file",
					 print_string(e->file ? e->file : ""), "line",
					 (json_int_t)e->line, "column", (json_int_t)e->column,
					 "text", print_string(e->text ? e->text : ""), "hint",
					 print_string(e->hint ? e->hint : ""));

		if (!item || json_array_append_new(list, item) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

void cli_diag_add(struct diag *diag, const json_t *entries)
{
	const json_t *e;
	size_t i;

	json_array_foreach(entries, i, e) {
		const char *level = json_string_value(json_object_get(e, "level"));
		const char *text = json_string_value(json_object_get(e, "text"));
		const char *file = json_string_value(json_object_get(e, "file"));
		const char *hint = json_string_value(json_object_get(e, "hint"));

		if (!level || !text)
			continue;
		diag_add(diag,
			 strcmp(level, "error") == 0	 ? DIAG_ERROR
			 : strcmp(level, "warning") == 0 ? DIAG_WARNING
							 : DIAG_NOTE,
			 file && file[0] ? file : NULL,
			 (uint32_t)json_integer_value(json_object_get(e, "line")),
			 (uint32_t)json_integer_value(json_object_get(e, "column")),
			 hint && hint[0] ? hint : NULL, "%s", text);
	}
}

static void fail_json(struct cli *cli, enum cli_exit status, const struct diag *diag, const char *text)
{
	json_t *error = json_pack("{s:{s:i, s:o, s:o}}", "error", "exit", (int)status, "text",
				  print_string(text), "diag", cli_diag_json(diag));

	if (error)
		print_json(cli->out, error, cli->pretty);
	json_decref(error);
}

int cli_fail(struct cli *cli, enum cli_exit status, const struct diag *diag, const char *fmt, ...)
{
	char text[WHY_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (cli->json) {
		fail_json(cli, status, diag, text);
		return status;
	}
	fflush(cli->out);
	if (diag)
		diag_print(diag, cli->err);
	fputs("sekisho: ", cli->err);
	print_text(cli->err, text, strlen(text));
	fputc('\n', cli->err);
	return status;
}

void cli_note(struct cli *cli, const char *fmt, ...)
{
	char text[WHY_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fflush(cli->out);
	fputs("sekisho: note: ", cli->err);
	print_text(cli->err, text, strlen(text));
	fputc('\n', cli->err);
}

int cli_places(struct cli *cli, const char *instance)
{
	const char *dash = instance[0] ? "-" : "";

	if (strlen(instance) > 32 ||
	    strspn(instance, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789-_") != strlen(instance))
		return -EINVAL;
	cli->instance = instance;
	snprintf(cli->socket, sizeof(cli->socket), "/run/sekisho%s%s/control.sock", dash, instance);
	snprintf(cli->pin_dir, sizeof(cli->pin_dir), "/sys/fs/bpf/sekisho%s%s", dash, instance);
	snprintf(cli->journal, sizeof(cli->journal), "/var/lib/sekisho%s%s/journal.db", dash,
		 instance);
	snprintf(cli->eve, sizeof(cli->eve), "/var/log/sekisho%s%s/eve.json", dash, instance);
	return 0;
}

/* The object that a word means. */
static int find_object(struct cli *cli, const char *word, const struct cli_object **ret_object)
{
	const char *names[CLI_ARGS_MAX * 4];
	char why[WHY_MAX];
	size_t cnt = 0;
	int i;

	for (const struct cli_object *const *o = cli_objects(); *o; o++)
		names[cnt++] = (*o)->name;
	i = words_match("object", word, names, cnt, why, sizeof(why));
	if (i < 0)
		return cli_fail(cli, CLI_USAGE, NULL, "%s; 'sekisho help' tells what each is for",
				why);
	*ret_object = cli_objects()[i];
	return CLI_OK;
}

/* NULL for "help", which every object has. */
static int find_command(struct cli *cli, const struct cli_object *object, const char *word,
			const struct cli_command **ret_command)
{
	const char *names[COMMANDS_MAX + 1];
	char why[WHY_MAX];
	size_t cnt = 0;
	int i;

	for (const struct cli_command *c = object->commands; c->name && cnt < COMMANDS_MAX; c++)
		names[cnt++] = c->name;
	names[cnt++] = "help";
	i = words_match("command", word, names, cnt, why, sizeof(why));
	if (i < 0)
		return cli_fail(cli, CLI_USAGE, NULL, "%s; 'sekisho %s help' explains them", why,
				object->name);
	*ret_command = (size_t)i + 1 == cnt ? NULL : &object->commands[i];
	return CLI_OK;
}

static int run_help(struct cli *cli, const struct cli_object *object, int word_cnt, char **words)
{
	const struct cli_command *command = NULL;

	if (word_cnt > 1)
		return cli_fail(cli, CLI_USAGE, NULL, "'%s' is one word too many behind help",
				words[1]);
	if (word_cnt == 1) {
		int ret = find_command(cli, object, words[0], &command);

		if (ret != CLI_OK)
			return ret;
	}
	if (command)
		help_command(cli->out, object, command);
	else
		help_object(cli->out, object);
	return CLI_OK;
}

static int run_command(struct cli *cli, const struct cli_object *object,
		       const struct cli_command *command, int word_cnt, char **words)
{
	struct cli_args args = { 0 };
	struct cli heard = *cli;
	char why[WHY_MAX], usage[512];

	if (words_read(command, word_cnt, words, &args, why, sizeof(why)) < 0) {
		words_usage(command, usage, sizeof(usage));
		return cli_fail(cli, CLI_USAGE, NULL, "%s (usage: sekisho %s %s %s)", why,
				object->name, command->name, usage);
	}
	heard.json |= args.json;
	heard.pretty |= args.pretty;
	return command->run(&heard, &args);
}

/* Words that are no object: help, version, completion. -1: it is none of them. */
static int run_word(struct cli *cli, int word_cnt, char **words)
{
	bool alone = word_cnt == 1;

	if (strcmp(words[0], "completion") == 0) {
		if (word_cnt != 2 || strcmp(words[1], "bash") != 0)
			return cli_fail(cli, CLI_USAGE, NULL,
					"completion is made for one shell: 'sekisho completion bash'");
		complete_bash(cli->out);
		return CLI_OK;
	}
	if (strcmp(words[0], "help") != 0 && strcmp(words[0], "version") != 0)
		return -1;
	if (words[0][0] == 'h' && word_cnt == 2) {
		const struct cli_object *object;
		int ret = find_object(cli, words[1], &object);

		return ret == CLI_OK ? run_help(cli, object, 0, NULL) : ret;
	}
	if (!alone)
		return cli_fail(cli, CLI_USAGE, NULL, "'%s' is one word too many behind %s",
				words[word_cnt - 1], words[0]);
	if (words[0][0] == 'h')
		help_program(cli->out);
	else
		fprintf(cli->out, "sekisho %s\n", SEKISHO_VERSION);
	return CLI_OK;
}

static bool is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

/* Does the usual command take this word as a key or a flag? Then it need not be named before it. */
static bool is_usual_key(const struct cli_object *object, const char *word)
{
	const struct cli_command *command = object->commands;

	if (!object->usual)
		return false;
	while (command->name && strcmp(command->name, object->usual) != 0)
		command++;
	for (int i = 0; command->name && i < CLI_ARGS_MAX && command->args[i].name; i++)
		if (command->args[i].kind != CLI_WORD && strcmp(command->args[i].name, word) == 0)
			return true;
	return false;
}

/* The words behind an object: a command and its own, or only those of the usual command. */
static int run_object(struct cli *cli, const struct cli_object *object, int word_cnt, char **words)
{
	const struct cli_command *command = NULL;
	const char *name = object->usual ? object->usual : "help";
	bool named = word_cnt > 0 && words[0][0] != '-' && !is_usual_key(object, words[0]);
	int ret;

	if (word_cnt > 0 && is_help(words[0]))
		return run_help(cli, object, word_cnt - 1, words + 1);
	ret = find_command(cli, object, named ? words[0] : name, &command);
	if (ret != CLI_OK)
		return ret;
	if (!command)
		return run_help(cli, object, word_cnt - named, words + named);
	if (word_cnt == 1 + named && is_help(words[named])) {
		help_command(cli->out, object, command);
		return CLI_OK;
	}
	return run_command(cli, object, command, word_cnt - named, words + named);
}

int cli_run(struct cli *cli, int word_cnt, char **words)
{
	const struct cli_object *object = NULL;
	int ret;

	if (word_cnt == 0) {
		help_program(cli->err);
		return CLI_USAGE;
	}
	ret = run_word(cli, word_cnt, words);
	if (ret >= 0)
		return ret;
	ret = find_object(cli, words[0], &object);
	if (ret != CLI_OK || !object)
		return ret;
	return run_object(cli, object, word_cnt - 1, words + 1);
}
