// SPDX-License-Identifier: Apache-2.0
/*
 * The whole engine with one worker and with several, over the same frames of every kind that concerns more
 * than one of them: what hosts and times are remembered by, sets that rules change, fragments, tunnels,
 * errors that quote a flow, memory that is short. The records must be the same to the last byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"
#include "framemade.h"
#include "inspect/engine.h"

#define FRAMES 5000
#define HOSTS 24
#define SECOND 1000000000ull

static const char rules[] =
	"alert udp any any -> any 53 (msg:\"one a source\"; content:\"alpha\"; threshold: type limit, "
	"track by_src, count 1, seconds 3; sid:1;)\n"
	"alert udp any any -> any any (msg:\"every fifth\"; content:\"beta\"; threshold: type threshold, "
	"track by_dst, count 5, seconds 60; sid:2;)\n"
	"alert udp any any -> any any (msg:\"many\"; content:\"gamma\"; detection_filter: track by_src, "
	"count 2, seconds 10; sid:3;)\n"
	"alert udp any any -> any any (msg:\"marks\"; content:\"mark\"; xbits:set,seen,track ip_src,expire 2; "
	"sid:4;)\n"
	"alert udp any any -> any any (msg:\"was marked\"; content:\"alpha\"; "
	"xbits:isset,seen,track ip_src; sid:5;)\n"
	"alert udp any any -> any any (msg:\"pair\"; content:\"beta\"; xbits:toggle,odd,track ip_pair; sid:6;)\n"
	"alert udp any any -> any any (msg:\"odd pair\"; content:\"mark\"; xbits:isset,odd,track ip_pair; "
	"sid:15;)\n"
	"alert udp any any -> any any (msg:\"host\"; content:\"gamma\"; hostbits:set,h,dst; sid:7;)\n"
	"alert udp any any -> any any (msg:\"host again\"; content:\"mark\"; hostbits:isset,h,src; sid:8;)\n"
	"alert dns any any -> any any (msg:\"new name\"; dns.query; dataset:set,names,type string; sid:9;)\n"
	"drop udp any any -> any any (msg:\"falls\"; content:\"fall\"; sid:11;)\n"
	"alert icmp any any -> any any (msg:\"error\"; itype:3; sid:12;)\n"
	"alert tcp any any -> any any (msg:\"bytes\"; flow:established; content:\"hello\"; threshold: type both, "
	"track by_both, count 2, seconds 5; sid:13;)\n"
	"alert udp any any -> any any (msg:\"rate\"; content:\"alpha\"; sid:14;)\n";
/* With it each packet is asked for its hosts: all are in turn. */
static const char tag_rule[] =
	"alert udp any any -> any any (msg:\"tagged\"; content:\"tag me\"; tag:host,3,packets,src; sid:10;)\n";
static const char thresholds[] =
	"rate_filter gen_id 1, sig_id 14, track by_src, count 3, seconds 5, new_action drop, timeout 2\n";

static char dir[] = "/tmp/crew_test.XXXXXX";
static char rules_path[64], tag_path[64], thresholds_path[64];

/* --- frames --- */

static uint32_t dice(uint32_t sides)
{
	static uint64_t state = 88172645463325252ull; /* xorshift; the same in every run */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % sides;
}

struct talk {
	uint8_t from, to; /* last byte of the address */
	uint16_t sport, dport;
};

static void ip_put(struct made_frame *f, uint8_t proto, size_t len, uint16_t id, uint16_t fragment,
		   const struct talk *t)
{
	uint8_t head[20] = { 0x45,
			     0,
			     (uint8_t)((len + 20) >> 8),
			     (uint8_t)(len + 20),
			     (uint8_t)(id >> 8),
			     (uint8_t)id,
			     (uint8_t)(fragment >> 8),
			     (uint8_t)fragment,
			     64,
			     proto,
			     0,
			     0,
			     10,
			     0,
			     0,
			     t->from,
			     10,
			     0,
			     0,
			     t->to };

	made_put(f, head, sizeof(head));
}

static void udp_put(struct made_frame *f, const struct talk *t, const void *bytes, size_t len)
{
	uint8_t head[8] = { (uint8_t)(t->sport >> 8),
			    (uint8_t)t->sport,
			    (uint8_t)(t->dport >> 8),
			    (uint8_t)t->dport,
			    (uint8_t)((len + 8) >> 8),
			    (uint8_t)(len + 8),
			    0,
			    0 };

	made_put(f, head, sizeof(head));
	made_put(f, bytes, len);
}

