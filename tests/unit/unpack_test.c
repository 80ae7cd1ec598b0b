/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/scan/unpack: what is in archives of each format comes out once, in order, under its name; limits hold
 * and are said; passwords are tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <zlib.h>

#include "base/grown.h"
#include "scan/unpack.h"

#define MADE_MAX (4 << 20)

static const struct unpack_limits usual = {
	.depth = 4, .members = 20, .member_size = 1 << 20, .total_size = 2 << 20, .ratio = 100
};

/* --- archives --- */

struct content {
	const char *name;
	struct slice bytes;
};

struct wanted {
	int (*format)(struct archive *a);
	int (*filter)(struct archive *a); /* NULL: none */
	const char *options, *password;
};

static struct slice make(const struct wanted *wanted, const struct content *contents, size_t cnt,
			 uint8_t *to)
{
	struct archive *a = archive_write_new();
	size_t len = 0;

	assert_int_equal(wanted->format(a), ARCHIVE_OK);
	if (wanted->filter)
		assert_int_equal(wanted->filter(a), ARCHIVE_OK);
	if (wanted->options)
		assert_int_equal(archive_write_set_options(a, wanted->options), ARCHIVE_OK);
	if (wanted->password)
		assert_int_equal(archive_write_set_passphrase(a, wanted->password), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, to, MADE_MAX, &len), ARCHIVE_OK);
	for (size_t i = 0; i < cnt; i++) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, contents[i].name);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, (la_int64_t)contents[i].bytes.len);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, contents[i].bytes.at, contents[i].bytes.len),
				 contents[i].bytes.len);
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return slice(to, len);
}

static const struct wanted zip = { .format = archive_write_set_format_zip };

/* A level 1 header with method "-lh0-": as it stands (the format's own description, lha 1.14i, header.doc). */
static struct slice lha_make(uint8_t *to)
{
	const uint16_t crc = 0x83C0; /* CRC-16/ARC of "inside" */
	static const uint8_t head[] = { 0,   0,	  '-', 'l', 'h', '0', '-', 6,	0,    0, 0,
					6,   0,	  0,   0,   0,	 0,   0,   0,	0x20, 1, 5,
					'a', '.', 't', 'x', 't', 0,   0,   'U', 0,    0 };
	uint8_t sum = 0;

	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head) - 5, &crc, sizeof(crc));
	to[0] = sizeof(head) - 2;
	for (size_t i = 2; i < sizeof(head); i++)
		sum += to[i];
	to[1] = sum;
	memcpy(to + sizeof(head), "inside\0", 7);
	return slice(to, sizeof(head) + 7);
}

/* A block of RAR 5.0 (rarlab.com, technote.htm): CRC32 of what is behind it, length, body. */
static size_t rar_block(uint8_t *to, const uint8_t *body, uint8_t len)
{
	uint32_t crc;

	to[4] = len;
	memcpy(to + 5, body, len);
	crc = (uint32_t)crc32(0, to + 4, len + 1u);
	memcpy(to, &crc, sizeof(crc));
	return len + 5u;
}

static struct slice rar_make(uint8_t *to)
{
	static const uint8_t sign[] = { 'R', 'a', 'r', '!', 0x1a, 7, 1, 0 };
	static const uint8_t main_head[] = { 1, 0, 0 }, end[] = { 5, 0, 0 };
	/* type, flags (data), data's length, file flags, size, attributes, method (store), system, name */
	static const uint8_t file[] = { 2, 2, 6, 0, 6, 0, 0, 1, 5, 'a', '.', 't', 'x', 't' };
	size_t len = sizeof(sign);

	memcpy(to, sign, len);
	len += rar_block(to + len, main_head, sizeof(main_head));
	len += rar_block(to + len, file, sizeof(file));
	memcpy(to + len, "inside", 6);
	len += 6;
	len += rar_block(to + len, end, sizeof(end));
	return slice(to, len);
}

/* --- what comes out --- */

struct seen {
	char said[4096]; /* "path=length" or "path=length cut", a line each */
	uint64_t total;
};

static void member(void *arg, struct slice path, struct slice bytes, bool cut)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->said);

	snprintf(seen->said + len, sizeof(seen->said) - len, "%.*s=%zu%s\n", (int)path.len, path.at,
		 bytes.len, cut ? " cut" : "");
	seen->total += bytes.len;
}

static uint32_t look(struct slice bytes, const char *name, const struct unpack_limits *limits,
		     struct slice passwords, struct seen *seen)
{
	const struct unpack_sink sink = { seen, member };

	*seen = (struct seen){ .total = 0 };
	return unpack(bytes, slice_text(name), limits, passwords, &sink);
}

static void expect(struct slice bytes, const char *name, uint32_t stops, const char *said)
{
	struct seen seen;

	assert_int_equal(look(bytes, name, &usual, slice(NULL, 0), &seen), stops);
	assert_string_equal(seen.said, said);
}

static uint8_t made[MADE_MAX], outer[MADE_MAX], zeros[MADE_MAX];

