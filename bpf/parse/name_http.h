/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Host and target of an HTTP/1 request (RFC 9112) that is one segment, whole and alone. Called by
 * stage/name_http.h. What servers read in different ways is not read here at all: two Hosts, folded
 * lines, a CR or LF alone, a body, a second request, a target that is not plainly a path.
 */
#ifndef BPF_PARSE_NAME_HTTP_H
#define BPF_PARSE_NAME_HTTP_H

#include "parse/words.h"
#include "sekisho/name.h"

#define HTTP_PART_TURNS 32 /* words of a part: most requests are one, and each is a call */
#define HTTP_LINE_PARTS 6 /* of a request: 1,536 bytes, more than a segment of Ethernet */
#define HTTP_VALUE_TURNS 65 /* half words of a Host */
#define HTTP_TARGET_TURNS (SEK_NAME_PATH_BYTES / 8 + 1)
#define HTTP_METHOD_MIN 3
#define HTTP_METHOD_MAX 24 /* where a blank is looked for */
#define HTTP_SHORTEST 16 /* bytes of which it may be told that this is no request */
#define HTTP_PORT_DIGITS 5

#define HTTP_CR WORD_OF(0x0dULL)
#define HTTP_END 0x0a0d0a0dU /* CR LF CR LF, as it stands in memory */
#define HTTP_CRLF 0x0a0dU

/* Beginnings of lines, small, as words that were read from memory. */
#define HTTP_HOST 0x74736f68ULL
#define HTTP_CONTENT 0x2d746e65746e6f63ULL
#define HTTP_TRANSFER 0x726566736e617274ULL
#define HTTP_UPGRADE 0x0065646172677075ULL
#define HTTP_EXPECT 0x0000746365707865ULL
#define HTTP_VERSION 0x2e312f5054544820ULL /* " HTTP/1." */

#define HTTP_BYTES(n) ((1ULL << 8 * (n)) - 1)

/* 1 if this line says that more than a request follows, or continues the line before it. */
static __always_inline __u64 http_line_odd(__u64 line)
{
	__u64 small = line | WORD_SMALL;
	__u64 plain = word_differs(small, HTTP_CONTENT) & word_differs(small, HTTP_TRANSFER) &
		      word_differs(small & HTTP_BYTES(6), HTTP_EXPECT);

	/* "upgrade-insecure-requests" is none. */
	plain &= word_differs(small & HTTP_BYTES(7), HTTP_UPGRADE) | ~word_differs(line >> 56, '-');
	plain &= word_differs(line & 0xff, ' ') & word_differs(line & 0xff, '\t') &
		 word_differs(line & 0xffff, HTTP_CRLF);
	return ~plain & 1;
}

/*
 * Whether two words have no byte that may end a line. Bytes of other alphabets may be taken for such, no end
 * of a line for another byte.
 */
static __always_inline bool http_inside(__u64 a, __u64 b)
{
	a = (a | WORD_HIGH) - WORD_OF(0x0eULL);
	b = (b | WORD_HIGH) - WORD_OF(0x0eULL);
	return !(~(a & b) & WORD_HIGH);
}

/*
 * Some words of a request, from the right: end is the offset behind them, rest the bytes of the request
 * in front of that. Bit 0: it is not plain; above: where the value of a Host begins, 0: there is none
 * among them. One word a turn from the end on: words then never reach beyond the frame, which has more
 * than 8 bytes in front of them. A part is verified once, and not as often as there are parts.
 */
__noinline __u64 name_http_part(struct frame_ctx *ctx, __u32 end, __u32 rest)
{
	__u32 t = word_hidden_zero(rest), host = t & FRAME_OFFSET_MAX, i;
	__u64 odd = t, last;

	for (i = 0; i < HTTP_PART_TURNS; i++) {
		__u32 base = end - 8 - t, left = rest - t, spare;
		const void *at = word_at(ctx, base - 1, 9);
		__u64 inside, ends;

		if (!at)
			return 1;
		t = (t + 8) & FRAME_OFFSET_MAX;
		if (http_inside(word_read(at), word_read(at + 1))) { /* as most words are */
			if (left <= 8)
				break;
			continue;
		}
		spare = word_spare(left, &last);
		/* Not the very first byte, which nothing is in front of. */
		inside = (WORD_HIGH << 8 * spare) << (last & 8);
		ends = word_marks(word_read(at + 1), '\n') & inside;
		odd |= ends ^ (word_marks(word_read(at), '\r') & inside);
		if (ends) {
			__u32 line = base + word_first(ends) + 1;
			__u64 word;

			at = word_at(ctx, line, 8);
			if (!at)
				return 1;
			word = word_read(at);
			odd |= (ends & (ends - 1)) | http_line_odd(word);
			if ((__u32)(word | WORD_SMALL) == HTTP_HOST) {
				odd |= host | word_differs(word >> 32 & 0xff, ':');
				host = (line + 5) & FRAME_OFFSET_MAX;
			}
		}
		if (last)
			break;
	}
	return (__u64)host << 1 | word_differs(odd, 0);
}

