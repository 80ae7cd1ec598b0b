// SPDX-License-Identifier: Apache-2.0
/*
 * Owns what records tell of a packet's headers, and the records of TCP's packets (stream). Called by the
 * engine's workers. Promises Suricata's names.
 */
#include "report/toldinside.h"

#include "inspect/tcp.h"

static void ip_put(struct json *json, const struct packet *p)
{
	uint32_t first = 0;

	if (p->family == 4) {
		json_number(json, "len", p->ip.len);
		json_number(json, "tos", p->tos);
		json_number(json, "ttl", p->ttl);
		json_number(json, "ipid", p->ip_id);
	} else if (p->family == 6) {
		for (size_t i = 0; i < 4 && p->ip.len >= 4; i++)
			first = first << 8 | p->ip.at[i];
		json_number(json, "len", p->ip.len >= 40 ? p->ip.len - 40 : 0);
		json_number(json, "tc", p->tos);
		json_number(json, "hoplimit", p->ttl);
		json_number(json, "flowlbl", first & 0xfffff);
	}
}

static void l4_put(struct json *json, const struct packet *p)
{
	static const struct {
		const char *name;
		uint8_t bit;
	} flags[] = { { "syn", TCP_SYN }, { "ack", TCP_ACK }, { "psh", TCP_PSH },
		      { "rst", TCP_RST }, { "urg", TCP_URG }, { "fin", TCP_FIN } };

	if (p->proto == 6 && p->l4.len) {
		json_number(json, "tcpseq", p->tcp.seq);
		json_number(json, "tcpack", p->tcp.ack);
		json_number(json, "tcpwin", p->tcp.window);
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			json_bool(json, flags[i].name, p->tcp.flags & flags[i].bit);
		json_number(json, "tcpres", p->l4.len > 12 ? p->l4.at[12] & 15 : 0);
		json_number(json, "tcpurgp", p->tcp.urgent);
	} else if (p->proto == 17 && p->l4.len) {
		json_number(json, "udplen", p->payload.len + 8);
	} else if ((p->proto == 1 || p->proto == 58) && p->l4.len) {
		json_number(json, "icmp_id", p->icmp.id);
		json_number(json, "icmp_seq", p->icmp.seq);
	}
}

void told_headers(struct told *told, const struct packet *packet)
{
	ip_put(&told->json, packet);
	l4_put(&told->json, packet);
}

static void events_put(struct json *json, const struct packet *p)
{
	char word[128];
	bool any = false;

	for (uint8_t i = 0; i < p->event_cnt; i++) {
		const struct engine_event_name *name = engine_event_name(p->event[i]);

		if (name->layer != LAYER_STREAM)
			continue;
		if (!any)
			json_list(json, "events");
		any = true;
		snprintf(word, sizeof(word), "stream.%s", name->word);
		json_text(json, NULL, word);
	}
	if (any)
		json_close(json);
}

static bool has_event(const struct packet *p)
{
	for (uint8_t i = 0; i < p->event_cnt; i++)
		if (engine_event_name(p->event[i])->layer == LAYER_STREAM)
			return true;
	return false;
}

static bool is_due(const struct told_settings *s, const struct packet *p)
{
	if (p->is_pseudo || p->proto != 6 || !p->flow || !p->l4.len)
		return false;
	return s->stream_all || (s->stream_events && has_event(p)) ||
	       (s->stream_states && p->state_changed);
}

void told_stream(struct told *told, const struct packet *packet)
{
	struct told_head head = { .time_ns = packet->time_ns,
				  .event_type = "stream_tcp",
				  .packet = packet,
				  .flow = packet->flow,
				  .from = HEAD_PACKET };
	struct json *json = &told->json;

	if (!is_due(told->settings, packet))
		return;
	told_head(told, &head);
	json_text(json, "direction", packet->side == FROM_CLIENT ? "to_server" : "to_client");
	json_open(json, "stream_tcp");
	json_open(json, "packet");
	told_headers(told, packet);
	json_close(json);
	json_open(json, "session");
	if (packet->flow->tcp)
		json_text(json, "state", tcp_state_name(packet->flow->tcp->state));
	json_close(json);
	events_put(json, packet);
	json_close(json);
	told_line(told);
}
