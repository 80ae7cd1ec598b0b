/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct lists, for the files that make it up: lists.c (locks, tables), listload.c
 * (whole contents), listchange.c (single entries), listshow.c. lists.h is what others see.
 *
 * Two locks: `building` is held by whoever makes a table (one at a time, long), `lock` around
 * everything that looks at contents (short). A change by hand while a table is being made goes into
 * the live overlay and is remembered, so that the new table's overlay has it too.
 */
#ifndef POLICY_INSTALL_LISTINSIDE_H
#define POLICY_INSTALL_LISTINSIDE_H

#include <pthread.h>

#include "install/listcontent.h"
#include "install/listmap.h"
#include "install/lists.h"

/* A change by hand while a table was being made. */
struct pending {
	enum pending_kind { PENDING_ADD, PENDING_DELETE, PENDING_EXPIRE } kind;
	uint16_t list;
	struct list_entry entry;
	char *reason;
};

struct lists {
	pthread_mutex_t building, lock;
	struct lists_kernel kernel;
	char *state_dir;
	bool loaded;
	bool forgotten; /* the next load is from the disk */
	struct list_content *content[SEK_LISTS_MAX]; /* by id; written with both locks held */
	struct overlay overlay; /* of the live head */
	struct listmap map;
	struct pending *pending;
	size_t pending_cnt, pending_cap;
	bool recording; /* a table is being made */
	struct {
		size_t prefix_cnt, set_cnt, range_cnt;
	} family[2]; /* of the live tables: IPv4, IPv6 */
};

/* The list of this name, or NULL. lock or building is held. */
struct list_content *lists_content(const struct lists *lists, const char *name);

/* state_dir/NAME.SUFFIX; NULL when nothing is kept. The caller frees. */
char *lists_state_path(const struct lists *lists, const char *name, const char *suffix);

/* A copy of len bytes, never NULL but for want of memory. */
void *lists_bytes_copy(const void *from, size_t len);

/* Ends what lists_forget() began. */
void lists_known(struct lists *lists);

/* Tells whoever must know that contents changed. */
void lists_changed(const struct lists *lists);

/* Around everything that makes a table: from here on changes by hand are remembered. */
void lists_build_begin(struct lists *lists);
void lists_build_end(struct lists *lists);

/*
 * Makes the tables of next[] and puts them in force; objects in next[] that are not the present ones
 * are taken over on success and remain the caller's on failure. A family in which nothing differs
 * keeps its table, unless `whole`. Between lists_build_begin() and _end().
 */
int lists_table_make(struct lists *lists, struct list_content *const next[SEK_LISTS_MAX], bool whole);

/* A table of what is in force now; begins and ends the build itself. */
int lists_table_renew(struct lists *lists);

/* Words for a table that could not be made; returns err. */
int lists_table_failed(int err, struct diag *diag);

#endif
