/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rules that matched to what is told and what happens to packet and flow. Called by detect.c
 * once a packet that something was found in.
 */
#include <netinet/in.h>

#include "detect/asking.h"
#include "detect/repeats.h"
#include "detect/threshold.h"
#include "inspect/exception.h"
#include "proto/frames.h"

/* By the order of rules; of one rule, the packet's own last, younger transactions first. */
static int by_rule(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->frame && y->frame)
		return x->frame->id < y->frame->id ? -1 : x->frame->id > y->frame->id;
	if (!x->tx || !y->tx)
		return x->tx ? -1 : y->tx ? 1 : 0;
	return x->tx->id > y->tx->id ? -1 : x->tx->id < y->tx->id;
}

static uint8_t fate_of(enum rule_action action)
{
	switch (action) {
	case RULE_PASS:
		return FATE_PASS;
	case RULE_DROP:
		return FATE_DROP;
	case RULE_REJECT:
		return FATE_DROP | FATE_REJECT_SRC;
	case RULE_REJECT_DST:
		return FATE_DROP | FATE_REJECT_DST;
	case RULE_REJECT_BOTH:
		return FATE_DROP | FATE_REJECT_SRC | FATE_REJECT_DST;
	default:
		return 0;
	}
}

/* Whether what a rule says goes for all that follows in the flow. */
static bool is_for_flow(const struct asked *asked, const struct finding *finding)
{
	switch ((enum rule_type)asked->type) {
	case TYPE_EVENT:
	case TYPE_PACKET:
		return false;
	case TYPE_PAYLOAD:
		return finding->in_stream || finding->in_tx;
	case TYPE_ADDRESSES:
	case TYPE_ADDRESSES_NEGATED:
	case TYPE_NEWS:
	case TYPE_PROTOCOL:
	case TYPE_TX:
		break;
	}
	return true;
}

static void fate_apply(const struct asked *asked, const struct finding *finding, bool by_rate,
		       struct packet *packet)
{
	struct flow *flow = packet->flow;

	packet->fate |= finding->fate;
	if (finding->fate & FATE_DROP)
		packet_drop(packet, by_rate ? DROP_THRESHOLD : DROP_RULES);
	if (!flow || !finding->fate || !is_for_flow(asked, finding))
		return;
	if (flow->passed || flow->fate & FATE_DROP)
		return; /* the first to say so wins */
	if (finding->fate & FATE_DROP) {
		flow->fate |= finding->fate;
	} else {
		flow->fate |= FATE_PASS;
		flow->passed = flow->no_packet = true;
	}
}

/* The flow had it, and its rule does not say itself how often it is to be told. */
static bool is_repeated(struct detect *detect, const struct packet *packet, const struct signature *s)
{
	return detect->ruleset->alerts_once && packet->flow && s->threshold.kind == LIMIT_NONE &&
	       !repeats_first(detect, packet->flow, &s->rule);
}

/* A datagram holds its transaction; of a stream it is the one that its bytes were last put to. */
static bool is_guess(const struct packet *packet, const struct finding *finding)
{
	return finding->tx && !finding->in_tx && packet->proto != IPPROTO_UDP;
}

static void alert_add(struct detect *detect, struct packet *packet, const struct finding *finding,
		      bool quiet)
{
	const struct signature *s = detect->ruleset->asked[finding->number].signature;
	uint32_t max = detect->ruleset->alert_max;
	struct alert *alert;
	bool repeated = !quiet && is_repeated(detect, packet, s);

	if (!quiet && !repeated && max &&
	    detect->told_cnt == max) { /* the site wants no more of a packet */
		detect->tally.lost++;
		return;
	}
	alert = &detect->alerts[packet->alert_cnt++];
	*alert = (struct alert){ .rule = &s->rule,
				 .tx = finding->tx,
				 .frame = finding->frame,
				 .tx_guessed = is_guess(packet, finding),
				 .fate = finding->fate,
				 .in_stream = finding->in_stream || finding->in_tx,
				 .quiet = quiet || repeated };
	if (alert->quiet) {
		detect->tally.quiet += quiet && finding->action != RULE_PASS;
		detect->tally.repeated += repeated;
		return;
	}
	detect->tally.alerts++;
	detect->told_cnt++;
	if (packet->flow)
		packet->flow->alerted = true;
}

/* false: it passes, nothing behind it is asked. */
static bool finding_settle(struct detect *detect, struct packet *packet, struct finding *finding)
{
	const struct asked *asked = &detect->ruleset->asked[finding->number];
	const struct signature *s = asked->signature;
	enum rule_action written = finding->action;
	enum threshold_says says = threshold_ask(detect, s, packet, &finding->action);

	if (says == THRESHOLD_NOT) {
		detect->tally.quiet++;
		return true;
	}
	finding->fate = fate_of(finding->action);
	fate_apply(asked, finding, finding->action != written, packet);
	alert_add(detect, packet, finding,
		  says == THRESHOLD_QUIET || s->rule.noalert || finding->action == RULE_CONFIG ||
			  (finding->action == RULE_PASS && s->rule.action != RULE_PASS));
	return finding->action != RULE_PASS;
}

void verdict_reach(struct detect *detect, struct packet *packet)
{
	qsort(detect->findings, detect->finding_cnt, sizeof(*detect->findings), by_rule);
	packet->alerts = detect->alerts;
	detect->told_cnt = 0;
	for (uint32_t i = 0; i < detect->finding_cnt; i++) {
		if (!finding_settle(detect, packet, &detect->findings[i]))
			return;
	}
}
