/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll behind sources. Owned by agent.c, used by every part that waits. A callback may remove any
 * source, its own included: the dead are freed after the round in which they died.
 */
#include "base/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct source {
	struct loop *loop;
	struct source *next, **back;
	int fd;
	bool timer, dead;
	void (*ready)(void *arg, uint32_t events);
	void (*fire)(void *arg);
	void *arg;
};

struct loop {
	int epoll;
	bool stop;
	struct source *live, *dead;
};

uint64_t clock_mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int64_t clock_real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_real_offset(void)
{
	return clock_real_ns() - (int64_t)clock_mono_ns();
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		int err = -errno;

		free(loop);
		return err;
	}
	*ret_loop = loop;
	return 0;
}

static void dead_free(struct loop *loop)
{
	while (loop->dead) {
		struct source *s = loop->dead;

		loop->dead = s->next;
		free(s);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->live)
		source_remove(loop->live);
	dead_free(loop);
	close(loop->epoll);
	free(loop);
}

static int source_new(struct loop *loop, int fd, uint32_t events, struct source **ret_source)
{
	struct source *s = calloc(1, sizeof(*s));
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->fd = fd;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int err = -errno;

		free(s);
		return err;
	}
	s->next = loop->live;
	s->back = &loop->live;
	if (s->next)
		s->next->back = &s->next;
	loop->live = s;
	*ret_source = s;
	return 0;
}

int loop_add(struct loop *loop, int fd, uint32_t events, void (*ready)(void *arg, uint32_t events),
	     void *arg, struct source **ret_source)
{
	struct source *s = NULL;
	int err = source_new(loop, fd, events, &s);

	if (err || !s)
		return err;
	s->ready = ready;
	s->arg = arg;
	*ret_source = s;
	return 0;
}

int source_wait(struct source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	return epoll_ctl(s->loop->epoll, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

void source_remove(struct source *s)
{
	if (!s || s->dead)
		return;
	epoll_ctl(s->loop->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	if (s->timer)
		close(s->fd);
	s->dead = true;
	*s->back = s->next;
	if (s->next)
		s->next->back = s->back;
	s->next = s->loop->dead;
	s->loop->dead = s;
}

int source_arm(struct source *s, uint64_t first_ms, uint64_t period_ms)
{
	struct itimerspec at = {
		.it_value = { (time_t)(first_ms / 1000), (long)(first_ms % 1000) * 1000000 },
		.it_interval = { (time_t)(period_ms / 1000), (long)(period_ms % 1000) * 1000000 },
	};

	/* A value of 0 would disarm the clock; the soonest is meant. */
	if (!first_ms)
		at.it_value.tv_nsec = 1;
	return timerfd_settime(s->fd, 0, &at, NULL) < 0 ? -errno : 0;
}

int loop_timer(struct loop *loop, uint64_t first_ms, uint64_t period_ms, void (*fire)(void *arg),
	       void *arg, struct source **ret_source)
{
	struct source *s = NULL;
	int err, fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = source_new(loop, fd, EPOLLIN, &s);
	if (err || !s) {
		close(fd);
		return err;
	}
	s->timer = true;
	s->fire = fire;
	s->arg = arg;
	err = source_arm(s, first_ms, period_ms);
	if (err) {
		source_remove(s);
		return err;
	}
	*ret_source = s;
	return 0;
}

static void source_ready(struct source *s, uint32_t events)
{
	uint64_t expirations;

	if (!s->timer) {
		s->ready(s->arg, events);
		return;
	}
	/* A clock that was set anew after it became readable has nothing to read. */
	if (read(s->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		s->fire(s->arg);
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[64];

	while (!loop->stop) {
		int n = epoll_wait(loop->epoll, events, 64, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct source *s = events[i].data.ptr;

			if (!s->dead)
				source_ready(s, events[i].events);
		}
		dead_free(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}
