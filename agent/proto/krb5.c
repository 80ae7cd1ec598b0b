// SPDX-License-Identifier: Apache-2.0
/*
 * Kerberos 5 (RFC 4120) over UDP and TCP: each message is a transaction of its own. Called by sessions.
 * Promises that a message which cannot be read is said by an event.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bigend.h"
#include "inspect/flow.h"
#include "proto/kerberos.h"
#include "proto/proto.h"
#include "report/json.h"

#define RECORD_MAX 16384 /* no implementation takes a longer one over TCP */
#define LEN_LEAST 11
#define PARTS_MAX 8
#define NAME_MAX_LEN 1024

enum krb5_event { EVENT_MALFORMED = 1, EVENT_WEAK };

enum krb5_type {
	AS_REQ = 10,
	AS_REP = 11,
	TGS_REQ = 12,
	TGS_REP = 13,
	AP_REQ = 14,
	AP_REP = 15,
	KRB_ERROR = 30,
};

struct krb5_name {
	bool known;
	char *text; /* its parts, one behind the other */
	uint8_t part_cnt;
	uint16_t ends[PARTS_MAX]; /* of each part, in text */
};

struct krb5_tx {
	struct tx tx;
	uint8_t type, asked; /* enum krb5_type; asked: the request that failed */
	bool has_error, has_encryption, has_ticket_encryption, has_realm;
	int64_t error, encryption, ticket_encryption;
	struct krb5_name client, server;
	char realm[256];
	size_t realm_len;
};

struct krb5_state {
	struct session *session;
	bool is_stream;
	uint8_t asked; /* the last request */
};

static void *krb5_open(struct session *session)
{
	struct krb5_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	state->is_stream = session_flow(session)->proto == IPPROTO_TCP;
	return state;
}

static void krb5_tx_free(struct tx *tx)
{
	free(((struct krb5_tx *)tx)->client.text);
	free(((struct krb5_tx *)tx)->server.text);
	free(tx);
}

/* --- words --- */

struct word {
	int64_t code;
	const char *name;
};

static const struct word errors[] = {
#define KRB5_ERROR(code, name) { code, name },
#include "proto/krb5errors.def"
#undef KRB5_ERROR
};

static const struct word types[] = {
	{ AS_REQ, "KRB_AS_REQ" },   { AS_REP, "KRB_AS_REP" }, { TGS_REQ, "KRB_TGS_REQ" },
	{ TGS_REP, "KRB_TGS_REP" }, { AP_REQ, "KRB_AP_REQ" }, { AP_REP, "KRB_AP_REP" },
	{ KRB_ERROR, "KRB_ERROR" },
};

#define WORDS(of) of, sizeof(of) / sizeof((of)[0])

static void word_log(struct json *json, const char *name, const struct word *words, size_t cnt,
		     const char *kind, int64_t code)
{
	char text[64];

	for (size_t i = 0; i < cnt; i++)
		if (words[i].code == code) {
			json_text(json, name, words[i].name);
			return;
		}
	snprintf(text, sizeof(text), "%s(%lld / 0x%llx)", kind, (long long)code,
		 (unsigned long long)code);
	json_text(json, name, text);
}

static void encryption_log(struct json *json, const char *name, int64_t encryption)
{
	const char *known = krb_encryption_name(encryption);

	if (known)
		json_text(json, name, known);
	else
		word_log(json, name, NULL, 0, "EncryptionType", encryption);
}

/* --- messages --- */

static void name_take(struct krb5_name *to, struct krb_name *name)
{
	char text[NAME_MAX_LEN];
	struct slice part;
	size_t len = 0;
	uint8_t tag;

	if (!name->known || to->text)
		return; /* the first one counts */
	while (to->part_cnt < PARTS_MAX && der_next(&name->parts, &tag, &part)) {
		if (part.len > sizeof(text) - len)
			part.len = sizeof(text) - len;
		if (part.len)
			memcpy(text + len, part.at, part.len);
		len += part.len;
		to->ends[to->part_cnt++] = (uint16_t)len;
	}
	to->text = malloc(len + 1);
	if (!to->text)
		to->part_cnt = 0;
	else
		memcpy(to->text, text, len);
	to->known = to->text;
}

