// SPDX-License-Identifier: Apache-2.0
/*
 * Rings in turn, for each frame the engine's verdict, then out, back or nowhere. Called by crew.c in the
 * worker's thread; promises a sign of life with every turn, and that the frames it has when it ends leave
 * first.
 */
#include "inline/worker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/loop.h"
#include "detect/detect.h"
#include "file/room.h"
#include "inline/clamp.h"
#include "sekisho/verdict.h"

#define BATCH 64
#define TURN_FRAMES 256 /* at most, and */
#define TURN_NS                                                                                    \
	250000ull /* not much longer, before the rings are looked at again for other bodies' */
#define TURN_LOOKS 8 /* frames between two looks at the clock */
#define BRAKE_MS 1 /* between two looks where a flow is braked */
#define HELD_MS 10 /* between two looks where files are held */
#define REST_MS 100 /* between two signs of life where nothing comes */
#define LINES_MS 50 /* until the loop is told of a line: it writes many at once */
#define LAST_TURNS 50 /* for what is on its way when it ends */
#define ETHERNET 1 /* LINKTYPE_ETHERNET */
#define SECOND 1000000000ull
#define TAIL_NS 100000000ull /* for the byte behind a file's last; then it is judged as it stands */

/* --- what the engine asks --- */

static void line_came(void *arg, const char *bytes, size_t len)
{
	struct inline_worker *w = arg;

	if (!lines_put(w->crew->parts.lines[w->number], bytes, len))
		w->serve.worker->records_lost++;
	if (!w->has_lines)
		w->lines_due_ns = w->now_ns + LINES_MS * 1000000ull;
	w->has_lines = true;
}

/*
 * What is remembered of hosts and times is all workers': the few frames that touch it come one after the
 * other.
 */
static void turn_await(void *arg)
{
	struct inline_worker *w = arg;

	if (w->in_turn)
		return;
	pthread_mutex_lock(&w->crew->turn);
	w->in_turn = true;
}

static void turn_end(struct inline_worker *w)
{
	if (!w->in_turn)
		return;
	w->in_turn = false;
	pthread_mutex_unlock(&w->crew->turn);
}

/* --- a frame leaves, or falls --- */

/* In its place both ends of a connection are told, at once. */
static void resets_send(struct inline_worker *w, const struct xsk_frame *frame,
			const struct sek_note *note)
{
	struct reset_frame resets[2];
	size_t cnt = resets_make(w->resets, note, frame->bytes, frame->len, resets);
	struct xsk_frame made;

	for (size_t i = 0; i < cnt; i++)
		if (xsk_make(w->serve.set, resets[i].bytes, resets[i].len, &made))
			(void)xsk_send(w->serve.set, &made, resets[i].out_port);
}

static enum sek_stop_why stop_why(enum packet_drop drop)
{
	switch (drop) {
	case DROP_NONE:
	case DROP_RULES:
	case DROP_THRESHOLD:
		return SEK_STOP_RULE;
	case DROP_FLOW:
		return SEK_STOP_FLOW;
	case DROP_FILE:
		return SEK_STOP_FILE;
	case DROP_DATAGRAM:
		return SEK_STOP_DATAGRAM;
	case DROP_DEFRAG_MEMCAP:
	case DROP_FLOW_MEMCAP:
	case DROP_STREAM_MEMCAP:
	case DROP_STREAM_REASSEMBLY:
		return SEK_STOP_MEMORY;
	default:
		return SEK_STOP_OTHER;
	}
}

static void frame_stop(struct inline_worker *w, const struct xsk_frame *frame,
		       const struct sek_note *note, const struct inspect_verdict *verdict)
{
	if (verdict->ends || verdict->resets)
		serve_block(&w->serve, note, verdict->resets);
	if (verdict->resets)
		resets_send(w, frame, note);
	xsk_give(w->serve.set, frame);
	w->serve.worker->dropped++;
	w->serve.worker->stops[stop_why(verdict->drop)]++;
}

static void frame_pass(struct inline_worker *w, const struct xsk_frame *frame,
		       const struct sek_note *note, bool over, bool quiet, enum sek_back_why why)
{
	if (over)
		brake_passed(w->brake, note, w->now_ns);
	clamp_segment_size(frame->bytes, frame->len);
	if (xsk_send(w->serve.set, frame, note->out_port))
		w->serve.worker->sent++;
	else
		w->serve.worker->lost++;
	if (w->handed_cnt < INLINE_WAITS_MAX)
		w->handed[w->handed_cnt++] = note->handed_ns;
	if (over || quiet)
		serve_back(&w->serve, note, !over, why);
}

