// SPDX-License-Identifier: Apache-2.0
/*
 * Owns streams of zlib, brotli and zstd. Called by the versions of HTTP; promises that what comes out is
 * bounded by what came in, and by a floor under which a high ratio is nothing odd.
 */
#include "proto/httpdecode.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bigend.h"

#define PIECE 8192
#define BOMB_LEAST (1u << 20) /* decoded bytes that are never too many */
#define BOMB_RATIO 2048
#define ZSTD_WINDOW_LOG 23 /* 8 MiB, all that senders may ask of a receiver (RFC 9659) */

enum coding { CODING_NONE, CODING_GZIP, CODING_DEFLATE, CODING_BROTLI, CODING_ZSTD };

struct layer {
	enum coding coding;
	z_stream z;
	BrotliDecoderState *brotli;
	ZSTD_DStream *zstd;
	bool is_used; /* bytes came */
	bool begun, over, passes; /* passes: it could not be decoded from its first byte on */
	uint8_t head[2], head_len; /* of deflate: they tell whether zlib's head is there */
};

struct http_decoder {
	void (*give)(void *arg, struct slice bytes);
	void *arg;
	uint64_t in, out;
	bool failed, is_bomb;
	size_t layer_cnt;
	struct layer layers[HTTP_CODINGS_MAX]; /* the outermost first */
};

static void layer_take(struct http_decoder *d, size_t i, struct slice bytes);

static enum coding coding_of(struct slice word)
{
	static const struct {
		const char *word;
		enum coding coding;
	} words[] = {
		{ "gzip", CODING_GZIP }, { "x-gzip", CODING_GZIP }, { "deflate", CODING_DEFLATE },
		{ "br", CODING_BROTLI }, { "zstd", CODING_ZSTD },
	};

	while (word.len && (word.at[0] == ' ' || word.at[0] == '\t'))
		word = slice_behind(word, 1);
	while (word.len && (word.at[word.len - 1] == ' ' || word.at[word.len - 1] == '\t'))
		word.len--;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word.len == strlen(words[i].word) &&
		    strncasecmp((const char *)word.at, words[i].word, word.len) == 0)
			return words[i].coding;
	return CODING_NONE;
}

static bool layer_begin(struct layer *layer, enum coding coding)
{
	*layer = (struct layer){ .coding = coding };
	if (coding == CODING_BROTLI)
		layer->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	else if (coding == CODING_ZSTD)
		layer->zstd = ZSTD_createDStream();
	else if (coding == CODING_GZIP) /* the largest window, and a head */
		layer->begun = inflateInit2(&layer->z, 15 + 16) == Z_OK;
	if (layer->zstd)
		ZSTD_DCtx_setParameter(layer->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	return layer->brotli || layer->zstd || layer->begun || coding == CODING_DEFLATE;
}

/* The last one listed was put around the others, and is taken off first. */
struct http_decoder *http_decoder_new(struct slice codings)
{
	struct http_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	while (codings.len && d->layer_cnt < HTTP_CODINGS_MAX) {
		const uint8_t *comma = memrchr(codings.at, ',', codings.len);
		size_t from = comma ? (size_t)(comma + 1 - codings.at) : 0;
		enum coding coding = coding_of(slice_behind(codings, from));

		if (coding != CODING_NONE && layer_begin(&d->layers[d->layer_cnt], coding))
			d->layer_cnt++;
		codings.len = comma ? from - 1 : 0;
	}
	if (d->layer_cnt)
		return d;
	free(d);
	return NULL;
}

void http_decoder_free(struct http_decoder *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->layer_cnt; i++) {
		if (d->layers[i].brotli)
			BrotliDecoderDestroyInstance(d->layers[i].brotli);
		ZSTD_freeDStream(d->layers[i].zstd); /* takes NULL */
		if (d->layers[i].begun)
			inflateEnd(&d->layers[i].z);
	}
	free(d);
}

static void piece_give(struct http_decoder *d, size_t i, struct slice piece)
{
	if (!piece.len || d->is_bomb)
		return;
	if (i + 1 < d->layer_cnt) {
		layer_take(d, i + 1, piece);
		return;
	}
	d->out += piece.len;
	if (d->out > BOMB_LEAST && d->out / BOMB_RATIO > d->in)
		d->is_bomb = d->failed = true;
	else
		d->give(d->arg, piece);
}

static void layer_fail(struct http_decoder *d, struct layer *layer, size_t i, struct slice bytes,
		       bool is_first)
{
	d->failed = true;
	layer->over = true;
	layer->passes = is_first;
	if (is_first)
		piece_give(d, i, bytes);
}

