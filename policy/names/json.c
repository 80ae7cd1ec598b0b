// SPDX-License-Identifier: Apache-2.0
/*
 * JSON lists: one document, or one object a line. Pure. Called by parse.c through formats.def.
 */
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "names/read.h"

static const char *const members[] = {
	"domain", "domains", "host",	  "hosts", "hostname", "fqdn",	"name",
	"url",	  "urls",    "indicator", "value", "ioc",      "entry", "ioc_value",
};

static bool is_one_of(const char *name, const char *const *names, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (!strcasecmp(names[i], name))
			return true;
	return false;
}

/* What the strings below a member are. */
enum role { FACTS, STRAY, NAMES, EXCEPTIONS };

static enum role role_of(const char *name, const json_t *value, enum role around)
{
	/* Of these an array is no list: tags of a family, reports about it, names that look alike. */
	static const char *const facts[] = { "tags",	 "tag",	      "references", "reference",
					     "refs",	 "links",     "categories", "category",
					     "labels",	 "label",     "sources",    "source",
					     "owners",	 "aliases",   "resolvers",  "notes",
					     "comments", "fuzzylist", "families",   "malware" };
	static const char *const exceptions[] = { "whitelist",	"white_list", "allowlist",
						  "allow_list", "exceptions", "allow",
						  "allowed",	"permitted" };

	if (around == EXCEPTIONS)
		return around;
	if (!json_is_string(value) &&
	    is_one_of(name, exceptions, sizeof(exceptions) / sizeof(exceptions[0])))
		return EXCEPTIONS;
	if (json_is_array(value) && is_one_of(name, facts, sizeof(facts) / sizeof(facts[0])))
		return FACTS;
	return is_one_of(name, members, sizeof(members) / sizeof(members[0])) ? NAMES : STRAY;
}

/*
 * Strings come in the order of the document: the line of one is looked for behind the former. Once one is
 * not found, being written with escapes, all that follow have the line of the last one.
 */
static void line_find(struct name_reader *reader, struct text string)
{
	const char *at = memmem(reader->rest.at, reader->rest.len, string.at, string.len);
	size_t len = at ? (size_t)(at - reader->rest.at) : reader->rest.len;

	for (size_t i = 0; at && i < len; i++)
		reader->line += reader->rest.at[i] == '\n';
	reader->rest = text_from(reader->rest, len);
}

static void string_take(struct name_reader *reader, struct text string, enum role role)
{
	const struct name_as spared = { .kind = NAME_SUFFIX, .allow = true };

	if (!string.len)
		return;
	if (role == FACTS)
		name_skip(reader, NAME_SKIP_titles, string);
	else if (role == NAMES)
		domains_line(reader, string);
	else if (memchr(string.at, '/', string.len))
		name_take_url(reader, string, &spared);
	else
		name_take(reader, text_from(string, text_starts(string, "*.") ? 2 : 0), &spared);
}

/* Of Spamhaus' asn_drop.json: the name beside the number is that of who holds the network. */
static bool is_network(const json_t *value)
{
	return json_is_integer(json_object_get(value, "asn")) && json_object_get(value, "rir") &&
	       json_object_get(value, "asname");
}

/* Strings that stand in an array or under a known member. Depth is bounded by jansson's parser. */
static void take_value(struct name_reader *reader, json_t *value, enum role role, bool document)
{
	struct text string = { json_string_value(value), json_string_length(value) };
	const char *name;
	json_t *inner;
	size_t i;

	if (json_is_string(value) && role != STRAY) {
		if (document)
			line_find(reader, string);
		string_take(reader, text_trim(string), role);
	}
	json_array_foreach(value, i, inner) {
		enum role of = json_is_string(inner) ? (role == STRAY ? NAMES : role)
			       : role == FACTS	     ? STRAY
						     : role;

		take_value(reader, inner, of, document);
	}
	if (is_network(value)) {
		name_skip(reader, NAME_SKIP_asn, (struct text){ "asn", 3 });
		return;
	}
	json_object_foreach(value, name, inner)
		take_value(reader, inner, role_of(name, inner, role), document);
}

/* One object a line. A line without a name (facts about the list) is left out. */
static void read_lines(struct name_reader *reader)
{
	struct text line;

	while (name_line(reader, &line)) {
		size_t had = reader->list.cnt + reader->list.skip_cnt;
		json_t *value;

		if (!line.len)
			continue;
		value = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
		if (!value) {
			name_skip(reader, NAME_SKIP_syntax, line);
			continue;
		}
		take_value(reader, value, json_is_string(value) ? NAMES : STRAY, false);
		if (had == reader->list.cnt + reader->list.skip_cnt)
			name_skip(reader, NAME_SKIP_titles, line);
		json_decref(value);
	}
}

void name_read_json(struct name_reader *reader)
{
	json_t *value = json_loadb(reader->rest.at, reader->rest.len, JSON_REJECT_DUPLICATES, NULL);
	struct text line;

	if (!value) {
		read_lines(reader);
		return;
	}
	reader->line = 1;
	take_value(reader, value, STRAY, true);
	json_decref(value);
	while (name_line(reader, &line))
		;
}

unsigned int name_looks_json(struct text line)
{
	if (line.at[0] != '{' && line.at[0] != '[')
		return 0;
	return line.len == 1 || memchr("{[\"] \t", line.at[1], 6) ? 1000 : 0;
}
