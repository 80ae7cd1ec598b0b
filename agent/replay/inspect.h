/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekishod inspect`: the engine over a capture, without root, kernel or socket. Started by
 * `sekisho capture inspect`, which knows the same words.
 */
#ifndef AGENT_REPLAY_INSPECT_H
#define AGENT_REPLAY_INSPECT_H

#include <stdbool.h>
#include <stddef.h>

#define INSPECT_LIST_MAX 160

struct inspect_options {
	const char *file; /* "-": standard input */
	const char *rules[INSPECT_LIST_MAX];
	size_t rules_cnt;
	const char *sets[INSPECT_LIST_MAX];
	size_t set_cnt;
	const char *by; /* of rule-stats: cost, hits, checks; NULL: cost */
	size_t top; /* rules that are told; 0: as is usual */
	const char *log_dir, *data_dir, *config, *policy, *tenant, *checksums; /* NULL: not said */
	unsigned int threads; /* 0: one for each CPU */
	bool stats; /* rule-stats: what rules took is told, and no record is written */
	bool ips, unchecked_sums, verbose, json, pretty;
};

/*
 * Is this a command line of `sekishod inspect`, or of `sekishod rule-stats`, which is the same with
 * other words at the end?
 */
bool inspect_is_asked(int argc, char **argv);
/* Returns 0, or -EINVAL with a sentence in why. */
int inspect_options_read(int argc, char **argv, struct inspect_options *ret_options, char *why,
			 size_t why_cap);
/* Returns the exit status: 0, 1 (could not be done, or the capture is broken), 2 (wrongly asked). */
int inspect_main(int argc, char **argv);

#endif
