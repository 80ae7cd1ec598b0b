// SPDX-License-Identifier: Apache-2.0
/*
 * MQTT 3.1, 3.1.1 and 5 (OASIS): a message and what answers it are one transaction. Called by sessions.
 * Promises that a transaction which nobody answers is not waited for beyond a bound.
 */
#include "proto/mqtt.h"

#include <stdlib.h>

#include "base/config.h"
#include "inspect/engine.h"
#include "proto/frames.h"

#define MESSAGE_MAX (1024 * 1024) /* bytes that are read of one, where settings say nothing */
#define WAITING_MAX 1024 /* transactions of a session that wait for an answer */
#define TOPICS_MAX 100 /* of a message, that rules are asked of, where settings say nothing */
#define WAITS_FOR_CONNACK UINT32_MAX

enum mqtt_event {
	EVENT_NO_CONNECT = 1,
	EVENT_NO_PUBLISH,
	EVENT_NO_SUBSCRIBE,
	EVENT_NO_UNSUBSCRIBE,
	EVENT_TWO_CONNECTS,
	EVENT_UNINTRODUCED,
	EVENT_QOS,
	EVENT_NO_ID,
	EVENT_UNASSIGNED,
	EVENT_TOO_MANY,
	EVENT_MALFORMED
};

enum { FRAME_PDU, FRAME_HEADER, FRAME_DATA };
static const char *const frames[] = { "pdu", "header", "data", NULL };

struct mqtt_state {
	struct session *session;
	bool connected;
	uint8_t version;
	uint32_t message_max, topics_max[2];
	uint64_t skip[SIDES]; /* bytes of a message that is too long */
	struct mqtt_tx *waits_first, *waits_last;
	uint32_t waiting_cnt;
};

static uint32_t limit_of(const struct config *config, const char *path, uint32_t usual)
{
	const char *text = config_text(config, path);
	uint64_t limit = config_bytes(config, path, usual);

	if (text && text[0] == '-')
		return UINT32_MAX;
	return limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
}

static void *mqtt_open(struct session *session)
{
	const struct config *config = session->setup ? session->setup->config : NULL;
	struct mqtt_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	state->message_max = limit_of(config, "app-layer.protocols.mqtt.max-msg-length", MESSAGE_MAX);
	state->topics_max[0] =
		limit_of(config, "app-layer.protocols.mqtt.subscribe-topic-match-limit", TOPICS_MAX);
	state->topics_max[1] = limit_of(
		config, "app-layer.protocols.mqtt.unsubscribe-topic-match-limit", TOPICS_MAX);
	return state;
}

/* --- transactions --- */

static void wait_end(struct mqtt_tx *tx)
{
	struct mqtt_state *state = tx->state;

	if (!state)
		return;
	*(tx->waits_before ? &tx->waits_before->waits_next : &state->waits_first) = tx->waits_next;
	*(tx->waits_next ? &tx->waits_next->waits_before : &state->waits_last) = tx->waits_before;
	state->waiting_cnt--;
	tx->state = NULL;
}

static void complete(struct mqtt_tx *tx)
{
	wait_end(tx);
	tx->tx.progress[tx->tx.side] = 1;
}

static void wait_begin(struct mqtt_state *state, struct mqtt_tx *tx, uint32_t waits_for)
{
	if (state->waiting_cnt == WAITING_MAX) {
		tx_event(&state->waits_first->tx, EVENT_TOO_MANY);
		complete(state->waits_first);
	}
	tx->state = state;
	tx->waits_for = waits_for;
	tx->waits_before = state->waits_last;
	*(state->waits_last ? &state->waits_last->waits_next : &state->waits_first) = tx;
	state->waits_last = tx;
	state->waiting_cnt++;
}

static struct mqtt_tx *waiting_find(const struct mqtt_state *state, uint32_t waits_for)
{
	struct mqtt_tx *tx = state->waits_first;

