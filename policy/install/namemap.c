// SPDX-License-Identifier: Apache-2.0
/*
 * Tables of names in the kernel: built where they are asked, then a head names them. After a restart the
 * live one is read back. Called by policy/install/names.c, one build at a time.
 */
#include "install/namemap.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(SEK_NAME_CHUNK == CHUNK_LINES && SEK_NAME_CHUNKS <= CHUNKS_MAX &&
		       sizeof(struct sek_name_line) == CHUNK_LINE_BYTES,
	       "chunks are as namemap needs them");

#define BLOOM_BYTES sizeof(struct sek_name_bloom) /* of one head */

struct sek_name_head *namemap_live(const struct namemap *map)
{
	return &map->heads->head[map->turn.live];
}

struct sek_name_head *namemap_next(const struct namemap *map)
{
	return &map->heads->head[heads_next(&map->turn)];
}

const void *namemap_digest(const struct namemap *map)
{
	return map->heads->digest[map->turn.live];
}

static uint64_t *bloom_of(const struct namemap *map, uint32_t number)
{
	return map->bloom + (size_t)number * SEK_NAME_BLOOM_WORDS;
}

static bool head_has(const struct sek_name_head *head, uint32_t chunk)
{
	return chunk >= head->chunk && chunk < (uint32_t)head->chunk + head->chunk_cnt;
}

static bool live_has(const void *map, uint32_t chunk)
{
	return head_has(namemap_live(map), chunk);
}

static bool either_has(const void *map, uint32_t chunk)
{
	return head_has(namemap_live(map), chunk) || head_has(namemap_next(map), chunk);
}

static void *shared_map(int fd, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, (bytes + page - 1) / page * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void shared_unmap(void *at, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (at)
		munmap(at, (bytes + page - 1) / page * page);
}

/* --- a table's mappings --- */

static void table_drop(struct namemap *map, uint32_t number)
{
	struct name_table *table = &map->table[number];

	chunks_unmap((void *)table->lines, map->heads->head[number].chunk_cnt);
	name_table_free(table);
}

/* Entries [number * half, number * half + cnt) of an array of two halves. */
static int half_read(int fd, uint32_t from, uint32_t cnt, size_t size, void *values)
{
	int err = 0;

	for (uint32_t i = 0, key; i < cnt && !err; i++) {
		key = from + i;
		err = bpf_map_lookup_elem(fd, &key, (char *)values + i * size);
	}
	return err;
}

static int half_write(int fd, uint32_t from, uint32_t cnt, size_t size, const void *values)
{
	uint32_t *keys = malloc(cnt * sizeof(*keys)), done = cnt;
	int err;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++)
		keys[i] = from + i;
	err = bpf_map_update_batch(fd, keys, values, &done, NULL);
	free(keys);
	return err ? err : done != cnt ? -EIO : 0;
}

/* How many sets and answers the kernel has is not kept: all are read, and what is behind is empty. */
static int table_adopt(struct namemap *map)
{
	uint32_t number = map->turn.live;
	const struct sek_name_head *head = namemap_live(map);
	struct name_table *table = &map->table[number];
	void *lines = NULL;
	int err = bpf_map_lookup_elem(map->maps.key_fd, &number, &table->keys);

	table->sets = calloc(SEK_NAME_SETS_MAX, sizeof(*table->sets));
	table->answers = calloc(SEK_NAME_ANSWERS_MAX, sizeof(*table->answers));
	if (!table->sets || !table->answers)
		return -ENOMEM;
	if (!err)
		err = half_read(map->maps.set_fd, number * SEK_NAME_SETS_MAX, SEK_NAME_SETS_MAX,
				sizeof(*table->sets), table->sets);
	if (!err)
		err = half_read(map->maps.answer_fd, number * SEK_NAME_ANSWERS_MAX,
				SEK_NAME_ANSWERS_MAX, sizeof(*table->answers), table->answers);
	if (!err)
		err = chunks_map(&map->chunks, head->chunk, head->chunk_cnt, &lines);
	if (err)
		return err;
	table->bloom = bloom_of(map, number);
	table->bloom_mask = head->bloom_mask;
	table->lines = lines;
	table->line_cnt = head->line_cnt;
	for (size_t i = 0; i < (size_t)table->line_cnt * SEK_NAME_SLOTS; i++)
		table->name_cnt += table->lines[i / SEK_NAME_SLOTS].slot[i % SEK_NAME_SLOTS] != 0;
	table->set_cnt = SEK_NAME_SETS_MAX;
	table->answer_cnt = SEK_NAME_ANSWERS_MAX;
	return 0;
}

