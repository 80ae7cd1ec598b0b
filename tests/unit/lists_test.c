// SPDX-License-Identifier: Apache-2.0
/*
 * Published list formats to entries, and entries to the table: rows of text and what must come out;
 * the table against a walk over all prefixes; real lists where they are at hand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lists/bytes.h"
#include "lists/range.h"
#include "lists/read.h"
#include "lists/set.h"
#include "lists/table.h"

#define REAL_LISTS "/work/shared/data/lists/"

struct row {
	const char *what, *format, *text;
	const char *entries; /* in order, with a blank between */
	size_t fixed_cnt, skipped_cnt, bad_cnt, duplicate_cnt;
	const char *guess; /* what the format looks like; NULL: plain */
};

static const struct row rows[] = {
	{ "plain addresses, order and duplicates", NULL, "192.0.2.9\n10.0.0.0/8\n192.0.2.9\n",
	  "10.0.0.0/8 192.0.2.9", .duplicate_cnt = 1 },
	{ "overlaps are normal", NULL, "10.1.1.1/32\n10.0.0.0/8\n10.1.0.0/16\n",
	  "10.0.0.0/8 10.1.0.0/16 10.1.1.1", .guess = NULL },
	{ "all of it", NULL, "0.0.0.0/0\n::/0\n", "::/0 0.0.0.0/0", .guess = NULL },
	{ "comments of every kind", NULL,
	  "# a\n; b\n! c\n// d\n\n  \t\n10.0.0.1 # e\n10.0.0.2 ; SBL1\n10.0.0.3\t// f\n10.0.0.4 !g\n",
	  "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4", .guess = NULL },
	{ "second column", NULL, "192.0.2.1\t10\n192.0.2.2 9 more\n", "192.0.2.1 192.0.2.2",
	  .guess = NULL },
	{ "byte order mark and CRLF, no end of the last line", NULL,
	  "\xef\xbb\xbf"
	  "192.0.2.1\r\n192.0.2.2 \r\n192.0.2.3",
	  "192.0.2.1 192.0.2.2 192.0.2.3", .guess = NULL },
	{ "v4-mapped", NULL, "::ffff:192.0.2.1\n::ffff:c000:202\n::ffff:10.0.0.0/104\n192.0.2.1\n",
	  "10.0.0.0/8 192.0.2.1 192.0.2.2", .duplicate_cnt = 1 },
	{ "host bits", NULL, "10.0.0.1/24\n2001:db8::1/32\n", "10.0.0.0/24 2001:db8::/32",
	  .fixed_cnt = 2 },
	{ "leading zeros", NULL, "09.193.105.79\n192.0.02.1\n192.0.2.10\n", "192.0.2.10",
	  .bad_cnt = 2 },
	{ "broken lines", NULL, "1.2.3\n1.2.3.4.5\n300.1.1.1\n1.2.3.4/33\n::/129\n1.2.3.4/\n1.2.3.4\n",
	  "1.2.3.4", .bad_cnt = 6 },
	{ "ranges", NULL, "192.0.2.0-192.0.2.3\n192.0.2.9 - 192.0.2.9\n192.0.2.255-192.0.3.0\n",
	  "192.0.2.0/30 192.0.2.9 192.0.2.255 192.0.3.0", .guess = NULL },
	{ "a range of IPv6, with everything", NULL, "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n",
	  "::/0", .guess = NULL },
	{ "a range backwards, of two families", NULL,
	  "192.0.2.9-192.0.2.1\n1.1.1.1-2001:db8::\n192.0.2.1\n", "192.0.2.1", .bad_cnt = 2 },
	{ "a range of all IPv4", NULL, "0.0.0.0-255.255.255.255\n", "0.0.0.0/0", .guess = NULL },
	{ "first, last, length", NULL, "192.0.2.0\t192.0.2.255\t24\t6 hits\n", "192.0.2.0/24",
	  .guess = NULL },
	{ "names among addresses", NULL, "example.com\n192.0.2.1\nwww.example.net # x\n",
	  "192.0.2.1", .skipped_cnt = 2 },
	{ "trailing commas and quotes", NULL, "192.0.2.1,\n\"192.0.2.2\",\n'192.0.2.3'\n",
	  "192.0.2.1 192.0.2.2 192.0.2.3", .guess = NULL },
	{ "netmasks", NULL,
	  "192.0.2.0/255.255.255.0\n198.51.100.0 255.255.255.128\n10.1.0.0/255.255.0.0 x\n"
	  "203.0.113.1 255.0.255.0\n203.0.113.2/255.0.255.0\n192.0.2.1/0.0.0.255\n",
	  "10.1.0.0/16 192.0.2.0/24 198.51.100.0/25 203.0.113.1", .bad_cnt = 2 },
	{ "ipset save", NULL,
	  "create bad hash:net family inet hashsize 1024 maxelem 65536\n"
	  "add bad 192.0.2.0/24\nadd bad 198.51.100.7 timeout 300 comment \"x\"\n"
	  "add bad 203.0.113.1,tcp:80\nadd bad 10.0.0.0-10.0.0.3\n",
	  "10.0.0.0/30 192.0.2.0/24 198.51.100.7", .skipped_cnt = 1, .guess = "ipset" },
	{ "an address list of RouterOS", NULL,
	  "# x\n/ip firewall address-list\nadd address=192.0.2.0/24 list=bad\nadd list=bad \\\n  address=10.0.0.1\n"
	  "add address=10.0.0.4-10.0.0.7 comment=\"a b\" list=bad\nadd address=a.example list=bad\n"
	  "add address=10.9.9.9 list=bad disabled=yes\n:do { add list=bad address=2001:db8::/32 } on-error={}\n",
	  "10.0.0.1 10.0.0.4/30 192.0.2.0/24 2001:db8::/32", .skipped_cnt = 2, .guess = "mikrotik" },
	{ "one whose entries lack what they are of", "mikrotik",
	  "add list=bad\nadd address=10.0.0.1\nadd address=x list=bad\nset address=10.0.0.2\n",
	  "10.0.0.1", .skipped_cnt = 1, .bad_cnt = 1, .guess = "mikrotik" },
	{ "said to be ipset, but not", "ipset", "add bad 192.0.2.1\n192.0.2.2\n", "192.0.2.1",
	  .bad_cnt = 1 },
	{ "hosts", NULL,
	  "127.0.0.1 localhost\n0.0.0.0 ads.example.com b.example\n0.0.0.0 192.0.2.66\n",
	  "192.0.2.66", .skipped_cnt = 3, .guess = "hosts" },
	{ "csv with a title", NULL,
	  "date,ip,note\n2024-01-01,192.0.2.1,\"a, b\"\n2024-01-02,\"192.0.2.0/30\",x\n",
	  "192.0.2.0/30 192.0.2.1", .guess = "csv" },
	{ "csv without one", NULL, "x,192.0.2.1,7\ny,192.0.2.2,8\n", "192.0.2.1 192.0.2.2",
	  .guess = "csv" },
	{ "csv by semicolons, too few columns", NULL, "name;address\na;192.0.2.1\nb\nc;192.0.2.2\n",
	  "192.0.2.1 192.0.2.2", .bad_cnt = 1, .guess = "csv" },
	{ "json lines of Spamhaus", NULL,
	  "{\"cidr\":\"1.10.16.0/20\",\"sblid\":\"SBL256894\",\"rir\":\"apnic\"}\n"
	  "{\"cidr\":\"2001:db8::/32\",\"sblid\":\"SBL1\"}\n{\"type\":\"metadata\",\"size\":2}\n",
	  "1.10.16.0/20 2001:db8::/32", .skipped_cnt = 1, .guess = "json" },
	{ "one json document", NULL,
	  "{\"prefixes\": [{\"ipv4Prefix\": \"192.0.2.0/24\"},\n {\"ipv6Prefix\": \"2001:db8::/32\"}]}",
	  "192.0.2.0/24 2001:db8::/32", .guess = "json" },
	{ "an array of strings", NULL, "[\"192.0.2.1\",\n\"x.example\"]", "192.0.2.1",
	  .skipped_cnt = 1, .guess = "json" },
	{ "no network in a list of URLs", NULL,
	  "http://a.example/x\n107.172.238.16/8\n192.0.2.1/24\nhttp://192.0.2.7/\nb.example/y\n"
	  "http://192.0.2.8:8080/\nhttp://u@192.0.2.9/\n192.0.2.10\n",
	  "192.0.2.7 192.0.2.10", .skipped_cnt = 6, .guess = "url" },
	{ "the same, said", "url", "107.172.238.16/8\n192.0.2.1\n", "192.0.2.1", .skipped_cnt = 1 },
};

