/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of told, to each other.
 */
#ifndef AGENT_REPORT_TOLDINSIDE_H
#define AGENT_REPORT_TOLDINSIDE_H

#include "file/file.h"
#include "proto/frames.h"
#include "report/told.h"

/* Kinds of records that are no protocol's. */
enum told_kind {
	TOLD_ALERT,
	TOLD_ANOMALY,
	TOLD_DROP,
	TOLD_FILES,
	TOLD_FLOW,
	TOLD_FRAMES,
	TOLD_NETFLOW,
	TOLD_STATS,
	TOLD_STREAM,
	TOLD_KINDS
};

enum told_alert {
	ALERT_PAYLOAD = 1 << 0,
	ALERT_PRINTABLE = 1 << 1,
	ALERT_LENGTH = 1 << 2,
	ALERT_PACKET = 1 << 3,
	ALERT_APP = 1 << 4,
	ALERT_FLOW = 1 << 5,
	ALERT_RULE_METADATA = 1 << 6,
	ALERT_RULE_RAW = 1 << 7,
	ALERT_RULE_REFERENCE = 1 << 8,
	ALERT_TAGGED = 1 << 9,
	ALERT_VERDICT = 1 << 10,
	ALERT_BODY = 1 << 11,
	ALERT_BODY_PRINTABLE = 1 << 12,
};

struct told_settings {
	bool kinds[TOLD_KINDS];
	bool protos[PROTO_CNT];
	bool off[PROTO_CNT]; /* protocols that the settings switch off: there is nothing to count */
	uint64_t proto_options[PROTO_CNT]; /* bit i: number i of proto.options */
	uint32_t alert; /* enum told_alert */
	uint64_t payload_max; /* bytes of a stream that an alert shows */
	uint64_t frame_max; /* bytes of a frame that are shown */
	bool anomaly_decode, anomaly_stream, anomaly_applayer, anomaly_packet;
	bool drop_all, drop_alerts, drop_verdict; /* drop_all: not only the first of a flow's side */
	bool stream_all, stream_events, stream_states; /* which packets of TCP are told */
	bool metadata, ethernet, community_id, is_ips, has_store;
	uint16_t community_seed;
	bool xff, xff_overwrite, xff_forward;
	char xff_header[64]; /* in lower case */
	const struct tenants *tenants; /* NULL: bodies are not told apart */
	char tenant[64], sensor[64]; /* of all records; "": none */
	const char *capture; /* the same: what they come from; NULL: it is not told */
};

struct told {
	const struct told_settings *settings;
	struct json json;
	void (*line)(void *arg, const char *bytes, size_t len);
	void *arg;
	void (*wait)(void *arg); /* NULL: it is the only one */
	void *wait_arg;
	struct engine_owner (*owner)(void *arg, uint16_t tenant); /* NULL: as the settings say */
	void *owner_arg;
	uint64_t lost; /* records for which memory was short */
};

/* Whose addresses stand at a record's top, and which more there is. */
struct told_head {
	uint64_t time_ns;
	const char *event_type;
	const struct packet *packet; /* NULL: of a flow alone */
	const struct flow *flow; /* NULL: none */
	enum {
		HEAD_PACKET,
		HEAD_CLIENT,
		HEAD_SERVER
	} from; /* HEAD_SERVER: from it to the client */
	bool one_way; /* of a flow: it is about the packets of that side alone */
	const struct tx *tx; /* NULL: tx_id is not told */
	const struct sek_addr *overwrites; /* what a proxy says stands for the source's side; NULL */
	bool overwrites_dst;
};

void told_head(struct told *told, const struct told_head *head);
/* Ends the record. */
void told_end(struct told *told);
/* Ends the record and gives it on. */
void told_line(struct told *told);
void told_community_id(struct told *told, const struct flow *flow);
/* app_proto and, where they differ, of each side and what it was before. */
void told_app_proto(struct told *told, const struct flow *flow);
/* The one that both sides speak now. */
void told_app_proto_alone(struct told *told, const struct flow *flow);
/* What a side speaks, for all that is known; there is always a name. */
void told_app_proto_of(struct told *told, const struct flow *flow, enum side side);
/* packet and packet_info. */
void told_frame(struct told *told, const struct packet *packet);
/* The same of its first bytes alone, where headers are. */
void told_frame_head(struct told *told, const struct packet *packet);
/* The object of a frame; of an alert or a record of its own. */
void told_frame_of(struct told *told, const struct packet *packet, const struct frame *frame);
/* What a packet's headers say, into the object that is open. */
void told_headers(struct told *told, const struct packet *packet);
void told_stream(struct told *told, const struct packet *packet);
/* The object of flow in alerts. */
void told_flow_short(struct told *told, const struct flow *flow);
/* The record of an alert. */
void told_alert(struct told *told, struct packet *packet, struct alert *alert);
/* The record of an anomaly above the transport; tx NULL: of the session. */
void told_anomaly_app(struct told *told, const struct packet *packet, const struct tx *tx,
		      const char *event, const char *layer);
/* Of a file that was looked into: its alerts (how many), its anomalies, its fields in an open object. */
uint32_t told_scan_alerts(struct told *told, struct packet *packet, const struct file *file);
void told_scan_anomalies(struct told *told, const struct packet *packet, const struct file *file);
void told_scan(struct told *told, const struct file *file);
/* Object of a file; of an alert or a record of its own. */
void told_file(struct told *told, const struct file *file);
/* Objects of a transaction, as alerts and files tell them. */
void told_tx_objects(struct told *told, struct tx *tx);
/* metadata and community_id behind a flow's object. */
void told_flow_metadata(struct told *told, const struct flow *flow);
/* An address in text; ret_addr may be NULL. */
bool told_address_read(struct slice text, struct sek_addr *ret_addr);
const char *told_proto_name(uint8_t proto); /* "TCP"; NULL: it has only a number */

#endif
