// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the counts of a worker. Called by it for each packet and each flow that ends; promises that adding
 * those of all workers gives what one would have counted.
 */
#include "inspect/counters.h"

#include "inspect/decode_layers.h"
#include "inspect/macs.h"
#include "inspect/tcp.h"

#define LINK_NULL 0
#define LINK_PPP 9
#define LINK_PPP_SERIAL 50
#define LINK_CISCO_HDLC 104
#define LINK_LOOP 108
#define LINK_COOKED 113
#define LINK_COOKED2 276
#define PORT_VXLAN 4789
#define PORT_GENEVE 6081

const char *const counter_paths[COUNTER_CNT] = {
#define COUNTER(id, path) [COUNTER_##id] = (path),
#include "inspect/counters.def"
#undef COUNTER
};

/* --- packets --- */

/* Those that begin with Ethernet or PPP are counted by their headers. */
static void link_count(struct counters *c, uint16_t link)
{
	switch (link) {
	case LINK_ETHERNET:
	case LINK_PPP:
	case LINK_PPP_SERIAL:
		break;
	case LINK_NULL:
	case LINK_LOOP:
		c->at[COUNTER_DECODER_NULL]++;
		break;
	case LINK_CISCO_HDLC:
		c->at[COUNTER_DECODER_CHDLC]++;
		break;
	case LINK_COOKED:
		c->at[COUNTER_DECODER_SLL]++;
		break;
	case LINK_COOKED2:
		c->at[COUNTER_DECODER_SLL2]++;
		break;
	default:
		c->at[COUNTER_DECODER_RAW]++;
	}
}

static void headers_count(struct counters *c, const uint8_t *headers)
{
	static const enum counter of[HEADERS] = {
		[HEADER_ETHERNET] = COUNTER_DECODER_ETHERNET,
		[HEADER_UNKNOWN_TYPE] = COUNTER_DECODER_UNKNOWN_ETHERTYPE,
		[HEADER_PPP] = COUNTER_DECODER_PPP,
		[HEADER_PPPOE] = COUNTER_DECODER_PPPOE,
		[HEADER_MPLS] = COUNTER_DECODER_MPLS,
		[HEADER_NSH] = COUNTER_DECODER_NSH,
		[HEADER_VNTAG] = COUNTER_DECODER_VNTAG,
		[HEADER_BACKBONE] = COUNTER_DECODER_IEEE8021AH,
		[HEADER_ERSPAN] = COUNTER_DECODER_ERSPAN,
	};

	for (size_t i = 0; i < HEADERS; i++)
		c->at[of[i]] += headers[i];
}