static void words_print(const struct diag *diag)
{
	diag_print(diag, stdout);
}

static char *entries_text(const struct list_set *set)
{
	char text[PREFIX_TEXT_MAX], *all = calloc(set->cnt + 1, PREFIX_TEXT_MAX);

	for (size_t i = 0; i < set->cnt; i++) {
		strncat(all, i ? " " : "", 2);
		strncat(all, prefix_print(&set->entries[i].prefix, text), PREFIX_TEXT_MAX);
	}
	return all;
}

static void formats_are_read(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct list_set set = {};
		struct diag diag;
		char *text;
		int err;

		diag_init(&diag);
		err = list_parse(row->text, strlen(row->text), "list", row->format, &set, &diag);
		text = entries_text(&set);
		if (err || strcmp(text, row->entries) != 0 || set.fixed_cnt != row->fixed_cnt ||
		    set.skipped_cnt != row->skipped_cnt || set.bad_cnt != row->bad_cnt ||
		    set.duplicate_cnt != row->duplicate_cnt) {
			words_print(&diag);
			fail_msg("%s: %d: \"%s\", %zu fixed, %zu skipped, %zu bad, %zu twice",
				 row->what, err, text, set.fixed_cnt, set.skipped_cnt, set.bad_cnt,
				 set.duplicate_cnt);
		}
		if (!row->format)
			assert_string_equal(
				format_guess((struct text){ row->text, strlen(row->text) }),
				row->guess ? row->guess : "plain");
		free(text);
		list_set_free(&set);
		diag_free(&diag);
	}
}

