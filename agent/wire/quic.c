/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deciphering and frames. Called by names/reader.c for datagrams of flows that begin with an Initial.
 */
#include "wire/quic.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define TAG_LEN 16
#define LONG_HEADER 0x80
#define FRAME_PADDING 0x00
#define FRAME_PING 0x01
#define FRAME_ACK 0x02
#define FRAME_ACK_ECN 0x03
#define FRAME_CRYPTO 0x06
#define FRAME_CLOSE 0x1c
#define CRYPTO_MAX (HELLO_MAX + 4) /* bytes of a connection that are held */

/* Initial salts: RFC 9001, 5.2 and RFC 9369, 3.3.1; of drafts 23 to 28, 29 to 32 of RFC 9001. */
static const uint8_t salt_v1[20] = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
				     0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a };
static const uint8_t salt_v2[20] = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
				     0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 };

static const uint8_t salt_draft23[20] = { 0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb,
					  0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4,
					  0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 };
static const uint8_t salt_draft29[20] = { 0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2,
					  0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61,
					  0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 };

/* NULL: nobody knows. */
static const uint8_t *salt_of(uint32_t version)
{
	if (version == QUIC_V2)
		return salt_v2;
	if (version == QUIC_V1 || version == 0xff000021U || version == 0xff000022U)
		return salt_v1;
	if (version >= 0xff00001dU && version <= 0xff000020U)
		return salt_draft29;
	return version >= 0xff000017U && version <= 0xff00001cU ? salt_draft23 : NULL;
}

/* HKDF-Expand-Label (RFC 8446, 7.1) without a context, of one block of SHA-256 at most. */
static bool expand_label(const uint8_t secret[32], const char *label, uint8_t *out, size_t len)
{
	uint8_t info[64] = { 0, (uint8_t)len, (uint8_t)(6 + strlen(label)) }, block[32];
	size_t used = 3;
	unsigned int block_len = sizeof(block);

	memcpy(info + used, "tls13 ", 6);
	used += 6;
	memcpy(info + used, label, strlen(label));
	used += strlen(label);
	info[used++] = 0; /* length of the context */
	info[used++] = 1; /* number of the block */
	if (!HMAC(EVP_sha256(), secret, 32, info, used, block, &block_len))
		return false;
	memcpy(out, block, len);
	return true;
}

static bool keys_make(uint32_t version, const uint8_t *id, size_t id_len, const char *who,
		      struct quic_keys *ret_keys)
{
	bool v2 = version == QUIC_V2;
	const uint8_t *salt = salt_of(version);
	uint8_t initial[32], secret[32];
	unsigned int len = sizeof(initial);

	return salt && HMAC(EVP_sha256(), salt, 20, id, id_len, initial, &len) &&
	       expand_label(initial, who, secret, sizeof(secret)) &&
	       expand_label(secret, v2 ? "quicv2 key" : "quic key", ret_keys->key, 16) &&
	       expand_label(secret, v2 ? "quicv2 iv" : "quic iv", ret_keys->iv, 12) &&
	       expand_label(secret, v2 ? "quicv2 hp" : "quic hp", ret_keys->hp, 16);
}

bool quic_client_keys(uint32_t version, const uint8_t *id, size_t id_len, struct quic_keys *ret_keys)
{
	return keys_make(version, id, id_len, "client in", ret_keys);
}

bool quic_server_keys(uint32_t version, const uint8_t *id, size_t id_len, struct quic_keys *ret_keys)
{
	return keys_make(version, id, id_len, "server in", ret_keys);
}

bool quic_mask(const struct quic_keys *keys, const uint8_t *sample, uint8_t mask[16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;
	bool done = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, keys->hp, NULL) &&
		    EVP_EncryptUpdate(ctx, mask, &len, sample, 16) && len == 16;

	EVP_CIPHER_CTX_free(ctx);
	return done;
}

