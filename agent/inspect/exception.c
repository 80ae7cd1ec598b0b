// SPDX-License-Identifier: Apache-2.0
/*
 * Policies for exceptions, as suricata.yaml names them. Called by flow, tcp and session; promises that only
 * an engine in the path drops.
 */
#include "inspect/exception.h"

#include <strings.h>

#include "base/config.h"
#include "inspect/flow.h"

static const struct {
	const char *word;
	enum exception_policy policy;
} words[] = {
	{ "ignore", EXCEPTION_IGNORE },		  { "pass-packet", EXCEPTION_PASS_PACKET },
	{ "pass-flow", EXCEPTION_PASS_FLOW },	  { "bypass", EXCEPTION_BYPASS },
	{ "drop-packet", EXCEPTION_DROP_PACKET }, { "drop-flow", EXCEPTION_DROP_FLOW },
	{ "reject", EXCEPTION_REJECT },
};

/* auto: drop in the path, else go on. Streams that are taken up midstream are not dropped for it. */
static enum exception_policy exception_auto(const struct exception_case *of)
{
	if (!of->ips || (of->is_midstream && of->midstream))
		return EXCEPTION_IGNORE;
	return of->has_flow ? EXCEPTION_DROP_FLOW : EXCEPTION_DROP_PACKET;
}

static enum exception_policy exception_fit(enum exception_policy policy,
					   const struct exception_case *of)
{
	bool drops = policy == EXCEPTION_DROP_PACKET || policy == EXCEPTION_DROP_FLOW ||
		     policy == EXCEPTION_REJECT;

	if (drops && !of->ips)
		return EXCEPTION_IGNORE;
	if (of->has_flow)
		return policy;
	if (policy == EXCEPTION_DROP_FLOW)
		return EXCEPTION_DROP_PACKET;
	if (policy == EXCEPTION_PASS_FLOW)
		return EXCEPTION_PASS_PACKET;
	return policy == EXCEPTION_BYPASS ? EXCEPTION_IGNORE : policy;
}

enum exception_policy exception_read(const struct config *config, const struct exception_case *of)
{
	const char *word = config_text(config, of->path);

	if (!word)
		word = config_text(config, "exception-policy");
	if (!word || strcasecmp(word, "auto") == 0)
		return exception_auto(of);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, word) == 0)
			return exception_fit(words[i].policy, of);
	return exception_auto(of);
}

void packet_drop(struct packet *packet, enum packet_drop reason)
{
	packet->fate |= FATE_DROP;
	if (packet->drop == DROP_NONE)
		packet->drop = (uint8_t)reason;
}

void exception_apply(enum exception_policy policy, struct packet *packet, enum packet_drop reason)
{
	struct flow *flow = packet->flow;

	switch (policy) {
	case EXCEPTION_IGNORE:
		break;
	case EXCEPTION_PASS_FLOW:
		if (flow)
			flow->passed = true;
		packet->fate |= FATE_PASS;
		break;
	case EXCEPTION_PASS_PACKET:
		packet->fate |= FATE_PASS;
		break;
	case EXCEPTION_BYPASS:
		if (flow) {
			flow->passed = true;
			flow_bypass(flow, SEK_BACK_EXCEPTION);
		}
		break;
	case EXCEPTION_REJECT:
		packet->fate |= FATE_REJECT_SRC;
		if (flow)
			flow->fate |= FATE_DROP;
		packet_drop(packet, reason);
		break;
	case EXCEPTION_DROP_FLOW:
		if (flow)
			flow->fate |= FATE_DROP;
		packet_drop(packet, reason);
		break;
	case EXCEPTION_DROP_PACKET:
		packet_drop(packet, reason);
		break;
	}
}
