// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/name.h, stage/name_agent.h and the order of the agent: which packets go on in which
 * program, copies, waiting and passing, refusal of a flow, and what a change of policy does to flows;
 * both families.
 */
#include "bpf/gatebed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "install/nameorder.h"
#include "sekisho/name.h"

#define ISN 7000u
#define FIRST (ISN + 1) /* number of what the client sends first */
#define SERVER_ISN 90000u
#define PORT 40000

#define NAMED(fail, names)                                                                         \
	BED_PORTS                                                                                  \
	"lists: [{name: bad, id: 0, holds: names, kind: block}]\n"                                 \
	"tenants:\n"                                                                               \
	"  - name: alpha\n"                                                                        \
	"    id: 1\n"                                                                              \
	"    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"                      \
	"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"                                       \
	"    default: {out: accept, in: accept}\n"                                                 \
	"    timeouts: {tcp_closed: 10s}\n"                                                        \
	"    fail: " fail "\n"                                                                     \
	"    names: {block: [bad], " names "}\n"

static const char open_body[] = NAMED("open", "records: dns");
static const char quiet_body[] = NAMED("open", "records: none");
static const char closed_body[] = NAMED("closed", "records: none");
static const char strict_body[] = NAMED("open", "quic: refuse, dot: refuse");
static const char nameless_body[] = BED_ALPHA "    default: {out: accept, in: accept}\n";

static const uint8_t hello[] = { 0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3 };
static const uint8_t request[] = "GET / HTTP/1.1\r\n";
static const uint8_t blank[] = " GET / HTTP/1.1\r\n";
static const uint8_t tab[] = "\tGET / HTTP/1.1\r\n";
static const uint8_t banner[] = "\x01\x02";
static const uint8_t initial[] = { 0xc3, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0 };
static const uint8_t initial2[] = { 0xd3, 0x6b, 0x33, 0x43, 0xcf, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0 };
static const uint8_t version_x[] = { 0xc3, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t question[] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1 };

static struct gate *gate_of(struct bed *bed)
{
	return replay_gate(bed->replay);
}

static struct pkt client(const struct ends *e, uint16_t dport, uint8_t flags, uint32_t seq,
			 const uint8_t *payload, size_t len)
{
	return bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
					.sport = PORT,
					.dport = dport,
					.flags = flags,
					.seq = seq,
					.ack = flags & TCP_ACK ? SERVER_ISN + 1 : 0,
					.payload = payload,
					.payload_len = len });
}

static struct pkt server(const struct ends *e, uint16_t sport, uint8_t flags, uint32_t seq, size_t len)
{
	return bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
				       .sport = sport,
				       .dport = PORT,
				       .flags = flags,
				       .seq = seq,
				       .ack = FIRST,
				       .payload_len = len });
}

static struct pkt datagram(const struct ends *e, uint16_t dport, const uint8_t *payload, size_t len)
{
	return bed_out(e, (struct pkt){ .proto = IPPROTO_UDP,
					.sport = PORT,
					.dport = dport,
					.payload = payload,
					.payload_len = len });
}

static enum sek_reason out(struct bed *bed, struct pkt pkt)
{
	return bed_run(bed, INSIDE, &pkt);
}

static enum sek_reason in(struct bed *bed, struct pkt pkt)
{
	return bed_run(bed, OUTSIDE, &pkt);
}

static void shake(struct bed *bed, const struct ends *e, uint16_t dport)
{
	assert_int_equal(out(bed, client(e, dport, TCP_SYN, ISN, NULL, 0)), SEK_R_accepted);
	assert_int_equal(in(bed, server(e, dport, TCP_SYN | TCP_ACK, SERVER_ISN, 0)),
			 SEK_R_established);
	assert_int_equal(out(bed, client(e, dport, TCP_ACK, FIRST, NULL, 0)), SEK_R_established);
}

static struct sek_flow flow_of(struct bed *bed)
{
	struct sek_flow flow = {};

	assert_int_equal(bed_flows(bed, &flow), 1);
	return flow;
}

static struct sek_flow_name name_of(struct bed *bed)
{
	return flow_of(bed).name;
}

