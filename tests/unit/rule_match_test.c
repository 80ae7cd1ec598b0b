// SPDX-License-Identifier: Apache-2.0
/*
 * Clauses of rules against bytes: a payload, and whether the rule's conditions on it hold. The clauses are asked
 * as the engine asks them, with going back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/keyword/base64.h"
#include "detect/match.h"
#include "detect/parse/parse.h"

static bool hold(struct match *match, const struct clause *clauses, uint32_t cnt)
{
	uint32_t from = match->at;
	uint64_t again = 0;

	if (!cnt)
		return true;
	do {
		match->at = from;
		match->again = again;
		if (clauses->ops->ask(clauses, match) == CLAUSE_NO)
			return false;
		again = match->again;
		if (hold(match, clauses + 1, cnt - 1))
			return true;
	} while (again && again != CLAUSE_ONCE);
	return false;
}

struct row {
	const char *body; /* of a rule, without sid */
	const char *bytes;
	bool holds;
};

/* What the bytes are is said by the text, \0 and all: its length is that of the literal. */
static const struct row rows[] = {
	/* places */
	{ "content:\"abc\";", "xxabcxx", true },
	{ "content:\"abc\";", "xxABCxx", false },
	{ "content:\"aBc\"; nocase;", "xxAbCxx", true },
	{ "content:\"abc\"; nocase;", "aababAbc", true },
	{ "content:\"abc\"; offset:2;", "xabcabc", true },
	{ "content:\"abc\"; offset:2;", "xabc", false },
	{ "content:\"abc\"; depth:4;", "xabc", true },
	{ "content:\"abc\"; depth:4;", "xxabc", false },
	{ "content:\"abc\"; offset:1; depth:4;", "xxabc", true },
	{ "content:\"abc\"; offset:1; depth:4;", "xxxabc", false },
	{ "content:\"abc\"; startswith;", "abcd", true },
	{ "content:\"abc\"; startswith;", "xabc", false },
	{ "content:\"abc\"; endswith;", "abcabc", true },
	{ "content:\"abc\"; endswith;", "abcx", false },
	{ "content:\"abc\"; startswith; endswith;", "abc", true },
	{ "content:\"abc\"; startswith; endswith;", "abcabc", false },
	{ "content:!\"abc\";", "xyz", true },
	{ "content:!\"abc\";", "xabc", false },
	{ "content:!\"abc\"; depth:3;", "xabc", true },
	{ "content:!\"abc\"; startswith;", "ab", true },
	/* what counts from the former one */
	{ "content:\"a\"; content:\"b\"; distance:1;", "axb", true },
	{ "content:\"a\"; content:\"b\"; distance:1;", "ab", false },
	{ "content:\"a\"; content:\"b\"; within:2;", "axb", true },
	{ "content:\"a\"; content:\"b\"; within:2;", "axxb", false },
	{ "content:\"a\"; content:\"b\"; distance:1; within:1;", "axb", true },
	{ "content:\"a\"; content:\"b\"; distance:1; within:1;", "axxb", false },
	{ "content:\"b\"; content:\"a\"; distance:-2;", "ab", true },
	{ "content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;", "abxabc", true },
	{ "content:\"a\"; content:\"b\"; distance:0; content:\"c\"; distance:0; within:1;",
	  "ab b bc", true },
	{ "content:\"a\"; content:!\"b\"; within:1;", "abac", true },
	{ "content:\"a\"; content:!\"b\"; within:1;", "abab", false },
	{ "content:\"a\"; content:!\"b\"; distance:0;", "abac", true },
	{ "content:\"a\"; content:\"b\";", "ba", true },
	/* expressions */
	{ "pcre:\"/^ab+c$/\";", "abbbc", true },
	{ "pcre:\"/^ab+c$/i\";", "ABBBC", true },
	{ "pcre:!\"/ab+c/\";", "abbbc", false },
	{ "pcre:!\"/ab+c/\";", "abbb", true },
	{ "content:\"a\"; pcre:\"/^b/R\";", "xaxab", true },
	{ "content:\"a\"; pcre:\"/^b/R\";", "xaxb", false },
	{ "pcre:\"/a./\"; content:\"c\"; within:1;", "abxac acc", true },
	{ "pcre:\"/a.b/s\";", "a\nb", true },
	{ "pcre:\"/a.b/\";", "a\nb", false },
	{ "pcre:/ab/;", "xab", true },
	/* numbers */
	{ "byte_test:1,=,65,0;", "A", true },
	{ "byte_test:2,=,0x4142,0;", "AB", true },
	{ "byte_test:2,=,0x4142,0,little;", "BA", true },
	{ "byte_test:2,>,16705,0;", "AB", true },
	{ "byte_test:2,!>,16705,0;", "AB", false },
	{ "byte_test:1,&,1,0;", "A", true },
	{ "byte_test:1,!&,1,0;", "A", false },
	{ "byte_test:2,=,12,1,string,dec;", "x12", true },
	{ "byte_test:0,>,1299,0,string,dec;", "1300,", true },
	{ "byte_test:4,=,0x1f,0,string,hex;", "1f", false },
	{ "byte_test:2,=,0x1f,0,string,hex;", "1f", true },
	{ "byte_test:1,=,4,0,bitmask 0xf0;", "A", true },
	{ "byte_test:2,=,1,0;", "A", false },
	{ "content:\"x\"; byte_test:1,=,66,1,relative;", "xAB", true },
	{ "content:\"x\"; byte_test:1,=,120,-1,relative;", "xAB", true },
	{ "byte_jump:1,0; content:\"c\"; within:1;", "\x02xxc", true },
	{ "byte_jump:1,0; content:\"c\"; within:1;", "\x01xxc", false },
	{ "byte_jump:1,0,from_beginning; content:\"c\"; within:1;", "\x03xxc", true },
	{ "byte_jump:1,0,multiplier 2; content:\"c\"; within:1;", "\x01xxc", true },
	{ "byte_jump:1,0,align; content:\"c\"; within:1;", "\x01xxxxc", true },
	{ "byte_jump:1,0,post_offset -1; content:\"c\"; within:1;", "\x03xxc", true },
	{ "byte_jump:1,0;", "\x09xxc", false },
	{ "byte_jump:1,0;", "\x04xxc", false },
	{ "byte_jump:1,0; isdataat:!1,relative;", "\x03xxc", true }, /* just behind the last byte */
	{ "byte_jump:1,1,string,dec,from_end; isdataat:!1,relative;", "x0x", true },
	{ "byte_jump:0,1,post_offset 1; content:\"c\"; distance:0; within:1;", "abc", true },
	{ "byte_jump:0,1,string,dec; content:\"c\"; distance:0; within:1;", "x2;;c", true },
	/* what counts is where the digits end, not how many might have been there */
	{ "byte_jump:2,1,string,dec; content:\"c\"; distance:0; within:1;", "x2;;c", true },
	{ "byte_jump:2,1,string,dec; content:\"c\"; distance:0; within:1;", "x2;;;c", false },
	{ "byte_extract:2,0,n,string,dec; content:\"a\"; distance:n; within:1;", "1xa", true },
	{ "byte_extract:2,0,n,string,dec; content:\"a\"; distance:n; within:1;", "1xxa", false },
	{ "byte_math:bytes 2, offset 0, oper +, rvalue 1, result n, string dec; content:\"a\"; distance:n; within:1;",
	  "1xxa", true },
	{ "byte_extract:1,0,n; content:\"c\"; offset:n;", "\x03xxc", true },
	{ "byte_extract:1,0,n; content:\"c\"; offset:n;", "\x04xxc", false },
	{ "byte_extract:1,0,n; byte_test:1,=,n,1;", "AA", true },
	{ "byte_extract:1,0,n; isdataat:!n;",
	  "\x04"
	  "abc",
	  true },
	{ "byte_math:bytes 1, offset 0, oper *, rvalue 2, result n; content:\"c\"; offset:n;",
	  "\x02xxxc", true },
	{ "byte_math:bytes 1, offset 0, oper *, rvalue 2, result n; content:\"c\"; offset:n;",
	  "\x02xxc", false },
	{ "byte_math:bytes 1, offset 0, oper +, rvalue 0, result n; content:\"c\"; offset:n;",
	  "\x03xxc", true },
	/* the mask is of what was computed */
	{ "byte_math:bytes 2, offset 0, oper /, rvalue 2, result n, bitmask 0x0f; byte_test:1,=,n,2;",
	  "A\x02\x01", true },
	/* below 0: a distance goes back, and no data is so far */
	{ "byte_math:bytes 1, offset 2, oper -, rvalue 5, result n; content:\"b\"; distance:n; within:1;",
	  "ab\x03", true },
	{ "byte_math:bytes 1, offset 0, oper -, rvalue 5, result n; isdataat:n;", "\x03xx", false },
	{ "byte_math:bytes 1, offset 0, oper -, rvalue 5, result n; isdataat:!n;", "\x03xx", true },
	/* elements of BER: an integer of a length that is too large, a bit string without bits */
	{ "asn1:oversize_length 10;",
	  "\x02\x7f"
	  "a",
	  true },
	{ "asn1:oversize_length 10;",
	  "\x02\x05"
	  "abcde",
	  false },
	{ "asn1:bitstring_overflow;",
	  "\x03\x02\x09"
	  "a",
	  true },
	{ "asn1:bitstring_overflow;",
	  "\x03\x02\x07"
	  "a",
	  false },
	{ "asn1:bitstring_overflow;",
	  "\x30\x04\x03\x02\x09"
	  "a",
	  true },
	{ "content:\"x\"; asn1:bitstring_overflow, relative_offset 1;",
	  "xx\x03\x02\x09"
	  "a",
	  true },
	/* lengths */
	{ "isdataat:2;", "abc", true },
	{ "isdataat:3;", "abc", false },
	{ "isdataat:!3;", "abc", true },
	{ "content:\"a\"; isdataat:2,relative;", "abc", true },
	{ "content:\"a\"; isdataat:3,relative;", "abc", false },
	{ "content:\"c\"; isdataat:!1,relative;", "abc", true },
};