static const char *word(void)
{
	static const char *const words[] = { "alpha",	   "beta",    "gamma",
					     "mark",	   "tag me",  "fall",
					     "alpha mark", "nothing", "nothing at all" };

	return words[dice(sizeof(words) / sizeof(words[0]))];
}

static struct talk talk_any(void)
{
	struct talk t = { .from = (uint8_t)(1 + dice(HOSTS)), .sport = (uint16_t)(1024 + dice(4)) };

	t.to = (uint8_t)(1 + dice(HOSTS));
	t.dport = dice(3) ? 53 : 4000;
	return t;
}

static void datagram(struct made_frame *f)
{
	struct talk t = talk_any();
	const char *text = word();

	made_ether(f, 0x0800);
	ip_put(f, 17, 8 + strlen(text), 0, 0, &t);
	udp_put(f, &t, text, strlen(text));
}

static void question(struct made_frame *f)
{
	struct talk t = talk_any();
	uint8_t bytes[64] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4 };

	t.dport = 53;
	snprintf((char *)bytes + 13, 5, "n%03u", dice(300));
	memcpy(bytes + 17, "\3com\0\0\1\0\1", 9);
	made_ether(f, 0x0800);
	ip_put(f, 17, 8 + 26, 0, 0, &t);
	udp_put(f, &t, bytes, 26);
}

/* Half of a datagram of 32 bytes; the other half comes at some other time. */
static void fragment(struct made_frame *f)
{
	struct talk t = { .from = (uint8_t)(1 + dice(4)), .to = 9, .sport = 1024, .dport = 53 };
	struct made_frame whole = { .len = 0 };
	bool second = dice(2);

	udp_put(&whole, &t, "alpha of two pieces.....", 24);
	made_ether(f, 0x0800);
	ip_put(f, 17, 16, (uint16_t)dice(8), second ? 2 : 0x2000, &t);
	made_put(f, whole.bytes + (second ? 16 : 0), 16);
}

/* IP in IP: the inner flow is another worker's than the tunnel. */
static void tunnel(struct made_frame *f)
{
	struct talk t = talk_any(), outer = { .from = (uint8_t)(100 + dice(8)), .to = 200 };
	const char *text = word();

	made_ether(f, 0x0800);
	ip_put(f, 4, 20 + 8 + strlen(text), 0, 0, &outer);
	ip_put(f, 17, 8 + strlen(text), 0, 0, &t);
	udp_put(f, &t, text, strlen(text));
}

/* A router says that a datagram did not arrive, and quotes it. */
static void error(struct made_frame *f)
{
	struct talk t = talk_any(), router = { .from = 77, .to = t.from };
	static const uint8_t head[8] = { 3, 3 };

	made_ether(f, 0x0800);
	ip_put(f, 1, 8 + 20 + 8, 0, 0, &router);
	made_put(f, head, sizeof(head));
	ip_put(f, 17, 8, 0, 0, &t);
	udp_put(f, &t, "", 0);
}

/* One of a few connections goes on by a segment. */
static void segment(struct made_frame *f)
{
	static struct {
		uint8_t step;
		uint32_t seq;
	} talks[40];
	uint32_t i = dice(40);
	struct talk t = { .from = (uint8_t)(1 + i % 8),
			  .to = (uint8_t)(30 + i % 3),
			  .sport = (uint16_t)(5000 + i),
			  .dport = 80 };
	struct talk back = { t.to, t.from, t.dport, t.sport };
	bool answers = talks[i].step == 1;
	const struct talk *way = answers ? &back : &t;
	const char *text = talks[i].step > 2 ? (dice(2) ? "hello " : "what else ") : "";
	uint32_t seq = htonl(answers ? 900 : talks[i].seq), ack = htonl(answers ? talks[i].seq : 901);
	uint8_t head[20] = { (uint8_t)(way->sport >> 8), (uint8_t)way->sport,
			     (uint8_t)(way->dport >> 8), (uint8_t)way->dport };

	memcpy(head + 4, &seq, 4);
	memcpy(head + 8, talks[i].step ? &ack : &(uint32_t){ 0 }, 4);
	head[12] = 5 << 4;
	head[13] = talks[i].step == 0 ? 2 : talks[i].step == 1 ? 0x12 : 0x10;
	head[14] = 0x40;
	made_ether(f, 0x0800);
	ip_put(f, 6, 20 + strlen(text), 0, 0, way);
	made_put(f, head, sizeof(head));
	made_put(f, text, strlen(text));
	talks[i].seq += answers ? 0 : (uint32_t)strlen(text) + (talks[i].step == 0);
	if (talks[i].step < 3)
		talks[i].step++;
}

