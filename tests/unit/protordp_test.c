/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/rdp: the messages of a connection, cut at every byte, and what of them is none of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

#define CONNECT_MAX 512

static const char request[] = "\3\0\0\x2a\x25\xe0\0\0\0\0\0Cookie: mstshash=user\r\n"
			      "\1\x0a\x08\0\3\0\0\0";
static const char confirm[] = "\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\1\0\0\0";
static const char refused[] = "\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\3\0\x08\0\5\0\0\0";
static const char connected[] = "\3\0\0\x0b\2\xf0\x80\x7f\x66\x82\1";
/* One certificate, of the serial 00c0de, in two records. */
static const char chain[] = "\x16\3\3\0\4\x0b\0\0\x3c\x16\3\3\0\x3c\0\0\x39\0\0\x36"
			    "\x30\x34\x30\x2d\2\3\0\xc0\xde\x30\0\x30\0\x30\x1e\x17\x0d"
			    "260101000000Z\x17\x0d"
			    "270101000000Z\x30\0\x30\0\x30\0\3\1\0";

static struct protorun run;

/* --- a client that tells of itself --- */

static size_t little_put(uint8_t *to, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(value >> 8 * i);
	return len;
}

static size_t wide_put(uint8_t *to, const char *text, size_t len)
{
	memset(to, 0, len);
	for (size_t i = 0; text[i]; i++)
		to[2 * i] = (uint8_t)text[i];
	return len;
}

/* [MS-RDPBCGR] 2.2.1.3.2 */
static size_t core_put(uint8_t *to)
{
	static const struct {
		uint32_t value;
		uint8_t len;
	} first[] = { { 0xc001, 2 }, { 234, 2 },    { 0x8000c, 4 }, { 1280, 2 }, { 800, 2 },
		      { 0xca01, 2 }, { 0xaa03, 2 }, { 0x411, 4 },   { 17763, 4 } },
	  keyboard[] = { { 7, 4 }, { 2, 4 }, { 12, 4 } },
	  behind[] = { { 0xca01, 2 }, { 1, 2 }, { 0, 4 }, { 24, 2 }, { 15, 2 }, { 0x421, 2 } },
	  last[] = { { 6, 1 },	 { 0, 1 },  { 1, 4 },	{ 300, 4 },
		     { 200, 4 }, { 90, 2 }, { 150, 4 }, { 140, 4 } };
	uint8_t *at = to;

#define PUT(of)                                                                                    \
	for (size_t i = 0; i < sizeof(of) / sizeof((of)[0]); i++)                                  \
	at += little_put(at, (of)[i].value, (of)[i].len)
	PUT(first);
	at += wide_put(at, "KEN-PC", 32);
	PUT(keyboard);
	at += wide_put(at, "imjp", 64);
	PUT(behind);
	at += wide_put(at, "55274", 64);
	PUT(last);
#undef PUT
	return (size_t)(at - to);
}

static size_t connect_make(uint8_t *to)
{
	static const char net[] = "\3\xc0\x20\0\2\0\0\0rdpdr\0\0\0\0\0\x80\x80rdpsnd\0\0\0\0\0\xc0";
	uint8_t blocks[CONNECT_MAX];
	size_t len = core_put(blocks), all;

	memcpy(blocks + len, "\2\xc0\4\0", 4);
	len += 4;
	memcpy(blocks + len, net, sizeof(net) - 1);
	len += sizeof(net) - 1;
	memcpy(to, "\3\0\0\0\2\xf0\x80\x7f\x65\x82\1\x94\0\5Duca", 18);
	to[18] = (uint8_t)(0x80 | len >> 8);
	to[19] = (uint8_t)len;
	memcpy(to + 20, blocks, len);
	all = 20 + len;
	to[2] = (uint8_t)(all >> 8);
	to[3] = (uint8_t)all;
	return all;
}

/* --- what is told --- */

/* A message in two pieces, the first so long. */
static void feed(enum side side, struct slice bytes, size_t cut)
{
	size_t first = cut < bytes.len ? cut : bytes.len;

	protorun_feed(&run, side, slice(bytes.at, first), 0, false);
	protorun_feed(&run, side, slice_behind(bytes, first), 0, false);
}

static void told(const char *text)
{
	assert_non_null(run.flow.session.last);
	assert_string_equal(protorun_log(&run, run.flow.session.last, 0), text);
}

