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
#include "lists/directory.h"
#include "lists/slots.h"
#include "lists/steps.h"

static __always_inline const struct sek_list_line *list_line(const void *table, __u32 n)
{
	const struct list_table *t = table;

	return n < t->line_cnt ? &t->lines[n] : NULL;
}

#include "sekisho/listwalk.h"

static struct sek_list_family *table_family(const struct list_table *table)
{
	return &table->head->family[!table->v4];
}

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

/* Sets: the first of them into the head, what is more into a region. */
static struct region masks_put(const struct list_numbers *numbers, __u64 sets[SEK_LIST_SETS])
{
	size_t near = numbers->cnt < SEK_LIST_SETS ? numbers->cnt : SEK_LIST_SETS;

	memcpy(sets, numbers->masks, near * sizeof(*sets));
	return (struct region){ .bytes = (uint8_t *)(numbers->masks + near),
				.unit = sizeof(*sets),
				.cnt = numbers->cnt - near };
}

/* The directory: of IPv4 into the head, of IPv6 a region like others. */
static void dir_put(struct list_table *table, const struct region *dir, struct sek_list_family *family)
{
	if (!dir->cnt)
		return;
	if (table->v4)
		memcpy(table->head->dir, dir->bytes, sizeof(table->head->dir));
	else
		family->dir = region_put(table, dir);
}

static int table_assemble(const struct regions *regions, const struct list_numbers *numbers,
			  struct list_table *table)
{
	struct sek_list_family *family = table_family(table);
	struct region masks = masks_put(numbers, table->head->set[!table->v4]);
	size_t lines = 1 + lines_of(&regions->dir) + lines_of(&regions->node) +
		       lines_of(&regions->leaf) + lines_of(&regions->value) +
		       lines_of(&regions->entry) + lines_of(&regions->branch) + lines_of(&masks);

	table->lines = aligned_alloc(sizeof(*table->lines), lines * sizeof(*table->lines));
	if (!table->lines)
		return -ENOMEM;
	memset(table->lines, 0, sizeof(*table->lines));
	table->line_cnt = 1; /* so that 0 is no region */
	dir_put(table, &regions->dir, family);
	family->mask = region_put(table, &masks);
	family->node = region_put(table, &regions->node);
	family->leaf = region_put(table, &regions->leaf);
	family->value = region_put(table, &regions->value);
	family->entry = region_put(table, &regions->entry);
	family->branch = region_put(table, &regions->branch);
	return 0;
}

static int regions_make(const struct list_steps *steps, struct list_table *table,
			struct regions *regions)
{
	struct region cells = { .unit = sizeof(struct cell) };
	int err = 0;

	if (!steps->cnt)
		return 0;
	err = table->v4 ? cells_of_v4(&cells, steps) : cells_of_v6(regions, &cells, steps);
	if (!err && !table->v4)
		err = slots_make((struct cell *)cells.bytes, &cells.cnt, table_family(table),
				 &table->head->top);
	if (!err)
		err = directory_make(regions, (struct cell *)cells.bytes, cells.cnt);
	free(cells.bytes);
	return err;
}

static struct list_table *table_new(bool v4)
{
	struct list_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->v4 = v4;
	table->head = calloc(1, sizeof(*table->head));
	if (table->head)
		return table;
	free(table);
	return NULL;
}

int list_table_build(const struct list_source *sources, size_t source_cnt, bool v4,
		     struct list_table **ret_table)
{
	struct list_table *table = table_new(v4);
	struct list_numbers numbers = {};
	struct list_steps steps = {};
	struct regions regions;
	int err = table ? list_numbers_init(&numbers) : -ENOMEM;

	regions_init(&regions);
	if (!err)
		err = list_steps_make(sources, source_cnt, v4, &numbers, &steps);
	if (!err)
		err = regions_make(&steps, table, &regions);
	if (!err) {
		table->prefix_cnt = steps.prefix_cnt;
		table->range_cnt = steps.cnt;
		table->set_cnt = numbers.cnt;
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
	free(table->head);
	free(table);
}

uint64_t list_table_find(const struct list_table *table, const struct sek_addr *addr)
{
	bool v4 = list_is_v4(addr);

	if (v4 != table->v4)
		return 0;
	return v4 ? list_find4(table, table->head, addr) : list_find6(table, table->head, addr);
}
