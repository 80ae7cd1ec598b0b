/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of this room have in common. Each is a pure function of bytes that a stranger chose:
 * nothing is sent, asked or logged, and what is found are slices of what was given.
 */
#ifndef AGENT_WIRE_WIRE_H
#define AGENT_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_read {
	WIRE_OVER = -2, /* more than we hold: not read, and not to be taken for read */
	WIRE_BAD = -1, /* what the protocol's text calls an error */
	WIRE_MORE = 0, /* the rest must come first */
	WIRE_DONE = 1,
};

struct wire_text {
	const char *text; /* not ended by a 0 */
	size_t len;
};

/* A cursor that hides the bounds: once short, it stays short and gives zeros. */
struct wire_cursor {
	const uint8_t *at, *end;
	bool is_short;
};

static inline struct wire_cursor wire_cursor(const uint8_t *bytes, size_t len)
{
	return (struct wire_cursor){ .at = bytes, .end = len ? bytes + len : bytes }; /* NULL is none */
}

static inline size_t wire_left(const struct wire_cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* The next len bytes, NULL when there are fewer. */
static inline const uint8_t *wire_bytes(struct wire_cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->is_short || wire_left(c) < len) {
		c->is_short = true;
		return NULL;
	}
	c->at += len;
	return at;
}

/* A big-endian number of so many bytes, at most four. */
static inline uint32_t wire_number(struct wire_cursor *c, size_t len)
{
	const uint8_t *b = wire_bytes(c, len);
	uint32_t value = 0;

	for (size_t i = 0; b && i < len; i++)
		value = value << 8 | b[i];
	return value;
}

/* What a length of so many bytes in front says that follows. */
static inline struct wire_cursor wire_part(struct wire_cursor *c, size_t len_len)
{
	size_t len = wire_number(c, len_len);
	const uint8_t *b = wire_bytes(c, len);
	struct wire_cursor part = { .at = b, .end = b ? b + len : NULL, .is_short = !b };

	return part;
}

#endif
