// SPDX-License-Identifier: Apache-2.0
/*
 * JSON lists: one document, or one object a line. Pure. Called by parse.c through formats.def.
 */
#include <jansson.h>
#include <string.h>

#include "names/read.h"

static const char *const members[] = {
	"domain", "domains", "host",	  "hosts", "hostname", "fqdn",	"name",
	"url",	  "urls",    "indicator", "value", "ioc",      "entry", "ioc_value",
};

static bool is_member(const char *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!strcmp(members[i], name))
			return true;
	return false;
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

/* Strings that stand in an array or under a known member. Depth is bounded by jansson's parser. */
static void take_value(struct name_reader *reader, json_t *value, bool known, bool document)
{
	struct text string = { json_string_value(value), json_string_length(value) };
	const char *name;
	json_t *inner;
	size_t i;

	if (json_is_string(value) && known) {
		if (document)
			line_find(reader, string);
		if (text_trim(string).len)
			domains_line(reader, text_trim(string));
	}
	json_array_foreach(value, i, inner)
		take_value(reader, inner, json_is_string(inner) || known, document);
	json_object_foreach(value, name, inner)
		take_value(reader, inner, is_member(name), document);
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
		take_value(reader, value, json_is_string(value), false);
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
	take_value(reader, value, false, true);
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
