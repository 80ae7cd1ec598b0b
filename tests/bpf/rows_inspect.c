// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/inspect.h and stage/hand_order.h: who gets a frame of a flow that is to be inspected, with
 * which note in front, and when the kernel takes it back, refuses it, or goes by `fail:`. The test is the
 * worker: it writes what a worker writes. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "install/handoff.h"
#include "install/install.h"
#include "sekisho/handoff.h"

#define BEGAN 77
#define ROOM 4
#define OPEN_BODY 10 /* VLAN of alpha, which fails open */
#define CLOSED_BODY 20

static const struct talk talk = {
	.from = "10.0.1.5", .to = "198.51.100.80", .sport = 40000, .dport = 8080
};

static struct gate *gate_of(struct bed *bed)
{
	return replay_gate(bed->replay);
}

/* Nobody has anything waiting at worker 0. */
static void shares_clear(struct bed *bed)
{
	const struct sek_share none = { 0 };

	for (uint32_t i = 0; i < SEK_TENANTS_MAX; i++)
		assert_int_equal(bpf_map_update_elem(gate_map_fd(gate_of(bed), "sek_share"), &i,
						     &none, BPF_ANY),
				 0);
}

/* What that worker says of itself, and its ring at each port; 0 buffers: it serves none. */
static void worker_write(struct bed *bed, uint32_t number, const struct sek_worker *worker,
			 uint32_t buffers)
{
	const struct sek_xsk_ring ring = { .room = buffers };
	int workers = gate_map_fd(gate_of(bed), "sek_worker"),
	    rings = gate_map_fd(gate_of(bed), "sek_xsk_ring");

	assert_int_equal(bpf_map_update_elem(workers, &number, worker, BPF_ANY), 0);
	for (uint32_t port = INSIDE; port <= OUTSIDE; port++) {
		uint32_t at = sek_ring_index(port, 0, number);

		assert_int_equal(bpf_map_update_elem(rings, &at, &ring, BPF_ANY), 0);
	}
}

/* Worker 0, last heard of ago_ns before now. */
static void worker_put(struct bed *bed, uint64_t began_ns, uint64_t ago_ns, uint32_t buffers)
{
	const struct sek_worker worker = { .began_ns = began_ns, .beat_ns = bed->now_ns - ago_ns };

	shares_clear(bed);
	worker_write(bed, 0, &worker, buffers);
}

/* So many of them, all alike. */
static void workers_put(struct bed *bed, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const struct sek_worker worker = { .began_ns = BEGAN,
						   .beat_ns = bed->now_ns,
						   .fellows = i ? 0 : cnt };

		worker_write(bed, i, &worker, INT32_MAX);
	}
}

/* Of body alpha or beta: so many of its frames have been looked at by worker 0. */
static void share_take(struct bed *bed, uint16_t tenant, uint64_t taken)
{
	int shares = gate_map_fd(gate_of(bed), "sek_share");
	uint32_t at = sek_share_index(0, tenant);
	struct sek_share share;

	assert_int_equal(bpf_map_lookup_elem(shares, &at, &share), 0);
	share.taken = taken;
	assert_int_equal(bpf_map_update_elem(shares, &at, &share, BPF_ANY), 0);
}

static void buffers_give(struct bed *bed, uint16_t port, uint64_t taken)
{
	int rings = gate_map_fd(gate_of(bed), "sek_xsk_ring");
	uint32_t at = sek_ring_index(port, 0, 0);
	struct sek_xsk_ring ring;

	assert_int_equal(bpf_map_lookup_elem(rings, &at, &ring), 0);
	ring.taken = taken;
	assert_int_equal(bpf_map_update_elem(rings, &at, &ring, BPF_ANY), 0);
}

static void begin(struct bed *bed)
{
	bed_policy(bed, bed_bridge);
	worker_put(bed, BEGAN, 0, ROOM);
}

/* A worker that has gone, for the rows of others. */
static void end(struct bed *bed)
{
	const struct sek_worker none = { 0 };

	shares_clear(bed);
	worker_write(bed, 0, &none, 0);
}