static struct sek_event_stat account(struct bed *bed, uint32_t kind)
{
	int cpus = libbpf_num_possible_cpus();
	struct sek_event_stat sum = {}, *each = calloc((size_t)cpus, sizeof(*each));

	assert_non_null(each);
	assert_int_equal(
		bpf_map_lookup_elem(gate_map_fd(gate_of(bed), "sek_name_stat"), &kind, each), 0);
	for (int i = 0; i < cpus; i++) {
		sum.offered += each[i].offered;
		sum.written += each[i].written;
		sum.suppressed += each[i].suppressed;
		sum.lost += each[i].lost;
	}
	free(each);
	return sum;
}

/* --- copies that were written --- */

struct copies {
	size_t cnt;
	struct sek_name_copy last;
};

static int copy_seen(void *arg, void *data, size_t size)
{
	struct copies *copies = arg;
	const struct sek_name_copy_head *head = data;

	assert_true(size >= sizeof(*head) && size >= sizeof(*head) + head->len);
	assert_true(head->len <= SEK_NAME_COPY_BYTES);
	memcpy(&copies->last, data, sizeof(*head) + head->len);
	copies->cnt++;
	return 0;
}

static size_t copies_read(struct bed *bed, struct copies *copies)
{
	int fd = gate_map_fd(gate_of(bed), "sek_name_ring");
	struct ring_buffer *ring = ring_buffer__new(fd, copy_seen, copies, NULL);

	assert_non_null(ring);
	copies->cnt = 0;
	assert_true(ring_buffer__consume(ring) >= 0);
	ring_buffer__free(ring);
	return copies->cnt;
}

/* --- which program --- */

/* Which array the program under test goes on by. */
static int steps_fd(struct bed *bed)
{
	return gate_map_fd(gate_of(bed), bed->tc ? "sek_step_tc" : "sek_step");
}

/* Takes a program out of its place; its descriptor. */
static int step_take(struct bed *bed, uint32_t step)
{
	uint32_t id;
	int fd;

	assert_int_equal(bpf_map_lookup_elem(steps_fd(bed), &step, &id), 0);
	fd = bpf_prog_get_fd_by_id(id);
	assert_true(fd >= 0);
	assert_int_equal(bpf_map_delete_elem(steps_fd(bed), &step), 0);
	return fd;
}

static void step_put(struct bed *bed, uint32_t step, int fd)
{
	assert_int_equal(bpf_map_update_elem(steps_fd(bed), &step, &fd, BPF_ANY), 0);
	close(fd);
}

struct way {
	const char *what;
	uint8_t proto;
	uint16_t dport;
	uint8_t flags;
	int offset; /* of the sequence number, from the first */
	const uint8_t *payload;
	size_t len;
	uint32_t step; /* 0: none */
};

static const struct way ways[] = {
	{ "a question", IPPROTO_UDP, 53, 0, 0, question, sizeof(question), SEK_STEP_name_dns },
	{ "QUIC", IPPROTO_UDP, 443, 0, 0, initial, sizeof(initial), SEK_STEP_name_agent },
	{ "any datagram", IPPROTO_UDP, 9999, 0, 0, banner, 2, 0 },
	{ "one that is none of QUIC's", IPPROTO_UDP, 443, 0, 0, banner, 2, 0 },
	{ "a ClientHello", IPPROTO_TCP, 443, TCP_ACK, 0, hello, sizeof(hello), SEK_STEP_name_tls },
	{ "the same elsewhere", IPPROTO_TCP, 8443, TCP_ACK, 0, hello, sizeof(hello),
	  SEK_STEP_name_tls },
	{ "one byte of it", IPPROTO_TCP, 443, TCP_ACK, 0, hello, 1, SEK_STEP_name_tls },
	{ "a request", IPPROTO_TCP, 80, TCP_ACK, 0, request, 16, SEK_STEP_name_http },
	{ "a blank in front of it", IPPROTO_TCP, 80, TCP_ACK, 0, blank, 16, SEK_STEP_name_http },
	{ "a tab in front of it", IPPROTO_TCP, 80, TCP_ACK, 0, tab, 16, SEK_STEP_name_http },
	{ "another protocol", IPPROTO_TCP, 25, TCP_ACK, 0, banner, 2, 0 },
	{ "a question over TCP", IPPROTO_TCP, 53, TCP_ACK, 0, question, 19, SEK_STEP_name_agent },
	{ "the second segment first", IPPROTO_TCP, 443, TCP_ACK, 11, banner, 2, SEK_STEP_name_agent },
	{ "one byte ahead", IPPROTO_TCP, 80, TCP_ACK, 1, request, 16, SEK_STEP_name_agent },
	{ "a request that closes", IPPROTO_TCP, 80, TCP_ACK | TCP_FIN, 0, request, 16,
	  SEK_STEP_name_agent },
	{ "urgent data", IPPROTO_TCP, 443, TCP_ACK | TCP_URG, 0, hello, 11, SEK_STEP_name_agent },
	{ "an acknowledgment", IPPROTO_TCP, 443, TCP_ACK, 0, NULL, 0, 0 },
	{ "a close", IPPROTO_TCP, 443, TCP_ACK | TCP_FIN, 0, NULL, 0, 0 },
};

