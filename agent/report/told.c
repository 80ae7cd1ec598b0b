/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the records of a packet: alerts, drops, anomalies, what a tag asked for. Called by the engine's
 * workers after detection. Promises one line for each, and none that the settings do not ask for.
 */
#include "report/toldinside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "inspect/stream.h"

#define TOLD_DROP_BIT 1 /* of flow.told, shifted by the side */

int told_new(const struct told_settings *settings,
	     void (*line)(void *arg, const char *bytes, size_t len), void *arg,
	     struct told **ret_told)
{
	struct told *told = calloc(1, sizeof(*told));

	if (!told)
		return -ENOMEM;
	told->settings = settings;
	told->line = line;
	told->arg = arg;
	*ret_told = told;
	return 0;
}

void told_join(struct told *told, void (*wait)(void *arg), void *arg)
{
	told->wait = wait;
	told->wait_arg = arg;
}

void told_owners(struct told *told, struct engine_owner (*owner)(void *arg, uint16_t tenant),
		 void *arg)
{
	told->owner = owner;
	told->owner_arg = arg;
}

void told_free(struct told *told)
{
	if (!told)
		return;
	json_free(&told->json);
	free(told);
}

static struct told_head head_of(const struct packet *p, const char *event_type)
{
	return (struct told_head){ .time_ns = p->time_ns,
				   .event_type = event_type,
				   .packet = p,
				   .flow = p->flow,
				   .from = HEAD_PACKET };
}

/* --- alerts --- */

static void end_put(struct json *json, const char *name, const struct packet *p, bool is_dst)
{
	bool ports = p->proto == 6 || p->proto == 17 || p->proto == 132;

	json_open(json, name);
	json_address(json, "ip", is_dst ? &p->dst : &p->src, p->family);
	if (ports)
		json_number(json, "port", is_dst ? p->dport : p->sport);
	json_close(json);
}

/* Who is attacked, and by whom, where the rule says which of both is the target. */
static void target_put(struct json *json, const struct rule *rule, const struct packet *p)
{
	bool is_dst = rule->target == TARGET_DST;

	if (rule->target == TARGET_NONE || !p->family)
		return;
	end_put(json, "source", p, !is_dst);
	end_put(json, "target", p, is_dst);
}

/* Values of one key stand in one list, where the key comes first. */
static void metadata_put(struct json *json, const struct rule *rule)
{
	if (!rule->metadata_cnt)
		return;
	json_open(json, "metadata");
	for (uint32_t i = 0; i < rule->metadata_cnt; i++) {
		const char *key = rule->metadata[i].key;
		bool seen = false;

		for (uint32_t k = 0; k < i && !seen; k++)
			seen = strcmp(rule->metadata[k].key, key) == 0;
		if (seen)
			continue;
		json_list(json, key);
		for (uint32_t k = i; k < rule->metadata_cnt; k++)
			if (strcmp(rule->metadata[k].key, key) == 0)
				json_text(json, NULL, rule->metadata[k].value);
		json_close(json);
	}
	json_close(json);
}

static void references_put(struct json *json, const struct rule *rule)
{
	char text[1024];

	if (!rule->reference_cnt)
		return;
	json_list(json, "references");
	for (uint32_t i = 0; i < rule->reference_cnt; i++) {
		snprintf(text, sizeof(text), "%s%s", rule->references[i].key,
			 rule->references[i].value);
		json_text(json, NULL, text);
	}
	json_close(json);
}

static bool is_blocked(const struct told *told, const struct alert *alert)
{
	if (alert->fate & (FATE_REJECT_SRC | FATE_REJECT_DST))
		return true;
	return (alert->fate & FATE_DROP) && told->settings->is_ips;
}

