// SPDX-License-Identifier: Apache-2.0
/*
 * Counts, rates and times as text. Pure; called by model/ and by the tables of cli/.
 */
#include "text/quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Digits with '_' between them; *text moves behind. */
static int digits(const char **text, uint64_t *ret_number, unsigned int *ret_cnt)
{
	uint64_t number = 0;
	unsigned int cnt = 0;
	const char *c = *text;

	for (; (*c >= '0' && *c <= '9') || (*c == '_' && cnt); c++) {
		if (*c == '_')
			continue;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number))
			return -EINVAL;
		cnt++;
	}
	if (!cnt || c[-1] == '_')
		return -EINVAL;
	*text = c;
	*ret_number = number;
	*ret_cnt = cnt;
	return 0;
}

static uint64_t scale_of(char letter)
{
	switch (letter) {
	case 'k':
	case 'K':
		return 1000;
	case 'M':
		return 1000000;
	case 'G':
		return 1000000000;
	case 'T':
		return 1000000000000;
	default:
		return 0;
	}
}

static int parse_count(const char **text, uint64_t *ret_count)
{
	uint64_t whole, part = 0, scale, unit = 1;
	unsigned int cnt, part_cnt = 0;
	const char *c = *text;

	if (digits(&c, &whole, &cnt))
		return -EINVAL;
	if (*c == '.') {
		c++;
		if (digits(&c, &part, &part_cnt) || part_cnt > 12)
			return -EINVAL;
	}
	scale = scale_of(*c);
	if (scale)
		c++;
	else
		scale = 1;
	for (unsigned int i = 0; i < part_cnt; i++)
		unit *= 10;
	if (__builtin_mul_overflow(part, scale, &part) || part % unit)
		return -EINVAL;
	part /= unit;
	if (__builtin_mul_overflow(whole, scale, &whole) ||
	    __builtin_add_overflow(whole, part, &whole))
		return -EINVAL;
	*text = c;
	*ret_count = whole;
	return 0;
}

int quantity_parse(const char *text, uint64_t *ret_count)
{
	uint64_t count;

	if (parse_count(&text, &count) || *text)
		return -EINVAL;
	*ret_count = count;
	return 0;
}

int quantity_parse_rate(const char *text, uint64_t *ret_bits)
{
	uint64_t bits;

	if (parse_count(&text, &bits))
		return -EINVAL;
	if (*text && strcmp(text, "bit") != 0 && strcmp(text, "bit/s") != 0 &&
	    strcmp(text, "bps") != 0)
		return -EINVAL;
	*ret_bits = bits;
	return 0;
}

/* From large to small, as they must follow each other. */
static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "d", 86400ULL * 1000000000 },
	{ "h", 3600ULL * 1000000000 },
	{ "m", 60ULL * 1000000000 },
	{ "s", 1000000000 },
	{ "ms", 1000000 },
	{ "us", 1000 },
	{ "ns", 1 },
};
#define UNIT_CNT (sizeof(units) / sizeof(units[0]))

/* The unit at text, not before `from`; UNIT_CNT: none. */
static size_t unit_find(const char *text, size_t from)
{
	size_t len = strspn(text, "dhmsun");

	for (size_t i = from; i < UNIT_CNT; i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, text, len))
			return i;
	return UNIT_CNT;
}

int quantity_parse_time(const char *text, uint64_t *ret_ns)
{
	uint64_t sum = 0, number;
	size_t next = 0;
	unsigned int cnt;

	do {
		size_t unit;

		if (digits(&text, &number, &cnt))
			return -EINVAL;
		unit = unit_find(text, next);
		if (unit == UNIT_CNT || __builtin_mul_overflow(number, units[unit].ns, &number) ||
		    __builtin_add_overflow(sum, number, &sum))
			return -EINVAL;
		text += strlen(units[unit].name);
		next = unit + 1;
	} while (*text);
	*ret_ns = sum;
	return 0;
}

char *quantity_print(uint64_t count, char *to)
{
	static const char letters[] = "TGMk";
	uint64_t scale = 1000000000000;

	for (size_t i = 0; letters[i]; i++, scale /= 1000) {
		if (count < scale || count % (scale / 1000) ||
		    (count % scale && count / scale >= 1000))
			continue;
		if (count % scale) {
			unsigned int part = (unsigned int)(count % scale / (scale / 1000));
			int width = 3;

			for (; !(part % 10); width--)
				part /= 10;
			snprintf(to, QUANTITY_TEXT_MAX, "%llu.%0*u%c",
				 (unsigned long long)(count / scale), width, part, letters[i]);
		} else {
			snprintf(to, QUANTITY_TEXT_MAX, "%llu%c",
				 (unsigned long long)(count / scale), letters[i]);
		}
		return to;
	}
	snprintf(to, QUANTITY_TEXT_MAX, "%llu", (unsigned long long)count);
	return to;
}

char *quantity_print_time(uint64_t ns, char *to)
{
	size_t used = 0;

	for (size_t i = 0; i < UNIT_CNT && used < QUANTITY_TEXT_MAX; i++) {
		uint64_t number = ns / units[i].ns;

		ns %= units[i].ns;
		if (number)
			used += (size_t)snprintf(to + used, QUANTITY_TEXT_MAX - used, "%llu%s",
						 (unsigned long long)number, units[i].name);
	}
	if (!used)
		snprintf(to, QUANTITY_TEXT_MAX, "0s");
	return to;
}
