/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of several workers, put into one order: that of the frames, and within a frame that of its
 * packets and flows. Each worker fills a book of its own; whoever joins them owns them meanwhile.
 */
#ifndef AGENT_INSPECT_ORDER_H
#define AGENT_INSPECT_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* Where a record stands among all. */
struct order_key {
	uint64_t frame;
	uint32_t phase; /* 0: what the clock ended in front of the frame; then its packets */
	uint64_t flow; /* first packet of the flow that ended; 0: none did */
};

struct order_line {
	struct order_key key;
	size_t at, len; /* in bytes */
};

struct order_book {
	char *bytes;
	size_t len, cap;
	struct order_line *lines; /* in the worker's own order */
	size_t line_cnt, line_cap;
	uint64_t lost; /* lines that found no memory */
};

void order_put(struct order_book *book, const struct order_key *key, const char *bytes, size_t len);
/* Hands the lines of all books on, in order, and empties them; returns how many. */
uint64_t order_join(struct order_book *const *books, unsigned int cnt,
		    void (*line)(void *arg, const char *bytes, size_t len), void *arg);
void order_free(struct order_book *book);

#endif