static bool ask(struct parse *parse, struct diag *diag, const char *body, struct slice bytes)
{
	struct signature *signature;
	struct match match = { .buffer = bytes, .is_begin = true, .is_end = true };
	char text[512];
	bool holds;

	snprintf(text, sizeof(text), "alert udp any any -> any any (%s sid:1;)", body);
	if (signature_parse(parse, slice_text(text), "own.rules", 1, &signature)) {
		diag_print(diag, stderr);
		fail_msg("refused: %s", text);
	}
	match.signature = signature;
	assert_int_equal(signature->part_cnt, 1);
	for (uint32_t i = 0; i < signature->parts[0].clause_cnt; i++) {
		const struct clause *clause = &signature->parts[0].clauses[i];

		if (clause->ops->prepare)
			clause->ops->prepare(clause->arg);
	}
	holds = hold(&match, signature->parts[0].clauses, signature->parts[0].clause_cnt);
	signature_free(signature);
	return holds;
}

static void clauses_test(void **state)
{
	struct parse *parse;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(parse_new(NULL, &diag, &parse), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* a buffer of its own, so that a look beyond its end is seen */
		size_t len = strlen(rows[i].bytes);
		uint8_t *bytes = malloc(len);

		assert_non_null(bytes);
		memcpy(bytes, rows[i].bytes, len);
		if (ask(parse, &diag, rows[i].body, slice(bytes, len)) != rows[i].holds)
			fail_msg("%s on \"%s\"", rows[i].body, rows[i].bytes);
		free(bytes);
	}
	parse_free(parse);
	diag_free(&diag);
}