static enum sek_reason way_go(struct bed *bed, const struct ends *e, const struct way *way)
{
	bed_reset(bed);
	if (way->proto == IPPROTO_UDP)
		return out(bed, datagram(e, way->dport, way->payload, way->len));
	shake(bed, e, way->dport);
	return out(bed, client(e, way->dport, way->flags, FIRST + (uint32_t)way->offset,
			       way->payload, way->len));
}

/* A packet goes by a program if it is lost without it: then no copy is made, and the flow waits. */
static bool goes_by(struct bed *bed, const struct ends *e, const struct way *way, uint32_t step)
{
	uint64_t before = account(bed, SEK_NAME_ASKED).offered;
	int fd = step_take(bed, step);
	enum sek_reason reason = way_go(bed, e, way);

	step_put(bed, step, fd);
	return reason == SEK_R_name_pending && account(bed, SEK_NAME_ASKED).offered == before;
}

static void each_goes_its_way(void **state)
{
	struct bed *bed = *state;
	size_t wrong = 0;

	bed_policy(bed, open_body);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (uint32_t step = SEK_STEP_name_dns; step <= SEK_STEP_name_agent; step++) {
			bool first = step == ways[i].step, got;

			/* What the reader of a protocol gives up goes on to the agent's. */
			if (step == SEK_STEP_name_agent && ways[i].step)
				continue;
			got = goes_by(bed, &bed_ends[i & 1], &ways[i], step);
			if (got == first)
				continue;
			print_error("%s: %s by program %u\n", ways[i].what, got ? "goes" : "not",
				    step);
			wrong++;
		}
	assert_int_equal(wrong, 0);
}

/* Nobody is looked at who has no profile, or who did not open the flow. */
static void others_go_on(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];

	bed_policy(bed, nameless_body);
	assert_int_equal(out(bed, datagram(e, 53, question, sizeof(question))), SEK_R_accepted);
	assert_int_equal(name_of(bed).state, SEK_NAME_OFF);
	bed_policy(bed, open_body);
	for (int i = 0; i < 2; i++) {
		struct pkt pkt = bed_in(&bed_ends[i], (struct pkt){ .proto = IPPROTO_UDP,
								    .sport = PORT,
								    .dport = 53,
								    .payload = question,
								    .payload_len = 19 });

		bed_reset(bed);
		assert_int_equal(in(bed, pkt), SEK_R_accepted);
		assert_int_equal(name_of(bed).state, SEK_NAME_OFF);
	}
}

static void answers_are_read_if_wanted(void **state)
{
	struct bed *bed = *state;
	const char *const bodies[] = { open_body, quiet_body };

	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct pkt answer = bed_in(e, (struct pkt){ .proto = IPPROTO_UDP,
							    .sport = 53,
							    .dport = PORT,
							    .payload = question,
							    .payload_len = 19 });
		int fd;

		bed_policy(bed, bodies[i]);
		out(bed, datagram(e, 53, question, sizeof(question)));
		assert_int_equal(name_of(bed).state, SEK_NAME_EACH);
		fd = step_take(bed, SEK_STEP_name_dns);
		assert_int_equal(in(bed, answer), i == 0 ? SEK_R_name_pending : SEK_R_established);
		step_put(bed, SEK_STEP_name_dns, fd);
	}
}

