// SPDX-License-Identifier: Apache-2.0
/*
 * FTP's control connection (RFC 959; RFC 2428 EPRT and EPSV; RFC 4217 AUTH TLS): commands with their replies,
 * and where the data goes. Called by sessions. Promises one transaction for each command that is known.
 */
#include "proto/ftp.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/config.h"
#include "inspect/engine.h"
#include "inspect/flow.h"
#include "proto/lines.h"
#include "report/json.h"

#define LINE_USUAL 4096
#define LINE_MOST 1048576
#define REPLIES_MAX 1000 /* lines of one reply that are kept */

enum ftp_event { EVENT_LONG_COMMAND = 1, EVENT_LONG_REPLY };
#define STEP_DONE 1

static const char *const commands[] = {
	"ABOR", "ACCT", "ALLO", "APPE", "CDUP",	 "CHMOD", "CWD",  "DELE",     "EPSV", "HELP",
	"IDLE", "LIST", "MAIL", "MDTM", "MKD",	 "MLFL",  "MODE", "MRCP",     "MRSQ", "MSAM",
	"MSND", "MSOM", "NLST", "NOOP", "PASS",	 "PASV",  "PORT", "PWD",      "QUIT", "REIN",
	"REST", "RETR", "RMD",	"RNFR", "RNTO",	 "SITE",  "SIZE", "SMNT",     "STAT", "STOR",
	"STOU", "STRU", "SYST", "TYPE", "UMASK", "USER",  "EPRT", "AUTH TLS",
};

struct ftp_line {
	uint8_t *at;
	size_t len;
	bool cut;
};

struct ftp_tx {
	struct tx tx;
	const char *command; /* NULL: a greeting, or what no command asked for */
	struct ftp_line request;
	struct ftp_line *replies;
	size_t reply_cnt, reply_cap;
	uint16_t port; /* of the data, as this command or its reply says */
	bool active; /* the client listens */
	bool bounce; /* PORT of somebody else's address */
};

struct ftp_state {
	struct session *session;
	size_t line_most;
	struct tx_kept oldest; /* that waits for a reply; NULL: none does */
	uint16_t port; /* of the next transfer; 0: not known */
	bool active;
	uint64_t from; /* of the next transfer: REST */
	bool in_reply; /* more lines of it follow: up to its code with a blank */
	char reply_code[3];
	bool cut[SIDES]; /* the rest of a line that was too long comes */
};

static void *ftp_open(struct session *session)
{
	const struct config *config = session->setup ? session->setup->config : NULL;
	struct ftp_state *state = calloc(1, sizeof(*state));
	uint64_t most = config_bytes(config, "app-layer.protocols.ftp.max-line-length", LINE_USUAL);

	if (!state)
		return NULL;
	state->session = session;
	state->line_most = most && most < LINE_MOST ? (size_t)most : LINE_USUAL;
	return state;
}

static void ftp_tx_free(struct tx *tx)
{
	struct ftp_tx *ftp = (struct ftp_tx *)tx;

	for (size_t i = 0; i < ftp->reply_cnt; i++)
		free(ftp->replies[i].at);
	free(ftp->replies);
	free(ftp->request.at);
	free(ftp);
}

static bool line_keep(struct ftp_line *to, struct slice text, bool cut)
{
	uint8_t *copy = malloc(text.len ? text.len : 1);

	if (!copy)
		return false;
	if (text.len)
		memcpy(copy, text.at, text.len);
	to->at = copy;
	to->len = text.len;
	to->cut = cut;
	return true;
}

static struct ftp_tx *tx_begin(struct ftp_state *state)
{
	struct tx *tx = tx_new(state->session, sizeof(struct ftp_tx));

	if (!state->oldest.tx)
		tx_keep(&state->oldest, tx);
	return (struct ftp_tx *)tx;
}

/* The next one that waits is the oldest then. */
static void done(struct ftp_state *state, struct ftp_tx *tx)
{
	struct tx *next = &tx->tx;

	tx->tx.progress[FROM_CLIENT] = tx->tx.progress[FROM_SERVER] = STEP_DONE;
	if (&tx->tx != state->oldest.tx)
		return;
	while (next && next->progress[FROM_SERVER] == STEP_DONE)
		next = tx_next(next);
	tx_keep(&state->oldest, next);
}

