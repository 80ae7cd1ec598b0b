// SPDX-License-Identifier: Apache-2.0
/*
 * One set of rules over many captures: what a run of `sekisho capture inspect` says of each, without its start for
 * each. Called by alerts.py and by the soak's inspect.test.
 *
 * captures CONFIG RULES CACHE WORKERS each DIR FILE...      an engine for each: its records in DIR/0.json, DIR/1.json
 * captures CONFIG RULES CACHE WORKERS loop SECONDS FILE...  one engine, as it stands in the traffic: the captures one
 *                                                           behind the other, again and again
 *
 * A loop prints a line of JSON for each round, five at least: what memory holds when all its flows are over.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/statm.h"
#include "file/room.h"
#include "inspect/engine.h"
#include "replay/progress.h"

#define NS 1000000000ull
#define ROUNDS_MIN 5
#define PAUSE_NS                                                                                   \
	(7200 * NS) /* between captures of a loop, and at most within one: longer than any timeout */

struct replay {
	struct config *config;
	struct ruleset *ruleset;
	struct file_room *files;
	unsigned int workers;
	FILE *out; /* NULL: records are counted alone */
	uint64_t records, alerts;
	uint64_t now_ns; /* of a loop: the end of what it has seen */
	uint64_t shift_ns; /* of a loop: from the time of a frame to that of the loop, modulo 2^64 */
	uint64_t frames; /* of a loop: they are numbered through */
	struct diag diag;
};

static int said(const struct replay *r, const char *what, int err)
{
	if (err) {
		fprintf(stderr, "%s: %s\n", what, strerror(-err));
		diag_print(&r->diag, stderr);
	}
	return err;
}

static void line_take(void *arg, const char *bytes, size_t len)
{
	struct replay *r = arg;

	r->records++;
	if (r->out)
		fwrite(bytes, 1, len, r->out);
}

/* path NULL: it is fed many captures. */
static int engine_make(struct replay *r, const char *path, struct engine **ret_engine)
{
	const struct engine_setup setup = {
		.capture = path,
		.ruleset = r->ruleset,
		.config = r->config,
		.files = r->files,
		.hassh = true,
		.ja3 = true,
		.ja4 = true,
		.workers = r->workers,
		.unchecked_sums = true,
		.ethernet = true,
		.repeatable = true,
		.line = line_take,
		.line_arg = r,
	};

	return engine_new(&setup, ret_engine);
}

/*
 * When a frame of a capture that begins at from_ns comes in a loop. Silence is shortened: one of the captures spans
 * twelve years, and fifty rounds of that are more nanoseconds than the clock has.
 */
static uint64_t loop_time(struct replay *r, uint64_t from_ns, uint64_t frame_ns)
{
	int64_t ahead = (int64_t)(frame_ns + r->shift_ns - r->now_ns);

	if (ahead > (int64_t)PAUSE_NS)
		r->shift_ns -= (uint64_t)ahead - PAUSE_NS;
	return ahead < (int64_t)(from_ns - r->now_ns) ? from_ns : frame_ns + r->shift_ns;
}

/* All frames of a capture, as they are, or in a loop, behind what was before. What is broken ends it, as for all. */
static int capture_take(struct replay *r, struct engine *engine, const char *path, bool in_loop)
{
	struct capture_packet frame;
	struct capture *capture;
	uint64_t from_ns = r->now_ns;
	FILE *in = fopen(path, "rbe");
	bool is_first = true;
	int err;

	if (!in)
		return 0; /* no engine reads it */
	err = capture_open_any(in, path, &capture, &r->diag);
	if (err) {
		fclose(in);
		return 0; /* nor this */
	}
	while (!err && capture_next(capture, &frame, &r->diag) > 0) {
		if (in_loop) {
			if (is_first)
				r->shift_ns = from_ns - frame.time_ns;
			frame.time_ns = loop_time(r, from_ns, frame.time_ns);
			frame.number = ++r->frames;
			if (frame.time_ns > r->now_ns)
				r->now_ns = frame.time_ns;
		}
		is_first = false;
		err = engine_take(engine, &frame);
	}
	capture_close(capture);
	fclose(in);
	return err;
}

/* --- each by itself --- */

