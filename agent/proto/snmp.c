// SPDX-License-Identifier: Apache-2.0
/*
 * SNMP (RFC 1157, 1901, 3412): each message is a transaction of its own. Called by sessions. Promises that
 * what is told of a message was read within it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/der.h"
#include "proto/proto.h"
#include "report/json.h"

#define VERSION_1 1
#define VERSION_2C 2
#define VERSION_3 3
#define TAG_PDU_FIRST 0xa0
#define TAG_PDU_LAST 0xa8
#define TAG_ADDRESS 0x40
#define PDU_TRAP_V1 4
#define PDU_BULK 5
#define FLAG_PRIVATE 2
#define MODEL_USER 3
#define OID_TEXT_MAX 256

enum snmp_event { EVENT_MALFORMED = 1, EVENT_SECURITY_MODEL, EVENT_VERSION };

struct snmp_tx {
	struct tx tx;
	uint8_t *message; /* the slices below are of it */
	uint8_t version;
	bool is_encrypted, has_pdu, has_community, has_user;
	uint8_t pdu;
	int64_t error, trap;
	struct slice community, user, trap_oid, trap_address, variables;
};

struct snmp_state {
	struct session *session;
	uint8_t version; /* of the first message */
};

static void *snmp_open(struct session *session)
{
	struct snmp_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void snmp_tx_free(struct tx *tx)
{
	free(((struct snmp_tx *)tx)->message);
	free(tx);
}

/* --- messages --- */

/* 0 and 1 mean versions 1 and 2. */
static uint8_t version_of(int64_t number)
{
	return number == 0 || number == 1 ? (uint8_t)(number + 1) : number == 3 ? VERSION_3 : 0;
}

static struct slice bytes_read(struct cursor *c, uint8_t wanted)
{
	struct slice body = { .len = 0 };
	uint8_t tag = 0;

	if (!der_next(c, &tag, &body) || tag != wanted)
		c->failed = true;
	return body;
}

/* RFC 1157, 4.1.6 */
static void trap_read(struct snmp_tx *tx, struct cursor *c)
{
	struct slice unused;
	uint8_t tag;

	tx->trap_oid = bytes_read(c, DER_OID);
	tx->trap_address = bytes_read(c, TAG_ADDRESS);
	tx->trap = der_number(c);
	der_number(c);
	if (!der_next(c, &tag, &unused))
		c->failed = true;
}

/* RFC 3416, 3 */
static bool pdu_read(struct snmp_tx *tx, struct cursor *message)
{
	struct slice body = { .len = 0 };
	struct cursor c;
	uint8_t tag = 0;

	if (!der_next(message, &tag, &body) || tag < TAG_PDU_FIRST || tag > TAG_PDU_LAST)
		return false;
	c = cursor(body);
	tx->pdu = tag - TAG_PDU_FIRST;
	if (tx->pdu == PDU_TRAP_V1) {
		trap_read(tx, &c);
	} else {
		der_number(&c);
		tx->error = der_number(&c);
		der_number(&c);
		if (tx->pdu == PDU_BULK)
			tx->error = 0; /* it is the number of those that are not repeated */
	}
	tx->variables = bytes_read(&c, DER_SEQUENCE);
	tx->has_pdu = !c.failed;
	return tx->has_pdu;
}

/* RFC 3414, 2.4 */
static bool user_read(struct snmp_tx *tx, struct slice params)
{
	struct cursor c = cursor(params), in = der_enter(&c, DER_SEQUENCE);

	bytes_read(&in, DER_OCTETS);
	der_number(&in);
	der_number(&in);
	tx->user = bytes_read(&in, DER_OCTETS);
	tx->has_user = !in.failed;
	return tx->has_user;
}

/* RFC 3412, 6 */
static bool message3_read(struct snmp_tx *tx, struct cursor *c)
{
	struct cursor head = der_enter(c, DER_SEQUENCE), scoped;
	struct slice flags, params;
	int64_t model;

	der_number(&head);
	der_number(&head);
	flags = bytes_read(&head, DER_OCTETS);
	model = der_number(&head);
	params = bytes_read(c, DER_OCTETS);
	if (head.failed || c->failed || !flags.len)
		return false;
	if (model != MODEL_USER)
		tx_event(&tx->tx, EVENT_SECURITY_MODEL);
	else if (!user_read(tx, params))
		return false;
	tx->is_encrypted = flags.at[0] & FLAG_PRIVATE;
	if (tx->is_encrypted)
		return true;
	scoped = der_enter(c, DER_SEQUENCE);
	bytes_read(&scoped, DER_OCTETS);
	bytes_read(&scoped, DER_OCTETS);
	return !scoped.failed && pdu_read(tx, &scoped);
}

static bool content_read(struct snmp_tx *tx, struct cursor *c)
{
	if (tx->version == VERSION_3)
		return message3_read(tx, c);
	tx->community = bytes_read(c, DER_OCTETS);
	tx->has_community = !c->failed;
	return tx->has_community && pdu_read(tx, c);
}

static struct snmp_tx *message_new(struct snmp_state *state, const struct proto_in *in)
{
	struct snmp_tx *tx = (struct snmp_tx *)tx_new(state->session, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->tx.one_sided = true;
	tx->tx.progress[in->side] = 1;
	tx->message = malloc(in->data.len);
	if (tx->message)
		memcpy(tx->message, in->data.at, in->data.len);
	return tx;
}

static int64_t snmp_input(void *arg, const struct proto_in *in)
{
	struct snmp_state *state = arg;
	struct cursor c, message;
	struct snmp_tx *tx;

	if (!in->data.len)
		return 0;
	tx = message_new(state, in);
	if (!tx || !tx->message)
		return INPUT_BAD;
	c = cursor(slice(tx->message, in->data.len));
	message = der_enter(&c, DER_SEQUENCE);
	tx->version = version_of(der_number(&message));
	if (!state->version)
		state->version = tx->version;
	else if (tx->version != state->version)
		tx_event(&tx->tx, EVENT_VERSION);
	if (!message.failed && tx->version && content_read(tx, &message))
		return (int64_t)in->data.len;
	tx_event(&tx->tx, EVENT_MALFORMED);
	return INPUT_BAD;
}

/* --- what it is --- */

static enum proto_guess snmp_guess(enum side side, struct slice first)
{
	struct cursor c = cursor(first), message = der_enter(&c, DER_SEQUENCE);
	uint8_t version = version_of(der_number(&message));
	struct cursor rest = message;
	bool is_well;

	if (message.failed || !version || !rest.rest.len)
		return GUESS_NO;
	if (version == VERSION_3) {
		der_enter(&rest, DER_SEQUENCE);
		bytes_read(&rest, DER_OCTETS);
		return rest.failed ? GUESS_NO : GUESS_YES;
	}
	bytes_read(&rest, DER_OCTETS);
	is_well = !rest.failed && rest.rest.len && rest.rest.at[0] >= TAG_PDU_FIRST &&
		  rest.rest.at[0] <= TAG_PDU_LAST;
	return is_well ? GUESS_YES : GUESS_NO;
}

/* --- fields --- */

static bool community_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			    uint64_t *ret_from)
{
	*ret_from = 0;
	*ret = ((struct snmp_tx *)tx)->community;
	return index == 0 && ((struct snmp_tx *)tx)->has_community;
}

static bool user_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return field_give(((struct snmp_tx *)tx)->user, index, ret, ret_from);
}

