/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the line of progress. Called by inspect.c for each frame, so it looks at the clock only now and then.
 */
#include "replay/progress.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY 4096 /* frames */
#define SAY_EVERY 0.2 /* seconds */

double progress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double progress_cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(struct progress *progress, FILE *in, bool wanted)
{
	struct stat st;

	*progress = (struct progress){ .in = in, .begun = progress_now() };
	progress->said = progress->begun;
	progress->shown = wanted && isatty(STDERR_FILENO);
	if (fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode))
		progress->size = (uint64_t)st.st_size;
}

static void say(struct progress *progress, double now)
{
	double rate = (double)progress->bytes * 8 / 1e9 / (now - progress->begun);
	off_t at = progress->size ? ftello(progress->in) : -1;

	fputs("\rinspect: ", stderr);
	if (at >= 0)
		fprintf(stderr, "%3" PRIu64 " %%, ", (uint64_t)at * 100 / progress->size);
	fprintf(stderr, "%" PRIu64 " packets, %.2f Gbit/s ", progress->packets, rate);
	progress->wrote = true;
}

void progress_step(struct progress *progress, uint32_t len)
{
	double now;

	progress->packets++;
	progress->bytes += len;
	if (!progress->shown || progress->packets % LOOK_EVERY)
		return;
	now = progress_now();
	if (now - progress->said < SAY_EVERY)
		return;
	progress->said = now;
	say(progress, now);
}

void progress_end(struct progress *progress)
{
	progress->ended = progress_now();
	if (progress->wrote)
		fputc('\n', stderr);
}

double progress_seconds(const struct progress *progress)
{
	return progress->ended - progress->begun;
}
