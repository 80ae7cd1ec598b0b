/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digits of texts that stand for bytes: hexadecimal and base64 (RFC 4648).
 */
#ifndef AGENT_BASE_DIGITS_H
#define AGENT_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Two small digits for each byte; between them a character, if it is not 0. to has room for 2 len of them, or
 * 3 len - 1; no 0 is put behind. Returns where the text ends.
 */
static inline char *hex_write(const uint8_t *bytes, size_t len, char between, char *to)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		if (i && between)
			*to++ = between;
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	return to;
}

/* The value of a digit of base64, whose last two are "+/", or "-_" in URLs; -1: it is none. */
static inline int base64_digit(uint8_t c, const char last[2])
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == (uint8_t)last[0] ? 62 : c == (uint8_t)last[1] ? 63 : -1;
}

#endif
