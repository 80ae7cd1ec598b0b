// SPDX-License-Identifier: Apache-2.0
/*
 * Chunks are made, mapped and put into their outer map several at once, because the kernel waits for a
 * grace period with each. Called by listmap.c and namemap.c.
 */
#include "install/chunks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lists/parallel.h"

static uint64_t *filled_word(const struct chunks *chunks, uint32_t chunk)
{
	return (uint64_t *)chunks->filled + chunk / 64;
}

static bool is_filled(const struct chunks *chunks, uint32_t chunk)
{
	return *filled_word(chunks, chunk) >> (chunk % 64) & 1;
}

static void filled_set(const struct chunks *chunks, uint32_t chunk, bool filled)
{
	uint64_t bit = 1ULL << (chunk % 64);

	if (filled)
		*filled_word(chunks, chunk) |= bit;
	else
		*filled_word(chunks, chunk) &= ~bit;
}

int chunks_find(const struct chunks *chunks, uint32_t cnt, chunks_used *used, const void *arg,
		uint32_t *ret_first)
{
	uint32_t row = 0;

	for (uint32_t chunk = 0; chunk < chunks->cnt; chunk++) {
		row = used(arg, chunk) ? 0 : row + 1;
		if (row < cnt)
			continue;
		*ret_first = chunk + 1 - cnt;
		return 0;
	}
	return cnt ? -ENOSPC : 0;
}

struct making {
	const struct chunks *chunks;
	uint32_t first;
	char *lines;
	int err;
};

/* Maps one chunk to its place in the row. */
static int chunk_place(const struct making *making, size_t n, int fd)
{
	void *place = making->lines + n * CHUNK_BYTES;

	return mmap(place, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
			       MAP_FAILED
		       ? -errno
		       : 0;
}

static void chunk_make(void *arg, size_t n)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct making *making = arg;
	uint32_t chunk = making->first + (uint32_t)n;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, making->chunks->name, sizeof(uint32_t),
				CHUNK_LINE_BYTES, CHUNK_LINES, &options);
	int err = fd < 0 ? fd : chunk_place(making, n, fd);

	if (!err)
		err = bpf_map_update_elem(making->chunks->fd, &chunk, &fd, BPF_ANY);
	if (fd >= 0)
		close(fd);
	if (err)
		__atomic_store_n(&making->err, err, __ATOMIC_RELAXED);
}

static void chunk_open(void *arg, size_t n)
{
	struct making *making = arg;
	uint32_t chunk = making->first + (uint32_t)n, id;
	int err = bpf_map_lookup_elem(making->chunks->fd, &chunk, &id);
	int fd = err ? err : bpf_map_get_fd_by_id(id);

	err = fd < 0 ? fd : chunk_place(making, n, fd);
	if (fd >= 0)
		close(fd);
	if (err)
		__atomic_store_n(&making->err, err, __ATOMIC_RELAXED);
}

static int row_map(const struct chunks *chunks, uint32_t first, uint32_t cnt,
		   void (*chunk)(void *arg, size_t n), void **ret_lines)
{
	struct making making = { .chunks = chunks, .first = first };

	/* Room for the row, of nothing. */
	making.lines = mmap(NULL, cnt * CHUNK_BYTES, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (making.lines == MAP_FAILED)
		return -errno;
	parallel_run(cnt, PARALLEL_MAX, chunk, &making);
	if (making.err)
		chunks_unmap(making.lines, cnt);
	else
		*ret_lines = making.lines;
	return making.err;
}

int chunks_make(const struct chunks *chunks, uint32_t first, uint32_t cnt, void **ret_lines)
{
	/* Before they are, so that a cut between leaves none that nobody knows of. */
	for (uint32_t i = 0; i < cnt; i++)
		filled_set(chunks, first + i, true);
	return row_map(chunks, first, cnt, chunk_make, ret_lines);
}

int chunks_map(const struct chunks *chunks, uint32_t first, uint32_t cnt, void **ret_lines)
{
	return row_map(chunks, first, cnt, chunk_open, ret_lines);
}

void chunks_unmap(void *lines, uint32_t cnt)
{
	if (lines)
		munmap(lines, cnt * CHUNK_BYTES);
}

/* Chunks that nobody asks, but something is in. */
struct rest {
	const struct chunks *chunks;
	uint32_t numbers[CHUNKS_MAX];
	size_t cnt;
};

static void rest_delete(void *arg, size_t n)
{
	const struct rest *rest = arg;

	bpf_map_delete_elem(rest->chunks->fd, &rest->numbers[n]);
}

void chunks_tidy(const struct chunks *chunks, chunks_used *used, const void *arg)
{
	struct rest rest = { .chunks = chunks };

	for (uint32_t chunk = 0; chunk < chunks->cnt; chunk++)
		if (is_filled(chunks, chunk) && !used(arg, chunk))
			rest.numbers[rest.cnt++] = chunk;
	parallel_run(rest.cnt, PARALLEL_MAX, rest_delete, &rest);
	for (size_t i = 0; i < rest.cnt; i++)
		filled_set(chunks, rest.numbers[i], false);
}
