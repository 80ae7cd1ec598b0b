/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns the event ring and its budgets: each cause may write so many records a second on each CPU,
 * so a flood of one neither drowns the agent nor hides another.
 * Called by report/finish.h and where a flow ends. offered = written + suppressed + lost, always.
 */
#ifndef BPF_REPORT_EVENT_H
#define BPF_REPORT_EVENT_H

#include "core/config.h"
#include "core/maps.h"
#include "core/packet.h"
#include "sekisho/event.h"

/* Offers one more: whether the budget of this second, by now_ns, has room; else it is suppressed. */
static __always_inline bool event_budget(struct sek_event_stat *stat, __u32 budget, __u64 now_ns)
{
	__u64 second = now_ns / NSEC_PER_SEC;

	stat->offered++;
	if (stat->second != second) {
		stat->second = second;
		stat->spent = 0;
	}
	if (stat->spent < budget)
		return true;
	stat->suppressed++;
	return false;
}

/*
 * A zeroed record for bpf_ringbuf_submit(), with the exact time; NULL: over the budget of this
 * second, by now_ns, or no room, and counted as such.
 */
static __always_inline struct sek_event *event_open(__u32 cause, __u64 now_ns)
{
	struct sek_event_stat *stat = bpf_map_lookup_elem(&sek_event_stat, &cause);
	struct sek_event *event;

	if (!stat || !event_budget(stat, cfg.event_budget, now_ns))
		return NULL;
	stat->spent++; /* by one that is lost as well: asking a full ring is no cheaper */
	event = bpf_ringbuf_reserve(&sek_events, sizeof(*event), 0);
	if (!event) {
		stat->lost++;
		return NULL;
	}
	stat->written++;
	__builtin_memset(event, 0, sizeof(*event));
	event->now_ns = clock_exact();
	event->cause = cause;
	return event;
}

/*
 * The cause under which a refusal is told, by the tens of reasons.def; CNT: none, it passed.
 */
static __always_inline __u32 event_cause(__u8 reason)
{
	if (reason < SEK_R_short_frame || reason >= SEK_R_bug_map)
		return SEK_CAUSE_CNT;
	if (reason < SEK_R_frag_tiny)
		return SEK_CAUSE_MALFORMED;
	if (reason < SEK_R_port_unknown)
		return SEK_CAUSE_FRAGMENT;
	if (reason < SEK_R_list_block)
		return SEK_CAUSE_SPOOFED;
	if (reason == SEK_R_list_block)
		return SEK_CAUSE_DENY_LIST;
	if (reason < SEK_R_flow_table_full)
		return SEK_CAUSE_DENY_RULE;
	if (reason < SEK_R_tcp_no_flow)
		return SEK_CAUSE_QUOTA;
	if (reason < SEK_R_rate_bits)
		return SEK_CAUSE_DENY_STATE;
	if (reason < SEK_R_name_block)
		return SEK_CAUSE_RATE;
	return reason < SEK_R_no_route ? SEK_CAUSE_NAME : SEK_CAUSE_ROUTE;
}

/* Tells of this packet: a refusal, or the start of a flow. */
static __always_inline void event_packet(const struct packet *p, __u32 cause, __u8 verdict)
{
	struct sek_event *event = event_open(cause, p->now_ns);

	if (!event)
		return;
	event->reason = p->reason;
	event->verdict = verdict;
	event->dir = p->dir;
	event->tenant = p->tenant;
	event->rule = p->rule;
	event->generation = p->generation;
	event->list = p->list;
	event->port = p->port;
	event->vlan = p->vlan;
	event->len = packet_wire_len(p) > 0xffff ? 0xffff : packet_wire_len(p);
	event->tcp_flags = p->tcp_flags;
	event->state = p->state;
	event->icmp_type = p->icmp_type;
	event->icmp_code = p->icmp_code;
	event->src = p->src;
	event->dst = p->dst;
	event->sport = p->sport;
	event->dport = p->dport;
	event->proto = p->proto;
	if (cause == SEK_CAUSE_FLOW_START) {
		event->first_ns = event->last_ns = event->now_ns;
		event->packets[p->dir & 1] = packet_frames(p);
		event->bytes[p->dir & 1] = packet_ip_bytes(p);
	}
	bpf_ringbuf_submit(event, 0);
}

/* Tells of a flow's end, from its opener's side. reason: none for silence, else why it was cut. */
static __always_inline void event_flow_end(const struct sek_flow_key *key,
					   const struct sek_flow *flow, __u64 now_ns, __u8 reason)
{
	struct sek_event *event = event_open(SEK_CAUSE_FLOW_END, now_ns);
	bool from_in = flow->flags & SEK_FLOW_FROM_IN;

	if (!event)
		return;
	event->reason = reason;
	event->verdict = reason ? SEK_DROP : SEK_FORWARD;
	event->dir = from_in ? SEK_IN : SEK_OUT;
	event->tenant = key->tenant;
	event->rule = flow->rule;
	event->generation = flow->generation;
	event->list = SEK_NO_LIST;
	event->port = sek_face_port(from_in ? flow->face[SEK_IN] : flow->face[SEK_OUT]);
	event->state = flow->state;
	event->flow_flags = flow->flags;
	event->src = from_in ? key->addr[1] : key->addr[0];
	event->dst = from_in ? key->addr[0] : key->addr[1];
	event->sport = from_in ? key->port[1] : key->port[0];
	event->dport = from_in ? key->port[0] : key->port[1];
	event->proto = key->proto;
	event->first_ns = flow->first_ns;
	event->last_ns = flow->last_ns;
	event->packets[0] = flow->packets[0];
	event->packets[1] = flow->packets[1];
	event->bytes[0] = flow->bytes[0];
	event->bytes[1] = flow->bytes[1];
	bpf_ringbuf_submit(event, 0);
}

#endif
