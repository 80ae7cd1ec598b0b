// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/name_quic.h: Initials of one connection after the other between the same ports, ids
 * that a connection is known by, datagrams that hold several packets, frames that hold several
 * datagrams. Both families. Run by gate_test.c.
 */
#include "bpf/gatebed.h"
#include "bpf/nametext.h"

#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "install/nameorder.h"
#include "sekisho/name.h"

#define PORT 40000
#define QUIC_PORT 443
#define INITIAL_MIN 1200 /* bytes of a datagram with an Initial (RFC 9000, 14.1) */
#define V1 1
#define V2 0x6b3343cfU
#define GREASED 0x1a2a3a4aU

#define NAMED(fail, names)                                                                         \
	BED_ALPHA "    default: {out: accept, in: accept}\n"                                       \
		  "    fail: " fail "\n"                                                           \
		  "    names: {" names "}\n"

static const char open_body[] = NAMED("open", "records: none");
static const char closed_body[] = NAMED("closed", "records: none");
static const char refusing_body[] = NAMED("open", "quic: refuse");

/* --- what is sent --- */

enum kind { INITIAL, ZERO_RTT, HANDSHAKE, RETRY };

/* One packet with a long header: its ids are a letter eight times, what it carries another one. */
static void packet_add(struct nametext *text, enum kind kind, uint32_t version, char id, char from,
		       unsigned int body_len)
{
	unsigned int type = version == V2 ? (kind + 1) & 3 : kind;
	uint8_t first = (uint8_t)(0xc0 | type << 4 | 3);

	nametext_add(text, &first, 1);
	nametext_put16(text, version >> 16);
	nametext_put16(text, version & 0xffff);
	for (int i = 0; i < 2; i++) {
		char who = (char)(i ? from : id);

		nametext_add(text, "\10", 1);
		for (int j = 0; j < 8; j++)
			nametext_add(text, &who, 1);
	}
	if (kind == INITIAL)
		nametext_add(text, "", 1); /* no token */
	if (kind != RETRY)
		nametext_put16(text, 0x4000 | body_len);
	for (unsigned int i = 0; i < body_len; i++)
		nametext_add(text, "x", 1);
}

static struct nametext initial(uint32_t version, char id)
{
	struct nametext text = { 0 };

	packet_add(&text, INITIAL, version, id, 'c', INITIAL_MIN - 26);
	return text;
}

static struct nametext two(enum kind kind, char id, const struct nametext *behind)
{
	struct nametext text = { 0 };

	packet_add(&text, kind, V1, id, 'c', 100);
	nametext_add(&text, behind->b, behind->len);
	return text;
}

static struct pkt datagram(const struct ends *e, bool out, const struct nametext *text)
{
	struct pkt pkt = { .proto = IPPROTO_UDP,
			   .sport = out ? PORT : QUIC_PORT,
			   .dport = out ? QUIC_PORT : PORT,
			   .payload = text->b,
			   .payload_len = text->len };

	return out ? bed_out(e, pkt) : bed_in(e, pkt);
}

static enum sek_reason client(struct bed *bed, const struct ends *e, struct nametext text)
{
	struct pkt pkt = datagram(e, true, &text);

	return bed_run(bed, INSIDE, &pkt);
}

static enum sek_reason server(struct bed *bed, const struct ends *e, struct nametext text)
{
	struct pkt pkt = datagram(e, false, &text);

	return bed_run(bed, OUTSIDE, &pkt);
}

static struct nametext data(void)
{
	return nametext_of("\x41 what an established connection carries");
}

/* What a server answers with: its own id is `id`. */
static struct nametext answer(enum kind kind, uint32_t version, char id)
{
	struct nametext text = { 0 };

	packet_add(&text, kind, version, 'c', id, 100);
	return text;
}

/* --- the agent's part --- */

struct copies {
	size_t cnt;
	struct sek_name_copy last;
};

