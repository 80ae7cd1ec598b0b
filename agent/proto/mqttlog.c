// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of MQTT as records. Called by told. Promises Suricata's names: an object for each message of a
 * transaction, and no text longer than a bound.
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/mqtt.h"
#include "report/json.h"

#define TEXT_MAX 1024 /* bytes of a text that are told */

enum option { OPTION_PASSWORDS };

const struct proto_option mqtt_options[] = { { "passwords", true } };
_Static_assert(sizeof(mqtt_options) / sizeof(mqtt_options[0]) == MQTT_OPTION_CNT,
	       "mqtt.h says how many");

static const char *const words[] = {
	"unassigned", "connect",  "connack",	"publish", "puback",	  "pubrec",
	"pubrel",     "pubcomp",  "subscribe",	"suback",  "unsubscribe", "unsuback",
	"pingreq",    "pingresp", "disconnect", "auth",
};

/* By the numbers of MQTT 5, 2.2.2.2. */
static const char *const property_names[] = {
	[1] = "payload_format_indicator",
	[2] = "message_expiry_interval",
	[3] = "content_type",
	[8] = "response_topic",
	[9] = "correlation_data",
	[11] = "subscription_identifier",
	[17] = "session_expiry_interval",
	[18] = "assigned_client_identifier",
	[19] = "server_keep_alive",
	[21] = "authentication_method",
	[22] = "authentication_data",
	[23] = "request_problem_information",
	[24] = "will_delay_interval",
	[25] = "request_response_information",
	[26] = "response_information",
	[28] = "server_reference",
	[31] = "reason_string",
	[33] = "receive_maximum",
	[34] = "topic_alias_maximum",
	[35] = "topic_alias",
	[36] = "maximum_qos",
	[37] = "retain_available",
	[39] = "maximum_packet_size",
	[40] = "wildcard_subscription_available",
	[41] = "subscription_identifier_available",
	[42] = "shared_subscription_available",
};

static void text_put(struct json *json, const char *name, struct slice text)
{
	char cut[TEXT_MAX + 64];
	int len;

	if (!text.at)
		return;
	if (text.len <= TEXT_MAX) {
		json_bytes(json, name, text);
		return;
	}
	memcpy(cut, text.at, TEXT_MAX);
	len = snprintf(cut + TEXT_MAX, sizeof(cut) - TEXT_MAX, "[truncated %zu additional bytes]",
		       text.len - TEXT_MAX);
	json_bytes(json, name, slice(cut, TEXT_MAX + (size_t)len));
}

static void property_put(struct json *json, const struct mqtt_property *property)
{
	char name[256];

	switch (property->kind) {
	case MQTT_NUMBER:
		json_number(json, property_names[property->id], property->number);
		break;
	case MQTT_BYTES:
		text_put(json, property_names[property->id], property->value);
		break;
	case MQTT_PAIR:
		snprintf(name, sizeof(name), "%.*s", (int)property->key.len, property->key.at);
		text_put(json, name, property->value);
		break;
	}
}

static void properties_put(struct json *json, struct slice properties)
{
	struct mqtt_property property;

	if (!properties.len)
		return;
	json_open(json, "properties");
	while (mqtt_property_next(&properties, &property))
		property_put(json, &property);
	json_close(json);
}

static void connect_put(struct json *json, const struct mqtt_message *m)
{
	text_put(json, "protocol_string", m->protocol);
	json_number(json, "protocol_version", m->version);
	json_open(json, "flags");
	json_bool(json, "username", m->flags & MQTT_FLAG_USERNAME);
	json_bool(json, "password", m->flags & MQTT_FLAG_PASSWORD);
	json_bool(json, "will_retain", m->flags & MQTT_FLAG_WILL_RETAIN);
	json_bool(json, "will", m->flags & MQTT_FLAG_WILL);
	json_bool(json, "clean_session", m->flags & MQTT_FLAG_CLEAN);
	json_close(json);
	text_put(json, "client_id", m->client_id);
	text_put(json, "username", m->username);
	if (json->options >> OPTION_PASSWORDS & 1)
		text_put(json, "password", m->password);
	if (!(m->flags & MQTT_FLAG_WILL))
		return;
	json_open(json, "will");
	text_put(json, "topic", m->will_topic);
	text_put(json, "message", m->will_message);
	properties_put(json, m->will_properties);
	json_close(json);
}

static void topics_put(struct json *json, const struct mqtt_message *m)
{
	bool with_qos = m->header.type == MQTT_SUBSCRIBE;
	struct slice rest = m->list, topic;
	uint8_t qos;

	json_list(json, "topics");
	while (mqtt_topic_next(&rest, with_qos, &topic, &qos)) {
		if (!with_qos) {
			text_put(json, NULL, topic);
			continue;
		}
		json_open(json, NULL);
		text_put(json, "topic", topic);
		json_number(json, "qos", qos);
		json_close(json);
	}
	json_close(json);
}

static void codes_put(struct json *json, const char *name, struct slice codes)
{
	json_list(json, name);
	for (size_t i = 0; i < codes.len; i++)
		json_number(json, NULL, codes.at[i]);
	json_close(json);
}

static void body_put(struct json *json, const struct mqtt_message *m)
{
	enum mqtt_type type = m->header.type;

	if (type == MQTT_CONNECT)
		connect_put(json, m);
	if (type == MQTT_CONNACK)
		json_bool(json, "session_present", m->session_present);
	if (type == MQTT_PUBLISH)
		text_put(json, "topic", m->topic);
	if (m->has_id)
		json_number(json, "message_id", m->id);
	if (type == MQTT_PUBLISH)
		text_put(json, "message", m->message);
	if (type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE)
		topics_put(json, m);
	if (type == MQTT_SUBACK)
		codes_put(json, "qos_granted", m->list);
	if (type == MQTT_UNSUBACK && m->list.len)
		codes_put(json, "reason_codes", m->list);
	if (m->has_code)
		json_number(json, type == MQTT_CONNACK ? "return_code" : "reason_code", m->code);
	properties_put(json, m->properties);
}

bool mqtt_log(struct tx *tx, struct json *json)
{
	const struct mqtt_message *m = ((const struct mqtt_tx *)tx)->first;
	bool any = false;

	for (; m; m = m->next) {
		if (m->header.type == MQTT_UNASSIGNED)
			continue;
		json_open(json, words[m->header.type]);
		json_number(json, "qos", m->header.qos);
		json_bool(json, "retain", m->header.retain);
		json_bool(json, "dup", m->header.dup);
		if (m->too_long) {
			json_bool(json, "truncated", true);
			json_number(json, "skipped_length", m->header.len + m->header.header_len);
		} else {
			body_put(json, m);
		}
		json_close(json);
		any = true;
	}
	return any;
}
