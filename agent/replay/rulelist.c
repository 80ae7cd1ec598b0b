// SPDX-License-Identifier: Apache-2.0
/*
 * Owns how rules are shown: as a list, a line each, or one of them with all that the engine will ask of
 * traffic for it. Called by main.c; promises that what a rule holds stays in its line.
 */
#include "replay/rulelist.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/ruleread.h"
#include "report/json.h"
#include "text/counted.h"
#include "text/escape.h"

#define SHOWN_MAX 16384 /* bytes of a text on a terminal */

static const char *const action_words[] = {
	[RULE_ALERT] = "alert",
	[RULE_PASS] = "pass",
	[RULE_DROP] = "drop",
	[RULE_REJECT] = "reject",
	[RULE_REJECT_DST] = "rejectdst",
	[RULE_REJECT_BOTH] = "rejectboth",
	[RULE_CONFIG] = "config",
};

static const char *const layer_words[] = {
	[RULE_OF_PACKETS] = "packets",
	[RULE_OF_STREAM] = "streams",
	[RULE_OF_BOTH] = "packets and streams",
	[RULE_OF_TX] = "transactions",
	[RULE_OF_FRAMES] = "frames",
};

bool rule_list_is_asked(int argc, char **argv)
{
	static const char *const words[] = { "rule-list", "rule-show", "--rule-list", "--rule-show" };

	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i]) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct rule_reading *reading, const struct rule *rule)
{
	if (reading->sid && rule->sid != reading->sid)
		return false;
	return !reading->match || strcasestr(rule->text, reading->match);
}

/* --- for people --- */

static const char *shown(const char *text)
{
	static char room[SHOWN_MAX];

	return text_escape(text, strlen(text), room, sizeof(room));
}