static enum sek_reason out(struct bed *bed, uint16_t vlan, uint8_t flags, uint32_t seq, size_t len)
{
	const struct pkt pkt = bed_opener(&talk, vlan, flags, seq, flags & TCP_ACK ? 5001 : 0, len);

	return bed_run(bed, INSIDE, &pkt);
}

static enum sek_reason in(struct bed *bed, uint16_t vlan, uint8_t flags, uint32_t seq, uint32_t ack,
			  size_t len)
{
	const struct pkt pkt = bed_opened(&talk, vlan, flags, seq, ack, len);

	return bed_run(bed, OUTSIDE, &pkt);
}

/* The three packets of a handshake, all of them with the worker. */
static void handshake(struct bed *bed, uint16_t vlan)
{
	assert_int_equal(out(bed, vlan, TCP_SYN, 1000, 0), SEK_R_inspected);
	assert_int_equal(in(bed, vlan, TCP_SYN | TCP_ACK, 5000, 1001, 0), SEK_R_inspected);
	assert_int_equal(out(bed, vlan, TCP_ACK, 1001, 0), SEK_R_inspected);
}

static struct sek_note note_of(struct bed *bed)
{
	struct sek_note note;

	assert_true(bed->out.len > sizeof(note));
	memcpy(&note, bed->out.b, sizeof(note));
	assert_int_equal(note.mark, SEK_NOTE_MARK);
	return note;
}

static struct sek_hand_order order_of(struct bed *bed, enum sek_handoff_state state)
{
	struct sek_flow flow;

	assert_int_equal(bed_flows(bed, &flow), 1);
	return (struct sek_hand_order){ .first_ns = flow.first_ns,
					.number = flow.number,
					.state = (uint8_t)state };
}

static void frames_go_to_the_worker(void **state)
{
	struct bed *bed = *state;
	struct sek_note note;
	struct sek_flow flow;

	begin(bed);
	if (bed->tc) { /* no socket of a worker can be reached from there */
		assert_int_equal(out(bed, OPEN_BODY, TCP_SYN, 1000, 0), SEK_R_inspect_blind_open);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_SYN, 1000, 0), SEK_R_inspect_blind);
		end(bed);
		return;
	}
	assert_int_equal(out(bed, OPEN_BODY, TCP_SYN, 1000, 0), SEK_R_inspected);
	assert_int_equal(bed->last.action, XDP_REDIRECT);
	assert_int_equal(bed->last.trace.verdict, SEK_TO_WORKER);
	assert_int_equal(bed_flows(bed, &flow), 1);
	note = note_of(bed);
	assert_int_equal(note.number, flow.number);
	assert_int_equal(note.first_ns, flow.first_ns);
	assert_int_equal(note.tenant, 1);
	assert_int_equal(note.dir, SEK_OUT);
	assert_int_equal(note.port, INSIDE);
	assert_int_equal(note.out_port, OUTSIDE);
	assert_int_equal(note.flags, 0);
	assert_int_equal(note.sent, 1);
	assert_int_equal(bed->out.len, sizeof(note) + bed->in.len);
	assert_memory_equal(bed->out.b + sizeof(note), bed->in.b, bed->in.len);
	assert_int_equal(in(bed, OPEN_BODY, TCP_SYN | TCP_ACK, 5000, 1001, 0), SEK_R_inspected);
	note = note_of(bed);
	assert_int_equal(note.sent, 1); /* each direction counts for itself */
	assert_int_equal(note.dir, SEK_IN);
	assert_int_equal(note.flags, SEK_NOTE_REPLY);
	assert_int_equal(out(bed, OPEN_BODY, TCP_ACK, 1001, 0), SEK_R_inspected);
	assert_int_equal(note_of(bed).sent, 2);
	end(bed);
}

