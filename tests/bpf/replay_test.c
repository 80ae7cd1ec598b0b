// SPDX-License-Identifier: Apache-2.0
/*
 * `sekisho capture gate` as it is typed: files in, lines and files out. The rows of gate_test.c say
 * what the program decides; this says that all of it reaches the person who asked.
 */
#include "bpf/gatebed.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"
#include "cli/cli.h"

struct shell {
	char dir[64], in[96], out[96], policy[96];
	char *words, *errors; /* what the last run printed */
	size_t words_len, errors_len;
};

/* The bed's policy, its inside port by TC if so wished. */
static int policy_write(const struct shell *sh, bool tc)
{
	const char *key = strstr(bed_bridge, "side: inside");
	FILE *file = fopen(sh->policy, "w");

	if (!file || !key)
		return -1;
	fprintf(file, "%.*s%s%s", (int)(key - bed_bridge), bed_bridge, tc ? "hook: tc, " : "", key);
	return fclose(file);
}

static int shell_setup(void **state)
{
	struct shell *sh = calloc(1, sizeof(*sh));

	if (!sh)
		return -1;
	snprintf(sh->dir, sizeof(sh->dir), "/tmp/sekisho-replay-XXXXXX");
	if (!mkdtemp(sh->dir)) {
		free(sh);
		return -1;
	}
	snprintf(sh->in, sizeof(sh->in), "%s/in.pcap", sh->dir);
	snprintf(sh->out, sizeof(sh->out), "%s/out.pcapng", sh->dir);
	snprintf(sh->policy, sizeof(sh->policy), "%s/policy.yaml", sh->dir);
	*state = sh;
	return policy_write(sh, false);
}

static int shell_teardown(void **state)
{
	struct shell *sh = *state;

	unlink(sh->in);
	unlink(sh->out);
	unlink(sh->policy);
	rmdir(sh->dir);
	free(sh->words);
	free(sh->errors);
	free(sh);
	return 0;
}

/* Runs the words, ended by NULL; returns the exit status. */
static int run(struct shell *sh, bool json, const char *const *words)
{
	struct cli cli = { .json = json };
	char *argv[24];
	int cnt = 0, status;

	free(sh->words);
	free(sh->errors);
	assert_int_equal(cli_places(&cli, "replay-test"), 0);
	cli.out = open_memstream(&sh->words, &sh->words_len);
	cli.err = open_memstream(&sh->errors, &sh->errors_len);
	assert_non_null(cli.out);
	assert_non_null(cli.err);
	for (; words[cnt]; cnt++)
		argv[cnt] = (char *)words[cnt];
	argv[cnt] = NULL;
	status = cli_run(&cli, cnt, argv);
	fclose(cli.out);
	fclose(cli.err);
	return status;
}

struct entry {
	struct pkt pkt;
	uint64_t time_ns;
	uint32_t keep; /* bytes that the capture kept; 0: all */
};

static void write_capture(const char *path, bool ng, const struct entry *entries, size_t cnt)
{
	const char *const names[] = { "eth0" };
	const struct capture_format format = {
		.ng = ng, .fine = true, .interfaces = names, .interface_cnt = 1
	};
	struct frame *frame = malloc(sizeof(*frame));
	FILE *file = fopen(path, "w");
	struct capture_writer *writer;

	assert_non_null(frame);
	assert_non_null(file);
	assert_int_equal(capture_create(file, &format, &writer), 0);
	for (size_t i = 0; i < cnt; i++) {
		struct capture_packet packet = { .time_ns = entries[i].time_ns, .bytes = frame->b };

		pkt_build(&entries[i].pkt, frame);
		packet.wire_len = (uint32_t)frame->len;
		packet.len = entries[i].keep ? entries[i].keep : packet.wire_len;
		assert_int_equal(capture_write(writer, &packet, 0), 0);
	}
	capture_finish(writer);
	fclose(file);
	free(frame);
}

/* Line number n (from 1) of what was printed, as JSON. */
static json_t *line_of(const struct shell *sh, size_t n)
{
	const char *at = sh->words;
	json_t *line;

	while (--n && at)
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
	assert_non_null(at);
	line = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(line);
	return line;
}

static void line_says(const struct shell *sh, size_t n, const char *verdict, const char *reason,
		      const char *tenant, const char *dir, const char *rule, const char *port)
{
	static const char *const keys[] = { "verdict", "reason", "tenant", "dir",
					    "rule",    "port",	 "list" };
	const char *const wanted[] = { verdict, reason, tenant, dir, rule, port, "" };
	json_t *line = line_of(sh, n);

	assert_int_equal(json_integer_value(json_object_get(line, "n")), n);
	assert_int_equal(json_object_size(line), 8);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(json_string_value(json_object_get(line, keys[i])), wanted[i]);
	json_decref(line);
}

static size_t line_cnt(const char *text)
{
	size_t cnt = 0;

	for (; *text; text++)
		cnt += *text == '\n';
	return cnt;
}

