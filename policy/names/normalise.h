/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One spelling for each name. Used by the readers of lists, by url.c and by the agent. Pure, for hostile
 * input.
 */
#ifndef POLICY_NAMES_NORMALISE_H
#define POLICY_NAMES_NORMALISE_H

#include <stdbool.h>
#include <stddef.h>

#include "names/names.h"

/* A name as it is kept: lower case, A-labels (UTS 46, not transitional), no last dot. */
struct name {
	char text[SEK_NAME_BYTES + 1]; /* ended by 0 */
	unsigned char len;
};

/*
 * Any spelling of a name, with or without a last dot; 0, or an enum name_skip negated less one: why it is
 * none (address, name, utf8, idna). Underscores and hyphens stand anywhere, as DNS has them.
 */
int name_normalise(const char *text, size_t len, struct name *ret_name);

/*
 * The host of a URL: a name, or an address in any spelling that browsers take (0x7f.1, 2130706433,
 * [::ffff:192.0.2.1]), which becomes 192.0.2.1 or [2001:db8::1]. 0, or below 0 as above; ret_name may hold
 * anything then.
 */
int name_of_host(const char *text, size_t len, struct name *ret_name, bool *ret_address);

#endif
