/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and prefixes as text. IPv4 is held v4-mapped (RFC 4291, 2.5.5.2) throughout.
 * Used by model/, lists/, install/ and cli/. Pure.
 */
#ifndef POLICY_TEXT_ADDRESS_H
#define POLICY_TEXT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/base.h"

/* An IPv4 prefix is held v4-mapped: len counts from bit 0 of 128 (10.0.0.0/8 has len 104). */
struct prefix {
	struct sek_addr addr; /* host bits are 0 */
	uint8_t len;
};

#define PREFIX_TEXT_MAX 56 /* longest form, "/128" and the closing 0 included */
#define PREFIX_V4_BITS 96 /* what comes before an IPv4 address */

enum prefix_error {
	PREFIX_OK = 0,
	PREFIX_NOT_ADDRESS, /* no address before the slash */
	PREFIX_BAD_LEN, /* the length is no number, or too large for the family */
	PREFIX_LEADING_ZERO, /* 010.0.0.1: octal to some, decimal to others; refused */
	PREFIX_ZONE, /* fe80::1%eth0 */
};

/*
 * "10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::ffff:10.0.0.0/104" (becomes 10.0.0.0/8).
 * Host bits are cleared; *ret_fixed (may be NULL) says that there were some.
 */
enum prefix_error prefix_parse(const char *text, size_t len, struct prefix *ret_prefix,
			       bool *ret_fixed);

/*
 * The same in one pass for the usual forms at the beginning of a longer text: dotted IPv4 and IPv6 in
 * hexadecimal, with or without length. Returns how many characters it has; 0: another form, or none.
 */
size_t prefix_scan(const char *text, size_t len, struct prefix *ret_prefix, bool *ret_fixed);

const char *prefix_error_text(enum prefix_error error);

/* Shortest form; a whole address without length. to: PREFIX_TEXT_MAX bytes. Returns to. */
char *prefix_print(const struct prefix *prefix, char *to);
char *address_print(const struct sek_addr *addr, char *to);

bool address_is_v4(const struct sek_addr *addr);
bool prefix_is_v4(const struct prefix *prefix);

/* An IPv6 prefix holds no IPv4 address, not even ::/0. */
bool prefix_holds(const struct prefix *prefix, const struct sek_addr *addr);
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);

/* Order by family, address, length: what contains comes before what it contains. */
int prefix_compare(const struct prefix *a, const struct prefix *b);

#endif