static void realm_take(struct krb5_tx *tx, struct cursor in)
{
	struct slice realm = { .len = 0 };
	uint8_t tag;

	if (!der_next(&in, &tag, &realm))
		return;
	tx->has_realm = true;
	tx->realm_len = realm.len < sizeof(tx->realm) ? realm.len : sizeof(tx->realm);
	if (tx->realm_len)
		memcpy(tx->realm, realm.at, tx->realm_len);
}

static struct krb5_tx *message_new(struct krb5_state *state, enum side side, uint8_t type)
{
	struct krb5_tx *tx = (struct krb5_tx *)tx_new(state->session, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->type = type;
	tx->tx.one_sided = true;
	tx->tx.progress[side] = 1;
	return tx;
}

/* 5.4.1: the body has names and realm; it is the fourth or, with data in front of it, the fifth. */
static bool request_read(struct krb5_tx *tx, struct cursor fields)
{
	struct cursor body, in;
	struct krb_name name;
	struct slice unused;
	uint8_t tag = 0;

	while (fields.rest.len && fields.rest.at[0] != DER_CONTEXT(4))
		if (!der_next(&fields, &tag, &unused))
			return false;
	in = der_enter(&fields, DER_CONTEXT(4));
	body = der_enter(&in, DER_SEQUENCE);
	if (body.failed)
		return false;
	while (!body.failed && body.rest.len) {
		tag = body.rest.at[0];
		in = der_enter(&body, tag);
		if (tag == DER_CONTEXT(2))
			realm_take(tx, in);
		if (tag != DER_CONTEXT(1) && tag != DER_CONTEXT(3))
			continue;
		name = krb_name_read(&in);
		name_take(tag == DER_CONTEXT(1) ? &tx->client : &tx->server, &name);
	}
	return !body.failed;
}

/* 5.4.2 */
static bool answer_read(struct krb5_tx *tx, struct cursor fields)
{
	struct krb_ticket ticket;
	struct krb_name name;
	struct cursor in;

	der_enter(&fields, DER_CONTEXT(0));
	der_enter(&fields, DER_CONTEXT(1));
	der_enter_if(&fields, DER_CONTEXT(2), &in);
	realm_take(tx, der_enter(&fields, DER_CONTEXT(3)));
	in = der_enter(&fields, DER_CONTEXT(4));
	name = krb_name_read(&in);
	name_take(&tx->client, &name);
	in = der_enter(&fields, DER_CONTEXT(5));
	if (!name.known || !krb_ticket_read(&in, &ticket))
		return false;
	name_take(&tx->server, &ticket.server);
	tx->has_ticket_encryption = ticket.has_encryption;
	tx->ticket_encryption = ticket.encryption;
	in = der_enter(&fields, DER_CONTEXT(6));
	tx->encryption = krb_encryption_read(&in);
	tx->has_encryption = !in.failed;
	if (tx->has_encryption && krb_encryption_is_weak(tx->encryption))
		tx_event(&tx->tx, EVENT_WEAK);
	return tx->has_encryption;
}

/* 5.9.1 */
static bool error_read(struct krb5_tx *tx, struct cursor fields)
{
	struct krb_name name;
	struct cursor in;
	uint8_t tag;

	while (!fields.failed && fields.rest.len) {
		tag = fields.rest.at[0];
		in = der_enter(&fields, tag);
		if (tag == DER_CONTEXT(6)) {
			tx->error = der_number(&in);
			tx->has_error = !in.failed;
		} else if (tag == DER_CONTEXT(7)) {
			realm_take(tx, in);
		} else if (tag == DER_CONTEXT(8) || tag == DER_CONTEXT(10)) {
			name = krb_name_read(&in);
			name_take(tag == DER_CONTEXT(8) ? &tx->client : &tx->server, &name);
		}
	}
	return tx->has_error && !fields.failed;
}

static bool content_read(struct krb5_tx *tx, struct cursor message)
{
	struct cursor fields = der_enter(&message, DER_SEQUENCE);

	switch (tx->type) {
	case AS_REQ:
	case TGS_REQ:
		return request_read(tx, fields);
	case AS_REP:
	case TGS_REP:
		return answer_read(tx, fields);
	case KRB_ERROR:
		return error_read(tx, fields);
	default:
		return true;
	}
}

/* false: it is no message. */
static bool message_take(struct krb5_state *state, enum side side, struct slice bytes)
{
	struct cursor c = cursor(bytes);
	struct slice body = { .len = 0 };
	struct krb5_tx *tx;
	uint8_t tag = 0, type;

	if (!der_next(&c, &tag, &body)) {
		session_event(state->session, EVENT_MALFORMED);
		return false;
	}
	type = tag & 0x1f;
	if ((tag & 0xe0) != 0x60 || (type > AP_REP && type != KRB_ERROR) || type < AS_REQ)
		return true;
	tx = message_new(state, side, type);
	if (!tx)
		return false;
	if (type == KRB_ERROR)
		tx->asked = state->asked;
	state->asked = type == AS_REQ || type == TGS_REQ || type == AP_REQ ? type : 0;
	if (!content_read(tx, cursor(body)))
		tx_event(&tx->tx, EVENT_MALFORMED);
	return true;
}

static int64_t stream_take(struct krb5_state *state, const struct proto_in *in)
{
	struct slice rest = in->data;

	while (rest.len >= 4) {
		size_t len = be32(rest.at);

		if (len > RECORD_MAX)
			return INPUT_BAD;
		if (rest.len - 4 < len)
			break;
		rest = slice_behind(rest, 4);
		if (!message_take(state, in->side, slice(rest.at, len)))
			return INPUT_BAD;
		rest = slice_behind(rest, len);
	}
	return (int64_t)(in->data.len - rest.len);
}

static int64_t krb5_input(void *arg, const struct proto_in *in)
{
	struct krb5_state *state = arg;

	if (in->lost)
		return INPUT_BAD;
	if (state->is_stream)
		return stream_take(state, in);
	return message_take(state, in->side, in->data) ? (int64_t)in->data.len : INPUT_BAD;
}

/* --- what it is --- */

/* An application's element, a sequence, and in its first or second element the version, 5. */
static enum proto_guess message_guess(struct slice bytes)
{
	static const uint8_t version[] = { 0x03, DER_INTEGER, 1, 5 };
	struct cursor c = cursor(bytes);
	uint8_t tag;
	uint64_t len;

