// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for TCP in stage/flow.h: states, windows, resets (G31), idle expiry (G33), both families.
 * Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#define ISN_OUT 1000u
#define ISN_IN 500000u

static struct pkt tcp_out(const struct ends *e, uint8_t flags, uint32_t seq, uint32_t ack, size_t len)
{
	return bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
					.sport = 40000,
					.dport = 80,
					.flags = flags,
					.seq = seq,
					.ack = ack,
					.payload_len = len,
					.win = 8192 });
}

static struct pkt tcp_in(const struct ends *e, uint8_t flags, uint32_t seq, uint32_t ack, size_t len)
{
	return bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
				       .sport = 80,
				       .dport = 40000,
				       .flags = flags,
				       .seq = seq,
				       .ack = ack,
				       .payload_len = len,
				       .win = 8192 });
}

static void state_is(struct bed *bed, enum sek_flow_state wanted)
{
	struct sek_flow flow;

	assert_int_equal(bed_flows(bed, &flow), 1);
	assert_int_equal(flow.state, wanted);
}

#define send_out(bed, e, flags, seq, ack, len, reason)                                             \
	do {                                                                                       \
		struct pkt pkt_ = tcp_out(e, flags, seq, ack, len);                                \
		bed_expect(bed, "out " #flags " seq " #seq " ack " #ack, INSIDE, &pkt_, reason);   \
	} while (0)
#define send_in(bed, e, flags, seq, ack, len, reason)                                              \
	do {                                                                                       \
		struct pkt pkt_ = tcp_in(e, flags, seq, ack, len);                                 \
		bed_expect(bed, "in " #flags " seq " #seq " ack " #ack, OUTSIDE, &pkt_, reason);   \
	} while (0)

static void handshake(struct bed *bed, const struct ends *e)
{
	bed_reset(bed);
	send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, accepted);
	state_is(bed, SEK_FLOW_SYN);
	send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0, established);
	state_is(bed, SEK_FLOW_SYN_ACK);
	send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 0, established);
	state_is(bed, SEK_FLOW_ESTABLISHED);
}

static void life(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		handshake(bed, e);
		assert_int_equal(bed_quota(bed, 1).flows, 1);
		assert_int_equal(bed_quota(bed, 1).half, 0);
		send_out(bed, e, TCP_ACK | TCP_PSH, ISN_OUT + 1, ISN_IN + 1, 100, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 101, 1000, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 101, ISN_IN + 1001, 0, established);
		send_out(bed, e, TCP_FIN | TCP_ACK, ISN_OUT + 101, ISN_IN + 1001, 0, established);
		state_is(bed, SEK_FLOW_FIN);
		send_in(bed, e, TCP_ACK, ISN_IN + 1001, ISN_OUT + 102, 500, established);
		state_is(bed, SEK_FLOW_FIN);
		send_in(bed, e, TCP_FIN | TCP_ACK, ISN_IN + 1501, ISN_OUT + 102, 0, established);
		state_is(bed, SEK_FLOW_CLOSING);
		send_out(bed, e, TCP_ACK, ISN_OUT + 102, ISN_IN + 1502, 0, established);
	}
}

static void closed_by_reset(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		handshake(bed, e);
		send_in(bed, e, TCP_RST, ISN_IN + 1, 0, 0, established);
		state_is(bed, SEK_FLOW_CLOSED);
		handshake(bed, e);
		send_out(bed, e, TCP_RST | TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 0, established);
		state_is(bed, SEK_FLOW_CLOSED);
		/* A refused connection: RST with the right acknowledgement in answer to a SYN. */
		bed_reset(bed);
		send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, accepted);
		send_in(bed, e, TCP_RST | TCP_ACK, 0, ISN_OUT + 1, 0, established);
		state_is(bed, SEK_FLOW_CLOSED);
		assert_int_equal(bed_quota(bed, 1).half, 0);
	}
}

