/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that take the place of others between two packets, with one worker and with several: what flows, hosts,
 * transactions and sets were remembered by stays, what is new is asked, and nothing is told twice.
 */
#include "detect/keyword/dataset.h"
#include "unit/talkmade.h"

#define PAIRS 24 /* of hosts, each with its flow: enough for every worker to have some */

/* The second set has its names in another order, rules that are new, and one that is gone. */
static const char before[] =
	"alert udp any any -> any any (content:\"one\"; flowbits:set,a.seen; flowbits:noalert; sid:1;)\n"
	"alert udp any any -> any any (content:\"one\"; flowint:n,+,3; noalert; sid:2;)\n"
	"alert udp any any -> any any (content:\"one\"; xbits:set,b.seen,track ip_src; noalert; sid:3;)\n"
	"alert udp any any -> any any (content:\"one\"; threshold:type threshold, track by_src, count 3, "
	"seconds 600; sid:4;)\n"
	"alert udp any any -> any any (content:\"two\"; sid:5;)\n"
	"alert tcp any any -> any any (flow:established,to_server; content:\"abcdef\"; sid:6;)\n"
	"alert http any any -> any any (http.uri; content:\"/told\"; sid:7;)\n";
static const char after[] =
	"alert udp any any -> any any (content:\"two\"; flowbits:isset,z.never; sid:20;)\n"
	"alert udp any any -> any any (content:\"two\"; xbits:isset,b.seen,track ip_src; sid:21;)\n"
	"alert udp any any -> any any (content:\"two\"; flowint:n,==,6; sid:22;)\n"
	"alert udp any any -> any any (content:\"two\"; flowbits:isset,a.seen; sid:23;)\n"
	"alert udp any any -> any any (content:\"two\"; threshold:type threshold, track by_src, count 3, "
	"seconds 600; sid:4;)\n"
	"alert tcp any any -> any any (flow:established,to_server; content:\"abcdef\"; sid:6;)\n"
	"alert tcp any any -> any any (flow:established,to_server; content:\"def\"; sid:26;)\n"
	"alert http any any -> any any (http.uri; content:\"/told\"; sid:7;)\n"
	"alert http any any -> any any (http.request_body; content:\"new\"; sid:27;)\n"
	"alert ip 10.0.0.0/8 any -> any any (sid:28;)\n";

static char before_path[64], after_path[64];

static void datagrams(struct run *run, const char *text)
{
	struct made_frame f;

	for (uint8_t pair = 1; pair <= PAIRS; pair++) {
		udp_make(&f, pair, text);
		take(run, &f);
	}
}

/* A piece of what the clients send, answered. */
static void segments(struct run *run, uint32_t seq, const char *text)
{
	struct made_frame f;
	uint32_t end = seq + (uint32_t)strlen(text);

	for (uint8_t pair = 1; pair <= PAIRS; pair++) {
		tcp_make(&f, &(struct talk){ pair, false, seq, 901, 0x18 }, text);
		take(run, &f);
		tcp_make(&f, &(struct talk){ pair, true, 901, end, 0x10 }, "");
		take(run, &f);
	}
}

static void handshakes(struct run *run)
{
	struct made_frame f;

	for (uint8_t pair = 1; pair <= PAIRS; pair++) {
		tcp_make(&f, &(struct talk){ pair, false, 100, 0, 2 }, "");
		take(run, &f);
		tcp_make(&f, &(struct talk){ pair, true, 900, 101, 0x12 }, "");
		take(run, &f);
		tcp_make(&f, &(struct talk){ pair, false, 101, 901, 0x10 }, "");
		take(run, &f);
	}
}

#define HALF_REQUEST "POST /told HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
#define REST "def new"

static void run_with(unsigned int workers, struct run *run)
{
	static const char text[] = "outputs:\n  - eve-log: {enabled: yes, types: [alert]}\n";
	struct engine_setup setup = { .workers = workers,
				      .unchecked_sums = true,
				      .repeatable = true,
				      .line = line_keep,
				      .line_arg = &run->lines };
	struct ruleset *first, *second, *stranger;
	struct engine_tally tally;
	struct config *config;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(config_read_text(text, "test", &config, &diag), 0);
	first = rules_of(before_path, NULL, config, &diag);
	setup.config = config;
	setup.ruleset = first;
	assert_int_equal(engine_new(&setup, &run->engine), 0);
	datagrams(run, "one");
	datagrams(run, "one");
	handshakes(run);
	segments(run, 101, HALF_REQUEST);
	stranger = rules_of(after_path, NULL, config, &diag);
	assert_int_equal(engine_swap(run->engine, stranger), -EINVAL);
	ruleset_free(stranger);
	second = rules_of(after_path, first, config, &diag);
	assert_int_equal(engine_swap(run->engine, second), 0);
	ruleset_free(first); /* nobody reads it any more */
	datagrams(run, "two");
	segments(run, 101 + (uint32_t)strlen(HALF_REQUEST), REST);
	assert_int_equal(engine_finish(run->engine, &tally), 0);
	engine_free(run->engine);
	ruleset_free(second);
	config_free(config);
	diag_free(&diag);
}

