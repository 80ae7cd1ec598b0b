// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maps for install_test.c that are the same or differ in one thing each. Never loaded.
 */
#include "core/bpf.h"

struct value {
	__u64 first;
	__u32 second[2];
};

struct value_renamed {
	__u64 first;
	__u32 other[2];
};

struct value_shaped {
	__u64 first;
	__u32 second;
	__u32 third;
};

#define LAYOUT_MAP(name, flags, entries, type_of_value)                                            \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(map_flags, flags);                                                          \
		__uint(max_entries, entries);                                                      \
		__type(key, __u32);                                                                \
		__type(value, type_of_value);                                                      \
	} name SEC(".maps")

LAYOUT_MAP(as_is, 0, 16, struct value);
LAYOUT_MAP(larger, 0, 32, struct value);
LAYOUT_MAP(flagged, BPF_F_NO_PREALLOC, 16, struct value);
LAYOUT_MAP(renamed, 0, 16, struct value_renamed);
LAYOUT_MAP(shaped, 0, 16, struct value_shaped);

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 8);
};

struct inner_wide {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 16);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner_wide);
} outer_wide SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";