/* --- the agent's part --- */

static void order_fill(struct bed *bed, struct sek_name_order *order, uint8_t state)
{
	struct sek_flow flow;

	assert_int_equal(bed_flows(bed, &flow), 1);
	*order = (struct sek_name_order){
		.key = flow.key,
		.first_ns = flow.first_ns,
		.number = flow.number,
		.name = { .state = state, .list = 0, .start = FIRST, .next = FIRST + 2 },
	};
}

/* Nothing is answered before the agent has spoken of all that it has; without one, not for a second. */
static void answers_wait(struct bed *bed, const struct ends *e)
{
	struct sek_name_order order;

	assert_int_equal(in(bed, server(e, 443, TCP_ACK, SERVER_ISN + 1, 7)), SEK_R_name_wait);
	assert_int_equal(bed->last.action, XDP_DROP);
	assert_int_equal(in(bed, server(e, 443, TCP_ACK, SERVER_ISN + 1, 0)), SEK_R_established);
	order_fill(bed, &order, SEK_NAME_OFF);
	assert_int_equal(name_order(gate_of(bed), &order), 0);
	assert_int_equal(in(bed, server(e, 443, TCP_ACK, SERVER_ISN + 1, 7)), SEK_R_name_wait);
	order.heard_ns = flow_of(bed).asked_ns;
	assert_int_equal(name_order(gate_of(bed), &order), 0);
	assert_int_equal(name_of(bed).state, SEK_NAME_AGENT);
	assert_int_equal(in(bed, server(e, 443, TCP_ACK, SERVER_ISN + 1, 7)), SEK_R_established);
}

static void copies_tell_all(void **state)
{
	struct bed *bed = *state;
	struct copies *copies = calloc(1, sizeof(*copies));

	bed_policy(bed, open_body);
	copies_read(bed, copies);
	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		const struct sek_name_copy_head *head = &copies->last.head;
		struct sek_flow flow;

		bed_reset(bed);
		shake(bed, e, 443);
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11)),
				 SEK_R_name_pending);
		assert_int_equal(bed->last.action, XDP_REDIRECT);
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(bed_flows(bed, &flow), 1);
		assert_int_equal(flow.name.state, SEK_NAME_AGENT);
		assert_int_equal(flow.name.copies, 1);
		assert_memory_equal(&head->key, &flow.key, sizeof(flow.key));
		assert_int_equal(head->number, flow.number);
		assert_int_equal(head->first_ns, flow.first_ns);
		assert_int_equal(head->seq, FIRST + 5);
		assert_int_equal(head->next, FIRST);
		assert_int_equal(head->profile, flow.name.profile);
		assert_int_equal(head->kind, SEK_NAME_ASKED);
		assert_int_equal(head->dir, SEK_OUT);
		assert_int_equal(head->payload_len, 11);
		assert_int_equal(head->len, 11);
		assert_memory_equal(copies->last.bytes, hello, 11);
		/* What it sends from now on is the agent's as well. What comes back waits for its word. */
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST, hello, 5)),
				 SEK_R_name_pending);
		answers_wait(bed, e);
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(head->seq, FIRST);
	}
	free(copies);
}

static void waits_if_closed(void **state)
{
	struct bed *bed = *state;
	struct sek_name_order order;

	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		bed_policy(bed, closed_body);
		shake(bed, e, 443);
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11)),
				 SEK_R_name_wait);
		assert_int_equal(bed->last.action, XDP_DROP);
		order_fill(bed, &order, SEK_NAME_PASSES);
		assert_int_equal(name_order(gate_of(bed), &order), 0);
		assert_int_equal(name_of(bed).state, SEK_NAME_PASSES);
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11)),
				 SEK_R_established);
	}
}

/* What was found of a flow up to FIRST + 20; heard: of all copies. */
static void decided_order(struct bed *bed, uint8_t known, bool heard)
{
	struct sek_name_order order;

	order_fill(bed, &order, known);
	order.name.start = order.name.next = FIRST + 20;
	order.heard_ns = heard ? flow_of(bed).asked_ns : 0;
	assert_int_equal(name_order(gate_of(bed), &order), 0);
}

