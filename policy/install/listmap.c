// SPDX-License-Identifier: Apache-2.0
/*
 * List tables in the kernel: chunks are made, mapped, filled and put into sek_list, several at once,
 * because the kernel waits for a grace period with each; then a head names them.
 * Called by policy/install/lists.c, one build at a time.
 */
#include "install/listmap.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lists/parallel.h"

#define CHUNK_BYTES (SEK_LIST_CHUNK * sizeof(struct sek_list_line))

static uint32_t next_number(const struct listmap *map)
{
	return !map->live;
}

struct sek_list_head *listmap_live(const struct listmap *map)
{
	return &map->heads->head[map->live];
}

struct sek_list_head *listmap_next(const struct listmap *map)
{
	return &map->heads->head[next_number(map)];
}

static size_t heads_bytes(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct sek_list_heads) + page - 1) / page * page;
}

static void live_store(struct listmap *map, uint32_t live)
{
	__atomic_store_n(&map->heads->live, live, __ATOMIC_RELEASE);
}

int listmap_open(int head_fd, int chunk_fd, int overs_fd, uint32_t slot, struct listmap *ret_map)
{
	struct sek_list_heads *heads =
		mmap(NULL, heads_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, head_fd, 0);

	if (heads == MAP_FAILED)
		return -errno;
	*ret_map = (struct listmap){ .chunk_fd = chunk_fd,
				     .overs_fd = overs_fd,
				     .heads = heads,
				     .live = list_live(heads->live, slot),
				     .over_fd = -1,
				     .next_over_fd = -1 };
	if (heads->version != SEK_LIST_VERSION)
		memset(listmap_live(ret_map), 0, sizeof(struct sek_list_head));
	/* An agent may have ended between the lists and the policy that they were for. */
	live_store(ret_map, ret_map->live);
	return 0;
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void listmap_close(struct listmap *map)
{
	if (!map->heads)
		return;
	munmap(map->heads, heads_bytes());
	map->heads = NULL;
	fd_close(&map->over_fd);
	fd_close(&map->next_over_fd);
}

static bool family_has(const struct sek_list_family *family, uint32_t chunk)
{
	return chunk >= family->chunk && chunk < (uint32_t)family->chunk + family->chunk_cnt;
}

/* Whether a head names this chunk; a head that was never made names none. */
static bool head_has(const struct sek_list_head *head, uint32_t chunk)
{
	return family_has(&head->family[0], chunk) || family_has(&head->family[1], chunk);
}

/* --- chunks, several at once --- */

static bool is_filled(const struct listmap *map, uint32_t chunk)
{
	return map->heads->filled[chunk / 64] >> (chunk % 64) & 1;
}

static void filled_set(const struct listmap *map, uint32_t chunk, bool filled)
{
	uint64_t bit = 1ULL << (chunk % 64);

	if (filled)
		map->heads->filled[chunk / 64] |= bit;
	else
		map->heads->filled[chunk / 64] &= ~bit;
}

struct filling {
	const struct listmap *map;
	const struct list_table *table;
	uint32_t first;
	int err;
};

static int chunk_fill(const struct list_table *table, size_t from, int fd)
{
	size_t cnt = table->line_cnt - from;
	void *lines = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (lines == MAP_FAILED)
		return -errno;
	if (cnt > SEK_LIST_CHUNK)
		cnt = SEK_LIST_CHUNK;
	memcpy(lines, table->lines + from, cnt * sizeof(*table->lines));
	munmap(lines, CHUNK_BYTES);
	return 0;
}

static void chunk_put(void *arg, size_t n)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct filling *filling = arg;
	uint32_t chunk = filling->first + n;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sek_list_chunk", sizeof(uint32_t),
				sizeof(struct sek_list_line), SEK_LIST_CHUNK, &options);
	int err = fd < 0 ? fd : chunk_fill(filling->table, n * SEK_LIST_CHUNK, fd);

	if (!err)
		err = bpf_map_update_elem(filling->map->chunk_fd, &chunk, &fd, BPF_ANY);
	if (fd >= 0)
		close(fd);
	if (err)
		__atomic_store_n(&filling->err, err, __ATOMIC_RELAXED);
}

/* Chunks that the live head does not name, but something is in. */
struct rest {
	const struct listmap *map;
	uint32_t chunks[SEK_LIST_CHUNKS];
	size_t cnt;
};

static void rest_delete(void *arg, size_t n)
{
	const struct rest *rest = arg;

	bpf_map_delete_elem(rest->map->chunk_fd, &rest->chunks[n]);
}

