// SPDX-License-Identifier: Apache-2.0
/*
 * absent: the buffer is not there; absent:or_else: it is not there, or what follows holds.
 */
#include "detect/parse/inside.h"

static int absent_read(struct draft *draft, struct slice value)
{
	int part;

	if (!draft->source || draft->part_now >= 0 || draft->source->kind != SOURCE_FIELD)
		return refuse(
			draft, draft->keyword_at,
			"it stands behind the name of a protocol's buffer, in front of its contents",
			"absent is said of no buffer");
	if (value.len && !slice_is(value, "or_else"))
		return refuse(draft, (const char *)value.at, "absent or absent:or_else",
			      "absent has no word \"%.*s\"", (int)value.len, value.at);
	part = draft_part(draft, draft->source);
	if (part < 0)
		return part;
	draft->parts[part].part.absent = value.len ? PART_ABSENT_OR_ELSE : PART_ABSENT;
	draft->part_now = part;
	draft->source_used = true;
	return 0;
}

const struct keyword keyword_absent = { "absent",    NULL, VALUE_MAYBE,
					absent_read, NULL, "the buffer is not there" };
