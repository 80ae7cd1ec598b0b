// SPDX-License-Identifier: Apache-2.0
/*
 * pcre: a regular expression, asked by PCRE2 within limits. Keeps a struct regex in front, by which
 * the build may look for it with others at once; what it captures goes to variables of the flow or
 * the alert.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <errno.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/keyword/content.h"
#include "detect/state.h"

#define CAPTURES_MAX 8
#define STEPS_MAX 100000 /* of PCRE2, for one ask: an expression that goes back and forth ends */
#define DEPTH_MAX 10000

struct capture {
	bool of_flow;
	uint32_t name, group;
};

struct expression {
	struct regex regex; /* first */
	pcre2_code *code;
	pcre2_match_context *limits;
	uint32_t capture_cnt;
	struct capture captures[CAPTURES_MAX];
};

static void captures_keep(const struct expression *expression, struct match *match,
			  struct slice subject, const PCRE2_SIZE *at, int groups)
{
	for (uint32_t i = 0; i < expression->capture_cnt; i++) {
		const struct capture *capture = &expression->captures[i];
		PCRE2_SIZE from, to;

		if (capture->group >= (uint32_t)groups)
			continue;
		from = at[2 * capture->group];
		to = at[2 * capture->group + 1];
		if (from != PCRE2_UNSET && from <= to)
			state_var_set(match, capture->of_flow, capture->name, slice(NULL, 0),
				      slice(subject.at + from, to - from));
	}
}

/* Looks in the subject from start on. Returns groups found, or what is below 1. */
static int expression_find(const struct expression *expression, struct match *match,
			   struct slice subject, size_t start, size_t *ret_from, size_t *ret_to)
{
	pcre2_match_data *found;
	PCRE2_SIZE *at;
	int groups;

	if (start > subject.len)
		return 0;
	found = pcre2_match_data_create_from_pattern(expression->code, NULL);
	if (!found)
		return 0;
	groups = pcre2_match(expression->code, subject.len ? subject.at : (const uint8_t *)"",
			     subject.len, start, 0, found, expression->limits);
	if (groups > 0) {
		at = pcre2_get_ovector_pointer(found);
		*ret_from = at[0];
		*ret_to = at[1];
		if (!expression->regex.negated)
			captures_keep(expression, match, subject, at, groups);
	}
	pcre2_match_data_free(found);
	return groups;
}

static enum clause_says expression_ask(const struct clause *clause, struct match *match)
{
	const struct expression *expression = clause->arg;
	uint32_t base = expression->regex.is_relative ? match->at : 0;
	struct slice subject = slice_behind(match->buffer, base);
	size_t start = 0, from = 0, to = 0;
	int groups;

	if (match->again == CLAUSE_ONCE || base > match->buffer.len)
		return CLAUSE_NO;
	if (match->again > base)
		start = (size_t)match->again - base;
	groups = expression_find(expression, match, subject, start, &from, &to);
	if (expression->regex.negated) {
		match->again = CLAUSE_ONCE;
		return groups > 0 ? CLAUSE_NO : CLAUSE_YES;
	}
	if (groups <= 0)
		return CLAUSE_NO;
	match->at = base + (uint32_t)to;
	match->again = (uint64_t)base + from + 1;
	return CLAUSE_YES;
}

static void expression_prepare(void *arg)
{
	struct expression *expression = arg;

	/* without it the expression is interpreted: slower, and the same */
	(void)pcre2_jit_compile(expression->code, PCRE2_JIT_COMPLETE);
}

static void expression_free(void *arg)
{
	struct expression *expression = arg;

	pcre2_match_context_free(expression->limits);
	pcre2_code_free(expression->code);
	free((char *)expression->regex.pattern);
	free(expression);
}

static const struct clause_ops expression_ops = {
	.word = "pcre", .ask = expression_ask, .prepare = expression_prepare, .free = expression_free
};

/* --- reading --- */

static const struct {
	char flag;
	uint32_t pcre;
	unsigned int hs;
} options[] = {
	{ 'i', PCRE2_CASELESS, HS_FLAG_CASELESS },
	{ 'm', PCRE2_MULTILINE, HS_FLAG_MULTILINE },
	{ 's', PCRE2_DOTALL, HS_FLAG_DOTALL },
	{ 'x', PCRE2_EXTENDED, 0 },
	{ 'A', PCRE2_ANCHORED, 0 },
	{ 'E', PCRE2_DOLLAR_ENDONLY, 0 },
	{ 'G', PCRE2_UNGREEDY, 0 },
	{ 'O', 0, 0 },
	{ 'B', 0, 0 },
	{ 'R', 0, 0 },
};