	if (bytes.len < LEN_LEAST || (bytes.at[0] & 0xe0) != 0x60 || (bytes.at[0] & 0x1f) > 30)
		return GUESS_NO;
	if (!der_head(&c, &tag, &len) || !der_head(&c, &tag, &len) || tag != DER_SEQUENCE)
		return GUESS_NO;
	cursor_skip(&c, 1);
	return c.rest.len >= sizeof(version) && memcmp(c.rest.at, version, sizeof(version)) == 0
		       ? GUESS_YES
		       : GUESS_NO;
}

static enum proto_guess krb5_guess(enum side side, struct slice first)
{
	enum proto_guess guess = message_guess(first);

	if (guess == GUESS_YES || first.len < 4 || first.at[0] || first.at[1] ||
	    first.at[2] > RECORD_MAX >> 8)
		return guess;
	return first.len < 4 + LEN_LEAST ? GUESS_MORE : message_guess(slice_behind(first, 4));
}

/* --- fields --- */

static bool part_of(const struct krb5_name *name, uint32_t index, struct slice *ret,
		    uint64_t *ret_from)
{
	size_t begin;

	*ret_from = 0;
	if (index >= name->part_cnt)
		return false;
	begin = index ? name->ends[index - 1] : 0;
	*ret = slice(name->text + begin, name->ends[index] - begin);
	return true;
}

static bool client_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	return part_of(&((struct krb5_tx *)tx)->client, index, ret, ret_from);
}

