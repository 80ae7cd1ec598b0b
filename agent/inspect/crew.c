// SPDX-License-Identifier: Apache-2.0
/*
 * Threads, batches and their hand-over. Called by the engine's one feeder; promises that a worker touches
 * nothing of another, and that what is read is complete before it is handed on.
 */
#include "inspect/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/order.h"

#define BATCH_FRAMES 4096
#define BATCH_BYTES (4u << 20)
#define EVERYBODY UINT64_MAX

enum item_kind { ITEM_FRAME, ITEM_TICK, ITEM_FINISH };

struct item {
	enum item_kind kind;
	uint64_t workers; /* one bit each: whom it concerns */
	size_t at; /* of its bytes in the batch */
	struct capture_packet frame;
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
	unsigned int batch; /* that it is at */
	struct order_book books[2]; /* one for each batch */
	struct inspector inspector;
};

struct crew {
	const struct inspect_settings *settings;
	struct batch batches[2];
	unsigned int filling; /* which batch the feeder fills */
	struct decoder decoder; /* to see whom a frame concerns */
	struct crew_worker *workers;
	unsigned int worker_cnt;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under the lock: */
	uint64_t given; /* batches that were handed over */
	unsigned int busy; /* workers that are not done with the last one */
	bool over;
	bool is_out[2]; /* the books of a batch wait to be joined; the feeder's alone */
	uint64_t records;
};

static void book_line(void *arg, const char *bytes, size_t len)
{
	struct crew_worker *w = arg;
	const struct order_key key = { .frame = w->inspector.at_frame,
				       .phase = w->inspector.at_phase,
				       .flow = w->inspector.at_flow };

	order_put(&w->books[w->batch], &key, bytes, len);
}

/* --- workers --- */

static void batch_work(struct crew_worker *w, struct batch *batch)
{
	uint64_t me = 1ull << w->inspector.number;

	for (unsigned int i = 0; i < batch->item_cnt; i++) {
		struct item *item = &batch->items[i];
		struct capture_packet frame = item->frame;

		if (!(item->workers & me))
			continue;
		frame.bytes = batch->bytes + item->at;
		if (item->kind == ITEM_FRAME)
			inspector_frame(&w->inspector, &frame);
		else if (item->kind == ITEM_TICK)
			inspector_tick(&w->inspector, frame.time_ns, frame.number);
		else
			inspector_finish(&w->inspector);
	}
}

static void *worker_run(void *arg)
{
	struct crew_worker *w = arg;
	struct crew *crew = w->crew;
	uint64_t done = 0;

	for (;;) {
		pthread_mutex_lock(&crew->lock);
		while (crew->given == done && !crew->over)
			pthread_cond_wait(&crew->changed, &crew->lock);
		if (crew->given == done) {
			pthread_mutex_unlock(&crew->lock);
			return NULL;
		}
		pthread_mutex_unlock(&crew->lock);
		w->batch = done % 2;
		batch_work(w, &crew->batches[w->batch]);
		done++;
		pthread_mutex_lock(&crew->lock);
		if (--crew->busy == 0)
			pthread_cond_broadcast(&crew->changed);
		pthread_mutex_unlock(&crew->lock);
	}
}

/* --- the feeder --- */

static void crew_wait(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	while (crew->busy)
		pthread_cond_wait(&crew->changed, &crew->lock);
	pthread_mutex_unlock(&crew->lock);
}

static void crew_join(struct crew *crew, unsigned int number)
{
	const struct engine_setup *setup = &crew->settings->setup;
	struct order_book *books[CREW_MAX];

	if (!crew->is_out[number])
		return;
	crew->is_out[number] = false;
	for (unsigned int i = 0; i < crew->worker_cnt; i++)
		books[i] = &crew->workers[i].books[number];
	crew->records += order_join(books, crew->worker_cnt, setup->line, setup->line_arg);
}

/* Hands over what was filled; the one before is joined while it is worked on. */
static void crew_give(struct crew *crew)
{
	unsigned int given = crew->filling, before = 1 - given;

	crew_wait(crew);
	pthread_mutex_lock(&crew->lock);
	crew->busy = crew->worker_cnt;
	crew->given++;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
	crew_join(crew, before);
	crew->is_out[given] = true;
	crew->filling = before;
	crew->batches[before].item_cnt = 0;
	crew->batches[before].len = 0;
}