static const struct {
	char flag;
	const char *buffer;
} buffers[] = {
	{ 'U', "http.uri" },	      { 'I', "http.uri.raw" },	     { 'H', "http.header" },
	{ 'D', "http.header.raw" },   { 'M', "http.method" },	     { 'C', "http.cookie" },
	{ 'P', "http.request_body" }, { 'Q', "http.response_body" }, { 'V', "http.user_agent" },
	{ 'W', "http.host" },	      { 'Z', "http.host.raw" },	     { 'S', "http.stat_code" },
	{ 'Y', "http.stat_msg" },
};

struct spelling {
	struct slice pattern, flags, captures;
	bool negated;
	uint32_t pcre;
	unsigned int hs;
	bool is_relative;
	const char *buffer;
};

/* "/pattern/flags" and ", flow:name, pkt:name" behind it. */
static int spelling_split(struct draft *draft, struct slice inner, struct spelling *spelling)
{
	size_t end = inner.len;

	while (end > 1 && inner.at[end - 1] != '/')
		end--;
	if (inner.len < 2 || inner.at[0] != '/' || end < 2)
		return refuse(draft, (const char *)inner.at, "pcre:\"/expression/flags\"",
			      "an expression stands between two slashes");
	spelling->pattern = slice(inner.at + 1, end - 2);
	spelling->flags = slice_behind(inner, end);
	for (size_t i = 0; i < spelling->flags.len; i++) {
		if (spelling->flags.at[i] != ',')
			continue;
		spelling->captures = slice_behind(spelling->flags, i + 1);
		spelling->flags.len = i;
		break;
	}
	spelling->flags = slice_trim(spelling->flags);
	return 0;
}

static int flag_read(struct draft *draft, const uint8_t *flag, struct spelling *spelling)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].flag == (char)*flag) {
			spelling->pcre |= options[i].pcre;
			spelling->hs |= options[i].hs;
			spelling->is_relative |= *flag == 'R';
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		if (buffers[i].flag != (char)*flag)
			continue;
		if (spelling->buffer)
			return refuse(draft, (const char *)flag, "one letter for one buffer",
				      "the expression is of two buffers");
		spelling->buffer = buffers[i].buffer;
		return 0;
	}
	return refuse(draft, (const char *)flag,
		      "i m s x A E G O B R, or a buffer: U I H D M C P Q V W Z S Y",
		      "an expression has no flag \"%c\"", *flag);
}

/* What Hyperscan is given: a first look, which may find more than the expression does. */
static char *pattern_for_hs(const struct spelling *spelling)
{
	const char *front = spelling->pcre & PCRE2_EXTENDED ? "(?x)" : "";
	size_t size = spelling->pattern.len + strlen(front) + 1;
	char *pattern = malloc(size);

	if (pattern)
		snprintf(pattern, size, "%s%.*s", front, (int)spelling->pattern.len,
			 spelling->pattern.at);
	return pattern;
}

static int expression_compile(struct draft *draft, const struct spelling *spelling,
			      struct expression *expression)
{
	PCRE2_UCHAR why[128];
	PCRE2_SIZE offset;
	int error;

	expression->code = pcre2_compile(spelling->pattern.at, spelling->pattern.len,
					 spelling->pcre, &error, &offset, NULL);
	if (!expression->code) {
		pcre2_get_error_message(error, why, sizeof(why));
		return refuse(draft, (const char *)spelling->pattern.at + offset, NULL,
			      "the expression cannot be read: %s", (const char *)why);
	}
	expression->regex.pattern = pattern_for_hs(spelling);
	expression->limits = pcre2_match_context_create(NULL);
	if (!expression->regex.pattern || !expression->limits)
		return refuse_memory(draft);
	pcre2_set_match_limit(expression->limits, STEPS_MAX);
	pcre2_set_depth_limit(expression->limits, DEPTH_MAX);
	expression->regex.hs_flags = spelling->hs;
	expression->regex.negated = spelling->negated;
	expression->regex.is_relative = spelling->is_relative;
	return 0;
}

