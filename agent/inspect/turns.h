/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each worker is in the order of all that is told, and waiting for one's turn: what workers share
 * (thresholds, bits of hosts, sets that rules change) is touched only when everybody who comes first in
 * the order of frames has passed. So the outcome is that of one worker.
 *
 * A place is said with each packet and costs two stores; waiting is for the few that touch what is shared.
 * Nobody waits for somebody behind him in the order, so the first of all always goes on.
 */
#ifndef AGENT_INSPECT_TURNS_H
#define AGENT_INSPECT_TURNS_H

#include <stdatomic.h>
#include <stdint.h>

#include "inspect/order.h"

struct turn_place { /* of one worker, who alone writes it */
	_Alignas(64) _Atomic uint64_t at; /* frame << 8 | phase */
	_Atomic uint64_t flow; /* in phase 0, see order_key */
};

struct turns;

/* For cnt workers, all of them in front of the first frame. Returns 0 or -ENOMEM. */
int turns_new(unsigned int cnt, struct turns **ret_turns);
void turns_free(struct turns *turns);

/* The worker is done with all that stands in front of key; never goes back. */
void turns_say(struct turns *turns, unsigned int worker, const struct order_key *key);
/* Returns when all others are where the worker said it is, or behind that. */
void turns_await(struct turns *turns, unsigned int worker);

#endif
