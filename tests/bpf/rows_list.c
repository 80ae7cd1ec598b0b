// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/list.h: longest match under every order of changes (G47), lists that share a prefix
 * (G49), a block that reaches established flows (G45), allow beats block, subscriptions. Run by
 * gate_test.c.
 */
#include "bpf/gatebed.h"

#include "compile/compile.h"
#include "install/lists.h"

#include <stdio.h>
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

/* What no flow vouches for: a piece ahead of its first, and an error about a flow by somebody else. */
static void strangers(void **state)
{
	struct pkt piece = { .vlan = 10,
			     .src = "10.0.1.5",
			     .dst = "100.64.0.1",
			     .proto = IPPROTO_UDP,
			     .sport = 5000,
			     .dport = 9,
			     .payload_len = 2000,
			     .from = 800,
			     .piece = 400,
			     .ip_id = 9 };
	struct pkt back = piece;
	struct pkt ask = { .vlan = 10,
			   .src = "10.0.1.5",
			   .dst = "100.65.0.1",
			   .proto = IPPROTO_UDP,
			   .sport = 5000,
			   .dport = 9 };
	struct pkt error = { .vlan = 10,
			     .src = "100.64.0.1",
			     .dst = "10.0.1.5",
			     .proto = IPPROTO_ICMP,
			     .type = 11,
			     .quoted = &ask };
	struct bed *bed = *state;
	struct lists *lists = lists_begin(bed);

	back.src = piece.dst;
	back.dst = piece.src;
	change(lists, true, "drop", "100.64.0.0/16");
	bed_expect(bed, "piece ahead of its first", INSIDE, &piece, list_block);
	bed_expect(bed, "the same inward", OUTSIDE, &back, list_block);
	piece.dst = "100.65.0.1";
	bed_expect(bed, "to an innocent", INSIDE, &piece, fragment_early);
	bed_expect(bed, "question", INSIDE, &ask, accepted);
	bed_expect(bed, "error by one who is listed", OUTSIDE, &error, list_block);
	error.src = "100.66.0.1";
	bed_expect(bed, "error by another", OUTSIDE, &error, related);
	assert_int_equal(bed_flows(bed, NULL), 1);
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

/* --- the same lists under other numbers, as a policy that renumbers them --- */

#define NUMBERED_LEN 1024

/* Three lists of alpha's, which takes no notice of the last. */
static void numbered(char text[NUMBERED_LEN], int drop, int partners, int unused)
{
	snprintf(text, NUMBERED_LEN,
		 BED_PORTS "lists:\n"
			   "  - {name: drop, id: %d, kind: block}\n"
			   "  - {name: partners, id: %d, kind: allow}\n"
			   "  - {name: unused, id: %d, kind: block}\n"
			   "tenants:\n"
			   "  - name: alpha\n"
			   "    id: 1\n"
			   "    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"
			   "    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
			   "    lists: {block: [drop], allow: [partners]}\n"
			   "    default: {out: accept, in: accept}\n",
		 drop, partners, unused);
}

/* A policy that is in the kernel with its lists, and in force no more than its generation is. */
struct coming {
	struct policy *policy;
	uint32_t generation;
};

static struct coming coming(struct bed *bed, struct lists *lists, int drop, int partners, int unused)
{
	struct gate *gate = replay_gate(bed->replay);
	struct coming next = { 0 };
	char text[NUMBERED_LEN];
	struct image *image;
	struct diag diag;

	numbered(text, drop, partners, unused);
	diag_init(&diag);
	next.policy = policy_parse(text, strlen(text), "numbered.yaml", NULL, &diag);
	assert_non_null(next.policy);
	image = image_compile(next.policy, &diag);
	assert_non_null(image);
	assert_int_equal(install_prepare(gate, image, &next.generation, &diag), 0);
	assert_int_equal(lists_prepare(lists, next.policy, next.generation, NULL, NULL, &diag), 0);
	image_free(image);
	diag_free(&diag);
	return next;
}

static void come(struct bed *bed, struct lists *lists, struct coming next)
{
	lists_commit(lists, replay_gate(bed->replay), next.generation);
	policy_free(bed->policy);
	bed->policy = next.policy;
}

static void stay_away(struct bed *bed, struct lists *lists, struct coming next)
{
	install_abort(replay_gate(bed->replay), next.generation);
	lists_abort(lists);
	policy_free(next.policy);
}

static void settle(struct lists *lists)
{
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(lists_settle(lists, &diag), 0);
	diag_free(&diag);
}

/* What holds under all numbers; `by_hand` as well. */
static void numbers_hold(struct bed *bed, const char *by_hand)
{
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "198.51.100.1"), "drop");
	assert_string_equal(stopped_by(bed, 10, "2001:db8:a::5", "2001:db8:bad::1"), "drop");
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "198.51.100.200"), "");
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "203.0.113.1"), "");
	assert_string_equal(stopped_by(bed, 10, "10.0.1.5", "192.0.2.1"), "");
	if (by_hand)
		assert_string_equal(stopped_by(bed, 10, "10.0.1.5", by_hand), "drop");
}

static struct lists *numbers_begin(struct bed *bed)
{
	char text[NUMBERED_LEN];
	struct lists *lists = NULL;
	struct diag diag;

