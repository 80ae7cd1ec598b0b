/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns the flow table (sekisho/flow.h says how its maps go together): finding an entry by key, taking
 * one, giving it back. Called by stage/flow.h, stage/recall.h, stage/admit.h and stage/expire.h.
 * Promises that an entry found has the key that was asked for, and is not being taken out.
 */
#ifndef BPF_CORE_FLOWTABLE_H
#define BPF_CORE_FLOWTABLE_H

#include "core/config.h"
#include "core/packet.h"
#include "sekisho/flow.h"

/* Preallocated, as the entries are: the promised number of flows is there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEK_FLOWS_DEFAULT);
	__type(key, struct sek_flow_key);
	__type(value, __u32);
} sek_flow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* for readers, and so that entries begin with a cache line */
	__uint(max_entries, SEK_FLOWS_DEFAULT + 1);
	__type(key, __u32);
	__type(value, struct sek_flow);
} sek_flow_entry SEC(".maps");

/* First in, first out: an entry rests before it serves again. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, SEK_FLOWS_DEFAULT);
	__type(value, __u32);
} sek_flow_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_HINTS_DEFAULT);
	__type(key, __u32);
	__type(value, __u32);
} sek_flow_hint SEC(".maps");

/* The hints of the flows that a CPU sees most, so close together that caches keep them. */
#define FLOWTABLE_NEAR 8192 /* a power of two; a per-CPU value cannot be larger */
#define FLOWTABLE_NEARS 4
struct flowtable_near {
	__u32 number[FLOWTABLE_NEAR];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FLOWTABLE_NEARS);
	__type(key, __u32);
	__type(value, struct flowtable_near);
} sek_flow_near SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_patrol);
} sek_patrol SEC(".maps");

static __always_inline struct sek_patrol *flowtable_patrol(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_patrol, &zero);
}

static __always_inline struct sek_flow *flowtable_entry(__u32 number)
{
	return bpf_map_lookup_elem(&sek_flow_entry, &number);
}

static __always_inline bool flowtable_same(const struct sek_flow_key *a, const struct sek_flow_key *b)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]));
}

/* The flow of a key, or NULL. An entry that changed hands at this very moment is not the key's. */
static __always_inline struct sek_flow *flowtable_find(const struct sek_flow_key *key)
{
	const __u32 *number = bpf_map_lookup_elem(&sek_flow, key);
	struct sek_flow *flow = number ? flowtable_entry(*number) : NULL;

	return flow && !(flow->flags & SEK_FLOW_GONE) && flowtable_same(&flow->key, key) ? flow
											 : NULL;
}

/* --- hints: by addresses and ports as they stand in a packet, the same for both directions --- */

static __always_inline __u64 flowtable_mix(const struct sek_addr *addr, __be16 port)
{
	__u64 mixed = (addr->q[0] ^ cfg.hash_seed) * 0x9e3779b97f4a7c15ULL;

	mixed ^= (addr->q[1] ^ port) * 0xc2b2ae3d27d4eb4fULL;
	return (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93ULL;
}

/* The seed is secret: nobody can aim at another's hint. */
static __always_inline __u32 flowtable_hash(const struct packet *p)
{
	return (flowtable_mix(&p->src, p->sport) + flowtable_mix(&p->dst, p->dport)) >> 32;
}

/* The two hints of such packets: of this CPU, and of all. */
static __always_inline __u32 *flowtable_near(__u32 hash)
{
	__u32 which = hash / FLOWTABLE_NEAR & (FLOWTABLE_NEARS - 1);
	struct flowtable_near *near = bpf_map_lookup_elem(&sek_flow_near, &which);

	return near ? &near->number[hash & (FLOWTABLE_NEAR - 1)] : NULL;
}

static __always_inline __u32 *flowtable_far(__u32 hash)
{
	__u32 index = hash & cfg.hint_mask;

	return bpf_map_lookup_elem(&sek_flow_hint, &index);
}

/* The entry that a hint names, or NULL; maybe another flow's. */
static __always_inline struct sek_flow *flowtable_guess(const __u32 *hint)
{
	__u32 number = hint ? READ_ONCE(*hint) : 0;

	return number ? flowtable_entry(number) : NULL;
}

/*
 * Asks the near hint, as soon as the headers are read: memory answers while other stages run. The
 * number is kept, since its entry may be asked for in vain.
 */
static __always_inline void flowtable_think(struct packet *p)
{
	const __u32 *near;

	p->hash = flowtable_hash(p);
	near = flowtable_near(p->hash);
	p->guess = near ? READ_ONCE(*near) : 0;
}

/* By the ports that p has now: a piece was given its first's since flowtable_think(). */
static __always_inline void flowtable_note(const struct packet *p, __u32 number)
{
	__u32 *far = flowtable_far(flowtable_hash(p));

	if (far)
		WRITE_ONCE(*far, number);
}

/* --- entries that are nobody's --- */

/* The number of an entry that is nobody's; 0: all are in use. */
static __always_inline __u32 flowtable_take(void)
{
	struct sek_patrol *patrol = flowtable_patrol();
	__u32 number = 0;

	if (!bpf_map_pop_elem(&sek_flow_free, &number))
		return number;
	if (!patrol || READ_ONCE(patrol->used) >= cfg.flows_max)
		return 0;
	number = __sync_fetch_and_add(&patrol->used, 1) + 1;
	if (number <= cfg.flows_max)
		return number;
	__sync_fetch_and_add(&patrol->used, -1); /* others were quicker */
	return 0;
}

/* Its key is no longer, or was never, in sek_flow. */
static __always_inline void flowtable_give(__u32 number)
{
	bpf_map_push_elem(&sek_flow_free, &number, 0);
}

#endif
