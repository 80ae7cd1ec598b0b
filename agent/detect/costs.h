/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What asking each rule takes, where somebody wants to know. Called around each rule by the files that ask;
 * costs one look at a pointer where nobody does.
 */
#ifndef AGENT_DETECT_COSTS_H
#define AGENT_DETECT_COSTS_H

#include <time.h>

#include "detect/asking.h"

static inline uint64_t costs_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static inline uint64_t costs_begin(const struct detect *detect)
{
	return detect->scratch->costs ? costs_now() : 0;
}

static inline void costs_end(struct detect *detect, uint32_t number, uint64_t begin)
{
	struct rule_cost *cost;

	if (!detect->scratch->costs)
		return;
	cost = &detect->scratch->costs[number];
	cost->checks++;
	cost->ns += costs_now() - begin;
}

#endif