static bool server_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	return part_of(&((struct krb5_tx *)tx)->server, index, ret, ret_from);
}

static bool type_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct krb5_tx *)tx)->type;
	return index == 0;
}

static bool error_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = (uint64_t)((const struct krb5_tx *)tx)->error;
	return index == 0 && ((const struct krb5_tx *)tx)->has_error;
}

static bool ticket_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = (uint64_t)((const struct krb5_tx *)tx)->ticket_encryption;
	return index == 0 && ((const struct krb5_tx *)tx)->has_ticket_encryption;
}

static const struct field fields[] = {
	{ "krb5.cname",
	  FIELD_LIST,
	  { false, true },
	  { 1, 1 },
	  client_field,
	  NULL,
	  "the client's name, its parts each by itself" },
	{ "krb5.sname",
	  FIELD_LIST,
	  { false, true },
	  { 1, 1 },
	  server_field,
	  NULL,
	  "the server's name, its parts each by itself" },
	{ "krb5_msg_type",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  type_field,
	  "10 AS-REQ, 11 AS-REP, 12 TGS-REQ, 13 TGS-REP, 30 an error" },
	{ "krb5_err_code",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  error_field,
	  "why it failed: 25 asks for proof first" },
	{ "krb5.ticket_encryption",
	  FIELD_NUMBER,
	  { false, true },
	  { 1, 1 },
	  NULL,
	  ticket_field,
	  "what a ticket is ciphered by: weak, rc4-hmac, 23" },
};

static const char *const events[] = { "malformed_data", "weak_encryption", NULL };

/* --- records --- */

static void name_log(struct json *json, const char *name, const struct krb5_name *of)
{
	char text[NAME_MAX_LEN + PARTS_MAX];
	size_t len = 0, begin = 0;

	if (!of->known) {
		json_text(json, name, "<empty>");
		return;
	}
	for (size_t i = 0; i < of->part_cnt; i++) {
		if (i)
			text[len++] = '/';
		memcpy(text + len, of->text + begin, of->ends[i] - begin);
		len += of->ends[i] - begin;
		begin = of->ends[i];
	}
	json_bytes(json, name, slice(text, len));
}

static bool krb5_log(struct tx *of, struct json *json)
{
	const struct krb5_tx *tx = (const struct krb5_tx *)of;

	word_log(json, "msg_type", WORDS(types), "MessageType", tx->type);
	if (tx->has_error) {
		if (tx->asked)
			word_log(json, "failed_request", WORDS(types), "MessageType", tx->asked);
		else
			json_text(json, "failed_request", "UNKNOWN");
		word_log(json, "error_code", WORDS(errors), "ErrorCode", tx->error);
	}
	name_log(json, "cname", &tx->client);
	if (tx->has_realm)
		json_bytes(json, "realm", slice(tx->realm, tx->realm_len));
	else
		json_text(json, "realm", "<empty>");
	name_log(json, "sname", &tx->server);
	if (tx->has_encryption)
		encryption_log(json, "encryption", tx->encryption);
	else
		json_text(json, "encryption", "<none>");
	json_bool(json, "weak_encryption",
		  tx->has_encryption && krb_encryption_is_weak(tx->encryption));
	if (tx->has_ticket_encryption) {
		encryption_log(json, "ticket_encryption", tx->ticket_encryption);
		json_bool(json, "ticket_weak_encryption",
			  krb_encryption_is_weak(tx->ticket_encryption));
	}
	return true;
}

const struct proto proto_krb5 = {
	.name = "krb5",
	.eve_name = "krb5",
	.over = PROTO_OVER_TCP | PROTO_OVER_UDP,
	.guess = krb5_guess,
	.open = krb5_open,
	.close = free,
	.tx_free = krb5_tx_free,
	.input = krb5_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = krb5_log,
	.log_by_packet = true,
};