static void inflate_take(struct http_decoder *d, size_t i, struct slice bytes)
{
	struct layer *layer = &d->layers[i];
	bool is_first = !layer->z.total_out;
	uint8_t piece[PIECE];

	layer->z.next_in = (uint8_t *)bytes.at;
	layer->z.avail_in = (uInt)bytes.len;
	do {
		int said;

		layer->z.next_out = piece;
		layer->z.avail_out = PIECE;
		said = inflate(&layer->z, Z_SYNC_FLUSH);
		piece_give(d, i, slice(piece, PIECE - layer->z.avail_out));
		if (said == Z_STREAM_END) {
			layer->over = true;
			return;
		}
		if (said != Z_OK && said != Z_BUF_ERROR) {
			layer_fail(d, layer, i, bytes, is_first && !layer->z.total_out);
			return;
		}
	} while ((layer->z.avail_in || !layer->z.avail_out) && !d->is_bomb);
}

static void brotli_take(struct http_decoder *d, size_t i, struct slice bytes)
{
	struct layer *layer = &d->layers[i];
	const uint8_t *in = bytes.at;
	size_t left = bytes.len;
	bool is_first = !BrotliDecoderIsUsed(layer->brotli);
	BrotliDecoderResult said;
	uint8_t piece[PIECE];

	do {
		size_t room = PIECE;
		uint8_t *out = piece;

		said = BrotliDecoderDecompressStream(layer->brotli, &left, &in, &room, &out, NULL);
		piece_give(d, i, slice(piece, PIECE - room));
		is_first = is_first && room == PIECE;
	} while (said == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && !d->is_bomb);
	if (said == BROTLI_DECODER_RESULT_ERROR)
		layer_fail(d, layer, i, bytes, is_first);
	else if (said == BROTLI_DECODER_RESULT_SUCCESS)
		layer->over = true;
}

/* RFC 8878, 3.1: frame behind frame, until the message ends. */
static void zstd_take(struct http_decoder *d, size_t i, struct slice bytes)
{
	struct layer *layer = &d->layers[i];
	ZSTD_inBuffer in = { .src = bytes.at, .size = bytes.len };
	bool is_first = !layer->is_used;
	uint8_t piece[PIECE];
	ZSTD_outBuffer out;

	layer->is_used = true;
	do {
		size_t said;

		out = (ZSTD_outBuffer){ .dst = piece, .size = PIECE };
		said = ZSTD_decompressStream(layer->zstd, &out, &in);
		piece_give(d, i, slice(piece, out.pos));
		is_first = is_first && !out.pos;
		if (ZSTD_isError(said)) {
			layer_fail(d, layer, i, bytes, is_first);
			return;
		}
	} while ((in.pos < in.size || out.pos == PIECE) && !d->is_bomb);
}

/* Some write deflate without the head of zlib (RFC 9110, 8.4.1.2). */
static void deflate_begin(struct http_decoder *d, size_t i, struct slice *bytes)
{
	struct layer *layer = &d->layers[i];
	unsigned int head;

	while (bytes->len && layer->head_len < 2) {
		layer->head[layer->head_len++] = bytes->at[0];
		*bytes = slice_behind(*bytes, 1);
	}
	if (layer->head_len < 2)
		return;
	head = be16(layer->head);
	layer->begun = inflateInit2(&layer->z,
				    (layer->head[0] & 15) == 8 && head % 31 == 0 ? 15 : -15) == Z_OK;
	layer->over = !layer->begun;
	if (layer->begun)
		inflate_take(d, i, slice(layer->head, 2));
}

static void layer_take(struct http_decoder *d, size_t i, struct slice bytes)
{
	struct layer *layer = &d->layers[i];

	if (layer->coding == CODING_DEFLATE && !layer->begun && !layer->over)
		deflate_begin(d, i, &bytes);
	if (!bytes.len)
		return;
	if (layer->over) {
		if (layer->passes)
			piece_give(d, i, bytes);
		return; /* what stands behind the end of a coding is nobody's */
	}
	if (layer->brotli)
		brotli_take(d, i, bytes);
	else if (layer->zstd)
		zstd_take(d, i, bytes);
	else
		inflate_take(d, i, bytes);
}

bool http_decoder_is_bomb(const struct http_decoder *d)
{
	return d->is_bomb;
}

bool http_decoder_take(struct http_decoder *d, struct slice bytes,
		       void (*give)(void *arg, struct slice bytes), void *arg)
{
	bool had_failed = d->failed;

	d->give = give;
	d->arg = arg;
	d->in += bytes.len;
	if (bytes.len && !d->is_bomb)
		layer_take(d, 0, bytes);
	return !d->failed || had_failed;
}
