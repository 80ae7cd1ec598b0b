/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVE records: one line of valid JSON whatever the names hold (G105), Suricata's fields, turning of
 * the record file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/eve.h"
#include "report/metrics.h"
#include "report/writer.h"
#include "sekisho/verdict.h"

static struct sek_addr v4(const char *text)
{
	struct sek_addr addr = { .b = { [10] = 0xff, [11] = 0xff } };

	assert_int_equal(inet_pton(AF_INET, text, addr.b + 12), 1);
	return addr;
}

static struct sek_event event_make(void)
{
	struct sek_event e = { .now_ns = 5000001000,
			       .cause = SEK_CAUSE_DENY_LIST,
			       .reason = 72,
			       .verdict = 3,
			       .dir = SEK_OUT,
			       .tenant = 1,
			       .rule = SEK_NO_RULE,
			       .generation = 7,
			       .list = 0,
			       .port = 1,
			       .vlan = 101,
			       .len = 74,
			       .tcp_flags = 2,
			       .src = v4("10.1.0.5"),
			       .dst = v4("192.0.2.66"),
			       .sport = htons(40000),
			       .dport = htons(443),
			       .proto = 6 };

	return e;
}

static json_t *line_read(const char *line, size_t len)
{
	json_error_t error;
	json_t *json;

	assert_true(len > 1 && len < EVE_LINE_MAX);
	assert_int_equal(line[len - 1], '\n');
	assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
	for (size_t i = 0; i + 1 < len; i++)
		assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
	json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		fail_msg("%s at %d: %s", error.text, error.position, line);
	return json;
}

static void drop_has_suricatas_fields(void **state)
{
	struct sek_event e = event_make();
	struct eve_names names = { "saga", NULL, "drop", "inside" };
	char line[EVE_LINE_MAX];
	json_t *json = line_read(line, eve_event(&e, &names, 1700000000000000000, line));
	json_t *drop = json_object_get(json, "drop");

	assert_string_equal(json_string_value(json_object_get(json, "timestamp")),
			    "2023-11-14T22:13:25.000001+0000");
	assert_string_equal(json_string_value(json_object_get(json, "event_type")), "drop");
	assert_string_equal(json_string_value(json_object_get(json, "src_ip")), "10.1.0.5");
	assert_int_equal(json_integer_value(json_object_get(json, "src_port")), 40000);
	assert_string_equal(json_string_value(json_object_get(json, "dest_ip")), "192.0.2.66");
	assert_int_equal(json_integer_value(json_object_get(json, "dest_port")), 443);
	assert_string_equal(json_string_value(json_object_get(json, "proto")), "TCP");
	assert_string_equal(json_string_value(json_object_get(json, "in_iface")), "inside");
	assert_string_equal(json_string_value(json_object_get(json, "tenant")), "saga");
	assert_string_equal(json_string_value(json_object_get(json, "list")), "drop");
	assert_string_equal(json_string_value(json_object_get(json, "rule")), "");
	assert_int_equal(json_integer_value(json_object_get(json, "policy")), 7);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "vlan"), 0)), 101);
	assert_string_equal(json_string_value(json_object_get(drop, "reason")), "list_block");
	assert_true(json_is_true(json_object_get(drop, "syn")));
	assert_true(json_is_false(json_object_get(drop, "ack")));
	json_decref(json);
}

static void flow_counts_by_its_opener(void **state)
{
	struct sek_event e = event_make();
	struct eve_names names = {};
	char line[EVE_LINE_MAX];
	json_t *json, *flow;

	e.cause = SEK_CAUSE_FLOW_END;
	e.reason = 0;
	e.flow_flags = SEK_FLOW_FROM_IN;
	e.state = SEK_FLOW_ESTABLISHED;
	e.packets[SEK_OUT] = 5;
	e.packets[SEK_IN] = 9;
	e.bytes[SEK_IN] = UINT64_MAX >> 1;
	e.first_ns = 1000000000;
	e.last_ns = 4000000000;
	json = line_read(line, eve_event(&e, &names, 0, line));
	flow = json_object_get(json, "flow");
	assert_string_equal(json_string_value(json_object_get(json, "event_type")), "flow");
	assert_int_equal(json_integer_value(json_object_get(flow, "pkts_toserver")), 9);
	assert_int_equal(json_integer_value(json_object_get(flow, "pkts_toclient")), 5);
	assert_int_equal(json_integer_value(json_object_get(flow, "bytes_toserver")), INT64_MAX);
	assert_int_equal(json_integer_value(json_object_get(flow, "age")), 3);
	assert_string_equal(json_string_value(json_object_get(flow, "state")), "established");
	assert_string_equal(json_string_value(json_object_get(flow, "reason")), "timeout");
	json_decref(json);
}

static void both_directions_share_a_flow_id(void **state)
{
	struct sek_event out = event_make(), in = event_make();

	in.dir = SEK_IN;
	in.src = out.dst;
	in.dst = out.src;
	in.sport = out.dport;
	in.dport = out.sport;
	assert_true(eve_flow_id(&out) == eve_flow_id(&in));
	assert_true(eve_flow_id(&out) < 1ULL << 53);
	in.tenant = 2;
	assert_true(eve_flow_id(&out) != eve_flow_id(&in));
}

