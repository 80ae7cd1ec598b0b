// SPDX-License-Identifier: Apache-2.0
/*
 * Bodies of HTTP/1: what rules see of them, and the files that they are. Called as libhtp gives decoded
 * bytes; promises that a file is opened with its first byte and closed with its message.
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "file/file.h"
#include "inspect/engine.h"
#include "proto/http1.h"

/* --- parameters of headers --- */

static struct slice spaces_skip(struct slice s)
{
	while (s.len && (s.at[0] == ' ' || s.at[0] == '\t' || s.at[0] == ';'))
		s = slice_behind(s, 1);
	while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* One parameter with its value, quoted or not; what is behind it stays in *rest. */
static struct slice parameter_next(struct slice *rest)
{
	struct slice one = *rest;
	bool quoted = false;
	size_t len = 0;

	for (; len < one.len && (quoted || one.at[len] != ';'); len++) {
		if (one.at[len] == '\\' && quoted)
			len++;
		else if (one.at[len] == '"')
			quoted = !quoted;
	}
	one.len = len < one.len ? len : one.len;
	*rest = slice_behind(*rest, one.len + 1);
	return spaces_skip(one);
}

static struct slice unquoted(struct slice value)
{
	value = spaces_skip(value);
	if (value.len && value.at[0] == '"') {
		const uint8_t *end;

		value = slice_behind(value, 1);
		end = value.len ? memrchr(value.at, '"', value.len) : NULL;
		if (end)
			value.len = (size_t)(end - value.at);
	}
	return value;
}

bool http1_parameter(struct slice value, const char *name, struct slice *ret)
{
	size_t name_len = strlen(name);

	while (value.len) {
		struct slice one = parameter_next(&value), behind;

		if (one.len < name_len || strncasecmp((const char *)one.at, name, name_len) != 0)
			continue;
		behind = slice_behind(one, name_len);
		while (behind.len && (behind.at[0] == ' ' || behind.at[0] == '\t'))
			behind = slice_behind(behind, 1);
		if (!behind.len || behind.at[0] != '=')
			continue;
		*ret = unquoted(slice_behind(behind, 1));
		return ret->len > 0;
	}
	return false;
}

/* --- files --- */

/* What the server calls it, or else the path that was asked for. */
static struct slice name_of(const struct http1_tx *tx, enum side side)
{
	const htp_uri_t *uri = tx->htp->parsed_uri;
	struct slice value, name;

