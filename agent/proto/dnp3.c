// SPDX-License-Identifier: Apache-2.0
/*
 * DNP3 (IEEE 1815) over TCP: frames of the link, their parts put together, the application's message. Called
 * by sessions; each message is a transaction.
 */
#include "proto/dnp3.h"

#include <stdlib.h>

#include "wire/wire.h"

#define LINK_LEN 10 /* with its sum */
#define BLOCK_LEN 16 /* bytes between two sums */
#define LENGTH_MIN 5 /* control and both addresses */
#define MESSAGE_MAX 65536
#define PART_LAST 0x80
#define PART_FIRST 0x40
#define FUNCTION_CONFIRM 0
#define FUNCTION_READ 1
#define FUNCTION_RESPONSE 129
#define POINTS_MAX 4096 /* of one object */

enum dnp3_event {
	EVENT_FLOODED = 1,
	EVENT_SHORT,
	EVENT_BAD_LINK_SUM,
	EVENT_BAD_PART_SUM,
	EVENT_MALFORMED,
	EVENT_UNKNOWN_OBJECT,
};

static const char *const events[] = { "flooded",
				      "len_too_small",
				      "bad_link_crc",
				      "bad_transport_crc",
				      "malformed",
				      "unknown_object",
				      NULL };

struct dnp3_reader {
	uint8_t *bytes; /* parts so far */
	size_t len;
	bool begun;
};

struct dnp3_state {
	struct session *session;
	struct dnp3_reader side[SIDES];
};

