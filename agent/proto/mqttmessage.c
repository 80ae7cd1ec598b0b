// SPDX-License-Identifier: Apache-2.0
/*
 * One message of MQTT, read. Called by the session's parser. Promises that all slices of a message are
 * inside of its own copy, and that a list was walked once to its end.
 */
#include "proto/mqtt.h"

#include <stdlib.h>

/* --- pieces; a reader that met its end stays bad --- */

struct reading {
	struct slice rest;
	bool bad;
};

static struct slice take(struct reading *r, size_t len)
{
	struct slice taken = slice(r->rest.at, len);

	if (r->bad || len > r->rest.len) {
		r->bad = true;
		return slice(NULL, 0);
	}
	r->rest = slice_behind(r->rest, len);
	return taken;
}

static uint32_t take_number(struct reading *r, size_t len)
{
	struct slice bytes = take(r, len);
	uint32_t number = 0;

	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | bytes.at[i];
	return number;
}

/* A string or binary data: two bytes of length in front. Never at NULL when it is there. */
static struct slice take_text(struct reading *r)
{
	return take(r, take_number(r, 2));
}

/* Seven bits a byte, at most four of them. */
static uint32_t take_varint(struct reading *r)
{
	uint32_t number = 0;

	for (unsigned int i = 0; i < 4; i++) {
		uint32_t b = take_number(r, 1);

		number |= (b & 0x7f) << (7 * i);
		if (r->bad || !(b & 0x80))
			return number;
	}
	r->bad = true;
	return 0;
}

enum mqtt_read mqtt_header_read(struct slice bytes, struct mqtt_header *ret_header)
{
	struct reading r = { .rest = bytes };
	uint8_t first = (uint8_t)take_number(&r, 1);
	uint32_t len = take_varint(&r);

	if (r.bad)
		return bytes.len < 5 ? MQTT_READ_MORE : MQTT_READ_BAD;
	*ret_header = (struct mqtt_header){
		.type = (enum mqtt_type)(first >> 4),
		.qos = first >> 1 & 3,
		.dup = first & 8,
		.retain = first & 1,
		.len = len,
		.header_len = (uint8_t)(bytes.len - r.rest.len),
	};
	return MQTT_READ;
}

/* --- properties --- */

static const struct {
	uint8_t id, size; /* bytes of a number; 0: see kind */
	enum { SIZED, VARINT, TEXT, PAIR } kind;
} property_kinds[] = {
	{ 1, 1, SIZED },   { 2, 4, SIZED },  { 3, 0, TEXT },   { 8, 0, TEXT },	 { 9, 0, TEXT },
	{ 11, 0, VARINT }, { 17, 4, SIZED }, { 18, 0, TEXT },  { 19, 2, SIZED }, { 21, 0, TEXT },
	{ 22, 0, TEXT },   { 23, 1, SIZED }, { 24, 4, SIZED }, { 25, 1, SIZED }, { 26, 0, TEXT },
	{ 28, 0, TEXT },   { 31, 0, TEXT },  { 33, 2, SIZED }, { 34, 2, SIZED }, { 35, 2, SIZED },
	{ 36, 1, SIZED },  { 37, 1, SIZED }, { 38, 0, PAIR },  { 39, 4, SIZED }, { 40, 1, SIZED },
	{ 41, 1, SIZED },  { 42, 1, SIZED },
};

static void property_take(struct reading *r, size_t kind, struct mqtt_property *property)
{
	switch (property_kinds[kind].kind) {
	case SIZED:
		property->number = take_number(r, property_kinds[kind].size);
		break;
	case VARINT:
		property->number = take_varint(r);
		break;
	case TEXT:
		property->kind = MQTT_BYTES;
		property->value = take_text(r);
		break;
	case PAIR:
		property->kind = MQTT_PAIR;
		property->key = take_text(r);
		property->value = take_text(r);
		break;
	}
}

bool mqtt_property_next(struct slice *properties, struct mqtt_property *ret_property)
{
	struct reading r = { .rest = *properties };
	struct mqtt_property property = { .id = (uint8_t)take_varint(&r), .kind = MQTT_NUMBER };
	size_t cnt = sizeof(property_kinds) / sizeof(property_kinds[0]), i = 0;

	while (i < cnt && property_kinds[i].id != property.id)
		i++;
	if (r.bad || i == cnt)
		return false;
	property_take(&r, i, &property);
	if (r.bad)
		return false;
	*properties = r.rest;
	*ret_property = property;
	return true;
}

/* Their length, and all of them. */
static struct slice take_properties(struct reading *r)
{
	struct slice properties = take(r, take_varint(r)), rest = properties;
	struct mqtt_property property;

	while (rest.len)
		if (!mqtt_property_next(&rest, &property)) {
			r->bad = true;
			break;
		}
	return properties;
}

/* --- messages --- */

