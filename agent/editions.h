/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live policy and its forerunners, so that a flow decided by an older generation still finds
 * its names, and a job in a worker keeps the policy that it began with.
 */
#ifndef AGENT_EDITIONS_H
#define AGENT_EDITIONS_H

#include <stdint.h>

#include "model/model.h"

struct edition {
	uint32_t generation;
	struct policy *policy;
	char hash[65]; /* of the image, hex */
	char *path; /* where the text came from */
	uint32_t refs; /* counted in the loop's thread only */
};

struct editions;

int editions_new(struct editions **ret_editions);
void editions_free(struct editions *editions);

/* An edition that is not live yet. Takes over policy; returns 0 or -ENOMEM (policy is then the caller's). */
int edition_new(uint32_t generation, struct policy *policy, const char *hash, const char *path,
		struct edition **ret_edition);
/* Ends one that will not be; its policy is the caller's again. NULL is allowed. */
void edition_drop(struct edition *edition);
/* Makes it the live one; takes it over. */
void editions_add(struct editions *editions, struct edition *edition);

/* The live one, or NULL; valid until the next editions_add() unless taken by edition_get(). */
struct edition *editions_live(const struct editions *editions);

/* The policy of a generation, or the live one when it is no longer kept; NULL when there is none. */
const struct policy *editions_policy(const struct editions *editions, uint32_t generation);

struct edition *edition_get(struct edition *edition);
void edition_put(struct edition *edition); /* NULL is allowed */

#endif
