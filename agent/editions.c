/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short row of policies, newest first. Owned by agent.c; touched in the loop's thread only.
 */
#include "editions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 8

struct editions {
	struct edition *kept[KEPT]; /* [0] is live */
};

int editions_new(struct editions **ret_editions)
{
	*ret_editions = calloc(1, sizeof(**ret_editions));
	return *ret_editions ? 0 : -ENOMEM;
}

struct edition *edition_get(struct edition *edition)
{
	if (edition)
		edition->refs++;
	return edition;
}

void edition_put(struct edition *edition)
{
	if (!edition || --edition->refs)
		return;
	policy_free(edition->policy);
	free(edition->path);
	free(edition);
}

void editions_free(struct editions *editions)
{
	if (!editions)
		return;
	for (size_t i = 0; i < KEPT; i++)
		edition_put(editions->kept[i]);
	free(editions);
}

int edition_new(uint32_t generation, struct policy *policy, const char *hash, const char *path,
		struct edition **ret_edition)
{
	struct edition *edition = calloc(1, sizeof(*edition));

	if (!edition)
		return -ENOMEM;
	edition->path = strdup(path);
	if (!edition->path) {
		free(edition);
		return -ENOMEM;
	}
	edition->generation = generation;
	edition->policy = policy;
	edition->refs = 1;
	snprintf(edition->hash, sizeof(edition->hash), "%s", hash);
	*ret_edition = edition;
	return 0;
}

void edition_drop(struct edition *edition)
{
	if (!edition)
		return;
	free(edition->path);
	free(edition);
}

void editions_add(struct editions *editions, struct edition *edition)
{
	edition_put(editions->kept[KEPT - 1]);
	for (size_t i = KEPT - 1; i > 0; i--)
		editions->kept[i] = editions->kept[i - 1];
	editions->kept[0] = edition;
}

struct edition *editions_live(const struct editions *editions)
{
	return editions->kept[0];
}

const struct policy *editions_policy(const struct editions *editions, uint32_t generation)
{
	for (size_t i = 0; i < KEPT && editions->kept[i]; i++)
		if (editions->kept[i]->generation == generation)
			return editions->kept[i]->policy;
	return editions->kept[0] ? editions->kept[0]->policy : NULL;
}
