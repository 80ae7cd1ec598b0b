/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GCRA by a keyed hash of the client. Called by page.c.
 */
#include "page/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "text/address.h"

#define ROOMS 4096

struct budget {
	uint64_t each_ns, ahead_ns;
	uint64_t key[3];
	uint64_t due[ROOMS]; /* when what was taken is paid back */
};

int budget_new(uint32_t each_ms, uint32_t burst, struct budget **ret_budget)
{
	struct budget *budget = calloc(1, sizeof(*budget));

	if (!budget)
		return -ENOMEM;
	if (getrandom(budget->key, sizeof(budget->key), 0) != sizeof(budget->key)) {
		free(budget);
		return -EIO;
	}
	budget->each_ns = each_ms * 1000000ULL;
	budget->ahead_ns = budget->each_ns * (burst ? burst - 1 : 0);
	*ret_budget = budget;
	return 0;
}

void budget_free(struct budget *budget)
{
	free(budget);
}

/* Multiply-shift with keys by lot: who does not know them cannot choose whom to meet. */
static uint64_t *room_of(struct budget *budget, const struct sek_addr *client)
{
	uint64_t high = client->q[0], low = address_is_v4(client) ? client->q[1] : 0;
	uint64_t hash = (high ^ budget->key[0]) * (budget->key[1] | 1);

	hash = (hash ^ hash >> 29 ^ low) * (budget->key[2] | 1);
	return &budget->due[hash >> 52];
}

bool budget_take(struct budget *budget, const struct sek_addr *client, uint64_t now_ns)
{
	uint64_t *due = room_of(budget, client);

	if (*due < now_ns)
		*due = now_ns;
	if (*due - now_ns > budget->ahead_ns)
		return false;
	*due += budget->each_ns;
	return true;
}