	while (tx && tx->waits_for != waits_for)
		tx = tx->waits_next;
	return tx;
}

static void message_add(struct mqtt_tx *tx, struct mqtt_message *message)
{
	*(tx->last ? &tx->last->next : &tx->first) = message;
	tx->last = message;
}

static void mqtt_tx_free(struct tx *tx)
{
	struct mqtt_tx *mqtt = (struct mqtt_tx *)tx;

	wait_end(mqtt);
	while (mqtt->first) {
		struct mqtt_message *next = mqtt->first->next;

		free(mqtt->first);
		mqtt->first = next;
	}
	free(mqtt);
}

/* The message is the transaction's, or gone. NULL: no memory. */
static struct mqtt_tx *tx_of(struct mqtt_state *state, struct mqtt_message *message)
{
	struct mqtt_tx *tx = (struct mqtt_tx *)tx_new(state->session, sizeof(*tx));

	if (!tx) {
		free(message);
		return NULL;
	}
	tx->tx.one_sided = true;
	tx->version = state->version;
	tx->topics_max[0] = state->topics_max[0];
	tx->topics_max[1] = state->topics_max[1];
	message_add(tx, message);
	return tx;
}

static void introduction_check(struct mqtt_state *state, struct mqtt_tx *tx)
{
	if (!state->connected)
		tx_event(&tx->tx, EVENT_UNINTRODUCED);
}

/* --- what messages mean --- */

static void connect_take(struct mqtt_state *state, struct mqtt_message *message)
{
	struct mqtt_tx *tx;

	state->version = message->version;
	tx = tx_of(state, message);
	if (!tx)
		return;
	if (state->connected)
		tx_event(&tx->tx, EVENT_TWO_CONNECTS);
	wait_begin(state, tx, WAITS_FOR_CONNACK);
}

/* What needs an answer, but for a PUBLISH of quality 0. */
static void asking_take(struct mqtt_state *state, struct mqtt_message *message)
{
	bool is_publish = message->header.type == MQTT_PUBLISH;
	uint8_t qos = message->header.qos;
	struct mqtt_tx *tx = tx_of(state, message);

	if (!tx)
		return;
	if (is_publish && qos == 0)
		complete(tx);
	else if (is_publish ? qos > 2 : qos != 1)
		tx_event(&tx->tx, EVENT_QOS);
	else if (!message->has_id)
		tx_event(&tx->tx, EVENT_NO_ID);
	introduction_check(state, tx);
	if (!tx->tx.progress[tx->tx.side])
		wait_begin(state, tx, message->has_id ? message->id : WAITS_FOR_CONNACK - 1);
}

/* An answer; without what it answers it stands by itself. last: nothing follows it. */
static void answer_take(struct mqtt_state *state, struct mqtt_message *message, bool last,
			enum mqtt_event alone)
{
	bool is_connack = message->header.type == MQTT_CONNACK;
	struct mqtt_tx *tx = waiting_find(state, is_connack ? WAITS_FOR_CONNACK : message->id);

	if (tx) {
		message_add(tx, message);
		if (last)
			complete(tx);
		state->connected |= is_connack;
		return;
	}
	tx = tx_of(state, message);
	if (!tx)
		return;
	tx_event(&tx->tx, (uint8_t)alone);
	if (!is_connack)
		introduction_check(state, tx);
	complete(tx);
}

static void lone_take(struct mqtt_state *state, struct mqtt_message *message)
{
	struct mqtt_tx *tx = tx_of(state, message);

	if (!tx)
		return;
	if (message->header.type == MQTT_UNASSIGNED)
		tx_event(&tx->tx, EVENT_UNASSIGNED);
	else
		introduction_check(state, tx);
	complete(tx);
}