static void alert_object(struct told *told, const struct packet *p, const struct alert *alert,
			 const struct slice *proxied)
{
	const struct rule *rule = alert->rule;
	uint32_t bits = told->settings->alert;
	struct json *json = &told->json;

	json_open(json, "alert");
	json_text(json, "action", is_blocked(told, alert) ? "blocked" : "allowed");
	json_number(json, "gid", rule->gid);
	json_number(json, "signature_id", rule->sid);
	json_number(json, "rev", rule->rev);
	json_text(json, "signature", rule->msg);
	json_text(json, "category", rule->class_msg);
	json_number(json, "severity", rule->priority);
	target_put(json, rule, p);
	if (bits & ALERT_RULE_METADATA)
		metadata_put(json, rule);
	if (bits & ALERT_RULE_REFERENCE)
		references_put(json, rule);
	if (bits & ALERT_RULE_RAW)
		json_text(json, "rule", rule->text);
	if (proxied)
		json_bytes(json, "xff", *proxied);
	json_close(json);
}

static void payload_bytes_put(struct told *told, struct slice bytes)
{
	const struct told_settings *s = told->settings;
	struct json *json = &told->json;

	if (s->alert & ALERT_PAYLOAD)
		json_base64(json, "payload", bytes);
	if (s->alert & ALERT_PRINTABLE)
		json_printable(json, "payload_printable", bytes);
	if (s->alert & ALERT_LENGTH)
		json_number(json, "payload_length", bytes.len);
}

/* What is missing in front of the bytes stands there in words. */
static void payload_behind_gap_put(struct told *told, struct slice bytes, uint64_t missing)
{
	char *text = malloc(bytes.len + 64);
	size_t len;

	if (!text) {
		told->json.short_of_memory = true;
		return;
	}
	len = (size_t)snprintf(text, 64, "[%" PRIu64 " bytes missing]", missing);
	memcpy(text + len, bytes.at, bytes.len);
	payload_bytes_put(told, slice(text, len + bytes.len));
	free(text);
}

static void payload_put(struct told *told, const struct packet *p, const struct alert *alert)
{
	struct slice bytes = p->payload;
	bool of_stream = alert->in_stream && p->flow && p->flow->tcp;
	uint64_t missing = 0;

	if (of_stream)
		bytes = stream_held(p->flow, p->side, &missing);
	if (!bytes.len)
		bytes = p->payload;
	if (of_stream && bytes.len > told->settings->payload_max)
		bytes.len = told->settings->payload_max;
	if (missing && bytes.len)
		payload_behind_gap_put(told, bytes, missing);
	else
		payload_bytes_put(told, bytes);
	json_number(&told->json, "stream", of_stream);
}

/* Of the side that the alert is about, those that no record was written of yet. */
static void files_put(struct told *told, const struct tx *tx, enum side side)
{
	struct json *json = &told->json;
	const struct json_mark mark = json_mark(json);
	bool any = false;

	json_list(json, "files");
	for (const struct file *file = tx->files; file; file = file->next) {
		if (file->side != side || (file->logged && told->settings->kinds[TOLD_FILES]))
			continue;
		any = true;
		json_open(json, NULL);
		told_file(told, file);
		json_close(json);
	}
	if (any)
		json_close(json);
	else
		json_back(json, mark);
}

/* An alert's transaction: what it says, bodies too where that is wanted, and its files. */
static void tx_put(struct told *told, struct tx *tx, enum side side)
{
	struct json *json = &told->json;

	json->body_base64 = told->settings->alert & ALERT_BODY;
	json->body_printable = told->settings->alert & ALERT_BODY_PRINTABLE;
	told_tx_objects(told, tx);
	json->body_base64 = json->body_printable = false;
	files_put(told, tx, side);
}

/* What it came out of: a tunnel, or the last of its fragments. */
static void tunnel_put(struct told *told, const struct packet *p)
{
	const struct packet *o = p->outer;
	const char *name = told_proto_name(o->proto);
	struct json *json = &told->json;

	if (!o->family)
		return;
	json_open(json, "tunnel");
	json_address(json, "src_ip", &o->src, o->family);
	json_number(json, "src_port", o->sport);
	json_address(json, "dest_ip", &o->dst, o->family);
	json_number(json, "dest_port", o->dport);
	json_text(json, "proto", name ? name : "");
	json_number(json, "depth", p->depth);
	if (!o->outer)
		json_number(json, "pcap_cnt", o->number);
	json_text(json, "pkt_src", o->outer ? "ipv4 tunnel" : "wire/pcap");
	json_close(json);
}

