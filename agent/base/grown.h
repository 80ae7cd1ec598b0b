/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that are put together piece by piece. Zeroed, it is empty; without memory it stays as it was.
 */
#ifndef AGENT_BASE_GROWN_H
#define AGENT_BASE_GROWN_H

#include <stdlib.h>

#include "base/slice.h"

#define GROWN_FIRST 256

struct grown {
	uint8_t *at;
	size_t len, cap;
};

static inline bool grown_room(struct grown *grown, size_t more)
{
	size_t cap = grown->cap ? grown->cap : GROWN_FIRST;
	uint8_t *at;

	if (more <= grown->cap - grown->len)
		return true;
	while (cap - grown->len < more) {
		if (cap > SIZE_MAX / 2)
			return false;
		cap *= 2;
	}
	at = realloc(grown->at, cap);
	if (!at)
		return false;
	grown->at = at;
	grown->cap = cap;
	return true;
}

/* false: no memory, and nothing was added. */
static inline bool grown_add(struct grown *grown, struct slice bytes)
{
	if (!grown_room(grown, bytes.len))
		return false;
	if (bytes.len)
		memcpy(grown->at + grown->len, bytes.at, bytes.len);
	grown->len += bytes.len;
	return true;
}

static inline bool grown_add_text(struct grown *grown, const char *text)
{
	return grown_add(grown, slice_text(text));
}

/* The first cnt bytes go. */
static inline void grown_shift(struct grown *grown, size_t cnt)
{
	if (cnt >= grown->len) {
		grown->len = 0;
		return;
	}
	if (cnt)
		memmove(grown->at, grown->at + cnt, grown->len - cnt);
	grown->len -= cnt;
}

static inline struct slice grown_slice(const struct grown *grown)
{
	return slice(grown->at, grown->len);
}

static inline void grown_free(struct grown *grown)
{
	free(grown->at);
	*grown = (struct grown){ .at = NULL };
}

#endif
