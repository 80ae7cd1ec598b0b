// SPDX-License-Identifier: Apache-2.0
/*
 * Frames a second through the whole gateway, against a bare XDP redirect and against the kernel's
 * routing with nftables. The frames are of established flows; generator and receiver share a CPU, as a
 * network card's queue and its program do.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/field.h"

#define FLOWS 1000
#define PRIME (1u << 17) /* packets each way: every flow is met many times */

enum { GATE, BARE, NFT, NFT_RULES };

static const struct bench_subject subjects[] = {
	[GATE] = { "gateway", "Mpps" },
	[BARE] = { "bare XDP redirect", "Mpps" },
	[NFT] = { "routing + nftables", "Mpps" },
	[NFT_RULES] = { "the same, 100 rules", "Mpps" },
};

/* Packets of a measurement: about half a second. */
static const uint32_t packets[] = {
	[GATE] = 1u << 19, [BARE] = 1u << 20, [NFT] = 1u << 18, [NFT_RULES] = 1u << 16
};
static const char *const paths[] = {
	[GATE] = "gate", [BARE] = "bare", [NFT] = "nft", [NFT_RULES] = "walk"
};

static const struct bench_row rows[] = {
	{ "redirect", "live frames through the whole gateway, against a bare XDP redirect",
	  BENCH_RATIO, GATE, BARE, NULL, BENCH_AT_LEAST, 0.80 },
	{ "vs_nft", "the same against routing + nftables: set of 100 k, conntrack, established",
	  BENCH_RATIO, GATE, NFT, NULL, BENCH_AT_LEAST, 4 },
	{ "vs_nft_rules", "the same against routing + nftables: set, conntrack, 100 rules walked",
	  BENCH_RATIO, GATE, NFT_RULES, NULL, BENCH_AT_LEAST, 10 },
};

struct live {
	struct field *field;
	struct frame out, in;
	bool nft_asked; /* its paths are laid when a row wants them */
	int nft; /* 0, or why they cannot be measured */
	char nft_why[200];
};

static void frames(struct live *live)
{
	static const uint8_t gw_inside[6] = { 2, 0, 0, 0, 0, 1 },
			     gw_outside[6] = { 2, 0, 0, 0, 0, 2 };
	struct pkt pkt = { .eth_dst = gw_inside,
			   .src = "10.1.0.0",
			   .dst = "198.51.100.1",
			   .proto = IPPROTO_UDP,
			   .sport = 1024,
			   .dport = 53,
			   .payload_len = 18 };

	pkt_build(&pkt, &live->out);
	pkt.eth_dst = gw_outside;
	pkt.src = "198.51.100.1";
	pkt.dst = "10.1.0.0";
	pkt.sport = 53;
	pkt.dport = 1024;
	pkt_build(&pkt, &live->in);
	/* The generator does not keep the sum of UDP right, so there is none (RFC 768). */
	frame_put16(&live->out, live->out.l4 + 6, 0);
	frame_put16(&live->in, live->in.l4 + 6, 0);
}

/* Questions of every flow, then answers: now they are established on this path. */
static int prime(struct live *live, int subject)
{
	double per_second;
	int r = field_sinks(live->field, paths[subject]);

	if (!r)
		r = field_send(live->field, paths[subject], &live->out, FLOWS, false, PRIME,
			       &per_second);
	if (!r)
		r = field_send(live->field, paths[subject], &live->in, FLOWS, true, PRIME,
			       &per_second);
	return r;
}

static int live_setup(void **ret_state)
{
	struct live *live = calloc(1, sizeof(*live));
	int r;

	*ret_state = live;
	if (!live)
		return bench_say(-1, "no memory");
	frames(live);
	r = field_up("live", &live->field);
	if (!r)
		r = field_bare(live->field, "bench-bare");
	for (int i = GATE; !r && i <= BARE; i++)
		r = prime(live, i);
	return r;
}

static int nft_setup(struct live *live)
{
	if (!live->nft_asked) {
		live->nft_asked = true;
		live->nft = field_script("nft", NULL);
		for (int i = NFT; !live->nft && i <= NFT_RULES; i++)
			live->nft = prime(live, i);
		snprintf(live->nft_why, sizeof(live->nft_why), "%s", bench_said());
	}
	return live->nft ? bench_say(live->nft, "%s", live->nft_why) : 0;
}

static int live_take(void *state, int subject, double *ret_mpps)
{
	struct live *live = state;
	double per_second = 0;
	int r = subject >= NFT ? nft_setup(live) : 0;

	if (r)
		return r;
	r = field_send(live->field, paths[subject], &live->out, FLOWS, false, packets[subject],
		       &per_second);
	*ret_mpps = per_second / 1e6;
	return r;
}

static void live_teardown(void *state)
{
	struct live *live = state;

	if (!live)
		return;
	field_down(live->field);
	free(live);
}

const struct bench_topic topic_live = {
	.name = "live",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 9,
	.setup = live_setup,
	.take = live_take,
	.teardown = live_teardown,
};
