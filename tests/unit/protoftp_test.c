/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/ftp and ftpdata: commands with their replies, where data goes, the file that comes there, records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "file/file.h"
#include "inspect/flowtable.h"
#include "protorun.h"

static struct protorun run;
static struct flow_table table;

static void begin(enum proto_id id)
{
	protorun_begin(&run, id, 6);
	run.flow.table = &table;
	run.flow.addr[FROM_CLIENT] = (struct sek_addr){ .b = { [10] = 255, 255, 192, 0, 2, 1 } };
	run.flow.addr[FROM_SERVER] = (struct sek_addr){ .b = { [10] = 255, 255, 192, 0, 2, 2 } };
}

static void client(const char *text)
{
	protorun_feed(&run, FROM_CLIENT, slice_text(text), 0, false);
}

static void server(const char *text)
{
	protorun_feed(&run, FROM_SERVER, slice_text(text), 0, false);
}

static const char *record(unsigned int number)
{
	struct tx *tx = run.flow.session.first;

	while (number--)
		tx = tx->next;
	return protorun_log(&run, tx, 0);
}

/* The flow that was announced is between these ends; then it carries the file. */
static void expected_is(uint16_t port, enum side listens, const char *said)
{
	struct flow data = { .table = &table };

	assert_int_equal(table.expectation_cnt, 1);
	data.addr[FROM_SERVER] = run.flow.addr[listens];
	data.addr[FROM_CLIENT] = run.flow.addr[other_side(listens)];
	data.port[FROM_SERVER] = port;
	flow_expectation_meet(&data);
	assert_int_equal(table.expectation_cnt, 0);
	assert_int_equal(data.session.expected, PROTO_FTP_DATA);
	assert_true(slice_is(data.session.expected_name, said));
	free((void *)data.session.expected_name.at);
}

static void test_passive(void **state)
{
	begin(PROTO_FTP);
	server("220-hello\r\n220 there\r\n");
	client("USER a b\r\nXYZZY\r\n");
	server("331 password\r\n");
	client("PASV\r\n");
	server("227 Entering Passive Mode (192,0,2,2,4,1).\r\n");
	client("RETR a.txt\r\n");
	server("150 opening\r\n226 done\r\n");
	assert_string_equal(record(0),
			    "{\"completion_code\":[\"220\",\"220\"],\"reply\":[\"hello\","
			    "\"there\"],\"reply_received\":\"yes\",\"reply_truncated\":false}");
	assert_string_equal(record(1),
			    "{\"command\":\"USER\",\"command_data\":\"a b\",\"command_truncated\":false,"
			    "\"completion_code\":[\"331\"],\"reply\":[\"password\"],"
			    "\"reply_received\":\"yes\",\"reply_truncated\":false}");
	assert_string_equal(record(2),
			    "{\"command\":\"PASV\",\"completion_code\":[\"227\"],"
			    "\"reply\":[\"Entering Passive Mode (192,0,2,2,4,1).\"],\"dynamic_port\":1025,"
			    "\"reply_received\":\"yes\",\"reply_truncated\":false}");
	assert_null(run.flow.session.first->next->next->next->next);
	expected_is(1025, FROM_SERVER, "RETR a.txt");
	client("EPSV\r\n");
	server("229 Entering Extended Passive Mode (|||6446|)\r\n");
	client("STOR b\r\n");
	expected_is(6446, FROM_SERVER, "STOR b");
	protorun_end(&run);
}

static uint64_t bounce_of(const char *said)
{
	const struct field *field = protos[PROTO_FTP]->fields;
	uint64_t number = 2;

	begin(PROTO_FTP);
	client(said);
	assert_true(field->number(run.flow.session.first, FROM_CLIENT, 0, &number));
	protorun_end(&run);
	return number;
}

static void test_active(void **state)
{
	begin(PROTO_FTP);
	client("PORT 192,0,2,1,4,1\r\n");
	server("200 ok\r\n");
	client("STOR up\r\n");
	expected_is(1025, FROM_CLIENT, "STOR up");
	client("EPRT |2|2001:db8::1|5282|\r\n");
	server("150 transfer\r\n226 done\r\n200 ok\r\n");
	client("RETR down\r\n");
	expected_is(5282, FROM_CLIENT, "RETR down");
	protorun_end(&run);
	assert_int_equal(bounce_of("PORT 192,0,2,1,4,1\r\n"), 0);
	assert_int_equal(bounce_of("PORT 192,0,2,9,4,1\r\n"), 1);
	assert_int_equal(bounce_of("PORT 192,0,2,999,4,1\r\n"), 0);
}

