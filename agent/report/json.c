/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the bytes of a record while it is written. Called by told*.c and by the protocols' own log().
 * Promises valid JSON of one line whatever is given, or says that memory was short.
 */
#include "report/json.h"

#include <stdlib.h>

#include "text/escape.h"

#define CAP_FIRST 4096
#define NUMBER_MAX 20 /* digits of 2^64 */
#define SECONDS_A_DAY 86400

/* --- memory --- */

static bool room_make(struct json *json, size_t len)
{
	size_t cap = json->cap ? json->cap : CAP_FIRST;
	char *bytes;

	if (json->short_of_memory)
		return false;
	if (json->is_lent) {
		json->short_of_memory = true;
		return false;
	}
	while (cap - json->len < len)
		cap *= 2;
	bytes = realloc(json->bytes, cap);
	if (!bytes) {
		json->short_of_memory = true;
		return false;
	}
	json->bytes = bytes;
	json->cap = cap;
	return true;
}

/* Where the next len bytes go; NULL: memory is short. */
static inline char *room(struct json *json, size_t len)
{
	if (__builtin_expect(json->cap - json->len < len, 0) && !room_make(json, len))
		return NULL;
	return json->bytes + json->len;
}

static inline void put(struct json *json, const char *bytes, size_t len)
{
	char *at = room(json, len);

	if (!at)
		return;
	memcpy(at, bytes, len);
	json->len += len;
}

static inline void put_char(struct json *json, char c)
{
	char *at = room(json, 1);

	if (!at)
		return;
	*at = c;
	json->len++;
}

/* --- text --- */

static const char hex_digits[] = "0123456789abcdef";

/* 0: as it is; 'u': \u00XX; else the letter behind the backslash. */
static inline char escape_of(uint8_t byte)
{
	static const char controls[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

	if (byte < 0x20)
		return controls[byte];
	switch (byte) {
	case '"':
	case '\\':
		return (char)byte;
	case 0x7f:
		return 'u';
	default:
		return 0;
	}
}

/* Eight bytes, all of them plain ASCII that no string escapes? */
static inline bool eight_are_plain(const uint8_t *bytes)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t word, quote, slash, del;

	memcpy(&word, bytes, 8);
	quote = word ^ ones * '"';
	slash = word ^ ones * '\\';
	del = word ^ ones * 0x7f;
	/* A top bit for each byte above 127, below 32 or of the three; or beside such. */
	return !((word | (word - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones)) &
		 tops);
}

/* How many bytes from the first on are plain. */
static inline size_t plain_len(const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	for (; len - i >= 8 && eight_are_plain(bytes + i); i += 8) {
	}
	if (len >= 8 && len - i < 8 && eight_are_plain(bytes + len - 8))
		return len;
	while (i < len && bytes[i] < 0x80 && !escape_of(bytes[i]))
		i++;
	return i;
}

static bool is_utf8(const uint8_t *bytes, size_t len)
{
	uint32_t point;

	for (size_t i = 0; i < len;) {
		size_t taken;

		if (bytes[i] < 0x80) {
			i++;
			continue;
		}
		taken = utf8_decode((const char *)bytes + i, len - i, &point);
		if (!taken)
			return false;
		i += taken;
	}
	return true;
}

/* Up to six bytes for one that cannot stand in a string as it is. Returns how many. */
static size_t escape_put(char *at, uint8_t byte)
{
	char letter = escape_of(byte);

	at[0] = '\\';
	if (letter != 'u' && letter) {
		at[1] = letter;
		return 2;
	}
	if (letter) {
		memcpy(at + 1, "u00", 3);
		at[4] = hex_digits[byte >> 4];
		at[5] = hex_digits[byte & 15];
		return 6;
	}
	memcpy(at + 1, "\\x", 2);
	at[3] = hex_digits[byte >> 4];
	at[4] = hex_digits[byte & 15];
	return 5;
}

