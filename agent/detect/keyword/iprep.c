// SPDX-License-Identifier: Apache-2.0
/*
 * iprep:src,BadHosts,>,30: what a list says of the packet's addresses.
 */
#include <errno.h>
#include <stdlib.h>

#include "detect/keyword/reputations.h"

struct iprep {
	const struct reputations *reputations;
	enum { IPREP_ANY, IPREP_SRC, IPREP_DST, IPREP_BOTH } of;
	enum { IPREP_SCORE, IPREP_SET, IPREP_NOT_SET } wants;
	uint8_t category;
	struct number_condition score;
};

static bool address_holds(const struct iprep *iprep, const struct sek_addr *addr)
{
	uint8_t score = 0;
	bool is_set = reputation_find(iprep->reputations, iprep->category, addr, &score);

	switch (iprep->wants) {
	case IPREP_SET:
		return is_set;
	case IPREP_NOT_SET:
		return !is_set;
	default:
		return is_set && number_holds(&iprep->score, score);
	}
}

static bool iprep_ask(const void *arg, struct match *match)
{
	const struct iprep *iprep = arg;
	const struct packet *p = match->packet;
	bool src = iprep->of != IPREP_DST && address_holds(iprep, &p->src);

	switch (iprep->of) {
	case IPREP_SRC:
		return src;
	case IPREP_BOTH:
		return src && address_holds(iprep, &p->dst);
	default:
		return src || address_holds(iprep, &p->dst);
	}
}

static const struct test_ops iprep_ops = {
	.word = "iprep", .ask = iprep_ask, .free = free, .of_packet = true, .cost = 3
};

static int wants_read(struct draft *draft, struct slice operator, struct slice value,
		      struct iprep *iprep)
{
	char text[16];
	int len;

	if (slice_is(operator, "isset") || slice_is(operator, "isnotset")) {
		iprep->wants = slice_is(operator, "isset") ? IPREP_SET : IPREP_NOT_SET;
		return 0;
	}
	if (!value.at) /* iprep:src,BadHosts,>30 */
		return number_condition_read(draft, operator, REPUTATION_MAX, &iprep->score);
	len = snprintf(text, sizeof(text), "%.*s%.*s",
		       slice_is(operator, "=") ? 0 : (int)operator.len, operator.at, (int)value.len,
		       value.at);
	if (len < 0 || (size_t)len >= sizeof(text))
		return refuse(draft, (const char *)value.at, NULL, "the score is from 0 to 127");
	return number_condition_of(draft, (const char *)value.at, slice_text(text), REPUTATION_MAX,
				   &iprep->score);
}

static int side_read(struct draft *draft, struct slice word, struct iprep *iprep)
{
	static const char *const words[] = { "any", "src", "dst", "both" };

	for (unsigned int i = 0; i < 4; i++)
		if (slice_same(word, words[i])) {
			iprep->of = i;
			return 0;
		}
	return refuse(draft, (const char *)word.at, draft->keyword->says,
		      "\"%.*s\" is not any, src, dst or both", (int)word.len, word.at);
}

static int iprep_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, side, category = {}, operator= {}, score = {};
	struct iprep read = { .reputations = reputations_of(draft) }, *iprep;
	int err;

	if (!read.reputations)
		return -EINVAL;
	slice_next(&rest, ',', &side);
	if (!slice_next(&rest, ',', &category) || !slice_next(&rest, ',', &operator))
		return refuse(draft, draft->keyword_at, draft->keyword->says,
			      "whose address, a category and a score are needed");
	slice_next(&rest, ',', &score);
	err = side_read(draft, side, &read);
	read.category = reputation_category(read.reputations, category);
	if (!err && !read.category)
		err = refuse(draft, (const char *)category.at, NULL,
			     "no list has a category \"%.*s\"", (int)category.len, category.at);
	if (!err)
		err = wants_read(draft, operator, score, &read);
	if (err)
		return err;
	iprep = malloc(sizeof(*iprep));
	if (!iprep)
		return refuse_memory(draft);
	*iprep = read;
	return draft_test(draft, &iprep_ops, iprep);
}

const struct keyword keyword_iprep = { "iprep",	   NULL, VALUE_ALWAYS,
				       iprep_read, NULL, "iprep:src,BadHosts,>,30" };
