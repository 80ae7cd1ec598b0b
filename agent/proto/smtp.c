/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMTP (RFC 5321, RFC 3030 CHUNKING, RFC 3207 STARTTLS): commands, replies, the mails between them. Called by
 * sessions. Promises one transaction for each mail, and that a command is matched with its own reply.
 */
#include "proto/smtp.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/config.h"
#include "file/file.h"
#include "inspect/engine.h"
#include "proto/lines.h"

#define LINE_KEPT 4096
#define COMMANDS_MAX 1024 /* that wait for their reply */
#define RCPTS_MAX 10000

enum smtp_event {
	EVENT_INVALID_REPLY = 1,
	EVENT_UNMATCHED_REPLY,
	EVENT_LONG_COMMAND,
	EVENT_LONG_REPLY,
	EVENT_BAD_PIPELINE,
	EVENT_LONG_CHUNK,
	EVENT_NO_WELCOME,
	EVENT_TLS_REJECTED,
	EVENT_DATA_REJECTED,
	EVENT_NO_CHANGE,
	EVENT_MIME_FAILED,
	EVENT_MIME_MALFORMED,
	EVENT_MIME_BASE64,
	EVENT_MIME_QUOTED,
	EVENT_MIME_LONG_LINE,
	EVENT_MIME_LONG_ENCODED,
	EVENT_MIME_LONG_NAME,
	EVENT_MIME_LONG_VALUE,
	EVENT_MIME_LONG_BOUNDARY,
	EVENT_MIME_LONG_FILENAME,
	EVENT_TRUNCATED_LINE,
	EVENT_DUPLICATE,
	EVENT_UNPARSABLE,
};

static const char *const events[] = {
	"invalid_reply",
	"unable_to_match_reply_with_request",
	"max_command_line_len_exceeded",
	"max_reply_line_len_exceeded",
	"invalid_pipelined_sequence",
	"bdat_chunk_len_exceeded",
	"no_server_welcome_message",
	"tls_rejected",
	"data_command_rejected",
	"failed_protocol_change",
	"mime_parse_failed",
	"mime_malformed_msg",
	"mime_invalid_base64",
	"mime_invalid_qp",
	"mime_long_line",
	"mime_long_enc_line",
	"mime_long_header_name",
	"mime_long_header_value",
	"mime_long_boundary",
	"mime_long_filename",
	"truncated_line",
	"duplicate_fields",
	"unparsable_content",
	NULL,
};

enum smtp_command { COMMAND_OTHER, COMMAND_STARTTLS, COMMAND_DATA, COMMAND_RSET, COMMAND_MAIL_END };

struct smtp_state {
	struct session *session;
	struct tx_kept kept; /* the newest transaction */
	struct smtp_tx *tx; /* the same, of this call; NULL: none, or it is gone */
	struct smtp_text helo;
	struct mime_settings mime;
	bool reads_mime, keeps_raw;
	bool welcomed, pipelining, in_reply; /* in_reply: more lines of it follow */
	enum { CLIENT_COMMANDS, CLIENT_DATA, CLIENT_CHUNK } client;
	uint64_t chunk_left;
	bool chunk_is_last;
	bool cut[SIDES]; /* the rest of a line that was too long comes */
	uint8_t commands[COMMANDS_MAX];
	size_t command_cnt, answered;
};

/* --- texts --- */

static void text_set(struct smtp_text *text, struct slice value)
{
	char *copy = malloc(value.len + 1);

	if (!copy)
		return;
	memcpy(copy, value.at, value.len);
	copy[value.len] = 0;
	free(text->at);
	text->at = copy;
	text->len = value.len;
}

/* --- a session's state --- */

static void *smtp_open(struct session *session)
{
	const struct config *config = session->setup ? session->setup->config : NULL;
	struct smtp_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	mime_settings_read(config, &state->mime);
	state->keeps_raw = config_bool(config, "app-layer.protocols.smtp.raw-extraction", false);
	state->reads_mime = !state->keeps_raw &&
			    config_bool(config, "app-layer.protocols.smtp.mime.decode-mime", true);
	return state;
}