static struct frames {
	struct made_frame at[FRAMES];
	uint64_t time_ns[FRAMES];
} frames;

static void frames_make(void)
{
	static void (*const kinds[])(
		struct made_frame *) = { datagram, datagram, datagram, question, question,
					 fragment, tunnel,   error,    segment,	 segment };
	uint64_t now_ns = 1700000000 * SECOND;

	for (size_t i = 0; i < FRAMES; i++) {
		kinds[dice(sizeof(kinds) / sizeof(kinds[0]))](&frames.at[i]);
		now_ns += dice(20000000) + (dice(500) == 0) * 40 * SECOND;
		/* some come late, as captures of several devices have them */
		frames.time_ns[i] = now_ns - (dice(50) == 0) * 3 * SECOND;
	}
}

/* --- a run --- */

struct told_lines {
	char *bytes;
	size_t len, cap;
};

static void line_keep(void *arg, const char *bytes, size_t len)
{
	struct told_lines *to = arg;

	if (to->len + len + 1 > to->cap) {
		to->cap = (to->len + len + 1) * 2;
		to->bytes = realloc(to->bytes, to->cap);
		assert_non_null(to->bytes);
	}
	memcpy(to->bytes + to->len, bytes, len);
	to->len += len;
	to->bytes[to->len] = 0;
}

struct run {
	const char *says, *settings;
	bool ips, tags;
};

static const struct run runs[] = {
	{ "beside the path, alerts once a flow", "sekisho.alerts=once", false, false },
	{ "in the path", "stream.midstream=true", true, true },
	{ "room for few flows", "flow.memcap=150kb", false, false },
	{ "room for some flows", "flow.memcap=700kb", true, false },
};

static void config_make(const struct run *run, struct config **ret_config, struct diag *diag)
{
	static const char usual[] =
		"outputs:\n"
		"  - eve-log:\n"
		"      enabled: yes\n"
		"      types: [alert: {tagged-packets: yes}, anomaly, dns, drop, flow]\n";
	char path[96];

	assert_int_equal(config_read_text(usual, "test", ret_config, diag), 0);
	snprintf(path, sizeof(path), "threshold-file=%s", thresholds_path);
	assert_int_equal(config_set(*ret_config, path), 0);
	assert_int_equal(config_set(*ret_config, "flow-timeouts.udp.new=20"), 0);
	if (run->settings[0])
		assert_int_equal(config_set(*ret_config, run->settings), 0);
}

static void run_with(const struct run *run, unsigned int workers, struct told_lines *ret_lines,
		     struct engine_tally *ret_tally)
{
	const char *files[] = { rules_path, tag_path };
	struct ruleset_sources sources = { .files = files,
					   .file_cnt = run->tags ? 2 : 1,
					   .threads = 1 };
	struct engine_setup setup = { .workers = workers,
				      .ips = run->ips,
				      .unchecked_sums = true,
				      .repeatable = true,
				      .line = line_keep,
				      .line_arg = ret_lines };
	struct ruleset_tally taken;
	struct ruleset *ruleset;
	struct engine *engine;
	struct config *config;
	struct diag diag;

	diag_init(&diag);
	config_make(run, &config, &diag);
	sources.config = setup.config = config;
	assert_int_equal(ruleset_build(&sources, &ruleset, &taken, &diag), 0);
	if (taken.refused)
		diag_print(&diag, stderr);
	assert_int_equal(taken.refused, 0);
	setup.ruleset = ruleset;
	assert_int_equal(engine_new(&setup, &engine), 0);
	for (size_t i = 0; i < FRAMES; i++) {
		struct capture_packet frame = { .number = i + 1,
						.time_ns = frames.time_ns[i],
						.bytes = frames.at[i].bytes,
						.len = frames.at[i].len,
						.wire_len = frames.at[i].len,
						.link = 1 };

		assert_int_equal(engine_take(engine, &frame), 0);
	}
	assert_int_equal(engine_finish(engine, ret_tally), 0);
	engine_free(engine);
	ruleset_free(ruleset);
	config_free(config);
	diag_free(&diag);
}

