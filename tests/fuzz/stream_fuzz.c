// SPDX-License-Identifier: Apache-2.0
/*
 * Any segments of one side: eight bytes each say where, how much, and what is read in between. Memory is
 * given back to the last byte, and what was read never changes.
 */
#include <stdlib.h>
#include <string.h>

#include "inspect/flow.h"
#include "inspect/stream.h"

#define READ_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t read[READ_MAX];
	struct stream_settings settings = { .chunk = { 64, 64 } };
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { .os = size ? data[0] % (OS_LAST + 1) : 0, .no_raw = true };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	tcp_stream_begin(&stream, UINT32_MAX - 100);
	for (; size >= 8; data += 8, size -= 8) {
		uint32_t at = (uint32_t)data[0] << 8 | data[1];
		uint8_t bytes[256];
		struct slice now;

		memset(bytes, data[3], sizeof(bytes));
		tcp_stream_insert(&stream, &settings, &memory, UINT32_MAX - 99 + at,
				  slice(bytes, data[2]), &overlap);
		stream.last_ack = UINT32_MAX - 99 + ((uint32_t)data[4] << 8 | data[5]);
		if (data[6] & 1)
			tcp_stream_skip_gap(&stream, &memory, data[6] & 2);
		now = tcp_stream_app(&stream, data[6] & 4);
		if (now.len && stream.app + now.len <= READ_MAX)
			memcpy(read + stream.app, now.at, now.len);
		if (data[6] & 8)
			tcp_stream_app_took(&stream, now.len);
		if (stream.app > stream.base && stream.app <= READ_MAX && !stream.has_gap &&
		    memcmp(read + stream.base, stream.bytes, stream.app - stream.base) != 0)
			abort();
		if (data[6] & 16)
			tcp_stream_trim(&stream, &settings, &memory, FROM_CLIENT);
		if (stream.app < stream.base || stream.app > stream.end)
			abort();
	}
	tcp_stream_end(&stream, &memory);
	if (memory.used)
		abort();
	return 0;
}