static void message_take(struct mqtt_state *state, struct mqtt_message *message)
{
	if (message->too_long) {
		lone_take(state, message);
		return;
	}
	switch (message->header.type) {
	case MQTT_CONNECT:
		connect_take(state, message);
		break;
	case MQTT_PUBLISH:
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		asking_take(state, message);
		break;
	case MQTT_CONNACK:
		answer_take(state, message, true, EVENT_NO_CONNECT);
		break;
	case MQTT_PUBREC:
	case MQTT_PUBREL:
		answer_take(state, message, false, EVENT_NO_PUBLISH);
		break;
	case MQTT_PUBACK:
	case MQTT_PUBCOMP:
		answer_take(state, message, true, EVENT_NO_PUBLISH);
		break;
	case MQTT_SUBACK:
		answer_take(state, message, true, EVENT_NO_SUBSCRIBE);
		break;
	case MQTT_UNSUBACK:
		answer_take(state, message, true, EVENT_NO_UNSUBSCRIBE);
		break;
	default:
		lone_take(state, message);
		break;
	}
}

/* --- bytes --- */

static int64_t malformed(struct mqtt_state *state)
{
	struct mqtt_tx *tx = (struct mqtt_tx *)tx_new(state->session, sizeof(*tx));

	if (tx) {
		tx->tx.one_sided = true;
		tx_event(&tx->tx, EVENT_MALFORMED);
		complete(tx);
	}
	return INPUT_BAD;
}

static void frames_make(struct session *session, const uint8_t *at, const struct mqtt_header *header)
{
	session_frame(session, FRAME_PDU, at, header->header_len + (uint64_t)header->len);
	session_frame(session, FRAME_HEADER, at, header->header_len);
	session_frame(session, FRAME_DATA, at + header->header_len, header->len);
}

/* One message, or the header of one that is too long. Bytes taken; 0: more is needed. */
static int64_t message_read(struct mqtt_state *state, enum side side, struct slice data)
{
	const uint8_t *at = data.at;
	struct mqtt_message *message;
	struct mqtt_header header;

	switch (mqtt_header_read(data, &header)) {
	case MQTT_READ_MORE:
		return 0;
	case MQTT_READ_BAD:
		return malformed(state);
	case MQTT_READ:
		break;
	}
	data = slice_behind(data, header.header_len);
	if (header.len > state->message_max) {
		message = mqtt_message_skipped(&header);
		state->skip[side] = header.len;
		header.len = 0;
	} else if (data.len < header.len) {
		return 0;
	} else {
		frames_make(state->session, at, &header);
		message = mqtt_message_read(&header, slice(data.at, header.len), state->version);
	}
	if (!message)
		return malformed(state);
	message_take(state, message);
	return (int64_t)header.header_len + header.len;
}

static int64_t mqtt_input(void *arg, const struct proto_in *in)
{
	struct mqtt_state *state = arg;
	uint64_t *skip = &state->skip[in->side];
	struct slice rest = in->data;
	int64_t took = 1;

	if (in->lost > *skip)
		return INPUT_BAD; /* messages cannot be found again */
	*skip -= in->lost;
	while (rest.len && took > 0) {
		if (*skip) {
			took = (int64_t)(*skip < rest.len ? *skip : rest.len);
			*skip -= (uint64_t)took;
		} else {
			took = message_read(state, in->side, rest);
		}
		if (took < 0)
			return took;
		rest = slice_behind(rest, (size_t)took);
	}
	return (int64_t)(in->data.len - rest.len);
}

/* --- what it is --- */

/* A CONNECT says what it is. */
static enum proto_guess mqtt_guess(enum side side, struct slice first)
{
	static const char *const names[] = { "\0\4MQTT", "\0\6MQIsdp" };
	static const size_t lens[] = { 6, 8 };
	struct mqtt_header header;

	if (!first.len || side != FROM_CLIENT || first.at[0] != MQTT_CONNECT << 4)
		return GUESS_NO;
	switch (mqtt_header_read(first, &header)) {
	case MQTT_READ_MORE:
		return GUESS_MORE;
	case MQTT_READ_BAD:
		return GUESS_NO;
	case MQTT_READ:
		break;
	}
	first = slice_behind(first, header.header_len);
	for (size_t i = 0; i < 2; i++)
		if (memcmp(first.at, names[i], first.len < lens[i] ? first.len : lens[i]) == 0)
			return first.len < lens[i] ? GUESS_MORE : GUESS_YES;
	return GUESS_NO;
}

