// SPDX-License-Identifier: Apache-2.0
/*
 * Decoding and escaping of UTF-8. Pure; called by diag_print() and the readers of model/.
 */
#include "text/escape.h"

#include <stdio.h>
#include <string.h>

size_t utf8_decode(const char *bytes, size_t len, uint32_t *ret_point)
{
	const unsigned char *b = (const unsigned char *)bytes;
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t need;

	if (!len)
		return 0;
	if (b[0] < 0x80) {
		*ret_point = b[0];
		return 1;
	}
	need = b[0] >= 0xf0 && b[0] < 0xf8 ? 4 : b[0] >= 0xe0 ? 3 : b[0] >= 0xc0 ? 2 : 0;
	if (!need || b[0] >= 0xf8 || len < need)
		return 0;
	point = b[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (b[i] & 0x3f);
	}
	if (point < least[need] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return need;
}

bool utf8_is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
	       point == 0x2029 || point == 0x200e || point == 0x200f ||
	       (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
	       point == 0xfeff;
}

char *text_escape(const char *bytes, size_t len, char *to, size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at < len;) {
		uint32_t point = 0;
		size_t taken = utf8_decode(bytes + at, len - at, &point);
		char piece[16];
		size_t piece_len;

		if (!taken)
			piece_len = (size_t)snprintf(piece, sizeof(piece), "\\x%02x",
						     (unsigned char)bytes[at]);
		else if (utf8_is_control(point))
			piece_len = (size_t)snprintf(piece, sizeof(piece),
						     point < 0x80 ? "\\x%02x" : "\\u{%x}", point);
		else
			memcpy(piece, bytes + at, piece_len = taken);
		if (used + piece_len + sizeof("...") > size) {
			memcpy(to + used, "...", 3);
			used += 3;
			break;
		}
		memcpy(to + used, piece, piece_len);
		used += piece_len;
		at += taken ? taken : 1;
	}
	to[used] = 0;
	return to;
}
