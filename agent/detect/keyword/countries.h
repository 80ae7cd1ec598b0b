/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which country an address is said to be in: a table in MaxMind's format, which the settings name
 * (geoip-database), mapped once. Kept by a struct parse, only read afterwards.
 */
#ifndef AGENT_DETECT_KEYWORD_COUNTRIES_H
#define AGENT_DETECT_KEYWORD_COUNTRIES_H

#include "detect/parse/inside.h"

#define COUNTRY_LEN 2 /* ISO 3166-1 alpha-2 */

struct countries;

/* That of the settings; NULL after refuse(): there is none, or it cannot be read. */
const struct countries *countries_of(struct draft *draft);
/* false: nothing is said of this address. */
bool country_find(const struct countries *countries, const struct sek_addr *addr,
		  char ret_country[COUNTRY_LEN]);
void countries_free(struct countries *countries);

#endif
