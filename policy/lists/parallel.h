/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of one work side by side. Used where a list is read and where its table goes to the kernel.
 */
#ifndef POLICY_LISTS_PARALLEL_H
#define POLICY_LISTS_PARALLEL_H

#include <stddef.h>

#define PARALLEL_MAX 16

/*
 * Calls run(arg, 0) .. run(arg, cnt - 1), each once, in any order, on at most thread_cnt threads (and
 * PARALLEL_MAX), the caller's among them; returns when all are done. Threads that cannot be made cost
 * time alone.
 */
void parallel_run(size_t cnt, size_t thread_cnt, void (*run)(void *arg, size_t n), void *arg);

/* CPUs that this process may use. */
size_t parallel_cpus(void);

#endif
