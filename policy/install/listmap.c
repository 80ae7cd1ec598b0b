// SPDX-License-Identifier: Apache-2.0
/*
 * List tables in the kernel: chunks are made and filled, then a head names them.
 * Called by policy/install/lists.c, one build at a time.
 */
#include "install/listmap.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(SEK_LIST_CHUNK == CHUNK_LINES && SEK_LIST_CHUNKS <= CHUNKS_MAX &&
		       sizeof(struct sek_list_line) == CHUNK_LINE_BYTES,
	       "chunks are as listmap needs them");

struct sek_list_head *listmap_live(const struct listmap *map)
{
	return &map->heads->head[map->turn.live];
}

struct sek_list_head *listmap_next(const struct listmap *map)
{
	return &map->heads->head[heads_next(&map->turn)];
}

static size_t heads_bytes(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct sek_list_heads) + page - 1) / page * page;
}

int listmap_open(int head_fd, int chunk_fd, int overs_fd, uint32_t slot, struct listmap *ret_map)
{
	struct sek_list_heads *heads =
		mmap(NULL, heads_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, head_fd, 0);

	if (heads == MAP_FAILED)
		return -errno;
	*ret_map = (struct listmap){
		.chunks = { .fd = chunk_fd,
			    .name = "sek_list_chunk",
			    .cnt = SEK_LIST_CHUNKS,
			    .filled = heads->filled },
		.heads = heads,
		.turn = heads_open(&heads->live, slot, overs_fd),
	};
	if (heads->version != SEK_LIST_VERSION)
		memset(listmap_live(ret_map), 0, sizeof(struct sek_list_head));
	return 0;
}

void listmap_close(struct listmap *map)
{
	if (!map->heads)
		return;
	munmap(map->heads, heads_bytes());
	map->heads = NULL;
	heads_close(&map->turn);
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

static bool live_has(const void *map, uint32_t chunk)
{
	return head_has(listmap_live(map), chunk);
}

static bool either_has(const void *map, uint32_t chunk)
{
	return head_has(listmap_live(map), chunk) || head_has(listmap_next(map), chunk);
}

void listmap_tidy(const struct listmap *map)
{
	chunks_tidy(&map->chunks, live_has, map);
}

/* --- a new head --- */

static int family_make(const struct listmap *map, const struct list_table *table,
		       struct sek_list_family *ret_family)
{
	struct sek_list_family family = table->head->family[!table->v4];
	uint32_t cnt = (table->line_cnt + SEK_LIST_CHUNK - 1) / SEK_LIST_CHUNK, first, line;
	void *lines;
	int err = chunks_find(&map->chunks, cnt, either_has, map, &first);

	if (!err)
		err = chunks_make(&map->chunks, first, cnt, &lines);
	if (err)
		return err;
	memcpy(lines, table->lines, table->line_cnt * sizeof(*table->lines));
	chunks_unmap(lines, cnt);
	line = first * SEK_LIST_CHUNK;
	family.chunk = (uint16_t)first;
	family.chunk_cnt = (uint16_t)cnt;
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

/* An empty overlay for the next head. */
static int over_make(struct listmap *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);

	return heads_over(&map->turn, bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "sek_list_over",
						     sizeof(struct sek_list_over_key),
						     sizeof(struct sek_list_over),
						     SEK_LIST_OVER_MAX, &options));
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
		const struct sek_list_head *from = tables[i] ? tables[i]->head : live;

		if (tables[i])
			err = family_make(map, tables[i], &head->family[i]);
		else
			head->family[i] = live->family[i];
		memcpy(head->set[i], from->set[i], sizeof(head->set[i]));
		if (i)
			memcpy(&head->top, &from->top, sizeof(head->top));
		else
			memcpy(head->dir, from->dir, sizeof(head->dir));
	}
	if (err)
		listmap_drop(map);
	return err;
}

static void version_store(struct listmap *map)
{
	__atomic_store_n(&map->heads->version, SEK_LIST_VERSION, __ATOMIC_RELEASE);
}

void listmap_take(struct listmap *map)
{
	heads_take(&map->turn);
}

void listmap_swap(struct listmap *map)
{
	version_store(map);
	heads_swap(&map->turn);
}

void listmap_offer(struct listmap *map, uint32_t slot)
{
	version_store(map);
	heads_offer(&map->turn, slot);
}

void listmap_settle(struct listmap *map)
{
	heads_settle(&map->turn);
	listmap_drop(map);
}

void listmap_drop(struct listmap *map)
{
	if (!heads_drop(&map->turn))
		return;
	memset(listmap_next(map), 0, sizeof(struct sek_list_head));
	listmap_tidy(map);
}

size_t listmap_bytes(const struct listmap *map)
{
	const struct sek_list_head *live = listmap_live(map);

	return sizeof(*map->heads) +
	       ((size_t)live->family[0].chunk_cnt + live->family[1].chunk_cnt) * CHUNK_BYTES;
}