static int capture_add(struct draft *draft, struct expression *expression, bool of_flow,
		       struct slice name, uint32_t group)
{
	uint32_t number = words_add(&draft->parse->names[NAME_VAR], name);

	if (!number)
		return refuse_memory(draft);
	if (expression->capture_cnt == CAPTURES_MAX)
		return refuse(draft, draft->keyword_at, NULL, "at most %d groups are kept",
			      CAPTURES_MAX);
	draft->signature->captures = true;
	expression->captures[expression->capture_cnt++] =
		(struct capture){ .of_flow = of_flow, .name = number, .group = group };
	return 0;
}

/* ", flow:name, pkt:name": of the groups, in their order. */
static int captures_listed(struct draft *draft, const struct spelling *spelling,
			   struct expression *expression)
{
	struct slice rest = spelling->captures, one, kind;
	uint32_t group = 0, groups = 0;
	int err = 0;

	pcre2_pattern_info(expression->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	while (!err && slice_next(&rest, ',', &one)) {
		struct slice name = one;
		bool of_flow;

		slice_next(&name, ':', &kind);
		of_flow = slice_is(kind, "flow");
		if ((!of_flow && !slice_is(kind, "pkt")) || !name.at || !slice_trim(name).len)
			return refuse(draft, (const char *)one.at, "flow:name or pkt:name",
				      "\"%.*s\" does not say where a group goes", (int)one.len,
				      one.at);
		if (++group > groups)
			return refuse(draft, (const char *)one.at, NULL,
				      "the expression has %u groups, and more are named", groups);
		err = capture_add(draft, expression, of_flow, slice_trim(name), group);
	}
	return err;
}

/* (?P<flow_name>...), (?P<pkt_name>...) */
static int captures_named(struct draft *draft, struct expression *expression)
{
	uint32_t cnt = 0, size = 0;
	PCRE2_SPTR table = NULL;
	int err = 0;

	pcre2_pattern_info(expression->code, PCRE2_INFO_NAMECOUNT, &cnt);
	pcre2_pattern_info(expression->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(expression->code, PCRE2_INFO_NAMETABLE, &table);
	for (uint32_t i = 0; !err && table && i < cnt; i++, table += size) {
		struct slice name = slice_text((const char *)table + 2);
		uint32_t group = (uint32_t)table[0] << 8 | table[1];

		if (slice_starts(name, "flow_"))
			err = capture_add(draft, expression, true, slice_behind(name, 5), group);
		else if (slice_starts(name, "pkt_"))
			err = capture_add(draft, expression, false, slice_behind(name, 4), group);
	}
	return err;
}

static int expression_place(struct draft *draft, const struct spelling *spelling,
			    struct expression *expression)
{
	const struct source *source;
	struct part *part;
	int err, number;

	if (!spelling->buffer) {
		err = draft_clause(draft, &expression_ops, expression);
		number = draft->part_now;
	} else {
		err = source_find(draft, slice_text(spelling->buffer), &source);
		number = err ? err : draft_part(draft, source);
		if (number < 0) {
			expression_free(expression);
			return number;
		}
		err = draft_clause_in(draft, (uint32_t)number, &expression_ops, expression);
	}
	if (err)
		return err;
	part = &draft->parts[number].part;
	part->clauses[part->clause_cnt - 1].is_regex = true;
	return 0;
}

static int pcre_read(struct draft *draft, struct slice value)
{
	struct spelling spelling = {};
	struct expression *expression;
	struct slice inner = value_plain(value, &spelling.negated);
	int err = spelling_split(draft, inner, &spelling);

	for (size_t i = 0; !err && i < spelling.flags.len; i++)
		err = flag_read(draft, &spelling.flags.at[i], &spelling);
	if (err)
		return err;
	expression = calloc(1, sizeof(*expression));
	if (!expression)
		return refuse_memory(draft);
	err = expression_compile(draft, &spelling, expression);
	if (!err)
		err = captures_listed(draft, &spelling, expression);
	if (!err)
		err = captures_named(draft, expression);
	if (err) {
		expression_free(expression);
		return err;
	}
	return expression_place(draft, &spelling, expression);
}

const struct keyword keyword_pcre = { "pcre",	    NULL,
				      VALUE_ALWAYS, pcre_read,
				      NULL,	    "a regular expression: pcre:\"/^GET [a-z]+/Ri\"" };
