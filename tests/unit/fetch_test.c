// SPDX-License-Identifier: Apache-2.0
/*
 * Subscriptions without a net: when they are asked again, what is remembered, sums and signatures, which
 * addresses are private, what is unpacked, what is weighed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetch/errand.h"
#include "fetch/gunzip.h"
#include "fetch/plan.h"
#include "fetch/private.h"
#include "fetch/prove.h"

static char dir[128];

static int dir_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/fetch.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int dir_down(void **state)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void file_write(const char *path, const void *bytes, size_t len)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	fclose(out);
}

/* --- the clock --- */

#define LOT_NONE 100 /* moves nothing */

static void backs_off(void **state)
{
	static const int64_t waits[] = { 60,   120,   240,   480,   960,   1920,  3840,
					 7680, 15360, 30720, 61440, 86400, 86400, 86400 };
	struct plan plan = {};

	assert_int_equal(plan_next(&plan, 172800, LOT_NONE), 0);
	plan_same(&plan, 1000);
	assert_int_equal(plan_next(&plan, 172800, LOT_NONE), 1000 + 172800);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		plan_failed(&plan, 1000, "no");
		assert_int_equal(plan.failures, i + 1);
		assert_int_equal(plan_next(&plan, 172800, LOT_NONE), 1000 + waits[i]);
		/* a failure is never a reason to ask less often than usual */
		assert_true(plan_next(&plan, 3600, LOT_NONE) <= 1000 + 3600);
	}
	plan.failures = UINT32_MAX;
	plan_failed(&plan, 1000, "no");
	assert_int_equal(plan.failures, UINT32_MAX);
	assert_string_equal(plan.said, "no");
	plan_same(&plan, 2000);
	assert_int_equal(plan.failures, 0);
	assert_string_equal(plan.said, "");
	assert_int_equal(plan_next(&plan, 3600, LOT_NONE), 2000 + 3600);
}

static void jitters(void **state)
{
	struct plan plan = { .tried = 1000 };
	int64_t least = INT64_MAX, most = 0;

	for (uint64_t lot = 0; lot < 402; lot++) {
		int64_t next = plan_next(&plan, 10000, lot);

		least = next < least ? next : least;
		most = next > most ? next : most;
	}
	assert_int_equal(least, 1000 + 9000);
	assert_int_equal(most, 1000 + 11000);
}

static void remembers(void **state)
{
	struct plan plan = { .tried = 5, .good = 4, .changed = 3, .failures = 2 }, again;
	char path[160];

	snprintf(path, sizeof(path), "%s/x.plan", dir);
	snprintf(plan.url, sizeof(plan.url), "https://lists.example/a");
	snprintf(plan.etag, sizeof(plan.etag), "W/\"a b\"");
	snprintf(plan.digest, sizeof(plan.digest), "00ff");
	plan_text(plan.held, sizeof(plan.held), "less\nthan half\x1b");
	assert_null(strchr(plan.held, '\n'));
	assert_int_equal(plan_write(path, &plan), 0);
	plan_read(path, "https://lists.example/a", &again);
	assert_memory_equal(&plan, &again, sizeof(plan));
	plan_read(path, "https://lists.example/b", &again);
	assert_int_equal(again.tried, 0);
	assert_string_equal(again.etag, "");
	assert_string_equal(again.url, "https://lists.example/b");
	file_write(path, "url https://lists.example/a\ntried x\nfailures -1\n\xff\nnothing", 54);
	plan_read(path, "https://lists.example/a", &again);
	assert_int_equal(again.tried, 0);
	unlink(path);
	plan_read(path, "https://lists.example/a", &again);
	assert_int_equal(again.failures, 0);
}

/* --- sums --- */

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BIG "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
#define OTHER "0000000000000000000000000000000000000000000000000000000000000000"

static void sums(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} rows[] = {
		{ SUM "  list.txt\n", true },
		{ SUM " *list.txt\r\n", true },
		{ BIG "  ./daily/list.txt", true },
		{ OTHER "  other.txt\n" SUM "  list.txt\n", true },
		{ "# sums\n\n" SUM "\n", true },
		{ SUM, true },
		{ "SHA256 (list.txt) = " SUM "\n", true },
		{ "SHA256 (other.txt) = " OTHER "\nSHA256 (list.txt) = " BIG, true },
		{ "", false },
		{ OTHER "  other.txt\n", false },
		{ OTHER "  list.txt.old\n", false },
		{ SUM "0  list.txt\n", false },
		{ "e3b0c4  list.txt\n", false },
		{ "SHA256 (list.txt) = e3b0", false },
		{ "SHA256 (list.txt", false },
		{ "<html>404</html>", false },
	};
	char hex[PROVE_HEX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = prove_sum(rows[i].text, strlen(rows[i].text),
				    "https://lists.example/a/list.txt?day=1", hex);

		assert_int_equal(err, rows[i].found ? 0 : -ENOENT);
		if (rows[i].found)
			assert_string_equal(hex, SUM);
	}
}

