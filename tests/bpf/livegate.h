/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway at work as sekishod has it: pinned, on two interfaces of a network namespace of its own,
 * not a replay; frames come to it by test runs. It tells of a packet what it tells of each: the hook's
 * action, its counters, its events, its flows. Used by explain_test.c.
 */
#ifndef TESTS_BPF_LIVEGATE_H
#define TESTS_BPF_LIVEGATE_H

#include "bpf/packet.h"
#include "install/install.h"
#include "sekisho/event.h"
#include "sekisho/flow.h"

struct livegate {
	char pin_dir[64];
	struct gate *gate;
	uint32_t ifindex[3]; /* of ports 1 (inside) and 2 (outside) */
	struct ring_buffer *ring;
	struct sek_event event; /* the last one */
	size_t event_cnt; /* since the last run */
};

/* Stops the test when it cannot be raised; *ret_why says why there cannot be any here. */
struct livegate *livegate_up(const char **ret_why);
void livegate_down(struct livegate *live);
/* Makes a policy live with its lists. */
void livegate_apply(struct livegate *live, const struct policy *policy);

/* Runs a frame from this port; returns XDP's action. Events of it are in live->event. */
uint32_t livegate_run(struct livegate *live, uint16_t port, const struct frame *frame);
/* Forgets flows, sources, quotas, rates, and pieces of this tenant's datagrams if so wished. */
void livegate_forget(struct livegate *live, uint16_t tenant, bool pieces);
/* Packets in one cell of a per-CPU table of struct sek_count. */
uint64_t livegate_counted(const struct livegate *live, const char *map, uint32_t cell);
/* How many flows there are, and the first. */
size_t livegate_flows(const struct livegate *live, struct sek_flow *ret_first);
/* A sum of all that is in its maps and of the names of its pins. */
uint64_t livegate_digest(const struct livegate *live);

#endif
