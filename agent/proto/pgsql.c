// SPDX-License-Identifier: Apache-2.0
/*
 * PostgreSQL's protocol 3 (its documentation, "Message Formats"): requests and what answers them. Called by
 * sessions; a transaction is one request of the client with all that the server says to it.
 */
#include "proto/pgsql.h"

#include <stdlib.h>

#include "base/bigend.h"
#include "wire/wire.h"

#define LEN_LEN 4
#define HEAD_LEN 5 /* a letter and the length */
#define CODE_3 0x00030000
#define CODE_CANCEL 80877102
#define CODE_SSL 80877103
#define CODE_GSS 80877104
#define MESSAGE_MAX 65536 /* that is held; of larger ones the first part is */
#define TXS_MAX 1024 /* that wait for their answers */
#define AUTH_SASL 10

enum pgsql_event { EVENT_BAD_LENGTH = 1, EVENT_BAD_REQUEST, EVENT_BAD_RESPONSE, EVENT_MANY_TXS };

static const char *const events[] = { "invalid_length", "malformed_request", "malformed_response",
				      "too_many_transactions", NULL };

struct pgsql_state {
	struct session *session;
	bool started; /* the client's messages have a letter in front */
	bool awaits_ssl; /* one letter of the server answers */
	bool asks_sasl; /* the server named the proofs that it takes */
	bool has_sasl; /* a proof began: the next password message is a part of it */
	uint32_t waiting; /* transactions without their answer */
	uint64_t skip[SIDES]; /* bytes of a message that is passed over */
};

