// SPDX-License-Identifier: Apache-2.0
/*
 * A worker: decode, flow, stream, session, detection, records, in this order for each packet. Called by
 * the engine, by one thread; promises that all that a flow holds is given back when it ends.
 */
#include "inspect/inspector.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "detect/detect.h"
#include "file/room.h"
#include "inspect/session.h"
#include "proto/http1.h"
#include "report/told.h"

#define IP_TCP 6
#define IP_UDP 17

/* --- settings --- */

static void protocols_read(struct inspect_settings *s)
{
	for (int i = PROTO_FAILED + 1; i < PROTO_CNT; i++)
		s->off[i] = protos[i] && proto_is_off((enum proto_id)i, s->setup.config);
}

/* A fingerprint is made where the setting says so (yes, no), or else where a rule asks one of the names. */
static bool wants_print(const struct engine_setup *setup, const char *setting,
			const char *const *names)
{
	const char *said = config_text(setup->config, setting);

	if (said && strcmp(said, "auto") != 0 && !config_bool(setup->config, setting, false))
		return false;
	for (; setup->ruleset && *names; names++)
		if (ruleset_asks(setup->ruleset, *names))
			return true;
	return config_bool(setup->config, setting, false);
}

static void prints_read(struct engine_setup *setup)
{
	static const char *const hassh[] = { "ssh.hassh", "ssh.hassh.string", "ssh.hassh.server",
					     "ssh.hassh.server.string", NULL };
	static const char *const ja3[] = { "ja3.hash", "ja3.string", "ja3s.hash", "ja3s.string",
					   NULL };
	static const char *const ja4[] = { "ja4.hash", NULL };

	setup->hassh = wants_print(setup, "app-layer.protocols.ssh.hassh", hassh);
	setup->ja3 = wants_print(setup, "app-layer.protocols.tls.ja3-fingerprints", ja3);
	setup->ja4 = wants_print(setup, "app-layer.protocols.tls.ja4-fingerprints", ja4);
}

static void rules_ask(struct engine_setup *setup)
{
	prints_read(setup);
	if (setup->ruleset)
		ruleset_frame_types(setup->ruleset, setup->frame_types);
}

static unsigned int cpus_count(void)
{
	long cnt = sysconf(_SC_NPROCESSORS_ONLN);

	return cnt > 0 ? (unsigned int)cnt : 1;
}

int inspect_settings_read(const struct engine_setup *setup, struct inspect_settings *ret)
{
	struct inspect_settings s = { .setup = *setup, .workers = setup->workers };
	int r;

	const char *sums = config_text(setup->config, "pcap-file.checksum-checks");

	if (s.workers == 0)
		s.workers = cpus_count();
	if (s.workers > INSPECTORS_MAX)
		s.workers = INSPECTORS_MAX;
	if (sums && !config_bool(setup->config, "pcap-file.checksum-checks", true) &&
	    strcmp(sums, "auto") != 0)
		s.setup.unchecked_sums = true;
	decode_settings_read(setup->config, &s.decode);
	s.decode.unchecked_sums = s.setup.unchecked_sums;
	flow_settings_read(setup, s.workers, &s.flow);
	tcp_settings_read(setup->config, &s.setup, s.workers, &s.tcp);
	s.flow_memcap_policy =
		exception_read(setup->config, &(struct exception_case){ .path = "flow.memcap-policy",
									.ips = setup->ips });
	protocols_read(&s);
	r = hostos_new(setup->config, &s.hostos);
	if (r)
		return r;
	r = http1_settings_new(setup->config, setup->ips, &s.http1);
	if (r)
		goto fail_hostos;
	s.setup.http1 = s.http1;
	r = told_settings_new(setup, &s.told);
	if (r)
		goto fail_http1;
	s.setup.frames_told = told_settings_frames(s.told);
	rules_ask(&s.setup);
	*ret = s;
	return 0;
fail_http1:
	http1_settings_free(s.http1);
fail_hostos:
	hostos_free(s.hostos);
	return r;
}