/* What is behind the plain bytes; at has room for six bytes each. Returns the end. */
static char *rest_put(char *at, const uint8_t *bytes, size_t len)
{
	bool keep_high = is_utf8(bytes, len);

	for (size_t i = 0; i < len;) {
		size_t plain = plain_len(bytes + i, len - i);

		memcpy(at, bytes + i, plain);
		at += plain;
		i += plain;
		if (i == len)
			break;
		if (bytes[i] >= 0x80 && keep_high)
			*at++ = (char)bytes[i];
		else
			at += escape_put(at, bytes[i]);
		i++;
	}
	return at;
}

static void string_put(struct json *json, const uint8_t *bytes, size_t len)
{
	size_t plain = len ? plain_len(bytes, len) : 0;
	char *at = room(json, plain + 6 * (len - plain) + 2);

	if (!at)
		return;
	*at++ = '"';
	if (plain)
		memcpy(at, bytes, plain);
	at += plain;
	if (plain < len)
		at = rest_put(at, bytes + plain, len - plain);
	*at++ = '"';
	json->len = (size_t)(at - json->bytes);
}

/* --- shape --- */

/* The name of what follows. false: it needs escapes, or there is no memory. */
static inline bool name_put(struct json *json, const char *name, size_t len)
{
	char *at = room(json, len + 4);

	if (!at || plain_len((const uint8_t *)name, len) < len)
		return false;
	*at++ = '"';
	memcpy(at, name, len);
	at += len;
	*at++ = '"';
	*at++ = ':';
	json->len = (size_t)(at - json->bytes);
	return true;
}

/* The comma that is due, and the name of what follows. */
static inline void lead(struct json *json, const char *name)
{
	bool *follows = &json->follows[json->depth - 1];
	size_t len;

	if (*follows)
		put_char(json, ',');
	*follows = true;
	if (!name)
		return;
	len = strlen(name);
	if (name_put(json, name, len))
		return;
	string_put(json, (const uint8_t *)name, len);
	put_char(json, ':');
}

static void nest(struct json *json, const char *name, char begins, char ends)
{
	if (json->depth)
		lead(json, name);
	if (json->depth == JSON_DEPTH_MAX) {
		json->short_of_memory = true;
		return;
	}
	put_char(json, begins);
	json->ends[json->depth] = ends;
	json->follows[json->depth++] = false;
}

void json_begin(struct json *json)
{
	json->len = 0;
	json->depth = 0;
	json->short_of_memory = false;
	nest(json, NULL, '{', '}');
}

void json_begin_in(struct json *json, char *room, size_t cap)
{
	*json = (struct json){ .bytes = room, .cap = cap, .is_lent = true };
	json_begin(json);
}

void json_end(struct json *json)
{
	while (json->depth)
		put_char(json, json->ends[--json->depth]);
}

void json_free(struct json *json)
{
	if (!json->is_lent)
		free(json->bytes);
	*json = (struct json){};
}

void json_open(struct json *json, const char *name)
{
	nest(json, name, '{', '}');
}

void json_list(struct json *json, const char *name)
{
	nest(json, name, '[', ']');
}

void json_close(struct json *json)
{
	if (json->depth > 1)
		put_char(json, json->ends[--json->depth]);
}

struct json_mark json_mark(const struct json *json)
{
	return (struct json_mark){ .len = json->len,
				   .depth = json->depth,
				   .follows = json->follows[json->depth - 1] };
}

void json_back(struct json *json, struct json_mark mark)
{
	json->len = mark.len;
	json->depth = mark.depth;
	json->follows[json->depth - 1] = mark.follows;
}

/* --- values --- */

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
			    "34353637383940414243444546474849505152535455565758596061626364656667"
			    "68697071727374757677787980818283848586878889909192939495969798"
			    "99";

