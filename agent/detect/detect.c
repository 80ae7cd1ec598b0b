/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One packet through all rules: collects those that may match, asks them in their order, then those
 * of transactions, then reaches a verdict. Called by the engine for each packet, also for those
 * without bytes that end a flow. Allocates nothing once its memory has grown to the traffic.
 */
#include <errno.h>

#include "detect/addresses.h"
#include "detect/asking.h"
#include "detect/costs.h"
#include "detect/exchange.h"
#include "detect/portgroups.h"
#include "proto/frames.h"

/* --- a worker --- */

int detect_new(const struct ruleset *ruleset, struct detect **ret_detect)
{
	struct detect *detect = calloc(1, sizeof(*detect));
	int rc = detect ? 0 : -ENOMEM;

	if (rc == 0 && ruleset) {
		detect->ruleset = ruleset;
		rc = scratch_new(ruleset, false, &detect->scratch);
		if (rc == 0)
			rc = memory_new(&detect->own_memory);
		detect->memory = detect->own_memory;
	}
	if (rc)
		detect_free(detect);
	else
		*ret_detect = detect;
	return rc;
}

void detect_free(struct detect *detect)
{
	if (!detect)
		return;
	scratch_free(detect->scratch);
	room_free(&detect->pass_room);
	room_free(&detect->rule_room);
	memory_free(detect->own_memory);
	free(detect);
}

void detect_join(struct detect *detect, struct detect *with, struct detect_order order)
{
	detect->memory = with->own_memory;
	detect->order = order;
}

int detect_measure(struct detect *detect)
{
	return detect->scratch ? scratch_measure(detect->scratch) : 0;
}

const struct rule_cost *detect_costs(const struct detect *detect)
{
	return detect->scratch ? detect->scratch->costs : NULL;
}

void detect_exchange(struct detect *detect, struct scratch **scratch)
{
	struct scratch *next = *scratch;

	*scratch = detect->scratch;
	detect->scratch = next;
	detect->ruleset = next->ruleset;
}

struct memory *memory_turn(const struct detect *detect)
{
	if (detect->order.wait)
		detect->order.wait(detect->order.arg);
	return detect->memory;
}

void detect_tick(struct detect *detect, uint64_t now_ns)
{
	if (detect->memory && detect->memory == detect->own_memory)
		memory_tick(memory_turn(detect), now_ns);
}

struct detect_tally detect_tally(const struct detect *detect)
{
	return detect->tally;
}

/* --- a rule --- */

void rule_begin(struct detect *detect, const struct signature *s, struct tx *tx)
{
	struct match *match = &detect->match;

	match->signature = s;
	match->tx = tx;
	match->file = NULL;
	match->buffer = slice(NULL, 0);
	match->buffer_from = 0;
	match->is_begin = match->is_end = true;
	match->at = 0;
	match->again = 0;
	match->steps = 0;
	match->base64 = slice(NULL, 0);
	detect->var_cnt = 0;
	room_empty(&detect->rule_room);
	rule_prepare(detect->ruleset->prepared, s);
}

bool rule_tests_hold(const struct signature *s, struct match *match, bool of_tx)
{
	for (uint32_t i = 0; i < s->test_cnt; i++) {
		const struct test *test = &s->tests[i];

		if (test->ops->of_file || test->ops->needs_tx != of_tx)
			continue;
		if (!test->ops->ask(test->arg, match))
			return false;
	}
	return true;
}

/* What a packet's or stream's bytes are most likely part of: the first that is not done. */
static struct tx *tx_under_way(const struct match *match, const struct signature *s, bool in_stream)
{
	const struct session *session = match->flow ? &match->flow->session : NULL;
	struct tx *tx = session ? session->first : NULL;

	if (match->detect->ruleset->guesses_tx && tx && !tx->next)
		return tx; /* a site wants it told of packets, too, when there is but one */
	if (!in_stream && !(s->apps && match->packet->proto == 17))
		return NULL;
	while (tx && tx->id < session->inspected[match->side])
		tx = tx->next;
	return tx;
}

