/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries in order. Used by set.c.
 */
#ifndef POLICY_LISTS_SORT_H
#define POLICY_LISTS_SORT_H

#include "lists/lists.h"

/* By prefix_order(); those of one prefix in any order. */
void entries_sort(struct list_entry *entries, size_t cnt);

#endif
