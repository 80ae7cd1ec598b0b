// SPDX-License-Identifier: Apache-2.0
/*
 * Pools of equal objects, in chunks. Called by what lives on the packet path; promises that taking costs
 * no system call but for one object in POOL_CHUNK while the pool grows.
 */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#define POOL_ALIGN 16

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

static int pool_grow(struct pool *pool)
{
	char *chunk = malloc(POOL_ALIGN + pool->size * POOL_CHUNK);
	struct pool_object *head = (struct pool_object *)chunk;

	if (!chunk)
		return -1;
	head->next = pool->chunks;
	pool->chunks = head;
	for (size_t i = POOL_CHUNK; i-- > 0;) {
		struct pool_object *object =
			(struct pool_object *)(chunk + POOL_ALIGN + i * pool->size);

		object->next = pool->free;
		pool->free = object;
	}
	pool->made += POOL_CHUNK;
	return 0;
}

void *pool_take(struct pool *pool)
{
	struct pool_object *object;

	if (!pool->free && pool_grow(pool) < 0)
		return NULL;
	object = pool->free;
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
