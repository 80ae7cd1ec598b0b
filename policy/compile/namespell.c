// SPDX-License-Identifier: Apache-2.0
/*
 * What the model says of names, in words. Called by policy_diff() and by the commands. Pure.
 */
#include <stdio.h>
#include <stdlib.h>

#include "compile/spell.h"
#include "text/quantity.h"

static const char *const modes[] = { "block", "only-listed" };
static const char *const answers[] = { "nxdomain", "nodata", "sinkhole" };
static const char *const echs[] = { "allow", "strip", "block" };
static const char *const hidden[] = { "allow", "refuse" };
static const char *const nameless[] = { "allow", "block" };
static const char *const records[] = { "none", "dns", "all" };
static const char *const uses[] = { "block", "allow", "inspect" };

const char *spell_use(enum model_use use)
{
	return uses[use];
}

void spell_feed(FILE *out, const struct model_feed *feed)
{
	char refresh[QUANTITY_TEXT_MAX], max[QUANTITY_TEXT_MAX];

	if (feed->url)
		fprintf(out, ", url %s every %s up to %s bytes", feed->url,
			quantity_print_time(feed->refresh_s * 1000000000ULL, refresh),
			quantity_print(feed->max_bytes, max));
	if (feed->sha256)
		fprintf(out, ", sha256 %s", feed->sha256);
	if (feed->signature)
		fprintf(out, ", signature %s by %s", feed->signature, feed->key);
	if (feed->proxy)
		fprintf(out, ", by proxy %s", feed->proxy);
	if (feed->insecure)
		fputs(", insecure", out);
	if (feed->private)
		fputs(", private", out);
	if (feed->reserved)
		fputs(", reserved", out);
}

char *spell_name_list(const struct model_name_list *list)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out, "names, %s, id %u", list->allow ? "allow" : "block", list->id);
	if (list->category)
		fprintf(out, ", category %s", list->category);
	if (list->source && !list->feed.url)
		fprintf(out, ", source %s", list->source);
	if (list->format)
		fprintf(out, ", format %s", list->format);
	if (list->title)
		fprintf(out, ", title %s", list->title);
	if (list->own_answers)
		fputs(", answers own", out);
	if (list->public_suffixes)
		fputs(", public_suffixes", out);
	if (list->built_in)
		fputs(", built in", out);
	spell_feed(out, &list->feed);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static void put_taking(FILE *out, const struct policy *policy, const struct model_taking *taking)
{
	char when[WEEK_TEXT_MAX];
	const char *before = "";

	for (size_t i = 0; i < policy->name_list_cnt; i++) {
		if (!(taking->lists >> policy->name_lists[i].id & 1))
			continue;
		fprintf(out, "%s%s", before, policy->name_lists[i].name);
		before = ", ";
	}
	if (!week_is_full(&taking->when))
		fprintf(out, " (%s)", week_print(&taking->when, when));
}

char *spell_takings(const struct policy *policy, const struct model_names *names, enum model_use use)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < names->taking_cnt[use]; i++) {
		fprintf(out, "%s", i ? ", " : "");
		put_taking(out, policy, &names->takings[use][i]);
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

char *spell_names(const struct policy *policy, const struct model_names *names)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (names->on)
		fprintf(out,
			"mode %s, answer %s, ech %s, quic %s, dot %s, canaries %s, nameless %s, records %s",
			modes[names->mode], answers[names->answer], echs[names->ech],
			hidden[names->quic], hidden[names->dot], hidden[names->canaries],
			nameless[names->nameless], records[names->records]);
	if (names->on && names->help_desk)
		fprintf(out, ", help_desk %s", names->help_desk);
	for (int use = 0; use < USE_CNT && names->on; use++) {
		char *lists = spell_takings(policy, names, use);

		if (lists && *lists)
			fprintf(out, "; %s: %s", uses[use], lists);
		free(lists);
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static void put_listens(FILE *out, const struct model_name_site *site)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < site->listen_cnt; i++)
		fprintf(out, "%s %s port %u", i ? "," : " at",
			address_print(&site->listens[i].addr, text), site->listens[i].port);
}

char *spell_name_site(const struct model_name_site *site)
{
	char address[PREFIX_TEXT_MAX], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (site->sink4.len || site->sink6.len)
		fprintf(out, "sinkhole");
	if (site->sink4.len)
		fprintf(out, " %s", prefix_print(&site->sink4, address));
	if (site->sink6.len)
		fprintf(out, " %s", prefix_print(&site->sink6, address));
	if (site->sink4.len || site->sink6.len)
		fprintf(out, " ttl %us", site->sink_ttl_s);
	if (site->page) {
		fprintf(out, "%spage", ftell(out) > 0 ? ", " : "");
		put_listens(out, site);
		fprintf(out, ", requests %s", site->no_requests ? "off" : "on");
		if (site->help_desk)
			fprintf(out, ", help_desk %s", site->help_desk);
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
