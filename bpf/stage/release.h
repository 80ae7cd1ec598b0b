/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one part of a flow's end that user space cannot do by itself: what a source holds is counted in a
 * hash that packets count in at the same time, and a value that user space writes back would undo them.
 * Run by policy/install/flows.c for each flow that it has ended, with BPF_PROG_TEST_RUN.
 */
#ifndef BPF_STAGE_RELEASE_H
#define BPF_STAGE_RELEASE_H

#include "stage/quota.h"

SEC("syscall")
int sek_release(struct sek_release *flow)
{
	struct sek_flow_key key = flow->key;

	return quota_give(&key, flow->from_in, true, flow->half);
}

#endif