#define BODY .src = "10.0.1.5", .dst = "198.51.100.80", .sport = 40000
#define SYN_TO(to) BODY, .proto = IPPROTO_TCP, .dport = (to), .flags = TCP_SYN, .seq = 1000

static const struct entry talk[] = {
	{ { .vlan = 10, SYN_TO(80) }, 1700000000000000001, 0 },
	{ { .vlan = 10, SYN_TO(25) }, 1700000000500000002, 0 },
	{ { .vlan = 10, SYN_TO(6667) }, 1700000001000000003, 0 },
	{ { .vlan = 99, SYN_TO(80) }, 1700000001000000004, 0 },
	{ { .vlan = 10, SYN_TO(80) }, 1700000002000000005, 0 },
};

static void lines(void **state)
{
	struct shell *sh = *state;

	for (int i = 0; i < 4; i++) {
		assert_int_equal(policy_write(sh, i & 2), 0);
		write_capture(sh->in, i & 1, talk, 5);
		assert_int_equal(run(sh, true,
				     (const char *const[]){ "capture", "gate", sh->in, "port",
							    "inside", "policy", sh->policy, NULL }),
				 CLI_OK);
		assert_int_equal(line_cnt(sh->words), 5);
		line_says(sh, 1, "redirect", "accepted", "alpha", "out", "web", "outside");
		line_says(sh, 2, "drop", "rule_drop", "alpha", "out", "smtp", "");
		line_says(sh, 3, "tx", "rule_reject", "alpha", "out", "irc", "inside");
		line_says(sh, 4, "drop", "no_tenant", "", "", "", "");
		line_says(sh, 5, "redirect", "established", "alpha", "out", "web", "outside");
		assert_string_equal(sh->errors, "");
	}
	assert_int_equal(policy_write(sh, false), 0);
}

static void frames_that_leave(void **state)
{
	struct shell *sh = *state;
	struct capture_packet packet;
	struct capture *capture;
	struct frame *wanted = malloc(sizeof(*wanted));
	struct diag diag;
	FILE *file;

	assert_non_null(wanted);
	write_capture(sh->in, false, talk, 5);
	assert_int_equal(run(sh, true,
			     (const char *const[]){ "capture", "gate", sh->in, "port", "inside",
						    "policy", sh->policy, "out", sh->out, NULL }),
			 CLI_OK);
	diag_init(&diag);
	file = fopen(sh->out, "r");
	assert_non_null(file);
	assert_int_equal(capture_open(file, "out", &capture, &diag), 0);
	assert_int_equal(capture_next(capture, &packet, &diag), 1);
	pkt_build(&talk[0].pkt, wanted);
	assert_int_equal(packet.time_ns, talk[0].time_ns);
	assert_int_equal(packet.len, wanted->len);
	assert_memory_equal(packet.bytes, wanted->b, wanted->len);
	assert_int_equal(capture_next(capture, &packet, &diag), 1); /* the answer */
	assert_int_equal(packet.time_ns, talk[2].time_ns);
	assert_memory_equal(packet.bytes, wanted->b + 6, 6);
	assert_int_equal(capture_next(capture, &packet, &diag), 1);
	assert_int_equal(packet.time_ns, talk[4].time_ns);
	assert_int_equal(capture_next(capture, &packet, &diag), 0);
	capture_close(capture);
	fclose(file);
	diag_free(&diag);
	free(wanted);
}

static void tagged(void **state)
{
	const struct entry bare = { { SYN_TO(80) }, 1, 0 };
	struct shell *sh = *state;

	write_capture(sh->in, false, &bare, 1);
	assert_int_equal(run(sh, true,
			     (const char *const[]){ "capture", "gate", sh->in, "port", "inside",
						    "policy", sh->policy, "vlan", "10", NULL }),
			 CLI_OK);
	line_says(sh, 1, "redirect", "accepted", "alpha", "out", "web", "outside");
	assert_int_equal(run(sh, true,
			     (const char *const[]){ "capture", "gate", sh->in, "port", "inside",
						    "policy", sh->policy, "vlan", "4095", NULL }),
			 CLI_USAGE);
}

/* Raw IP gets an Ethernet header, and its tag. */
static void bare(void **state)
{
	static const uint32_t links[] = { 101, 12, 14, 228 };
	struct shell *sh = *state;
	const struct entry syn = { { SYN_TO(80) }, 1, 0 };
	struct frame *frame = malloc(sizeof(*frame));

	assert_non_null(frame);
	pkt_build(&syn.pkt, frame);
	for (size_t i = 0; i < 4; i++) {
		const uint32_t head[10] = { 0xa1b2c3d4,
					    4 << 16 | 2,
					    0,
					    0,
					    65535,
					    links[i],
					    1,
					    0,
					    (uint32_t)frame->len - 14,
					    (uint32_t)frame->len - 14 };
		FILE *file = fopen(sh->in, "w");

		assert_non_null(file);
		assert_int_equal(fwrite(head, sizeof(head), 1, file), 1);
		assert_int_equal(fwrite(frame->b + 14, frame->len - 14, 1, file), 1);
		fclose(file);
		assert_int_equal(run(sh, true,
				     (const char *const[]){ "capture", "gate", sh->in, "port",
							    "inside", "policy", sh->policy, "vlan",
							    "10", NULL }),
				 CLI_OK);
		line_says(sh, 1, "redirect", "accepted", "alpha", "out", "web", "outside");
	}
	free(frame);
}