static int copy_seen(void *arg, void *bytes, size_t size)
{
	struct copies *copies = arg;
	const struct sek_name_copy_head *head = bytes;

	memcpy(&copies->last, bytes, sizeof(*head) + head->len);
	copies->cnt++;
	return 0;
}

/* Copies since it was asked last. */
static size_t copies_read(struct bed *bed, struct copies *copies)
{
	struct ring_buffer *ring;

	ring = ring_buffer__new(gate_map_fd(replay_gate(bed->replay), "sek_name_ring"), copy_seen,
				copies, NULL);
	assert_non_null(ring);
	copies->cnt = 0;
	assert_true(ring_buffer__consume(ring) >= 0);
	ring_buffer__free(ring);
	return copies->cnt;
}

static struct sek_flow flow_of(struct bed *bed)
{
	struct sek_flow flow = {};

	assert_int_equal(bed_flows(bed, &flow), 1);
	return flow;
}

/*
 * It has read all copies, a moment ago. sum: of the connection that passes from now on; 0: nothing
 * changes.
 */
static void agent_says(struct bed *bed, uint32_t sum)
{
	struct sek_flow flow = flow_of(bed);
	struct sek_name_order order = {
		.key = flow.key,
		.first_ns = flow.first_ns,
		.number = flow.number,
		.heard_ns = bed->now_ns > flow.asked_ns ? bed->now_ns : flow.asked_ns,
		.name = { .state = sum ? SEK_NAME_QUIC : SEK_NAME_OFF,
			  .proto = SEK_NAME_PROTO_QUIC,
			  .list = SEK_NAME_NO_LIST,
			  .start = sum },
	};

	assert_int_equal(name_order(replay_gate(bed->replay), &order), 0);
	bed_wait(bed, MS);
}

/* Takes the one copy there is and lets its connection pass. */
static void agent_passes(struct bed *bed, struct copies *copies)
{
	assert_int_equal(copies_read(bed, copies), 1);
	assert_int_not_equal(copies->last.head.seq, 0);
	agent_says(bed, copies->last.head.seq);
}

static void begin(struct bed *bed, const char *policy, struct copies *copies)
{
	bed_policy(bed, policy);
	copies_read(bed, copies);
}

/* --- rows --- */

/* What was decided of one connection is not said of the next one. */
static void each_connection_is_asked(void **state)
{
	struct copies *copies = calloc(1, sizeof(*copies));
	struct bed *bed = *state;

	for (int i = 0; i < 4; i++) {
		const struct ends *e = &bed_ends[i & 1];
		uint32_t version = i < 2 ? V1 : V2;
		struct nametext hand = { 0 };

		begin(bed, open_body, copies);
		assert_int_equal(client(bed, e, initial(version, 'a')), SEK_R_name_pending);
		assert_int_equal(flow_of(bed).name.state, SEK_NAME_QUIC);
		assert_int_equal(flow_of(bed).name.proto, SEK_NAME_PROTO_QUIC);
		agent_passes(bed, copies);
		/* Its data and its handshake are nobody's business. */
		packet_add(&hand, HANDSHAKE, version, 'a', 'c', 100);
		assert_int_equal(client(bed, e, data()), SEK_R_established);
		assert_int_equal(client(bed, e, hand), SEK_R_established);
		assert_int_equal(server(bed, e, data()), SEK_R_established);
		assert_int_equal(copies_read(bed, copies), 0);
		assert_int_equal(client(bed, e, initial(version, 'b')), SEK_R_name_pending);
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(copies->last.head.payload_len, INITIAL_MIN);
		assert_int_equal(copies->last.head.len, INITIAL_MIN);
		/* Nothing is answered before that is known; what the first one sends goes on. */
		assert_int_equal(client(bed, e, data()), SEK_R_established);
		assert_int_equal(server(bed, e, data()), SEK_R_name_wait);
		agent_says(bed, 0);
		assert_int_equal(server(bed, e, data()), SEK_R_established);
	}
	free(copies);
}

