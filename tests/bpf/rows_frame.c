// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for parse/ and stage/sanity.h: broken and odd frames, each with the reason that it must end
 * with, untagged, on a VLAN and in QinQ (G17). Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <string.h>

#define V4 .src = "10.0.1.5", .dst = "198.51.100.80"
#define V6 .src = "2001:db8:a::5", .dst = "2001:db8:ff::80"
#define SYN(from, to)                                                                              \
	.proto = IPPROTO_TCP, .sport = (from), .dport = (to), .flags = TCP_SYN, .seq = 1000
#define WEB SYN(40000, 80)
#define UDP(from, to, len)                                                                         \
	.proto = IPPROTO_UDP, .sport = (from), .dport = (to), .payload_len = (len)
#define DNS UDP(40001, 53, 30)

static void cut_to(struct frame *f, size_t len)
{
	f->len = len;
}

static void cut_ip(struct frame *f)
{
	cut_to(f, f->l3);
}
static void cut_ip4_head(struct frame *f)
{
	cut_to(f, f->l3 + 19);
}
static void cut_ip6_head(struct frame *f)
{
	cut_to(f, f->l3 + 39);
}
static void cut_payload(struct frame *f)
{
	cut_to(f, f->len - 1);
}

static void set_version6(struct frame *f)
{
	f->b[f->l3] = 0x65;
	frame_ip_sum(f);
}
static void set_version4(struct frame *f)
{
	f->b[f->l3] = 0x40;
}
static void set_ihl0(struct frame *f)
{
	f->b[f->l3] = 0x40;
}
static void set_ihl4(struct frame *f)
{
	f->b[f->l3] = 0x44;
}
static void set_ihl15(struct frame *f)
{
	f->b[f->l3] = 0x4f;
	cut_to(f, f->l3 + 40);
}
static void bad_sum(struct frame *f)
{
	f->b[f->l3 + 10] ^= 1;
}

static void ip4_len(struct frame *f, uint16_t len)
{
	frame_put16(f, f->l3 + 2, len);
	frame_ip_sum(f);
}

static void ip4_len_19(struct frame *f)
{
	ip4_len(f, 19);
}
static void ip4_len_more(struct frame *f)
{
	ip4_len(f, (uint16_t)(f->len - f->l3 + 1));
}
static void ip4_len_l4_cut(struct frame *f)
{
	ip4_len(f, 20 + 7);
}
static void ip6_len_more(struct frame *f)
{
	frame_put16(f, f->l3 + 4, (uint16_t)(f->len - f->l3 - 39));
}
static void ip6_len_0(struct frame *f)
{
	frame_put16(f, f->l3 + 4, 0);
}
static void ip6_len_7(struct frame *f)
{
	frame_put16(f, f->l3 + 4, 7);
}

static void udp_len_more(struct frame *f)
{
	frame_put16(f, f->l4 + 4, (uint16_t)(f->len - f->l4 + 1));
}
static void udp_len_7(struct frame *f)
{
	frame_put16(f, f->l4 + 4, 7);
}
static void doff_4(struct frame *f)
{
	f->b[f->l4 + 12] = 0x40;
}
static void doff_15(struct frame *f)
{
	f->b[f->l4 + 12] = 0xf0;
}

static const uint8_t lsrr[8] = { 131, 7, 4, 192, 0, 2, 1, 0 };
static const uint8_t ssrr[8] = { 137, 7, 4, 192, 0, 2, 1, 0 };
static const uint8_t lsrr_late[8] = { 1, 1, 131, 3, 4, 0, 0, 0 };
static const uint8_t opt_len_0[4] = { 148, 0, 0, 0 };
static const uint8_t opt_len_1[4] = { 148, 1, 0, 0 };
static const uint8_t opt_beyond[4] = { 148, 5, 0, 0 };
static const uint8_t opt_no_len[4] = { 1, 1, 1, 148 };