/* Offset of Host's value; 0: none, two, or a request that is not plain. */
__noinline __u64 name_http_lines(struct frame_ctx *ctx, __u32 payload, __u32 len)
{
	__u32 end = payload + len - 3, rest = len - 3, i; /* behind the last line there is none */
	__u64 host = 0, odd = 0;

	for (i = 0; i < HTTP_LINE_PARTS; i++) {
		__u64 part = name_http_part(ctx, end, rest);

		odd |= (part & 1) | (part >> 1 && host);
		host |= part >> 1;
		if (rest <= 8 * HTTP_PART_TURNS)
			break;
		end -= 8 * HTTP_PART_TURNS;
		rest -= 8 * HTTP_PART_TURNS;
	}
	return i == HTTP_LINE_PARTS || odd ? 0 : host & FRAME_OFFSET_MAX;
}

/* Offset of the CR that ends the value at off; 0: too far. */
__noinline __u64 name_http_value(struct frame_ctx *ctx, __u32 off)
{
	for (__u32 i = 0; i < HTTP_VALUE_TURNS; i++) {
		const __u32 *at = word_at(ctx, off + 4 * i, 4);
		__u64 marks;

		if (!at)
			return 0;
		marks = word_marks(*at, '\r') & 0x80808080;
		if (marks)
			return off + 4 * i + word_first(marks);
	}
	return 0;
}

/* Without ":port" at its end; 0: what follows a colon is no port. */
static __always_inline __u32 http_port_cut(struct frame_ctx *ctx, __u32 off, __u32 end)
{
	const void *at = word_at(ctx, end - 8, 8);
	__u64 word, colons, digits;
	__u32 n;

	if (!at)
		return 0;
	word = word_read(at);
	colons = word_marks(word, ':');
	if (off > end - 8) /* not that of "Host:" itself */
		colons &= ~0ULL << 8 * (off - end + 8);
	if (!colons)
		return end;
	n = word_first(colons);
	digits = (word >> 8 * n >> 8) | WORD_OF(0x30ULL) << 8 * (7 - n);
	digits ^= WORD_OF(0x30ULL);
	if (((digits + WORD_OF(0x76ULL)) | digits) & WORD_HIGH || 7 - n > HTTP_PORT_DIGITS)
		return 0;
	return end - 8 + n;
}

/* A host that begins at off: blank, port and the root's dot are not of it. */
static __always_inline __u64 http_host(struct frame_ctx *ctx, __u32 off)
{
	const __u8 *at = word_at(ctx, off, 1);
	__u32 end;

	if (!at)
		return NAME_AGENT;
	off += *at == ' ';
	end = name_http_value(ctx, off);
	at = word_at(ctx, off, 1);
	if (end <= off || !at || *at <= ' ')
		return NAME_AGENT;
	end = http_port_cut(ctx, off, end);
	if (end <= off)
		return NAME_AGENT;
	at = word_at(ctx, end - 2, 2);
	if (!at)
		return NAME_AGENT;
	end -= at[1] == '.';
	if (end <= off || end - off > SEK_NAME_BYTES || (at[0] == '.' && at[1] == '.'))
		return NAME_AGENT;
	return name_found(off, end - off, 0);
}

/* Capitals up to the n-th byte, of 8 at most: 0x41 to 0x5a. */
static __always_inline bool http_is_method(__u64 word, __u32 n)
{
	if (n < 8)
		word = (word & HTTP_BYTES(n)) | WORD_OF(0x41ULL) << 8 * n;
	return !(((word + WORD_OF(0x25ULL)) | word | (word - WORD_OF(0x41ULL))) & WORD_HIGH);
}

/* Bytes in front of the first blank; HTTP_METHOD_MAX: more than any method has. */
static __always_inline __u32 http_blank(struct frame_ctx *ctx, __u32 off)
{
	for (__u32 i = 0; i < HTTP_METHOD_MAX / 8; i++) {
		const void *at = word_at(ctx, off + 8 * i, 8);
		__u64 blanks = at ? word_marks(word_read(at), ' ') : 0;

		if (blanks)
			return 8 * i + word_first(blanks);
	}
	return HTTP_METHOD_MAX;
}

/*
 * Where the target begins, a path, if this is a request with a method of 3 to 7 capitals. Servers take
 * other methods as well, and lines that are empty in front; NAME_NONE: it is another protocol.
 * payload: offset of the segment's bytes, len: how many.
 */
__noinline __u64 name_http_start(struct frame_ctx *ctx, __u32 payload, __u32 len)
{
	const __u8 *at = frame_at(ctx, payload, 8);
	bool method;
	__u32 n;

	if (len < HTTP_SHORTEST || payload + len > FRAME_OFFSET_MAX || !at || *at <= ' ')
		return NAME_AGENT;
	n = http_blank(ctx, payload);
	method = n >= HTTP_METHOD_MIN && http_is_method(word_read(at), n);
	at = word_at(ctx, payload + n + 1, 1);
	if (n < 8 && method)
		return at && *at == '/' ? name_found(payload + n + 1, 0, 0) : NAME_AGENT;
	if (method || !at || len < HTTP_METHOD_MAX + 2)
		return NAME_AGENT;
	/* A path, an absolute target or a server as a whole: some method, though none that is usual. */
	if (n < HTTP_METHOD_MAX && (*at == '/' || *at == '*' || (*at | 0x20) == 'h'))
		return NAME_AGENT;
	return NAME_NONE;
}

