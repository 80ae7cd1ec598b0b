/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a flow changes its state and how it ends: by the patrol, by a packet that finds it out of
 * date, or on order. Whoever sets SEK_FLOW_GONE ends it, so its quotas come back and its record is
 * written exactly once. Used by stage/flow.h and stage/admit.h.
 */
#ifndef BPF_STAGE_EXPIRE_H
#define BPF_STAGE_EXPIRE_H

#include "core/config.h"
#include "core/flowtable.h"
#include "core/maps.h"
#include "report/event.h"
#include "stage/name.h"
#include "stage/quota.h"

#include <linux/in.h>
#include <linux/in6.h>

#define CLOCK_MONOTONIC 1 /* linux/time.h would bring libc's types */
#define EXPIRE_TRIES 8
#define PATROL_TICK_NS (20 * 1000 * 1000ULL)
#define PATROL_TICKS (SEK_PATROL_ROUND_S * NSEC_PER_SEC / PATROL_TICK_NS)
#define PATROL_VISITS_MIN 256

/* sek_flow.rule, state and flags as the one word that they are changed by. */
union flow_word {
	struct {
		__u16 rule;
		__u8 state;
		__u8 flags;
	};
	__u32 all;
};
_Static_assert(offsetof(struct sek_flow, rule) % 4 == 0 &&
		       offsetof(struct sek_flow, flags) == offsetof(struct sek_flow, rule) + 3,
	       "rule, state and flags are one aligned word");

/*
 * Changes them in one step. Returns the flags before; SEK_FLOW_GONE among them: nothing was changed,
 * somebody else ends this flow (or eight others changed it meanwhile, and the next packet will do).
 */
static __always_inline __u8 flow_turn(struct sek_flow *flow, __u8 state, __u8 set, __u8 clear)
{
	__u32 *word = (void *)&flow->rule;
	union flow_word seen, next;
	int try;
	__u32 was;

	seen.all = READ_ONCE(*word);
	for (try = 0; try < EXPIRE_TRIES; try++) {
		if (seen.flags & SEK_FLOW_GONE)
			break;
		next = seen;
		next.state = state;
		next.flags = (seen.flags | set) & ~clear;
		was = __sync_val_compare_and_swap(word, seen.all, next.all);
		if (was == seen.all)
			return seen.flags;
		seen.all = was;
	}
	return SEK_FLOW_GONE;
}

/* Seconds of silence after which a flow is over. */
static __always_inline __u32 flow_timeout_tcp(const struct sek_timeouts *timeout, __u8 state)
{
	switch (state) {
	case SEK_FLOW_ESTABLISHED:
		return timeout->tcp_established;
	case SEK_FLOW_FIN:
	case SEK_FLOW_CLOSING:
		return timeout->tcp_closing;
	case SEK_FLOW_CLOSED:
		return timeout->tcp_closed;
	default:
		return timeout->tcp_syn;
	}
}

/* The same in nanoseconds, for every protocol. */
static __always_inline __u64 flow_timeout(const struct sek_tenant *tenant, __u8 proto, __u8 state)
{
	const struct sek_timeouts *timeout = &tenant->timeout;
	__u32 seconds;

	if (proto == IPPROTO_TCP)
		seconds = flow_timeout_tcp(timeout, state);
	else if (proto == IPPROTO_UDP)
		seconds = state == SEK_FLOW_NEW ? timeout->udp_new : timeout->udp_stream;
	else if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		seconds = timeout->icmp;
	else
		seconds = timeout->other;
	return seconds * NSEC_PER_SEC;
}

/* Nanoseconds without a packet; another CPU may have seen one later than "now". */
static __always_inline __u64 flow_idle(const struct sek_flow *flow, __u64 now_ns)
{
	__s64 idle = now_ns - READ_ONCE(flow->last_ns);

	return idle > 0 ? idle : 0;
}

