// SPDX-License-Identifier: Apache-2.0
/*
 * threshold and detection_filter: how often a rule must be found, or may be told. Kept in the signature.
 */
#include "detect/keyword/threshold.h"

static const struct {
	const char *word;
	int track;
} tracks[] = {
	{ "by_src", TRACK_SRC },   { "by_dst", TRACK_DST },   { "by_both", TRACK_BOTH },
	{ "by_rule", TRACK_RULE }, { "by_flow", TRACK_FLOW },
};

bool threshold_track(struct slice word, int *ret_track)
{
	for (size_t i = 0; i < sizeof(tracks) / sizeof(tracks[0]); i++) {
		if (slice_is(word, tracks[i].word)) {
			*ret_track = tracks[i].track;
			return true;
		}
	}
	return false;
}

bool threshold_kind(struct slice word, int *ret_kind)
{
	static const struct {
		const char *word;
		int kind;
	} kinds[] = {
		{ "limit", LIMIT_LIMIT },
		{ "threshold", LIMIT_THRESHOLD },
		{ "both", LIMIT_BOTH },
		{ "backoff", LIMIT_BACKOFF },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (slice_is(word, kinds[i].word)) {
			*ret_kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

bool threshold_word(struct slice key, struct slice value, struct threshold *threshold)
{
	uint64_t number = 0;
	uint32_t *to = NULL;
	int found;

	if (slice_is(key, "track") && threshold_track(value, &found)) {
		threshold->track = found;
		return true;
	}
	if (slice_is(key, "type") && threshold_kind(value, &found)) {
		threshold->kind = found;
		return true;
	}
	if (slice_is(key, "count"))
		to = &threshold->count;
	else if (slice_is(key, "seconds"))
		to = &threshold->seconds;
	else if (slice_is(key, "multiplier"))
		to = &threshold->multiplier;
	if (!to || !number_parse(value, UINT32_MAX, &number) || !number)
		return false;
	*to = (uint32_t)number;
	return true;
}

static int threshold_words(struct draft *draft, struct slice value, struct threshold *threshold)
{
	struct slice rest = value, word, key;
	bool is_tracked = false;

	while (slice_next(&rest, ',', &word)) {
		struct slice said = word;

		slice_next(&said, ' ', &key);
		if (!threshold_word(key, slice_trim(said), threshold))
			return refuse(draft, (const char *)word.at,
				      "type limit, track by_src, count 1, seconds 60",
				      "%s: \"%.*s\" is not understood", draft->keyword->word,
				      (int)word.len, word.at);
		is_tracked |= slice_is(key, "track");
	}
	if (!is_tracked || !threshold->count ||
	    (!threshold->seconds && threshold->kind != LIMIT_BACKOFF))
		return refuse(draft, (const char *)value.at,
			      "type limit, track by_src, count 1, seconds 60",
			      "%s lacks track, count or seconds", draft->keyword->word);
	return 0;
}

/* One that is reached each time says nothing beside another. */
static int once(struct draft *draft)
{
	const struct threshold *other = &draft->signature->threshold;

	if (draft->has_threshold && !(other->kind == LIMIT_THRESHOLD && other->count == 1))
		return refuse(draft, draft->keyword_at, "leave one of them out",
			      "a rule has one threshold or detection_filter");
	draft->has_threshold = true;
	return 0;
}

static int words_read(struct draft *draft, struct slice value, struct threshold *threshold)
{
	int err = once(draft);

	return err ? err : threshold_words(draft, value, threshold);
}

static int threshold_read(struct draft *draft, struct slice value)
{
	struct threshold threshold = {};
	int err = words_read(draft, value, &threshold);

	if (err)
		return err;
	if (threshold.kind == LIMIT_NONE)
		return refuse(draft, (const char *)value.at,
			      "type limit, type threshold, type both or type backoff",
			      "threshold lacks its type");
	draft->signature->threshold = threshold;
	return 0;
}

static int detection_filter_read(struct draft *draft, struct slice value)
{
	struct threshold threshold = {};
	int err = words_read(draft, value, &threshold);

	if (err)
		return err;
	threshold.kind = LIMIT_FILTER;
	draft->signature->threshold = threshold;
	return 0;
}

const struct keyword keyword_threshold = {
	"threshold",
	NULL,
	VALUE_ALWAYS,
	threshold_read,
	NULL,
	"how often it is told: threshold:type limit, track by_src, count 1, seconds 60"
};
const struct keyword keyword_detection_filter = {
	"detection_filter",
	NULL,
	VALUE_ALWAYS,
	detection_filter_read,
	NULL,
	"how often it must be found: detection_filter:track by_src, count 10, seconds 60"
};