/*
 * What the agent has read comes again. Where the tenant fails closed it waits until the agent has spoken of
 * these very bytes, in this very packet; others in their place never pass.
 */
static void same_bytes_pass(struct bed *bed, const struct ends *e, uint8_t known, uint32_t seq)
{
	uint8_t other[11];

	bed_wait(bed, SECOND);
	assert_int_equal(out(bed, client(e, 443, TCP_ACK, seq, hello, 11)), SEK_R_name_wait);
	assert_int_equal(out(bed, client(e, 443, TCP_ACK, seq, hello, 11)), SEK_R_name_wait);
	decided_order(bed, known, true);
	assert_int_equal(out(bed, client(e, 443, TCP_ACK, seq, hello, 11)), SEK_R_established);
	for (size_t i = 0; i < sizeof(other); i++) {
		memcpy(other, hello, sizeof(other));
		other[i] ^= 1;
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, seq, other, 11)), SEK_R_name_wait);
	}
	/* That was noted since; the agent ends such a flow. */
	assert_int_equal(out(bed, client(e, 443, TCP_ACK, seq, hello, 11)), SEK_R_name_wait);
	decided_order(bed, known, true);
	assert_int_equal(out(bed, client(e, 443, TCP_ACK, seq, hello, 11)), SEK_R_established);
}

/* So is more than one copy of the agent's holds: each part of it. */
static void long_ones_are_compared(void **state)
{
	enum { LEN = 9000 };
	struct bed *bed = *state;
	uint8_t *bytes = malloc(LEN);

	memset(bytes, 'a', LEN);
	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct sek_name_order order;

		bed_policy(bed, closed_body);
		shake(bed, e, 443);
		order_fill(bed, &order, SEK_NAME_AGENT);
		order.name.start = order.name.next = FIRST + LEN;
		assert_int_equal(name_order(gate_of(bed), &order), 0);
		bed_wait(bed, SECOND);
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST, bytes, LEN)),
				 SEK_R_name_wait);
		order.heard_ns = flow_of(bed).asked_ns;
		assert_int_equal(name_order(gate_of(bed), &order), 0);
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST, bytes, LEN)),
				 SEK_R_established);
		for (size_t at = 0; at < LEN; at += LEN / 9) {
			bytes[at] ^= 1;
			assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST, bytes, LEN)),
					 SEK_R_name_wait);
			assert_int_equal(bed->last.action, XDP_DROP);
			bytes[at] ^= 1;
		}
	}
	free(bytes);
}

/* Bytes that come again, and bodies, pass; what goes beyond them is read. */
static void what_is_decided_passes(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 4; i++) {
		const struct ends *e = &bed_ends[i % 2];
		uint8_t known = i < 2 ? SEK_NAME_AGENT : SEK_NAME_REQUEST;

		bed_policy(bed, closed_body);
		shake(bed, e, 443);
		decided_order(bed, known, false);
		same_bytes_pass(bed, e, known, FIRST);
		same_bytes_pass(bed, e, known, FIRST + 9);
		assert_int_equal(name_of(bed).state, known);
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 10, hello, 11)),
				 SEK_R_name_wait);
		assert_int_equal(name_of(bed).state, SEK_NAME_AGENT);
	}
}

/* It tells nothing of what follows. */
static void quic_is_looked_for_behind_others(void **state)
{
	struct bed *bed = *state;
	struct sek_name_order order;

	bed_policy(bed, open_body);
	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		bed_reset(bed);
		assert_int_equal(out(bed, datagram(e, 443, banner, 2)), SEK_R_accepted);
		assert_int_equal(name_of(bed).state, SEK_NAME_FIRST);
		assert_int_equal(out(bed, datagram(e, 443, initial, sizeof(initial))),
				 SEK_R_name_pending);
		assert_int_equal(name_of(bed).state, SEK_NAME_QUIC);
		/* And once more, if the agent could make nothing of it. */
		order_fill(bed, &order, SEK_NAME_QUIC);
		assert_int_equal(name_order(gate_of(bed), &order), 0);
		assert_int_equal(out(bed, datagram(e, 443, banner, 2)), SEK_R_established);
		assert_int_equal(out(bed, datagram(e, 443, initial, sizeof(initial))),
				 SEK_R_name_pending);
	}
}

