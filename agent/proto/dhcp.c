// SPDX-License-Identifier: Apache-2.0
/*
 * DHCP (RFC 2131, 2132): each message is a transaction of its own. Called by sessions. Promises that options
 * are read within their message, and that an event says where they end too early.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "base/cursor.h"
#include "proto/proto.h"
#include "report/json.h"

#define HEAD_LEN 240 /* with the cookie behind it */
#define COOKIE 0x63825363u
#define REQUEST 1
#define REPLY 2
#define HARDWARE_MAX 16
#define TYPE_ACK 5
#define LOG_EXTENDED 1

enum dhcp_event { EVENT_TRUNCATED = 1, EVENT_MALFORMED };

/* RFC 2132 */
enum dhcp_option {
	OPTION_PAD = 0,
	OPTION_MASK = 1,
	OPTION_ROUTERS = 3,
	OPTION_DNS = 6,
	OPTION_HOSTNAME = 12,
	OPTION_REQUESTED = 50,
	OPTION_LEASE_TIME = 51,
	OPTION_TYPE = 53,
	OPTION_PARAMETERS = 55,
	OPTION_RENEWAL_TIME = 58,
	OPTION_REBINDING_TIME = 59,
	OPTION_VENDOR = 60,
	OPTION_CLIENT = 61,
	OPTION_END = 255,
};

struct dhcp_tx {
	struct tx tx;
	uint8_t *message; /* the slices below are of it */
	uint8_t opcode, hardware_len;
	uint32_t id;
	struct slice client, assigned, server, relay, hardware;
	struct slice options[256]; /* by their number, the first of each; at NULL: it is not there */
};

static void *dhcp_open(struct session *session)
{
	struct session **state = malloc(sizeof(struct session *));

	if (state)
		*state = session;
	return state;
}

static void dhcp_tx_free(struct tx *tx)
{
	free(((struct dhcp_tx *)tx)->message);
	free(tx);
}

/* --- messages --- */

static void options_read(struct dhcp_tx *tx, struct cursor *c)
{
	while (c->rest.len) {
		uint8_t code = cursor_u8(c);
		struct slice value;

		if (code == OPTION_PAD)
			continue;
		if (code == OPTION_END)
			return;
		value = cursor_take(c, cursor_u8(c));
		if (c->failed) {
			tx_event(&tx->tx, EVENT_TRUNCATED);
			return;
		}
		if (!tx->options[code].at)
			tx->options[code] = value;
	}
	tx_event(&tx->tx, EVENT_TRUNCATED);
}

/* Times are numbers of four bytes. */
static void times_check(struct dhcp_tx *tx)
{
	static const uint8_t times[] = { OPTION_LEASE_TIME, OPTION_RENEWAL_TIME,
					 OPTION_REBINDING_TIME };

	for (size_t i = 0; i < sizeof(times); i++)
		if (tx->options[times[i]].at && tx->options[times[i]].len != 4)
			tx_event(&tx->tx, EVENT_MALFORMED);
}

static int64_t dhcp_input(void *arg, const struct proto_in *in)
{
	struct session *session = *(struct session **)arg;
	struct dhcp_tx *tx;
	struct cursor c;

	if (in->data.len < HEAD_LEN)
		return INPUT_BAD;
	tx = (struct dhcp_tx *)tx_new(session, sizeof(*tx));
	if (!tx)
		return INPUT_BAD;
	tx->tx.one_sided = true;
	tx->tx.progress[in->side] = 1;
	tx->message = malloc(in->data.len);
	if (!tx->message)
		return INPUT_BAD;
	memcpy(tx->message, in->data.at, in->data.len);
	c = cursor(slice(tx->message, in->data.len));
	tx->opcode = cursor_u8(&c);
	cursor_skip(&c, 1);
	tx->hardware_len = cursor_u8(&c);
	cursor_skip(&c, 1);
	tx->id = cursor_be32(&c);
	cursor_skip(&c, 4);
	tx->client = cursor_take(&c, 4);
	tx->assigned = cursor_take(&c, 4);
	tx->server = cursor_take(&c, 4);
	tx->relay = cursor_take(&c, 4);
	tx->hardware = cursor_take(&c, HARDWARE_MAX);
	if (tx->hardware.len > tx->hardware_len)
		tx->hardware.len = tx->hardware_len;
	cursor_skip(&c, 64 + 128 + 4);
	options_read(tx, &c);
	times_check(tx);
	return (int64_t)in->data.len;
}

static enum proto_guess dhcp_guess(enum side side, struct slice first)
{
	struct cursor c = cursor(slice_behind(first, HEAD_LEN - 4));

	if (first.len < HEAD_LEN || (first.at[0] != REQUEST && first.at[0] != REPLY))
		return GUESS_NO;
	return cursor_be32(&c) == COOKIE ? GUESS_YES : GUESS_NO;
}

/* --- fields --- */

static bool time_of(const struct tx *tx, enum dhcp_option option, uint32_t index, uint64_t *ret)
{
	struct cursor c = cursor(((const struct dhcp_tx *)tx)->options[option]);

	*ret = cursor_be32(&c);
	return index == 0 && !c.failed;
}

static bool lease_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	return time_of(tx, OPTION_LEASE_TIME, index, ret);
}

static bool rebinding_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	return time_of(tx, OPTION_REBINDING_TIME, index, ret);
}

static bool renewal_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	return time_of(tx, OPTION_RENEWAL_TIME, index, ret);
}