/* --- addresses --- */

/* Six numbers by commas; false: they are none. */
static bool six_read(struct slice text, uint8_t six[6])
{
	size_t cnt = 0;
	unsigned int number = 0;
	bool any = false;

	for (size_t i = 0; i <= text.len && cnt < 6; i++) {
		if (i < text.len && isdigit(text.at[i])) {
			number = number * 10 + (unsigned int)(text.at[i] - '0');
			any = true;
			if (number > 255)
				return false;
			continue;
		}
		if (!any)
			return false;
		six[cnt++] = (uint8_t)number;
		if (i == text.len || text.at[i] != ',')
			break;
		number = 0;
		any = false;
	}
	return cnt == 6;
}

static uint16_t port_of(const uint8_t six[6])
{
	return (uint16_t)(six[4] << 8 | six[5]);
}

/* 227 Entering Passive Mode (192,0,2,1,4,1): some write no parentheses. */
static uint16_t passive_read(struct slice line)
{
	uint8_t six[6];

	for (size_t i = 4; i < line.len; i++) {
		if (!isdigit(line.at[i]) || (i && isdigit(line.at[i - 1])))
			continue;
		if (six_read(slice_behind(line, i), six))
			return port_of(six);
	}
	return 0;
}

static uint16_t decimal_read(struct slice text)
{
	uint32_t number = 0;
	size_t len = 0;

	while (len < text.len && isdigit(text.at[len]) && number <= UINT16_MAX)
		number = number * 10 + (uint32_t)(text.at[len++] - '0');
	return len && number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* Behind the third of the signs that part the fields: (|||6446|) and |1|192.0.2.1|6275| */
static uint16_t extended_read(struct slice text)
{
	uint8_t sign;
	size_t seen = 0;

	while (text.len && (text.at[0] == ' ' || text.at[0] == '('))
		text = slice_behind(text, 1);
	if (!text.len)
		return 0;
	sign = text.at[0];
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == sign && ++seen == 3)
			return decimal_read(slice_behind(text, i + 1));
	return 0;
}

/* 229 Entering Extended Passive Mode (|||6446|) */
static uint16_t extended_passive_read(struct slice line)
{
	const uint8_t *open = memchr(line.at, '(', line.len);

	return open ? extended_read(slice_behind(line, (size_t)(open - line.at))) : 0;
}

/* --- commands --- */

static bool is_elsewhere(const struct session *session, const uint8_t six[6])
{
	const struct flow *flow = session_flow((struct session *)session);

	return flow->family == 4 && memcmp(flow->addr[FROM_CLIENT].b + 12, six, 4) != 0;
}

static void port_take(struct ftp_state *state, struct ftp_tx *tx, struct slice line)
{
	uint8_t six[6];

	if (!six_read(line_word(slice_behind(line, 4)), six))
		return;
	tx->bounce = is_elsewhere(state->session, six);
	tx->port = port_of(six);
	tx->active = true;
}

static void transfer_announce(struct ftp_state *state, struct slice line)
{
	if (!state->port || line.len <= FTP_TRANSFER_LEN)
		return;
	session_expects(state->session, state->active ? FROM_CLIENT : FROM_SERVER, state->port,
			proto_by_name("ftp-data"), line, state->from);
	state->from = 0;
	state->port = 0;
	state->active = false;
}

static const char *command_find(struct slice line)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (line_begins(line, commands[i]))
			return commands[i];
	return NULL;
}

uint64_t ftp_restart_read(struct slice text)
{
	uint64_t offset = 0;
	size_t i = 0;

	while (i < text.len && text.at[i] == ' ')
		i++;
	for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
		if (offset > UINT64_MAX / 16)
			return 0;
		offset = offset * 10 + (text.at[i] - '0');
	}
	return offset;
}

