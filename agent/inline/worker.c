// SPDX-License-Identifier: Apache-2.0
/*
 * The thread: rings in turn, for each frame the engine's verdict, then out, back or nowhere. Called by
 * inline.c; promises a sign of life with every turn, and that the frames it has when it ends leave first.
 */
#include "inline/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "detect/detect.h"
#include "file/room.h"
#include "inline/hold.h"
#include "inline/serve.h"

#define BATCH 64
#define HELD_MS 10 /* between two looks where files are held */
#define REST_MS 100 /* between two signs of life where nothing comes */
#define LAST_TURNS 50 /* for what is on its way when it ends */
#define ETHERNET 1 /* LINKTYPE_ETHERNET */
#define SECOND 1000000000ull
#define TAIL_NS 100000000ull /* for the byte behind a file's last; then it is judged as it stands */

struct inline_worker {
	struct inline_worker_parts parts;
	pthread_t thread;
	bool runs;
	int wake_fd;
	atomic_bool ends;
	_Atomic(struct plan *) next; /* to be followed from now on */
	_Atomic(struct inline_exchange *) exchange; /* to be done */
	atomic_bool exchanged, serves;
	/* The thread's own: */
	struct plan *plan;
	struct inspect_settings settings;
	struct inspector inspector;
	struct serve serve;
	struct inspector_hold holds;
	struct hold *hold; /* NULL: nothing is */
	uint64_t frames, second; /* of the engine */
};

/* --- what the engine asks --- */

static void line_came(void *arg, const char *bytes, size_t len)
{
	struct inline_worker *w = arg;

	if (!lines_put(w->parts.lines, bytes, len))
		w->serve.worker->records_lost++;
}

static struct engine_owner owner_of(void *arg, uint16_t tenant)
{
	const struct inline_worker *w = arg;

	return (struct engine_owner){
		.tenant = w->plan && tenant < SEK_TENANTS_MAX ? w->plan->tenants[tenant] : "",
		.generation = w->plan ? w->plan->generation : 0,
		.closed = w->plan && tenant < SEK_TENANTS_MAX && w->plan->closed[tenant]
	};
}

static void wake(struct inline_worker *w)
{
	const uint64_t one = 1;

	(void)!write(w->wake_fd, &one, sizeof(one));
}

/* --- a frame leaves, or falls --- */

static void frame_stop(struct inline_worker *w, const struct xsk_frame *frame,
		       const struct sek_note *note, const struct inspect_verdict *verdict)
{
	if (verdict->ends || verdict->resets)
		serve_block(&w->serve, note, verdict->resets);
	xsk_give(w->serve.set, frame);
	w->serve.worker->dropped++;
}

static void frame_pass(struct inline_worker *w, const struct xsk_frame *frame,
		       const struct sek_note *note, bool over)
{
	if (xsk_send(w->serve.set, frame, note->out_port))
		w->serve.worker->sent++;
	else
		w->serve.worker->lost++;
	if (over)
		serve_back(&w->serve, note);
}

static void engine_end(struct inline_worker *w)
{
	inspector_free(&w->inspector);
	hold_free(w->hold);
	w->hold = NULL;
	inspect_settings_free(&w->settings);
}

/* --- files that are held --- */

static void held_wake(void *arg)
{
	wake(arg);
}

static void held_moved(void *arg, struct flow *flow, bool ends)
{
	struct inline_worker *w = arg;

	hold_review(w->hold, flow, ends);
}

static void held_send(void *arg, const uint8_t *bytes, uint32_t len, const struct sek_note *note,
		      bool over)
{
	struct inline_worker *w = arg;
	struct xsk_frame frame;

	if (w->serve.set && xsk_make(w->serve.set, bytes, len, &frame))
		frame_pass(w, &frame, note, over);
	else
		w->serve.worker->lost++;
}

static void held_block(void *arg, const struct sek_note *note, bool resets)
{
	struct inline_worker *w = arg;

	serve_block(&w->serve, note, resets);
}