static void digests(void **state)
{
	char path[160], hex[PROVE_HEX];

	snprintf(path, sizeof(path), "%s/empty", dir);
	file_write(path, "", 0);
	assert_int_equal(prove_digest(path, hex), 0);
	assert_string_equal(hex, SUM);
	assert_int_equal(prove_digest("/nowhere/at/all", hex), -ENOENT);
}

/* --- signatures --- */

struct signed_file {
	char path[160], key[160];
	unsigned char signature[1024];
	size_t len;
	char base64[2048];
};

static void key_write(EVP_PKEY *key, const char *path)
{
	FILE *out = fopen(path, "we");

	assert_int_equal(PEM_write_PUBKEY(out, key), 1);
	fclose(out);
}

/* A file, a new key of this kind and the signature. */
static void sign(EVP_PKEY *key, const EVP_MD *md, struct signed_file *s)
{
	static const char text[] = "192.0.2.1\n192.0.2.2\n";
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	snprintf(s->path, sizeof(s->path), "%s/signed", dir);
	snprintf(s->key, sizeof(s->key), "%s/key.pem", dir);
	file_write(s->path, text, sizeof(text) - 1);
	key_write(key, s->key);
	s->len = sizeof(s->signature);
	assert_int_equal(EVP_DigestSignInit(context, NULL, md, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, s->signature, &s->len, (const unsigned char *)text,
					sizeof(text) - 1),
			 1);
	EVP_EncodeBlock((unsigned char *)s->base64, s->signature, (int)s->len);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

static int check(const struct signed_file *s, const void *signature, size_t len)
{
	char why[256] = "";

	return prove_signature(s->path, signature, len, s->key, why, sizeof(why));
}

static void signature_round(EVP_PKEY *key, const EVP_MD *md)
{
	struct signed_file s = {};

	assert_non_null(key);
	sign(key, md, &s);
	assert_int_equal(check(&s, s.signature, s.len), 0);
	assert_int_equal(check(&s, s.base64, strlen(s.base64)), 0);
	assert_int_equal(check(&s, s.signature, s.len - 1), -EBADMSG);
	assert_int_equal(check(&s, "", 0), -EBADMSG);
	s.signature[s.len / 2] ^= 1;
	assert_int_equal(check(&s, s.signature, s.len), -EBADMSG);
	s.signature[s.len / 2] ^= 1;
	file_write(s.path, "192.0.2.1\n", 10);
	assert_int_equal(check(&s, s.signature, s.len), -EBADMSG);
	file_write(s.key, "no key", 6);
	assert_int_equal(check(&s, s.signature, s.len), -EBADMSG);
	unlink(s.key);
	assert_int_equal(check(&s, s.signature, s.len), -ENOENT);
}

static void signatures(void **state)
{
	signature_round(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
	signature_round(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), EVP_sha256());
	signature_round(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), EVP_sha256());
}

/* minisign's own files, as it writes them: "ED" is over the file's BLAKE2b. */
static void minisigns(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	unsigned char public[42] = "Ed\1\2\3\4\5\6\7\10", signature[74] = "ED\1\2\3\4\5\6\7\10",
		      hash[64];
	char text[512], base64[256], path[160];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct signed_file s = {};
	size_t len = 32;

	snprintf(s.path, sizeof(s.path), "%s/signed", dir);
	snprintf(s.key, sizeof(s.key), "%s/minisign.pub", dir);
	file_write(s.path, "192.0.2.1\n", 10);
	assert_int_equal(EVP_PKEY_get_raw_public_key(key, public + 10, &len), 1);
	EVP_EncodeBlock((unsigned char *)base64, public, sizeof(public));
	snprintf(text, sizeof(text), "untrusted comment: minisign public key 1\n%s\n", base64);
	file_write(s.key, text, strlen(text));
	assert_int_equal(EVP_Digest("192.0.2.1\n", 10, hash, NULL, EVP_blake2b512(), NULL), 1);
	len = 64;
	assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, signature + 10, &len, hash, sizeof(hash)), 1);
	EVP_EncodeBlock((unsigned char *)base64, signature, sizeof(signature));
	snprintf(text, sizeof(text), "untrusted comment: signature\n%s\ntrusted comment: x\nAAAA\n",
		 base64);
	assert_int_equal(check(&s, text, strlen(text)), 0);
	assert_int_equal(check(&s, text, 40), -EBADMSG);
	signature[2] ^= 1;
	EVP_EncodeBlock((unsigned char *)base64, signature, sizeof(signature));
	snprintf(text, sizeof(text), "untrusted comment: signature\n%s\n", base64);
	assert_int_equal(check(&s, text, strlen(text)), -EBADMSG);
	snprintf(path, sizeof(path), "%s/signed", dir);
	file_write(path, "192.0.2.2\n", 10);
	assert_int_equal(check(&s, text, strlen(text)), -EBADMSG);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