int inspect_settings_follow(struct inspect_settings *s, const struct ruleset *ruleset)
{
	struct engine_setup *setup = &s->setup;
	int r = setup->files ? file_room_ask(setup->files, setup->config, ruleset) : 0;

	if (r)
		return r;
	ruleset_take(ruleset, setup->ruleset);
	setup->ruleset = ruleset;
	rules_ask(setup);
	return 0;
}

void inspect_settings_free(struct inspect_settings *s)
{
	if (s->told)
		told_settings_free(s->told);
	http1_settings_free(s->http1);
	hostos_free(s->hostos);
	*s = (struct inspect_settings){ .hostos = NULL };
}

unsigned int inspector_of(const struct inspect_settings *s, const struct packet *packet)
{
	if (s->workers == 1 || packet->family == 0)
		return 0;
	return flow_shard_of(&s->flow, packet) % s->workers;
}

/* --- places --- */

static void place_set(struct inspector *w, uint64_t frame, uint32_t phase, uint64_t flow)
{
	w->at = (struct order_key){ .frame = frame, .phase = phase, .flow = flow };
	if (w->turns)
		turns_say(w->turns, w->number, &w->at);
}

/* For what is shared: returns when it is as all that comes before in the order left it. */
static void turn_await(void *arg)
{
	struct inspector *w = arg;

	turns_await(w->turns, w->number);
}

void inspector_share(struct inspector *w, struct inspector *first, void (*wait)(void *arg), void *arg)
{
	detect_join(w->detect, first->detect, (struct detect_order){ wait, arg });
	told_join(w->told, wait, arg);
}

void inspector_join(struct inspector *w, struct inspector *first, struct turns *turns)
{
	w->turns = turns;
	inspector_share(w, first, turn_await, w);
}

/* --- packets --- */

static void packet_detect(struct inspector *w, struct packet *p)
{
	if (w->detect)
		detect_packet(w->detect, p);
}

static void packet_tell(struct inspector *w, struct packet *p)
{
	w->tally.events_lost += p->events_lost;
	if ((p->fate & FATE_DROP) && w->settings->setup.ips && !p->is_pseudo)
		w->tally.drops++;
	if (!w->told || w->silent)
		return;
	told_packet(w->told, p);
	if (p->flow)
		w->tally.alerts += told_transactions(w->told, p);
	if (p->flow && p->flow->session.frames)
		told_frames(w->told, p);
}

/*
 * Datagrams have no depth; of what nobody reads, or is ciphered but for its beginning, as much is looked at.
 */
static void elephant_pass(const struct inspector *w, struct flow *flow)
{
	const struct session *session = &flow->session;
	uint64_t depth = w->settings->tcp.stream.depth;

	if (w->settings->tcp.sides_leave && depth &&
	    (session->failed || session->proto == PROTO_QUIC) &&
	    flow->bytes[FROM_CLIENT] + flow->bytes[FROM_SERVER] > depth)
		flow_bypass(flow, SEK_BACK_ELEPHANT);
}

/* What nobody wants any more is not looked at, where others can have it. */
static void purpose_follow(struct inspector *w, struct flow *flow)
{
	if (!w->settings->tcp.sides_leave || flow->state == FLOW_BYPASSED ||
	    !purpose_look(w->settings, flow))
		return;
	w->news = true;
	if (!flow->purpose.whom)
		flow_bypass(flow, SEK_BACK_NO_RULE);
}

/* A packet without bytes, as if that side had sent one more. */
static struct packet packet_made(const struct inspector *w, struct flow *flow, enum side side)
{
	struct packet p = {
		.number = w->at.frame,
		.time_ns = flow->last_ns,
		.is_pseudo = true,
		.depth = flow->depth,
		.vlan_cnt = flow->vlan_cnt,
		.family = flow->family,
		.proto = flow->proto,
		.src = flow->addr[side],
		.dst = flow->addr[other_side(side)],
		.sport = flow->port[side],
		.dport = flow->port[other_side(side)],
		.flow = flow,
		.tenant = flow->tenant,
		.side = side,
		.tcp = { .flags = TCP_ACK },
	};

