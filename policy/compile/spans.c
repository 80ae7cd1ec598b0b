// SPDX-License-Identifier: Apache-2.0
/*
 * Prefixes to spans: a sweep over the sorted prefixes with a stack of those around the present one.
 * Called by index.c and by preview/judge.c.
 */
#include "compile/spans.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 129 /* prefixes of different length around one address */

/* A prefix that the sweep is in. */
struct open_span {
	unsigned __int128 last;
	uint32_t value;
};

static unsigned __int128 number(const struct sek_addr *addr)
{
	return (unsigned __int128)be64toh(addr->q[0]) << 64 | be64toh(addr->q[1]);
}

static unsigned __int128 last_of(const struct prefix *prefix)
{
	unsigned __int128 rest = prefix->len < 128 ? ~(unsigned __int128)0 >> prefix->len : 0;

	return number(&prefix->addr) | rest;
}

static int compare(const void *a, const void *b)
{
	const struct span_entry *x = a, *y = b;
	int order = memcmp(x->prefix.addr.b, y->prefix.addr.b, sizeof(x->prefix.addr.b));

	if (order || x->prefix.len != y->prefix.len)
		return order ? order : (int)x->prefix.len - (int)y->prefix.len;
	return x->value < y->value ? -1 : x->value > y->value;
}

/* What begins where another begins takes its place. */
static void begin(struct spans *spans, unsigned __int128 from, uint32_t value)
{
	if (!spans->cnt || spans->from[spans->cnt - 1] != from)
		spans->cnt++;
	spans->from[spans->cnt - 1] = from;
	spans->value[spans->cnt - 1] = value;
}

/* Leaves the innermost prefix: behind it, what is around it holds again. */
static void leave(struct spans *spans, const struct open_span *stack, size_t *depth)
{
	unsigned __int128 last = stack[--*depth].last;

	if (last != ~(unsigned __int128)0)
		begin(spans, last + 1, *depth ? stack[*depth - 1].value : SPANS_NONE);
}

int spans_build(struct span_entry *entries, size_t cnt, struct spans *ret_spans)
{
	struct spans spans = { .from = calloc(2 * cnt + 1, sizeof(*spans.from)),
			       .value = calloc(2 * cnt + 1, sizeof(*spans.value)) };
	struct open_span stack[DEPTH_MAX];
	size_t depth = 0;

	if (!spans.from || !spans.value) {
		spans_free(&spans);
		return -ENOMEM;
	}
	if (cnt)
		qsort(entries, cnt, sizeof(*entries), compare);
	begin(&spans, 0, SPANS_NONE);
	for (size_t i = 0; i < cnt; i++) {
		unsigned __int128 from = number(&entries[i].prefix.addr);

		while (depth && stack[depth - 1].last < from)
			leave(&spans, stack, &depth);
		if (i && entries[i - 1].prefix.len == entries[i].prefix.len &&
		    number(&entries[i - 1].prefix.addr) == from)
			depth--; /* the same prefix said again */
		stack[depth++] = (struct open_span){ last_of(&entries[i].prefix), entries[i].value };
		begin(&spans, from, entries[i].value);
	}
	while (depth)
		leave(&spans, stack, &depth);
	*ret_spans = spans;
	return 0;
}

void spans_free(struct spans *spans)
{
	free(spans->from);
	free(spans->value);
	*spans = (struct spans){};
}

uint32_t spans_find(const struct spans *spans, const struct sek_addr *addr)
{
	unsigned __int128 at = number(addr);
	size_t low = 0, cnt = spans->cnt;

	/* the last span that begins at or before the address; spans[low] always does */
	while (cnt > 1) {
		size_t half = cnt / 2;

		if (spans->from[low + half] <= at) {
			low += half;
			cnt -= half;
		} else {
			cnt = half;
		}
	}
	return spans->value[low];
}
