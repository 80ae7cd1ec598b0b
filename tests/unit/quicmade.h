/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams of QUIC clients, sealed as RFC 9001, 5 has it. Used by tests of what reads them.
 */
#ifndef TESTS_UNIT_QUICMADE_H
#define TESTS_UNIT_QUICMADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <string.h>

#include "wire/quic.h"

/* Seals frames of payload_len bytes into an Initial with number; returns its bytes. */
static inline size_t initial_make(uint8_t *out, uint32_t version, const uint8_t *id, size_t id_len,
				  const struct quic_keys *keys, uint32_t number,
				  const uint8_t *frames, size_t frames_len, size_t payload_len)
{
	uint8_t text[4096];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], mask[16];
	size_t used = 0, number_off;
	int len;

	memset(text, 0, sizeof(text));
	memcpy(text, frames, frames_len);
	out[used++] = version == QUIC_V2 ? 0xd3 : 0xc3;
	for (int i = 3; i >= 0; i--)
		out[used++] = (uint8_t)(version >> (8 * i));
	out[used++] = (uint8_t)id_len;
	memcpy(out + used, id, id_len);
	used += id_len;
	out[used++] = 0; /* source id */
	out[used++] = 0; /* token */
	out[used++] = (uint8_t)(0x40 | (4 + payload_len + 16) >> 8);
	out[used++] = (uint8_t)(4 + payload_len + 16);
	number_off = used;
	for (int i = 3; i >= 0; i--)
		out[used++] = (uint8_t)(number >> (8 * i));
	memcpy(nonce, keys->iv, 12);
	for (int i = 0; i < 4; i++)
		nonce[11 - i] ^= (uint8_t)(number >> (8 * i));
	assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce));
	assert_true(EVP_EncryptUpdate(ctx, NULL, &len, out, (int)used));
	assert_true(EVP_EncryptUpdate(ctx, out + used, &len, text, (int)payload_len));
	used += payload_len;
	assert_true(EVP_EncryptFinal_ex(ctx, out + used, &len));
	assert_true(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + used));
	used += 16;
	EVP_CIPHER_CTX_free(ctx);
	assert_true(quic_mask(keys, out + number_off + 4, mask));
	out[0] ^= mask[0] & 0x0f;
	for (int i = 0; i < 4; i++)
		out[number_off + (size_t)i] ^= mask[1 + i];
	return used;
}

/* A CRYPTO frame of the bytes from..to of a stream. */
static inline size_t crypto_frame(uint8_t *out, const uint8_t *stream, size_t from, size_t to)
{
	size_t used = 0;

	out[used++] = 0x01; /* PING in front */
	out[used++] = 0x06;
	out[used++] = (uint8_t)(0x40 | from >> 8);
	out[used++] = (uint8_t)from;
	out[used++] = (uint8_t)(0x40 | (to - from) >> 8);
	out[used++] = (uint8_t)(to - from);
	memcpy(out + used, stream + from, to - from);
	return used + (to - from);
}

/* A ClientHello with this name; its bytes. */
static inline size_t quic_hello(uint8_t *out, const char *name)
{
	size_t len = strlen(name), used = 0;
	const uint8_t head[] = { 1, 0, 0, (uint8_t)(52 + len), 3, 3 };
	const uint8_t exts[] = { 0,
				 0,
				 2,
				 0x13,
				 1,
				 1,
				 0,
				 0,
				 (uint8_t)(9 + len),
				 0,
				 0,
				 0,
				 (uint8_t)(5 + len),
				 0,
				 (uint8_t)(3 + len),
				 0,
				 0,
				 (uint8_t)len };

	memcpy(out, head, sizeof(head));
	used += sizeof(head);
	memset(out + used, 'r', 32);
	used += 32;
	memcpy(out + used, exts, sizeof(exts));
	used += sizeof(exts);
	memcpy(out + used, name, len);
	return used + len;
}

/*
 * The Initial of version 1 with bytes from..to of a ClientHello, keyed by an id of eight times a
 * letter.
 */
static inline size_t hello_initial(uint8_t *out, char id, uint32_t number, const uint8_t *hello,
				   size_t from, size_t to)
{
	uint8_t bytes[8], frame[1200];
	struct quic_keys keys;

	memset(bytes, id, sizeof(bytes));
	assert_true(quic_client_keys(QUIC_V1, bytes, sizeof(bytes), &keys));
	return initial_make(out, QUIC_V1, bytes, sizeof(bytes), &keys, number, frame,
			    crypto_frame(frame, hello, from, to), 1000);
}

#endif
