/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name lists of a running gateway: what is in each, whole replacement, single changes, overrides of
 * tenants, expiry, and what survives a restart. Used by sekishod; replays use names_load_all().
 *
 * Safe for several threads, as lists.h is: what takes seconds works in the thread that asks; meanwhile
 * everything else answers at once, by what is in force.
 *
 * state_dir/NAME.names is the last good text of a list as it was published, NAME.from where it came from,
 * NAME.hand what operators changed in it. Overrides are in the journal.
 */
#ifndef POLICY_INSTALL_NAMES_H
#define POLICY_INSTALL_NAMES_H

#include "install/journal.h"
#include "install/lists.h"
#include "install/namemap.h"
#include "names/find.h"
#include "names/names.h"

struct names;

/*
 * Nothing is in force but what the maps held before (after a restart: everything) until names_load().
 * state_dir NULL: nothing is kept; the directory must be there. 0 or -errno with words.
 */
int names_open(struct gate *gate, const char *state_dir, struct names **ret_names, struct diag *diag);
/* changed: told in any thread that contents changed; may be NULL. */
int names_open_maps(const struct name_maps *maps, uint32_t slot, void (*changed)(void *arg),
		    void *arg, const char *state_dir, struct names **ret_names);
/* What is in the kernel stays. */
void names_close(struct names *names);

/*
 * Takes the name lists of a policy that is in force, as lists_load() does. Where all is as the kernel has
 * it already, as after a restart, nothing is built.
 */
int names_load(struct names *names, const struct policy *policy, lists_progress *progress,
	       void *arg, struct diag *diag);

/* As lists_accept(). */
void names_accept(struct names *names, const char *list);

/*
 * The same for a policy that is about to be made live as this generation, as lists_prepare(): its packets
 * alone will ask these lists. install_commit() stands between the two of names_commit_begin(), which keeps
 * others from changing anything, and names_commit_end(); both take no time and cannot fail. names_settle()
 * behind them, in a thread that may wait.
 */
int names_prepare(struct names *names, const struct policy *policy, uint32_t generation,
		  lists_progress *progress, void *arg, struct diag *diag);
void names_commit_begin(struct names *names);
void names_commit_end(struct names *names);
void names_abort(struct names *names);
int names_settle(struct names *names, struct diag *diag);

/* Into the maps of a gate, once, keeping nothing: for replays. */
int names_load_all(struct gate *gate, const struct policy *policy, struct diag *diag);

/* --- one list --- */

/* Whether this is a list of names. */
bool names_has(struct names *names, const char *list);

/*
 * Adds a name until `expires` (seconds since 1970; 0: for ever): example.com with all below it, =example.com
 * alone, *.example.com what is below, example.com/path/ a URL and what begins with it, example.com/path
 * that one. Works at the next packet. -EEXIST (a note in diag) when the list has it for ever already;
 * -ENOENT: no such list; -EAGAIN: lists are not loaded yet; all with words.
 */
int names_add(struct names *names, const char *list, const char *name, int64_t expires,
	      const char *reason, struct diag *diag);

/* Takes all entries of exactly this name out of one list; what is above stays. -ENOENT: there are none. */
int names_delete(struct names *names, const char *list, const char *name, const char *reason,
		 struct diag *diag);

/* As lists_replace(). */
int names_replace(struct names *names, const char *list, const char *text, size_t len,
		  const char *format, bool force, struct lists_change *ret_change, struct diag *diag);

/* As lists_forget(). */
void names_forget(struct names *names);

/* Ends entries and overrides whose time is over. Returns how many. Call once a second. */
size_t names_expire(struct names *names, int64_t now);

/* As lists_fold(). */
int names_fold(struct names *names, struct diag *diag);

/* As lists_keep(). */
void names_keep(struct names *names, struct diag *diag);

/*
 * Tells the kernel what time of the week it is, by the local clock: at the start, each minute, and when the
 * clock is set. In any thread.
 */
void names_clock(struct names *names);
/* When the week began by the monotonic clock, of a real and a monotonic time; may be before that began. */
uint64_t name_week_begin(int64_t real_s, uint64_t mono_ns);

/* --- overrides --- */

/* What one tenant has decided of a name, above all lists. */
struct name_override {
	int64_t id; /* of the journal; unset where it is made */
	const char *tenant;
	const char *name; /* as names_add() takes it; kept in one spelling */
	bool allow; /* else blocked */
	int64_t made, until; /* seconds since 1970; until 0: for ever */
	const char *reason, *asked_by, *allowed_by; /* NULL: "" */
};

/*
 * Those of the journal, in place of what was known: before anything is loaded, or between names_forget()
 * and the load that follows. 0 or -errno.
 */
int names_overrides_read(struct names *names, struct journal *journal);

/*
 * Puts one in force and in the journal, in place of one of the same tenant and name; journal NULL: it is
 * not kept. 0, *ret_id (may be NULL); or -errno with words.
 */
int names_override_add(struct names *names, struct journal *journal,
		       const struct name_override *override, int64_t *ret_id, struct diag *diag);
/* -ENOENT: there is none. */
int names_override_delete(struct names *names, struct journal *journal, const char *tenant,
			  const char *name, struct diag *diag);
/* {"overrides":[{id,tenant,name,action,made,until,reason,asked_by,allowed_by}]}; tenant NULL: all. */
json_t *names_overrides(struct names *names, const char *tenant);

/* --- looking up --- */

/* Where a decision comes from; strings live as long as the caller has names_why_free() not called. */
struct names_why {
	struct name_found found;
	int list; /* -1: none, or an override */
	char *list_name, *title, *category, *source; /* of the list; may be NULL */
	char *entry; /* host and path as the list has it; NULL: of an override, or changed by hand */
	uint32_t line; /* of the list's text; 0: by hand, or not found */
	struct sek_name_answer own; /* the address that the entry gives; flags 0: none */
};

/*
 * What a phase of a profile thinks of a name, by the table and the overlay that the kernel asks. ret_why
 * (may be NULL) costs a walk over the list; names_why_free() ends it.
 */
struct sek_name_said names_decide(struct names *names, const struct name_asked *asked,
				  uint16_t tenant, const struct sek_name_phase *phase,
				  struct names_why *ret_why);
void names_why_free(struct names_why *why);

/* The same without a walk: ret_found as name_decide() has it. */
struct sek_name_said names_look(struct names *names, const struct name_asked *asked, uint16_t tenant,
				const struct sek_name_phase *phase, struct name_found *ret_found);

/* Counts how often other contents came into force than were before; changes by hand are not. */
uint64_t names_changes(const struct names *names);

/* Tells of each regular expression of the lists in force; text is the list's, of regex->len bytes. */
typedef void names_regex_fn(void *arg, uint8_t list, const char *text,
			    const struct name_regex *regex);
void names_regexes(struct names *names, names_regex_fn *each, void *arg);

/*
 * {"lists":[{list,id,kind,category,title,source,url,format,entries,published,by_hand,taken_out,expiring,
 * duplicates,skipped,unreadable,loaded,packets,bytes}],"memory":bytes of the kernel's,"names","sets",
 * "lines","single_changes","build","loading"}. list NULL: all; with a name that one only, and
 * "changes":[{change,name,expires,reason}],"skips":[{why,lines}]. NULL: no such list.
 */
json_t *names_show(struct names *names, const char *list);

#endif
