/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker is to serve, as the loop's thread sees it: made there, read by the worker, never changed.
 */
#ifndef AGENT_INLINE_PLAN_H
#define AGENT_INLINE_PLAN_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "sekisho/limits.h"

struct plan_port {
	uint32_t ifindex;
	char interface[IFNAMSIZ];
	uint16_t port, pad; /* plans are compared as they stand */
};

struct plan {
	struct plan_port ports[SEK_PORTS_MAX];
	uint32_t port_cnt;
	uint32_t generation; /* of the policy */
	char tenants[SEK_TENANTS_MAX][SEK_NAME_MAX]; /* names, by number */
	bool closed[SEK_TENANTS_MAX]; /* by number: `fail: closed` */
};

#endif
