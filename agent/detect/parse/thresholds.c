// SPDX-License-Identifier: Apache-2.0
/*
 * The threshold file: thresholds, rate filters and suppressions of rules that are written elsewhere. Called
 * once all rules are read; a line that is wrong is named and left out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/keyword/threshold.h"

enum line_kind { LINE_THRESHOLD, LINE_RATE, LINE_SUPPRESS };

struct threshold_line {
	enum line_kind kind;
	uint64_t gid, sid; /* 0: all */
	struct threshold threshold;
	struct suppression suppression;
	bool has_gid, has_sid, has_track, has_address, has_new_action;
};

static int wrong(struct draft *draft, struct slice word)
{
	return refuse(draft, (const char *)word.at,
		      "suppress gen_id 1, sig_id 2000001, track by_src, ip 192.0.2.1",
		      "\"%.*s\" is not understood", (int)word.len, word.at);
}

static bool kind_read(struct slice word, struct threshold_line *line)
{
	static const char *const kinds[] = { "threshold", "rate_filter", "suppress" };

	if (slice_is(word, "event_filter"))
		word = slice_text("threshold");
	for (int i = 0; i < 3; i++) {
		if (slice_is(word, kinds[i])) {
			line->kind = (enum line_kind)i;
			return true;
		}
	}
	return false;
}

static int suppress_word(struct draft *draft, struct slice key, struct slice value,
			 struct threshold_line *line)
{
	struct suppression *suppression = &line->suppression;

	if (slice_is(key, "track")) {
		suppression->by_src = slice_is(value, "by_src") || slice_is(value, "by_either");
		suppression->by_dst = slice_is(value, "by_dst") || slice_is(value, "by_either");
		line->has_track = suppression->by_src || suppression->by_dst;
		return line->has_track ? 0 : wrong(draft, value);
	}
	if (!slice_is(key, "ip"))
		return wrong(draft, key);
	line->has_address = true;
	return addresses_read(draft, value, &suppression->addresses);
}

static int limit_word(struct draft *draft, struct slice key, struct slice value,
		      struct threshold_line *line)
{
	uint64_t number;

	line->has_track |= slice_is(key, "track");
	if (slice_is(key, "new_action") && line->kind == LINE_RATE) {
		line->has_new_action = true;
		return actions_find(value, &line->threshold.new_action) ? wrong(draft, value) : 0;
	}
	if (slice_is(key, "timeout") && number_parse(value, UINT32_MAX, &number)) {
		line->threshold.timeout = (uint32_t)number;
		return 0;
	}
	return threshold_word(key, value, &line->threshold) ? 0 : wrong(draft, key);
}

static int word_read(struct draft *draft, struct slice word, struct threshold_line *line)
{
	struct slice value = word, key;

	slice_next(&value, ' ', &key);
	if (!value.at)
		return wrong(draft, word);
	value = slice_trim(value);
	if (slice_is(key, "gen_id")) {
		line->has_gid = true;
		return number_parse(value, UINT32_MAX, &line->gid) ? 0 : wrong(draft, value);
	}
	if (slice_is(key, "sig_id")) {
		line->has_sid = true;
		return number_parse(value, UINT32_MAX, &line->sid) ? 0 : wrong(draft, value);
	}
	if (line->kind == LINE_SUPPRESS)
		return suppress_word(draft, key, value, line);
	return limit_word(draft, key, value, line);
}

static int line_whole(struct draft *draft, const struct threshold_line *line)
{
	const struct threshold *limit = &line->threshold;
	bool whole = line->has_gid && line->has_sid;

	if (line->kind == LINE_SUPPRESS)
		whole = whole && line->has_track == line->has_address;
	else if (line->kind == LINE_RATE)
		whole = whole && line->has_track && line->has_new_action && limit->count &&
			limit->seconds;
	else
		whole = whole && line->has_track && limit->kind != LIMIT_NONE && limit->count &&
			(limit->seconds || limit->kind == LIMIT_BACKOFF);
	if (whole)
		return 0;
	return refuse(draft, draft->text,
		      "gen_id, sig_id, track, then ip; or count, seconds, and type or new_action",
		      "the line does not say all that it must");
}

/* Commas in brackets are of a list of addresses. */
static struct slice piece_next(struct slice *rest)
{
	struct slice piece = *rest;
	int depth = 0;