	memcpy(p.vlan, flow->vlan, sizeof(p.vlan));
	return p;
}

/*
 * The protocol is about to change: what was is asked to its end, of both sides, before the packet that found
 * it out. Called as long as nothing of the next protocol came.
 */
static void change_ask(struct inspector *w, const struct packet *by)
{
	struct flow *flow = by->flow;
	enum side first = w->settings->tcp.stream.is_inline ? by->side : other_side(by->side);
	const enum side sides[SIDES] = { first, other_side(first) };

	for (int i = 0; i < SIDES; i++)
		flow->tcp->side[i].raw_wanted = true;
	for (int i = 0; i < SIDES; i++) {
		struct packet p = packet_made(w, flow, sides[i]);

		p.time_ns = by->time_ns;
		p.is_between = p.is_change = p.is_established = true;
		packet_detect(w, &p);
		packet_tell(w, &p);
	}
}

/* The transport above a flow: streams, datagrams. */
static void packet_follow(struct inspector *w, struct packet *p)
{
	if (p->proto == IP_TCP && p->flow->proto == IP_TCP) {
		tcp_packet(&w->tcp, p);
		return;
	}
	if (p->proto == IP_UDP && p->flow->proto == IP_UDP) {
		session_datagram(&p->flow->session, p);
		elephant_pass(w, p->flow);
	}
	p->is_established = p->flow->heard[FROM_CLIENT] && p->flow->heard[FROM_SERVER];
}

static void side_left_ask(struct inspector *w, struct packet *p);

/*
 * What was decided of a flow is not so of the next between the same ends. Whoever stands in the path knows of
 * ends that we do not see, of what was dropped or handed back, and tells flows apart by when they began.
 */
static struct flow *flow_now(struct inspector *w, struct packet *p, struct flow *flow)
{
	bool is_decided = flow->state == FLOW_BYPASSED || flow->fate & FATE_DROP;

	if (is_decided && w->outside_ns && flow->outside_ns && flow->outside_ns != w->outside_ns)
		flow = flow_replace(&w->flows, p);
	if (flow && w->outside_ns)
		flow->outside_ns = w->outside_ns;
	return flow;
}

static void packet_inspect(struct inspector *w, struct packet *p)
{
	bool ips = w->settings->setup.ips;
	struct flow *flow = NULL;

	if (flow_is_wanted(p)) {
		uint64_t refused = w->flows.refused;

		flow = flow_of(&w->flows, p);
		flow = flow ? flow_now(w, p, flow) : NULL;
		if (w->flows.refused != refused) {
			exception_apply(w->settings->flow_memcap_policy, p, DROP_FLOW_MEMCAP);
		}
	}
	p->tenant = flow ? flow->tenant : flow_tenant_of(&w->flows, p);
	if (flow && flow->state == FLOW_BYPASSED) {
		w->tally.counters.at[COUNTER_FLOW_BYPASSED_PKTS]++;
		w->tally.counters.at[COUNTER_FLOW_BYPASSED_BYTES] += p->frame.len;
		return;
	}
	if (flow && ips && (flow->fate & FATE_DROP)) {
		packet_drop(p, DROP_FLOW);
		if (flow->tcp && p->proto == IP_TCP)
			flow->tcp->side[p->side].flags |= p->tcp.flags;
	} else if (flow) {
		if (flow->passed)
			p->fate |= FATE_PASS;
		packet_follow(w, p);
		if (flow->session.becomes && p->proto == IP_TCP && flow->tcp)
			change_ask(w, p);
		if (ips && (flow->fate & FATE_DROP)) /* of what the packet was the last of */
			packet_drop(p, DROP_FILE);
		if (ips && p->drop == DROP_FILE)
			p->fate |= flow->fate & (FATE_REJECT_SRC | FATE_REJECT_DST);
	}
	packet_detect(w, p);
	packet_tell(w, p);
	if (!p->flow)
		return;
	side_left_ask(w, p);
	session_clean(&p->flow->session);
	if (p->flow->tcp && !p->flow->session.first) /* records of what is left may show its bytes */
		tcp_rest(&w->tcp, p->flow);
	if (p->flow->no_payload)
		p->flow->payload_over[p->side] = true;
	if (!(p->flow->fate & FATE_DROP))
		purpose_follow(w, p->flow);
}

