// SPDX-License-Identifier: Apache-2.0
/*
 * Properties instead of rows, by a seeded generator: the kernel decides as the model does, no frame
 * makes the program fall, every packet is counted once, and what is not rewritten is unchanged. Run
 * by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/lot.h"
#include "bpf/mutate.h"
#include "bpf/rules.h"

static void random_policy(struct bed *bed, uint32_t rules, uint64_t *seed)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fputs(BED_ALPHA "    rules:\n", out);
	rules_print(out, rules, seed);
	fclose(out);
	bed_policy(bed, text);
	free(text);
}

static struct pkt random_first(bool *ret_out, uint64_t *seed)
{
	static const char *const far4[] = { "198.51.100.80", "198.51.100.200", "203.0.113.9",
					    "192.0.2.70", "100.1.2.3" };
	static const char *const far6[] = { "2001:db8:ff::80", "2001:db8:ff::1", "2001:db8:fe::9",
					    "2001:db8:aa::1" };
	static const char *const body4[] = { "10.0.1.5", "10.0.1.77", "10.0.77.1" };
	static const char *const body6[] = { "2001:db8:a::5", "2001:db8:a::77", "2001:db8:a:7::1" };
	bool six = draw(seed, 3) == 0;
	const char *body = six ? body6[draw(seed, 3)] : body4[draw(seed, 3)];
	const char *far = six ? far6[draw(seed, 4)] : far4[draw(seed, 5)];
	struct pkt pkt = { .vlan = 10,
			   .flags = TCP_SYN,
			   .sport = (uint16_t)(1 + draw(seed, 130)),
			   .dport = (uint16_t)(1 + draw(seed, 130)),
			   .id = (uint16_t)draw(seed, 65536) };

	switch (draw(seed, 4)) {
	case 0:
		pkt.proto = IPPROTO_TCP;
		break;
	case 1:
		pkt.proto = IPPROTO_UDP;
		break;
	case 2:
		pkt.proto = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		pkt.type = six ? 128 : draw(seed, 2) ? 8 : 13;
		break;
	default:
		pkt.proto = draw(seed, 2) ? IPPROTO_GRE : IPPROTO_SCTP;
		pkt.payload_len = 20;
	}
	*ret_out = draw(seed, 2);
	pkt.src = *ret_out ? body : far;
	pkt.dst = *ret_out ? far : body;
	return pkt;
}

static struct sek_addr address(const char *text)
{
	struct sek_addr addr = { .b = { [10] = 0xff, [11] = 0xff } };

	if (strchr(text, ':'))
		assert_int_equal(inet_pton(AF_INET6, text, addr.b), 1);
	else
		assert_int_equal(inet_pton(AF_INET, text, addr.b + 12), 1);
	return addr;
}

static void as_the_model(void **state)
{
	static const uint32_t sizes[] = { 1, 3, 20, 63, 64, 65, 300, 1000 };
	struct bed *bed = *state;
	uint64_t seed = 20261125;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		random_policy(bed, sizes[s], &seed);
		for (uint32_t i = 0; i < 1500; i++) {
			bool out;
			struct pkt pkt = random_first(&out, &seed);
			struct model_probe probe = {
				.tenant = 1,
				.dir = out ? SEK_OUT : SEK_IN,
				.proto = pkt.proto,
				.src = address(pkt.src),
				.dst = address(pkt.dst),
				.sport = pkt.sport,
				.dport = pkt.dport,
				.icmp_type = pkt.type,
			};
			uint16_t wanted = model_decide(bed->policy, &probe);

			if (i % 200 == 0)
				bed_reset(bed);
			bed_run(bed, out ? INSIDE : OUTSIDE, &pkt);
			if (bed->last.trace.reason == SEK_R_established)
				continue; /* a flow of before, decided then */
			if (bed->last.trace.rule != wanted)
				fail_msg("%u rules, packet %u (%s to %s, protocol %u, %u to %u): rule %u (%s), the model says %u",
					 sizes[s], i, pkt.src, pkt.dst, pkt.proto, pkt.sport,
					 pkt.dport, bed->last.trace.rule,
					 reason_name(bed->last.trace.reason), wanted);
		}
	}
}

/* All cells of a per-CPU counter map, added up. */
static uint64_t packets_counted(struct bed *bed, const char *map, uint32_t cells)
{
	uint64_t packets[SEK_REASONS_MAX], sum = 0;

	reasons_sum(gate_map_fd(replay_gate(bed->replay), map), cells, packets);
	for (int r = 0; r < SEK_REASONS_MAX; r++)
		sum += packets[r];
	return sum;
}

