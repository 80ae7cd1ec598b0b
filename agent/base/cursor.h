/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads bytes from front to back and never beyond them: whoever asks for more gets zeros, and the cursor says
 * so. A reader takes all its fields and looks once whether it failed.
 */
#ifndef AGENT_BASE_CURSOR_H
#define AGENT_BASE_CURSOR_H

#include "base/slice.h"

struct cursor {
	struct slice rest;
	bool failed; /* something was asked for that is not there */
};

static inline struct cursor cursor(struct slice bytes)
{
	return (struct cursor){ .rest = bytes };
}

/* The next len bytes; empty, and failed, if they are not all there. */
static inline struct slice cursor_take(struct cursor *c, size_t len)
{
	struct slice taken = { .at = c->rest.at, .len = len };

	if (c->failed || len > c->rest.len) {
		c->failed = true;
		c->rest.len = 0;
		return (struct slice){ .at = NULL };
	}
	c->rest = slice_behind(c->rest, len);
	return taken;
}

static inline void cursor_skip(struct cursor *c, size_t len)
{
	cursor_take(c, len);
}

/* All that is left; at most len of it. */
static inline struct slice cursor_some(struct cursor *c, size_t len)
{
	return cursor_take(c, len < c->rest.len ? len : c->rest.len);
}

/* Up to a byte of this value, which is passed over; failed if there is none. */
static inline struct slice cursor_until(struct cursor *c, uint8_t end)
{
	const uint8_t *at = c->rest.len ? memchr(c->rest.at, end, c->rest.len) : NULL;
	struct slice taken = cursor_take(c, at ? (size_t)(at - c->rest.at) : SIZE_MAX);

	cursor_skip(c, 1);
	return taken;
}

/* A number of len bytes, the lowest first. */
static inline uint64_t cursor_little(struct cursor *c, size_t len)
{
	struct slice bytes = cursor_take(c, len);
	uint64_t number = 0;

	for (size_t i = bytes.len; i-- > 0;)
		number = number << 8 | bytes.at[i];
	return number;
}

/* A number of len bytes, the highest first. */
static inline uint64_t cursor_big(struct cursor *c, size_t len)
{
	struct slice bytes = cursor_take(c, len);
	uint64_t number = 0;

	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | bytes.at[i];
	return number;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_big(c, 1);
}

static inline uint16_t cursor_le16(struct cursor *c)
{
	return (uint16_t)cursor_little(c, 2);
}

static inline uint32_t cursor_le32(struct cursor *c)
{
	return (uint32_t)cursor_little(c, 4);
}

static inline uint64_t cursor_le64(struct cursor *c)
{
	return cursor_little(c, 8);
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	return (uint16_t)cursor_big(c, 2);
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	return (uint32_t)cursor_big(c, 4);
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	return cursor_big(c, 8);
}

#endif
