/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct lists, for the files that make it up: lists.c (lock and turn), listtable.c
 * (tables), listload.c (whole contents), listchange.c (single entries), listshow.c. lists.h is what
 * others see.
 *
 * Lock and turn are those of install/turn.h. A change by hand while a table is made goes into the live
 * overlay and is remembered, so that the new table's overlay has it too.
 */
#ifndef POLICY_INSTALL_LISTINSIDE_H
#define POLICY_INSTALL_LISTINSIDE_H

#include "install/listcontent.h"
#include "install/listmap.h"
#include "install/lists.h"
#include "install/turn.h"

/* A change by hand while a table was being made. */
struct pending {
	enum pending_kind { PENDING_ADD, PENDING_DELETE, PENDING_EXPIRE } kind;
	uint16_t list; /* number of the list that it was made in, in lists.content */
	struct list_entry entry;
	char *reason;
};

struct family_counts {
	size_t prefix_cnt, set_cnt, range_cnt;
};

/* A table that is in the kernel and not in force yet, with what it was made from. */
struct staged {
	struct list_content *next[SEK_LISTS_MAX]; /* owned where they are not the present ones */
	bool made[2]; /* else the family goes on with its table */
	struct family_counts family[2];
};

struct lists {
	struct turn turn;
	struct staged staged;
	struct lists_kernel kernel;
	char *state_dir;
	bool loaded;
	bool forgotten; /* the next load is from the disk */
	struct list_content *content[SEK_LISTS_MAX]; /* by id; written by whose turn it is, under lock */
	struct overlay overlay; /* of the live head */
	struct listmap map;
	struct pending *pending;
	size_t pending_cnt, pending_cap;
	struct family_counts family[2]; /* of the live tables: IPv4, IPv6 */
};

/* The list of this name, or NULL. lock is held, or it is the caller's turn. */
struct list_content *lists_content(const struct lists *lists, const char *name);

/* A copy of len bytes, never NULL but for want of memory. */
void *lists_bytes_copy(const void *from, size_t len);

/* Ends what lists_forget() began. */
void lists_known(struct lists *lists);

/* Tells whoever must know that contents changed. */
void lists_changed(const struct lists *lists);

/* Gives the turn; but for TURN_BUILDING, changes by hand are no longer remembered. lock is held. */
void lists_turn(struct lists *lists, enum turn_state state);

/*
 * Around everything that makes a table: waits for its turn, clears up behind a policy that has become
 * live; from here on changes by hand are remembered.
 */
void lists_build_begin(struct lists *lists);
/* The same without waiting for another's turn; false: it is noted that a whole table is due after it. */
bool lists_build_try(struct lists *lists);
void lists_build_end(struct lists *lists);
/* Nobody asks the former head any more, nor one that was made for a policy that did not come. */
void lists_left_clear(struct lists *lists);

/*
 * Makes the tables of next[] and puts them in force; objects in next[] that are not the present ones
 * are taken over on success and remain the caller's on failure. A family in which nothing differs
 * keeps its table, unless `whole`. Between lists_build_begin() and _end().
 */
int lists_table_make(struct lists *lists, struct list_content *const next[SEK_LISTS_MAX], bool whole);

/*
 * The same, but nothing is in force before lists_commit(), next[] is lists->staged.next, and what is
 * the caller's on failure are only contents. Then lists_table_offer() gives the turn away.
 */
int lists_table_stage(struct lists *lists, bool whole);
void lists_table_offer(struct lists *lists, uint32_t generation);

/*
 * A table of what is in force now; begins and ends the build itself. Never waits, for the thread that
 * commits policies comes here too: while another table is being made, which takes changes by hand in, this
 * one is only noted, and lists_expire() makes it if it still is due.
 */
int lists_table_renew(struct lists *lists);

/* Words for a table that could not be made; returns err. */
int lists_table_failed(int err, struct diag *diag);

#endif
