// SPDX-License-Identifier: Apache-2.0
/*
 * What a rule does when it is found: tag, bypass, config, filestore; and requires, by which a rule asks
 * whether it is for us at all.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "detect/state.h"

/* --- tag --- */

static void tag_act(const void *arg, struct match *match)
{
	state_tag(match, arg);
}

static const struct act_ops tag_ops = { .word = "tag", .act = tag_act, .free = free };

static int tag_word(struct draft *draft, struct slice word, struct tag *tag)
{
	static const char *const units[] = { "packets", "bytes", "seconds" };
	uint64_t count;

	for (int i = 0; i < 3; i++) {
		if (slice_is(word, units[i])) {
			tag->unit = (enum tag_unit)i;
			return 0;
		}
	}
	if (slice_is(word, "src") || slice_is(word, "dst")) {
		tag->of_dst = slice_is(word, "dst");
		return 0;
	}
	if (!number_parse(word, UINT32_MAX, &count))
		return refuse(draft, (const char *)word.at, "tag:host,100,packets,src",
			      "tag has no word \"%.*s\"", (int)word.len, word.at);
	tag->count = (uint32_t)count;
	return 0;
}

static int tag_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, word;
	struct tag read = { .unit = TAG_PACKETS, .count = 256 }, *tag; /* as many as Suricata's */
	int err = 0;

	slice_next(&rest, ',', &word);
	read.of_host = slice_is(word, "host");
	if (!read.of_host && !slice_is(word, "session") && value.len)
		return refuse(draft, (const char *)value.at, "tag:session,10,packets",
			      "tag is of a session or of a host");
	while (!err && slice_next(&rest, ',', &word))
		err = tag_word(draft, word, &read);
	if (err)
		return err;
	tag = malloc(sizeof(*tag));
	if (!tag)
		return refuse_memory(draft);
	*tag = read;
	return draft_act(draft, &tag_ops, tag);
}

/* --- bypass --- */

static void bypass_act(const void *arg, struct match *match)
{
	state_bypass(match);
}

static const struct act_ops bypass_ops = { .word = "bypass", .act = bypass_act };

static int bypass_read(struct draft *draft, struct slice value)
{
	return draft_act(draft, &bypass_ops, NULL);
}

/* --- config: logging disable, type tx, scope tx --- */

static void of_tx_act(const void *arg, struct match *match)
{
	state_unlogged(match, false);
}

static void of_flow_act(const void *arg, struct match *match)
{
	state_unlogged(match, true);
}

static const struct act_ops config_tx_ops = { .word = "config", .act = of_tx_act };
static const struct act_ops config_flow_ops = { .word = "config", .act = of_flow_act };

static int config_read_words(struct draft *draft, struct slice value)
{
	struct slice rest = value, word, key;
	bool of_flow = false, is_logging = false;

	while (slice_next(&rest, ',', &word)) {
		struct slice said = word;

		slice_next(&said, ' ', &key);
		said = slice_trim(said);
		if (slice_is(key, "logging") && slice_is(said, "disable"))
			is_logging = true;
		else if (slice_is(key, "scope") && (slice_is(said, "tx") || slice_is(said, "flow")))
			of_flow = slice_is(said, "flow");
		else if (!slice_is(key, "type") || (!slice_is(said, "tx") && !slice_is(said, "flow")))
			return refuse(draft, (const char *)word.at,
				      "config:logging disable, type tx, scope tx",
				      "config has no word \"%.*s\"", (int)word.len, word.at);
	}
	if (!is_logging)
		return refuse(draft, (const char *)value.at,
			      "config:logging disable, type tx, scope tx",
			      "config says nothing that is to be done");
	return draft_act(draft, of_flow ? &config_flow_ops : &config_tx_ops, NULL);
}

/* --- filestore --- */

struct store {
	bool sides[SIDES];
	enum store_scope scope;
};

static void store_act(const void *arg, struct match *match)
{
	const struct store *store = arg;

	state_store(match, store->sides, store->scope);
}

static const struct act_ops store_ops = { .word = "filestore", .act = store_act, .free = free };

static int store_word(struct draft *draft, struct slice word, struct store *store)
{
	if (slice_is(word, "request") || slice_is(word, "to_server") || slice_is(word, "both"))
		store->sides[FROM_CLIENT] = true;
	if (slice_is(word, "response") || slice_is(word, "to_client") || slice_is(word, "both"))
		store->sides[FROM_SERVER] = true;
	if (store->sides[FROM_CLIENT] || store->sides[FROM_SERVER])
		return 0;
	return refuse(draft, (const char *)word.at, "request, response, to_server, to_client or both",
		      "filestore has no side \"%.*s\"", (int)word.len, word.at);
}

