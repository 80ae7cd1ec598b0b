// SPDX-License-Identifier: Apache-2.0
/*
 * Reading and printing of addresses and prefixes. Pure; called wherever an address is text.
 */
#include "text/address.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_head[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool address_is_v4(const struct sek_addr *addr)
{
	return !memcmp(addr->b, v4_head, sizeof(v4_head));
}

bool prefix_is_v4(const struct prefix *prefix)
{
	return prefix->len >= PREFIX_V4_BITS && address_is_v4(&prefix->addr);
}

/* Do the first `bits` bits agree? */
static bool same_bits(const struct sek_addr *a, const struct sek_addr *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (memcmp(a->b, b->b, bytes) != 0)
		return false;
	return !rest || !((a->b[bytes] ^ b->b[bytes]) >> (8 - rest));
}

bool prefix_holds(const struct prefix *prefix, const struct sek_addr *addr)
{
	if (address_is_v4(addr) != prefix_is_v4(prefix))
		return false;
	return same_bits(&prefix->addr, addr, prefix->len);
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	return outer->len <= inner->len && prefix_is_v4(outer) == prefix_is_v4(inner) &&
	       same_bits(&outer->addr, &inner->addr, outer->len);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	bool a4 = prefix_is_v4(a), b4 = prefix_is_v4(b);
	int order;

	if (a4 != b4)
		return a4 ? -1 : 1;
	order = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
	return order ? order : (int)a->len - (int)b->len;
}

static bool clear_host_bits(struct prefix *prefix)
{
	bool fixed = false;

	for (int word = 0; word < 2; word++) {
		int used = (int)prefix->len - 64 * word;
		uint64_t rest = used <= 0 ? ~0ULL : used >= 64 ? 0 : htobe64(~0ULL >> used);

		fixed |= (prefix->addr.q[word] & rest) != 0;
		prefix->addr.q[word] &= ~rest;
	}
	return fixed;
}

static bool leading_zero(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c == '0' && c[1] >= '0' && c[1] <= '9' && (c == text || c[-1] == '.'))
			return true;
	return false;
}

static enum prefix_error parse_address(const char *text, struct sek_addr *ret_addr)
{
	struct sek_addr addr = {};

	if (strchr(text, '%'))
		return PREFIX_ZONE;
	if (strchr(text, ':')) {
		if (inet_pton(AF_INET6, text, addr.b) != 1)
			return PREFIX_NOT_ADDRESS;
	} else {
		if (leading_zero(text))
			return PREFIX_LEADING_ZERO;
		memcpy(addr.b, v4_head, sizeof(v4_head));
		if (inet_pton(AF_INET, text, addr.b + 12) != 1)
			return PREFIX_NOT_ADDRESS;
	}
	*ret_addr = addr;
	return PREFIX_OK;
}

static enum prefix_error parse_len(const char *text, unsigned int max, unsigned int *ret_len)
{
	unsigned int len = 0;

	if (!*text || strlen(text) > 3)
		return PREFIX_BAD_LEN;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return PREFIX_BAD_LEN;
		len = len * 10 + (unsigned int)(*text - '0');
	}
	if (len > max)
		return PREFIX_BAD_LEN;
	*ret_len = len;
	return PREFIX_OK;
}

/* --- the usual forms in one pass --- */