static const struct field fields[] = {
	{ "dhcp.leasetime",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  lease_field,
	  "seconds that an address is lent for" },
	{ "dhcp.rebinding_time",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  rebinding_field,
	  "seconds until any server is asked" },
	{ "dhcp.renewal_time",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  renewal_field,
	  "seconds until the same server is asked" },
};

static const char *const events[] = { "truncated_options", "malformed_options", NULL };

/* --- records --- */

static void address_log(struct json *json, const char *name, struct slice address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address.len == 4)
		inet_ntop(AF_INET, address.at, text, sizeof(text));
	json_text(json, name, text);
}

/* 00:11:22:33:44:55 */
static void hardware_log(struct json *json, const char *name, struct slice bytes)
{
	char text[3 * 255 + 1];

	*hex_write(bytes.at, bytes.len < 255 ? bytes.len : 255, ':', text) = 0;
	json_text(json, name, text);
}

static void time_log(const struct dhcp_tx *tx, enum dhcp_option option, const char *name,
		     struct json *json)
{
	uint64_t seconds;

	if (time_of(&tx->tx, option, 0, &seconds))
		json_number(json, name, seconds);
}

static void type_log(const struct dhcp_tx *tx, struct json *json)
{
	static const char *const types[] = { "unknown", "discover", "offer",   "request", "decline",
					     "ack",	"nak",	    "release", "inform" };
	struct slice type = tx->options[OPTION_TYPE];

	if (type.len)
		json_text(json, "dhcp_type",
			  types[type.at[0] < sizeof(types) / sizeof(types[0]) ? type.at[0] : 0]);
}

static void addresses_log(const struct dhcp_tx *tx, enum dhcp_option option, const char *name,
			  struct json *json)
{
	struct cursor c = cursor(tx->options[option]);

	if (!tx->options[option].at)
		return;
	json_list(json, name);
	while (c.rest.len >= 4)
		address_log(json, NULL, cursor_take(&c, 4));
	json_close(json);
}

static void parameters_log(const struct dhcp_tx *tx, struct json *json)
{
	static const struct {
		uint8_t code;
		const char *name;
	} names[] = {
		{ 1, "subnet_mask" },	    { 3, "router" },	       { 6, "dns_server" },
		{ 15, "domain" },	    { 35, "arp_timeout" },     { 42, "ntp_server" },
		{ 66, "tftp_server_name" }, { 150, "tftp_server_ip" },
	};
	struct slice list = tx->options[OPTION_PARAMETERS];

	if (!list.at)
		return;
	json_list(json, "params");
	for (size_t i = 0; i < list.len; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (names[k].code == list.at[i])
				json_text(json, NULL, names[k].name);
	json_close(json);
}

static void extended_log(const struct dhcp_tx *tx, struct json *json)
{
	address_log(json, "client_ip", tx->client);
	if (tx->opcode == REPLY) {
		address_log(json, "relay_ip", tx->relay);
		address_log(json, "next_server_ip", tx->server);
	}
	time_log(tx, OPTION_LEASE_TIME, "lease_time", json);
	time_log(tx, OPTION_REBINDING_TIME, "rebinding_time", json);
	if (tx->options[OPTION_MASK].at)
		address_log(json, "subnet_mask", tx->options[OPTION_MASK]);
	if (tx->options[OPTION_REQUESTED].at)
		address_log(json, "requested_ip", tx->options[OPTION_REQUESTED]);
	if (tx->options[OPTION_VENDOR].len)
		json_bytes(json, "vendor_class_identifier", tx->options[OPTION_VENDOR]);
	parameters_log(tx, json);
	addresses_log(tx, OPTION_DNS, "dns_servers", json);
	addresses_log(tx, OPTION_ROUTERS, "routers", json);
}

static void content_log(const struct dhcp_tx *tx, bool extended, struct json *json)
{
	json_text(json, "type",
		  tx->opcode == REQUEST ? "request"
		  : tx->opcode == REPLY ? "reply"
					: "<unknown>");
	json_number(json, "id", tx->id);
	hardware_log(json, "client_mac", tx->hardware);
	address_log(json, "assigned_ip", tx->assigned);
	if (tx->options[OPTION_CLIENT].len)
		hardware_log(json, "client_id", slice_behind(tx->options[OPTION_CLIENT], 1));
	if (tx->options[OPTION_HOSTNAME].len)
		json_bytes(json, "hostname", tx->options[OPTION_HOSTNAME]);
	type_log(tx, json);
	time_log(tx, OPTION_RENEWAL_TIME, "renewal_time", json);
	if (extended)
		extended_log(tx, json);
}

/* What is not extended tells only of addresses that were lent. */
static bool dhcp_log(struct tx *of, struct json *json)
{
	const struct dhcp_tx *tx = (const struct dhcp_tx *)of;
	struct slice type = tx->options[OPTION_TYPE];
	bool extended = json->options & LOG_EXTENDED;

	if (!extended && !(type.len && type.at[0] == TYPE_ACK))
		return false;
	content_log(tx, extended, json);
	return true;
}

static const struct proto_option options[] = { { "extended", false } };

const struct proto proto_dhcp = {
	.name = "dhcp",
	.eve_name = "dhcp",
	.over = PROTO_OVER_UDP,
	.guess = dhcp_guess,
	.open = dhcp_open,
	.close = free,
	.tx_free = dhcp_tx_free,
	.input = dhcp_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = dhcp_log,
	.log_by_packet = true,
	.options = options,
	.option_cnt = sizeof(options) / sizeof(options[0]),
};
