/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quick way for names that are plain already, as nearly all of a list are. Used by normalise.c and
 * read.c. Pure.
 */
#ifndef POLICY_NAMES_LETTERS_H
#define POLICY_NAMES_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

/* The small letter, digit, '-', '_' or '.' that a byte stands for in a name; 0: none. */
extern const unsigned char name_letters[256];

/*
 * Copies a name of ASCII letters in lower case, without a last dot, and looks at its labels. Returns how
 * many bytes, at most SEK_NAME_BYTES, or 0: not so plain a name, and `to` may hold some of it.
 */
size_t name_copy(const char *text, size_t len, char *to);

/* Whether the last label is a number, decimal or 0x...: such a "name" is taken for an address. */
bool name_ends_in_number(const char *text, size_t len);

#endif
