/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread, two lists, one eventfd. Owned by agent.c.
 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define JOBS_MAX 64

struct job {
	struct job *next;
	void (*run)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

struct queue {
	struct job *first, **end;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue waiting, finished;
	size_t cnt;
	bool started, stop;
	bool unfinished; /* a job has run, and is not done yet */
	int notice;
	struct source *source;
};

static void queue_put(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct job *queue_take(struct queue *queue)
{
	struct job *job = queue->first;

	if (job) {
		queue->first = job->next;
		if (!queue->first)
			queue->end = &queue->first;
	}
	return job;
}

static void *worker_loop(void *arg)
{
	struct worker *w = arg;
	const uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct job *job = w->unfinished ? NULL : queue_take(&w->waiting);

		if (!job) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		job->run(job->arg);
		pthread_mutex_lock(&w->lock);
		queue_put(&w->finished, job);
		w->unfinished = true;
		/* The counter of an eventfd cannot overflow with so few jobs. */
		if (write(w->notice, &one, sizeof(one)) < 0)
			break;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void finished_ready(void *arg, uint32_t events)
{
	struct worker *w = arg;
	uint64_t cnt;

	if (read(w->notice, &cnt, sizeof(cnt)) < 0)
		return;
	for (;;) {
		struct job *job;

		pthread_mutex_lock(&w->lock);
		job = queue_take(&w->finished);
		if (job)
			w->cnt--;
		pthread_mutex_unlock(&w->lock);
		if (!job)
			return;
		job->done(job->arg);
		free(job);
		pthread_mutex_lock(&w->lock);
		w->unfinished = false;
		pthread_cond_signal(&w->wake);
		pthread_mutex_unlock(&w->lock);
	}
}

/* Signals belong to the loop's thread. */
int worker_start(struct worker *w)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, worker_loop, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->started = !err;
	return -err;
}

int worker_new(struct loop *loop, struct worker **ret_worker)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->waiting.end = &w->waiting.first;
	w->finished.end = &w->finished.first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->notice = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->notice < 0) {
		err = -errno;
		goto free_worker;
	}
	err = loop_add(loop, w->notice, EPOLLIN, finished_ready, w, &w->source);
	if (err)
		goto close_notice;
	*ret_worker = w;
	return 0;

close_notice:
	close(w->notice);
free_worker:
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return err;
}

void worker_free(struct worker *w)
{
	struct job *job;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (w->started)
		pthread_join(w->thread, NULL);
	while ((job = queue_take(&w->finished)) || (job = queue_take(&w->waiting))) {
		job->done(job->arg);
		free(job);
	}
	source_remove(w->source);
	close(w->notice);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int worker_post(struct worker *w, void (*run)(void *arg), void (*done)(void *arg), void *arg)
{
	struct job *job;
	int err = 0;

	job = malloc(sizeof(*job));
	if (!job)
		return -ENOMEM;
	*job = (struct job){ .run = run, .done = done, .arg = arg };
	pthread_mutex_lock(&w->lock);
	if (w->cnt >= JOBS_MAX) {
		err = -EBUSY;
	} else {
		w->cnt++;
		queue_put(&w->waiting, job);
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	if (err)
		free(job);
	return err;
}
