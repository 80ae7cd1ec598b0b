// SPDX-License-Identifier: Apache-2.0
/*
 * explain/ against a gateway at work: of 100,000 packets by lot it says beforehand what the gateway
 * then does, under the policy in force, one before it is applied and one of before; and asking leaves
 * nothing in the gateway. Needs root and network namespaces; says SKIP else.
 */
#include "bpf/gatebed.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bpf/livegate.h"
#include "bpf/lot.h"
#include "bpf/mutate.h"
#include "bpf/rules.h"
#include "explain/inside.h"
#include "install/state.h"
#include "sekisho/flow.h"

#define PACKETS 25000 /* of each of four policies */

struct trial {
	struct livegate *live;
	const char *why; /* no gateway can be raised here */
	char dir[64];
	struct policy *bridged, *routed, *past;
	uint64_t met[SEK_REASONS_MAX], spared, listed, asked;
};

/* What was asked, and what explain said. */
struct told {
	struct explain_packet packet;
	struct sek_trace trace;
};

static void list_write(const struct trial *t, const char *name, const char *text)
{
	char path[96];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* ports, lists and the host; `swapped` gives the lists other numbers. */
static void head_print(FILE *out, const char *mode, bool swapped)
{
	fprintf(out,
		"version: 1\n"
		"ports:\n"
		"  - {name: inside, id: 1, side: inside, %s}\n"
		"  - {name: outside, id: 2, side: outside, %s}\n"
		"lists:\n"
		"  - {name: bad, id: %d, kind: block, source: bad.txt, format: plain}\n"
		"  - {name: good, id: %d, kind: allow, source: good.txt, format: plain}\n"
		"  - {name: worse, id: 2, kind: block, source: worse.txt, format: plain}\n",
		!strcmp(mode, "route") ? "mode: route" : "mode: bridge, peer: outside",
		!strcmp(mode, "route") ? "mode: route" : "mode: bridge, peer: inside",
		swapped ? 1 : 0, swapped ? 0 : 1);
	if (!strcmp(mode, "route"))
		fputs("host: {addresses: [192.0.2.1, 10.0.0.1, \"2001:db8:a::1\", \"2001:db8:ee::1\"],\n"
		      "  rules: [{name: ping, proto: [icmp4, icmp6], action: accept}]}\n",
		      out);
}

/* Four bodies; each keeps another corner of the settings. */
static void tenants_print(FILE *out, const int vlans[4], uint32_t rules, uint64_t *seed)
{
	static const char *const settings[4] = {
		"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
		"    lists: {block: [bad, worse], allow: [good]}\n"
		"    rate: {up: 100M, down: 50M, down_packets: 10k}\n"
		"    quota: {flows: 1000, half_open: 100, source_flows: 10, source_rate: 5}\n"
		"    default: {out: reject, in: drop}\n",
		"    prefixes: [10.2.0.0/16, \"2001:db8:b::/48\"]\n"
		"    lists: {block: [worse]}\n"
		"    fail: closed\n    fragments: strict\n    midstream: reject\n"
		"    default: {out: accept, in: reject}\n"
		"    rules:\n"
		"      - {name: seen, dir: out, proto: tcp, dport: 1-40, action: inspect}\n",
		"    prefixes: [10.3.0.0/16, \"2001:db8:c::/48\"]\n"
		"    protect: {synflood: always}\n"
		"    default: {out: accept, in: accept}\n"
		"    rules: [{name: far, dir: in, proto: tcp, dport: 1-60, action: accept, log: true}]\n",
		"    prefixes: [10.4.0.0/16]\n    routers: [10.4.0.1]\n"
		"    default: {out: accept, in: drop}\n"
		"    rules: [{name: seen, dir: out, proto: tcp, dport: 1-40, action: inspect, log: true}]\n",
	};

	fputs("tenants:\n", out);
	for (int i = 0; i < 4; i++) {
		char vlan[24] = "";

		if (vlans[i])
			snprintf(vlan, sizeof(vlan), ", vlan: %d", vlans[i]);
		fprintf(out,
			"  - name: body%d\n    id: %d\n"
			"    attach: [{port: inside%s}, {port: outside%s}]\n%s",
			i + 1, i + 1, vlan, vlan, settings[i]);
		if (!i)
			fputs("    rules:\n", out);
		if (!i)
			rules_print(out, rules, seed);
	}
}

static struct policy *policy_make(const struct trial *t, const char *mode, bool swapped,
				  const int vlans[4], uint32_t rules, uint64_t seed)
{
	char *text = NULL, path[96];
	struct policy *policy;
	struct diag diag;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	head_print(out, mode, swapped);
	tenants_print(out, vlans, rules, &seed);
	fclose(out);
	snprintf(path, sizeof(path), "%s/policy.yaml", t->dir);
	diag_init(&diag);
	policy = policy_parse(text, len, path, t->dir, &diag);
	if (!policy)
		diag_print(&diag, stderr);
	assert_non_null(policy);
	diag_free(&diag);
	free(text);
	return policy;
}

static int trial_up(void **state)
{
	static const int tagged[4] = { 10, 20, 30, 0 }, other[4] = { 11, 10, 0, 30 },
			 untagged[4] = { 0 };
	struct trial *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	*state = t;
	t->live = livegate_up(&t->why);
	if (t->why)
		return 0;
	snprintf(t->dir, sizeof(t->dir), "/tmp/sekisho-explain-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	list_write(t, "bad.txt", "198.51.100.192/26\n203.0.113.9\n2001:db8:fe::/48\n");
	list_write(t, "good.txt", "198.51.100.200\n2001:db8:fe::9\n");
	list_write(t, "worse.txt", "192.0.2.70\n2001:db8:aa::/64\n203.0.113.200/29\n");
	t->bridged = policy_make(t, "bridge", false, tagged, 120, 1);
	t->routed = policy_make(t, "route", false, untagged, 40, 2);
	t->past = policy_make(t, "bridge", true, other, 300, 3);
	return 0;
}

static int trial_down(void **state)
{
	static const char *const files[] = { "bad.txt", "good.txt", "worse.txt" };
	struct trial *t = *state;
	char path[96];

	for (size_t i = 0; t->dir[0] && i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", t->dir, files[i]);
		unlink(path);
	}
	if (t->dir[0])
		rmdir(t->dir);
	policy_free(t->bridged);
	policy_free(t->routed);
	policy_free(t->past);
	livegate_down(t->live);
	free(t);
	return 0;
}

static struct sek_addr address_by_lot(bool six, uint64_t *seed)
{
	static const char *const four[] = {
		"10.0.1.5",    "10.0.1.77",	  "10.2.1.5",	    "10.3.1.5",
		"10.4.1.5",    "10.4.0.1",	  "198.51.100.80",  "198.51.100.200",
		"203.0.113.9", "192.0.2.70",	  "198.51.100.222", "100.1.2.3",
		"10.99.0.1",   "192.0.2.1",	  "10.0.0.1",	    "127.0.0.1",
		"224.0.0.5",   "255.255.255.255", "0.0.0.0",	    "203.0.113.201",
	};
	static const char *const sixes[] = {
		"2001:db8:a::5",
		"2001:db8:a::77",
		"2001:db8:b::5",
		"2001:db8:c::5",
		"2001:db8:ff::80",
		"2001:db8:fe::9",
		"2001:db8:fe::1",
		"2001:db8:aa::1",
		"2001:db8:ee::1",
		"2001:db8:a::1",
		"::1",
		"ff02::1",
		"fe80::5",
		"2001:db8:99::1",
		"::",
		"2001:db8:a:7::1",
	};
	struct prefix prefix;
	const char *text = six ? sixes[draw(seed, 16)] : four[draw(seed, 20)];

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

/* Every second goes between a body and the Internet, or few would come as far as the rules. */
static void ends_by_lot(struct explain_packet *p, uint64_t *seed)
{
	static const uint8_t bodies4[4] = { 0, 2, 3, 4 };
	bool six = !draw(seed, 3), outward = draw(seed, 2);
	struct sek_addr *body = outward ? &p->src : &p->dst;

	p->src = address_by_lot(six, seed);
	p->dst = address_by_lot(six, seed);
	p->port = outward ? INSIDE : OUTSIDE;
	if (!draw(seed, 8))
		p->port = (uint16_t)(INSIDE + OUTSIDE - p->port);
	if (draw(seed, 4) == 0)
		return;
	if (six) {
		body->b[4] = 0;
		body->b[5] = (uint8_t)(0x0a + draw(seed, 3));
		memcpy(body->b, (const uint8_t[]){ 0x20, 0x01, 0x0d, 0xb8 }, 4);
		memset(body->b + 6, 0, 9);
		body->b[15] = 5;
	} else {
		memcpy(body->b + 12,
		       (const uint8_t[]){ 10, bodies4[draw(seed, 4)], 1, draw(seed, 2) ? 5 : 77 }, 4);
	}
}

static void kind_by_lot(struct explain_packet *p, uint64_t *seed)
{
	static const uint8_t types4[] = { 8, 8, 8, 13, 0, 3, 11, 5, 17 };
	static const uint8_t types6[] = { 128, 128, 128, 129, 1, 2, 133, 135, 136, 131, 143, 200 };
	bool six = !address_is_v4(&p->src);

	p->sport = (uint16_t)(draw(seed, 50) ? 1 + draw(seed, 130) : 0);
	p->dport = (uint16_t)(draw(seed, 50) ? 1 + draw(seed, 130) : 0);
	switch (draw(seed, 8)) {
	case 0:
	case 1:
	case 2:
		p->proto = IPPROTO_TCP;
		p->tcp_flags = draw(seed, 3) ? TCP_SYN : (uint8_t)draw(seed, 64);
		break;
	case 3:
	case 4:
		p->proto = IPPROTO_UDP;
		if (draw(seed, 20))
			break;
		p->sport = six ? 546 : 68;
		p->dport = six ? 547 : 67;
		break;
	case 5:
	case 6:
		p->proto = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		p->icmp_type = six ? types6[draw(seed, 12)] : types4[draw(seed, 9)];
		p->icmp_code = (uint8_t)(draw(seed, 4) ? 0 : draw(seed, 5));
		break;
	default:
		p->proto = (uint8_t)(draw(seed, 2) ? IPPROTO_GRE : draw(seed, 256));
	}
}

static struct explain_packet packet_by_lot(const struct policy *policy, uint64_t *seed)
{
	const struct model_tenant *tenant = &policy->tenants[1 + draw(seed, 4)];
	struct explain_packet p = { 0 };

	ends_by_lot(&p, seed);
	kind_by_lot(&p, seed);
	/* The VLAN of the body that its addresses are of, mostly. */
	for (size_t i = 1; i < policy->tenant_cnt && draw(seed, 10); i++)
		for (size_t j = 0; j < policy->tenants[i].prefix_cnt; j++)
			if (prefix_holds(&policy->tenants[i].prefixes[j],
					 p.port == INSIDE ? &p.src : &p.dst))
				tenant = &policy->tenants[i];
	p.vlan = tenant->attaches[0].vlan;
	if (!draw(seed, 40))
		p.vlan = (uint16_t)draw(seed, 60);
	if (!draw(seed, 60))
		p.outer = 100;
	if (!draw(seed, 6) && !explain_is_icmp_error(&p))
		p.size = (uint16_t)draw(seed, 3000);
	else if (!draw(seed, 8))
		p.piece = draw(seed, 2) ? PIECE_FIRST : PIECE_LATER;
	return p;
}

static const uint8_t zeros[4096];

/* What a UDP datagram carries: DHCP says what it is. */
static void udp_fill(const struct explain_packet *p, struct pkt *pkt, size_t wanted)
{
	static const uint8_t dhcp[4096] = { 1, [236] = 0x63, 0x82, 0x53, 0x63 };

	pkt->payload_len = wanted > 8 ? wanted - 8 : 0;
	if (p->sport == 546 && p->dport == 547 && pkt->payload_len < 4)
		pkt->payload_len = 4;
	if (p->sport != 68 || p->dport != 67 || !address_is_v4(&p->src))
		return;
	pkt->payload = dhcp;
	if (pkt->payload_len < 240)
		pkt->payload_len = 240;
}

static void icmp_fill(const struct explain_packet *p, struct pkt *pkt, size_t wanted)
{
	bool echo = p->icmp_type == 8 || p->icmp_type == 0 || p->icmp_type == 128 ||
		    p->icmp_type == 129;

	pkt->payload_len = wanted > 8 ? wanted - 8 : 0;
	if (explain_is_link_talk(p) && pkt->payload_len < 16)
		pkt->payload_len = 16;
	if (!echo)
		pkt->rest = 0x00010001;
	if (explain_is_link_talk(p)) /* never routed: RFC 4861, RFC 2710 */
		pkt->ttl = p->icmp_type >= 133 && p->icmp_type <= 137 ? 255 : 1;
}

static void payload_fill(const struct explain_packet *p, struct pkt *pkt)
{
	static const uint8_t report[8] = { 0x16, 0, 0xe9, 0xff };
	bool six = !address_is_v4(&p->src), igmp = p->proto == IPPROTO_IGMP;
	size_t head = six ? 40 : 20, wanted = p->size > head ? p->size - head : 0;

	pkt->payload = zeros;
	if (p->proto == IPPROTO_TCP)
		pkt->payload_len = wanted > 20 ? wanted - 20 : 0;
	else if (p->proto == IPPROTO_UDP)
		udp_fill(p, pkt, wanted);
	else if (p->proto == (six ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		icmp_fill(p, pkt, wanted);
	else
		pkt->payload_len = igmp ? sizeof(report) : wanted > 24 ? wanted : 24;
	if (igmp)
		pkt->payload = report;
	if (igmp && !six)
		pkt->ttl = 1;
}

/* The same packet built by other hands. */
static void frame_build(const struct explain_packet *p, struct frame *frame)
{
	char src[PREFIX_TEXT_MAX], dst[PREFIX_TEXT_MAX];
	struct pkt quoted = { .proto = IPPROTO_UDP, .sport = 50000, .dport = 53 };
	struct pkt pkt = { .vlan = p->vlan,
			   .outer = p->outer,
			   .proto = p->proto,
			   .sport = p->sport,
			   .dport = p->dport,
			   .flags = p->tcp_flags,
			   .type = p->icmp_type,
			   .code = p->icmp_code,
			   .ip_id = 1,
			   .id = 1,
			   .icmp_seq = 1,
			   .seq = 0x1000 };

	pkt.src = quoted.dst = address_print(&p->src, src);
	pkt.dst = quoted.src = address_print(&p->dst, dst);
	payload_fill(p, &pkt);
	if (explain_is_icmp_error(p))
		pkt.quoted = &quoted;
	if (p->piece != PIECE_WHOLE) {
		pkt.payload = zeros;
		pkt.payload_len = 3500;
		pkt.from = p->piece == PIECE_LATER ? 1480 : 0;
		pkt.piece = p->piece == PIECE_LATER ? 24 : 1400;
	}
	pkt_build(&pkt, frame);
}

/* Byte for byte, but where these hands fill in other things: pieces, quotes, targets, odd families. */
static void frames_are_equal(const struct explain_packet *p)
{
	static struct frame other;
	static uint8_t frame[EXPLAIN_FRAME_MAX];
	uint32_t len = explain_frame(p, frame);
	bool six = !address_is_v4(&p->src);

	if (p->piece != PIECE_WHOLE || explain_is_icmp_error(p) ||
	    (p->proto == IPPROTO_ICMPV6 && (!six || explain_is_link_talk(p))) ||
	    (p->proto == IPPROTO_ICMP && six))
		return;
	frame_build(p, &other);
	assert_int_equal(len, other.len);
	assert_memory_equal(frame, other.b, len);
}

static const char *name_of(const struct sek_trace *trace)
{
	return state_reason_name(trace->reason);
}

/* A cell that explain foretold must be the one that counted. */
static uint32_t cell_of(const struct sek_trace *trace)
{
	return (trace->tenant * 2u + trace->dir) * SEK_REASONS_MAX + trace->reason;
}

static void disagree(const struct told *told, const char *what, long got, long wanted)
{
	char text[EXPLAIN_TEXT_MAX];

	explain_print(&told->packet, text);
	fail_msg("%s (port %u, VLAN %u, size %u): explain says %s, verdict %u, tenant %u, rule %d; "
		 "the gateway's %s is %ld, not %ld",
		 text, told->packet.port, told->packet.vlan, told->packet.size, name_of(&told->trace),
		 told->trace.verdict, told->trace.tenant, told->trace.rule, what, got, wanted);
}

#define agree(told, what, got, wanted)                                                             \
	do {                                                                                       \
		if ((long)(got) != (long)(wanted))                                                 \
			disagree(told, what, (long)(got), (long)(wanted));                         \
	} while (0)

static bool is_refusal(const struct sek_trace *trace)
{
	return trace->reason >= SEK_R_short_frame && trace->reason < SEK_R_bug_map;
}

static void event_agrees(const struct livegate *live, const struct told *told)
{
	const struct sek_trace *trace = &told->trace;
	const struct sek_event *event = &live->event;

	agree(told, "number of events", live->event_cnt, 1);
	agree(told, "verdict", event->verdict, trace->verdict);
	agree(told, "reason", event->reason, trace->reason);
	agree(told, "rule", event->rule, trace->rule);
	agree(told, "list", event->list, trace->list);
	agree(told, "tenant", event->tenant, trace->tenant);
	agree(told, "direction", event->dir, trace->dir);
}

static void flow_agrees(const struct livegate *live, const struct told *told)
{
	bool makes = told->trace.reason == SEK_R_accepted || told->trace.reason == SEK_R_inspect_open;
	struct sek_flow flow;
	size_t cnt = livegate_flows(live, &flow);

	if (!makes)
		return;
	agree(told, "number of flows", cnt, 1);
	agree(told, "rule", flow.rule, told->trace.rule);
	agree(told, "state", flow.state, told->trace.state);
}

static uint32_t action_of(const struct sek_trace *trace)
{
	switch (trace->verdict) {
	case SEK_FORWARD:
	case SEK_ANSWER: /* by the port that it came in by */
		return XDP_REDIRECT;
	case SEK_STACK:
		return XDP_PASS;
	case SEK_DROP:
		return XDP_DROP;
	default:
		return XDP_ABORTED;
	}
}

/* Refusals before quotas keep nothing; all else is forgotten before the next. */
static bool leaves_state(const struct told *told)
{
	const struct sek_trace *trace = &told->trace;

	return trace->verdict != SEK_DROP || told->packet.piece != PIECE_WHOLE ||
	       trace->reason >= SEK_R_flow_table_full || trace->reason == SEK_R_cross_tenant;
}

static void gateway_agrees(struct trial *t, const struct told *told)
{
	static struct frame frame;
	const struct sek_trace *trace = &told->trace;
	uint16_t list = trace->list != SEK_NO_LIST ? trace->list : trace->spared;
	uint64_t cell, decided = 0;
	uint32_t action;

	frame_build(&told->packet, &frame);
	cell = livegate_counted(t->live, "sek_count", cell_of(trace));
	if (list != SEK_NO_LIST)
		decided = livegate_counted(t->live, "sek_list_count", list);
	action = livegate_run(t->live, told->packet.port, &frame);
	agree(told, "action", action, action_of(trace));
	agree(told, "count of this reason",
	      livegate_counted(t->live, "sek_count", cell_of(trace)) - cell, 1);
	if (list != SEK_NO_LIST)
		agree(told, "count of the list",
		      livegate_counted(t->live, "sek_list_count", list) - decided, 1);
	if (is_refusal(trace))
		event_agrees(t->live, told);
	flow_agrees(t->live, told);
	if (leaves_state(told))
		livegate_forget(t->live, trace->tenant, told->packet.piece != PIECE_WHOLE);
	t->met[trace->reason]++;
	t->spared += trace->spared != SEK_NO_LIST;
	t->listed += trace->list != SEK_NO_LIST;
	t->asked++;
}

static size_t descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t cnt = 0;

	assert_non_null(dir);
	while (readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

/* The whole answer, as it is printed: up to the stage that ends such packets, and no further. */
static void story_is_whole(const struct explain *explain, const struct told *told)
{
	json_t *answer = explain_json(explain, &told->packet, &told->trace), *stages;
	const char *last;

	assert_non_null(answer);
	stages = json_object_get(answer, "stages");
	last = json_string_value(
		json_object_get(json_array_get(stages, json_array_size(stages) - 1), "stage"));
	assert_non_null(last);
	if (strcmp(last, explain_stage(told->trace.reason)) != 0 && strcmp(last, "control") != 0 &&
	    (strcmp(last, "tenant") != 0 || told->trace.reason != SEK_R_martian))
		disagree(told, "last stage", 0, 1);
	assert_string_equal(json_string_value(json_object_get(answer, "reason")),
			    name_of(&told->trace));
	for (size_t i = 0; i < json_array_size(stages); i++)
		assert_true(json_string_length(json_object_get(json_array_get(stages, i), "answer")) >
			    0);
	json_decref(answer);
}

/* Asks of all packets; what explain has of the gateway, it has as the command does. */
static void ask_all(struct trial *t, const struct policy *policy, const struct policy *in_force,
		    uint64_t seed, struct told *told)
{
	/* by the hook's other program, which must answer alike */
	struct explain_options options = { .live_policy = in_force, .tc = policy != in_force };
	uint64_t before = livegate_digest(t->live);
	size_t open = descriptors(), cnt = lot_cnt(PACKETS);
	struct explain *explain;
	struct gate *peek;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(gate_peek(t->live->pin_dir, &peek, &diag), 0);
	options.live = peek;
	if (explain_open(policy, &options, &explain, &diag)) {
		diag_print(&diag, stderr);
		fail();
	}
	for (size_t i = 0; i < cnt; i++) {
		told[i].packet = packet_by_lot(policy, &seed);
		if (i % 10 == 0)
			frames_are_equal(&told[i].packet);
		assert_int_equal(explain_ask(explain, &told[i].packet, &told[i].trace), 0);
		if (i % 25 == 0)
			story_is_whole(explain, &told[i]);
	}
	explain_close(explain);
	gate_close(peek);
	diag_free(&diag);
	assert_int_equal(descriptors(), open);
	assert_int_equal(ring_buffer__consume(t->live->ring), 0);
	assert_true(livegate_digest(t->live) == before);
}

/* Asked while in_force is in force, then tried under the policy itself. */
static void foretold(struct trial *t, const struct policy *policy, const struct policy *in_force,
		     uint64_t seed)
{
	size_t cnt = lot_cnt(PACKETS);
	struct told *told = calloc(cnt, sizeof(*told));

	assert_non_null(told);
	ask_all(t, policy, in_force, seed, told);
	if (policy != in_force)
		livegate_apply(t->live, policy);
	for (size_t i = 0; i < cnt; i++)
		gateway_agrees(t, &told[i]);
	free(told);
}

static void equals_the_gateway(void **state)
{
	struct trial *t = *state;
	struct timespec from, to;

	if (t->why) {
		print_message("# SKIP: %s\n", t->why);
		skip();
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	livegate_apply(t->live, t->past);
	livegate_apply(t->live, t->bridged);
	foretold(t, t->bridged, t->bridged, 11); /* in force */
	foretold(t, t->routed, t->bridged, 22); /* a candidate */
	foretold(t, t->routed, t->routed, 33);
	foretold(t, t->past, t->routed, 44); /* of before */
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_message("# %llu packets in %.1f s; %llu by a block list, %llu spared by an allow list\n",
		      (unsigned long long)t->asked,
		      (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9,
		      (unsigned long long)t->listed, (unsigned long long)t->spared);
}

/* The lot must have drawn from all of it, or equality says little. */
static void kinds_were_met(void **state)
{
	static const uint8_t wanted[] = {
		SEK_R_accepted,	      SEK_R_fragment_early,  SEK_R_neighbour,
		SEK_R_inspect_open,   SEK_R_stack_neighbour, SEK_R_stack_host,
		SEK_R_stack_mtu,      SEK_R_stack_resolve,   SEK_R_cookie_sent,
		SEK_R_tcp_flags,      SEK_R_l4_port_zero,    SEK_R_martian,
		SEK_R_land,	      SEK_R_frag_strict,     SEK_R_no_tenant,
		SEK_R_spoofed,	      SEK_R_cross_tenant,    SEK_R_list_block,
		SEK_R_rule_drop,      SEK_R_rule_reject,     SEK_R_default_drop,
		SEK_R_default_reject, SEK_R_inspect_closed,  SEK_R_host_refused,
		SEK_R_tcp_no_flow,    SEK_R_icmp_no_request, SEK_R_icmp_no_flow,
		SEK_R_too_big,	      SEK_R_no_route,	     SEK_R_route_not_port,
	};
	const struct trial *t = *state;

	if (t->why)
		skip();
	for (unsigned int i = 0; i < SEK_REASONS_MAX; i++)
		if (t->met[i])
			print_message("# %8llu %s\n", (unsigned long long)t->met[i],
				      state_reason_name((uint8_t)i));
	for (size_t i = 0; i < sizeof(wanted); i++)
		if (!t->met[wanted[i]])
			fail_msg("no packet ended as %s", state_reason_name(wanted[i]));
	assert_true(t->listed > 100);
	assert_true(t->spared > 100);
}

/* The stages of the answer in a row, "flow room". */
static void stages_print(const struct explain *explain, const struct told *told, char to[256])
{
	json_t *answer = explain_json(explain, &told->packet, &told->trace), *stage;
	size_t i, len = 0;

	to[0] = 0;
	json_array_foreach(json_object_get(answer, "stages"), i, stage)
		len += (size_t)snprintf(to + len, 256 - len, "%s%s", len ? " " : "",
					json_string_value(json_object_get(stage, "stage")));
	assert_in_range(len, 1, 255);
	json_decref(answer);
}

/* A body that has all the half-open flows it may have is asked of no list and no rule: nor is it told so. */
static void room_is_asked_first(void **state)
{
	const struct trial *t = *state;
	const struct explain_options options = { 0 };
	const struct sek_quota full = { .half = 100 }; /* what body1 may have */
	struct told told = { .packet = { .port = INSIDE,
					 .vlan = 10,
					 .proto = IPPROTO_TCP,
					 .sport = 50000,
					 .dport = 443,
					 .tcp_flags = TCP_SYN } };
	struct explain *explain;
	struct prefix prefix;
	uint32_t body1 = 1;
	char stages[256];
	struct diag diag;

	if (t->why)
		skip();
	diag_init(&diag);
	assert_int_equal(prefix_parse("10.0.1.5", 8, &prefix, NULL), PREFIX_OK);
	told.packet.src = prefix.addr;
	assert_int_equal(prefix_parse("203.0.113.9", 11, &prefix, NULL), PREFIX_OK); /* on list bad */
	told.packet.dst = prefix.addr;
	assert_int_equal(explain_open(t->bridged, &options, &explain, &diag), 0);
	assert_int_equal(explain_ask(explain, &told.packet, &told.trace), 0);
	stages_print(explain, &told, stages);
	assert_string_equal(stages, "frame sanity control tenant fragment flow room lists");
	assert_int_equal(bpf_map_update_elem(gate_map_fd(replay_gate(explain->replay), "sek_quota"),
					     &body1, &full, BPF_ANY),
			 0);
	assert_int_equal(explain_ask(explain, &told.packet, &told.trace), 0);
	assert_int_equal(told.trace.reason, SEK_R_half_quota);
	stages_print(explain, &told, stages);
	assert_string_equal(stages, "frame sanity control tenant fragment flow room");
	told.trace.rule = 0; /* as where the room fills while rules are asked */
	stages_print(explain, &told, stages);
	assert_non_null(strstr(stages, "room lists rule cookie quota"));
	explain_close(explain);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "explain says what the gateway then does, and leaves nothing in it",
		  equals_the_gateway, NULL, NULL, NULL },
		{ "packets of all kinds were asked about", kinds_were_met, NULL, NULL, NULL },
		{ "a body without room is not told of lists and rules", room_is_asked_first, NULL,
		  NULL, NULL },
	};

	return cmocka_run_group_tests_name("explain", tests, trial_up, trial_down);
}