static int over_adopt(struct namemap *map)
{
	uint32_t id;
	int err = bpf_map_lookup_elem(map->maps.over_fd, &map->turn.live, &id);

	map->turn.over_fd = err ? err : bpf_map_get_fd_by_id(id);
	return map->turn.over_fd < 0 ? map->turn.over_fd : 0;
}

/* What cannot be read back is asked by the kernel all the same, until the next load has made it anew. */
static void adopt(struct namemap *map)
{
	if (map->heads->version != SEK_NAME_VERSION || !namemap_live(map)->build)
		return;
	if (!table_adopt(map) && !over_adopt(map))
		return;
	chunks_unmap((void *)namemap_table(map)->lines, namemap_live(map)->chunk_cnt);
	name_table_free(&map->table[map->turn.live]);
	memset(map->heads->digest[map->turn.live], 0, NAME_DIGEST_BYTES);
}

int namemap_open(const struct name_maps *maps, uint32_t slot, struct namemap *ret_map)
{
	struct namemap map = { .maps = *maps };

	map.heads = shared_map(maps->head_fd, sizeof(*map.heads));
	if (!map.heads)
		return -errno;
	map.bloom = shared_map(maps->bloom_fd, 2 * BLOOM_BYTES);
	if (!map.bloom) {
		int err = -errno;

		shared_unmap(map.heads, sizeof(*map.heads));
		return err;
	}
	map.chunks = (struct chunks){ .fd = maps->table_fd,
				      .name = "sek_name_chunk",
				      .cnt = SEK_NAME_CHUNKS,
				      .filled = map.heads->filled };
	map.turn = heads_open(&map.heads->live, slot, maps->over_fd);
	adopt(&map);
	*ret_map = map;
	return 0;
}

void namemap_close(struct namemap *map)
{
	if (!map->heads)
		return;
	table_drop(map, 0);
	table_drop(map, 1);
	heads_close(&map->turn);
	shared_unmap(map->bloom, 2 * BLOOM_BYTES);
	shared_unmap(map->heads, sizeof(*map->heads));
	map->heads = NULL;
}

void namemap_tidy(struct namemap *map)
{
	chunks_tidy(&map->chunks, live_has, map);
}

/* --- a new head --- */

/* Lines for a table in the making, in chunks of the next head's. */
static int room_lines(void *arg, uint32_t line_cnt, struct sek_name_line **ret_lines)
{
	struct namemap *map = arg;
	struct sek_name_head *head = namemap_next(map);
	struct name_table *table = &map->table[heads_next(&map->turn)];
	uint32_t cnt = (line_cnt + SEK_NAME_CHUNK - 1) / SEK_NAME_CHUNK, first;
	void *lines = NULL;
	int err;

	if (head->chunk_cnt) {
		/* The former ones were too few, or their keys were no good. */
		chunks_unmap((void *)table->lines, head->chunk_cnt);
		table->lines = NULL;
		head->chunk = head->chunk_cnt = 0;
		chunks_tidy(&map->chunks, live_has, map);
	}
	err = chunks_find(&map->chunks, cnt, either_has, map, &first);
	if (!err)
		err = chunks_make(&map->chunks, first, cnt, &lines);
	if (err)
		return err;
	head->chunk = (uint16_t)first;
	head->chunk_cnt = (uint16_t)cnt;
	table->lines = lines;
	*ret_lines = lines;
	return 0;
}

static int over_make(struct namemap *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);

	return heads_over(&map->turn, bpf_map_create(BPF_MAP_TYPE_HASH, "sek_name_over",
						     sizeof(uint64_t), sizeof(struct sek_name_over),
						     SEK_NAME_OVER_MAX, &options));
}

/* What a table has beside its lines and its bloom, to the halves of its head. */
static int table_write(struct namemap *map, const struct name_table *table)
{
	uint32_t number = heads_next(&map->turn);
	int err = bpf_map_update_elem(map->maps.key_fd, &number, &table->keys, BPF_ANY);

	if (!err)
		err = half_write(map->maps.set_fd, number * SEK_NAME_SETS_MAX, table->set_cnt,
				 sizeof(*table->sets), table->sets);
	if (!err)
		err = half_write(map->maps.answer_fd, number * SEK_NAME_ANSWERS_MAX,
				 table->answer_cnt, sizeof(*table->answers), table->answers);
	return err;
}

