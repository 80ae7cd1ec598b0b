// SPDX-License-Identifier: Apache-2.0
/*
 * policy/text: addresses, quantities, services, escaping, suggestions, diag.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "text/address.h"
#include "text/counted.h"
#include "text/diag.h"
#include "text/escape.h"
#include "text/quantity.h"
#include "text/sealed.h"
#include "text/service.h"
#include "text/suggest.h"

static void prefixes_are_read_and_printed(void **state)
{
	static const struct {
		const char *text, *printed;
		uint8_t len;
		bool fixed;
	} rows[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", 104, false },
		{ "10.0.0.1/24", "10.0.0.0/24", 120, true },
		{ "192.0.2.1", "192.0.2.1", 128, false },
		{ "0.0.0.0/0", "0.0.0.0/0", 96, false },
		{ "255.255.255.255/32", "255.255.255.255", 128, false },
		{ "2001:DB8::/32", "2001:db8::/32", 32, false },
		{ "2001:db8::1/127", "2001:db8::/127", 127, true },
		{ "::/0", "::/0", 0, false },
		{ "::1", "::1", 128, false },
		{ "::ffff:10.1.2.3", "10.1.2.3", 128, false },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8", 104, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prefix prefix;
		char printed[PREFIX_TEXT_MAX];
		bool fixed = false;

		assert_int_equal(prefix_parse(rows[i].text, strlen(rows[i].text), &prefix, &fixed),
				 PREFIX_OK);
		assert_int_equal(prefix.len, rows[i].len);
		assert_int_equal(fixed, rows[i].fixed);
		assert_string_equal(prefix_print(&prefix, printed), rows[i].printed);
	}
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum prefix_error error;
	} rows[] = {
		{ "", PREFIX_NOT_ADDRESS },
		{ "10.0.0", PREFIX_NOT_ADDRESS },
		{ "10.0.0.256", PREFIX_NOT_ADDRESS },
		{ "010.0.0.1", PREFIX_LEADING_ZERO },
		{ "10.0.0.1/", PREFIX_BAD_LEN },
		{ "10.0.0.1/33", PREFIX_BAD_LEN },
		{ "10.0.0.1/-1", PREFIX_BAD_LEN },
		{ "10.0.0.1/8x", PREFIX_BAD_LEN },
		{ "2001:db8::/129", PREFIX_BAD_LEN },
		{ "2001:db8::/4294967297", PREFIX_BAD_LEN },
		{ "fe80::1%eth0", PREFIX_ZONE },
		{ "2001:db8:::1", PREFIX_NOT_ADDRESS },
		{ "example.jp", PREFIX_NOT_ADDRESS },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/128", PREFIX_NOT_ADDRESS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prefix prefix = { .len = 77 };

		assert_int_equal(prefix_parse(rows[i].text, strlen(rows[i].text), &prefix, NULL),
				 rows[i].error);
		assert_int_equal(prefix.len, 77);
	}
	assert_int_equal(prefix_parse("10.0.0.1\0x", 10, &(struct prefix){}, NULL),
			 PREFIX_NOT_ADDRESS);
}

/* Whatever prefix_scan() takes as a whole is what inet_pton() takes, and every printed address is taken. */
static void scan_agrees_with_the_library(void **state)
{
	static const char letters[] = "0123456789abcdefABCDEF::::....//1g";
	uint64_t seed = 3;
	size_t taken = 0;

	for (int i = 0; i < 400000; i++) {
		char text[PREFIX_TEXT_MAX], slash_less[PREFIX_TEXT_MAX];
		struct prefix prefix, printed;
		struct sek_addr addr = {};
		bool fixed, v4 = i & 1;
		size_t len;

		for (int b = 0; b < 16; b++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			addr.b[b] = seed >> 60 < 6 ? 0 : (uint8_t)(seed >> 33);
		}
		inet_ntop(v4 ? AF_INET : AF_INET6, addr.b, text, sizeof(text));
		if (i % 8 < 6) /* bend it */
			text[(seed >> 40) % strlen(text)] =
				letters[(seed >> 50) % (sizeof(letters) - 1)];
		len = strlen(text);
		if (prefix_scan(text, len, &prefix, &fixed) != len) {
			assert_true(i % 8 < 6 || (!v4 && strchr(text, '.')));
			continue;
		}
		taken++;
		snprintf(slash_less, sizeof(slash_less), "%s", text);
		slash_less[strcspn(text, "/")] = 0;
		v4 = !strchr(text, ':');
		memset(addr.b, 0, sizeof(addr.b));
		assert_int_equal(inet_pton(v4 ? AF_INET : AF_INET6, slash_less, addr.b), 1);
		if (!strchr(text, '/'))
			assert_memory_equal(prefix.addr.b + (v4 ? 12 : 0), addr.b, v4 ? 4 : 16);
		assert_int_equal(prefix_parse(text, len, &printed, NULL), PREFIX_OK);
		assert_int_equal(prefix_compare(&prefix, &printed), 0);
	}
	assert_true(taken > 100000);
}