/* Damage is named, every packet still has its line. */
static void damaged(void **state)
{
	const struct entry entries[] = {
		{ { .vlan = 10, BODY, .proto = IPPROTO_UDP, .dport = 53, .payload_len = 1000 },
		  5000,
		  96 },
		{ { .vlan = 10, SYN_TO(80) }, 4000, 0 },
		{ { .vlan = 10, SYN_TO(81) }, 6000, 10 },
		{ { .payload_len = 8 }, 7000, 13 },
		{ { .vlan = 10, BODY, .proto = IPPROTO_UDP, .dport = 53, .payload_len = 65000, .trailer = 900 },
		  8000,
		  0 },
	};
	struct shell *sh = *state;
	FILE *file;

	write_capture(sh->in, true, entries, 5);
	assert_int_equal(run(sh, true,
			     (const char *const[]){ "capture", "gate", sh->in, "port", "inside",
						    "policy", sh->policy, NULL }),
			 CLI_OK);
	assert_int_equal(line_cnt(sh->words), 5);
	line_says(sh, 1, "redirect", "accepted", "alpha", "out", "dns", "outside");
	line_says(sh, 2, "redirect", "accepted", "alpha", "out", "web", "outside");
	assert_non_null(strstr(sh->errors, "packet 1 was cut by the capture: 96 of"));
	assert_non_null(strstr(sh->errors, "packet 2 is earlier"));
	assert_non_null(strstr(sh->errors, "packet 3 was cut by the capture: 10 of"));
	/* The file itself breaks off: what was whole has its line, the break its words. */
	file = fopen(sh->in, "r+");
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 300), 0);
	fclose(file);
	assert_int_equal(run(sh, true,
			     (const char *const[]){ "capture", "gate", sh->in, "port", "inside",
						    "policy", sh->policy, NULL }),
			 CLI_FAILED);
	line_says(sh, 1, "redirect", "accepted", "alpha", "out", "dns", "outside");
	assert_non_null(strstr(sh->errors, "the file ends inside"));
}

static void refusals(void **state)
{
	struct shell *sh = *state;

	write_capture(sh->in, false, talk, 1);
	assert_int_equal(run(sh, false,
			     (const char *const[]){ "capture", "gate", sh->in, "port", "nowhere",
						    "policy", sh->policy, NULL }),
			 CLI_FAILED);
	assert_non_null(strstr(sh->errors, "no port 'nowhere'; it has: inside, outside"));
	assert_int_equal(run(sh, false,
			     (const char *const[]){ "capture", "gate", "/nonexistent", "port",
						    "inside", "policy", sh->policy, NULL }),
			 CLI_FAILED);
	assert_non_null(strstr(sh->errors, "/nonexistent cannot be read"));
	assert_int_equal(run(sh, false,
			     (const char *const[]){ "capture", "gate", sh->policy, "port", "inside",
						    "policy", sh->policy, NULL }),
			 CLI_FAILED);
	assert_non_null(strstr(sh->errors, "not a capture file"));
	assert_int_not_equal(
		run(sh, false,
		    (const char *const[]){ "capture", "gate", sh->in, "port", "inside", NULL }),
		CLI_OK);
	assert_non_null(strstr(sh->errors, "policy FILE"));
}

static void for_people(void **state)
{
	struct shell *sh = *state;

	write_capture(sh->in, false, talk, 5);
	assert_int_equal(run(sh, false,
			     (const char *const[]){ "capture", "gate", sh->in, "port", "inside",
						    "policy", sh->policy, NULL }),
			 CLI_OK);
	assert_non_null(strstr(sh->words, "refused by a rule"));
	assert_non_null(strstr(sh->words, "smtp"));
	/* One line each, a head, and the summary behind. */
	assert_true(line_cnt(sh->words) > 1 + 5 + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "-j: a line for each packet of pcap and pcap-ng, ports by XDP and by TC", lines,
		  NULL, NULL, NULL },
		{ "out: the frames that leave, at their times", frames_that_leave, NULL, NULL, NULL },
		{ "vlan: frames are tagged", tagged, NULL, NULL, NULL },
		{ "raw IP gets an Ethernet header", bare, NULL, NULL, NULL },
		{ "cut, short, long, late packets and a file that breaks off", damaged, NULL, NULL,
		  NULL },
		{ "what cannot be played is refused in words", refusals, NULL, NULL, NULL },
		{ "a table and a summary for people", for_people, NULL, NULL, NULL },
	};

	if (geteuid() != 0) {
		print_message("1..0 # SKIP the kernel program can only be loaded by root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("replay", tests, shell_setup, shell_teardown);
}