static int hold_begin(struct inline_worker *w)
{
	const struct file_room *files = w->settings.setup.files;
	const struct hold_parts parts = { .max = files->hold.memory,
					  .tenant_max = files->hold.tenant_memory,
					  .send = held_send,
					  .block = held_block,
					  .arg = w };

	w->hold = hold_new(&parts);
	if (!w->hold)
		return -ENOMEM;
	w->holds = (struct inspector_hold){ .patience_ns = files->hold.seconds * SECOND,
					    .tail_ns = TAIL_NS,
					    .wake = held_wake,
					    .moved = held_moved,
					    .arg = w };
	inspector_hold(&w->inspector, &w->holds);
	return 0;
}

static int engine_begin(struct inline_worker *w)
{
	int r = w->parts.prepare(w->parts.arg, &w->settings);

	if (r)
		return r;
	w->settings.setup.owner = owner_of;
	w->settings.setup.owner_arg = w;
	r = inspector_init(&w->inspector, &w->settings, 0, line_came, w);
	if (r) {
		inspect_settings_free(&w->settings);
		return r;
	}
	r = hold_begin(w);
	if (r)
		engine_end(w);
	return r;
}

/* --- frames --- */

static void tick(struct inline_worker *w, uint64_t time_ns)
{
	if (time_ns / SECOND == w->second)
		return;
	w->second = time_ns / SECOND;
	inspector_tick(&w->inspector, time_ns, w->frames);
	serve_reckon(&w->serve);
	w->serve.worker->alerts = inspector_tally(&w->inspector).alerts;
}

static void frame_work(struct inline_worker *w, const struct xsk_frame *frame, uint64_t time_ns)
{
	struct capture_packet packet = { .number = ++w->frames,
					 .time_ns = time_ns,
					 .bytes = frame->bytes,
					 .len = frame->len,
					 .wire_len = frame->len,
					 .link = ETHERNET };
	struct inspect_verdict verdict;
	struct sek_note note;

	w->serve.worker->packets++;
	w->serve.worker->bytes += frame->len;
	memcpy(&note, frame->bytes - sizeof(note), sizeof(note));
	if (note.mark != SEK_NOTE_MARK) {
		w->serve.worker->lost++;
		xsk_give(w->serve.set, frame);
		return;
	}
	inspector_tenant(&w->inspector, note.tenant);
	inspector_frame(&w->inspector, &packet, NULL);
	verdict = inspector_verdict(&w->inspector);
	if (verdict.drops) {
		frame_stop(w, frame, &note, &verdict);
	} else if (w->hold && hold_takes(w->hold, &verdict, &note, frame->bytes, frame->len)) {
		xsk_give(w->serve.set, frame);
	} else {
		frame_pass(w, frame, &note, verdict.over);
	}
	if (w->hold && verdict.flow) {
		if (verdict.over && verdict.flow->state == FLOW_BYPASSED)
			hold_back(w->hold, verdict.flow, &note);
		hold_review(w->hold, verdict.flow, false);
	}
}

/* A batch of every ring. Returns how many frames came. */
static size_t rings_work(struct inline_worker *w)
{
	struct xsk_frame frames[BATCH];
	uint64_t time_ns = (uint64_t)clock_real_ns();
	size_t all = 0;

	tick(w, time_ns);
	inspector_turn(&w->inspector, time_ns);
	for (size_t i = 0; w->serve.set && i < xsk_cnt(w->serve.set); i++) {
		size_t cnt = xsk_take(w->serve.set, i, frames, BATCH);

		for (size_t k = 0; k < cnt; k++)
			frame_work(w, &frames[k], time_ns);
		all += cnt;
	}
	serve_turn(&w->serve);
	return all;
}

/* What is still in the rings goes on, in order; nothing new comes any more. */
static void rings_drain(struct inline_worker *w)
{
	serve_close(&w->serve);
	for (int turn = 0, quiet = 0; turn < LAST_TURNS && quiet < 2; turn++) {
		quiet = rings_work(w) ? 0 : quiet + 1;
		if (quiet)
			usleep(1000); /* a driver's poll that had begun */
	}
}

/* --- the thread --- */

static void plan_take(struct inline_worker *w)
{
	struct plan *plan = atomic_exchange(&w->next, NULL);

	if (!plan)
		return;
	if (!serve_fits(&w->serve, plan)) {
		rings_drain(w);
		(void)serve_ports(&w->serve, plan);
	}
	free(w->plan);
	w->plan = plan;
}

