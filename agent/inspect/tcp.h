/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection as its two ends understand it: which packets they take, which bytes that makes. Owned
 * by the flow's worker.
 */
#ifndef AGENT_INSPECT_TCP_H
#define AGENT_INSPECT_TCP_H

#include "base/pool.h"
#include "inspect/exception.h"
#include "inspect/flow.h"
#include "inspect/stream.h"

struct config;
struct engine_setup;

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

/* RFC 9293, 3.3.2, by what passed in between; the order matters: from TCP_ESTABLISHED on it was open. */
enum tcp_state {
	TCP_NONE,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_LAST_ACK,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_CLOSED,
	TCP_STATES
};

enum tcp_urgent { TCP_URGENT_OOB, TCP_URGENT_INLINE, TCP_URGENT_DROP, TCP_URGENT_GAP };

#define TCP_SYNACKS_MAX 5 /* that differ, kept until one is acknowledged */

struct tcp_synack {
	uint32_t seq, ack, window, tsval;
	bool has_timestamps, allows_sack, has_scale;
	uint8_t scale;
};

struct tcp_settings;

struct tcp_session {
	const struct tcp_settings *settings;
	struct tcp_memory *memory; /* of its worker */
	enum tcp_state state, former; /* former: before it was reset */
	bool midstream, midstream_synack, async, four_way, timestamps, sack, fastopen,
		fastopen_ignored;

	uint8_t synack_cnt;
	struct tcp_synack synacks[TCP_SYNACKS_MAX];
	struct tcp_stream side[SIDES]; /* by who sends */
};

struct tcp_settings {
	struct stream_settings stream;
	bool midstream, async, drops_invalid, checks_sums, liberal_timestamps, bypass;
	bool sides_leave; /* what is behind the depth of one side need not come any more */
	enum tcp_urgent urgent;
	enum exception_policy midstream_policy, session_memcap_policy, reassembly_memcap_policy;
	uint64_t sessions_max; /* of all workers; an equal part for each shard */
	uint64_t reassembly_max; /* bytes of one worker */
};

/* A worker's. */
struct tcp_tracker {
	const struct tcp_settings *settings;
	const struct hostos *hostos;
	struct flow_table *flows;
	struct pool pool;
	struct tcp_memory memory;
	uint64_t sessions_refused, bad_sums, gaps, invalid;
	uint64_t overlaps; /* segments for a place that has bytes */
	uint64_t urgent_bytes; /* taken out of their streams */
	uint64_t unseen_acks; /* of bytes that did not come, as far as they are taken for good */
};

void tcp_settings_read(const struct config *config, const struct engine_setup *setup,
		       unsigned int workers, struct tcp_settings *ret_settings);
void tcp_tracker_init(struct tcp_tracker *tracker, const struct tcp_settings *settings,
		      const struct hostos *hostos, struct flow_table *flows);
void tcp_tracker_end(struct tcp_tracker *tracker);

/* One packet of a TCP flow: session, streams, parsers. The packet's flow may become another one. */
void tcp_packet(struct tcp_tracker *tracker, struct packet *packet);
/* The flow is over: what waits is handed on. The packet is the engine's pseudo packet of that side. */
void tcp_finish(struct tcp_tracker *tracker, struct packet *packet);
void tcp_forget(struct tcp_tracker *tracker, struct flow *flow);
/* Both sides have sent their last byte, and said so. */
static inline bool tcp_is_finished(const struct tcp_session *tcp)
{
	return tcp->state == TCP_CLOSED && tcp->side[0].fin_seen && tcp->side[1].fin_seen &&
	       !tcp->side[0].rst_seen && !tcp->side[1].rst_seen;
}
/* The flow waits for its time to end: what was read of a connection that is over needs no memory. */
void tcp_rest(struct tcp_tracker *tracker, struct flow *flow);

const char *tcp_state_name(enum tcp_state state); /* as records say it: "syn_sent" */

#endif
