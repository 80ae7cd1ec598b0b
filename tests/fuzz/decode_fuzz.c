// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as frames of any link type: the first two bytes say which, then each frame has its length in two
 * bytes. Slices of packets must lie in what was given.
 */
#include <stdlib.h>
#include <string.h>

#include "inspect/decode.h"
#include "inspect/defrag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void slice_touch(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		(void)*(const volatile uint8_t *)&s.at[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder decoder;
	struct decode_settings settings;
	struct hostos *hostos = NULL;
	uint64_t number = 0;
	uint16_t link;

	if (size < 2)
		return 0;
	memcpy(&link, data, sizeof(link));
	data += 2;
	size -= 2;
	decode_settings_read(NULL, &settings);
	decoder.settings = &settings;
	if (hostos_new(NULL, &hostos) || defrag_new(NULL, hostos, &decoder.defrag))
		abort();
	while (size >= 2) {
		size_t len = (size_t)data[0] << 8 | data[1];
		uint8_t *bytes;
		struct capture_packet frame;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		bytes = malloc(len + 1); /* its own: what is read behind it is seen */
		if (!bytes)
			abort();
		memcpy(bytes, data, len);
		number++;
		frame = (struct capture_packet){ .number = number,
						 .time_ns = number * 1000000,
						 .bytes = bytes,
						 .len = (uint32_t)len,
						 .link = link };
		for (unsigned int i = 0, cnt = decode_frame(&decoder, &frame); i < cnt; i++) {
			slice_touch(decoder.packets[i].ip);
			slice_touch(decoder.packets[i].l4);
			slice_touch(decoder.packets[i].payload);
		}
		free(bytes);
		data += len;
		size -= len;
	}
	defrag_free(decoder.defrag);
	hostos_free(hostos);
	return 0;
}