#define DROP_BITS 4

_Static_assert(DROP_KINDS <= 1 << DROP_BITS, "a reason fits its bits");
_Static_assert(DECODE_PACKETS_MAX *DROP_BITS <= 64, "each packet has some");

/* What is inside fell, and with it the packet around it, where we stand in the path. */
static void outer_drop(struct inspector *w, const struct packet *p, frame_drops *drops)
{
	size_t outer = (size_t)(p->outer - w->decoder.packets);

	packet_drop(&w->decoder.packets[outer], (enum packet_drop)p->drop);
	if (drops)
		atomic_fetch_or(drops, (uint64_t)p->drop << outer * DROP_BITS);
}

/* Whether a packet inside number i is another worker's. */
static bool is_inside_elsewhere(const struct inspector *w, unsigned int i)
{
	const struct decoder *d = &w->decoder;

	for (unsigned int inner = i + 1; inner < d->packet_cnt; inner++)
		if (d->packets[inner].outer == &d->packets[i] &&
		    inspector_of(w->settings, &d->packets[inner]) != w->number)
			return true;
	return false;
}

/* Did another worker let fall what is inside? */
static void inside_ask(struct inspector *w, unsigned int i, frame_drops *drops)
{
	uint64_t drop;

	if (!drops || !is_inside_elsewhere(w, i))
		return;
	turn_await(w);
	drop = atomic_load(drops) >> i * DROP_BITS & ((1 << DROP_BITS) - 1);
	if (drop)
		packet_drop(&w->decoder.packets[i], (enum packet_drop)drop);
}

/* Both sides in the server's numbers; what is inside a tunnel is another connection. */
static void cookie_apply(struct inspector *w)
{
	for (unsigned int i = 0; i < w->decoder.packet_cnt; i++) {
		struct packet *p = &w->decoder.packets[i];

		if (p->depth || p->proto != IP_TCP || p->is_fragment)
			continue;
		p->tcp.is_cookie = true;
		p->tcp.seq -= w->cookie.ahead;
	}
}

void inspector_frame(struct inspector *w, const struct capture_packet *frame, frame_drops *drops)
{
	struct decoder *d = &w->decoder;

	w->now_ns = frame->time_ns;
	w->news = false;
	decode_frame(d, frame);
	if (w->cookie.opened)
		cookie_apply(w);
	if (inspector_of(w->settings, &d->packets[0]) == w->number) {
		w->tally.packets++;
		w->tally.bytes += frame->len;
		w->tally.invalid += !decode_was_good(&d->packets[0]);
	}
	/* What is inside goes first: it may be the reason why the whole frame falls. */
	for (unsigned int i = d->packet_cnt; i-- > 0;) {
		struct packet *p = &d->packets[i];

		if (inspector_of(w->settings, p) != w->number)
			continue;
		place_set(w, frame->number, 1 + DECODE_PACKETS_MAX - i, 0);
		if (w->settings->setup.ips)
			inside_ask(w, i, drops);
		counters_decoded(&w->tally.counters, p, d->headers[i]);
		packet_inspect(w, p);
		if ((p->fate & FATE_DROP) && p->outer && w->settings->setup.ips)
			outer_drop(w, p, drops);
		if ((p->fate & FATE_DROP) && p->is_rebuilt)
			defrag_refuse(w->defrag, p->outer);
		if (i == 0)
			counters_fate(&w->tally.counters, p);
	}
}

void inspector_tenant(struct inspector *w, uint16_t tenant)
{
	w->flows.tenant = tenant;
	defrag_tenant(w->defrag, tenant);
}