/* --- what waits until a flow can be taken back --- */

static bool brake_recalls(void *arg, const struct sek_note *note)
{
	struct inline_worker *w = arg;

	return serve_recall_other(&w->serve, note);
}

static bool brake_asks(void *arg, const struct sek_note *note)
{
	struct inline_worker *w = arg;

	return serve_is_back(&w->serve, note);
}

static void brake_sends(void *arg, const struct brake_frame *frame)
{
	struct inline_worker *w = arg;
	struct xsk_frame made;

	if (w->serve.set && xsk_make(w->serve.set, frame->bytes, frame->len, &made))
		frame_pass(w, &made, &frame->note, frame->over, frame->quiet,
			   (enum sek_back_why)frame->why);
	else
		w->serve.worker->lost++;
}

static bool brake_has(struct inline_worker *w, const struct xsk_frame *frame,
		      const struct sek_note *note, const struct inspect_verdict *verdict)
{
	const struct brake_frame waits = { .note = *note,
					   .over = verdict->over,
					   .quiet = verdict->quiet,
					   .why = (uint8_t)verdict->why,
					   .len = frame->len,
					   .bytes = frame->bytes };

	return brake_takes(w->brake, &waits);
}

/* --- files that are held --- */

static void held_wake(void *arg)
{
	inline_worker_wake(arg);
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
		frame_pass(w, &frame, note, over, false, SEK_BACK_DEPTH);
	else
		w->serve.worker->lost++;
}

static void held_block(void *arg, const struct sek_note *note, bool resets)
{
	struct inline_worker *w = arg;

	serve_block(&w->serve, note, resets);
}