/* TCP options as a mad host writes them: kinds and lengths that are, that are not, and cut short. */
static void random_options(struct pkt *pkt, uint8_t options[40], uint64_t *seed)
{
	static const uint8_t kinds[] = { 0, 1, 1, 2, 3, 4, 5, 5, 8, 19, 34, 255 };
	size_t at = 0;

	pkt->tcp_options_len = draw(seed, 11) * 4;
	pkt->tcp_options = options;
	for (size_t i = 0; i < 40; i++)
		options[i] = (uint8_t)draw(seed, 256);
	while (at + 1 < 40) {
		uint8_t len = (uint8_t)(draw(seed, 5) ? 2 + 8 * draw(seed, 5) : draw(seed, 256));

		options[at] = kinds[draw(seed, sizeof(kinds))];
		if (options[at] > 1)
			options[at + 1] = len;
		at += options[at] > 1 && len ? len : 1;
	}
}

static struct pkt random_any(bool *ret_out, uint64_t *seed)
{
	static uint8_t tcp_options[40];
	static const struct pkt_ext hop = { 0, 8, { 0, 0, 1, 4 } }, dst = { 60, 8, { 0, 0, 1, 4 } },
				    ah = { 51, 24, { 0, 4 } };
	static const uint8_t options[8] = { 148, 4, 0, 0, 1, 1, 1, 0 };
	static struct pkt quoted;
	struct pkt pkt = random_first(ret_out, seed);
	bool out;

	pkt.payload_len = draw(seed, 3) ? draw(seed, 60) : draw(seed, 4000);
	pkt.flags = draw(seed, 2) ? TCP_SYN : (uint8_t)draw(seed, 256);
	if (!draw(seed, 3))
		random_options(&pkt, tcp_options, seed);
	pkt.vlan = draw(seed, 20) ? 10 : (uint16_t)draw(seed, 300);
	pkt.outer = draw(seed, 30) ? 0 : 100;
	if (strchr(pkt.src, ':') && !draw(seed, 3)) {
		pkt.ext[0] = draw(seed, 2) ? hop : ah;
		pkt.ext[1] = dst;
	} else if (!strchr(pkt.src, ':') && !draw(seed, 3)) {
		pkt.options = options;
		pkt.options_len = 8;
	}
	if (!draw(seed, 4)) {
		pkt.payload_len = 3000;
		pkt.ip_id = draw(seed, 20);
		pkt.from = draw(seed, 3) * 1480;
		pkt.piece = 1480;
	} else if ((pkt.proto == IPPROTO_ICMP || pkt.proto == IPPROTO_ICMPV6) && draw(seed, 2)) {
		quoted = random_first(&out, seed);
		pkt.type = (uint8_t)draw(seed, 14);
		pkt.quoted = &quoted;
	}
	return pkt;
}

static const char routed[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: inside, id: 1, side: inside, mode: route}\n"
	"  - {name: outside, id: 2, side: outside, mode: route}\n"
	"host: {addresses: [198.51.100.200], rules: [{proto: icmp, action: accept}]}\n"
	"tenants:\n"
	"  - name: alpha\n"
	"    id: 1\n"
	"    attach: [{port: inside, vlan: 10}]\n"
	"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
	"    rate: {up: 1M, down: 1M}\n"
	"    default: {out: accept, in: accept}\n";

static const char guarded[] = BED_ALPHA "    default: {out: accept, in: accept}\n"
					"    protect: {synflood: always}\n";

#define CLIENT_ISN 1000u
#define SERVER_ISN 5000u

/* A connection by a cookie between these ends; returns the cookie. */
static uint32_t connection(struct bed *bed, const struct ends *e, uint64_t *seed)
{
	uint8_t options[40];
	struct pkt in = bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
						.sport = 40000,
						.dport = 80,
						.flags = TCP_SYN,
						.seq = CLIENT_ISN });
	struct pkt out = bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
						  .sport = 80,
						  .dport = 40000,
						  .flags = TCP_SYN | TCP_ACK,
						  .seq = SERVER_ISN,
						  .ack = CLIENT_ISN + 1 });
	uint32_t cookie;

	bed_reset(bed);
	random_options(&in, options, seed);
	bed_answer(bed, "SYN with mad options", OUTSIDE, &in, cookie_sent);
	cookie = frame_get32(&bed->out, bed->out.l3 + (strchr(e->body, ':') ? 40 : 20) + 4);
	in.tcp_options_len = 0;
	in.flags = TCP_ACK;
	in.seq = CLIENT_ISN + 1;
	in.ack = cookie + 1;
	bed_expect(bed, "its cookie", OUTSIDE, &in, cookie_opened);
	random_options(&out, options, seed);
	bed_expect(bed, "the server's SYN-ACK", INSIDE, &out, established);
	return cookie;
}

