/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By the IANA registries of special-purpose addresses. Called by get.c.
 */
#include "fetch/private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool private4(uint32_t addr)
{
	static const struct {
		uint32_t net;
		uint8_t len;
	} nets[] = {
		{ 0x00000000, 8 },  { 0x0a000000, 8 },	{ 0x64400000, 10 }, { 0x7f000000, 8 },
		{ 0xa9fe0000, 16 }, { 0xac100000, 12 }, { 0xc0000000, 24 }, { 0xc0a80000, 16 },
		{ 0xc6120000, 15 }, { 0xe0000000, 3 },
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if (!((addr ^ nets[i].net) >> (32 - nets[i].len)))
			return true;
	return false;
}

static uint32_t four_at(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return ntohl(word);
}

/* Global unicast is 2000::/3 (RFC 4291); NAT64, 6to4 and what is mapped are what they lead to. */
static bool private6(const uint8_t *b)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

	if (!memcmp(b, mapped, 12) || !memcmp(b, nat64, 12))
		return private4(four_at(b + 12));
	if (b[0] == 0x20 && b[1] == 0x02)
		return private4(four_at(b + 2));
	return (b[0] & 0xe0) != 0x20;
}

bool address_is_private(const struct sockaddr *addr)
{
	if (addr->sa_family == AF_INET)
		return private4(ntohl(((const struct sockaddr_in *)addr)->sin_addr.s_addr));
	return addr->sa_family != AF_INET6 ||
	       private6(((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr);
}