static void transport_count(struct counters *c, const struct packet *p)
{
	static const struct {
		uint8_t proto;
		enum counter counter;
	} kinds[] = {
		{ IP_TCP, COUNTER_DECODER_TCP },     { IP_UDP, COUNTER_DECODER_UDP },
		{ IP_SCTP, COUNTER_DECODER_SCTP },   { IP_ESP, COUNTER_DECODER_ESP },
		{ IP_ICMP, COUNTER_DECODER_ICMPV4 }, { IP_ICMPV6, COUNTER_DECODER_ICMPV6 },
		{ IP_GRE, COUNTER_DECODER_GRE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].proto == p->proto && !p->is_fragment)
			c->at[kinds[i].counter]++;
	if (p->proto != IP_TCP || !p->l4.len)
		return;
	c->at[COUNTER_TCP_SYN] += (p->tcp.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	c->at[COUNTER_TCP_SYNACK] += (p->tcp.flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
	c->at[COUNTER_TCP_RST] += (p->tcp.flags & TCP_RST) != 0;
	c->at[COUNTER_TCP_URG] += (p->tcp.flags & TCP_URG) != 0;
}

/* What a packet came in, where that is a tunnel. */
static void tunnel_count(struct counters *c, const struct packet *p)
{
	const struct packet *outer = p->outer;

	if (outer->proto == IP_UDP && outer->dport == PORT_VXLAN)
		c->at[COUNTER_DECODER_VXLAN]++;
	else if (outer->proto == IP_UDP && outer->dport == PORT_GENEVE)
		c->at[COUNTER_DECODER_GENEVE]++;
	else if (outer->proto == IP_UDP)
		c->at[COUNTER_DECODER_TEREDO]++;
	else if (outer->proto == IP_IPIP)
		c->at[outer->family == 4 ? COUNTER_DECODER_IPV4_IN_IPV4 : COUNTER_DECODER_IPV4_IN_IPV6]++;
	else if (outer->proto == IP_IPV6)
		c->at[outer->family == 4 ? COUNTER_DECODER_IPV6_IN_IPV4 : COUNTER_DECODER_IPV6_IN_IPV6]++;
}

static void frame_count(struct counters *c, const struct packet *p)
{
	uint64_t len = p->frame.len;

	c->at[COUNTER_DECODER_PKTS]++;
	c->at[COUNTER_DECODER_BYTES] += len;
	if (len > c->at[COUNTER_DECODER_MAX_PKT_SIZE])
		c->at[COUNTER_DECODER_MAX_PKT_SIZE] = len;
	c->at[COUNTER_DECODER_INVALID] += !decode_was_good(p);
	link_count(c, p->link);
}

void counters_decoded(struct counters *c, const struct packet *p, const uint8_t *headers)
{
	if (!p->outer) {
		frame_count(c, p);
		c->at[COUNTER_DECODER_VLAN] += p->vlan_cnt > 0;
		c->at[COUNTER_DECODER_VLAN_QINQ] += p->vlan_cnt > 1;
		c->at[COUNTER_DECODER_VLAN_QINQINQ] += p->vlan_cnt > 2;
		c->at[COUNTER_DECODER_ARP] += !p->family && p->ether_type == ETHER_ARP;
	}
	headers_count(c, headers);
	for (uint8_t i = 0; i < p->event_cnt; i++)
		c->event[p->event[i]]++;
	if (!p->family)
		return;
	if (p->is_rebuilt)
		c->at[p->family == 4 ? COUNTER_DEFRAG_REASSEMBLED4 : COUNTER_DEFRAG_REASSEMBLED6]++;
	else if (p->outer)
		tunnel_count(c, p);
	if (p->is_fragment)
		c->at[p->family == 4 ? COUNTER_DEFRAG_FRAGMENTS4 : COUNTER_DEFRAG_FRAGMENTS6]++;
	c->at[p->family == 4 ? COUNTER_DECODER_IPV4 : COUNTER_DECODER_IPV6]++;
	transport_count(c, p);
}

void counters_fate(struct counters *c, const struct packet *p)
{
	static const enum counter reasons[DROP_KINDS] = {
		[DROP_NONE] = COUNTER_IPS_DROP_RULES,
		[DROP_RULES] = COUNTER_IPS_DROP_RULES,
		[DROP_FLOW] = COUNTER_IPS_DROP_FLOW,
		[DROP_DECODE_ERROR] = COUNTER_IPS_DROP_DECODE_ERROR,
		[DROP_DEFRAG_MEMCAP] = COUNTER_IPS_DROP_DEFRAG_MEMCAP,
		[DROP_FLOW_MEMCAP] = COUNTER_IPS_DROP_FLOW_MEMCAP,
		[DROP_STREAM_ERROR] = COUNTER_IPS_DROP_STREAM_ERROR,
		[DROP_STREAM_MEMCAP] = COUNTER_IPS_DROP_STREAM_MEMCAP,
		[DROP_STREAM_MIDSTREAM] = COUNTER_IPS_DROP_STREAM_MIDSTREAM,
		[DROP_STREAM_REASSEMBLY] = COUNTER_IPS_DROP_STREAM_REASSEMBLY,
		[DROP_STREAM_URGENT] = COUNTER_IPS_DROP_STREAM_URGENT,
		[DROP_APPLAYER_ERROR] = COUNTER_IPS_DROP_APPLAYER_ERROR,
		[DROP_THRESHOLD] = COUNTER_IPS_DROP_THRESHOLD,
		[DROP_FILE] = COUNTER_IPS_DROP_FILE,
		[DROP_DATAGRAM] = COUNTER_IPS_DROP_DATAGRAM,
	};

	for (uint8_t i = 0; i < p->event_cnt; i++)
		c->at[COUNTER_TCP_OVERLAP_DIFF_DATA] +=
			p->event[i] == EVENT_STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA;
	if (!(p->fate & FATE_DROP)) {
		c->at[COUNTER_IPS_ACCEPTED]++;
		return;
	}
	c->at[COUNTER_IPS_BLOCKED]++;
	c->at[COUNTER_IPS_REJECTED] += (p->fate & (FATE_REJECT_SRC | FATE_REJECT_DST)) != 0;
	c->at[reasons[p->drop < DROP_KINDS ? p->drop : DROP_NONE]]++;
}

/* --- flows --- */

_Static_assert(COUNTER_FLOW_END_TCP_CLOSED - COUNTER_FLOW_END_TCP_NONE == TCP_CLOSED,
	       "counted in the order of the states");

static void session_count(struct counters *c, const struct flow *flow)
{
	const struct session *s = &flow->session;
	size_t over = flow->proto == IP_UDP;

	if (s->proto == PROTO_FAILED || (s->proto == PROTO_UNKNOWN && flow->proto == IP_UDP))
		c->at[over ? COUNTER_FAILED_UDP : COUNTER_FAILED_TCP]++;
	if (s->original > PROTO_FAILED && s->original != s->proto)
		c->app[s->original][over].flows++;
	if (s->proto <= PROTO_FAILED || s->proto >= PROTO_CNT)
		return;
	c->app[s->proto][over].flows++;
	c->app[s->proto][over].txs += s->tx_cnt;
	if (flow->tcp && (flow->tcp->side[0].has_gap || flow->tcp->side[1].has_gap))
		c->app[s->proto][over].gap_errors += s->failed;
	else
		c->app[s->proto][over].parser_errors += s->failed;
}

/* The most that a flow had. */
static void macs_count(struct counters *c, const struct macs *macs)
{
	uint64_t *src = &c->at[COUNTER_DECODER_MAX_MAC_ADDRS_SRC],
		 *dst = &c->at[COUNTER_DECODER_MAX_MAC_ADDRS_DST];

	if (macs->cnt[FROM_CLIENT] > *src)
		*src = macs->cnt[FROM_CLIENT];
	if (macs->cnt[FROM_SERVER] > *dst)
		*dst = macs->cnt[FROM_SERVER];
}

void counters_flow(struct counters *c, const struct flow *flow, enum flow_end why)
{
	static const enum counter states[FLOW_STATES] = {
		[FLOW_NEW] = COUNTER_FLOW_END_NEW,
		[FLOW_ESTABLISHED] = COUNTER_FLOW_END_ESTABLISHED,
		[FLOW_CLOSED] = COUNTER_FLOW_END_CLOSED,
		[FLOW_BYPASSED] = COUNTER_FLOW_END_BYPASSED,
	};

	c->at[COUNTER_FLOW_TOTAL]++;
	c->at[COUNTER_FLOW_TCP] += flow->proto == IP_TCP;
	c->at[COUNTER_FLOW_UDP] += flow->proto == IP_UDP;
	c->at[COUNTER_FLOW_ICMPV4] += flow->proto == IP_ICMP;
	c->at[COUNTER_FLOW_ICMPV6] += flow->proto == IP_ICMPV6;
	c->at[COUNTER_FLOW_TCP_REUSE] += why == FLOW_END_TCP_REUSE;
	c->at[states[flow->state]]++;
	if (flow->tcp) {
		c->at[COUNTER_TCP_SESSIONS]++;
		c->at[COUNTER_FLOW_END_TCP_NONE + flow->tcp->state]++;
		c->at[COUNTER_TCP_MIDSTREAM_PICKUPS] += flow->tcp->midstream;
		for (int side = 0; side < SIDES; side++)
			c->at[COUNTER_TCP_STREAM_DEPTH_REACHED] +=
				flow->tcp->side[side].depth_reached;
	}
	if (flow->macs)
		macs_count(c, flow->macs);
	session_count(c, flow);
}

static bool is_max(enum counter counter)
{
	return counter == COUNTER_DECODER_MAX_PKT_SIZE ||
	       counter == COUNTER_DECODER_MAX_MAC_ADDRS_SRC ||
	       counter == COUNTER_DECODER_MAX_MAC_ADDRS_DST;
}

void counters_add(struct counters *to, const struct counters *from)
{
	for (size_t i = 0; i < COUNTER_CNT; i++)
		if (!is_max((enum counter)i))
			to->at[i] += from->at[i];
		else if (to->at[i] < from->at[i])
			to->at[i] = from->at[i];
	for (size_t i = 0; i < EVENT_CNT; i++)
		to->event[i] += from->event[i];
	for (size_t id = 0; id < PROTO_CNT; id++)
		for (size_t over = 0; over < APP_OVERS; over++) {
			to->app[id][over].flows += from->app[id][over].flows;
			to->app[id][over].txs += from->app[id][over].txs;
			to->app[id][over].parser_errors += from->app[id][over].parser_errors;
			to->app[id][over].gap_errors += from->app[id][over].gap_errors;
		}
}