	numbered(text, 0, 1, 2);
	bed_policy(bed, text);
	diag_init(&diag);
	assert_int_equal(lists_open(replay_gate(bed->replay), NULL, &lists, &diag), 0);
	assert_int_equal(lists_load(lists, bed->policy, NULL, NULL, &diag), 0);
	diag_free(&diag);
	replace(lists, "drop", "198.51.100.0/24\n2001:db8:bad::/48\n");
	replace(lists, "partners", "198.51.100.128/25\n203.0.113.0/24\n");
	replace(lists, "unused", "192.0.2.0/24\n");
	return lists;
}

static const int numbers[][3] = { { 1, 2, 0 }, { 2, 0, 1 }, { 1, 0, 2 }, { 0, 1, 2 }, { 63, 7, 0 } };

/* At every point between one policy and the next: the list of the policy that decides. */
static void numbers_change_with_the_policy(void **state)
{
	struct bed *bed = *state;
	struct lists *lists = numbers_begin(bed);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct coming next;
		char added[32], meanwhile[32];

		snprintf(added, sizeof(added), "100.66.%zu.1", i);
		snprintf(meanwhile, sizeof(meanwhile), "100.66.%zu.2", i);
		change(lists, true, "drop", added);
		numbers_hold(bed, added);
		next = coming(bed, lists, numbers[i][0], numbers[i][1], numbers[i][2]);
		numbers_hold(bed, added);
		change(lists, true, "drop", meanwhile);
		numbers_hold(bed, meanwhile);
		if (i % 2 == 0) { /* refused after all, and again */
			stay_away(bed, lists, next);
			numbers_hold(bed, meanwhile);
			next = coming(bed, lists, numbers[i][0], numbers[i][1], numbers[i][2]);
			numbers_hold(bed, meanwhile);
		}
		come(bed, lists, next);
		numbers_hold(bed, meanwhile);
		if (i % 3) /* else the next table clears up */
			settle(lists);
		replace(lists, "unused", "192.0.2.0/25\n");
		numbers_hold(bed, meanwhile);
		assert_string_equal(stopped_by(bed, 10, "10.0.1.5", added), "drop");
	}
	lists_close(lists);
}

/* What an overlay cannot hold, while the next policy's table waits for it: in force with that, or after. */
static void much_by_hand_meanwhile(void **state)
{
	struct bed *bed = *state;
	struct lists *lists = numbers_begin(bed);
	static char text[64 * 1024];
	size_t len = 0;

	for (unsigned int i = 0; i < 2200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "100.80.%u.%u\n", i >> 8,
					i & 255);
	snprintf(text + len, sizeof(text) - len, "198.51.100.0/24\n2001:db8:bad::/48\n");
	replace(lists, "drop", text);
	for (int refused = 1; refused >= 0; refused--) {
		struct coming next = coming(bed, lists, 1 + refused, 0, 2 - refused);

		change(lists, true, "drop", refused ? "100.80.0.0/16" : "100.80.0.0/15");
		change(lists, true, "drop", refused ? "100.66.9.1" : "100.66.9.2");
		numbers_hold(bed, refused ? "100.66.9.1" : "100.66.9.2");
		if (refused)
			stay_away(bed, lists, next);
		else
			come(bed, lists, next);
		settle(lists);
		numbers_hold(bed, refused ? "100.80.200.1" : "100.81.200.1");
		numbers_hold(bed, "100.66.9.1");
	}
	numbers_hold(bed, "100.66.9.2");
	lists_close(lists);
}

/* An agent that ends in between: what is in force stays so, and the next one goes on from there. */
static void numbers_outlive_an_agent(void **state)
{
	struct bed *bed = *state;
	struct gate *gate = replay_gate(bed->replay);
	struct lists *lists = numbers_begin(bed);
	struct coming next = coming(bed, lists, 2, 0, 1);
	struct diag diag;

	lists_close(lists);
	numbers_hold(bed, NULL);
	policy_free(next.policy);
	diag_init(&diag);
	assert_int_equal(lists_open(gate, NULL, &lists, &diag), 0);
	numbers_hold(bed, NULL);
	lists_close(lists);

	lists = numbers_begin(bed);
	come(bed, lists, coming(bed, lists, 2, 0, 1));
	lists_close(lists);
	numbers_hold(bed, NULL);
	assert_int_equal(lists_open(gate, NULL, &lists, &diag), 0);
	numbers_hold(bed, NULL);
	diag_free(&diag);
	lists_close(lists);
}

static const struct CMUnitTest tests[] = {
	{ "G47 three nested prefixes, all orders of adding and deleting", g47_all_orders, NULL,
	  NULL, NULL },
	{ "G47 the same through whole replacement", g47_replaced, NULL, NULL, NULL },
	{ "G49 one prefix in two lists, in two spellings", g49_shared_prefix, NULL, NULL, NULL },
	{ "allow beats block; each body has its own lists", allow_beats_block, NULL, NULL, NULL },
	{ "the remote end is asked, in both directions", from_outside, NULL, NULL, NULL },
	{ "lists that a policy renumbers change with it in one step",
	  numbers_change_with_the_policy, NULL, NULL, NULL },
	{ "what an overlay cannot hold comes with the next table", much_by_hand_meanwhile, NULL,
	  NULL, NULL },
	{ "so they do when the agent ends in between", numbers_outlive_an_agent, NULL, NULL, NULL },
	{ "pieces ahead of their first, and errors, are asked as well", strangers, NULL, NULL, NULL },
	{ "G45 a new block reaches established flows", g45_block_reaches_flows, NULL, NULL, NULL },
};
ROWS(rows_list, tests);
