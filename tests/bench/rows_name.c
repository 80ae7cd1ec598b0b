// SPDX-License-Identifier: Apache-2.0
/*
 * Names: a question, a ClientHello, a request, found and looked up among two million entries, against the
 * headers read and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bpf/nametext.h"
#include "install/namemap.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"

#include "bench/namelook.skel.h"

#define MANY 2000000
#define FEW 1000000
#define RUNS 300000
#define CPU 1
#define NAME "www.static.XXXXXXXX.com" /* the Xs change; entries are what stands from there on */

enum {
	DNS_PARSE,
	DNS_SAME,
	DNS_RANDOM,
	TLS_PARSE,
	TLS_SAME,
	TLS_RANDOM,
	TLS_HIT,
	TLS_FEW,
	HTTP_PARSE,
	HTTP_SAME,
};

static const struct bench_subject subjects[] = {
	[DNS_PARSE] = { "parse", "ns" },       [DNS_SAME] = { "DNS", "ns" },
	[DNS_RANDOM] = { "DNS random", "ns" }, [TLS_PARSE] = { "parse", "ns" },
	[TLS_SAME] = { "TLS", "ns" },	       [TLS_RANDOM] = { "TLS random", "ns" },
	[TLS_HIT] = { "TLS listed", "ns" },    [TLS_FEW] = { "TLS random, 1 M", "ns" },
	[HTTP_PARSE] = { "parse", "ns" },      [HTTP_SAME] = { "HTTP", "ns" },
};

#define COST(name, what, over, under, goal)                                                        \
	{                                                                                          \
		name, what, BENCH_RATIO, over, under, NULL, BENCH_AT_MOST, goal                    \
	}

static const struct bench_row rows[] = {
	COST("name_dns", "a question's name among 2 M, unlisted, against parse alone", DNS_SAME,
	     DNS_PARSE, 3.3),
	COST("name_tls", "a ClientHello's name among 2 M, unlisted, against parse alone", TLS_SAME,
	     TLS_PARSE, 3.3),
	COST("name_dns_random", "a question's, 2 M random names", DNS_RANDOM, DNS_PARSE, 7),
	COST("name_tls_random", "a ClientHello's, 2 M random names", TLS_RANDOM, TLS_PARSE, 7),
	COST("name_http", "curl's request, host and path, unlisted, against parse alone", HTTP_SAME,
	     HTTP_PARSE, 8),
	COST("name_hit_random", "a ClientHello's, 2 M random listed names", TLS_HIT, TLS_PARSE, 12),
	COST("name_growth", "random unlisted names, 2 M entries against 1 M", TLS_RANDOM, TLS_FEW,
	     1.2),
};

/* A program with maps of its own. */
struct bed {
	struct namelook *skel;
	struct namemap map;
};

struct state {
	struct bed many, few;
	struct frame dns, tls, http;
};

/* As namelook.bpf.c has it. */
static void letters(uint32_t number, char to[8])
{
	number ^= number >> 16;
	number *= 0x85ebca6b;
	number ^= number >> 13;
	number *= 0xc2b2ae35;
	number ^= number >> 16;
	for (int i = 0; i < 8; i++)
		to[i] = (char)('a' + (number >> (4 * i) & 15));
}

/* The list of the first cnt numbers' names. */
static int list_make(uint32_t cnt, struct name_list *ret_list)
{
	const size_t len = strlen("XXXXXXXX.com");
	struct name_list list = {
		.entries = calloc(cnt, sizeof(*list.entries)),
		.text = calloc(1, cnt * len + 2UL * NAME_TEXT_PAD),
		.text_len = NAME_TEXT_PAD,
		.cnt = cnt,
	};

	if (!list.entries || !list.text) {
		name_list_free(&list);
		return bench_say(-ENOMEM, "no memory");
	}
	for (uint32_t i = 0; i < cnt; i++) {
		char *host = list.text + list.text_len;

		letters(i, host);
		memcpy(host + 8, ".com", 4);
		list.entries[i] = (struct name_entry){ .at = (uint32_t)list.text_len,
						       .line = i + 1,
						       .host_len = (uint8_t)len,
						       .kind = NAME_SUFFIX };
		list.text_len += len;
	}
	*ret_list = list;
	return 0;
}

static int bed_profile(const struct bed *bed)
{
	static const struct sek_name_profile profile = {
		.answer = SEK_NAME_NXDOMAIN,
		.phase[0] = { .block = 1, .flags = SEK_NAME_LOOKS_ON },
	};
	uint32_t zero = 0;
	int r = bpf_map_update_elem(bpf_map__fd(bed->skel->maps.sek_name_policy), &zero, &profile,
				    BPF_ANY);

	return r ? bench_say(r, "no profile: %s", strerror(-r)) : 0;
}