static int table_make(struct namemap *map, const struct name_source *sources, size_t cnt)
{
	struct sek_name_head *head = namemap_next(map);
	uint32_t number = heads_next(&map->turn);
	struct name_room room = { .lines = room_lines, .arg = map, .bloom = bloom_of(map, number) };
	struct name_table table;
	int err = name_table_build(sources, cnt, &room, &table);

	if (err)
		return err;
	map->table[number] = table;
	head->bloom_mask = table.bloom_mask;
	head->line_cnt = table.line_cnt;
	return table_write(map, &table);
}

int namemap_make(struct namemap *map, const struct name_source *sources, size_t cnt,
		 const uint8_t digest[NAME_DIGEST_BYTES])
{
	struct sek_name_head *head = namemap_next(map);
	int err = over_make(map);

	if (err)
		return err;
	table_drop(map, heads_next(&map->turn));
	memset(head, 0, sizeof(*head));
	err = table_make(map, sources, cnt);
	head->build = namemap_live(map)->build + 1;
	memcpy(map->heads->digest[heads_next(&map->turn)], digest, NAME_DIGEST_BYTES);
	if (err)
		namemap_drop(map);
	return err;
}

static void version_store(struct namemap *map)
{
	__atomic_store_n(&map->heads->version, SEK_NAME_VERSION, __ATOMIC_RELEASE);
}

/* The head that is not live any more: its chunks are free for the next but one. */
static void former_clear(struct namemap *map)
{
	table_drop(map, heads_next(&map->turn));
	memset(namemap_next(map), 0, sizeof(struct sek_name_head));
}

void namemap_swap(struct namemap *map)
{
	version_store(map);
	heads_swap(&map->turn);
	former_clear(map);
}

void namemap_offer(struct namemap *map, uint32_t slot)
{
	version_store(map);
	heads_offer(&map->turn, slot);
}

void namemap_take(struct namemap *map)
{
	heads_take(&map->turn);
}

void namemap_settle(struct namemap *map)
{
	heads_settle(&map->turn);
	heads_drop(&map->turn);
	former_clear(map);
	namemap_tidy(map);
}

void namemap_drop(struct namemap *map)
{
	if (!heads_drop(&map->turn))
		return;
	former_clear(map);
	namemap_tidy(map);
}

/* --- the overlay --- */

/* What it holds is asked only of what the bloom lets by. */
static void bloom_let(struct namemap *map, bool next, uint64_t print)
{
	uint32_t number = next ? heads_next(&map->turn) : map->turn.live;
	uint32_t word = name_bloom_word(print, map->heads->head[number].bloom_mask);

	__atomic_or_fetch(&bloom_of(map, number)[word], name_bloom_bits(print), __ATOMIC_RELEASE);
}

int namemap_over_put(struct namemap *map, bool next, uint64_t print, const struct sek_name_over *over)
{
	struct sek_name_head *head = next ? namemap_next(map) : namemap_live(map);
	int fd = next ? map->turn.next_over_fd : map->turn.over_fd;
	int err = bpf_map_update_elem(fd, &print, over, BPF_NOEXIST);

	if (err == -EEXIST)
		return bpf_map_update_elem(fd, &print, over, BPF_EXIST);
	if (err)
		return err == -E2BIG ? -ENOSPC : err;
	bloom_let(map, next, print);
	__atomic_add_fetch(&head->over_cnt, 1, __ATOMIC_RELEASE);
	return 0;
}

int namemap_over_get(const struct namemap *map, uint64_t print, struct sek_name_over *ret_over)
{
	return map->turn.over_fd < 0 ? -ENOENT
				     : bpf_map_lookup_elem(map->turn.over_fd, &print, ret_over);
}

int namemap_over_sift(struct namemap *map, bool (*keep)(void *arg, uint64_t print), void *arg)
{
	uint64_t print, last;
	bool any = false;

	/* The next key of one that is gone is the first again: go on from the last that stayed. */
	while (!bpf_map_get_next_key(map->turn.over_fd, any ? &last : NULL, &print)) {
		if (keep(arg, print)) {
			last = print;
			any = true;
			continue;
		}
		if (bpf_map_delete_elem(map->turn.over_fd, &print))
			return -EIO;
		__atomic_sub_fetch(&namemap_live(map)->over_cnt, 1, __ATOMIC_RELEASE);
	}
	return 0;
}

size_t namemap_bytes(const struct namemap *map)
{
	size_t fixed = 2 * (BLOOM_BYTES + SEK_NAME_SETS_MAX * sizeof(struct sek_name_set) +
			    SEK_NAME_ANSWERS_MAX * sizeof(struct sek_name_answer));

	return fixed + namemap_live(map)->chunk_cnt * CHUNK_BYTES;
}
