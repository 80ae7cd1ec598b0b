// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/control.h: ARP, neighbour discovery, MLD (G87) and the reserved link-layer
 * addresses (G90) pass by the port's mode, whatever the rules say. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <string.h>

static const uint8_t arp_request[28] = { 0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0, 0, 1,
					 10, 0, 1, 5, 0, 0, 0, 0, 0, 0, 10, 0, 1, 1 };

#define ARP .ethertype = 0x0806, .payload = arp_request, .payload_len = sizeof(arp_request)
#define ND(type_) .proto = IPPROTO_ICMPV6, .type = (type_), .ttl = 255, .payload_len = 16
#define MLD(type_) .proto = IPPROTO_ICMPV6, .type = (type_), .ttl = 1, .payload_len = 16
/* RFC 2710, RFC 3810: MLD travels with a router alert in a hop-by-hop header. */
#define ALERT .ext = { { 0, 8, { 0, 0, 5, 2, 0, 0, 1, 0 } } }
#define LINK "fe80::1"

static void bridge_passes(void **state)
{
	const struct row rows[] = {
		{ "ARP from inside", INSIDE, { .vlan = 10, ARP }, SEK_R_neighbour, NULL },
		{ "ARP from outside", OUTSIDE, { .vlan = 10, ARP }, SEK_R_neighbour, NULL },
		{ "ARP, untagged", INSIDE, { ARP }, SEK_R_neighbour, NULL },
		{ "router solicitation",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::2", ND(133) },
		  SEK_R_neighbour,
		  NULL },
		{ "router advertisement",
		  OUTSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::1", ND(134) },
		  SEK_R_neighbour,
		  NULL },
		{ "neighbour solicitation",
		  INSIDE,
		  { .vlan = 10, .src = "2001:db8:a::5", .dst = "ff02::1:ff00:1", ND(135) },
		  SEK_R_neighbour,
		  NULL },
		{ "duplicate address detection",
		  INSIDE,
		  { .vlan = 10, .src = "::", .dst = "ff02::1:ff00:5", ND(135) },
		  SEK_R_neighbour,
		  NULL },
		{ "neighbour advertisement",
		  OUTSIDE,
		  { .vlan = 10, .src = LINK, .dst = "2001:db8:a::5", ND(136) },
		  SEK_R_neighbour,
		  NULL },
		{ "redirect",
		  OUTSIDE,
		  { .vlan = 10, .src = LINK, .dst = "2001:db8:a::5", ND(137) },
		  SEK_R_neighbour,
		  NULL },
		{ "MLD query",
		  OUTSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::1", MLD(130), ALERT },
		  SEK_R_neighbour,
		  NULL },
		{ "MLD report",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::1:ff00:5", MLD(131), ALERT },
		  SEK_R_neighbour,
		  NULL },
		{ "MLD done",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::2", MLD(132), ALERT },
		  SEK_R_neighbour,
		  NULL },
		{ "MLDv2 report",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::16", MLD(143), ALERT },
		  SEK_R_neighbour,
		  NULL },
		{ "MLDv2 report of a host without address",
		  INSIDE,
		  { .vlan = 10, .src = "::", .dst = "ff02::16", MLD(143), ALERT },
		  SEK_R_neighbour,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
	assert_int_equal(bed_flows(bed, NULL), 0);
}

/* RFC 2131: BOOTP's 236 bytes, the cookie, "discover" or "offer". */
#define BOOTP(op_)                                                                                 \
	{                                                                                          \
		(op_), 1, 6, [236] = 0x63, 0x82, 0x53, 0x63, 53, 1, 2, 255                         \
	}
static const uint8_t dhcp_asks[300] = BOOTP(1), dhcp_tells[300] = BOOTP(2);
#define ASKS                                                                                       \
	.proto = IPPROTO_UDP, .sport = 68, .dport = 67, .payload = dhcp_asks, .payload_len = 300
#define TELLS                                                                                      \
	.proto = IPPROTO_UDP, .sport = 67, .dport = 68, .payload = dhcp_tells, .payload_len = 300
#define ASKS6 .proto = IPPROTO_UDP, .sport = 546, .dport = 547, .payload_len = 60
#define TELLS6 .proto = IPPROTO_UDP, .sport = 547, .dport = 546, .payload_len = 60
#define EVERYBODY "255.255.255.255"

static void bridge_configures(void **state)
{
	const struct row rows[] = {
		{ "DHCP discover",
		  INSIDE,
		  { .vlan = 10, .src = "0.0.0.0", .dst = EVERYBODY, ASKS },
		  SEK_R_neighbour,
		  NULL },
		{ "DHCP discover of a host beyond",
		  OUTSIDE,
		  { .vlan = 10, .src = "0.0.0.0", .dst = EVERYBODY, ASKS },
		  SEK_R_neighbour,
		  NULL },
		{ "DHCP rebinding",
		  INSIDE,
		  { .vlan = 10, .src = "10.0.1.5", .dst = EVERYBODY, ASKS },
		  SEK_R_neighbour,
		  NULL },
		{ "DHCP offer to all",
		  OUTSIDE,
		  { .vlan = 10, .src = "10.0.0.1", .dst = EVERYBODY, TELLS },
		  SEK_R_neighbour,
		  NULL },
		{ "DHCP offer to the new address",
		  OUTSIDE,
		  { .vlan = 10, .src = "10.0.0.1", .dst = "10.0.1.5", TELLS },
		  SEK_R_neighbour,
		  NULL },
		{ "DHCP offer, server inside",
		  INSIDE,
		  { .vlan = 10, .src = "10.0.0.1", .dst = "10.0.1.5", TELLS },
		  SEK_R_neighbour,
		  NULL },
		{ "DHCPv6 solicit",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::1:2", ASKS6 },
		  SEK_R_neighbour,
		  NULL },
		{ "DHCPv6 reply",
		  OUTSIDE,
		  { .vlan = 10, .src = LINK, .dst = "fe80::5", TELLS6 },
		  SEK_R_neighbour,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
	assert_int_equal(bed_flows(bed, NULL), 0);
}

/* What only looks like it goes the way of all packets. */
static void no_configuration(void **state)
{
	const struct row rows[] = {
		{ "broadcast to another port",
		  INSIDE,
		  { .vlan = 10,
		    .src = "0.0.0.0",
		    .dst = EVERYBODY,
		    .proto = IPPROTO_UDP,
		    .sport = 68,
		    .dport = 69,
		    .payload_len = 300 },
		  SEK_R_martian,
		  NULL },
		{ "request without a cookie",
		  INSIDE,
		  { .vlan = 10,
		    .src = "0.0.0.0",
		    .dst = EVERYBODY,
		    .proto = IPPROTO_UDP,
		    .sport = 68,
		    .dport = 67,
		    .payload_len = 300 },
		  SEK_R_martian,
		  NULL },
		{ "request as short as a ping",
		  INSIDE,
		  { .vlan = 10,
		    .src = "0.0.0.0",
		    .dst = EVERYBODY,
		    .proto = IPPROTO_UDP,
		    .sport = 68,
		    .dport = 67,
		    .payload_len = 8 },
		  SEK_R_martian,
		  NULL },
		{ "reply that goes to the server",
		  INSIDE,
		  { .vlan = 10,
		    .src = "0.0.0.0",
		    .dst = EVERYBODY,
		    .proto = IPPROTO_UDP,
		    .sport = 68,
		    .dport = 67,
		    .payload = dhcp_tells,
		    .payload_len = 300 },
		  SEK_R_martian,
		  NULL },
		{ "a piece of it",
		  INSIDE,
		  { .vlan = 10, .src = "0.0.0.0", .dst = EVERYBODY, ASKS, .piece = 256 },
		  SEK_R_martian,
		  NULL },
		{ "reply from the Internet",
		  OUTSIDE,
		  { .vlan = 10, .src = "198.51.100.67", .dst = "10.0.1.5", TELLS },
		  SEK_R_default_drop,
		  NULL },
		{ "reply from the link that is none",
		  OUTSIDE,
		  { .vlan = 10,
		    .src = "10.0.0.1",
		    .dst = "10.0.1.5",
		    .proto = IPPROTO_UDP,
		    .sport = 67,
		    .dport = 68,
		    .payload_len = 300 },
		  SEK_R_spoofed,
		  NULL },
		{ "relay's request",
		  INSIDE,
		  { .vlan = 10,
		    .src = "10.0.0.1",
		    .dst = "198.51.100.67",
		    .proto = IPPROTO_UDP,
		    .sport = 67,
		    .dport = 67,
		    .payload_len = 300 },
		  SEK_R_default_reject,
		  NULL },
		{ "a VLAN that nobody has",
		  INSIDE,
		  { .vlan = 99, .src = "0.0.0.0", .dst = EVERYBODY, ASKS },
		  SEK_R_no_tenant,
		  NULL },
		{ "DHCPv6 to a server beyond",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff05::1:3", ASKS6 },
		  SEK_R_spoofed,
		  NULL },
		{ "DHCPv6 reply from the Internet",
		  OUTSIDE,
		  { .vlan = 10, .src = "2001:db8:ff::80", .dst = "2001:db8:a::5", TELLS6 },
		  SEK_R_default_drop,
		  NULL },
		{ "DHCPv6 in pieces",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::1:2", ASKS6, .piece = 32 },
		  SEK_R_spoofed,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum sek_reason got = bed_run(bed, rows[i].port, &rows[i].pkt);

		if (got != rows[i].reason)
			fail_msg("%s: got %s, wanted %s", rows[i].what, reason_name(got),
				 reason_name(rows[i].reason));
	}
}

/* A routed port's are the kernel's; nothing for a body goes round its rules. */
static void route_configures(void **state)
{
	const struct row rows[] = {
		{ "DHCP discover",
		  INSIDE,
		  { .vlan = 10, .src = "0.0.0.0", .dst = EVERYBODY, ASKS },
		  SEK_R_stack_neighbour,
		  NULL },
		{ "DHCP offer to all",
		  OUTSIDE,
		  { .src = "192.0.2.2", .dst = EVERYBODY, TELLS },
		  SEK_R_stack_neighbour,
		  NULL },
		{ "DHCPv6 solicit",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::1:2", ASKS6 },
		  SEK_R_stack_neighbour,
		  NULL },
		{ "DHCP offer to a body",
		  OUTSIDE,
		  { .src = "192.0.2.2", .dst = "10.1.0.5", TELLS },
		  SEK_R_default_drop,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_route);
	bed_table(bed, rows);
}

static const uint8_t alert4[4] = { 148, 4, 0, 0 };
#define IGMP(kind)                                                                                 \
	.proto = 2, .ttl = 1, .payload = (const uint8_t[8]){ (kind) }, .payload_len = 8,           \
	.options = alert4, .options_len = 4
#define IN_BODY .vlan = 10, .src = "10.0.1.5"

/* Listeners of IPv4: hop limit 1, to a group, with a router alert or without. */
static void groups(void **state)
{
	const struct row rows[] = {
		{ "query",
		  OUTSIDE,
		  { .vlan = 10, .src = "10.0.0.1", .dst = "224.0.0.1", IGMP(0x11) },
		  SEK_R_neighbour,
		  NULL },
		{ "query from nobody",
		  OUTSIDE,
		  { .vlan = 10, .src = "0.0.0.0", .dst = "224.0.0.1", IGMP(0x11) },
		  SEK_R_neighbour,
		  NULL },
		{ "report of version 1",
		  INSIDE,
		  { IN_BODY, .dst = "239.1.2.3", IGMP(0x12) },
		  SEK_R_neighbour,
		  NULL },
		{ "report of version 2",
		  INSIDE,
		  { IN_BODY, .dst = "239.1.2.3", IGMP(0x16) },
		  SEK_R_neighbour,
		  NULL },
		{ "report of version 3",
		  INSIDE,
		  { IN_BODY, .dst = "224.0.0.22", IGMP(0x22) },
		  SEK_R_neighbour,
		  NULL },
		{ "leave", INSIDE, { IN_BODY, .dst = "224.0.0.2", IGMP(0x17) }, SEK_R_neighbour, NULL },
		{ "no alert",
		  INSIDE,
		  { IN_BODY, .dst = "224.0.0.2", .proto = 2, .ttl = 1,
		    .payload = (const uint8_t[8]){ 0x17 }, .payload_len = 8 },
		  SEK_R_neighbour,
		  NULL },
		{ "from beyond the link",
		  OUTSIDE,
		  { .vlan = 10,
		    .src = "198.51.100.80",
		    .dst = "224.0.0.1",
		    .proto = 2,
		    .ttl = 2,
		    .payload = (const uint8_t[8]){ 0x11 },
		    .payload_len = 8 },
		  SEK_R_no_tenant,
		  NULL },
		{ "to a host",
		  OUTSIDE,
		  { .vlan = 10, .src = "198.51.100.80", .dst = "10.0.1.5", IGMP(0x11) },
		  SEK_R_default_drop,
		  NULL },
		{ "DVMRP",
		  OUTSIDE,
		  { .vlan = 10, .src = "10.0.0.1", .dst = "224.0.0.4", IGMP(0x13) },
		  SEK_R_no_tenant,
		  NULL },
		{ "OSPF",
		  OUTSIDE,
		  { .vlan = 10,
		    .src = "198.51.100.1",
		    .dst = "224.0.0.5",
		    .proto = 89,
		    .ttl = 1,
		    .payload_len = 44 },
		  SEK_R_no_tenant,
		  NULL },
		{ "VRRP",
		  OUTSIDE,
		  { .vlan = 10,
		    .src = "198.51.100.1",
		    .dst = "224.0.0.18",
		    .proto = 112,
		    .ttl = 255,
		    .payload_len = 20 },
		  SEK_R_no_tenant,
		  NULL },
	};
	const struct pkt short_ = { IN_BODY, .dst = "224.0.0.2", .proto = 2, .ttl = 1,
				    .payload_len = 7 };
	const struct pkt ours = { IN_BODY, .dst = "224.0.0.2", IGMP(0x17) };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
	assert_int_equal(bed_run(bed, INSIDE, &short_), SEK_R_default_reject); /* the rules' */
	bed_policy(bed, bed_route);
	bed_expect(bed, "leave", INSIDE, &ours, stack_neighbour);
}

static void far_neighbours(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (uint8_t type = 133; type <= 137; type++) {
		struct pkt pkt = { .vlan = 10, .src = LINK, .dst = "ff02::1", ND(0) };

		pkt.type = type;
		for (int ttl = 254; ttl > 0; ttl -= 63) {
			pkt.ttl = ttl;
			bed_expect(bed, "from beyond the link", OUTSIDE, &pkt, nd_hop_limit);
		}
	}
}

/* Outward, with a hop limit that the next router passes on: the rules', as any other packet. */
static void leaving_neighbours(void **state)
{
	const struct row rows[] = {
		{ "to an address of the body's",
		  INSIDE,
		  { .vlan = 10, .src = "2001:db8:a::5", .dst = "2001:db8:a::1", ND(135) },
		  SEK_R_neighbour,
		  NULL },
		{ "to a router by its link's address",
		  INSIDE,
		  { .vlan = 10, .src = "2001:db8:a::5", .dst = LINK, ND(136) },
		  SEK_R_neighbour,
		  NULL },
		{ "of a router outside by an address of its own",
		  OUTSIDE,
		  { .vlan = 10, .src = "2001:db8:ff::1", .dst = "2001:db8:a::5", ND(136) },
		  SEK_R_neighbour,
		  NULL },
		{ "to a group beyond the link, forged",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff0e::1", ND(135) },
		  SEK_R_spoofed,
		  NULL },
	};
	struct pkt far = { .vlan = 10, .src = "2001:db8:a::5", .dst = "2001:db8:ff::80", ND(135) };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
	bed_answer(bed, "to anybody in the Internet", INSIDE, &far, default_reject);
}

static void route_keeps(void **state)
{
	const struct row rows[] = {
		{ "ARP", INSIDE, { .vlan = 10, ARP }, SEK_R_stack_neighbour, NULL },
		{ "ARP from outside", OUTSIDE, { ARP }, SEK_R_stack_neighbour, NULL },
		{ "neighbour solicitation",
		  INSIDE,
		  { .vlan = 10, .src = "2001:db8:a::5", .dst = "ff02::1:ff00:1", ND(135) },
		  SEK_R_stack_neighbour,
		  NULL },
		{ "neighbour advertisement",
		  OUTSIDE,
		  { .src = LINK, .dst = "2001:db8:ff::1", ND(136) },
		  SEK_R_stack_neighbour,
		  NULL },
		{ "router solicitation",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::2", ND(133) },
		  SEK_R_stack_neighbour,
		  NULL },
		{ "MLD report",
		  INSIDE,
		  { .vlan = 10, .src = LINK, .dst = "ff02::16", MLD(143), ALERT },
		  SEK_R_stack_neighbour,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_route);
	bed_table(bed, rows);
}

static void set_forward(struct sek_port *port)
{
	port->link_forward = 0xffff;
	port->link_stack = 0;
}
static void set_stack(struct sek_port *port)
{
	port->link_forward = 0;
	port->link_stack = 0xffff;
}
static void set_none(struct sek_port *port)
{
	port->link_forward = 0;
	port->link_stack = 0;
}

static void g90_reserved_addresses(void **state)
{
	static const struct {
		void (*set)(struct sek_port *port);
		enum sek_reason reason;
	} modes[] = { { set_forward, SEK_R_link_control },
		      { set_stack, SEK_R_stack_link },
		      { set_none, SEK_R_link_reserved } };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 3; i++) {
		bed_port_change(bed, INSIDE, modes[i].set);
		for (uint8_t x = 0; x < 16; x++) {
			uint8_t dst[6] = { 0x01, 0x80, 0xc2, 0, 0, x };
			struct pkt lldp = { .eth_dst = dst, .ethertype = 0x88cc, .payload_len = 46 };
			struct pkt stp = { .eth_dst = dst, .ethertype = 38, .payload_len = 46 };
			struct pkt eapol = { .eth_dst = dst, .ethertype = 0x888e, .payload_len = 46 };

			assert_int_equal(bed_run(bed, INSIDE, &lldp), modes[i].reason);
			assert_int_equal(bed_run(bed, INSIDE, &stp), modes[i].reason);
			assert_int_equal(bed_run(bed, INSIDE, &eapol), modes[i].reason);
		}
	}
}

/* The policy's words reach the program: forward 0 and e, stack 3, nothing else. */
static void g90_as_policy_says(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (uint8_t x = 0; x < 16; x++) {
		uint8_t dst[6] = { 0x01, 0x80, 0xc2, 0, 0, x };
		struct pkt lldp = { .eth_dst = dst, .ethertype = 0x88cc, .payload_len = 46 };
		enum sek_reason wanted = x == 0 || x == 14 ? SEK_R_link_control
					 : x == 3	   ? SEK_R_stack_link
							   : SEK_R_link_reserved;

		assert_int_equal(bed_run(bed, INSIDE, &lldp), wanted);
	}
}

static const struct CMUnitTest tests[] = {
	{ "G87 bridge: ARP, ND, RA, DAD and MLD pass under default deny", bridge_passes, NULL, NULL,
	  NULL },
	{ "G87 neighbour discovery from beyond the link is refused", far_neighbours, NULL, NULL,
	  NULL },
	{ "G87 neighbour discovery that would leave the link is the rules'", leaving_neighbours,
	  NULL, NULL, NULL },
	{ "G87 route: ARP, ND and MLD are the gateway's", route_keeps, NULL, NULL, NULL },
	{ "bridge: DHCP and DHCPv6 on the link pass", bridge_configures, NULL, NULL, NULL },
	{ "what looks like DHCP is martian, forged or the rules'", no_configuration, NULL, NULL,
	  NULL },
	{ "route: DHCP and DHCPv6 on the link are the gateway's", route_configures, NULL, NULL, NULL },
	{ "IGMP on the link passes by the port's mode", groups, NULL, NULL, NULL },
	{ "G90 01:80:c2:00:00:00..0f forwarded, handed up, dropped", g90_reserved_addresses, NULL,
	  NULL, NULL },
	{ "G90 as the policy says for each address", g90_as_policy_says, NULL, NULL, NULL },
};
ROWS(rows_control, tests);