/* Nothing is made of what is refused; what passed unseen is not taken up in its midst. */
static void a_dead_worker_is_noticed(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	worker_put(bed, BEGAN, SEK_WORKER_PATIENCE_NS, ROOM);
	assert_int_equal(out(bed, CLOSED_BODY, TCP_SYN, 1000, 0), SEK_R_inspect_closed);
	assert_int_equal(bed_flows(bed, NULL), 0);
	if (!bed->tc) {
		assert_int_equal(out(bed, OPEN_BODY, TCP_SYN, 1000, 0), SEK_R_inspect_open);
		worker_put(bed, BEGAN, 0, ROOM);
		assert_int_equal(in(bed, OPEN_BODY, TCP_SYN | TCP_ACK, 5000, 1001, 0),
				 SEK_R_inspect_blind_open);
	}
	end(bed);
}

static void a_worker_that_dies_leaves_its_flows(void **state)
{
	struct bed *bed = *state;

	begin(bed);
	if (!bed->tc) {
		handshake(bed, CLOSED_BODY);
		worker_put(bed, BEGAN, SEK_WORKER_PATIENCE_NS, ROOM);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspect_closed);
		worker_put(bed, BEGAN, 0, 0); /* alive, but it has let this queue go */
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspect_closed);
		worker_put(bed, BEGAN + 1, 0, ROOM); /* another life */
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspect_blind);
		worker_put(bed, BEGAN, 0, ROOM); /* it stalled, no more */
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspected);
	}
	end(bed);
}

static void a_full_ring_is_noticed(void **state)
{
	const uint16_t bodies[] = { CLOSED_BODY, OPEN_BODY };
	struct bed *bed = *state;

	for (int i = 0; i < 2 && !bed->tc; i++) {
		begin(bed);
		handshake(bed, bodies[i]);
		assert_int_equal(out(bed, bodies[i], TCP_ACK, 1001, 10), SEK_R_inspected);
		assert_int_equal(out(bed, bodies[i], TCP_ACK, 1011, 10), SEK_R_inspected);
		assert_int_equal(out(bed, bodies[i], TCP_ACK, 1021, 10),
				 i ? SEK_R_inspect_full_open : SEK_R_inspect_full);
		buffers_give(bed, INSIDE, 1);
		share_take(bed, i ? 1 : 2, 1);
		assert_int_equal(out(bed, bodies[i], TCP_ACK, 1021, 10), SEK_R_inspected);
	}
	end(bed);
}

/* However many frames of one body wait, another's finds room. */
static void a_flood_is_its_own_bodys(void **state)
{
	struct bed *bed = *state;
	uint32_t handed = 0;

	begin(bed);
	worker_put(bed, BEGAN, 0, 100);
	if (!bed->tc) {
		handshake(bed, OPEN_BODY);
		for (uint32_t i = 0; i < 200; i++) {
			enum sek_reason reason = out(bed, OPEN_BODY, TCP_ACK, 1001 + i, 1);

			assert_true(reason == SEK_R_inspected || reason == SEK_R_inspect_full_open);
			handed += reason == SEK_R_inspected;
		}
		assert_in_range(handed, 70, 85); /* four parts of five, the handshake among them */
		handshake(bed, CLOSED_BODY);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspected);
		assert_int_equal(out(bed, OPEN_BODY, TCP_ACK, 1201, 1), SEK_R_inspect_full_open);
		share_take(bed, 1, 50);
		assert_int_equal(out(bed, OPEN_BODY, TCP_ACK, 1201, 1), SEK_R_inspected);
	}
	end(bed);
}

/* The kernel takes a direction back at a packet before which all were let go, and not earlier. */
static void a_flow_is_handed_back_in_order(void **state)
{
	struct bed *bed = *state;
	struct sek_hand_order order;

	begin(bed);
	if (!bed->tc) {
		handshake(bed, CLOSED_BODY);
		order = order_of(bed, SEK_HANDOFF_BACK);
		order.dirs = 1 << SEK_OUT;
		order.upto[SEK_OUT] = 1; /* of two */
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspected);
		assert_int_equal(note_of(bed).sent, 3);
		order.upto[SEK_OUT] = 3;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1011, 10), SEK_R_established);
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5001, 1021, 10), SEK_R_inspected);
		order.dirs = 1 << SEK_IN;
		order.upto[SEK_IN] = 2;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5011, 1021, 10), SEK_R_established);
		worker_put(bed, BEGAN, SEK_WORKER_PATIENCE_NS, ROOM); /* which concerns it no more */
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1021, 10), SEK_R_established);
	}
	end(bed);
}