static void test_long(void **state)
{
	static char text[5000];
	struct tx *tx;

	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "RETR ", 5);
	begin(PROTO_FTP);
	client(text);
	client("\r\nRETR b\r\n");
	tx = run.flow.session.first;
	assert_int_equal(tx->event_cnt, 1);
	assert_non_null(strstr(record(0), "\"command_truncated\":true"));
	assert_non_null(strstr(record(1), "\"command_data\":\"b\",\"command_truncated\":false"));
	assert_null(tx->next->next);
	protorun_end(&run);
}

static void test_tls(void **state)
{
	begin(PROTO_FTP);
	client("AUTH TLS\r\n");
	server("234 go\r\n");
	assert_true(run.flow.session.becomes);
	protorun_end(&run);
}

static void test_data(void **state)
{
	const struct field *field = protos[PROTO_FTP_DATA]->fields;
	struct tx *tx;
	uint64_t number;

	begin(PROTO_FTP_DATA);
	run.flow.session.expected_name = slice(strdup("RETR a.txt"), 10);
	client("abc");
	protorun_feed(&run, FROM_CLIENT, slice_text("d"), 0, true);
	tx = run.flow.session.first;
	assert_int_equal(tx->files->state, FILE_CLOSED);
	assert_int_equal(tx->files->size, 4);
	assert_true(slice_is(slice(tx->files->name, tx->files->name_len), "a.txt"));
	assert_string_equal(record(0), "{\"filename\":\"a.txt\",\"command\":\"RETR\"}");
	assert_true(field->number(tx, FROM_SERVER, 0, &number));
	assert_int_equal(number, 1);
	assert_false(field->number(tx, FROM_CLIENT, 0, &number));
	protorun_end(&run);
}

static void test_forgotten(void **state)
{
	begin(PROTO_FTP);
	client("RETR a\r\n");
	protorun_forget_all(&run);
	assert_null(run.flow.session.first);
	server("226 done\r\n");
	assert_int_equal(run.flow.session.first->id, 1);
	protorun_end(&run);
	/* the file is whole, and was told; then the other side ends */
	begin(PROTO_FTP_DATA);
	run.flow.session.expected_name = slice(strdup("RETR a.txt"), 10);
	protorun_feed(&run, FROM_SERVER, slice_text("abc"), 0, true);
	protorun_forget(&run);
	assert_null(run.flow.session.first);
	protorun_feed(&run, FROM_CLIENT, slice_text(""), 0, true);
	assert_null(run.flow.session.first);
	protorun_end(&run);
}

/* What was said before STARTTLS is of another protocol: none of it takes the reply. */
static void test_after_another(void **state)
{
	static const struct {
		enum side side;
		const char *text;
	} said[] = {
		{ FROM_CLIENT, "EHLO c\r\nSTARTTLS\r\n" },
		{ FROM_SERVER, "220 mx\r\n250 mx\r\n220 go\r\n" },
		{ FROM_CLIENT, "EHLO c\r\nSTARTTLS\r\n" },
		{ FROM_SERVER, "250 mx\r\n220 go\r\n220 (ftp)\r\n" },
		{ FROM_SERVER, "220 (ftp)\r\n" }, /* the same: the client's bytes went before */
	};
	struct flow flow = { .family = 4, .proto = 6, .port = { 50000, 25 }, .table = &table };
	struct packet packet = { .flow = &flow };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		session_stream(&flow.session, &packet, said[i].side, slice_text(said[i].text), 0,
			       false);
	assert_int_equal(flow.session.proto, PROTO_FTP);
	assert_int_equal(flow.session.first->proto, PROTO_SMTP);
	assert_int_equal(flow.session.last->proto, PROTO_FTP);
	session_end(&flow.session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passive),	      cmocka_unit_test(test_active),
		cmocka_unit_test(test_long),	      cmocka_unit_test(test_tls),
		cmocka_unit_test(test_data),	      cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_after_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
