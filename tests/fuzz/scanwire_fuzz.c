/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a scanner says that was taken over, and as a reply of clamd: what is told lies within the
 * bytes and the bounds, and names are texts.
 */
#include <stdlib.h>

#include "scan/clamd.h"
#include "scan/findings.h"
#include "scan/wire.h"

#define MOST 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct slice part, struct slice whole)
{
	return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings = { .hits = NULL };
	struct slice rest = slice(data, size);
	char name[CLAMD_NAME_MAX];

	if (clamd_reply_read(rest, name) == CLAMD_FOUND && !name[0])
		abort();
	for (;;) {
		struct wire_message m;
		int64_t took = wire_take(rest, MOST, &m);

		if (took <= 0)
			break;
		if ((size_t)took > rest.len || !is_within(m.name, rest) ||
		    !is_within(m.rest, rest) || m.rest.len > MOST)
			abort();
		if (m.head.kind == WIRE_MATCH)
			findings_add(&findings, SCAN_YARA, m.head.stops, m.name, m.rest);
		rest = slice_behind(rest, (size_t)took);
	}
	for (uint32_t i = 0; i < findings.hit_cnt; i++)
		for (const char *c = findings.hits[i].name; *c; c++)
			if (*c <= 0x20 || *c >= 0x7f)
				abort();
	findings_free(&findings);
	return 0;
}
