// SPDX-License-Identifier: Apache-2.0
/*
 * The tables that many rules share. Made before the first rule is read, freed after the last signature.
 */
#include <errno.h>
#include <stdlib.h>

#include "detect/keyword/countries.h"
#include "detect/keyword/dataset.h"
#include "detect/keyword/reputations.h"

const char *parse_string(struct parse *parse, struct slice text)
{
	return words_at(&parse->strings, words_add(&parse->strings, text));
}

int parse_new(const struct config *config, struct diag *diag, struct parse **ret_parse)
{
	struct parse *parse = calloc(1, sizeof(*parse));

	if (!parse)
		return -ENOMEM;
	parse->config = config;
	parse->diag = diag;
	if (keywords_new(parse) || sources_new(parse) || classes_read(parse)) {
		parse_free(parse);
		return -ENOMEM;
	}
	*ret_parse = parse;
	return 0;
}

int parse_follow(struct parse *parse, const struct parse *before)
{
	for (int kind = 0; kind < NAME_KINDS; kind++) {
		const struct words *words = &before->names[kind];

		for (uint32_t i = 0; i < words->cnt; i++)
			if (!words_add(&parse->names[kind], slice(words->at[i], words->lens[i])))
				return -ENOMEM;
	}
	return 0;
}

void parse_take(struct parse *parse, struct parse *from)
{
	datasets_take(parse, from);
}

void parse_free(struct parse *parse)
{
	if (!parse)
		return;
	for (uint32_t i = 0; i < parse->address_texts.cnt; i++)
		free(parse->address_sets[i].range);
	for (uint32_t i = 0; i < parse->port_texts.cnt; i++)
		free(parse->port_sets[i].range);
	free(parse->address_sets);
	free(parse->port_sets);
	words_free(&parse->address_texts);
	words_free(&parse->port_texts);
	for (int i = 0; i < NAME_KINDS; i++)
		words_free(&parse->names[i]);
	datasets_free(parse);
	reputations_free(parse->reputations);
	countries_free(parse->countries);
	sources_free(parse);
	free(parse->keyword);
	words_free(&parse->keywords);
	free(parse->classes);
	words_free(&parse->class_names);
	free(parse->reference_urls);
	words_free(&parse->reference_names);
	free(parse->rule_at);
	free(parse->refusals);
	free(parse->sorted);
	words_free(&parse->refusal_texts);
	words_free(&parse->rule_numbers);
	words_free(&parse->strings);
	free(parse);
}

static int refusal_order(const void *a, const void *b)
{
	const struct refusal *x = a, *y = b;

	if (x->cnt != y->cnt)
		return x->cnt < y->cnt ? 1 : -1;
	return strcmp(x->says, y->says);
}

bool parse_refusal(struct parse *parse, size_t i, struct refusal *ret_refusal)
{
	uint32_t cnt = parse->refusal_texts.cnt;

	if (cnt > parse->refusal_cap)
		cnt = parse->refusal_cap;
	if (cnt != parse->sorted_cnt) {
		struct refusal *sorted = reallocarray(parse->sorted, cnt, sizeof(*sorted));

		if (!sorted)
			return false;
		memcpy(sorted, parse->refusals, cnt * sizeof(*sorted));
		qsort(sorted, cnt, sizeof(*sorted), refusal_order);
		parse->sorted = sorted;
		parse->sorted_cnt = cnt;
	}
	if (i >= cnt)
		return false;
	*ret_refusal = parse->sorted[i];
	return true;
}

struct ruleset_tally parse_tally(const struct parse *parse)
{
	return parse->tally;
}

const char *parse_name(const struct parse *parse, enum name_kind kind, uint32_t number)
{
	return words_at(&parse->names[kind], number);
}

uint32_t parse_name_cnt(const struct parse *parse, enum name_kind kind)
{
	return parse->names[kind].cnt;
}
