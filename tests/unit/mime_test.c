/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/mime: mails whole and cut at every byte: fields, files in each code, boundaries, names, URLs, what is odd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/mime.h"

static char found[4096]; /* "[name|content]" of each file */
static struct mime_settings settings;

static void found_add(struct slice bytes)
{
	size_t len = strlen(found);

	snprintf(found + len, sizeof(found) - len, "%.*s", (int)bytes.len, (const char *)bytes.at);
}

static void begin(void *arg, struct slice name)
{
	found_add(slice_text("["));
	found_add(name);
	found_add(slice_text("|"));
}

static void more(void *arg, struct slice bytes)
{
	found_add(bytes);
}

static void end(void *arg)
{
	found_add(slice_text("]"));
}

static struct mime *mail_open(void)
{
	const struct mime_sink sink = { NULL, begin, more, end };

	found[0] = 0;
	return mime_new(&settings, &sink);
}

static struct mime *mail_read(const char *text, size_t cut)
{
	struct mime *mime = mail_open();
	struct slice all = slice_text(text);

	assert_non_null(mime);
	mime_bytes(mime, slice(all.at, cut < all.len ? cut : all.len));
	mime_bytes(mime, slice_behind(all, cut));
	mime_end(mime);
	return mime;
}

/* The files of a mail, however it is cut. */
static void files_are(const char *text, const char *files)
{
	for (size_t cut = 0; cut < strlen(text); cut++) {
		mime_free(mail_read(text, cut));
		assert_string_equal(found, files);
	}
}

#define FILE_HEAD(coding)                                                                          \
	"Content-Disposition: attachment; filename=\"f\"\r\nContent-Transfer-Encoding: " coding    \
	"\r\n\r\n"
#define MULTI "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n"

static void test_codes(void **state)
{
	files_are(MULTI FILE_HEAD("base64") "YWJj\r\nZGVm\r\nZw==\r\n--b--\r\n", "[f|abcdefg]");
	files_are(MULTI FILE_HEAD("base64") "YW*Jj ZG\r\n--b--\r\n", "[f|abcd]");
	files_are(MULTI FILE_HEAD("quoted-printable") "a=3Db=\r\nc \r\nd\r\n--b--\r\n",
		  "[f|a=bc \r\nd]");
	files_are(MULTI FILE_HEAD("quoted-printable") "a=zb=3\r\n--b--\r\n", "[f|a=zb=3]");
	files_are(MULTI FILE_HEAD("7bit") "line\r\n\r\n--b--\r\nnot this\r\n", "[f|line\r\n]");
	files_are(MULTI FILE_HEAD("x-uuencode") "begin 644 f\r\n#86)C\r\n`\r\nend\r\n--b--\r\n",
		  "[f|abc]");
	files_are(FILE_HEAD("8bit") "alone\n", "[f|alone]");
}

static void test_parts(void **state)
{
	/* nested, the outer boundary ends the inner one, which was never closed */
	files_are(MULTI
		  "Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n" FILE_HEAD(
			  "7bit") "1\r\n--b\r\n" FILE_HEAD("7bit") "2\r\n--b--\r\n",
		  "[f|1][f|2]");
	files_are(MULTI "Content-Type: message/rfc822\r\n\r\n"
			"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n" FILE_HEAD(
				"7bit") "x\r\n--i--\r\n\r\n--b--\r\n",
		  "[f|x]");
	/* cut: what came is content */
	files_are(MULTI FILE_HEAD("7bit") "abc\r\n", "[f|abc]");
}

static void name_is(const char *head, const char *name)
{
	char text[1024], files[512];

	snprintf(text, sizeof(text), "%s\r\n\r\nx", head);
	snprintf(files, sizeof(files), "[%s|x]", name);
	files_are(text, files);
}

static void test_names(void **state)
{
	name_is("Content-Disposition: attachment; filename=a.txt", "a.txt");
	name_is("Content-Type: application/zip; x=\"a;b\"; Name=\"a \\\"b\\\".zip\"", "a \"b\".zip");
	name_is("Content-Disposition: attachment;\r\n filename*0=\"ab\";\r\n filename*1=cd", "abcd");
	name_is("Content-Disposition: attachment; filename*1=cd; filename*0=ab", "abcd");
	name_is("Content-Disposition: attachment; filename*=utf-8'en'a%20b%2E", "a b.");
	name_is("Content-Disposition: attachment; filename*0*=''a%20; filename*1=b%20", "a b%20");
}

