/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of numbers up to 128 bits as ranges, and the lists that rules write of them: [a, !b, $C].
 * What addresses and ports have alike. Pure.
 */
#ifndef AGENT_DETECT_PARSE_RANGES_H
#define AGENT_DETECT_PARSE_RANGES_H

#include "detect/parse/inside.h"

typedef unsigned __int128 wide;

struct range {
	wide from, to;
};

struct ranges {
	struct range *at;
	uint32_t cnt, cap;
	bool has_negated; /* an element was written with "!" */
};

int range_list_add(struct ranges *ranges, wide from, wide to); /* 0 or -ENOMEM */
void range_list_free(struct ranges *ranges);

/* What the elements of a list are. */
struct range_kind {
	const char *what; /* "address", "port" */
	const char *groups; /* where the settings have its variables */
	wide max;
	/* One element without sign; -EINVAL: it is none, *ret_hint may say why. */
	int (*element)(struct slice text, struct ranges *ranges, const char **ret_hint);
	size_t set_size; /* of what rules keep: struct address_set, struct port_set */
	int (*set_make)(const struct ranges *ranges, void *ret_set); /* 0 or -ENOMEM */
	void (*set_free)(void *set);
};

/* The sets that were made of texts, which rules share. */
struct range_sets {
	struct words *texts;
	void *sets; /* address of their array, by number of texts - 1 */
	uint32_t *cap;
};

/*
 * Reads a list, with its variables and negations resolved: sorted ranges that do not touch. Returns 0,
 * -ENOMEM, or -EINVAL after refuse().
 */
int range_list_read(struct draft *draft, const struct range_kind *kind, struct slice text,
		    struct ranges *ret_ranges);
/* The same, where nothing may be left of the list. */
int range_list_make(struct draft *draft, const struct range_kind *kind, struct slice text,
		    struct ranges *ret_ranges);
/* The set of a text: made once, then shared; what it points to stays the sets'. Returns as above. */
int range_set_read(struct draft *draft, const struct range_kind *kind,
		   const struct range_sets *sets, struct slice text, void *ret_set);

#endif
