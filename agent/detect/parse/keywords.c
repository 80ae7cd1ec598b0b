// SPDX-License-Identifier: Apache-2.0
/*
 * The table of keywords. Called by line.c; the order of keywords.def means nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "text/suggest.h"

#define KEYWORD(symbol) extern const struct keyword keyword_##symbol;
#include "detect/keyword/keywords.def"
#undef KEYWORD

static const struct keyword *const keywords[] = {
#define KEYWORD(symbol) &keyword_##symbol,
#include "detect/keyword/keywords.def"
#undef KEYWORD
};

enum {
#define KEYWORD(symbol) NUMBER_OF_##symbol,
#include "detect/keyword/keywords.def"
#undef KEYWORD
	KEYWORD_CNT
};

static int keyword_add(struct parse *parse, const char *word, const struct keyword *keyword,
		       uint32_t *cap)
{
	uint32_t number = words_add(&parse->keywords, slice_text(word));

	if (!number || parse_room(&parse->keyword, cap, number, sizeof(void *)))
		return -ENOMEM;
	parse->keyword[number - 1] = keyword;
	return 0;
}

int keywords_new(struct parse *parse)
{
	uint32_t cap = 0;

	for (int i = 0; i < KEYWORD_CNT; i++)
		if (keyword_add(parse, keywords[i]->word, keywords[i], &cap) ||
		    (keywords[i]->also && keyword_add(parse, keywords[i]->also, keywords[i], &cap)))
			return -ENOMEM;
	return 0;
}

const struct keyword *keyword_find(const struct parse *parse, struct slice word)
{
	uint32_t number = words_find(&parse->keywords, word);

	return number ? parse->keyword[number - 1] : NULL;
}

const char *keyword_near(const struct parse *parse, struct slice word)
{
	struct suggest near;
	char said[64];

	if (word.len >= sizeof(said))
		return NULL;
	snprintf(said, sizeof(said), "%.*s", (int)word.len, word.at);
	suggest_start(&near, said);
	for (uint32_t number = 1; number <= parse->keywords.cnt; number++)
		suggest_offer(&near, words_at(&parse->keywords, number));
	for (uint32_t number = 1; number <= parse->buffer_words.cnt; number++)
		suggest_offer(&near, words_at(&parse->buffer_words, number));
	return near.best;
}
