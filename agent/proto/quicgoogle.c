// SPDX-License-Identifier: Apache-2.0
/*
 * The client's hello of Google's versions of QUIC before RFC 9000: a message of tags (CHLO) in STREAM frames.
 * Called by quic.c.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "proto/quic.h"
#include "wire/wire.h"

#define TAGS_MAX 64 /* of a message of Google's */
#define TAG_LEN 4
#define FRAME_PADDING 0x00
#define FRAME_STREAM_BIT 0x80

static void cyu_make(struct quic_tx *quic, struct wire_cursor tags, uint32_t tag_cnt)
{
	const char *version = (quic->version & 0xff) == '6'   ? "46"
			      : (quic->version & 0xff) == '3' ? "43"
							      : "44";
	int len = snprintf(quic->cyu, sizeof(quic->cyu), "%s,", version);
	uint8_t sum[EVP_MAX_MD_SIZE];

	for (uint32_t i = 0; i < tag_cnt && len + TAG_LEN + 1 < QUIC_CYU_LEN; i++) {
		const uint8_t *tag = wire_bytes(&tags, TAG_LEN);

		wire_bytes(&tags, TAG_LEN);
		if (!tag)
			break;
		if (i)
			quic->cyu[len++] = '-';
		for (int k = 0; k < TAG_LEN && tag[k]; k++)
			quic->cyu[len++] = (char)(tag[k] >= ' ' && tag[k] < 0x7f ? tag[k] : '?');
	}
	quic->cyu[len] = 0;
	if (!EVP_Digest(quic->cyu, (size_t)len, sum, NULL, EVP_md5(), NULL)) {
		quic->cyu[0] = 0;
		return;
	}
	hex_write(sum, TLS_MD5_LEN / 2, 0, quic->cyu_md5);
}

/* Numbers of these messages have their low byte first. */
static uint32_t low_first(struct wire_cursor *c, size_t len)
{
	const uint8_t *b = wire_bytes(c, len);
	uint32_t value = 0;

	while (b && len--)
		value = value << 8 | b[len];
	return value;
}

static void tags_read(struct quic_tx *quic, struct wire_cursor c)
{
	struct wire_cursor tags, values;
	uint32_t tag_cnt, at = 0;

	wire_bytes(&c, TAG_LEN);
	tag_cnt = low_first(&c, 2);
	wire_bytes(&c, 2);
	tags = wire_cursor(c.at, wire_left(&c));
	if (tag_cnt > TAGS_MAX || !wire_bytes(&c, (size_t)tag_cnt * 2 * TAG_LEN))
		return;
	cyu_make(quic, tags, tag_cnt);
	values = c;
	for (uint32_t i = 0; i < tag_cnt; i++) {
		const uint8_t *tag = wire_bytes(&tags, TAG_LEN), *value;
		uint32_t end = low_first(&tags, TAG_LEN);

		if (end < at)
			return;
		value = wire_bytes(&values, end - at);
		if (!value)
			return;
		if (memcmp(tag, "SNI\0", TAG_LEN) == 0)
			quic->name = slice(value, end - at);
		else if (memcmp(tag, "UAID", TAG_LEN) == 0)
			quic->agent = slice(value, end - at);
		at = end;
	}
}

/* 1fdooosss: fin, a length is given, lengths of the offset and of the stream's number. */
void quic_google_read(struct quic_tx *quic, struct slice body)
{
	struct wire_cursor c;

	if (!quic_keep(quic, body))
		return;
	c = wire_cursor(quic->bytes, body.len);
	while (wire_left(&c) && !c.is_short) {
		uint32_t type = wire_number(&c, 1), offset_len = type >> 2 & 7;
		struct wire_cursor data;

		if (type == FRAME_PADDING)
			continue;
		if (!(type & FRAME_STREAM_BIT))
			return;
		wire_bytes(&c, (type & 3) + 1);
		wire_bytes(&c, offset_len ? offset_len + 1 : 0);
		data = type & 0x20 ? wire_part(&c, 2) : c;
		if (!(type & 0x20))
			wire_bytes(&c, wire_left(&c));
		if (!data.is_short && wire_left(&data) > 8 && memcmp(data.at, "CHLO", TAG_LEN) == 0)
			tags_read(quic, data);
	}
}