static void smtp_close(void *arg)
{
	struct smtp_state *state = arg;

	free(state->helo.at);
	free(state);
}

static void smtp_tx_free(struct tx *tx)
{
	struct smtp_tx *smtp = (struct smtp_tx *)tx;

	for (size_t i = 0; i < smtp->rcpt_cnt; i++)
		free(smtp->rcpts[i].at);
	free(smtp->rcpts);
	free(smtp->from.at);
	mime_free(smtp->mime);
	free(smtp);
}

static struct smtp_tx *tx_begin(struct smtp_state *state)
{
	tx_keep(&state->kept, tx_new(state->session, sizeof(*state->tx)));
	state->tx = (struct smtp_tx *)state->kept.tx;
	if (state->tx)
		state->tx->helo = &state->helo;
	return state->tx;
}

static void event(struct smtp_state *state, enum smtp_event number)
{
	if (state->tx || tx_begin(state))
		tx_event(&state->tx->tx, (uint8_t)number);
}

static void step(struct smtp_tx *tx, enum smtp_step reached)
{
	for (int side = 0; side < SIDES; side++)
		if (tx->tx.progress[side] < reached)
			tx->tx.progress[side] = (uint8_t)reached;
}

static bool is_done(const struct smtp_tx *tx)
{
	return tx->tx.progress[FROM_CLIENT] == SMTP_STEP_DONE;
}

/* --- a mail --- */

static void file_begin(void *arg, struct slice name)
{
	struct smtp_tx *tx = arg;

	tx->file = file_open(&tx->tx, FROM_CLIENT, name);
}

static void file_more(void *arg, struct slice bytes)
{
	file_bytes(((struct smtp_tx *)arg)->file, bytes, 0);
}

static void file_end(void *arg)
{
	struct smtp_tx *tx = arg;

	if (tx->mime)
		file_passwords(tx->file, mime_words(tx->mime));
	file_close(tx->file, true);
	tx->file = NULL;
}

static void mail_begin(struct smtp_state *state)
{
	struct smtp_tx *tx = state->tx;

	if (tx->has_data)
		return;
	tx->has_data = true;
	step(tx, SMTP_STEP_ENVELOPE);
	if (state->keeps_raw) {
		file_begin(tx, slice_text("rawmsg"));
	} else if (state->reads_mime) {
		const struct mime_sink sink = { tx, file_begin, file_more, file_end };

		tx->mime = mime_new(&state->mime, &sink);
	}
}

static void mime_events(struct smtp_state *state)
{
	static const uint8_t of[] = {
		[MIME_BROKEN] = EVENT_MIME_FAILED,
		[MIME_MALFORMED] = EVENT_MIME_MALFORMED,
		[MIME_BAD_BASE64] = EVENT_MIME_BASE64,
		[MIME_BAD_QUOTED] = EVENT_MIME_QUOTED,
		[MIME_LONG_LINE] = EVENT_MIME_LONG_LINE,
		[MIME_LONG_ENCODED_LINE] = EVENT_MIME_LONG_ENCODED,
		[MIME_LONG_NAME] = EVENT_MIME_LONG_NAME,
		[MIME_LONG_VALUE] = EVENT_MIME_LONG_VALUE,
		[MIME_LONG_BOUNDARY] = EVENT_MIME_LONG_BOUNDARY,
		[MIME_LONG_FILENAME] = EVENT_MIME_LONG_FILENAME,
	};
	uint32_t odd = mime_odd(state->tx->mime);

	for (size_t i = 0; i < sizeof(of); i++)
		if (odd >> i & 1)
			event(state, (enum smtp_event)of[i]);
}

static void mail_bytes(struct smtp_state *state, struct slice bytes)
{
	struct smtp_tx *tx = state->tx;

	if (tx && state->keeps_raw)
		file_bytes(tx->file, bytes, 0);
	if (!tx || !tx->mime)
		return;
	mime_bytes(tx->mime, bytes);
	mime_events(state);
}

static void mail_end(struct smtp_state *state)
{
	struct smtp_tx *tx = state->tx;

	if (!tx)
		return;
	if (tx->mime) {
		mime_end(tx->mime);
		mime_events(state);
	} else {
		file_end(tx);
	}
	step(tx, SMTP_STEP_DONE);
}

