// SPDX-License-Identifier: Apache-2.0
/*
 * Two lists of the same files: of a worker, by when they began to wait, and of each flow. Called by file.c
 * and scanned.c as files come, by the engine between packets. Promises that no file waits longer than it
 * was said.
 */
#include "file/waits.h"

#include "file/scanned.h"

#define LOOK_NS 10000000ull /* between two looks at all, where nobody has called */

static void woken(void *arg)
{
	struct waits *waits = arg;

	if (!atomic_exchange(&waits->woken, true) && waits->wake)
		waits->wake(waits->wake_arg);
}

void waits_begin(struct waits *waits)
{
	waits->call = (struct scan_call){ woken, waits };
}

static void list_leave(struct waits *waits, struct file *file)
{
	struct file_wait *wait = &file->wait;

	*(wait->older ? &wait->older->wait.newer : &waits->first) = wait->newer;
	*(wait->newer ? &wait->newer->wait.older : &waits->last) = wait->older;
	wait->older = wait->newer = NULL;
}

static void list_join(struct waits *waits, struct file *file)
{
	file->wait.older = waits->last;
	file->wait.newer = NULL;
	*(waits->last ? &waits->last->wait.newer : &waits->first) = file;
	waits->last = file;
}

void file_wait_begin(struct file *file)
{
	struct session *session = file->tx->session;
	struct flow *flow = session_flow(session);

	if (file->wait.number) {
		list_leave(session->waits, file);
	} else {
		file->wait.next_of_flow = flow->waiting;
		flow->waiting = file;
	}
	list_join(session->waits, file);
	file->wait.number = ++flow->wait_cnt[file->side];
	file->wait.since_ns = session->waits->now_ns;
}

void file_wait_end(struct file *file)
{
	struct session *session = file->tx->session;
	struct file **at;

	if (!file->wait.number)
		return;
	at = &session_flow(session)->waiting;
	while (*at != file)
		at = &(*at)->wait.next_of_flow;
	*at = file->wait.next_of_flow;
	list_leave(session->waits, file);
	file->wait = (struct file_wait){ .number = 0 };
}

uint64_t flow_waits_from(const struct flow *flow, enum side side)
{
	uint64_t from = WAIT_NONE;

	for (const struct file *file = flow->waiting; file; file = file->wait.next_of_flow)
		if (file->side == side && file->wait.number < from)
			from = file->wait.number;
	return from;
}

void flow_waits_end(struct flow *flow)
{
	while (flow->waiting)
		file_scan_give_up(flow->waiting, "flow_ended");
}

/* Returns whether it waits no more. */
static bool one_look(struct waits *waits, struct file *file)
{
	uint64_t waited_ns =
		waits->now_ns > file->wait.since_ns ? waits->now_ns - file->wait.since_ns : 0;

	if (file_scan_is_asked(file)) {
		if (file_scan_look(file))
			waits->judged++;
		else if (waited_ns > waits->patience_ns)
			file_scan_give_up(file, "hold_timeout");
	} else if (waited_ns > waits->tail_ns) {
		file_scan_peek(file);
	}
	return !file->wait.number;
}

/* The first that waits no more; what else waits may have changed when its flow was told. */
static bool any_settled(struct waits *waits)
{
	struct file *next;

	for (struct file *file = waits->first; file; file = next) {
		struct flow *flow = session_flow(file->tx->session);

		next = file->wait.newer;
		if (!one_look(waits, file))
			continue;
		waits->settled(waits->settled_arg, flow);
		return true;
	}
	return false;
}

void waits_turn(struct waits *waits, uint64_t now_ns)
{
	bool called;

	waits->now_ns = now_ns;
	called = atomic_exchange(&waits->woken, false);
	if (!waits->first || (!called && now_ns - waits->looked_ns < LOOK_NS))
		return;
	waits->looked_ns = now_ns;
	while (any_settled(waits)) {
	}
}
