// SPDX-License-Identifier: Apache-2.0
/*
 * Counts rules by transport and protocol, for all and for each body, and notes the ports that they ask for.
 * Called by build.c once all else of a ruleset is there; what it made is only read.
 */
#include "detect/reach.h"

#include <errno.h>
#include <stdlib.h>

#include "detect/groups.h"
#include "detect/tenants.h"

#define PORT_WORDS ((UINT16_MAX + 1) / 64)

_Static_assert(PROTO_CNT <= 64, "a bit for each protocol");

/* The protocols that a flow may have for the rule to match, a bit each. */
static uint64_t protos_of(const struct signature *s)
{
	bool of_tx = s->layer == RULE_OF_TX || s->layer == RULE_OF_FRAMES;
	uint64_t may = 1ull << PROTO_UNKNOWN;

	for (int i = PROTO_FAILED; i < PROTO_CNT; i++) {
		bool is_of = of_tx ? i > PROTO_FAILED && rule_is_of(s, (enum proto_id)i)
				   : !s->apps || s->apps >> i & 1;

		may |= (uint64_t)is_of << i;
	}
	return may;
}

/* Of its two sets the one that says something; either end of a flow may have it. */
static const struct port_set *ports_asked(const struct signature *s)
{
	return s->dport.is_any ? &s->sport : &s->dport;
}

static void count(const struct asked *asked, uint64_t may, struct reach_table *table)
{
	bool any_port = ports_asked(asked->signature)->is_any;

	if (asked->traits & TRAIT_IP_ONLY) {
		table->of_addresses++;
		return;
	}
	for (int transport = 0; transport < TRANSPORTS; transport++)
		for (int i = 0; i < PROTO_CNT && asked->transports >> transport & 1; i++) {
			struct reach_cell *cell = &table->cells[transport][i];

			if (!(may >> i & 1))
				continue;
			cell->rules++;
			cell->any_port |= any_port;
		}
}

static int ports_note(struct reach *reach, const struct asked *asked, enum transport transport,
		      int proto)
{
	uint64_t **bits = &reach->ports[transport][proto];
	const struct port_set *set = ports_asked(asked->signature);

	if (!*bits)
		*bits = calloc(PORT_WORDS, sizeof(**bits));
	if (!*bits)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->cnt; i++)
		for (uint32_t port = set->range[i].from; port <= set->range[i].to; port++)
			(*bits)[port / 64] |= 1ull << port % 64;
	return 0;
}

static int rule_ports_note(struct reach *reach, const struct asked *asked, uint64_t may)
{
	int r = 0;

	if (asked->traits & TRAIT_IP_ONLY || ports_asked(asked->signature)->is_any)
		return 0;
	for (int transport = 0; transport < TRANSPORTS; transport++)
		for (int i = 0; !r && i < PROTO_CNT; i++)
			if (asked->transports >> transport & 1 && may >> i & 1)
				r = ports_note(reach, asked, (enum transport)transport, i);
	return r;
}

/* Of each body those that it has. */
static void tenants_count(const struct ruleset *ruleset, struct reach *reach,
			  const struct asked *asked, uint32_t number, uint64_t may)
{
	if (!reach->tenants || !ruleset->tenants)
		return;
	for (size_t t = 0; t < SEK_TENANTS_MAX; t++)
		if (ruleset->tenants[t].on && tenant_asks(&ruleset->tenants[t], number))
			count(asked, may, &reach->tenants[t]);
}

int reach_build(struct ruleset *ruleset)
{
	struct reach *reach = calloc(1, sizeof(*reach));
	int r = 0;

	ruleset->reach = reach;
	if (reach && ruleset->tenants)
		reach->tenants = calloc(SEK_TENANTS_MAX, sizeof(*reach->tenants));
	if (!reach || (ruleset->tenants && !reach->tenants))
		return -ENOMEM;
	for (uint32_t i = 0; !r && i < ruleset->cnt; i++) {
		const struct asked *asked = &ruleset->asked[i];
		uint64_t may = protos_of(asked->signature);

		count(asked, may, &reach->all);
		tenants_count(ruleset, reach, asked, i, may);
		r = rule_ports_note(reach, asked, may);
	}
	return r;
}

void reach_free(struct ruleset *ruleset)
{
	struct reach *reach = ruleset->reach;

	if (!reach)
		return;
	for (int transport = 0; transport < TRANSPORTS; transport++)
		for (int i = 0; i < PROTO_CNT; i++)
			free(reach->ports[transport][i]);
	free(reach->tenants);
	free(reach);
	ruleset->reach = NULL;
}

static bool port_is_asked(const uint64_t *ports, uint16_t port)
{
	return ports && ports[port / 64] >> port % 64 & 1;
}

/* Of the body's rules, if the policy gives it some of its own. */
static const struct reach_table *table_of(const struct ruleset *ruleset, const struct flow *flow)
{
	const struct reach *reach = ruleset->reach;

	return reach->tenants && ruleset->tenants[flow->tenant].on ? &reach->tenants[flow->tenant]
								   : &reach->all;
}

uint32_t ruleset_rules_left(const struct ruleset *ruleset, const struct flow *flow,
			    enum proto_id proto)
{
	enum transport transport = transport_of(flow->proto);
	const struct reach_table *table = table_of(ruleset, flow);
	const struct reach_cell *cell = &table->cells[transport][proto];
	const uint64_t *ports = ruleset->reach->ports[transport][proto];
	uint32_t left = ruleset->has_host_tags; /* it may be one whose packets are told */

	if (!flow->ip_only_asked[FROM_CLIENT] || !flow->ip_only_asked[FROM_SERVER])
		left += table->of_addresses;
	if (cell->any_port || port_is_asked(ports, flow->port[FROM_CLIENT]) ||
	    port_is_asked(ports, flow->port[FROM_SERVER]))
		left += cell->rules;
	return left;
}
