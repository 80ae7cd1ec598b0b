// SPDX-License-Identifier: Apache-2.0
/*
 * Bodies of mails as they were before they were made fit for lines of ASCII: base64, quoted-printable (RFC
 * 2045, 6.7 and 6.8), uuencode. Called by mime.c. Promises that what is no code is passed over, as readers
 * of mail do, and told.
 */
#include <ctype.h>

#include "base/digits.h"
#include "proto/mimeinside.h"

#define OUT_LEN 512

struct out {
	struct mime_decoder *to;
	uint8_t bytes[OUT_LEN];
	size_t len;
};

static void out_flush(struct out *out)
{
	if (out->len)
		out->to->out(out->to->arg, slice(out->bytes, out->len));
	out->len = 0;
}

static void out_put(struct out *out, uint8_t byte)
{
	if (out->len == OUT_LEN)
		out_flush(out);
	out->bytes[out->len++] = byte;
}

/* --- base64 --- */

/* What the digits so far say: four are three bytes, three are two, two are one. */
static void base64_flush(struct mime_decoder *d, struct out *out)
{
	const uint8_t *v = d->digits;

	if (d->digit_cnt >= 2)
		out_put(out, (uint8_t)(v[0] << 2 | v[1] >> 4));
	if (d->digit_cnt >= 3)
		out_put(out, (uint8_t)(v[1] << 4 | v[2] >> 2));
	if (d->digit_cnt == 4)
		out_put(out, (uint8_t)(v[2] << 6 | v[3]));
	d->digit_cnt = 0;
}

static void base64_take(struct mime_decoder *d, struct slice piece, struct out *out)
{
	for (size_t i = 0; i < piece.len; i++) {
		int digit = base64_digit(piece.at[i], "+/");

		if (digit >= 0) {
			d->digits[d->digit_cnt++] = (uint8_t)digit;
			if (d->digit_cnt == 4)
				base64_flush(d, out);
		} else if (piece.at[i] == '=') {
			base64_flush(d, out);
		} else if (!isspace(piece.at[i])) {
			d->odd |= 1u << MIME_BAD_BASE64;
		}
	}
}

/* --- quoted-printable --- */

/* Of a digit that is one. */
static uint8_t hex(uint8_t c)
{
	return (uint8_t)(isdigit(c) ? c - '0' : (tolower(c) - 'a' + 10) & 15);
}

static void held_put(struct mime_decoder *d, struct out *out)
{
	for (uint8_t i = 0; i < d->held_len; i++)
		out_put(out, d->held[i]);
	d->held_len = 0;
}

/* An '=' and what is behind it wait for each other: a piece may end between them. */
static void quoted_take(struct mime_decoder *d, struct slice piece, struct out *out)
{
	for (size_t i = 0; i < piece.len; i++) {
		uint8_t c = piece.at[i];

		if (!d->held_len && c != '=') {
			out_put(out, c);
			continue;
		}
		if (d->held_len == 1 && isspace(c))
			continue; /* blanks behind a soft break */
		d->held[d->held_len++] = c;
		if (d->held_len > 1 && !isxdigit(c)) {
			d->odd |= 1u << MIME_BAD_QUOTED;
			held_put(d, out);
		} else if (d->held_len == 3) {
			if (islower(d->held[1]) || islower(d->held[2]))
				d->odd |= 1u << MIME_BAD_QUOTED; /* read all the same */
			out_put(out, (uint8_t)(hex(d->held[1]) << 4 | hex(d->held[2])));
			d->held_len = 0;
		}
	}
}

static void newline_put(struct mime_decoder *d, struct out *out)
{
	for (uint8_t i = 0; i < d->newline_len; i++)
		out_put(out, d->newline[i]);
	d->newline_len = 0;
}

static void newline_keep(struct mime_decoder *d, struct slice newline)
{
	d->newline_len = (uint8_t)(newline.len < 2 ? newline.len : 2);
	if (d->newline_len)
		memcpy(d->newline, newline.at, d->newline_len);
}

/* --- uuencode: a line is a count and its digits --- */

static void uu_take(struct mime_decoder *d, struct slice piece, struct out *out)
{
	size_t cnt;

	if (!d->uu_open) {
		d->uu_open = mime_begins(piece, "begin ");
		return;
	}
	if (mime_same(piece, "end")) {
		d->uu_open = false;
		return;
	}
	cnt = piece.len ? (piece.at[0] - 32u) & 63 : 0;
	for (size_t i = 1, made = 0; made < cnt && i < piece.len; i += 4, made += 3) {
		uint8_t v[4];

		for (size_t k = 0; k < 4; k++)
			v[k] = i + k < piece.len ? (piece.at[i + k] - 32u) & 63 : 0;
		out_put(out, (uint8_t)(v[0] << 2 | v[1] >> 4));
		if (made + 1 < cnt)
			out_put(out, (uint8_t)(v[1] << 4 | v[2] >> 2));
		if (made + 2 < cnt)
			out_put(out, (uint8_t)(v[2] << 6 | v[3]));
	}
}

/* --- all --- */

void mime_decode(struct mime_decoder *d, struct slice piece)
{
	struct out out = { .to = d };

	switch (d->code) {
	case CODE_BASE64:
		base64_take(d, piece, &out);
		break;
	case CODE_UU:
		uu_take(d, piece, &out);
		break;
	case CODE_QUOTED:
		newline_put(d, &out);
		quoted_take(d, piece, &out);
		break;
	case CODE_NONE:
		newline_put(d, &out);
		out_flush(&out);
		if (piece.len)
			d->out(d->arg, piece);
		return;
	}
	out_flush(&out);
}

void mime_decode_newline(struct mime_decoder *d, struct slice newline)
{
	struct out out = { .to = d };

	if (d->code == CODE_BASE64 || d->code == CODE_UU)
		return;
	if (d->held_len == 1) { /* a soft break: the line goes on */
		d->held_len = 0;
		return;
	}
	if (d->held_len)
		d->odd |= 1u << MIME_BAD_QUOTED;
	newline_put(d, &out);
	held_put(d, &out);
	out_flush(&out);
	newline_keep(d, newline);
}

void mime_decode_end(struct mime_decoder *d)
{
	struct out out = { .to = d };

	if (d->code == CODE_BASE64)
		base64_flush(d, &out);
	held_put(d, &out);
	d->newline_len = 0;
	out_flush(&out);
}
