// SPDX-License-Identifier: Apache-2.0
/*
 * Each line is decided twice and counted. Called by read.c, by each thread with a tally of its own.
 */
#include "weblog/tally.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- decisions --- */

static const struct sek_name_phase *phase_of(const struct name_side *side,
					     const struct weblog_sides *sides,
					     const struct weblog_line *line, unsigned int quarter)
{
	size_t group = sides->group > 0 ? (size_t)sides->group : 0;

	if (sides->group < 0 && line->has_client)
		group = name_side_group(side, &line->client);
	return name_side_phase(side, group, quarter);
}

/* By its name, which DNS and TLS show; and by the whole URL, where HTTP shows that. */
static struct name_ruled decide(const struct name_side *side, const struct weblog_tally *tally,
				const struct sek_name_phase *phase)
{
	const struct url *url = &tally->url;
	struct name_asked asked = { .host = url->host.text, .host_len = url->host.len };
	struct name_ruled ruled = name_side_rule(side, &asked, phase, NAME_SEEN_CONNECTION);
	bool stopped = ruled.end == NAME_BLOCKED || ruled.end == NAME_UNLISTED;

	if (tally->line.https || url->target_len <= 1 || (stopped && !url->address))
		return ruled;
	asked.path = url->target;
	asked.path_len = url->target_len;
	return name_side_rule(side, &asked, phase, NAME_SEEN_CONNECTION);
}

/* --- names --- */

static uint64_t hash_of(const char *name, size_t len)
{
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 1099511628211ULL;
	return hash ^ hash >> 29;
}

static bool is_same(const struct weblog_name *a, const struct weblog_name *b, size_t len)
{
	return a->before == b->before && a->after == b->after && a->list_before == b->list_before &&
	       a->list_after == b->list_after && !strncmp(a->name, b->name, len) && !a->name[len];
}

static struct weblog_name *slot_find(struct weblog_tally *tally, const struct weblog_name *name,
				     size_t len)
{
	size_t at = hash_of(name->name, len) & (tally->name_cap - 1);

	while (tally->names[at].name && !is_same(&tally->names[at], name, len))
		at = (at + 1) & (tally->name_cap - 1);
	return &tally->names[at];
}

static bool names_grow(struct weblog_tally *tally)
{
	struct weblog_name *old = tally->names;
	size_t cap = tally->name_cap;

	tally->name_cap = cap ? cap * 2 : 1024;
	tally->names = calloc(tally->name_cap, sizeof(*tally->names));
	if (!tally->names) {
		tally->names = old;
		tally->name_cap = cap;
		return false;
	}
	for (size_t i = 0; i < cap; i++)
		if (old[i].name)
			*slot_find(tally, &old[i], strlen(old[i].name)) = old[i];
	free(old);
	return true;
}

/* name->name need not end at len. */
static void name_count(struct weblog_tally *tally, const struct weblog_name *name, size_t len)
{
	struct weblog_name *slot;

	if (tally->name_cnt * 2 >= tally->name_cap &&
	    (tally->name_cnt >= WEBLOG_NAMES_MAX || !names_grow(tally))) {
		tally->beyond += name->lines;
		return;
	}
	slot = slot_find(tally, name, len);
	if (slot->name) {
		slot->lines += name->lines;
		return;
	}
	*slot = *name;
	slot->name = strndup(name->name, len);
	if (slot->name)
		tally->name_cnt++;
	else
		tally->failed = true;
}

/* What the reader is told: the host, or where a path decided host and as much of the path. */
static void decided_count(struct weblog_tally *tally, const struct name_ruled *before,
			  const struct name_ruled *after)
{
	const struct name_ruled *by = after->end == NAME_PASSES ? before : after;
	char text[SEK_NAME_BYTES + 1 + URL_TARGET_MAX];
	size_t len = tally->url.host.len;
	struct weblog_name name = { .name = text,
				    .lines = 1,
				    .before = before->end,
				    .after = after->end,
				    .list_before = before->list,
				    .list_after = after->list };

	memcpy(text, tally->url.host.text, len);
	if (by->found.path_len) {
		memcpy(text + len, tally->url.target, by->found.path_len);
		len += by->found.path_len;
	}
	text[len] = 0;
	name_count(tally, &name, len);
}

/* --- lines --- */