void inspector_outside(struct inspector *w, uint64_t began_ns)
{
	w->outside_ns = began_ns;
}

void inspector_cookie(struct inspector *w, struct inspect_cookie cookie)
{
	w->cookie = cookie;
}

/* The innermost whose files hold something; else the frame's own. */
static const struct packet *packet_held(const struct decoder *d)
{
	for (unsigned int i = d->packet_cnt; i-- > 1;)
		if (d->packets[i].flow && d->packets[i].flow->waiting)
			return &d->packets[i];
	return &d->packets[0];
}

/* It is a stream's side behind its depth, and somebody else can have it. */
static bool side_is_over(const struct inspector *w, const struct flow *flow, enum side side)
{
	return w->settings->tcp.sides_leave && flow->tcp && flow->tcp->side[side].depth_reached;
}

/* The frame's own; where it was a piece that made a datagram whole, that. */
static const struct packet *packet_judged(const struct decoder *d)
{
	const struct packet *p = &d->packets[0];

	return p->is_fragment && d->packet_cnt > 1 && d->packets[1].is_rebuilt ? p + 1 : p;
}

struct inspect_verdict inspector_verdict(const struct inspector *w)
{
	const struct packet *p = packet_judged(&w->decoder), *held = packet_held(&w->decoder);
	const struct flow *flow = p->flow;
	bool over = flow && flow->state == FLOW_BYPASSED;

	return (struct inspect_verdict){
		.drops = w->decoder.packets[0].fate & FATE_DROP,
		.drop = (enum packet_drop)w->decoder.packets[0].drop,
		.ends = flow && flow->fate & FATE_DROP,
		.resets = p->fate & (FATE_REJECT_SRC | FATE_REJECT_DST),
		.over = over || (flow && side_is_over(w, flow, p->side)),
		.quiet = flow && side_is_over(w, flow, other_side(p->side)),
		.news = w->news,
		.own = flow,
		.why = over ? (enum sek_back_why)flow->over : SEK_BACK_DEPTH,
		.flow = held->flow,
		.side = held->side,
	};
}

/* --- ends of flows --- */

/* Records or rules have not seen all that the flow's transactions are. */
static bool txs_wait(const struct flow *flow, enum side side)
{
	for (const struct tx *tx = flow->session.first; tx; tx = tx->next)
		if ((!tx->logged && protos[tx->proto]->log) ||
		    tx->id >= flow->session.inspected[side])
			return true;
	return false;
}

/* Rules are asked of its end: it is not closed, or something of it was not looked at yet. */
static bool side_waits(const struct flow *flow, enum side side)
{
	const struct tcp_stream *s = &flow->tcp->side[side];

	if (flow->tcp->state >= TCP_ESTABLISHED && flow->tcp->state != TCP_CLOSED)
		return true;
	return (s->started && (s->app < s->end || s->raw < s->end)) || txs_wait(flow, side);
}

static bool flow_waits(const struct flow *flow)
{
	if (!flow->tcp || flow->state == FLOW_BYPASSED)
		return false;
	if (flow->session.first || side_waits(flow, FROM_CLIENT) || side_waits(flow, FROM_SERVER))
		return true;
	for (int side = 0; side < SIDES; side++)
		if (flow->tcp->side[side].started && tcp_stream_waits(&flow->tcp->side[side]))
			return true;
	return flow->session.state && !(flow->session.ended[0] && flow->session.ended[1]);
}

static void flow_flush(struct inspector *w, struct flow *flow, enum side side)
{
	struct packet p = packet_made(w, flow, side);
	bool asks = side_waits(flow, side);

	tcp_finish(&w->tcp, &p);
	flow->session.ended[p.side] = true;
	if (asks || side_waits(flow, side))
		packet_detect(w, &p);
	packet_tell(w, &p);
}

/* What waited with its file is asked and told. */
static void flow_ask(struct inspector *w, struct flow *flow, enum side side)
{
	struct packet p = packet_made(w, flow, side);

	p.is_between = true;
	p.time_ns = w->waits.now_ns;
	packet_detect(w, &p);
	packet_tell(w, &p);
}

