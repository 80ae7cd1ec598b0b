// SPDX-License-Identifier: Apache-2.0
/*
 * Steps to lines: cells for the directory, regions put one behind the other. The layout is told in
 * sekisho/list.h.
 * Called by policy/install/lists.c. Pure, linear.
 */
#include "lists/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lists/branch.h"
#include "lists/bucket.h"
#include "lists/directory.h"
#include "lists/steps.h"

static __always_inline const struct sek_list_line *list_line(const void *table, __u32 n)
{
	const struct list_table *t = table;

	return n < t->line_cnt ? &t->lines[n] : NULL;
}

#include "sekisho/listwalk.h"

static int cell_add(struct region *cells, uint32_t key, uint32_t value)
{
	struct cell *made = (struct cell *)cells->bytes, *cell;

	if (cells->cnt && made[cells->cnt - 1].key == key) {
		made[cells->cnt - 1].value = value;
		return 0;
	}
	cell = region_add(cells, 1);
	if (!cell)
		return -ENOMEM;
	*cell = (struct cell){ key, value };
	return 0;
}

static int cells_of_v4(struct region *cells, const struct list_steps *steps)
{
	int err = cell_add(cells, 0, 0);

	for (size_t i = 0; i < steps->cnt && !err; i++) {
		/* The step behind 255.255.255.255 is not an IPv4 address any more. */
		if (steps->steps[i].lo >> 32 == 0xffff)
			err = cell_add(cells, steps->steps[i].lo, steps->steps[i].set);
	}
	return err;
}

/* Steps [from, to) begin inside the /32 top, the first maybe at its very beginning. */
static int cell_of_v6(struct regions *regions, struct region *cells, const struct list_step *from,
		      const struct list_step *to, uint32_t before)
{
	uint32_t top = from->hi >> 32, cell;
	int err;

	if (!(uint32_t)from->hi && !from->lo)
		before = from++->set;
	if (from == to)
		return cell_add(cells, top, before);
	err = branch_make(regions, top, from, to, before, &cell);
	if (!err)
		err = cell_add(cells, top, cell);
	if (!err && top != UINT32_MAX)
		err = cell_add(cells, top + 1, to[-1].set);
	return err;
}

static int cells_of_v6(struct regions *regions, struct region *cells, const struct list_steps *steps)
{
	const struct list_step *end = steps->steps + steps->cnt;
	uint32_t before = 0;
	int err = cell_add(cells, 0, 0);

	for (const struct list_step *from = steps->steps, *to; from < end && !err; from = to) {
		to = from + 1;
		while (to < end && to->hi >> 32 == from->hi >> 32)
			to++;
		err = cell_of_v6(regions, cells, from, to, before);
		before = to[-1].set;
	}
	return err;
}

static size_t lines_of(const struct region *region)
{
	return (region->cnt * region->unit + sizeof(struct sek_list_line) - 1) /
	       sizeof(struct sek_list_line);
}

/* Puts a region behind what is there; returns its first line. */
static uint32_t region_put(struct list_table *table, const struct region *region)
{
	uint32_t first = table->line_cnt;

	if (!region->cnt)
		return first;
	table->line_cnt += lines_of(region);
	memset(&table->lines[table->line_cnt - 1], 0, sizeof(*table->lines));
	memcpy(&table->lines[first], region->bytes, region->cnt * region->unit);
	return first;
}

static int table_assemble(const struct regions *regions, const struct list_numbers *numbers,
			  struct list_table *table)
{
	struct region masks = { .bytes = (uint8_t *)numbers->masks, .unit = 8, .cnt = numbers->cnt };
	size_t lines = 1 + lines_of(&regions->bucket) + lines_of(&regions->dir) +
		       lines_of(&regions->node) + lines_of(&regions->leaf) +
		       lines_of(&regions->value) + lines_of(&regions->entry) +
		       lines_of(&regions->branch) + lines_of(&masks);

	table->lines = aligned_alloc(sizeof(*table->lines), lines * sizeof(*table->lines));
	if (!table->lines)
		return -ENOMEM;
	memset(table->lines, 0, sizeof(*table->lines));
	table->line_cnt = 1; /* so that 0 is no region */
	table->family.bucket = region_put(table, &regions->bucket);
	table->family.dir = regions->dir.cnt ? region_put(table, &regions->dir) : 0;
	table->family.mask = region_put(table, &masks);
	table->family.node = region_put(table, &regions->node);
	table->family.leaf = region_put(table, &regions->leaf);
	table->family.value = region_put(table, &regions->value);
	table->family.entry = region_put(table, &regions->entry);
	table->family.branch = region_put(table, &regions->branch);
	return 0;
}

static int regions_make(const struct list_steps *steps, bool v4, struct regions *regions,
			struct sek_list_family *family)
{
	struct region cells = { .unit = sizeof(struct cell) };
	int err = 0;

	if (!steps->cnt)
		return 0;
	err = v4 ? cells_of_v4(&cells, steps) : cells_of_v6(regions, &cells, steps);
	if (!err && !v4)
		err = bucket_make(regions, (struct cell *)cells.bytes, &cells.cnt, family);
	if (!err)
		err = directory_make(regions, (struct cell *)cells.bytes, cells.cnt);
	free(cells.bytes);
	return err;
}

int list_table_build(const struct list_source *sources, size_t source_cnt, bool v4,
		     struct list_table **ret_table)
{
	struct list_table *table = calloc(1, sizeof(*table));
	struct list_numbers numbers = {};
	struct list_steps steps = {};
	struct regions regions;
	int err = table ? list_numbers_init(&numbers) : -ENOMEM;

	regions_init(&regions);
	if (!err)
		err = list_steps_make(sources, source_cnt, v4, &numbers, &steps);
	if (!err)
		err = regions_make(&steps, v4, &regions, &table->family);
	if (!err) {
		table->v4 = v4;
		table->prefix_cnt = steps.prefix_cnt;
		table->range_cnt = steps.cnt;
		table->set_cnt = numbers.cnt;
		if (v4)
			table->dir = region_take(&regions.dir);
		err = table_assemble(&regions, &numbers, table);
	}
	free(steps.steps);
	regions_free(&regions);
	list_numbers_free(&numbers);
	if (err)
		list_table_free(table);
	else
		*ret_table = table;
	return err;
}

void list_table_free(struct list_table *table)
{
	if (!table)
		return;
	free(table->lines);
	free(table->dir);
	free(table);
}

uint64_t list_table_find(const struct list_table *table, const struct sek_addr *addr)
{
	bool v4 = list_is_v4(addr);

	if (v4 != table->v4)
		return 0;
	if (!v4)
		return list_find6(table, &table->family, addr);
	return table->dir ? list_find4(table, &table->family, table->dir, addr) : 0;
}