/* --- private addresses --- */

static bool is_private(const char *text)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in4 = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		return address_is_private((struct sockaddr *)&in4);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_is_private((struct sockaddr *)&in6);
}

static void privates(void **state)
{
	static const char *const private[] = {
		"0.0.0.0",
		"10.0.0.1",
		"10.255.255.255",
		"100.64.0.1",
		"127.0.0.1",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.168.1.1",
		"198.18.0.1",
		"224.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"fe80::1",
		"fd00::1",
		"ff02::1",
		"::ffff:10.0.0.1",
		"64:ff9b::192.168.1.1",
		"2002:7f00:1::1",
		"::127.0.0.1",
	};
	static const char *const public[] = {
		"1.1.1.1",     "9.255.255.255", "11.0.0.1",	    "100.128.0.1", "172.32.0.1",
		"203.0.113.5", "223.255.255.1", "2001:db8::1",	    "2606::1",	   "::ffff:1.1.1.1",
		"192.167.0.1", "192.169.0.1",	"64:ff9b::1.1.1.1",
	};
	struct sockaddr local = { .sa_family = AF_UNIX };

	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++)
		assert_true(is_private(private[i]));
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		assert_false(is_private(public[i]));
	assert_true(address_is_private(&local));
}

/* --- weighing --- */

static int weigh_as(bool names, const char *former, const char *next, bool block, bool reserved)
{
	const struct model_feed feed = { .reserved = reserved };
	const struct errand errand = {
		.name = (char *)"x", .names = names, .block = block, .feed = feed
	};
	char before[160], after[160];
	struct diag diag;
	size_t had, has;
	int err;

	snprintf(before, sizeof(before), "%s/before", dir);
	snprintf(after, sizeof(after), "%s/after", dir);
	unlink(before);
	if (former)
		file_write(before, former, strlen(former));
	file_write(after, next, strlen(next));
	diag_init(&diag);
	err = errand_weigh(&errand, before, after, &had, &has, &diag);
	if (err)
		assert_true(diag.cnt > 0);
	diag_free(&diag);
	return err;
}

static int weigh(const char *former, const char *next, bool block, bool reserved)
{
	return weigh_as(false, former, next, block, reserved);
}

static void weighs_addresses(void **state)
{
	assert_int_equal(weigh(NULL, "192.0.2.1\n", true, false), 0);
	assert_int_equal(weigh("192.0.2.1\n192.0.2.2\n", "192.0.2.3\n", true, false), 0);
	assert_true(weigh("192.0.2.1\n192.0.2.3\n192.0.2.5\n", "192.0.2.3\n", true, false) < 0);
	assert_true(weigh("192.0.2.1\n", "", true, false) < 0);
	assert_true(weigh(NULL, "<html>not found</html>\n", true, false) < 0);
	assert_int_equal(weigh(NULL, "192.0.2.1\n10.0.0.0/8\n", true, false), -EDOM);
	assert_int_equal(weigh(NULL, "192.0.2.1\n0.0.0.0/0\n", true, false), -EDOM);
	assert_int_equal(weigh(NULL, "192.0.2.1\n224.0.0.5\n", true, false), -EDOM);
	assert_int_equal(weigh(NULL, "2001:db8::/32\nfe80::/64\n", true, false), -EDOM);
	assert_int_equal(weigh(NULL, "192.0.2.1\n10.0.0.0/8\n", true, true), 0);
	assert_int_equal(weigh(NULL, "192.0.2.1\n10.0.0.0/8\n", false, false), 0);
}

static int weigh_names(const char *former, const char *next)
{
	return weigh_as(true, former, next, true, false);
}