/* Every row ends before the tenant is asked, so the tag does not matter to the reason. */
static const struct row broken[] = {
	{ "no IP header at all", INSIDE, { V4, WEB, .bend = cut_ip }, SEK_R_short_frame, NULL },
	{ "IPv4 header cut", INSIDE, { V4, WEB, .bend = cut_ip4_head }, SEK_R_short_frame, NULL },
	{ "IPv6 header cut", INSIDE, { V6, WEB, .bend = cut_ip6_head }, SEK_R_short_frame, NULL },
	{ "IPv4 options beyond the frame", INSIDE, { V4, WEB, .bend = set_ihl15 }, SEK_R_short_frame, NULL },
	{ "three tags", INSIDE, { V4, WEB, .vlan = 10, .outer = 100, .third = 7 }, SEK_R_vlan_depth, NULL },
	{ "MPLS", INSIDE, { .ethertype = 0x8847, .payload_len = 50 }, SEK_R_ethertype, NULL },
	{ "802.3 length", INSIDE, { .ethertype = 46, .payload_len = 46 }, SEK_R_ethertype, NULL },
	{ "version 6 behind 0x0800", INSIDE, { V4, WEB, .bend = set_version6 }, SEK_R_ip_version, NULL },
	{ "version 4 behind 0x86dd", INSIDE, { V6, WEB, .bend = set_version4 }, SEK_R_ip_version, NULL },
	{ "G12 IHL 0", INSIDE, { V4, WEB, .bend = set_ihl0 }, SEK_R_ip_header_len, NULL },
	{ "G12 IHL 4", INSIDE, { V4, WEB, .bend = set_ihl4 }, SEK_R_ip_header_len, NULL },
	{ "IPv4 length under its header",
	  INSIDE,
	  { V4, WEB, .bend = ip4_len_19 },
	  SEK_R_ip_total_len,
	  NULL },
	{ "IPv4 length over the frame",
	  INSIDE,
	  { V4, DNS, .bend = ip4_len_more },
	  SEK_R_ip_total_len,
	  NULL },
	{ "IPv4 payload cut", INSIDE, { V4, DNS, .bend = cut_payload }, SEK_R_ip_total_len, NULL },
	{ "IPv6 length over the frame",
	  INSIDE,
	  { V6, DNS, .bend = ip6_len_more },
	  SEK_R_ip_total_len,
	  NULL },
	{ "IPv6 payload cut", INSIDE, { V6, DNS, .bend = cut_payload }, SEK_R_ip_total_len, NULL },
	{ "IPv4 header sum", INSIDE, { V4, WEB, .bend = bad_sum }, SEK_R_ip_checksum, NULL },
	{ "loose source route",
	  INSIDE,
	  { V4, WEB, .options = lsrr, .options_len = 8 },
	  SEK_R_ip_source_route,
	  NULL },
	{ "strict source route",
	  INSIDE,
	  { V4, WEB, .options = ssrr, .options_len = 8 },
	  SEK_R_ip_source_route,
	  NULL },
	{ "source route behind NOPs",
	  INSIDE,
	  { V4, WEB, .options = lsrr_late, .options_len = 8 },
	  SEK_R_ip_source_route,
	  NULL },
	{ "option of length 0",
	  INSIDE,
	  { V4, WEB, .options = opt_len_0, .options_len = 4 },
	  SEK_R_ip_options,
	  NULL },
	{ "option of length 1",
	  INSIDE,
	  { V4, WEB, .options = opt_len_1, .options_len = 4 },
	  SEK_R_ip_options,
	  NULL },
	{ "option beyond the header",
	  INSIDE,
	  { V4, WEB, .options = opt_beyond, .options_len = 4 },
	  SEK_R_ip_options,
	  NULL },
	{ "option without its length",
	  INSIDE,
	  { V4, WEB, .options = opt_no_len, .options_len = 4 },
	  SEK_R_ip_options,
	  NULL },
	{ "routing header 0",
	  INSIDE,
	  { V6, WEB, .ext = { { 43, 24, { 0, 2, 0, 1 } } } },
	  SEK_R_ext_routing0,
	  NULL },
	{ "hop-by-hop not first",
	  INSIDE,
	  { V6, WEB, .ext = { { 60, 8, { 0, 0, 1, 4 } }, { 0, 8, { 0, 0, 1, 4 } } } },
	  SEK_R_ext_chain,
	  NULL },
	{ "extension beyond the packet",
	  INSIDE,
	  { V6, WEB, .ext = { { 60, 8, { 0, 200 } } } },
	  SEK_R_ext_chain,
	  NULL },
	{ "IPv6 length 0 and no jumbogram", INSIDE, { V6, WEB, .bend = ip6_len_0 }, SEK_R_l4_len, NULL },
	{ "jumbogram (RFC 2675)",
	  INSIDE,
	  { V6, WEB, .ext = { { 0, 8, { 0, 0, 0xc2, 4, 0, 1, 0, 0 } } }, .bend = ip6_len_0 },
	  SEK_R_ext_chain,
	  NULL },
	{ "TCP header outside its IPv4 packet",
	  INSIDE,
	  { V4, WEB, .bend = ip4_len_l4_cut },
	  SEK_R_l4_len,
	  NULL },
	{ "TCP header outside its IPv6 packet", INSIDE, { V6, WEB, .bend = ip6_len_7 }, SEK_R_l4_len, NULL },
	{ "UDP header outside its packet", INSIDE, { V4, DNS, .bend = ip4_len_l4_cut }, SEK_R_l4_len, NULL },
	{ "UDP length over its packet", INSIDE, { V4, DNS, .bend = udp_len_more }, SEK_R_l4_len, NULL },
	{ "UDP length 7", INSIDE, { V6, DNS, .bend = udp_len_7 }, SEK_R_l4_len, NULL },
	{ "ICMP of 7 bytes",
	  INSIDE,
	  { V4, .proto = IPPROTO_ICMP, .type = 8, .bend = ip4_len_l4_cut },
	  SEK_R_l4_len,
	  NULL },
	{ "TCP data offset 4", INSIDE, { V4, WEB, .bend = doff_4 }, SEK_R_tcp_header, NULL },
	{ "TCP data offset over the segment", INSIDE, { V6, WEB, .bend = doff_15 }, SEK_R_tcp_header, NULL },
	{ "TCP without flags",
	  INSIDE,
	  { V4, .proto = IPPROTO_TCP, .sport = 1, .dport = 80 },
	  SEK_R_tcp_flags,
	  NULL },
	{ "SYN and FIN",
	  INSIDE,
	  { V4, .proto = IPPROTO_TCP, .sport = 1, .dport = 80, .flags = TCP_SYN | TCP_FIN },
	  SEK_R_tcp_flags,
	  NULL },
	{ "SYN and RST",
	  INSIDE,
	  { V6, .proto = IPPROTO_TCP, .sport = 1, .dport = 80, .flags = TCP_SYN | TCP_RST },
	  SEK_R_tcp_flags,
	  NULL },
	{ "FIN and RST",
	  INSIDE,
	  { V6, .proto = IPPROTO_TCP, .sport = 1, .dport = 80, .flags = TCP_FIN | TCP_RST | TCP_ACK },
	  SEK_R_tcp_flags,
	  NULL },
	{ "FIN without ACK",
	  INSIDE,
	  { V4, .proto = IPPROTO_TCP, .sport = 1, .dport = 80, .flags = TCP_FIN },
	  SEK_R_tcp_flags,
	  NULL },
	{ "Christmas tree",
	  INSIDE,
	  { V4, .proto = IPPROTO_TCP, .sport = 1, .dport = 80, .flags = TCP_FIN | TCP_PSH | TCP_URG },
	  SEK_R_tcp_flags,
	  NULL },
	{ "TCP to port 0",
	  INSIDE,
	  { V4, .proto = IPPROTO_TCP, .sport = 1, .dport = 0, .flags = TCP_SYN },
	  SEK_R_l4_port_zero,
	  NULL },
	{ "TCP from port 0",
	  INSIDE,
	  { V4, .proto = IPPROTO_TCP, .sport = 0, .dport = 80, .flags = TCP_SYN },
	  SEK_R_l4_port_zero,
	  NULL },
	{ "UDP to port 0",
	  INSIDE,
	  { V6, .proto = IPPROTO_UDP, .sport = 1, .dport = 0 },
	  SEK_R_l4_port_zero,
	  NULL },
	{ "from loopback",
	  INSIDE,
	  { .src = "127.0.0.1", .dst = "198.51.100.80", WEB },
	  SEK_R_martian,
	  NULL },
	{ "from multicast",
	  INSIDE,
	  { .src = "224.0.0.5", .dst = "198.51.100.80", WEB },
	  SEK_R_martian,
	  NULL },
	{ "from broadcast",
	  INSIDE,
	  { .src = "255.255.255.255", .dst = "198.51.100.80", WEB },
	  SEK_R_martian,
	  NULL },
	{ "from 240/4", INSIDE, { .src = "240.0.0.1", .dst = "198.51.100.80", WEB }, SEK_R_martian, NULL },
	{ "to loopback", INSIDE, { .src = "10.0.1.5", .dst = "127.0.0.1", WEB }, SEK_R_martian, NULL },
	{ "from ::1", INSIDE, { .src = "::1", .dst = "2001:db8:ff::80", WEB }, SEK_R_martian, NULL },
	{ "from IPv6 multicast",
	  INSIDE,
	  { .src = "ff02::1", .dst = "2001:db8:ff::80", WEB },
	  SEK_R_martian,
	  NULL },
	{ "v4-mapped on the wire",
	  INSIDE,
	  { .src = "::ffff:10.0.1.5", .dst = "2001:db8:ff::80", WEB },
	  SEK_R_martian,
	  NULL },
	{ "to ::", INSIDE, { .src = "2001:db8:a::5", .dst = "::", WEB }, SEK_R_martian, NULL },
	{ "land", INSIDE, { .src = "10.0.1.5", .dst = "10.0.1.5", WEB }, SEK_R_land, NULL },
	{ "land, IPv6", INSIDE, { .src = "2001:db8:a::5", .dst = "2001:db8:a::5", WEB }, SEK_R_land, NULL },
};

