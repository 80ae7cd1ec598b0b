/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns the maps of inspection but the sockets, which XDP alone can send to (core/xdp.h): rings, workers,
 * flows that are with them. Called by stage/inspect.h and stage/hand_order.h.
 */
#ifndef BPF_CORE_HANDMAPS_H
#define BPF_CORE_HANDMAPS_H

#include "core/flowtable.h"
#include "sekisho/handoff.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* workers count with stores */
	__uint(max_entries, SEK_RINGS_MAX);
	__type(key, __u32);
	__type(value, struct sek_xsk_ring);
} sek_xsk_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SEK_SHARES_MAX);
	__type(key, __u32);
	__type(value, struct sek_share);
} sek_share SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* a sign of life is one store */
	__uint(max_entries, SEK_WORKERS_MAX);
	__type(key, __u32);
	__type(value, struct sek_worker);
} sek_worker SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_FLOWS_DEFAULT + 1);
	__type(key, __u32);
	__type(value, struct sek_handoff);
} sek_handoff SEC(".maps");

/* These two are between the workers and who shows flows; no program reads them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SEK_FLOWS_DEFAULT + 1);
	__type(key, __u32);
	__type(value, struct sek_reading);
} sek_reading SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_APPS_MAX);
	__type(key, __u32);
	__type(value, struct sek_app);
} sek_app SEC(".maps");

static __always_inline struct sek_xsk_ring *hand_ring(__u32 index)
{
	return bpf_map_lookup_elem(&sek_xsk_ring, &index);
}

static __always_inline struct sek_share *hand_share(__u32 worker, __u32 tenant)
{
	__u32 index = sek_share_index(worker, tenant & (SEK_TENANTS_MAX - 1));

	return bpf_map_lookup_elem(&sek_share, &index);
}

static __always_inline struct sek_worker *hand_worker(__u32 number)
{
	return bpf_map_lookup_elem(&sek_worker, &number);
}

/* Whether it has given a sign of life not long ago; who explains was told so, and has another clock. */
static __always_inline bool hand_is_alive(const struct sek_worker *worker, __u64 now_ns)
{
	__u64 beat_ns = READ_ONCE(worker->beat_ns);

	return beat_ns &&
	       (cfg.replay_ways || (__s64)(now_ns - beat_ns) < (__s64)SEK_WORKER_PATIENCE_NS);
}

/* Whether inspection is at work at all: worker 0 is always among them. */
static __always_inline bool hand_is_there(__u64 now_ns)
{
	const struct sek_worker *worker = hand_worker(0);

	return worker && hand_is_alive(worker, now_ns);
}

/*
 * Who is to have a flow between two ends: all flows between them are one worker's, in both directions, for
 * some announce others, and rules ask of pairs of hosts.
 */
static __always_inline __u32 hand_choose(const struct sek_addr *one, const struct sek_addr *other)
{
	const struct sek_worker *first = hand_worker(0);
	__u64 ends = one->q[0] ^ other->q[0] ^ one->q[1] ^ other->q[1];
	__u32 mixed = (__u32)((ends ^ ends >> 32) * 0x9e3779b97f4a7c15ULL >> 32);

	return first ? (__u64)mixed * READ_ONCE(first->fellows) >> 32 : 0;
}

/* What is known of this flow; of an entry's flow before nothing is left. */
static __always_inline struct sek_handoff *hand_of(const struct sek_flow *flow)
{
	__u32 number = flow->number;
	struct sek_handoff *hand = bpf_map_lookup_elem(&sek_handoff, &number);

	if (!hand || hand->first_ns == flow->first_ns)
		return hand;
	__builtin_memset(hand, 0, sizeof(*hand));
	WRITE_ONCE(hand->first_ns, flow->first_ns);
	return hand;
}

#endif
