/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread's wait for everything: epoll, timers, signals. All callbacks run in loop_run().
 */
#ifndef AGENT_BASE_LOOP_H
#define AGENT_BASE_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

struct loop;
struct source; /* a file descriptor that is waited for */

int loop_new(struct loop **ret_loop);
/* Frees every source that is left; their own file descriptors are closed by their owners. */
void loop_free(struct loop *loop);

/*
 * Waits for EPOLL* events on fd, which stays the caller's. Returns 0 or -errno. The source may be
 * removed inside any callback; it is freed after the round.
 */
int loop_add(struct loop *loop, int fd, uint32_t events, void (*ready)(void *arg, uint32_t events),
	     void *arg, struct source **ret_source);
int source_wait(struct source *source, uint32_t events);
void source_remove(struct source *source); /* NULL is allowed */

/*
 * Calls back after first_ms and then every period_ms (0: once). source_remove() ends it and closes
 * its clock. source_arm() sets it anew.
 */
int loop_timer(struct loop *loop, uint64_t first_ms, uint64_t period_ms, void (*fire)(void *arg),
	       void *arg, struct source **ret_source);
int source_arm(struct source *timer, uint64_t first_ms, uint64_t period_ms);

/* Runs until loop_stop(); returns 0 or -errno of epoll. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* CLOCK_MONOTONIC in ns, the clock of bpf_ktime_get_ns(). */
uint64_t clock_mono_ns(void);
/* CLOCK_REALTIME in ns. */
int64_t clock_real_ns(void);
/* What makes the time of day of a monotonic one. The wall clock may be set while we run: ask each time. */
int64_t clock_real_offset(void);

#endif
