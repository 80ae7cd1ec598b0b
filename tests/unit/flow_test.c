// SPDX-License-Identifier: Apache-2.0
/*
 * The table of flows: which packets are one flow's, when it is over, what makes room, what an error quotes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/config.h"
#include "inspect/engine.h"
#include "inspect/flowtable.h"
#include "inspect/session.h"

#define SECOND 1000000000ull
#define ENDED_MAX 256

struct bed {
	struct config *config;
	struct engine_setup setup;
	struct flow_settings settings;
	struct flow_table table;
	struct packet packet;
	uint64_t number;
	uint64_t ended[ENDED_MAX]; /* first packets of the flows that ended, in order */
	enum flow_end why[ENDED_MAX];
	unsigned int ended_cnt;
};

static void ended(void *arg, struct flow *flow, enum flow_end why)
{
	struct bed *bed = arg;

	session_end(&flow->session);
	if (bed->ended_cnt < ENDED_MAX) {
		bed->ended[bed->ended_cnt] = flow->first_packet;
		bed->why[bed->ended_cnt] = why;
	}
	bed->ended_cnt++;
}

static void bed_new(struct bed *bed, const char *settings)
{
	struct diag diag;

	memset(bed, 0, sizeof(*bed));
	diag_init(&diag);
	assert_int_equal(config_read_text(settings, "test", &bed->config, &diag), 0);
	diag_free(&diag);
	bed->setup = (struct engine_setup){ .config = bed->config, .repeatable = true };
	flow_settings_read(&bed->setup, 1, &bed->settings);
	assert_int_equal(flow_table_init(&bed->table, &bed->settings, &bed->setup), 0);
	bed->table.ended = ended;
	bed->table.ended_arg = bed;
}

static void bed_free(struct bed *bed)
{
	flow_table_end(&bed->table, FLOW_END_SHUTDOWN);
	assert_int_equal(bed->table.pool.used, 0);
	flow_table_free(&bed->table);
	config_free(bed->config);
}

/* Ends are the last bytes of addresses. */
struct way {
	uint8_t from, to, proto;
	uint16_t sport, dport;
};

static struct packet *packet_of(struct bed *bed, const struct way *way, uint64_t time_ns)
{
	struct packet *p = &bed->packet;

	*p = (struct packet){
		.number = ++bed->number,
		.time_ns = time_ns,
		.family = 4,
		.proto = way->proto,
		.sport = way->sport,
		.dport = way->dport,
		.l4 = slice("x", 1),
		.frame = slice("x", 1),
		.src = { .b = { [10] = 0xff, 0xff, 10, 0, 0, way->from } },
		.dst = { .b = { [10] = 0xff, 0xff, 10, 0, 0, way->to } },
	};
	return p;
}

static struct flow *send(struct bed *bed, const struct way *way, uint64_t time_ns)
{
	return flow_of(&bed->table, packet_of(bed, way, time_ns));
}

