// SPDX-License-Identifier: Apache-2.0
/*
 * How much is drawn by lot, or tried in a row. Called by tests that do so. An emulated machine, which guest.sh
 * speaks for, draws a part: what kernels differ in shows in few; the many are for the machine itself.
 */
#include "bpf/lot.h"

#include <stdlib.h>

size_t lot_cnt(size_t cnt)
{
	const char *text = getenv("TEST_LOT_PART");
	unsigned long part = text ? strtoul(text, NULL, 10) : 1;

	return part > 1 ? cnt / part : cnt;
}
