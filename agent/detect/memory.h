/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules remember beyond a flow: bits of hosts and pairs of hosts, counts of thresholds. Its
 * clock is the packets'.
 *
 * Workers may share one. What a packet reads there must be what all packets before it in the
 * capture wrote, so a worker waits for its turn before it touches it (memory_turn()); so the
 * outcome is that of one worker, however many there are, and nothing is locked.
 */
#ifndef AGENT_DETECT_MEMORY_H
#define AGENT_DETECT_MEMORY_H

#include "sekisho/base.h"

#include <stdbool.h>
#include <stdint.h>

struct memory;

/* Returns 0 or -ENOMEM. */
int memory_new(struct memory **ret_memory);
void memory_free(struct memory *memory);

enum memory_kind { MEMORY_BIT, MEMORY_COUNT, MEMORY_RATE, MEMORY_TAG };
struct memory_key { /* zeroed first: it is compared as bytes */
	struct sek_addr a, b; /* of a pair, the lesser first */
	uint64_t id; /* name of a bit; gid and sid of a rule */
	uint64_t flow; /* its id, where it counts by flow */
	uint32_t kind; /* enum memory_kind */
	uint32_t tenant;
};
struct memory_entry {
	uint64_t begin_ns; /* of the period, or when it was set */
	uint64_t until_ns; /* a bit's end, or until when a new action lasts; 0: none */
	uint32_t count;
	uint32_t seconds; /* of the period */
	uint32_t tag_unit; /* enum tag_unit */
	uint64_t passed; /* packets or bytes of a tag so far */
};

struct memory_entry *memory_find(struct memory *memory, const struct memory_key *key);
/*
 * Made, zeroed, if it is not there; *ret_is_new. NULL: no memory, or too much is remembered
 * already.
 */
struct memory_entry *memory_get(struct memory *memory, const struct memory_key *key,
				bool *ret_is_new);
void memory_drop(struct memory *memory, const struct memory_key *key);
/* Forgets what is over. */
void memory_tick(struct memory *memory, uint64_t now_ns);
uint64_t memory_short(const struct memory *memory); /* how often there was none */

#endif