static struct tx *tx_of_frame(const struct match *match)
{
	struct tx *tx = match->frame->has_tx ? match->flow->session.first : NULL;

	while (tx && tx->id != match->frame->tx_id)
		tx = tx->next;
	return tx;
}

/* Of streams that a gap parts, a rule may be found in both parts: it is told once. */
static bool was_found(const struct detect *detect, const struct signature *s)
{
	for (uint32_t i = 0; i < detect->finding_cnt; i++) {
		const struct finding *finding = &detect->findings[i];

		if (finding->number == s->number && finding->in_stream && !finding->in_tx)
			return true;
	}
	return false;
}

static void finding_add(struct detect *detect, const struct signature *s, bool in_stream)
{
	struct match *match = &detect->match;

	for (uint32_t i = 0; i < s->act_cnt; i++)
		s->acts[i].ops->act(s->acts[i].arg, match);
	if (detect->finding_cnt == FINDINGS_MAX) {
		detect->tally.lost++;
		return;
	}
	detect->findings[detect->finding_cnt++] = (struct finding){
		.number = s->number,
		.tx = match->frame ? tx_of_frame(match)
		      : match->tx  ? match->tx
				   : tx_under_way(match, s, in_stream),
		.frame = match->frame,
		.in_stream = in_stream,
		.in_tx = match->tx || match->frame,
		.action = tenant_action(detect->tenant, s),
	};
}

void rule_found(struct detect *detect, const struct signature *s, bool in_stream)
{
	const struct match *match = &detect->match;

	if (!match->tx && !match->frame && in_stream && was_found(detect, s))
		return;
	if (detect->scratch->costs)
		detect->scratch->costs[s->number].hits++;
	vars_keep(detect);
	finding_add(detect, s, in_stream);
	if (rule_holds_twice(detect, &detect->ruleset->asked[s->number]))
		finding_add(detect, s, in_stream);
}

/* Bytes of a packet or a stream; those up to old_len were looked at before. */
struct looked {
	struct slice bytes;
	uint64_t from;
	size_t old_len;
	bool ends;
};

static bool part_holds_in(struct detect *detect, const struct part *part, const struct looked *in)
{
	struct match *match = &detect->match;
	struct slice bytes = in->bytes;
	bool as_it_is = !part->source->transform_cnt;
	uint32_t end_min = 0;

	if (!buffer_transform(detect, part->source, match->side, 0, &bytes))
		return false;
	match->buffer = bytes;
	match->buffer_from = as_it_is ? in->from : 0;
	match->is_begin = in->from == 0;
	match->is_end = in->ends;
	/* what asks for no bytes says the same of each piece */
	if (as_it_is && in->old_len && match->signature->fast_part >= 0)
		end_min = (uint32_t)in->old_len + 1;
	return match_clauses(match, part->clauses, part->clause_cnt, end_min);
}

static bool payload_parts_hold(struct detect *detect, const struct signature *s,
			       const struct looked *in)
{
	for (uint32_t i = 0; i < s->part_cnt; i++) {
		if (s->parts[i].source->kind == SOURCE_PAYLOAD &&
		    !part_holds_in(detect, &s->parts[i], in))
			return false;
	}
	return true;
}

static bool header_parts_hold(struct detect *detect, const struct signature *s)
{
	for (uint32_t i = 0; i < s->part_cnt; i++) {
		const struct part *part = &s->parts[i];
		struct looked in = { .ends = true };

		if (part->source->kind == SOURCE_BASE64)
			in.bytes = detect->match.base64;
		else if (part->source->kind != SOURCE_HEADER)
			continue;
		else if (!part->source->header(detect->match.packet, &in.bytes))
			return false;
		if (!part_holds_in(detect, part, &in))
			return false;
	}
	return true;
}

