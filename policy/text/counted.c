// SPDX-License-Identifier: Apache-2.0
/*
 * How many, in English: the plural of nouns as far as they are regular. Called by whoever says a number.
 */
#include "text/counted.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

char *count_print(char to[COUNT_TEXT_MAX], int64_t cnt)
{
	char digits[COUNT_TEXT_MAX];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, cnt), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
			to[at++] = ',';
		to[at++] = digits[i];
	}
	to[at] = 0;
	return to;
}

static bool ends_in(const char *word, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && !memcmp(word + len - end_len, end, end_len);
}

/* "entry", "body"; not "day" or "key". */
static bool has_consonant_y(const char *noun, size_t len)
{
	return len > 1 && noun[len - 1] == 'y' && !strchr("aeiou", noun[len - 2]);
}

/* "address", "box", "match" */
static bool wants_e(const char *noun, size_t len)
{
	return ends_in(noun, len, "s") || ends_in(noun, len, "x") || ends_in(noun, len, "ch") ||
	       ends_in(noun, len, "sh");
}

char *counted_print(char to[COUNTED_TEXT_MAX], uint64_t cnt, const char *noun)
{
	size_t len = strlen(noun);
	bool y = has_consonant_y(noun, len);
	char number[COUNT_TEXT_MAX];

	snprintf(to, COUNTED_TEXT_MAX, "%s %.*s%s", count_print(number, (int64_t)cnt),
		 (int)(cnt != 1 && y ? len - 1 : len), noun,
		 cnt == 1	      ? ""
		 : y		      ? "ies"
		 : wants_e(noun, len) ? "es"
				      : "s");
	return to;
}