static void weighs_names(void **state)
{
	assert_int_equal(weigh_names(NULL, "0.0.0.0 a.example\n"), 0);
	assert_int_equal(weigh_names("a.example\nb.example\n", "c.example\n"), 0);
	assert_int_equal(weigh_names("a.example\nb.example\nc.example\n", "c.example\n"), -ERANGE);
	assert_true(weigh_names("a.example\n", "") < 0);
	assert_true(weigh_names(NULL, "<html><body>503 Service Unavailable</body></html>\n") < 0);
}

/* --- packed on the way --- */

struct unpacked {
	char text[4096];
	size_t len, most;
};

static bool unpacked_take(void *arg, const char *bytes, size_t len)
{
	struct unpacked *to = arg;

	if (len > to->most - to->len)
		return false;
	memcpy(to->text + to->len, bytes, len);
	to->len += len;
	return true;
}

/* As gzip has it. */
static size_t pack(const char *text, char *to, size_t cap)
{
	z_stream stream = { .next_in = (unsigned char *)text,
			    .avail_in = (unsigned int)strlen(text),
			    .next_out = (unsigned char *)to,
			    .avail_out = (unsigned int)cap };

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return cap - stream.avail_out;
}

/* Feeds it in pieces; what came out is in *to. */
static int unpack(const char *bytes, size_t len, size_t piece, struct unpacked *to, bool *ret_whole)
{
	struct gunzip gunzip = {};
	int err = 0;

	*to = (struct unpacked){ .most = sizeof(to->text) };
	for (size_t at = 0; at < len && !err; at += piece)
		err = gunzip_feed(&gunzip, bytes + at, len - at < piece ? len - at : piece,
				  unpacked_take, to);
	*ret_whole = gunzip.whole;
	gunzip_end(&gunzip);
	return err;
}

static void gunzips(void **state)
{
	static const char text[] = "198.51.100.1\n198.51.100.2\n198.51.100.3\n198.51.100.4\n";
	char packed[512];
	struct unpacked to;
	size_t len = pack(text, packed, sizeof(packed)), two;
	bool whole;

	for (size_t piece = 1; piece <= len; piece++) {
		assert_int_equal(unpack(packed, len, piece, &to, &whole), 0);
		assert_true(whole && to.len == strlen(text));
		assert_memory_equal(to.text, text, to.len);
	}
	/* Cut anywhere it is not whole; with anything behind it, it is. */
	for (size_t cut = 1; cut < len; cut++) {
		assert_int_equal(unpack(packed, cut, cut, &to, &whole), 0);
		assert_false(whole);
	}
	memcpy(packed + len, "\0\0more", 6);
	assert_int_equal(unpack(packed, len + 6, 7, &to, &whole), 0);
	assert_true(whole && to.len == strlen(text));
	/* Of two members the second counts as the first. */
	two = len + pack(text, packed + len, sizeof(packed) - len);
	for (size_t piece = 1; piece <= two; piece += 3) {
		assert_int_equal(unpack(packed, two, piece, &to, &whole), 0);
		assert_true(whole && to.len == 2 * strlen(text));
		assert_int_equal(unpack(packed, two - 1, piece, &to, &whole), 0);
		assert_false(whole);
	}
	assert_int_equal(unpack(text, strlen(text), 100, &to, &whole), -EBADMSG);
	packed[len - 6] ^= 1; /* its sum */
	assert_int_equal(unpack(packed, len, 100, &to, &whole), -EBADMSG);
}

/* Much of what is little: as soon as it is more than is wanted, no more of it is unpacked. */
static void gunzip_is_bounded(void **state)
{
	static char text[65536];
	struct unpacked to = { .most = 100 };
	struct gunzip gunzip = {};
	char packed[512];
	size_t len;

	memset(text, 'a', sizeof(text) - 1);
	len = pack(text, packed, sizeof(packed));
	assert_int_equal(gunzip_feed(&gunzip, packed, len, unpacked_take, &to), -ECANCELED);
	assert_int_equal(to.len, 0);
	gunzip_end(&gunzip);
	gunzip_end(&gunzip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backs_off),	    cmocka_unit_test(jitters),
		cmocka_unit_test(remembers),	    cmocka_unit_test(sums),
		cmocka_unit_test(digests),	    cmocka_unit_test(signatures),
		cmocka_unit_test(minisigns),	    cmocka_unit_test(privates),
		cmocka_unit_test(weighs_addresses), cmocka_unit_test(weighs_names),
		cmocka_unit_test(gunzips),	    cmocka_unit_test(gunzip_is_bounded),
	};

	return cmocka_run_group_tests(tests, dir_up, dir_down);
}
