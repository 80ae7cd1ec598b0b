// SPDX-License-Identifier: Apache-2.0
/*
 * Data of FTP: one file, from the first byte to the last of who sends it. Called by sessions of flows that a
 * control connection announced. Promises one transaction with one file.
 */
#include <stdlib.h>

#include "file/file.h"
#include "proto/ftp.h"
#include "proto/lines.h"
#include "report/json.h"

#define STEP_DONE 1
enum transfer { TRANSFER_RETR = 1, TRANSFER_STOR };

struct ftpdata_tx {
	struct tx tx;
	enum transfer transfer;
	struct slice name; /* of the session's own */
	struct file *file;
};

struct ftpdata_state {
	struct session *session;
	struct tx_kept kept; /* the one transaction */
};

static void *ftpdata_open(struct session *session)
{
	struct ftpdata_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static struct ftpdata_tx *tx_begin(struct ftpdata_state *state, enum side side)
{
	struct ftpdata_tx *tx = (struct ftpdata_tx *)tx_new(state->session, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->transfer = line_begins(state->session->expected_name, "RETR") ? TRANSFER_RETR
									  : TRANSFER_STOR;
	tx->name = slice_behind(state->session->expected_name, FTP_TRANSFER_LEN);
	tx->file = file_open(&tx->tx, side, tx->name);
	if (tx->file)
		tx->file->ends_unsaid = tx->file->may_be_cut = true;
	file_origin(tx->file, slice(NULL, 0), tx->name, state->session->expected_from);
	tx_keep(&state->kept, &tx->tx);
	return tx;
}

static int64_t ftpdata_input(void *arg, const struct proto_in *in)
{
	struct ftpdata_state *state = arg;
	struct ftpdata_tx *tx = (struct ftpdata_tx *)state->kept.tx;

	if (!tx && state->kept.was)
		return (int64_t)in->data.len; /* the file was told, and it was forgotten */
	if (!tx && !in->data.len)
		return 0;
	if (!tx)
		tx = tx_begin(state, in->side);
	if (!tx)
		return INPUT_BAD;
	if (in->side != tx->tx.side)
		return (int64_t)in->data.len; /* data goes one way */
	file_bytes(tx->file, in->data, in->lost);
	if (in->ends) {
		file_close(tx->file, true);
		tx->tx.progress[FROM_CLIENT] = tx->tx.progress[FROM_SERVER] = STEP_DONE;
	}
	return (int64_t)in->data.len;
}

/* What goes to the client was asked for by RETR, whoever opened the connection for it. */
static bool command_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	enum transfer transfer = ((const struct ftpdata_tx *)tx)->transfer;

	*ret = (uint64_t)transfer;
	return index == 0 && (side == FROM_SERVER) == (transfer == TRANSFER_RETR);
}

static const struct field fields[] = {
	{ "ftpdata_command",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  command_field,
	  "what asked for the data: retr, stor" },
};

static bool ftpdata_log(struct tx *tx, struct json *json)
{
	const struct ftpdata_tx *data = (const struct ftpdata_tx *)tx;

	json_bytes(json, "filename", data->name);
	json_text(json, "command", data->transfer == TRANSFER_RETR ? "RETR" : "STOR");
	return true;
}

const struct proto proto_ftpdata = {
	.name = "ftp-data",
	.eve_name = "ftp_data",
	.output = "ftp",
	.over = PROTO_OVER_TCP,
	.carries_files = true,
	.open = ftpdata_open,
	.close = free,
	.input = ftpdata_input,
	.steps = { STEP_DONE, STEP_DONE },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.log = ftpdata_log,
	.log_tx_id = true,
};