static void *state_open(struct session *session)
{
	struct dnp3_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void state_close(void *arg)
{
	struct dnp3_state *state = arg;

	free(state->side[FROM_CLIENT].bytes);
	free(state->side[FROM_SERVER].bytes);
	free(state);
}

static void tx_free(struct tx *tx)
{
	free(((struct dnp3_tx *)tx)->bytes);
	free(tx);
}

/* --- objects --- */

/* Where the points are, and how many of them. */
static bool range_read(struct wire_cursor *c, struct dnp3_object *object)
{
	static const uint8_t widths[16] = { 1, 2, 4, 1, 2, 4, 0, 1, 2, 4, 0, 1 };
	uint8_t code = object->qualifier & 15, width = widths[code];
	uint32_t number[2] = { 0, 0 };

	if (code == 10 || code > 11)
		return false;
	for (int i = 0; i < (code < 6 ? 2 : 1); i++) {
		const uint8_t *at = wire_bytes(c, width);

		for (int k = width; at && k > 0; k--)
			number[i] = number[i] << 8 | at[k - 1];
	}
	if (c->is_short)
		return false;
	if (code >= 6) {
		object->count = number[0];
		return true;
	}
	object->start = number[0];
	object->stop = number[1];
	if (object->stop < object->start)
		return false;
	object->count = object->stop - object->start + 1;
	return true;
}

static bool points_read(struct wire_cursor *c, struct dnp3_object *object,
			const struct dnp3_form *form)
{
	size_t prefix_len = dnp3_prefix_len(object->qualifier);
	const uint8_t *begin = c->at;

	if (object->count > POINTS_MAX)
		return false;
	if (form->is_packed)
		wire_bytes(c, (object->count * form->value[0].bits + 7) / 8);
	for (uint32_t i = 0; !form->is_packed && i < object->count; i++) {
		const uint8_t *at = wire_bytes(c, prefix_len);
		uint32_t prefix = 0;
		size_t len;

		for (size_t k = prefix_len; at && k > 0; k--)
			prefix = prefix << 8 | at[k - 1];
		len = c->is_short ? SIZE_MAX
				  : dnp3_point_len(form, slice(c->at, wire_left(c)), prefix);
		if (len == SIZE_MAX)
			return false;
		wire_bytes(c, len);
	}
	if (c->is_short)
		return false;
	object->points = slice(begin, (size_t)(c->at - begin));
	return true;
}

void dnp3_objects_read(struct dnp3_tx *dnp3, size_t from)
{
	struct wire_cursor c = wire_cursor(dnp3->bytes + from, dnp3->len - from);

	while (wire_left(&c) && dnp3->object_cnt < DNP3_OBJECTS_MAX) {
		struct dnp3_object *object = &dnp3->object[dnp3->object_cnt];
		const struct dnp3_form *form;

		object->group = (uint8_t)wire_number(&c, 1);
		object->variation = (uint8_t)wire_number(&c, 1);
		object->qualifier = (uint8_t)wire_number(&c, 1);
		if (c.is_short || !range_read(&c, object)) {
			tx_event(&dnp3->tx, EVENT_MALFORMED);
			return;
		}
		dnp3->object_cnt++;
		if (!object->variation || !object->count || dnp3->function == FUNCTION_READ)
			continue;
		form = dnp3_form_find(object->group, object->variation);
		if (!form || !points_read(&c, object, form)) {
			tx_event(&dnp3->tx, form ? EVENT_MALFORMED : EVENT_UNKNOWN_OBJECT);
			return;
		}
	}
	dnp3->complete = !wire_left(&c);
}

/* --- a message: takes the memory of the side's parts --- */

static bool message_take(struct dnp3_state *state, enum side side, const uint8_t *link)
{
	struct dnp3_reader *reader = &state->side[side];
	bool is_response = side == FROM_SERVER;
	struct dnp3_tx *dnp3;

	reader->begun = false;
	if (reader->len < (is_response ? 4u : 2u)) {
		session_event(state->session, EVENT_SHORT);
		return true;
	}
	if (reader->bytes[1] == FUNCTION_CONFIRM && !is_response)
		return true;
	dnp3 = (struct dnp3_tx *)tx_new(state->session, sizeof(*dnp3));
	if (!dnp3)
		return false;
	dnp3->tx.one_sided = true;
	dnp3->tx.progress[FROM_CLIENT] = dnp3->tx.progress[FROM_SERVER] = 1;
	dnp3->from = side;
	dnp3->link_control = link[3];
	dnp3->dst = (uint16_t)(link[4] | link[5] << 8);
	dnp3->src = (uint16_t)(link[6] | link[7] << 8);
	dnp3->bytes = reader->bytes;
	dnp3->len = reader->len;
	reader->bytes = NULL;
	reader->len = 0;
	dnp3->control = dnp3->bytes[0];
	dnp3->function = dnp3->bytes[1];
	if (is_response)
		dnp3->indicators = (uint16_t)(dnp3->bytes[2] << 8 | dnp3->bytes[3]);
	dnp3_objects_read(dnp3, is_response ? 4 : 2);
	return true;
}

/* IEEE 1815, 9.2.4: CRC-16 of the polynomial 0x3d65, reflected and inverted. */
static bool sum_is_good(const uint8_t *bytes, size_t len)
{
	uint16_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			sum = (uint16_t)(sum & 1 ? sum >> 1 ^ 0xa6bc : sum >> 1);
	}
	sum = (uint16_t)~sum;
	return bytes[len] == (sum & 0xff) && bytes[len + 1] == sum >> 8;
}

/* The user's bytes of a frame, without the sums, behind what the side has; false: no memory, or too many. */
static bool part_add(struct dnp3_state *state, enum side side, struct slice blocks, size_t len)
{
	struct dnp3_reader *reader = &state->side[side];
	uint8_t *grown, part = blocks.at[0];
	bool skip = true;

	if (part & PART_FIRST) {
		reader->len = 0;
		reader->begun = true;
	}
	if (!reader->begun)
		return true;
	if (reader->len + len > MESSAGE_MAX)
		return false;
	grown = realloc(reader->bytes, reader->len + len);
	if (!grown)
		return false;
	reader->bytes = grown;
	while (len) {
		size_t now = len < BLOCK_LEN ? len : BLOCK_LEN;

		if (!sum_is_good(blocks.at, now))
			session_event(state->session, EVENT_BAD_PART_SUM);
		memcpy(reader->bytes + reader->len, blocks.at + skip, now - skip);
		reader->len += now - skip;
		skip = false;
		blocks = slice_behind(blocks, now + 2);
		len -= now;
	}
	return true;
}