/* Takes a flow out: record, quotas, entry. reason: none for silence, else why it was cut. */
static __noinline int flow_end(struct sek_flow_key *key, struct sek_flow *flow, __u64 now_ns,
			       __u8 reason)
{
	__u8 flags = flow_turn(flow, flow->state, SEK_FLOW_GONE, SEK_FLOW_HALF);

	if (flags & SEK_FLOW_GONE)
		return -EBUSY;
	if (!reason && flow->name.state == SEK_NAME_BLOCKED)
		reason = name_reason(&flow->name);
	event_flow_end(key, flow, now_ns, reason);
	bpf_map_delete_elem(&sek_flow, key);
	quota_give(key, flags & SEK_FLOW_FROM_IN, true, flags & SEK_FLOW_HALF);
	flowtable_give(flow->number);
	return 0;
}

/* One turn of the patrol: what its visits share. */
struct patrol_turn {
	__u64 now_ns;
	__u32 slot;
	__u32 next, used;
	__u32 visits, ended;
};

/* Whether this flow has been silent too long. A tenant that is gone allows no silence at all. */
static __always_inline bool patrol_is_over(const struct patrol_turn *turn,
					   const struct sek_flow_key *key,
					   const struct sek_flow *flow)
{
	const struct sek_tenant *tenant = tenant_at(turn->slot, key->tenant);

	if (!tenant)
		return true;
	return flow_idle(flow, turn->now_ns) >= flow_timeout(tenant, key->proto, flow->state);
}

/*
 * Whether an entry holds a flow. One that was never given out before has no number until admit_make()
 * has marked it: that CPU may have been interrupted right behind its taking, and the flow to be would
 * be ended, its number given to another.
 */
static __always_inline bool patrol_is_flow(const struct sek_flow *flow)
{
	return READ_ONCE(flow->number) && !(READ_ONCE(flow->flags) & SEK_FLOW_GONE);
}

/* Visits one entry, and knows the next. */
static long patrol_visit(__u32 n, struct patrol_turn *turn)
{
	struct sek_flow *flow = flowtable_entry(turn->next);
	struct sek_flow_key key;

	turn->next = turn->next < turn->used ? turn->next + 1 : 1;
	if (!flow || !patrol_is_flow(flow))
		return 0;
	turn->visits++;
	key = flow->key;
	if (!patrol_is_over(turn, &key, flow))
		return 0;
	turn->ended++;
	flow_end(&key, flow, turn->now_ns, SEK_R_none);
	return 0;
}

/* How many to visit in a turn, so that all are within a round, and none twice. */
static __always_inline __u32 patrol_share(__u32 used)
{
	__u32 share = used / PATROL_TICKS + PATROL_VISITS_MIN;

	return share < used ? share : used;
}

/* The timer: a turn, and the next one a tick later. */
static int patrol_walk(void *map, __u32 *key, struct sek_patrol *patrol)
{
	struct patrol_turn turn = { .now_ns = bpf_ktime_get_ns() };
	const struct sek_active *active;
	__u32 zero = 0;

	turn.next = patrol->next ? patrol->next : 1;
	turn.used = READ_ONCE(patrol->used);
	active = bpf_map_lookup_elem(&sek_active, &zero);
	if (active) {
		turn.slot = READ_ONCE(active->generation) & 1;
		bpf_loop(patrol_share(turn.used), patrol_visit, &turn, 0);
	}
	patrol->next = turn.next;
	patrol->visits += turn.visits;
	patrol->ended += turn.ended;
	bpf_timer_start(&patrol->timer, PATROL_TICK_NS, 0);
	return 0;
}

/* Starts the patrol at the first new flow after this program was loaded; it takes over a former one's. */
static __always_inline void patrol_start(void)
{
	__u64 own = cfg.hash_seed | 1, seen;
	struct sek_patrol *patrol = flowtable_patrol();
	long error;

	if (!patrol || cfg.replay) /* the clock of a replay is its caller's, who looks after this */
		return;
	seen = READ_ONCE(patrol->owner);
	if (seen == own || __sync_val_compare_and_swap(&patrol->owner, seen, own) != seen)
		return;
	error = bpf_timer_init(&patrol->timer, &sek_patrol, CLOCK_MONOTONIC);
	if (!error || error == -EBUSY)
		error = bpf_timer_set_callback(&patrol->timer, patrol_walk);
	if (!error)
		error = bpf_timer_start(&patrol->timer, PATROL_TICK_NS, 0);
	if (error)
		WRITE_ONCE(patrol->owner, 0); /* the next new flow tries again */
}

#endif