/* Of a body that is asked again as it grows, places count from its first byte. */
static void window_test(void **state)
{
	static const struct {
		const char *body;
		bool holds;
	} of_window[] = {
		{ "content:\"abc\"; offset:12;", true },
		{ "content:\"abc\"; offset:13;", false },
		{ "content:\"abc\"; depth:15;", true },
		{ "content:\"abc\"; depth:14;", false },
		{ "content:\"abc\"; startswith;", false },
		{ "isdataat:16;", true },
		{ "isdataat:17;", false },
		{ "byte_test:1,=,0x61,12;", true },
		{ "byte_test:1,=,0x61,2;", false },
	};
	struct parse *parse;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(parse_new(NULL, &diag, &parse), 0);
	for (size_t i = 0; i < sizeof(of_window) / sizeof(of_window[0]); i++) {
		struct match match = { .buffer = slice_text("xxabcxx"), .buffer_from = 10 };
		struct signature *signature;
		char text[256];

		snprintf(text, sizeof(text), "alert udp any any -> any any (%s sid:1;)",
			 of_window[i].body);
		assert_int_equal(
			signature_parse(parse, slice_text(text), "own.rules", 1, &signature), 0);
		if (hold(&match, signature->parts[0].clauses, signature->parts[0].clause_cnt) !=
		    of_window[i].holds)
			fail_msg("%s", text);
		signature_free(signature);
	}
	parse_free(parse);
	diag_free(&diag);
}

