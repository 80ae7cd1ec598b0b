/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a message as rules see it: decoded bytes up to a limit, of which a window is kept. Shared by
 * the versions of HTTP.
 */
#ifndef AGENT_PROTO_HTTPBODY_H
#define AGENT_PROTO_HTTPBODY_H

#include "base/grown.h"

struct http_body_limits {
	uint64_t most; /* bytes of a body that are looked at; 0: all */
	uint32_t least; /* so many are awaited before rules are asked */
	uint32_t window; /* and so many around what is new are shown to them later */
};

struct http_body {
	struct grown kept;
	uint64_t from; /* offset of the first kept byte */
	uint64_t offered, inspected; /* up to where rules saw it: now, and before the newest bytes */
	uint64_t expected; /* bytes of all of it, as its head says; 0: it does not */
	bool is_over; /* nothing more will come */
	bool unseen; /* nobody looks: bytes are counted and not kept */
};

/* Bytes of it that were taken, all together. */
static inline uint64_t http_body_size(const struct http_body *body)
{
	return body->from + body->kept.len;
}

struct file;

/* Returns how many of the bytes were within the limit, or that of the file which is to be stored. */
size_t http_body_add(struct http_body *body, const struct http_body_limits *limits,
		     const struct file *file, struct slice bytes);
/* What rules may see now; false: not yet, or there is none. at_once: without waiting for the least size. */
bool http_body_look(struct http_body *body, const struct http_body_limits *limits, bool at_once,
		    struct slice *ret, uint64_t *ret_from);

#endif
