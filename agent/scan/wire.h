/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sandboxed scanner says over its pipe, message by message. Who hears it trusts nothing: the
 * scanner
 * may be in the hands of the file that it reads.
 */
#ifndef AGENT_SCAN_WIRE_H
#define AGENT_SCAN_WIRE_H

#include "base/slice.h"

enum wire_kind {
	WIRE_MEMBER = 1, /* name, bytes */
	WIRE_MATCH, /* of the last member, before the first one of the file itself: rule, meta */
	WIRE_END, /* stops: it came to its end */
};

struct wire_head {
	uint8_t kind; /* enum wire_kind */
	uint8_t cut; /* of a member: bytes are missing */
	uint16_t name_len;
	uint32_t stops; /* bits of enum unpack_stop, and WIRE_YARA_TIME */
	uint64_t len; /* of what is behind the name */
};

_Static_assert(sizeof(struct wire_head) == 16, "no holes");

#define WIRE_YARA_TIME (1u << 31)
#define WIRE_NAME_MAX 4096

struct wire_message {
	struct wire_head head;
	struct slice name, rest; /* of the bytes that were given */
};

#define WIRE_MORE 0
#define WIRE_BAD (-1)

/* Returns the bytes that the message takes, WIRE_MORE or WIRE_BAD. most: of rest. */
int64_t wire_take(struct slice bytes, uint64_t most, struct wire_message *ret);
/* To a pipe, blocking; false: nobody listens any more. */
bool wire_say(int fd, const struct wire_head *head, struct slice name, struct slice rest);

#endif
