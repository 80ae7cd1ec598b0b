/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's look-up of names in user space, over the same bytes and with the same weighing
 * (sekisho/nameweigh.h). Used by explain, by the agent where it reads what does not fit one packet,
 * and by tests.
 */
#ifndef POLICY_NAMES_FIND_H
#define POLICY_NAMES_FIND_H

#include "names/table.h"
#include "sekisho/nameweigh.h"

/* What is asked: a table, and what has changed since. */
struct name_view {
	const struct name_table *table;
	/* What the overlay has of a fingerprint; false: nothing. NULL: there is no overlay. */
	bool (*over)(void *arg, uint64_t print, struct sek_name_over *ret_over);
	void *arg;
};

/*
 * A host, and the target of a request to it; NULL: the host stands alone, as in DNS and TLS, and of its
 * pages it counts that some are listed. In any case; one dot at the end is passed over.
 */
struct name_asked {
	const char *host, *path;
	size_t host_len, path_len;
};

/* A suffix of the host or a prefix of the path that something is said of. */
struct name_found {
	uint64_t print;
	uint16_t at; /* in the host, of the suffix; 0: all of it */
	uint16_t path_len; /* 0: a suffix of the host */
	bool whole; /* the very name or target, not one above it */
	bool pages; /* not of the host itself: pages of it are listed */
	bool overlaid;
	struct sek_name_set set;
	struct sek_name_over over;
};

typedef void name_found_fn(void *arg, const struct name_found *found);

/* Tells of all, the one that decides above others later. */
void name_find(const struct name_view *view, const struct name_asked *asked, name_found_fn *found,
	       void *arg);

/*
 * What a phase of a tenant's profile thinks of it, and what of it was decisive (may be NULL; as it was
 * if nothing was). Without opinion a phase of white list mode blocks; that is the caller's to say.
 */
struct sek_name_said name_decide(const struct name_view *view, const struct name_asked *asked,
				 uint16_t tenant, const struct sek_name_phase *phase,
				 struct name_found *ret_found);

/* What the table alone has of a fingerprint; NULL: nothing. */
const struct sek_name_set *name_table_set(const struct name_table *table, uint64_t print);

#endif