/* One direction can be called back alone: its frames come again, the other's do not. */
static void a_direction_is_called_back(void **state)
{
	struct bed *bed = *state;
	struct sek_hand_order order;

	begin(bed);
	if (!bed->tc) {
		uint32_t number;

		handshake(bed, CLOSED_BODY);
		order = order_of(bed, SEK_HANDOFF_BACK);
		number = order.number;
		order.dirs = 1 << SEK_OUT | 1 << SEK_IN;
		order.upto[SEK_OUT] = 2;
		order.upto[SEK_IN] = 1;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_established);
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5001, 1011, 0), SEK_R_established);
		assert_true(hand_is_back(gate_of(bed), number, order.first_ns, SEK_IN));
		order.state = SEK_HANDOFF_WORKER;
		order.dirs = 1 << SEK_IN;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_false(hand_is_back(gate_of(bed), number, order.first_ns, SEK_IN));
		assert_true(hand_is_back(gate_of(bed), number, order.first_ns, SEK_OUT));
		assert_true(hand_is_back(gate_of(bed), number, order.first_ns + 1, SEK_IN));
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5001, 1011, 0), SEK_R_inspected);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1011, 10), SEK_R_established);
		order.state = SEK_HANDOFF_BACK;
		order.upto[SEK_IN] = 2;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_true(hand_is_back(gate_of(bed), number, order.first_ns, SEK_IN));
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5001, 1021, 0), SEK_R_established);
	}
	end(bed);
}

/* Of a direction whose bytes are still looked at, acknowledgements alone pass, and none before bytes in front of it. */
static void acknowledgements_of_a_bulk_pass(void **state)
{
	struct bed *bed = *state;
	struct sek_hand_order order;

	begin(bed);
	if (!bed->tc) {
		handshake(bed, CLOSED_BODY);
		order = order_of(bed, SEK_HANDOFF_BACK);
		order.dirs = order.quiet = 1 << SEK_IN;
		order.upto[SEK_IN] = 1;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5001, 1001, 0), SEK_R_established);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspected);
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5001, 1011, 10), SEK_R_inspected);
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5011, 1011, 0), SEK_R_inspected);
		order.upto[SEK_IN] = 3;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5011, 1011, 0), SEK_R_established);
		worker_put(bed, BEGAN, SEK_WORKER_PATIENCE_NS, ROOM); /* which concerns its bytes */
		assert_int_equal(in(bed, CLOSED_BODY, TCP_ACK, 5011, 1011, 10), SEK_R_inspect_closed);
	}
	end(bed);
}

static void a_flow_is_blocked(void **state)
{
	struct bed *bed = *state;
	struct sek_hand_order order;

	for (int reset = 0; reset < 2 && !bed->tc; reset++) {
		begin(bed);
		handshake(bed, OPEN_BODY);
		order = order_of(bed, SEK_HANDOFF_DROP);
		order.reset = (uint8_t)reset;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(in(bed, OPEN_BODY, TCP_ACK, 5001, 1001, 10), SEK_R_inspect_block);
		assert_int_equal(bed->last.trace.verdict, reset ? SEK_ANSWER : SEK_DROP);
		worker_put(bed, BEGAN, SEK_WORKER_PATIENCE_NS, ROOM); /* `fail: open` does not free it */
		assert_int_equal(in(bed, OPEN_BODY, TCP_ACK, 5001, 1001, 10), SEK_R_inspect_block);
	}
	end(bed);
}

