/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of this very process, as the kernel counts it: /proc/self/statm (proc(5)).
 */
#ifndef AGENT_BASE_STATM_H
#define AGENT_BASE_STATM_H

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes. 0: it cannot be read. */
struct statm {
	uint64_t space; /* of addresses */
	uint64_t resident;
};

static inline struct statm statm_read(void)
{
	unsigned long long space, resident;
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct statm statm = { 0 };

	if (file && fscanf(file, "%llu %llu", &space, &resident) == 2)
		statm = (struct statm){ .space = space * page, .resident = resident * page };
	if (file)
		fclose(file);
	return statm;
}

#endif
