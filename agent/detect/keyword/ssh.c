// SPDX-License-Identifier: Apache-2.0
/*
 * ssh.protoversion and ssh.softwareversion: what a side of SSH calls itself, all of it. A clause of ssh.proto
 * and of ssh.software.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"

struct name {
	bool is_compat; /* whatever speaks version 2 */
	size_t len;
	uint8_t bytes[];
};

static bool speaks_2(struct slice version)
{
	return slice_is(version, "2") || slice_is(version, "2.0") || slice_is(version, "1.99");
}

static enum clause_says name_ask(const struct clause *clause, struct match *match)
{
	const struct name *name = clause->arg;
	struct slice is = match->buffer;
	bool once = match->again == CLAUSE_ONCE;

	match->again = CLAUSE_ONCE;
	if (once)
		return CLAUSE_NO;
	if (name->is_compat)
		return speaks_2(is) ? CLAUSE_YES : CLAUSE_NO;
	return is.len == name->len && memcmp(is.at, name->bytes, is.len) == 0 ? CLAUSE_YES
									      : CLAUSE_NO;
}

static const struct clause_ops name_ops = { .word = "ssh", .ask = name_ask, .free = free };

static int name_read(struct draft *draft, struct slice value)
{
	struct slice text = value_plain(value, NULL);
	const struct source *source;
	struct name *name;
	int part, err = source_find(draft, slice_text(draft->keyword->arg), &source);

	if (!err && !text.len)
		err = refuse(draft, (const char *)value.at, NULL, "%s: nobody has no name",
			     draft->keyword->word);
	part = err ? err : draft_part(draft, source);
	if (part < 0)
		return part;
	name = malloc(sizeof(*name) + text.len);
	if (!name)
		return refuse_memory(draft);
	name->is_compat = slice_is(text, "2_compat") &&
			  slice_is(slice_text(source->name), "ssh.proto");
	name->len = text.len;
	memcpy(name->bytes, text.at, text.len);
	return draft_clause_in(draft, (uint32_t)part, &name_ops, name);
}

const struct keyword keyword_ssh_protoversion = {
	"ssh.protoversion", NULL,	 VALUE_ALWAYS,
	name_read,	    "ssh.proto", "2.0; 2_compat: 2, 2.0 or 1.99"
};
const struct keyword keyword_ssh_softwareversion = {
	"ssh.softwareversion",	    NULL, VALUE_ALWAYS, name_read, "ssh.software",
	"the software's whole name"
};