/* --- the client's lines --- */

static void command_queue(struct smtp_state *state, enum smtp_command command)
{
	uint8_t last = state->command_cnt ? state->commands[state->command_cnt - 1]
					  : (uint8_t)COMMAND_OTHER;

	/* These must stand last in what is sent together (RFC 2920, 3.1). */
	if (last == COMMAND_STARTTLS || last == COMMAND_DATA)
		event(state, EVENT_BAD_PIPELINE);
	if (state->command_cnt == COMMANDS_MAX && state->answered) {
		state->command_cnt -= state->answered;
		memmove(state->commands, state->commands + state->answered, state->command_cnt);
		state->answered = 0;
	}
	if (state->command_cnt == COMMANDS_MAX) {
		event(state, EVENT_BAD_PIPELINE);
		return;
	}
	state->commands[state->command_cnt++] = (uint8_t)command;
}

static void helo_take(struct smtp_state *state, struct slice line)
{
	if (state->helo.at)
		event(state, EVENT_DUPLICATE);
	else
		text_set(&state->helo, line_word(slice_behind(line, 4)));
}

static void mail_from_take(struct smtp_state *state, struct slice line)
{
	if (state->tx->from.at)
		event(state, EVENT_DUPLICATE);
	else
		text_set(&state->tx->from, line_word(slice_behind(line, 10)));
}

static void rcpt_take(struct smtp_state *state, struct slice line)
{
	struct smtp_tx *tx = state->tx;

	if (tx->rcpt_cnt == RCPTS_MAX)
		return;
	if (tx->rcpt_cnt == tx->rcpt_cap) {
		size_t cap = tx->rcpt_cap ? tx->rcpt_cap * 2 : 4;
		struct smtp_text *grown = reallocarray(tx->rcpts, cap, sizeof(*grown));

		if (!grown)
			return;
		tx->rcpts = grown;
		tx->rcpt_cap = cap;
	}
	tx->rcpts[tx->rcpt_cnt] = (struct smtp_text){ NULL, 0 };
	text_set(&tx->rcpts[tx->rcpt_cnt++], line_word(slice_behind(line, 8)));
}

/* Who pipelines does not wait for the answer. */
static enum smtp_command data_take(struct smtp_state *state)
{
	if (state->tx->has_data)
		event(state, EVENT_UNPARSABLE);
	mail_begin(state);
	if (state->pipelining)
		state->client = CLIENT_DATA;
	return COMMAND_DATA;
}

/* BDAT 1000 LAST */
static bool chunk_take(struct smtp_state *state, struct slice line)
{
	struct slice size = line_word(slice_behind(line, 5)), last;
	uint64_t len = 0;

	if (!size.len || size.len > 10)
		return false;
	for (size_t i = 0; i < size.len; i++) {
		if (!isdigit(size.at[i]))
			return false;
		len = len * 10 + (uint64_t)(size.at[i] - '0');
	}
	last = line_word(slice_behind(line, (size_t)(size.at + size.len - line.at)));
	state->chunk_left = len;
	state->chunk_is_last = line_begins(last, "last");
	state->client = CLIENT_CHUNK;
	mail_begin(state);
	return true;
}

static void chunk_end(struct smtp_state *state)
{
	state->client = CLIENT_COMMANDS;
	if (state->chunk_is_last)
		mail_end(state);
}

static bool command_take(struct smtp_state *state, struct slice line)
{
	enum smtp_command command = COMMAND_OTHER;
	bool taken = true;

	if (!state->welcomed)
		event(state, EVENT_NO_WELCOME);
	if (line_begins(line, "starttls"))
		command = COMMAND_STARTTLS;
	else if (line_begins(line, "data"))
		command = data_take(state);
	else if (line_begins(line, "bdat"))
		taken = chunk_take(state, line);
	else if (line_begins(line, "helo") || line_begins(line, "ehlo"))
		helo_take(state, line);
	else if (line_begins(line, "mail from:"))
		mail_from_take(state, line);
	else if (line_begins(line, "rcpt to:"))
		rcpt_take(state, line);
	else if (line_begins(line, "rset"))
		command = COMMAND_RSET;
	command_queue(state, command);
	if (state->client == CLIENT_CHUNK && !state->chunk_left)
		chunk_end(state);
	return taken;
}

