/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address lists: published formats to entries, entries to the look-up structure, pure.
 * Installing them is policy/install/lists.c; the kernel's look-up is bpf/stage/list.h.
 */
#ifndef POLICY_LISTS_LISTS_H
#define POLICY_LISTS_LISTS_H

#include <stdint.h>

#include "model/model.h"
#include "text/diag.h"

#define LIST_REPLACE_BYTES_MAX (64u << 20) /* of a text that takes a list's place */

struct list_entry {
	struct prefix prefix;
	int64_t expires; /* seconds since 1970; 0: never */
};

/* The entries of one list, sorted and without duplicates. */
struct list_set {
	struct list_entry *entries;
	size_t cnt;
	size_t duplicate_cnt, fixed_cnt /* host bits cleared */,
		skipped_cnt /* names, not addresses */, bad_cnt;
};

/*
 * Reads a list as published. format NULL: guessed from the first lines. Bad lines are reported in
 * diag as warnings with their line (the first 20, then a count); they do not end the reading.
 * Returns 0 or -errno (no such file, no such format, nothing readable in it).
 */
int list_read(const char *path, const char *format, struct list_set *ret_set, struct diag *diag);
int list_parse(const char *text, size_t len, const char *name, const char *format,
	       struct list_set *ret_set, struct diag *diag);
void list_set_free(struct list_set *set);

/*
 * May `after` replace `before`? Refuses what is empty, or suddenly less than half, with words in
 * diag; before NULL or empty: anything but empty goes.
 */
int list_may_replace(const struct list_set *before, const struct list_set *after, const char *name,
		     struct diag *diag);

#endif