static void verdict_put(struct told *told, const struct packet *p)
{
	struct json *json = &told->json;
	bool src = p->fate & FATE_REJECT_SRC, dst = p->fate & FATE_REJECT_DST;
	bool dropped = (p->fate & FATE_DROP) && told->settings->is_ips;
	bool passed = (p->fate & FATE_PASS) && !dropped;

	json_open(json, "verdict");
	json_text(json, "action", dropped ? "drop" : passed ? "pass" : "alert");
	if (src || dst) {
		bool to_client = src ? p->side == FROM_CLIENT : p->side == FROM_SERVER;

		json_text(json, "reject-target",
			  src && dst  ? "both"
			  : to_client ? "to_client"
				      : "to_server");
		json_list(json, "reject");
		json_text(json, NULL, p->proto == 6 ? "tcp-reset" : "icmp-prohib");
		json_close(json);
	}
	json_close(json);
}

/* The client that a proxy says it speaks for. */
static bool proxied_find(const struct told *told, const struct alert *alert, struct slice *ret)
{
	const struct told_settings *s = told->settings;
	const struct proto *proto = alert->tx ? protos[alert->tx->proto] : NULL;
	uint8_t *comma;

	if (!s->xff || !proto || !proto->forwarded_for ||
	    !proto->forwarded_for(alert->tx, s->xff_header, ret))
		return false;
	if (s->xff_forward) { /* the first proxy is ours: what it added first */
		comma = memchr(ret->at, ',', ret->len);
		ret->len = comma ? (size_t)(comma - ret->at) : ret->len;
	} else {
		comma = memrchr(ret->at, ',', ret->len);
		*ret = comma ? slice_behind(*ret, (size_t)(comma + 1 - ret->at)) : *ret;
	}
	while (ret->len && ret->at[0] == ' ')
		*ret = slice_behind(*ret, 1);
	while (ret->len && ret->at[ret->len - 1] == ' ')
		ret->len--;
	return told_address_read(*ret, NULL);
}

void told_alert(struct told *told, struct packet *p, struct alert *alert)
{
	const struct told_settings *s = told->settings;
	struct told_head head = head_of(p, "alert");
	struct json *json = &told->json;
	struct sek_addr real;
	struct slice proxied;
	bool is_proxied = proxied_find(told, alert, &proxied);

	head.tx = alert->tx;
	if (is_proxied && s->xff_overwrite && told_address_read(proxied, &real)) {
		head.overwrites = &real;
		head.overwrites_dst = p->side == FROM_SERVER;
	}
	told_head(told, &head);
	if (alert->tx && alert->tx_guessed)
		json_bool(json, "tx_guessed", true);
	alert_object(told, p, alert, is_proxied && !s->xff_overwrite ? &proxied : NULL);
	if (p->outer)
		tunnel_put(told, p);
	if (alert->frame)
		told_frame_of(told, p, alert->frame);
	if (alert->tx && (s->alert & ALERT_APP))
		tx_put(told, alert->tx, p->side);
	if (p->flow) {
		told_app_proto(told, p->flow);
		json_text(json, "direction", p->side == FROM_CLIENT ? "to_server" : "to_client");
		if (s->alert & ALERT_FLOW)
			told_flow_short(told, p->flow);
	}
	if (s->alert & (ALERT_PAYLOAD | ALERT_PRINTABLE | ALERT_LENGTH))
		payload_put(told, p, alert);
	if (s->alert & ALERT_PACKET)
		told_frame(told, p);
	if (s->alert & ALERT_VERDICT)
		verdict_put(told, p);
	told_line(told);
}

/* --- drops --- */

