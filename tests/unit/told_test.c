/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/told: what of a packet, a flow and a transaction becomes a record, by which settings, and that each
 * is JSON with the names that users know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/config.h"
#include "inspect/counters.h"
#include "proto/proto.h"
#include "report/told.h"

/* A flow of TCP, its packet, and what was told of it. */
struct made {
	struct config *config;
	struct told_settings *settings;
	struct told *told;
	struct flow flow;
	struct packet packet;
	struct rule rule;
	struct alert alert;
	json_t *lines;
};

static void line_take(void *arg, const char *bytes, size_t len)
{
	struct made *m = arg;
	json_error_t error;
	json_t *line = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);

	assert_int_equal(bytes[len - 1], '\n');
	if (!line)
		fail_msg("%s: %.*s", error.text, (int)len, bytes);
	json_array_append_new(m->lines, line);
}

static struct sek_addr address(const char *text)
{
	struct sek_addr addr = { .b = { [10] = 0xff, 0xff } };

	assert_int_equal(inet_pton(AF_INET, text, addr.b + 12), 1);
	return addr;
}

static void packet_make(struct made *m)
{
	static const uint8_t frame[] = "\1\2\3\4\5\6\7\10\11\12\13\14\10\0payload\n\x01";
	struct packet *p = &m->packet;

	m->flow = (struct flow){ .id = 77,
				 .family = 4,
				 .proto = 6,
				 .first_ns = 1000000000,
				 .last_ns = 3500000000,
				 .packets = { 3, 2 },
				 .bytes = { 300, 200 },
				 .addr = { address("10.0.0.1"), address("192.0.2.9") },
				 .port = { 4000, 80 },
				 .state = FLOW_ESTABLISHED };
	*p = (struct packet){ .number = 5,
			      .time_ns = 2000001000,
			      .family = 4,
			      .proto = 6,
			      .ttl = 64,
			      .src = address("10.0.0.1"),
			      .dst = address("192.0.2.9"),
			      .sport = 4000,
			      .dport = 80,
			      .flow = &m->flow,
			      .link = 1,
			      .side = FROM_CLIENT };
	p->frame = slice(frame, sizeof(frame) - 1);
	p->payload = slice(frame + 14, sizeof(frame) - 15);
	m->rule = (struct rule){ .gid = 1,
				 .sid = 42,
				 .rev = 3,
				 .priority = 2,
				 .msg = "a \"rule\"",
				 .class_msg = "Bad",
				 .text = "alert tcp ...",
				 .action = RULE_ALERT };
	m->alert = (struct alert){ .rule = &m->rule };
}

static void make(struct made *m, const char *types, bool ips)
{
	struct engine_setup setup = { .ips = ips, .capture = "some.pcap" };
	char text[1024];
	struct diag diag;

	memset(m, 0, sizeof(*m));
	diag_init(&diag);
	snprintf(text, sizeof(text),
		 "outputs:\n  - eve-log:\n      community-id: yes\n      types:\n%s", types);
	assert_int_equal(config_read_text(text, "settings", &m->config, &diag), 0);
	diag_free(&diag);
	setup.config = m->config;
	assert_int_equal(told_settings_new(&setup, &m->settings), 0);
	assert_int_equal(told_new(m->settings, line_take, m, &m->told), 0);
	m->lines = json_array();
	packet_make(m);
}

static void end(struct made *m)
{
	told_free(m->told);
	told_settings_free(m->settings);
	config_free(m->config);
	json_decref(m->lines);
}

/* The value at names with dots between them, as text; "": there is none. */
static const char *value_of(const json_t *line, const char *path)
{
	static char text[512];
	const char *rest = path;

	while (line && *rest) {
		size_t len = strcspn(rest, ".");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)len, rest);
		line = json_object_get(line, name);
		rest += len + (rest[len] == '.');
	}
	if (json_is_string(line))
		snprintf(text, sizeof(text), "%s", json_string_value(line));
	else if (json_is_integer(line))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(line));
	else
		snprintf(text, sizeof(text), "%s",
			 !line		       ? ""
			 : json_is_true(line)  ? "true"
			 : json_is_false(line) ? "false"
					       : "object");
	return text;
}