	for (size_t i = 0; i < rest->len; i++) {
		depth += (rest->at[i] == '[') - (rest->at[i] == ']');
		if (rest->at[i] != ',' || depth)
			continue;
		piece.len = i;
		*rest = slice_behind(*rest, i + 1);
		return slice_trim(piece);
	}
	rest->len = 0;
	return slice_trim(piece);
}

static int line_read(struct draft *draft, struct threshold_line *line)
{
	struct slice rest = slice_trim(slice_text(draft->text)), word;
	int err = 0;

	slice_next(&rest, ' ', &word);
	if (!kind_read(word, line) || !rest.at)
		return wrong(draft, word);
	if (line->kind == LINE_RATE)
		line->threshold.kind = LIMIT_RATE;
	while (!err && rest.len)
		err = word_read(draft, piece_next(&rest), line);
	return err ? err : line_whole(draft, line);
}

static int suppression_add(struct signature *signature, const struct suppression *suppression)
{
	uint32_t cnt = signature->suppression_cnt + 1;
	struct suppression *grown = reallocarray(signature->suppressions, cnt, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	grown[cnt - 1] = *suppression;
	signature->suppressions = grown;
	signature->suppression_cnt = cnt;
	return 0;
}

/* A rule's own threshold is stronger than one for all rules; of one that names it, the file's is. */
static int line_apply(const struct threshold_line *line, struct signatures *signatures)
{
	int err = 0;

	for (size_t i = 0; !err && i < signatures->cnt; i++) {
		struct signature *signature = signatures->at[i];

		if ((line->gid && line->gid != signature->rule.gid) ||
		    (line->sid && line->sid != signature->rule.sid))
			continue;
		if (line->kind == LINE_SUPPRESS)
			err = suppression_add(signature, &line->suppression);
		else if (line->kind == LINE_RATE)
			signature->rate = line->threshold;
		else if (line->sid || signature->threshold.kind == LIMIT_NONE)
			signature->threshold = line->threshold;
	}
	return err;
}

static int text_read(struct parse *parse, const char *path, uint32_t number, struct slice text,
		     struct signatures *signatures)
{
	struct threshold_line line = {};
	struct draft *draft = draft_of_text(parse, text, path, number);
	int err;

	if (!draft)
		return -ENOMEM;
	err = line_read(draft, &line);
	draft_of_text_free(draft);
	if (!err)
		err = line_apply(&line, signatures);
	return err == -EINVAL ? 0 : err;
}

struct lines {
	FILE *file;
	uint32_t number, read; /* of text's first, of the last that was read */
	char *text; /* a line, and those that continue it */
	size_t len;
};

static int line_append(struct lines *lines, const char *more, size_t len)
{
	char *grown = realloc(lines->text, lines->len + len + 1);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + lines->len, more, len);
	lines->text = grown;
	lines->len += len;
	return 0;
}

/* The next line; behind a backslash at its end it goes on, but no comment does. 1: there is one; 0: none. */
static int line_next(struct lines *lines)
{
	bool goes_on = true, any = false;
	char *piece = NULL;
	size_t size = 0;
	int err = 0;

	lines->len = 0;
	lines->number = lines->read + 1;
	while (!err && goes_on) {
		ssize_t read = getline(&piece, &size, lines->file);
		struct slice text;

		if (read < 0)
			break;
		any = true;
		lines->read++;
		text = slice_trim(slice(piece, (size_t)read));
		goes_on = text.len && text.at[text.len - 1] == '\\' &&
			  (lines->len || text.at[0] != '#');
		if (goes_on)
			piece[text.at - (const uint8_t *)piece + (ptrdiff_t)text.len - 1] = ' ';
		err = line_append(lines, piece, (size_t)read);
	}
	free(piece);
	return err ? err : any;
}

int parse_thresholds(struct parse *parse, const char *path, struct signatures *signatures)
{
	struct lines lines = { 0 };
	FILE *file;
	int err = 0;

	if (!path)
		path = config_text(parse->config, "threshold-file");
	if (!path)
		return 0;
	file = fopen(path, "re");
	if (!file) {
		err = -errno;
		diag_add(parse->diag, DIAG_ERROR, path, 0, 0, NULL, "cannot be read: %s",
			 strerror(-err));
		return err;
	}
	lines.file = file;
	while (!err && (err = line_next(&lines)) > 0) {
		struct slice text = slice_trim(slice(lines.text, lines.len));

		err = 0;
		if (text.len && text.at[0] != '#')
			err = text_read(parse, path, lines.number, text, signatures);
	}
	free(lines.text);
	fclose(file);
	return err;
}