static void *state_open(struct session *session)
{
	struct pgsql_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void tx_free(struct tx *tx)
{
	struct pgsql_tx *pgsql = (struct pgsql_tx *)tx;

	free(pgsql->text.bytes);
	free(pgsql->auth_data.bytes);
	free(pgsql->error.bytes);
	free(pgsql->notice.bytes);
	free(pgsql->completed.bytes);
	for (uint32_t i = 0; i < pgsql->param_cnt; i++)
		free(pgsql->param[i].bytes);
	free(pgsql);
}

static bool text_keep(struct pgsql_text *text, struct slice bytes)
{
	uint8_t *copy = malloc(bytes.len ? bytes.len : 1);

	if (!copy)
		return false;
	if (bytes.len)
		memcpy(copy, bytes.at, bytes.len);
	free(text->bytes);
	*text = (struct pgsql_text){ .bytes = copy, .len = bytes.len };
	return true;
}

/* Up to its 0. */
static struct slice string_of(struct slice body)
{
	const uint8_t *end = body.len ? memchr(body.at, 0, body.len) : NULL;

	return slice(body.at, end ? (size_t)(end - body.at) : body.len);
}

/* --- requests --- */

static struct pgsql_tx *request_make(struct pgsql_state *state, enum pgsql_request request)
{
	struct pgsql_tx *pgsql;

	if (state->waiting >= TXS_MAX) {
		session_event(state->session, EVENT_MANY_TXS);
		return NULL;
	}
	pgsql = (struct pgsql_tx *)tx_new(state->session, sizeof(*pgsql));
	if (!pgsql)
		return NULL;
	pgsql->request = request;
	pgsql->tx.progress[FROM_CLIENT] = 1;
	if (request == PGSQL_END || request == PGSQL_CANCEL)
		pgsql->tx.progress[FROM_SERVER] = 1;
	else
		state->waiting++;
	return pgsql;
}

static bool startup_take(struct pgsql_state *state, struct slice body)
{
	struct wire_cursor c = wire_cursor(body.at, body.len);
	uint32_t code = wire_number(&c, 4);
	struct pgsql_tx *pgsql;

	if (code == CODE_SSL || code == CODE_GSS) {
		state->awaits_ssl = true;
		return request_make(state, PGSQL_SSL) != NULL;
	}
	pgsql = request_make(state, code == CODE_CANCEL ? PGSQL_CANCEL : PGSQL_STARTUP);
	if (!pgsql)
		return false;
	if (code == CODE_CANCEL) {
		pgsql->process = wire_number(&c, 4);
		pgsql->secret = wire_number(&c, 4);
		return true;
	}
	state->started = true;
	pgsql->version = code;
	return text_keep(&pgsql->text, slice_behind(body, 4));
}

static bool request_take(struct pgsql_state *state, uint8_t letter, struct slice body)
{
	enum pgsql_request request = letter == 'Q'   ? PGSQL_QUERY
				     : letter == 'X' ? PGSQL_END
						     : PGSQL_OTHER;
	struct pgsql_tx *pgsql;

	if (letter == 'p') {
		request = state->has_sasl ? PGSQL_SASL : PGSQL_PASSWORD;
		if (state->asks_sasl)
			request = PGSQL_SASL_FIRST;
		state->has_sasl |= state->asks_sasl;
		state->asks_sasl = false;
	}
	if (request == PGSQL_OTHER)
		return true; /* of the extended query and of copies: not told */
	pgsql = request_make(state, request);
	if (!pgsql)
		return false;
	return text_keep(&pgsql->text, request == PGSQL_QUERY || request == PGSQL_PASSWORD
					       ? string_of(body)
					       : body);
}

/* --- responses --- */

/* The oldest request that is not answered. */
static struct pgsql_tx *waiting_find(const struct pgsql_state *state)
{
	for (struct tx *tx = tx_first(state->session); tx; tx = tx_next(tx))
		if (!tx->progress[FROM_SERVER])
			return (struct pgsql_tx *)tx;
	return NULL;
}

static void answered(struct pgsql_state *state, struct pgsql_tx *pgsql)
{
	pgsql->tx.progress[FROM_SERVER] = 1;
	if (state->waiting)
		state->waiting--;
}

/* AuthenticationOk goes on up to ReadyForQuery; what asks for a proof is answered by the next request. */
static void auth_take(struct pgsql_state *state, struct pgsql_tx *pgsql, struct slice body)
{
	struct wire_cursor c = wire_cursor(body.at, body.len);

	pgsql->auth = wire_number(&c, 4);
	if (c.is_short) {
		tx_event(&pgsql->tx, EVENT_BAD_RESPONSE);
		return;
	}
	pgsql->has_auth = true;
	state->asks_sasl = pgsql->auth == AUTH_SASL;
	text_keep(&pgsql->auth_data, slice_behind(body, 4));
	if (pgsql->auth != 0 && pgsql->auth != 12)
		answered(state, pgsql);
}

static void numbers_take(struct pgsql_tx *pgsql, uint8_t letter, struct slice body, uint32_t len)
{
	struct wire_cursor c = wire_cursor(body.at, body.len);
	uint32_t cnt;

	if (letter == 'K') {
		pgsql->server_process = wire_number(&c, 4);
		pgsql->server_secret = wire_number(&c, 4);
		pgsql->has_key = !c.is_short;
		return;
	}
	cnt = wire_number(&c, 2);
	if (letter == 'T') {
		pgsql->has_rows = true;
		pgsql->field_cnt = cnt;
		return;
	}
	pgsql->row_cnt++;
	if (len >= LEN_LEN + 2 + 4 * cnt)
		pgsql->data_size += len - LEN_LEN - 2 - 4 * cnt;
}

static void response_take(struct pgsql_state *state, uint8_t letter, struct slice body, uint32_t len)
{
	struct pgsql_tx *pgsql = waiting_find(state);

	if (!pgsql)
		return;
	pgsql->answers = true;
	switch (letter) {
	case 'R':
		auth_take(state, pgsql, body);
		break;
	case 'S':
		if (pgsql->param_cnt < PGSQL_PARAMS_MAX &&
		    text_keep(&pgsql->param[pgsql->param_cnt], body))
			pgsql->param_cnt++;
		break;
	case 'K':
	case 'T':
	case 'D':
		numbers_take(pgsql, letter, body, len);
		break;
	case 'C':
		text_keep(&pgsql->completed, string_of(body));
		break;
	case 'N':
		text_keep(&pgsql->notice, body);
		break;
	case 'E':
		text_keep(&pgsql->error, body);
		if (pgsql->request != PGSQL_QUERY) /* a query ends with ReadyForQuery all the same */
			answered(state, pgsql);
		break;
	case 'Z':
		answered(state, pgsql);
		break;
	default:
		break;
	}
}

static int64_t ssl_answer(struct pgsql_state *state, uint8_t letter)
{
	struct pgsql_tx *pgsql = waiting_find(state);

	state->awaits_ssl = false;
	if (letter == 'E') { /* an old server does not know the question */
		if (pgsql)
			answered(state, pgsql);
		return 0;
	}
	if (letter != 'S' && letter != 'N' && letter != 'G')
		return INPUT_BAD;
	if (pgsql) {
		pgsql->answers = pgsql->is_ssl_answer = true;
		pgsql->ssl_accepted = letter == 'S';
		answered(state, pgsql);
	}
	if (letter == 'S')
		session_becomes(state->session, PROTO_TLS);
	return 1;
}

/* --- input --- */

static int64_t first_read(struct pgsql_state *state, struct slice data)
{
	uint32_t len;

	if (data.len < LEN_LEN)
		return 0;
	len = be32(data.at);
	if (len < 8 || len > MESSAGE_MAX) {
		session_event(state->session, EVENT_BAD_LENGTH);
		return INPUT_BAD;
	}
	if (data.len < len)
		return 0;
	return startup_take(state, slice(data.at + LEN_LEN, len - LEN_LEN)) ? (int64_t)len
									    : INPUT_BAD;
}

static int64_t message_read(struct pgsql_state *state, const struct proto_in *in, struct slice data)
{
	struct wire_cursor c = wire_cursor(data.at, data.len);
	uint8_t letter = (uint8_t)wire_number(&c, 1);
	uint32_t len = wire_number(&c, LEN_LEN), held;

	if (c.is_short)
		return 0;
	if (len < LEN_LEN) {
		session_event(state->session, EVENT_BAD_LENGTH);
		return INPUT_BAD;
	}
	held = len < MESSAGE_MAX ? len : MESSAGE_MAX;
	if (letter == 'D' && in->side == FROM_SERVER && held > LEN_LEN + 2)
		held = LEN_LEN + 2; /* of a row only its size is told */
	if (data.len < 1 + (size_t)held)
		return 0;
	if (in->side == FROM_SERVER)
		response_take(state, letter, slice(data.at + HEAD_LEN, held - LEN_LEN), len);
	else if (!request_take(state, letter, slice(data.at + HEAD_LEN, held - LEN_LEN)))
		return INPUT_BAD;
	state->skip[in->side] = len - held;
	return 1 + (int64_t)held;
}

static int64_t some_read(struct pgsql_state *state, const struct proto_in *in, struct slice data)
{
	uint64_t *skip = &state->skip[in->side];

	if (*skip) {
		uint64_t now = *skip < data.len ? *skip : data.len;

		*skip -= now;
		return (int64_t)now;
	}
	if (in->side == FROM_CLIENT && !state->started)
		return first_read(state, data);
	if (in->side == FROM_SERVER && state->awaits_ssl && data.at[0] != 'E')
		return ssl_answer(state, data.at[0]);
	if (in->side == FROM_SERVER && state->awaits_ssl)
		ssl_answer(state, 'E');
	return message_read(state, in, data);
}

static int64_t pgsql_input(void *arg, const struct proto_in *in)
{
	struct pgsql_state *state = arg;
	struct slice rest = in->data;
	int64_t took = 1;

	if (in->lost) {
		if (in->lost > state->skip[in->side])
			return INPUT_BAD; /* no message can be found again */
		state->skip[in->side] -= in->lost;
	}
	while (rest.len && took > 0 && !state->session->becomes) {
		took = some_read(state, in, rest);
		if (took < 0)
			return took;
		rest = slice_behind(rest, (size_t)took);
	}
	return (int64_t)(in->data.len - rest.len);
}

static enum proto_guess pgsql_guess(enum side side, struct slice first)
{
	struct wire_cursor c = wire_cursor(first.at, first.len);
	uint32_t len = wire_number(&c, 4), code = wire_number(&c, 4);

	if (side == FROM_SERVER)
		return GUESS_NO; /* one letter says nothing */
	if (first.len < 8)
		return first.at[0] == 0 && (first.len < 2 || first.at[1] == 0) ? GUESS_MORE
									       : GUESS_NO;
	if (code == CODE_SSL || code == CODE_GSS)
		return len == 8 ? GUESS_YES : GUESS_NO;
	if (code == CODE_CANCEL)
		return len == 16 ? GUESS_YES : GUESS_NO;
	if (code != CODE_3 || len <= 8 || len > MESSAGE_MAX)
		return GUESS_NO;
	if (first.len < len)
		return GUESS_MORE;
	return first.at[len - 1] == 0 ? GUESS_YES : GUESS_NO;
}

const struct proto proto_pgsql = {
	.name = "pgsql",
	.leads_on = true,
	.eve_name = "pgsql",
	.over = PROTO_OVER_TCP,
	.guess = pgsql_guess,
	.answers_vary = true,
	.open = state_open,
	.close = free,
	.tx_free = tx_free,
	.input = pgsql_input,
	.steps = { 1, 1 },
	.events = events,
	.log = pgsql_log,
	.options = pgsql_options,
	.option_cnt = PGSQL_OPTION_CNT,
};
