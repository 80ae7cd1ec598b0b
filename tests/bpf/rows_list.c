// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/list.h: longest match under every order of changes (G47), lists that share a prefix
 * (G49), a block that reaches established flows (G45), allow beats block, subscriptions. Run by
 * gate_test.c.
 */
#include "bpf/gatebed.h"

#include "install/lists.h"

#include <string.h>

static const char listed[] = BED_PORTS
	"lists:\n"
	"  - {name: drop, id: 0, kind: block, category: hijacked}\n"
	"  - {name: botnet, id: 1, kind: block, category: c2}\n"
	"  - {name: partners, id: 2, kind: allow, category: partner}\n"
	"tenants:\n"
	"  - name: alpha\n"
	"    id: 1\n"
	"    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"
	"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
	"    lists: {block: [drop, botnet], allow: [partners]}\n"
	"    default: {out: accept, in: accept}\n"
	"  - name: beta\n"
	"    id: 2\n"
	"    attach: [{port: inside, vlan: 20}, {port: outside, vlan: 20}]\n"
	"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
	"    lists: {block: [botnet]}\n"
	"    default: {out: accept, in: accept}\n";

/* The lists of the bed's gate, loaded empty. */
static struct lists *lists_begin(struct bed *bed)
{
	struct lists *lists = NULL;
	struct diag diag;
	int r;

	bed_policy(bed, listed);
	diag_init(&diag);
	r = lists_open(replay_gate(bed->replay), NULL, &lists, &diag);
	if (!r)
		r = lists_load(lists, bed->policy, NULL, NULL, &diag);
	if (r)
		diag_print(&diag, stderr);
	diag_free(&diag);
	assert_int_equal(r, 0);
	return lists;
}

static void change(struct lists *lists, bool add, const char *list, const char *prefix)
{
	struct diag diag;
	int r;

	diag_init(&diag);
	r = add ? lists_add(lists, list, prefix, 0, "test", &diag)
		: lists_delete(lists, list, prefix, "test", &diag);
	if (r)
		diag_print(&diag, stderr);
	diag_free(&diag);
	assert_int_equal(r, 0);
}

/* Name of the list that stops a packet from body to far; "" when it passes. */
static const char *stopped_by(struct bed *bed, uint16_t vlan, const char *body, const char *far)
{
	static uint16_t sport = 2000;
	struct pkt pkt = {
		.vlan = vlan, .src = body, .dst = far, .proto = IPPROTO_UDP, .sport = sport, .dport = 9
	};
	enum sek_reason got = bed_run(bed, INSIDE, &pkt);

	sport++;
	if (got == SEK_R_accepted || got == SEK_R_established)
		return "";
	assert_int_equal(got, SEK_R_list_block);
	assert_int_equal(bed->last.action, XDP_DROP);
	return policy_list_id(bed->policy, bed->last.trace.list)->name;
}

static const struct {
	const char *body;
	const char *prefixes[3];
	const char *probes[4]; /* inside 0 prefixes, 1, 2, 3 */
} nests[] = {
	{ "10.0.1.5",
	  { "100.0.0.0/8", "100.1.0.0/16", "100.1.1.1/32" },
	  { "101.0.0.1", "100.9.9.9", "100.1.9.9", "100.1.1.1" } },
	{ "2001:db8:a::5",
	  { "2a00::/16", "2a00:1:2::/48", "2a00:1:2::9/128" },
	  { "2a01::1", "2a00:9::1", "2a00:1:2::8", "2a00:1:2::9" } },
};

static void probe_all(struct bed *bed, size_t nest, const bool in[3])
{
	for (size_t depth = 0; depth < 4; depth++) {
		bool listed_now = false;
		const char *by;

		for (size_t i = 0; i < depth; i++)
			listed_now |= in[i];
		by = stopped_by(bed, 10, nests[nest].body, nests[nest].probes[depth]);
		if (strcmp(by, listed_now ? "drop" : "") != 0)
			fail_msg("%s with %d %d %d: stopped by \"%s\"", nests[nest].probes[depth],
				 in[0], in[1], in[2], by);
	}
}