static void __attribute__((format(printf, 2, 3))) line_tell(const char *title, const char *fmt, ...)
{
	va_list args;

	printf("%-14s", title);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

static void words_tell(const char *title, const struct rule_word *words, uint32_t cnt,
		       const char *between)
{
	for (uint32_t i = 0; i < cnt; i++) {
		printf("%-14s%s%s", i ? "" : title, shown(words[i].key), between);
		puts(shown(words[i].value));
	}
}

static const char *side_word(const struct part *part)
{
	return part->any_side		   ? ""
	       : part->side == FROM_CLIENT ? " of the client"
					   : " of the server";
}

/* Bytes as rules write them: |0D 0A|. */
static void content_tell(const struct content *content, bool fast)
{
	bool hex = false;

	printf("content %s\"", content->negated ? "not " : "");
	for (uint16_t i = 0; i < content->len; i++) {
		uint8_t b = content->bytes[i];
		bool plain = b >= ' ' && b < 0x7f && !strchr("\"|;:\\", b);

		if (hex == plain)
			putchar('|');
		else if (hex)
			putchar(' ');
		hex = !plain;
		printf(plain ? "%c" : "%02X", b);
	}
	printf("%s\"%s%s\n", hex ? "|" : "", content->nocase ? ", any case" : "",
	       fast ? ", looked for first" : "");
}

static void part_tell(const struct signature *s, uint32_t number)
{
	const struct part *part = &s->parts[number];

	line_tell(number ? "" : "asks", "%s%s%s", part->source->name, side_word(part),
		  part->absent == PART_ABSENT ? ", is absent" : "");
	for (uint32_t i = 0; i < part->clause_cnt; i++) {
		const struct clause *clause = &part->clauses[i];
		bool fast = s->fast_part == (int32_t)number && s->fast_clause == (int32_t)i;

		printf("%16s", "");
		if (clause->is_content)
			content_tell(clause->arg, fast);
		else
			puts(clause->ops->word);
	}
}

static void rule_tell(const struct signature *s)
{
	const struct rule *rule = &s->rule;

	line_tell("rule", "%u, revision %u%s", rule->sid, rule->rev,
		  rule->gid == 1 ? "" : ", of a group");
	line_tell("message", "%s", shown(rule->msg));
	line_tell("action", "%s%s", action_words[rule->action],
		  rule->noalert ? ", without a record" : "");
	line_tell("class", "%s", shown(rule->class_msg));
	line_tell("priority", "%u", rule->priority);
	line_tell("place", "%s:%u", rule->file ? rule->file : "", rule->line);
	line_tell("asked of", "%s", layer_words[s->layer]);
	for (uint32_t i = 0; i < s->part_cnt; i++)
		part_tell(s, i);
	for (uint32_t i = 0; i < s->test_cnt; i++)
		line_tell(i ? "" : "and that", "%s", s->tests[i].ops->word);
	for (uint32_t i = 0; i < s->act_cnt; i++)
		line_tell(i ? "" : "then", "%s", s->acts[i].ops->word);
	words_tell("references", rule->references, rule->reference_cnt, "");
	words_tell("metadata", rule->metadata, rule->metadata_cnt, " ");
	printf("\n%s\n", shown(rule->text));
}

static void row_tell(const struct rule *rule)
{
	printf("%10u %5u %-10s %3u  %s\n", rule->sid, rule->rev, action_words[rule->action],
	       rule->priority, shown(rule->msg));
}

/* --- for programs --- */

static void words_json(struct json *json, const char *name, const struct rule_word *words,
		       uint32_t cnt)
{
	json_list(json, name);
	for (uint32_t i = 0; i < cnt; i++) {
		json_open(json, NULL);
		json_text(json, "name", words[i].key);
		json_text(json, "value", words[i].value);
		json_close(json);
	}
	json_close(json);
}

static void parts_json(struct json *json, const struct signature *s)
{
	json_list(json, "asks");
	for (uint32_t i = 0; i < s->part_cnt; i++) {
		const struct part *part = &s->parts[i];

		json_open(json, NULL);
		json_text(json, "buffer", part->source->name);
		if (!part->any_side)
			json_text(json, "side", part->side == FROM_CLIENT ? "client" : "server");
		json_bool(json, "absent", part->absent == PART_ABSENT);
		json_bool(json, "looked_for_first", s->fast_part == (int32_t)i);
		json_list(json, "clauses");
		for (uint32_t n = 0; n < part->clause_cnt; n++)
			json_text(json, NULL, part->clauses[n].ops->word);
		json_close(json);
		json_close(json);
	}
	json_close(json);
}

static void rule_json(struct json *json, const struct signature *s, bool whole)
{
	const struct rule *rule = &s->rule;

	json_open(json, NULL);
	json_number(json, "gid", rule->gid);
	json_number(json, "sid", rule->sid);
	json_number(json, "rev", rule->rev);
	json_text(json, "action", action_words[rule->action]);
	json_number(json, "priority", rule->priority);
	json_text(json, "class", rule->class_msg);
	json_text(json, "msg", rule->msg);
	json_text(json, "file", rule->file ? rule->file : "");
	json_number(json, "line", rule->line);
	json_text(json, "asked_of", layer_words[s->layer]);
	if (whole) {
		parts_json(json, s);
		json_list(json, "tests");
		for (uint32_t i = 0; i < s->test_cnt; i++)
			json_text(json, NULL, s->tests[i].ops->word);
		json_close(json);
		words_json(json, "references", rule->references, rule->reference_cnt);
		words_json(json, "metadata", rule->metadata, rule->metadata_cnt);
		json_text(json, "text", rule->text);
	}
	json_close(json);
}

static int all_json(const struct rule_reading *reading, bool whole)
{
	struct ruleset_tally tally = parse_tally(reading->parse);
	struct json json = {};
	bool failed;

	json_begin(&json);
	json_list(&json, "rules");
	for (size_t i = 0; i < reading->signatures.cnt; i++)
		if (is_wanted(reading, &reading->signatures.at[i]->rule))
			rule_json(&json, reading->signatures.at[i], whole);
	json_close(&json);
	json_number(&json, "taken", tally.taken);
	json_number(&json, "refused", tally.refused);
	json_number(&json, "ignored", tally.ignored);
	json_end(&json);
	json_newline(&json);
	failed = json.short_of_memory || fwrite(json.bytes, 1, json.len, stdout) != json.len;
	json_free(&json);
	return failed ? -ENOMEM : 0;
}

/* Returns how many rules were told. */
static size_t all_tell(const struct rule_reading *reading, bool whole)
{
	size_t cnt = 0;

	for (size_t i = 0; i < reading->signatures.cnt; i++) {
		const struct signature *s = reading->signatures.at[i];

		if (!is_wanted(reading, &s->rule))
			continue;
		if (reading->json) {
			cnt++;
			continue;
		}
		if (whole && cnt)
			puts("");
		if (!whole && !cnt)
			printf("%10s %5s %-10s %3s  %s\n", "SID", "REV", "ACTION", "PRI", "MESSAGE");
		if (whole)
			rule_tell(s);
		else
			row_tell(&s->rule);
		cnt++;
	}
	return cnt;
}

static int reading_tell(const struct rule_reading *reading, bool whole)
{
	struct ruleset_tally tally = parse_tally(reading->parse);
	size_t cnt = all_tell(reading, whole);

	if (reading->json && all_json(reading, whole)) {
		fputs("sekishod: the rules could not be written\n", stderr);
		return 1;
	}
	if (tally.refused && !reading->json)
		fprintf(stderr, "sekishod: %s refused and not shown; `sekisho rule check` says why\n",
			COUNTED(tally.refused, "rule"));
	if (!cnt && !reading->json)
		fputs("sekishod: no rule is like that\n", stderr);
	return cnt ? 0 : 1;
}

int rule_list_main(int argc, char **argv)
{
	struct rule_reading reading = {};
	bool whole = strstr(argv[1], "show");
	int err = rule_reading_words(argc, argv, &reading), status = 1;

	if (!err && whole && !reading.sid) {
		fputs("sekishod: rule-show: needed: --sid=NUMBER\n", stderr);
		err = -EINVAL;
	}
	if (err) {
		rule_reading_free(&reading);
		return 2;
	}
	err = rule_reading_do(&reading);
	if (err)
		diag_print(&reading.diag, stderr);
	if (reading.parse)
		status = reading_tell(&reading, whole);
	rule_reading_free(&reading);
	return err ? 1 : status;
}
