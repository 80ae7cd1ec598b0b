/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address lists of a running gateway: what is in each, whole replacement, single changes,
 * expiry, and what survives a restart. Used by sekishod; `capture gate` uses lists_load_all().
 *
 * Safe for several threads: a load or a replacement works in the thread that asks, seconds for
 * millions of entries; meanwhile everything else answers at once, by what is in force.
 *
 * state_dir/NAME.list is the last good content of a list, NAME.hand what operators changed in it.
 */
#ifndef POLICY_INSTALL_LISTS_H
#define POLICY_INSTALL_LISTS_H

#include <jansson.h>

#include "install/install.h"
#include "lists/lists.h"

struct lists;
struct list_table;

/* The maps, and whom to tell that contents changed. lists_open() takes them from a gate. */
struct lists_kernel {
	int head_fd, chunk_fd, over_fd; /* sek_list_head, sek_list, sek_list_over; not owned */
	int count_fd; /* sek_list_count; -1: nothing is counted */
	uint32_t slot; /* generation & 1 of the policy in force */
	void (*changed)(void *arg); /* in any thread; may be NULL */
	void *arg;
};

/*
 * Nothing is in force but what the maps held before (after a restart: everything) until
 * lists_load(). state_dir NULL: nothing is kept; the directory must be there. 0 or -errno with words.
 */
int lists_open(struct gate *gate, const char *state_dir, struct lists **ret_lists, struct diag *diag);
int lists_open_maps(const struct lists_kernel *kernel, const char *state_dir,
		    struct lists **ret_lists);
/* What is in the kernel stays. */
void lists_close(struct lists *lists);

/* Called while a load runs: list number done of total is being read. */
typedef void lists_progress(void *arg, const char *list, size_t done, size_t total);

/*
 * Takes the lists of a policy: reads their sources (or the kept content where that is newer), adds
 * what was changed by hand, puts all in force in one step. A source that cannot be read, is empty,
 * broken or less than half of what was in force leaves the former content and a warning in diag.
 * A list that the policy no longer names is dropped. For a policy that is in force, whose numbers the
 * lists have. 0 or -errno with words (nothing has changed then).
 */
int lists_load(struct lists *lists, const struct policy *policy, lists_progress *progress,
	       void *arg, struct diag *diag);

/* The next load takes what this list's source holds, however small or strange: an operator said so. */
void lists_accept(struct lists *lists, const char *list);

/*
 * The same for a policy that is about to be made live as this generation, which install_prepare() gave:
 * its packets alone will ask these lists; until then, and for packets of the generation before to their
 * end, all is as it was, changes by hand included. What else would make a table waits until
 * lists_commit(), which makes the generation live with its lists and cannot fail, or lists_abort(). Both
 * take no time; lists_settle() behind them, in a thread that may wait, gives memory back, or else
 * whoever makes the next table.
 */
int lists_prepare(struct lists *lists, const struct policy *policy, uint32_t generation,
		  lists_progress *progress, void *arg, struct diag *diag);
void lists_commit(struct lists *lists, struct gate *gate, uint32_t generation);
void lists_abort(struct lists *lists);
int lists_settle(struct lists *lists, struct diag *diag);

/*
 * The tables, IPv4's and IPv6's, that a policy's lists would come to if it were loaded here and now, with
 * what is kept in state_dir (may be NULL) of each: nothing is written. *ret_known: lists of which the content
 * is known, one bit each. What is wrong with one of them is a warning in diag. 0 or -errno with words; the
 * caller frees both with list_table_free().
 */
int lists_foresee(const struct policy *policy, const char *state_dir,
		  struct list_table *ret_tables[2], uint64_t *ret_known, struct diag *diag);

/* Into the maps of a gate, once, keeping nothing: for replays. */
int lists_load_all(struct gate *gate, const struct policy *policy, struct diag *diag);

/*
 * Adds one prefix, until `expires` (seconds since 1970; 0: for ever). Works at the next packet.
 * prefix is text; host bits are cleared with a warning. -EEXIST (a note in diag) when the list has
 * it for ever already; -ENOENT: no such list; -EAGAIN: lists are not loaded yet; all with words.
 */
int lists_add(struct lists *lists, const char *list, const char *prefix, int64_t expires,
	      const char *reason, struct diag *diag);

/* Takes exactly this prefix out of one list; -ENOENT when it is not in there. What covers it stays. */
int lists_delete(struct lists *lists, const char *list, const char *prefix, const char *reason,
		 struct diag *diag);

struct lists_change {
	size_t before_cnt, after_cnt;
	size_t by_hand_cnt; /* changes by hand that the replacement ended */
	uint64_t read_ns, build_ns;
};

/*
 * Replaces all of a list by a published text, in one step. Changes by hand end, but for those made
 * while the replacement ran. force: even if the new content is much smaller or mostly unreadable
 *, or empty. ret_change may be NULL.
 */
int lists_replace(struct lists *lists, const char *list, const char *text, size_t len,
		  const char *format, bool force, struct lists_change *ret_change, struct diag *diag);

/*
 * What is in memory no longer counts: the next lists_load() reads everything from state_dir and the
 * sources again, and until then entries are neither added nor deleted. For a restore.
 */
void lists_forget(struct lists *lists);

/* Ends entries whose time is over. Returns how many. Call once a second. */
size_t lists_expire(struct lists *lists, int64_t now);

/*
 * Puts single changes into a new table when there are many, so that lists_add() seldom has to.
 * Takes as long as a load; call now and then from a thread that may wait. 0 or -errno with words.
 */
int lists_fold(struct lists *lists, struct diag *diag);

/*
 * Writes what could not be written when it came into force, as when a disk was full; a list that can be kept
 * now is noted in diag. Does nothing while a table is made. As lists_fold(), now and then.
 */
void lists_keep(struct lists *lists, struct diag *diag);

/* The lists that hold an address, one bit each, by what user space believes. */
uint64_t lists_find(struct lists *lists, const struct sek_addr *addr);

/*
 * {"lists":[{list,id,kind,category,title,source,entries,published,by_hand,taken_out,expiring,
 * duplicates,corrected,skipped,unreadable,loaded,packets,bytes}],"memory":bytes of the kernel's
 * table,"prefixes","sets","ranges4","ranges6","single_changes","build"}. list NULL: all; with a name
 * that one only, and "changes":[{change,prefix,expires,reason}]. NULL: no such list.
 */
json_t *lists_show(struct lists *lists, const char *list);

#endif
