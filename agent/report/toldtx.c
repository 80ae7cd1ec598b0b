/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the records of transactions: the protocol's own, their anomalies, their files. Called by the engine's
 * workers after each packet that moved a flow on. Promises each once, when it is due or its flow has ended.
 */
#include "report/toldinside.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "file/room.h"
#include "file/scanned.h"
#include "file/store.h"
#include "inspect/tcp.h"

#define SECOND_NS 1000000000ull

static const char *const session_words[] = {
	[SESSION_MISMATCH] = "APPLAYER_MISMATCH_PROTOCOL_BOTH_DIRECTIONS",
	[SESSION_WRONG_FIRST] = "APPLAYER_WRONG_DIRECTION_FIRST_DATA",
	[SESSION_ONE_SIDE] = "APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION",
	[SESSION_SKIPPED] = "APPLAYER_PROTO_DETECTION_SKIPPED",
	[SESSION_NO_TLS] = "APPLAYER_NO_TLS_AFTER_STARTTLS",
	[SESSION_UNEXPECTED] = "APPLAYER_UNEXPECTED_PROTOCOL",
};

bool told_address_read(struct slice text, struct sek_addr *ret_addr)
{
	struct sek_addr addr = { .b = { [10] = 0xff, 0xff } };
	char copy[INET6_ADDRSTRLEN];

	if (!text.len || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	if (inet_pton(AF_INET, copy, addr.b + 12) != 1 && inet_pton(AF_INET6, copy, addr.b) != 1)
		return false;
	if (ret_addr)
		*ret_addr = addr;
	return true;
}

static const struct proto *proto_of(const struct session *session)
{
	return session->proto < PROTO_CNT ? protos[session->proto] : NULL;
}

/* --- anomalies --- */

void told_anomaly_app(struct told *told, const struct packet *p, const struct tx *tx,
		      const char *event, const char *layer)
{
	const struct proto *proto = tx ? protos[tx->proto] : proto_of(&p->flow->session);
	struct told_head head = { .time_ns = p->time_ns,
				  .event_type = "anomaly",
				  .packet = p,
				  .flow = p->flow,
				  .from = HEAD_PACKET,
				  .tx = tx };
	struct json *json = &told->json;

	told_head(told, &head);
	json_open(json, "anomaly");
	if (proto)
		json_text(json, "app_proto", proto->app_proto ? proto->app_proto : proto->name);
	else
		json_text(json, "app_proto", "failed");
	json_text(json, "type", "applayer");
	json_text(json, "event", event);
	json_text(json, "layer", layer);
	json_close(json);
	told_line(told);
}

static void session_events_put(struct told *told, const struct packet *p, struct session *s)
{
	const size_t word_cnt = sizeof(session_words) / sizeof(session_words[0]);

	for (; s->events_told < s->event_cnt; s->events_told++) {
		uint8_t event = s->event[s->events_told];

		if (event < word_cnt && session_words[event])
			told_anomaly_app(told, p, NULL, session_words[event], "proto_detect");
	}
}

/* Number 1 is the first of proto.events; NULL: it has no such event. */
static const char *event_word(const struct proto *proto, uint8_t event)
{
	for (uint8_t i = 1; proto->events && proto->events[i - 1]; i++)
		if (i == event)
			return proto->events[i - 1];
	return NULL;
}

static void tx_events_put(struct told *told, const struct packet *p, const struct proto *proto,
			  struct tx *tx)
{
	for (; tx->events_told < tx->event_cnt; tx->events_told++) {
		const char *word = event_word(proto, tx->event[tx->events_told]);
		char loud[96];
		size_t len = 0;

		if (!word)
			continue;
		while (len < sizeof(loud) - 1 && word[len]) {
			loud[len] = (char)toupper((unsigned char)word[len]);
			len++;
		}
		loud[len] = 0;
		told_anomaly_app(told, p, tx, proto->loud_events ? loud : word, "proto_parser");
	}
}

/* --- files --- */

static const char *file_state_word(const struct file *file)
{
	switch (file->state) {
	case FILE_CLOSED:
		return "CLOSED";
	case FILE_TRUNCATED:
		return "TRUNCATED";
	case FILE_ERROR:
		return "ERROR";
	default:
		return "UNKNOWN";
	}
}

static void sum_put(struct json *json, const char *name, const char *hex)
{
	if (hex[0])
		json_text(json, name, hex);
}

void told_file(struct told *told, const struct file *file)
{
	struct json *json = &told->json;
	size_t len = file->name_len < sizeof(file->name) ? file->name_len : sizeof(file->name);

	json_bytes(json, "filename", slice(file->name, len));
	if (file->sid_cnt) {
		json_list(json, "sid");
		for (uint8_t i = 0; i < file->sid_cnt; i++)
			json_number(json, NULL, file->sids[i]);
		json_close(json);
	}
	if (file->magic[0])
		json_text(json, "magic", file->magic);
	json_bool(json, "gaps", file->has_gaps);
	json_text(json, "state", file_state_word(file));
	sum_put(json, "md5", file->md5);
	sum_put(json, "sha1", file->sha1);
	sum_put(json, "sha256", file->sha256);
	if (file->stored) {
		json_bool(json, "stored", true);
		json_number(json, "file_id", file->store_id);
	} else {
		json_bool(json, "stored", false);
		if (file->wants_store)
			json_bool(json, "storing", true);
	}
	json_number(json, "size", file->size);
	if (file->is_range) {
		json_number(json, "start", file->from);
		json_number(json, "end", file->to);
	}
	if (file->scan && file->state != FILE_OPENED)
		told_scan(told, file);
	json_number(json, "tx_id", file->tx ? file->tx->id : 0);
}

/* Told where records of files are wanted; what is kept has one beside it in any case. */
static void file_put(struct told *told, const struct packet *p, struct file_room *room,
		     const struct file *file)
{
	struct told_head head = { .time_ns = p->time_ns,
				  .event_type = "fileinfo",
				  .packet = p,
				  .flow = p->flow,
				  .from = file->side == FROM_CLIENT ? HEAD_CLIENT : HEAD_SERVER };
	struct json *json = &told->json;

	told_head(told, &head);
	told_tx_objects(told, file->tx);
	told_app_proto_alone(told, p->flow);
	json_open(json, "fileinfo");
	told_file(told, file);
	json_close(json);
	if (told->settings->kinds[TOLD_FILES])
		told_line(told);
	else
		told_end(told);
	if (room && file->stored && room->store_info)
		file_store_info(room, file->sha256, p->time_ns / SECOND_NS, file->store_id,
				slice(json->bytes, json->len));
	if (file_is_quarantined(file))
		quarantine_put(&room->quarantine, file->sha256, grown_slice(&file->scan->bytes),
			       slice(json->bytes, json->len));
}

/* What was found in it, then the file itself. Returns how many alerts there were. */
static uint32_t file_tell(struct told *told, struct packet *p, struct file_room *room,
			  struct file *file)
{
	const struct told_settings *s = told->settings;
	uint32_t alerts = 0;

	if (file->scan && s->kinds[TOLD_ANOMALY] && s->anomaly_applayer)
		told_scan_anomalies(told, p, file);
	if (file->scan && s->kinds[TOLD_ALERT])
		alerts = told_scan_alerts(told, p, file);
	file->logged = true;
	if (s->kinds[TOLD_FILES] || file_is_quarantined(file))
		file_put(told, p, room, file);
	file_scan_told(file);
	return alerts;
}

/*
 * As Suricata tells them: with a packet of who sends it, or any when nothing more comes from there; if
 * not, with the last of the flow.
 */
static bool file_is_due(const struct file *file, const struct tx *tx, const struct packet *p, bool all)
{
	if (file->state == FILE_OPENED && !all)
		return false;
	return file->side == p->side || tx->session->ended[file->side] ||
	       (packet_is_last(p) && p->side == FROM_SERVER);
}

static uint32_t files_put(struct told *told, struct packet *p, struct tx *tx, bool all)
{
	const struct engine_setup *setup = tx->session->setup;
	struct file_room *room = setup ? setup->files : NULL;
	uint32_t alerts = 0;

	if (!told->settings->kinds[TOLD_FILES] && !(room && room->scan))
		return 0;
	tx->files_due = false;
	for (struct file *file = tx->files; file; file = file->next) {
		if (file->logged)
			continue;
		if (!file_is_due(file, tx, p, all)) {
			tx->files_due = true;
			continue;
		}
		file_close(file, false);
		if (tx->waits) { /* in line its verdict is to come */
			tx->files_due = true;
			return alerts;
		}
		/* Files of the store are numbered; of those in quarantine the oldest go. */
		if ((file->spill || file_is_quarantined(file)) && told->wait)
			told->wait(told->wait_arg);
		file_settle(file);
		if (room && room->magic_in_records)
			file_magic(file);
		alerts += file_tell(told, p, room, file);
	}
	return alerts;
}

/* --- the protocol's own --- */

void told_tx_objects(struct told *told, struct tx *tx)
{
	const struct proto *proto = protos[tx->proto];
	struct json *json = &told->json;
	struct json_mark mark;

	if (!proto)
		return;
	json->options = told->settings->proto_options[tx->proto];
	json->part = 0;
	if (proto->log_alert) {
		proto->log_alert(tx, json);
		return;
	}
	if (!proto->log || !proto->eve_name)
		return;
	mark = json_mark(json);
	json_open(json, proto->eve_name);
	if (proto->log(tx, json))
		json_close(json);
	else
		json_back(json, mark);
}

static void record_put(struct told *told, const struct packet *p, const struct proto *proto,
		       struct tx *tx, uint32_t part)
{
	struct told_head head = { .time_ns = p->time_ns,
				  .event_type = proto->eve_name,
				  .packet = p,
				  .flow = p->flow,
				  .from = proto->log_by_packet ? HEAD_PACKET : HEAD_CLIENT,
				  .tx = proto->log_tx_id ? tx : NULL };
	struct json *json = &told->json;

	told_head(told, &head);
	json->options = told->settings->proto_options[tx->proto];
	json->part = part;
	json_open(json, proto->eve_name);
	if (!proto->log(tx, json))
		return;
	json_close(json);
	if (proto->log_more)
		proto->log_more(tx, json);
	told_line(told);
}

static bool side_is_complete(const struct proto *proto, const struct tx *tx, enum side side)
{
	return tx->session->left[side] || tx->progress[side] >= proto->steps[side];
}

static bool is_complete(const struct proto *proto, const struct tx *tx, const struct packet *p)
{
	bool client = side_is_complete(proto, tx, FROM_CLIENT);
	bool server = side_is_complete(proto, tx, FROM_SERVER);

	return (packet_is_last(p) && p->side == FROM_SERVER) || /* the last of two that end a flow */
	       (p->flow->tcp && tcp_is_finished(p->flow->tcp)) || (client && server) ||
	       (tx->one_sided && (client || server));
}

static uint32_t tx_put(struct told *told, struct packet *p, struct tx *tx)
{
	const struct told_settings *s = told->settings;
	const struct proto *proto = protos[tx->proto];
	bool complete = is_complete(proto, tx, p);
	uint32_t alerts = 0;

	if (tx->waits)
		return 0;
	if (s->kinds[TOLD_ANOMALY] && s->anomaly_applayer)
		tx_events_put(told, p, proto, tx);
	if (tx->files)
		alerts = files_put(told, p, tx, complete);
	if (tx->waits)
		return alerts;
	if (tx->logged || (!complete && !(proto->log_now && proto->log_now(tx))))
		return alerts;
	tx->logged = true;
	if (!proto->log || !proto->eve_name || !s->protos[tx->proto] || tx->unlogged ||
	    tx->session->unlogged)
		return alerts;
	for (uint32_t part = 0, cnt = proto->log_cnt ? proto->log_cnt(tx) : 1; part < cnt; part++)
		record_put(told, p, proto, tx, part);
	return alerts;
}

uint32_t told_transactions(struct told *told, struct packet *packet)
{
	struct session *session = packet->flow ? &packet->flow->session : NULL;
	uint32_t alerts = 0;

	if (!session)
		return 0;
	if (session->events_told < session->event_cnt && told->settings->kinds[TOLD_ANOMALY] &&
	    told->settings->anomaly_applayer)
		session_events_put(told, packet, session);
	for (struct tx *tx = session->first; tx; tx = tx->next)
		alerts += tx_put(told, packet, tx);
	return alerts;
}