static unsigned int quarter_of(struct weblog_tally *tally, const struct weblog_sides *sides)
{
	time_t at = tally->line.time;
	struct tm tm;

	if (sides->quarter >= 0)
		return (unsigned int)sides->quarter;
	if (!tally->line.has_time)
		return sides->quarter_now;
	if (at / 900 != tally->quarter_of && localtime_r(&at, &tm)) {
		tally->quarter_of = at / 900;
		tally->quarter_was = week_quarter((unsigned int)(tm.tm_wday + 6) % WEEK_DAYS,
						  (unsigned int)tm.tm_hour, (unsigned int)tm.tm_min);
	}
	return tally->quarter_was;
}

static bool url_take(struct weblog_tally *tally)
{
	const struct weblog_line *line = &tally->line;

	if (line->host.len)
		return !url_of_request(line->host.text, line->host.len, line->url.text,
				       line->url.len, &tally->url);
	return !url_normalise(line->url.text, line->url.len, &tally->url);
}

static void url_count(struct weblog_tally *tally, const struct weblog_sides *sides)
{
	unsigned int quarter = quarter_of(tally, sides);
	struct name_ruled before = decide(&sides->before, tally,
					  phase_of(&sides->before, sides, &tally->line, quarter));
	struct name_ruled after =
		decide(&sides->after, tally, phase_of(&sides->after, sides, &tally->line, quarter));

	tally->urls++;
	tally->ends[before.end][after.end]++;
	if (before.end != NAME_PASSES)
		tally->lists[0][before.list < SEK_NAME_LISTS_MAX ? before.list : SEK_NAME_LISTS_MAX]++;
	if (after.end != NAME_PASSES)
		tally->lists[1][after.list < SEK_NAME_LISTS_MAX ? after.list : SEK_NAME_LISTS_MAX]++;
	if (before.end != NAME_PASSES || after.end != NAME_PASSES)
		decided_count(tally, &before, &after);
}

void weblog_tally_line(struct weblog_tally *tally, const struct weblog_sides *sides,
		       const char *text, size_t len)
{
	tally->lines++;
	switch (weblog_line(text, len, &tally->line)) {
	case WEBLOG_URL:
		if (url_take(tally))
			url_count(tally, sides);
		else
			tally->unnormal++;
		break;
	case WEBLOG_NOTHING:
		tally->lines--;
		break;
	case WEBLOG_OTHER:
		tally->other++;
		break;
	case WEBLOG_BAD:
		tally->bad++;
		break;
	}
}

struct weblog_tally *weblog_tally_new(void)
{
	struct weblog_tally *tally = calloc(1, sizeof(*tally));

	if (tally)
		tally->quarter_of = INT64_MIN;
	return tally;
}

void weblog_tally_free(struct weblog_tally *tally)
{
	for (size_t i = 0; tally && i < tally->name_cap; i++)
		free(tally->names[i].name);
	if (tally)
		free(tally->names);
	free(tally);
}

void weblog_tally_merge(struct weblog_tally *to, const struct weblog_tally *from)
{
	to->lines += from->lines;
	to->urls += from->urls;
	to->other += from->other;
	to->bad += from->bad;
	to->unnormal += from->unnormal;
	to->beyond += from->beyond;
	to->failed |= from->failed;
	for (int a = 0; a < WEBLOG_ENDS; a++)
		for (int b = 0; b < WEBLOG_ENDS; b++)
			to->ends[a][b] += from->ends[a][b];
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i <= SEK_NAME_LISTS_MAX; i++)
			to->lists[side][i] += from->lists[side][i];
	for (size_t i = 0; i < from->name_cap; i++)
		if (from->names[i].name)
			name_count(to, &from->names[i], strlen(from->names[i].name));
}

/* Names with the most lines first, those for which something changes before all others. */
static int name_compare(const void *a, const void *b)
{
	const struct weblog_name *x = a, *y = b;
	bool x_stays = x->before == x->after, y_stays = y->before == y->after;

	if (!x->name || !y->name)
		return !x->name - !y->name;
	if (x_stays != y_stays)
		return x_stays - y_stays;
	if (x->lines != y->lines)
		return x->lines < y->lines ? 1 : -1;
	return strcmp(x->name, y->name);
}

void weblog_tally_sort(struct weblog_tally *tally)
{
	if (tally->name_cap)
		qsort(tally->names, tally->name_cap, sizeof(*tally->names), name_compare);
}