static bool payload_holds(struct detect *detect, const struct signature *s, bool *ret_in_stream)
{
	const struct packet *packet = detect->match.packet;
	const struct stream_raw *raw = &detect->stream;
	bool is_tcp = packet->proto == 6;
	bool of_stream = is_tcp && s->layer != RULE_OF_PACKETS && !s->only_pkt;
	struct looked in = { .bytes = packet->payload, .ends = true };

	if (!packet->payload.len && !raw->bytes.at)
		return false; /* "it has not" is said of bytes that are there */
	if (of_stream && raw->bytes.at) {
		struct looked piece = { raw->bytes, raw->from, raw->old_len, raw->is_end };

		*ret_in_stream = payload_parts_hold(detect, s, &piece);
		if (*ret_in_stream)
			return true;
	}
	if (s->no_packets || (is_tcp && detect->is_piece))
		return false;
	if (of_stream && s->layer != RULE_OF_BOTH && packet->is_stream)
		return false;
	return payload_parts_hold(detect, s, &in);
}

bool rule_payload_holds(struct detect *detect, const struct asked *asked, bool *ret_in_stream)
{
	*ret_in_stream = false;
	if (asked->traits & TRAIT_PAYLOAD && detect->payload_is_over)
		return false;
	if (asked->traits & TRAIT_PAYLOAD && !payload_holds(detect, asked->signature, ret_in_stream))
		return false;
	return !(asked->traits & TRAIT_HEADER_PART) || header_parts_hold(detect, asked->signature);
}

/* Not all rules are of a packet that was made here. */
static bool pseudo_is_asked(const struct packet *packet, const struct asked *asked)
{
	if (!packet->is_pseudo || packet->is_change)
		return true;
	return packet_is_last(packet) && !(asked->traits & TRAIT_REAL);
}

static void packet_rule_ask(struct detect *detect, uint32_t number)
{
	const struct asked *asked = &detect->ruleset->asked[number];
	const struct signature *s = asked->signature;
	bool in_stream;

	if (!pseudo_is_asked(detect->match.packet, asked) || !rule_header_holds(detect, asked))
		return;
	rule_begin(detect, s, NULL);
	if (rule_tests_hold(s, &detect->match, false) && rule_payload_holds(detect, asked, &in_stream))
		rule_found(detect, s, in_stream);
}

/* --- collecting --- */

static void found_add(void *arg, uint32_t number)
{
	struct detect *detect = arg;

	if (detect->ruleset->asked[number].of_tx) {
		numbers_add(&detect->scratch->of_payload, number);
		detect->payload_found_any = true;
	} else {
		numbers_add(&detect->scratch->found, number);
	}
}

static void list_add(struct detect *detect, const struct rule_list *list)
{
	for (uint32_t i = 0; i < list->cnt; i++)
		numbers_add(&detect->scratch->found, list->numbers[i]);
}

static void scan_run(struct detect *detect, uint32_t scan, struct slice bytes, uint64_t from)
{
	const struct patterns *patterns =
		detect->ruleset->scans[detect->match.packet->side][scan].patterns;

	if (patterns)
		patterns_find(patterns, detect->scratch->hyperscan, bytes, from, found_add, detect);
}

static void payload_run(struct detect *detect, enum scan_payload kind, struct slice bytes,
			uint64_t from)
{
	const struct places *places = detect->ruleset->places[detect->match.packet->side][kind];

	scan_run(detect, kind, bytes, from);
	if (places)
		places_find(places, bytes, from, found_add, detect);
}

/* What is new, and as much before it as a pattern that ends in it can have begun in. */
static void stream_collect(struct detect *detect)
{
	const struct stream_raw *raw = &detect->stream;
	uint32_t len_max = detect->ruleset->pattern_len_max;
	size_t overlap = len_max ? len_max - 1 : 0;
	size_t skip = raw->old_len > overlap ? raw->old_len - overlap : 0;

	if (raw->bytes.at)
		payload_run(detect, SCAN_STREAM, slice_behind(raw->bytes, skip), raw->from + skip);
}

