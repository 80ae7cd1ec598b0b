/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of the `sekisho` command: objects, their commands, the words that each takes.
 * One obj_NAME.c an object, one row in objects.def; help, completion and the refusal of stray words
 * follow from these tables. Only main.c exits.
 */
#ifndef POLICY_CLI_CLI_H
#define POLICY_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "text/diag.h"

/* What the shell sees; documented in sekisho(8). */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1, /* asked rightly, could not be done */
	CLI_USAGE = 2, /* not asked rightly */
	CLI_REFUSED = 3, /* the asker has not the right */
	CLI_NO_AGENT = 4, /* sekishod does not answer, and it could not be done without */
	CLI_BLOCKED = 5, /* answered: what was asked about would be blocked */
	CLI_INSPECTED = 6, /* answered: it would be inspected */
};

#define CLI_ARGS_MAX 16
#define CLI_PATH_MAX 256

/* One run of the program: options and places. Made by main.c, constant afterwards. */
struct cli {
	bool json; /* -j, -p */
	bool japanese; /* the environment asks for it: meanings in Japanese */
	bool pretty; /* -p */
	bool offline; /* --offline: sekishod is brought up for this command alone */
	const char *instance; /* "" unless --instance */
	char socket[CLI_PATH_MAX]; /* of the agent */
	char pin_dir[CLI_PATH_MAX];
	char journal[CLI_PATH_MAX];
	char eve[CLI_PATH_MAX];
	FILE *out, *err;
};

enum cli_kind {
	CLI_WORD, /* by its place: FILE */
	CLI_KEY, /* a word and its value: port NAME; --port NAME is the same */
	CLI_FLAG, /* a word alone: force; --force is the same */
};

/* One argument of a command. */
struct cli_arg {
	const char *name; /* in lower case: what cli_arg() asks for and, of keys and flags, what is typed */
	enum cli_kind kind;
	const char *value; /* shown by help: "FILE" (a path), "NAME", "tcp|udp"; flags: NULL */
	bool needed;
	char letter; /* short form: 'm' for -m; 0: none */
	bool many; /* keys: may be given again, and may have several values behind it */
	const char *also; /* another spelling with dashes that people bring along; NULL: none */
};

struct cli_args;
struct cli;

struct cli_command {
	const char *name; /* NULL ends a table */
	const char *summary; /* one line for help */
	int (*run)(struct cli *cli, const struct cli_args *args); /* returns enum cli_exit */
	const struct cli_arg args[CLI_ARGS_MAX]; /* a name of NULL ends; words before keys */
};

struct cli_object {
	const char *name;
	const char *summary;
	const struct cli_command *commands;
	const char *usual; /* the command that is run when none is named; NULL: help */
	const char *teach; /* end of the help: examples with a word on each */
};

/* Every object is `const struct cli_object object_NAME`, defined in obj_NAME.c. */
#define CLI_OBJECT(name) extern const struct cli_object object_##name;
#include "cli/objects.def"
#undef CLI_OBJECT

#define CLI_MORE_MAX 128

/* The words that were given, checked against the command's table. */
struct cli_args {
	const struct cli_command *command;
	const char *values[CLI_ARGS_MAX]; /* NULL: not given; flags: "" */
	struct {
		const char *value;
		int arg;
	} more[CLI_MORE_MAX]; /* values of keys that may have many, behind their first, in order */
	size_t more_cnt;
	bool json, pretty; /* -j and -p are heard behind the command as well */
};

/* The value of an argument, or NULL when it was not given. The name must be in the table. */
const char *cli_arg(const struct cli_args *args, const char *name);
/* Value number i, from 0, of a key that may have many; NULL: there is none. */
const char *cli_list(const struct cli_args *args, const char *name, size_t i);
/* Was it given? */
bool cli_has(const struct cli_args *args, const char *name);
/*
 * A whole number in [min, max]. Not given: *ret_number is left as it is. Returns 0, or CLI_USAGE with
 * the words said.
 */
int cli_number(struct cli *cli, const struct cli_args *args, const char *name, uint64_t min,
	       uint64_t max, uint64_t *ret_number);

/*
 * Ends a run that did not succeed: prints the entries of diag (NULL: none) and the sentence, on
 * standard error, or as one object {"error":{"exit","text","diag":[…]}} on standard output under -j.
 * Whatever is in the words stays one line without control bytes. Returns status.
 */
int cli_fail(struct cli *cli, enum cli_exit status, const struct diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Something to know that is no failure: one line on standard error, also under -j. */
void cli_note(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The entries of diag as [{level,file,line,column,text,hint}]; NULL when out of memory. */
json_t *cli_diag_json(const struct diag *diag);
/* The reverse of it: adds what the agent has sent; what is no entry is left out. */
void cli_diag_add(struct diag *diag, const json_t *entries);

/* All objects, ended by NULL, in the order of their names. */
const struct cli_object *const *cli_objects(void);

/*
 * Runs `words` (objects, commands and arguments, the options taken away). Returns enum cli_exit.
 */
int cli_run(struct cli *cli, int word_cnt, char **words);

/* Fills the places of an instance; 0 or -EINVAL for a name that is none. */
int cli_places(struct cli *cli, const char *instance);

#endif
