// SPDX-License-Identifier: Apache-2.0
/*
 * Counting. Called by past.c, a tally a thread, and by policy/cli/preview.c for the result.
 */
#include "preview/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text/week.h"

#define SLOT_CNT (2 * TALLY_GROUPS_MAX)

struct tally *tally_new(void)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (tally)
		tally->groups = calloc(TALLY_GROUPS_MAX, sizeof(*tally->groups));
	if (tally && tally->groups)
		return tally;
	free(tally);
	return NULL;
}

void tally_free(struct tally *tally)
{
	if (tally)
		free(tally->groups);
	free(tally);
}

static void text_keep(char to[SEK_NAME_MAX], struct record_text text)
{
	size_t len = text.len < SEK_NAME_MAX ? text.len : SEK_NAME_MAX - 1;

	memcpy(to, text.text, len);
	to[len] = 0;
}

static bool text_is(struct record_text text, const char *word)
{
	return strlen(word) == text.len && !memcmp(word, text.text, text.len);
}

/* NULL: TALLY_TENANTS_MAX others were met before. Few are met, and often the same: no need to hash. */
static struct tally_tenant *tenant_find(struct tally *tally, struct record_text name)
{
	size_t i = 0;

	while (i < tally->tenant_cnt && !text_is(name, tally->tenants[i].name))
		i++;
	if (i == TALLY_TENANTS_MAX)
		return NULL;
	if (i == tally->tenant_cnt) {
		text_keep(tally->tenants[i].name, name);
		tally->tenant_cnt++;
	}
	return &tally->tenants[i];
}

static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return (hash ^ 0xff) * 16777619U;
}

static uint32_t group_hash(const struct tally_group *group)
{
	uint32_t hash = hash_text(2166136261U, group->tenant);

	hash = hash_text(hash, group->rule);
	hash = hash_text(hash, group->list);
	hash = hash_text(hash, group->reason);
	if (group->now.list)
		hash = hash_text(hash, group->now.list);
	hash = (hash ^ group->now.rule) * 16777619U;
	hash = (hash ^ (uint32_t)group->kind) * 16777619U;
	hash = (hash ^ (uint32_t)group->now.reason) * 16777619U;
	return hash ^ hash >> 15;
}

static bool group_is(const struct tally_group *a, const struct tally_group *b)
{
	return a->kind == b->kind && a->now.rule == b->now.rule && a->now.reason == b->now.reason &&
	       a->now.list == b->now.list && /* the candidate's own word */
	       !strcmp(a->tenant, b->tenant) && !strcmp(a->rule, b->rule) &&
	       !strcmp(a->list, b->list) && !strcmp(a->reason, b->reason);
}

/* The group that shares what `like` has; NULL: there are too many. */
static struct tally_group *group_find(struct tally *tally, const struct tally_group *like)
{
	size_t at = group_hash(like) % SLOT_CNT;

	for (; tally->slots[at]; at = (at + 1) % SLOT_CNT)
		if (group_is(&tally->groups[tally->slots[at] - 1], like))
			return &tally->groups[tally->slots[at] - 1];
	if (tally->group_cnt == TALLY_GROUPS_MAX)
		return NULL;
	tally->groups[tally->group_cnt] = *like;
	tally->slots[at] = (uint16_t)++tally->group_cnt;
	return &tally->groups[tally->group_cnt - 1];
}

static int example_compare(const struct tally_example *a, const struct tally_example *b)
{
	int order = memcmp(b->time, a->time, RECORD_TIME_LEN);

	if (!order)
		order = memcmp(&a->src, &b->src, sizeof(a->src));
	return order ? order : (int)a->sport - (int)b->sport;
}

/* Keeps the latest, in an order that does not depend on which thread met them. */
static void example_add(struct tally_group *group, const struct tally_example *example)
{
	size_t at = group->example_cnt;

	while (at && example_compare(example, &group->examples[at - 1]) < 0)
		at--;
	if (at == TALLY_EXAMPLES)
		return;
	if (group->example_cnt < TALLY_EXAMPLES)
		group->example_cnt++;
	memmove(&group->examples[at + 1], &group->examples[at],
		(group->example_cnt - at - 1) * sizeof(*example));
	group->examples[at] = *example;
}

static void sum_add(struct tally_sum *sum, uint64_t cnt, uint64_t bytes)
{
	sum->cnt += cnt;
	sum->bytes += bytes;
}

