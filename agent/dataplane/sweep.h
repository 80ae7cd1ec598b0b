/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows that the kernel's patrol (bpf/stage/expire.h) did not end, as when its timer could not start:
 * the sweep ends them, gives their quotas back and writes their records.
 */
#ifndef AGENT_DATAPLANE_SWEEP_H
#define AGENT_DATAPLANE_SWEEP_H

#include "base/loop.h"
#include "base/worker.h"
#include "editions.h"
#include "install/install.h"
#include "sekisho/event.h"

struct sweep;

/* record() is called in the loop's thread for each flow that was ended. Returns 0 or -errno. */
int sweep_new(struct loop *loop, struct worker *worker, struct gate *gate,
	      const struct editions *editions,
	      void (*record)(void *arg, const struct sek_event *event), void *arg,
	      struct sweep **ret_sweep);
/* After the worker was freed: no walk runs any more. */
void sweep_free(struct sweep *sweep);

/* The record of a flow that ends without the kernel: cause FLOW_END. */
struct sek_event flow_end_event(const struct sek_flow_key *key, const struct sek_flow *flow,
				uint8_t reason);

#endif
