/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given out piece by piece and taken back all at once. A worker's own; once it has
 * grown to what packets need it asks for none.
 */
#ifndef AGENT_DETECT_ROOM_H
#define AGENT_DETECT_ROOM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct room_block {
	struct room_block *next;
	size_t size, used;
	_Alignas(16) uint8_t bytes[];
};

struct room {
	struct room_block *blocks; /* the newest and largest first */
};

#define ROOM_BLOCK 65536

/* NULL: no memory. */
static inline uint8_t *room_get(struct room *room, size_t len)
{
	struct room_block *block = room->blocks;
	size_t rounded = (len + 15) & ~(size_t)15;
	uint8_t *bytes;

	if (rounded < len)
		return NULL;
	if (!block || block->size - block->used < rounded) {
		size_t size = block ? block->size * 2 : ROOM_BLOCK;

		if (size < rounded)
			size = rounded;
		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		*block = (struct room_block){ .next = room->blocks, .size = size };
		room->blocks = block;
	}
	bytes = block->bytes + block->used;
	block->used += rounded;
	return bytes;
}

/* What was given out is gone; the largest block stays for what comes. */
static inline void room_empty(struct room *room)
{
	struct room_block *block = room->blocks;

	if (!block)
		return;
	while (block->next) {
		struct room_block *older = block->next;

		block->next = older->next;
		free(older);
	}
	block->used = 0;
}

static inline void room_free(struct room *room)
{
	room_empty(room);
	free(room->blocks);
	room->blocks = NULL;
}

#endif
