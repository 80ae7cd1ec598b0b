/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct names, for the files that make it up: names.c (lock and turn), nametable.c (tables
 * and their overlays), nameload.c (whole contents), namechange.c (single entries), nameover.c
 * (overrides), nameshow.c. names.h is what others see.
 *
 * `lock` is held around everything that looks at contents (short); who makes a table has the turn (one at
 * a time, long; of no thread, since a table may wait for its policy). A change by hand meanwhile goes into
 * the live overlay and is remembered, so that the new table's overlay has it too.
 */
#ifndef POLICY_INSTALL_NAMESINSIDE_H
#define POLICY_INSTALL_NAMESINSIDE_H

#include <pthread.h>

#include "install/namecontent.h"
#include "install/names.h"

/* A change by hand while a table was being made. */
struct name_pending {
	char *list; /* name of it */
	enum name_pending_kind { NAME_PENDING_ADD, NAME_PENDING_DELETE, NAME_PENDING_EXPIRE } kind;
	struct name_change change; /* with a reason of its own */
};

/* A name that has changed since the table was made, in these lists. */
struct name_changed {
	struct name_key key;
	uint64_t care;
};

struct name_changed_set {
	struct name_changed *names;
	size_t cnt, cap;
};

/* An override as it is kept: strings are owned, never NULL. */
struct name_ruling {
	int64_t id, made, until;
	char *tenant, *reason, *asked_by, *allowed_by;
	struct name_key key;
	bool allow;
};

/* Who has which number under a policy. */
struct name_tenants {
	char *names[SEK_TENANTS_MAX]; /* by id; NULL: nobody */
};

/* A table that is in the kernel and not in force yet, with what it was made from. */
struct name_staged {
	struct name_content *next[SEK_NAME_LISTS_MAX]; /* owned where they are not the present ones */
	struct name_tenants tenants;
	struct name_changed_set changed; /* since it was made: of its overlay */
	bool made; /* else the live table goes on: its lists are the same */
	size_t name_cnt, entry_cnt;
};

enum name_turn { NAME_TURN_FREE, NAME_TURN_BUILDING, NAME_TURN_STAGED, NAME_TURN_LEFT };

struct names {
	pthread_mutex_t lock;
	pthread_cond_t turned; /* `turn` is another one */
	enum name_turn turn;
	bool renew; /* a whole table is due: the overlay has not all changes by hand */
	bool recording; /* a table is being made */
	bool loaded;
	bool forgotten; /* the next load is from the disk */
	void (*changed_call)(void *arg); /* told of changes; may be NULL */
	void *changed_arg;
	char *state_dir;
	struct name_content *content[SEK_NAME_LISTS_MAX]; /* by id; written by whose turn it is, under lock */
	struct name_tenants tenants;
	struct name_changed_set changed; /* in the overlay of the live head, beside the overrides */
	struct name_ruling *rulings;
	size_t ruling_cnt;
	struct namemap map;
	struct name_staged staged;
	struct name_pending *pending;
	size_t pending_cnt;
	size_t name_cnt,
		entry_cnt; /* of the live table, by what this process has made; 0: not known */
};

/* state_dir/NAME.SUFFIX; NULL when nothing is kept. The caller frees. */
char *names_state_path(const struct names *names, const char *name, const char *suffix);

/* Tells whoever must know that contents changed. */
void names_changed(const struct names *names);

/* Gives the turn; but for NAME_TURN_BUILDING, changes by hand are no longer remembered. lock is held. */
void names_turn(struct names *names, enum name_turn turn);

/* Around everything that makes a table, as lists_build_begin() and the others. */
void names_build_begin(struct names *names);
bool names_build_try(struct names *names);
void names_build_end(struct names *names);

/* Remembers a change by hand if a table is being made. lock is held. */
int names_pending_add(struct names *names, const char *list, enum name_pending_kind kind,
		      const struct name_change *change);

/* Words for a table that could not be made; returns err. */
int names_table_failed(int err, struct diag *diag);

/*
 * Makes a table of names->staged.next, or finds that the live one is made of the same; nothing is in force
 * yet. On failure the contents are the caller's. Between names_build_begin() and _end().
 */
int names_table_stage(struct names *names, bool whole);
/* Puts what is staged in force, for whatever policy: the turn goes on. */
int names_table_swap(struct names *names);
/* The same with nothing new: a table of what is in force now. Never waits. */
int names_table_renew(struct names *names);

/* Takes tenants of a policy; on -ENOMEM some are missing. */
int name_tenants_take(struct name_tenants *tenants, const struct policy *policy);
int name_tenants_copy(struct name_tenants *to, const struct name_tenants *from);
void name_tenants_free(struct name_tenants *tenants);

/* A name has changed in these lists, or by an override (care 0): to the live overlay. lock is held. */
int names_overlay_change(struct names *names, const struct name_key *key, uint64_t care);

/* After a change, when the lock was given back: makes the table that an overlay is too small for. */
int names_change_settle(struct names *names, int err, struct diag *diag);

#define NAME_RULINGS_MAX (SEK_NAME_OVER_MAX / 4)

/* Ends overrides whose time is over. lock is held. */
size_t names_rulings_expire(struct names *names, int64_t now, int *ret_err);

#endif
