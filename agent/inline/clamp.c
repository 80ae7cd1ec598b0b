// SPDX-License-Identifier: Apache-2.0
/*
 * Changes one option of a segment, and its sum by the difference (RFC 1624), so that a wrong sum stays so.
 * Called by worker.c for each frame that leaves.
 */
#include "inline/clamp.h"

#include "inline/segment.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_SIZE 2
#define OPTION_SIZE_LEN 4
#define SUM_AT 16
#define FLAGS_AT 13

/* Words of the sum begin at even bytes of the header; across two, bytes count turned (RFC 1071, 2 (B)). */
static uint16_t as_summed(const uint8_t *tcp, const uint8_t *at, uint16_t value)
{
	return (at - tcp) & 1 ? (uint16_t)(value >> 8 | value << 8) : value;
}

static void size_put(uint8_t *tcp, uint8_t *at, uint16_t size)
{
	uint32_t sum = (uint16_t)~segment_get16(tcp + SUM_AT);

	sum += (uint16_t)~as_summed(tcp, at, segment_get16(at));
	sum += as_summed(tcp, at, size);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	segment_put16(tcp + SUM_AT, (uint16_t)~sum);
	segment_put16(at, size);
}

void clamp_segment_size(uint8_t *frame, uint32_t len)
{
	struct segment_cut cut;
	uint32_t at = 20;
	uint8_t *tcp;

	if (!segment_cut(frame, len, &cut) || !(cut.tcp[FLAGS_AT] & SEGMENT_SYN))
		return;
	tcp = frame + (cut.tcp - frame);
	while (at + OPTION_SIZE_LEN <= cut.tcp_len && tcp[at] != OPTION_END) {
		if (tcp[at] == OPTION_SIZE && tcp[at + 1] == OPTION_SIZE_LEN &&
		    segment_get16(tcp + at + 2) > SEK_HANDOFF_SEGMENT_MAX)
			size_put(tcp, tcp + at + 2, SEK_HANDOFF_SEGMENT_MAX);
		if (tcp[at] != OPTION_NOP && tcp[at + 1] < 2)
			return;
		at += tcp[at] == OPTION_NOP ? 1 : tcp[at + 1];
	}
}
