/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker of inspection: a thread on a CPU of its own that has frames of the kernel, asks the engine and
 * sends them on, one after the other. All flows between two ends are one worker's.
 */
#ifndef AGENT_INLINE_WORKER_H
#define AGENT_INLINE_WORKER_H

#include "inline/brake.h"
#include "inline/crew.h"
#include "inline/fair.h"
#include "inline/hold.h"
#include "inline/reset.h"

/* Frames of a turn, whose waits are told when they are on their way. */
#define INLINE_WAITS_MAX 1024

struct inline_worker {
	struct inline_crew *crew;
	unsigned int number;
	pthread_t thread;
	bool runs;
	int wake_fd;
	/* The thread's own: */
	struct inspector inspector;
	struct serve serve;
	struct inspector_hold holds;
	struct hold *hold; /* NULL: nothing is held */
	struct resets *resets;
	struct brake *brake; /* frames of flows that are to be taken back though they never pause */
	struct fair *fair; /* frames that wait for their body's turn */
	uint64_t frames, second; /* of the engine */
	uint64_t second_packets, second_bytes; /* counted when it began */
	unsigned int attended; /* calls of the meeting that it has heard */
	uint64_t now_ns; /* when the turn began */
	bool has_lines; /* of which the loop has not been told */
	uint64_t lines_due_ns; /* when it is */
	bool in_turn; /* it has crew->turn, until its frame is done */
	uint32_t handed[INLINE_WAITS_MAX]; /* of frames that are on their way: sek_note.handed_ns */
	size_t handed_cnt;
};

/* Its engine; the crew's settings are there. 0 or -errno. */
int inline_worker_init(struct inline_worker *worker, struct inline_crew *crew, unsigned int number);
/* Serves until the crew ends. On the CPU of its number, if there is one. */
void inline_worker_serve(struct inline_worker *worker);
/* From any thread: something is new. */
void inline_worker_wake(struct inline_worker *worker);
void inline_worker_free(struct inline_worker *worker);

#endif
