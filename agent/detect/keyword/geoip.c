// SPDX-License-Identifier: Apache-2.0
/*
 * geoip:src,JP,US and geoip:dst,!JP: the country of the packet's addresses.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "detect/keyword/countries.h"

#define COUNTRIES_MAX 64 /* of one keyword */

struct geoip {
	const struct countries *countries;
	enum { GEOIP_ANY, GEOIP_SRC, GEOIP_DST, GEOIP_BOTH } of;
	bool negated; /* its country is known, and none of these */
	uint8_t cnt;
	char wanted[COUNTRIES_MAX][COUNTRY_LEN];
};

static bool address_holds(const struct geoip *geoip, const struct sek_addr *addr)
{
	char country[COUNTRY_LEN];

	if (!country_find(geoip->countries, addr, country))
		return false;
	for (uint8_t i = 0; i < geoip->cnt; i++)
		if (memcmp(geoip->wanted[i], country, COUNTRY_LEN) == 0)
			return !geoip->negated;
	return geoip->negated;
}

static bool geoip_ask(const void *arg, struct match *match)
{
	const struct geoip *geoip = arg;
	const struct packet *p = match->packet;
	bool src;

	if (!p->family || p->is_pseudo)
		return false;
	src = geoip->of != GEOIP_DST && address_holds(geoip, &p->src);
	if (geoip->of == GEOIP_SRC || (geoip->of == GEOIP_BOTH && !src))
		return src;
	return (src && geoip->of == GEOIP_ANY) || address_holds(geoip, &p->dst);
}

static const struct test_ops geoip_ops = {
	.word = "geoip", .ask = geoip_ask, .free = free, .of_packet = true, .cost = 4
};

static int country_read(struct draft *draft, struct slice word, struct geoip *geoip)
{
	bool negated = word.len && word.at[0] == '!';
	struct slice country = negated ? slice_trim(slice_behind(word, 1)) : word;

	if (country.len != COUNTRY_LEN || !isalpha(country.at[0]) || !isalpha(country.at[1]))
		return refuse(draft, (const char *)word.at, draft->keyword->says,
			      "\"%.*s\" is no country: two letters of ISO 3166", (int)word.len,
			      word.at);
	if (geoip->cnt && negated != geoip->negated)
		return refuse(draft, (const char *)word.at, "negate all of them or none",
			      "countries that are wanted and countries that are not in one geoip");
	if (geoip->cnt == COUNTRIES_MAX)
		return refuse(draft, (const char *)word.at, NULL, "more than %d countries",
			      COUNTRIES_MAX);
	geoip->negated = negated;
	for (int i = 0; i < COUNTRY_LEN; i++)
		geoip->wanted[geoip->cnt][i] = (char)toupper(country.at[i]);
	geoip->cnt++;
	return 0;
}

/* Whose address; when it is not said the word is a country already. */
static bool side_read(struct slice word, struct geoip *geoip)
{
	static const char *const sides[] = { "any", "src", "dst", "both" };

	for (unsigned int i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
		if (slice_is(word, sides[i])) {
			geoip->of = i;
			return true;
		}
	return false;
}

static int geoip_read(struct draft *draft, struct slice value)
{
	struct geoip read = { .countries = countries_of(draft) }, *geoip;
	struct slice rest = value, word;
	bool is_first = true;
	int err = 0;

	if (!read.countries)
		return -EINVAL;
	while (!err && slice_next(&rest, ',', &word)) {
		if (!is_first || !side_read(word, &read))
			err = country_read(draft, word, &read);
		is_first = false;
	}
	if (!err && !read.cnt)
		err = refuse(draft, (const char *)value.at, draft->keyword->says,
			     "geoip names no country");
	if (err)
		return err;
	geoip = malloc(sizeof(*geoip));
	if (!geoip)
		return refuse_memory(draft);
	*geoip = read;
	return draft_test(draft, &geoip_ops, geoip);
}

const struct keyword keyword_geoip = { "geoip",	   NULL, VALUE_ALWAYS,
				       geoip_read, NULL, "an address's country: geoip:src,JP,US" };