/* Whoever opens a connection anew with the ports of one that was stopped begins another, which is inspected. */
static void ports_of_a_blocked_flow_are_free(void **state)
{
	struct bed *bed = *state;
	struct sek_hand_order order;

	for (int reset = 0; reset < 2 && !bed->tc; reset++) {
		uint32_t number;

		begin(bed);
		handshake(bed, CLOSED_BODY);
		order = order_of(bed, SEK_HANDOFF_DROP);
		order.reset = (uint8_t)reset;
		number = order.number;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		if (reset)
			assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10),
					 SEK_R_inspect_block);
		worker_put(bed, BEGAN, 0, ROOM); /* which has looked at all of them */
		handshake(bed, CLOSED_BODY);
		assert_int_not_equal(order_of(bed, SEK_HANDOFF_DROP).number, number);
		assert_int_equal(out(bed, CLOSED_BODY, TCP_ACK, 1001, 10), SEK_R_inspected);
	}
	end(bed);
}

static void an_order_finds_its_flow_or_none(void **state)
{
	struct bed *bed = *state;
	struct sek_hand_order order, other;

	begin(bed);
	if (!bed->tc) {
		assert_int_equal(out(bed, OPEN_BODY, TCP_SYN, 1000, 0), SEK_R_inspected);
		order = order_of(bed, SEK_HANDOFF_DROP);
		other = order;
		other.first_ns++;
		assert_int_equal(hand_order(gate_of(bed), &other), -ENOENT);
		other = order;
		other.number = 0;
		assert_int_equal(hand_order(gate_of(bed), &other), -ENOENT);
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(hand_order(gate_of(bed), &order), -ESTALE);
	}
	end(bed);
}

/* Of so many workers, which one a flow between these ends goes to, whoever of them speaks first. */
static uint8_t worker_of(struct bed *bed, const char *body, const char *other, uint16_t port,
			 bool answers)
{
	const struct talk their = { .from = body, .to = other, .sport = port, .dport = 8080 };
	const struct pkt syn = bed_opener(&their, OPEN_BODY, TCP_SYN, 1000, 0, 0),
			 syn_ack = bed_opened(&their, OPEN_BODY, TCP_SYN | TCP_ACK, 5000, 1001, 0);
	struct sek_handoff hand;
	struct sek_note note;
	int hands = gate_map_fd(gate_of(bed), "sek_handoff");

	assert_int_equal(bed_run(bed, INSIDE, &syn), SEK_R_inspected);
	note = note_of(bed);
	if (answers) {
		assert_int_equal(bed_run(bed, OUTSIDE, &syn_ack), SEK_R_inspected);
		assert_int_equal(note_of(bed).number, note.number);
	}
	assert_int_equal(bpf_map_lookup_elem(hands, &note.number, &hand), 0);
	return hand.worker;
}

/* All flows between two ends are one worker's, in both directions; other ends are another's. */
static void a_flow_has_one_worker(void **state)
{
	struct bed *bed = *state;
	unsigned int seen = 0;
	char body[16];

	begin(bed);
	workers_put(bed, 4);
	for (int i = 1; i < 60 && !bed->tc; i++) {
		uint8_t worker;

		snprintf(body, sizeof(body), "10.0.1.%d", i);
		worker = worker_of(bed, body, "198.51.100.80", 1000, true);
		assert_true(worker < 4);
		assert_int_equal(worker_of(bed, body, "198.51.100.80", 1001, false), worker);
		seen |= 1u << worker;
	}
	assert_int_equal(seen, bed->tc ? 0 : 15);
	workers_put(bed, 1);
	end(bed);
}

/* --- connections that a SYN cookie opened --- */

#define SERVER_ISN 0xfffffff0u /* wraps under way */

static const char guarded[] = BED_ALPHA
	"    fail: closed\n"
	"    default: {out: accept, in: drop}\n"
	"    protect: {synflood: always}\n"
	"    rules: [{name: shown, dir: in, proto: tcp, dport: 8080, action: inspect}]\n";

static const struct talk visit = {
	.from = "198.51.100.80", .to = "10.0.1.5", .sport = 40000, .dport = 8080
};

static enum sek_reason visitor(struct bed *bed, uint8_t flags, uint32_t seq, uint32_t ack, size_t len)
{
	const struct pkt pkt = bed_opener(&visit, OPEN_BODY, flags, seq, ack, len);

