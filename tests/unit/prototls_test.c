/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/tls: hellos and certificates in records that are cut at every byte: what rules are asked, what records
 * tell, what is odd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "proto/tls.h"
#include "unit/protoasked.h"

#define RANDOM "0123456789abcdef0123456789abcdef"
#define NAME                                                                                       \
	"\0\0\0\x13\0\x11\0\0\x0e"                                                                 \
	"www.example.jp" /* server_name */
#define EXTS                                                                                       \
	"\x3a\x3a\0\0" NAME "\0\x0a\0\x08\0\x06\x1a\x1a\0\x1d\0\x17" /* groups */                  \
	"\0\x0b\0\2\1\0" /* formats */                                                             \
	"\0\x0d\0\6\0\4\4\3\x08\4" /* algorithms */                                                \
	"\0\x10\0\5\0\3\2h2"                                                                       \
	"\0\x2b\0\7\6\x0a\x0a\3\4\3\3" /* versions */
#define HELLO                                                                                      \
	"\3\3" RANDOM "\4sess"                                                                     \
	"\0\6\x2a\x2a\x13\1\xc0\x2b"                                                               \
	"\1\0\0\x4b" EXTS
#define SERVER_12 "\3\3" RANDOM "\0\xc0\x2b\0"
#define SERVER_13                                                                                  \
	"\3\3" RANDOM "\0\x13\1\0\0\6"                                                             \
	"\0\x2b\0\2\3\4"
#define DATA "\x17\3\3\0\5hello"

static struct protorun run;

/* A message in records of at most so many bytes each. */
static size_t message_put(uint8_t *to, uint8_t type, struct slice body, size_t record_max)
{
	uint8_t message[4096];
	size_t len = 4 + body.len, at = 0, used = 0;

	message[0] = type;
	message[1] = 0;
	message[2] = (uint8_t)(body.len >> 8);
	message[3] = (uint8_t)body.len;
	memcpy(message + 4, body.at, body.len);
	while (at < len) {
		size_t now = len - at < record_max ? len - at : record_max;
		const uint8_t head[5] = { 22, 3, 1, (uint8_t)(now >> 8), (uint8_t)now };

		memcpy(to + used, head, 5);
		memcpy(to + used + 5, message + at, now);
		used += 5 + now;
		at += now;
	}
	return used;
}

static void message_feed(enum side side, uint8_t type, struct slice body)
{
	uint8_t bytes[8192];

	protorun_feed(&run, side, slice(bytes, message_put(bytes, type, body, 16384)), 0, false);
}

static void field_is(const char *name, enum side side, uint32_t index, const char *value)
{
	field_says(&run, run.flow.session.first, name, side, index, value);
}

static void number_is(const char *name, enum side side, uint64_t value)
{
	uint64_t number;

	assert_true(field_of(&run, name)->number(run.flow.session.first, side, 0, &number));
	assert_int_equal(number, value);
}

static const char *log_of(uint64_t off)
{
	const struct proto *proto = protos[PROTO_TLS];

	json_begin(&run.json);
	run.json.options = 3 & ~off; /* extended, session-resumption */
	if (!proto->log(run.flow.session.first, &run.json))
		return NULL;
	json_end(&run.json);
	json_newline(&run.json);
	run.json.bytes[run.json.len - 1] = 0;
	return run.json.bytes;
}

static void test_hello(void **state)
{
	uint8_t bytes[1024];
	size_t len = message_put(bytes, 1, TEXT(HELLO), 50);

	for (size_t cut = 0; cut < len; cut++) {
		protorun_begin(&run, PROTO_TLS, 6);
		protorun_feed(&run, FROM_CLIENT, slice(bytes, cut), 0, false);
		protorun_feed(&run, FROM_CLIENT, slice(bytes + cut, len - cut), 0, false);
		assert_int_equal(run.flow.session.first->progress[FROM_CLIENT], TLS_STEP_HELLO);
		assert_int_equal(run.flow.session.first->event_cnt, 0);
		field_is("tls.sni", FROM_CLIENT, 0, "www.example.jp");
		field_is("tls.random", FROM_CLIENT, 0, RANDOM);
		field_is("tls.random_time", FROM_CLIENT, 0, "0123");
		field_is("tls.alpn", FROM_CLIENT, 0, "h2");
		field_is("ja3.string", FROM_CLIENT, 0, "771,4865-49195,0-10-11-13-16-43,29-23,0");
		field_is("ja3.hash", FROM_CLIENT, 0, "87991a9b84cb5b4bc5f84c5ecad46032");
		field_is("ja4.hash", FROM_CLIENT, 0, "t13d0206h2_777cda164f4b_fb71836bce29");
		number_is("tls.version", FROM_CLIENT, 0x0304);
		number_is("ssl_state", FROM_CLIENT, TLS_SHOWN_CLIENT_HELLO);
		protorun_end(&run);
	}
}

