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
 * caller's, in an order of ours. What a policy names and is not there is told in diag. Returns 0 or -errno.
 */
int ruleset_of(struct parse *parse, struct signatures *signatures,
	       const struct ruleset_sources *sources, struct ruleset **ret_ruleset,
	       struct diag *diag);

/* Do bodies differ in these addresses? */
bool set_varies(const struct ruleset *ruleset, const struct address_set *set);

/* asks.c: notes what the rules ask for. */
void ruleset_words(struct ruleset *ruleset);

#endif
