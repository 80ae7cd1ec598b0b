/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that wait in line: what their senders sent last is not to go on before they are judged. Each has a
 * number; what its side sent with that number or a later one stays, what it sent before may go. A worker has
 * one struct waits; without one, who closes a file waits for its verdict himself.
 *
 * Two things are waited for: the verdict of a file that is whole; and, where only a later byte or the end of
 * the connection tells that a file is (FTP's data, bodies without a length), the byte behind the last one.
 * If none comes for a while, the file is judged as it stands.
 */
#ifndef AGENT_FILE_WAITS_H
#define AGENT_FILE_WAITS_H

#include <stdatomic.h>

#include "inspect/flow.h"
#include "scan/scan.h"

struct file;

#define WAIT_NONE UINT64_MAX

/* A file's own. */
struct file_wait {
	uint64_t number; /* of its flow and side, from 1; 0: it does not wait */
	uint64_t since_ns;
	struct file *next_of_flow;
	struct file *older, *newer; /* of all */
};

struct waits {
	uint64_t now_ns; /* as the worker says; of the packets' clock */
	uint64_t patience_ns; /* for a verdict; then `fail:` decides */
	uint64_t tail_ns; /* for the byte behind the last */
	struct file *first, *last;
	uint64_t looked_ns; /* when all were looked at last */
	atomic_bool woken; /* a verdict has come since */
	/* Wakes the worker, by any thread. */
	void (*wake)(void *arg);
	void *wake_arg;
	struct scan_call call; /* for scans: of this struct */
	/* A file of the flow waits no more. May end flow's other waits; never frees the flow. */
	void (*settled)(void *arg, struct flow *flow);
	void *settled_arg;
	uint64_t judged; /* files whose verdict came */
	uint64_t late_open,
		late_closed; /* whose did not in time: their flows went on, or fell for it */
};

/* Zeroed waits whose times and callbacks are set. */
void waits_begin(struct waits *waits);
/* Looks who is judged, or has waited long enough. Soon done where nothing has changed. */
void waits_turn(struct waits *waits, uint64_t now_ns);

/* What the file's side sent from here on waits; of one that waits already, what came before may go. */
void file_wait_begin(struct file *file);
/* Does nothing for one that does not wait. */
void file_wait_end(struct file *file);
/* The first number of a side that still waits. WAIT_NONE: nothing does. */
uint64_t flow_waits_from(const struct flow *flow, enum side side);
/* The flow is over: what is not judged by now is not. */
void flow_waits_end(struct flow *flow);

#endif
