/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which patterns are looked for in which buffers. Called by build.c.
 */
#ifndef AGENT_DETECT_SCANS_H
#define AGENT_DETECT_SCANS_H

#include "detect/ruleset.h"

/* Gives each scan of the ruleset its patterns. Returns 0 or -errno. */
int scans_build(struct ruleset *ruleset, const struct ruleset_sources *sources);
void scans_free(struct ruleset *ruleset);

static inline bool signature_has_proto(const struct signature *s, uint8_t proto)
{
	return s->protos[proto >> 6] >> (proto & 63) & 1;
}

/* Any that is neither TCP nor UDP. */
static inline bool signature_has_other_proto(const struct signature *s)
{
	return (s->protos[0] & ~(1ULL << 6 | 1ULL << 17)) || s->protos[1] || s->protos[2] ||
	       s->protos[3];
}

#endif
