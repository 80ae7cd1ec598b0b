/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects the pattern of each rule into the lists of the buffers that it may be in, and has them
 * compiled. Called by build.c.
 */
#include "detect/scans.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "detect/parse/inside.h"

#define FAST_LEN_MAX 48 /* more bytes make a pattern no rarer, only its automaton larger */

struct lists {
	struct pattern_list **of[SIDES];
};

/* In which payloads a rule's pattern is looked for; one bit each, enum scan_payload. */
static unsigned int payloads_of(const struct signature *s)
{
	unsigned int payloads = 0;

	if (signature_has_proto(s, 6) && !s->only_pkt && s->layer != RULE_OF_PACKETS)
		payloads |= 1 << SCAN_STREAM;
	if (signature_has_proto(s, 6) && !s->only_stream &&
	    (s->layer == RULE_OF_PACKETS || s->layer == RULE_OF_BOTH || s->only_pkt))
		payloads |= 1 << SCAN_TCP;
	if (signature_has_proto(s, 17))
		payloads |= 1 << SCAN_UDP;
	if (signature_has_other_proto(s))
		payloads |= 1 << SCAN_OTHER;
	return payloads;
}

/* The bytes to look for, and before which place of the whole they end. */
static struct slice fast_bytes(const struct content *content, uint32_t *ret_end_max)
{
	struct slice bytes = slice(content->bytes, content->len);
	uint64_t end = UINT32_MAX;

	if (content->fast_chop)
		bytes = slice(content->bytes + content->chop_offset, content->chop_len);
	if (bytes.len > FAST_LEN_MAX)
		bytes.len = FAST_LEN_MAX;
	if (content->has_depth && !content->is_relative && !content->depth_var && !content->offset_var)
		end = (uint64_t)(content->has_offset ? content->offset : 0) +
		      (uint64_t)content->depth;
	*ret_end_max = end < UINT32_MAX ? (uint32_t)end : UINT32_MAX;
	return bytes;
}

/* Where the first of the bytes may lie; false: at too many places, or anywhere. */
static bool places_of(const struct content *content, struct slice bytes, uint32_t end_max,
		      uint32_t *ret_first, uint32_t *ret_last)
{
	uint32_t skip = content->fast_chop ? content->chop_offset : 0;
	uint32_t behind =
		content->len - skip - (uint32_t)bytes.len; /* bytes of it that are not looked for */
	uint32_t first =
		skip + (content->has_offset && content->offset > 0 ? (uint32_t)content->offset : 0);

	if (end_max == UINT32_MAX || end_max < first + bytes.len + behind)
		return false;
	*ret_first = first;
	*ret_last = end_max - (uint32_t)bytes.len - behind;
	return *ret_last <= PLACES_OFFSET_MAX && *ret_last - first < PLACES_EACH_MAX;
}

static int list_add(struct lists *lists, uint32_t scan, enum side side, struct slice bytes,
		    bool nocase, struct pattern_user user)
{
	struct pattern_list **list = &lists->of[side][scan];

	if (!*list)
		*list = pattern_list_new();
	return *list ? pattern_list_add(*list, bytes, nocase, user) : -ENOMEM;
}

static int payload_add(struct ruleset *ruleset, struct lists *lists, enum scan_payload kind,
		       enum side side, const struct signature *s)
{
	const struct content *content = s->parts[s->fast_part].clauses[s->fast_clause].arg;
	struct places **places = &ruleset->places[side][kind];
	struct pattern_user user = { .number = s->number };
	struct slice bytes = fast_bytes(content, &user.end_max);
	uint32_t first, last;

	if (!places_of(content, bytes, user.end_max, &first, &last))
		return list_add(lists, kind, side, bytes, content->nocase, user);
	if (bytes.len > ruleset->pattern_len_max)
		ruleset->pattern_len_max = (uint32_t)bytes.len;
	if (!*places)
		*places = places_new();
	return *places ? places_add(*places, bytes, content->nocase, first, last, s->number)
		       : -ENOMEM;
}

/* It is looked at when all of it is there. */
static bool is_whole(const struct source *source)
{
	for (uint8_t i = 0; i < source->field_cnt; i++)
		if (source->fields[i].field->kind == FIELD_BODY)
			return false;
	return source->kind == SOURCE_FIELD || source->kind == SOURCE_FILE_NUMBER_OR_NAME;
}

/* Does the part ask for a buffer that is as long as the content: then it is all of it. */
static bool fills_buffer(const struct part *part, const struct content *content)
{
	for (uint32_t i = 0; i < part->clause_cnt; i++) {
		const struct number_condition *size = part->clauses[i].arg;

		if (strcmp(part->clauses[i].ops->word, "bsize") == 0 && size->kind == NUMBER_IS &&
		    size->a == content->len)
			return true;
	}
	return false;
}

/* The last bytes of the buffer, if the rule says what they are; empty: it does not. */
static struct slice end_bytes(const struct part *part, const struct content *content)
{
	size_t len = content->len < FAST_LEN_MAX ? content->len : FAST_LEN_MAX;

	if (content->fast_chop || !is_whole(part->source) ||
	    !(content->ends || fills_buffer(part, content)))
		return slice(NULL, 0);
	return slice(content->bytes + content->len - len, len);
}

