/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a space whose fields are independent: one family, one kind of protocol, and of that what a
 * rule or an assertion describes. Each field falls into cells: values that the same rules hold for.
 * Private to prove/.
 */
#ifndef POLICY_PROVE_REGION_H
#define POLICY_PROVE_REGION_H

#include "prove/space.h"

enum kind { KIND_PORTS, KIND_ICMP, KIND_ICMP6, KIND_OTHER, KIND_CNT };
enum field { FIELD_PROTO, FIELD_SPORT, FIELD_DPORT, FIELD_SRC, FIELD_DST, FIELD_CNT };
/* ICMP types stand in FIELD_DPORT. */

/* One field. A vector is `stride` words: the candidates of each side, by candidate number. */
struct strip {
	struct spans pieces; /* cut to what is described */
	uint32_t *cell; /* of each piece */
	uint64_t *vectors; /* of each cell */
	size_t cell_cnt;
	bool uneven; /* some values are the tenant's packets on one side alone */
};

struct region {
	const struct space *space;
	enum family family;
	enum kind kind;
	struct strip strips[FIELD_CNT];
	/*
	 * Rules that some packet may meet and that no rule before them takes from all; ascending numbers
	 * of the space.
	 */
	uint16_t *candidates;
	size_t candidate_cnt, words, stride;
};

/*
 * `set` (NULL: everything) says which packets by its match. With one side, values that no packet of
 * the tenant has are left out. *ret_empty: it holds no packet, and nothing is to be freed. 0 or
 * -ENOMEM.
 */
int region_make(struct region *region, const struct space *space, enum family family,
		enum kind kind, const struct model_rule *set, bool *ret_empty);
void region_free(struct region *region);

static inline const uint64_t *cell_vector(const struct region *r, enum field field, size_t cell)
{
	return r->strips[field].vectors + cell * r->stride;
}

/* Number of the candidate that stands for a number of the space; SIZE_MAX: none. */
size_t region_candidate(const struct region *region, uint16_t number);

#endif