static void bad_lines_are_told_with_place(void **state)
{
	const char *text = "192.0.2.1\n10.0.0.1/24\n09.1.1.1\n";
	struct list_set set = {};
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(list_parse(text, strlen(text), "feed.txt", NULL, &set, &diag), 0);
	assert_int_equal(diag.cnt, 2);
	assert_int_equal(diag.error_cnt, 0);
	assert_string_equal(diag.entries[0].file, "feed.txt");
	assert_int_equal(diag.entries[0].line, 2);
	assert_non_null(strstr(diag.entries[0].text, "10.0.0.0/24"));
	assert_int_equal(diag.entries[1].line, 3);
	list_set_free(&set);
	diag_free(&diag);
}

static void many_bad_lines_are_counted(void **state)
{
	char text[8 * 200];
	size_t len = 0;
	struct list_set set = {};
	struct diag diag;

	for (int i = 0; i < 150; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "1.2.3\n");
	len += (size_t)snprintf(text + len, sizeof(text) - len, "1.2.3.4\n");
	diag_init(&diag);
	assert_int_equal(list_parse(text, len, "list", NULL, &set, &diag), 0);
	assert_int_equal(set.bad_cnt, 150);
	assert_int_equal(diag.cnt, 21);
	assert_non_null(strstr(diag.entries[20].text, "130"));
	list_set_free(&set);
	diag_free(&diag);
}

static void nothing_readable_is_an_error(void **state)
{
	struct list_set set = {};
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(list_parse("a.example\n", 10, "list", NULL, &set, &diag), -ENODATA);
	assert_int_equal(list_parse("", 0, "list", NULL, &set, &diag), 0);
	assert_int_equal(set.cnt, 0);
	assert_int_equal(list_parse("1.1.1.1", 7, "list", "rpz", &set, &diag), -ENOENT);
	assert_int_equal(list_read("/nonexistent/list", NULL, &set, &diag), -ENOENT);
	assert_int_equal(diag.error_cnt, 3);
	diag_free(&diag);
}

