// SPDX-License-Identifier: Apache-2.0
/*
 * Whether the checksums of a packet are right. Called by decode for each packet, unless nobody wants to know,
 * and by rules that ask then all the same; promises to read what the headers say is there, and no more.
 */
#include "inspect/checksum.h"

#include <netinet/in.h>

enum packet_sum packet_ip_sum(const struct packet *packet)
{
	size_t len;

	if (packet->family != 4 || !packet->ip.len)
		return SUM_UNCHECKED;
	len = (packet->ip.at[0] & 15u) * 4;
	if (len > packet->ip.len)
		return SUM_UNCHECKED;
	return checksum_end(checksum_add(0, slice(packet->ip.at, len))) ? SUM_BAD : SUM_GOOD;
}

/* Addresses, length and protocol, which TCP, UDP and ICMPv6 put in front (RFC 9293, 3.1; RFC 8200, 8.1). */
static uint64_t pseudo_sum(const struct packet *p)
{
	size_t len = p->l4.len, skip = p->family == 4 ? 12 : 0;
	const uint8_t behind[8] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
				    (uint8_t)len, [7] = p->proto };
	uint64_t sum = checksum_add(0, slice(behind, sizeof(behind)));

	sum = checksum_add(sum, slice(p->src.b + skip, 16 - skip));
	return checksum_add(sum, slice(p->dst.b + skip, 16 - skip));
}

enum packet_sum packet_l4_sum(const struct packet *packet)
{
	const uint8_t *at = packet->l4.at;
	uint64_t sum = 0;

	if (!packet->l4.len)
		return SUM_UNCHECKED;
	if (packet->proto == IPPROTO_UDP && !at[6] && !at[7])
		return SUM_UNCHECKED;
	if (packet->proto == IPPROTO_TCP || packet->proto == IPPROTO_UDP ||
	    packet->proto == IPPROTO_ICMPV6)
		sum = pseudo_sum(packet);
	else if (packet->proto != IPPROTO_ICMP)
		return SUM_UNCHECKED;
	return checksum_end(checksum_add(sum, packet->l4)) ? SUM_BAD : SUM_GOOD;
}