static void g31_forged_reset(void **state)
{
	static const uint32_t off[] = { 1000000, -1000000u, 0x80000000u, 100000, -100000u };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		handshake(bed, e);
		for (size_t j = 0; j < sizeof(off) / sizeof(off[0]); j++) {
			send_in(bed, e, TCP_RST, ISN_IN + 1 + off[j], 0, 0, tcp_reset_window);
			send_out(bed, e, TCP_RST, ISN_OUT + 1 + off[j], 0, 0, tcp_reset_window);
			send_in(bed, e, TCP_RST | TCP_ACK, ISN_IN + 1 + off[j], ISN_OUT + 1, 0,
				tcp_reset_window);
			state_is(bed, SEK_FLOW_ESTABLISHED);
		}
		/* Inside the window, but not exact: RFC 5961 has the endpoint ask again; no state change. */
		struct pkt near = tcp_in(e, TCP_RST, ISN_IN + 1 + 10, 0, 0);
		bed_run(bed, OUTSIDE, &near);
		state_is(bed, SEK_FLOW_ESTABLISHED);
		bed_wait(bed, 60 * SECOND);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 100, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 101, 100, established);
		/* A wrong RST before the handshake is done. */
		bed_reset(bed);
		send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, accepted);
		send_in(bed, e, TCP_RST | TCP_ACK, 0, ISN_OUT + 77, 0, tcp_reset_window);
		state_is(bed, SEK_FLOW_SYN);
	}
}

static void windows(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		handshake(bed, e);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 1, 1000, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 1, 1000, established); /* again */
		send_in(bed, e, TCP_ACK, ISN_IN + 1001 + 100000, ISN_OUT + 1, 1000, tcp_window);
		send_in(bed, e, TCP_ACK, ISN_IN + 1 - 100000, ISN_OUT + 1, 1000, tcp_window);
		send_in(bed, e, TCP_ACK, ISN_IN + 1001, ISN_OUT + 1 + 100000, 10,
			tcp_window); /* of data never sent */
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1001, 8192,
			 established); /* to the edge */
		send_out(bed, e, TCP_ACK, ISN_OUT + 1 + 8192 + 200, ISN_IN + 1001, 1460, tcp_window);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1 - 1, ISN_IN + 1001, 1,
			 established); /* keep-alive */
		state_is(bed, SEK_FLOW_ESTABLISHED);
	}
}

/* Segments that were overtaken by a window of others, as by a sender short of CPU. */
static void overtaken(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	const uint32_t behind = 8192 + 66000; /* the window, and what stage/tcp.h allows beyond it */
	uint32_t seq = ISN_IN + 1;

	bed_policy(bed, bed_bridge);
	handshake(bed, e);
	for (int i = 0; i < 40; i++, seq += 4000) {
		send_in(bed, e, TCP_ACK, seq, ISN_OUT + 1, 1000, established);
		send_in(bed, e, TCP_ACK, seq + 3000, ISN_OUT + 1, 1000, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, seq + 4000, 0, established);
	}
	for (uint32_t ahead = 0; ahead < 8000; ahead += 1000)
		send_in(bed, e, TCP_ACK, seq + ahead, ISN_OUT + 1, 1000, established);
	send_out(bed, e, TCP_ACK, ISN_OUT + 1, seq - behind, 0, established);
	send_out(bed, e, TCP_ACK, ISN_OUT + 1, seq - behind - 1, 0, tcp_window);
	send_in(bed, e, TCP_ACK, seq - 8192, ISN_OUT + 1, 0, established);
	send_in(bed, e, TCP_ACK, seq - 8193, ISN_OUT + 1, 0, tcp_window);
}

static void scaled_windows(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt syn = tcp_out(e, TCP_SYN, ISN_OUT, 0, 0), ack, data;
	struct pkt syn_ack = tcp_in(e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0);

	bed_policy(bed, bed_bridge);
	syn.scale = syn_ack.scale = 7 + 1;
	bed_expect(bed, "SYN with scale 7", INSIDE, &syn, accepted);
	bed_expect(bed, "SYN-ACK with scale 7", OUTSIDE, &syn_ack, established);
	ack = tcp_out(e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 0);
	bed_expect(bed, "ACK", INSIDE, &ack, established); /* offers 8192 << 7 = 1 MiB */
	data = tcp_in(e, TCP_ACK, ISN_IN + 1 + 1000000, ISN_OUT + 1, 1000);
	bed_expect(bed, "data 1 MB ahead, inside the scaled window", OUTSIDE, &data, established);
	data = tcp_in(e, TCP_ACK, ISN_IN + 1 + 3000000, ISN_OUT + 1, 1000);
	bed_expect(bed, "data 3 MB ahead", OUTSIDE, &data, tcp_window);
}

