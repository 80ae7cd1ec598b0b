// SPDX-License-Identifier: Apache-2.0
/*
 * What is asked of names: a URL or a name in any spelling, whose, and when. Called by `sekisho url explain`
 * and by the agent for it. Pure but for the time zone.
 */
#include "explain/nameasked.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/names.h"
#include "text/escape.h"
#include "text/suggest.h"

static int refuse(struct diag *diag, const char *hint, const char *what, const char *text)
{
	char shown[200];

	diag_add(diag, DIAG_ERROR, NULL, 0, 0, hint, "\"%s\" is %s",
		 text_escape(text, strlen(text), shown, sizeof(shown)), what);
	return -EINVAL;
}

/* One more of the words that would have been right: "there are: saga, ogi". */
static void offer(char *hint, size_t cap, const char *name)
{
	size_t len = strlen(hint);

	if (name && len < cap)
		snprintf(hint + len, cap - len, "%s%s", len ? ", " : "there are: ", name);
}

static int tenant_read(const struct policy *policy, const char *name, struct name_question *q,
		       struct diag *diag)
{
	struct suggest near;
	char hint[200] = "";

	q->tenant = policy_tenant(policy, name);
	if (q->tenant && q->tenant->id)
		return 0;
	suggest_start(&near, name);
	for (size_t i = 1; i < policy->tenant_cnt; i++) {
		suggest_offer(&near, policy->tenants[i].name);
		offer(hint, sizeof(hint), policy->tenants[i].name);
	}
	if (near.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near.best);
	return refuse(diag, hint, "no tenant of this policy", name);
}

static int group_named(const char *name, struct name_question *q, struct diag *diag)
{
	char hint[200] = "";

	q->group = policy_name_group(q->tenant, name);
	if (q->group)
		return 0;
	for (size_t i = 0; i < q->tenant->name_group_cnt; i++)
		offer(hint, sizeof(hint), q->tenant->name_groups[i].name);
	return refuse(diag, *hint ? hint : "this tenant has none: groups stand in its names:",
		      "no group of this tenant", name);
}

/* The group that an address of the tenant is in, if it is in one. */
static int group_around(const char *text, struct name_question *q, struct diag *diag)
{
	char hint[200] = "", prefix[PREFIX_TEXT_MAX];
	struct prefix src;
	bool own = false;

	if (prefix_parse(text, strlen(text), &src, NULL) || src.len != 128)
		return refuse(diag, "as in 10.1.64.7 or 2001:db8::7", "no address", text);
	for (size_t i = 0; i < q->tenant->prefix_cnt; i++) {
		own |= prefix_contains(&q->tenant->prefixes[i], &src);
		offer(hint, sizeof(hint), prefix_print(&q->tenant->prefixes[i], prefix));
	}
	if (!own)
		return refuse(diag, hint, "no address of this tenant", text);
	policy_names_at(q->tenant, &src.addr, &q->group);
	return 0;
}

/* By its name, or by an address in it. */
static int group_read(const struct name_words *words, struct name_question *q, struct diag *diag)
{
	if (words->group)
		return group_named(words->group, q, diag);
	return words->src ? group_around(words->src, q, diag) : 0;
}

static bool clock_read(const char *text, int *hour, int *minute)
{
	char end;

	return sscanf(text, "%2d:%2d%c", hour, minute, &end) == 2 && *hour >= 0 && *hour < 24 &&
	       *minute >= 0 && *minute < 60;
}

static bool date_read(const char *text, struct tm *tm)
{
	struct tm date = { .tm_isdst = -1 };
	char gap, end;
	int mday;

	if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d%c", &date.tm_year, &date.tm_mon, &date.tm_mday, &gap,
		   &date.tm_hour, &date.tm_min, &end) != 6 ||
	    (gap != 'T' && gap != ' '))
		return false;
	date.tm_year -= 1900;
	date.tm_mon--;
	mday = date.tm_mday;
	if (date.tm_hour > 23 || date.tm_min > 59 || mktime(&date) == (time_t)-1 ||
	    date.tm_mday != mday)
		return false;
	*tm = date;
	return true;
}

static bool weekday_read(const char *text, struct tm *tm)
{
	const char *gap = strchr(text, ' ');

	for (unsigned int day = 0; gap && day < WEEK_DAYS; day++) {
		const char *name = week_day_name(day);

		if ((size_t)(gap - text) != strlen(name) || strncasecmp(text, name, strlen(name)) != 0)
			continue;
		tm->tm_wday = (int)(day + 1) % WEEK_DAYS;
		return clock_read(gap + 1, &tm->tm_hour, &tm->tm_min);
	}
	return false;
}

static int time_read(const char *at, time_t now, struct name_question *q, struct diag *diag)
{
	struct tm tm;

	localtime_r(&now, &tm);
	if (at && !clock_read(at, &tm.tm_hour, &tm.tm_min) && !weekday_read(at, &tm) &&
	    !date_read(at, &tm))
		return refuse(diag, "as in 08:30, 'Mon 08:30' or 2026-11-30T08:30", "no time", at);
	q->quarter = week_quarter((unsigned int)(tm.tm_wday + 6) % WEEK_DAYS,
				  (unsigned int)tm.tm_hour, (unsigned int)tm.tm_min);
	return 0;
}

static int what_read(const char *what, struct name_question *q, struct diag *diag)
{
	int err = url_normalise(what, strlen(what), &q->url);

	if (err)
		return refuse(diag, name_skip_text((enum name_skip)(-err - 1)),
			      "neither a name nor a URL of http or https", what);
	q->what = what;
	q->https = !strncasecmp(what, "https:", 6);
	q->has_path = q->url.target_len > 1;
	return 0;
}

int name_question_read(const struct policy *policy, const struct name_words *words, time_t now,
		       struct name_question *ret_question, struct diag *diag)
{
	struct name_question *q = ret_question;
	int err;

	memset(q, 0, sizeof(*q));
	err = what_read(words->what, q, diag);
	if (!err)
		err = tenant_read(policy, words->tenant, q, diag);
	if (!err)
		err = group_read(words, q, diag);
	if (!err)
		err = time_read(words->at, now, q, diag);
	if (err)
		return err;
	q->names = q->group ? &q->group->names : &q->tenant->names;
	if (!name_profile_build(policy, q->names, &q->profile))
		return refuse(diag, NULL, "a tenant with too many times of the week", words->tenant);
	q->phase = &q->profile.phase[q->profile.week[q->quarter] % SEK_NAME_PHASES_MAX];
	return 0;
}

struct name_asked name_question_host(const struct name_question *q)
{
	return (struct name_asked){ .host = q->url.host.text, .host_len = q->url.host.len };
}

struct name_asked name_question_url(const struct name_question *q)
{
	return (struct name_asked){ .host = q->url.host.text,
				    .host_len = q->url.host.len,
				    .path = q->url.target,
				    .path_len = q->url.target_len };
}
