/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line that tells how far a capture was read, where a person looks on.
 */
#ifndef AGENT_REPLAY_PROGRESS_H
#define AGENT_REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *in;
	uint64_t size; /* of the file; 0: not known */
	uint64_t packets, bytes;
	double begun, said, ended; /* seconds */
	bool shown; /* standard error is a terminal */
	bool wrote;
};

double progress_now(void); /* seconds of a clock that only goes on */
double progress_cpu(void); /* seconds of CPU that all threads took so far */
void progress_begin(struct progress *progress, FILE *in, bool wanted);
void progress_step(struct progress *progress, uint32_t len);
void progress_end(struct progress *progress);
double progress_seconds(const struct progress *progress);

#endif
