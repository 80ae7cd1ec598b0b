// SPDX-License-Identifier: Apache-2.0
/*
 * Files by their last use, and of each its spans, sorted, apart. Called by scanned.c. Promises that it never
 * holds more than it was made for.
 */
#include "file/ranges.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/lru.h"

#define BUCKETS 1024

static_assert(RANGE_KEY_LEN == LRU_KEY_LEN, "keys are the store's");

struct span {
	struct span *next; /* behind it, not touching */
	uint64_t from;
	struct grown bytes;
};

struct parts {
	struct lru_entry entry; /* first; weighs bytes */
	struct span *first;
};

struct ranges {
	pthread_mutex_t lock;
	uint64_t most; /* of one file */
	struct lru parts;
};

static void span_free(struct span *span)
{
	grown_free(&span->bytes);
	free(span);
}

static void parts_free(struct lru_entry *entry)
{
	struct parts *p = (struct parts *)entry;

	while (p->first) {
		struct span *span = p->first;

		p->first = span->next;
		span_free(span);
	}
	free(p);
}

struct ranges *ranges_new(uint64_t most, uint64_t memory)
{
	struct ranges *r = calloc(1, sizeof(*r));

	if (!r || lru_init(&r->parts, memory, BUCKETS, parts_free) < 0) {
		free(r);
		return NULL;
	}
	r->most = most < memory ? most : memory;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void ranges_free(struct ranges *r)
{
	if (!r)
		return;
	lru_end(&r->parts);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static struct parts *parts_find(struct ranges *r, const uint8_t key[RANGE_KEY_LEN])
{
	return (struct parts *)lru_find(&r->parts, key);
}

static struct parts *parts_touch(struct ranges *r, const uint8_t key[RANGE_KEY_LEN])
{
	struct parts *p = parts_find(r, key);

	if (p) {
		lru_touch(&r->parts, &p->entry);
		return p;
	}
	p = calloc(1, sizeof(*p));
	if (p)
		lru_add(&r->parts, &p->entry, key);
	return p;
}

static uint64_t span_end(const struct span *span)
{
	return span->from + span->bytes.len;
}

/* What of a span lies in front of another that begins in it or right behind it, and behind its end. */
static bool span_join(struct span *span, const struct span *behind)
{
	uint64_t over = span_end(span) - behind->from;

	return over >= behind->bytes.len ||
	       grown_add(&span->bytes, slice_behind(grown_slice(&behind->bytes), over));
}

/* Takes span over. What is new stands over what was there. */
static bool span_insert(struct parts *p, struct span *span)
{
	struct span **at = &p->first;
	bool good = true;

	while (*at && span_end(*at) < span->from)
		at = &(*at)->next;
	while (good && *at && (*at)->from <= span_end(span)) {
		struct span *old = *at;

		if (old->from < span->from) { /* its front, then the new one, then its rest */
			struct span front = { .from = old->from };

			good = grown_add(&front.bytes, slice(old->bytes.at, span->from - old->from)) &&
			       grown_add(&front.bytes, grown_slice(&span->bytes));
			grown_free(&span->bytes);
			span->from = front.from;
			span->bytes = front.bytes;
		}
		good = good && span_join(span, old);
		*at = old->next;
		span_free(old);
	}
	span->next = *at;
	*at = span;
	return good;
}

static uint64_t parts_bytes(const struct parts *p)
{
	uint64_t bytes = sizeof(*p);

	for (const struct span *span = p->first; span; span = span->next)
		bytes += sizeof(*span) + span->bytes.cap;
	return bytes;
}

void ranges_put(struct ranges *r, const uint8_t key[RANGE_KEY_LEN], uint64_t from, struct slice bytes)
{
	struct span *span = from < r->most && bytes.len ? calloc(1, sizeof(*span)) : NULL;
	struct parts *p;

	if (!span)
		return;
	span->from = from;
	if (!grown_add(&span->bytes,
		       slice(bytes.at, bytes.len < r->most - from ? bytes.len : r->most - from))) {
		span_free(span);
		return;
	}
	pthread_mutex_lock(&r->lock);
	p = parts_touch(r, key);
	if (!p) {
		span_free(span);
	} else if (span_insert(p, span)) {
		lru_weigh(&r->parts, &p->entry, parts_bytes(p));
	} else {
		lru_forget(&r->parts, &p->entry);
	}
	pthread_mutex_unlock(&r->lock);
}

bool ranges_get(struct ranges *r, const uint8_t key[RANGE_KEY_LEN], uint64_t at, struct grown *to,
		uint64_t *ret_from)
{
	const struct parts *p;
	const struct span *span;
	bool found = false;

	pthread_mutex_lock(&r->lock);
	p = parts_find(r, key);
	span = p ? p->first : NULL;
	while (span && span_end(span) < at)
		span = span->next;
	if (span && span->from <= at) {
		found = grown_add(to, grown_slice(&span->bytes));
		*ret_from = span->from;
	}
	pthread_mutex_unlock(&r->lock);
	return found;
}

uint64_t ranges_bytes(struct ranges *r)
{
	uint64_t bytes;

	pthread_mutex_lock(&r->lock);
	bytes = r->parts.weight;
	pthread_mutex_unlock(&r->lock);
	return bytes;
}
