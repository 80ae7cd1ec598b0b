// SPDX-License-Identifier: Apache-2.0
/*
 * JSON lists: one document, or one object a line as Spamhaus publishes. Pure.
 * Called by read.c through formats.def.
 */
#include <jansson.h>
#include <string.h>

#include "lists/read.h"

static const char *const members[] = {
	"cidr",	   "prefix", "ip_prefix", "ipv4Prefix", "ipv6Prefix", "ipv6_prefix",
	"network", "ip",     "address",	  "addr",	"ip_address", "subnet",
};

static bool is_member(const char *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!strcmp(members[i], name))
			return true;
	return false;
}

static void take_string(struct list_reader *reader, const json_t *value)
{
	struct text word =
		text_trim((struct text){ json_string_value(value), json_string_length(value) });

	if (text_is_name(word))
		reader->set.skipped_cnt++;
	else
		reader_prefix(reader, word);
}

/* Strings that stand in an array or under a known member. Depth is bounded by jansson's parser. */
static void take_value(struct list_reader *reader, json_t *value, bool known)
{
	const char *name;
	json_t *inner;
	size_t i;

	if (json_is_string(value) && known)
		take_string(reader, value);
	json_array_foreach(value, i, inner)
		take_value(reader, inner, json_is_string(inner) || known);
	json_object_foreach(value, name, inner)
		take_value(reader, inner, is_member(name));
}

/* One object a line. A line without an address (metadata) is skipped. */
static void read_lines(struct list_reader *reader)
{
	struct text line;

	while (!reader->err && reader_line(reader, &line)) {
		size_t had = reader->set.cnt + reader->set.bad_cnt + reader->set.skipped_cnt;
		json_t *value;

		if (!line.len)
			continue;
		value = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, NULL);
		if (!value) {
			reader_bad(reader, line, "not JSON");
			continue;
		}
		take_value(reader, value, false);
		if (had == reader->set.cnt + reader->set.bad_cnt + reader->set.skipped_cnt)
			reader->set.skipped_cnt++;
		json_decref(value);
	}
}

void read_json(struct list_reader *reader)
{
	json_t *value = json_loadb(reader->rest.at, reader->rest.len, JSON_REJECT_DUPLICATES, NULL);

	if (!value) {
		read_lines(reader);
		return;
	}
	reader->line = 1;
	take_value(reader, value, false);
	json_decref(value);
}