/* What servers, disks and people give in a list's place; both kinds of lists look at it alike. */
static void what_is_no_list_is_told(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *says; /* NULL: it may be one */
	} cases[] = {
		{ "<!DOCTYPE html>\n192.0.2.1\n", 26, "HTML" },
		{ "\n \t<HTML><body>192.0.2.1", 23, "HTML" },
		{ "<?xml version=\"1.0\"?>", 21, "XML" },
		{ "<h1", 3, NULL },
		{ "PK\3\4aaaa", 8, "packed" },
		{ "\x1f\x8b\x08", 3, "packed" },
		{ "\xff\xfe"
		  "1\0",
		  4, "UTF-16" },
		{ "\xfe\xff\0"
		  "1",
		  4, "UTF-16" },
		{ "1\0"
		  "9\0"
		  "2\0"
		  ".\0"
		  "0\0"
		  ".\0"
		  "2\0"
		  ".\0",
		  16, "UTF-16" },
		{ "\0"
		  "1\0"
		  "9\0"
		  "2\0"
		  ".\0"
		  "0\0"
		  ".\0"
		  "2\0"
		  ".",
		  16, "UTF-16" },
		{ "1\0"
		  "9\0"
		  "2\0"
		  ".\0"
		  "0\0"
		  ".\0"
		  "2\0"
		  "..",
		  16, NULL },
		{ "", 0, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diag diag;
		int err;

		diag_init(&diag);
		err = list_bytes_look(cases[i].text, cases[i].len, "list", &diag);
		assert_int_equal(err, cases[i].says ? -EBADMSG : 0);
		assert_int_equal(diag.error_cnt, cases[i].says ? 1 : 0);
		if (cases[i].says)
			assert_non_null(strstr(diag.entries[0].text, cases[i].says));
		diag_free(&diag);
	}
}

/* The first len bytes of a packed text, read from a pipe. 0 or -errno; *ret_len bytes came. */
static int packed_read(const char *bytes, size_t len, size_t most, size_t *ret_len)
{
	char *text = NULL;
	int ends[2], err;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, len), len);
	close(ends[1]);
	err = list_bytes_from(ends[0], most, &text, ret_len);
	free(text);
	return err;
}

static void a_cut_stream_is_no_list(void **state)
{
	char text[20000], packed[sizeof(text)];
	z_stream stream = { .next_in = (unsigned char *)text,
			    .avail_in = sizeof(text),
			    .next_out = (unsigned char *)packed,
			    .avail_out = sizeof(packed) };
	size_t len, got = 0;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i * i % 23);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	len = stream.total_out;
	deflateEnd(&stream);
	assert_int_equal(packed_read(packed, len, LIST_BYTES_MAX, &got), 0);
	assert_int_equal(got, sizeof(text));
	assert_int_equal(packed_read(packed, len, sizeof(text), &got), 0);
	assert_int_equal(packed_read(packed, len, sizeof(text) - 1, &got), -EFBIG);
	for (size_t cut = 20; cut < len; cut++)
		assert_int_equal(packed_read(packed, cut, LIST_BYTES_MAX, &got), -EBADMSG);
	packed[len / 2] ^= 1;
	assert_int_equal(packed_read(packed, len, LIST_BYTES_MAX, &got), -EBADMSG);
	assert_int_equal(packed_read(text, sizeof(text), LIST_BYTES_MAX, &got), 0);
	assert_int_equal(got, sizeof(text));
}

static void a_list_may_not_shrink(void **state)
{
	static const struct {
		size_t before, after, bad;
		int err;
	} cases[] = {
		{ 0, 0, 0, -ENODATA },	 { 0, 1, 0, 0 },	 { 100, 50, 0, 0 },
		{ 100, 49, 0, -ERANGE }, { 99, 49, 0, -ERANGE }, { 99, 50, 0, 0 },
		{ 1, 1, 0, 0 },		 { 10, 100, 0, 0 },	 { 10, 10, 11, -EBADMSG },
		{ 10, 10, 10, 0 },	 { 1, 0, 0, -ENODATA },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list_set before = { .cnt = cases[i].before };
		struct list_set after = { .cnt = cases[i].after, .bad_cnt = cases[i].bad };
		struct diag diag;

		diag_init(&diag);
		assert_int_equal(list_may_replace(&before, &after, "list", &diag), cases[i].err);
		assert_int_equal(diag.error_cnt, cases[i].err ? 1 : 0);
		diag_free(&diag);
	}
}