static void orders_are_for_one_flow(void **state)
{
	struct bed *bed = *state;
	struct sek_name_order order, other;

	bed_policy(bed, open_body);
	shake(bed, &bed_ends[0], 443);
	order_fill(bed, &order, SEK_NAME_REQUEST);
	other = order;
	other.first_ns++;
	assert_int_equal(name_order(gate_of(bed), &other), -ENOENT);
	other = order;
	other.number++;
	assert_int_equal(name_order(gate_of(bed), &other), -ENOENT);
	other = order;
	other.key.port[0]++;
	assert_int_equal(name_order(gate_of(bed), &other), -ENOENT);
	assert_int_equal(name_of(bed).state, SEK_NAME_FIRST);
	assert_int_equal(name_order(gate_of(bed), &order), 0);
	assert_int_equal(name_of(bed).state, SEK_NAME_REQUEST);
	assert_int_equal(name_of(bed).start, FIRST);
	assert_int_equal(name_of(bed).next, FIRST + 2);
	bed_policy(bed, open_body);
	assert_int_equal(name_order(gate_of(bed), &order), -ENOENT);
	out(bed, datagram(&bed_ends[0], 53, question, sizeof(question)));
	order_fill(bed, &order, SEK_NAME_PASSES);
	assert_int_equal(name_order(gate_of(bed), &order), -ESTALE);
}

/* Whether what left is a reset. */
static bool is_reset(const struct bed *bed)
{
	size_t l4 = bed->out.l3 + (bed->out.b[bed->out.l3] >> 4 == 4 ? 20 : 40);

	return bed->out.b[l4 + 13] & TCP_RST;
}

static void blocked_flows_end(void **state)
{
	struct bed *bed = *state;
	struct sek_name_order order;
	struct sek_flow flow;

	bed_policy(bed, open_body);
	for (int i = 0; i < 4; i++) {
		const struct ends *e = &bed_ends[i & 1];
		struct pkt next = i < 2 ? server(e, 443, TCP_ACK, SERVER_ISN + 1, 7)
					: client(e, 443, TCP_ACK, FIRST + 5, hello, 11);

		bed_reset(bed);
		shake(bed, e, 443);
		out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11));
		order_fill(bed, &order, SEK_NAME_BLOCKED);
		if (i & 1)
			order.name.list = SEK_NAME_NO_LIST;
		assert_int_equal(name_order(gate_of(bed), &order), 0);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(bed_run(bed, i < 2 ? OUTSIDE : INSIDE, &next),
					 i & 1 ? SEK_R_name_unlisted : SEK_R_name_block);
			assert_int_equal(bed->last.action, XDP_TX);
			assert_true(is_reset(bed));
		}
		assert_int_equal(bed_flows(bed, &flow), 1);
		assert_int_equal(flow.state, SEK_FLOW_CLOSED);
		bed_wait(bed, 11 * SECOND);
		assert_int_equal(in(bed, server(e, 443, TCP_ACK, SERVER_ISN + 1, 7)),
				 SEK_R_tcp_no_flow);
		assert_int_equal(bed_flows(bed, &flow), 0);
	}
}

/* An agent that never answers is asked no more than so often. */
static void copies_have_an_end(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	uint64_t before;

	for (int closed = 0; closed < 2; closed++) {
		bed_policy(bed, closed ? closed_body : open_body);
		before = account(bed, SEK_NAME_ASKED).offered;
		shake(bed, e, 443);
		for (int i = 0; i < 32; i++)
			assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11)),
					 closed ? SEK_R_name_wait : SEK_R_name_pending);
		assert_int_equal(account(bed, SEK_NAME_ASKED).offered - before, 32);
		assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11)),
				 closed ? SEK_R_name_wait : SEK_R_name_pending);
		assert_int_equal(bed->last.action, closed ? XDP_TX : XDP_REDIRECT);
		assert_int_equal(account(bed, SEK_NAME_ASKED).offered - before, 32);
		assert_int_equal(name_of(bed).state, closed ? SEK_NAME_BLOCKED : SEK_NAME_PASSES);
		if (!closed)
			assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11)),
					 SEK_R_established);
	}
}

