// SPDX-License-Identifier: Apache-2.0
/*
 * Scripts of RouterOS: names of its DNS (`/ip dns static add name=...`), each alone unless match-subdomain
 * is said, and of its address lists, where a name stands for itself. Pure. Called by parse.c through
 * formats.def.
 */
#include "lists/mikrotik.h"

#include <string.h>

#include "names/read.h"

#define REGEX_BYTES 1024

/* Also where older versions lead who would have none: 0.0.0.0 they did not take. */
static bool is_nowhere(struct text address)
{
	return text_is_nowhere(address) || text_starts(address, "240.0.0.");
}

/* A string's backslash stands in front of what it takes the meaning from. */
static void regex_take(struct name_reader *reader, struct text text)
{
	struct text plain = { NULL, 0 };
	char bytes[REGEX_BYTES];

	if (text.len > sizeof(bytes)) {
		name_skip(reader, NAME_SKIP_too_long, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\\' && i + 1 < text.len)
			i++;
		bytes[plain.len++] = text.at[i];
	}
	plain.at = bytes;
	name_take_regex(reader, plain, false);
}

/* How a name of the DNS is taken; false: it is left out, for this reason. */
static bool name_means(struct name_reader *reader, const struct mikrotik_item *item,
		       struct name_as *as, enum name_skip *skip)
{
	enum name_kind kind = text_is(item->subdomains, "yes") ? NAME_SUFFIX : NAME_SELF;

	*as = (struct name_as){ .kind = kind };
	*skip = NAME_SKIP_elsewhere;
	if (text_is(item->type, "NXDOMAIN")) {
		as->how = SEK_NAME_NXDOMAIN;
		return true;
	}
	if (item->type.len && !text_is(item->type, "A") && !text_is(item->type, "AAAA")) {
		if (!text_is(item->type, "CNAME") && !text_is(item->type, "FWD"))
			*skip = NAME_SKIP_record;
		return false;
	}
	if (!text_is_prefix(item->address)) {
		*skip = NAME_SKIP_syntax;
		return false;
	}
	if (is_nowhere(item->address))
		return true;
	if (!reader->options->own_answers)
		return false;
	*as = name_as_address(reader, item->address, kind);
	return true;
}

static void item_take(struct name_reader *reader, const struct mikrotik_item *item, struct text line)
{
	static const struct name_as self = { .kind = NAME_SELF };
	enum name_skip skip = NAME_SKIP_elsewhere;
	struct name_as as;

	if (text_is(item->disabled, "yes"))
		name_skip(reader, NAME_SKIP_statement, line);
	else if (item->regexp.len && text_is(item->type, "FWD"))
		name_skip(reader, NAME_SKIP_elsewhere, item->regexp);
	else if (item->regexp.len)
		regex_take(reader, item->regexp);
	else if (item->name.len && name_means(reader, item, &as, &skip))
		name_take(reader, item->name, &as);
	else if (item->name.len)
		name_skip(reader, skip, item->name);
	else if (!item->list.len || !item->address.len)
		name_skip(reader, NAME_SKIP_syntax, line);
	else if (text_is_prefix(item->address) || !text_is_name(item->address))
		name_skip(reader, NAME_SKIP_address, item->address);
	else
		name_take(reader, item->address, &self);
}

void name_read_mikrotik(struct name_reader *reader)
{
	struct mikrotik_item item;
	struct text line, next;

	while (name_line(reader, &line)) {
		while (mikrotik_goes_on(line) && name_line(reader, &next))
			line.len = (size_t)(next.at - line.at) + next.len;
		if (!line.len || line.at[0] == '#')
			continue;
		if (mikrotik_item(line, &item))
			item_take(reader, &item, line);
		else
			name_skip(reader,
				  strchr("/:{}", line.at[0]) ? NAME_SKIP_statement : NAME_SKIP_syntax,
				  line);
	}
}

unsigned int name_looks_mikrotik(struct text line)
{
	return mikrotik_looks(line) ? 5 : 0;
}