	return bed_run(bed, OUTSIDE, &pkt);
}

static enum sek_reason server(struct bed *bed, uint8_t flags, uint32_t seq, uint32_t ack, size_t len)
{
	const struct pkt pkt = bed_opened(&visit, OPEN_BODY, flags, seq, ack, len);

	return bed_run(bed, INSIDE, &pkt);
}

/* A number in the segment that left: 4, its seq; 8, its ack. */
static uint32_t number_of(const struct bed *bed, size_t at)
{
	return frame_get32(&bed->out, bed->out.l3 + 20 + at);
}

/* The same, behind a note. */
static uint32_t noted_number(const struct bed *bed, size_t at)
{
	return frame_get32(&bed->out, sizeof(struct sek_note) + bed->in.l3 + 20 + at);
}

/* Up to the server's answer, all of it seen by the worker but the cookie; what clients are told of 0. */
static uint32_t visit_opens(struct bed *bed)
{
	uint32_t cookie, shift;

	bed_policy(bed, guarded);
	worker_put(bed, BEGAN, 0, 100);
	assert_int_equal(visitor(bed, TCP_SYN, 1000, 0, 0), SEK_R_cookie_sent);
	cookie = number_of(bed, 4);
	shift = cookie - SERVER_ISN;
	assert_int_equal(visitor(bed, TCP_ACK, 1001, cookie + 1, 0), SEK_R_inspected);
	assert_int_equal(note_of(bed).flags, SEK_NOTE_COOKIE);
	assert_int_equal(noted_number(bed, 4), 1000);
	assert_int_equal(server(bed, TCP_SYN | TCP_ACK, SERVER_ISN, 1001, 0), SEK_R_inspected);
	assert_int_equal(note_of(bed).flags, SEK_NOTE_COOKIE | SEK_NOTE_REPLY);
	assert_int_equal(note_of(bed).shift, shift);
	assert_int_equal(noted_number(bed, 4), cookie + 1);
	return shift;
}

static void what_a_cookie_opened_is_inspected(void **state)
{
	struct bed *bed = *state;

	if (!bed->tc) {
		uint32_t shift = visit_opens(bed), first = SERVER_ISN + 1;

		assert_int_equal(visitor(bed, TCP_ACK, 1001, first + shift, 100), SEK_R_inspected);
		assert_int_equal(noted_number(bed, 8), first);
		assert_int_equal(note_of(bed).shift, shift);
		assert_int_equal(server(bed, TCP_ACK, first, 1101, 100), SEK_R_inspected);
		assert_int_equal(noted_number(bed, 4), first + shift);
		assert_int_equal(note_of(bed).shift, shift);
	}
	end(bed);
}

/* Each of its ends is told in its own numbers; the bed sends one reset, to who sent. */
static void what_a_cookie_opened_is_reset(void **state)
{
	struct bed *bed = *state;

	if (!bed->tc) {
		uint32_t shift = visit_opens(bed), first = SERVER_ISN + 1;
		struct sek_hand_order order = order_of(bed, SEK_HANDOFF_DROP);

		order.reset = 1;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(visitor(bed, TCP_ACK, 1001, first + shift, 100),
				 SEK_R_inspect_block);
		assert_int_equal(bed->last.trace.verdict, SEK_ANSWER);
		assert_int_equal(number_of(bed, 4), first + shift);
		assert_int_equal(server(bed, TCP_ACK, first, 1001, 100), SEK_R_inspect_block);
		assert_int_equal(bed->last.trace.verdict, SEK_ANSWER);
		assert_int_equal(number_of(bed, 4), 1001);
	}
	end(bed);
}

/* --- frames that no buffer takes --- */

#define LONG SEK_HANDOFF_LEN_MAX /* of payload */