static void test_13(void **state)
{
	protorun_begin(&run, PROTO_TLS, 6);
	message_feed(FROM_CLIENT, 1, TEXT(HELLO));
	message_feed(FROM_SERVER, 2, TEXT(SERVER_13));
	assert_false(protos[PROTO_TLS]->log_now(run.flow.session.first));
	protorun_feed(&run, FROM_SERVER, TEXT(DATA), 0, false);
	assert_true(run.flow.session.encrypted);
	assert_int_equal(run.flow.session.first->progress[FROM_CLIENT], TLS_STEP_OVER);
	field_is("ja3s.string", FROM_SERVER, 0, "771,4865,43");
	number_is("tls.version", FROM_SERVER, 0x0304);
	assert_string_equal(
		log_of(0),
		"{\"sni\":\"www.example.jp\",\"version\":\"TLS 1.3\","
		"\"ja3\":{\"hash\":\"87991a9b84cb5b4bc5f84c5ecad46032\","
		"\"string\":\"771,4865-49195,0-10-11-13-16-43,29-23,0\"},"
		"\"ja3s\":{\"hash\":\"cce84e7a8b742462e40afb585a3e3ccc\",\"string\":\"771,4865,43\"},"
		"\"client_alpns\":[\"h2\"]}");
	protorun_end(&run);
}

/* The server takes up the client's session: there is no certificate to tell of. */
static void test_resumed(void **state)
{
	const struct slice hello = TEXT("\3\1" RANDOM "\4sess\0\2\xc0\x2b\1\0");
	const struct slice server = TEXT("\3\1" RANDOM "\4sess\xc0\x2b\0");

	protorun_begin(&run, PROTO_TLS, 6);
	message_feed(FROM_CLIENT, 1, hello);
	message_feed(FROM_SERVER, 2, server);
	protorun_feed(&run, FROM_SERVER, TEXT("\x14\3\1\0\1\1"), 0, false);
	protorun_feed(&run, FROM_CLIENT, TEXT("\x14\3\1\0\1\1" DATA), 0, false);
	assert_non_null(strstr(log_of(1), "\"session_resumed\":true"));
	assert_null(log_of(2)); /* session-resumption: no */
	protorun_end(&run);
}

/* --- certificates --- */

static size_t certificate_make(uint8_t *der)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	ASN1_INTEGER *serial = X509_get_serialNumber(x509);
	uint8_t *at = der;
	int len;

	ASN1_INTEGER_set_uint64(serial, 0x97e64709);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), "20150212180727Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "20250209180727Z");
	X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const uint8_t *)"JP", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Saga", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "emailAddress", MBSTRING_ASC, (const uint8_t *)"a@b", -1,
				   -1, 0);
	X509_set_issuer_name(x509, name);
	X509_set_pubkey(x509, key);
	X509_sign(x509, key, EVP_sha256());
	len = i2d_X509(x509, &at);
	X509_free(x509);
	EVP_PKEY_free(key);
	assert_true(len > 0);
	return (size_t)len;
}