/* Sequence numbers wrap in the middle of a transfer. */
static void wrapped_sequence(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	uint32_t seq = 0xfffffff0, ack = 0xffffff00;

	bed_policy(bed, bed_bridge);
	send_out(bed, e, TCP_SYN, seq, 0, 0, accepted);
	send_in(bed, e, TCP_SYN | TCP_ACK, ack, seq + 1, 0, established);
	send_out(bed, e, TCP_ACK, seq + 1, ack + 1, 0, established);
	for (uint32_t i = 0; i < 20; i++) {
		send_out(bed, e, TCP_ACK, seq + 1 + i * 1000, ack + 1 + i * 1000, 1000, established);
		send_in(bed, e, TCP_ACK, ack + 1 + i * 1000, seq + 1 + (i + 1) * 1000, 1000,
			established);
	}
	state_is(bed, SEK_FLOW_ESTABLISHED);
}

static void wrong_state(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		bed_reset(bed);
		send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0, tcp_no_flow);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 10, tcp_no_flow);
		send_out(bed, e, TCP_FIN | TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 0, tcp_no_flow);
		send_in(bed, e, TCP_RST, ISN_IN, 0, 0, tcp_no_flow);
		assert_int_equal(bed_flows(bed, NULL), 0);
		send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, accepted);
		send_in(bed, e, TCP_ACK, ISN_IN, ISN_OUT + 1, 100, tcp_state); /* data before SYN-ACK */
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 10, tcp_state);
		send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 99, 0,
			tcp_state); /* of another SYN */
		state_is(bed, SEK_FLOW_SYN);
		handshake(bed, e);
		send_out(bed, e, TCP_SYN, ISN_OUT + 5000, 0, 0,
			 established); /* RFC 5961, 4.2: challenged by its receiver */
		state_is(bed, SEK_FLOW_ESTABLISHED);
		send_in(bed, e, TCP_RST, ISN_IN + 1, 0, 0, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 1, 10,
			tcp_state); /* data behind a reset */
	}
}

/*
 * The opener's host fell and calls again from the same port: its SYN passes and changes nothing, the
 * other side challenges it (RFC 5961, 4.2), the opener resets what it no longer knows.
 */
static void called_again(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		handshake(bed, e);
		send_out(bed, e, TCP_SYN, ISN_OUT + 5000000, 0, 0, established);
		state_is(bed, SEK_FLOW_ESTABLISHED);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 1, 0, established);
		send_out(bed, e, TCP_RST, ISN_OUT + 1, 0, 0, established);
		state_is(bed, SEK_FLOW_CLOSED);
		send_out(bed, e, TCP_SYN, ISN_OUT + 5000000, 0, 0, accepted);
		state_is(bed, SEK_FLOW_SYN);
		send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN + 9, ISN_OUT + 5000001, 0, established);
	}
}

/* The same ports again, a moment after the end: a new connection, asked for anew. */
static void reopened(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];

	bed_policy(bed, bed_bridge);
	handshake(bed, e);
	send_in(bed, e, TCP_RST, ISN_IN + 1, 0, 0, established);
	bed_wait(bed, SECOND);
	struct pkt syn = tcp_out(e, TCP_SYN, ISN_OUT + 777777, 0, 0);
	bed_run(bed, INSIDE, &syn);
	assert_int_equal(bed->last.action, XDP_REDIRECT);
	state_is(bed, SEK_FLOW_SYN);
	assert_int_equal(bed_quota(bed, 1).flows, 1);
	assert_int_equal(bed_quota(bed, 1).half, 1);
}

static void half_open_ends(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];

	bed_policy(bed, bed_bridge);
	send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, accepted);
	bed_wait(bed, 1000 * SECOND);
	send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0, tcp_no_flow);
}

