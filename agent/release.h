/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a name is held back, told to who asked for it, and what he asks for: the block page, the requests for
 * release, and what operators decide of them. Joins page/ and install/requests with the gateway.
 */
#ifndef AGENT_RELEASE_H
#define AGENT_RELEASE_H

#include <jansson.h>

#include "model/model.h"

struct agent;
struct release;

/* Opens state_dir/requests.db. Returns 0 or -errno after words in the log. */
int release_new(struct agent *agent, struct release **ret_release);
void release_free(struct release *release);

/* The page is served as this policy says, from now on. */
void release_policy(struct release *release, const struct policy *policy);

/* {"served","listens","shown","asked","refused"} of the page; a new reference. */
json_t *release_json(const struct release *release);

#endif