/* More than a copy holds, and more copies than the ring holds. */
static void what_is_lost_is_counted(void **state)
{
	struct bed *bed = *state;
	struct copies *copies = calloc(1, sizeof(*copies));
	const struct ends *e = &bed_ends[0];
	struct sek_event_stat before, after;
	uint64_t frames = 0, whole = 0;

	bed_policy(bed, open_body);
	copies_read(bed, copies);
	before = account(bed, SEK_NAME_ASKED);
	for (int i = 0; i < 80; i++) {
		bed_reset(bed);
		shake(bed, e, 443);
		for (int j = 0; j < 32; j++) {
			assert_int_equal(out(bed, client(e, 443, TCP_ACK, FIRST + 5, NULL, 8000)),
					 SEK_R_name_pending);
			frames++;
		}
		if (!i)
			whole = copies_read(bed, copies);
	}
	after = account(bed, SEK_NAME_ASKED);
	/* Each in two copies. */
	assert_int_equal(whole, 64);
	assert_int_equal(copies->last.head.payload_len, 8000);
	assert_in_range(after.offered - before.offered, frames, 2 * frames);
	assert_true(after.lost > before.lost);
	assert_int_equal(after.offered, after.written + after.suppressed + after.lost);
	assert_int_equal(copies_read(bed, copies), after.written - before.written - whole);
	/* All within one second, of one flow after the other, on whatever CPUs there are. */
	for (int i = 0; i < 700; i++) {
		assert_int_equal(gate_forget(gate_of(bed)), 0);
		shake(bed, e, 443);
		for (int j = 0; j < 32; j++)
			out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11));
		copies_read(bed, copies);
	}
	before = after;
	after = account(bed, SEK_NAME_ASKED);
	assert_true(after.suppressed > before.suppressed);
	assert_int_equal(after.offered, after.written + after.suppressed + after.lost);
	free(copies);
}

/* --- QUIC, and encrypted DNS --- */

static void quic_is_found(void **state)
{
	struct bed *bed = *state;
	static const struct {
		uint16_t dport;
		const uint8_t *payload;
		size_t len;
		bool quic;
	} rows[] = {
		{ 443, initial, sizeof(initial), true },
		{ 8443, initial, sizeof(initial), true },
		{ 8443, initial2, sizeof(initial2), true },
		{ 443, version_x, sizeof(version_x), true },
		{ 8443, version_x, sizeof(version_x), false },
		{ 443, question, sizeof(question), false },
		{ 443, initial, 4, false },
		{ 443, NULL, 0, false },
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ends *e = &bed_ends[i & 1];
		bool quic = rows[i / 2].quic;
		struct pkt pkt = datagram(e, rows[i / 2].dport, rows[i / 2].payload, rows[i / 2].len);

		bed_policy(bed, quiet_body);
		assert_int_equal(out(bed, pkt), quic ? SEK_R_name_pending : SEK_R_accepted);
		assert_int_equal(name_of(bed).state, quic ? SEK_NAME_QUIC : SEK_NAME_FIRST);
		if (quic)
			assert_int_equal(name_of(bed).proto, SEK_NAME_PROTO_QUIC);
		bed_policy(bed, strict_body);
		assert_int_equal(out(bed, pkt), quic ? SEK_R_name_quic : SEK_R_accepted);
		assert_int_equal(bed->last.action, quic ? XDP_TX : XDP_REDIRECT);
		if (quic)
			assert_int_equal(bed->out.b[bed->out.l3 + (i & 1 ? 6 : 9)],
					 i & 1 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		assert_int_equal(out(bed, pkt), quic ? SEK_R_name_quic : SEK_R_established);
	}
}

static void encrypted_dns_is_refused(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];

		bed_policy(bed, strict_body);
		assert_int_equal(out(bed, client(e, 853, TCP_SYN, ISN, NULL, 0)), SEK_R_name_hidden);
		assert_int_equal(bed->last.action, XDP_TX);
		assert_true(is_reset(bed));
		bed_reset(bed);
		assert_int_equal(out(bed, datagram(e, 853, initial, sizeof(initial))),
				 SEK_R_name_hidden);
		assert_int_equal(bed->last.action, XDP_TX);
		bed_policy(bed, open_body);
		assert_int_equal(out(bed, client(e, 853, TCP_SYN, ISN, NULL, 0)), SEK_R_accepted);
		/* Refused from now on: flows that are there as well. */
		bed_apply(bed, strict_body);
		assert_int_equal(in(bed, server(e, 853, TCP_SYN | TCP_ACK, SERVER_ISN, 0)),
				 SEK_R_name_hidden);
	}
}

