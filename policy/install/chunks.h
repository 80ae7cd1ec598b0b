/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of tables in the kernel, in chunks of 2 MiB: each is a map of its own in an outer one. Used by
 * listmap.c and namemap.c, one build at a time.
 */
#ifndef POLICY_INSTALL_CHUNKS_H
#define POLICY_INSTALL_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_LINES 32768
#define CHUNK_LINE_BYTES 64
#define CHUNK_BYTES ((size_t)CHUNK_LINES * CHUNK_LINE_BYTES)
#define CHUNKS_MAX 1024

struct chunks {
	int fd; /* the outer map; not owned */
	const char *name; /* of a chunk */
	uint32_t cnt; /* that there may be */
	/*
	 * In the kernel, beside the heads: a bit set, a chunk that is in the outer map. Asking the map may
	 * take a grace period. An array of 64 bits each.
	 */
	void *filled;
};

/* Chunks that somebody asks. */
typedef bool chunks_used(const void *arg, uint32_t chunk);

/* The first cnt in a row that are not used. 0 or -ENOSPC. */
int chunks_find(const struct chunks *chunks, uint32_t cnt, chunks_used *used, const void *arg,
		uint32_t *ret_first);

/*
 * Makes chunks, all 0, and has them mapped in one row; chunks_unmap() ends that, they stay. 0 or -errno:
 * what was made by then goes with the next chunks_tidy().
 */
int chunks_make(const struct chunks *chunks, uint32_t first, uint32_t cnt, void **ret_lines);

/* The same of chunks that are there already; -ENOENT: one is not. */
int chunks_map(const struct chunks *chunks, uint32_t first, uint32_t cnt, void **ret_lines);
void chunks_unmap(void *lines, uint32_t cnt);

/* Gives all back that are not used. */
void chunks_tidy(const struct chunks *chunks, chunks_used *used, const void *arg);

#endif
