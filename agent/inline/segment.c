// SPDX-License-Identifier: Apache-2.0
/*
 * Reads headers of a frame that the kernel has already judged. Called by reset.c and clamp.c; promises that
 * nothing is read behind a frame's end.
 */
#include "inline/segment.h"

#define ETHERNET 14
#define TAG 4
#define TYPE_V4 0x0800
#define TYPE_V6 0x86dd
#define TYPE_TAG 0x8100
#define TYPE_TAG_OUTER 0x88a8
#define IP_TCP 6
#define V4_PIECE 0x3fff /* more to come, or not the first */

uint32_t segment_link_len(const uint8_t *frame, uint32_t len)
{
	uint32_t at = ETHERNET;

	while (at <= SEGMENT_LINK_MAX && at <= len) {
		uint16_t type = segment_get16(frame + at - 2);

		if (type != TYPE_TAG && type != TYPE_TAG_OUTER)
			return at;
		at += TAG;
	}
	return 0;
}

bool segment_cut(const uint8_t *frame, uint32_t len, struct segment_cut *ret)
{
	struct segment_cut cut = { .link_len = segment_link_len(frame, len) };
	uint32_t ip_len, total, left;

	left = len - cut.link_len;
	if (!cut.link_len || left < 20)
		return false;
	cut.ip = frame + cut.link_len;
	cut.v6 = segment_get16(cut.ip - 2) == TYPE_V6;
	if (!cut.v6 && segment_get16(cut.ip - 2) != TYPE_V4)
		return false;
	ip_len = cut.v6 ? 40 : (cut.ip[0] & 15u) * 4;
	if (ip_len < 20 || left < ip_len + 20 || cut.ip[cut.v6 ? 6 : 9] != IP_TCP)
		return false;
	if (!cut.v6 && segment_get16(cut.ip + 6) & V4_PIECE)
		return false;
	total = cut.v6 ? segment_get16(cut.ip + 4) + ip_len : segment_get16(cut.ip + 2);
	cut.tcp = cut.ip + ip_len;
	cut.tcp_len = (cut.tcp[12] >> 4) * 4u;
	if (total > left || cut.tcp_len < 20 || total < ip_len + cut.tcp_len)
		return false;
	cut.payload_len = total - ip_len - cut.tcp_len;
	*ret = cut;
	return true;
}