static void name_keep(char to[TALLY_NAME_MAX], const struct record_line *line)
{
	snprintf(to, TALLY_NAME_MAX, "%.*s%.*s", (int)line->host.len, line->host.text,
		 (int)line->target.len, line->target.text);
}

/* A record that would end otherwise. */
static void change_add(struct tally *tally, const struct record_line *line,
		       const struct model_tenant *tenant, struct judgement now)
{
	struct tally_example example = {
		.src = line->src,
		.dst = line->dst,
		.sport = line->sport,
		.dport = line->dport,
		.proto = line->proto,
		.icmp_type = line->icmp_type,
	};
	struct tally_group like = { .kind = line->kind, .now_tenant = tenant, .now = now }, *group;

	text_keep(like.tenant, line->tenant);
	text_keep(like.rule, line->rule);
	text_keep(like.list, line->list);
	if (line->kind == RECORD_REFUSAL || (line->kind == RECORD_NAME && !line->passed))
		text_keep(like.reason, line->reason);
	if (line->kind == RECORD_NAME)
		name_keep(example.name, line);
	group = group_find(tally, &like);
	if (!group) {
		tally->beyond++;
		return;
	}
	sum_add(&group->sum, 1, line->bytes);
	if (line->generation > group->generation)
		group->generation = line->generation;
	memcpy(example.time, line->time, RECORD_TIME_LEN);
	example_add(group, &example);
}

/* Refusals that the policy decided. A spoofed source of nobody's VLAN stands under the host. */
static bool is_decided(const struct record_line *line)
{
	static const char *const reasons[] = { "default_drop",	 "default_reject", "rule_drop",
					       "rule_reject",	 "list_block",	   "host_refused",
					       "inspect_closed", "spoofed" };
	size_t i = 0, cnt = sizeof(reasons) / sizeof(reasons[0]);

	if (line->kind == RECORD_NAME)
		return line->passed || text_is(line->reason, "name_block") ||
		       text_is(line->reason, "name_unlisted");
	while (i < cnt && !text_is(line->reason, reasons[i]))
		i++;
	return i < cnt && !(text_is(line->reason, "spoofed") && text_is(line->tenant, "host"));
}

/* Packets of what is in the records as a name. */
static bool is_of_a_name(const struct record_line *line)
{
	return line->kind == RECORD_REFUSAL &&
	       (text_is(line->reason, "name_block") || text_is(line->reason, "name_unlisted") ||
		text_is(line->reason, "name_wait"));
}

/* The quarter of the week, on the clock here, by which lists are taken at certain hours. */
static unsigned int quarter_of(struct tally *tally, const struct record_line *line)
{
	struct tm tm = {};
	time_t at;

	if (!memcmp(tally->minute, line->time, TALLY_MINUTE_LEN))
		return tally->quarter;
	memcpy(tally->minute, line->time, TALLY_MINUTE_LEN);
	sscanf(line->time, "%4d-%2d-%2dT%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
	       &tm.tm_min);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	at = timegm(&tm);
	localtime_r(&at, &tm);
	tally->quarter = week_quarter((unsigned int)(tm.tm_wday + 6) % WEEK_DAYS,
				      (unsigned int)tm.tm_hour, (unsigned int)tm.tm_min);
	return tally->quarter;
}

static struct judgement judge_line(struct tally *tally, const struct judge *judge,
				   const struct model_tenant *tenant, const struct record_line *line)
{
	return line->kind == RECORD_NAME ? judge_name(judge, tenant, line, quarter_of(tally, line))
					 : judge_record(judge, tenant, line);
}

static struct tally_sum *sum_of(struct tally_tenant *sums, enum record_kind kind)
{
	return kind == RECORD_FLOW   ? &sums->flows
	       : kind == RECORD_NAME ? &sums->names
				     : &sums->refusals;
}

static struct tally_sum *change_of(struct tally_tenant *sums, enum record_kind kind, bool passes)
{
	if (kind == RECORD_NAME)
		return passes ? &sums->names_opened : &sums->names_blocked;
	return passes ? &sums->opened : &sums->blocked;
}