static void g33_idle(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		handshake(bed, e);
		bed_wait(bed, 2 * 3600 * SECOND);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 100, established);
		bed_wait(bed, 2 * 3600 * SECOND + 5 * 60 * SECOND);
		send_out(bed, e, TCP_ACK, ISN_OUT + 101, ISN_IN + 1, 100, tcp_no_flow);
	}
}

static const char short_idle[] = BED_ALPHA "    midstream: reject\n"
					   "    timeouts: {tcp_established: 5s}\n"
					   "    default: {out: accept, in: drop}\n";

/* Answered by a reset that the sender believes: from the address it spoke to, with its own ack as seq. */
static void g33_reject(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, short_idle);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct pkt late = tcp_out(e, TCP_ACK | TCP_PSH, ISN_OUT + 1, ISN_IN + 1, 100);
		size_t l4, addrs = i ? 8 : 12, len = i ? 16 : 4;

		handshake(bed, e);
		bed_wait(bed, 8 * SECOND);
		bed_answer(bed, "data after the timeout", INSIDE, &late, tcp_no_flow);
		l4 = bed->out.l3 + (i ? 40 : 20);
		assert_int_equal(bed->out.b[l4 + 13] & TCP_RST, TCP_RST);
		assert_int_equal(frame_get32(&bed->out, l4 + 4), ISN_IN + 1);
		assert_int_equal(frame_get16(&bed->out, l4), 80);
		assert_int_equal(frame_get16(&bed->out, l4 + 2), 40000);
		assert_memory_equal(bed->out.b + bed->out.l3 + addrs,
				    bed->in.b + bed->in.l3 + addrs + len, len);
		assert_memory_equal(bed->out.b, bed->in.b + 6, 6);
		assert_int_equal(frame_get16(&bed->out, 14) & 0xfff, 10);
		assert_true(frame_l4_sum_right(&bed->out, bed->out.l3));
		/* A reset is never answered. */
		struct pkt reset = tcp_out(e, TCP_RST, ISN_OUT + 1, 0, 0);
		bed_expect(bed, "reset without a flow", INSIDE, &reset, tcp_no_flow);
	}
}

/* Both open at once (RFC 9293, 3.5): the SYN of the other side meets a flow in SYN. */
static void simultaneous_open(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		bed_reset(bed);
		send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, accepted);
		send_in(bed, e, TCP_SYN, ISN_IN, 0, 0, established);
		send_out(bed, e, TCP_SYN | TCP_ACK, ISN_OUT, ISN_IN + 1, 0, established);
		send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 100, established);
		state_is(bed, SEK_FLOW_ESTABLISHED);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 101, 100, established);
	}
}

/* One side has said all; the other sends on for as long as it likes. */
static void half_closed(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		uint32_t seq = ISN_IN + 1;

		handshake(bed, e);
		send_out(bed, e, TCP_FIN | TCP_ACK, ISN_OUT + 1, seq, 0, established);
		for (int n = 0; n < 300; n++, seq += 1400) {
			send_in(bed, e, TCP_ACK, seq, ISN_OUT + 2, 1400, established);
			send_out(bed, e, TCP_ACK, ISN_OUT + 2, seq + 1400, 0, established);
			bed_wait(bed, SECOND);
		}
		state_is(bed, SEK_FLOW_FIN);
		send_in(bed, e, TCP_FIN | TCP_ACK, seq, ISN_OUT + 2, 0, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 2, seq + 1, 0, established);
		state_is(bed, SEK_FLOW_CLOSED);
		/* The ports of a connection in TIME-WAIT, used again with a higher number (RFC 9293, 3.10.7.4). */
		send_out(bed, e, TCP_SYN, ISN_OUT + 70000, 0, 0, accepted);
		state_is(bed, SEK_FLOW_SYN);
		send_in(bed, e, TCP_SYN | TCP_ACK, seq + 70000, ISN_OUT + 70001, 0, established);
	}
}