static void test_certificate(void **state)
{
	uint8_t chain[2048] = { 0 }, bytes[4096];
	size_t len = certificate_make(chain + 6), all;

	chain[1] = (uint8_t)((len + 3) >> 8);
	chain[2] = (uint8_t)(len + 3);
	chain[4] = (uint8_t)(len >> 8);
	chain[5] = (uint8_t)len;
	all = message_put(bytes, 2, TEXT(SERVER_12), 16384);
	all += message_put(bytes + all, 11, slice(chain, len + 6), 100);
	for (size_t cut = 0; cut < all; cut += 7) {
		protorun_begin(&run, PROTO_TLS, 6);
		message_feed(FROM_CLIENT, 1, TEXT(HELLO));
		protorun_feed(&run, FROM_SERVER, slice(bytes, cut), 0, false);
		protorun_feed(&run, FROM_SERVER, slice(bytes + cut, all - cut), 0, false);
		assert_true(protos[PROTO_TLS]->log_now(run.flow.session.first));
		field_is("tls.cert_subject", FROM_SERVER, 0, "C=JP, O=Saga, Email=a@b");
		field_is("tls.cert_issuer", FROM_SERVER, 0, "C=JP, O=Saga, Email=a@b");
		field_is("tls.cert_serial", FROM_SERVER, 0, "00:97:E6:47:09");
		number_is("tls.cert_chain_len", FROM_SERVER, 1);
		number_is("tls_cert_notbefore", FROM_SERVER, 1423764447);
		assert_non_null(strstr(log_of(0), "\"notafter\":\"2025-02-09T18:07:27\""));
		protorun_end(&run);
	}
	chain[20] ^= 0x55; /* no DER any more */
	protorun_begin(&run, PROTO_TLS, 6);
	message_feed(FROM_SERVER, 11, slice(chain, len + 6));
	assert_int_equal(run.flow.session.first->event[0], TLS_BAD_CERTIFICATE);
	protorun_end(&run);
}

/* --- what is odd --- */

static void event_is(struct slice bytes, uint8_t event)
{
	protorun_begin(&run, PROTO_TLS, 6);
	protorun_feed(&run, FROM_CLIENT, bytes, 0, true);
	assert_int_equal(run.flow.session.first->event_cnt, 1);
	assert_int_equal(run.flow.session.first->event[0], event);
	protorun_end(&run);
}

static void test_events(void **state)
{
	uint8_t bytes[1024];

	event_is(TEXT("\x16\4\1\0\5hello"), TLS_BAD_RECORD_VERSION);
	event_is(TEXT("\x19\3\1\0\5hello"), TLS_BAD_RECORD_TYPE);
	event_is(TEXT("\x16\3\1\xff\xff"), TLS_BAD_RECORD_LENGTH);
	event_is(TEXT("\x18\3\2\0\3\1\x40\0"), TLS_HEARTBEAT_OVER); /* CVE-2014-0160 */
	event_is(TEXT("\x80\3abc"), TLS_BAD_SSL2_HEADER);
	event_is(slice(bytes, message_put(bytes, 1, TEXT("\3\3short"), 16384)), TLS_BAD_HANDSHAKE);
	event_is(slice(bytes,
		       message_put(bytes, 1, TEXT("\3\3" RANDOM "\0\0\2\x13\1\1\0\0\x2e" NAME NAME),
				   16384)),
		 TLS_MANY_NAMES);
}

static void test_ssl2(void **state)
{
	const struct slice hello = TEXT("\x80\x1c\1\3\1\0\3\0\0\0\x10\1\0\x80"
					"0123456789abcdef");

	protorun_begin(&run, PROTO_TLS, 6);
	protorun_feed(&run, FROM_CLIENT, hello, 0, false);
	number_is("tls.version", FROM_CLIENT, TLS_V_10);
	message_feed(FROM_SERVER, 2, TEXT(SERVER_12));
	number_is("tls.version", FROM_SERVER, TLS_V_12);
	assert_int_equal(run.flow.session.first->event_cnt, 0);
	protorun_end(&run);
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_TLS]->guess;

	assert_int_equal(guess(FROM_CLIENT, TEXT("\x16\3\1")), GUESS_YES);
	assert_int_equal(guess(FROM_SERVER, TEXT("\x17\3\3")), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, TEXT("\x17\3\3")), GUESS_NO);
	assert_int_equal(guess(FROM_CLIENT, TEXT("\x16")), GUESS_MORE);
	assert_int_equal(guess(FROM_CLIENT, TEXT("GET / HTTP/1.1")), GUESS_NO);
	assert_int_equal(guess(FROM_CLIENT, TEXT("\x80\x2e\1\0\2\0\x15")), GUESS_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),	cmocka_unit_test(test_13),
		cmocka_unit_test(test_resumed), cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_events),	cmocka_unit_test(test_ssl2),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
