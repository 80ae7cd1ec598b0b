/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames. Called by names/reader.c. Nothing but the fields of one request is held: bodies are counted,
 * not kept.
 */
#include "wire/http2.h"

#include <errno.h>
#include <string.h>

#define FRAME_HEADERS 1
#define FRAME_CONTINUATION 9
#define FLAG_END_HEADERS 0x04
#define FLAG_PADDED 0x08
#define FLAG_PRIORITY 0x20
/* What a server may allow a client's table to grow to; which it did, its own frames say. */
#define TABLE_MAX 65536

int http2_begin(struct http2 *h)
{
	*h = (struct http2){};
	if (nghttp2_hd_inflate_new(&h->inflater))
		return -ENOMEM;
	if (nghttp2_hd_inflate_change_table_size(h->inflater, TABLE_MAX)) {
		http2_end(h);
		return -ENOMEM;
	}
	return 0;
}

void http2_end(struct http2 *h)
{
	nghttp2_hd_inflate_del(h->inflater);
	h->inflater = NULL;
}

static uint32_t frame_stream(const struct http2 *h)
{
	return (uint32_t)(h->head[5] & 0x7f) << 24 | (uint32_t)h->head[6] << 16 |
	       (uint32_t)h->head[7] << 8 | h->head[8];
}

static void request_begin(struct http2 *h)
{
	h->fields = 0;
	h->over = h->has_authority = h->has_host = h->has_path = h->regular = false;
	h->authority_len = h->host_len = h->path_len = h->method_len = 0;
}

/* A frame's head is whole. */
static enum wire_read frame_begin(struct http2 *h)
{
	uint8_t type = h->head[3], flags = h->head[4];

	h->left = (uint32_t)h->head[0] << 16 | (uint32_t)h->head[1] << 8 | h->head[2];
	h->front = h->pad = 0;
	h->pad_known = true;
	h->in_block = type == FRAME_HEADERS || type == FRAME_CONTINUATION;
	/* A header block is not interrupted (RFC 9113, 4.3). */
	if ((h->stream != 0) != (type == FRAME_CONTINUATION) ||
	    (h->stream && frame_stream(h) != h->stream))
		return WIRE_BAD;
	if (type != FRAME_HEADERS)
		return WIRE_DONE;
	if (!frame_stream(h))
		return WIRE_BAD;
	h->stream = frame_stream(h);
	request_begin(h);
	h->pad_known = !(flags & FLAG_PADDED);
	h->front = (flags & FLAG_PRIORITY) ? 5 : 0;
	return h->left < h->front + !h->pad_known ? WIRE_BAD : WIRE_DONE;
}

/* Keeps a field; one that comes twice could be read in two ways. */
static bool field_keep(bool *has, char *room, size_t cap, size_t *room_len, const nghttp2_nv *nv)
{
	if (*has || nv->valuelen > cap)
		return false;
	*has = true;
	memcpy(room, nv->value, nv->valuelen);
	*room_len = nv->valuelen;
	return true;
}

static bool name_is(const nghttp2_nv *nv, const char *name)
{
	return nv->namelen == strlen(name) && !memcmp(nv->name, name, nv->namelen);
}

static bool field_take(struct http2 *h, const nghttp2_nv *nv)
{
	bool again = false;

	h->fields += (uint32_t)(nv->namelen + nv->valuelen + 32);
	if (h->fields > HTTP2_FIELDS_MAX)
		h->over = true;
	if (h->over)
		return true;
	if (nv->namelen && nv->name[0] == ':' && h->regular)
		return false; /* RFC 9113, 8.3: in front of all others */
	h->regular |= !nv->namelen || nv->name[0] != ':';
	if (name_is(nv, ":authority"))
		return field_keep(&h->has_authority, h->authority, sizeof(h->authority),
				  &h->authority_len, nv);
	if (name_is(nv, "host"))
		return field_keep(&h->has_host, h->host, sizeof(h->host), &h->host_len, nv);
	if (name_is(nv, ":path"))
		return field_keep(&h->has_path, h->path, sizeof(h->path), &h->path_len, nv);
	if (name_is(nv, ":method")) {
		again = h->method_len != 0;
		return !again && field_keep(&again, h->method, sizeof(h->method), &h->method_len, nv);
	}
	return true;
}

/* A piece of the header block; final: its last. */
static enum wire_read block_take(struct http2 *h, const uint8_t *bytes, size_t len, bool final)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t taken = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, bytes, len, final);

		if (taken < 0)
			return WIRE_BAD;
		bytes += taken;
		len -= (size_t)taken;
		if ((flags & NGHTTP2_HD_INFLATE_EMIT) && !field_take(h, &nv))
			return WIRE_BAD;
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(h->inflater);
			return WIRE_DONE;
		}
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && !len)
			return WIRE_DONE;
	}
}

/* The length of the padding, which stands first in the payload. */
static enum wire_read pad_read(struct http2 *h, uint8_t byte)
{
	h->pad = byte;
	h->pad_known = true;
	h->left--;
	return h->left < h->front + h->pad ? WIRE_BAD : WIRE_DONE;
}

/* A frame with a header block, once its head and the length of its padding are known. */
static enum wire_read block_bytes(struct http2 *h, const uint8_t *bytes, size_t len, size_t *taken)
{
	bool ends = h->head[4] & FLAG_END_HEADERS, last;
	uint32_t part = h->front ? h->front : h->left - h->pad;
	enum wire_read read = WIRE_DONE;

	*taken = part < len ? part : len;
	h->left -= (uint32_t)*taken;
	if (h->front) {
		h->front -= (uint32_t)*taken;
		return WIRE_DONE;
	}
	last = *taken == part;
	read = block_take(h, bytes, *taken, ends && last);
	if (!last || read != WIRE_DONE)
		return read;
	/* What is left of the frame is padding. */
	h->in_block = false;
	if (!ends)
		return WIRE_DONE;
	h->stream = 0;
	return h->over ? WIRE_OVER : WIRE_DONE;
}

/* One step; *at moves. WIRE_DONE: go on. */
static enum wire_read step(struct http2 *h, const uint8_t *bytes, size_t len, size_t *at)
{
	size_t taken;
	enum wire_read read;

	if (h->head_len < sizeof(h->head)) {
		if (*at == len)
			return WIRE_MORE;
		h->head[h->head_len++] = bytes[(*at)++];
		return h->head_len == sizeof(h->head) ? frame_begin(h) : WIRE_DONE;
	}
	if (h->in_block && !h->pad_known)
		return *at == len ? WIRE_MORE : pad_read(h, bytes[(*at)++]);
	if (h->in_block) {
		if (*at == len && h->left > h->pad)
			return WIRE_MORE;
		read = block_bytes(h, bytes + *at, len - *at, &taken);
		*at += taken;
		return read;
	}
	taken = h->left < len - *at ? h->left : len - *at;
	h->left -= (uint32_t)taken;
	*at += taken;
	if (h->left)
		return WIRE_MORE;
	h->head_len = 0;
	return WIRE_DONE;
}

enum wire_read http2_take(struct http2 *h, const uint8_t *bytes, size_t len, size_t *ret_taken)
{
	enum wire_read read = WIRE_DONE;
	size_t at = 0;

	while (read == WIRE_DONE) {
		bool was_in = h->in_block;

		read = step(h, bytes, len, &at);
		if (read == WIRE_DONE && was_in && !h->in_block && !h->stream)
			break;
	}
	*ret_taken = at;
	return read;
}
