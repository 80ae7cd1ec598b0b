/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over all packets of a region, field by field, that goes on only while it is open what becomes
 * of them, and never twice where the same rules are left (a firewall decision diagram; Gouda and Liu,
 * ICDCS 2004). Private to prove/.
 */
#ifndef POLICY_PROVE_DIAGRAM_H
#define POLICY_PROVE_DIAGRAM_H

#include "prove/region.h"

/* What a judge answers: a leaf below DIAGRAM_LEAVES, or one of two. 0 is the leaf of no interest. */
#define DIAGRAM_LEAVES 64u
#define DIAGRAM_OPEN UINT32_MAX /* the next field is needed */
#define DIAGRAM_STOP (UINT32_MAX - 1) /* found: the walk ends here */

struct diagram;
/* Judges the packets that `vector` is left of. Rules before the first are out of the question. */
typedef uint32_t diagram_judge(const struct diagram *d, const uint64_t *vector, unsigned int level,
			       void *arg);

/* Texts of words by content: what was seen, and what became of it. */
struct store {
	struct store_entry {
		size_t at, len;
		uint32_t value;
	} * entries;
	size_t cnt;
	uint32_t *words;
	size_t word_cnt, word_cap;
	uint32_t *slots;
	size_t slot_cnt;
};

struct diagram {
	const struct region *region;
	diagram_judge *judge;
	void *arg;
	uint64_t steps_left; /* cells that may be looked at */
	enum field order[FIELD_CNT]; /* by level */
	unsigned int uneven_cnt; /* levels of uneven fields, which come first */
	/* before each level: candidates that some packet may still meet, and those that all meet */
	uint64_t *some, *all;
	uint64_t *scratch;
	size_t picks[FIELD_CNT]; /* the cell of each field on the way to a stop */
	unsigned int depth; /* levels of the stop */
	struct store seen, nodes;
	int err;
};

/*
 * Walks. *ret_top: a leaf, a node (DIAGRAM_LEAVES and up), or DIAGRAM_STOP. Returns 0, -ENOMEM, or
 * -E2BIG when steps_max or the memory for it was not enough. The caller frees the diagram in any case.
 */
int diagram_walk(struct diagram *d, const struct region *region, diagram_judge *judge, void *arg,
		 uint64_t steps_max, uint32_t *ret_top);
void diagram_free(struct diagram *d);

/* The first candidate of a side that is left; SIZE_MAX: none. *ret_sure: it decides all of them. */
size_t diagram_first(const struct diagram *d, const uint64_t *vector, unsigned int level,
		     size_t side, bool *ret_sure);

/* A node's level, and what its cells lead to. */
const uint32_t *diagram_node(const struct diagram *d, uint32_t node, unsigned int *ret_level,
			     size_t *ret_cnt);

#endif
