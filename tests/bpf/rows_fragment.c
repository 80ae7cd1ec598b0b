// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/fragment.h: all pieces of a datagram share the verdict of the first, in any order
 * (G01), a later piece is never read as a transport header (G07). Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <string.h>

#define PIECE 1480
#define DATAGRAM 4000 /* of UDP payload: three pieces of 1480, 1480 and 1048 bytes */

static struct pkt piece_of(const struct ends *e, uint16_t dport, uint32_t id, size_t from, size_t len)
{
	return bed_out(e, (struct pkt){ .proto = IPPROTO_UDP,
					.sport = 40000,
					.dport = dport,
					.payload_len = DATAGRAM,
					.ip_id = id,
					.from = from,
					.piece = len });
}

static const size_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
				     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

/* Three pieces of a datagram to dport in each order; both families, outward. */
static void in_any_order(struct bed *bed, uint16_t dport, enum sek_reason first,
			 enum sek_reason later, void (*check)(const struct bed *bed))
{
	bed_policy(bed, bed_bridge);
	for (size_t e = 0; e < 2; e++)
		for (size_t o = 0; o < 6; o++) {
			enum sek_reason rest = SEK_R_fragment_early;

			bed_reset(bed);
			for (size_t i = 0; i < 3; i++) {
				size_t n = orders[o][i];
				struct pkt pkt = piece_of(&bed_ends[e], dport, 100, n * PIECE, PIECE);
				enum sek_reason got = bed_run(bed, INSIDE, &pkt);
				enum sek_reason wanted = n == 0 ? first : rest;

				if (n == 0)
					rest = later;
				if (got != wanted)
					fail_msg("%s, order %zu, piece %zu: got %s, wanted %s",
						 bed_ends[e].family, o, n, reason_name(got),
						 reason_name(wanted));
				check(bed);
			}
		}
}

static void passed_unchanged(const struct bed *bed)
{
	assert_int_equal(bed->last.action, XDP_REDIRECT);
	assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
}

static void g01_any_order(void **state)
{
	in_any_order(*state, 53, SEK_R_accepted, SEK_R_fragment, passed_unchanged);
}

/* A piece is never answered. */
static void unanswered(const struct bed *bed)
{
	assert_int_not_equal(bed->last.action, XDP_TX);
}

static void g01_refused_in_any_order(void **state)
{
	in_any_order(*state, 54, SEK_R_default_reject, SEK_R_frag_denied, unanswered);
}

/* The last piece is 1..8 bytes: shorter than any transport header. */
static void g07_short_last(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t e = 0; e < 2; e++)
		for (size_t extra = 1; extra <= 8; extra++) {
			struct pkt pkt =
				bed_out(&bed_ends[e], (struct pkt){ .proto = bed_ends[e].icmp,
								    .type = bed_ends[e].echo,
								    .id = 7,
								    .payload_len = 1472 + extra,
								    .ip_id = 7,
								    .piece = PIECE });

			bed_reset(bed);
			bed_expect(bed, "first of a long ping", INSIDE, &pkt, accepted);
			pkt.from = PIECE;
			bed_expect(bed, "last of a long ping", INSIDE, &pkt, fragment);
			bed_reset(bed);
			bed_expect(bed, "last of a long ping, alone", INSIDE, &pkt, fragment_early);
		}
}

static void tiny(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t e = 0; e < 2; e++)
		for (size_t len = 8; len <= 24; len += 8) {
			struct pkt tcp = bed_out(&bed_ends[e], (struct pkt){ .proto = IPPROTO_TCP,
									     .sport = 1,
									     .dport = 80,
									     .flags = TCP_SYN,
									     .payload_len = 64,
									     .ip_id = 9,
									     .piece = len });

			bed_reset(bed);
			if (len < 20)
				bed_expect(bed, "TCP header in two pieces", INSIDE, &tcp, frag_tiny);
			else
				bed_expect(bed, "TCP header whole", INSIDE, &tcp, accepted);
		}
}

