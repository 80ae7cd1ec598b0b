// SPDX-License-Identifier: Apache-2.0
/*
 * IKE as far as it is not ciphered: heads, proposals, keys, nonces, vendors. Called by sessions; each message
 * is a transaction.
 */
#include "base/digits.h"
#include "proto/ike.h"

#include <stdlib.h>

#include "wire/wire.h"

#define HEAD_LEN 28
#define FLAG_CIPHERED 1 /* of IKEv1 */
#define SITUATION_PLAIN 1

enum ike_event {
	EVENT_MALFORMED = 1,
	EVENT_NO_ENCRYPTION,
	EVENT_WEAK_ENC,
	EVENT_WEAK_PRF,
	EVENT_WEAK_DH,
	EVENT_WEAK_AUTH,
	EVENT_NO_DH,
	EVENT_NO_AUTH,
	EVENT_BAD_PROPOSAL,
	EVENT_UNKNOWN_PROPOSAL,
	EVENT_EXTRA_DATA,
	EVENT_MANY_CHOSEN,
};

static const char *const events[] = {
	[EVENT_MALFORMED - 1] = "malformed_data",
	[EVENT_NO_ENCRYPTION - 1] = "no_encryption",
	[EVENT_WEAK_ENC - 1] = "weak_crypto_enc",
	[EVENT_WEAK_PRF - 1] = "weak_crypto_prf",
	[EVENT_WEAK_DH - 1] = "weak_crypto_dh",
	[EVENT_WEAK_AUTH - 1] = "weak_crypto_auth",
	[EVENT_NO_DH - 1] = "weak_crypto_no_dh",
	[EVENT_NO_AUTH - 1] = "weak_crypto_no_auth",
	[EVENT_BAD_PROPOSAL - 1] = "invalid_proposal",
	[EVENT_UNKNOWN_PROPOSAL - 1] = "unknown_proposal",
	[EVENT_EXTRA_DATA - 1] = "payload_extra_data",
	[EVENT_MANY_CHOSEN - 1] = "multiple_server_proposal",
	[EVENT_MANY_CHOSEN] = NULL,
};

enum ike_payload { /* of IKEv1, of IKEv2 */
		   V1_SA = 1,
		   V1_PROPOSAL = 2,
		   V1_TRANSFORM = 3,
		   V1_KEY = 4,
		   V1_NONCE = 10,
		   V1_VENDOR = 13,
		   V2_SA = 33,
		   V2_KEY = 34,
		   V2_NONCE = 40,
		   V2_NOTICE = 41,
		   V2_VENDOR = 43,
		   V2_CIPHERED = 46,
		   V2_CIPHERED_PART = 53,
};