static void what_is_remembered_stays(void **state)
{
	struct run run = { .engine = NULL };

	run_with(1, &run);
	assert_int_equal(told_of(&run.lines, 5), 0); /* it was gone when it would have been found */
	assert_int_equal(told_of(&run.lines, 20), 0);
	assert_int_equal(told_of(&run.lines, 21), PAIRS); /* a bit of the host */
	assert_int_equal(told_of(&run.lines, 22), PAIRS); /* 3 twice */
	assert_int_equal(told_of(&run.lines, 23), PAIRS); /* a bit of the flow */
	assert_int_equal(told_of(&run.lines, 4), PAIRS); /* two of three were counted before */
	assert_int_equal(told_of(&run.lines, 6), PAIRS); /* half of the stream came before */
	assert_int_equal(told_of(&run.lines, 26), PAIRS);
	assert_int_equal(told_of(&run.lines, 7), PAIRS); /* once, though its transaction went on */
	assert_int_equal(told_of(&run.lines, 27), PAIRS); /* new to a transaction under way */
	assert_int_equal(told_of(&run.lines, 28), 2 * PAIRS); /* new to both flows of a pair */
	free(run.lines.bytes);
}

static void workers_do_not_matter(void **state)
{
	static const unsigned int workers[] = { 2, 3 };
	struct run one = { .engine = NULL };

	run_with(1, &one);
	for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
		struct run many = { .engine = NULL };

		run_with(workers[i], &many);
		assert_int_equal(many.lines.len, one.lines.len);
		assert_memory_equal(many.lines.bytes, one.lines.bytes, one.lines.len);
		free(many.lines.bytes);
	}
	free(one.lines.bytes);
}

/* Sets that rules change go over; those of files are read anew. */
static void sets_go_over(void **state)
{
	static const char one[] =
		"alert tcp any any -> any any (content:\"x\"; sid:1;)\n"
		"alert http any any -> any any (http.uri; dataset:set,uris,type string; sid:2;)\n";
	struct bed bed, next;

	bed_new(&bed, one);
	bed_new(&next, one);
	assert_true(dataset_add(bed.ruleset->parse->datasets, slice_text("/a")));
	ruleset_take(next.ruleset, bed.ruleset);
	assert_true(dataset_has(next.ruleset->parse->datasets, slice_text("/a"), NULL));
	assert_false(dataset_has(bed.ruleset->parse->datasets, slice_text("/a"), NULL));
	bed_free(&bed);
	bed_free(&next);
}

/* Checks and hits of each rule, and that time was taken. */
static void costs_are_counted(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert tcp any any -> any any (content:\"x\"; dsize:1; sid:1;)\n"
		      "alert tcp any any -> any any (content:\"y\"; sid:2;)\n");
	assert_null(detect_costs(bed.detect));
	assert_int_equal(detect_measure(bed.detect), 0);
	bed_send(&bed, FROM_CLIENT, "x");
	bed_send(&bed, FROM_CLIENT, "xx");
	bed_send(&bed, FROM_CLIENT, "z");
	assert_int_equal(detect_costs(bed.detect)[0].checks, 2);
	assert_int_equal(detect_costs(bed.detect)[0].hits, 1);
	assert_true(detect_costs(bed.detect)[0].ns > 0);
	assert_int_equal(detect_costs(bed.detect)[1].checks, 0);
	bed_free(&bed);
}

static int files_make(void **state)
{
	static char dir[] = "/tmp/swap_test.XXXXXX";

	if (!mkdtemp(dir))
		return -1;
	*state = dir;
	snprintf(before_path, sizeof(before_path), "%s/before.rules", dir);
	snprintf(after_path, sizeof(after_path), "%s/after.rules", dir);
	file_write(before_path, before);
	file_write(after_path, after);
	return 0;
}

static int files_drop(void **state)
{
	remove(before_path);
	remove(after_path);
	return remove(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_remembered_stays),
		cmocka_unit_test(workers_do_not_matter),
		cmocka_unit_test(sets_go_over),
		cmocka_unit_test(costs_are_counted),
	};

	return cmocka_run_group_tests(tests, files_make, files_drop);
}
