/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every numbered packet's entry: where it must come out, or that it must not, and under which reason
 * the gateway must count it. Threads take numbers from one ledger; each judges the numbers it took.
 */
#ifndef TESTS_SOAK_LEDGER_H
#define TESTS_SOAK_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sekisho/verdict.h"
#include "soak/slot.h"

enum fate {
	FATE_PASS, /* policy allows it */
	FATE_DROP, /* policy denies it */
	FATE_EITHER, /* policy is being changed under it: counted in sum, not one by one */
};

/* What is known of a packet before it is sent. */
struct entry {
	const char *what; /* for people; a constant */
	enum soak_side from;
	enum fate fate;
	uint16_t tenant;
	enum sek_reason reason; /* not asked when the fate is open */
};

struct ledger;

/* slots: the sinks' map, mapped. NULL: no memory. */
struct ledger *ledger_new(struct soak_slot *slots);
void ledger_free(struct ledger *ledger);

/* A new number for a packet of len bytes that is sent next. */
uint32_t ledger_enter(struct ledger *ledger, const struct entry *entry, uint16_t len);
/* Has it come out? */
bool ledger_seen(const struct ledger *ledger, uint32_t number);
/* Judges all that is still open; nothing is on its way any more. */
void ledger_close(struct ledger *ledger);
/* Owned by the caller: sums, rows by tenant, direction and reason, and the first few that went wrong. */
json_t *ledger_report(const struct ledger *ledger);

#endif