static void connect_take(struct reading *r, struct mqtt_message *m)
{
	m->protocol = take_text(r);
	m->version = (uint8_t)take_number(r, 1);
	m->flags = (uint8_t)take_number(r, 1);
	take(r, 2); /* how long it may be silent */
	if (m->version == 5)
		m->properties = take_properties(r);
	m->client_id = take_text(r);
	if (m->flags & MQTT_FLAG_WILL) {
		if (m->version == 5)
			m->will_properties = take_properties(r);
		m->will_topic = take_text(r);
		m->will_message = take_text(r);
	}
	if (m->flags & MQTT_FLAG_USERNAME)
		m->username = take_text(r);
	if (m->flags & MQTT_FLAG_PASSWORD)
		m->password = take_text(r);
}

static void code_take(struct reading *r, struct mqtt_message *m)
{
	m->code = (uint8_t)take_number(r, 1);
	m->has_code = true;
}

static void connack_take(struct reading *r, struct mqtt_message *m, bool is_5)
{
	m->session_present = take_number(r, 1) & 1;
	code_take(r, m);
	if (is_5)
		m->properties = take_properties(r);
}

static void id_take(struct reading *r, struct mqtt_message *m)
{
	m->id = (uint16_t)take_number(r, 2);
	m->has_id = true;
}

static void publish_take(struct reading *r, struct mqtt_message *m, bool is_5)
{
	m->topic = take_text(r);
	if (m->header.qos)
		id_take(r, m);
	if (is_5)
		m->properties = take_properties(r);
	m->message = take(r, r->rest.len);
}

/* MQTT 5: what is left out at the end says success, and has no properties. */
static void code_or_less_take(struct reading *r, struct mqtt_message *m, bool is_5)
{
	m->has_code = is_5;
	if (!is_5 || !r->rest.len)
		return;
	code_take(r, m);
	if (r->rest.len)
		m->properties = take_properties(r);
}

/* One byte alone is a reason (MQTT 5, 3.14.2.2.1), which Suricata 7 takes for success: so records say. */
static void disconnect_take(struct reading *r, struct mqtt_message *m, bool is_5)
{
	size_t len = r->rest.len;

	code_or_less_take(r, m, is_5);
	if (len == 1)
		m->code = 0;
}

static void list_take(struct reading *r, struct mqtt_message *m, bool is_5)
{
	struct slice topic, rest;
	uint8_t qos;

	id_take(r, m);
	if (is_5)
		m->properties = take_properties(r);
	m->list = take(r, r->rest.len);
	rest = m->list;
	if (m->header.type != MQTT_SUBSCRIBE && m->header.type != MQTT_UNSUBSCRIBE)
		return;
	while (mqtt_topic_next(&rest, m->header.type == MQTT_SUBSCRIBE, &topic, &qos))
		;
	r->bad |= rest.len != 0 || !m->list.len;
}

bool mqtt_topic_next(struct slice *list, bool with_qos, struct slice *ret_topic, uint8_t *ret_qos)
{
	struct reading r = { .rest = *list };
	struct slice topic = take_text(&r);
	uint8_t qos = with_qos ? (uint8_t)take_number(&r, 1) & 3 : 0;

	if (r.bad)
		return false;
	*list = r.rest;
	*ret_topic = topic;
	*ret_qos = qos;
	return true;
}

static void body_take(struct reading *r, struct mqtt_message *m, bool is_5)
{
	switch (m->header.type) {
	case MQTT_CONNECT:
		connect_take(r, m);
		break;
	case MQTT_CONNACK:
		connack_take(r, m, is_5);
		break;
	case MQTT_PUBLISH:
		publish_take(r, m, is_5);
		break;
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		id_take(r, m);
		code_or_less_take(r, m, is_5);
		break;
	case MQTT_SUBSCRIBE:
	case MQTT_SUBACK:
	case MQTT_UNSUBSCRIBE:
	case MQTT_UNSUBACK:
		list_take(r, m, is_5);
		break;
	case MQTT_DISCONNECT:
		disconnect_take(r, m, is_5);
		break;
	case MQTT_AUTH:
		code_or_less_take(r, m, true);
		break;
	default:
		break; /* pings are empty; what is unassigned is not read */
	}
}

struct mqtt_message *mqtt_message_skipped(const struct mqtt_header *header)
{
	struct mqtt_message *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->header = *header;
	m->too_long = true;
	return m;
}

struct mqtt_message *mqtt_message_read(const struct mqtt_header *header, struct slice body,
				       uint8_t version)
{
	struct mqtt_message *m = calloc(1, sizeof(*m) + body.len + 1);
	struct reading r = { .bad = false };

	if (!m)
		return NULL;
	if (body.len)
		memcpy(m->bytes, body.at, body.len);
	m->header = *header;
	r.rest = slice(m->bytes, body.len);
	body_take(&r, m, version == 5);
	if (!r.bad)
		return m;
	free(m);
	return NULL;
}
