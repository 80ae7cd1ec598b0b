/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of files that came by different transfers: a download that was cut and is taken up again, ranges that
 * are asked for one by one. What lies together is judged together. Bounded; what was not touched for longest
 * goes. By any thread.
 */
#ifndef AGENT_FILE_RANGES_H
#define AGENT_FILE_RANGES_H

#include "base/grown.h"

#define RANGE_KEY_LEN                                                                              \
	32 /* a SHA-256 of whose it is, where it is from and what it is called there */

struct ranges;

/* most: bytes of one file that are kept; memory: of all. NULL: no memory. */
struct ranges *ranges_new(uint64_t most, uint64_t memory);
void ranges_free(struct ranges *ranges);

/* Keeps these bytes of the file, which begin at from. What lies beyond most is not kept. */
void ranges_put(struct ranges *ranges, const uint8_t key[RANGE_KEY_LEN], uint64_t from,
		struct slice bytes);
/* All that lies together around that place, into to; *ret_from: where it begins. False: nothing does. */
bool ranges_get(struct ranges *ranges, const uint8_t key[RANGE_KEY_LEN], uint64_t at,
		struct grown *to, uint64_t *ret_from);
/* Bytes that are kept now. */
uint64_t ranges_bytes(struct ranges *ranges);

#endif
