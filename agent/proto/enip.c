// SPDX-License-Identifier: Apache-2.0
/*
 * EtherNet/IP over TCP and UDP, and the requests of CIP in it (ODVA, The CIP Networks Library, volumes 1
 * and 2). Called by sessions; each message is a transaction. It has no record of its own.
 */
#include "proto/enip.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "proto/proto.h"

#define HEAD_LEN 24
#define ASKED_MAX 128 /* requests and what they name, of one message */
#define ITEMS_MAX 64
#define NESTED_MAX 2 /* packets of several requests within each other */

enum command {
	LIST_SERVICES = 0x04,
	LIST_IDENTITY = 0x63,
	LIST_INTERFACES = 0x64,
	REGISTER = 0x65,
	UNREGISTER = 0x66,
	SEND_DATA = 0x6f,
	SEND_UNIT_DATA = 0x70,
};

#define ITEM_CONNECTED 0xb1 /* a number of two bytes, then CIP */
#define ITEM_UNCONNECTED 0xb2
#define CIP_ANSWER 0x80
#define CIP_GET_LIST 0x03
#define CIP_SET_LIST 0x04
#define CIP_SEVERAL 0x0a

enum enip_event { EVENT_MALFORMED = 1, EVENT_MANY_REQUESTS };

struct enip_tx {
	struct tx tx;
	uint16_t command;
	uint16_t asked_cnt;
	uint64_t asked[ASKED_MAX]; /* ENIP_ASKED() */
};

/* --- CIP --- */

static void asked_add(struct enip_tx *tx, uint8_t service, uint32_t class_1, uint32_t attribute_1)
{
	if (tx->asked_cnt == ASKED_MAX)
		tx_event(&tx->tx, EVENT_MANY_REQUESTS);
	else
		tx->asked[tx->asked_cnt++] = ENIP_ASKED(service, class_1, attribute_1);
}

/*
 * Volume 1, appendix C: pieces of a path with a number of one byte or, behind one to fill up, of two.
 * Returns the number and one more where the piece is of this kind; 0: it is another.
 */
static uint32_t path_piece(struct cursor *path, uint8_t *ret_kind)
{
	uint8_t head = cursor_u8(path);

	*ret_kind = head & 0xfc;
	if ((head & 0xe0) != 0x20 || (head & 3) > 1) {
		path->failed = true; /* its length is not known */
		return 0;
	}
	if (!(head & 3))
		return cursor_u8(path) + 1u;
	cursor_skip(path, 1);
	return cursor_le16(path) + 1u;
}

static void path_read(struct cursor path, uint32_t *ret_class_1, uint32_t *ret_attribute_1)
{
	while (path.rest.len && !path.failed) {
		uint8_t kind;
		uint32_t number_1 = path_piece(&path, &kind);

		if (kind == 0x20)
			*ret_class_1 = number_1;
		else if (kind == 0x30)
			*ret_attribute_1 = number_1;
	}
}

/* Of Get_Attribute_List and its kind: how many, then their numbers; what is set has a value behind. */
static void attributes_read(struct enip_tx *tx, uint8_t service, uint32_t class_1, struct cursor c)
{
	uint32_t cnt = cursor_le16(&c);

	if (service == CIP_SET_LIST && cnt > 1)
		cnt = 1; /* how long a value is, its class says alone */
	for (uint32_t i = 0; i < cnt && c.rest.len >= 2; i++)
		asked_add(tx, service, class_1, cursor_le16(&c) + 1u);
}

static void request_read(struct enip_tx *tx, struct slice bytes, int nested);

/* Multiple_Service_Packet: how many, where each begins, counted from their number. */
static void several_read(struct enip_tx *tx, struct slice bytes, int nested)
{
	struct cursor c = cursor(bytes);
	uint32_t cnt = cursor_le16(&c);

	for (uint32_t i = 0; i < cnt && c.rest.len >= 2; i++) {
		uint16_t from = cursor_le16(&c);
		struct cursor next = c;
		size_t to = i + 1 < cnt ? cursor_le16(&next) : bytes.len;

		if (from > bytes.len || to < from || to > bytes.len) {
			tx_event(&tx->tx, EVENT_MALFORMED);
			return;
		}
		request_read(tx, slice(bytes.at + from, to - from), nested + 1);
	}
}

static void request_read(struct enip_tx *tx, struct slice bytes, int nested)
{
	struct cursor c = cursor(bytes), path;
	uint8_t service = cursor_u8(&c);
	uint32_t class_1 = 0, attribute_1 = 0;

	if (service & CIP_ANSWER)
		return;
	path = cursor(cursor_take(&c, 2u * cursor_u8(&c)));
	if (c.failed) {
		tx_event(&tx->tx, EVENT_MALFORMED);
		return;
	}
	path_read(path, &class_1, &attribute_1);
	asked_add(tx, service, class_1, attribute_1);
	if (service == CIP_GET_LIST || service == CIP_SET_LIST)
		attributes_read(tx, service, class_1, c);
	if (service == CIP_SEVERAL && nested < NESTED_MAX)
		several_read(tx, c.rest, nested);
}