static void g47_all_orders(void **state)
{
	static const size_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct bed *bed = *state;
	struct lists *lists = lists_begin(bed);

	for (size_t nest = 0; nest < 2; nest++)
		for (size_t a = 0; a < 6; a++)
			for (size_t d = 0; d < 6; d++) {
				bool in[3] = { false, false, false };

				bed_reset(bed); /* the probes' flows are not the matter */
				for (size_t i = 0; i < 3; i++) {
					change(lists, true, "drop",
					       nests[nest].prefixes[orders[a][i]]);
					in[orders[a][i]] = true;
					probe_all(bed, nest, in);
				}
				for (size_t i = 0; i < 3; i++) {
					change(lists, false, "drop",
					       nests[nest].prefixes[orders[d][i]]);
					in[orders[d][i]] = false;
					probe_all(bed, nest, in);
				}
			}
	lists_close(lists);
}

static void replace(struct lists *lists, const char *list, const char *text)
{
	struct diag diag;
	int r;

	diag_init(&diag);
	r = lists_replace(lists, list, text, strlen(text), NULL, true, NULL, &diag);
	if (r)
		diag_print(&diag, stderr);
	diag_free(&diag);
	assert_int_equal(r, 0);
}

/* The same through a whole table, and a change by hand on top of it. */
static void g47_replaced(void **state)
{
	struct bed *bed = *state;
	struct lists *lists = lists_begin(bed);

	for (unsigned int set = 1; set < 8; set++)
		for (size_t nest = 0; nest < 2; nest++) {
			bool in[3];
			char text[200] = "";

			for (size_t i = 0; i < 3; i++) {
				in[i] = set >> i & 1;
				if (in[i]) {
					strncat(text, nests[nest].prefixes[i],
						sizeof(text) - strlen(text) - 2);
					strncat(text, "\n", 2);
				}
			}
			replace(lists, "drop", text);
			probe_all(bed, nest, in);
			for (size_t i = 0; i < 3; i++) {
				change(lists, !in[i], "drop", nests[nest].prefixes[i]);
				in[i] = !in[i];
				probe_all(bed, nest, in);
			}
		}
	lists_close(lists);
}

static void g49_shared_prefix(void **state)
{
	struct bed *bed = *state;
	struct lists *lists = lists_begin(bed);

	change(lists, true, "drop", "100.64.0.0/24");
	change(lists, true, "botnet", "100.64.0.77/24"); /* the same, written with host bits */
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "100.64.0.1"), "drop");
	assert_string_equal(stopped_by(bed, 20, "10.0.1.5", "100.64.0.1"), "botnet");
	change(lists, false, "drop", "100.64.0.9/24");
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "100.64.0.1"), "botnet");
	change(lists, false, "botnet", "100.64.0.0/24");
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "100.64.0.1"), "");
	assert_string_equal(stopped_by(bed, 20, "10.0.1.5", "100.64.0.1"), "");
	lists_close(lists);
}

static void allow_beats_block(void **state)
{
	struct bed *bed = *state;
	struct lists *lists = lists_begin(bed);

	change(lists, true, "drop", "100.64.0.0/16");
	change(lists, true, "partners", "100.64.7.0/24");
	change(lists, true, "botnet", "100.64.7.0/24");
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "100.64.8.1"), "drop");
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "100.64.7.1"), "");
	assert_string_equal(stopped_by(bed, 20, "10.0.1.5", "100.64.7.1"),
			    "botnet"); /* takes no allow list */
	assert_string_equal(stopped_by(bed, 20, "10.0.1.5", "100.64.8.1"), ""); /* nor this block list */
	lists_close(lists);
}

