/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns the maps of the address lists and the only look-ups in them.
 * Called by stage/list.h. Chunks are never changed after they went in, a head only where it speaks of
 * the overlay.
 */
#ifndef BPF_CORE_LISTMAPS_H
#define BPF_CORE_LISTMAPS_H

#include "core/bpf.h"
#include "sekisho/list.h"

/*
 * All chunks are of one size, so a look-up in one is a few instructions in place and no call. Sizes in
 * place of types: clang 14 leaves a type that only an inner map names incomplete.
 */
struct list_chunk_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_LIST_CHUNK);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct sek_list_line));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SEK_LIST_CHUNKS);
	__type(key, __u32);
	__array(values, struct list_chunk_map);
} sek_list SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE); /* a swap is one store into the mapped page */
	__type(key, __u32);
	__type(value, struct sek_list_heads);
} sek_list_head SEC(".maps");

struct list_over_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, SEK_LIST_OVER_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct sek_list_over_key));
	__uint(value_size, sizeof(struct sek_list_over));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct list_over_map);
} sek_list_over SEC(".maps");

static __always_inline const struct sek_list_line *list_line(const void *table, __u32 n)
{
	__u32 chunk = n / SEK_LIST_CHUNK, line = n % SEK_LIST_CHUNK;
	void *lines = bpf_map_lookup_elem((void *)table, &chunk);

	return lines ? bpf_map_lookup_elem(lines, &line) : NULL;
}

#include "sekisho/listwalk.h"

static __always_inline struct sek_list_over *list_over(__u32 head, const struct sek_addr *addr,
						       bool v4)
{
	void *map = bpf_map_lookup_elem(&sek_list_over, &head);
	struct sek_list_over_key key = {
		.prefixlen = SEK_LIST_OVER_HEAD + 128,
		.family = v4 ? 4 : 6,
		.addr = *addr,
	};

	return map ? bpf_map_lookup_elem(map, &key) : NULL;
}

/* Of an address of this family. */
static __always_inline __u64 list_lookup_family(const struct sek_list_heads *heads,
						const struct sek_addr *addr, __u32 slot, bool v4)
{
	__u32 live = list_live(READ_ONCE(heads->live), slot);
	const struct sek_list_head *head = &heads->head[live];
	__u64 lists = v4 ? list_find4(&sek_list, head, addr) : list_find6(&sek_list, head, addr);
	const struct sek_list_over *over;

	if (!list_marked(head, addr, v4))
		return lists;
	over = list_over(live, addr, v4);
	return over ? (lists & ~over->care) | over->value : lists;
}

/*
 * The lists that hold addr, one bit each, by their numbers in the policy of this slot. Each family has its
 * own way, from here on: what both need would be kept on the stack.
 */
static __always_inline __u64 list_lookup(const struct sek_addr *addr, __u32 slot)
{
	const struct sek_list_heads *heads;
	__u32 zero = 0;

	heads = bpf_map_lookup_elem(&sek_list_head, &zero);
	if (!heads || heads->version != SEK_LIST_VERSION)
		return 0;
	if (list_is_v4(addr))
		return list_lookup_family(heads, addr, slot, true);
	return list_lookup_family(heads, addr, slot, false);
}

/*
 * The same as a function of its own: the verifier looks at it once whatever calls it, and its stack is
 * not that of all stages.
 */
__noinline __u64 list_ask(const struct sek_addr *addr, __u32 slot)
{
	return addr ? list_lookup(addr, slot) : 0;
}

#endif