static void both_ways_are_one_flow(void **state)
{
	static const struct way there = { 1, 2, 17, 5000, 53 }, back = { 2, 1, 17, 53, 5000 };
	static const struct way others[] = { { 1, 2, 17, 5001, 53 },
					     { 1, 2, 6, 5000, 53 },
					     { 1, 3, 17, 5000, 53 },
					     { 1, 2, 17, 53, 5000 },
					     { 2, 1, 17, 5000, 53 } };
	struct bed bed;
	struct flow *flow;

	bed_new(&bed, "");
	flow = send(&bed, &there, SECOND);
	assert_non_null(flow);
	assert_int_equal(bed.packet.side, FROM_CLIENT);
	assert_int_equal(flow->state, FLOW_NEW);
	assert_ptr_equal(send(&bed, &back, SECOND), flow);
	assert_int_equal(bed.packet.side, FROM_SERVER);
	assert_int_equal(flow->state, FLOW_ESTABLISHED);
	assert_int_equal(flow->packets[FROM_CLIENT], 1);
	assert_int_equal(flow->packets[FROM_SERVER], 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_ptr_not_equal(send(&bed, &others[i], SECOND), flow);
	packet_of(&bed, &there, SECOND);
	bed.packet.vlan[0] = 7;
	bed.packet.vlan_cnt = 1;
	assert_ptr_not_equal(flow_of(&bed.table, &bed.packet), flow);
	bed_free(&bed);
}

/* Those that are over end in the order in which they began, whatever list they stood in. */
static void time_ends_flows(void **state)
{
	struct bed bed;

	bed_new(&bed, "flow-timeouts: {udp: {new: 10, established: 30}, tcp: {new: 5}}");
	flow_table_tick(&bed.table, 100 * SECOND);
	send(&bed, &(struct way){ 1, 2, 17, 1, 53 }, 100 * SECOND); /* 1: answered by 2 */
	send(&bed, &(struct way){ 2, 1, 17, 53, 1 }, 100 * SECOND);
	send(&bed, &(struct way){ 1, 2, 17, 3, 53 }, 100 * SECOND); /* 3: until 110 */
	send(&bed, &(struct way){ 1, 2, 6, 4, 80 }, 100 * SECOND); /* 4: until 105 */
	flow_table_tick(&bed.table, 105 * SECOND);
	assert_int_equal(bed.ended_cnt, 0);
	flow_table_tick(&bed.table, 111 * SECOND);
	assert_int_equal(bed.ended_cnt, 2);
	assert_int_equal(bed.ended[0], 3);
	assert_int_equal(bed.ended[1], 4);
	assert_int_equal(bed.why[0], FLOW_END_TIMEOUT);
	flow_table_tick(&bed.table, 131 * SECOND);
	assert_int_equal(bed.ended_cnt, 3);
	bed_free(&bed);
}

/* A packet of a flow whose time is over begins another, even when no tick came. */
static void a_late_packet_begins_anew(void **state)
{
	static const struct way way = { 1, 2, 17, 1, 53 };
	struct bed bed;
	uint64_t id;

	bed_new(&bed, "flow-timeouts: {udp: {new: 10}}");
	id = send(&bed, &way, 100 * SECOND)->id;
	assert_true(send(&bed, &way, 110 * SECOND)->id == id);
	assert_false(send(&bed, &way, 121 * SECOND)->id == id);
	assert_int_equal(bed.ended_cnt, 1);
	bed_free(&bed);
}

/* A flow with a clock of its own holds up none that stands behind it, nor ends early with them. */
static void clocks_that_go_wrong_hold_up_nobody(void **state)
{
	struct bed bed;

	bed_new(&bed, "flow-timeouts: {udp: {new: 10}}");
	flow_table_tick(&bed.table, 100 * SECOND);
	send(&bed, &(struct way){ 1, 2, 17, 1, 53 }, 500 * SECOND);
	send(&bed, &(struct way){ 1, 2, 17, 2, 53 }, 100 * SECOND);
	flow_table_tick(&bed.table, 111 * SECOND);
	assert_int_equal(bed.ended_cnt, 1);
	assert_int_equal(bed.ended[0], 2);
	flow_table_tick(&bed.table, 511 * SECOND);
	assert_int_equal(bed.ended_cnt, 2);
	bed_free(&bed);
}

/* Room is made by the flow that was silent for longest, new ones before those that were answered. */
static void the_silent_make_room(void **state)
{
	char memcap[64];
	struct bed bed;

	snprintf(memcap, sizeof(memcap), "flow: {memcap: %zu}", 3 * sizeof(struct flow));
	bed_new(&bed, memcap);
	send(&bed, &(struct way){ 1, 2, 17, 1, 53 }, 100 * SECOND);
	send(&bed, &(struct way){ 2, 1, 17, 53, 1 }, 100 * SECOND);
	send(&bed, &(struct way){ 1, 2, 17, 2, 53 }, 101 * SECOND); /* number 3 */
	send(&bed, &(struct way){ 1, 2, 17, 3, 53 }, 102 * SECOND); /* number 4 */
	assert_int_equal(bed.ended_cnt, 0);
	assert_non_null(send(&bed, &(struct way){ 1, 2, 17, 4, 53 }, 103 * SECOND));
	assert_int_equal(bed.ended_cnt, 1);
	assert_int_equal(bed.ended[0], 3);
	assert_int_equal(bed.why[0], FLOW_END_FORCED);
	assert_int_equal(bed.table.evicted, 1);
	assert_int_equal(bed.table.pool.used, 3);
	bed_free(&bed);
}

/* The whole table may hold what its shards hold together, however they fill. */
static void shards_have_an_end(void **state)
{
	struct bed bed;
	char memcap[64];

	snprintf(memcap, sizeof(memcap), "flow: {memcap: %zu}", 2000 * sizeof(struct flow));
	bed_new(&bed, memcap);
	assert_int_equal(bed.settings.shard_cnt, FLOW_SHARDS);
	for (uint32_t i = 0; i < 10000; i++)
		assert_non_null(send(&bed,
				     &(struct way){ (uint8_t)(i >> 8), (uint8_t)i, 17, 1000, 53 },
				     100 * SECOND));
	assert_true(bed.table.pool.used <= 2000);
	assert_true(bed.table.pool.used > 1800);
	assert_int_equal(bed.table.pool.used + bed.table.evicted, 10000);
	bed_free(&bed);
}

/* ICMP "unreachable" with the datagram that was not delivered; from a router. */
static struct flow *error_send(struct bed *bed, const struct way *way, uint64_t time_ns)
{
	static uint8_t quote[28] = { 0x45 };
	struct packet *p = packet_of(bed, &(struct way){ 99, way->from, 1, 0, 0 }, time_ns);

	quote[9] = way->proto;
	memcpy(quote + 12, (uint8_t[]){ 10, 0, 0, way->from, 10, 0, 0, way->to }, 8);
	memcpy(quote + 20,
	       (uint8_t[]){ (uint8_t)(way->sport >> 8), (uint8_t)way->sport,
			    (uint8_t)(way->dport >> 8), (uint8_t)way->dport },
	       4);
	p->icmp.type = 3;
	p->payload = slice(quote, sizeof(quote));
	return flow_of(&bed->table, p);
}

static void errors_belong_to_what_they_quote(void **state)
{
	static const struct way way = { 1, 2, 17, 5000, 53 };
	struct packet first;
	struct flow *flow;
	struct bed bed;

	bed_new(&bed, "");
	assert_null(error_send(&bed, &way, SECOND));
	flow = send(&bed, &way, SECOND);
	first = bed.packet;
	assert_ptr_equal(error_send(&bed, &way, SECOND), flow);
	assert_int_equal(bed.packet.side, FROM_SERVER);
	assert_int_equal(flow->state, FLOW_NEW); /* an error is no answer */
	assert_int_equal(flow_shard_of(&bed.settings, &bed.packet),
			 flow_shard_of(&bed.settings, &first));
	bed_free(&bed);
}

static void announced_flows_are_met_once(void **state)
{
	static const struct way control = { 1, 2, 6, 5000, 21 }, data = { 1, 2, 6, 5001, 1024 },
				other = { 3, 2, 6, 5001, 1024 };
	struct flow *flow;
	struct bed bed;

	bed_new(&bed, "");
	flow_table_tick(&bed.table, 100 * SECOND);
	flow = send(&bed, &control, 100 * SECOND);
	session_expects(&flow->session, FROM_SERVER, 1024, PROTO_DNS, slice_text("a.txt"), 0);
	flow = send(&bed, &other, 100 * SECOND);
	flow_expectation_meet(flow);
	assert_int_equal(flow->session.expected, PROTO_UNKNOWN);
	flow = send(&bed, &data, 100 * SECOND);
	flow_expectation_meet(flow);
	assert_int_equal(flow->session.expected, PROTO_DNS);
	assert_int_equal(flow->session.expected_name.len, 5);
	assert_int_equal(bed.table.expectation_cnt, 0);
	bed_free(&bed);
}

static void a_flow_that_is_turned_keeps_its_counts(void **state)
{
	static const struct way there = { 1, 2, 6, 80, 5000 }, back = { 2, 1, 6, 5000, 80 };
	struct flow *flow;
	struct bed bed;

	bed_new(&bed, "");
	flow = send(&bed, &there, SECOND);
	send(&bed, &there, SECOND);
	flow_turn(flow, &bed.packet);
	assert_int_equal(bed.packet.side, FROM_SERVER);
	assert_int_equal(flow->packets[FROM_SERVER], 2);
	assert_int_equal(flow->port[FROM_SERVER], 80);
	assert_ptr_equal(send(&bed, &back, SECOND), flow);
	assert_int_equal(bed.packet.side, FROM_CLIENT);
	bed_free(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_are_one_flow),
		cmocka_unit_test(time_ends_flows),
		cmocka_unit_test(a_late_packet_begins_anew),
		cmocka_unit_test(clocks_that_go_wrong_hold_up_nobody),
		cmocka_unit_test(the_silent_make_room),
		cmocka_unit_test(shards_have_an_end),
		cmocka_unit_test(errors_belong_to_what_they_quote),
		cmocka_unit_test(announced_flows_are_met_once),
		cmocka_unit_test(a_flow_that_is_turned_keeps_its_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