/* A line of a mail, with its end where it has one; a dot in front was put there for SMTP (4.5.2). */
static void data_line(struct smtp_state *state, struct slice line, bool goes_on)
{
	struct slice text = line_text(line);

	if (!goes_on && text.len < line.len && slice_is(text, ".")) {
		state->client = CLIENT_COMMANDS;
		mail_end(state);
		command_queue(state, COMMAND_MAIL_END);
		return;
	}
	if (!goes_on && line.len && line.at[0] == '.') {
		line = slice_behind(line, 1);
		if (state->tx && state->tx->mime)
			mime_dot(state->tx->mime);
	}
	mail_bytes(state, line);
}

/* What is taken back of a mail that is over, or forgotten already, is not of a next one. */
static bool needs_tx(const struct smtp_state *state, struct slice line)
{
	if (state->tx && !is_done(state->tx))
		return false;
	return !state->kept.was || !line_begins(line, "rset");
}

static bool client_line(struct smtp_state *state, struct slice line, bool goes_on)
{
	struct slice text = line_text(line);

	if (state->client == CLIENT_DATA) {
		data_line(state, line, goes_on);
		return true;
	}
	if (goes_on)
		return true;
	if (needs_tx(state, text) && !tx_begin(state))
		return false;
	return command_take(state, text);
}

static size_t chunk_bytes(struct smtp_state *state, struct slice data)
{
	size_t len = data.len < state->chunk_left ? data.len : (size_t)state->chunk_left;

	mail_bytes(state, slice(data.at, len));
	state->chunk_left -= len;
	if (state->chunk_left)
		return len;
	if (len && len < data.len && data.at[len - 1] != '\n')
		event(state, EVENT_LONG_CHUNK); /* its last line is longer than was said */
	chunk_end(state);
	return len;
}

/* --- the server's lines --- */