static void line_has(const struct made *m, size_t line, const char *path, const char *value)
{
	const char *text = value_of(json_array_get(m->lines, line), path);

	if (strcmp(text, value) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", path, text, value);
}

static void test_alert(void **state)
{
	static const struct rule_word words[] = { { "a", "1" }, { "b", "2" }, { "a", "3" } };
	struct made m;

	make(&m, "        - alert: {payload-printable: yes, packet: yes}\n", false);
	m.rule.metadata = words;
	m.rule.metadata_cnt = 3;
	m.rule.target = TARGET_DST;
	m.packet.alerts = &m.alert;
	m.packet.alert_cnt = 1;
	told_packet(m.told, &m.packet);
	assert_int_equal(json_array_size(m.lines), 1);
	line_has(&m, 0, "timestamp", "1970-01-01T00:00:02.000001+0000");
	line_has(&m, 0, "event_type", "alert");
	line_has(&m, 0, "flow_id", "77");
	line_has(&m, 0, "pcap_cnt", "5");
	line_has(&m, 0, "src_ip", "10.0.0.1");
	line_has(&m, 0, "dest_port", "80");
	line_has(&m, 0, "proto", "TCP");
	line_has(&m, 0, "direction", "to_server");
	line_has(&m, 0, "alert.action", "allowed");
	line_has(&m, 0, "alert.signature", "a \"rule\"");
	line_has(&m, 0, "alert.signature_id", "42");
	line_has(&m, 0, "alert.severity", "2");
	line_has(&m, 0, "alert.target.ip", "192.0.2.9");
	line_has(&m, 0, "alert.source.port", "4000");
	line_has(&m, 0, "payload_printable", "payload\n.");
	line_has(&m, 0, "payload", "");
	line_has(&m, 0, "packet_info.linktype", "1");
	line_has(&m, 0, "flow.pkts_toclient", "2");
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(json_object_get(json_array_get(m.lines, 0), "alert"),
						 "metadata"),
				 "a")),
			 2);
	m.alert.quiet = true;
	told_packet(m.told, &m.packet);
	assert_int_equal(json_array_size(m.lines), 1);
	end(&m);
}