static void broken_frames(void **state)
{
	static const struct {
		uint16_t vlan, outer;
		const char *name;
	} tags[] = { { 0, 0, "untagged" }, { 10, 0, "VLAN" }, { 10, 100, "QinQ" } };
	struct bed *bed = *state;
	size_t wrong = 0;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		for (size_t j = 0; j < sizeof(broken) / sizeof(broken[0]); j++) {
			struct pkt pkt = broken[j].pkt;
			enum sek_reason got;

			if (!pkt.third) {
				pkt.vlan = tags[i].vlan;
				pkt.outer = tags[i].outer;
			}
			got = bed_run(bed, INSIDE, &pkt);
			if (got == broken[j].reason && bed->last.action == XDP_DROP)
				continue;
			print_error("%s, %s: got %s, wanted %s\n", broken[j].what, tags[i].name,
				    reason_name(got), reason_name(broken[j].reason));
			wrong++;
		}
	assert_int_equal(wrong, 0);
	assert_int_equal(bed_flows(bed, NULL), 0);
}

/* Every cut of a good frame ends by a reason of its own, never by XDP_ABORTED, never forwarded. */
static void every_cut(void **state)
{
	const struct pkt good[] = {
		{ V4, WEB, .vlan = 10 },
		{ V6, WEB, .vlan = 10, .ext = { { 0, 8, { 0, 0, 1, 4 } }, { 60, 16, { 0, 1 } } } },
		{ V4, DNS, .vlan = 10, .outer = 100 },
		{ V6, .vlan = 10, .proto = IPPROTO_ICMPV6, .type = 128, .id = 7, .payload_len = 8 },
	};
	struct bed *bed = *state;
	struct frame whole;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		pkt_build(&good[i], &whole);
		for (size_t len = 14; len < whole.len; len++) {
			bed->in = whole;
			bed->in.len = len;
			bed_frame(bed, INSIDE, &bed->in);
			if (bed->last.action != XDP_DROP || bed->last.trace.reason < 32)
				fail_msg("frame %zu cut to %zu of %zu bytes: %s", i, len, whole.len,
					 reason_name(bed->last.trace.reason));
		}
	}
}

