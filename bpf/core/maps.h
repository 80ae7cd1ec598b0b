/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of maps.def but those of the address lists (core/listmaps.h), of flows (core/flowtable.h)
 * and of the ways out (core/ways.h, core/xdp.h), and the look-ups that more
 * than one stage makes. Sizes here are defaults; policy/install sets those that a site may choose.
 * Maps of a generation hold two: those of packet.slot serve for the whole of a packet's walk.
 */
#ifndef BPF_CORE_MAPS_H
#define BPF_CORE_MAPS_H

#include "core/bpf.h"
#include "core/packet.h"
#include "core/ways.h"
#include "sekisho/capture.h"
#include "sekisho/config.h"
#include "sekisho/event.h"
#include "sekisho/flow.h"
#include "sekisho/frag.h"
#include "sekisho/policy.h"
#include "sekisho/syncookie.h"
#include "sekisho/tenant.h"

/* --- what is there once, whatever the policy --- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* commit is one store into the mapped page */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_active);
} sek_active SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_IFINDEX_MAX);
	__type(key, __u32);
	__type(value, struct sek_link);
} sek_link SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_clock);
} sek_clock SEC(".maps");

/* --- one generation of policy --- */

/*
 * What every packet asks. Both generations stand in one array: a look-up in a map of which another
 * was chosen at run time is a call into the kernel (15 ns and more), in these it is none. Arrays of a
 * generation are mapped by who writes them: entry by entry they would be what an apply waits for.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * SEK_PORTS_MAX);
	__type(key, __u32);
	__type(value, struct sek_port);
} sek_port SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * SEK_TENANTS_MAX);
	__type(key, __u32);
	__type(value, struct sek_tenant);
} sek_tenant SEC(".maps");

/*
 * Templates of inner maps. BPF_F_INNER_MAP: their sizes may differ from the template's. Sizes in
 * place of types: clang 14 leaves a type that only an inner map names incomplete.
 */
#define GENERATION_ARRAY(name, value)                                                              \
	struct name##_inner {                                                                      \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);                               \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, sizeof(value));                                                 \
	};                                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, 2);                                                            \
		__type(key, __u32);                                                                \
		__array(values, struct name##_inner);                                              \
	} name SEC(".maps")

#define GENERATION_PREFIXES(name, prefix, value)                                                   \
	struct name##_inner {                                                                      \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);                                               \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, sizeof(prefix));                                                  \
		__uint(value_size, sizeof(value));                                                 \
	};                                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, 2);                                                            \
		__type(key, __u32);                                                                \
		__array(values, struct name##_inner);                                              \
	} name SEC(".maps")

GENERATION_PREFIXES(sek_attach, struct sek_attach_key, struct sek_attach);
GENERATION_PREFIXES(sek_class, struct sek_class_key, struct sek_class);
GENERATION_ARRAY(sek_ports, struct sek_ports);
GENERATION_ARRAY(sek_row, struct sek_row);
GENERATION_ARRAY(sek_rule, struct sek_rule);

/*
 * Never read. The structs above are named by size alone; by this they get into BTF, from which
 * policy/install takes the layout that a pin's name carries.
 */
const volatile struct {
	__u64 none;
	struct sek_attach_key attach_key[0];
	struct sek_attach attach[0];
	struct sek_class_key class_key[0];
	struct sek_class class[0];
	struct sek_ports ports[0];
	struct sek_row row[0];
	struct sek_rule rule[0];
} sek_layout;

/* --- state --- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_TENANTS_MAX);
	__type(key, __u32);
	__type(value, struct sek_quota);
} sek_quota SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SEK_SOURCES_DEFAULT);
	__type(key, struct sek_source_key);
	__type(value, struct sek_source);
} sek_source SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct sek_cookie);
} sek_cookie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_TENANTS_MAX * 2);
	__type(key, __u32);
	__type(value, struct sek_bucket);
} sek_bucket SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, (SEK_TENANTS_MAX * SEK_FRAG_SETS));
	__type(key, __u32);
	__type(value, struct sek_frag_set);
} sek_frag SEC(".maps");

/* --- what is told --- */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_TENANTS_MAX * 2 * SEK_REASONS_MAX);
	__type(key, __u32);
	__type(value, struct sek_count);
} sek_count SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, (SEK_PORTS_MAX * SEK_REASONS_MAX));
	__type(key, __u32);
	__type(value, struct sek_count);
} sek_port_count SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_HITS_MAX);
	__type(key, __u32);
	__type(value, struct sek_hit);
} sek_hit SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_HITS_MAX);
	__type(key, __u32);
	__type(value, struct sek_hit_base);
} sek_hit_base SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_LISTS_MAX);
	__type(key, __u32);
	__type(value, struct sek_count);
} sek_list_count SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_CAUSES_MAX);
	__type(key, __u32);
	__type(value, struct sek_event_stat);
} sek_event_stat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} sek_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_capture);
} sek_capture SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_cap_room);
} sek_cap_room SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_event_stat);
} sek_cap_stat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} sek_cap_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_trace);
} sek_trace SEC(".maps");

/* --- look-ups of more than one stage --- */

/* One entry of a generation's array; NULL: no policy is loaded in this slot, or no such entry. */
static __always_inline void *generation_entry(void *outer, __u32 slot, __u32 index)
{
	void *inner = bpf_map_lookup_elem(outer, &slot);

	return inner ? bpf_map_lookup_elem(inner, &index) : NULL;
}

/* What the interface is to us; NULL: a number too large. */
static __always_inline const struct sek_link *link_of(__u32 ifindex)
{
	return bpf_map_lookup_elem(&sek_link, &ifindex);
}

/* A tenant of the generation in this slot; NULL: no such number. */
static __always_inline const struct sek_tenant *tenant_at(__u32 slot, __u32 tenant)
{
	__u32 index = (slot & 1) * SEK_TENANTS_MAX + tenant;

	return tenant < SEK_TENANTS_MAX ? bpf_map_lookup_elem(&sek_tenant, &index) : NULL;
}

/* Bytes of IP packet that go out by a port; 0: not known. */
static __always_inline __u32 port_mtu(__u32 port)
{
	const struct sek_link *link = link_of(way_out(port));

	return link ? link->mtu : 0;
}

/* Whose packet it is, after stage_tenant. */
static __always_inline const struct sek_tenant *tenant_of(const struct packet *p)
{
	return tenant_at(p->slot, p->tenant);
}

/* A port of this packet's generation. */
static __always_inline const struct sek_port *port_of(const struct packet *p, __u32 port)
{
	__u32 index = (p->slot & 1) * SEK_PORTS_MAX + port;

	return port < SEK_PORTS_MAX ? bpf_map_lookup_elem(&sek_port, &index) : NULL;
}

#endif