static int bed_open(struct bed *bed, uint32_t cnt)
{
	static const uint8_t digest[NAME_DIGEST_BYTES];
	struct name_source source = { .number = 0 };
	struct name_maps maps;
	struct name_list list;
	int r;

	bed->skel = namelook__open_and_load();
	if (!bed->skel)
		return bench_say(-errno, "cannot load namelook.bpf.c: %s", strerror(errno));
	maps = (struct name_maps){
		.head_fd = bpf_map__fd(bed->skel->maps.sek_name_head),
		.key_fd = bpf_map__fd(bed->skel->maps.sek_name_key),
		.bloom_fd = bpf_map__fd(bed->skel->maps.sek_name_bloom),
		.table_fd = bpf_map__fd(bed->skel->maps.sek_name_table),
		.set_fd = bpf_map__fd(bed->skel->maps.sek_name_set),
		.answer_fd = bpf_map__fd(bed->skel->maps.sek_name_answer),
		.over_fd = bpf_map__fd(bed->skel->maps.sek_name_over),
		.count_fd = -1,
	};
	r = list_make(cnt, &list);
	if (r)
		return r;
	source.list = &list;
	r = namemap_open(&maps, 0, &bed->map);
	if (!r)
		r = namemap_make(&bed->map, &source, 1, digest);
	name_list_free(&list);
	if (r)
		return bench_say(r, "no table: %s", strerror(-r));
	namemap_swap(&bed->map);
	return bed_profile(bed);
}

static void bed_close(struct bed *bed)
{
	if (!bed->skel)
		return;
	namemap_close(&bed->map);
	namelook__destroy(bed->skel);
}

static void frame_make(struct frame *frame, uint8_t proto, uint16_t dport, const struct nametext *text)
{
	const struct pkt pkt = {
		.src = "192.0.2.1",
		.dst = "198.51.100.1",
		.proto = proto,
		.sport = 40000,
		.dport = dport,
		.flags = TCP_ACK | TCP_PSH,
		.payload = text->b,
		.payload_len = text->len,
	};

	pkt_build(&pkt, frame);
}

/* What dig asks, what curl with OpenSSL says (517 bytes), what curl requests. */
static void frames_make(struct state *state)
{
	struct nametext dns = nametext_dns(NAME, 1, true);
	struct nametext tls =
		nametext_tls(&(struct nametext_hello){ .name = NAME, .before = 120, .after = 220 });
	struct nametext http = nametext_of("GET /a/b/c.html HTTP/1.1\r\n"
					   "Host: " NAME "\r\n"
					   "User-Agent: curl/7.88.1\r\n"
					   "Accept: */*\r\n\r\n");

	frame_make(&state->dns, IPPROTO_UDP, 53, &dns);
	frame_make(&state->tls, IPPROTO_TCP, 443, &tls);
	frame_make(&state->http, IPPROTO_TCP, 80, &http);
}

static int name_setup(void **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));
	int r;

	*ret_state = state;
	if (!state)
		return bench_say(-ENOMEM, "no memory");
	frames_make(state);
	r = bed_open(&state->many, MANY);
	return r ? r : bed_open(&state->few, FEW);
}

static void name_teardown(void *arg)
{
	struct state *state = arg;

	if (!state)
		return;
	bed_close(&state->many);
	bed_close(&state->few);
	free(state);
}

/* A run of a program over a frame, whose names are cnt of those from first on. */
static int run(const struct bed *bed, const struct bpf_program *prog, const struct frame *frame,
	       uint32_t first, uint32_t cnt, double *ret_ns)
{
	const uint8_t *at = memmem(frame->b, frame->len, "XXXXXXXX", 8);
	const struct bench_run test = {
		.prog_fd = bpf_program__fd(prog),
		.frame = frame,
		.repeat = RUNS,
		.cpu = CPU,
	};

	bed->skel->bss->letters_at = (uint32_t)(at - frame->b);
	bed->skel->bss->first = first;
	bed->skel->bss->cnt = cnt;
	return bench_run(&test, ret_ns);
}

static int name_take(void *arg, int subject, double *ret_value)
{
	struct state *state = arg;
	const struct bed *many = &state->many, *few = &state->few;

	switch (subject) {
	case DNS_PARSE:
		return run(many, many->skel->progs.name_parse, &state->dns, MANY, MANY, ret_value);
	case DNS_SAME:
		return run(many, many->skel->progs.name_dns, &state->dns, MANY, 1, ret_value);
	case DNS_RANDOM:
		return run(many, many->skel->progs.name_dns, &state->dns, MANY, MANY, ret_value);
	case TLS_PARSE:
		return run(many, many->skel->progs.name_parse, &state->tls, MANY, MANY, ret_value);
	case TLS_SAME:
		return run(many, many->skel->progs.name_tls, &state->tls, MANY, 1, ret_value);
	case TLS_RANDOM:
		return run(many, many->skel->progs.name_tls, &state->tls, MANY, MANY, ret_value);
	case TLS_HIT:
		return run(many, many->skel->progs.name_tls, &state->tls, 0, MANY, ret_value);
	case TLS_FEW:
		return run(few, few->skel->progs.name_tls, &state->tls, MANY, MANY, ret_value);
	case HTTP_PARSE:
		return run(many, many->skel->progs.name_parse, &state->http, MANY, MANY, ret_value);
	default:
		return run(many, many->skel->progs.name_http, &state->http, MANY, 1, ret_value);
	}
}

const struct bench_topic topic_name = {
	.name = "name",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.setup = name_setup,
	.take = name_take,
	.teardown = name_teardown,
};