/* Both halves of the handshake may be sent again. */
static void repeated_handshake(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		bed_reset(bed);
		send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, accepted);
		send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, established);
		send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0, established);
		send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0, established);
		send_out(bed, e, TCP_SYN, ISN_OUT, 0, 0, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 0, established);
		send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 10, established);
		state_is(bed, SEK_FLOW_ESTABLISHED);
		assert_int_equal(bed_quota(bed, 1).half, 0);
	}
}

static void window_closed(struct frame *f)
{
	frame_put16(f, f->l4 + 14, 0);
}

/* Keep-alives repeat the last number, a closed window is probed with one byte. */
static void probes(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct pkt full, probe;

		handshake(bed, e);
		send_out(bed, e, TCP_ACK, ISN_OUT, ISN_IN + 1, 0, established);
		send_in(bed, e, TCP_ACK, ISN_IN, ISN_OUT + 1, 1, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 1, 8192, established);
		full = tcp_out(e, TCP_ACK, ISN_OUT + 1, ISN_IN + 8193, 0);
		full.bend = window_closed;
		bed_expect(bed, "window closed", INSIDE, &full, established);
		probe = tcp_in(e, TCP_ACK, ISN_IN + 8193, ISN_OUT + 1, 1);
		bed_expect(bed, "one byte", OUTSIDE, &probe, established);
		bed_expect(bed, "one byte more than once", OUTSIDE, &probe, established);
		bed_expect(bed, "still closed", INSIDE, &full, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 8194, 0, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 8194, ISN_OUT + 1, 8192, established);
	}
}

/* Scale 0 is an offer like another, 14 the largest, more counts as 14 (RFC 7323, 2.3). */
static void scales(void **state)
{
	static const struct {
		int out, in, shift;
	} offers[] = { { 0, 14, 0 }, { 14, 0, 14 }, { 14, 14, 14 }, { 15, 7, 14 } };
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		uint32_t room = 8192u << offers[i].shift;
		struct pkt syn = tcp_out(e, TCP_SYN, ISN_OUT, 0, 0);
		struct pkt syn_ack = tcp_in(e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1, 0);

		bed_reset(bed);
		syn.scale = offers[i].out + 1;
		syn_ack.scale = offers[i].in + 1;
		bed_expect(bed, "SYN", INSIDE, &syn, accepted);
		bed_expect(bed, "SYN-ACK", OUTSIDE, &syn_ack, established);
		send_out(bed, e, TCP_ACK, ISN_OUT + 1, ISN_IN + 1, 0, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 1 + room - 1000, ISN_OUT + 1, 1000, established);
		send_in(bed, e, TCP_ACK, ISN_IN + 1 + room + 1000, ISN_OUT + 1, 1000, tcp_window);
	}
}

/* RFC 7413: data in the SYN; the answer acknowledges all of it, or the SYN alone. */
static void fast_open(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		for (uint32_t taken = 0; taken <= 500; taken += 500) {
			bed_reset(bed);
			send_out(bed, e, TCP_SYN, ISN_OUT, 0, 500, accepted);
			send_in(bed, e, TCP_SYN | TCP_ACK, ISN_IN, ISN_OUT + 1 + taken, 0,
				established);
			send_in(bed, e, TCP_ACK, ISN_IN + 1, ISN_OUT + 1 + taken, 1000, established);
			send_out(bed, e, TCP_ACK, ISN_OUT + 1 + taken, ISN_IN + 1001, 500,
				 established);
			state_is(bed, SEK_FLOW_ESTABLISHED);
		}
	}
}

static void accurate_ecn(struct frame *f)
{
	f->b[f->l4 + 12] |= 1;
}