/*
 * An Initial comes again in other bytes: where nothing passes unseen, it passes by its id, and is read.
 */
static void known_by_its_id(void **state)
{
	struct copies *copies = calloc(1, sizeof(*copies));
	struct bed *bed = *state;

	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct nametext again = initial(V1, 'a');

		again.b[100] ^= 1;
		begin(bed, closed_body, copies);
		assert_int_equal(client(bed, e, initial(V1, 'a')), SEK_R_name_wait);
		assert_int_equal(bed->last.action, XDP_DROP);
		assert_int_equal(client(bed, e, again), SEK_R_name_wait);
		assert_int_equal(copies_read(bed, copies), 2);
		agent_says(bed, copies->last.head.seq);
		assert_int_equal(client(bed, e, again), SEK_R_established);
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(server(bed, e, data()), SEK_R_name_wait);
		agent_says(bed, copies->last.head.seq);
		/* Another one is another matter, and so is the same when the agent has forgotten it. */
		assert_int_equal(client(bed, e, initial(V1, 'b')), SEK_R_name_wait);
		assert_int_equal(client(bed, e, initial(V1, 'a')), SEK_R_established);
		agent_says(bed, 0);
		assert_int_equal(client(bed, e, data()), SEK_R_established);
		bed_wait(bed, 29 * SECOND);
		assert_int_equal(client(bed, e, data()), SEK_R_established);
		assert_int_equal(client(bed, e, initial(V1, 'a')), SEK_R_established);
		bed_wait(bed, 2 * SECOND);
		assert_int_equal(client(bed, e, initial(V1, 'a')), SEK_R_name_wait);
	}
	free(copies);
}

/* From its second flight on a client calls its server by the id that this gave itself. */
static void known_by_its_servers_id(void **state)
{
	struct copies *copies = calloc(1, sizeof(*copies));
	struct bed *bed = *state;

	for (int i = 0; i < 4; i++) {
		const struct ends *e = &bed_ends[i & 1];
		uint32_t version = i < 2 ? V1 : V2;

		begin(bed, closed_body, copies);
		client(bed, e, initial(version, 'a'));
		agent_passes(bed, copies);
		/* A Retry's is not: another ClientHello follows it. */
		assert_int_equal(server(bed, e, answer(RETRY, version, 'r')), SEK_R_established);
		assert_int_equal(server(bed, e, answer(HANDSHAKE, version, 'r')), SEK_R_established);
		assert_int_equal(flow_of(bed).name.next, 0);
		assert_int_equal(client(bed, e, initial(version, 'r')), SEK_R_name_wait);
		agent_says(bed, 0);
		assert_int_equal(server(bed, e, answer(INITIAL, version, 's')), SEK_R_established);
		assert_int_not_equal(flow_of(bed).name.next, 0);
		assert_int_equal(copies_read(bed, copies), 1); /* none of them the server's */
		/* It is read, but answers do not wait for that. */
		assert_int_equal(client(bed, e, initial(version, 's')), SEK_R_established);
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(server(bed, e, data()), SEK_R_established);
		agent_says(bed, copies->last.head.seq);
		assert_int_equal(client(bed, e, initial(version, 's')), SEK_R_established);
		/* The next connection has another server's id. */
		copies_read(bed, copies);
		assert_int_equal(client(bed, e, initial(version, 'b')), SEK_R_name_wait);
		agent_passes(bed, copies);
		assert_int_equal(client(bed, e, initial(version, 's')), SEK_R_name_wait);
	}
	free(copies);
}

struct shared {
	const char *what;
	struct nametext text;
	enum sek_reason closed; /* where a connection is known by the id 'a' */
	size_t copies;
};