static void overlap(void **state)
{
	static const struct {
		size_t from, len;
	} shapes[] = {
		{ 0, 1488 }, { 1472, 1480 }, { 2952, 1040 }, { 1488, 8 }, { 0, 2 * PIECE },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t e = 0; e < 2; e++)
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
			struct pkt first = piece_of(&bed_ends[e], 53, 5, 0, PIECE);
			struct pkt second = piece_of(&bed_ends[e], 53, 5, PIECE, PIECE);
			struct pkt bad = piece_of(&bed_ends[e], 53, 5, shapes[i].from, shapes[i].len);
			struct pkt last = piece_of(&bed_ends[e], 53, 5, 2 * PIECE, PIECE);

			bed_reset(bed);
			bed_expect(bed, "first", INSIDE, &first, accepted);
			bed_expect(bed, "second", INSIDE, &second, fragment);
			bed_expect(bed, "a piece over another", INSIDE, &bad, frag_overlap);
			bed_run(bed, INSIDE, &last);
			assert_int_equal(bed->last.action, XDP_DROP); /* the datagram is poisoned */
		}
}

/* A piece that comes twice is dropped once; its datagram goes on, in any order (RFC 8200, 4.5). */
static void repeated(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t e = 0; e < 2; e++)
		for (size_t o = 0; o < 6; o++) {
			bed_reset(bed);
			for (size_t i = 0; i < 3; i++) {
				struct pkt pkt =
					piece_of(&bed_ends[e], 53, 100, orders[o][i] * PIECE, PIECE);

				bed_run(bed, INSIDE, &pkt);
				assert_int_equal(bed->last.action, XDP_REDIRECT);
				if (i < 2) /* the third makes it whole, and forgotten */
					bed_expect(bed, "the same once more", INSIDE, &pkt,
						   frag_overlap);
			}
		}
}

/* An end where there was none, and none where there was one. */
static void other_end(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t e = 0; e < 2; e++) {
		struct pkt first = piece_of(&bed_ends[e], 53, 5, 0, PIECE);
		struct pkt last = piece_of(&bed_ends[e], 53, 5, 2 * PIECE, PIECE);
		struct pkt second = piece_of(&bed_ends[e], 53, 5, PIECE, PIECE);
		struct pkt end = second;

		end.payload_len = 2 * PIECE - 8;
		bed_expect(bed, "first", INSIDE, &first, accepted);
		bed_expect(bed, "second", INSIDE, &second, fragment);
		bed_expect(bed, "the second as the last", INSIDE, &end, frag_overlap);
		bed_expect(bed, "the last", INSIDE, &last, frag_denied);
		bed_reset(bed);
	}
}

static void set_odd_len(struct frame *f)
{
	frame_put16(f, f->l3 + 2, (uint16_t)(frame_get16(f, f->l3 + 2) - 1));
	frame_ip_sum(f);
}

static void set_far_off(struct frame *f)
{
	frame_put16(f, f->l3 + 6, 0x1fff);
	frame_ip_sum(f);
}

static void set_far_off6(struct frame *f)
{
	frame_put16(f, f->l3 + 42, 0xfff8);
}

static void set_odd_len6(struct frame *f)
{
	frame_put16(f, f->l3 + 4, (uint16_t)(frame_get16(f, f->l3 + 4) - 1));
}

static void range(void **state)
{
	struct bed *bed = *state;
	struct pkt odd = piece_of(&bed_ends[0], 53, 1, PIECE, PIECE), far = odd;
	struct pkt odd6 = piece_of(&bed_ends[1], 53, 1, PIECE, PIECE), far6 = odd6;

	bed_policy(bed, bed_bridge);
	odd.bend = set_odd_len;
	far.bend = set_far_off;
	odd6.bend = set_odd_len6;
	far6.bend = set_far_off6;
	bed_expect(bed, "more to come, but no multiple of 8", INSIDE, &odd, frag_range);
	bed_expect(bed, "beyond 65,535 bytes", INSIDE, &far, frag_range);
	bed_expect(bed, "IPv6: more to come, but no multiple of 8", INSIDE, &odd6, frag_range);
	bed_expect(bed, "IPv6: beyond 65,535 bytes", INSIDE, &far6, frag_range);
}

static void strict(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t n = 0; n < 3; n++) {
		struct pkt pkt = piece_of(&bed_ends[0], 53, 1, n * PIECE, PIECE);

		pkt.vlan = 20;
		bed_expect(bed, "body with fragments: strict", INSIDE, &pkt, frag_strict);
	}
}

