/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed in the lists since the table was built, as entries of sek_list_over. For every
 * address whose longest match is an entry, the entry says the truth about the lists it cares for.
 * Kept by policy/install/lists.c; pure, but for overlay_write().
 */
#ifndef POLICY_INSTALL_OVERLAY_H
#define POLICY_INSTALL_OVERLAY_H

#include "lists/set.h"
#include "sekisho/list.h"

struct overlay_entry {
	struct prefix prefix;
	struct sek_list_over over;
	bool dirty; /* not in the kernel yet */
};

struct overlay {
	struct overlay_entry *entries; /* sorted like list entries */
	size_t cnt, cap;
};

/* One list as it is now: what was published, less what was deleted, and what was added by hand. */
struct overlay_list {
	uint16_t list;
	const struct list_entry *published;
	const uint8_t *deleted;
	size_t published_cnt;
	const struct list_entry *added;
	size_t added_cnt;
};

/* Whether the list holds all of prefix by one entry. */
bool overlay_list_holds(const struct overlay_list *list, const struct prefix *prefix);

/*
 * Makes the overlay right again after `prefix` was added to or deleted from the list, which is
 * already as it shall be. 0; -ENOMEM; -E2BIG: too much for an overlay, build a table.
 */
int overlay_change(struct overlay *overlay, const struct overlay_list *list,
		   const struct prefix *prefix);

/*
 * Writes what is dirty, the innermost first, so that no address is told wrong in between. head is
 * the head that the overlay belongs to. Returns 0 or -errno.
 */
int overlay_write(struct overlay *overlay, int map_fd, struct sek_list_head *head);

void overlay_free(struct overlay *overlay);

#endif