static int buffer_add(struct ruleset *ruleset, struct lists *lists, const struct source *source,
		      enum side side, const struct signature *s)
{
	const struct content *content = s->parts[s->fast_part].clauses[s->fast_clause].arg;
	struct pattern_user user = { .number = s->number };
	struct slice bytes = fast_bytes(content, &user.end_max);
	struct slice end = end_bytes(&s->parts[s->fast_part], content);
	struct ends **ends = &ruleset->scans[side][SCAN_PAYLOADS + source->number].ends;

	if (end.len) {
		if (!*ends)
			*ends = ends_new();
		return *ends ? ends_add(*ends, end, content->nocase, s->number) : -ENOMEM;
	}
	user.end_max = UINT32_MAX;
	return list_add(lists, SCAN_PAYLOADS + source->number, side, bytes, content->nocase, user);
}

static int pattern_add(struct ruleset *ruleset, struct lists *lists, const struct asked *asked)
{
	const struct signature *s = asked->signature;
	const struct source *source = s->parts[s->fast_part].source;
	unsigned int payloads = payloads_of(s);
	int rc = 0;

	for (int side = 0; rc == 0 && side < SIDES; side++) {
		if (!(asked->sides >> side & 1))
			continue;
		if (source->kind != SOURCE_PAYLOAD)
			rc = buffer_add(ruleset, lists, source, side, s);
		for (unsigned int i = 0;
		     source->kind == SOURCE_PAYLOAD && rc == 0 && i < SCAN_KINDS; i++) {
			if (payloads >> i & 1)
				rc = payload_add(ruleset, lists, i, side, s);
		}
	}
	return rc;
}

static int tables_settle(struct ruleset *ruleset)
{
	int rc = 0;

	for (int side = 0; side < SIDES; side++) {
		for (int i = 0; rc == 0 && i < SCAN_KINDS; i++)
			if (ruleset->places[side][i])
				rc = places_settle(ruleset->places[side][i]);
		for (uint32_t i = 0; rc == 0 && i < ruleset->scan_cnt; i++)
			if (ruleset->scans[side][i].ends)
				rc = ends_settle(ruleset->scans[side][i].ends);
	}
	return rc;
}

static int lists_compile(struct ruleset *ruleset, struct lists *lists,
			 const struct ruleset_sources *sources)
{
	unsigned int threads = sources->threads;
	size_t cnt = (size_t)ruleset->scan_cnt * SIDES;
	struct pattern_list **all = calloc(cnt, sizeof(struct pattern_list *));
	struct patterns **made = calloc(cnt, sizeof(struct patterns *));
	int rc = all && made ? 0 : -ENOMEM;

	if (!threads)
		threads = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	for (size_t i = 0; rc == 0 && i < cnt; i++)
		all[i] = lists->of[i % SIDES][i / SIDES];
	if (rc == 0)
		rc = patterns_compile(all, cnt, sources->cache_dir, threads, made);
	for (size_t i = 0; rc == 0 && i < cnt; i++) {
		struct scan *scan = &ruleset->scans[i % SIDES][i / SIDES];

		scan->patterns = made[i];
		if (made[i] && patterns_len_max(made[i]) > ruleset->pattern_len_max)
			ruleset->pattern_len_max = (uint32_t)patterns_len_max(made[i]);
	}
	free(all);
	free(made);
	return rc;
}

int scans_build(struct ruleset *ruleset, const struct ruleset_sources *sources)
{
	struct lists lists = { 0 };
	int rc = 0;

	ruleset->scan_cnt = SCAN_PAYLOADS + (uint32_t)parse_source_cnt(ruleset->parse);
	for (int side = 0; side < SIDES; side++) {
		lists.of[side] = calloc(ruleset->scan_cnt, sizeof(struct pattern_list *));
		ruleset->scans[side] = calloc(ruleset->scan_cnt, sizeof(struct scan));
		if (!lists.of[side] || !ruleset->scans[side])
			rc = -ENOMEM;
		for (uint32_t i = SCAN_PAYLOADS; rc == 0 && i < ruleset->scan_cnt; i++)
			ruleset->scans[side][i].source =
				parse_source(ruleset->parse, i - SCAN_PAYLOADS);
	}
	for (uint32_t i = 0; rc == 0 && i < ruleset->cnt; i++) {
		if (ruleset->asked[i].signature->fast_part >= 0)
			rc = pattern_add(ruleset, &lists, &ruleset->asked[i]);
	}
	if (rc == 0)
		rc = tables_settle(ruleset);
	if (rc == 0)
		rc = lists_compile(ruleset, &lists, sources);
	for (int side = 0; side < SIDES; side++) {
		for (uint32_t i = 0; lists.of[side] && i < ruleset->scan_cnt; i++)
			pattern_list_free(lists.of[side][i]);
		free(lists.of[side]);
	}
	return rc;
}

void scans_free(struct ruleset *ruleset)
{
	for (int side = 0; side < SIDES; side++) {
		for (uint32_t i = 0; ruleset->scans[side] && i < ruleset->scan_cnt; i++) {
			patterns_free(ruleset->scans[side][i].patterns);
			ends_free(ruleset->scans[side][i].ends);
		}
		free(ruleset->scans[side]);
		for (int i = 0; i < SCAN_KINDS; i++)
			places_free(ruleset->places[side][i]);
	}
}