static bool is_odd(const struct mime *mime, enum mime_oddity oddity)
{
	return mime_odd(mime) >> oddity & 1;
}

static void odd_are(const char *text, uint32_t bits)
{
	struct mime *mime = mail_read(text, 10);

	assert_int_equal(mime_odd(mime), bits);
	mime_free(mime);
}

static void test_oddities(void **state)
{
	static char text[8192];
	struct mime *mime;

	odd_are("Subject: x\r\n\r\nbody\r\n", 0);
	odd_are("no colon\r\n\r\n", 1u << MIME_MALFORMED);
	odd_are("Content-Type: multipart/mixed\r\n\r\n", 0);
	odd_are(MULTI "\r\nnever closed\r\n", 1u << MIME_MALFORMED);
	odd_are(MULTI "\r\n--b--\r\n", 0);
	odd_are(MULTI FILE_HEAD("base64") "YW*Jj\r\n--b--\r\n", 1u << MIME_BAD_BASE64);
	odd_are(MULTI FILE_HEAD("quoted-printable") "=z\r\n--b--\r\n", 1u << MIME_BAD_QUOTED);
	snprintf(text, sizeof(text), "Content-Disposition: a; filename=%0300d\r\n\r\nx", 1);
	mime = mail_read(text, 100);
	assert_true(is_odd(mime, MIME_LONG_FILENAME));
	assert_int_equal(strlen(found), 255 + strlen("[|x]"));
	mime_free(mime);
	snprintf(text, sizeof(text), "Content-Type: multipart/mixed; boundary=%0255d\r\n\r\nx", 1);
	mime = mail_read(text, 100);
	assert_true(is_odd(mime, MIME_LONG_BOUNDARY));
	assert_string_equal(mime_status(mime), "PARSE_ERROR");
	mime_free(mime);
	snprintf(text, sizeof(text), "%080d: %02500d\r\n\r\n%01000d\r\n", 1, 1, 1);
	odd_are(text, 1u << MIME_LONG_NAME | 1u << MIME_LONG_VALUE | 1u << MIME_LONG_LINE);
}

static void test_told(void **state)
{
	struct mime *mime;
	struct slice value;

	settings.body_md5 = true;
	mime = mail_read("Subject: a\r\n b\r\nReceived: 1\r\nreceived : 2\r\n\r\nabc", 17);
	assert_true(mime_field(mime, "subject", 0, &value));
	assert_true(slice_is(value, "a b"));
	assert_true(mime_field(mime, "received", 0, &value));
	assert_true(slice_is(value, "2"));
	assert_true(mime_field(mime, "received", 1, &value));
	assert_true(slice_is(value, "1"));
	assert_false(mime_field(mime, "received", 2, &value));
	assert_string_equal(mime_body_md5(mime), "900150983cd24fb0d6963f7d28e17f72");
	assert_string_equal(mime_status(mime), "PARSE_DONE");
	mime_free(mime);
	settings.body_md5 = false;
	mime = mail_open();
	mime_bytes(mime, slice_text("Subject: x\r\n"));
	assert_string_equal(mime_status(mime), "HEADER_STARTED");
	mime_free(mime);
}

static void test_urls(void **state)
{
	struct mime *mime = mail_read("\r\n<HTTP://192.0.2.1/a.exe?x> http://[2001:db8::1]/\r\n"
				      "http://192.0.2.1/a.exe?x https://example.com/\r\n",
				      20);
	struct slice value;

	assert_true(mime_url(mime, 0, &value));
	assert_true(slice_is(value, "[2001:db8::1]/"));
	assert_true(mime_url(mime, 1, &value));
	assert_true(slice_is(value, "192.0.2.1/a.exe?x"));
	assert_false(mime_url(mime, 2, &value));
	assert_int_equal(mime_url_kinds(mime), MIME_URL_IPV4 | MIME_URL_IPV6 | MIME_URL_PROGRAM);
	mime_free(mime);
	mime = mail_read(MULTI "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
			       "http://example=\r\n.com/a=3Db\r\n--b--\r\n",
			 50);
	assert_true(mime_url(mime, 0, &value));
	assert_true(slice_is(value, "example.com/a=b"));
	mime_free(mime);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes), cmocka_unit_test(test_parts),
		cmocka_unit_test(test_names), cmocka_unit_test(test_oddities),
		cmocka_unit_test(test_told),  cmocka_unit_test(test_urls),
	};

	mime_settings_read(NULL, &settings);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