static void hostile_names_stay_one_line(void **state)
{
	static const char *const names[] = {
		"a\nb",
		"\x1b[31mred",
		"\x7f",
		"\"},{\"x\":\"",
		"back\\slash",
		"\xe2\x80\xa8",
		"\xc3\x28",
		"\xff\xfe",
		"\xed\xa0\x80",
		"\xf0\x9f\x92\xa9",
		"\u202eevil",
		"\xc2\x85",
		"\xf4\x90\x80\x80",
		"\xe4\xbd",
		"乗っ取り",
	};
	char line[EVE_LINE_MAX], huge[20000];

	memset(huge, '\n', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = 0;
	for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
		const char *name = i < sizeof(names) / sizeof(names[0]) ? names[i] : huge;
		struct eve_names all = { name, name, name, name };
		struct eve_change change = {
			.action = name,
			.user = name,
			.login = name,
			.tty = name,
			.ssh = name,
			.message = name,
			.path = name,
		};
		const struct eve_check check = { .check = name, .asks = name, .said = name };
		const struct eve_flood flood = { .tenant = name };
		struct sek_event e = event_make();

		json_decref(line_read(line, eve_event(&e, &all, 0, line)));
		e.cause = SEK_CAUSE_FLOW_END;
		json_decref(line_read(line, eve_event(&e, &all, 0, line)));
		json_decref(line_read(line, eve_change(&change, 0, line)));
		json_decref(line_read(line, eve_check(&check, 0, line)));
		json_decref(line_read(line, eve_flood(&flood, 0, line)));
	}
}

static void every_byte_of_an_event_is_safe(void **state)
{
	char line[EVE_LINE_MAX];
	struct eve_names names = {};
	unsigned seed = 1;

	for (int round = 0; round < 2000; round++) {
		struct sek_event e = {};

		for (size_t i = 0; i < sizeof(e); i++)
			((unsigned char *)&e)[i] = (unsigned char)(rand_r(&seed) >> 4);
		/* Times beyond the year 9999 are no kernel's. */
		e.now_ns >>= 6;
		e.first_ns >>= 6;
		e.last_ns >>= 6;
		for (int dir = 0; dir < 2; dir++) {
			e.packets[dir] >>= 1;
			e.bytes[dir] >>= 1;
		}
		json_decref(line_read(line, eve_event(&e, &names, 0, line)));
	}
}

static void loss_tells_the_account(void **state)
{
	struct sek_event_stat total = { .offered = 10, .written = 5, .suppressed = 3, .lost = 2 };
	char line[EVE_LINE_MAX];
	json_t *json = line_read(line, eve_loss("rate", &total, 3, 2, 0, line));
	json_t *events = json_object_get(json_object_get(json, "stats"), "events");

	assert_string_equal(json_string_value(json_object_get(events, "cause")), "rate");
	assert_int_equal(json_integer_value(json_object_get(events, "lost_new")), 2);
	json_decref(json);
}

static void file_turns_and_closes_half_a_line(void **state)
{
	char dir[] = "/tmp/sekisho-eve-XXXXXX", path[64], old[80], line[400];
	struct writer *writer;
	uint64_t written, failed;
	struct stat st;
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/eve.json", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "{\"half", 6), 6);
	close(fd);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(writer_open(path, 1000, 2, &writer), 0);
	for (int i = 0; i < 10; i++)
		writer_line(writer, line, sizeof(line));
	writer_flush(writer);
	writer_count(writer, &written, &failed);
	assert_int_equal(written, 10);
	assert_int_equal(failed, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= 1000);
	for (int i = 1; i <= 3; i++) {
		snprintf(old, sizeof(old), "%s.%d", path, i);
		assert_int_equal(stat(old, &st), i <= 2 ? 0 : -1);
		unlink(old);
	}
	unlink(path);
	assert_int_equal(writer_reopen(writer), 0);
	assert_int_equal(stat(path, &st), 0);
	writer_close(writer);
	unlink(path);
	rmdir(dir);
}

static void metrics_escape_labels_and_end(void **state)
{
	struct metrics_view view = {
		.stats = json_pack("{s:[{s:s,s:s,s:s,s:s,s:i,s:i}]}", "rows", "tenant", "a\"\\\nb",
				   "dir", "out", "verdict", "drop", "reason", "land", "packets", 3,
				   "bytes", 180),
		.generation = 4,
	};
	char *text = metrics_text(&view);

	assert_non_null(text);
	assert_non_null(strstr(text, "# TYPE sekisho_packets counter\n"));
	assert_non_null(strstr(text, "sekisho_packets_total{tenant=\"a\\\"\\\\\\nb\",dir=\"out\","
				     "verdict=\"drop\",reason=\"land\"} 3\n"));
	assert_non_null(strstr(text, "sekisho_policy_generation 4\n"));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(text);
	json_decref(view.stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drop_has_suricatas_fields),
		cmocka_unit_test(flow_counts_by_its_opener),
		cmocka_unit_test(both_directions_share_a_flow_id),
		cmocka_unit_test(hostile_names_stay_one_line),
		cmocka_unit_test(every_byte_of_an_event_is_safe),
		cmocka_unit_test(loss_tells_the_account),
		cmocka_unit_test(file_turns_and_closes_half_a_line),
		cmocka_unit_test(metrics_escape_labels_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
