// SPDX-License-Identifier: Apache-2.0
/*
 * A list of files by their last use, and of each its spans, sorted, apart. Called by scanned.c. Promises that
 * it never holds more than it was made for.
 */
#include "file/ranges.h"

#include <pthread.h>
#include <stdbool.h>

#define BUCKETS 1024

struct span {
	struct span *next; /* behind it, not touching */
	uint64_t from;
	struct grown bytes;
};

struct parts {
	struct parts *chain; /* of its bucket */
	struct parts *older, *newer;
	uint8_t key[RANGE_KEY_LEN];
	struct span *first;
	uint64_t bytes;
};

struct ranges {
	pthread_mutex_t lock;
	uint64_t most, memory, bytes;
	struct parts *buckets[BUCKETS];
	struct parts *oldest, *newest;
};

struct ranges *ranges_new(uint64_t most, uint64_t memory)
{
	struct ranges *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->most = most < memory ? most : memory;
	r->memory = memory;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

/* A SHA-256 needs no hash. */
static struct parts **bucket_of(struct ranges *r, const uint8_t *key)
{
	return &r->buckets[(key[0] | key[1] << 8) % BUCKETS];
}

static struct parts *parts_find(struct ranges *r, const uint8_t key[RANGE_KEY_LEN])
{
	struct parts *at = *bucket_of(r, key);

	while (at && memcmp(at->key, key, RANGE_KEY_LEN) != 0)
		at = at->chain;
	return at;
}

static void list_take(struct ranges *r, struct parts *p)
{
	*(p->older ? &p->older->newer : &r->oldest) = p->newer;
	*(p->newer ? &p->newer->older : &r->newest) = p->older;
}

static void list_put(struct ranges *r, struct parts *p)
{
	p->older = r->newest;
	p->newer = NULL;
	*(r->newest ? &r->newest->newer : &r->oldest) = p;
	r->newest = p;
}

static void span_free(struct span *span)
{
	grown_free(&span->bytes);
	free(span);
}

static void parts_forget(struct ranges *r, struct parts *p)
{
	struct parts **at = bucket_of(r, p->key);

	while (*at != p)
		at = &(*at)->chain;
	*at = p->chain;
	list_take(r, p);
	r->bytes -= p->bytes;
	while (p->first) {
		struct span *span = p->first;

		p->first = span->next;
		span_free(span);
	}
	free(p);
}

/* Until so much is left. */
static void oldest_forget(struct ranges *r, uint64_t memory)
{
	for (struct parts *p = r->oldest, *next; p && r->bytes > memory; p = next) {
		next = p->newer;
		parts_forget(r, p);
	}
}

void ranges_free(struct ranges *r)
{
	if (!r)
		return;
	oldest_forget(r, 0);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static struct parts *parts_touch(struct ranges *r, const uint8_t *key)
{
	struct parts *p = parts_find(r, key);

	if (p) {
		list_take(r, p);
	} else {
		p = calloc(1, sizeof(*p));
		if (!p)
			return NULL;
		memcpy(p->key, key, RANGE_KEY_LEN);
		p->chain = *bucket_of(r, key);
		*bucket_of(r, key) = p;
	}
	list_put(r, p);
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
	} else {
		bool good = span_insert(p, span);

		r->bytes -= p->bytes;
		p->bytes = parts_bytes(p);
		r->bytes += p->bytes;
		if (!good)
			parts_forget(r, p);
		oldest_forget(r, r->memory);
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
	bytes = r->bytes;
	pthread_mutex_unlock(&r->lock);
	return bytes;
}
