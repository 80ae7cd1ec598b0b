/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The most frequent of many names in a room of fixed size (Metwally et al., "Efficient Computation of
 * Frequent and Top-k Elements in Data Streams", 2005): each count is right to within its error, which is
 * kept with it, and what came more often than all / SKETCH_NAMES is surely there.
 */
#ifndef AGENT_NAMES_SKETCH_H
#define AGENT_NAMES_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#define SKETCH_NAMES 512
#define SKETCH_TEXT 254

struct sketch_name {
	char text[SKETCH_TEXT];
	uint16_t next; /* of its bucket, plus one */
	uint64_t cnt, error; /* it came cnt times at most, cnt - error at least */
};

struct sketch {
	uint64_t all;
	uint16_t used;
	uint16_t bucket[SKETCH_NAMES]; /* plus one; 0: empty */
	struct sketch_name name[SKETCH_NAMES];
};

/* A sketch of zeros is empty. text is cut at SKETCH_TEXT - 1 bytes. */
void sketch_add(struct sketch *sketch, const char *text);

/* The most frequent ones, at most cnt of them, in order; returns how many. */
size_t sketch_top(const struct sketch *sketch, const struct sketch_name **ret_top, size_t cnt);

#endif
