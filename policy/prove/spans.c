// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of points with classes. Called by space.c, region.c and meaning.c. Pure.
 */
#include "prove/spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"

static const struct prefix mapped = { .addr.b = { [10] = 0xff, [11] = 0xff }, .len = PREFIX_V4_BITS };
#define DEPTH 130 /* prefixes in each other */

point address_point(const struct sek_addr *addr)
{
	point value = 0;

	for (size_t i = 0; i < sizeof(addr->b); i++)
		value = value << 8 | addr->b[i];
	return value;
}

struct sek_addr point_address(point value)
{
	struct sek_addr addr;

	for (size_t i = sizeof(addr.b); i-- > 0; value >>= 8)
		addr.b[i] = (uint8_t)value;
	return addr;
}

struct range prefix_range(const struct prefix *prefix)
{
	point from = address_point(&prefix->addr);
	point hosts = prefix->len ? ((point)1 << (128 - prefix->len)) - 1 : ~(point)0;

	return (struct range){ from & ~hosts, from | hosts };
}

struct range family_range(enum family family)
{
	return family == FAMILY_4 ? prefix_range(&mapped) : (struct range){ 0, ~(point)0 };
}

int spans_add(struct spans *spans, const struct span *span)
{
	struct span *last = spans->cnt ? &spans->list[spans->cnt - 1] : NULL, *to;

	if (last && last->to + 1 == span->from && !memcmp(last->row, span->row, sizeof(span->row))) {
		last->to = span->to;
		return 0;
	}
	to = image_push(&spans->list, &spans->cnt, sizeof(*to));
	if (!to)
		return -ENOMEM;
	*to = *span;
	return 0;
}

int ranges_add(struct ranges *ranges, struct range range)
{
	struct range *to = image_push(&ranges->list, &ranges->cnt, sizeof(*to));

	if (!to)
		return -ENOMEM;
	*to = range;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->from != y->from ? (x->from < y->from ? -1 : 1) : 0;
}

void ranges_settle(struct ranges *ranges)
{
	size_t kept = 0;

	if (!ranges->cnt)
		return;
	qsort(ranges->list, ranges->cnt, sizeof(*ranges->list), compare);
	for (size_t i = 1; i < ranges->cnt; i++) {
		struct range *last = &ranges->list[kept], *next = &ranges->list[i];

		if (next->from > last->to && next->from - last->to > 1)
			ranges->list[++kept] = *next;
		else if (next->to > last->to)
			last->to = next->to;
	}
	ranges->cnt = kept + 1;
}

bool ranges_same(const struct ranges *a, const struct ranges *b)
{
	return a->cnt == b->cnt && (!a->cnt || !memcmp(a->list, b->list, a->cnt * sizeof(*a->list)));
}