static void transforms_test(void **state)
{
	static const struct {
		const char *word, *in, *out;
		size_t len;
	} transforms[] = {
		{ "to_md5", "abc",
		  "\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72", 16 },
		{ "to_sha1", "abc",
		  "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c"
		  "\x9c\xd0\xd8\x9d",
		  20 },
		{ "to_sha256", "abc",
		  "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
		  "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
		  32 },
		{ "to_lowercase", "aBC1", "abc1", 4 },
		{ "to_uppercase", "aBC1", "ABC1", 4 },
		{ "strip_whitespace", " a \t b\r\n", "ab", 2 },
		{ "compress_whitespace", "a  \t b  ", "a b ", 4 },
		{ "dotprefix", "example.org", ".example.org", 12 },
		{ "url_decode", "a%41+%4", "aA %4", 5 },
		{ "xor:\"0102\"", "abc", "``b", 3 },
		{ "header_lowercase", "Host: A\r\nX-Y: B\r\n", "host: A\r\nx-y: B\r\n", 17 },
		{ "strip_pseudo_headers", ":path: x\r\nhost: y\r\n", "host: y\r\n", 9 },
		{ "pcrexform:\"a(.*)c\"", "xabbc", "bb", 2 },
		{ "from_base64", "YWJjZA==", "abcd", 4 },
	};
	struct parse *parse;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(parse_new(NULL, &diag, &parse), 0);
	for (size_t i = 0; i < sizeof(transforms) / sizeof(transforms[0]); i++) {
		const struct transform *transform;
		struct signature *signature;
		uint8_t to[64 + TRANSFORM_ROOM];
		char text[256];

		snprintf(text, sizeof(text),
			 "alert udp any any -> any any (udp.hdr; %s; content:\"x\"; sid:1;)",
			 transforms[i].word);
		assert_int_equal(
			signature_parse(parse, slice_text(text), "own.rules", 1, &signature), 0);
		assert_int_equal(signature->parts[0].source->transform_cnt, 1);
		transform = &signature->parts[0].source->transforms[0];
		assert_int_equal(transform->kind->apply(transform->arg,
							slice_text(transforms[i].in), to),
				 transforms[i].len);
		assert_memory_equal(to, transforms[i].out, transforms[i].len);
		signature_free(signature);
	}
	parse_free(parse);
	diag_free(&diag);
}

static void base64_test(void **state)
{
	static const struct {
		const char *in;
		enum base64_manner manner;
		const char *out;
	} texts[] = {
		{ "YQ==", BASE64_RFC4648, "a" },      { "YWI=", BASE64_RFC4648, "ab" },
		{ "YWJj", BASE64_RFC4648, "abc" },    { "YW Jj", BASE64_RFC4648, "abc" },
		{ "YWJj\"x", BASE64_RFC4648, "abc" }, { "YW\r\nJj", BASE64_RFC2045, "abc" },
		{ "Y", BASE64_RFC4648, "" },	      { "", BASE64_STRICT, "" },
	};
	uint8_t to[64];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(base64_decode(slice_text(texts[i].in), texts[i].manner, to),
				 strlen(texts[i].out));
		assert_memory_equal(to, texts[i].out, strlen(texts[i].out));
	}
}

