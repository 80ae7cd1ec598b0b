// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the check of rules without traffic: each refused one with place and reason, and how many each reason
 * costs. Called by main.c; promises that a rule which is not taken is counted.
 */
#include "replay/rulecheck.h"

#include <stdio.h>
#include <string.h>

#include "replay/ruleread.h"
#include "replay/summary.h"
#include "text/counted.h"

#define REASONS_SHOWN 40

bool rule_check_is_asked(int argc, char **argv)
{
	return argc > 1 &&
	       (strcmp(argv[1], "rule-check") == 0 || strcmp(argv[1], "--rule-check") == 0);
}

/* --- what is told --- */

static json_t *reasons_json(const struct rule_reading *check)
{
	json_t *list = json_array();
	struct refusal refusal;

	for (size_t i = 0; check->parse && parse_refusal(check->parse, i, &refusal); i++)
		json_array_append_new(list, json_pack("{s:s, s:I}", "text", refusal.says, "rules",
						      (json_int_t)refusal.cnt));
	return list;
}

static void json_tell(const struct rule_reading *check)
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

static void text_tell(const struct rule_reading *check)
{
	struct ruleset_tally tally = parse_tally(check->parse);
	struct refusal refusal;
	size_t i;

	for (i = 0; i < REASONS_SHOWN && parse_refusal(check->parse, i, &refusal); i++)
		printf("%7u  %s\n", refusal.cnt, refusal.says);
	if (parse_refusal(check->parse, i, &refusal))
		printf("     ...  and other reasons; -j tells all\n");
	printf("%s taken, %u refused, %u ignored\n", COUNTED(tally.taken, "rule"), tally.refused,
	       tally.ignored);
}

int rule_check_main(int argc, char **argv)
{
	struct rule_reading check = {};
	int err = rule_reading_words(argc, argv, &check), status;

	if (err) {
		rule_reading_free(&check);
		return 2;
	}
	err = rule_reading_do(&check);
	if (check.json) {
		json_tell(&check);
	} else {
		diag_print(&check.diag, stderr);
		if (check.parse)
			text_tell(&check);
	}
	status = err || !check.parse || parse_tally(check.parse).refused;
	rule_reading_free(&check);
	return status ? 1 : 0;
}
