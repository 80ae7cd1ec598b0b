/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a parser's run kept of frames, to be asked for one by one.
 */
#ifndef TESTS_UNIT_FRAMEKEPT_H
#define TESTS_UNIT_FRAMEKEPT_H

#include "protorun.h"

/* Number i of the frames that are not all of their side's message ("pdu"), or of these alone. NULL: none. */
static inline const struct frame *frame_at(const struct protorun *run, bool pdus, size_t i)
{
	for (const struct frame *frame = run->flow.session.frames; frame; frame = frame->next) {
		bool is_pdu = strcmp(protos[frame->proto]->frames[frame->type], "pdu") == 0;

		if (is_pdu == pdus && i-- == 0)
			return frame;
	}
	return NULL;
}

/* Frame is whole, of that type, and these bytes from there on in its stream or datagram. */
static inline void frame_is(const struct frame *frame, const char *type, uint64_t from,
			    struct slice bytes)
{
	assert_non_null(frame);
	assert_string_equal(protos[frame->proto]->frames[frame->type], type);
	assert_int_equal(frame->from, from);
	assert_true(frame_is_whole(frame));
	assert_int_equal(frame->have, bytes.len);
	if (bytes.len)
		assert_memory_equal(frame->bytes, bytes.at, bytes.len);
}

#endif