static void datasets_test(void **state)
{
	static const struct {
		const char *asks, *value;
		bool holds;
	} steps[] = {
		{ "isset,seen,type string", "a", false },
		{ "isnotset,seen", "a", true },
		{ "set,seen", "a", true },
		{ "set,seen", "a", false },
		{ "isset,seen,type string", "a", true },
		{ "isset,seen", "b", false },
		{ "unset,seen", "a", true },
		{ "isset,seen", "a", false },
		{ "isset,listed,type string,load PATH", "abc", true },
		{ "isset,listed,type string,load PATH", "YWJj", false },
		{ "set,sums,type md5", "abc", false }, /* no value of this type */
		{ "set,sums", "0123456789abcdef", true },
		{ "isset,sums", "0123456789abcdef", true },
		{ "set,ends,type ipv4", "abcd", true },
		{ "set,ends,type ipv4", "abcdabcdabcdabcd", false },
		{ "set,few,type string,memcap 120", "a", true }, /* bytes and their places, twice */
		{ "set,few", "b", true },
		{ "set,few", "c", false },
		{ "unset,few", "a", true },
		{ "set,few", "c", false }, /* what was taken out is given back when it is half */
		{ "unset,few", "b", true },
		{ "set,few", "c", true },
		{ "isset,few", "a", false },
		{ "isset,few", "c", true },
	};
	char path[] = "/tmp/listed.XXXXXX", text[256], asks[128];
	int fd = mkstemp(path);
	struct parse *parse;
	struct diag diag;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "YWJj\nZGVm\n", 10), 10);
	close(fd);
	diag_init(&diag);
	assert_int_equal(parse_new(NULL, &diag, &parse), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct match match = { .buffer = slice_text(steps[i].value), .is_end = true };
		const char *name = strstr(steps[i].asks, "PATH");
		struct signature *signature;

		snprintf(asks, sizeof(asks), "%.*s%s",
			 name ? (int)(name - steps[i].asks) : (int)strlen(steps[i].asks),
			 steps[i].asks, name ? path : "");
		snprintf(text, sizeof(text),
			 "alert udp any any -> any any (udp.hdr; dataset:%s; sid:1;)", asks);
		if (signature_parse(parse, slice_text(text), "own.rules", 1, &signature)) {
			diag_print(&diag, stderr);
			fail_msg("refused: %s", text);
		}
		if (hold(&match, signature->parts[0].clauses, 1) != steps[i].holds)
			fail_msg("%zu: %s of %s", i, text, steps[i].value);
		signature_free(signature);
	}
	unlink(path);
	parse_free(parse);
	diag_free(&diag);
}

/* What rules put into a set is written when the rules go, and read by the next ones. */
static void datasets_kept_test(void **state)
{
	static const struct {
		const char *type, *value, *line;
	} rows[] = {
		{ "string", "abc", "YWJj\n" },
		{ "md5", "0123456789abcdef", "30313233343536373839616263646566\n" },
		{ "ipv4", "\xc0\x01\x02\x03", "192.1.2.3\n" },
		{ "ip", "\xc0\x01\x02\x03", "192.1.2.3\n" },
		{ "ip", "abcdefghijklmnop", "6162:6364:6566:6768:696a:6b6c:6d6e:6f70\n" },
	};
	char path[] = "/tmp/kept.XXXXXX", text[256], line[64];

	assert_int_not_equal(mkstemp(path), -1);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool again = i % 2;
		struct match match = { .buffer = slice_text(rows[i / 2].value), .is_end = true };
		struct signature *signature;
		struct parse *parse;
		struct diag diag;
		FILE *file;

		diag_init(&diag);
		assert_int_equal(parse_new(NULL, &diag, &parse), 0);
		snprintf(text, sizeof(text),
			 "alert udp any any -> any any (udp.hdr; dataset:%s,x,type %s,%s %s; sid:1;)",
			 again ? "isset" : "set", rows[i / 2].type, again ? "load" : "save", path);
		assert_int_equal(
			signature_parse(parse, slice_text(text), "own.rules", 1, &signature), 0);
		assert_true(hold(&match, signature->parts[0].clauses, 1));
		signature_free(signature);
		parse_free(parse);
		diag_free(&diag);
		file = fopen(path, "r");
		assert_non_null(file);
		assert_non_null(fgets(line, sizeof(line), file));
		assert_string_equal(line, rows[i / 2].line);
		fclose(file);
	}
	unlink(path);
}

