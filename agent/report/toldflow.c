/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the records of flows that ended. Called by the engine's workers. Promises each flow once.
 */
#include "report/toldinside.h"

#include "inspect/tcp.h"

#define SECOND_NS 1000000000ull

static const char *state_word(const struct flow *flow)
{
	switch (flow->state) {
	case FLOW_NEW:
		return "new";
	case FLOW_ESTABLISHED:
		return "established";
	case FLOW_CLOSED:
		return "closed";
	default:
		return "bypassed";
	}
}

static const char *end_word(enum flow_end why)
{
	switch (why) {
	case FLOW_END_TIMEOUT:
		return "timeout";
	case FLOW_END_FORCED:
		return "forced";
	case FLOW_END_SHUTDOWN:
		return "shutdown";
	default:
		return "tcp_reuse";
	}
}

static uint64_t age_of(const struct flow *flow)
{
	return flow->last_ns / SECOND_NS - flow->first_ns / SECOND_NS;
}

static void flags_put(struct json *json, uint8_t flags)
{
	static const char *const names[8] = { "fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr" };
	static const uint8_t order[8] = { 1, 0, 2, 3, 4, 5, 6, 7 };

	for (size_t i = 0; i < 8; i++)
		if (flags & 1 << order[i])
			json_bool(json, names[order[i]], true);
}

static void hex_put(struct json *json, const char *name, uint8_t flags)
{
	json_hex(json, name, slice(&flags, 1));
}

static void tcp_put(struct json *json, const struct flow *flow)
{
	const struct tcp_session *tcp = flow->tcp;
	uint8_t ts = tcp ? tcp->side[FROM_CLIENT].flags : 0,
		tc = tcp ? tcp->side[FROM_SERVER].flags : 0;

	json_open(json, "tcp");
	hex_put(json, "tcp_flags", ts | tc);
	hex_put(json, "tcp_flags_ts", ts);
	hex_put(json, "tcp_flags_tc", tc);
	flags_put(json, ts | tc);
	if (tcp) {
		json_text(json, "state", tcp_state_name(tcp->state));
		if (tcp->side[FROM_CLIENT].has_gap)
			json_bool(json, "ts_gap", true);
		if (tcp->side[FROM_SERVER].has_gap)
			json_bool(json, "tc_gap", true);
		json_number(json, "ts_max_regions", 1);
		json_number(json, "tc_max_regions", 1);
	}
	json_close(json);
}

static struct told_head head_of(const struct flow *flow, const char *event_type, uint64_t now_ns)
{
	return (struct told_head){
		.time_ns = now_ns, .event_type = event_type, .flow = flow, .from = HEAD_CLIENT
	};
}

/* What alerts the flow had, where each is told once: how often. */
static void alerts_put(struct json *json, const struct flow *flow)
{
	const struct flow_alert *alert;

	if (!detect_flow_alert(flow, 0))
		return;
	json_list(json, "alerts");
	for (size_t i = 0; (alert = detect_flow_alert(flow, i)); i++) {
		json_open(json, NULL);
		json_number(json, "gid", alert->gid);
		json_number(json, "signature_id", alert->sid);
		json_number(json, "times", alert->times);
		json_close(json);
	}
	json_close(json);
}

/* Alerts were kept out of the records: the flow's record must say so. */
static bool has_repeats(const struct flow *flow)
{
	const struct flow_alert *alert;

	for (size_t i = 0; (alert = detect_flow_alert(flow, i)); i++)
		if (alert->times > 1)
			return true;
	return false;
}

/* What passed by: nothing, where all packets are still seen and counted to the flow. */
static void bypassed_put(struct json *json)
{
	json_text(json, "bypass", "local");
	json_open(json, "bypassed");
	json_number(json, "pkts_toserver", 0);
	json_number(json, "pkts_toclient", 0);
	json_number(json, "bytes_toserver", 0);
	json_number(json, "bytes_toclient", 0);
	json_close(json);
}

static void flow_put(struct told *told, const struct flow *flow, enum flow_end why, uint64_t now_ns)
{
	struct told_head head = head_of(flow, "flow", now_ns);
	struct json *json = &told->json;

	told_head(told, &head);
	told_app_proto(told, flow);
	json_open(json, "flow");
	json_number(json, "pkts_toserver", flow->packets[FROM_CLIENT]);
	json_number(json, "pkts_toclient", flow->packets[FROM_SERVER]);
	json_number(json, "bytes_toserver", flow->bytes[FROM_CLIENT]);
	json_number(json, "bytes_toclient", flow->bytes[FROM_SERVER]);
	if (flow->state == FLOW_BYPASSED)
		bypassed_put(json);
	json_time(json, "start", flow->first_ns);
	json_time(json, "end", flow->last_ns);
	json_number(json, "age", age_of(flow));
	json_text(json, "state", state_word(flow));
	json_text(json, "reason", end_word(why));
	json_bool(json, "alerted", flow->alerted);
	alerts_put(json, flow);
	if (flow->fate & FATE_DROP)
		json_text(json, "action", "drop");
	else if (flow->passed)
		json_text(json, "action", "pass");
	json_close(json);
	told_flow_metadata(told, flow);
	if (flow->proto == 6)
		tcp_put(json, flow);
	told_line(told);
}

static void netflow_side_put(struct told *told, const struct flow *flow, enum side side,
			     uint64_t now_ns)
{
	struct told_head head = head_of(flow, "netflow", now_ns);
	struct json *json = &told->json;
	uint8_t flags = flow->tcp ? flow->tcp->side[side].flags : 0;

	head.from = side == FROM_CLIENT ? HEAD_CLIENT : HEAD_SERVER;
	head.one_way = true;
	told_head(told, &head);
	told_app_proto_of(told, flow, side);
	json_open(json, "netflow");
	json_number(json, "pkts", flow->packets[side]);
	json_number(json, "bytes", flow->bytes[side]);
	json_time(json, "start", flow->first_ns);
	json_time(json, "end", flow->last_ns);
	json_number(json, "age", age_of(flow));
	json_number(json, "min_ttl", flow->ttl_min[side]);
	json_number(json, "max_ttl", flow->ttl_max[side]);
	json_close(json);
	told_flow_metadata(told, flow);
	if (flow->proto == 6) {
		json_open(json, "tcp");
		hex_put(json, "tcp_flags", flags);
		flags_put(json, flags);
		json_close(json);
	}
	told_line(told);
}

void told_flow(struct told *told, struct flow *flow, enum flow_end why, uint64_t now_ns)
{
	const struct told_settings *s = told->settings;

	if (now_ns < flow->last_ns)
		now_ns = flow->last_ns;
	if (s->kinds[TOLD_FLOW] || (s->kinds[TOLD_ALERT] && has_repeats(flow)))
		flow_put(told, flow, why, now_ns);
	if (!s->kinds[TOLD_NETFLOW])
		return;
	netflow_side_put(told, flow, FROM_CLIENT, now_ns);
	if (flow->packets[FROM_SERVER])
		netflow_side_put(told, flow, FROM_SERVER, now_ns);
}