/* Numbers are turned in every segment that leaves, whatever its options say, and its sum is right. */
static void turned_stay_right(void **state)
{
	struct bed *bed = *state;
	uint64_t seed = 4711;
	size_t left = 0;

	bed_policy(bed, guarded);
	for (uint32_t i = 0; i < 6000; i++) {
		const struct ends *e = &bed_ends[i / 30 & 1];
		static uint32_t cookie;
		uint8_t options[40];
		bool in = draw(&seed, 2);
		uint32_t far = draw(&seed, 8) ? 1 + draw(&seed, 30) : draw(&seed, UINT32_MAX);
		struct pkt pkt = { .proto = IPPROTO_TCP,
				   .sport = in ? 40000 : 80,
				   .dport = in ? 80 : 40000,
				   .flags = draw(&seed, 8) ? TCP_ACK : (uint8_t)draw(&seed, 256),
				   .seq = (in ? CLIENT_ISN : SERVER_ISN) + far,
				   .ack = (in ? cookie : CLIENT_ISN) + draw(&seed, 3),
				   .win = (uint16_t)(3000 + draw(&seed, 60000)),
				   .payload_len = draw(&seed, 200) };

		if (i % 30 == 0)
			cookie = connection(bed, e, &seed);
		random_options(&pkt, options, &seed);
		pkt = in ? bed_in(e, pkt) : bed_out(e, pkt);
		bed_run(bed, in ? OUTSIDE : INSIDE, &pkt);
		assert_int_not_equal(bed->last.action, XDP_ABORTED);
		if (bed->last.action == XDP_DROP)
			continue;
		left++;
		assert_true(frame_l4_sum_right(&bed->out, bed->out.l3));
	}
	assert_true(left > 1000);
}

/* Any bytes: an end with a reason, counted once, and not changed on the way through a bridge. */
#define FRAMES 10000 /* of each policy */
static void no_frame_falls(void **state)
{
	const char *const policies[] = { bed_bridge, routed, guarded };
	struct bed *bed = *state;
	uint64_t seed = 42, before, after, port_before, port_after;
	size_t cnt = lot_cnt(FRAMES);

	for (size_t p = 0; p < 3; p++) {
		bed_policy(bed, policies[p]);
		before = packets_counted(bed, "sek_count", SEK_TENANTS_MAX * 2 * SEK_REASONS_MAX);
		port_before = packets_counted(bed, "sek_port_count", SEK_PORTS_MAX * SEK_REASONS_MAX);
		for (uint32_t i = 0; i < cnt; i++) {
			bool out;
			struct pkt pkt = random_any(&out, &seed);
			uint16_t port = out == (draw(&seed, 20) != 0) ? INSIDE : OUTSIDE;
			enum sek_reason got;

			pkt_build(&pkt, &bed->in);
			frame_mutate(&bed->in, &seed);
			got = bed_frame(bed, port, &bed->in);
			bed_wait(bed, draw(&seed, 100) * MS);
			if (bed->last.action == XDP_ABORTED || got == SEK_R_none ||
			    got >= SEK_R_bug_map)
				fail_msg("frame %u of policy %zu: %s", i, p, reason_name(got));
			if (bed->last.action == XDP_TX ||
			    (p == 1 && bed->last.action == XDP_REDIRECT))
				continue;
			assert_int_equal(bed->out.len, bed->in.len);
			assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
		}
		after = packets_counted(bed, "sek_count", SEK_TENANTS_MAX * 2 * SEK_REASONS_MAX);
		port_after = packets_counted(bed, "sek_port_count", SEK_PORTS_MAX * SEK_REASONS_MAX);
		assert_int_equal(after - before, cnt);
		assert_int_equal(port_after - port_before, cnt);
	}
}

/* offered = written + suppressed + lost, for every cause, after the flood that the others were. */
static void events_add_up(void **state)
{
	struct bed *bed = *state;
	int fd = gate_map_fd(replay_gate(bed->replay), "sek_event_stat"),
	    cpus = libbpf_num_possible_cpus();
	struct sek_event_stat *values = calloc((size_t)cpus, sizeof(*values));
	uint64_t offered = 0;

	assert_non_null(values);
	for (uint32_t cause = 0; cause < SEK_CAUSE_CNT; cause++) {
		assert_int_equal(bpf_map_lookup_elem(fd, &cause, values), 0);
		for (int c = 0; c < cpus; c++) {
			assert_int_equal(values[c].offered,
					 values[c].written + values[c].suppressed + values[c].lost);
			offered += values[c].offered;
		}
	}
	assert_true(offered > 1000);
	free(values);
}

static const struct CMUnitTest tests[] = {
	{ "first packets are decided as the model says, 1 to 1,000 rules", as_the_model, NULL, NULL,
	  NULL },
	{ "30,000 bent frames: none falls, each is counted once", no_frame_falls, NULL, NULL, NULL },
	{ "6,000 segments whose numbers are turned: all sums stay right", turned_stay_right, NULL,
	  NULL, NULL },
	{ "events offered are written, suppressed or lost", events_add_up, NULL, NULL, NULL },
};
ROWS(rows_random, tests);
