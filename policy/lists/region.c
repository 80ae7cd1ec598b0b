// SPDX-License-Identifier: Apache-2.0
/*
 * Regions of a table that grow. Called by table.c, directory.c and branch.c. Pure.
 */
#include "lists/region.h"

#include <stdlib.h>
#include <string.h>

void *region_add(struct region *region, size_t cnt)
{
	uint8_t *unit;

	if (region->cap - region->cnt < cnt) {
		size_t cap = 2 * region->cap + cnt + 1024;
		uint8_t *bytes = reallocarray(region->bytes, cap, region->unit);

		if (!bytes)
			return NULL;
		region->bytes = bytes;
		region->cap = cap;
	}
	unit = region->bytes + region->cnt * region->unit;
	region->cnt += cnt;
	return memset(unit, 0, cnt * region->unit);
}

void regions_init(struct regions *regions)
{
	*regions = (struct regions){
		.dir = { .unit = 16 },
		.node = { .unit = 8 },
		.leaf = { .unit = 64 },
		.value = { .unit = 4 },
		.entry = { .unit = 16 },
		.branch = { .unit = 64 },
	};
}

void regions_free(struct regions *regions)
{
	free(regions->dir.bytes);
	free(regions->node.bytes);
	free(regions->leaf.bytes);
	free(regions->value.bytes);
	free(regions->entry.bytes);
	free(regions->branch.bytes);
	regions_init(regions);
}
