// SPDX-License-Identifier: Apache-2.0
/*
 * Threads, batches and their hand-over. Called by the engine's one feeder; promises that a worker touches
 * nothing of another out of its turn, and that records are handed on in the order of the frames.
 */
#include "inspect/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/deal.h"

#define BATCHES 8 /* under way, so that a worker may be ahead of another by some */
#define BATCH_FRAMES 1024
#define BATCH_BYTES (1u << 20)
#define PHASE_ALL UINT8_MAX /* behind all packets of a frame */

enum item_kind { ITEM_FRAME, ITEM_TICK, ITEM_FINISH };

struct item {
	enum item_kind kind;
	uint64_t workers; /* one bit each: whom it concerns */
	size_t at; /* of its bytes in the batch */
	struct capture_packet frame;
	frame_drops drops;
};

struct batch {
	struct item items[BATCH_FRAMES];
	unsigned int item_cnt;
	uint8_t *bytes;
	size_t len, cap;
};

struct crew_worker {
	struct crew *crew;
	pthread_t thread;
	bool runs;
	uint64_t done; /* batches; under the crew's lock */
	unsigned int batch; /* that it is at */
	struct order_book books[BATCHES]; /* one for each batch */
	struct inspector inspector;
};

struct crew {
	const struct inspect_settings *settings;
	struct batch batches[BATCHES];
	struct dealer dealer;
	struct turns *turns;
	struct crew_worker *workers;
	unsigned int worker_cnt;
	pthread_mutex_t lock;
	pthread_cond_t has_more, is_done;
	/* Under the lock: */
	uint64_t given; /* batches that were handed over; the next is being filled */
	bool over;
	/* The feeder's alone: */
	uint64_t joined; /* batches whose records were handed on */
	uint64_t records;
};

static void book_line(void *arg, const char *bytes, size_t len)
{
	struct crew_worker *w = arg;

	order_put(&w->books[w->batch], &w->inspector.at, bytes, len);
}

/* --- workers --- */

static void item_work(struct crew_worker *w, struct batch *batch, struct item *item)
{
	struct capture_packet frame = item->frame;

	frame.bytes = batch->bytes + item->at;
	if (item->kind == ITEM_FRAME)
		inspector_frame(&w->inspector, &frame, &item->drops);
	else if (item->kind == ITEM_TICK)
		inspector_tick(&w->inspector, frame.time_ns, frame.number);
	else
		inspector_finish(&w->inspector, frame.time_ns);
}

/* Where the worker is when nothing of the batch is left for it; a tick's frame comes behind the tick. */
static struct order_key batch_end(const struct batch *batch)
{
	const struct item *last = &batch->items[batch->item_cnt - 1];

	return (struct order_key){
		.frame = last->kind == ITEM_FINISH ? UINT64_MAX : last->frame.number,
		.phase = last->kind == ITEM_FRAME ? PHASE_ALL : 0,
		.flow = UINT64_MAX,
	};
}

static void batch_work(struct crew_worker *w, struct batch *batch)
{
	uint64_t me = 1ull << w->inspector.number;
	struct order_key end = batch_end(batch);

	for (unsigned int i = 0; i < batch->item_cnt; i++)
		if (batch->items[i].workers & me)
			item_work(w, batch, &batch->items[i]);
	turns_say(w->crew->turns, w->inspector.number, &end);
}

