// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the check of rules without traffic: each refused one with place and reason, and how many each reason
 * costs. Called by main.c; promises that a rule which is not taken is counted.
 */
#include "replay/rulecheck.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/parse/parse.h"
#include "replay/summary.h"
#include "replay/usual.h"

#define REASONS_SHOWN 40

struct check {
	const char *config;
	bool json, pretty;
	const char **files, **sets;
	size_t file_cnt, set_cnt;
	struct config *settings;
	struct parse *parse;
	struct signatures signatures;
	struct diag diag;
};

static const struct option names[] = {
	{ "json", no_argument, NULL, 'j' },	  { "pretty", no_argument, NULL, 'p' },
	{ "file", required_argument, NULL, 'r' }, { "config", required_argument, NULL, 'c' },
	{ "set", required_argument, NULL, 's' },  { NULL, 0, NULL, 0 },
};

bool rule_check_is_asked(int argc, char **argv)
{
	return argc > 1 &&
	       (strcmp(argv[1], "rule-check") == 0 || strcmp(argv[1], "--rule-check") == 0);
}

/* Room for lists is as many as there are words. Returns 0, -EINVAL after words, or -ENOMEM. */
static int words_read(int argc, char **argv, struct check *check)
{
	int option;

	check->files = calloc((size_t)argc, sizeof(*check->files));
	check->sets = calloc((size_t)argc, sizeof(*check->sets));
	if (!check->files || !check->sets)
		return -ENOMEM;
	optind = 2;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 'j')
			check->json = true;
		else if (option == 'p')
			check->pretty = true;
		else if (option == 'r')
			check->files[check->file_cnt++] = optarg;
		else if (option == 'c')
			check->config = optarg;
		else if (option == 's')
			check->sets[check->set_cnt++] = optarg;
		else
			return -EINVAL;
	}
	while (optind < argc)
		check->files[check->file_cnt++] = argv[optind++];
	if (check->file_cnt)
		return 0;
	fputs("sekishod: needed: rule-check FILE...\n", stderr);
	return -EINVAL;
}

static int settings_read_all(struct check *check)
{
	int err = check->config ? config_read(check->config, &check->settings, &check->diag)
				: config_read_text(usual_settings, "the usual settings",
						   &check->settings, &check->diag);

	for (size_t i = 0; !err && i < check->set_cnt; i++) {
		err = config_set(check->settings, check->sets[i]);
		if (err == -EINVAL)
			diag_add(&check->diag, DIAG_ERROR, NULL, 0, 0, "set stream.midstream=true",
				 "\"%s\" is no setting", check->sets[i]);
	}
	return err;
}

/* All files, also behind one that cannot be read. */
static int rules_read(struct check *check)
{
	int failed = 0;
	int err = parse_new(check->settings, &check->diag, &check->parse);

	for (size_t i = 0; err != -ENOMEM && i < check->file_cnt; i++) {
		err = parse_file(check->parse, check->files[i], &check->signatures);
		failed = failed ? failed : err;
	}
	if (err != -ENOMEM && !failed)
		failed = parse_thresholds(check->parse, NULL, &check->signatures);
	return err == -ENOMEM ? err : failed;
}

/* --- what is told --- */

static json_t *reasons_json(const struct check *check)
{
	json_t *list = json_array();
	struct refusal refusal;

	for (size_t i = 0; check->parse && parse_refusal(check->parse, i, &refusal); i++)
		json_array_append_new(list, json_pack("{s:s, s:I}", "text", refusal.says, "rules",
						      (json_int_t)refusal.cnt));
	return list;
}

static void json_tell(const struct check *check)
{
	struct ruleset_tally tally = {};
	json_t *root;

	if (check->parse)
		tally = parse_tally(check->parse);
	root = json_pack("{s:I, s:I, s:I, s:o, s:o, s:I}", "taken", (json_int_t)tally.taken,
			 "refused", (json_int_t)tally.refused, "ignored", (json_int_t)tally.ignored,
			 "reasons", reasons_json(check), "diag", diag_json(&check->diag),
			 "not_shown", (json_int_t)check->diag.dropped_cnt);
	if (root)
		json_dumpf(root, stdout, check->pretty ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', stdout);
	json_decref(root);
}

static void text_tell(const struct check *check)
{
	struct ruleset_tally tally = parse_tally(check->parse);
	struct refusal refusal;
	size_t i;

	for (i = 0; i < REASONS_SHOWN && parse_refusal(check->parse, i, &refusal); i++)
		printf("%7u  %s\n", refusal.cnt, refusal.says);
	if (parse_refusal(check->parse, i, &refusal))
		printf("     ...  and other reasons; -j tells all\n");
	printf("%u rules taken, %u refused, %u ignored\n", tally.taken, tally.refused, tally.ignored);
}

static void check_free(struct check *check)
{
	signatures_free(&check->signatures);
	parse_free(check->parse);
	config_free(check->settings);
	diag_free(&check->diag);
	free((void *)check->files);
	free((void *)check->sets);
}

int rule_check_main(int argc, char **argv)
{
	struct check check = {};
	int err, status;

	diag_init(&check.diag);
	if (words_read(argc, argv, &check)) {
		check_free(&check);
		return 2;
	}
	err = settings_read_all(&check);
	if (!err)
		err = rules_read(&check);
	if (check.json) {
		json_tell(&check);
	} else {
		diag_print(&check.diag, stderr);
		if (check.parse)
			text_tell(&check);
	}
	status = err || !check.parse || parse_tally(check.parse).refused;
	check_free(&check);
	return status ? 1 : 0;
}
