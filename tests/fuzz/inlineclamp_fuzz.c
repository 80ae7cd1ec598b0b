// SPDX-License-Identifier: Apache-2.0
/* Any frame: of a SYN no size is left that a worker could not take, and nothing else changes but its sum. */
#include <stdlib.h>
#include <string.h>

#include "inline/clamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *frame = malloc(size + 1);
	size_t changed = 0;

	if (!frame)
		abort();
	memcpy(frame, data, size);
	clamp_segment_size(frame, (uint32_t)size);
	for (size_t i = 0; i < size; i++)
		changed += frame[i] != data[i];
	if (changed > 2 + 2 * 10) /* a header has room for ten of the option */
		abort();
	free(frame);
	return 0;
}