/* Every range is covered exactly: neighbours of its ends are out, its ends are in. */
static void ranges_are_exact(void **state)
{
	uint64_t seed = 1;

	for (int i = 0; i < 3000; i++) {
		struct sek_addr from = { .w = { 0, 0, __builtin_bswap32(0xffff), 0 } }, to = from;
		struct prefix prefixes[RANGE_PREFIXES_MAX];
		uint64_t sum = 0;
		uint32_t a, b;
		int cnt;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		a = seed >> 32 >> (i % 32);
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		b = a + (seed >> 32 >> (i / 32 % 32));
		if (b < a)
			b = UINT32_MAX;
		from.w[3] = __builtin_bswap32(a);
		to.w[3] = __builtin_bswap32(b);
		cnt = range_prefixes(&from, &to, prefixes);
		assert_in_range(cnt, 1, 62);
		for (int j = 0; j < cnt; j++)
			sum += 1ULL << (128 - prefixes[j].len);
		assert_true(sum == (uint64_t)b - a + 1);
		assert_true(prefix_holds(&prefixes[0], &from) &&
			    prefix_holds(&prefixes[cnt - 1], &to));
	}
}

/* Sorting large sets takes another way than comparing; the order is the same, one address many times too. */
static void large_sets_are_in_order(void **state)
{
	static const struct {
		size_t cnt;
		uint64_t differ[2]; /* bits of the address that do */
	} shapes[] = {
		{ 30000, { ~0ULL, ~0ULL } }, { 30000, { 0, 0xffffffff00000000ULL } },
		{ 30000, { 0xff, 0 } },	     { 30000, { 0, 0 } },
		{ 25, { ~0ULL, ~0ULL } },    { 3000, { 0x8000000000000001ULL, 1 } },
	};
	uint64_t seed = 11;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct list_set set = {};
		size_t cap = 0, total = 0;

		for (size_t j = 0; j < shapes[i].cnt; j++) {
			struct list_entry entry = {};

			for (int word = 0; word < 2; word++) {
				seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
				entry.prefix.addr.q[word] = seed & shapes[i].differ[word];
			}
			entry.prefix = prefix_cut(&entry.prefix, 128 - (seed >> 40) % 3);
			entry.expires = (int64_t)(seed >> 50) + 1;
			assert_int_equal(list_set_add(&set, &cap, &entry), 0);
		}
		total = set.cnt;
		list_set_sort(&set);
		assert_int_equal(set.cnt + set.duplicate_cnt, total);
		for (size_t j = 1; j < set.cnt; j++)
			assert_true(prefix_order(&set.entries[j - 1].prefix,
						 &set.entries[j].prefix) < 0);
		list_set_free(&set);
	}
}

static uint64_t walk(const struct list_source *sources, size_t cnt, const struct sek_addr *addr)
{
	uint64_t lists = 0;

	for (size_t i = 0; i < cnt; i++)
		for (size_t j = 0; j < sources[i].cnt; j++)
			if (prefix_holds(&sources[i].entries[j].prefix, addr))
				lists |= 1ULL << sources[i].list;
	return lists;
}

/* Entries of one /16 and one IPv6 /28: crowded, so that leaves and runs of starts are made. */
static void crowded_table_is_right(void **state)
{
	struct list_source sources[3] = {};
	struct list_set sets[3] = {};
	struct list_table *v4s, *v6s;
	uint64_t seed = 7;

	for (int s = 0; s < 3; s++) {
		size_t cap = 0;

		for (int i = 0; i < 700; i++) {
			struct list_entry entry = { .prefix.len = 128 };
			bool v4 = i & 1;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			if (v4)
				entry.prefix.addr.w[2] = __builtin_bswap32(0xffff);
			else
				entry.prefix.addr.w[0] = __builtin_bswap32(0x20010db0 | (seed >> 60));
			entry.prefix.addr.w[3] =
				__builtin_bswap32(0x0a000000 | (seed >> 40 & 0xffff));
			entry.prefix.len = 128 - (seed >> 33 & (v4 ? 7 : 127)) % (v4 ? 8 : 100);
			entry.prefix = prefix_cut(&entry.prefix, entry.prefix.len);
			assert_int_equal(list_set_add(&sets[s], &cap, &entry), 0);
		}
		list_set_sort(&sets[s]);
		sources[s] = (struct list_source){ sets[s].entries, NULL, sets[s].cnt, s * 31 };
	}
	assert_int_equal(list_table_build(sources, 3, true, &v4s), 0);
	assert_int_equal(list_table_build(sources, 3, false, &v6s), 0);
	for (uint32_t i = 0; i < 4096; i++) {
		struct sek_addr v4 = { .w = { 0, 0, __builtin_bswap32(0xffff),
					      __builtin_bswap32(0x0a000000 + i * 17) } };
		struct sek_addr v6 = { .w = { __builtin_bswap32(0x20010dac + i % 24), 0, 0,
					      __builtin_bswap32(0x0a000000 | i * 16) } };

		assert_true(list_table_find(v4s, &v4) == walk(sources, 3, &v4));
		assert_true(list_table_find(v6s, &v6) == walk(sources, 3, &v6));
	}
	list_table_free(v4s);
	list_table_free(v6s);
	for (int s = 0; s < 3; s++)
		list_set_free(&sets[s]);
}

