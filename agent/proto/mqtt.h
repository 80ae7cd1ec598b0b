/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MQTT 3.1, 3.1.1 and 5: the parts of mqtt.c, mqttmessage.c and mqttlog.c to each other.
 */
#ifndef AGENT_PROTO_MQTT_H
#define AGENT_PROTO_MQTT_H

#include "proto/proto.h"

enum mqtt_type {
	MQTT_UNASSIGNED,
	MQTT_CONNECT,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT,
	MQTT_AUTH
};

/* Of a CONNECT's flags. */
#define MQTT_FLAG_CLEAN 0x02
#define MQTT_FLAG_WILL 0x04
#define MQTT_FLAG_WILL_RETAIN 0x20
#define MQTT_FLAG_PASSWORD 0x40
#define MQTT_FLAG_USERNAME 0x80

struct mqtt_header {
	enum mqtt_type type;
	uint8_t qos;
	bool dup, retain;
	uint32_t len; /* of what follows it */
	uint8_t header_len;
};

/* One message; its slices are of bytes, which is a copy of what follows the header. */
struct mqtt_message {
	struct mqtt_message *next; /* of its transaction */
	struct mqtt_header header;
	bool too_long; /* nothing of it was read */
	bool session_present, has_id, has_code;
	uint8_t version, flags, code; /* version, flags: of a CONNECT */
	uint16_t id;
	struct slice protocol, client_id, username, password; /* at NULL: it is not there */
	struct slice will_topic, will_message, will_properties;
	struct slice topic, message; /* of a PUBLISH */
	struct slice properties; /* without their length */
	struct slice list; /* topics of (UN)SUBSCRIBE, codes of (UN)SUBACK */
	uint8_t bytes[];
};

struct mqtt_state;

struct mqtt_tx {
	struct tx tx;
	struct mqtt_state *state; /* where it waits; NULL: it is complete */
	struct mqtt_tx *waits_next, *waits_before;
	uint32_t waits_for; /* a packet identifier, or MQTT_WAITS_... */
	uint8_t version; /* of the protocol, as its session knew it */
	uint32_t topics_max[2]; /* that rules are asked of: SUBSCRIBE, UNSUBSCRIBE */
	struct mqtt_message *first, *last;
};

enum mqtt_read { MQTT_READ, MQTT_READ_MORE, MQTT_READ_BAD };

/* MQTT 5, 2.1 and 1.5.5: type, flags and length. */
enum mqtt_read mqtt_header_read(struct slice bytes, struct mqtt_header *ret_header);
/* What follows the header, by the version of the session; NULL: it is no message, or memory is short. */
struct mqtt_message *mqtt_message_read(const struct mqtt_header *header, struct slice body,
				       uint8_t version);
/* Of one that is longer than is read: its header alone. NULL: no memory. */
struct mqtt_message *mqtt_message_skipped(const struct mqtt_header *header);
/* One topic of a list, with the quality that is asked for (of a SUBSCRIBE); false: there are no more. */
bool mqtt_topic_next(struct slice *list, bool with_qos, struct slice *ret_topic, uint8_t *ret_qos);

struct mqtt_property {
	uint8_t id; /* MQTT 5, 2.2.2.2 */
	enum { MQTT_NUMBER, MQTT_BYTES, MQTT_PAIR } kind;
	uint64_t number;
	struct slice key, value;
};
/* false: there are no more, or what follows is none. */
bool mqtt_property_next(struct slice *properties, struct mqtt_property *ret_property);

/* mqttlog.c */
bool mqtt_log(struct tx *tx, struct json *json);
extern const struct proto_option mqtt_options[];
#define MQTT_OPTION_CNT 1

#endif
