// SPDX-License-Identifier: Apache-2.0
/*
 * One spelling for each name and URL: rows of spellings and what they become, for lists and for requests
 * of somebody who wants to get by.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/url.h"

struct row {
	const char *written, *url; /* "host target"; "!reason" */
};

static const char *reason_text(int err)
{
	static const char *const ids[] = {
#define NAME_SKIP(id, class, what) "!" #id,
#include "names/skips.def"
#undef NAME_SKIP
	};

	return ids[-err - 1];
}

static void names_have_one_spelling(void **state)
{
	static const struct row rows[] = {
		{ "example.com", "example.com" },
		{ "EXAMPLE.com.", "example.com" },
		{ "xn--BCHER-kva.example", "xn--bcher-kva.example" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "xn--bcher-kva.example" },
		{ "例え。テスト", "xn--r8jz45g.xn--zckzah" },
		{ "a_b.-c-.example", "a_b.-c-.example" },
		{ "", "!name" },
		{ ".", "!name" },
		{ "a..b", "!name" },
		{ "a b", "!name" },
		{ "192.0.2.1", "!address" },
		{ "192.0.2.1.", "!address" },
		{ "0xc0000201", "!address" },
		{ "1.2.3.4.5", "!name" },
		{ "2001:db8::1", "!address" },
		{ "\xff.example", "!utf8" },
	};
	char long_name[SEK_NAME_BYTES + 3];
	struct name name;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = name_normalise(rows[i].written, strlen(rows[i].written), &name);

		assert_string_equal(err ? reason_text(err) : name.text, rows[i].url);
		assert_true(err || name.len == strlen(name.text));
	}
	for (size_t i = 0; i < sizeof(long_name); i++)
		long_name[i] = i % 50 == 49 ? '.' : 'a';
	assert_int_equal(name_normalise(long_name, SEK_NAME_BYTES, &name), 0);
	long_name[SEK_NAME_BYTES] = '.';
	assert_int_equal(name_normalise(long_name, SEK_NAME_BYTES + 1, &name), 0);
	long_name[SEK_NAME_BYTES] = 'a';
	assert_int_not_equal(name_normalise(long_name, SEK_NAME_BYTES + 1, &name), 0);
}

static const char *url_text(int err, const struct url *url, char *to, size_t cap)
{
	if (err)
		return reason_text(err);
	snprintf(to, cap, "%s %s", url->host.text, url->target);
	return to;
}