static void from_outside(void **state)
{
	struct bed *bed = *state;
	struct lists *lists = lists_begin(bed);
	struct pkt in = { .vlan = 10,
			  .src = "100.64.0.1",
			  .dst = "10.0.1.5",
			  .proto = IPPROTO_TCP,
			  .sport = 5000,
			  .dport = 22,
			  .flags = TCP_SYN };

	change(lists, true, "drop", "100.64.0.0/16");
	bed_expect(bed, "from a listed address", OUTSIDE, &in, list_block);
	in.src = "100.65.0.1";
	bed_expect(bed, "from another", OUTSIDE, &in, accepted);
	/* A body's own address on a list stops nobody: the remote end is asked. */
	change(lists, true, "drop", "10.0.1.5");
	in.sport = 5001;
	bed_expect(bed, "to a body that is listed itself", OUTSIDE, &in, accepted);
	lists_close(lists);
}

static void g45_block_reaches_flows(void **state)
{
	struct bed *bed = *state;
	struct lists *lists = lists_begin(bed);

	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct pkt syn = bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
							  .sport = 40000,
							  .dport = 80,
							  .flags = TCP_SYN,
							  .seq = 1000 });
		struct pkt syn_ack = bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
							     .sport = 80,
							     .dport = 40000,
							     .flags = TCP_SYN | TCP_ACK,
							     .seq = 77,
							     .ack = 1001 });
		struct pkt ack = bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
							  .sport = 40000,
							  .dport = 80,
							  .flags = TCP_ACK,
							  .seq = 1001,
							  .ack = 78 });
		struct pkt ask =
			bed_out(e, (struct pkt){ .proto = IPPROTO_UDP, .sport = 40000, .dport = 53 });
		struct pkt answer =
			bed_in(e, (struct pkt){ .proto = IPPROTO_UDP, .sport = 53, .dport = 40000 });
		struct pkt other = ask, other_answer = answer;
		struct pkt ping =
			bed_out(e, (struct pkt){ .proto = e->icmp, .type = e->echo, .id = 7 });
		struct pkt pong =
			bed_in(e, (struct pkt){ .proto = e->icmp, .type = e->reply, .id = 7 });

		bed_reset(bed);
		other.dst = other_answer.src = e->third;
		bed_expect(bed, "SYN", INSIDE, &syn, accepted);
		bed_expect(bed, "SYN-ACK", OUTSIDE, &syn_ack, established);
		bed_expect(bed, "ACK", INSIDE, &ack, established);
		bed_expect(bed, "question", INSIDE, &ask, accepted);
		bed_expect(bed, "answer", OUTSIDE, &answer, established);
		bed_expect(bed, "ping", INSIDE, &ping, accepted);
		bed_expect(bed, "pong", OUTSIDE, &pong, established);
		bed_expect(bed, "other question", INSIDE, &other, accepted);
		change(lists, true, "drop", e->far);
		bed_expect(bed, "segment after the block", INSIDE, &ack, list_block);
		bed_expect(bed, "answer after the block", OUTSIDE, &answer, list_block);
		bed_expect(bed, "pong after the block", OUTSIDE, &pong, list_block);
		bed_expect(bed, "an innocent's answer", OUTSIDE, &other_answer, established);
		assert_int_equal(bed_flows(bed, NULL), 1);
		change(lists, false, "drop", e->far);
		bed_expect(bed, "SYN after the block was lifted", INSIDE, &syn, accepted);
	}
	lists_close(lists);
}

static const struct CMUnitTest tests[] = {
	{ "G47 three nested prefixes, all orders of adding and deleting", g47_all_orders, NULL,
	  NULL, NULL },
	{ "G47 the same through whole replacement", g47_replaced, NULL, NULL, NULL },
	{ "G49 one prefix in two lists, in two spellings", g49_shared_prefix, NULL, NULL, NULL },
	{ "allow beats block; each body has its own lists", allow_beats_block, NULL, NULL, NULL },
	{ "the remote end is asked, in both directions", from_outside, NULL, NULL, NULL },
	{ "G45 a new block reaches established flows", g45_block_reaches_flows, NULL, NULL, NULL },
};
ROWS(rows_list, tests);