/* Frames that no driver hands to XDP: refused without a run. */
static void tiny_frames(void **state)
{
	struct bed *bed = *state;
	struct frame frame = { .len = 0 };

	for (; frame.len < 14; frame.len++) {
		assert_int_equal(bed_frame(bed, INSIDE, &frame), SEK_R_short_frame);
		assert_true(bed->last.tiny);
	}
}

static void g12_options_do_not_shift_the_ports(void **state)
{
	static const uint8_t options[40] = { 148, 4,  0,   80, 148, 4,	0,   80, 148, 4,
					     0,	  80, 148, 4,  0,   80, 148, 4,	 0,   80,
					     148, 4,  0,   80, 148, 4,	0,   80, 148, 4,
					     0,	  80, 148, 4,  0,   80, 148, 4,	 0,   80 };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t len = 0; len <= 40; len += 4) {
		struct pkt pkt = { .vlan = 10, V4, WEB, .options = options, .options_len = len };

		bed_reset(bed);
		bed_expect(bed, "allowed port behind options", INSIDE, &pkt, accepted);
		pkt.dport = 25;
		bed_expect(bed, "denied port behind options", INSIDE, &pkt, rule_drop);
		pkt.proto = IPPROTO_UDP;
		pkt.dport = 81;
		bed_answer(bed, "denied UDP port behind options", INSIDE, &pkt, default_reject);
	}
}

