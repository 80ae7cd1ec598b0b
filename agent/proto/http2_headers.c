// SPDX-License-Identifier: Apache-2.0
/*
 * Header blocks of HTTP/2 by nghttp2's HPACK (RFC 7541). Called with each block that is whole; promises
 * that what is kept of a stream's headers is bounded, and that the table is kept in step all the same.
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "proto/http2.h"

#define TEXT_MAX (256u << 10) /* bytes of one side's headers */
#define HEADERS_MAX 4096
#define TABLE_MAX 65536

static struct http2_header *header_new(struct http2_side *side)
{
	if (side->header_cnt == HEADERS_MAX)
		return NULL;
	if (side->header_cnt == side->header_cap) {
		uint32_t cap = side->header_cap ? side->header_cap * 2 : 16;
		struct http2_header *headers = realloc(side->headers, cap * sizeof(*headers));

		if (!headers)
			return NULL;
		side->headers = headers;
		side->header_cap = cap;
	}
	side->headers[side->header_cnt] = (struct http2_header){ .at = (uint32_t)side->text.len };
	return &side->headers[side->header_cnt++];
}

bool http2_header_add(struct http2_side *side, struct slice name, struct slice value)
{
	struct http2_header *header;

	if (side->text.len + name.len + value.len > TEXT_MAX ||
	    !grown_room(&side->text, name.len + value.len + 1))
		return false;
	header = header_new(side);
	if (!header)
		return false;
	header->name_len = (uint32_t)name.len;
	header->value_len = (uint32_t)value.len;
	grown_add(&side->text, name);
	return grown_add(&side->text, value);
}

bool http2_header(const struct http2_side *side, const char *name, struct slice *ret)
{
	for (uint32_t i = 0; i < side->header_cnt; i++) {
		if (side->headers[i].is_update ||
		    !slice_is(http2_name(side, &side->headers[i]), name))
			continue;
		*ret = http2_value(side, &side->headers[i]);
		return true;
	}
	return false;
}

/* --- a block --- */

/*
 * Updates of the table's size (RFC 7541, 6.3) stand in front of all headers. nghttp2 obeys them and does
 * not tell; they are only read along here.
 */
static void updates_read(struct http2_side *side, struct slice block)
{
	while (block.len && (block.at[0] & 0xe0) == 0x20) {
		uint64_t size = block.at[0] & 0x1f;
		unsigned int shift = 0;
		struct http2_header *header;
		bool more = size == 0x1f;

		block = slice_behind(block, 1);
		for (; more && block.len && shift < 35; shift += 7) {
			size += (uint64_t)(block.at[0] & 0x7f) << shift;
			more = block.at[0] & 0x80;
			block = slice_behind(block, 1);
		}
		header = header_new(side);
		if (!header)
			return;
		header->is_update = true;
		header->size_update = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	}
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len &&
	       (!a.len || strncasecmp((const char *)a.at, (const char *)b.at, a.len) == 0);
}

/* What a client says twice, or may not say (RFC 9113, 8.3.1). */
static void host_check(struct http2_state *state, const struct http2_side *side)
{
	struct slice authority, host;

	if (!http2_header(side, ":authority", &authority))
		return;
	if (authority.len && memchr(authority.at, '@', authority.len))
		http2_event(state, HTTP2_EVENT_USERINFO);
	if (http2_header(side, "host", &host) && !same(host, authority))
		http2_event(state, HTTP2_EVENT_HOST_MISMATCH);
}

/* Behind an error nothing is known of the table: it begins anew. */
static void inflater_renew(nghttp2_hd_inflater **inflater)
{
	nghttp2_hd_inflater *fresh;

	if (nghttp2_hd_inflate_new(&fresh))
		return; /* the old one refuses all that follows */
	if (nghttp2_hd_inflate_change_table_size(fresh, TABLE_MAX)) {
		nghttp2_hd_inflate_del(fresh);
		return;
	}
	nghttp2_hd_inflate_del(*inflater);
	*inflater = fresh;
}

static bool block_inflate(nghttp2_hd_inflater *inflater, struct http2_side *side,
			  struct slice block, bool *ret_whole)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t taken = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block.at, block.len, 1);

		if (taken < 0)
			return false;
		block = slice_behind(block, (size_t)taken);
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			*ret_whole &= http2_header_add(side, slice(nv.name, nv.namelen),
						       slice(nv.value, nv.valuelen));
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(inflater);
			return true;
		}
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && !block.len)
			return true;
	}
}

void http2_block_take(struct http2_state *state, struct http2_tx *tx, enum side side,
		      struct slice block)
{
	bool whole = true;

	updates_read(&tx->side[side], block);
	if (!block_inflate(state->side[side].inflater, &tx->side[side], block, &whole)) {
		tx_event(&tx->tx, HTTP2_EVENT_HEADER);
		inflater_renew(&state->side[side].inflater);
	}
	if (!whole)
		tx_event(&tx->tx, HTTP2_EVENT_REASSEMBLY);
	if (side == FROM_CLIENT)
		host_check(state, &tx->side[side]);
}
