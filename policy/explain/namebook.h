/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of names of a policy, read from where the policy says, and the table that the kernel would
 * be given of them. Used by the commands that tell what a policy does before it is in force.
 */
#ifndef POLICY_EXPLAIN_NAMEBOOK_H
#define POLICY_EXPLAIN_NAMEBOOK_H

#include "model/model.h"
#include "names/find.h"

struct name_book;

struct name_book_options {
	/* Folder of what the agent keeps: copies, NAME.names, and changes by hand, NAME.hand; NULL: none. */
	const char *kept;
	bool kept_first; /* a copy goes above the source: the policy is in force */
	const char *candidate; /* one more list: this file; NULL: none */
	const char *format; /* of the candidate; NULL: guess */
	const char *stands_for; /* list that the candidate takes the place of; NULL: it is a new one */
};

/*
 * Reads all lists that anybody of the policy takes. A list that cannot be read is a warning in diag and
 * empty; a candidate that cannot be is an error. 0 or -errno with words.
 */
int name_book_open(const struct policy *policy, const struct name_book_options *options,
		   struct name_book **ret_book, struct diag *diag);
void name_book_free(struct name_book *book);

/*
 * What a tenant has decided of a name, as sekisho url override has it, from now on above all lists. Before
 * the first question. 0, or -EINVAL (no name) or -ENOMEM.
 */
int name_book_override(struct name_book *book, uint16_t tenant, const char *name, bool allow);

/* How many changes by hand are in it. */
size_t name_book_by_hand(const struct name_book *book);

struct name_view name_book_view(const struct name_book *book);
const struct policy *name_book_policy(const struct name_book *book);

/* The candidate's number among the lists, -1: there is none; and the list's that it stands for, or -1. */
int name_book_candidate(const struct name_book *book, int *ret_stands_for);

/* Whether anybody of the policy takes a list; others are not read. */
bool name_book_takes(const struct name_book *book, unsigned int list);

/* Lists whose contents are there. */
uint64_t name_book_read(const struct name_book *book);

/* The file that a list was read from; NULL: it was not. */
const char *name_book_file(const struct name_book *book, unsigned int list);
const struct name_list *name_book_list(const struct name_book *book, unsigned int list);

/*
 * The entry that decided: of the first list that says so; ret_of is what it stands in, another than
 * name_book_list() where it was added by hand, and then it has no line. NULL: no list does.
 */
const struct name_entry *name_book_why(const struct name_book *book, const struct name_asked *asked,
				       const struct name_found *found,
				       const struct sek_name_said *said,
				       const struct name_list **ret_of);

/* "*.example.com", "example.com/path/": an entry in one spelling, the caller's to free. */
char *name_entry_text(const struct name_list *list, const struct name_entry *entry);

#endif