/*
 * The other side is behind its depth, and none of its packets comes any more: with it the first transaction
 * is over as soon as this side's part is, or they would all stay, and be walked over, until the flow ends.
 */
static void side_left_ask(struct inspector *w, struct packet *p)
{
	struct flow *flow = p->flow;
	struct session *session = &flow->session;
	enum side left = other_side(p->side);

	if (!session->first || !side_is_over(w, flow, left) ||
	    !tx_is_complete(session->first, p->side) || session->inspected[left] > session->first->id)
		return;
	session->ended[left] = session->left[left] = true;
	flow_ask(w, flow, left);
	if (flow->fate & FATE_DROP)
		packet_drop(p, DROP_FLOW);
}

/* What its files hold goes, or falls, before it is forgotten. */
static void flow_unhold(struct inspector *w, struct flow *flow)
{
	bool waited = flow->waiting;

	if (!w->hold)
		return;
	flow_waits_end(flow);
	for (int side = 0; waited && !w->silent && side < SIDES; side++)
		flow_ask(w, flow, (enum side)side);
	w->hold->moved(w->hold->arg, flow, true);
}

static void flow_ended(void *arg, struct flow *flow, enum flow_end why)
{
	struct inspector *w = arg;

	place_set(w, w->at.frame, w->at.phase,
		  flow->first_packet * DECODE_PACKETS_MAX + (DECODE_PACKETS_MAX - 1 - flow->depth));
	flow->session.is_over = true;
	flow_unhold(w, flow);
	if (!w->silent) {
		bool dropped = w->settings->setup.ips && (flow->fate & FATE_DROP);

		if (!dropped && flow_waits(flow)) {
			flow_flush(w, flow, FROM_CLIENT);
			flow_flush(w, flow, FROM_SERVER);
		}
		counters_flow(&w->tally.counters, flow, why);
		if (w->told && !w->settings->setup.flows_elsewhere)
			told_flow(w->told, flow, why, w->now_ns);
	}
	if (flow->detect)
		detect_flow_free(flow->detect);
	session_end(&flow->session);
	tcp_forget(&w->tcp, flow);
}

/* --- files that are held --- */

static void flow_settled(void *arg, struct flow *flow)
{
	struct inspector *w = arg;

	flow_ask(w, flow, FROM_CLIENT);
	flow_ask(w, flow, FROM_SERVER);
	session_clean(&flow->session);
	w->hold->moved(w->hold->arg, flow, false);
}

void inspector_hold(struct inspector *w, struct inspector_hold *hold)
{
	w->hold = hold;
	w->waits = (struct waits){ .patience_ns = hold->patience_ns,
				   .tail_ns = hold->tail_ns,
				   .wake = hold->wake,
				   .wake_arg = hold->arg,
				   .settled = flow_settled,
				   .settled_arg = w };
	waits_begin(&w->waits);
	w->flows.waits = &w->waits;
}

void inspector_turn(struct inspector *w, uint64_t now_ns)
{
	waits_turn(&w->waits, now_ns);
}

bool inspector_waits(const struct inspector *w)
{
	return w->waits.first;
}

void inspector_tick(struct inspector *w, uint64_t now_ns, uint64_t frame)
{
	w->now_ns = now_ns;
	place_set(w, frame, 0, 0);
	flow_table_tick(&w->flows, now_ns);
	place_set(w, frame, 0, UINT64_MAX);
	detect_tick(w->detect, now_ns);
}

void inspector_forget(struct inspector *w, struct flow *flow)
{
	flow_table_forget(&w->flows, flow);
}

void inspector_finish(struct inspector *w, uint64_t now_ns)
{
	if (now_ns)
		w->now_ns = now_ns;
	place_set(w, UINT64_MAX, 0, 0);
	flow_table_end(&w->flows, FLOW_END_SHUTDOWN);
	place_set(w, UINT64_MAX, 0, UINT64_MAX);
}

