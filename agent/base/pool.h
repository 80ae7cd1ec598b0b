/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of one size, taken and given back without asking the system each time. Owned by one thread;
 * memory goes back to the system when the pool is freed.
 */
#ifndef AGENT_BASE_POOL_H
#define AGENT_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_CHUNK 64 /* objects that are asked of the system at once, at least */

struct pool_object {
	struct pool_object *next;
};

struct pool {
	size_t size; /* of an object; at least a pointer's */
	struct pool_object *free;
	struct pool_object *chunks;
	uint64_t used, made; /* objects */
};

void pool_init(struct pool *pool, size_t size);
void pool_free(struct pool *pool); /* what was taken is gone, too */
/* Zeroed; NULL: no memory. */
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *object);

#endif
