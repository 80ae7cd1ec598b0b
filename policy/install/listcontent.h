/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list as it is in force: what was published, and what was changed by hand on top.
 * Used by policy/install/lists.c under its lock.
 */
#ifndef POLICY_INSTALL_LISTCONTENT_H
#define POLICY_INSTALL_LISTCONTENT_H

#include <time.h>

#include "install/hand.h"
#include "install/overlay.h"
#include "lists/table.h"

struct list_content {
	uint16_t id;
	bool allow;
	char *name, *title, *category, *source, *format; /* all but name may be NULL */
	struct list_set published;
	uint8_t *deleted; /* one byte for each published entry: taken out by hand */
	size_t deleted_cnt;
	struct hand hand;
	int64_t stamp_ns; /* of the source file when it was read; 0: there was none */
	int64_t loaded; /* seconds since 1970; 0: never */
	bool fresh; /* published is not in NAME.list yet */
	bool accepting; /* its next content takes its place whatever it is */
};

/* An empty list as the policy describes it; NULL when there is no memory. */
struct list_content *list_content_new(const struct model_list *model);
void list_content_free(struct list_content *content);

/* The one of this name, or NULL. */
struct list_content *list_content_named(struct list_content *const contents[SEK_LISTS_MAX],
					const char *name);

/* Which published entries are taken out, by hand.removed. 0 or -ENOMEM. */
int list_content_mark(struct list_content *content);

size_t list_content_cnt(const struct list_content *content);

/* Sets ret_has[0] where it has IPv4 entries, [1] where IPv6; taken out ones count. May be NULL. */
void list_content_families(const struct list_content *content, bool ret_has[2]);

struct overlay_list list_content_view(const struct list_content *content);

/* What a table is made from: published, added by hand. Entries and skip are the content's own. */
void list_content_sources(const struct list_content *content, struct list_source ret_sources[2]);

/*
 * One change by hand, carried out in memory. *ret_mark tells what to note. 0; -EEXIST: it is there
 * for ever already; -ENOENT: nothing to delete; -ENOMEM.
 */
int list_content_add(struct list_content *content, const struct list_entry *entry,
		     const char *reason, enum hand_mark *ret_mark);
int list_content_delete(struct list_content *content, const struct prefix *prefix,
			const char *reason, enum hand_mark *ret_mark);

/* One prefix a line, what read_plain() reads, below a line that names the source. For file_replace(). */
#define LIST_KEPT_OF "# last good content of "
int list_content_write(FILE *out, const void *content);

#endif
