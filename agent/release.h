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

/* "2 of 2 addresses, 14 shown, 3 asked, 1 refused"; a new reference. Null: there is no page. */
json_t *release_words(const struct release *release);
/* Not every address of the page can be had. */
bool release_wanting(const struct release *release);

#endif
