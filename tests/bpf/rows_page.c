// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/page.h: what leaves a bridge for the block page, whole, under a seat's address; who has
 * which seat. The way back needs the kernel's stack: tests/net/browser.test. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <arpa/inet.h>
#include <string.h>

#include "sekisho/page.h"

#define SYN_TO(port)                                                                               \
	.proto = IPPROTO_TCP, .sport = 40000, .dport = (port), .flags = TCP_SYN, .seq = 1000

static const char bed_page[] = BED_PORTS
	"names:\n"
	"  sinkhole: {ipv4: 192.0.2.10, ipv6: \"2001:db8:fe::10\"}\n"
	"  page: {requests: yes}\n"
	"host:\n"
	"  rules:\n"
	"    - {proto: tcp, dport: 80, action: accept}\n"
	"    - {proto: udp, dport: 80, action: accept}\n"
	"    - {proto: icmp, action: accept}\n"
	"    - {proto: icmpv6, action: accept}\n"
	"tenants:\n"
	"  - name: alpha\n"
	"    id: 1\n"
	"    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"
	"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
	"    default: {out: accept, in: accept}\n"
	"  - name: beta\n"
	"    id: 2\n"
	"    attach: [{port: inside, vlan: 20, outer: 7}, {port: outside, vlan: 20, outer: 7}]\n"
	"    prefixes: [10.0.0.0/16]\n";

/* The number of the seat that the frame left under; its text for a packet that shall be the same. */
static uint32_t seat_of(const struct bed *bed, char text[INET6_ADDRSTRLEN])
{
	bool v6 = frame_get16(&bed->out, bed->out.l3 - 2) == 0x86dd;
	size_t src = bed->out.l3 + (v6 ? 8 : 12);

	inet_ntop(v6 ? AF_INET6 : AF_INET, bed->out.b + src, text, INET6_ADDRSTRLEN);
	return frame_get32(&bed->out, src + (v6 ? 12 : 0)) - (v6 ? 0 : SEK_PAGE_SEAT4);
}

/* It left for the page, whole and without tags, between the two link addresses; the seat's number. */
static uint32_t to_page(struct bed *bed, const struct pkt *pkt)
{
	static const uint8_t link[] = { 0x02, 0x5e, 0xc1, 0x50, 0x00, 0x01,
					0x02, 0x5e, 0xc1, 0x50, 0x00, 0x02 };
	char text[INET6_ADDRSTRLEN];
	struct pkt bare = *pkt;
	struct frame wanted;
	uint32_t seat;

	assert_string_equal(reason_name(bed_run(bed, INSIDE, pkt)), "stack_page");
	assert_int_equal(bed->last.trace.verdict, SEK_FORWARD);
	seat = seat_of(bed, text);
	bare.src = text;
	bare.vlan = bare.outer = 0;
	pkt_build(&bare, &wanted);
	if (!bed->tc) {
		assert_int_equal(bed->out.len, wanted.len);
		assert_memory_equal(bed->out.b, link, sizeof(link));
	}
	assert_memory_equal(bed->out.b + bed->out.l3, wanted.b + wanted.l3, wanted.len - wanted.l3);
	return seat;
}

static void leaves(void **state)
{
	const struct pkt pkts[] = {
		{ .vlan = 10, .src = "10.0.1.5", .dst = "192.0.2.10", SYN_TO(80) },
		{ .vlan = 10, .src = "2001:db8:a::5", .dst = "2001:db8:fe::10", SYN_TO(80) },
		{ .vlan = 10, .src = "10.0.1.5", .dst = "192.0.2.10", .proto = IPPROTO_ICMP, .type = 8 },
		{ .vlan = 10,
		  .src = "2001:db8:a::5",
		  .dst = "2001:db8:fe::10",
		  .proto = IPPROTO_ICMPV6,
		  .type = 128 },
		{ .vlan = 20, .outer = 7, .src = "10.0.1.5", .dst = "192.0.2.10", SYN_TO(80) },
	};
	struct bed *bed = *state;
	uint32_t seats[5];

	bed_policy(bed, bed_page);
	for (size_t i = 0; i < 5; i++)
		seats[i] = to_page(bed, &pkts[i]);
	assert_int_equal(seats[0] / SEK_PAGE_SEATS, 1);
	assert_int_equal(seats[1] / SEK_PAGE_SEATS, 1);
	assert_int_equal(seats[2], seats[0]);
	assert_int_equal(seats[3], seats[1]);
	assert_int_equal(seats[4] / SEK_PAGE_SEATS, 2); /* the same address of another body */
	assert_int_equal(bed_flows(bed, NULL), 0);
}

static void refused(void **state)
{
	const struct row rows[] = {
		{ "a port that no host rule accepts",
		  INSIDE,
		  { .vlan = 10, .src = "10.0.1.5", .dst = "192.0.2.10", SYN_TO(22) },
		  SEK_R_host_refused,
		  NULL },
		{ "what the page does not speak",
		  INSIDE,
		  { .vlan = 10,
		    .src = "10.0.1.5",
		    .dst = "192.0.2.10",
		    .proto = IPPROTO_UDP,
		    .dport = 80,
		    .sport = 80 },
		  SEK_R_host_refused,
		  NULL },
		{ "a forged source",
		  INSIDE,
		  { .vlan = 10, .src = "10.9.0.1", .dst = "192.0.2.10", SYN_TO(80) },
		  SEK_R_spoofed,
		  NULL },
		{ "from outside it is an address as any",
		  OUTSIDE,
		  { .vlan = 10, .src = "198.51.100.80", .dst = "192.0.2.10", SYN_TO(80) },
		  SEK_R_no_tenant,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_page);
	bed_table(bed, rows);
}

/* So many clients of one body: all have seats that are nobody else's, or are told; idle ones go. */
static void full(void **state)
{
	static bool taken[SEK_PAGE_SEATS];
	char src[32], text[INET6_ADDRSTRLEN];
	struct bed *bed = *state;
	uint32_t seated = 0, told = 0;

	bed_policy(bed, bed_page);
	memset(taken, 0, sizeof(taken));
	bed_wait(bed, 3600 * SECOND); /* others' seats of former rows are idle */
	for (uint32_t i = 0; i < 4 * SEK_PAGE_SEATS; i++) {
		const struct pkt pkt = { .vlan = 10, .src = src, .dst = "192.0.2.10", SYN_TO(80) };
		enum sek_reason reason;
		uint32_t seat;

		snprintf(src, sizeof(src), "10.0.%u.%u", 100 + i / 250, 1 + i % 250);
		reason = bed_run(bed, INSIDE, &pkt);
		told += reason == SEK_R_page_full;
		if (reason != SEK_R_stack_page)
			continue;
		seat = seat_of(bed, text) % SEK_PAGE_SEATS;
		assert_false(taken[seat]);
		taken[seat] = true;
		seated++;
	}
	assert_true(seated > SEK_PAGE_SEATS * 9 / 10);
	assert_int_equal(seated + told, 4 * SEK_PAGE_SEATS);
	bed_wait(bed, 11 * SECOND);
	to_page(bed,
		&(struct pkt){ .vlan = 10, .src = "10.0.99.1", .dst = "192.0.2.10", SYN_TO(80) });
}

static const struct CMUnitTest tests[] = {
	{ "what leaves a bridge for the block page", leaves, NULL, NULL, NULL },
	{ "what does not", refused, NULL, NULL, NULL },
	{ "more clients than seats", full, NULL, NULL, NULL },
};
ROWS(rows_page, tests);
