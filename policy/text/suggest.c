// SPDX-License-Identifier: Apache-2.0
/*
 * Edit distance with exchange of neighbours (optimal string alignment). Pure.
 */
#include "text/suggest.h"

#include <string.h>

#define WORD_MAX 40 /* longer words are not compared */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = min3(above[j] + 1, now[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

void suggest_start(struct suggest *s, const char *word)
{
	*s = (struct suggest){ .word = word, .best_distance = 1 + strlen(word) / 3 };
	if (s->best_distance > 3)
		s->best_distance = 3;
}

void suggest_offer(struct suggest *s, const char *candidate)
{
	size_t word_len = strlen(s->word), len = strlen(candidate), d;

	if (word_len > WORD_MAX || len > WORD_MAX || !word_len)
		return;
	d = distance(s->word, word_len, candidate, len);
	if (d > s->best_distance || (s->best && d == s->best_distance))
		return;
	s->best = candidate;
	s->best_distance = d;
}