struct engine_tally inspector_tally(const struct inspector *w)
{
	struct engine_tally tally = w->tally;
	struct defrag_tally defrag = defrag_tally(w->defrag);
	struct detect_tally detect = detect_tally(w->detect);
	uint64_t *count = tally.counters.at;

	tally.flows = w->flows.made;
	tally.evicted = w->flows.evicted;
	tally.memory_short = w->flows.refused + w->tcp.sessions_refused + w->tcp.memory.refused;
	if (w->number == 0) { /* all of them see all fragments */
		tally.evicted += defrag.evicted;
		tally.memory_short += defrag.memory_short;
		count[COUNTER_DEFRAG_MAX_FRAG_HITS] = defrag.evicted + defrag.memory_short;
	}
	tally.alerts += detect.alerts;
	tally.alerts_lost = detect.lost;
	tally.repeated = detect.repeated;
	count[COUNTER_FLOW_MEMCAP] = w->flows.evicted;
	count[COUNTER_TCP_SSN_MEMCAP_DROP] = w->tcp.sessions_refused;
	count[COUNTER_TCP_SEGMENT_MEMCAP_DROP] = w->tcp.memory.refused;
	count[COUNTER_TCP_INVALID_CHECKSUM] = w->tcp.bad_sums;
	count[COUNTER_TCP_REASSEMBLY_GAP] = w->tcp.gaps;
	count[COUNTER_TCP_OVERLAP] = w->tcp.overlaps;
	count[COUNTER_TCP_ACK_UNSEEN_DATA] = w->tcp.unseen_acks;
	count[COUNTER_TCP_URGENT_OOB_DATA] = w->tcp.urgent_bytes;
	count[COUNTER_DETECT_ALERT] = detect.alerts;
	count[COUNTER_DETECT_ALERT_QUEUE_OVERFLOW] = detect.lost;
	count[COUNTER_DETECT_ALERTS_SUPPRESSED] = detect.quiet;
	return tally;
}

static bool tenant_is_closed(void *arg, uint16_t tenant)
{
	const struct engine_setup *setup = &((struct inspector *)arg)->settings->setup;

	return setup->owner(setup->owner_arg, tenant).closed;
}

int inspector_init(struct inspector *w, const struct inspect_settings *settings, unsigned int number,
		   void (*line)(void *arg, const char *bytes, size_t len), void *arg)
{
	int r;

	memset(w, 0, sizeof(*w));
	w->settings = settings;
	w->number = number;
	w->decoder.settings = &settings->decode;
	r = defrag_new(settings->setup.config, settings->hostos, &w->defrag);
	if (r)
		return r;
	w->decoder.defrag = w->defrag;
	if (settings->setup.ips && settings->setup.flows_elsewhere)
		r = defrag_stand(w->defrag, tenant_is_closed, w);
	if (r)
		goto fail;
	r = flow_table_init(&w->flows, &settings->flow, &settings->setup);
	if (r)
		goto fail;
	w->flows.ended = flow_ended;
	w->flows.ended_arg = w;
	memcpy(w->flows.off, settings->off, sizeof(w->flows.off));
	tcp_tracker_init(&w->tcp, &settings->tcp, settings->hostos, &w->flows);
	r = detect_new(settings->setup.ruleset, &w->detect);
	if (!r && settings->setup.measured)
		r = detect_measure(w->detect);
	if (!r)
		r = told_new(settings->told, line, arg, &w->told);
	if (!r)
		told_owners(w->told, settings->setup.owner, settings->setup.owner_arg);
	if (!r)
		return 0;
fail:
	inspector_free(w);
	return r;
}

void inspector_free(struct inspector *w)
{
	w->silent = true;
	if (w->flows.buckets)
		flow_table_end(&w->flows, FLOW_END_SHUTDOWN);
	flow_table_free(&w->flows);
	tcp_tracker_end(&w->tcp);
	defrag_free(w->defrag);
	if (w->told)
		told_free(w->told);
	if (w->detect)
		detect_free(w->detect);
	memset(w, 0, sizeof(*w));
}
