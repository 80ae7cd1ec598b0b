// SPDX-License-Identifier: Apache-2.0
/*
 * Puts the pieces of a file in order. Promises that a file gets each byte once, from front to back; that it
 * has a gap where a piece had one. How much may wait is the caller's to say: it sees kept and kept_cnt.
 */
#include "file/chunks.h"

#include <stdlib.h>

#define ROOM_FIRST 4096

struct file_chunk {
	struct file_chunk *next;
	uint64_t offset, announced;
	uint8_t *bytes;
	size_t len, cap;
	bool has_gap; /* bytes of it are missing: what follows them is not kept */
};

static void chunk_free(struct file_chunks *chunks, struct file_chunk *chunk)
{
	chunks->kept -= chunk->announced;
	chunks->kept_cnt--;
	if (chunks->now == chunk)
		chunks->now = NULL;
	free(chunk->bytes);
	free(chunk);
}

/* Behind those of lower or equal offset. */
static struct file_chunk *chunk_new(struct file_chunks *chunks, uint64_t offset, uint64_t len)
{
	struct file_chunk *chunk = calloc(1, sizeof(*chunk)), **at = &chunks->first;

	if (!chunk)
		return NULL;
	chunk->offset = offset;
	chunk->announced = len;
	while (*at && (*at)->offset <= offset)
		at = &(*at)->next;
	chunk->next = *at;
	*at = chunk;
	chunks->kept += len;
	chunks->kept_cnt++;
	return chunk;
}

static void chunk_add(struct file_chunk *chunk, struct slice bytes)
{
	size_t cap = chunk->cap ? chunk->cap : ROOM_FIRST;
	uint8_t *room = chunk->bytes;

	if (chunk->has_gap || !bytes.len)
		return;
	while (cap < chunk->len + bytes.len)
		cap *= 2;
	if (cap != chunk->cap)
		room = realloc(chunk->bytes, cap);
	if (!room) {
		chunk->has_gap = true;
		return;
	}
	chunk->bytes = room;
	chunk->cap = cap;
	memcpy(chunk->bytes + chunk->len, bytes.at, bytes.len);
	chunk->len += bytes.len;
}

/* Those whose turn has come; of one that overlaps what was given, the rest. */
static void due_give(struct file_chunks *chunks, struct file *file)
{
	while (chunks->first && chunks->first != chunks->now &&
	       chunks->first->offset <= chunks->tracked) {
		struct file_chunk *chunk = chunks->first;
		uint64_t old = chunks->tracked - chunk->offset;
		uint64_t missing = chunk->announced > chunk->len ? chunk->announced - chunk->len : 0;

		chunks->first = chunk->next;
		if (old < chunk->len) {
			file_bytes(file, slice_behind(slice(chunk->bytes, chunk->len), old), 0);
			chunks->tracked = chunk->offset + chunk->len;
		}
		if (missing && chunk->offset + chunk->announced > chunks->tracked) {
			file_bytes(file, slice(NULL, 0),
				   chunk->offset + chunk->announced - chunks->tracked);
			chunks->tracked = chunk->offset + chunk->announced;
		}
		chunk_free(chunks, chunk);
	}
}

/* What is missing of the piece under way will not come any more. */
static void now_end(struct file_chunks *chunks, struct file *file)
{
	if (chunks->left && !chunks->now) {
		file_bytes(file, slice(NULL, 0), chunks->left);
		chunks->tracked += chunks->left;
	}
	chunks->left = chunks->skip = 0;
	chunks->now = NULL;
}

void file_chunk_begin(struct file_chunks *chunks, struct file *file, uint64_t offset, uint64_t len)
{
	now_end(chunks, file);
	if (offset > UINT64_MAX - len)
		return; /* no file is so large */
	chunks->left = len;
	if (offset > chunks->tracked) {
		chunks->now = chunk_new(chunks, offset, len);
		if (!chunks->now)
			chunks->left = 0;
		return;
	}
	chunks->skip = chunks->tracked - offset < len ? chunks->tracked - offset : len;
	chunks->left -= chunks->skip;
}

/* Of bytes that are there or lost, those that the file had before are passed over. */
static uint64_t old_skip(struct file_chunks *chunks, uint64_t cnt)
{
	uint64_t skip = cnt < chunks->skip ? cnt : chunks->skip;

	chunks->skip -= skip;
	return skip;
}

void file_chunk_bytes(struct file_chunks *chunks, struct file *file, struct slice bytes, uint64_t lost)
{
	lost -= old_skip(chunks, lost);
	bytes = slice_behind(bytes, (size_t)old_skip(chunks, bytes.len));
	if (lost > chunks->left)
		lost = chunks->left;
	if (bytes.len > chunks->left - lost)
		bytes.len = (size_t)(chunks->left - lost);
	chunks->left -= lost + bytes.len;
	if (chunks->now) {
		chunks->now->has_gap |= lost > 0;
		chunk_add(chunks->now, bytes);
	} else if (lost || bytes.len) {
		file_bytes(file, bytes, lost);
		chunks->tracked += lost + bytes.len;
	}
	if (!chunks->left)
		chunks->now = NULL;
	if (!chunks->now)
		due_give(chunks, file);
}

void file_chunks_end(struct file_chunks *chunks)
{
	chunks->now = NULL;
	chunks->left = chunks->skip = 0;
	while (chunks->first) {
		struct file_chunk *chunk = chunks->first;

		chunks->first = chunk->next;
		chunk_free(chunks, chunk);
	}
}