/* A decimal number up to max without leading zeros; NULL when there is none. */
static const char *scan_number(const char *at, const char *end, unsigned int max,
			       unsigned int *ret_number)
{
	const char *begin = at;
	unsigned int number = 0;

	for (; at < end && at - begin < 3 && *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (unsigned int)(*at - '0');
	if (at == begin || (*begin == '0' && at - begin > 1) || number > max)
		return NULL;
	*ret_number = number;
	return at;
}

static const char *scan_v4(const char *at, const char *end, struct sek_addr *ret_addr)
{
	unsigned int octet;

	memcpy(ret_addr->b, v4_head, sizeof(v4_head));
	for (int i = 12; i < 16; i++) {
		if (i > 12 && (at == end || *at++ != '.'))
			return NULL;
		at = scan_number(at, end, 255, &octet);
		if (!at)
			return NULL;
		ret_addr->b[i] = (uint8_t)octet;
	}
	return at;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to four digits; *ret_group is 0 when there are none. */
static const char *scan_group(const char *at, const char *end, unsigned int *ret_group)
{
	const char *begin = at;
	int digit;

	*ret_group = 0;
	for (; at < end && at - begin < 4 && (digit = hex_digit(*at)) >= 0; at++)
		*ret_group = *ret_group << 4 | (unsigned int)digit;
	return at;
}

/* Eight groups, or fewer and "::" once for at least one. NULL: no such form. */
static const char *scan_v6(const char *at, const char *end, struct sek_addr *ret_addr)
{
	uint16_t groups[8];
	int cnt = 0, gap = -1; /* groups read, and before the "::" */

	if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
		gap = 0;
		at += 2;
	}
	while (cnt < 8) {
		unsigned int group;
		const char *next = scan_group(at, end, &group);

		if (next == at && gap != cnt)
			return NULL;
		if (next == at)
			break;
		at = next;
		groups[cnt++] = htobe16((uint16_t)group);
		if (cnt == 8 || at == end || *at != ':')
			break;
		if (++at < end && *at == ':') {
			if (gap >= 0)
				return NULL;
			gap = cnt;
			at++;
		}
	}
	if ((gap < 0) != (cnt == 8))
		return NULL;
	gap = gap < 0 ? 8 : gap;
	memset(ret_addr->b, 0, sizeof(ret_addr->b));
	memcpy(ret_addr->b, groups, 2 * (size_t)gap);
	memcpy(ret_addr->b + 16 - 2 * (cnt - gap), groups + gap, 2 * (size_t)(cnt - gap));
	return at;
}

size_t prefix_scan(const char *text, size_t len, struct prefix *ret_prefix, bool *ret_fixed)
{
	const char *at = text, *end = text + len, *dot = text;
	struct prefix prefix;
	unsigned int bits;
	bool v4;

	while (dot < end && dot - text < 4 && *dot != '.' && *dot != ':')
		dot++;
	v4 = dot < end && *dot == '.';
	at = v4 ? scan_v4(at, end, &prefix.addr) : scan_v6(at, end, &prefix.addr);
	if (!at)
		return 0;
	bits = v4 ? 32 : 128;
	if (at < end && *at == '/')
		at = scan_number(at + 1, end, bits, &bits);
	if (!at)
		return 0;
	prefix.len = (uint8_t)(v4 ? bits + PREFIX_V4_BITS : bits);
	*ret_fixed = clear_host_bits(&prefix);
	*ret_prefix = prefix;
	return (size_t)(at - text);
}

enum prefix_error prefix_parse(const char *text, size_t len, struct prefix *ret_prefix,
			       bool *ret_fixed)
{
	char copy[PREFIX_TEXT_MAX];
	struct prefix prefix = {};
	unsigned int bits;
	enum prefix_error error;
	char *slash;
	bool dotted, fixed;

	if (len && prefix_scan(text, len, &prefix, &fixed) == len)
		goto parsed;
	if (len >= sizeof(copy) || memchr(text, 0, len))
		return PREFIX_NOT_ADDRESS;
	memcpy(copy, text, len);
	copy[len] = 0;
	slash = strchr(copy, '/');
	if (slash)
		*slash = 0;
	error = parse_address(copy, &prefix.addr);
	if (error)
		return error;
	dotted = !strchr(copy, ':');
	bits = dotted ? 32 : 128;
	error = slash ? parse_len(slash + 1, bits, &bits) : PREFIX_OK;
	if (error)
		return error;
	prefix.len = (uint8_t)(dotted ? bits + PREFIX_V4_BITS : bits);
	fixed = clear_host_bits(&prefix);
parsed:
	*ret_prefix = prefix;
	if (ret_fixed)
		*ret_fixed = fixed;
	return PREFIX_OK;
}

const char *prefix_error_text(enum prefix_error error)
{
	switch (error) {
	case PREFIX_OK:
		return "a prefix";
	case PREFIX_NOT_ADDRESS:
		return "not an IPv4 or IPv6 address";
	case PREFIX_BAD_LEN:
		return "the prefix length must be 0 to 32 (IPv4) or 0 to 128 (IPv6)";
	case PREFIX_LEADING_ZERO:
		return "a number with a leading zero is octal to some programs; write it without";
	case PREFIX_ZONE:
		return "an address with a zone (%interface) means nothing here";
	}
	return "not a prefix";
}

char *address_print(const struct sek_addr *addr, char *to)
{
	bool v4 = address_is_v4(addr);

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, addr->b + (v4 ? 12 : 0), to, PREFIX_TEXT_MAX))
		to[0] = 0;
	return to;
}

char *prefix_print(const struct prefix *prefix, char *to)
{
	bool v4 = prefix_is_v4(prefix);
	size_t used;

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, prefix->addr.b + (v4 ? 12 : 0), to, PREFIX_TEXT_MAX))
		to[0] = 0;
	used = strlen(to);
	if (prefix->len != 128)
		snprintf(to + used, PREFIX_TEXT_MAX - used, "/%u",
			 (unsigned int)(v4 ? prefix->len - PREFIX_V4_BITS : prefix->len));
	return to;
}
