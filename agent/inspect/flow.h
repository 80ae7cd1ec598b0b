/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow: the packets of both directions between two ends. One worker owns it; nothing here is locked.
 */
#ifndef AGENT_INSPECT_FLOW_H
#define AGENT_INSPECT_FLOW_H

#include "inspect/packet.h"
#include "inspect/purpose.h"
#include "proto/proto.h"
#include "sekisho/handoff.h"

/* FLOW_BYPASSED: nothing more is looked at (a rule, or a policy for what could not be followed). */
enum flow_state { FLOW_NEW, FLOW_ESTABLISHED, FLOW_CLOSED, FLOW_BYPASSED, FLOW_STATES };

/* Why its record was written. FLOW_END_TCP_REUSE: the same ports began anew. */
enum flow_end { FLOW_END_TIMEOUT, FLOW_END_FORCED, FLOW_END_SHUTDOWN, FLOW_END_TCP_REUSE };

struct tcp_session; /* tcp.h */
struct detect_flow; /* detect/detect.h: flowbits, variables, what was found */
struct flow_table; /* flowtable.h */

struct flow {
	struct flow *next; /* in its bucket */
	struct flow *older,
		*newer; /* in the order of their last packets, of those that time out alike */
	struct flow_table *table;
	uint64_t id; /* made of the key and the first packet: the same in every run */
	uint64_t parent_id; /* of the flow that announced it; 0: none did */
	uint32_t hash;
	uint16_t tenant; /* whose it is; 0: nobody's */
	uint16_t told_tenant; /* the same in its key, where it came with the packets */
	uint8_t family, proto;
	uint8_t depth; /* tunnels around it */
	uint8_t shard, timeout_class; /* its list in the table */
	uint8_t ttl_min[SIDES], ttl_max[SIDES];
	struct sek_addr addr[SIDES]; /* [FROM_CLIENT]: of who opened it */
	uint16_t port[SIDES]; /* ICMP: type and code of the first packet */
	uint16_t answer_port[2]; /* ICMP: type and code of the first packet of the other side */
	uint32_t spi; /* ESP */
	uint16_t vlan[PACKET_VLANS_MAX];
	uint8_t vlan_cnt;
	enum flow_state state;
	uint64_t first_packet; /* number */
	uint64_t first_ns, last_ns;
	uint64_t moved_ns; /* the table's clock at its last packet: never goes back along a list */
	uint64_t packets[SIDES], bytes[SIDES];
	bool heard[SIDES]; /* it sent something itself: errors that quote the flow are no answer */
	uint64_t tenant_bytes; /* of memory, charged to its tenant */

	struct tcp_session *tcp; /* NULL: no TCP, or not looked at */
	struct session session; /* of the protocol above, see proto.h */
	struct detect_flow *detect; /* NULL: nothing to remember yet */
	uint32_t protocols; /* detection's: those that were known when it was last asked */
	bool protocol_due[SIDES]; /* detection's: what that side speaks is still to be asked of */
	uint32_t rules; /* detection's: generation of the ruleset that it was asked last */
	bool ip_only_asked[SIDES]; /* detection's: rules about addresses alone were */
	struct macs *macs; /* NULL: none, or nobody asks for them */

	uint8_t fate; /* enum packet_fate: of all packets that follow */
	bool passed; /* FATE_PASS for the whole flow */
	bool alerted;
	uint8_t told; /* what records told of it once; report/ knows the bits */
	struct file *waiting; /* files that hold back what was sent; file/waits.h */
	uint64_t wait_cnt[SIDES]; /* numbers that they were given */
	uint64_t outside_ns; /* which it is for who hands its packets over: inspector_outside() */
	void *held; /* of who has what they hold back; the engine does not look at it */
	uint8_t over; /* FLOW_BYPASSED: why */
	struct purpose purpose; /* in line: for whom it is looked at */
	bool no_payload, no_packet; /* inspection of these was ended (bypass, encrypted) */
	bool payload_over[SIDES]; /* no_payload: what that side sent before was inspected */
	uint32_t exceptions; /* policies for what could not be followed, one bit each */
};

static inline struct flow *session_flow(struct session *session)
{
	return (struct flow *)((char *)session - offsetof(struct flow, session));
}

/*
 * Ends inspection of all packets that follow, as rules with bypass and exception policies ask; the first why
 * stays.
 */
void flow_bypass(struct flow *flow, enum sek_back_why why);

#endif