/* https://github.com/corelight/community-id-spec: 1:tcp 10.0.0.1:4000 -> 192.0.2.9:80 is the same both ways. */
static void test_community_id(void **state)
{
	struct made m;
	char one[64];

	make(&m, "        - flow\n", false);
	told_flow(m.told, &m.flow, FLOW_END_TIMEOUT, 64000000000);
	snprintf(one, sizeof(one), "%s", value_of(json_array_get(m.lines, 0), "community_id"));
	assert_memory_equal(one, "1:", 2);
	m.flow.addr[0] = address("192.0.2.9");
	m.flow.addr[1] = address("10.0.0.1");
	m.flow.port[0] = 80;
	m.flow.port[1] = 4000;
	told_flow(m.told, &m.flow, FLOW_END_TIMEOUT, 64000000000);
	line_has(&m, 1, "community_id", one);
	/* The specification's own example. */
	m.flow.addr[0] = address("128.232.110.120");
	m.flow.addr[1] = address("66.35.250.204");
	m.flow.port[0] = 34855;
	m.flow.port[1] = 80;
	told_flow(m.told, &m.flow, FLOW_END_TIMEOUT, 64000000000);
	line_has(&m, 2, "community_id", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	/* Told when it ended, not when its last packet came. */
	line_has(&m, 2, "timestamp", "1970-01-01T00:01:04.000000+0000");
	line_has(&m, 2, "flow.end", "1970-01-01T00:00:03.500000+0000");
	end(&m);
}

/* A fragment of IPv6 is told as one, whatever is in it, and addresses as the header wrote them. */
static void test_fragment(void **state)
{
	struct made m;

	make(&m, "        - anomaly: {packethdr: yes, types: {decode: yes}}\n", false);
	m.packet.flow = NULL;
	m.packet.family = 6;
	m.packet.proto = 44;
	m.packet.is_fragment = true;
	m.packet.link = 101;
	m.packet.event[m.packet.event_cnt++] = EVENT_IPV6_FRAG_OVERLAP;
	told_packet(m.told, &m.packet);
	line_has(&m, 0, "proto", "IPv6-Frag");
	line_has(&m, 0, "icmp_type", "");
	line_has(&m, 0, "src_ip", "0000:0000:0000:0000:0000:ffff:0a00:0001");
	line_has(&m, 0, "packet_info.linktype", "12");
	end(&m);
}

/* What was made whole of fragments tells the last of them, as what came out of a tunnel tells it. */
static void test_rebuilt(void **state)
{
	struct made m;
	struct packet last;

	make(&m, "        - alert\n", false);
	last = m.packet;
	last.family = 6;
	last.proto = 44;
	last.is_fragment = true;
	last.sport = last.dport = 0;
	last.number = 3;
	m.packet.outer = &last;
	m.packet.is_rebuilt = true;
	m.packet.alerts = &m.alert;
	m.packet.alert_cnt = 1;
	told_packet(m.told, &m.packet);
	line_has(&m, 0, "pkt_src", "defrag");
	line_has(&m, 0, "tunnel.proto", "IPv6-Frag");
	line_has(&m, 0, "tunnel.src_port", "0");
	line_has(&m, 0, "tunnel.depth", "0");
	line_has(&m, 0, "tunnel.pcap_cnt", "3");
	line_has(&m, 0, "tunnel.pkt_src", "wire/pcap");
	end(&m);
}

/* The names that tools look for: rules in a list, no gap of datagrams, in the path's counts nothing off it. */
static void test_statistics(void **state)
{
	static const struct counters counters = {
		.at = { [COUNTER_FLOW_BYPASSED_PKTS] = 3, [COUNTER_DECODER_MPLS] = 4, [COUNTER_TCP_OVERLAP] = 5 }
	};
	json_t *engines;
	struct made m;

	make(&m, "        - stats\n", false);
	told_counters(m.told, &counters, 7, 1000000000);
	line_has(&m, 0, "event_type", "stats");
	line_has(&m, 0, "stats.flow_bypassed.local_pkts", "3");
	line_has(&m, 0, "stats.app_layer.error.dns_tcp.gap", "0");
	line_has(&m, 0, "stats.app_layer.error.dns_udp.parser", "0");
	line_has(&m, 0, "stats.app_layer.error.dns_udp.gap", "");
	line_has(&m, 0, "stats.ips.replaced", "");
	line_has(&m, 0, "stats.decoder.mpls", "4");
	line_has(&m, 0, "stats.decoder.pppoe", "0");
	line_has(&m, 0, "stats.decoder.max_mac_addrs_src", "0");
	line_has(&m, 0, "stats.defrag.max_frag_hits", "0");
	line_has(&m, 0, "stats.tcp.overlap", "5");
	line_has(&m, 0, "stats.tcp.ack_unseen_data", "0");
	line_has(&m, 0, "stats.tcp.urgent_oob_data", "0");
	line_has(&m, 0, "stats.file_store.open_files", "0");
	line_has(&m, 0, "stats.file_store.fs_errors", ""); /* there is no store */
	engines = json_object_get(json_array_get(m.lines, 0), "stats");
	engines = json_object_get(json_object_get(engines, "detect"), "engines");
	assert_string_equal(value_of(json_array_get(engines, 0), "rules_loaded"), "7");
	end(&m);
}

static void test_flow(void **state)
{
	struct made m;

	make(&m, "        - flow\n        - netflow\n", false);
	told_flow(m.told, &m.flow, FLOW_END_SHUTDOWN, 0);
	assert_int_equal(json_array_size(m.lines), 3);
	line_has(&m, 0, "event_type", "flow");
	line_has(&m, 0, "flow.age", "2");
	line_has(&m, 0, "flow.state", "established");
	line_has(&m, 0, "flow.reason", "shutdown");
	line_has(&m, 0, "flow.bytes_toserver", "300");
	line_has(&m, 0, "tcp.tcp_flags", "00");
	line_has(&m, 0, "pcap_cnt", "");
	line_has(&m, 1, "event_type", "netflow");
	line_has(&m, 2, "src_ip", "192.0.2.9");
	line_has(&m, 2, "netflow.pkts", "2");
	end(&m);
}

static void test_drop(void **state)
{
	struct made m;

	make(&m, "        - drop: {alerts: yes}\n", true);
	m.alert.fate = m.packet.fate = FATE_DROP;
	m.rule.action = RULE_DROP;
	m.packet.drop = DROP_RULES;
	m.packet.alerts = &m.alert;
	m.packet.alert_cnt = 1;
	told_packet(m.told, &m.packet);
	told_packet(m.told, &m.packet); /* the second of the same side is not told */
	assert_int_equal(json_array_size(m.lines), 1);
	line_has(&m, 0, "event_type", "drop");
	line_has(&m, 0, "drop.reason", "rules");
	line_has(&m, 0, "drop.ttl", "64");
	line_has(&m, 0, "alert.action", "blocked");
	end(&m);
}

static void test_anomaly(void **state)
{
	struct made m;

	make(&m, "        - anomaly: {types: {decode: yes, stream: no}}\n", false);
	m.packet.event[0] = engine_event_by_name(LAYER_DECODE, "ipv4.trunc_pkt");
	m.packet.event[1] = engine_event_by_name(LAYER_STREAM, "pkt_invalid_ack");
	m.packet.event_cnt = 2;
	told_packet(m.told, &m.packet);
	assert_int_equal(json_array_size(m.lines), 1);
	line_has(&m, 0, "anomaly.type", "decode");
	line_has(&m, 0, "anomaly.event", "decoder.ipv4.trunc_pkt");
	line_has(&m, 0, "proto", "TCP");
	m.packet.proto = 2;
	told_packet(m.told, &m.packet);
	line_has(&m, 1, "proto", "IGMP");
	end(&m);
}

static void test_off(void **state)
{
	struct made m;

	make(&m, "        - alert: {enabled: no}\n", false);
	m.packet.alerts = &m.alert;
	m.packet.alert_cnt = 1;
	told_packet(m.told, &m.packet);
	told_flow(m.told, &m.flow, FLOW_END_TIMEOUT, 64000000000);
	assert_int_equal(json_array_size(m.lines), 0);
	end(&m);
}

/* A transaction is told once, when both sides are complete or the flow has ended. */
static void test_transaction(void **state)
{
	struct made m;
	struct session *session = &m.flow.session;
	struct proto_in in = { .side = FROM_CLIENT, .data = slice_text("SSH-2.0-x\n") };

	make(&m, "        - ssh\n", false);
	session->proto = PROTO_SSH;
	session->state = protos[PROTO_SSH]->open(session);
	assert_true(protos[PROTO_SSH]->input(session->state, &in) > 0);
	told_transactions(m.told, &m.packet);
	assert_int_equal(json_array_size(m.lines), 0);
	m.packet.is_pseudo = true; /* of two, the server's comes last */
	told_transactions(m.told, &m.packet);
	assert_int_equal(json_array_size(m.lines), 0);
	m.packet.side = FROM_SERVER;
	told_transactions(m.told, &m.packet);
	told_transactions(m.told, &m.packet);
	assert_int_equal(json_array_size(m.lines), 1);
	line_has(&m, 0, "event_type", "ssh");
	line_has(&m, 0, "tx_id", "0");
	line_has(&m, 0, "pkt_src", "stream (flow timeout)");
	line_has(&m, 0, "ssh.client.software_version", "x");
	protos[PROTO_SSH]->tx_free(session->first);
	protos[PROTO_SSH]->close(session->state);
	end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alert),	 cmocka_unit_test(test_community_id),
		cmocka_unit_test(test_fragment), cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_rebuilt),	 cmocka_unit_test(test_flow),
		cmocka_unit_test(test_drop),	 cmocka_unit_test(test_anomaly),
		cmocka_unit_test(test_off),	 cmocka_unit_test(test_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
