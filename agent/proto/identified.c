// SPDX-License-Identifier: Apache-2.0
/*
 * Protocols that are known by their first bytes and not read any further: NTP, LDAP. Called by
 * sessions. Promises an answer by content; where that is short, on their own ports alone.
 */
#include "proto/proto.h"

/* --- NTP (RFC 5905, 7.3): a version of today, a mode of requests and answers --- */

static enum proto_guess ntp_guess(enum side side, struct slice first)
{
	unsigned int version = first.len ? first.at[0] >> 3 & 7 : 0;

	return first.len >= 12 && (version == 3 || version == 4) ? GUESS_YES : GUESS_NO;
}

static const uint16_t ntp_ports[] = { 123, 0 };

const struct proto proto_ntp = {
	.name = "ntp",
	.over = PROTO_OVER_UDP,
	.guess = ntp_guess,
	.ports = ntp_ports,
};

/* --- LDAP (RFC 4511, 4.1.1): a sequence of a small number and an operation --- */

/* Where the content of a BER element begins; 0: it is none of this tag. */
static size_t ber_head(struct slice data, uint8_t tag)
{
	size_t len;

	if (data.len < 2 || data.at[0] != tag)
		return 0;
	if (data.at[1] < 0x80)
		return 2;
	len = data.at[1] & 0x7f;
	return len >= 1 && len <= 4 && data.len >= 2 + len ? 2 + len : 0;
}

static enum proto_guess ldap_guess(enum side side, struct slice first)
{
	size_t head = ber_head(first, 0x30);
	struct slice id = slice_behind(first, head);
	uint8_t operation;

	if (!head || id.len < 2 || id.at[0] != 0x02 || !id.at[1] || id.at[1] > 4 ||
	    id.len <= 2 + (size_t)id.at[1])
		return GUESS_NO;
	operation = id.at[2 + id.at[1]];
	/* [APPLICATION 0] to [APPLICATION 25] */
	return (operation & 0xc0) == 0x40 && (operation & 0x1f) <= 25 ? GUESS_YES : GUESS_NO;
}

static const uint16_t ldap_ports[] = { 389, 3268, 0 };

const struct proto proto_ldap = {
	.name = "ldap",
	.over = PROTO_OVER_TCP | PROTO_OVER_UDP,
	.guess = ldap_guess,
	.ports = ldap_ports,
};