/* Where its beginning was missed: any message that may be, on its port. */
static enum proto_guess mqtt_guess_there(enum side side, struct slice first)
{
	struct mqtt_header header;

	switch (mqtt_header_read(first, &header)) {
	case MQTT_READ_MORE:
		return GUESS_MORE;
	case MQTT_READ_BAD:
		return GUESS_NO;
	case MQTT_READ:
		break;
	}
	return header.type == MQTT_UNASSIGNED || header.qos > 2 ? GUESS_NO : GUESS_YES;
}

static const uint16_t ports[] = { 1883, 0 };

/* --- fields --- */

static const struct mqtt_message *message_of(const struct tx *tx, enum mqtt_type type)
{
	const struct mqtt_message *m = ((const struct mqtt_tx *)tx)->first;

	while (m && (m->header.type != type || m->too_long))
		m = m->next;
	return m;
}

#define TEXT_FIELD(name, of_type, member)                                                          \
	static bool name(struct tx *tx, enum side side, uint32_t index, struct slice *ret,         \
			 uint64_t *ret_from)                                                       \
	{                                                                                          \
		const struct mqtt_message *m = message_of(tx, of_type);                            \
                                                                                                   \
		return m && field_give(m->member, index, ret, ret_from);                           \
	}

TEXT_FIELD(client_id, MQTT_CONNECT, client_id)
TEXT_FIELD(username, MQTT_CONNECT, username)
TEXT_FIELD(password, MQTT_CONNECT, password)
TEXT_FIELD(will_topic, MQTT_CONNECT, will_topic)
TEXT_FIELD(will_message, MQTT_CONNECT, will_message)
TEXT_FIELD(protocol_string, MQTT_CONNECT, protocol)
TEXT_FIELD(publish_topic, MQTT_PUBLISH, topic)
TEXT_FIELD(publish_message, MQTT_PUBLISH, message)

static bool topic_of(const struct tx *tx, enum mqtt_type type, uint32_t index, struct slice *ret)
{
	const struct mqtt_message *m = message_of(tx, type);
	uint32_t max = ((const struct mqtt_tx *)tx)->topics_max[type == MQTT_UNSUBSCRIBE];
	struct slice rest;
	uint8_t qos;

	if (!m || index >= max)
		return false;
	rest = m->list;
	while (mqtt_topic_next(&rest, type == MQTT_SUBSCRIBE, ret, &qos))
		if (index-- == 0)
			return true;
	return false;
}

static bool subscribe_topic(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			    uint64_t *ret_from)
{
	*ret_from = 0;
	return topic_of(tx, MQTT_SUBSCRIBE, index, ret);
}

static bool unsubscribe_topic(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			      uint64_t *ret_from)
{
	*ret_from = 0;
	return topic_of(tx, MQTT_UNSUBSCRIBE, index, ret);
}

static const struct mqtt_message *message_at(const struct tx *tx, uint32_t index)
{
	const struct mqtt_message *m = ((const struct mqtt_tx *)tx)->first;

	while (m && index--)
		m = m->next;
	return m;
}

static bool type_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct mqtt_message *m = message_at(tx, index);

	if (m)
		*ret = m->header.type;
	return m;
}

static bool qos_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct mqtt_message *m = message_at(tx, index);

	if (m)
		*ret = m->header.qos;
	return m;
}

static bool flags_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct mqtt_message *m = message_at(tx, index);

	if (m)
		*ret = (m->header.dup ? 8u : 0) | m->header.retain;
	return m;
}

static bool version_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct mqtt_tx *)tx)->version;
	return index == 0;
}

