/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_quota and sek_source: how many flows, and how many half-open ones, a tenant and each of
 * its sources hold, and how fast a source opens more.
 * Taken by stage/admit.h before a flow is made; given back once, by whoever ends the flow or sees it
 * answered. A source that the LRU forgot starts again at 0 and is never counted below it.
 */
#ifndef BPF_STAGE_QUOTA_H
#define BPF_STAGE_QUOTA_H

#include "core/maps.h"
#include "core/packet.h"

static __always_inline struct sek_quota *quota_of(__u32 tenant)
{
	return bpf_map_lookup_elem(&sek_quota, &tenant);
}

static __always_inline void quota_source_key(struct sek_source_key *key,
					     const struct sek_addr *addr, __u16 tenant)
{
	key->addr = *addr;
	key->tenant = tenant;
	key->pad = 0;
}

/* A new source's entry; NULL: no memory. */
static __always_inline struct sek_source *quota_source_new(const struct sek_source_key *key)
{
	struct sek_source fresh = {};

	bpf_map_update_elem(&sek_source, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sek_source, key);
}

/* Counts one more unless that would be more than max; max 0: no limit, counted all the same. */
static __always_inline bool quota_raise(__s64 *held, __u32 max)
{
	if (__sync_fetch_and_add(held, 1) < max || !max)
		return true;
	__sync_fetch_and_add(held, -1);
	return false;
}

static __always_inline bool quota_raise_source(__s32 *held, __u32 max)
{
	if (__sync_fetch_and_add(held, 1) < (__s64)max || !max)
		return true;
	__sync_fetch_and_add(held, -1);
	return false;
}

static __always_inline void quota_lower_source(__s32 *held, bool lower)
{
	if (READ_ONCE(*held) > 0)
		__sync_fetch_and_add(held, lower ? -1 : 0);
}

/* One more new flow of this source: GCRA of source_rate a second, source_burst at once. */
static __always_inline bool quota_source_paced(struct sek_source *source,
					       const struct sek_tenant *tenant, __u64 now)
{
	__u64 seen = READ_ONCE(source->tat_ns), from, gap;
	__u32 burst = tenant->source_burst;

	if (!tenant->source_rate)
		return true;
	gap = NSEC_PER_SEC / tenant->source_rate;
	from = seen > now ? seen : now;
	if (from - now > (burst ? burst - 1 : 0) * gap)
		return false;
	if (__sync_val_compare_and_swap(&source->tat_ns, seen, from + gap) != seen)
		__sync_fetch_and_add(&source->tat_ns, gap); /* another CPU has just moved it on */
	return true;
}

static __always_inline enum sek_reason quota_take_tenant(struct sek_quota *quota,
							 const struct sek_tenant *tenant)
{
	if (!quota_raise(&quota->half, tenant->half_max))
		return SEK_R_half_quota;
	if (!quota_raise(&quota->flows, tenant->flows_max)) {
		__sync_fetch_and_add(&quota->half, -1);
		return SEK_R_flow_quota;
	}
	return SEK_R_none;
}

/* Whether a tenant has no room for one more, as far as can be told without charging it. */
static __always_inline bool quota_is_full(const struct sek_quota *quota,
					  const struct sek_tenant *tenant)
{
	return tenant->half_max && READ_ONCE(quota->half) >= (__s64)tenant->half_max;
}

/*
 * Charges a new flow, half-open as all begin, to the opener p->src and to its tenant. none: charged;
 * else the limit that is reached, and nothing is charged but the pace. A source that comes when its tenant
 * has no room is not remembered: a flood's sources would push all others out of the table.
 */
static __noinline enum sek_reason quota_take(const struct packet *p, const struct sek_tenant *tenant)
{
	struct sek_quota *quota = quota_of(p->tenant);
	struct sek_source_key key;
	struct sek_source *source;
	enum sek_reason full;

	quota_source_key(&key, &p->src, p->tenant);
	source = bpf_map_lookup_elem(&sek_source, &key);
	if (!quota)
		return SEK_R_flow_table_full;
	if (!source) {
		if (quota_is_full(quota, tenant))
			return SEK_R_half_quota;
		source = quota_source_new(&key);
	}
	if (!source)
		return SEK_R_flow_table_full;
	if (!quota_source_paced(source, tenant, p->now_ns))
		return SEK_R_source_rate;
	if (!quota_raise_source(&source->half, tenant->source_half_max))
		return SEK_R_half_source_quota;
	if (!quota_raise_source(&source->flows, tenant->source_flows_max)) {
		quota_lower_source(&source->half, true);
		return SEK_R_flow_source_quota;
	}
	full = quota_take_tenant(quota, tenant);
	if (full) {
		quota_lower_source(&source->half, true);
		quota_lower_source(&source->flows, true);
	}
	return full;
}

/* Gives back what the flow of this key held. flow: it is over; half: it was half-open until now. */
static __noinline int quota_give(const struct sek_flow_key *key, bool from_in, bool flow, bool half)
{
	struct sek_quota *quota = quota_of(key->tenant);
	struct sek_source_key source_key;
	struct sek_source *source;

	quota_source_key(&source_key, from_in ? &key->addr[1] : &key->addr[0], key->tenant);
	source = bpf_map_lookup_elem(&sek_source, &source_key);
	/* One test for each pointer: 6.1 cannot follow what clang makes of a joint condition. */
	if (quota) {
		__sync_fetch_and_add(&quota->flows, flow ? -1 : 0);
		__sync_fetch_and_add(&quota->half, half ? -1 : 0);
	}
	if (source) {
		quota_lower_source(&source->flows, flow);
		quota_lower_source(&source->half, half);
	}
	return 0;
}

#endif