/* RFC 6946: offset 0 and nothing more to come is a whole packet in a fragment's dress. */
static void atomic(void **state)
{
	struct bed *bed = *state;
	struct pkt pkt = bed_out(&bed_ends[1], (struct pkt){ .proto = IPPROTO_UDP,
							     .sport = 9,
							     .dport = 53,
							     .payload_len = 20,
							     .ip_id = 3,
							     .piece = 1000 });

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "atomic fragment", INSIDE, &pkt, accepted);
	bed_expect(bed, "atomic fragment again", INSIDE, &pkt, established);
}

/* A later piece belongs to a datagram by addresses, id and protocol. */
static void mixed_datagrams(void **state)
{
	struct bed *bed = *state;
	struct pkt good = piece_of(&bed_ends[0], 53, 1, 0, PIECE);
	struct pkt bad = piece_of(&bed_ends[0], 54, 2, 0, PIECE);
	struct pkt good2 = piece_of(&bed_ends[0], 53, 1, PIECE, PIECE);
	struct pkt bad2 = piece_of(&bed_ends[0], 54, 2, PIECE, PIECE);

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "first of 1", INSIDE, &good, accepted);
	bed_expect(bed, "first of 2", INSIDE, &bad, default_reject);
	bed_expect(bed, "second of 2", INSIDE, &bad2, frag_denied);
	bed_expect(bed, "second of 1", INSIDE, &good2, fragment);
	bed_wait(bed, 120 * SECOND);
	bed_expect(bed, "second of 1, much later", INSIDE, &good2, fragment_early);
}

static const char few[] = BED_PORTS
	"tenants:\n"
	"  - name: alpha\n"
	"    id: 1\n"
	"    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"
	"    prefixes: [10.0.0.0/16]\n"
	"    quota: {fragments: 8}\n"
	"    default: {out: accept, in: drop}\n";

/* A datagram that is whole gives its place back at once. */
static void complete_ones_are_free(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, few);
	for (uint32_t id = 1; id <= 200; id++)
		for (size_t i = 0; i < 3; i++) {
			struct pkt pkt =
				piece_of(&bed_ends[0], 53, id, orders[id % 6][i] * PIECE, PIECE);

			bed_run(bed, INSIDE, &pkt);
			if (bed->last.action != XDP_REDIRECT)
				fail_msg("datagram %u, piece %zu: %s", id, i,
					 reason_name(bed->last.trace.reason));
		}
}

static void quota(void **state)
{
	struct bed *bed = *state;
	size_t refused = 0, passed = 0;

	bed_policy(bed, few);
	for (uint32_t id = 1; id <= 40; id++) {
		struct pkt pkt = piece_of(&bed_ends[0], 53, id, 0, PIECE);
		enum sek_reason got = bed_run(bed, INSIDE, &pkt);

		if (got == SEK_R_frag_quota)
			refused++;
		else if (bed->last.action == XDP_REDIRECT)
			passed++;
	}
	assert_int_equal(passed + refused, 40);
	assert_in_range(passed, 6, 10);
	bed_reset(bed);
	struct pkt again = piece_of(&bed_ends[0], 53, 99, 0, PIECE);
	bed_expect(bed, "room again after the wait", INSIDE, &again, accepted);
}

static const struct CMUnitTest tests[] = {
	{ "G01 three pieces in all orders pass, both families", g01_any_order, NULL, NULL, NULL },
	{ "G01 three pieces in all orders of a refused datagram", g01_refused_in_any_order, NULL,
	  NULL, NULL },
	{ "G07 last piece of 1..8 bytes", g07_short_last, NULL, NULL, NULL },
	{ "first pieces too short for TCP", tiny, NULL, NULL, NULL },
	{ "overlapping pieces poison their datagram", overlap, NULL, NULL, NULL },
	{ "a piece that comes twice does not poison its datagram", repeated, NULL, NULL, NULL },
	{ "a piece that gives its datagram another end does", other_end, NULL, NULL, NULL },
	{ "pieces that end where none can", range, NULL, NULL, NULL },
	{ "G01 fragments: strict drops all and says so", strict, NULL, NULL, NULL },
	{ "IPv6 atomic fragments are whole packets", atomic, NULL, NULL, NULL },
	{ "pieces of two datagrams do not mix, and are forgotten", mixed_datagrams, NULL, NULL, NULL },
	{ "datagrams that are whole do not count against the limit", complete_ones_are_free, NULL,
	  NULL, NULL },
	{ "a body's datagrams in pieces are limited", quota, NULL, NULL, NULL },
};
ROWS(rows_fragment, tests);