static void payload_collect(struct detect *detect, const struct packet *packet)
{
	enum scan_payload scan = packet->proto == 6    ? SCAN_TCP
				 : packet->proto == 17 ? SCAN_UDP
						       : SCAN_OTHER;

	stream_collect(detect);
	if (!packet->payload.len || detect->payload_is_over)
		return;
	payload_run(detect, scan, packet->payload, 0);
	if (packet->proto == 6 && !packet->is_stream)
		payload_run(detect, SCAN_STREAM, packet->payload, 0);
}

static void headers_collect(struct detect *detect, const struct packet *packet)
{
	const struct ruleset *ruleset = detect->ruleset;

	for (uint32_t i = 0; i < ruleset->header_source_cnt; i++) {
		uint16_t number = ruleset->header_sources[i];
		const struct source *source = parse_source(ruleset->parse, number);
		struct slice bytes;

		if (source->header(packet, &bytes) &&
		    buffer_transform(detect, source, packet->side, 0, &bytes))
			scan_run(detect, SCAN_PAYLOADS + number, bytes, 0);
	}
}

static void ip_only_collect(struct detect *detect, const struct packet *packet)
{
	const struct ruleset *ruleset = detect->ruleset;
	struct rule_list src, dst;

	if (packet->flow) {
		if (packet->is_pseudo || packet->flow->ip_only_asked[packet->side])
			return;
		packet->flow->ip_only_asked[packet->side] = true;
	}
	src = address_index_find(&ruleset->by_src, &packet->src);
	dst = address_index_find(&ruleset->by_dst, &packet->dst);
	list_add(detect, &src);
	list_add(detect, &dst);
	list_add(detect, &ruleset->ip_only_any);
}

static void events_collect(struct detect *detect, const struct packet *packet)
{
	bool of_layer[2] = { false, false };

	for (uint8_t i = 0; i < packet->event_cnt; i++)
		of_layer[engine_event_name(packet->event[i])->layer == LAYER_STREAM] = true;
	if (of_layer[0])
		list_add(detect, &detect->ruleset->decode_events);
	if (of_layer[1])
		list_add(detect, &detect->ruleset->stream_events);
}

static void collect(struct detect *detect, const struct packet *packet)
{
	const struct ruleset *ruleset = detect->ruleset;

	if (packet->event_cnt)
		events_collect(detect, packet);
	if (!packet->family)
		return;
	ip_only_collect(detect, packet);
	list_add(detect, port_groups_find(&ruleset->plain[transport_of(packet->proto)][packet->side],
					  packet->dport));
	headers_collect(detect, packet);
	payload_collect(detect, packet);
}

/* --- a packet --- */

static enum proto_id spoken_by(const struct session *session, enum side side)
{
	return session->side_proto[side] != PROTO_UNKNOWN ? session->side_proto[side]
							  : session->proto;
}

#define EVENTS_SHIFT 25 /* behind the protocols */
#define SIDE_SHIFT(side) (8 * ((side) + 1)) /* what a side was guessed to speak */

static bool side_changed(uint32_t was, uint32_t is, enum side side)
{
	return ((was ^ is) >> SIDE_SHIFT(side) & 0xff) != 0;
}

/*
 * What says a protocol alone is said when it becomes known, and what was odd about it when it is found out:
 * bytes are read when the other side has them, so the side that sent them is asked with its next packet.
 * Where the two sides are not known as the same (a server's greeting is nobody's, the client's answer is
 * SMTP), it is asked of each. Of UDP two datagrams of a side are said to be of it.
 */
static void news_look(struct detect *detect, const struct packet *packet)
{
	struct flow *flow = packet->flow;
	const struct session *session;
	uint32_t now;

	detect->is_news = false;
	if (!flow)
		return;
	session = &flow->session;
	now = (uint32_t)session->proto | (uint32_t)session->side_proto[0] << SIDE_SHIFT(0) |
	      (uint32_t)session->side_proto[1] << SIDE_SHIFT(1) | (uint32_t)session->failed << 24;
	detect->match.events_old = (uint8_t)(flow->protocols >> EVENTS_SHIFT);
	if (packet->is_between) { /* it is the next packet's */
		detect->match.events_old = session->event_cnt;
		return;
	}
	detect->is_news = flow->protocol_due[packet->side] ||
			  (packet->proto == 17 && session->proto > PROTO_FAILED &&
			   flow->packets[packet->side] <= 2);
	flow->protocol_due[packet->side] = false;
	if ((flow->protocols & ((1u << EVENTS_SHIFT) - 1)) != now) {
		enum side other = other_side(packet->side);

		detect->is_news = true;
		flow->protocol_due[other] = side_changed(flow->protocols, now, other) ||
					    spoken_by(session, other) !=
						    spoken_by(session, packet->side);
	}
	flow->protocols = now | (uint32_t)session->event_cnt << EVENTS_SHIFT;
}

