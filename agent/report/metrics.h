/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenMetrics 1.0 over HTTP: GET /metrics. Served inside the loop by libmicrohttpd.
 */
#ifndef AGENT_REPORT_METRICS_H
#define AGENT_REPORT_METRICS_H

#include <jansson.h>
#include <stdint.h>

#include "base/loop.h"

/* What is shown: the objects of install/state.h and the agent's own figures. */
struct metrics_view {
	json_t *stats, *tenants, *ports, *lists,
		*events; /* borrowed by metrics_text(); NULL: left out */
	uint32_t generation, clients;
	uint64_t records_written, records_failed;
	double uptime_s;
};

struct metrics;

/*
 * addr is an IPv4 or IPv6 address. gather() fills a view whose JSON the caller of it decrefs.
 * Returns 0 or -errno.
 */
int metrics_new(struct loop *loop, const char *addr, uint16_t port,
		void (*gather)(void *arg, struct metrics_view *view), void *arg,
		struct metrics **ret_metrics);
void metrics_free(struct metrics *metrics);

/* The exposition as text, ending with "# EOF"; owned by the caller, NULL: no memory. Pure. */
char *metrics_text(const struct metrics_view *view);

#endif
