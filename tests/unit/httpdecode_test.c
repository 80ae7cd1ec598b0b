/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/httpdecode: bodies in brotli and zstd, cut at every byte, one coding in the other; what is none of them,
 * what was cut off, what stands behind the end, and bombs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "proto/httpdecode.h"

#define TEXT(bytes) slice(bytes, sizeof(bytes) - 1)
#define SENTENCE "All cities of the land, all cities of the sea. "

static const char words[] = SENTENCE SENTENCE SENTENCE;
/* The words in brotli (RFC 7932), and eight MiB of zeros. */
static const char words_brotli[] =
	"\x1b\x8c\x00\xf8\x1d\x07\x6e\xec\x32\xc4\xf5\x0d\x88\x6a\x59\x83\x04\x95\xa1\x29\x97\xb0\x64"
	"\x9b\xa3\x6b\x4d\x48\x51\x06\x35\x7d\x82\x0f\x1c\xa9\x44\x21\x02\xf8\xee\x43\x67\x5c\x21";
static const char zeros_brotli[] = "\x9b\xff\xff\x7f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x0f";

static char given[4096];
static size_t given_len;
static uint64_t given_all;

static void give(void *arg, struct slice bytes)
{
	size_t kept = bytes.len < sizeof(given) - given_len ? bytes.len : sizeof(given) - given_len;

	(void)arg;
	memcpy(given + given_len, bytes.at, kept);
	given_len += kept;
	given_all += bytes.len;
}

/* Both parts of body, cut there. false: one of them was said to be bad. */
static bool decode(const char *codings, struct slice body, size_t cut)
{
	struct http_decoder *decoder = http_decoder_new(slice_text(codings));
	bool good;

	assert_non_null(decoder);
	given_len = 0;
	given_all = 0;
	good = http_decoder_take(decoder, slice(body.at, cut), give, NULL);
	good = http_decoder_take(decoder, slice_behind(body, cut), give, NULL) && good;
	http_decoder_free(decoder);
	return good;
}

static void given_is(struct slice expected)
{
	assert_int_equal(given_len, expected.len);
	assert_memory_equal(given, expected.at, expected.len);
}

static void cuts_decode(const char *codings, struct slice body)
{
	for (size_t cut = 0; cut <= body.len; cut++) {
		assert_true(decode(codings, body, cut));
		given_is(TEXT(words));
	}
}

static struct slice zstd_of(struct slice bytes, uint8_t *room, size_t cap)
{
	size_t len = ZSTD_compress(room, cap, bytes.at, bytes.len, 3);

	assert_false(ZSTD_isError(len));
	return slice(room, len);
}

static struct slice gzip_of(struct slice bytes, uint8_t *room, size_t cap)
{
	z_stream z = { .next_in = (uint8_t *)bytes.at, .avail_in = (uInt)bytes.len };

	z.next_out = room;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return slice(room, z.total_out);
}

static void test_brotli(void **state)
{
	char longer[sizeof(words_brotli) + 4];

	(void)state;
	cuts_decode("br", TEXT(words_brotli));
	/* What stands behind its end is nobody's. */
	memcpy(longer, words_brotli, sizeof(words_brotli) - 1);
	memcpy(longer + sizeof(words_brotli) - 1, "after", 5);
	cuts_decode("BR", slice(longer, sizeof(words_brotli) - 1 + 5));
	/* Cut off: what came is given, and nothing is wrong yet. */
	assert_true(decode("br", slice(words_brotli, sizeof(words_brotli) - 8), 20));
	assert_true(given_len < sizeof(words) - 1);
	assert_memory_equal(given, words, given_len);
}

static void test_zstd(void **state)
{
	uint8_t room[1024];
	struct slice first = zstd_of(TEXT(SENTENCE), room, sizeof(room)), rest;

	(void)state;
	/* Frame behind frame is one body (RFC 8878, 3.1). */
	rest = zstd_of(TEXT(SENTENCE SENTENCE), room + first.len, sizeof(room) - first.len);
	cuts_decode("zstd", slice(room, first.len + rest.len));
}

static void test_nested(void **state)
{
	uint8_t inner[1024], outer[1024];
	struct slice body;

	(void)state;
	body = zstd_of(TEXT(words_brotli), outer, sizeof(outer));
	cuts_decode("br, zstd", body);
	body = gzip_of(zstd_of(TEXT(words), inner, sizeof(inner)), outer, sizeof(outer));
	cuts_decode("zstd,gzip", body);
}

/* What is no such coding from its first byte on is given as it is; what breaks later is not. */
static void test_none(void **state)
{
	static const char plain[] = "\xff plain text, whatever its header says";
	uint8_t room[1024];
	struct slice body = zstd_of(TEXT(words), room, sizeof(room));

	(void)state;
	for (size_t cut = 12; cut <= sizeof(plain) - 1; cut++) {
		assert_false(decode("zstd", TEXT(plain), cut));
		given_is(TEXT(plain));
	}
	assert_false(decode("br", TEXT(plain), sizeof(plain) - 1));
	given_is(TEXT(plain));
	room[body.len - 1] ^= 0xff; /* its last block's end */
	room[body.len - 9] ^= 0xff;
	decode("zstd", body, body.len);
	assert_true(given_len <= sizeof(words) - 1);
	assert_null(http_decoder_new(slice_text("identity")));
	assert_null(http_decoder_new(slice_text("")));
}

static void bomb_is(const char *codings, struct slice body)
{
	struct http_decoder *decoder = http_decoder_new(slice_text(codings));

	assert_non_null(decoder);
	given_len = 0;
	given_all = 0;
	assert_false(http_decoder_take(decoder, body, give, NULL));
	assert_true(http_decoder_is_bomb(decoder));
	assert_in_range(given_all, 1, 1 << 20);
	/* Said once; of what comes later nothing is given. */
	assert_true(http_decoder_take(decoder, body, give, NULL));
	assert_in_range(given_all, 1, 1 << 20);
	http_decoder_free(decoder);
}

static void test_bomb(void **state)
{
	uint8_t *zeros = calloc(8, 1 << 20), room[4096];

	(void)state;
	assert_non_null(zeros);
	bomb_is("br", TEXT(zeros_brotli));
	bomb_is("zstd", zstd_of(slice(zeros, 8 << 20), room, sizeof(room)));
	free(zeros);
}

/* A sender may not make its receiver hold a window of any size (RFC 9659). */
static void test_window(void **state)
{
	uint8_t room[1024];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_outBuffer out = { .dst = room, .size = sizeof(room) };
	ZSTD_inBuffer in = { .src = words, .size = sizeof(words) - 1 };

	(void)state;
	assert_non_null(c);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 24);
	ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush); /* it does not know how much comes */
	ZSTD_compressStream2(c, &out, &in, ZSTD_e_end);
	ZSTD_freeCCtx(c);
	assert_false(decode("zstd", slice(room, out.pos), out.pos));
	given_is(slice(room, out.pos));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_brotli), cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_nested), cmocka_unit_test(test_none),
		cmocka_unit_test(test_bomb),   cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