static int item_put(struct crew *crew, enum item_kind kind, uint64_t workers,
		    const struct capture_packet *frame)
{
	struct batch *batch = &crew->batches[crew->filling];
	struct item *item;

	if (batch->item_cnt == BATCH_FRAMES || batch->len + frame->len > BATCH_BYTES) {
		crew_give(crew);
		batch = &crew->batches[crew->filling];
	}
	if (batch->len + frame->len > batch->cap) {
		size_t cap = frame->len > BATCH_BYTES ? frame->len : BATCH_BYTES;
		uint8_t *grown = realloc(batch->bytes, cap);

		if (!grown)
			return -ENOMEM;
		batch->bytes = grown;
		batch->cap = cap;
	}
	item = &batch->items[batch->item_cnt++];
	*item = (struct item){ .kind = kind, .workers = workers, .at = batch->len, .frame = *frame };
	if (frame->len)
		memcpy(batch->bytes + batch->len, frame->bytes, frame->len);
	batch->len += frame->len;
	return 0;
}

int crew_frame(struct crew *crew, const struct capture_packet *frame)
{
	uint64_t workers = 0;
	unsigned int cnt = decode_frame(&crew->decoder, frame);

	for (unsigned int i = 0; i < cnt; i++) {
		const struct packet *p = &crew->decoder.packets[i];

		/* Whose packets are inside is known only when the fragments are together. */
		if (p->is_fragment)
			workers = EVERYBODY;
		workers |= 1ull << inspector_of(crew->settings, p);
	}
	return item_put(crew, ITEM_FRAME, workers, frame);
}

int crew_tick(struct crew *crew, uint64_t now_ns, uint64_t frame)
{
	return item_put(crew, ITEM_TICK, EVERYBODY,
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
	to->memory_short += from->memory_short;
	counters_add(&to->counters, &from->counters);
}

int crew_finish(struct crew *crew, struct engine_tally *ret_tally)
{
	struct engine_tally tally = { 0 };
	int r = item_put(crew, ITEM_FINISH, EVERYBODY, &(struct capture_packet){ .number = 0 });

	crew_give(crew);
	crew_wait(crew);
	for (unsigned int i = 0; i < crew->worker_cnt; i++) {
		const struct engine_tally one = inspector_tally(&crew->workers[i].inspector);

		engine_tally_add(&tally, &one);
		tally.memory_short += crew->workers[i].books[0].lost + crew->workers[i].books[1].lost;
	}
	crew_join(crew, 1 - crew->filling);
	tally.records = crew->records;
	*ret_tally = tally;
	return r;
}

static int worker_begin(struct crew *crew, unsigned int number)
{
	struct crew_worker *w = &crew->workers[number];
	int r;

	w->crew = crew;
	r = inspector_init(&w->inspector, crew->settings, number, book_line, w);
	if (r)
		return r;
	r = pthread_create(&w->thread, NULL, worker_run, w);
	w->runs = r == 0;
	return -r;
}

int crew_new(const struct inspect_settings *settings, struct crew **ret_crew)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	int r = 0;

	if (!crew)
		return -ENOMEM;
	crew->settings = settings;
	crew->decoder.settings = &settings->decode;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->changed, NULL);
	crew->workers = calloc(settings->workers, sizeof(*crew->workers));
	if (!crew->workers)
		r = -ENOMEM;
	for (unsigned int i = 0; i < settings->workers && !r; i++) {
		crew->worker_cnt++;
		r = worker_begin(crew, i);
	}
	if (r) {
		crew_free(crew);
		return r;
	}
	*ret_crew = crew;
	return 0;
}

void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	crew_wait(crew);
	pthread_mutex_lock(&crew->lock);
	crew->over = true;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned int i = 0; i < crew->worker_cnt; i++) {
		struct crew_worker *w = &crew->workers[i];

		if (w->runs)
			pthread_join(w->thread, NULL);
		if (w->inspector.settings)
			inspector_free(&w->inspector);
		order_free(&w->books[0]);
		order_free(&w->books[1]);
	}
	for (int i = 0; i < 2; i++)
		free(crew->batches[i].bytes);
	pthread_cond_destroy(&crew->changed);
	pthread_mutex_destroy(&crew->lock);
	free(crew->workers);
	free(crew);
}