static void urls_have_one_spelling(void **state)
{
	static const struct row rows[] = {
		{ "http://a.example/x", "a.example /x" },
		{ "HTTPS://A.EXAMPLE./x", "a.example /x" },
		{ "a.example/x", "a.example /x" },
		{ "//a.example/x", "a.example /x" },
		{ "a.example", "a.example /" },
		{ "http:a.example/x", "a.example /x" },
		{ "http:\\\\a.example\\x\\y", "a.example /x/y" },
		{ "http:///a.example/x", "a.example /x" },
		{ " http://a.example/x\t", "a.example /x" },
		/* who is asked */
		{ "http://user:pass@a.example:80/x", "a.example /x" },
		{ "http://b.example@a.example/x", "a.example /x" },
		{ "http://b.example:80@a.example/x", "a.example /x" },
		{ "http://a.example\\@b.example/x", "a.example /@b.example/x" },
		{ "http://a.example?@b.example/x", "a.example /?@b.example/x" },
		{ "http://a.example#@b.example/x", "a.example /" },
		{ "http://%61.ex%61mple/x", "a.example /x" },
		{ "http://a.example%2Fx/", "!name" },
		{ "http://a.example%00/x", "!name" },
		{ "http://a\xe3\x80\x82"
		  "example/x",
		  "a.example /x" },
		{ "http://a.example:8080/x", "a.example /x" },
		{ "http://a.example:/x", "a.example /x" },
		{ "http://a.example:99999/x", "!url" },
		{ "http://a.example:8o/x", "!url" },
		{ "http:///", "!url" },
		{ "http://", "!url" },
		{ "", "!url" },
		{ "ftp://a.example/x", "!scheme" },
		{ "javascript:alert(1)", "!url" },
		{ "store.http://brandplan.com.tw/", "!scheme" },
		/* addresses */
		{ "http://2130706433/", "127.0.0.1 /" },
		{ "http://0x7f000001/", "127.0.0.1 /" },
		{ "http://0x7F.1/", "127.0.0.1 /" },
		{ "http://0177.0.0.01/", "127.0.0.1 /" },
		{ "http://127.1./", "127.0.0.1 /" },
		{ "http://[::ffff:7f00:1]/", "127.0.0.1 /" },
		{ "http://[::FFFF:127.0.0.1]:80/", "127.0.0.1 /" },
		{ "http://[2001:DB8:0:0::1]/", "[2001:db8::1] /" },
		{ "http://１２７．０．０．１/", "127.0.0.1 /" },
		{ "http://256.1.1.1/", "!name" },
		{ "http://4294967296/", "!name" },
		{ "http://08.1.1.1/", "!name" },
		{ "http://1.2.3.4.5/", "!name" },
		{ "http://[::1/", "!url" },
		{ "http://[fe80::1%25eth0]/", "!url" },
		{ "107.172.238.16/8", "107.172.238.16 /8" },
		/* which page */
		{ "http://a.example/%62ad/", "a.example /bad/" },
		{ "http://a.example/b%61d%2fx", "a.example /bad/x" },
		{ "http://a.example/x/../bad/", "a.example /bad/" },
		{ "http://a.example/x/%2e%2E/bad/", "a.example /bad/" },
		{ "http://a.example/../../bad/", "a.example /bad/" },
		{ "http://a.example/./bad/.", "a.example /bad/" },
		{ "http://a.example/bad/x/..", "a.example /bad/" },
		{ "http://a.example//bad///x", "a.example /bad/x" },
		{ "http://a.example/bad\\x", "a.example /bad/x" },
		{ "http://a.example/bad%5cx", "a.example /bad/x" },
		{ "http://a.example/...", "a.example /..." },
		{ "http://a.example/.bad/..x", "a.example /.bad/..x" },
		{ "http://a.example/bad#frag", "a.example /bad" },
		{ "http://a.example/#/bad", "a.example /" },
		{ "http://a.example/%23bad%3Fx", "a.example /%23bad%3Fx" },
		{ "http://a.example/a%25%32%35", "a.example /a%2525" },
		{ "http://a.example/100%/%zz/%4", "a.example /100%25/%25zz/%254" },
		{ "http://a.example/a b\x7f", "!url" },
		{ "http://a.example/a b", "a.example /a%20b" },
		{ "http://a.example/日本", "a.example /%E6%97%A5%E6%9C%AC" },
		{ "http://a.example/%e6%97%a5%E6%9c%ac", "a.example /%E6%97%A5%E6%9C%AC" },
		{ "http://a.example/~u/%7Eu/(x)'!*", "a.example /~u/~u/(x)'!*" },
		{ "http://a.example/Bad", "a.example /Bad" },
		/* what is asked of it */
		{ "http://a.example?q", "a.example /?q" },
		{ "http://a.example/x?%61=%62&c=%26%3D%2B%3b", "a.example /x?a=b&c=%26%3D%2B%3B" },
		{ "http://a.example/x?u=http://b//c/../d", "a.example /x?u=http://b//c/../d" },
		{ "http://a.example/x?a?b#c", "a.example /x?a?b" },
		/* slashes and dots part nothing in a query: they stay, and stand for their encoded form */
		{ "http://a.example/x?a=//x%2F", "a.example /x?a=//x/" },
		{ "http://a.example/x?a=%2f%2Fx/", "a.example /x?a=//x/" },
		{ "http://a.example//x//?a=/./b/../c//", "a.example /x/?a=/./b/../c//" },
		{ "http://a.example/x?%2e%2e/%5c", "a.example /x?../\\" },
		{ "http://a.example/x?a=%3F%23%25", "a.example /x?a=?%23%25" },
		{ "http://a.example/x?", "a.example /x?" },
	};
	char text[URL_TARGET_MAX + 300];
	struct url url, again;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = url_normalise(rows[i].written, strlen(rows[i].written), &url);
		const char *made = url_text(err, &url, text, sizeof(text));

		if (strcmp(made, rows[i].url) != 0)
			fail_msg("%s is %s, not %s", rows[i].written, made, rows[i].url);
		if (err)
			continue;
		assert_int_equal(url.target_len, strlen(url.target));
		snprintf(text, sizeof(text), "%s%s", url.host.text, url.target);
		assert_int_equal(url_normalise(text, strlen(text), &again), 0);
		assert_string_equal(again.target, url.target);
		assert_string_equal(again.host.text, url.host.text);
	}
}