static bool version_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct snmp_tx *)tx)->version;
	return index == 0;
}

static bool pdu_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct snmp_tx *)tx)->pdu;
	return index == 0 && ((const struct snmp_tx *)tx)->has_pdu;
}

static const struct field fields[] = {
	{ "snmp.community",
	  FIELD_BYTES,
	  { true, true },
	  { 1, 1 },
	  community_field,
	  NULL,
	  "community, versions 1 and 2" },
	{ "snmp.usm", FIELD_BYTES, { true, true }, { 1, 1 }, user_field, NULL, "user, version 3" },
	{ "snmp.version", FIELD_NUMBER, { true, true }, { 0, 0 }, NULL, version_field, "1, 2 or 3" },
	{ "snmp.pdu_type",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  pdu_field,
	  "0 get, 1 get next, 2 response, 3 set, 4 trap, 5 bulk, 6 inform, 7 trap of version 2, 8 report" },
};

static const char *const events[] = { "malformed_data", "unknown_security_model",
				      "version_mismatch", NULL };

/* --- records --- */

static const char *const pdu_names[] = {
	"get_request",	    "get_next_request", "response", "set_request", "trap_v1",
	"get_bulk_request", "inform_request",	"trap_v2",  "report",
};

static const char *const error_names[] = {
	"NoError",
	"TooBig",
	"NoSuchName",
	"BadValue",
	"ReadOnly",
	"GenErr",
	"NoAccess",
	"WrongType",
	"WrongLength",
	"WrongEncoding",
	"WrongValue",
	"NoCreation",
	"InconsistentValue",
	"ResourceUnavailable",
	"CommitFailed",
	"UndoFailed",
	"AuthorizationError",
	"NotWritable",
	"InconsistentName",
};

