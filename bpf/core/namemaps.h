/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns the maps of names. Their contents are policy/install's; what the kernel writes is counts and
 * copies for the agent.
 */
#ifndef BPF_CORE_NAMEMAPS_H
#define BPF_CORE_NAMEMAPS_H

#include "core/maps.h"
#include "sekisho/name.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE); /* a swap is one store into the mapped page */
	__type(key, __u32);
	__type(value, struct sek_name_heads);
} sek_name_head SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct sek_name_keys);
} sek_name_key SEC(".maps");

/*
 * Each head's bloom is one element of a plain array: a look-up asks the map once, without a call, and each
 * suffix costs one load, which is where most look-ups end.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sek_name_bloom);
} sek_name_bloom SEC(".maps");

struct name_chunk_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_NAME_CHUNK);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct sek_name_line));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SEK_NAME_CHUNKS);
	__type(key, __u32);
	__array(values, struct name_chunk_map);
} sek_name_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * SEK_NAME_SETS_MAX);
	__type(key, __u32);
	__type(value, struct sek_name_set);
} sek_name_set SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * SEK_NAME_ANSWERS_MAX);
	__type(key, __u32);
	__type(value, struct sek_name_answer);
} sek_name_answer SEC(".maps");

struct name_over_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEK_NAME_OVER_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(struct sek_name_over));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct name_over_map);
} sek_name_over SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * SEK_NAME_PROFILES_MAX);
	__type(key, __u32);
	__type(value, struct sek_name_profile);
} sek_name_policy SEC(".maps");

GENERATION_PREFIXES(sek_name_group, struct sek_name_group_key, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_NAME_LISTS_MAX);
	__type(key, __u32);
	__type(value, struct sek_count);
} sek_name_count SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_NAME_TALLIES);
	__type(key, __u32);
	__type(value, __u64);
} sek_name_tally SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} sek_name_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_NAME_KINDS_MAX);
	__type(key, __u32);
	__type(value, struct sek_event_stat);
} sek_name_stat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_name_copy);
} sek_name_room SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SEK_NAME_SEEN_MAX);
	__type(key, struct sek_name_seen_key);
	__type(value, struct sek_name_seen);
} sek_name_seen SEC(".maps");

/* Never read: gets the layouts of what is named by size alone into BTF, as sek_layout does. */
const volatile struct {
	__u64 none;
	struct sek_name_line line[0];
	struct sek_name_over over[0];
	struct sek_name_group_key group_key[0];
	struct sek_name_order order[0];
	struct sek_name_copy_head head[0];
} sek_name_layout;

static __always_inline void name_tally(__u32 which)
{
	__u64 *cnt = bpf_map_lookup_elem(&sek_name_tally, &which);

	if (cnt)
		*cnt += 1;
}

#endif
