// SPDX-License-Identifier: Apache-2.0
/*
 * Pools of equal objects, in chunks. Called by what lives on the packet path; promises that taking costs
 * no system call but for one object in POOL_CHUNK while the pool grows.
 */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define POOL_ALIGN 16
#define POOL_LARGE 4096 /* objects from which on a pool grows by a large page at a time */
#define LARGE_PAGE (2u << 20)

void pool_init(struct pool *pool, size_t size)
{
	if (size < sizeof(struct pool_object))
		size = sizeof(struct pool_object);
	*pool = (struct pool){ .size = (size + POOL_ALIGN - 1) & ~(size_t)(POOL_ALIGN - 1) };
}

void pool_free(struct pool *pool)
{
	while (pool->chunks) {
		struct pool_object *chunk = pool->chunks;

		pool->chunks = chunk->next;
		free(chunk);
	}
	pool->free = NULL;
	pool->used = pool->made = 0;
}

/* Of a pool that has grown far the kernel is asked for whole large pages: one fault instead of 512. */
static char *chunk_get(const struct pool *pool, size_t *ret_cnt)
{
	char *chunk;

	*ret_cnt = POOL_CHUNK;
	if (pool->made < POOL_LARGE || pool->size > LARGE_PAGE / POOL_CHUNK)
		return malloc(POOL_ALIGN + pool->size * POOL_CHUNK);
	*ret_cnt = (LARGE_PAGE - POOL_ALIGN) / pool->size;
	chunk = aligned_alloc(LARGE_PAGE, LARGE_PAGE);
	if (chunk)
		(void)madvise(chunk, LARGE_PAGE, MADV_HUGEPAGE); /* where it is refused, small ones do */
	return chunk;
}

/* Without memory the pool stays as it is. */
static void pool_grow(struct pool *pool)
{
	size_t cnt;
	char *chunk = chunk_get(pool, &cnt);
	struct pool_object *head = (struct pool_object *)chunk;

	if (!chunk)
		return;
	head->next = pool->chunks;
	pool->chunks = head;
	for (size_t i = cnt; i-- > 0;) {
		struct pool_object *object =
			(struct pool_object *)(chunk + POOL_ALIGN + i * pool->size);

		object->next = pool->free;
		pool->free = object;
	}
	pool->made += cnt;
}

void *pool_take(struct pool *pool)
{
	struct pool_object *object;

	if (!pool->free)
		pool_grow(pool);
	object = pool->free;
	if (!object)
		return NULL;
	pool->free = object->next;
	pool->used++;
	return memset(object, 0, pool->size);
}

void pool_give(struct pool *pool, void *object)
{
	struct pool_object *given = object;

	if (!given)
		return;
	given->next = pool->free;
	pool->free = given;
	pool->used--;
}
