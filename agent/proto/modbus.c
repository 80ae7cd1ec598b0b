// SPDX-License-Identifier: Apache-2.0
/*
 * Modbus over TCP: requests and what answers them. Called by sessions; a response belongs to the oldest
 * request with its number.
 */
#include "proto/modbus.h"

#include <stdlib.h>

#include "base/bigend.h"
#include "wire/wire.h"

#define HEAD_LEN 7
#define LENGTH_MAX 254 /* of unit, function and data */
#define EXCEPTION_BIT 0x80
#define TXS_MAX 1024 /* that wait for their answers */

enum modbus_event {
	EVENT_BAD_PROTOCOL = 1,
	EVENT_UNSOLICITED,
	EVENT_BAD_LENGTH,
	EVENT_BAD_UNIT,
	EVENT_BAD_FUNCTION,
	EVENT_BAD_VALUE,
	EVENT_BAD_EXCEPTION,
	EVENT_MISMATCH,
	EVENT_FLOOD,
};

static const char *const events[] = { "invalid_protocol_id",
				      "unsolicited_response",
				      "invalid_length",
				      "invalid_unit_identifier",
				      "invalid_function_code",
				      "invalid_value",
				      "invalid_exception_code",
				      "value_mismatch",
				      "flooded",
				      NULL };

struct modbus_state {
	struct session *session;
	uint32_t waiting;
};

static const uint8_t accesses[] = {
	[1] = MODBUS_READ | MODBUS_COILS,
	[2] = MODBUS_READ | MODBUS_DISCRETES,
	[3] = MODBUS_READ | MODBUS_HOLDING,
	[4] = MODBUS_READ | MODBUS_INPUT,
	[5] = MODBUS_WRITE | MODBUS_COILS | MODBUS_SINGLE,
	[6] = MODBUS_WRITE | MODBUS_HOLDING | MODBUS_SINGLE,
	[15] = MODBUS_WRITE | MODBUS_COILS | MODBUS_MULTIPLE,
	[16] = MODBUS_WRITE | MODBUS_HOLDING | MODBUS_MULTIPLE,
	[22] = MODBUS_WRITE | MODBUS_HOLDING,
	[23] = MODBUS_READ | MODBUS_WRITE | MODBUS_HOLDING | MODBUS_MULTIPLE,
};