/* Of all workers so much. */
static int hold_begin(struct inline_worker *w)
{
	const struct file_room *files = w->crew->settings.setup.files;
	const struct hold_parts parts = { .max = files->hold.memory / w->crew->parts.workers,
					  .tenant_max = files->hold.tenant_memory /
							w->crew->parts.workers,
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

static void held_tell(struct inline_worker *w)
{
	const struct hold_tally tally = hold_tally(w->hold);
	const struct waits *waits = &w->inspector.waits;
	struct sek_worker *told = w->serve.worker;

	told->held_now = tally.frames;
	told->held_now_bytes = tally.bytes;
	told->held_most_bytes = tally.most;
	told->held = tally.held;
	told->held_no_room = tally.full;
	told->files_judged = waits->judged;
	told->files_late_open = waits->late_open;
	told->files_late_closed = waits->late_closed;
}

/* --- frames --- */

static void rate_tell(struct inline_worker *w)
{
	struct sek_worker *told = w->serve.worker;

	told->rate_packets = told->packets - w->second_packets;
	told->rate_bytes = told->bytes - w->second_bytes;
	w->second_packets = told->packets;
	w->second_bytes = told->bytes;
}

static void tick(struct inline_worker *w, uint64_t time_ns)
{
	if (time_ns / SECOND == w->second)
		return;
	w->second = time_ns / SECOND;
	inspector_tick(&w->inspector, time_ns, w->frames);
	turn_end(w);
	serve_reckon(&w->serve);
	w->serve.worker->alerts = inspector_tally(&w->inspector).alerts;
	rate_tell(w);
}

/* The engine is to see its numbers, and no gap where the gateway has answered. */
static struct inspect_cookie cookie_of(const struct sek_note *note)
{
	return (struct inspect_cookie){ .opened = note->flags & SEK_NOTE_COOKIE,
					.ahead = note->dir == SEK_OUT ? note->shift : 0 };
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
	resets_keep(w->resets, &note, frame->bytes, frame->len);
	inspector_tenant(&w->inspector, note.tenant);
	inspector_outside(&w->inspector, note.first_ns);
	inspector_cookie(&w->inspector, cookie_of(&note));
	inspector_frame(&w->inspector, &packet, NULL);
	turn_end(w);
	verdict = inspector_verdict(&w->inspector);
	if (verdict.own && (verdict.news || verdict.over))
		serve_show(&w->serve, &note, verdict.own);
	if (verdict.drops) {
		frame_stop(w, frame, &note, &verdict);
	} else if (w->hold && hold_takes(w->hold, &verdict, &note, frame->bytes, frame->len)) {
		brake_let_go(w->brake, &note); /* what came before it must leave before it */
		xsk_give(w->serve.set, frame);
	} else if (brake_has(w, frame, &note, &verdict)) {
		xsk_give(w->serve.set, frame);
	} else {
		frame_pass(w, frame, &note, verdict.over, verdict.quiet, verdict.why);
	}
	if (w->hold && verdict.flow) {
		if (verdict.over && verdict.flow->state == FLOW_BYPASSED)
			hold_back(w->hold, verdict.flow, &note);
		hold_review(w->hold, verdict.flow, false);
	}
}

/* Of the frames of a turn, which are now on their way. */
static void waits_tell(struct inline_worker *w)
{
	uint32_t now_ns = (uint32_t)clock_mono_ns();

	for (size_t i = 0; i < w->handed_cnt; i++)
		w->serve.worker->waits[sek_wait_place(now_ns - w->handed[i])]++;
	w->handed_cnt = 0;
}

static void frame_came(struct inline_worker *w, const struct xsk_frame *frame)
{
	struct sek_note note;

	memcpy(&note, frame->bytes - sizeof(note), sizeof(note));
	if (note.mark == SEK_NOTE_MARK && fair_put(w->fair, note.tenant, frame))
		return;
	w->serve.worker->lost++;
	xsk_give(w->serve.set, frame);
}

/* All that is in the rings, so that each body's turn comes whatever is in front of its frames there. */
static void rings_take(struct inline_worker *w)
{
	struct xsk_frame frames[BATCH];
	size_t cnt;

	for (size_t i = 0; i < w->serve.queue_cnt; i++)
		do {
			cnt = xsk_take(w->serve.set, i, frames, BATCH);
			for (size_t k = 0; k < cnt; k++)
				frame_came(w, &frames[k]);
		} while (cnt == BATCH);
}

/* A turn's frames. Returns how many there were. */
static size_t frames_work(struct inline_worker *w, uint64_t time_ns)
{
	uint64_t until_ns = clock_mono_ns() + TURN_NS;
	struct xsk_frame frame;
	uint16_t tenant;
	size_t cnt = 0;

	while (cnt < TURN_FRAMES && (cnt % TURN_LOOKS || clock_mono_ns() < until_ns) &&
	       fair_take(w->fair, &frame, &tenant)) {
		serve_took(&w->serve, tenant);
		frame_work(w, &frame, time_ns);
		cnt++;
	}
	return cnt;
}

/* Returns how many frames were looked at. */
static size_t rings_work(struct inline_worker *w)
{
	uint64_t time_ns = (uint64_t)clock_real_ns();
	size_t cnt;

	tick(w, time_ns);
	inspector_turn(&w->inspector, time_ns);
	turn_end(w);
	rings_take(w);
	cnt = frames_work(w, time_ns);
	if (!cnt)
		serve_rests(&w->serve);
	serve_turn(&w->serve);
	brake_turn(w->brake, w->now_ns);
	if (w->handed_cnt)
		waits_tell(w);
	held_tell(w);
	return cnt;
}

static void brakes_off(struct inline_worker *w)
{
	brake_turn(w->brake, w->now_ns + BRAKE_NS);
}

/* What is still in the rings goes on, in order; nothing new comes any more. */
static void rings_drain(struct inline_worker *w)
{
	service_close(&w->crew->service);
	brakes_off(w);
	for (int turn = 0, quiet = 0; (turn < LAST_TURNS || fair_cnt(w->fair)) && quiet < 2; turn++) {
		quiet = rings_work(w) ? 0 : quiet + 1;
		if (quiet)
			usleep(1000); /* a driver's poll that had begun */
	}
	brakes_off(w);
}

/* --- meetings: the last worker to come works for all --- */

static void plan_adopt(struct inline_crew *c)
{
	struct plan *plan = atomic_exchange(&c->next, NULL);

	if (!plan)
		return;
	c->reopens = !service_fits(&c->service, plan);
	if (c->reopens)
		service_close(&c->service);
	free(c->plan);
	c->plan = plan;
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

static void exchange_do(struct inline_crew *c)
{
	struct inline_exchange *x = atomic_exchange(&c->exchange, NULL);
	const uint64_t one = 1;

	if (!x)
		return;
	x->err = inspect_settings_follow(&c->settings, x->ruleset);
	for (unsigned int i = 0; !x->err && i < c->parts.workers; i++) {
		detect_exchange(c->workers[i].inspector.detect, &x->scratch[i]);
		hold_recall(c->workers[i].hold, flow_recall, &c->workers[i]);
		turn_end(&c->workers[i]);
	}
	atomic_store(&c->exchanged, true);
	(void)!write(c->parts.told_fd, &one, sizeof(one));
}

static void changes_adopt(void *arg)
{
	plan_adopt(arg);
	exchange_do(arg);
}

static void ports_reopen(void *arg)
{
	struct inline_crew *c = arg;

	(void)service_ports(&c->service, c->plan);
	for (unsigned int i = 0; i < c->parts.workers; i++)
		serve_take(&c->workers[i].serve);
	c->reopens = false;
}

static void meet(struct inline_worker *w)
{
	struct inline_crew *c = w->crew;

	w->attended++;
	meeting_attend(&c->meeting, changes_adopt, c);
	if (!c->reopens)
		return;
	rings_drain(w);
	meeting_attend(&c->meeting, ports_reopen, c);
}

/* --- the thread --- */

static bool lines_are_due(const struct inline_worker *w)
{
	return w->has_lines &&
	       (w->now_ns >= w->lines_due_ns || lines_are_many(w->crew->parts.lines[w->number]));
}

static void lines_tell(struct inline_worker *w)
{
	const uint64_t one = 1;

	w->has_lines = false;
	(void)!write(w->crew->parts.told_fd, &one, sizeof(one));
}

static int rest_ms(const struct inline_worker *w)
{
	if (brake_waits(w->brake))
		return BRAKE_MS;
	if (inspector_waits(&w->inspector))
		return HELD_MS;
	return w->has_lines ? LINES_MS : REST_MS;
}

/* Not by poll(), which asks each socket, and each socket then looks whether something is to be sent. */
static void wait_for_work(struct inline_worker *w)
{
	struct epoll_event events[4];
	bool rests = !w->serve.set || xsk_rest(w->serve.set);
	int cnt = rests ? epoll_wait(w->serve.epoll, events, 4, rest_ms(w)) : 0;
	uint64_t woken;

	for (int i = 0; i < cnt; i++)
		if (events[i].data.fd == w->wake_fd)
			(void)!read(w->wake_fd, &woken, sizeof(woken));
	if (w->serve.set)
		xsk_woken(w->serve.set);
}

/* The n-th of the CPUs that this process may have; where there are not so many, the kernel chooses. */
static void cpu_take(unsigned int n)
{
	cpu_set_t mine, one;

	if (pthread_getaffinity_np(pthread_self(), sizeof(mine), &mine))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &mine) || n--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		(void)pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
		return;
	}
}

void inline_worker_serve(struct inline_worker *w)
{
	struct inline_crew *c = w->crew;
	bool ends = false;

	cpu_take(w->number);
	serve_begin(&w->serve, &c->service, w->number, w->wake_fd);
	while (!ends) {
		ends = atomic_load(
			&c->ends); /* before it is asked for meetings: nobody may wait in vain */
		w->now_ns = clock_mono_ns();
		serve_beat(&w->serve, w->now_ns);
		if (meeting_wants(&c->meeting, w->attended)) {
			meet(w);
			ends = false;
		} else if (!rings_work(w) && !ends) {
			wait_for_work(w);
		}
		if (lines_are_due(w))
			lines_tell(w);
	}
	rings_drain(w);
	inspector_finish(&w->inspector, 0);
	turn_end(w);
	serve_turn(&w->serve); /* what was held */
	held_tell(w);
	serve_end(&w->serve);
	lines_tell(w);
}

void inline_worker_wake(struct inline_worker *w)
{
	const uint64_t one = 1;

	(void)!write(w->wake_fd, &one, sizeof(one));
}

/* --- making --- */

int inline_worker_init(struct inline_worker *w, struct inline_crew *crew, unsigned int number)
{
	int r;

	w->crew = crew;
	w->number = number;
	r = inspector_init(&w->inspector, &crew->settings, 0, line_came, w);
	if (!r)
		inspector_share(&w->inspector, &crew->workers[0].inspector, turn_await, w);
	w->resets = resets_new();
	w->fair = fair_new();
	w->brake = brake_new(&(struct brake_parts){ brake_recalls, brake_asks, brake_sends, w });
	if (!r && (!w->resets || !w->fair || !w->brake))
		r = -ENOMEM;
	return r ? r : hold_begin(w);
}

void inline_worker_free(struct inline_worker *w)
{
	if (w->inspector.settings)
		inspector_free(&w->inspector);
	turn_end(w);
	hold_free(w->hold);
	brake_free(w->brake);
	resets_free(w->resets);
	fair_free(w->fair);
	close(w->wake_fd);
}
