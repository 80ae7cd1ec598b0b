/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on an HTTP/2 connection (RFC 9113) as its client sends it, behind the preface: frames, and
 * header blocks by nghttp2's HPACK.
 */
#ifndef AGENT_WIRE_HTTP2_H
#define AGENT_WIRE_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "wire/wire.h"

#define HTTP2_AUTHORITY_MAX 512
#define HTTP2_PATH_MAX 8192
#define HTTP2_FIELDS_MAX 65536 /* bytes of all fields of one request, as HPACK counts them */
#define HTTP2_PREFACE_LEN 24

struct http2 {
	nghttp2_hd_inflater *inflater;
	uint8_t head[9]; /* of the frame */
	uint8_t head_len;
	uint32_t left; /* of the frame's payload */
	uint32_t front; /* of that, bytes in front of the header block */
	uint32_t pad; /* and behind it */
	uint32_t stream; /* whose header block goes on; 0: none */
	bool in_block, pad_known, over;
	uint32_t fields;
	bool has_authority, has_host, has_path, regular;
	char authority[HTTP2_AUTHORITY_MAX], host[HTTP2_AUTHORITY_MAX], path[HTTP2_PATH_MAX],
		method[32];
	size_t authority_len, host_len, path_len, method_len;
};

/* Returns 0 or -ENOMEM. */
int http2_begin(struct http2 *http2);
void http2_end(struct http2 *http2);

/*
 * Takes bytes until a request is whole (WIRE_DONE: authority, host, path and method are of it) or all
 * are taken (WIRE_MORE). *ret_taken says how many were.
 */
enum wire_read http2_take(struct http2 *http2, const uint8_t *bytes, size_t len, size_t *ret_taken);

#endif
