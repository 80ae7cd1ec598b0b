/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content codings of HTTP (RFC 9110, 8.4.1) where no library does it for us: gzip, deflate with and
 * without its zlib head, brotli, zstd. One behind the other, as a header lists them.
 */
#ifndef AGENT_PROTO_HTTPDECODE_H
#define AGENT_PROTO_HTTPDECODE_H

#include "base/slice.h"

#define HTTP_CODINGS_MAX 4 /* one in the other */

struct http_decoder;

/* codings: "gzip, br". NULL: nothing is to be decoded, or no memory. */
struct http_decoder *http_decoder_new(struct slice codings);
/*
 * What is decoded is given in pieces; what cannot be decoded from its first byte on, as it is. false: it
 * is no such coding, or a bomb, of which nothing more is given; that is said once.
 */
bool http_decoder_take(struct http_decoder *decoder, struct slice bytes,
		       void (*give)(void *arg, struct slice bytes), void *arg);
bool http_decoder_is_bomb(const struct http_decoder *decoder);
void http_decoder_free(struct http_decoder *decoder);

#endif
