// SPDX-License-Identifier: Apache-2.0
/*
 * A heap of bounded size. Called by flows.c. Pure.
 */
#include "install/largest.h"

#include <errno.h>
#include <stdlib.h>

int largest_init(struct largest *largest, uint32_t cap)
{
	*largest = (struct largest){ .flows = calloc(cap, sizeof(*largest->flows)), .cap = cap };
	return largest->flows ? 0 : -ENOMEM;
}

static void swap(struct largest_flow *a, struct largest_flow *b)
{
	const struct largest_flow other = *a;

	*a = *b;
	*b = other;
}

/* From the end towards the top, until the one above is not larger. */
static void rise(struct largest *l, uint32_t at)
{
	while (at > 0 && l->flows[(at - 1) / 2].bytes > l->flows[at].bytes) {
		swap(&l->flows[at], &l->flows[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

/* From the top down, until both below are not smaller. */
static void sink(struct largest *l)
{
	uint32_t at = 0;

	for (;;) {
		uint32_t least = at;

		for (uint32_t below = 2 * at + 1; below <= 2 * at + 2; below++)
			if (below < l->cnt && l->flows[below].bytes < l->flows[least].bytes)
				least = below;
		if (least == at)
			return;
		swap(&l->flows[at], &l->flows[least]);
		at = least;
	}
}

void largest_offer(struct largest *l, const struct sek_flow *flow)
{
	const struct largest_flow offer = { .bytes = flow->bytes[0] + flow->bytes[1], .flow = *flow };

	if (l->cnt < l->cap) {
		l->flows[l->cnt] = offer;
		rise(l, l->cnt++);
	} else if (offer.bytes > l->flows[0].bytes) {
		l->flows[0] = offer;
		sink(l);
	}
}

static int by_bytes(const void *a, const void *b)
{
	const struct largest_flow *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

void largest_sort(struct largest *l)
{
	qsort(l->flows, l->cnt, sizeof(*l->flows), by_bytes);
}

void largest_free(struct largest *l)
{
	free(l->flows);
	*l = (struct largest){};
}