static void g09_authentication_header(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (uint8_t icv = 12; icv <= 16; icv += 4) {
		struct pkt_ext ah = { 51, (uint8_t)(12 + icv), { 0, (uint8_t)((12 + icv) / 4 - 2) } };
		struct pkt pkt = { .vlan = 10, V6, WEB };

		bed_reset(bed);
		pkt.ext[0] = ah;
		bed_expect(bed, "AH before an allowed port", INSIDE, &pkt, accepted);
		assert_string_equal(bed_rule(bed), "web");
		pkt.dport = 25;
		bed_expect(bed, "AH before a denied port", INSIDE, &pkt, rule_drop);
		assert_string_equal(bed_rule(bed), "smtp");
	}
}

/* AH before TCP in IPv4 (RFC 4302 knows both families). */
static void g09_authentication_header4(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (uint8_t icv = 12; icv <= 16; icv += 4) {
		uint8_t bytes[28 + 20] = { IPPROTO_TCP, (uint8_t)((12 + icv) / 4 - 2) };
		uint8_t *tcp = bytes + 12 + icv;
		struct pkt pkt = {
			.vlan = 10, V4, .proto = 51, .payload = bytes, .payload_len = 12u + icv + 20
		};

		tcp[0] = 100;
		tcp[3] = 80;
		tcp[12] = 0x50;
		tcp[13] = TCP_SYN;
		bed_reset(bed);
		bed_expect(bed, "AH before an allowed port", INSIDE, &pkt, accepted);
		assert_string_equal(bed_rule(bed), "web");
		tcp[3] = 25;
		bed_expect(bed, "AH before a denied port", INSIDE, &pkt, rule_drop);
		assert_string_equal(bed_rule(bed), "smtp");
		bytes[1] = 200;
		bed_expect(bed, "AH longer than its packet", INSIDE, &pkt, ext_chain);
	}
}

/* A first piece whose chain is whole decides; one that ends inside the chain is tiny (RFC 7112). */
static void chains_in_pieces(void **state)
{
	struct bed *bed = *state;
	struct pkt pkt = { .vlan = 10,
			   V6,
			   WEB,
			   .ext = { { 60, 8, { 0, 0, 1, 4 } } },
			   .payload_len = 3000,
			   .piece = 1448,
			   .ip_id = 9 };

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "destination options, then the first piece", INSIDE, &pkt, accepted);
	pkt.from = 1448;
	bed_expect(bed, "the second piece", INSIDE, &pkt, fragment);
}