/* -1: it is none. */
static int reply_code(struct slice line)
{
	if (line.len < 3 || line.at[0] < '2' || line.at[0] > '5' || !isdigit(line.at[1]) ||
	    !isdigit(line.at[2]) || (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-'))
		return -1;
	return (line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + (line.at[2] - '0');
}

static void tls_begin(struct smtp_state *state, int code)
{
	if (code != 220) {
		event(state, EVENT_TLS_REJECTED);
		return;
	}
	if (state->tx)
		step(state->tx, SMTP_STEP_DONE);
	session_becomes(state->session, proto_by_name("tls"));
}

static void answer(struct smtp_state *state, int code)
{
	switch (state->commands[state->answered]) {
	case COMMAND_STARTTLS:
		if (!state->in_reply)
			tls_begin(state, code);
		break;
	case COMMAND_DATA:
		if (code == 354) {
			if (state->tx && !is_done(state->tx))
				state->client = CLIENT_DATA;
		} else {
			if (state->pipelining && state->client == CLIENT_DATA)
				state->client = CLIENT_COMMANDS;
			event(state, EVENT_DATA_REJECTED);
		}
		break;
	case COMMAND_RSET:
		if (code == 250 && !state->in_reply && state->tx)
			step(state->tx, SMTP_STEP_DONE);
		break;
	default:
		break;
	}
	if (state->in_reply)
		return;
	if (++state->answered == state->command_cnt)
		state->answered = state->command_cnt = 0;
}

static void server_line(struct smtp_state *state, struct slice line)
{
	int code;

	line = line_text(line);
	code = reply_code(line);
	if (code < 0) {
		event(state, EVENT_INVALID_REPLY);
		return;
	}
	if (line_begins(slice_behind(line, 4), "pipelining"))
		state->pipelining = true;
	state->in_reply = line.len > 3 && line.at[3] == '-';
	if (state->command_cnt) {
		answer(state, code);
		return;
	}
	/* others come late at times; this one opens a mail that nobody asked for */
	if (code == 354)
		event(state, EVENT_UNMATCHED_REPLY);
	if (code == 220 || code == 554)
		state->welcomed = state->welcomed || !state->in_reply;
}

/* --- bytes --- */

static int64_t line_take(struct smtp_state *state, const struct proto_in *in)
{
	size_t len = line_len(in->data, LINE_KEPT, in->ends);
	bool goes_on = state->cut[in->side], taken = true;
	struct slice line = slice(in->data.at, len);
	bool is_whole = line_is_whole(line);

	if (!len)
		return 0;
	state->cut[in->side] = !is_whole;
	/* lines of mails may be long: nothing of them is cut */
	if (!is_whole && !goes_on && len == LINE_KEPT &&
	    (in->side == FROM_SERVER || state->client == CLIENT_COMMANDS)) {
		event(state, EVENT_TRUNCATED_LINE);
		event(state, in->side == FROM_SERVER ? EVENT_LONG_REPLY : EVENT_LONG_COMMAND);
	}
	if (in->side == FROM_CLIENT)
		taken = client_line(state, line, goes_on);
	else if (!goes_on)
		server_line(state, line);
	return taken ? (int64_t)len : INPUT_BAD;
}

/* What is missing of a mail is missing in its file; where lines begin is known again behind the next end. */
static void lost(struct smtp_state *state, const struct proto_in *in)
{
	bool in_chunk = in->side == FROM_CLIENT && state->client == CLIENT_CHUNK;

	if (!in_chunk || in->lost > state->chunk_left) /* a chunk's length was told: it has no lines */
		state->cut[in->side] = true;
	if (in->side == FROM_SERVER || state->client == CLIENT_COMMANDS)
		return;
	if (state->tx && state->tx->mime)
		mime_lost(state->tx->mime);
	if (state->tx && state->tx->file)
		file_bytes(state->tx->file, slice(NULL, 0), in->lost);
	if (in_chunk) {
		state->chunk_left -= in->lost < state->chunk_left ? in->lost : state->chunk_left;
		if (!state->chunk_left)
			chunk_end(state);
	}
}

static int64_t smtp_input(void *arg, const struct proto_in *in)
{
	struct smtp_state *state = arg;
	struct proto_in rest = *in;
	int64_t took = 1;

	state->tx = (struct smtp_tx *)state->kept.tx;
	if (in->lost)
		lost(state, in);
	while (rest.data.len && took > 0 && !state->session->becomes) {
		if (in->side == FROM_CLIENT && state->client == CLIENT_CHUNK)
			took = (int64_t)chunk_bytes(state, rest.data);
		else
			took = line_take(state, &rest);
		if (took < 0)
			return took;
		rest.data = slice_behind(rest.data, (size_t)took);
	}
	return (int64_t)(in->data.len - rest.data.len);
}

/* Greetings of other protocols begin alike: only what the client says tells it. */
static enum proto_guess smtp_guess(enum side side, struct slice first)
{
	static const char *const words[] = { "EHLO", "HELO", "QUIT" };

	if (side == FROM_SERVER)
		return GUESS_NO;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = first.len < 4 ? first.len : 4;

		if (strncasecmp((const char *)first.at, words[i], len) == 0)
			return len < 4 ? GUESS_MORE : GUESS_YES;
	}
	return GUESS_NO;
}

const struct proto proto_smtp = {
	.name = "smtp",
	.leads_on = true,
	.eve_name = "smtp",
	.over = PROTO_OVER_TCP,
	.carries_files = true,
	.asked_by_chunks = true,
	.server_greets = true,
	.guess = smtp_guess,
	.open = smtp_open,
	.close = smtp_close,
	.tx_free = smtp_tx_free,
	.input = smtp_input,
	.steps = { SMTP_STEP_DONE, SMTP_STEP_DONE },
	.fields = smtp_fields,
	.field_cnt = SMTP_FIELDS,
	.events = events,
	.log = smtp_log,
	.log_more = smtp_log_email,
	.log_alert = smtp_log_alert,
	.options = smtp_options,
	.option_cnt = SMTP_OPTIONS,
	.log_tx_id = true,
	.loud_events = true,
};
