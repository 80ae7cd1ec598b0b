// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the loaded program and the policy under it. Called by every file of rows.
 * Promises that rows do not see each other's flows, and that a failure names row, got and wanted.
 */
#include "bpf/gatebed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "install/state.h"
#include "sekisho/frag.h"

#define FLOWS_MAX 4096

const struct ends bed_ends[2] = {
	{ "IPv4", "10.0.1.5", "198.51.100.80", "198.51.100.81", IPPROTO_ICMP, 8, 0 },
	{ "IPv6", "2001:db8:a::5", "2001:db8:ff::80", "2001:db8:ff::81", IPPROTO_ICMPV6, 128, 129 },
};

const char bed_bridge[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside,\n"
	"     link: {forward: [0, e], stack: [3]}}\n"
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
	"tenants:\n"
	"  - name: alpha\n"
	"    id: 1\n"
	"    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"
	"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
	"    default: {out: reject, in: drop}\n"
	"    rules:\n"
	"      - {name: web, dir: out, proto: tcp, dport: [80, 443], action: accept}\n"
	"      - {name: dns, dir: out, proto: udp, dport: 53, action: accept}\n"
	"      - {name: ping, dir: out, proto: icmp, icmp: [echo-request], action: accept}\n"
	"      - {name: ping6, dir: out, proto: icmpv6, icmp: [echo-request], action: accept}\n"
	"      - {name: smtp, dir: out, proto: tcp, dport: 25, action: drop, log: true}\n"
	"      - {name: irc, dir: out, proto: [tcp, udp], dport: 6667, action: reject}\n"
	"      - {name: seen, dir: out, proto: tcp, dport: 8080, action: inspect}\n"
	"      - {name: ssh, dir: in, proto: tcp, dport: 22, action: accept}\n"
	"      - {name: game, dir: in, proto: udp, dport: 4000, action: accept}\n"
	"      - {name: gre, dir: out, proto: gre, action: accept}\n"
	"  - name: beta\n"
	"    id: 2\n"
	"    attach: [{port: inside, vlan: 20}, {port: outside, vlan: 20}]\n"
	"    prefixes: [10.0.0.0/16, \"2001:db8:b::/48\"]\n"
	"    fail: closed\n"
	"    fragments: strict\n"
	"    midstream: reject\n"
	"    default: {out: drop, in: drop}\n"
	"    rules:\n"
	"      - {name: web, dir: out, proto: tcp, dport: 81, action: accept}\n"
	"      - {name: seen, dir: out, proto: tcp, dport: 8080, action: inspect}\n"
	"  - name: one\n"
	"    id: 3\n"
	"    attach: [{port: inside, vlan: 1}, {port: outside, vlan: 1}]\n"
	"    prefixes: [10.0.0.0/16]\n"
	"    default: {out: accept, in: drop}\n"
	"  - name: many\n"
	"    id: 4\n"
	"    attach: [{port: inside, vlan: 256}, {port: outside, vlan: 256}]\n"
	"    prefixes: [10.0.0.0/16]\n"
	"    default: {out: accept, in: drop}\n"
	"  - name: nested\n"
	"    id: 5\n"
	"    attach: [{port: inside, vlan: 10, outer: 100}, {port: outside, vlan: 10, outer: 100}]\n"
	"    prefixes: [10.0.0.0/16]\n"
	"    default: {out: accept, in: drop}\n"
	"    rules: [{name: irc, dir: out, proto: [tcp, udp], dport: 6667, action: reject}]\n"
	"  - name: bare\n"
	"    id: 6\n"
	"    attach: [{port: inside}, {port: outside}]\n"
	"    prefixes: [10.9.0.0/16]\n"
	"    default: {out: accept, in: drop}\n"
	"    rules: [{name: irc, dir: out, proto: [tcp, udp], dport: 6667, action: reject}]\n";

const char bed_route[] = "version: 1\n"
			 "ports:\n"
			 "  - {name: in-a, id: 1, side: inside, mode: route}\n"
			 "  - {name: outside, id: 2, side: outside, mode: route}\n"
			 "  - {name: in-b, id: 3, side: inside, mode: route}\n"
			 "host:\n"
			 "  addresses: [192.0.2.1, \"2001:db8:ff::1\"]\n"
			 "  rules:\n"
			 "    - {proto: icmp, action: accept}\n"
			 "tenants:\n"
			 "  - name: alpha\n"
			 "    id: 1\n"
			 "    attach: [{port: in-a, vlan: 10}, {port: outside}]\n"
			 "    prefixes: [10.1.0.0/16, \"2001:db8:a::/48\"]\n"
			 "    default: {out: accept, in: drop}\n"
			 "    rules:\n"
			 "      - {name: ssh, dir: in, proto: tcp, dport: 22, action: accept}\n"
			 "  - name: beta\n"
			 "    id: 2\n"
			 "    attach: [{port: in-b}, {port: outside}]\n"
			 "    prefixes: [10.2.0.0/16, \"2001:db8:b::/48\"]\n"
			 "    default: {out: accept, in: accept}\n";

static const struct {
	const char *name;
	enum { FORWARD = 1, STACK, DROP, BUG } class;
} reasons[SEK_REASONS_MAX] = {
#define forward FORWARD
#define stack STACK
#define drop DROP
#define bug BUG
#define SEK_REASON(number, name_, class_, en, ja) [number] = { #name_, class_ },
#include "sekisho/reasons.def"
#undef SEK_REASON
#undef forward
#undef stack
#undef drop
#undef bug
};

const char *reason_name(enum sek_reason reason)
{
	return reason < SEK_REASONS_MAX && reasons[reason].name ? reasons[reason].name : "?";
}

static struct policy *parse(const char *text)
{
	struct policy *policy;
	struct diag diag;

	diag_init(&diag);
	policy = policy_parse(text, strlen(text), "bed.yaml", NULL, &diag);
	if (!policy)
		diag_print(&diag, stderr);
	diag_free(&diag);
	return policy;
}

static int bed_open(void **state, bool tc)
{
	struct replay_options options = { .flows_max = FLOWS_MAX, .tc = tc, .changes = true };
	struct bed *bed = calloc(1, sizeof(*bed));
	struct diag diag;
	int r = -1;

	if (!bed)
		return -1;
	diag_init(&diag);
	bed->tc = tc;
	bed->now_ns = 1000 * SECOND;
	bed->policy = parse(bed_bridge);
	if (bed->policy)
		r = replay_open(bed->policy, &options, &bed->replay, &diag);
	if (r)
		diag_print(&diag, stderr);
	diag_free(&diag);
	*state = bed;
	return r;
}

int bed_setup(void **state)
{
	return bed_open(state, false);
}

int bed_setup_tc(void **state)
{
	return bed_open(state, true);
}

int bed_teardown(void **state)
{
	struct bed *bed = *state;

	replay_close(bed->replay);
	policy_free(bed->policy);
	free(bed);
	return 0;
}

void bed_apply(struct bed *bed, const char *text)
{
	struct policy *policy = parse(text);
	struct diag diag;
	int r;

	assert_non_null(policy);
	diag_init(&diag);
	r = replay_apply(bed->replay, policy, &diag);
	if (r)
		diag_print(&diag, stderr);
	diag_free(&diag);
	assert_int_equal(r, 0);
	policy_free(bed->policy);
	bed->policy = policy;
}

void bed_policy(struct bed *bed, const char *text)
{
	bed_apply(bed, text);
	bed_reset(bed);
}

static int map_fd(struct bed *bed, const char *name)
{
	int fd = gate_map_fd(replay_gate(bed->replay), name);

	assert_true(fd >= 0);
	return fd;
}

void bed_reset(struct bed *bed)
{
	assert_int_equal(gate_forget(replay_gate(bed->replay)), 0);
	bed_wait(bed, 3600 * SECOND); /* rates, guards and pieces are forgotten by time */
}

void bed_wait(struct bed *bed, uint64_t ns)
{
	bed->now_ns += ns;
}

/* Where the IP header of what left is; 0 when it carries none. */
static size_t find_l3(const struct frame *frame)
{
	size_t at = 12;

	while (at + 2 <= frame->len) {
		uint16_t type = frame_get16(frame, at);

		at += 2;
		if (type == 0x0800 || type == 0x86dd)
			return at;
		if (type != 0x8100 && type != 0x88a8)
			return 0;
		at += 2;
	}
	return 0;
}

enum sek_reason bed_frame(struct bed *bed, uint16_t port, const struct frame *frame)
{
	int r;

	assert_int_equal(replay_port(bed->replay, port), 0);
	r = replay_run(bed->replay, bed->now_ns, frame->b, (uint32_t)frame->len, &bed->last);
	if (r)
		fail_msg("BPF_PROG_TEST_RUN of %zu bytes: %s", frame->len, strerror(-r));
	bed->runs++;
	bed->by_xdp += bed->last.by_xdp;
	bed->out.len = bed->last.len;
	memcpy(bed->out.b, bed->last.frame, bed->last.len);
	bed->out.l3 = find_l3(&bed->out);
	bed->met[bed->last.trace.reason]++;
	return bed->last.trace.reason;
}

enum sek_reason bed_run(struct bed *bed, uint16_t port, const struct pkt *pkt)
{
	pkt_build(pkt, &bed->in);
	return bed_frame(bed, port, &bed->in);
}

static uint32_t action_of(enum sek_reason reason)
{
	static const uint32_t actions[] = {
		[FORWARD] = XDP_REDIRECT, [STACK] = XDP_PASS, [DROP] = XDP_DROP, [BUG] = XDP_ABORTED
	};

	return actions[reasons[reason].class];
}

static const char *action_name(uint32_t action)
{
	static const char *const names[] = { "ABORTED", "DROP", "PASS", "TX", "REDIRECT" };

	return action < 5 ? names[action] : "?";
}

static void expect(struct bed *bed, const char *what, uint16_t port, const struct pkt *pkt,
		   enum sek_reason reason, uint32_t action, const char *file, int line)
{
	enum sek_reason got = bed_run(bed, port, pkt);

	if (got == reason && bed->last.action == action)
		return;
	print_error("%s: got %s (%s), wanted %s (%s)\n", what, reason_name(got),
		    action_name(bed->last.action), reason_name(reason), action_name(action));
	_fail(file, line);
}

void bed_expect_at(struct bed *bed, const char *what, uint16_t port, const struct pkt *pkt,
		   enum sek_reason reason, const char *file, int line)
{
	expect(bed, what, port, pkt, reason, action_of(reason), file, line);
}

void bed_answer_at(struct bed *bed, const char *what, uint16_t port, const struct pkt *pkt,
		   enum sek_reason reason, const char *file, int line)
{
	expect(bed, what, port, pkt, reason, XDP_TX, file, line);
}

const char *bed_rule(const struct bed *bed)
{
	const struct model_tenant *tenant = policy_tenant_id(bed->policy, bed->last.trace.tenant);

	if (!tenant || bed->last.trace.rule == SEK_NO_RULE)
		return "";
	return policy_rule_name(tenant, bed->last.trace.rule);
}

/* All rows of a table are tried before the test fails, so that one look shows every wrong row. */
void bed_rows(struct bed *bed, const struct row *rows, size_t cnt, const char *file, int line)
{
	size_t wrong = 0;

	for (size_t i = 0; i < cnt; i++) {
		const struct row *row = &rows[i];
		enum sek_reason got = bed_run(bed, row->port, &row->pkt);
		const char *rule = row->rule ? row->rule : bed_rule(bed);

		if (got == row->reason && !strcmp(rule, bed_rule(bed)) &&
		    (bed->last.action == action_of(got) || bed->last.action == XDP_TX))
			continue;
		print_error("%s: got %s (%s) by rule \"%s\", wanted %s by rule \"%s\"\n", row->what,
			    reason_name(got), action_name(bed->last.action), bed_rule(bed),
			    reason_name(row->reason), rule);
		wrong++;
	}
	if (wrong) {
		print_error("%zu of %zu rows are wrong\n", wrong, cnt);
		_fail(file, line);
	}
}

size_t bed_flows(struct bed *bed, struct sek_flow *ret_first)
{
	int fd = map_fd(bed, "sek_flow");
	struct sek_flow_key key, next;
	void *at = NULL;
	size_t cnt = 0;
	uint32_t number;

	while (bpf_map_get_next_key(fd, at, &next) == 0) {
		if (!cnt && ret_first) {
			assert_int_equal(bpf_map_lookup_elem(fd, &next, &number), 0);
			assert_int_equal(bpf_map_lookup_elem(map_fd(bed, "sek_flow_entry"), &number,
							     ret_first),
					 0);
		}
		cnt++;
		key = next;
		at = &key;
	}
	return cnt;
}

struct sek_count bed_count(struct bed *bed, uint16_t tenant, enum sek_dir dir, enum sek_reason reason)
{
	uint32_t index = (tenant * 2u + dir) * SEK_REASONS_MAX + reason;
	int cpus = libbpf_num_possible_cpus();
	struct sek_count *cells = calloc((size_t)cpus, sizeof(*cells));
	struct sek_count sum = { 0 };

	assert_non_null(cells);
	assert_int_equal(bpf_map_lookup_elem(map_fd(bed, "sek_count"), &index, cells), 0);
	for (int i = 0; i < cpus; i++) {
		sum.packets += cells[i].packets;
		sum.bytes += cells[i].bytes;
	}
	free(cells);
	return sum;
}

struct sek_quota bed_quota(struct bed *bed, uint16_t tenant)
{
	uint32_t index = tenant;
	struct sek_quota quota;

	assert_int_equal(bpf_map_lookup_elem(map_fd(bed, "sek_quota"), &index, &quota), 0);
	return quota;
}

void bed_port_change(struct bed *bed, uint16_t port, void (*change)(struct sek_port *port))
{
	struct gate *gate = replay_gate(bed->replay);
	uint32_t generation = gate_generation(gate);
	struct sek_port value;

	assert_int_equal(gate_entry_get(gate, "sek_port", generation, port, &value), 0);
	change(&value);
	assert_int_equal(gate_entry_set(gate, "sek_port", generation, port, &value), 0);
}

struct pkt bed_out(const struct ends *ends, struct pkt pkt)
{
	pkt.vlan = 10;
	pkt.src = ends->body;
	pkt.dst = ends->far;
	return pkt;
}

struct pkt bed_in(const struct ends *ends, struct pkt pkt)
{
	pkt.vlan = 10;
	pkt.src = ends->far;
	pkt.dst = ends->body;
	return pkt;
}

struct pkt bed_opener(const struct talk *talk, uint16_t vlan, uint8_t flags, uint32_t seq,
		      uint32_t ack, size_t len)
{
	return (struct pkt){ .vlan = vlan,
			     .src = talk->from,
			     .dst = talk->to,
			     .proto = IPPROTO_TCP,
			     .sport = talk->sport,
			     .dport = talk->dport,
			     .flags = flags,
			     .seq = seq,
			     .ack = ack,
			     .payload_len = len };
}

struct pkt bed_opened(const struct talk *talk, uint16_t vlan, uint8_t flags, uint32_t seq,
		      uint32_t ack, size_t len)
{
	const struct talk back = {
		.from = talk->to, .to = talk->from, .sport = talk->dport, .dport = talk->sport
	};

	return bed_opener(&back, vlan, flags, seq, ack, len);
}
