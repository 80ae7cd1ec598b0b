/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of entries to the table that the kernel searches (sekisho/list.h), pure and linear.
 * Made by policy/install/lists.c; list_table_find() is the kernel's look-up in user space.
 */
#ifndef POLICY_LISTS_TABLE_H
#define POLICY_LISTS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lists/lists.h"
#include "sekisho/list.h"

/* One sorted run of entries of one list; entries that skip() says yes to are left out. */
struct list_source {
	const struct list_entry *entries;
	const uint8_t *skip; /* one byte an entry, 1: not any more; NULL: all are in */
	size_t cnt;
	uint16_t list; /* 0..63 */
};

/* All lists of one family. */
struct list_table {
	struct sek_list_line *lines; /* what goes into the chunks, line by line; owned */
	size_t line_cnt;
	/*
	 * What goes into the head, with its regions counted from lines[0], and no chunks yet; owned. Only
	 * this family's part is filled.
	 */
	struct sek_list_head *head;
	bool v4;
	size_t prefix_cnt; /* entries that went in */
	size_t set_cnt; /* different sets of lists, the empty one included */
	size_t range_cnt; /* where the set changes */
};

/*
 * Builds the IPv4 or the IPv6 table over all sources, of which entries of the other family are left
 * out. Returns 0; -E2BIG when it needs more numbers than the table has; -ENOMEM. The caller frees with
 * list_table_free().
 */
int list_table_build(const struct list_source *sources, size_t source_cnt, bool v4,
		     struct list_table **ret_table);
void list_table_free(struct list_table *table);

/* The lists that hold addr, one bit each; none for an address of the other family. */
uint64_t list_table_find(const struct list_table *table, const struct sek_addr *addr);

#endif