static void decision_add(struct tally *tally, const struct judge *judge,
			 const struct record_line *line)
{
	bool passed = line->kind == RECORD_FLOW || (line->kind == RECORD_NAME && line->passed);
	const struct model_tenant *tenant = judge_tenant(judge, line->tenant);
	struct judgement now = judge_line(tally, judge, tenant, line);
	struct tally_tenant *sums = tenant_find(tally, line->tenant);

	if (!sums) {
		tally->beyond += now.passes != passed;
		return;
	}
	sum_add(sum_of(sums, line->kind), 1, line->bytes);
	tally->by_list += !passed && now.reason == SEK_R_list_block;
	tally->unsure += now.unsure;
	if (now.passes == passed)
		return;
	sum_add(change_of(sums, line->kind, now.passes), 1, line->bytes);
	change_add(tally, line, tenant, now);
}

void tally_unreadable(struct tally *tally)
{
	tally->lines++;
	tally->unreadable++;
}

void tally_line(struct tally *tally, const struct judge *judge, const struct tally_filter *filter,
		const char *text, size_t len)
{
	struct record_line line;

	if (record_scan(text, len, &line)) {
		tally_unreadable(tally);
		return;
	}
	tally->lines++;
	if (filter->since && memcmp(line.time, filter->since, RECORD_TIME_LEN) < 0)
		tally->before++;
	else if (line.kind == RECORD_OTHER || is_of_a_name(&line))
		tally->other++;
	else if (line.kind == RECORD_LOSS)
		tally->missing += line.missing;
	else if (filter->tenant && !text_is(line.tenant, filter->tenant))
		tally->foreign++;
	else if (line.kind != RECORD_FLOW && !is_decided(&line))
		tally->undecided++;
	else
		decision_add(tally, judge, &line);
}

static void tenant_merge(struct tally *into, const struct tally_tenant *from)
{
	struct tally_tenant *tenant =
		tenant_find(into, (struct record_text){ from->name, strlen(from->name) });

	if (!tenant) {
		into->beyond += from->blocked.cnt + from->opened.cnt + from->names_blocked.cnt +
				from->names_opened.cnt;
		return;
	}
	sum_add(&tenant->flows, from->flows.cnt, from->flows.bytes);
	sum_add(&tenant->blocked, from->blocked.cnt, from->blocked.bytes);
	sum_add(&tenant->refusals, from->refusals.cnt, from->refusals.bytes);
	sum_add(&tenant->opened, from->opened.cnt, from->opened.bytes);
	sum_add(&tenant->names, from->names.cnt, 0);
	sum_add(&tenant->names_blocked, from->names_blocked.cnt, 0);
	sum_add(&tenant->names_opened, from->names_opened.cnt, 0);
}

static void group_merge(struct tally *into, const struct tally_group *from)
{
	struct tally_group like = *from, *group;

	like.sum = (struct tally_sum){};
	like.example_cnt = 0;
	group = group_find(into, &like);
	if (!group) {
		into->beyond += from->sum.cnt;
		return;
	}
	sum_add(&group->sum, from->sum.cnt, from->sum.bytes);
	if (from->generation > group->generation)
		group->generation = from->generation;
	for (size_t i = 0; i < from->example_cnt; i++)
		example_add(group, &from->examples[i]);
}

void tally_merge(struct tally *into, const struct tally *from)
{
	for (size_t i = 0; i < from->tenant_cnt; i++)
		tenant_merge(into, &from->tenants[i]);
	for (size_t i = 0; i < from->group_cnt; i++)
		group_merge(into, &from->groups[i]);
	into->lines += from->lines;
	into->unreadable += from->unreadable;
	into->other += from->other;
	into->before += from->before;
	into->foreign += from->foreign;
	into->undecided += from->undecided;
	into->by_list += from->by_list;
	into->unsure += from->unsure;
	into->missing += from->missing;
	into->beyond += from->beyond;
}

static int tenant_order(const void *a, const void *b)
{
	const struct tally_tenant *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int group_order(const void *a, const void *b)
{
	const struct tally_group *x = a, *y = b;
	int order = strcmp(x->tenant, y->tenant);

	if (!order && x->sum.cnt != y->sum.cnt)
		order = x->sum.cnt > y->sum.cnt ? -1 : 1;
	if (!order)
		order = strcmp(x->rule, y->rule);
	if (!order)
		order = strcmp(x->list, y->list);
	if (!order)
		order = strcmp(x->now.list ? x->now.list : "", y->now.list ? y->now.list : "");
	return order ? order : (int)x->now.rule - (int)y->now.rule;
}

void tally_sort(struct tally *tally)
{
	qsort(tally->tenants, tally->tenant_cnt, sizeof(tally->tenants[0]), tenant_order);
	qsort(tally->groups, tally->group_cnt, sizeof(tally->groups[0]), group_order);
}
