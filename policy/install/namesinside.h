/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct names, for the files that make it up: names.c (lock and turn), nametable.c (tables
 * and their overlays), nameread.c and namekept.c (one content, and its copy), nameload.c (those of a
 * policy), namereplace.c, namechange.c (single entries), nameover.c (overrides), nameshow.c. names.h is
 * what others see.
 *
 * Lock and turn are those of install/turn.h. A change by hand while a table is made goes into the live
 * overlay and is remembered, so that the new table's overlay has it too.
 */
#ifndef POLICY_INSTALL_NAMESINSIDE_H
#define POLICY_INSTALL_NAMESINSIDE_H

#include "install/namecontent.h"
#include "install/names.h"
#include "install/turn.h"

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

struct names {
	struct turn turn;
	bool loaded;
	bool forgotten; /* the next load is from the disk */
	void (*changed_call)(void *arg); /* told of changes; may be NULL */
	void *changed_arg;
	char *state_dir;
	struct name_content *content[SEK_NAME_LISTS_MAX]; /* by id; written by whose turn it is, under lock */
	uint64_t content_changes; /* counts them; read without the lock */
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

/* --- one list: nameread.c, namekept.c --- */

/* The copy of a list that there is on the disk. */
struct name_kept {
	char *text; /* owned; NULL: there is none */
	size_t len;
	char *format; /* owned; NULL: it was found out */
	int64_t stamp_ns; /* of the source that it is of; 0: not known */
	int64_t at; /* seconds since 1970 when it was written */
	bool stale; /* older than what was in force last */
};

/* The copy of a list, if it is of this source; else nothing. */
void name_kept_read(const char *state_dir, const char *name, const char *source,
		    struct name_kept *ret_kept);
void name_kept_free(struct name_kept *kept);

/* Writes what is fresh in the content. A failure costs the copy, not the list; it is told. 0 or -errno. */
int name_content_keep(struct name_content *content, const char *state_dir, struct diag *diag);

/* Reads the text into the content: it is what will be kept, and the content's from here on. 0 or -errno. */
int name_content_parse(struct name_content *content, char *text, size_t len, const char *name,
		       const char *format, struct diag *diag);

/* Reads one list of the policy; former is what is in force under its name, or NULL. 0 or -ENOMEM. */
int name_content_load(struct names *names, const struct model_name_list *model,
		      const struct name_content *former, struct name_content **ret_next,
		      struct diag *diag);
/* What is in force can go on under the policy's description of it. */
bool name_content_stays(const struct name_content *former, const struct model_name_list *model);

/* Tells whoever must know that contents changed. */
void names_changed(const struct names *names);

/* Gives the turn; but for TURN_BUILDING, changes by hand are no longer remembered. lock is held. */
void names_turn(struct names *names, enum turn_state state);

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
