/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an archive, with a few passwords: no more comes out than the limits say. Members go again
 * through the same as the sandboxed scanner does it, nested ones too.
 */
#include <stdlib.h>

#include "scan/unpack.h"

#define MEMBERS 16
#define TOTAL (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint32_t members;
	uint64_t total;
};

static void member(void *arg, struct slice path, struct slice bytes, bool cut)
{
	struct seen *seen = arg;

	if (!memchr(path.at, '!', path.len))
		abort();
	seen->members++;
	seen->total += bytes.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct unpack_limits limits = { .depth = 3,
					      .members = MEMBERS,
					      .member_size = TOTAL / 4,
					      .total_size = TOTAL,
					      .ratio = 50 };
	struct seen seen = { 0 };
	const struct unpack_sink sink = { &seen, member };

	unpack(slice(data, size), slice_text("a.zip"), &limits, slice("infected\0two", 13), &sink);
	if (seen.members > MEMBERS || seen.total > TOTAL + 65536)
		abort();
	return 0;
}
