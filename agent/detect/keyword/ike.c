// SPDX-License-Identifier: Apache-2.0
/*
 * ike.chosen_sa_attribute:alg_enc=7: what the responder chose. The parser gives each attribute as a number,
 * what it is above 32 bits of its value.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"

struct chosen {
	struct source source;
	uint64_t wanted;
};

/* RFC 2409, appendix A. */
static const struct {
	const char *word;
	uint16_t type;
} attributes[] = {
	{ "alg_enc", 1 },	    { "alg_hash", 2 },
	{ "alg_auth", 3 },	    { "alg_dh", 4 },
	{ "sa_group_type", 5 },	    { "sa_life_type", 11 },
	{ "sa_life_duration", 12 }, { "alg_prf", 13 },
	{ "sa_key_length", 14 },    { "sa_field_size", 15 },
};

static bool chosen_ask(const void *arg, struct match *match)
{
	const struct chosen *chosen = arg;
	const struct field *field = chosen->source.fields[0].field;
	uint64_t number;

	if (!match->tx || chosen->source.fields[0].proto != match->tx->proto ||
	    !field->sides[match->side])
		return false;
	for (uint32_t i = 0; field->number(match->tx, match->side, i, &number); i++)
		if (number == chosen->wanted)
			return true;
	return false;
}

static const struct test_ops chosen_ops = {
	.word = "ike.chosen_sa_attribute", .ask = chosen_ask, .free = free, .needs_tx = true, .cost = 2
};

static int chosen_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, word;
	struct chosen read = { .wanted = 0 }, *chosen;
	uint64_t number;
	size_t i = 0;
	int err = source_of_keyword(draft, draft->keyword->word, true, &read.source);

	if (err)
		return err;
	slice_next(&rest, '=', &word);
	while (i < sizeof(attributes) / sizeof(attributes[0]) && !slice_same(word, attributes[i].word))
		i++;
	if (i == sizeof(attributes) / sizeof(attributes[0]) || !rest.at ||
	    !number_parse(slice_trim(rest), UINT32_MAX, &number))
		return refuse(draft, (const char *)value.at, draft->keyword->says,
			      "\"%.*s\" is no attribute and its number", (int)value.len, value.at);
	read.wanted = (uint64_t)attributes[i].type << 32 | number;
	chosen = malloc(sizeof(*chosen));
	if (!chosen)
		return refuse_memory(draft);
	*chosen = read;
	return draft_test(draft, &chosen_ops, chosen);
}

const struct keyword keyword_ike_chosen_sa_attribute = { "ike.chosen_sa_attribute",
							 NULL,
							 VALUE_ALWAYS,
							 chosen_read,
							 NULL,
							 "what the responder chose: alg_enc=7" };
