/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes and sorted sets of them: order, nesting, look-up. Used by all readers of lists, by
 * steps.c and by policy/install/lists.c.
 */
#ifndef POLICY_LISTS_SET_H
#define POLICY_LISTS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lists/lists.h"

/* Host byte order word (0: high, 1: low) of the bits that a prefix of this length leaves free. */
uint64_t prefix_rest(uint8_t len, int word);

/* By address alone, then outer before inner; 0: the same. The order of sets and tables. */
int prefix_order(const struct prefix *a, const struct prefix *b);

/* The prefix of this length around another; len at most prefix->len. */
struct prefix prefix_cut(const struct prefix *prefix, uint8_t len);

/* Index of the first entry that is not before prefix; cnt when all are. */
size_t entries_find(const struct list_entry *entries, size_t cnt, const struct prefix *prefix);

/* Where the IPv4 entries are: [*ret_from, *ret_to), in one row among sorted ones. */
void entries_v4(const struct list_entry *entries, size_t cnt, size_t *ret_from, size_t *ret_to);

/* Sorts and leaves one of each prefix, that which lives longest; counts the others. */
void list_set_sort(struct list_set *set);

/* Appends; -ENOMEM. *cap is the room of set->entries. */
int list_set_add(struct list_set *set, size_t *cap, const struct list_entry *entry);

#endif