/*
 * Some blank that is none of RFC 9112's is in front of its ninth byte: lenient servers cut there as
 * well.
 */
static __always_inline bool http_other_blank(struct frame_ctx *ctx, __u32 payload)
{
	const void *at = word_at(ctx, payload, 8);
	__u64 word;

	if (!at)
		return true;
	word = word_read(at);
	return word_has(word, '\t') | word_has(word, '\v') | word_has(word, '\f');
}

/* The host of a request, which name_http_start() has told to be one. */
__noinline __u64 name_http_host(struct frame_ctx *ctx, __u32 payload, __u32 len)
{
	const __u32 *last = word_at(ctx, payload + len - 4, 4);
	__u64 off;

	if (!last || *last != HTTP_END)
		return NAME_AGENT;
	off = name_http_lines(ctx, payload, len);
	return off ? http_host(ctx, off) : NAME_AGENT;
}

/* Marks the digits of hexadecimal numbers from least on, '0' to '9', and letters as RFC 3986 wants them. */
static __always_inline __u64 http_hex(__u64 word, __u8 least)
{
	__u64 low = word & WORD_LOW7;
	__u64 digits = (low + WORD_OF(0x80ULL - least)) & ~(low + WORD_OF(0x80ULL - ':'));
	__u64 letters = (low + WORD_OF(0x80ULL - 'A')) & ~(low + WORD_OF(0x80ULL - 'G'));

	return (digits | letters) & ~word & WORD_HIGH;
}

/*
 * Marks the places behind which stand the digits of a byte that is always written so: of a letter beyond
 * ASCII, or a blank. All others could stand for a character that has a meaning, or for themselves.
 */
static __always_inline __u64 http_encoded(__u64 next, __u64 after)
{
	return (http_hex(next, '8') & http_hex(after, '0')) |
	       (word_marks(next, '2') & word_marks(after, '0'));
}

/*
 * Not 0 when a word of a target, of which mask is, holds what servers read in more ways than one. What
 * parts a path is a character like others behind it, in a query; path: what is in front of that.
 */
static __always_inline __u64 http_target_odd(const void *at, __u64 mask, __u64 path)
{
	__u64 word = word_read(at), next = word_read(at + 1), after = word_read(at + 2);
	__u64 slash = word_marks(word, '/') & path, text, parts;
	__u64 dots = word_marks(next, '.') & (word_marks(after, '.') | word_marks(after, '/') |
					      word_marks(after, ' ') | word_marks(after, '?'));

	text = (word & mask) | (WORD_OF(0x61ULL) & ~mask);
	parts = (word & path) | (WORD_OF(0x61ULL) & ~path);
	return (slash & (word_marks(next, '/') | dots)) | word_has(parts, ';') |
	       word_has(parts, '\\') | (word_marks(text, '%') & ~http_encoded(next, after)) |
	       word_has(text, '#') |
	       ((text | (text - WORD_OF(0x21ULL)) | (text + WORD_OF(1ULL))) & WORD_HIGH);
}

/* Whether the request's line ends there as those of HTTP/1.0 and 1.1 do. */
static __always_inline bool http_version(struct frame_ctx *ctx, __u32 off)
{
	const __u8 *at = word_at(ctx, off, 11);

	return at && word_read(at) == HTTP_VERSION && (at[8] == '0' || at[8] == '1') &&
	       at[9] == '\r' && at[10] == '\n';
}

/*
 * The target that begins at off, of a request that name_http_host() has read. Extra is how many bytes
 * are in front of its query, or all of them.
 */
__noinline __u64 name_http_target(struct frame_ctx *ctx, __u32 off)
{
	__u32 query = word_hidden_zero(off), t = query, i;

	for (i = 0; i < HTTP_TARGET_TURNS; i++) {
		const void *at = word_at(ctx, off + t, 10);
		__u64 word, blanks, mask, asks, path, first;

		if (!at)
			return NAME_AGENT;
		word = word_read(at);
		blanks = word_marks(word, ' ');
		mask = ((blanks & -blanks) >> 7) - 1; /* of all in front of it */
		asks = word_marks(word, '?') & mask;
		path = mask & (((asks & -asks) >> 7) - 1) & (word_differs(query, 0) - 1);
		if (http_target_odd(at, mask, path))
			return NAME_AGENT;
		first = word_differs(asks, 0) & ~word_differs(query, 0);
		query |= (t + word_first(asks)) & -(__u32)first;
		if (blanks) {
			t += word_first(blanks);
			break;
		}
		t = (t + 8) & FRAME_OFFSET_MAX;
	}
	if (i == HTTP_TARGET_TURNS || !t || t > SEK_NAME_PATH_BYTES || !http_version(ctx, off + t))
		return NAME_AGENT;
	return name_found(off, t, query ? query : t);
}

#endif
