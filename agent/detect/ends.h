/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literals that can only lie at the end of a buffer, or are all of it: names of hosts, nearly all of them.
 * One hash over the last bytes finds them, however many there are. Built by scans.c, read by any number of
 * workers.
 */
#ifndef AGENT_DETECT_ENDS_H
#define AGENT_DETECT_ENDS_H

#include "base/slice.h"

#define ENDS_LEN_MAX 63 /* bytes of a literal */

struct ends;

struct ends *ends_new(void); /* NULL: no memory */
void ends_free(struct ends *ends);

/*
 * For the number's sake these bytes, in small letters when nocase, are looked for at the end. Returns 0 or
 * -ENOMEM.
 */
int ends_add(struct ends *ends, struct slice bytes, bool nocase, uint32_t number);
/* After the last ends_add(), before the first look. Returns 0 or -ENOMEM. */
int ends_settle(struct ends *ends);

/* Calls found for each number whose bytes are the last ones. */
void ends_find(const struct ends *ends, struct slice bytes,
	       void (*found)(void *arg, uint32_t number), void *arg);

#endif
