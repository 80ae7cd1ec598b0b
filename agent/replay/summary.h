/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run over a capture came to, for people and as JSON.
 */
#ifndef AGENT_REPLAY_SUMMARY_H
#define AGENT_REPLAY_SUMMARY_H

#include <jansson.h>

#include "inspect/engine.h"
#include "scan/scan.h"

struct summary {
	struct engine_tally tally;
	struct ruleset_tally rules;
	struct diag refused; /* rules that could not be taken, each with its place and reason */
	uint64_t files_lost; /* not followed, or could not be kept */
	bool scans; /* files were looked into */
	struct scan_tally scan;
	uint64_t quarantined, quarantine_evicted, quarantine_failed;
	double start_seconds, seconds, cpu_seconds; /* cpu: of all threads, without the start */
	bool broken; /* the capture, behind the packets that were counted */
};

/*
 * On standard output; what is wrong on standard error, or under JSON in the object. failed: nothing but
 * diag is told.
 */
void summary_print(const struct summary *summary, const struct diag *diag, bool json, bool pretty,
		   bool failed);

/* The entries as a list of objects; a new reference. */
json_t *diag_json(const struct diag *diag);

#endif