static void *state_open(struct session *session)
{
	struct ike_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void state_close(void *arg)
{
	struct ike_state *state = arg;

	for (int side = 0; side < SIDES; side++) {
		free(state->side[side].key);
		free(state->side[side].nonce);
	}
	free(state);
}

static void tx_free(struct tx *tx)
{
	struct ike_tx *ike = (struct ike_tx *)tx;

	free(ike->bytes);
	free(ike->vendors);
	free(ike);
}

static uint8_t *copy_of(struct slice bytes)
{
	uint8_t *copy = malloc(bytes.len ? bytes.len : 1);

	if (copy && bytes.len)
		memcpy(copy, bytes.at, bytes.len);
	return copy;
}

/* --- proposals --- */

static void attr_add(struct ike_transform *transform, uint16_t type, bool has_number, uint32_t number)
{
	if (transform->attr_cnt < IKE_ATTRS_MAX)
		transform->attr[transform->attr_cnt++] =
			(struct ike_attr){ .type = type, .has_number = has_number, .number = number };
}

/* RFC 2408, 3.3: a value of two bytes, or a length and so many. */
static bool attr_read(struct wire_cursor *c, uint16_t *ret_type, bool *ret_short, uint32_t *ret_number)
{
	uint16_t type = (uint16_t)wire_number(c, 2);
	struct wire_cursor value;

	*ret_type = type & 0x7fff;
	*ret_short = true;
	if (type & 0x8000) {
		*ret_number = wire_number(c, 2);
		return !c->is_short;
	}
	value = wire_part(c, 2);
	*ret_short = wire_left(&value) <= 4;
	*ret_number = *ret_short ? wire_number(&value, wire_left(&value)) : 0;
	return !c->is_short;
}

static void v1_transform_read(struct wire_cursor c, struct ike_transform *transform)
{
	wire_bytes(&c, 4); /* its number, what it is, two that are kept free */
	while (wire_left(&c) && !c.is_short) {
		uint32_t number;
		uint16_t type;
		bool is_short;

		if (attr_read(&c, &type, &is_short, &number))
			attr_add(transform, type, is_short, number);
	}
}

static const struct {
	uint8_t kind; /* of IKEv2's transform (RFC 7296, 3.3.2) */
	uint16_t type, event, none_event;
	uint64_t weak; /* a bit for each number that is weak */
} v2_kinds[] = {
	{ 1, IKE_ENC, EVENT_WEAK_ENC, EVENT_NO_ENCRYPTION, 0xbfe },
	{ 2, IKE_PRF, EVENT_WEAK_PRF, EVENT_WEAK_PRF, 0x6 },
	{ 3, IKE_AUTH, EVENT_WEAK_AUTH, EVENT_NO_AUTH, 0xde },
	{ 4, IKE_DH, EVENT_WEAK_DH, EVENT_NO_DH, 1 << 1 | 1 << 2 | 1 << 5 | 1 << 22 },
	{ 5, IKE_ESN, 0, 0, 0 },
};

static void v2_transform_read(struct tx *tx, struct wire_cursor c, struct ike_transform *transform)
{
	uint32_t kind = wire_number(&c, 1), number;

	wire_bytes(&c, 1);
	number = wire_number(&c, 2);
	for (size_t i = 0; !c.is_short && i < sizeof(v2_kinds) / sizeof(v2_kinds[0]); i++) {
		if (v2_kinds[i].kind != kind)
			continue;
		attr_add(transform, v2_kinds[i].type, true, number);
		if (number == 0 && v2_kinds[i].none_event)
			tx_event(tx, (uint8_t)v2_kinds[i].none_event);
		else if (number < 64 && v2_kinds[i].weak >> number & 1)
			tx_event(tx, (uint8_t)v2_kinds[i].event);
	}
}

/* Where the next transform of this side goes; what is beyond the last is only counted. */
static struct ike_transform *transform_place(struct ike_side *of, struct ike_transform *spare)
{
	struct ike_transform *place =
		of->transform_cnt < IKE_PROPOSALS_MAX ? &of->transform[of->transform_cnt] : spare;

	*place = (struct ike_transform){ .attr_cnt = 0 };
	return place;
}

/* IKEv1 offers whole sets, each a transform; IKEv2 one set of each proposal, its parts transforms. */
static void proposal_read(struct ike_tx *ike, struct ike_side *of, struct wire_cursor c)
{
	struct ike_transform spare, *place = transform_place(of, &spare);
	size_t spi_len;
	bool any = false;

	wire_bytes(&c, 2);
	spi_len = wire_number(&c, 1);
	wire_bytes(&c, 1);
	wire_bytes(&c, spi_len);
	while (wire_left(&c) && !c.is_short) {
		struct wire_cursor body;
		size_t len;

		wire_bytes(&c, 2);
		len = wire_number(&c, 2);
		if (c.is_short || len < 4 || len - 4 > wire_left(&c)) {
			tx_event(&ike->tx, EVENT_MALFORMED);
			return;
		}
		body = wire_cursor(wire_bytes(&c, len - 4), len - 4);
		if (ike->major == 1) {
			v1_transform_read(body, place);
			if (of->transform_cnt < IKE_PROPOSALS_MAX)
				of->transform_cnt++;
			place = transform_place(of, &spare);
		} else {
			v2_transform_read(&ike->tx, body, place);
			any = true;
		}
	}
	if (any && of->transform_cnt < IKE_PROPOSALS_MAX)
		of->transform_cnt++;
}

static void sa_read(struct ike_state *state, struct ike_tx *ike, struct slice body)
{
	struct wire_cursor c = wire_cursor(body.at, body.len);
	struct ike_side *of = &state->side[ike->from];

	of->transform_cnt = 0;
	ike->has_sa = true;
	if (ike->major == 1) {
		of->doi = wire_number(&c, 4);
		if (wire_number(&c, 4) != SITUATION_PLAIN)
			return;
	}
	while (wire_left(&c) && !c.is_short) {
		size_t len;

		wire_bytes(&c, 2);
		len = wire_number(&c, 2);
		if (c.is_short || len < 4 || len - 4 > wire_left(&c)) {
			tx_event(&ike->tx, EVENT_MALFORMED);
			break;
		}
		proposal_read(ike, of, wire_cursor(wire_bytes(&c, len - 4), len - 4));
	}
	if (ike->from != FROM_SERVER || !of->transform_cnt)
		return;
	if (of->transform_cnt > 1)
		tx_event(&ike->tx, EVENT_MANY_CHOSEN);
	ike->has_chosen = true;
	ike->chosen = of->transform[0];
}

/* --- payloads --- */

static void bytes_keep(uint8_t **to, size_t *len, struct slice bytes)
{
	free(*to);
	*to = copy_of(bytes);
	*len = *to ? bytes.len : 0;
}

static void vendor_read(struct ike_tx *ike, struct slice body, size_t *used)
{
	char *to = ike->vendors + *used;

	if (ike->vendor_cnt == IKE_LIST_MAX || !body.len)
		return;
	hex_write(body.at, body.len, 0, to);
	ike->vendor[ike->vendor_cnt++] = slice(to, 2 * body.len);
	*used += 2 * body.len;
}

static void payload_read(struct ike_state *state, struct ike_tx *ike, uint8_t type,
			 struct slice body, size_t *used)
{
	struct ike_side *of = &state->side[ike->from];
	size_t skip = ike->major == 1 ? 0 : 4; /* IKEv2's key has its group in front */

	switch (type) {
	case V1_SA:
	case V2_SA:
		sa_read(state, ike, body);
		break;
	case V1_KEY:
	case V2_KEY:
		ike->key = slice_behind(body, skip);
		bytes_keep(&of->key, &of->key_len, ike->key);
		break;
	case V1_NONCE:
	case V2_NONCE:
		ike->nonce = body;
		bytes_keep(&of->nonce, &of->nonce_len, body);
		break;
	case V1_VENDOR:
	case V2_VENDOR:
		vendor_read(ike, body, used);
		break;
	case V2_NOTICE:
		if (body.len >= 4 && ike->notice_cnt < IKE_LIST_MAX)
			ike->notice[ike->notice_cnt++] = (uint16_t)(body.at[2] << 8 | body.at[3]);
		break;
	default:
		break;
	}
}

static void kind_add(struct ike_tx *ike, uint8_t kind)
{
	if (ike->payload_cnt < IKE_LIST_MAX && !memchr(ike->payload, kind, ike->payload_cnt))
		ike->payload[ike->payload_cnt++] = kind;
}

/* Both versions number their payloads apart: 1 to 21, and from 33 on. */
static void payloads_read(struct ike_state *state, struct ike_tx *ike, uint8_t next, struct slice rest)
{
	struct wire_cursor c = wire_cursor(rest.at, rest.len);
	size_t used = 0;

	while (next && wire_left(&c)) {
		uint8_t type = next;
		size_t len;

		next = (uint8_t)wire_number(&c, 1);
		wire_bytes(&c, 1);
		len = wire_number(&c, 2);
		if (c.is_short || len < 4 || len - 4 > wire_left(&c)) {
			tx_event(&ike->tx, EVENT_MALFORMED);
			return;
		}
		kind_add(ike, type);
		if (type == V2_CIPHERED || type == V2_CIPHERED_PART)
			return; /* next is of what it hides */
		payload_read(state, ike, type, slice(wire_bytes(&c, len - 4), len - 4), &used);
	}
	if (wire_left(&c))
		tx_event(&ike->tx, EVENT_EXTRA_DATA);
}

static int64_t ike_input(void *arg, const struct proto_in *in)
{
	struct ike_state *state = arg;
	struct slice data = in->data;
	struct ike_tx *ike;

	if (data.len < HEAD_LEN)
		return (int64_t)data.len;
	ike = (struct ike_tx *)tx_new(state->session, sizeof(*ike));
	if (!ike)
		return INPUT_BAD;
	ike->tx.one_sided = true;
	ike->tx.progress[FROM_CLIENT] = ike->tx.progress[FROM_SERVER] = 1;
	ike->bytes = copy_of(data);
	ike->vendors = malloc(2 * data.len);
	if (!ike->bytes || !ike->vendors)
		return INPUT_BAD;
	ike->from = in->side;
	hex_write(ike->bytes, IKE_SPI_LEN, 0, ike->init_spi);
	hex_write(ike->bytes + IKE_SPI_LEN, IKE_SPI_LEN, 0, ike->resp_spi);
	ike->major = ike->bytes[17] >> 4;
	ike->minor = ike->bytes[17] & 15;
	ike->exchange = ike->bytes[18];
	ike->flags = ike->bytes[19];
	for (int i = 20; i < 24; i++)
		ike->message_id = ike->message_id << 8 | ike->bytes[i];
	if (ike->major == 1 && ike->flags & FLAG_CIPHERED) {
		state->is_ciphered = true;
		kind_add(ike, ike->bytes[16]); /* of what follows its head says no more */
	} else {
		payloads_read(state, ike, ike->bytes[16],
			      slice(ike->bytes + HEAD_LEN, data.len - HEAD_LEN));
	}
	if (ike->major == 1 && ike->has_sa) { /* parts of it, which Suricata counts among them */
		kind_add(ike, V1_PROPOSAL);
		kind_add(ike, V1_TRANSFORM);
	}
	return (int64_t)data.len;
}

static enum proto_guess ike_guess(enum side side, struct slice first)
{
	static const uint8_t nobody[IKE_SPI_LEN];
	uint32_t len;
	uint8_t version, exchange;

	if (first.len < HEAD_LEN || memcmp(first.at, nobody, IKE_SPI_LEN) == 0)
		return GUESS_NO;
	len = (uint32_t)first.at[24] << 24 | (uint32_t)first.at[25] << 16 |
	      (uint32_t)first.at[26] << 8 | first.at[27];
	version = first.at[17];
	exchange = first.at[18];
	if (len != first.len)
		return GUESS_NO;
	if (version == 0x10)
		return (exchange >= 1 && exchange <= 6) || (exchange >= 32 && exchange <= 33)
			       ? GUESS_YES
			       : GUESS_NO;
	return version == 0x20 && exchange >= 34 && exchange <= 43 ? GUESS_YES : GUESS_NO;
}

/* --- fields --- */

static bool init_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return field_give(slice(((struct ike_tx *)tx)->init_spi, 2 * IKE_SPI_LEN), index, ret,
			  ret_from);
}

