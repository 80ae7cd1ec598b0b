/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a client may do something: a time for each of many clients in a room of fixed size. Clients
 * that meet in it share what they may, so nobody gets more by being many.
 */
#ifndef AGENT_PAGE_BUDGET_H
#define AGENT_PAGE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "sekisho/base.h"

struct budget;

/* One every each_ms in the long run, burst at once. 0 or -errno. */
int budget_new(uint32_t each_ms, uint32_t burst, struct budget **ret_budget);
void budget_free(struct budget *budget);

/* An IPv6 client is its /64. now_ns never goes back. */
bool budget_take(struct budget *budget, const struct sek_addr *client, uint64_t now_ns);

#endif