/* Several packets in one datagram. What may hold an Initial, but not in front, passes by no id. */
static void initials_behind_others(void **state)
{
	struct nametext first = initial(V1, 'a'), short_one = data(), zeros = { .len = 900 };
	struct nametext strange = initial(GREASED, 'a'), cut = initial(V1, 'a'), hand = { 0 };
	struct nametext many = { 0 }, open_bit = initial(V1, 'b'), wide = initial(V1, 'a');
	struct copies *copies = calloc(1, sizeof(*copies));
	struct bed *bed = *state;

	packet_add(&hand, HANDSHAKE, V1, 'a', 'c', 100);
	for (int i = 0; i < 5; i++)
		packet_add(&many, HANDSHAKE, V1, 'a', 'c', 20);
	cut.len = 10;
	open_bit.b[0] &= 0xbf;
	wide.b[5] = 21;
	const struct shared rows[] = {
		{ "known, and data behind it", two(INITIAL, 'a', &short_one), SEK_R_established, 1 },
		{ "behind a handshake", two(HANDSHAKE, 'a', &first), SEK_R_name_wait, 1 },
		{ "behind early data", two(ZERO_RTT, 'a', &first), SEK_R_name_wait, 1 },
		{ "a handshake alone", two(HANDSHAKE, 'a', &(struct nametext){ 0 }),
		  SEK_R_established, 0 },
		{ "data behind a handshake", two(HANDSHAKE, 'a', &short_one), SEK_R_established, 0 },
		{ "padding behind it", two(HANDSHAKE, 'a', &zeros), SEK_R_established, 0 },
		{ "a handshake behind a handshake", two(HANDSHAKE, 'a', &hand), SEK_R_established, 0 },
		{ "too many of them", many, SEK_R_name_wait, 1 },
		{ "another version", strange, SEK_R_name_wait, 1 },
		{ "another version behind it", two(HANDSHAKE, 'a', &strange), SEK_R_name_wait, 1 },
		{ "an id that is cut", cut, SEK_R_name_wait, 1 },
		{ "an id that is too long", wide, SEK_R_name_wait, 1 },
		{ "a bit that is left out", open_bit, SEK_R_name_wait, 1 },
		{ "data", data(), SEK_R_established, 0 },
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct shared *row = &rows[i / 2];
		const struct ends *e = &bed_ends[i & 1];
		enum sek_reason reason;
		size_t cnt;

		begin(bed, closed_body, copies);
		client(bed, e, initial(V1, 'a'));
		agent_passes(bed, copies);
		reason = client(bed, e, row->text);
		cnt = copies_read(bed, copies);
		if (reason != row->closed || cnt != row->copies)
			fail_msg("%s: %s and %zu copies", row->what, reason_name(reason), cnt);
	}
	free(copies);
}

/* Before the first one nothing is known, whatever port it goes to. */
static void the_first_one_may_be_behind(void **state)
{
	struct nametext first = initial(V1, 'a'), text = two(HANDSHAKE, 'a', &first);
	struct bed *bed = *state;

	for (int i = 0; i < 2; i++) {
		struct pkt pkt = datagram(&bed_ends[i], true, &text);

		pkt.dport = 8443;
		bed_policy(bed, open_body);
		assert_int_equal(bed_run(bed, INSIDE, &pkt), SEK_R_name_pending);
		assert_int_equal(flow_of(bed).name.state, SEK_NAME_QUIC);
	}
}

