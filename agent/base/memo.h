/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a parser must remember of earlier messages: short values by keys of bytes. It is bounded: the oldest
 * is forgotten when there are too many, or too many bytes. Nothing is allocated before the first value.
 */
#ifndef AGENT_BASE_MEMO_H
#define AGENT_BASE_MEMO_H

#include "base/slice.h"

struct memo_entry;

struct memo {
	struct memo_entry **buckets;
	struct memo_entry *oldest, *newest;
	size_t cnt, bytes;
	size_t forgotten; /* for want of room */
};

/* Remembers a copy, in place of what the key had. A value that is too long, or no memory: it is not. */
void memo_put(struct memo *memo, struct slice key, struct slice value);
/* Valid until the next memo_put() or memo_drop(). */
bool memo_get(const struct memo *memo, struct slice key, struct slice *ret_value);
void memo_drop(struct memo *memo, struct slice key);
void memo_end(struct memo *memo);

#endif
