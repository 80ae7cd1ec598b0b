// SPDX-License-Identifier: Apache-2.0
/*
 * TFTP's requests (RFC 1350; options of RFC 2347 are passed over). Called by sessions. Promises one
 * transaction for each request; the data that follows comes from another port, as a flow of its own.
 */
#include <ctype.h>
#include <stdlib.h>

#include "base/bigend.h"
#include "proto/proto.h"
#include "report/json.h"

#define STEP_DONE 1
enum tftp_code { CODE_READ = 1, CODE_WRITE, CODE_DATA, CODE_ACK, CODE_ERROR, CODE_OPTIONS };

struct tftp_tx {
	struct tx tx;
	enum tftp_code code;
	char file[512], mode[16];
	size_t file_len, mode_len;
};

static void *tftp_open(struct session *session)
{
	return session;
}

static unsigned int code_of(struct slice data)
{
	return data.len < 2 ? 0 : be16(data.at);
}

/* A text that a 0 ends; false: none does. */
static bool text_take(struct slice *rest, char *to, size_t cap, size_t *ret_len)
{
	const uint8_t *end = rest->len ? memchr(rest->at, 0, rest->len) : NULL;
	size_t len = end ? (size_t)(end - rest->at) : 0, kept = len < cap ? len : cap;

	if (!end)
		return false;
	memcpy(to, rest->at, kept);
	*ret_len = kept;
	*rest = slice_behind(*rest, len + 1);
	return true;
}

static bool is_mode(struct tftp_tx *tx)
{
	static const char *const modes[] = { "netascii", "octet", "mail" };

	for (size_t i = 0; i < tx->mode_len; i++)
		tx->mode[i] = (char)tolower((unsigned char)tx->mode[i]);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (slice_is(slice(tx->mode, tx->mode_len), modes[i]))
			return true;
	return false;
}

static int64_t tftp_input(void *state, const struct proto_in *in)
{
	unsigned int code = code_of(in->data);
	struct slice rest = slice_behind(in->data, 2);
	struct tftp_tx read = { .code = (enum tftp_code)code }, *tx;

	if (code != CODE_READ && code != CODE_WRITE)
		return (int64_t)in->data.len;
	if (!text_take(&rest, read.file, sizeof(read.file), &read.file_len) ||
	    !text_take(&rest, read.mode, sizeof(read.mode), &read.mode_len) || !is_mode(&read))
		return INPUT_BAD;
	tx = (struct tftp_tx *)tx_new(state, sizeof(*tx));
	if (!tx)
		return INPUT_BAD;
	read.tx = tx->tx;
	*tx = read;
	tx->tx.one_sided = true;
	tx->tx.progress[in->side] = STEP_DONE;
	return (int64_t)in->data.len;
}

static enum proto_guess tftp_guess(enum side side, struct slice first)
{
	unsigned int code = code_of(first);

	return code >= CODE_READ && code <= CODE_OPTIONS ? GUESS_YES : GUESS_NO;
}

static bool tftp_log(struct tx *tx, struct json *json)
{
	const struct tftp_tx *tftp = (const struct tftp_tx *)tx;

	json_text(json, "packet", tftp->code == CODE_READ ? "read" : "write");
	json_bytes(json, "file", slice(tftp->file, tftp->file_len));
	json_bytes(json, "mode", slice(tftp->mode, tftp->mode_len));
	return true;
}

static const uint16_t ports[] = { 69, 0 };

const struct proto proto_tftp = {
	.name = "tftp",
	.eve_name = "tftp",
	.over = PROTO_OVER_UDP,
	.guess = tftp_guess,
	.ports = ports,
	.open = tftp_open,
	.input = tftp_input,
	.steps = { STEP_DONE, STEP_DONE },
	.log = tftp_log,
	.log_by_packet = true,
};
