/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public suffixes: names below which anybody may have a name (com, co.jp, github.io). Used where lists are
 * read and where names are counted by who holds them.
 */
#ifndef POLICY_NAMES_SUFFIX_H
#define POLICY_NAMES_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_SUFFIX_FILE "/usr/share/publicsuffix/public_suffix_list.dat"

struct name_suffixes;

/* Reads the list as publicsuffix.org publishes it, packed or not; file NULL: the system's. 0 or -errno. */
int name_suffixes_open(const char *file, struct name_suffixes **ret_suffixes);
void name_suffixes_free(struct name_suffixes *suffixes);

/* Whether a normalised name is one; suffixes NULL: none is known. */
bool name_suffix_is_public(const struct name_suffixes *suffixes, const char *host, size_t len);

/*
 * Where in a normalised name the part begins that somebody registered: 4 in www.example.com. 0 as well where
 * the name is a public suffix, or below none that is known.
 */
size_t name_suffix_registered(const struct name_suffixes *suffixes, const char *host, size_t len);

#endif
