// SPDX-License-Identifier: Apache-2.0
/*
 * Books of records and how they are joined. Called by the engine between two batches; promises that equal
 * frames give equal output, whatever worker they were at.
 */
#include "inspect/order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool room(void **at, size_t *cap, size_t need, size_t size)
{
	size_t grown_cap = *cap ? *cap : 256;
	void *grown;

	if (need <= *cap)
		return true;
	while (grown_cap < need)
		grown_cap *= 2;
	grown = realloc(*at, grown_cap * size);
	if (!grown)
		return false;
	*at = grown;
	*cap = grown_cap;
	return true;
}

void order_put(struct order_book *book, const struct order_key *key, const char *bytes, size_t len)
{
	void *all = book->bytes, *lines = book->lines;
	bool fits = room(&all, &book->cap, book->len + len, 1);

	book->bytes = all;
	fits = room(&lines, &book->line_cap, book->line_cnt + 1, sizeof(*book->lines)) && fits;
	book->lines = lines;
	if (!fits) {
		book->lost++;
		return;
	}
	memcpy(book->bytes + book->len, bytes, len);
	book->lines[book->line_cnt++] = (struct order_line){ *key, book->len, len };
	book->len += len;
}

static bool is_before(const struct order_key *a, const struct order_key *b)
{
	if (a->frame != b->frame)
		return a->frame < b->frame;
	if (a->phase != b->phase)
		return a->phase < b->phase;
	return a->flow < b->flow;
}

uint64_t order_join(struct order_book *const *books, unsigned int cnt,
		    void (*line)(void *arg, const char *bytes, size_t len), void *arg)
{
	size_t at[256] = { 0 };
	uint64_t told = 0;

	for (;;) {
		const struct order_line *next = NULL;
		unsigned int of = 0;

		for (unsigned int i = 0; i < cnt; i++) {
			const struct order_line *here;

			if (at[i] >= books[i]->line_cnt)
				continue;
			here = &books[i]->lines[at[i]];
			if (!next || is_before(&here->key, &next->key)) {
				next = here;
				of = i;
			}
		}
		if (!next)
			break;
		line(arg, books[of]->bytes + next->at, next->len);
		at[of]++;
		told++;
	}
	for (unsigned int i = 0; i < cnt; i++)
		books[i]->len = books[i]->line_cnt = 0;
	return told;
}

void order_free(struct order_book *book)
{
	free(book->bytes);
	free(book->lines);
	*book = (struct order_book){ .bytes = NULL };
}
