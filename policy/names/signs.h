/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names with signs in them, as 🍆.ws: IDNA 2008 has none, but registries sell them, and browsers (UTS 46)
 * ask for them. Used by normalise.c. Pure.
 */
#ifndef POLICY_NAMES_SIGNS_H
#define POLICY_NAMES_SIGNS_H

#include <stddef.h>

/*
 * A name in UTF-8 that is valid, whose letters are ASCII and all else signs, in A-labels. Returns how many
 * bytes are in `to`, which is no longer than cap, or 0: no such name.
 */
size_t name_signs_to_ascii(const char *text, size_t len, char *to, size_t cap);

#endif