/* An address of a /32, near few others: nested or side by side, short and long, at both ends of an octet. */
static struct sek_addr crowded_addr(uint64_t *seed)
{
	struct sek_addr addr = { .w = { __builtin_bswap32(0x20010db8) } };

	for (int octet = 4; octet < 16; octet++) {
		static const uint8_t octets[] = { 0x00, 0x00, 0x00, 0xff, 0x01, 0xfe, 0x80, 0x7f };

		*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
		addr.b[octet] = octets[*seed >> 61];
	}
	return addr;
}

/* Few prefixes in a /32, which are chains of entries, and a few more, which are branches. */
static void few_in_a_net_are_found(void **state)
{
	uint64_t seed = 11;

	for (int table_nr = 0; table_nr < 400; table_nr++) {
		struct list_source sources[2] = {};
		struct list_set sets[2] = {};
		struct list_table *table;
		size_t caps[2] = {};

		for (int i = 0; i <= table_nr % 9; i++) {
			struct list_entry entry = { .prefix.addr = crowded_addr(&seed) };

			entry.prefix = prefix_cut(&entry.prefix, 32 + (seed >> 40) % 97);
			assert_int_equal(list_set_add(&sets[i & 1], &caps[i & 1], &entry), 0);
		}
		for (int s = 0; s < 2; s++) {
			list_set_sort(&sets[s]);
			sources[s] = (struct list_source){ sets[s].entries, NULL, sets[s].cnt,
							   (uint16_t)(s * 40) };
		}
		assert_int_equal(list_table_build(sources, 2, false, &table), 0);
		for (int i = 0; i < 2000; i++) {
			struct sek_addr addr = crowded_addr(&seed);
			const struct list_set *set = &sets[i & 1];

			if (set->cnt && i % 3 == 0)
				addr = set->entries[(size_t)i % set->cnt].prefix.addr;
			if (i % 5 == 0)
				addr.b[4 + (seed >> 50) % 12] ^= 1 << (seed >> 55 & 7);
			assert_true(list_table_find(table, &addr) == walk(sources, 2, &addr));
		}
		list_table_free(table);
		for (int s = 0; s < 2; s++)
			list_set_free(&sets[s]);
	}
}

/* More IPv6 /32s than there are slots: the others are in the directory, as are wide prefixes beside them. */
static void many_single_nets_are_found(void **state)
{
	struct list_set set = {};
	struct list_source source;
	struct list_table *table;
	size_t cap = 0;
	uint64_t seed = 5;

	for (int i = 0; i < 200000; i++) {
		struct list_entry entry = { .prefix.len = i & 1 ? 32 : 64 + i % 65 };

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		entry.prefix.addr.q[0] = seed ^ seed << 32;
		entry.prefix = prefix_cut(&entry.prefix, entry.prefix.len);
		assert_int_equal(list_set_add(&set, &cap, &entry), 0);
	}
	for (int i = 0; i < 300; i++) {
		struct list_entry entry = { .prefix.addr.b = { (uint8_t)(i * 7), (uint8_t)i },
					    .prefix.len = 9 + i % 23 };

		entry.prefix = prefix_cut(&entry.prefix, entry.prefix.len);
		assert_int_equal(list_set_add(&set, &cap, &entry), 0);
	}
	list_set_sort(&set);
	source = (struct list_source){ set.entries, NULL, set.cnt, 3 };
	assert_int_equal(list_table_build(&source, 1, false, &table), 0);
	for (size_t i = 0; i < set.cnt; i++) {
		struct sek_addr addr = set.entries[i].prefix.addr;
		bool v4 = prefix_is_v4(&set.entries[i].prefix);

		assert_true(list_table_find(table, &addr) == (v4 ? 0 : 1 << 3));
	}
	list_table_free(table);
	list_set_free(&set);
}

