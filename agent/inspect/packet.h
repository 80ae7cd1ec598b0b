/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet as the engine sees it: the headers as numbers in the machine's order, the rest as slices of
 * the frame. Filled by decode.c, read by everybody, changed by nobody but the engine's own stages.
 */
#ifndef AGENT_INSPECT_PACKET_H
#define AGENT_INSPECT_PACKET_H

#include "base/slice.h"
#include "inspect/events.h"
#include "sekisho/base.h"

/* Who sent: the side that opened the flow, or the other one. Rules say to_server, to_client. */
enum side { FROM_CLIENT = 0, FROM_SERVER = 1, SIDES = 2 };

static inline enum side other_side(enum side side)
{
	return side == FROM_CLIENT ? FROM_SERVER : FROM_CLIENT;
}

#define PACKET_EVENTS_MAX 15
#define PACKET_VLANS_MAX 3

enum packet_sum { SUM_UNCHECKED = 0, SUM_GOOD, SUM_BAD };

struct packet_tcp {
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint8_t flags; /* as on the wire, ECE and CWR among them */
	uint8_t options_len;
	bool has_timestamps, has_mss, has_scale, allows_sack, has_fastopen;
	bool is_cookie; /* a SYN cookie opened its connection: nobody shows what the server answered */
	uint32_t tsval, tsecr;
	uint16_t mss;
	uint8_t scale;
};

struct packet_icmp {
	uint8_t type, code;
	uint16_t id, seq;
};

/* What happens to a packet; more than one may be said, the strongest counts. */
enum packet_fate {
	FATE_PASS = 1 << 0, /* a rule said so: nothing else is asked */
	FATE_DROP = 1 << 1,
	FATE_REJECT_SRC = 1 << 2,
	FATE_REJECT_DST = 1 << 3,
};

/* What let it fall, for records; the first one that said so. */
enum packet_drop {
	DROP_NONE = 0,
	DROP_RULES,
	DROP_FLOW, /* its flow is dropped since an earlier packet */
	DROP_DECODE_ERROR,
	DROP_DEFRAG_MEMCAP,
	DROP_FLOW_MEMCAP,
	DROP_STREAM_ERROR,
	DROP_STREAM_MEMCAP,
	DROP_STREAM_MIDSTREAM,
	DROP_STREAM_REASSEMBLY,
	DROP_STREAM_URGENT,
	DROP_APPLAYER_ERROR,
	DROP_THRESHOLD, /* a rate was exceeded */
	DROP_FILE, /* of what its file was found to be */
	DROP_DATAGRAM, /* it is a piece of a datagram that was refused */
	DROP_KINDS
};

struct flow;
struct alert;

struct packet {
	uint64_t number; /* of the frame it came in, from 1: records are put in order by it */
	uint64_t time_ns; /* since 1970 */
	/*
	 * From its first header on. Of an inner packet: from the header behind the tunnel's; of one
	 * rebuilt of fragments: the link header of the last one, then the whole.
	 */
	struct slice frame;
	uint16_t link; /* LINKTYPE_ of what the frame begins with */
	uint8_t depth; /* tunnels around it */
	const struct packet *outer; /* the tunnel, or the last fragment, that it came out of; or NULL */
	bool is_pseudo; /* made by the engine, to end a flow unless it is between: it has no bytes */
	bool is_between; /* the flow goes on: something of it can be asked that waited */
	bool is_change; /* of these, one that is made where the flow's protocol changes: of what was before */
	bool is_rebuilt; /* of fragments */
	bool is_carrier; /* its payload is a packet of its own: rules ask its bytes there, not here */
	bool is_tagged; /* a rule wants it in the records (tag) */

	const uint8_t *ether; /* the innermost Ethernet header in front of its IP; NULL: there is none */
	uint16_t ether_type;
	uint16_t vlan[PACKET_VLANS_MAX]; /* outermost first, ids without priority */
	uint8_t vlan_cnt;

	uint8_t family; /* 4, 6; 0: no IP, and nothing below is set */
	uint8_t proto; /* of the transport, behind all extension headers */
	uint8_t ttl, tos;
	uint16_t ip_id;
	bool is_fragment, dont_fragment, more_fragments;
	uint16_t fragment_offset; /* bytes */
	uint64_t datagram; /* a fragment's: which one it is of, as a number */
	struct sek_addr src, dst;
	struct slice ip; /* header and all behind it, as the header says */
	struct slice l4; /* transport header and all behind it */
	struct slice payload; /* behind the transport header; of a fragment, of GRE and of IP in IP: none */
	uint16_t sport, dport; /* TCP, UDP, SCTP */
	struct packet_tcp tcp;
	struct packet_icmp icmp;
	uint32_t spi; /* ESP */
	enum packet_sum ip_sum, l4_sum; /* if they were checked: packet_ip_sum() looks itself */

	uint8_t event_cnt;
	uint8_t event[PACKET_EVENTS_MAX]; /* enum engine_event */
	uint8_t events_lost; /* that had no room */

	struct flow *flow; /* NULL: it belongs to none */
	uint16_t tenant; /* its flow's, else by its own addresses; 0: nobody's */
	enum side side;
	bool is_stream; /* its bytes are taken up by the flow's stream: stream rules see them there */
	bool state_changed; /* TCP: of its session, by this packet */
	bool is_established; /* TCP: of a session past its handshake; else: both sides were heard */
	uint8_t fate; /* enum packet_fate */
	uint8_t drop; /* enum packet_drop */

	struct alert *alerts; /* what detection found, the engine's memory until the next packet */
	uint32_t alert_cnt;
};

/* It ends its flow's side: nothing follows. */
static inline bool packet_is_last(const struct packet *packet)
{
	return packet->is_pseudo && !packet->is_between;
}

/* Remembers that something is odd; what does not fit is counted by the engine. */
void packet_event(struct packet *packet, enum engine_event event);

#endif
