// SPDX-License-Identifier: Apache-2.0
/*
 * Bodies of HTTP/2: what rules see of them, and the files that they are. Called as DATA frames come;
 * promises that a file is opened with its first byte and closed with its stream.
 */
#include "file/file.h"
#include "inspect/engine.h"
#include "proto/http1.h"
#include "proto/http2.h"

struct destination { /* of decoded bytes */
	struct http2_tx *tx;
	enum side side;
};

static struct slice name_of(const struct http2_tx *tx, enum side side)
{
	struct slice value, name = { .at = NULL };
	const uint8_t *end;

	if (side == FROM_SERVER && http2_header(&tx->side[side], "content-disposition", &value) &&
	    http1_parameter(value, "filename", &name))
		return name;
	if (!http2_header(&tx->side[FROM_CLIENT], ":path", &name))
		return slice("", 0);
	end = name.len ? memchr(name.at, '?', name.len) : NULL;
	if (end)
		name.len = (size_t)(end - name.at);
	return name;
}

static void range_set(struct http2_tx *tx, struct file *file)
{
	struct http1_range range;
	struct slice value;

	if (!http2_header(&tx->side[FROM_SERVER], "content-range", &value))
		return;
	if (!http1_range_read(value, &range)) {
		tx_event(&tx->tx, HTTP2_EVENT_RANGE);
		return;
	}
	file->is_range = true;
	file->from = range.from;
	file->to = range.to;
}

/* The same file whatever HTTP it is asked by. A coding's bytes are others than those that ranges count. */
static void origin_set(const struct http2_tx *tx, struct file *file)
{
	const struct http2_side *client = &tx->side[FROM_CLIENT];
	struct slice host = slice(NULL, 0), path = slice(NULL, 0), coding;

	if (http2_header(&tx->side[FROM_SERVER], "content-encoding", &coding))
		return;
	if (!http2_header(client, ":authority", &host))
		http2_header(client, "host", &host);
	http2_header(client, ":path", &path);
	file_origin(file, host, path, file->is_range ? file->from : 0);
}

static void body_begin(struct http2_tx *tx, enum side side)
{
	const struct engine_setup *setup = tx->state->session->setup;
	struct slice value;

	if (tx->side[side].body_begun)
		return;
	tx->side[side].body_begun = true;
	tx->side[side].body.unseen = setup && !setup->ruleset;
	tx->side[side].file = file_open(&tx->tx, side, name_of(tx, side));
	if (tx->side[side].file)
		tx->side[side].file->ends_unsaid = side == FROM_SERVER; /* END_STREAM may come alone */
	if (http2_header(&tx->side[side], "content-encoding", &value))
		tx->side[side].decoder = http_decoder_new(value);
	if (!tx->side[side].file || side != FROM_SERVER)
		return;
	range_set(tx, tx->side[side].file);
	origin_set(tx, tx->side[side].file);
}

static void decoded_take(void *arg, struct slice bytes)
{
	const struct destination *to = arg;
	struct http2_side *side = &to->tx->side[to->side];
	size_t len = http_body_add(&side->body, &to->tx->state->body[to->side], side->file, bytes);

	if (!side->file)
		return;
	file_bytes(side->file, slice(bytes.at, len), 0);
	if (len < bytes.len)
		file_close(side->file, false); /* more than is looked at */
}

void http2_body_take(struct http2_tx *tx, enum side side, struct slice bytes)
{
	struct destination to = { tx, side };

	body_begin(tx, side);
	if (!bytes.at) {
		if (tx->side[side].file)
			file_bytes(tx->side[side].file, slice(NULL, 0), bytes.len);
		return;
	}
	if (!tx->side[side].decoder)
		decoded_take(&to, bytes);
	else if (!http_decoder_take(tx->side[side].decoder, bytes, decoded_take, &to))
		tx_event(&tx->tx, HTTP2_EVENT_DECODING);
}

void http2_body_end(struct http2_tx *tx, enum side side, bool whole)
{
	if (tx->side[side].file)
		file_close(tx->side[side].file, whole);
	tx->side[side].body.is_over = true;
}