/* Slots of every number, the first and the last /32 of all among them, and nothing beside them. */
static void few_single_nets_are_found(void **state)
{
	for (uint32_t cnt = 1; cnt < 200; cnt++) {
		struct list_set set = {};
		struct list_source source;
		struct list_table *table;
		size_t cap = 0;

		for (uint32_t i = 0; i < cnt; i++) {
			struct list_entry entry = { .prefix.len = 32 };

			entry.prefix.addr.w[0] = __builtin_bswap32(i & 1 ? ~(i * 21) : i * 20);
			assert_int_equal(list_set_add(&set, &cap, &entry), 0);
		}
		list_set_sort(&set);
		source = (struct list_source){ set.entries, NULL, set.cnt, 63 };
		assert_int_equal(list_table_build(&source, 1, false, &table), 0);
		for (size_t i = 0; i < set.cnt; i++) {
			struct sek_addr addr = set.entries[i].prefix.addr;

			addr.w[3] = 1;
			assert_true(list_table_find(table, &addr) == 1ULL << 63);
			addr.w[0] ^= __builtin_bswap32(1);
			assert_true(list_table_find(table, &addr) == walk(&source, 1, &addr));
		}
		list_table_free(table);
		list_set_free(&set);
	}
}

#define SETS_MANY (SEK_LIST_SETS + 3000)
#define SETS_LISTS 17 /* whose sets are numbers */

/* Address n, in the lists that are its bits. */
static struct list_entry numbered(bool v4, uint32_t n)
{
	struct list_entry entry = { .prefix.len = 128 };

	entry.prefix.addr.w[2] = v4 ? __builtin_bswap32(0xffff) : 0;
	entry.prefix.addr.w[0] = v4 ? 0 : __builtin_bswap32(0x20010db8 + n % 5);
	entry.prefix.addr.w[3] = __builtin_bswap32(0x0a000000 + n * 3);
	return entry;
}

/* More different sets of lists than the head of the tables holds. */
static void many_sets_are_told_apart(void **state)
{
	for (int v4 = 0; v4 < 2; v4++) {
		struct list_source sources[SETS_LISTS] = {};
		struct list_set sets[SETS_LISTS] = {};
		struct list_table *table;

		for (int list = 0; list < SETS_LISTS; list++) {
			size_t cap = 0;

			for (uint32_t n = 1; n < SETS_MANY; n++) {
				struct list_entry entry = numbered(v4, n);

				if (n >> list & 1)
					assert_int_equal(list_set_add(&sets[list], &cap, &entry), 0);
			}
			list_set_sort(&sets[list]);
			sources[list] = (struct list_source){ sets[list].entries, NULL,
							      sets[list].cnt, (uint16_t)list };
		}
		assert_int_equal(list_table_build(sources, SETS_LISTS, v4, &table), 0);
		assert_true(table->set_cnt > SEK_LIST_SETS);
		for (uint32_t n = 1; n < SETS_MANY; n++) {
			struct list_entry entry = numbered(v4, n);

			assert_true(list_table_find(table, &entry.prefix.addr) == n);
			entry.prefix.addr.w[3] = __builtin_bswap32(0x0a000000 + n * 3 + 1);
			assert_true(!list_table_find(table, &entry.prefix.addr));
		}
		list_table_free(table);
		for (int list = 0; list < SETS_LISTS; list++)
			list_set_free(&sets[list]);
	}
}

