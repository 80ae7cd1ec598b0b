// SPDX-License-Identifier: Apache-2.0
/* A frame that a rule rejects: what its ends are told is a whole frame each, or there is none. */
#include <stdlib.h>

#include "inline/reset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sek_note there = { .first_ns = 1, .number = 5 },
			      back = { .first_ns = 1, .number = 5, .dir = 1 };
	static struct resets *resets;
	struct reset_frame told[2];
	size_t cnt;

	if (!resets)
		resets = resets_new();
	if (!resets)
		abort();
	resets_keep(resets, &back, data, (uint32_t)size);
	cnt = resets_make(resets, &there, data, (uint32_t)size, told);
	for (size_t i = 0; i < cnt; i++)
		if (told[i].len < 14 + 20 + 20 || told[i].len > RESET_FRAME_MAX)
			abort();
	return 0;
}