static void test_connection(void **state)
{
	uint8_t connect[CONNECT_MAX];
	size_t len = connect_make(connect);

	for (size_t cut = 0; cut < len; cut++) {
		protorun_begin(&run, PROTO_RDP, 6);
		feed(FROM_CLIENT, TEXT(request), cut);
		told("{\"tx_id\":1,\"event_type\":\"initial_request\",\"cookie\":\"user\",\"flags\":["
		     "\"redirected_authentication_mode_required\",\"correlation_info_present\"]}");
		feed(FROM_SERVER, TEXT(confirm), cut);
		told("{\"tx_id\":2,\"event_type\":\"initial_response\",\"server_supports\":["
		     "\"extended_client_data\",\"dynvc_gfx\",\"restricted_admin\","
		     "\"redirected_authentication\"],\"protocol\":\"ssl\"}");
		feed(FROM_CLIENT, slice(connect, len), cut);
		told("{\"tx_id\":3,\"event_type\":\"connect_request\",\"client\":{\"version\":\"v10.7\","
		     "\"desktop_width\":1280,\"desktop_height\":800,\"color_depth\":24,"
		     "\"keyboard_layout\":\"ja-JP\",\"build\":\"Windows 10 RS5\","
		     "\"client_name\":\"KEN-PC\",\"keyboard_type\":\"jp\",\"keyboard_subtype\":2,"
		     "\"function_keys\":12,\"ime\":\"imjp\",\"product_id\":1,\"capabilities\":["
		     "\"support_errinfo_pdf\",\"valid_connection_type\",\"support_heartbeat_pdu\"],"
		     "\"id\":\"55274\",\"connection_hint\":\"lan\",\"physical_width\":300,"
		     "\"physical_height\":200,\"desktop_orientation\":90,\"scale_factor\":150,"
		     "\"device_scale_factor\":140},\"channels\":[\"rdpdr\",\"rdpsnd\"]}");
		feed(FROM_SERVER, TEXT(connected), cut);
		told("{\"tx_id\":4,\"event_type\":\"connect_response\"}");
		feed(FROM_CLIENT, TEXT("any"), cut); /* what follows is not read */
		assert_int_equal(run.flow.session.tx_cnt, 4);
		assert_false(run.failed);
		protorun_end(&run);
	}
}

static void test_certificates(void **state)
{
	for (size_t cut = 0; cut < sizeof(chain); cut++) {
		protorun_begin(&run, PROTO_RDP, 6);
		feed(FROM_SERVER, TEXT(refused), cut);
		told("{\"tx_id\":1,\"event_type\":\"initial_response\",\"error_code\":5,"
		     "\"reason\":\"hybrid required by server\"}");
		feed(FROM_CLIENT, TEXT("\x16\3\1\0\1x"), cut);
		feed(FROM_SERVER, TEXT(chain), cut);
		told("{\"tx_id\":2,\"event_type\":\"tls_handshake\",\"x509_serials\":[\"c0de\"]}");
		protorun_end(&run);
	}
}

/* A message that is none of those is passed over; what is no packet at all ends the reading. */
static void test_other(void **state)
{
	protorun_begin(&run, PROTO_RDP, 6);
	feed(FROM_CLIENT, TEXT("\3\0\0\x0b\6\xe0\0\1\0\0\0"), 0); /* to a reference */
	feed(FROM_CLIENT, TEXT("\3\0\0\x09\2\xf0\x80\x7f\x65"), 0); /* cut */
	feed(FROM_CLIENT, TEXT("\3\0\0\7\2\xf0\x80"), 0);
	assert_int_equal(run.flow.session.tx_cnt, 0);
	assert_false(run.failed);
	feed(FROM_CLIENT, TEXT("\3\0\0\3"), 0);
	assert_true(run.failed);
	protorun_end(&run);
	protorun_begin(&run, PROTO_RDP, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT(request), 9, false);
	assert_true(run.failed); /* nobody knows where the next one begins */
	protorun_end(&run);
}

static void test_guess(void **state)
{
	static const char s7[] = "\3\0\0\x16\x11\xe0\0\0\0\1\0\xc0\1\x0a\xc1\2\1\0\xc2\2\1\2";
	static const struct {
		enum side side;
		struct slice bytes;
		enum proto_guess guess, there;
	} rows[] = {
		{ FROM_CLIENT, { (const uint8_t *)request, sizeof(request) - 1 }, GUESS_YES, GUESS_YES },
		{ FROM_SERVER, { (const uint8_t *)confirm, sizeof(confirm) - 1 }, GUESS_YES, GUESS_YES },
		{ FROM_SERVER, { (const uint8_t *)request, sizeof(request) - 1 }, GUESS_NO, GUESS_YES },
		{ FROM_CLIENT, { (const uint8_t *)s7, sizeof(s7) - 1 }, GUESS_NO, GUESS_YES },
		{ FROM_CLIENT, { (const uint8_t *)request, 12 }, GUESS_MORE, GUESS_YES },
		{ FROM_CLIENT, { (const uint8_t *)"\3", 1 }, GUESS_MORE, GUESS_YES },
		{ FROM_CLIENT, { (const uint8_t *)"\3\1", 2 }, GUESS_NO, GUESS_YES },
		{ FROM_CLIENT, { (const uint8_t *)"\4\0", 2 }, GUESS_NO, GUESS_NO },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(protos[PROTO_RDP]->guess(rows[i].side, rows[i].bytes),
				 rows[i].guess);
		assert_int_equal(protos[PROTO_RDP]->guess_there(rows[i].side, rows[i].bytes),
				 rows[i].there);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