int ranges_join(struct ranges *to, const struct ranges *more)
{
	struct range *list = calloc(to->cnt + more->cnt + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	if (to->cnt)
		memcpy(list, to->list, to->cnt * sizeof(*list));
	if (more->cnt)
		memcpy(list + to->cnt, more->list, more->cnt * sizeof(*list));
	free(to->list);
	to->list = list;
	to->cnt += more->cnt;
	ranges_settle(to);
	return 0;
}

int spans_pair(const struct spans *a, const struct spans *b, struct spans *ret_both)
{
	struct spans both = {};
	int err = 0;

	for (size_t i = 0, j = 0; i < a->cnt && j < b->cnt && !err;) {
		const struct span *x = &a->list[i], *y = &b->list[j];
		struct span span = { x->from > y->from ? x->from : y->from,
				     x->to < y->to ? x->to : y->to,
				     { x->row[0], y->row[0] } };

		if (span.from <= span.to)
			err = spans_add(&both, &span);
		if (x->to <= y->to)
			i++;
		if (y->to <= x->to)
			j++;
	}
	if (err)
		free(both.list);
	else
		*ret_both = both;
	return err;
}

/* A line that is being cut by prefixes, those around the present one on a stack. */
struct cutter {
	struct spans spans;
	enum family family;
	struct span open[DEPTH];
	size_t depth;
	point at; /* up to here it is done */
	bool end; /* the whole line is */
};

/* IPv6 leaves out the mapped addresses. */
static int cut(struct cutter *c, point from, point to, uint16_t row)
{
	struct range gap = prefix_range(&mapped);
	struct span span = { from, to, { row, 0 } };
	int err = 0;

	if (c->family == FAMILY_6 && from <= gap.to && to >= gap.from) {
		span.to = gap.from - 1;
		if (from < gap.from)
			err = spans_add(&c->spans, &span);
		span = (struct span){ gap.to + 1, to, { row, 0 } };
	}
	return err || span.from > span.to ? err : spans_add(&c->spans, &span);
}

/* Ends the innermost. */
static int cutter_close(struct cutter *c)
{
	const struct span *top = &c->open[--c->depth];
	int err = 0;

	if (!c->end && c->at <= top->to)
		err = cut(c, c->at, top->to, top->row[0]);
	if (top->to >= c->at) {
		c->end = top->to == ~(point)0;
		c->at = top->to + 1;
	}
	return err;
}

static int cutter_open(struct cutter *c, struct range range, uint16_t row)
{
	int err = 0;

	while (c->depth && c->open[c->depth - 1].to < range.from && !err)
		err = cutter_close(c);
	if (!err && c->depth && c->at < range.from)
		err = cut(c, c->at, range.from - 1, c->open[c->depth - 1].row[0]);
	c->at = range.from;
	if (c->depth < DEPTH)
		c->open[c->depth++] = (struct span){ range.from, range.to, { row, 0 } };
	return err;
}

static int cutter_end(struct cutter *c, int err, struct spans *ret_spans)
{
	while (c->depth && !err)
		err = cutter_close(c);
	if (err)
		free(c->spans.list);
	else
		*ret_spans = c->spans;
	return err;
}

int spans_addresses(const struct image *image, uint16_t tenant, enum family family, bool dst,
		    struct spans *ret_spans)
{
	struct cutter c = { .family = family };
	int err = 0;

	for (size_t i = 0; i < image->class_cnt && !err; i++) {
		const struct image_class *class = &image->classes[i];
		struct prefix prefix = { .addr = class->key.addr,
					 .len = (uint8_t)(class->key.prefixlen - SEK_CLASS_HEAD) };

		if (class->key.tenant == tenant && prefix_is_v4(&prefix) == (family == FAMILY_4))
			err = cutter_open(&c, prefix_range(&prefix),
					  dst ? class->value.dst_row : class->value.src_row);
	}
	return cutter_end(&c, err, ret_spans);
}

int spans_owned(const struct model_tenant *tenant, enum family family, struct spans *ret_spans)
{
	struct cutter c = { .family = family };
	int err = cutter_open(&c, family_range(family), 0);
	size_t r = 0;

	for (size_t i = 0; i < tenant->prefix_cnt && !err; i++) {
		const struct prefix *prefix = &tenant->prefixes[i];

		if (prefix_is_v4(prefix) != (family == FAMILY_4))
			continue;
		err = cutter_open(&c, prefix_range(prefix), 1);
		for (; r < tenant->router_cnt && !err; r++) {
			const struct prefix *router = &tenant->routers[r];

			if (prefix_contains(prefix, router))
				err = cutter_open(&c, prefix_range(router), 0);
			else if (prefix_compare(router, prefix) > 0)
				break;
		}
	}
	return cutter_end(&c, err, ret_spans);
}

int spans_table(const uint16_t *rows, uint32_t first, uint32_t cnt, struct spans *ret_spans)
{
	struct spans spans = {};
	int err = 0;

	for (uint32_t i = first, end; i < cnt && !err; i = end) {
		for (end = i + 1; end < cnt && rows[end] == rows[i];)
			end++;
		err = spans_add(&spans, &(struct span){ i, end - 1, { rows[i], 0 } });
	}
	if (err)
		free(spans.list);
	else
		*ret_spans = spans;
	return err;
}

int spans_flat(struct range range, uint16_t row, struct spans *ret_spans)
{
	struct span span = { range.from, range.to, { row, 0 } };
	struct spans spans = {};
	int err = spans_add(&spans, &span);

	if (!err)
		*ret_spans = spans;
	return err;
}
