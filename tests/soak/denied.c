// SPDX-License-Identifier: Apache-2.0
/*
 * Packets that policy denies, each with the reason under which it must be counted, and those on
 * which two policies or two lists differ.
 */
#include <stdio.h>

#include "soak/talk.h"

#define PORTS 60000 /* numbers above 1024 that are gone through */

static void bend_sum(struct frame *frame)
{
	frame->b[frame->l3 + 10] ^= 0x55;
}

struct denial {
	struct entry entry;
	struct pkt pkt;
};

#define DENY(what_, from_, tenant_, reason_, ...)                                                  \
	{                                                                                          \
		{ what_, from_, FATE_DROP, tenant_, SEK_R_##reason_ },                             \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* The source port is filled in where it is 0. Body 1 is behind VLAN 101, body 2 behind 102. */
static const struct denial denials[] = {
	DENY("no rule, out", SOAK_LAN, 1, default_drop, .vlan = 101, .src = "10.1.0.7",
	     .dst = "198.51.0.80", .proto = IPPROTO_TCP, .dport = 23, .flags = TCP_SYN),
	DENY("no rule, in", SOAK_WAN, 2, default_drop, .vlan = 102, .src = "198.51.0.7",
	     .dst = "10.1.0.80", .proto = IPPROTO_TCP, .dport = 22, .flags = TCP_SYN),
	DENY("no rule, in, IPv6", SOAK_WAN, 1, default_drop, .vlan = 101, .src = "2001:db8:ff::7",
	     .dst = "2001:db8:101::80", .proto = IPPROTO_UDP, .dport = 161),
	DENY("drop rule, out", SOAK_LAN, 2, rule_drop, .vlan = 102, .src = "10.1.0.7",
	     .dst = "198.51.0.80", .proto = IPPROTO_UDP, .dport = 4444, .payload_len = 50),
	DENY("listed source", SOAK_WAN, 1, list_block, .vlan = 101, .src = "192.0.2.66",
	     .dst = "10.1.0.80", .proto = IPPROTO_TCP, .dport = 80, .flags = TCP_SYN),
	DENY("listed source, IPv6", SOAK_WAN, 2, list_block, .vlan = 102, .src = "2001:db8:bad::66",
	     .dst = "2001:db8:102::80", .proto = IPPROTO_TCP, .dport = 80, .flags = TCP_SYN),
	DENY("listed destination", SOAK_LAN, 1, list_block, .vlan = 101, .src = "10.1.0.7",
	     .dst = "192.0.2.66", .proto = IPPROTO_TCP, .dport = 80, .flags = TCP_SYN),
	DENY("forged source", SOAK_LAN, 1, spoofed, .vlan = 101, .src = "10.9.0.7",
	     .dst = "198.51.0.80", .proto = IPPROTO_TCP, .dport = 80, .flags = TCP_SYN),
	DENY("nobody's VLAN", SOAK_LAN, 0, no_tenant, .vlan = 999, .src = "10.1.0.7",
	     .dst = "198.51.0.80", .proto = IPPROTO_TCP, .dport = 80, .flags = TCP_SYN),
	DENY("TCP without a flow", SOAK_WAN, 1, tcp_no_flow, .vlan = 101, .src = "198.51.0.7",
	     .dst = "10.1.0.80", .proto = IPPROTO_TCP, .dport = 80, .flags = TCP_ACK,
	     .payload_len = 40),
	DENY("echo reply unasked", SOAK_WAN, 2, icmp_no_request, .vlan = 102, .src = "198.51.0.7",
	     .dst = "10.1.0.7", .proto = IPPROTO_ICMP, .type = 0, .id = 7),
	DENY("header sum wrong", SOAK_LAN, 0, ip_checksum, .vlan = 101, .src = "10.1.0.7",
	     .dst = "198.51.0.80", .proto = IPPROTO_TCP, .dport = 80, .flags = TCP_SYN,
	     .bend = bend_sum),
};
#define DENIALS (sizeof(denials) / sizeof(denials[0]))

void denied_send(struct wire *wire, uint32_t n)
{
	const struct denial *denial = &denials[n % DENIALS];
	struct pkt pkt = denial->pkt;

	pkt.sport = (uint16_t)(1024 + n % PORTS);
	wire_add(wire, &denial->entry, &pkt);
}

/* Policy A lets port 1001 out, policy B port 1002. */
static void policy_send(struct wire *wire, uint32_t n, enum swing swing)
{
	bool allowed = swing == (n & 1 ? SWING_B : SWING_A);
	const struct entry entry = { .what = "policy's swing",
				     .from = SOAK_LAN,
				     .fate = swing == SWING_EITHER ? FATE_EITHER
					     : allowed		   ? FATE_PASS
								   : FATE_DROP,
				     .tenant = 4,
				     .reason = allowed ? SEK_R_accepted : SEK_R_default_drop };
	char src[16];
	struct pkt pkt = { .vlan = 104, .src = src, .dst = "198.51.0.80", .proto = IPPROTO_UDP };

	snprintf(src, sizeof(src), "10.4.1.%u", 1 + n / PORTS % 250);
	pkt.sport = (uint16_t)(1024 + n % PORTS);
	pkt.dport = n & 1 ? 1002 : 1001;
	wire_add(wire, &entry, &pkt);
}

/* List A has 192.0.2.65, list B has 192.0.2.67; both have 192.0.2.66, none has 192.0.2.68. */
static void list_send(struct wire *wire, uint32_t n, enum swing swing)
{
	static const char *const sources[] = { "192.0.2.65", "192.0.2.66", "192.0.2.67",
					       "192.0.2.68" };
	uint32_t which = n & 3;
	bool sure = which & 1, blocked = sure ? which == 1 : (which == 0) == (swing == SWING_A);
	const struct entry entry = { .what = sure ? "listed in both or none" : "lists' swing",
				     .from = SOAK_WAN,
				     .fate = !sure && swing == SWING_EITHER ? FATE_EITHER
					     : blocked			    ? FATE_DROP
									    : FATE_PASS,
				     .tenant = 4,
				     .reason = blocked ? SEK_R_list_block : SEK_R_accepted };
	char dst[16];
	struct pkt pkt = { .vlan = 104, .src = sources[which], .dst = dst, .proto = IPPROTO_UDP };

	snprintf(dst, sizeof(dst), "10.4.2.%u", 1 + n / PORTS % 250);
	pkt.sport = (uint16_t)(1024 + n % PORTS);
	pkt.dport = 53;
	wire_add(wire, &entry, &pkt);
}

void swing_send(struct wire *wire, uint32_t n, enum swing policy, enum swing list)
{
	if (n & 1)
		policy_send(wire, n >> 1, policy);
	else
		list_send(wire, n >> 1, list);
}
