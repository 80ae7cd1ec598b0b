/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64_decode, for those who finish a rule and for tests.
 */
#ifndef AGENT_DETECT_KEYWORD_BASE64_H
#define AGENT_DETECT_KEYWORD_BASE64_H

#include "detect/parse/inside.h"

enum base64_manner {
	BASE64_RFC4648, /* ends at the first character that is none; spaces are passed over */
	BASE64_RFC2045, /* all other characters are passed over */
	BASE64_STRICT,
};

/* to has in.len / 4 * 3 + 4 bytes. Returns how many it wrote: as many as could be read. */
size_t base64_decode(struct slice in, enum base64_manner manner, uint8_t *to);

extern const struct clause_ops base64_ops;
/* The clauses behind base64_data become those of the clause, which frees them. */
void base64_take(const struct clause *clause, const struct part *inner);

#endif