static bool command_take(struct ftp_state *state, struct slice line, bool cut)
{
	const char *command = command_find(line);
	struct ftp_tx *tx;

	if (!command)
		return true;
	tx = tx_begin(state);
	if (!tx || !line_keep(&tx->request, line, cut))
		return false;
	tx->command = command;
	if (cut)
		tx_event(&tx->tx, EVENT_LONG_COMMAND);
	if (strcmp(command, "PORT") == 0) {
		port_take(state, tx, line);
	} else if (strcmp(command, "EPRT") == 0) {
		tx->port = extended_read(slice_behind(line, 4));
		tx->active = tx->port != 0;
	} else if (strcmp(command, "REST") == 0) {
		state->from = ftp_restart_read(slice_behind(line, 4));
	} else if (strcmp(command, "RETR") == 0 || strcmp(command, "STOR") == 0) {
		transfer_announce(state, line);
	}
	return true;
}

/* --- replies --- */

static bool reply_keep(struct ftp_tx *tx, struct slice line, bool cut)
{
	if (cut)
		tx_event(&tx->tx, EVENT_LONG_REPLY);
	if (tx->reply_cnt == REPLIES_MAX)
		return true;
	if (tx->reply_cnt == tx->reply_cap) {
		size_t cap = tx->reply_cap ? tx->reply_cap * 2 : 4;
		struct ftp_line *grown = reallocarray(tx->replies, cap, sizeof(*grown));

		if (!grown)
			return false;
		tx->replies = grown;
		tx->reply_cap = cap;
	}
	if (!line_keep(&tx->replies[tx->reply_cnt], line, cut))
		return false;
	tx->reply_cnt++;
	return true;
}

static void reply_acts(struct ftp_state *state, struct ftp_tx *tx, struct slice line)
{
	if (!tx->command)
		return;
	if (strcmp(tx->command, "PASV") == 0 && line_begins(line, "227 "))
		tx->port = passive_read(line);
	else if (strcmp(tx->command, "EPSV") == 0 && line_begins(line, "229 "))
		tx->port = extended_passive_read(line);
	else if (strcmp(tx->command, "AUTH TLS") == 0 && line_begins(line, "234"))
		session_becomes(state->session, proto_by_name("tls"));
	if (tx->port && line.len && line.at[0] == '2') {
		state->port = tx->port;
		state->active = tx->active;
	}
}

static bool has_code(struct slice line)
{
	return line.len >= 3 && isdigit(line.at[0]) && isdigit(line.at[1]) && isdigit(line.at[2]);
}

/* "220-" opens lines that go on up to "220 " (RFC 959, 4.2). */
static bool ends_reply(struct ftp_state *state, struct slice line)
{
	if (!state->in_reply) {
		if (!has_code(line) || line.len < 4 || line.at[3] != '-')
			return true;
		memcpy(state->reply_code, line.at, 3);
		state->in_reply = true;
		return false;
	}
	if (has_code(line) && memcmp(line.at, state->reply_code, 3) == 0 &&
	    (line.len == 3 || line.at[3] == ' '))
		state->in_reply = false;
	return !state->in_reply;
}

static bool reply_take(struct ftp_state *state, struct slice line, bool cut)
{
	/* where none waits, the last one takes what comes */
	struct ftp_tx *tx =
		(struct ftp_tx *)(state->oldest.tx ? state->oldest.tx : tx_last(state->session));
	bool ends;

	if (!line.len)
		return true;
	if (!tx)
		tx = tx_begin(state);
	if (!tx || !reply_keep(tx, line, cut))
		return false;
	ends = ends_reply(state, line);
	if (ends)
		reply_acts(state, tx, line);
	/* 150 tells of a transfer that begins: the reply is what follows */
	if (ends && !(has_code(line) && line.at[0] == '1'))
		done(state, tx);
	return true;
}

/* --- bytes --- */

static int64_t line_take(struct ftp_state *state, const struct proto_in *in)
{
	size_t len = line_len(in->data, state->line_most, in->ends);
	struct slice line = slice(in->data.at, len);
	bool goes_on = state->cut[in->side], taken = true, cut;

	if (!len)
		return 0;
	cut = !line_is_whole(line) && len == state->line_most;
	state->cut[in->side] = !line_is_whole(line);
	if (goes_on)
		return (int64_t)len;
	line = line_text(line);
	if (in->side == FROM_CLIENT)
		taken = command_take(state, line, cut);
	else
		taken = reply_take(state, line, cut);
	return taken ? (int64_t)len : INPUT_BAD;
}

