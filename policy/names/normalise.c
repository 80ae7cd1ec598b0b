// SPDX-License-Identifier: Apache-2.0
/*
 * Names and hosts in one spelling. Called by the readers of lists, url.c and the agent. Pure.
 */
#include "names/normalise.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/letters.h"
#include "names/signs.h"
#include "text/address.h"

#define LABEL_MAX 63
#define WRITTEN_MAX 1024 /* bytes of a name before it is normalised */

#define EIGHT(n) (n), (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (n) + 6, (n) + 7
#define LETTERS EIGHT('a'), EIGHT('i'), EIGHT('q'), 'y', 'z'
const unsigned char name_letters[256] = {
	['-'] = '-', ['_'] = '_', ['.'] = '.',	   ['0'] = EIGHT('0'),
	'8',	     '9',	  ['A'] = LETTERS, ['a'] = LETTERS,
};

size_t name_copy(const char *text, size_t len, char *to)
{
	size_t label = 0;

	if (len && text[len - 1] == '.')
		len--;
	if (!len || len > SEK_NAME_BYTES)
		return 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = name_letters[(unsigned char)text[i]];

		if (!c)
			return 0;
		to[i] = (char)c;
		if (c != '.') {
			label++;
			continue;
		}
		if (!label || label > LABEL_MAX)
			return 0;
		label = 0;
	}
	return label && label <= LABEL_MAX ? len : 0;
}

bool name_ends_in_number(const char *text, size_t len)
{
	const char *last = memrchr(text, '.', len), *at = last ? last + 1 : text;
	const char *end = text + len;

	if (at == end || !isdigit((unsigned char)*at))
		return false;
	if (end - at >= 2 && at[0] == '0' && (at[1] | 0x20) == 'x') {
		for (at += 2; at < end; at++)
			if (!isxdigit((unsigned char)*at))
				return false;
		return true;
	}
	for (; at < end; at++)
		if (!isdigit((unsigned char)*at))
			return false;
	return true;
}

/* One part of an address: decimal, octal behind a 0, hexadecimal behind 0x. False: no number. */
static bool part_read(const char *text, size_t len, uint64_t *ret_value)
{
	uint64_t value = 0;
	unsigned int base = 10;

	if (len >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
		base = 16;
		text += 2;
		len -= 2;
	} else if (len >= 2 && text[0] == '0') {
		base = 8;
	} else if (!len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];
		unsigned int digit = isdigit(c)	   ? c - '0'
				     : isxdigit(c) ? (c | 0x20) - 'a' + 10
						   : 99;

		if (digit >= base || value > UINT32_MAX)
			return false;
		value = value * base + digit;
	}
	*ret_value = value;
	return true;
}

/* One to four parts of which the last fills what is left, as inet_aton() and browsers read it. */
static bool address4_read(const char *text, size_t len, uint32_t *ret_address)
{
	const char *end = text + len, *dot;
	uint64_t address = 0, part = 0;
	int cnt = 0;

	for (;; text = dot + 1) {
		dot = memchr(text, '.', end - text);
		if (!part_read(text, (dot ? dot : end) - text, &part))
			return false;
		if (!dot)
			break;
		if (part > 255 || ++cnt > 3)
			return false;
		address |= part << (32 - 8 * cnt);
	}
	if (part >> (32 - 8 * cnt))
		return false;
	*ret_address = (uint32_t)(address | part);
	return true;
}

static void address4_print(uint32_t address, struct name *ret_name)
{
	ret_name->len = (unsigned char)snprintf(ret_name->text, sizeof(ret_name->text),
						"%u.%u.%u.%u", address >> 24, address >> 16 & 255,
						address >> 8 & 255, address & 255);
}

/* What stands between brackets. An IPv4 address that is mapped is that address. */
static int address6_read(const char *text, size_t len, struct name *ret_name)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char written[INET6_ADDRSTRLEN], printed[INET6_ADDRSTRLEN];
	unsigned char bytes[16];

	if (len >= sizeof(written))
		return -(NAME_SKIP_url + 1);
	memcpy(written, text, len);
	written[len] = 0;
	if (memchr(text, 0, len) || inet_pton(AF_INET6, written, bytes) != 1)
		return -(NAME_SKIP_url + 1);
	if (!memcmp(bytes, mapped, sizeof(mapped))) {
		address4_print((uint32_t)bytes[12] << 24 | bytes[13] << 16 | bytes[14] << 8 |
				       bytes[15],
			       ret_name);
		return 0;
	}
	inet_ntop(AF_INET6, bytes, printed, sizeof(printed));
	ret_name->len =
		(unsigned char)snprintf(ret_name->text, sizeof(ret_name->text), "[%s]", printed);
	return 0;
}

/* Letters beyond ASCII: mapped, composed and put into A-labels (UTS 46). */
static int name_to_ascii(const char *text, size_t len, char *to, size_t *ret_len)
{
	char written[WRITTEN_MAX + 1];
	char *made = NULL;
	size_t made_len;
	int err;

	memcpy(written, text, len);
	written[len] = 0;
	err = idn2_to_ascii_8z(written, &made, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (err == IDN2_ENCODING_ERROR)
		return -(NAME_SKIP_utf8 + 1);
	if (err) {
		made_len = name_signs_to_ascii(text, len, written, sizeof(written));
		*ret_len = made_len ? name_copy(written, made_len, to) : 0;
		return *ret_len ? 0 : -(NAME_SKIP_idna + 1);
	}
	made_len = strlen(made);
	/* What it was mapped to may be no letter: one sign alone becomes "a/c". */
	*ret_len = name_copy(made, made_len, to);
	idn2_free(made);
	return *ret_len ? 0 : -(NAME_SKIP_name + 1);
}

/* A name of any letters in plain ones. */
static int name_map(const char *text, size_t len, struct name *ret_name)
{
	bool ascii = true;
	size_t made = 0;
	int err = 0;

	if (len > WRITTEN_MAX || memchr(text, 0, len))
		return -(NAME_SKIP_name + 1);
	for (size_t i = 0; i < len; i++)
		ascii &= (unsigned char)text[i] < 0x80;
	if (ascii)
		made = name_copy(text, len, ret_name->text);
	else
		err = name_to_ascii(text, len, ret_name->text, &made);
	if (!err && !made)
		err = -(NAME_SKIP_name + 1);
	ret_name->text[made] = 0;
	ret_name->len = (unsigned char)made;
	return err;
}

int name_normalise(const char *text, size_t len, struct name *ret_name)
{
	struct prefix prefix;
	struct name name;
	uint32_t address;
	int err;

	if (prefix_parse(text, len, &prefix, NULL) == PREFIX_OK)
		return -(NAME_SKIP_address + 1);
	err = name_map(text, len, &name);
	if (err)
		return err;
	if (name_ends_in_number(name.text, name.len))
		return address4_read(name.text, name.len, &address) ? -(NAME_SKIP_address + 1)
								    : -(NAME_SKIP_name + 1);
	*ret_name = name;
	return 0;
}

int name_of_host(const char *text, size_t len, struct name *ret_name, bool *ret_address)
{
	bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	uint32_t address;
	int err;

	*ret_address = brackets;
	if (brackets)
		return address6_read(text + 1, len - 2, ret_name);
	err = name_map(text, len, ret_name);
	if (err || !name_ends_in_number(ret_name->text, ret_name->len))
		return err;
	if (!address4_read(ret_name->text, ret_name->len, &address))
		return -(NAME_SKIP_name + 1);
	address4_print(address, ret_name);
	*ret_address = true;
	return 0;
}