void listmap_tidy(const struct listmap *map)
{
	struct rest rest = { .map = map };

	for (uint32_t chunk = 0; chunk < SEK_LIST_CHUNKS; chunk++)
		if (is_filled(map, chunk) && !head_has(listmap_live(map), chunk))
			rest.chunks[rest.cnt++] = chunk;
	parallel_run(rest.cnt, PARALLEL_MAX, rest_delete, &rest);
	for (size_t i = 0; i < rest.cnt; i++)
		filled_set(map, rest.chunks[i], false);
}

/* --- a new head --- */

/* The first chunks in a row that neither head names. */
static int chunks_free(const struct listmap *map, uint32_t cnt, uint16_t *ret_first)
{
	uint32_t row = 0;

	for (uint32_t chunk = 0; chunk < SEK_LIST_CHUNKS; chunk++) {
		row = head_has(listmap_live(map), chunk) || head_has(listmap_next(map), chunk)
			      ? 0
			      : row + 1;
		if (row < cnt)
			continue;
		*ret_first = (uint16_t)(chunk + 1 - cnt);
		return 0;
	}
	return -ENOSPC;
}

static int family_make(const struct listmap *map, const struct list_table *table,
		       struct sek_list_family *ret_family)
{
	struct sek_list_family family = table->family;
	struct filling filling = { .map = map, .table = table };
	uint32_t cnt = (table->line_cnt + SEK_LIST_CHUNK - 1) / SEK_LIST_CHUNK, line;
	int err = chunks_free(map, cnt, &family.chunk);

	if (err)
		return err;
	filling.first = family.chunk;
	/* Before they are, so that a cut between leaves none that nobody knows of. */
	for (uint32_t i = 0; i < cnt; i++)
		filled_set(map, family.chunk + i, true);
	parallel_run(cnt, PARALLEL_MAX, chunk_put, &filling);
	if (filling.err)
		return filling.err;
	line = (uint32_t)family.chunk * SEK_LIST_CHUNK;
	family.chunk_cnt = (uint16_t)cnt;
	family.bucket += line;
	family.dir += family.dir ? line : 0;
	family.node += line;
	family.leaf += line;
	family.value += line;
	family.entry += line;
	family.branch += line;
	family.mask += line;
	*ret_family = family;
	return 0;
}

/* An empty overlay for the next head. The kernel waits, so nobody uses that head any more after it. */
static int over_make(struct listmap *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	uint32_t number = next_number(map);
	int err;

	map->next_over_fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "sek_list_over",
					   sizeof(struct sek_list_over_key),
					   sizeof(struct sek_list_over), SEK_LIST_OVER_MAX, &options);
	if (map->next_over_fd < 0)
		return map->next_over_fd;
	err = bpf_map_update_elem(map->overs_fd, &number, &map->next_over_fd, BPF_ANY);
	if (err)
		fd_close(&map->next_over_fd);
	return err;
}

int listmap_make(struct listmap *map, const struct list_table *const tables[2])
{
	struct sek_list_head *head = listmap_next(map), *live = listmap_live(map);
	int err = over_make(map);

	if (err)
		return err;
	memset(head, 0, sizeof(*head));
	head->build = live->build + 1;
	for (int i = 0; i < 2 && !err; i++) {
		if (tables[i])
			err = family_make(map, tables[i], &head->family[i]);
		else
			head->family[i] = live->family[i];
	}
	if (err)
		listmap_drop(map);
	return err;
}

/* The same again: the kernel waits for all programs that run now. */
static void programs_wait(struct listmap *map)
{
	bpf_map_update_elem(map->overs_fd, &map->live, &map->over_fd, BPF_ANY);
}

void listmap_take(struct listmap *map)
{
	map->live = next_number(map);
	fd_close(&map->over_fd);
	map->over_fd = map->next_over_fd;
	map->next_over_fd = -1;
}

void listmap_swap(struct listmap *map)
{
	__atomic_store_n(&map->heads->version, SEK_LIST_VERSION, __ATOMIC_RELEASE);
	live_store(map, next_number(map));
	listmap_take(map);
	programs_wait(map);
}

void listmap_offer(struct listmap *map, uint32_t slot)
{
	__atomic_store_n(&map->heads->version, SEK_LIST_VERSION, __ATOMIC_RELEASE);
	live_store(map, map->live | 2U << (slot & 1));
}

void listmap_settle(struct listmap *map)
{
	programs_wait(map);
	live_store(map, map->live);
	listmap_drop(map);
}

void listmap_drop(struct listmap *map)
{
	if (map->next_over_fd < 0)
		return;
	fd_close(&map->next_over_fd);
	memset(listmap_next(map), 0, sizeof(struct sek_list_head));
	listmap_tidy(map);
}

size_t listmap_bytes(const struct listmap *map)
{
	const struct sek_list_head *live = listmap_live(map);

	return ((size_t)live->family[0].chunk_cnt + live->family[1].chunk_cnt) * CHUNK_BYTES;
}