static void *worker_run(void *arg)
{
	struct crew_worker *w = arg;
	struct crew *crew = w->crew;

	pthread_mutex_lock(&crew->lock);
	for (;;) {
		while (crew->given == w->done && !crew->over)
			pthread_cond_wait(&crew->has_more, &crew->lock);
		if (crew->given == w->done)
			break;
		pthread_mutex_unlock(&crew->lock);
		w->batch = w->done % BATCHES;
		batch_work(w, &crew->batches[w->batch]);
		pthread_mutex_lock(&crew->lock);
		w->done++;
		pthread_cond_signal(&crew->is_done);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* --- the feeder --- */

/* Batches that all workers are done with; waits until they are at least so many. */
static uint64_t crew_done(struct crew *crew, uint64_t least)
{
	uint64_t done;

	pthread_mutex_lock(&crew->lock);
	for (;;) {
		done = crew->given;
		for (unsigned int i = 0; i < crew->worker_cnt; i++)
			if (crew->workers[i].done < done)
				done = crew->workers[i].done;
		if (done >= least)
			break;
		pthread_cond_wait(&crew->is_done, &crew->lock);
	}
	pthread_mutex_unlock(&crew->lock);
	return done;
}

static void batch_join(struct crew *crew, unsigned int number)
{
	const struct engine_setup *setup = &crew->settings->setup;
	struct order_book *books[INSPECTORS_MAX];

	for (unsigned int i = 0; i < crew->worker_cnt; i++)
		books[i] = &crew->workers[i].books[number];
	crew->records += order_join(books, crew->worker_cnt, setup->line, setup->line_arg);
}

/* Hands on the records of what is done; waits until at most so many batches are under way. */
static void crew_join(struct crew *crew, uint64_t under_way)
{
	uint64_t least = crew->given > under_way ? crew->given - under_way : 0;
	uint64_t done = crew_done(crew, least);

	for (; crew->joined < done; crew->joined++)
		batch_join(crew, crew->joined % BATCHES);
}

/* Hands over what was filled; the one that is filled next is free. */
static void crew_give(struct crew *crew)
{
	struct batch *next;

	pthread_mutex_lock(&crew->lock);
	crew->given++;
	pthread_cond_broadcast(&crew->has_more);
	pthread_mutex_unlock(&crew->lock);
	crew_join(crew, BATCHES - 1);
	next = &crew->batches[crew->given % BATCHES];
	next->item_cnt = 0;
	next->len = 0;
}

static int batch_room(struct batch *batch, size_t len)
{
	size_t cap = len > BATCH_BYTES ? len : BATCH_BYTES;
	uint8_t *grown;

	if (batch->len + len <= batch->cap)
		return 0;
	grown = realloc(batch->bytes, cap);
	if (!grown)
		return -ENOMEM;
	batch->bytes = grown;
	batch->cap = cap;
	return 0;
}

static int item_put(struct crew *crew, enum item_kind kind, uint64_t workers,
		    const struct capture_packet *frame)
{
	struct batch *batch = &crew->batches[crew->given % BATCHES];
	struct item *item;
	int r;

	if (batch->item_cnt == BATCH_FRAMES ||
	    (batch->item_cnt && batch->len + frame->len > BATCH_BYTES)) {
		crew_give(crew);
		batch = &crew->batches[crew->given % BATCHES];
	}
	r = batch_room(batch, frame->len);
	if (r)
		return r;
	item = &batch->items[batch->item_cnt++];
	item->kind = kind;
	item->workers = workers;
	item->at = batch->len;
	item->frame = *frame;
	atomic_init(&item->drops, 0);
	if (frame->len)
		memcpy(batch->bytes + batch->len, frame->bytes, frame->len);
	batch->len += frame->len;
	return 0;
}

int crew_frame(struct crew *crew, const struct capture_packet *frame)
{
	return item_put(crew, ITEM_FRAME, dealer_ask(&crew->dealer, frame), frame);
}

int crew_tick(struct crew *crew, uint64_t now_ns, uint64_t frame)
{
	return item_put(crew, ITEM_TICK, DEAL_EVERYBODY,
			&(struct capture_packet){ .number = frame, .time_ns = now_ns });
}

void engine_tally_add(struct engine_tally *to, const struct engine_tally *from)
{
	to->packets += from->packets;
	to->bytes += from->bytes;
	to->flows += from->flows;
	to->alerts += from->alerts;
	to->drops += from->drops;
	to->records += from->records;
	to->invalid += from->invalid;
	to->evicted += from->evicted;
	to->events_lost += from->events_lost;
	to->alerts_lost += from->alerts_lost;
	to->repeated += from->repeated;
	to->memory_short += from->memory_short;
	counters_add(&to->counters, &from->counters);
}

void crew_rest(struct crew *crew)
{
	if (crew->batches[crew->given % BATCHES].item_cnt)
		crew_give(crew);
	crew_join(crew, 0);
}

struct inspector *crew_inspector(struct crew *crew, unsigned int i)
{
	return i < crew->worker_cnt ? &crew->workers[i].inspector : NULL;
}

int crew_finish(struct crew *crew, uint64_t now_ns, struct engine_tally *ret_tally)
{
	struct engine_tally tally = { 0 };
	int r = item_put(crew, ITEM_FINISH, DEAL_EVERYBODY,
			 &(struct capture_packet){ .time_ns = now_ns });

	crew_give(crew);
	crew_join(crew, 0);
	for (unsigned int i = 0; i < crew->worker_cnt; i++) {
		const struct engine_tally one = inspector_tally(&crew->workers[i].inspector);

		engine_tally_add(&tally, &one);
		for (int book = 0; book < BATCHES; book++)
			tally.memory_short += crew->workers[i].books[book].lost;
	}
	tally.records = crew->records;
	*ret_tally = tally;
	return r;
}

static int workers_begin(struct crew *crew)
{
	int r = turns_new(crew->settings->workers, &crew->turns);

	for (unsigned int i = 0; i < crew->settings->workers && !r; i++) {
		struct crew_worker *w = &crew->workers[i];

		crew->worker_cnt++;
		w->crew = crew;
		r = inspector_init(&w->inspector, crew->settings, i, book_line, w);
		if (!r)
			inspector_join(&w->inspector, &crew->workers[0].inspector, crew->turns);
	}
	for (unsigned int i = 0; i < crew->worker_cnt && !r; i++) {
		struct crew_worker *w = &crew->workers[i];

		r = -pthread_create(&w->thread, NULL, worker_run, w);
		w->runs = r == 0;
	}
	return r;
}

int crew_new(const struct inspect_settings *settings, struct crew **ret_crew)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	int r = -ENOMEM;

	if (!crew)
		return -ENOMEM;
	crew->settings = settings;
	dealer_init(&crew->dealer, settings);
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->has_more, NULL);
	pthread_cond_init(&crew->is_done, NULL);
	crew->workers = calloc(settings->workers, sizeof(*crew->workers));
	if (crew->workers)
		r = workers_begin(crew);
	if (r) {
		crew_free(crew);
		return r;
	}
	*ret_crew = crew;
	return 0;
}

static void threads_end(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->over = true;
	pthread_cond_broadcast(&crew->has_more);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned int i = 0; i < crew->worker_cnt; i++)
		if (crew->workers[i].runs)
			pthread_join(crew->workers[i].thread, NULL);
}

void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	threads_end(crew);
	for (unsigned int i = crew->worker_cnt; i-- > 0;) { /* the first has what all remember */
		struct crew_worker *w = &crew->workers[i];

		if (w->inspector.settings)
			inspector_free(&w->inspector);
		for (int book = 0; book < BATCHES; book++)
			order_free(&w->books[book]);
	}
	for (int i = 0; i < BATCHES; i++)
		free(crew->batches[i].bytes);
	turns_free(crew->turns);
	pthread_cond_destroy(&crew->has_more);
	pthread_cond_destroy(&crew->is_done);
	pthread_mutex_destroy(&crew->lock);
	free(crew->workers);
	free(crew);
}