static void requests_have_one_spelling(void **state)
{
	static const struct {
		const char *host, *target, *url;
	} rows[] = {
		{ "A.example", "/x", "a.example /x" },
		{ "a.example:80", "/x?y", "a.example /x?y" },
		{ " a.example. ", "//x", "a.example /x" },
		{ "a.example", "\\x", "a.example /x" },
		{ "b.example", "http://a.example/x", "a.example /x" },
		{ "b.example", "HTTP://a.example", "a.example /" },
		{ "b.example", "a.example:443", "a.example /" },
		{ "a.example", "*", "a.example /" },
		{ "a.example", "", "a.example /" },
		{ "[::FFFF:192.0.2.1]", "/x", "192.0.2.1 /x" },
		{ "0xC0.0.2.1:8080", "/x", "192.0.2.1 /x" },
		{ "u@a.example", "/", "a.example /" },
		{ "", "/", "!url" },
		{ "a.example b.example", "/", "!name" },
		{ "a.example/x", "/", "!name" },
	};
	char text[URL_TARGET_MAX + 300];
	struct url url;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = url_of_request(rows[i].host, strlen(rows[i].host), rows[i].target,
					 strlen(rows[i].target), &url);

		assert_string_equal(url_text(err, &url, text, sizeof(text)), rows[i].url);
	}
}

static void parameters_are_taken_off(void **state)
{
	static const struct row rows[] = {
		{ "a.example/bad;x=1/y", "a.example /bad/y" },
		{ "a.example/x/..;/bad;jsessionid=1?q;r", "a.example /bad?q;r" },
		{ "a.example/;/bad", "a.example /bad" },
		{ "a.example/bad?x;y", NULL },
	};
	char text[URL_TARGET_MAX + 300];
	struct url url, without;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(url_normalise(rows[i].written, strlen(rows[i].written), &url), 0);
		assert_int_equal(url_without_parameters(&url, &without), rows[i].url != NULL);
		if (rows[i].url)
			assert_string_equal(url_text(0, &without, text, sizeof(text)), rows[i].url);
	}
}

/* A target that does not fit is refused, whatever it is made of; one that becomes short is not. */
static void long_targets_are_bounded(void **state)
{
	static const struct {
		const char *part;
		size_t cnt;
		int err;
	} cases[] = {
		{ "a", URL_TARGET_MAX - 2, 0 },
		{ "a", URL_TARGET_MAX - 1, -(NAME_SKIP_too_long + 1) },
		{ "\xe3\x81\x82", 910, 0 },
		{ "\xe3\x81\x82", 911, -(NAME_SKIP_too_long + 1) },
		{ "a/../", 100000, 0 },
		{ "//./", 100000, 0 },
		{ "x/", 100000, -(NAME_SKIP_too_long + 1) },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].part);
		char *text = malloc(1 + len * cases[i].cnt);
		struct url url;

		text[0] = '/';
		for (size_t n = 0; n < cases[i].cnt; n++)
			memcpy(text + 1 + n * len, cases[i].part, len);
		assert_int_equal(url_of_request("a.example", 9, text, 1 + len * cases[i].cnt, &url),
				 cases[i].err);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_one_spelling),
		cmocka_unit_test(urls_have_one_spelling),
		cmocka_unit_test(requests_have_one_spelling),
		cmocka_unit_test(parameters_are_taken_off),
		cmocka_unit_test(long_targets_are_bounded),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
