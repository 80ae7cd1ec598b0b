// SPDX-License-Identifier: Apache-2.0
/*
 * frame:smb2.pdu: the bytes of one unit of a protocol, as they were on the wire. Parsers say where those are
 * (proto/frames.h); each frame is asked by itself.
 */
#include "detect/parse/inside.h"
#include "proto/frames.h"

/* Rules call HTTP/1 so to tell it from the other one. */
static bool is_called(const struct proto *proto, struct slice name)
{
	return slice_is(name, proto->name) ||
	       (strcmp(proto->name, "http") == 0 && slice_is(name, "http1"));
}

static bool type_find(enum proto_id id, struct slice name, struct source *ret_source)
{
	const char *const *frames = protos[id] ? protos[id]->frames : NULL;

	if (protos[id] && protos[id]->over & PROTO_OVER_TCP && slice_is(name, FRAME_STREAM_NAME)) {
		*ret_source = (struct source){ .kind = SOURCE_FRAME,
					       .frame_proto = id,
					       .frame_type = FRAME_STREAM };
		return true;
	}
	for (uint8_t i = 0; frames && frames[i]; i++)
		if (slice_is(name, frames[i])) {
			*ret_source = (struct source){ .kind = SOURCE_FRAME,
						       .frame_proto = id,
						       .frame_type = i };
			return true;
		}
	return false;
}

/* "pdu" of the rule's protocol, or "tls.pdu". */
static bool frame_named(uint64_t apps, struct slice value, struct source *ret_source)
{
	struct slice rest = value, proto;

	for (unsigned int id = PROTO_FAILED + 1; apps && id < PROTO_CNT; id++)
		if (apps >> id & 1 && type_find((enum proto_id)id, value, ret_source))
			return true;
	slice_next(&rest, '.', &proto);
	for (unsigned int id = PROTO_FAILED + 1; rest.at && id < PROTO_CNT; id++)
		if (protos[id] && is_called(protos[id], proto) &&
		    type_find((enum proto_id)id, rest, ret_source))
			return true;
	return false;
}

static int frame_read(struct draft *draft, struct slice value)
{
	const struct source *source = NULL;
	struct source found;
	char name[96];
	int err;

	if (!frame_named(draft->signature->apps, value, &found))
		return refuse(draft, (const char *)value.at,
			      "frame:tls.pdu, or frame:pdu in a rule of that protocol",
			      "no protocol that is read has a frame \"%.*s\"", (int)value.len,
			      value.at);
	snprintf(name, sizeof(name), "frame:%s.%s", protos[found.frame_proto]->name,
		 found.frame_type == FRAME_STREAM
			 ? FRAME_STREAM_NAME
			 : protos[found.frame_proto]->frames[found.frame_type]);
	err = draft_of_apps(draft, 1ull << found.frame_proto, draft->keyword_at);
	if (!err)
		err = source_made(draft, slice_text(name), &found, &source);
	return err ? err : draft_sticky(draft, source);
}

const struct keyword keyword_frame = { "frame",	   NULL, VALUE_ALWAYS,
				       frame_read, NULL, "a unit of a protocol: frame:smb2.pdu" };