static void *state_open(struct session *session)
{
	struct modbus_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void tx_free(struct tx *tx)
{
	struct modbus_tx *modbus = (struct modbus_tx *)tx;

	free(modbus->message[FROM_CLIENT].data);
	free(modbus->message[FROM_SERVER].data);
	free(modbus);
}

/* --- a message --- */

static uint8_t category_of(const struct modbus_message *message)
{
	uint8_t function = message->function;

	if ((function >= 65 && function <= 72) || (function >= 100 && function <= 110))
		return MODBUS_USER;
	if (function == 41 || function == 42 || function == 90 || function == 91 ||
	    function == 125 || function == 126 || function == 127)
		return MODBUS_RESERVED;
	if ((function == 8 || function == 43) && !message->has_subfunction)
		return 0; /* it is the subfunction's */
	if (function == 8 &&
	    ((message->subfunction > 4 && message->subfunction < 10) || message->subfunction > 21))
		return MODBUS_RESERVED;
	if (function == 43 && message->subfunction != 13 && message->subfunction != 14)
		return MODBUS_RESERVED;
	if ((function >= 1 && function <= 24) || function == 43)
		return MODBUS_ASSIGNED;
	return MODBUS_UNASSIGNED;
}

/* Reads and writes of a request name a place; those of several say how many. */
static void range_read(struct modbus_message *message, struct wire_cursor c)
{
	uint16_t max = message->access & (MODBUS_COILS | MODBUS_DISCRETES) ? 2000 : 125;

	if (!message->access)
		return;
	message->address = (uint16_t)wire_number(&c, 2);
	message->quantity = 1;
	message->has_range = !c.is_short;
	if (message->access & MODBUS_SINGLE) {
		message->value = (uint16_t)wire_number(&c, 2);
		message->has_value = !c.is_short;
		if (message->function == 5 && message->value != 0 && message->value != 0xff00)
			message->error |= MODBUS_BAD_VALUE;
	} else if (message->function != 22) {
		message->quantity = (uint16_t)wire_number(&c, 2);
		if (!c.is_short && (!message->quantity || message->quantity > max))
			message->error |= MODBUS_BAD_VALUE;
	}
	if (c.is_short)
		message->error |= MODBUS_BAD_LENGTH;
}

static void body_read(struct modbus_message *message, enum side side, struct slice data)
{
	struct wire_cursor c = wire_cursor(data.at, data.len);

	if (message->is_exception) {
		if (data.len != 1 || !data.at[0] || data.at[0] > 11)
			message->error |= MODBUS_BAD_EXCEPTION;
	} else if (message->function == 8 || message->function == 43) {
		message->subfunction = (uint16_t)wire_number(&c, message->function == 8 ? 2 : 1);
		message->has_subfunction = !c.is_short;
		if (c.is_short)
			message->error |= MODBUS_BAD_LENGTH;
	} else if (side == FROM_CLIENT ||
		   (message->access & MODBUS_WRITE && !(message->access & MODBUS_READ))) {
		range_read(message, c);
	}
	message->category = category_of(message);
	if (!message->function || message->function & EXCEPTION_BIT)
		message->error |= MODBUS_BAD_FUNCTION;
}

/* bytes: the whole message. false: no memory. */
static bool message_read(struct modbus_message *message, enum side side, struct slice bytes)
{
	struct wire_cursor c = wire_cursor(bytes.at, bytes.len);
	struct slice data = slice_behind(bytes, HEAD_LEN + 1);

	message->there = true;
	message->transaction = (uint16_t)wire_number(&c, 2);
	message->protocol = (uint16_t)wire_number(&c, 2);
	wire_bytes(&c, 2);
	message->unit = (uint8_t)wire_number(&c, 1);
	message->function = (uint8_t)wire_number(&c, 1);
	message->is_exception = side == FROM_SERVER && message->function & EXCEPTION_BIT;
	if (message->is_exception)
		message->function &= (uint8_t)~EXCEPTION_BIT;
	if (message->function < sizeof(accesses))
		message->access = accesses[message->function];
	if (message->protocol)
		message->error |= MODBUS_BAD_PROTOCOL;
	body_read(message, side, data);
	message->data = malloc(data.len ? data.len : 1);
	if (!message->data)
		return false;
	if (data.len)
		memcpy(message->data, data.at, data.len);
	message->data_len = data.len;
	return true;
}

/* --- transactions --- */

static void errors_tell(struct tx *tx, const struct modbus_message *message)
{
	static const struct {
		uint8_t error, event;
	} told[] = {
		{ MODBUS_BAD_PROTOCOL, EVENT_BAD_PROTOCOL },
		{ MODBUS_BAD_LENGTH, EVENT_BAD_LENGTH },
		{ MODBUS_BAD_FUNCTION, EVENT_BAD_FUNCTION },
		{ MODBUS_BAD_VALUE, EVENT_BAD_VALUE },
		{ MODBUS_BAD_EXCEPTION, EVENT_BAD_EXCEPTION },
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (message->error & told[i].error)
			tx_event(tx, told[i].event);
}

static struct modbus_tx *request_find(const struct modbus_state *state, uint16_t transaction)
{
	for (struct tx *tx = tx_first(state->session); tx; tx = tx_next(tx)) {
		struct modbus_tx *modbus = (struct modbus_tx *)tx;

		if (!modbus->message[FROM_SERVER].there && modbus->message[FROM_CLIENT].there &&
		    modbus->message[FROM_CLIENT].transaction == transaction)
			return modbus;
	}
	return NULL;
}

/* What a response must repeat of its request. */
static bool fits(const struct modbus_message *request, const struct modbus_message *response)
{
	if (response->is_exception)
		return response->function == request->function;
	if (response->function != request->function || response->unit != request->unit)
		return false;
	if (response->has_range && request->has_range && response->address != request->address)
		return false;
	if (response->has_value && request->has_value && response->value != request->value)
		return false;
	return !response->has_subfunction || response->subfunction == request->subfunction;
}

static struct modbus_tx *tx_make(struct modbus_state *state)
{
	if (state->waiting >= TXS_MAX) {
		session_event(state->session, EVENT_FLOOD);
		return NULL;
	}
	return (struct modbus_tx *)tx_new(state->session, sizeof(struct modbus_tx));
}

static bool request_take(struct modbus_state *state, struct slice bytes)
{
	struct modbus_tx *modbus = tx_make(state);

	if (!modbus || !message_read(&modbus->message[FROM_CLIENT], FROM_CLIENT, bytes))
		return false;
	modbus->tx.progress[FROM_CLIENT] = 1;
	state->waiting++;
	errors_tell(&modbus->tx, &modbus->message[FROM_CLIENT]);
	return true;
}

static bool response_take(struct modbus_state *state, struct slice bytes)
{
	struct modbus_tx *modbus = request_find(state, be16(bytes.at));
	bool is_asked = modbus != NULL;

	if (!modbus)
		modbus = tx_make(state);
	if (!modbus || !message_read(&modbus->message[FROM_SERVER], FROM_SERVER, bytes))
		return false;
	modbus->tx.progress[FROM_CLIENT] = modbus->tx.progress[FROM_SERVER] = 1;
	errors_tell(&modbus->tx, &modbus->message[FROM_SERVER]);
	if (!is_asked)
		tx_event(&modbus->tx, EVENT_UNSOLICITED);
	else if (!fits(&modbus->message[FROM_CLIENT], &modbus->message[FROM_SERVER]))
		tx_event(&modbus->tx, EVENT_MISMATCH);
	if (is_asked && state->waiting)
		state->waiting--;
	return true;
}

static int64_t modbus_input(void *arg, const struct proto_in *in)
{
	struct modbus_state *state = arg;
	struct slice rest = in->data;

	if (in->lost)
		return INPUT_BAD; /* no message can be found again */
	while (rest.len > HEAD_LEN) {
		size_t len = (size_t)(rest.at[4] << 8 | rest.at[5]);
		struct slice bytes = slice(rest.at, 6 + len);

		if (len < 2 || len > LENGTH_MAX) {
			session_event(state->session, EVENT_BAD_LENGTH);
			return INPUT_BAD;
		}
		if (rest.len < bytes.len)
			break;
		if (!(in->side == FROM_CLIENT ? request_take(state, bytes)
					      : response_take(state, bytes)))
			return INPUT_BAD;
		rest = slice_behind(rest, bytes.len);
	}
	return (int64_t)(in->data.len - rest.len);
}

static enum proto_guess modbus_guess(enum side side, struct slice first)
{
	if (first.len < HEAD_LEN + 1)
		return GUESS_MORE;
	if (first.at[2] || first.at[3] || first.at[4] || first.at[5] < 2 || first.at[5] > LENGTH_MAX)
		return GUESS_NO;
	if (side == FROM_CLIENT && first.at[HEAD_LEN] & EXCEPTION_BIT)
		return GUESS_NO;
	return first.at[HEAD_LEN] & ~EXCEPTION_BIT ? GUESS_YES : GUESS_NO;
}

/* --- fields: all of the request, for the keyword "modbus" --- */

enum modbus_asked { /* index of the numbers of "modbus"; where a request has none, SIZE_MAX */
		    ASKED_UNIT,
		    ASKED_FUNCTION,
		    ASKED_SUBFUNCTION,
		    ASKED_CATEGORY,
		    ASKED_ACCESS,
		    ASKED_ADDRESS,
		    ASKED_QUANTITY,
		    ASKED_VALUE,
		    ASKED_CNT
};

static bool modbus_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct modbus_message *message = &((const struct modbus_tx *)tx)->message[FROM_CLIENT];
	const uint64_t numbers[ASKED_CNT] = {
		[ASKED_UNIT] = message->unit,
		[ASKED_FUNCTION] = message->function,
		[ASKED_SUBFUNCTION] = message->has_subfunction ? message->subfunction : SIZE_MAX,
		[ASKED_CATEGORY] = message->category,
		[ASKED_ACCESS] = message->access,
		[ASKED_ADDRESS] = message->has_range ? message->address : SIZE_MAX,
		[ASKED_QUANTITY] = message->has_range ? message->quantity : SIZE_MAX,
		[ASKED_VALUE] = message->has_value ? message->value : SIZE_MAX,
	};

	if (!message->there || index >= ASKED_CNT)
		return false;
	*ret = numbers[index];
	return true;
}

static const struct field fields[] = {
	{ "modbus",
	  FIELD_NUMBER,
	  { true, false },
	  { 1, 1 },
	  NULL,
	  modbus_field,
	  "function, access or unit of a request" },
};

static const uint16_t ports[] = { 502, 0 }; /* its head says little */

const struct proto proto_modbus = {
	.name = "modbus",
	.eve_name = "modbus",
	.over = PROTO_OVER_TCP,
	.asked_by_chunks = true,
	.guess = modbus_guess,
	.ports = ports,
	.open = state_open,
	.close = free,
	.tx_free = tx_free,
	.input = modbus_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = modbus_log,
};
