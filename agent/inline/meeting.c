// SPDX-License-Identifier: Apache-2.0
/*
 * A barrier whose last comer works. Called by worker.c; promises that what he has written is seen by all when
 * they leave.
 */
#include "inline/meeting.h"

void meeting_init(struct meeting *m, unsigned int members)
{
	*m = (struct meeting){ .members = members };
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->over, NULL);
}

void meeting_end(struct meeting *m)
{
	pthread_cond_destroy(&m->over);
	pthread_mutex_destroy(&m->lock);
}

void meeting_cancel(struct meeting *m)
{
	pthread_mutex_lock(&m->lock);
	m->off = true;
	pthread_cond_broadcast(&m->over);
	pthread_mutex_unlock(&m->lock);
}

void meeting_call(struct meeting *m)
{
	atomic_fetch_add(&m->called, 1);
}

void meeting_attend(struct meeting *m, void (*work)(void *arg), void *arg)
{
	unsigned int held;

	pthread_mutex_lock(&m->lock);
	held = m->held;
	if (++m->there == m->members) {
		work(arg);
		m->there = 0;
		m->held++;
		pthread_cond_broadcast(&m->over);
	}
	while (m->held == held && !m->off)
		pthread_cond_wait(&m->over, &m->lock);
	pthread_mutex_unlock(&m->lock);
}
