// SPDX-License-Identifier: Apache-2.0
/*
 * Words of a mail's texts that may be the password of what it carries. Called by mime.c. Promises each once,
 * and no more than a set number of them: the first ones.
 */
#include "proto/mimeinside.h"

#define WORD_LEAST 4
#define WORD_MOST 64
#define ESCAPE 0x1b

static bool is_known(const struct grown *list, struct slice word)
{
	for (size_t at = 0; at < list->len;) {
		const char *one = (const char *)list->at + at;

		if (slice_is(word, one))
			return true;
		at += strlen(one) + 1;
	}
	return false;
}

static void word_add(struct mime_words *w, struct slice word)
{
	if (word.len < WORD_LEAST || word.len > WORD_MOST || w->cnt == w->most ||
	    is_known(&w->list, word) || !grown_room(&w->list, word.len + 1))
		return;
	grown_add(&w->list, word);
	grown_add(&w->list, slice("", 1));
	w->cnt++;
}

static bool is_quote(uint8_t c)
{
	return memchr("\"'`<>()[]{},.;:", c, 15) != NULL;
}

/* Texts are written around it: "password:Abc1.", as it stands and without what may be of the sentence. */
static void word_end(struct mime_words *w)
{
	struct slice word = slice(w->word, w->len);
	const uint8_t *mark;

	if (w->behind_escape && word.len > 1 && (word.at[0] == '(' || word.at[0] == '$')) {
		/* ISO-2022-JP (RFC 1468): behind "(B" stands ASCII, behind "$B" no word of ours */
		word = word.at[0] == '(' ? slice_behind(word, 2) : slice(NULL, 0);
	}
	w->len = 0;
	w->behind_escape = false;
	if (!word.len)
		return;
	word_add(w, word);
	mark = memrchr(word.at, ':', word.len);
	if (!mark)
		mark = memrchr(word.at, '=', word.len);
	if (mark)
		word = slice_behind(word, (size_t)(mark + 1 - word.at));
	while (word.len && is_quote(word.at[0]))
		word = slice_behind(word, 1);
	while (word.len && is_quote(word.at[word.len - 1]))
		word.len--;
	word_add(w, word);
}

void mime_words_take(struct mime_words *w, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len && w->cnt < w->most; i++) {
		uint8_t c = bytes.at[i];

		if (c > 0x20 && c < 0x7f) {
			if (w->len < sizeof(w->word))
				w->word[w->len++] = c;
			continue;
		}
		word_end(w);
		w->behind_escape = c == ESCAPE;
	}
}

void mime_words_end(struct mime_words *w)
{
	word_end(w);
}

void mime_words_free(struct mime_words *w)
{
	grown_free(&w->list);
}