	if (side == FROM_SERVER && http1_header(tx, side, "Content-Disposition", &value) &&
	    http1_parameter(value, "filename", &name))
		return name;
	return uri ? http1_text(uri->path) : slice(NULL, 0);
}

static bool number_next(struct slice *rest, uint64_t *ret)
{
	uint64_t number = 0;
	size_t i = 0;

	for (; i < rest->len && i < 18 && isdigit(rest->at[i]); i++)
		number = number * 10 + (uint64_t)(rest->at[i] - '0');
	*rest = slice_behind(*rest, i);
	*ret = number;
	return i > 0;
}

bool http1_range_read(struct slice value, struct http1_range *ret)
{
	struct http1_range range = { .has_size = false };

	if (value.len < 6 || strncasecmp((const char *)value.at, "bytes ", 6) != 0)
		return false;
	value = spaces_skip(slice_behind(value, 6));
	if (!number_next(&value, &range.from) || !value.len || value.at[0] != '-')
		return false;
	value = slice_behind(value, 1);
	if (!number_next(&value, &range.to) || range.to < range.from)
		return false;
	if (value.len && value.at[0] == '/') {
		value = slice_behind(value, 1);
		range.has_size = number_next(&value, &range.size);
	}
	*ret = range;
	return true;
}

static void range_set(struct http1_tx *tx, struct file *file)
{
	struct http1_range range;
	struct slice value;

	if (!http1_header(tx, FROM_SERVER, "Content-Range", &value))
		return;
	if (!http1_range_read(value, &range)) {
		tx_event(&tx->tx, HTTP1_EVENT_RANGE);
		return;
	}
	file->is_range = true;
	file->from = range.from;
	file->to = range.to;
}

/* A coding's bytes are others than those that ranges count. */
static void origin_set(const struct http1_tx *tx, struct file *file)
{
	struct slice host = slice(NULL, 0), coding;

	if (http1_header(tx, FROM_SERVER, "Content-Encoding", &coding))
		return;
	http1_header(tx, FROM_CLIENT, "Host", &host);
	file_origin(file, host, grown_slice(&tx->uri), file->is_range ? file->from : 0);
}

static void file_begin(struct http1_tx *tx, enum side side)
{
	struct slice name = name_of(tx, side);

	if (!name.at)
		return;
	if (name.len > FILE_NAME_MAX)
		tx_event(&tx->tx, HTTP1_EVENT_FILE_NAME_LONG);
	tx->file[side] = file_open(&tx->tx, side, name);
	if (!tx->file[side] || side != FROM_SERVER)
		return;
	range_set(tx, tx->file[side]);
	origin_set(tx, tx->file[side]);
}

/* Uploads: the parts of a form, or the whole. */
static void upload_begin(struct http1_tx *tx)
{
	enum htp_method_t method = tx->htp->request_method_number;
	struct slice type, boundary;

	if (method != HTP_M_POST && method != HTP_M_PUT)
		return;
	if (http1_header(tx, FROM_CLIENT, "Content-Type", &type) && type.len > 19 &&
	    strncasecmp((const char *)type.at, "multipart/form-data", 19) == 0 &&
	    http1_parameter(type, "boundary", &boundary))
		tx->multipart = multipart_new(&tx->tx, boundary);
	if (!tx->multipart)
		file_begin(tx, FROM_CLIENT);
}

static bool word_is(struct slice value, const char *word)
{
	value = spaces_skip(value);
	return value.len == strlen(word) && strncasecmp((const char *)value.at, word, value.len) == 0;
}

/* What libhtp does not decode: it knows gzip, deflate and lzma. */
static void decoder_begin(struct http1_tx *tx)
{
	struct slice codings;

	if (http1_header(tx, FROM_SERVER, "Content-Encoding", &codings) &&
	    (word_is(codings, "br") || word_is(codings, "zstd")))
		tx->decoder = http_decoder_new(codings);
}

static void body_begin(struct http1_tx *tx, enum side side)
{
	const struct engine_setup *setup = tx->state->session->setup;
	int64_t len = side == FROM_CLIENT ? tx->htp->request_content_length
					  : tx->htp->response_content_length;

	if (tx->body_begun[side])
		return;
	tx->body_begun[side] = true;
	tx->body[side].expected = len > 0 ? (uint64_t)len : 0;
	tx->body[side].unseen = setup && !setup->ruleset;
	if (side == FROM_CLIENT) {
		upload_begin(tx);
	} else {
		decoder_begin(tx);
		file_begin(tx, side);
	}
	if (!tx->file[side])
		return;
	tx->file[side]->expected = tx->body[side].expected;
	tx->file[side]->ends_unsaid = side == FROM_SERVER && len <= 0;
}

static void file_give(struct http1_tx *tx, enum side side, struct slice bytes, size_t len)
{
	enum http1_event event = HTTP1_EVENT_NONE;

	if (!bytes.at) {
		file_bytes(tx->file[side], slice(NULL, 0), bytes.len);
		return;
	}
	if (side == FROM_CLIENT && tx->multipart)
		event = multipart_take(tx->multipart, slice(bytes.at, len));
	else
		file_bytes(tx->file[side], slice(bytes.at, len), 0);
	if (event != HTTP1_EVENT_NONE)
		tx_event(&tx->tx, (uint8_t)event);
	if (len < bytes.len)
		http1_body_end(tx, side, false); /* more than is looked at */
}

static void plain_take(struct http1_tx *tx, enum side side, struct slice bytes)
{
	size_t len = bytes.len;

	if (bytes.at)
		len = http_body_add(&tx->body[side], &tx->state->server->body[side], tx->file[side],
				    bytes);
	file_give(tx, side, bytes, len);
}

static void decoded_take(void *arg, struct slice bytes)
{
	plain_take(arg, FROM_SERVER, bytes);
}

void http1_body_take(struct http1_tx *tx, enum side side, struct slice bytes)
{
	body_begin(tx, side);
	if (side != FROM_SERVER || !tx->decoder || !bytes.at)
		plain_take(tx, side, bytes);
	else if (!http_decoder_take(tx->decoder, bytes, decoded_take, tx))
		tx_event(&tx->tx, http_decoder_is_bomb(tx->decoder) ? HTTP1_EVENT_BOMB
								    : HTTP1_EVENT_GZIP_FAILED);
}

void http1_body_end(struct http1_tx *tx, enum side side, bool whole)
{
	enum http1_event event = HTTP1_EVENT_NONE;

	if (side == FROM_CLIENT && tx->multipart)
		event = multipart_end(tx->multipart);
	if (event != HTTP1_EVENT_NONE)
		tx_event(&tx->tx, (uint8_t)event);
	if (tx->file[side])
		file_close(tx->file[side], whole);
	tx->body[side].is_over = true;
}