bool quic_open(const struct quic_keys *keys, uint64_t number, const uint8_t *head, size_t head_len,
	       uint8_t *text, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int done = 0;
	bool ok;

	memcpy(nonce, keys->iv, sizeof(nonce));
	for (int i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(number >> (8 * i));
	ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, text + len) &&
	     EVP_DecryptUpdate(ctx, NULL, &done, head, (int)head_len) &&
	     EVP_DecryptUpdate(ctx, text, &done, text, (int)len) &&
	     EVP_DecryptFinal_ex(ctx, text + done, &done) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

uint64_t quic_varint(struct wire_cursor *c)
{
	uint64_t value = wire_number(c, 1);
	size_t more = (1U << (value >> 6)) - 1;

	value &= 0x3f;
	for (size_t i = 0; i < more; i++)
		value = value << 8 | wire_number(c, 1);
	return value;
}

/* RFC 9000, A.3. */
static uint64_t number_whole(uint64_t largest, uint64_t part, unsigned int bits)
{
	uint64_t expected = largest + 1, window = 1ULL << bits, half = window / 2;
	uint64_t candidate = (expected & ~(window - 1)) | part;

	if (candidate + half <= expected && candidate < (1ULL << 62) - window)
		return candidate + window;
	if (candidate > expected + half && candidate >= window)
		return candidate - window;
	return candidate;
}

static enum wire_read crypto_frame(struct stream *crypto, struct wire_cursor *c)
{
	uint64_t offset = quic_varint(c), len = quic_varint(c);
	const uint8_t *data = wire_bytes(c, len);

	if (!data)
		return WIRE_BAD;
	if (offset > CRYPTO_MAX)
		return WIRE_OVER;
	switch (stream_push(crypto, (uint32_t)offset, data, (uint32_t)len)) {
	case STREAM_TAKEN:
		return WIRE_DONE;
	case STREAM_CONFLICT:
		return WIRE_BAD;
	default:
		return WIRE_OVER;
	}
}

void quic_ack_pass(struct wire_cursor *c, bool ecn)
{
	uint64_t ranges;

	quic_varint(c);
	quic_varint(c);
	ranges = quic_varint(c);
	quic_varint(c);
	while (ranges-- && !c->is_short) {
		quic_varint(c);
		quic_varint(c);
	}
	for (int i = 0; ecn && i < 3; i++)
		quic_varint(c);
}

/* Only these frames may be in an Initial (RFC 9000, 17.2.2). */
static enum wire_read frames(struct stream *crypto, struct wire_cursor c)
{
	enum wire_read read;

	while (wire_left(&c) && !c.is_short) {
		uint64_t type = quic_varint(&c);

		switch (type) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			quic_ack_pass(&c, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO:
			read = crypto_frame(crypto, &c);
			if (read != WIRE_DONE)
				return read;
			break;
		case FRAME_CLOSE:
			return WIRE_DONE; /* nothing that follows would be read */
		default:
			return WIRE_BAD;
		}
	}
	return c.is_short ? WIRE_BAD : WIRE_DONE;
}

bool quic_place_open(const struct quic_keys *keys, uint64_t *largest,
		     const struct quic_place *place, uint8_t *copy, struct wire_cursor *ret_frames)
{
	size_t number_len, head_len, text_len;
	uint8_t mask[16];
	uint64_t part = 0;

	if (place->len < place->number_off + 4 + 16 || place->len > QUIC_DATAGRAM_MAX)
		return false;
	memcpy(copy, place->bytes, place->len);
	if (!quic_mask(keys, copy + place->number_off + 4, mask))
		return false;
	copy[0] ^= mask[0] & 0x0f;
	number_len = (copy[0] & 3U) + 1;
	for (size_t i = 0; i < number_len; i++) {
		copy[place->number_off + i] ^= mask[1 + i];
		part = part << 8 | copy[place->number_off + i];
	}
	head_len = place->number_off + number_len;
	text_len = place->len - head_len - TAG_LEN;
	part = number_whole(*largest, part, (unsigned int)(8 * number_len));
	if (!quic_open(keys, part, copy, head_len, copy + head_len, text_len))
		return false;
	if (part > *largest)
		*largest = part;
	*ret_frames = wire_cursor(copy + head_len, text_len);
	return true;
}

/* --- connections --- */

/* All that came is read, and something was. */
static bool connection_is_read(const struct quic_connection *c)
{
	return stream_next(&c->crypto) && c->crypto.at == c->crypto.end &&
	       !stream_has_gap(&c->crypto);
}

static bool connection_is_empty(const struct quic_connection *c)
{
	return !c->crypto.end && !stream_has_gap(&c->crypto);
}

/* Room for one more: the oldest of which nothing is awaited goes. NULL: there is none. */
static struct quic_connection *connection_new(struct quic *quic)
{
	uint32_t i = 0;

	if (quic->cnt == QUIC_CONNECTIONS) {
		while (i < quic->cnt && !connection_is_read(&quic->connection[i]) &&
		       !connection_is_empty(&quic->connection[i]))
			i++;
		if (i == quic->cnt)
			return NULL;
		stream_end(&quic->connection[i].crypto);
		quic->cnt--;
		memmove(&quic->connection[i], &quic->connection[i + 1],
			(quic->cnt - i) * sizeof(quic->connection[0]));
	}
	return &quic->connection[quic->cnt++];
}

/*
 * The connection that opens a packet; it begins one if its own id does. ret_read: DONE: nobody opens
 * it.
 */
static struct quic_connection *connection_open(struct quic *quic, const struct quic_place *place,
					       uint8_t *copy, struct wire_cursor *ret_frames,
					       enum wire_read *ret_read)
{
	struct quic_connection new = { .version = place->version }, *c;

	*ret_read = WIRE_DONE;
	for (uint32_t i = quic->cnt; i--;) {
		c = &quic->connection[i];
		if (c->version == place->version &&
		    quic_place_open(&c->keys, &c->largest, place, copy, ret_frames))
			return c;
	}
	if (!quic_client_keys(place->version, place->id, place->id_len, &new.keys) ||
	    !quic_place_open(&new.keys, &new.largest, place, copy, ret_frames))
		return NULL;
	c = connection_new(quic);
	if (!c) {
		*ret_read = WIRE_BAD;
		return NULL;
	}
	*c = new;
	stream_begin(&c->crypto, 0, CRYPTO_MAX);
	return c;
}

/*
 * All Initials of a connection have the keys of its first one's id (RFC 9001, 5.2). After a Retry or a
 * change of version, which make new ones, its client says everything anew: that is another connection
 * here.
 */
static enum wire_read initial_read(struct quic *quic, const struct quic_place *place)
{
	uint8_t copy[QUIC_DATAGRAM_MAX];
	struct wire_cursor inside = {};
	struct quic_connection *c;
	enum wire_read read;

	if (place->len > sizeof(copy))
		return WIRE_OVER;
	c = connection_open(quic, place, copy, &inside, &read);
	if (!c) {
		quic->unopened++; /* no server opens it either */
		return read;
	}
	quic->opened++;
	c->touched = true;
	return frames(&c->crypto, inside);
}

/* One packet of those that share a datagram; false: the rest has no long header, or is none of ours. */
static bool packet_next(struct wire_cursor *c, struct quic_place *ret_place, bool *ret_initial)
{
	struct quic_place place = { .bytes = c->at };
	uint8_t first = (uint8_t)wire_number(c, 1);
	uint32_t type = first >> 4 & 3;
	struct wire_cursor id, source;
	uint64_t len;

	place.version = wire_number(c, 4);
	id = wire_part(c, 1);
	source = wire_part(c, 1);
	if (!(first & LONG_HEADER) || c->is_short || wire_left(&id) > QUIC_ID_MAX ||
	    wire_left(&source) > QUIC_ID_MAX)
		return false;
	if (place.version != QUIC_V1 && place.version != QUIC_V2)
		return false;
	if (place.version == QUIC_V2)
		type = (type + 3) & 3; /* RFC 9369, 3.2: Initial is 1, and so on round */
	if (type == 3)
		return false; /* Retry: no client's */
	place.id = id.at;
	place.id_len = wire_left(&id);
	if (type == 0)
		wire_bytes(c, quic_varint(c)); /* token */
	len = quic_varint(c);
	place.number_off = (size_t)(c->at - place.bytes);
	if (!wire_bytes(c, len))
		return false;
	place.len = (size_t)(c->at - place.bytes);
	*ret_place = place;
	*ret_initial = type == 0;
	return true;
}

void quic_begin(struct quic *quic)
{
	*quic = (struct quic){};
}

void quic_end(struct quic *quic)
{
	for (uint32_t i = 0; i < quic->cnt; i++)
		stream_end(&quic->connection[i].crypto);
	quic->cnt = 0;
}

/*
 * A server may ask for a second ClientHello (RFC 8446, 4.1.4), which goes on where the first one ended.
 */
static enum wire_read connection_hello(struct quic_connection *c, struct hello *ret_hello)
{
	enum wire_read read;
	const uint8_t *rest;
	size_t len;

	rest = stream_rest(&c->crypto, &len);
	read = hello_read(rest, len, ret_hello);
	if (read == WIRE_DONE)
		stream_skip(&c->crypto, hello_len(rest));
	return read;
}

enum wire_read quic_next(struct quic *quic, struct hello *ret_hello)
{
	for (uint32_t i = 0; i < quic->cnt; i++) {
		enum wire_read read = connection_hello(&quic->connection[i], ret_hello);

		if (read == WIRE_DONE)
			quic->version = quic->connection[i].version;
		if (read != WIRE_MORE)
			return read;
	}
	return WIRE_MORE;
}

enum wire_read quic_datagram(struct quic *quic, const uint8_t *bytes, size_t len,
			     struct hello *ret_hello)
{
	struct wire_cursor c = wire_cursor(bytes, len);
	struct quic_place place;
	bool initial;

	for (uint32_t i = 0; i < quic->cnt; i++)
		quic->connection[i].touched = false;
	while (wire_left(&c) && packet_next(&c, &place, &initial)) {
		enum wire_read read = initial ? initial_read(quic, &place) : WIRE_DONE;

		if (read != WIRE_DONE)
			return read;
	}
	return quic_next(quic, ret_hello);
}

bool quic_is_read(const struct quic *quic)
{
	bool any = false;

	for (uint32_t i = 0; i < quic->cnt; i++) {
		if (quic->connection[i].touched && !connection_is_read(&quic->connection[i]))
			return false;
		any |= quic->connection[i].touched;
	}
	return any;
}

bool quic_is_settled(const struct quic *quic)
{
	for (uint32_t i = 0; i < quic->cnt; i++)
		if (!connection_is_read(&quic->connection[i]) &&
		    !connection_is_empty(&quic->connection[i]))
			return false;
	return true;
}

bool quic_has_gap(const struct quic *quic)
{
	for (uint32_t i = 0; i < quic->cnt; i++)
		if (stream_has_gap(&quic->connection[i].crypto))
			return true;
	return false;
}

size_t quic_bytes(const struct quic *quic)
{
	size_t bytes = sizeof(*quic);

	for (uint32_t i = 0; i < quic->cnt; i++)
		bytes += quic->connection[i].crypto.cap;
	return bytes;
}
