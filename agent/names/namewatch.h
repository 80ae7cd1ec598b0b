/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that the agent learns of names: the kernel's ring of copies, read in the loop; flows that are read
 * here because the kernel could not, questions and answers; and what of them is recorded, suspected,
 * learned and counted.
 */
#ifndef AGENT_NAMES_NAMEWATCH_H
#define AGENT_NAMES_NAMEWATCH_H

#include <jansson.h>

#include "base/loop.h"
#include "editions.h"
#include "install/install.h"
#include "names/ledger.h"
#include "names/readings.h"
#include "names/regex.h"
#include "report/records.h"
#include "sekisho/nameweigh.h"

struct namewatch;

/* How a name is looked up, and how one that was found out to be blocked is. All in the loop's thread. */
struct namewatch_calls {
	/* As names_decide(); *ret_suffix is where in the host the suffix that decided begins. */
	struct sek_name_said (*decide)(void *arg, const char *host, const char *target,
				       uint16_t tenant, const struct sek_name_phase *phase,
				       uint16_t *ret_suffix);
	/* This name is blocked for this tenant until then (seconds since 1970). 0 or -errno. */
	int (*learn)(void *arg, const char *tenant, const char *name, int64_t until,
		     const char *reason);
	void *arg;
};

struct namewatch_parts {
	struct loop *loop;
	struct gate *gate;
	const struct editions *editions;
	struct records *records;
	uint32_t grace_s; /* see suspect_new() */
	struct namewatch_calls calls;
};

/* Starts to read. Returns 0 or -errno. */
int namewatch_new(const struct namewatch_parts *parts, struct namewatch **ret_watch);
void namewatch_free(struct namewatch *watch);

/* Takes over expressions that names are tested against from now on; NULL: none. */
void namewatch_regexes(struct namewatch *watch, struct regexes *regexes);

/* Lists of which an expression blocks this host in this phase, one bit each; 0 where one spares it. */
uint64_t namewatch_matches(struct namewatch *watch, const char *host, size_t len,
			   const struct sek_name_phase *phase);

const struct ledger *namewatch_ledger(const struct namewatch *watch);

/* {"copies","bad_copies","flows","bytes","names","ended":{...},"learned","learned_refused",
 *  "ring":{kind:{offered,written,suppressed,lost}}}; a new reference. */
json_t *namewatch_show(const struct namewatch *watch);

#endif
