/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literals that can only lie at certain places near the beginning of a whole: each place is looked at
 * once, whoever asks for it, which costs less than a pass over all bytes. Built by scans.c, read by any
 * number of workers.
 */
#ifndef AGENT_DETECT_PLACES_H
#define AGENT_DETECT_PLACES_H

#include "base/slice.h"

#define PLACES_OFFSET_MAX 1024 /* of a first byte */
#define PLACES_EACH_MAX 32 /* places of one literal; what may lie at more is none for this */

struct places;

struct places *places_new(void); /* NULL: no memory */
void places_free(struct places *places);

/*
 * For the number's sake these bytes, in small letters when nocase, are looked for from offset first to
 * last. Returns 0 or -ENOMEM.
 */
int places_add(struct places *places, struct slice bytes, bool nocase, uint32_t first,
	       uint32_t last, uint32_t number);
/* After the last places_add(), before the first look. Returns 0 or -ENOMEM. */
int places_settle(struct places *places);

/* Calls found for each number whose bytes are at their place; from: where bytes begin in the whole. */
void places_find(const struct places *places, struct slice bytes, uint64_t from,
		 void (*found)(void *arg, uint32_t number), void *arg);

#endif
