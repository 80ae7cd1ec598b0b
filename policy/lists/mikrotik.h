/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of RouterOS that add an entry: `/ip dns static add name=... address=...` and
 * `/ip firewall address-list add list=... address=...`, with their path in front or under it. Pure. Used by
 * policy/lists/mikrotik.c for addresses and policy/names/mikrotik.c for names.
 */
#ifndef POLICY_LISTS_MIKROTIK_H
#define POLICY_LISTS_MIKROTIK_H

#include "lists/read.h"

/* What is said of an entry, in place: quotes are off, escapes are not. Empty: it is not said. */
struct mikrotik_item {
	struct text name, regexp, address, type, list;
	struct text disabled, subdomains; /* yes or no */
};

/* False: the line adds nothing. */
bool mikrotik_item(struct text line, struct mikrotik_item *ret_item);

/* Whether it is a path of one of the two menus, or a line of theirs that adds something. */
bool mikrotik_looks(struct text line);

/* Whether the line goes on in the next one, which stands right behind it. */
static inline bool mikrotik_goes_on(struct text line)
{
	return line.len && line.at[line.len - 1] == '\\';
}

#endif