/* RFC 3168, 6.1.1, and AccECN (RFC 9768), which asks with AE too: the lowest bit beside the length. */
static void ecn_asked(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];

	bed_policy(bed, bed_bridge);
	for (int accurate = 0; accurate < 2; accurate++) {
		struct pkt syn = tcp_out(e, TCP_SYN | TCP_ECE | TCP_CWR, ISN_OUT, 0, 0);
		struct pkt answer = tcp_in(e, TCP_SYN | TCP_ACK | TCP_ECE, ISN_IN, ISN_OUT + 1, 0);

		bed_reset(bed);
		syn.bend = answer.bend = accurate ? accurate_ecn : NULL;
		bed_expect(bed, "SYN that asks for ECN", INSIDE, &syn, accepted);
		bed_expect(bed, "SYN-ACK that grants it", OUTSIDE, &answer, established);
		send_out(bed, e, TCP_ACK | TCP_CWR, ISN_OUT + 1, ISN_IN + 1, 10, established);
		state_is(bed, SEK_FLOW_ESTABLISHED);
	}
}

static void opened_from_outside(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		struct pkt syn = bed_in(&bed_ends[i], (struct pkt){ .proto = IPPROTO_TCP,
								    .sport = 5000,
								    .dport = 22,
								    .flags = TCP_SYN,
								    .seq = ISN_IN });
		struct pkt answer = bed_out(&bed_ends[i], (struct pkt){ .proto = IPPROTO_TCP,
									.sport = 22,
									.dport = 5000,
									.flags = TCP_SYN | TCP_ACK,
									.seq = ISN_OUT,
									.ack = ISN_IN + 1 });
		struct pkt ack = bed_in(&bed_ends[i], (struct pkt){ .proto = IPPROTO_TCP,
								    .sport = 5000,
								    .dport = 22,
								    .flags = TCP_ACK,
								    .seq = ISN_IN + 1,
								    .ack = ISN_OUT + 1 });
		struct sek_flow flow;

		bed_reset(bed);
		bed_expect(bed, "SYN from outside", OUTSIDE, &syn, accepted);
		assert_string_equal(bed_rule(bed), "ssh");
		bed_expect(bed, "SYN-ACK", INSIDE, &answer, established);
		bed_expect(bed, "ACK", OUTSIDE, &ack, established);
		assert_int_equal(bed_flows(bed, &flow), 1);
		assert_int_equal(flow.state, SEK_FLOW_ESTABLISHED);
		assert_int_equal(flow.flags & SEK_FLOW_FROM_IN, SEK_FLOW_FROM_IN);
		assert_int_equal(flow.packets[SEK_IN], 2);
		assert_int_equal(flow.packets[SEK_OUT], 1);
	}
}

static const struct CMUnitTest tests[] = {
	{ "a connection's whole life, state by state, both families", life, NULL, NULL, NULL },
	{ "closed by a reset", closed_by_reset, NULL, NULL, NULL },
	{ "G31 forged resets leave the flow alive", g31_forged_reset, NULL, NULL, NULL },
	{ "segments outside the window", windows, NULL, NULL, NULL },
	{ "segments that others overtook", overtaken, NULL, NULL, NULL },
	{ "scaled windows", scaled_windows, NULL, NULL, NULL },
	{ "sequence numbers that wrap", wrapped_sequence, NULL, NULL, NULL },
	{ "segments that do not fit the state", wrong_state, NULL, NULL, NULL },
	{ "called again from the same port after a crash", called_again, NULL, NULL, NULL },
	{ "the same ports again", reopened, NULL, NULL, NULL },
	{ "a half-open flow ends by itself", half_open_ends, NULL, NULL, NULL },
	{ "G33 idle for 2 h lives, for 2 h 5 min does not", g33_idle, NULL, NULL, NULL },
	{ "G33 midstream: reject answers with a reset", g33_reject, NULL, NULL, NULL },
	{ "both sides open at once", simultaneous_open, NULL, NULL, NULL },
	{ "long data after one side's FIN, and the ports again", half_closed, NULL, NULL, NULL },
	{ "SYN and SYN-ACK sent again", repeated_handshake, NULL, NULL, NULL },
	{ "keep-alives and probes of a closed window", probes, NULL, NULL, NULL },
	{ "window scales 0, 14 and beyond", scales, NULL, NULL, NULL },
	{ "data in the SYN", fast_open, NULL, NULL, NULL },
	{ "SYNs that ask for ECN", ecn_asked, NULL, NULL, NULL },
	{ "opened from outside", opened_from_outside, NULL, NULL, NULL },
};
ROWS(rows_tcp, tests);
