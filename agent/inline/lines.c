// SPDX-License-Identifier: Apache-2.0
/*
 * A line is its length, then its bytes; none is broken at the ring's end: what is left there is skipped.
 * Written by a worker, read by the loop's thread; promises that a line is seen whole or not at all.
 */
#include "inline/lines.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HEAD sizeof(uint32_t)
#define SKIP UINT32_MAX /* on from the ring's beginning */

struct lines {
	size_t cap;
	_Atomic size_t put, taken; /* bytes, ever */
	char bytes[];
};

struct lines *lines_new(size_t cap)
{
	struct lines *lines = malloc(sizeof(*lines) + cap);

	if (!lines)
		return NULL;
	lines->cap = cap;
	atomic_init(&lines->put, 0);
	atomic_init(&lines->taken, 0);
	return lines;
}

void lines_free(struct lines *lines)
{
	free(lines);
}

/* Heads stand at multiples of their size, so one always fits before the ring's end. */
static size_t room_of(size_t len)
{
	return HEAD + (len + HEAD - 1) / HEAD * HEAD;
}

static void head_write(struct lines *lines, size_t at, uint32_t head)
{
	memcpy(lines->bytes + (at & (lines->cap - 1)), &head, HEAD);
}

bool lines_put(struct lines *lines, const char *bytes, size_t len)
{
	size_t put = atomic_load_explicit(&lines->put, memory_order_relaxed);
	size_t taken = atomic_load_explicit(&lines->taken, memory_order_acquire);
	size_t left = lines->cap - (put & (lines->cap - 1)), need = room_of(len);
	size_t skip = need > left ? left : 0;

	if (len >= SKIP || need + skip > lines->cap - (put - taken))
		return false;
	if (skip)
		head_write(lines, put, SKIP);
	put += skip;
	head_write(lines, put, (uint32_t)len);
	memcpy(lines->bytes + (put & (lines->cap - 1)) + HEAD, bytes, len);
	atomic_store_explicit(&lines->put, put + need, memory_order_release);
	return true;
}

bool lines_are_many(const struct lines *lines)
{
	return atomic_load_explicit(&lines->put, memory_order_relaxed) -
		       atomic_load_explicit(&lines->taken, memory_order_relaxed) >
	       lines->cap / 4;
}

size_t lines_take(struct lines *lines, void (*line)(void *arg, const char *bytes, size_t len),
		  void *arg)
{
	size_t put = atomic_load_explicit(&lines->put, memory_order_acquire), cnt = 0;
	size_t taken = atomic_load_explicit(&lines->taken, memory_order_relaxed);

	while (taken != put) {
		size_t at = taken & (lines->cap - 1);
		uint32_t head;

		memcpy(&head, lines->bytes + at, HEAD);
		if (head == SKIP) {
			taken += lines->cap - at;
		} else {
			line(arg, lines->bytes + at + HEAD, head);
			taken += room_of(head);
			cnt++;
		}
		atomic_store_explicit(&lines->taken, taken, memory_order_release);
	}
	return cnt;
}