/* --- messages --- */

/* Volume 2, 2-6: items, each with its kind and length. */
static void items_read(struct enip_tx *tx, struct cursor c)
{
	uint32_t cnt;

	cursor_skip(&c, 6); /* the interface, how long to wait */
	cnt = cursor_le16(&c);
	for (uint32_t i = 0; i < cnt && i < ITEMS_MAX && !c.failed; i++) {
		uint16_t kind = cursor_le16(&c);
		struct slice body = cursor_take(&c, cursor_le16(&c));

		if (c.failed)
			break;
		if (kind == ITEM_CONNECTED)
			body = slice_behind(body, 2);
		if ((kind == ITEM_CONNECTED || kind == ITEM_UNCONNECTED) && body.len)
			request_read(tx, body, 0);
	}
	if (c.failed)
		tx_event(&tx->tx, EVENT_MALFORMED);
}

static bool message_take(struct session *session, enum side side, struct slice bytes)
{
	struct cursor c = cursor(bytes);
	struct enip_tx *tx = (struct enip_tx *)tx_new(session, sizeof(*tx));

	if (!tx)
		return false;
	tx->tx.one_sided = true;
	tx->tx.progress[side] = 1;
	tx->command = cursor_le16(&c);
	cursor_skip(&c, HEAD_LEN - 2);
	if (c.rest.len && (tx->command == SEND_DATA || tx->command == SEND_UNIT_DATA))
		items_read(tx, c);
	return true;
}

static size_t message_len(struct slice bytes)
{
	return HEAD_LEN + (size_t)(bytes.at[2] | bytes.at[3] << 8);
}

static int64_t enip_input(void *session, const struct proto_in *in)
{
	struct slice rest = in->data;

	if (in->lost)
		return INPUT_BAD; /* no message can be found again */
	while (rest.len >= HEAD_LEN && rest.len >= message_len(rest)) {
		size_t len = message_len(rest);

		if (!message_take(session, in->side, slice(rest.at, len)))
			return INPUT_BAD;
		rest = slice_behind(rest, len);
	}
	return (int64_t)(in->data.len - rest.len);
}

static void *enip_open(struct session *session)
{
	return session;
}

static void enip_close(void *session)
{
}

/* --- what it is --- */

static bool items_may_be(struct cursor c)
{
	uint32_t interface = cursor_le32(&c), cnt;

	cursor_skip(&c, 2);
	cnt = cursor_le16(&c);
	return !interface && !c.failed && cnt && cnt <= 8;
}

static enum proto_guess enip_guess(enum side side, struct slice first)
{
	struct cursor c = cursor(slice_behind(first, HEAD_LEN)), options;
	size_t len;

	if (first.len < HEAD_LEN)
		return first.len > 1 && first.at[1] ? GUESS_NO : GUESS_MORE;
	len = message_len(first) - HEAD_LEN;
	options = cursor(slice(first.at + HEAD_LEN - 4, 4));
	if (first.at[1] || cursor_le32(&options) || first.len > HEAD_LEN + len)
		return GUESS_NO;
	switch (first.at[0]) {
	case REGISTER:
		return len == 4 && c.rest.len == 4 && cursor_le16(&c) == 1 ? GUESS_YES : GUESS_NO;
	case LIST_SERVICES:
	case LIST_IDENTITY:
	case LIST_INTERFACES:
		return len == 0 || (c.rest.len >= 2 && cursor_le16(&c) <= 8) ? GUESS_YES : GUESS_NO;
	case SEND_DATA:
	case SEND_UNIT_DATA:
		return items_may_be(c) ? GUESS_YES : GUESS_NO;
	default:
		return GUESS_NO;
	}
}

/* --- fields --- */

static bool command_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct enip_tx *)tx)->command;
	return index == 0;
}

static bool asked_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct enip_tx *enip = (const struct enip_tx *)tx;

	if (index >= enip->asked_cnt)
		return false;
	*ret = enip->asked[index];
	return true;
}

static const struct field fields[] = {
	{ "enip_command",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  command_field,
	  "what a message is for: 99 list identities, 112 send" },
	{ "cip_service",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  asked_field,
	  "what a request asks for, of which class and attribute: 3,1,7" },
};

static const char *const events[] = { "malformed_data", "too_many_requests", NULL };

static void enip_tx_free(struct tx *tx)
{
	free(tx);
}

const struct proto proto_enip = {
	.name = "enip",
	.over = PROTO_OVER_TCP | PROTO_OVER_UDP,
	.guess = enip_guess,
	.open = enip_open,
	.close = enip_close,
	.tx_free = enip_tx_free,
	.input = enip_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
};