/* Chains that endpoints do send reach the port behind them. */
static void extension_headers(void **state)
{
	const struct row rows[] = {
		{ "hop-by-hop with padding",
		  INSIDE,
		  { .vlan = 10, V6, WEB, .ext = { { 0, 8, { 0, 0, 1, 4 } } } },
		  SEK_R_accepted,
		  "web" },
		{ "destination options of 24 bytes",
		  INSIDE,
		  { .vlan = 10, V6, SYN(2, 80), .ext = { { 60, 24, { 0, 2, 1, 20 } } } },
		  SEK_R_accepted,
		  "web" },
		{ "hop-by-hop, routing 2, destination",
		  INSIDE,
		  { .vlan = 10,
		    V6,
		    SYN(3, 80),
		    .ext = { { 0, 8, { 0, 0, 1, 4 } },
			     { 43, 24, { 0, 2, 2, 0 } },
			     { 60, 8, { 0, 0, 1, 4 } } } },
		  SEK_R_accepted,
		  "web" },
		{ "router alert",
		  INSIDE,
		  { .vlan = 10, V6, SYN(5, 80), .ext = { { 0, 8, { 0, 0, 5, 2, 0, 0, 1, 0 } } } },
		  SEK_R_accepted,
		  "web" },
		{ "home address (RFC 6275) in destination options",
		  INSIDE,
		  { .vlan = 10,
		    V6,
		    SYN(6, 80),
		    .ext = { { 60, 24, { 0, 2, 1, 2, 0, 0, 0xc9, 16, 0x20 } } } },
		  SEK_R_accepted,
		  "web" },
		{ "denied port behind two",
		  INSIDE,
		  { .vlan = 10,
		    V6,
		    SYN(4, 25),
		    .ext = { { 0, 8, { 0, 0, 1, 4 } }, { 60, 8, { 0, 0, 1, 4 } } } },
		  SEK_R_rule_drop,
		  "smtp" },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
}

static void udp_no_sum(struct frame *f)
{
	frame_put16(f, f->l4 + 6, 0);
}
static void udp_len_8(struct frame *f)
{
	frame_put16(f, f->l4 + 4, 8);
}

/* RFC 768: no sum is a sum; RFC 9868: bytes behind the UDP length are options, the receiver's matter. */
static void udp_as_it_is(void **state)
{
	const struct row rows[] = {
		{ "no sum",
		  INSIDE,
		  { .vlan = 10, V4, UDP(1, 53, 30), .bend = udp_no_sum },
		  SEK_R_accepted,
		  "dns" },
		{ "no sum, IPv6 (RFC 6936)",
		  INSIDE,
		  { .vlan = 10, V6, UDP(2, 53, 30), .bend = udp_no_sum },
		  SEK_R_accepted,
		  "dns" },
		{ "shorter than its packet",
		  INSIDE,
		  { .vlan = 10, V4, UDP(3, 53, 30), .bend = udp_len_8 },
		  SEK_R_accepted,
		  "dns" },
		{ "the same in IPv6",
		  INSIDE,
		  { .vlan = 10, V6, UDP(4, 53, 30), .bend = udp_len_8 },
		  SEK_R_accepted,
		  "dns" },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
}

/* RFC 6275, 6.1: a binding update stands where a transport would; there are no ports in it. */
static void mobility(void **state)
{
	static const uint8_t update[16] = { 59, 1, 5 };
	struct bed *bed = *state;
	struct pkt pkt = {
		.vlan = 10, V6, .proto = 135, .payload = update, .payload_len = sizeof(update)
	};

	bed_policy(bed, bed_bridge);
	bed_answer(bed, "binding update that no rule has", INSIDE, &pkt, default_reject);
}

/* VID 0 is a priority, no VLAN (IEEE 802.1Q, 6.9.1); 0x88a8 is a tag, 0x9100 never was one. */
static void odd_tags(void **state)
{
#define BARE .src = "10.9.0.5", .dst = "198.51.100.80"
	const struct row rows[] = {
		{ "priority, no VLAN",
		  INSIDE,
		  { .outer = 0xe000, .outer_type = 0x8100, BARE, SYN(1, 80) },
		  SEK_R_accepted,
		  NULL },
		{ "priority before a VLAN",
		  INSIDE,
		  { .outer = 0xe000, .outer_type = 0x8100, .vlan = 10, V4, SYN(2, 80) },
		  SEK_R_accepted,
		  "web" },
		{ "priority of an S-tag",
		  INSIDE,
		  { .outer = 0xe000, BARE, SYN(3, 80) },
		  SEK_R_accepted,
		  NULL },
		{ "VLAN 10 by an S-tag", INSIDE, { .outer = 10, V4, SYN(4, 80) }, SEK_R_accepted, "web" },
		{ "0x9100",
		  INSIDE,
		  { .outer = 10, .outer_type = 0x9100, V4, SYN(5, 80) },
		  SEK_R_ethertype,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
}

/* Bytes behind the datagram (padding to 60 bytes, trailers) belong to nobody. */
static void trailers(void **state)
{
	const struct row rows[] = {
		{ "IPv4 with padding",
		  INSIDE,
		  { .vlan = 10, V4, WEB, .trailer = 6 },
		  SEK_R_accepted,
		  "web" },
		{ "IPv4 of 40 bytes, padded to 60",
		  INSIDE,
		  { .vlan = 10, V4, SYN(40002, 80), .trailer = 2 },
		  SEK_R_accepted,
		  "web" },
		{ "IPv6 with 100 bytes behind",
		  INSIDE,
		  { .vlan = 10, V6, WEB, .trailer = 100 },
		  SEK_R_accepted,
		  "web" },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
}

/* Jumbo and multi-buffer frames: headers in the first buffer, the rest anywhere. */
static void big_frames(void **state)
{
	static const size_t lens[] = { 1472, 3000, 3400, 3600, 4096, 8972, 9000, 32768, 65507 };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct pkt pkt = { .vlan = 10, V4, UDP((uint16_t)(5000 + i), 53, lens[i]) };

		bed_expect(bed, "large UDP", INSIDE, &pkt, accepted);
		assert_int_equal(bed->out.len, bed->in.len);
		assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
	}
}

static const struct CMUnitTest tests[] = {
	{ "G12 G17 broken frames end with their reason, untagged, tagged and in QinQ",
	  broken_frames, NULL, NULL, NULL },
	{ "every cut of a good frame is refused with a reason", every_cut, NULL, NULL, NULL },
	{ "frames under 14 bytes are refused and said not to have run", tiny_frames, NULL, NULL,
	  NULL },
	{ "G12 IHL 5..15 with an allowed port in the options", g12_options_do_not_shift_the_ports,
	  NULL, NULL, NULL },
	{ "G09 AH with 12 and 16 bytes of ICV", g09_authentication_header, NULL, NULL, NULL },
	{ "G09 the same in IPv4", g09_authentication_header4, NULL, NULL, NULL },
	{ "extension headers before a fragment header", chains_in_pieces, NULL, NULL, NULL },
	{ "extension header chains reach the port behind them", extension_headers, NULL, NULL, NULL },
	{ "UDP without a sum, and shorter than its packet", udp_as_it_is, NULL, NULL, NULL },
	{ "priority tags and TPIDs", odd_tags, NULL, NULL, NULL },
	{ "mobility is a protocol like others", mobility, NULL, NULL, NULL },
	{ "bytes behind the datagram do not matter", trailers, NULL, NULL, NULL },
	{ "frames of 1,500 to 65,535 bytes", big_frames, NULL, NULL, NULL },
};
ROWS(rows_frame, tests);