/* Who was told not to send so long ones means to pass unseen: by what goes the other way, if a worker has it. */
static void a_segment_that_is_too_long_falls(void **state)
{
	struct bed *bed = *state;

	begin(bed);
	if (!bed->tc) {
		handshake(bed, OPEN_BODY);
		assert_int_equal(out(bed, OPEN_BODY, TCP_ACK, 1001, LONG), SEK_R_inspect_long);
		assert_int_equal(bed->last.action, XDP_DROP);
		assert_int_equal(out(bed, OPEN_BODY, TCP_ACK, 1001, 10), SEK_R_inspected);
		bed_reset(bed);
		worker_put(bed, BEGAN, 0, ROOM);
		assert_int_equal(out(bed, OPEN_BODY, TCP_SYN, 1000, 0), SEK_R_inspected);
		buffers_give(bed, OUTSIDE, -(uint64_t)ROOM); /* full: the answer passes by */
		assert_int_equal(in(bed, OPEN_BODY, TCP_SYN | TCP_ACK, 5000, 1001, 0),
				 SEK_R_inspect_full_open);
		assert_int_equal(out(bed, OPEN_BODY, TCP_ACK, 1001, LONG), SEK_R_inspect_blind_open);
	}
	end(bed);
}

static const char datagrams[] = BED_ALPHA
	"    fail: open\n"
	"    default: {out: accept, in: drop}\n"
	"    rules: [{name: seen, dir: out, proto: udp, dport: 8080, action: inspect}]\n";

/* A datagram that is too long is one that a worker has not seen; its flow goes on. */
static void a_datagram_that_is_too_long_is_alone(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, datagrams);
	worker_put(bed, BEGAN, 0, ROOM);
	for (int i = 0; i < 3 && !bed->tc; i++) {
		const struct pkt pkt = { .vlan = OPEN_BODY,
					 .src = talk.from,
					 .dst = talk.to,
					 .proto = IPPROTO_UDP,
					 .sport = talk.sport,
					 .dport = talk.dport,
					 .payload_len = i == 1 ? LONG : 10 };

		assert_int_equal(bed_run(bed, INSIDE, &pkt),
				 i == 1 ? SEK_R_inspect_blind_open : SEK_R_inspected);
	}
	end(bed);
}

/* --- datagrams in pieces --- */

#define PIECES 3
#define PIECE 1480

static const char in_pieces[] = BED_ALPHA
	"    fail: closed\n"
	"    default: {out: accept, in: drop}\n"
	"    rules: [{name: seen, dir: out, proto: udp, dport: 7000, action: inspect}]\n";

/* Of a datagram to that port. */
static enum sek_reason piece(struct bed *bed, const struct ends *ends, uint16_t dport, uint32_t id,
			     size_t number)
{
	struct pkt pkt = bed_out(ends, (struct pkt){ .proto = IPPROTO_UDP,
						     .sport = 40000,
						     .dport = dport,
						     .payload_len = PIECE * PIECES - 400,
						     .ip_id = id,
						     .from = number * PIECE,
						     .piece = PIECE });

	return bed_run(bed, INSIDE, &pkt);
}

/* In any order they go to one worker; those behind the first as of its flow. */
static void pieces_go_to_the_worker(void **state)
{
	static const size_t orders[][PIECES] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 } };
	struct bed *bed = *state;
	struct sek_flow flow;

	bed_policy(bed, in_pieces);
	for (size_t e = 0; e < 2 && !bed->tc; e++)
		for (uint32_t o = 0; o < 3; o++) {
			bool led = false;
			uint32_t sent = 0;

			bed_reset(bed);
			worker_put(bed, BEGAN, 0, 100);
			for (size_t i = 0; i < PIECES; i++) {
				led |= orders[o][i] == 0;
				assert_int_equal(piece(bed, &bed_ends[e], 7000, o, orders[o][i]),
						 SEK_R_inspected);
				assert_int_equal(bed->last.trace.verdict, SEK_TO_WORKER);
				assert_int_equal(bed_flows(bed, &flow), led);
				assert_int_equal(note_of(bed).number, led ? flow.number : 0);
				assert_int_equal(note_of(bed).sent, led ? ++sent : 0);
				assert_int_equal(note_of(bed).tenant, 1);
				assert_int_equal(note_of(bed).out_port, OUTSIDE);
			}
		}
	end(bed);
}