/* 128.0.0.0/1 is in JP, 0.0.0.0/2 in US, of the rest nothing is said. */
static const char country_table[] =
	"\x00\x00\x01\x00\x00\x12\x00\x00(\x00\x00\x02"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\xe1Gcountry\xe1Hiso_codeBJP"
	"\xe1Gcountry\xe1Hiso_codeBUS"
	"\xab\xcd\xefMaxMind.com"
	"\xe9[binary_format_major_version\xa1\x02[binary_format_minor_version\xa0Kbuild_epoch\x01\x02\x01"
	"Mdatabase_typeGCountryKdescription\xe0Jip_version\xa1\x04Ilanguages\x00\x04Jnode_count\xc1\x02"
	"Krecord_size\xa1\x18";

static void geoip_test(void **state)
{
	static const struct {
		const char *asks;
		uint8_t src, dst; /* first bytes of the addresses */
		bool holds;
	} rows[] = {
		{ "src,JP", 200, 1, true },    { "src,JP", 1, 200, false },
		{ "dst,JP", 1, 200, true },    { "any,JP", 1, 200, true },
		{ "any,JP", 200, 1, true },    { "JP", 200, 1, true },
		{ "jp,FR", 200, 1, true },     { "FR,DE", 200, 1, false },
		{ "both,JP", 200, 1, false },  { "both,JP,US", 200, 1, true },
		{ "both,JP", 200, 201, true }, { "src,!JP", 200, 1, false },
		{ "src,!US", 200, 1, true },   { "src,!US,!JP", 200, 1, false },
		{ "src,!US", 100, 1, false }, /* nothing is said of it */
		{ "src,US", 100, 1, false },
	};
	char path[] = "/tmp/countries.XXXXXX", settings[64], text[128];
	int fd = mkstemp(path);
	struct config *config;
	struct parse *parse;
	struct diag diag;

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, country_table, sizeof(country_table) - 1),
			 sizeof(country_table) - 1);
	close(fd);
	diag_init(&diag);
	snprintf(settings, sizeof(settings), "geoip-database: %s\n", path);
	assert_int_equal(config_read_text(settings, "own.yaml", &config, &diag), 0);
	assert_int_equal(parse_new(config, &diag, &parse), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet packet = {
			.family = 4,
			.src.b = { [10] = 255, [11] = 255, [12] = rows[i].src, [15] = 1 },
			.dst.b = { [10] = 255, [11] = 255, [12] = rows[i].dst, [15] = 1 }
		};
		struct match match = { .packet = &packet };
		struct signature *signature;

		snprintf(text, sizeof(text), "alert ip any any -> any any (geoip:%s; sid:1;)",
			 rows[i].asks);
		assert_int_equal(
			signature_parse(parse, slice_text(text), "own.rules", 1, &signature), 0);
		if (signature->tests[0].ops->ask(signature->tests[0].arg, &match) != rows[i].holds)
			fail_msg("%zu: %s", i, text);
		signature_free(signature);
	}
	unlink(path);
	parse_free(parse);
	config_free(config);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clauses_test),	   cmocka_unit_test(window_test),
		cmocka_unit_test(transforms_test), cmocka_unit_test(base64_test),
		cmocka_unit_test(datasets_test),   cmocka_unit_test(datasets_kept_test),
		cmocka_unit_test(geoip_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