/* Where they part, the line says more than the byte. */
static void lines_compare(const struct told_lines *one, const struct told_lines *many,
			  const char *says, unsigned int workers)
{
	size_t at = 0, line = 0;

	if (one->len == many->len && memcmp(one->bytes, many->bytes, one->len) == 0)
		return;
	for (; at < one->len && at < many->len && one->bytes[at] == many->bytes[at]; at++)
		line = one->bytes[at] == '\n' ? at + 1 : line;
	fail_msg("%s, %u workers: instead of\n%.*sthere is\n%.*s", says, workers, 600,
		 one->bytes + line, 600, many->bytes + line);
}

static void holds(const struct told_lines *lines, const char *text)
{
	if (!strstr(lines->bytes, text))
		fail_msg("nothing tells %s", text);
}

static void many_workers_say_what_one_says(void **state)
{
	static const unsigned int workers[] = { 2, 3, 7 };

	for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
		struct told_lines one = { .bytes = NULL };
		struct engine_tally tally, same;

		run_with(&runs[r], 1, &one, &tally);
		assert_int_equal(tally.packets, FRAMES);
		holds(&one, "\"signature_id\":9,");
		for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
			struct told_lines many = { .bytes = NULL };

			run_with(&runs[r], workers[i], &many, &same);
			lines_compare(&one, &many, runs[r].says, workers[i]);
			assert_memory_equal(&tally, &same, sizeof(tally));
			free(many.bytes);
		}
		free(one.bytes);
	}
}

/* The frames are worth the comparison only if they do all this. */
static void each_rule_is_found(void **state)
{
	struct told_lines lines = { .bytes = NULL };
	struct engine_tally tally;
	char text[32];

	run_with(&runs[1], 1, &lines, &tally);
	for (int sid = 1; sid <= 15; sid++) {
		snprintf(text, sizeof(text), "\"signature_id\":%d,", sid);
		holds(&lines, text);
	}
	holds(&lines, "\"event_type\":\"packet\"");
	holds(&lines, "\"event_type\":\"flow\"");
	holds(&lines, "\"pkt_src\":\"defrag\"");
	holds(&lines, "\"pkt_src\":\"ipv4 tunnel\"");
	assert_true(tally.drops > 0);
	free(lines.bytes);
	lines.bytes = NULL;
	lines.len = lines.cap = 0;
	run_with(&runs[2], 1, &lines, &tally);
	assert_true(tally.evicted > 0);
	free(lines.bytes);
	lines.bytes = NULL;
	lines.len = lines.cap = 0;
	run_with(&runs[3], 1, &lines, &tally);
	assert_true(tally.evicted > 0);
	free(lines.bytes);
}

/* Of a flow and a rule one alert is told, and the flow's record says how many more there were. */
static void nothing_is_lost_of_alerts_told_once(void **state)
{
	static const struct run each = { "each", "", false, false };
	struct told_lines lines = { .bytes = NULL };
	struct engine_tally told_each, told_once;
	uint64_t more = 0, alerts = 0;

	run_with(&each, 1, &lines, &told_each);
	assert_null(strstr(lines.bytes, "\"times\":"));
	lines.len = 0;
	run_with(&runs[0], 1, &lines, &told_once);
	for (const char *at = lines.bytes; (at = strstr(at, "\"times\":")); at++)
		more += strtoull(at + strlen("\"times\":"), NULL, 10) - 1;
	for (const char *at = lines.bytes; (at = strstr(at, "\"event_type\":\"alert\"")); at++)
		alerts++;
	assert_true(told_once.repeated > 0);
	assert_int_equal(told_once.repeated, more);
	assert_int_equal(told_once.alerts, alerts);
	assert_int_equal(told_once.alerts + told_once.repeated, told_each.alerts);
	free(lines.bytes);
}

static void file_write(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static int files_make(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(rules_path, sizeof(rules_path), "%s/rules", dir);
	snprintf(tag_path, sizeof(tag_path), "%s/tag", dir);
	snprintf(thresholds_path, sizeof(thresholds_path), "%s/thresholds", dir);
	file_write(rules_path, rules);
	file_write(tag_path, tag_rule);
	file_write(thresholds_path, thresholds);
	frames_make();
	return 0;
}

static int files_remove(void **state)
{
	return unlink(rules_path) || unlink(tag_path) || unlink(thresholds_path) || rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_found),
		cmocka_unit_test(nothing_is_lost_of_alerts_told_once),
		cmocka_unit_test(many_workers_say_what_one_says),
	};

	return cmocka_run_group_tests(tests, files_make, files_remove);
}