/* Names that are in the SYN are names as well. */
static void data_in_a_syn_is_not_unseen(void **state)
{
	struct bed *bed = *state;
	struct copies *copies = calloc(1, sizeof(*copies));

	for (int i = 0; i < 2; i++) {
		bed_policy(bed, i ? closed_body : open_body);
		copies_read(bed, copies);
		assert_int_equal(out(bed, client(&bed_ends[i], 443, TCP_SYN, ISN, hello, 11)),
				 i ? SEK_R_name_wait : SEK_R_name_pending);
		assert_int_equal(copies_read(bed, copies), 1);
		assert_int_equal(copies->last.head.seq, FIRST);
	}
	free(copies);
}

static void policy_changes_reach_flows(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt ask = datagram(e, 53, question, sizeof(question));
	struct pkt ack = client(e, 443, TCP_ACK, FIRST, NULL, 0);

	/* Names are newly looked at: questions from now on, connections if nothing was said yet. */
	bed_policy(bed, nameless_body);
	out(bed, ask);
	bed_apply(bed, quiet_body);
	out(bed, ask);
	assert_int_equal(name_of(bed).state, SEK_NAME_EACH);
	bed_policy(bed, nameless_body);
	out(bed, client(e, 443, TCP_SYN, ISN, NULL, 0));
	in(bed, server(e, 443, TCP_SYN | TCP_ACK, SERVER_ISN, 0));
	bed_apply(bed, quiet_body);
	out(bed, ack);
	assert_int_equal(name_of(bed).state, SEK_NAME_FIRST);
	assert_int_equal(name_of(bed).next, FIRST);
	bed_policy(bed, nameless_body);
	shake(bed, e, 443);
	bed_apply(bed, quiet_body);
	out(bed, ack);
	assert_int_equal(name_of(bed).state, SEK_NAME_OFF);
	/* What is known stays, what is looked at no more is forgotten. */
	bed_policy(bed, open_body);
	shake(bed, e, 443);
	out(bed, client(e, 443, TCP_ACK, FIRST + 5, hello, 11));
	bed_apply(bed, quiet_body);
	out(bed, ack);
	assert_int_equal(name_of(bed).state, SEK_NAME_AGENT);
	assert_int_equal(name_of(bed).copies, 1);
	bed_apply(bed, nameless_body);
	out(bed, ack);
	assert_int_equal(name_of(bed).state, SEK_NAME_OFF);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_goes_its_way),
	cmocka_unit_test(others_go_on),
	cmocka_unit_test(answers_are_read_if_wanted),
	cmocka_unit_test(copies_tell_all),
	cmocka_unit_test(waits_if_closed),
	cmocka_unit_test(what_is_decided_passes),
	cmocka_unit_test(long_ones_are_compared),
	cmocka_unit_test(quic_is_looked_for_behind_others),
	cmocka_unit_test(orders_are_for_one_flow),
	cmocka_unit_test(blocked_flows_end),
	cmocka_unit_test(copies_have_an_end),
	cmocka_unit_test(what_is_lost_is_counted),
	cmocka_unit_test(quic_is_found),
	cmocka_unit_test(encrypted_dns_is_refused),
	cmocka_unit_test(data_in_a_syn_is_not_unseen),
	cmocka_unit_test(policy_changes_reach_flows),
};
ROWS(rows_name, tests);