static int store_scope(struct draft *draft, struct slice word, struct store *store)
{
	if (slice_is(word, "file"))
		store->scope = STORE_FILE;
	else if (slice_is(word, "tx"))
		store->scope = STORE_TX;
	else if (slice_is(word, "ssn") || slice_is(word, "flow"))
		store->scope = STORE_FLOW;
	else
		return refuse(draft, (const char *)word.at, "file, tx or flow",
			      "filestore has no scope \"%.*s\"", (int)word.len, word.at);
	return 0;
}

static int filestore_read(struct draft *draft, struct slice value)
{
	struct store read = {}, *store;
	struct slice rest = value, word;
	int err = 0;

	if (value.len && slice_next(&rest, ',', &word))
		err = store_word(draft, word, &read);
	if (!err && value.len && slice_next(&rest, ',', &word))
		err = store_scope(draft, word, &read);
	if (err)
		return err;
	store = malloc(sizeof(*store));
	if (!store)
		return refuse_memory(draft);
	*store = read;
	draft->signature->rule.stores_file = true;
	draft->of_files = true;
	return draft_act(draft, &store_ops, store);
}

/* --- requires --- */

/* "7.0.3" as 7000003; what is left out is 0. */
static bool version_read(struct slice text, uint64_t *ret_version)
{
	uint64_t version = 0, number;

	for (int i = 0; i < 3; i++) {
		struct slice part;

		number = 0;
		if (slice_next(&text, '.', &part) && !number_parse(part, 999, &number))
			return false;
		version = version * 1000 + number;
	}
	*ret_version = version;
	return true;
}

#define VERSION_OURS 7000010ull /* the language that is understood here is that of 7.0.10 */

/* One "< 8" or ">= 7.0.3". */
static bool version_holds(struct slice *rest, bool *ret_wrong)
{
	static const char *const signs[] = { ">=", "<=", ">", "<" };
	struct slice word;
	uint64_t version;
	int sign;

	for (sign = 0; sign < 4 && !slice_starts(*rest, signs[sign]); sign++)
		;
	if (sign == 4) {
		*ret_wrong = true;
		return false;
	}
	*rest = slice_trim(slice_behind(*rest, strlen(signs[sign])));
	slice_next(rest, ' ', &word);
	if (!version_read(word, &version)) {
		*ret_wrong = true;
		return false;
	}
	switch (sign) {
	case 0:
		return VERSION_OURS >= version;
	case 1:
		return VERSION_OURS <= version;
	case 2:
		return VERSION_OURS > version;
	default:
		return VERSION_OURS < version;
	}
}

/* ">= 7.0.3 < 8 | >= 8.0.1" */
static bool versions_hold(struct slice text, bool *ret_wrong)
{
	struct slice either, rest = text;
	bool holds = false;

	while (slice_next(&rest, '|', &either)) {
		bool all = true;

		while (either.at && either.len && !*ret_wrong) {
			all &= version_holds(&either, ret_wrong);
			either = either.at ? slice_trim(either) : either;
		}
		holds |= all;
	}
	return holds;
}

static bool feature_is_here(struct slice name)
{
	static const char *const features[] = { "output::file-store", "filestore", "ja3", "true" };

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (slice_is(name, features[i]))
			return true;
	return false;
}

static int requires_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, word, key;
	bool wrong = false;

	while (slice_next(&rest, ',', &word)) {
		struct slice said = word;

		slice_next(&said, ' ', &key);
		said = said.at ? slice_trim(said) : said;
		if (slice_is(key, "version"))
			draft->requires_unmet |= !versions_hold(said, &wrong);
		else if (slice_is(key, "feature"))
			draft->requires_unmet |= !feature_is_here(said);
		else if (slice_is(key, "keyword"))
			draft->requires_unmet |= !keyword_find(draft->parse, said);
		else
			draft->requires_unmet = true; /* of a later version */
		if (wrong)
			return refuse(draft, (const char *)word.at, "requires:version >= 7.0.3 < 8",
				      "\"%.*s\" is no version", (int)word.len, word.at);
	}
	return 0;
}

const struct keyword keyword_tag = {
	"tag",	  NULL, VALUE_MAYBE,
	tag_read, NULL, "records the packets that follow: tag:session,10,packets"
};
const struct keyword keyword_bypass = { "bypass",    NULL, VALUE_NEVER,
					bypass_read, NULL, "the flow is looked at no more" };
const struct keyword keyword_config = { "config",     NULL,
					VALUE_ALWAYS, config_read_words,
					NULL,	      "config:logging disable, type tx, scope tx" };
const struct keyword keyword_filestore = { "filestore", NULL,
					   VALUE_MAYBE, filestore_read,
					   NULL,	"keeps the file: filestore:response,file" };
const struct keyword keyword_requires = {
	"requires",    NULL, VALUE_ALWAYS,
	requires_read, NULL, "a rule for some versions: requires:version >= 7.0.3"
};