static void families_do_not_hold_each_other(void **state)
{
	struct prefix all6, all4, net, host;

	prefix_parse("::/0", 4, &all6, NULL);
	prefix_parse("0.0.0.0/0", 9, &all4, NULL);
	prefix_parse("10.0.0.0/8", 10, &net, NULL);
	prefix_parse("2001:db8::1", 11, &host, NULL);
	assert_false(prefix_holds(&all6, &net.addr));
	assert_true(prefix_holds(&all4, &net.addr));
	assert_true(prefix_holds(&all6, &host.addr));
	assert_false(prefix_holds(&all4, &host.addr));
	assert_false(prefix_contains(&all6, &net));
	assert_true(prefix_contains(&all4, &net));
	assert_false(prefix_contains(&net, &all4));
}

static void quantities_are_exact(void **state)
{
	static const struct {
		const char *text, *printed;
		uint64_t count;
	} rows[] = {
		{ "0", "0", 0 },
		{ "40000", "40k", 40000 },
		{ "40_000", "40k", 40000 },
		{ "100k", "100k", 100000 },
		{ "1.5M", "1.5M", 1500000 },
		{ "1.25G", "1.25G", 1250000000 },
		{ "0.000001M", "1", 1 },
		{ "1001", "1.001k", 1001 },
		{ "1000001", "1000001", 1000001 },
		{ "18446744073709551615", "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = { "",	  "k",	       "1.2",  "1.0005k",
					   "-1",  "1 k",       "1kk",  "_1",
					   "1_",  "1.",	       ".5M",  "18446744073709551616",
					   "1e6", "20000000T", "0x10", "99999999999T" };
	char printed[QUANTITY_TEXT_MAX];
	uint64_t count = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(quantity_parse(bad[i], &count), 0);
	assert_int_equal(count, 7);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(quantity_parse(rows[i].text, &count), 0);
		assert_int_equal(count, rows[i].count);
		assert_string_equal(quantity_print(count, printed), rows[i].printed);
		assert_int_equal(quantity_parse(printed, &count), 0);
		assert_int_equal(count, rows[i].count);
	}
	assert_int_equal(quantity_parse_rate("64kbit/s", &count), 0);
	assert_int_equal(count, 64000);
	assert_int_equal(quantity_parse_rate("130M", &count), 0);
	assert_int_equal(count, 130000000);
	assert_int_not_equal(quantity_parse_rate("130MB", &count), 0);
}

static void times_are_exact(void **state)
{
	static const char *const bad[] = {
		"", "5", "s", "2h4", "4m2h", "1s1s", "-1s", "1.5s", "99999999999999d", "2 h"
	};
	char printed[QUANTITY_TEXT_MAX];
	uint64_t ns = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(quantity_parse_time(bad[i], &ns), 0);
	assert_int_equal(ns, 7);
	assert_int_equal(quantity_parse_time("2h4m", &ns), 0);
	assert_int_equal(ns, 7440ULL * 1000000000);
	assert_string_equal(quantity_print_time(ns, printed), "2h4m");
	assert_int_equal(quantity_parse_time("50ms", &ns), 0);
	assert_int_equal(ns, 50000000);
	assert_string_equal(quantity_print_time(ns, printed), "50ms");
	assert_string_equal(quantity_print_time(0, printed), "0s");
}

static void ports_and_types_are_read(void **state)
{
	uint16_t from = 0, to = 0, icmp;
	uint8_t proto;

	assert_int_equal(ports_parse("8000-8010", &from, &to), 0);
	assert_int_equal(from, 8000);
	assert_int_equal(to, 8010);
	assert_int_equal(ports_parse("65535", &from, &to), 0);
	assert_int_not_equal(ports_parse("0", &from, &to), 0);
	assert_int_not_equal(ports_parse("65536", &from, &to), 0);
	assert_int_not_equal(ports_parse("20-10", &from, &to), 0);
	assert_int_not_equal(ports_parse("10-", &from, &to), 0);
	assert_int_equal(proto_parse("tcp", &proto), 0);
	assert_int_equal(proto, 6);
	assert_int_equal(proto_parse("255", &proto), 0);
	assert_int_not_equal(proto_parse("256", &proto), 0);
	assert_int_equal(icmp_parse("echo-request", false, &icmp), 0);
	assert_int_equal(icmp, 0x08ff);
	assert_int_equal(icmp_parse("echo-request", true, &icmp), 0);
	assert_int_equal(icmp, 0x80ff);
	assert_int_equal(icmp_parse("3/4", false, &icmp), 0);
	assert_int_equal(icmp, 0x0304);
	assert_int_not_equal(icmp_parse("packet-too-big", false, &icmp), 0);
	assert_int_not_equal(icmp_parse("256", false, &icmp), 0);
}