/* Real lists: read without complaint beyond what SOURCE.txt says, and found again. */
static void real_lists_are_read(void **state)
{
	static const struct {
		const char *path;
		size_t least, bad_most;
	} lists[] = {
		{ "spamhaus-drop/drop.txt", 989, 0 },
		{ "spamhaus-drop/edrop.txt", 100, 0 },
		{ "spamhaus-drop/drop_ipv6.txt", 30, 0 },
		{ "spamhaus-drop-comments/spamhaus_drop.txt", 1469, 0 },
		{ "spamhaus-drop-comments/torproject.txt", 500, 0 },
		{ "spamhaus-drop-comments/urlhaus.txt.gz", 1000, 1 },
		{ "firehol/firehol_level1.netset.gz", 4000, 0 },
		{ "firehol/dshield.netset", 10, 0 },
		{ "firehol/stopforumspam_90d.ipset.gz", 10000, 0 },
		{ "ipsum/ipsum.txt.gz", 10000, 0 },
		{ "ipsum/levels_3.txt.gz", 1000, 0 },
		{ "doh-resolvers/doh-ipv4.txt", 500, 0 },
		{ "doh-resolvers/doh-ipv6.txt", 100, 0 },
		{ "country-cidr/ipv4_jp.cidr", 3156, 0 },
		{ "country-cidr/ipv6_jp.cidr", 100, 0 },
		{ "country-cidr/ipv6_us.cidr", 100, 0 },
		{ "country-cidr/ipv4_us.cidr.gz", 10000, 0 },
		{ "phishing-database/phishing-IPs-ACTIVE.txt", 100, 0 },
	};
	size_t total = 0;

	if (access(REAL_LISTS, R_OK)) {
		print_message("SKIP: no real lists at " REAL_LISTS "\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char path[256];
		struct list_set set = {};
		struct list_source source;
		struct list_table *tables[2];
		struct diag diag;

		snprintf(path, sizeof(path), REAL_LISTS "%s", lists[i].path);
		diag_init(&diag);
		if (list_read(path, NULL, &set, &diag) || set.cnt < lists[i].least ||
		    set.bad_cnt > lists[i].bad_most || set.skipped_cnt) {
			words_print(&diag);
			fail_msg("%s: %zu entries, %zu bad, %zu skipped", path, set.cnt,
				 set.bad_cnt, set.skipped_cnt);
		}
		source = (struct list_source){ set.entries, NULL, set.cnt, 5 };
		assert_int_equal(list_table_build(&source, 1, false, &tables[0]), 0);
		assert_int_equal(list_table_build(&source, 1, true, &tables[1]), 0);
		for (size_t j = 0; j < set.cnt; j++) {
			const struct prefix *prefix = &set.entries[j].prefix;

			assert_true(list_table_find(tables[prefix_is_v4(prefix)], &prefix->addr) ==
				    1 << 5);
		}
		total += set.cnt;
		list_table_free(tables[0]);
		list_table_free(tables[1]);
		list_set_free(&set);
		diag_free(&diag);
	}
	print_message("%zu prefixes of real lists\n", total);
}

/* Lists of names and URLs hold no address, or next to none: nothing is taken for a network. */
static void real_name_lists_give_no_networks(void **state)
{
	static const char *const lists[] = {
		"ut1-categories/malware_urls.gz",
		"adaway-hosts/hosts.txt.gz",
		"hagezi-six-formats/3p_easylist.wildcard.txt.gz",
		"jpcert-phishurl/2024_202402.csv.gz",
		"scam-hosts/raw.txt.gz",
		"rpz-cti/rpz.txt.gz",
		"umbrella-top/umbrella-top-100k.txt.gz",
		"spamhaus-drop/asn_drop.json",
		"doh-resolvers/doh-domains.json",
	};

	if (access(REAL_LISTS, R_OK)) {
		print_message("SKIP: no real lists at " REAL_LISTS "\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char path[256];
		struct list_set set = {};
		struct diag diag;

		snprintf(path, sizeof(path), REAL_LISTS "%s", lists[i]);
		diag_init(&diag);
		if (!list_read(path, NULL, &set, &diag))
			for (size_t j = 0; j < set.cnt; j++)
				if (set.entries[j].prefix.len != 128)
					fail_msg("%s: a network of /%d", lists[i],
						 set.entries[j].prefix.len);
		list_set_free(&set);
		diag_free(&diag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_read),
		cmocka_unit_test(bad_lines_are_told_with_place),
		cmocka_unit_test(many_bad_lines_are_counted),
		cmocka_unit_test(nothing_readable_is_an_error),
		cmocka_unit_test(what_is_no_list_is_told),
		cmocka_unit_test(a_cut_stream_is_no_list),
		cmocka_unit_test(a_list_may_not_shrink),
		cmocka_unit_test(ranges_are_exact),
		cmocka_unit_test(large_sets_are_in_order),
		cmocka_unit_test(crowded_table_is_right),
		cmocka_unit_test(few_in_a_net_are_found),
		cmocka_unit_test(many_single_nets_are_found),
		cmocka_unit_test(few_single_nets_are_found),
		cmocka_unit_test(many_sets_are_told_apart),
		cmocka_unit_test(real_lists_are_read),
		cmocka_unit_test(real_name_lists_give_no_networks),
	};

	return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