static const char *const drop_words[DROP_KINDS] = {
	[DROP_NONE] = "rules",
	[DROP_RULES] = "rules",
	[DROP_FLOW] = "flow drop",
	[DROP_DECODE_ERROR] = "decode error",
	[DROP_DEFRAG_MEMCAP] = "defrag memcap",
	[DROP_FLOW_MEMCAP] = "flow memcap",
	[DROP_STREAM_ERROR] = "stream error",
	[DROP_STREAM_MEMCAP] = "stream memcap",
	[DROP_STREAM_MIDSTREAM] = "stream midstream",
	[DROP_STREAM_REASSEMBLY] = "stream reassembly",
	[DROP_STREAM_URGENT] = "stream urgent",
	[DROP_APPLAYER_ERROR] = "applayer error",
	[DROP_THRESHOLD] = "threshold detection_filter",
	[DROP_FILE] = "file verdict",
	[DROP_DATAGRAM] = "datagram refused",
};

static bool drop_is_due(const struct told *told, struct packet *p)
{
	uint8_t bit = (uint8_t)(TOLD_DROP_BIT << p->side);

	if (!(p->fate & FATE_DROP) || !told->settings->is_ips || p->is_pseudo || !p->family)
		return false;
	if (told->settings->drop_all || !p->flow)
		return true;
	if (p->flow->told & bit)
		return false;
	p->flow->told |= bit;
	return true;
}

static void drop_put(struct told *told, const struct packet *p)
{
	struct told_head head = head_of(p, "drop");
	struct json *json = &told->json;

	told_head(told, &head);
	if (p->flow)
		json_text(json, "direction", p->side == FROM_CLIENT ? "to_server" : "to_client");
	json_open(json, "drop");
	told_headers(told, p);
	json_text(json, "reason", drop_words[p->drop < DROP_KINDS ? p->drop : DROP_NONE]);
	json_close(json);
	if (told->settings->drop_verdict)
		verdict_put(told, p);
	for (uint32_t i = 0; told->settings->drop_alerts && i < p->alert_cnt; i++) {
		if (!(p->alerts[i].fate & FATE_DROP))
			continue; /* a quiet one has let it fall all the same */
		alert_object(told, p, &p->alerts[i], NULL);
		break;
	}
	told_line(told);
}

/* --- anomalies --- */

static void anomaly_put(struct told *told, const struct packet *p, enum engine_event event)
{
	const struct engine_event_name *name = engine_event_name(event);
	bool decode = name->layer == LAYER_DECODE;
	struct told_head head = head_of(p, "anomaly");
	struct json *json = &told->json;
	char word[128];

	told_head(told, &head);
	if (told->settings->anomaly_packet)
		told_frame_head(told, p);
	json_open(json, "anomaly");
	json_text(json, "type", decode ? "decode" : "stream");
	snprintf(word, sizeof(word), "%s.%s", decode ? "decoder" : "stream", name->word);
	json_text(json, "event", word);
	json_close(json);
	told_line(told);
}

static void anomalies_put(struct told *told, const struct packet *p)
{
	const struct told_settings *s = told->settings;

	for (uint8_t i = 0; i < p->event_cnt; i++) {
		bool decode = engine_event_name(p->event[i])->layer == LAYER_DECODE;

		if (decode ? s->anomaly_decode : s->anomaly_stream)
			anomaly_put(told, p, p->event[i]);
	}
}

static void tagged_put(struct told *told, const struct packet *p)
{
	struct told_head head = head_of(p, "packet");

	told_head(told, &head);
	told_frame(told, p);
	if (p->outer)
		tunnel_put(told, p);
	told_line(told);
}

void told_packet(struct told *told, struct packet *packet)
{
	const struct told_settings *s = told->settings;
	bool alerted = false;

	for (uint32_t i = 0; s->kinds[TOLD_ALERT] && i < packet->alert_cnt; i++) {
		if (packet->alerts[i].quiet)
			continue;
		told_alert(told, packet, &packet->alerts[i]);
		alerted = true;
	}
	if (s->kinds[TOLD_ALERT] && (s->alert & ALERT_TAGGED) && packet->is_tagged &&
	    !packet->is_pseudo && !alerted)
		tagged_put(told, packet);
	if (packet->event_cnt && s->kinds[TOLD_ANOMALY])
		anomalies_put(told, packet);
	if ((packet->fate & FATE_DROP) && s->kinds[TOLD_DROP] && drop_is_due(told, packet))
		drop_put(told, packet);
	if (s->kinds[TOLD_STREAM])
		told_stream(told, packet);
}