static bool connect_flags(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct mqtt_message *m = message_of(tx, MQTT_CONNECT);

	if (m)
		*ret = m->flags;
	return m && index == 0;
}

static bool session_present(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct mqtt_message *m = message_of(tx, MQTT_CONNACK);

	if (m)
		*ret = m->session_present;
	return m && index == 0;
}

/* Of all messages of a transaction, one behind the other. */
static bool reason_code(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct mqtt_message *m = ((const struct mqtt_tx *)tx)->first;

	for (; m; m = m->next) {
		bool of_list = m->header.type == MQTT_SUBACK || m->header.type == MQTT_UNSUBACK;
		uint64_t cnt = of_list ? m->list.len : m->has_code;

		if (index < cnt) {
			*ret = of_list ? m->list.at[index] : m->code;
			return true;
		}
		index -= (uint32_t)cnt;
	}
	return false;
}

#define TEXT(name, function, says)                                                                 \
	{                                                                                          \
		name, FIELD_BYTES, { true, true }, { 0, 0 }, function, NULL, says                  \
	}
#define NUMBER(name, function, says)                                                               \
	{                                                                                          \
		name, FIELD_NUMBER, { true, true }, { 1, 1 }, NULL, function, says                 \
	}

static const struct field fields[] = {
	TEXT("mqtt.connect.clientid", client_id, "how the client calls itself"),
	TEXT("mqtt.connect.username", username, "user that connects"),
	TEXT("mqtt.connect.password", password, "password that it connects with"),
	TEXT("mqtt.connect.willtopic", will_topic, "topic of its last will"),
	TEXT("mqtt.connect.willmessage", will_message, "its last will"),
	TEXT("mqtt.connect.protocol_string", protocol_string, "MQTT, or MQIsdp of version 3.1"),
	TEXT("mqtt.publish.topic", publish_topic, "topic that a message is published under"),
	TEXT("mqtt.publish.message", publish_message, "message that is published"),
	{ "mqtt.subscribe.topic",
	  FIELD_LIST,
	  { true, true },
	  { 0, 0 },
	  subscribe_topic,
	  NULL,
	  "topics that are subscribed to" },
	{ "mqtt.unsubscribe.topic",
	  FIELD_LIST,
	  { true, true },
	  { 0, 0 },
	  unsubscribe_topic,
	  NULL,
	  "topics that are left" },
	NUMBER("mqtt.type", type_number, "kind of message: CONNECT, PUBLISH, ..."),
	NUMBER("mqtt.qos", qos_number, "quality of service: 0 to 2"),
	NUMBER("mqtt.flags", flags_number, "dup, retain"),
	NUMBER("mqtt.protocol_version", version_number, "3: 3.1, 4: 3.1.1, 5"),
	NUMBER("mqtt.connect.flags", connect_flags,
	       "username, password, will, will_retain, clean_session"),
	NUMBER("mqtt.connack.session_present", session_present, "the server knows the client"),
	NUMBER("mqtt.reason_code", reason_code, "how it went: 0 well"),
	NUMBER("mqtt.connack.return_code", reason_code, "the same by its older name"),
};

static const char *const events[] = {
	"missing_connect",     "missing_publish",	"missing_subscribe", "missing_unsubscribe",
	"double_connect",      "unintroduced_message",	"invalid_qos_level", "missing_msg_id",
	"unassigned_msg_type", "too_many_transactions", "malformed_traffic", NULL,
};

const struct proto proto_mqtt = {
	.name = "mqtt",
	.eve_name = "mqtt",
	.over = PROTO_OVER_TCP,
	.guess = mqtt_guess,
	.guess_there = mqtt_guess_there,
	.ports = ports,
	.open = mqtt_open,
	.close = free,
	.tx_free = mqtt_tx_free,
	.input = mqtt_input,
	.frames = frames,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = mqtt_log,
	.options = mqtt_options,
	.option_cnt = MQTT_OPTION_CNT,
};