static bool resp_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return field_give(slice(((struct ike_tx *)tx)->resp_spi, 2 * IKE_SPI_LEN), index, ret,
			  ret_from);
}

static bool vendor_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	const struct ike_tx *ike = (const struct ike_tx *)tx;

	*ret_from = 0;
	if (index >= ike->vendor_cnt)
		return false;
	*ret = ike->vendor[index];
	return true;
}

static bool key_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	return field_give(((struct ike_tx *)tx)->key, index, ret, ret_from);
}

static bool nonce_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	return field_give(((struct ike_tx *)tx)->nonce, index, ret, ret_from);
}

static bool exchange_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct ike_tx *)tx)->exchange;
	return index == 0;
}

static bool key_len_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct ike_tx *)tx)->key.len;
	return *ret && index == 0;
}

static bool nonce_len_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct ike_tx *)tx)->nonce.len;
	return *ret && index == 0;
}

/* What it is above, its number below: rules ask for both. */
static bool chosen_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct ike_tx *ike = (const struct ike_tx *)tx;

	if (!ike->has_chosen || index >= ike->chosen.attr_cnt)
		return false;
	*ret = (uint64_t)ike->chosen.attr[index].type << 32 | ike->chosen.attr[index].number;
	return true;
}

static const struct field fields[] = {
	{ "ike.init_spi",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  init_field,
	  NULL,
	  "the initiator's number of the association, in hexadecimal" },
	{ "ike.resp_spi",
	  FIELD_BYTES,
	  { false, true },
	  { 1, 1 },
	  resp_field,
	  NULL,
	  "the responder's number of the association, in hexadecimal" },
	{ "ike.vendor",
	  FIELD_LIST,
	  { true, false },
	  { 1, 1 },
	  vendor_field,
	  NULL,
	  "vendors that a message names, in hexadecimal" },
	{ "ike.key_exchange_payload",
	  FIELD_BYTES,
	  { true, true },
	  { 1, 1 },
	  key_field,
	  NULL,
	  "the public part of a key" },
	{ "ike.nonce_payload",
	  FIELD_BYTES,
	  { true, true },
	  { 1, 1 },
	  nonce_field,
	  NULL,
	  "a number of chance, once used" },
	{ "ike.exchtype",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  exchange_field,
	  "what a message is for, as a number" },
	{ "ike.key_exchange_payload_length",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  key_len_field,
	  "bytes of the key" },
	{ "ike.nonce_payload_length",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  nonce_len_field,
	  "bytes of the nonce" },
	{ "ike.chosen_sa_attribute",
	  FIELD_NUMBER,
	  { false, true },
	  { 1, 1 },
	  NULL,
	  chosen_field,
	  "what the responder chose: alg_enc=7" },
};

const struct proto proto_ike = {
	.name = "ike",
	.eve_name = "ike",
	.over = PROTO_OVER_UDP,
	.guess = ike_guess,
	.open = state_open,
	.close = state_close,
	.tx_free = tx_free,
	.input = ike_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = ike_log,
	.log_alert = ike_log_alert,
	.log_by_packet = true,
	.options = ike_options,
	.option_cnt = IKE_OPTION_CNT,
};
