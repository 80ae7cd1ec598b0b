// SPDX-License-Identifier: Apache-2.0
/*
 * Threads that take the parts of a work one after the other. Called by read.c and by
 * policy/install/listmap.c.
 */
#include "lists/parallel.h"

#include <pthread.h>
#include <sched.h>

struct work {
	size_t next, cnt;
	void (*run)(void *arg, size_t n);
	void *arg;
};

static void *work_do(void *arg)
{
	struct work *work = arg;
	size_t n;

	while ((n = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED)) < work->cnt)
		work->run(work->arg, n);
	return NULL;
}

void parallel_run(size_t cnt, size_t thread_cnt, void (*run)(void *arg, size_t n), void *arg)
{
	struct work work = { .cnt = cnt, .run = run, .arg = arg };
	pthread_t threads[PARALLEL_MAX];
	size_t made = 0;

	if (thread_cnt > PARALLEL_MAX)
		thread_cnt = PARALLEL_MAX;
	if (thread_cnt > cnt)
		thread_cnt = cnt;
	while (made + 1 < thread_cnt && !pthread_create(&threads[made], NULL, work_do, &work))
		made++;
	work_do(&work);
	while (made)
		pthread_join(threads[--made], NULL);
}

size_t parallel_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : (size_t)CPU_COUNT(&cpus);
}
