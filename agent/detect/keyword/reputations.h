/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lists say of addresses, by category: files of settings (reputation-files), read once. Kept by a struct
 * parse, only read afterwards.
 */
#ifndef AGENT_DETECT_KEYWORD_REPUTATIONS_H
#define AGENT_DETECT_KEYWORD_REPUTATIONS_H

#include "detect/parse/inside.h"

#define REPUTATION_MAX 127

struct reputations;

/* Those of the settings; NULL after refuse(): there are none, or a file cannot be read. */
const struct reputations *reputations_of(struct draft *draft);
/* By its short name; 0: there is none. */
uint8_t reputation_category(const struct reputations *reputations, struct slice name);
/* By the narrowest prefix that holds the address; false: nothing is said of it. */
bool reputation_find(const struct reputations *reputations, uint8_t category,
		     const struct sek_addr *addr, uint8_t *ret_score);
void reputations_free(struct reputations *reputations);

#endif
