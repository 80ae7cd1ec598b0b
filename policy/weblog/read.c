// SPDX-License-Identifier: Apache-2.0
/*
 * Blocks of whole lines, cut into pieces that threads take. Called by `sekisho url test`.
 */
#include "weblog/read.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lists/parallel.h"

#define BLOCK (16U << 20)
#define PIECES 16

struct worker {
	struct weblog_tally *tally;
	struct worker *next;
};

struct reading {
	const struct weblog_sides *sides;
	char *block;
	size_t len; /* of whole lines in it */
	size_t starts[PIECES + 1];
	pthread_mutex_t lock; /* of idle */
	struct worker workers[PARALLEL_MAX], *idle;
	size_t worker_cnt;
};

static struct worker *worker_take(struct reading *reading)
{
	struct worker *worker;

	pthread_mutex_lock(&reading->lock);
	worker = reading->idle;
	reading->idle = worker->next;
	pthread_mutex_unlock(&reading->lock);
	return worker;
}

static void worker_give(struct reading *reading, struct worker *worker)
{
	pthread_mutex_lock(&reading->lock);
	worker->next = reading->idle;
	reading->idle = worker;
	pthread_mutex_unlock(&reading->lock);
}

static void piece_run(void *arg, size_t n)
{
	struct reading *reading = arg;
	struct worker *worker = worker_take(reading);
	const char *at = reading->block + reading->starts[n];
	const char *end = reading->block + reading->starts[n + 1];

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		weblog_tally_line(worker->tally, reading->sides, at, (size_t)(stop - at));
		at = stop + 1;
	}
	worker_give(reading, worker);
}

/* Pieces begin behind an end of line. */
static void block_cut(struct reading *reading)
{
	for (size_t i = 0; i <= PIECES; i++) {
		size_t at = reading->len / PIECES * i;
		const char *newline = i && i < PIECES
					      ? memchr(reading->block + at, '\n', reading->len - at)
					      : NULL;

		reading->starts[i] = !i		   ? 0
				     : i == PIECES ? reading->len
				     : newline	   ? (size_t)(newline + 1 - reading->block)
						   : reading->len;
	}
}

static uint64_t lines_so_far(const struct reading *reading)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < reading->worker_cnt; i++)
		lines += reading->workers[i].tally->lines;
	return lines;
}

/* Fills the block behind what it holds; bytes that are in it then, or -errno. */
static ssize_t block_fill(gzFile file, struct reading *reading, size_t held)
{
	while (held < BLOCK) {
		int got = gzread(file, reading->block + held, (unsigned int)(BLOCK - held));

		if (got < 0)
			return -EIO;
		if (!got)
			break;
		held += (size_t)got;
	}
	return (ssize_t)held;
}

static int file_read(gzFile file, struct reading *reading, const struct weblog_progress *progress)
{
	uint64_t bytes = 0;
	size_t rest = 0;

	for (;;) {
		ssize_t held = block_fill(file, reading, rest);
		const char *last;

		if (held < 0)
			return (int)held;
		if (!held)
			return 0;
		last = held < BLOCK ? NULL : memrchr(reading->block, '\n', (size_t)held);
		reading->len = last ? (size_t)(last + 1 - reading->block) : (size_t)held;
		block_cut(reading);
		parallel_run(PIECES, reading->worker_cnt, piece_run, reading);
		rest = (size_t)held - reading->len;
		memmove(reading->block, reading->block + reading->len, rest);
		bytes += reading->len;
		if (progress)
			progress->tell(progress->arg, bytes, lines_so_far(reading));
		if (held < BLOCK)
			return 0;
	}
}

static bool workers_make(struct reading *reading, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		reading->workers[i].tally = weblog_tally_new();
		if (!reading->workers[i].tally)
			return false;
		reading->workers[i].next = reading->idle;
		reading->idle = &reading->workers[i];
		reading->worker_cnt++;
	}
	return true;
}

static gzFile file_open(const char *path)
{
	return strcmp(path, "-") != 0 ? gzopen(path, "re") : gzdopen(dup(STDIN_FILENO), "r");
}

/* All sums in the first worker's, which is taken out. */
static struct weblog_tally *workers_merge(struct reading *reading)
{
	struct weblog_tally *sum = reading->workers[0].tally;

	for (size_t i = 1; i < reading->worker_cnt; i++)
		weblog_tally_merge(sum, reading->workers[i].tally);
	if (!sum || sum->failed)
		return NULL;
	reading->workers[0].tally = NULL;
	weblog_tally_sort(sum);
	return sum;
}

struct weblog_tally *weblog_read(const char *path, const struct weblog_sides *sides,
				 size_t thread_cnt, const struct weblog_progress *progress,
				 struct diag *diag)
{
	struct reading reading = { .sides = sides,
				   .block = malloc(BLOCK),
				   .lock = PTHREAD_MUTEX_INITIALIZER };
	size_t cnt = thread_cnt < 1 ? 1 : thread_cnt > PARALLEL_MAX ? PARALLEL_MAX : thread_cnt;
	struct weblog_tally *sum = NULL;
	gzFile file = file_open(path);
	int err = !file ? -errno : reading.block && workers_make(&reading, cnt) ? 0 : -ENOMEM;

	if (!err)
		err = file_read(file, &reading, progress);
	if (!err)
		sum = workers_merge(&reading);
	if (!sum)
		diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "the log cannot be read: %s",
			 strerror(err ? -err : ENOMEM));
	for (size_t i = 0; i < reading.worker_cnt; i++)
		weblog_tally_free(reading.workers[i].tally);
	if (file)
		gzclose(file);
	free(reading.block);
	return sum;
}