/* Initials without end: they are not for the agent alone to bear, and end nothing that is there. */
static void many_initials_are_bounded(void **state)
{
	struct copies *copies = calloc(1, sizeof(*copies));
	struct bed *bed = *state;

	for (int i = 0; i < 4; i++) {
		const struct ends *e = &bed_ends[i & 1];
		bool closed = i / 2;

		begin(bed, closed ? closed_body : open_body, copies);
		client(bed, e, initial(V1, 'a'));
		agent_passes(bed, copies);
		for (int j = 0; j < 100; j++)
			assert_int_equal(client(bed, e, initial(V1, 'b')),
					 closed || j >= 32 ? SEK_R_name_wait : SEK_R_name_pending);
		assert_int_equal(copies_read(bed, copies), 32);
		assert_int_equal(client(bed, e, data()), SEK_R_established);
		/* An agent that says nothing at all is none. */
		bed_wait(bed, 2 * SECOND);
		assert_int_equal(client(bed, e, initial(V1, 'b')),
				 closed ? SEK_R_name_wait : SEK_R_name_pending);
		assert_int_equal(bed->last.action, closed ? XDP_DROP : XDP_REDIRECT);
		agent_says(bed, 0);
		client(bed, e, initial(V1, 'b'));
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(flow_of(bed).name.state, SEK_NAME_QUIC);
	}
	free(copies);
}

/* No client cuts such a datagram (RFC 9000, 14), and nobody could read it. */
static void initials_in_pieces_end(void **state)
{
	struct bed *bed = *state;
	struct nametext text = initial(V1, 'a');

	for (int i = 0; i < 2; i++) {
		struct pkt pkt = datagram(&bed_ends[i], true, &text);

		bed_policy(bed, open_body);
		pkt.ip_id = 77;
		pkt.piece = 800;
		assert_int_equal(bed_run(bed, INSIDE, &pkt), SEK_R_name_bad);
		assert_int_equal(bed->last.action, XDP_DROP);
	}
}

/* Any datagram of those that were merged may be one. */
static void initials_in_merged_frames(void **state)
{
	struct copies *copies = calloc(1, sizeof(*copies));
	struct bed *bed = *state;
	struct nametext text = { .len = 1200 }, first = initial(V1, 'b');

	if (!bed->tc) { /* XDP comes before frames are merged */
		free(copies);
		return;
	}
	memset(text.b, 0x41, 1200);
	nametext_add(&text, first.b, first.len);
	for (int i = 0; i < 4; i++) {
		const struct ends *e = &bed_ends[i & 1];
		bool closed = i / 2;

		begin(bed, closed ? closed_body : open_body, copies);
		client(bed, e, initial(V1, 'a'));
		agent_passes(bed, copies);
		replay_merge(bed->replay, 1200, 2);
		assert_int_equal(client(bed, e, text), closed ? SEK_R_name_wait : SEK_R_name_pending);
		replay_merge(bed->replay, 0, 0);
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(copies->last.head.len, 1200);
		assert_memory_equal(copies->last.bytes, first.b, 1200);
		memset(text.b + 1200, 0x41, 1200);
		replay_merge(bed->replay, 1200, 2);
		assert_int_equal(client(bed, e, text), SEK_R_established);
		replay_merge(bed->replay, 0, 0);
		assert_int_equal(copies_read(bed, copies), 0);
		memcpy(text.b + 1200, first.b, 1200);
	}
	free(copies);
}

/* A policy that refuses QUIC reaches the next connection of a flow that it found. */
static void refused_from_now_on(void **state)
{
	struct copies *copies = calloc(1, sizeof(*copies));
	struct bed *bed = *state;

	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		begin(bed, open_body, copies);
		client(bed, e, initial(V1, 'a'));
		agent_passes(bed, copies);
		bed_apply(bed, refusing_body);
		assert_int_equal(client(bed, e, data()), SEK_R_established);
		assert_int_equal(client(bed, e, initial(V1, 'b')), SEK_R_name_quic);
		assert_int_equal(bed->last.action, XDP_TX);
	}
	free(copies);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_connection_is_asked),    cmocka_unit_test(known_by_its_id),
	cmocka_unit_test(known_by_its_servers_id),     cmocka_unit_test(initials_behind_others),
	cmocka_unit_test(the_first_one_may_be_behind), cmocka_unit_test(many_initials_are_bounded),
	cmocka_unit_test(initials_in_pieces_end),      cmocka_unit_test(initials_in_merged_frames),
	cmocka_unit_test(refused_from_now_on),
};
ROWS(rows_name_quic, tests);