/* What passed by before its first, since nobody served, is no datagram that can be inspected. */
static void pieces_that_passed_are_remembered(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, in_pieces);
	worker_put(bed, BEGAN, SEK_WORKER_PATIENCE_NS, 100);
	assert_int_equal(piece(bed, &bed_ends[0], 7000, 1, 2), SEK_R_fragment_early);
	worker_put(bed, BEGAN, 0, 100);
	assert_int_equal(piece(bed, &bed_ends[0], 7000, 1, 0), SEK_R_inspect_blind);
	assert_int_equal(piece(bed, &bed_ends[0], 7000, 1, 1), SEK_R_frag_denied);
	if (!bed->tc)
		assert_int_equal(piece(bed, &bed_ends[0], 7000, 2, 0), SEK_R_inspected);
	end(bed);
}

/* A worker has those before a first that is not to be inspected; the others pass it by. */
static void pieces_of_no_inspected_flow_pass(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, in_pieces);
	worker_put(bed, BEGAN, 0, 100);
	if (!bed->tc) {
		assert_int_equal(piece(bed, &bed_ends[0], 7001, 1, 2), SEK_R_inspected);
		assert_int_equal(piece(bed, &bed_ends[0], 7001, 1, 0), SEK_R_accepted);
		assert_int_equal(piece(bed, &bed_ends[0], 7001, 1, 1), SEK_R_fragment);
	}
	end(bed);
}

/* What a worker has let fall falls in pieces, too; what it handed back passes. */
static void pieces_follow_their_flow(void **state)
{
	struct bed *bed = *state;
	struct sek_hand_order order;

	bed_policy(bed, in_pieces);
	worker_put(bed, BEGAN, 0, 100);
	if (!bed->tc) {
		assert_int_equal(piece(bed, &bed_ends[0], 7000, 1, 0), SEK_R_inspected);
		order = order_of(bed, SEK_HANDOFF_BACK);
		order.dirs = 1 << SEK_OUT;
		order.upto[SEK_OUT] = 1;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(piece(bed, &bed_ends[0], 7000, 1, 1), SEK_R_fragment);
		order.state = SEK_HANDOFF_DROP;
		assert_int_equal(hand_order(gate_of(bed), &order), 0);
		assert_int_equal(piece(bed, &bed_ends[0], 7000, 1, 2), SEK_R_inspect_block);
		assert_int_equal(piece(bed, &bed_ends[0], 7000, 2, 0), SEK_R_inspect_block);
		assert_int_equal(piece(bed, &bed_ends[0], 7000, 2, 1), SEK_R_frag_denied);
	}
	end(bed);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_a_cookie_opened_is_inspected),
	cmocka_unit_test(a_segment_that_is_too_long_falls),
	cmocka_unit_test(a_datagram_that_is_too_long_is_alone),
	cmocka_unit_test(what_a_cookie_opened_is_reset),
	cmocka_unit_test(pieces_go_to_the_worker),
	cmocka_unit_test(pieces_that_passed_are_remembered),
	cmocka_unit_test(pieces_of_no_inspected_flow_pass),
	cmocka_unit_test(pieces_follow_their_flow),
	cmocka_unit_test(a_flow_has_one_worker),
	cmocka_unit_test(frames_go_to_the_worker),
	cmocka_unit_test(a_dead_worker_is_noticed),
	cmocka_unit_test(a_worker_that_dies_leaves_its_flows),
	cmocka_unit_test(a_full_ring_is_noticed),
	cmocka_unit_test(a_flood_is_its_own_bodys),
	cmocka_unit_test(a_flow_is_handed_back_in_order),
	cmocka_unit_test(a_direction_is_called_back),
	cmocka_unit_test(acknowledgements_of_a_bulk_pass),
	cmocka_unit_test(a_flow_is_blocked),
	cmocka_unit_test(ports_of_a_blocked_flow_are_free),
	cmocka_unit_test(an_order_finds_its_flow_or_none),
};
ROWS(rows_inspect, tests);