static int64_t ftp_input(void *arg, const struct proto_in *in)
{
	struct ftp_state *state = arg;
	struct proto_in rest = *in;
	int64_t took = 1;

	if (in->lost)
		state->cut[in->side] = true;
	while (rest.data.len && took > 0 && !state->session->becomes) {
		took = line_take(state, &rest);
		if (took < 0)
			return took;
		rest.data = slice_behind(rest.data, (size_t)took);
	}
	return (int64_t)(in->data.len - rest.data.len);
}

static enum proto_guess ftp_guess(enum side side, struct slice first)
{
	static const char *const words[] = { "USER ", "PASS ", "PORT ", "FEAT\r\n" };

	if (side == FROM_SERVER)
		return line_begins(first, "220 (") ? GUESS_YES : GUESS_NO;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]), most = first.len < len ? first.len : len;

		if (strncasecmp((const char *)first.at, words[i], most) == 0)
			return most < len ? GUESS_MORE : GUESS_YES;
	}
	return GUESS_NO;
}

/* --- fields --- */

static bool bounce_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct ftp_tx *)tx)->bounce;
	return index == 0;
}

static const struct field fields[] = {
	{ "ftpbounce",
	  FIELD_NUMBER,
	  { true, false },
	  { 0, 0 },
	  NULL,
	  bounce_field,
	  "PORT of an address that is not the client's" },
};

static const char *const events[] = { "request_command_too_long", "response_command_too_long", NULL };

/* --- records --- */

static void request_log(const struct ftp_tx *tx, struct json *json)
{
	size_t skip = strlen(tx->command) + 1;

	json_text(json, "command", tx->command);
	if (tx->request.len > skip)
		json_bytes(json, "command_data",
			   slice_behind(slice(tx->request.at, tx->request.len), skip));
	if (tx->request.len > skip)
		json_bool(json, "command_truncated", tx->request.cut);
}

static void replies_log(const struct ftp_tx *tx, struct json *json)
{
	json_list(json, "completion_code");
	for (size_t i = 0; i < tx->reply_cnt; i++)
		if (has_code(slice(tx->replies[i].at, tx->replies[i].len)))
			json_bytes(json, NULL, slice(tx->replies[i].at, 3));
	json_close(json);
	json_list(json, "reply");
	for (size_t i = 0; i < tx->reply_cnt; i++) {
		struct slice line = slice(tx->replies[i].at, tx->replies[i].len);

		json_bytes(json, NULL, slice_behind(line, has_code(line) ? 4 : 0));
	}
	json_close(json);
}

static bool any_cut(const struct ftp_tx *tx)
{
	for (size_t i = 0; i < tx->reply_cnt; i++)
		if (tx->replies[i].cut)
			return true;
	return false;
}

static bool ftp_log(struct tx *tx, struct json *json)
{
	const struct ftp_tx *ftp = (const struct ftp_tx *)tx;

	if (ftp->command)
		request_log(ftp, json);
	if (ftp->reply_cnt)
		replies_log(ftp, json);
	if (ftp->port) {
		json_number(json, "dynamic_port", ftp->port);
		if (ftp->active)
			json_text(json, "mode", "active");
	}
	json_text(json, "reply_received", tx->progress[FROM_SERVER] == STEP_DONE ? "yes" : "no");
	json_bool(json, "reply_truncated", any_cut(ftp));
	return true;
}

const struct proto proto_ftp = {
	.name = "ftp",
	.leads_on = true,
	.eve_name = "ftp",
	.over = PROTO_OVER_TCP,
	.asked_by_chunks = true,
	.server_greets = true,
	.guess = ftp_guess,
	.open = ftp_open,
	.close = free,
	.tx_free = ftp_tx_free,
	.input = ftp_input,
	.steps = { STEP_DONE, STEP_DONE },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = ftp_log,
	.log_tx_id = true,
};