static void test_formats(void **state)
{
	static const struct content two[] = { { "a.txt", { (const uint8_t *)"inside", 6 } },
					      { "d/b.exe", { (const uint8_t *)"MZ", 2 } } };
	static const struct wanted formats[] = {
		{ .format = archive_write_set_format_zip },
		{ .format = archive_write_set_format_7zip },
		{ .format = archive_write_set_format_ustar },
		{ .format = archive_write_set_format_iso9660 },
		{ .format = archive_write_set_format_ustar, .filter = archive_write_add_filter_gzip },
		{ .format = archive_write_set_format_pax, .filter = archive_write_add_filter_xz },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		expect(make(&formats[i], two, 2, made), "o", 0, "o!a.txt=6\no!d/b.exe=2\n");
	expect(lha_make(made), "o.lzh", 0, "o.lzh!a.txt=6\n");
	expect(rar_make(made), "o.rar", 0, "o.rar!a.txt=6\n");
}

static void test_single(void **state)
{
	static const struct wanted gzip = { .format = archive_write_set_format_raw,
					    .filter = archive_write_add_filter_gzip };
	const struct content one = { "x", slice_text("only me") };

	expect(make(&gzip, &one, 1, made), "/d/report.txt.gz", 0, "/d/report.txt.gz!report.txt=7\n");
	expect(make(&gzip, &one, 1, made), "gz", 0, "gz!data=7\n");
}

static void test_none(void **state)
{
	expect(slice_text("plain text, no archive"), "t", 0, "");
	expect(slice(NULL, 0), "empty", 0, "");
	expect(slice(zeros, 100000), "zeros", 0, "");
}

/* As deep as the innermost: levels archives in one another. */
static struct slice nest(unsigned int levels)
{
	struct content inner = { "x.exe", slice_text("MZ") };

	for (unsigned int i = 0; i < levels; i++) {
		struct slice bytes = make(&zip, &inner, 1, made);

		memcpy(outer, bytes.at, bytes.len);
		inner = (struct content){ "i.zip", slice(outer, bytes.len) };
	}
	return inner.bytes;
}

static void test_nested(void **state)
{
	struct slice bytes = nest(3);
	struct seen seen;

	assert_int_equal(look(bytes, "o", &usual, slice(NULL, 0), &seen), 0);
	assert_non_null(strstr(seen.said, "o!i.zip!i.zip!x.exe=2\n"));
	bytes = nest(6);
	assert_int_equal(look(bytes, "o", &usual, slice(NULL, 0), &seen), 1 << UNPACK_DEPTH);
	assert_non_null(strstr(seen.said, "o!i.zip!i.zip!i.zip!i.zip="));
	assert_null(strstr(seen.said, "o!i.zip!i.zip!i.zip!i.zip!"));
}

static void test_limits(void **state)
{
	struct content many[30];
	struct unpack_limits limits = usual;
	struct slice bytes;
	struct seen seen;

	for (size_t i = 0; i < 30; i++)
		many[i] = (struct content){ "m", slice_text("0123456789") };
	bytes = make(&zip, many, 30, made);
	assert_int_equal(look(bytes, "o", &limits, slice(NULL, 0), &seen), 1 << UNPACK_MEMBERS);
	assert_int_equal(seen.total, 200);
	limits.member_size = 4;
	assert_int_equal(look(make(&zip, many, 2, made), "o", &limits, slice(NULL, 0), &seen),
			 1 << UNPACK_MEMBER_SIZE);
	assert_string_equal(seen.said, "o!m=4 cut\no!m=4 cut\n");
}

/* Zeros: four million bytes in a few thousand. */
static void test_bomb(void **state)
{
	const struct content bomb[] = { { "0", slice(zeros, MADE_MAX / 2) },
					{ "1", slice(zeros, MADE_MAX / 2) } };
	struct unpack_limits limits = usual;
	struct slice bytes = make(&zip, bomb, 2, made);
	struct seen seen;

	limits.member_size = MADE_MAX;
	assert_int_equal(look(bytes, "o", &limits, slice(NULL, 0), &seen), 1 << UNPACK_RATIO);
	assert_true(seen.total < 2 << 20);
	limits.ratio = 0;
	assert_int_equal(look(bytes, "o", &limits, slice(NULL, 0), &seen), 1 << UNPACK_TOTAL_SIZE);
	assert_in_range(seen.total, 2 << 20, (2 << 20) + 65536);
}

static void test_passwords(void **state)
{
	static const struct content two[] = { { "a.exe", { (const uint8_t *)"MZ program", 10 } },
					      { "b.exe", { (const uint8_t *)"MZ", 2 } } };
	static const char *const ciphers[] = { "zip:encryption=zipcrypt", "zip:encryption=aes256" };
	static const char right[] = "one\0two\0infected\0last", wrong[] = "one\0two";

	for (size_t i = 0; i < 2; i++) {
		const struct wanted locked = { .format = archive_write_set_format_zip,
					       .options = ciphers[i],
					       .password = "infected" };
		struct slice bytes = make(&locked, two, 2, made);
		struct seen seen;

		assert_int_equal(look(bytes, "o", &usual, slice(right, sizeof(right)), &seen), 0);
		assert_string_equal(seen.said, "o!a.exe=10\no!b.exe=2\n");
		assert_int_equal(look(bytes, "o", &usual, slice(wrong, sizeof(wrong)), &seen),
				 1 << UNPACK_ENCRYPTED);
		assert_string_equal(seen.said, "o!a.exe=0 cut\no!b.exe=0 cut\n");
	}
}

/* Whatever is cut off, nothing else comes out than was inside. */
static void test_cut(void **state)
{
	static const struct wanted formats[] = { { .format = archive_write_set_format_ustar,
						   .filter = archive_write_add_filter_gzip },
						 { .format = archive_write_set_format_7zip } };
	const struct content one = { "a.txt", slice(zeros, 5000) };

	for (size_t i = 0; i < 2; i++) {
		struct slice bytes = make(&formats[i], &one, 1, made);

		for (size_t len = 0; len < bytes.len; len++) {
			struct seen seen;

			look(slice(bytes.at, len), "o", &usual, slice(NULL, 0), &seen);
			assert_true(seen.total <= 8192);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),	  cmocka_unit_test(test_single),
		cmocka_unit_test(test_none),	  cmocka_unit_test(test_nested),
		cmocka_unit_test(test_limits),	  cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_passwords), cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