/* Bytes of one frame; 0: it is not whole. */
static int64_t frame_read(struct dnp3_state *state, enum side side, struct slice data)
{
	size_t user, whole;

	if (data.len < LINK_LEN)
		return 0;
	if (data.at[0] != 0x05 || data.at[1] != 0x64 || data.at[2] < LENGTH_MIN) {
		session_event(state->session,
			      data.at[2] < LENGTH_MIN ? EVENT_SHORT : EVENT_MALFORMED);
		return INPUT_BAD;
	}
	user = data.at[2] - LENGTH_MIN;
	whole = LINK_LEN + user + 2 * ((user + BLOCK_LEN - 1) / BLOCK_LEN);
	if (data.len < whole)
		return 0;
	if (!sum_is_good(data.at, LINK_LEN - 2)) {
		session_event(state->session, EVENT_BAD_LINK_SUM);
		return INPUT_BAD;
	}
	if (user && !part_add(state, side, slice_behind(data, LINK_LEN), user))
		return INPUT_BAD;
	if (user && state->side[side].begun && data.at[LINK_LEN] & PART_LAST &&
	    !message_take(state, side, data.at))
		return INPUT_BAD;
	return (int64_t)whole;
}

static int64_t dnp3_input(void *arg, const struct proto_in *in)
{
	struct dnp3_state *state = arg;
	struct slice rest = in->data;
	int64_t took = 1;

	if (in->lost)
		return INPUT_BAD; /* frames could be found again, their parts not */
	while (rest.len && took > 0) {
		took = frame_read(state, in->side, rest);
		if (took < 0)
			return took;
		rest = slice_behind(rest, (size_t)took);
	}
	return (int64_t)(in->data.len - rest.len);
}

static enum proto_guess dnp3_guess(enum side side, struct slice first)
{
	if (first.at[0] != 0x05 || (first.len > 1 && first.at[1] != 0x64))
		return GUESS_NO;
	if (first.len < LINK_LEN)
		return GUESS_MORE;
	return first.at[2] >= LENGTH_MIN && sum_is_good(first.at, LINK_LEN - 2) ? GUESS_YES
										: GUESS_NO;
}

/* --- fields --- */

static bool data_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct dnp3_tx *dnp3 = (const struct dnp3_tx *)tx;

	*ret_from = 0;
	*ret = slice(dnp3->bytes, dnp3->len);
	return index == 0;
}

static bool function_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct dnp3_tx *)tx)->function;
	return index == 0;
}

static bool indicators_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct dnp3_tx *dnp3 = (const struct dnp3_tx *)tx;

	*ret = dnp3->indicators;
	return index == 0 && dnp3->from == FROM_SERVER;
}

static bool object_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct dnp3_tx *dnp3 = (const struct dnp3_tx *)tx;

	if (index >= dnp3->object_cnt)
		return false;
	*ret = (uint64_t)dnp3->object[index].group << 8 | dnp3->object[index].variation;
	return true;
}

static const struct field fields[] = {
	{ "dnp3.data",
	  FIELD_BYTES,
	  { true, true },
	  { 1, 1 },
	  data_field,
	  NULL,
	  "the application's message, its parts put together" },
	{ "dnp3_func",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  function_field,
	  "what the message is for: read, write, select, 129" },
	{ "dnp3_ind",
	  FIELD_NUMBER,
	  { false, true },
	  { 1, 1 },
	  NULL,
	  indicators_field,
	  "what a response says of its sender: device_restart,need_time" },
	{ "dnp3_obj",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  object_field,
	  "group and variation of an object: 60,1" },
};

const struct proto proto_dnp3 = {
	.name = "dnp3",
	.eve_name = "dnp3",
	.over = PROTO_OVER_TCP,
	.guess = dnp3_guess,
	.open = state_open,
	.close = state_close,
	.tx_free = tx_free,
	.input = dnp3_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = dnp3_log,
	.loud_events = true,
};