static void tell(struct inline_worker *w)
{
	const uint64_t one = 1;

	(void)!write(w->parts.told_fd, &one, sizeof(one));
}

/*
 * Other rules may want what the former did not: the kernel hands the flow over again, and the engine meets it
 * as one whose beginning it did not see. What is ciphered is so for any rules.
 */
static void flow_recall(void *arg, struct flow *flow, const struct sek_note *note)
{
	struct inline_worker *w = arg;

	if (!flow->session.encrypted && serve_recall(&w->serve, note))
		inspector_forget(&w->inspector, flow);
}

static void exchange_take(struct inline_worker *w)
{
	struct inline_exchange *x = atomic_exchange(&w->exchange, NULL);

	if (!x)
		return;
	x->err = inspect_settings_follow(&w->settings, x->ruleset);
	if (!x->err) {
		detect_exchange(w->inspector.detect, &x->scratch);
		hold_recall(w->hold, flow_recall, w);
	}
	atomic_store(&w->exchanged, true);
	tell(w);
}

static void wait_for_work(struct inline_worker *w)
{
	struct pollfd fds[XSK_SOCKETS_MAX + 1] = { { .fd = w->wake_fd, .events = POLLIN } };
	nfds_t cnt = 1;
	uint64_t woken;

	for (size_t i = 0; w->serve.set && i < xsk_cnt(w->serve.set); i++)
		fds[cnt++] = (struct pollfd){ .fd = xsk_fd(w->serve.set, i), .events = POLLIN };
	if (poll(fds, cnt, inspector_waits(&w->inspector) ? HELD_MS : REST_MS) > 0 && fds[0].revents)
		(void)!read(w->wake_fd, &woken, sizeof(woken));
}

static void serve_until_end(struct inline_worker *w)
{
	while (!atomic_load(&w->ends)) {
		serve_beat(&w->serve, clock_mono_ns());
		plan_take(w);
		exchange_take(w);
		if (rings_work(w))
			tell(w);
		else
			wait_for_work(w);
	}
	rings_drain(w);
	inspector_finish(&w->inspector, 0);
	serve_turn(&w->serve); /* what was held */
	tell(w);
}

static void *worker_run(void *arg)
{
	struct inline_worker *w = arg;
	int r = engine_begin(w);

	if (r) {
		log_error("inspection: it does not begin: %s; flows to inspect are as `fail:` says",
			  strerror(-r));
		return NULL;
	}
	r = serve_init(&w->serve, w->parts.gate);
	if (!r) {
		log_info("inspection: a worker serves");
		atomic_store(&w->serves, true);
		serve_until_end(w);
		serve_end(&w->serve);
	}
	engine_end(w);
	return NULL;
}

int inline_worker_new(const struct inline_worker_parts *parts, struct inline_worker **ret_worker)
{
	struct inline_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->parts = *parts;
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->wake_fd < 0) {
		int r = -errno;

		free(w);
		return r;
	}
	*ret_worker = w;
	return 0;
}

/* Signals are the loop's. */
int inline_worker_start(struct inline_worker *w)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&w->thread, NULL, worker_run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->runs = r == 0;
	return r;
}

void inline_worker_follow(struct inline_worker *w, struct plan *plan)
{
	free(atomic_exchange(&w->next, plan));
	wake(w);
}

bool inline_worker_serves(struct inline_worker *w)
{
	return atomic_load(&w->serves);
}

void inline_worker_exchange(struct inline_worker *w, struct inline_exchange *exchange)
{
	atomic_store(&w->exchange, exchange);
	wake(w);
}

bool inline_worker_exchanged(struct inline_worker *w)
{
	return atomic_exchange(&w->exchanged, false);
}

void inline_worker_free(struct inline_worker *w)
{
	if (!w)
		return;
	atomic_store(&w->ends, true);
	wake(w);
	if (w->runs)
		pthread_join(w->thread, NULL);
	free(atomic_load(&w->next));
	free(w->plan);
	close(w->wake_fd);
	free(w);
}
