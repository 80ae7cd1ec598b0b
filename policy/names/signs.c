// SPDX-License-Identifier: Apache-2.0
/*
 * What libidn2 does not put into A-labels, since IDNA 2008 forbids it: labels of ASCII letters and signs, by
 * punycode (RFC 3492). Called by normalise.c. Pure.
 */
#include "names/signs.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define POINTS_MAX 63 /* a label's bytes on the wire are no fewer */
#define SELECTOR 0xfe0f /* says that the sign before it is to be drawn; no part of the name */

struct label {
	uint32_t points[POINTS_MAX];
	size_t cnt, ascii_cnt;
};

struct out {
	char *to;
	size_t len, cap;
};

/* Signs that UTS 46 leaves as they are. */
static bool is_sign(uint32_t point)
{
	static const uint32_t ranges[][2] = {
		{ 0x2190, 0x21ff },   { 0x2300, 0x2328 },   { 0x232b, 0x23ff },
		{ 0x25a0, 0x27bf },   { 0x2b00, 0x2b73 },   { 0x1f000, 0x1f0ff },
		{ 0x1f1e6, 0x1f1ff }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1f9ff }, { 0x1fa70, 0x1faff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return true;
	return false;
}

/* One code point of valid UTF-8 off the text. */
static uint32_t point_take(const unsigned char **at, const unsigned char *end)
{
	unsigned char first = *(*at)++;
	uint32_t point = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first & 0x0f;

	if (first >= 0xf0)
		point = first & 0x07;
	while (first >= 0x80 && *at < end && (**at & 0xc0) == 0x80)
		point = point << 6 | (*(*at)++ & 0x3f);
	return point;
}

/* False: the label has what is neither a letter of a name nor a sign, or is too long. */
static bool label_read(const char *text, size_t len, struct label *label)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + len;

	*label = (struct label){};
	while (at < end) {
		uint32_t point = point_take(&at, end);
		bool ascii = point < 0x80;

		if (point == SELECTOR)
			continue;
		if (label->cnt == POINTS_MAX || (!ascii && !is_sign(point)) ||
		    (ascii && !isalnum((int)point) && point != '-' && point != '_'))
			return false;
		label->ascii_cnt += ascii;
		label->points[label->cnt++] = ascii ? (uint32_t)tolower((int)point) : point;
	}
	return label->cnt;
}

static void put(struct out *out, char c)
{
	if (out->len < out->cap)
		out->to[out->len] = c;
	out->len++; /* beyond cap: there was no room */
}

/* RFC 3492, 6.1 */
static uint32_t bias_adapt(uint32_t delta, uint32_t cnt, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / 700 : delta / 2;
	delta += delta / cnt;
	for (; delta > 455; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

static void number_put(struct out *out, uint32_t number, uint32_t bias)
{
	for (uint32_t k = 36;; k += 36) {
		uint32_t least = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		uint32_t digit = number < least ? number : least + (number - least) % (36 - least);

		put(out, (char)(digit < 26 ? 'a' + digit : '0' + (digit - 26)));
		if (number < least)
			return;
		number = (number - least) / (36 - least);
	}
}

/* RFC 3492, 6.3; numbers stay far below 32 bits, for a label is short. */
static void punycode_put(struct out *out, const struct label *label)
{
	uint32_t done = (uint32_t)label->ascii_cnt, n = 0x80, bias = 72, delta = 0;

	for (size_t i = 0; i < label->cnt; i++)
		if (label->points[i] < 0x80)
			put(out, (char)label->points[i]);
	if (done)
		put(out, '-');
	while (done < label->cnt) {
		uint32_t next = UINT32_MAX;

		for (size_t i = 0; i < label->cnt; i++)
			if (label->points[i] >= n && label->points[i] < next)
				next = label->points[i];
		delta += (next - n) * (done + 1);
		n = next;
		for (size_t i = 0; i < label->cnt; i++) {
			delta += label->points[i] < n;
			if (label->points[i] != n)
				continue;
			number_put(out, delta, bias);
			bias = bias_adapt(delta, done + 1, done == label->ascii_cnt);
			delta = 0;
			done++;
		}
		delta++;
		n++;
	}
}

static void label_put(struct out *out, const struct label *label)
{
	if (label->ascii_cnt < label->cnt) {
		put(out, 'x');
		put(out, 'n');
		put(out, '-');
		put(out, '-');
		punycode_put(out, label);
		return;
	}
	for (size_t i = 0; i < label->cnt; i++)
		put(out, (char)label->points[i]);
}

size_t name_signs_to_ascii(const char *text, size_t len, char *to, size_t cap)
{
	struct out out = { .to = to, .cap = cap };
	const char *end = text + len;

	while (text < end) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		size_t label_len = (size_t)((dot ? dot : end) - text);
		struct label label;

		if (!label_read(text, label_len, &label))
			return 0;
		label_put(&out, &label);
		text += label_len;
		if (dot && ++text < end)
			put(&out, '.');
	}
	return out.len <= cap ? out.len : 0;
}