static int one_take(struct replay *r, const char *dir, int number, const char *path)
{
	struct engine_tally tally = { 0 };
	struct engine *engine;
	char name[4096];
	int err, finished;

	snprintf(name, sizeof(name), "%s/%d.json", dir, number);
	r->out = fopen(name, "we");
	if (!r->out)
		return -errno;
	err = engine_make(r, path, &engine);
	if (!err) {
		err = capture_take(r, engine, path, false);
		finished = engine_finish(engine, &tally);
		err = err ? err : finished;
		engine_free(engine);
	}
	r->alerts += tally.alerts;
	if (fclose(r->out) && !err)
		err = -EIO;
	r->out = NULL;
	return err;
}

static int each_run(struct replay *r, const char *dir, char **files)
{
	int err = 0;

	for (int i = 0; files[i] && !err; i++)
		err = one_take(r, dir, i, files[i]);
	return err;
}

/* --- again and again --- */

/* A frame that is no packet moves the clock beyond what any flow waits for, and is never a flow of its own. */
static int clock_move(struct replay *r, struct engine *engine)
{
	static const uint8_t bytes[60] = { [12] = 0x88, [13] = 0xb5 };
	struct capture_packet frame = {
		.bytes = bytes, .len = sizeof(bytes), .wire_len = sizeof(bytes), .link = 1
	};
	int err = 0;

	r->now_ns += PAUSE_NS;
	for (int i = 0; i < 2 && !err; i++) {
		frame.time_ns = r->now_ns += NS;
		frame.number = ++r->frames;
		err = engine_take(engine, &frame);
	}
	return err;
}

static int round_run(struct replay *r, struct engine *engine, char **files)
{
	int err = 0;

	for (int i = 0; files[i] && !err; i++) {
		err = capture_take(r, engine, files[i], true);
		if (!err)
			err = clock_move(r, engine);
	}
	return err;
}

static int loop_run(struct replay *r, double seconds, char **files)
{
	double until = progress_now() + seconds;
	struct engine_tally tally;
	struct engine *engine;
	int err = engine_make(r, NULL, &engine), finished, rounds = 0;

	if (err)
		return err;
	r->now_ns = 1700000000 * NS;
	do {
		uint64_t before = r->records;

		err = round_run(r, engine, files);
		printf("{\"held\": %zu, \"resident\": %" PRIu64 ", \"records\": %" PRIu64 "}\n",
		       (size_t)mallinfo2().uordblks + (size_t)mallinfo2().hblkhd,
		       statm_read().resident, r->records - before);
		fflush(stdout);
	} while (!err && (++rounds < ROUNDS_MIN || progress_now() < until));
	finished = engine_finish(engine, &tally);
	engine_free(engine);
	return err ? err : finished;
}

static int prepare(struct replay *r, char **argv)
{
	const char *rules[] = { argv[2] };
	const struct ruleset_sources sources = { .files = rules, .file_cnt = 1, .cache_dir = argv[3] };
	struct ruleset_sources with = sources;
	struct ruleset_tally tally;
	struct diag refused;
	int err = config_read(argv[1], &r->config, &r->diag);

	diag_init(&refused);
	r->workers = (unsigned int)strtoul(argv[4], NULL, 10);
	with.config = r->config;
	if (!err)
		err = ruleset_build(&with, &r->ruleset, &tally, &refused);
	diag_free(&refused);
	return err ? err : file_room_new(r->config, r->ruleset, &r->files, &r->diag);
}

int main(int argc, char **argv)
{
	struct replay r = { 0 };
	int err;

	if (argc < 8 || (strcmp(argv[5], "each") != 0 && strcmp(argv[5], "loop") != 0)) {
		fprintf(stderr,
			"captures CONFIG RULES CACHE WORKERS each DIR|loop SECONDS FILE...\n");
		return 2;
	}
	diag_init(&r.diag);
	err = said(&r, "rules", prepare(&r, argv));
	if (!err)
		err = said(&r, argv[5],
			   argv[5][0] == 'e' ? each_run(&r, argv[6], argv + 7)
					     : loop_run(&r, strtod(argv[6], NULL), argv + 7));
	file_room_free(r.files);
	ruleset_free(r.ruleset);
	config_free(r.config);
	diag_free(&r.diag);
	return err ? 1 : 0;
}
