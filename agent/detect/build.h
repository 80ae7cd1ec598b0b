/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ruleset of signatures that are there already. Called by ruleset_build(), and by who makes
 * signatures by other means than files.
 */
#ifndef AGENT_DETECT_BUILD_H
#define AGENT_DETECT_BUILD_H

#include "detect/ruleset.h"

/*
 * Takes parse and the signatures, which are empty afterwards; when it fails, both stay the
 * caller's, in an order of ours. Returns 0 or -errno.
 */
int ruleset_of(struct parse *parse, struct signatures *signatures,
	       const struct ruleset_sources *sources, struct ruleset **ret_ruleset);

/* asks.c: notes what the rules ask for. */
void ruleset_words(struct ruleset *ruleset);

#endif
