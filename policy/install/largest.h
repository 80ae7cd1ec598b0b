/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flows with the most bytes of a walk over the table. Memory for what is kept, whatever is offered.
 */
#ifndef POLICY_INSTALL_LARGEST_H
#define POLICY_INSTALL_LARGEST_H

#include <stdint.h>

#include "sekisho/flow.h"

struct largest_flow {
	uint64_t bytes; /* both directions */
	struct sek_flow flow; /* its key inside */
};

struct largest {
	struct largest_flow *flows; /* a heap, the smallest at the top; sorted by largest_sort() */
	uint32_t cnt, cap;
};

/* Room for cap flows, at least 1; 0 or -ENOMEM. largest_free() releases. */
int largest_init(struct largest *largest, uint32_t cap);
void largest_offer(struct largest *largest, const struct sek_flow *flow);
/* The most bytes first; nothing may be offered afterwards. */
void largest_sort(struct largest *largest);
void largest_free(struct largest *largest);

#endif