static const char *const trap_names[] = {
	"ColdStart",	   "WarmStart",		 "LinkDown", "LinkUp", "AuthenticationFailure",
	"EgpNeighborLoss", "EnterpriseSpecific",
};

/* A name of a list, or its kind and number. */
static void name_log(struct json *json, const char *name, const char *const *names, size_t cnt,
		     const char *kind, int64_t number)
{
	char text[48];

	if (number >= 0 && (uint64_t)number < cnt) {
		json_text(json, name, names[number]);
		return;
	}
	snprintf(text, sizeof(text), "%s(%lld)", kind, (long long)number);
	json_text(json, name, text);
}

#define NAMES(of) of, sizeof(of) / sizeof((of)[0])

/* X.690, 8.19: the first two numbers are one. What is longer than a text may be is cut. */
static void oid_log(struct json *json, const char *name, struct slice oid)
{
	char text[OID_TEXT_MAX];
	uint64_t number = 0;
	size_t len = 0;
	bool is_first = true;

	text[0] = 0;
	for (size_t i = 0; i < oid.len && len + 24 < sizeof(text); i++) {
		number = number << 7 | (oid.at[i] & 0x7f);
		if (oid.at[i] & 0x80)
			continue;
		if (is_first) {
			uint64_t top = number < 40 ? 0 : number < 80 ? 1 : 2;

			len += (size_t)snprintf(text, sizeof(text), "%u", (unsigned int)top);
			number -= top * 40;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, ".%llu",
					(unsigned long long)number);
		is_first = false;
		number = 0;
	}
	json_text(json, name, text);
}

static void variables_log(const struct snmp_tx *tx, struct json *json)
{
	struct cursor c = cursor(tx->variables);

	if (!tx->variables.len)
		return;
	json_list(json, "vars");
	while (c.rest.len && !c.failed) {
		struct cursor variable = der_enter(&c, DER_SEQUENCE);
		struct slice oid = bytes_read(&variable, DER_OID);

		if (!variable.failed)
			oid_log(json, NULL, oid);
	}
	json_close(json);
}

static void pdu_log(const struct snmp_tx *tx, struct json *json)
{
	char address[INET_ADDRSTRLEN];

	name_log(json, "pdu_type", NAMES(pdu_names), "Unknown", tx->pdu);
	if (tx->error)
		name_log(json, "error", NAMES(error_names), "ErrorStatus", tx->error);
	if (tx->pdu == PDU_TRAP_V1) {
		name_log(json, "trap_type", NAMES(trap_names), "TrapType", tx->trap);
		oid_log(json, "trap_oid", tx->trap_oid);
		if (tx->trap_address.len == 4 &&
		    inet_ntop(AF_INET, tx->trap_address.at, address, sizeof(address)))
			json_text(json, "trap_address", address);
	}
	variables_log(tx, json);
}

static bool snmp_log(struct tx *of, struct json *json)
{
	const struct snmp_tx *tx = (const struct snmp_tx *)of;

	json_number(json, "version", tx->version);
	if (tx->is_encrypted) {
		json_text(json, "pdu_type", "encrypted");
		return true;
	}
	if (tx->has_pdu)
		pdu_log(tx, json);
	if (tx->has_community)
		json_bytes(json, "community", tx->community);
	if (tx->has_user)
		json_bytes(json, "usm", tx->user);
	return true;
}

const struct proto proto_snmp = {
	.name = "snmp",
	.eve_name = "snmp",
	.over = PROTO_OVER_UDP,
	.guess = snmp_guess,
	.open = snmp_open,
	.close = free,
	.tx_free = snmp_tx_free,
	.input = snmp_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = snmp_log,
	.log_by_packet = true,
};
