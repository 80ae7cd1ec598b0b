/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": the nearest of the words that would have been right. Pure.
 */
#ifndef POLICY_TEXT_SUGGEST_H
#define POLICY_TEXT_SUGGEST_H

#include <stddef.h>

/* Keeps the best while candidates are offered one by one. */
struct suggest {
	const char *word; /* what was written */
	const char *best; /* NULL: nothing is near enough */
	size_t best_distance;
};

void suggest_start(struct suggest *s, const char *word);
/* candidate must outlive s. */
void suggest_offer(struct suggest *s, const char *candidate);

#endif