static void nothing_that_a_terminal_obeys_is_shown(void **state)
{
	static const struct {
		const char *bytes, *shown;
	} rows[] = {
		{ "佐賀市", "佐賀市" },
		{ "a\nb\x1b[31m", "a\\x0ab\\x1b[31m" },
		{ "\x7f\xc2\x85", "\\x7f\\u{85}" },
		{ "\xe2\x80\xa8\xe2\x80\xae", "\\u{2028}\\u{202e}" },
		{ "\xff\xc0\xaf", "\\xff\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	};
	char shown[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(text_escape(rows[i].bytes, strlen(rows[i].bytes), shown,
						sizeof(shown)),
				    rows[i].shown);
	assert_string_equal(text_escape("abcdefghijkl", 12, shown, 8), "abcd...");
}

static void suggestions_are_near(void **state)
{
	struct suggest s;

	suggest_start(&s, "tpc");
	suggest_offer(&s, "udp");
	suggest_offer(&s, "tcp");
	assert_string_equal(s.best, "tcp");
	suggest_start(&s, "zebra");
	suggest_offer(&s, "tcp");
	assert_null(s.best);
}

static void diag_counts_what_it_does_not_keep(void **state)
{
	struct diag d;
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	diag_init(&d);
	for (int i = 0; i < DIAG_MAX + 5; i++)
		diag_add(&d, DIAG_ERROR, "a\nb.yaml", 3, 4, "h\x1bint", "number %d", i);
	assert_int_equal(d.cnt, DIAG_MAX);
	assert_int_equal(d.error_cnt, DIAG_MAX + 5);
	assert_int_equal(d.dropped_cnt, 5);
	diag_print(&d, file);
	fclose(file);
	assert_memory_equal(out, "a\\x0ab.yaml:3:4: error: number 0\n  hint: h\\x1bint\n", 50);
	assert_non_null(strstr(out, "5 more are not shown\n"));
	free(out);
	diag_free(&d);
}

static void sealed_text_stays_as_it_is(void **state)
{
	int fd = sealed_text("text", "10.0.0.0/8\n", 11), empty = sealed_text("text", "", 0);
	char *text = NULL;
	size_t len = 1;

	assert_true(fd >= 0 && empty >= 0);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5); /* whoever shares the position may move it */
	assert_int_equal(sealed_read(fd, 11, &text, &len), 0);
	assert_int_equal(len, 11);
	assert_string_equal(text, "10.0.0.0/8\n");
	free(text);
	assert_int_equal(sealed_read(empty, 0, &text, &len), 0);
	assert_int_equal(len, 0);
	free(text);
	assert_int_equal(sealed_read(fd, 10, &text, &len), -EFBIG);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
	close(empty);
}

static void what_could_hang_or_change_is_not_read(void **state)
{
	int memory = memfd_create("text", MFD_ALLOW_SEALING), ends[2], file = fileno(tmpfile());
	char *text = NULL;
	size_t len;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(ftruncate(memory, 1LL << 40), 0);
	assert_int_equal(sealed_read(memory, 100, &text, &len), -EPERM);
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), 0);
	assert_int_equal(sealed_read(memory, 100, &text, &len), -EPERM);
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(sealed_read(memory, 100, &text, &len), -EFBIG);
	assert_int_equal(sealed_read(ends[0], 100, &text, &len), -EPERM);
	assert_int_equal(sealed_read(file, 100, &text, &len), -EPERM);
	assert_int_equal(sealed_read(-1, 100, &text, &len), -EPERM);
	assert_null(text);
	close(memory);
	close(file);
	close(ends[0]);
	close(ends[1]);
}

static void numbers_have_their_nouns(void **state)
{
	static const struct {
		uint64_t cnt;
		const char *noun, *text;
	} rows[] = {
		{ 1, "rule", "1 rule" },	   { 0, "rule", "0 rules" },
		{ 2, "entry", "2 entries" },	   { 1, "entry", "1 entry" },
		{ 12, "address", "12 addresses" }, { 3, "day", "3 days" },
		{ 2, "match", "2 matches" },	   { 2, "half-open flow", "2 half-open flows" },
		{ 999, "name", "999 names" },	   { 1234567, "name", "1,234,567 names" },
	};
	char count[COUNT_TEXT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(COUNTED(rows[i].cnt, rows[i].noun), rows[i].text);
	assert_string_equal(count_print(count, -1234), "-1,234");
	assert_string_equal(count_print(count, -123), "-123");
	assert_string_equal(by_count(1, "is", "are"), "is");
	assert_string_equal(by_count(0, "is", "are"), "are");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_read_and_printed),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(scan_agrees_with_the_library),
		cmocka_unit_test(families_do_not_hold_each_other),
		cmocka_unit_test(quantities_are_exact),
		cmocka_unit_test(times_are_exact),
		cmocka_unit_test(ports_and_types_are_read),
		cmocka_unit_test(nothing_that_a_terminal_obeys_is_shown),
		cmocka_unit_test(suggestions_are_near),
		cmocka_unit_test(numbers_have_their_nouns),
		cmocka_unit_test(sealed_text_stays_as_it_is),
		cmocka_unit_test(what_could_hang_or_change_is_not_read),
		cmocka_unit_test(diag_counts_what_it_does_not_keep),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