static void packet_rules_ask(struct detect *detect)
{
	uint32_t at = 0, number;

	while (numbers_take(&detect->scratch->found, &at, &number)) {
		uint64_t begin = costs_begin(detect);

		if (detect->is_news || !(detect->ruleset->asked[number].traits & TRAIT_ONCE))
			packet_rule_ask(detect, number);
		costs_end(detect, number, begin);
	}
}

static void tenant_choose(struct detect *detect, const struct packet *packet)
{
	const struct ruleset *ruleset = detect->ruleset;

	detect->tenant = ruleset->tenants && ruleset->tenants[packet->tenant].on
				 ? &ruleset->tenants[packet->tenant]
				 : NULL;
	detect->sets = detect->tenant ? detect->tenant->sets : ruleset->sets;
}

static void match_begin(struct detect *detect, struct packet *packet)
{
	detect->packets++;
	tenant_choose(detect, packet);
	detect->pass++;
	detect->finding_cnt = 0;
	detect->payload_found_any = false;
	room_empty(&detect->pass_room);
	detect->match = (struct match){ .detect = detect,
					.packet = packet,
					.flow = packet->flow,
					.side = packet->side,
					.now_ns = packet->time_ns };
	news_look(detect, packet);
	detect->stream = (struct stream_raw){ 0 };
	detect->is_piece = false;
	detect->payload_is_over = packet->is_carrier ||
				  (packet->flow && packet->flow->payload_over[packet->side]);
}

/*
 * What is whole in front of a gap is asked by itself; then detect->stream is the last piece, or
 * none.
 */
static void pieces_ask(struct detect *detect, struct packet *packet)
{
	while (!detect->payload_is_over && stream_raw_next(packet, &detect->stream) &&
	       !detect->stream.last) {
		detect->is_piece = true;
		stream_collect(detect);
		packet_rules_ask(detect);
		stream_raw_done(packet, &detect->stream);
		detect->stream = (struct stream_raw){ 0 };
	}
	detect->is_piece = false;
}

static void payload_rules_forget(struct detect *detect)
{
	uint32_t at = 0, number;

	while (detect->payload_found_any && numbers_take(&detect->scratch->of_payload, &at, &number)) {
	}
}

void detect_packet(struct detect *detect, struct packet *packet)
{
	struct flow *flow = packet->flow;

	packet->alerts = NULL;
	packet->alert_cnt = 0;
	if (!detect->ruleset)
		return;
	if (flow)
		flow_follow(detect->ruleset, flow);
	if (flow && flow->detect)
		packet_vars_forget(flow->detect);
	if (!packet->is_pseudo)
		tags_count(detect, packet);
	if (flow && (flow->no_packet || flow->passed || flow->fate & FATE_DROP)) {
		transactions_skip(packet);
		return;
	}
	match_begin(detect, packet);
	pieces_ask(detect, packet);
	collect(detect, packet);
	packet_rules_ask(detect);
	if (flow && flow->session.first && flow->proto == packet->proto && packet_is_read(packet))
		transactions_ask(detect, packet);
	if (flow && flow->session.frames && detect->ruleset->of_frames.cnt)
		frames_ask(detect, packet);
	payload_rules_forget(detect);
	if (detect->stream.bytes.at)
		stream_raw_done(packet, &detect->stream);
	if (detect->finding_cnt)
		verdict_reach(detect, packet);
}
