// SPDX-License-Identifier: Apache-2.0
/*
 * UTF-16 (RFC 2781) to UTF-8 (RFC 3629). Called by protocols of Windows; promises that nothing is read or
 * written beyond the end.
 */
#include "base/utf16.h"

/* One character of UTF-16 from at on; *at goes behind it. */
static uint32_t wide_next(struct slice bytes, size_t *at)
{
	uint32_t unit = bytes.at[*at] | (uint32_t)bytes.at[*at + 1] << 8, low;

	*at += 2;
	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	if (unit > 0xdbff || bytes.len - *at < 2)
		return 0xfffd;
	low = bytes.at[*at] | (uint32_t)bytes.at[*at + 1] << 8;
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*at += 2;
	return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
}

static size_t utf8_put(uint8_t *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (uint8_t)(0xc0 | c >> 6);
		to[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (uint8_t)(0xe0 | c >> 12);
		to[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		to[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	to[0] = (uint8_t)(0xf0 | c >> 18);
	to[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	to[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	to[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

size_t utf16_write(struct slice bytes, uint8_t *room, size_t cap)
{
	size_t len = 0, at = 0;

	while (bytes.len - at >= 2 && len + 4 <= cap) {
		uint32_t c = wide_next(bytes, &at);

		if (c)
			len += utf8_put(room + len, c);
	}
	return len;
}
