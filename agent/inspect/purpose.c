// SPDX-License-Identifier: Apache-2.0
/*
 * Asks those who may want a flow. Called by inspector.c behind detection; promises that nobody is passed over
 * who could still find something.
 */
#include "inspect/purpose.h"

#include "detect/detect.h"
#include "file/room.h"
#include "inspect/flow.h"
#include "inspect/inspector.h"
#include "report/told.h"

#define IP_TCP 6
#define IP_UDP 17

static bool has_protocols(const struct flow *flow)
{
	return flow->proto == IP_TCP || flow->proto == IP_UDP;
}

/* All that the answer depends on, but for the flow's ends and its owner, which stay. */
static uint32_t known_of(const struct flow *flow)
{
	bool addresses_asked = flow->ip_only_asked[FROM_CLIENT] && flow->ip_only_asked[FROM_SERVER];

	return flow->rules << 16 | (uint32_t)flow->session.proto << 8 |
	       (uint32_t)(flow->waiting != NULL) << 2 | (uint32_t)addresses_asked << 1 | 1;
}

/* What its bytes may be: of a protocol that another may follow, or that announces flows, any. */
static enum proto_id carries(const struct flow *flow)
{
	enum proto_id proto = flow->session.proto;

	if (!has_protocols(flow))
		return PROTO_FAILED;
	return proto > PROTO_FAILED && protos[proto]->leads_on ? PROTO_UNKNOWN : proto;
}

bool purpose_look(const struct inspect_settings *settings, struct flow *flow)
{
	const struct engine_setup *setup = &settings->setup;
	struct purpose *purpose = &flow->purpose;
	uint32_t known = known_of(flow);
	enum proto_id proto;

	if (purpose->known == known)
		return false;
	proto = carries(flow);
	*purpose = (struct purpose){ .known = known };
	if (setup->ruleset)
		purpose->rules = ruleset_rules_left(setup->ruleset, flow, proto);
	if (purpose->rules)
		purpose->whom |= SEK_FOR_RULES;
	if (told_settings_protocol(settings->told, proto))
		purpose->whom |= SEK_FOR_RECORDS;
	if (proto != PROTO_FAILED && setup->files && setup->files->scan)
		purpose->whom |= SEK_FOR_FILES;
	if (flow->waiting)
		purpose->whom |= SEK_FOR_VERDICT;
	if (purpose->whom && flow->session.proto == PROTO_UNKNOWN && has_protocols(flow))
		purpose->whom |= SEK_FOR_PROTOCOL;
	return true;
}