/* Digits of value from the end of a room of NUMBER_MAX on backwards. Returns the first. */
static char *digits_back(char *end, uint64_t value)
{
	while (value >= 100) {
		end -= 2;
		memcpy(end, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		end -= 2;
		memcpy(end, pairs + value * 2, 2);
	} else {
		*--end = (char)('0' + value);
	}
	return end;
}

static void number_put(struct json *json, uint64_t value)
{
	char digits[NUMBER_MAX], *at = digits_back(digits + NUMBER_MAX, value);

	put(json, at, (size_t)(digits + NUMBER_MAX - at));
}

void json_number(struct json *json, const char *name, uint64_t value)
{
	lead(json, name);
	number_put(json, value);
}

void json_signed(struct json *json, const char *name, int64_t value)
{
	lead(json, name);
	if (value < 0)
		put_char(json, '-');
	number_put(json, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_bool(struct json *json, const char *name, bool value)
{
	lead(json, name);
	put(json, value ? "true" : "false", value ? 4 : 5);
}

void json_text(struct json *json, const char *name, const char *value)
{
	lead(json, name);
	string_put(json, (const uint8_t *)value, strlen(value));
}

void json_bytes(struct json *json, const char *name, struct slice value)
{
	lead(json, name);
	string_put(json, value.at, value.len);
}

/* One character of foreign words, or a byte that begins none. Returns its bytes in piece. */
static size_t foreign_piece(const char *at, size_t len, char piece[8], size_t *ret_taken)
{
	static const char replacement[] = "\xef\xbf\xbd";
	uint32_t point = 0;
	size_t taken = utf8_decode(at, len, &point);

	*ret_taken = taken ? taken : 1;
	if (!taken) {
		memcpy(piece, replacement, 3);
		return 3;
	}
	if (point == '"' || point == '\\') {
		piece[0] = '\\';
		piece[1] = (char)point;
		return 2;
	}
	if (!utf8_is_control(point)) {
		memcpy(piece, at, taken);
		return taken;
	}
	memcpy(piece, "\\u", 2);
	for (size_t i = 0; i < 4; i++)
		piece[2 + i] = hex_digits[point >> (12 - 4 * i) & 15];
	return 6;
}

void json_foreign(struct json *json, const char *name, const char *value, size_t max)
{
	size_t len = value ? strlen(value) : 0, used = 0, taken;
	char *at;

	lead(json, name);
	at = room(json, (len < max / 6 ? len * 6 : max) + 2);
	if (!at)
		return;
	*at++ = '"';
	for (size_t i = 0; i < len; i += taken) {
		char piece[8];
		size_t piece_len = foreign_piece(value + i, len - i, piece, &taken);

		if (used + piece_len > max)
			break;
		memcpy(at + used, piece, piece_len);
		used += piece_len;
	}
	at[used] = '"';
	json->len = (size_t)(at + used + 1 - json->bytes);
}

void json_printable(struct json *json, const char *name, struct slice value)
{
	char *text = malloc(value.len + 1);

	if (!text) {
		json->short_of_memory = true;
		return;
	}
	for (size_t i = 0; i < value.len; i++) {
		uint8_t b = value.at[i];

		text[i] = '.';
		if ((b >= 0x20 && b < 0x7f) || b == '\n' || b == '\r')
			text[i] = (char)b;
	}
	json_bytes(json, name, slice(text, value.len));
	free(text);
}

void json_base64_behind(struct json *json, const char *name, const char *prefix, struct slice value)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = value.at;
	size_t left = value.len, prefix_len = strlen(prefix);
	char *at;

	lead(json, name);
	at = room(json, prefix_len + (value.len + 2) / 3 * 4 + 2);
	if (!at)
		return;
	*at++ = '"';
	memcpy(at, prefix, prefix_len);
	at += prefix_len;
	for (; left >= 3; left -= 3, b += 3) {
		*at++ = letters[b[0] >> 2];
		*at++ = letters[(b[0] & 3) << 4 | b[1] >> 4];
		*at++ = letters[(b[1] & 15) << 2 | b[2] >> 6];
		*at++ = letters[b[2] & 63];
	}
	if (left) {
		*at++ = letters[b[0] >> 2];
		*at++ = letters[(b[0] & 3) << 4 | (left == 2 ? b[1] >> 4 : 0)];
		at[0] = '=';
		if (left == 2)
			at[0] = letters[(b[1] & 15) << 2];
		at++;
		*at++ = '=';
	}
	*at++ = '"';
	json->len = (size_t)(at - json->bytes);
}

void json_base64(struct json *json, const char *name, struct slice value)
{
	json_base64_behind(json, name, "", value);
}

void json_newline(struct json *json)
{
	put_char(json, '\n');
}

void json_hex(struct json *json, const char *name, struct slice value)
{
	char *at;

	lead(json, name);
	at = room(json, value.len * 2 + 2);
	if (!at)
		return;
	*at++ = '"';
	for (size_t i = 0; i < value.len; i++) {
		*at++ = hex_digits[value.at[i] >> 4];
		*at++ = hex_digits[value.at[i] & 15];
	}
	*at++ = '"';
	json->len = (size_t)(at - json->bytes);
}

static char *address4_put(char *at, const uint8_t *b)
{
	for (size_t i = 0; i < 4; i++) {
		char digits[NUMBER_MAX], *from = digits_back(digits + NUMBER_MAX, b[i]);
		size_t len = (size_t)(digits + NUMBER_MAX - from);

		if (i)
			*at++ = '.';
		memcpy(at, from, len);
		at += len;
	}
	return at;
}

static char *address6_put(char *at, const uint8_t *b)
{
	for (size_t i = 0; i < 16; i++) {
		if (i && i % 2 == 0)
			*at++ = ':';
		*at++ = hex_digits[b[i] >> 4];
		*at++ = hex_digits[b[i] & 15];
	}
	return at;
}

void json_address(struct json *json, const char *name, const struct sek_addr *addr, uint8_t family)
{
	bool four = family != 6 && !addr->q[0] && addr->w[2] == __builtin_bswap32(0xffff);
	char *at;

	lead(json, name);
	at = room(json, 48);
	if (!at)
		return;
	*at++ = '"';
	at = four ? address4_put(at, addr->b + 12) : address6_put(at, addr->b);
	*at++ = '"';
	json->len = (size_t)(at - json->bytes);
}

/* So many digits of value, with zeros in front. Returns the end. */
static char *fixed_put(char *at, uint64_t value, size_t cnt)
{
	for (size_t i = cnt; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + cnt;
}

/* Year, month and day of the Gregorian calendar, of days since 1970; by eras of 400 years from March on. */
static void date_of(uint64_t days, uint64_t *ret_year, uint64_t *ret_month, uint64_t *ret_day)
{
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*ret_day = doy - (153 * mp + 2) / 5 + 1;
	*ret_month = mp < 10 ? mp + 3 : mp - 9;
	*ret_year = era * 400 + yoe + (*ret_month <= 2);
}

/* "2016-01-13T13:13:48. */
static void second_put(char *at, uint64_t seconds)
{
	uint64_t year, month, day, of_day = seconds % SECONDS_A_DAY;

	date_of(seconds / SECONDS_A_DAY, &year, &month, &day);
	*at++ = '"';
	at = fixed_put(at, year, 4);
	*at++ = '-';
	at = fixed_put(at, month, 2);
	*at++ = '-';
	at = fixed_put(at, day, 2);
	*at++ = 'T';
	at = fixed_put(at, of_day / 3600, 2);
	*at++ = ':';
	at = fixed_put(at, of_day / 60 % 60, 2);
	*at++ = ':';
	at = fixed_put(at, of_day % 60, 2);
	*at = '.';
}

void json_time(struct json *json, const char *name, uint64_t time_ns)
{
	uint64_t seconds = time_ns / 1000000000, micros = time_ns / 1000 % 1000000;
	char *at;

	if (seconds != json->second || !json->second_text[0]) {
		second_put(json->second_text, seconds);
		json->second = seconds;
	}
	lead(json, name);
	at = room(json, 40);
	if (!at)
		return;
	memcpy(at, json->second_text, JSON_SECOND_LEN);
	at = fixed_put(at + JSON_SECOND_LEN, micros, 6);
	memcpy(at, "+0000\"", 6);
	json->len = (size_t)(at + 6 - json->bytes);
}
