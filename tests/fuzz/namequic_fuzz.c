// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as datagrams of a QUIC client. With the first bit of the first byte they are sealed into an
 * Initial first, so that frames are reached and not only ciphers; each 0xff 0xfe begins another datagram. The
 * other bits say how many connections take turns.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "names/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID_LEN 4

/* An Initial of version 1 around these frames; at most 1,500 bytes. */
static size_t seal(uint8_t *out, uint8_t connection, uint8_t number, const uint8_t *frames, size_t len)
{
	const uint8_t id[ID_LEN] = { 1, 2, 3, (uint8_t)(4 + connection) };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], mask[16], text[1500] = {};
	size_t padded = len < 20 ? 20 : len, head_len;
	struct quic_keys made, *keys = &made;
	int done;

	if (!quic_client_keys(QUIC_V1, id, sizeof(id), keys))
		abort();
	memcpy(text, frames, len);
	memcpy(out, "\xc0\0\0\0\1\4", 6);
	memcpy(out + 6, id, ID_LEN);
	memcpy(out + 10, "\0\0", 2);
	out[12] = (uint8_t)(0x40 | (1 + padded + 16) >> 8);
	out[13] = (uint8_t)(1 + padded + 16);
	out[14] = number;
	head_len = 15;
	memcpy(nonce, keys->iv, 12);
	nonce[11] ^= number;
	if (!EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce) ||
	    !EVP_EncryptUpdate(ctx, NULL, &done, out, (int)head_len) ||
	    !EVP_EncryptUpdate(ctx, out + head_len, &done, text, (int)padded) ||
	    !EVP_EncryptFinal_ex(ctx, out + head_len + padded, &done) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + head_len + padded))
		abort();
	EVP_CIPHER_CTX_free(ctx);
	if (!quic_mask(keys, out + 14 + 4, mask))
		abort();
	out[0] ^= mask[0] & 0x0f;
	out[14] ^= mask[1];
	return head_len + padded + 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t datagram[1600], number = 0;
	static struct reader_room room;
	struct reader reader;
	uint8_t turns;
	bool sealed;

	if (!size || size > 8192)
		return 0;
	sealed = *data & 1;
	turns = *data / 2 % 16 + 1;
	data++;
	size--;
	if (reader_begin_quic(&reader))
		abort();
	for (int i = 0; size && i < 16; i++) {
		const uint8_t *cut = memmem(data, size, "\xff\xfe", 2);
		size_t len = cut ? (size_t)(cut - data) : size, used;
		struct reader_name name = {};
		enum reader_said said;
		uint8_t *copy;

		len = len > 1400 ? 1400 : len;
		if (sealed) {
			used = seal(datagram, number % turns, number, data, len);
			number++;
		} else {
			memcpy(datagram, data, len);
			used = len;
		}
		copy = malloc(used + 1);
		memcpy(copy, datagram, used);
		said = reader_datagram(&reader, copy, (uint32_t)used, &name);
		while (said == READER_NAME)
			said = reader_next(&reader, &room, &name);
		if (said != READER_MORE)
			size = len;
		free(copy);
		data += len;
		size -= len;
		if (size >= 2 && cut) {
			data += 2;
			size -= 2;
		}
	}
	reader_end(&reader);
	return 0;
}
