/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies and the inspection engine: what a policy says of rules, each error with its place; which rules hold
 * for whom, with which variables and actions; whose a packet is, and that records say it.
 */
#include "base/config.h"
#include "inspect/engine.h"
#include "inspect/tenants.h"
#include "model/model.h"
#include "unit/detect_bed.h"
#include "unit/framemade.h"

#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: in, id: 1, side: inside, mode: bridge, peer: out}\n"                           \
	"  - {name: out, id: 2, side: outside, mode: bridge, peer: in}\n"
#define BODY(name_, id_, vlan_, rest)                                                              \
	"  - {name: " name_ ", id: " id_ ", attach: [{port: in, vlan: " vlan_                      \
	"}, {port: out, vlan: " vlan_ "}], " rest "}\n"
#define ONE(rest) HEAD "tenants:\n" BODY("a", "1", "101", "prefixes: [10.1.0.0/16], " rest)

static struct policy *read_text(const char *text, struct diag *diag)
{
	return policy_parse(text, strlen(text), "test.yaml", NULL, diag);
}

static struct policy *policy_of(const char *text)
{
	struct diag diag;
	struct policy *policy;

	diag_init(&diag);
	policy = read_text(text, &diag);
	if (!policy)
		diag_print(&diag, stderr);
	assert_non_null(policy);
	diag_free(&diag);
	return policy;
}

/* --- what is written --- */

static void what_is_given_takes_the_place_of_defaults(void **state)
{
	struct policy *policy = policy_of(
		HEAD
		"defaults: {inspect: {rules: [et, own], disable: [7, policy-violation], drop: [1:9], "
		"variables: {DNS_SERVERS: [10.1.0.53]}}}\n"
		"tenants:\n" BODY("a", "1", "101", "prefixes: [10.1.0.0/16]")
			BODY("b", "2", "102",
			     "prefixes: [10.2.0.0/16], inspect: {rules: [own], drop: []}")
				BODY("c", "3", "103", "prefixes: [10.3.0.0/16], inspect: off"));
	const struct model_inspect *a = &policy->tenants[1].inspect, *b = &policy->tenants[2].inspect;

	assert_int_equal(a->set_cnt, 2);
	assert_false(a->all);
	assert_int_equal(a->picks[PICK_DISABLE].cnt, 2);
	assert_int_equal(a->picks[PICK_DISABLE].at[0].sid, 7);
	assert_string_equal(a->picks[PICK_DISABLE].at[1].class_name, "policy-violation");
	assert_int_equal(a->picks[PICK_DROP].at[0].gid, 1);
	assert_int_equal(a->picks[PICK_DROP].at[0].sid, 9);
	assert_int_equal(b->set_cnt, 1);
	assert_int_equal(b->picks[PICK_DROP].cnt, 0);
	assert_int_equal(b->picks[PICK_DISABLE].cnt, 2);
	assert_string_equal(b->variables[0].name, "DNS_SERVERS");
	assert_true(policy->tenants[3].inspect.off);
	policy_free(policy);
}

static const struct wrong_row {
	const char *text, *says, *hint;
	uint32_t line;
} wrong_rows[] = {
	{ ONE("inspect: {drop: [12x]}"), "\"12x\" is no number of a rule", "2034649", 6 },
	{ ONE("inspect: {drop: [1:0]}"), "is no number of a rule", "2034649", 6 },
	{ ONE("inspect: {drop: [4294967296]}"), "is no number of a rule", "2034649", 6 },
	{ ONE("inspect: {disable: [a b]}"), "\"a b\" names no rules", "trojan-activity", 6 },
	{ ONE("inspect: {rules: [rules/et.rules]}"), "named by its file", "et-open", 6 },
	{ ONE("inspect: {variables: {dns: [10.1.0.1]}}"), "capital letters", "DNS_SERVERS", 6 },
	{ ONE("inspect: {variables: {HTTP_PORTS: [10.1.0.1]}}"), "variables of ports", "vars", 6 },
	{ ONE("inspect: {variables: [x]}"), "names with addresses", "DNS_SERVERS", 6 },
	{ ONE("inspect: {disabel: [1]}"), "disabel", "disable", 6 },
	{ ONE("inspect: on"), "", NULL, 6 },
	{ ONE("") "suppress: [{rule: 5}]\n", "why", NULL, 7 },
	{ ONE("") "suppress: [{rule: trojan-activity, why: x}]\n", "of one rule", "disable", 7 },
	{ ONE("") "suppress: [{rule: 5, why: x, tenant: aa}]\n", "aa", "\"a\"", 7 },
	{ ONE("") "suppress: [{rule: 5, why: x, until: 2026-1-1}]\n", "no day", "2026-12-31", 7 },
	{ ONE("") "suppress: [{rule: 5, why: x, src: ten}]\n", "ten", NULL, 7 },
};

static void what_is_wrong_has_its_place(void **state)
{
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(wrong_rows[0]); i++) {
		const struct wrong_row *row = &wrong_rows[i];
		struct policy *policy;
		struct diag diag;

		print_message("# %s\n", row->says);
		diag_init(&diag);
		policy = read_text(row->text, &diag);
		assert_null(policy);
		assert_int_equal(diag.entries[0].line, row->line);
		assert_non_null(strstr(diag.entries[0].text, row->says));
		if (row->hint)
			assert_non_null(strstr(diag.entries[0].hint, row->hint));
		diag_free(&diag);
	}
}

/* --- which rules hold --- */

static const char three[] = HEAD "tenants:\n" BODY(
	"a", "1", "101",
	"prefixes: [192.168.0.0/16], "
	"inspect: {disable: [2, not-suspicious], drop: [3], reject: [4]}")
	BODY("b", "2", "102",
	     "prefixes: [10.2.0.0/16], inspect: {variables: {DNS_SERVERS: [203.0.113.9]}}")
		BODY("c", "3", "103",
		     "prefixes: [10.3.0.0/16], inspect: off") "suppress:\n"
							      "  - {rule: 5, tenant: a, src: 192.168.1.0/24, until: 2001-01-01, by: 佐賀, why: \"誤検知\"}\n"
							      "  - {rule: 6, dst: 203.0.113.9, why: known}\n";

static const char rules[] =
	"alert tcp $HOME_NET any -> $EXTERNAL_NET any (content:\"x\"; sid:1;)\n"
	"alert tcp any any -> any any (content:\"x\"; sid:2;)\n"
	"alert tcp any any -> any any (content:\"x\"; sid:3;)\n"
	"alert tcp any any -> any any (content:\"x\"; sid:4;)\n"
	"alert tcp any any -> any any (content:\"x\"; sid:5;)\n"
	"alert tcp any any -> any any (content:\"x\"; sid:6;)\n"
	"alert tcp any any -> any any (content:\"x\"; classtype:not-suspicious; sid:7;)\n"
	"alert tcp any any -> $DNS_SERVERS any (content:\"x\"; sid:8;)\n"
	"alert ip $HOME_NET any -> 203.0.113.9 any (sid:9;)\n"
	"alert ip $HOME_NET any -> any any (sid:10;)\n";

static const char *said_of(struct bed *bed, uint16_t tenant, enum side side)
{
	bed_flow_anew(bed);
	bed->flow.tenant = tenant;
	return bed_send(bed, side, "x");
}

static void each_body_has_its_rules(void **state)
{
	struct policy *policy = policy_of(three);
	struct bed bed;

	bed_new_policy(&bed, rules, NULL, false, policy);
	bed.now_ns = 900000000 * BED_SECOND; /* 1998: the first suppression holds */
	assert_string_equal(said_of(&bed, 0, FROM_CLIENT), "1 2 3 4 5 6 7 9 10");
	assert_string_equal(said_of(&bed, 1, FROM_CLIENT), "1 3 4 9 10");
	assert_int_equal(bed.packet.fate, FATE_DROP | FATE_REJECT_SRC);
	assert_string_equal(said_of(&bed, 1, FROM_SERVER), "3 4 5 6 8");
	/* the client's addresses are not b's: its HOME_NET does not hold them */
	assert_string_equal(said_of(&bed, 2, FROM_CLIENT), "2 3 4 5 7 8");
	assert_int_equal(bed.packet.fate, 0);
	assert_string_equal(said_of(&bed, 3, FROM_CLIENT), "");
	bed.now_ns = 1000000000 * BED_SECOND; /* 2001-09: it holds no more */
	assert_string_equal(said_of(&bed, 1, FROM_CLIENT), "1 3 4 5 9 10");
	bed_free(&bed);
	policy_free(policy);
}

/* What bodies do not differ in costs no copy; what they do is a bit and a pointer. */
static void bodies_share_what_is_alike(void **state)
{
	struct policy *policy = policy_of(three);
	const struct tenant_rules *a, *b;
	struct bed bed;

	bed_new_policy(&bed,
		       "alert tcp [192.0.2.0/24,$HOME_NET] any -> 198.51.100.0/24 any "
		       "(content:\"x\"; sid:1;)\n",
		       NULL, false, policy);
	a = &bed.ruleset->tenants[1];
	b = &bed.ruleset->tenants[2];
	assert_int_equal(bed.ruleset->set_cnt, 3);
	assert_int_equal(a->own_cnt, 1);
	assert_ptr_equal(a->sets[2], b->sets[2]);
	assert_ptr_equal(a->sets[2], bed.ruleset->sets[2]);
	assert_ptr_not_equal(a->sets[1], b->sets[1]);
	assert_true(bed.diag.cnt > 0); /* the rules that the policy names are not there */
	assert_int_equal(bed.diag.error_cnt, 0);
	bed_free(&bed);
	policy_free(policy);
}

static void sets_are_files(void **state)
{
	struct policy *taken = policy_of(ONE("inspect: {rules: [test]}"));
	struct policy *missing = policy_of(ONE("inspect: {rules: [test, tset]}"));
	struct signatures signatures;
	struct ruleset *ruleset;
	struct parse *parse;
	struct diag diag;
	struct bed bed;

	bed_new_policy(&bed, rules, NULL, false, taken);
	assert_string_equal(said_of(&bed, 1, FROM_SERVER), "2 3 4 5 6 7");
	bed_free(&bed);
	diag_init(&diag);
	assert_int_equal(parse_new(NULL, &diag, &parse), 0);
	signatures = bed_parse(parse, rules, false);
	assert_int_equal(ruleset_of(parse, &signatures,
				    &(struct ruleset_sources){ .threads = 1, .policy = missing },
				    &ruleset, &diag),
			 -EINVAL);
	assert_non_null(strstr(diag.entries[diag.cnt - 1].text, "\"tset\""));
	assert_int_equal(diag.entries[diag.cnt - 1].line, 6);
	signatures_free(&signatures);
	parse_free(parse);
	diag_free(&diag);
	policy_free(taken);
	policy_free(missing);
}

/* --- whose a packet is --- */

/* The same private addresses behind two VLANs; QinQ; two behind one. */
static const char places[] = HEAD "tenants:\n" BODY("a", "1", "101", "prefixes: [10.0.0.0/8]") BODY(
	"b", "2", "102", "prefixes: [10.0.0.0/8]")
	BODY("c", "3", "101",
	     "prefixes: [172.16.0.0/16]") "  - {name: d, id: 4, attach: [{port: in, outer: 7, vlan: 101}, {port: out, outer: 7, vlan: 101}], "
					  "prefixes: [192.0.2.0/24, \"2001:db8::/48\"]}\n";

static const struct place_row {
	const char *src, *dst, *whose;
	uint8_t vlan_cnt;
	uint16_t vlan[2];
} place_rows[] = {
	{ "10.1.0.1", "8.8.8.8", "a", 1, { 101 } },
	{ "8.8.8.8", "10.1.0.1", "b", 1, { 102 } },
	{ "172.16.0.1", "8.8.8.8", "c", 1, { 101 } },
	{ "172.16.0.1", "8.8.8.8", NULL, 1, { 102 } },
	{ "172.16.0.1", "10.1.0.1", "c", 1, { 101 } },
	{ "10.1.0.1", "8.8.8.8", NULL, 0, { 0 } }, /* two have it */
	{ "172.16.0.1", "8.8.8.8", "c", 0, { 0 } },
	{ "10.1.0.1", "8.8.8.8", NULL, 1, { 103 } },
	{ "192.0.2.1", "8.8.8.8", "d", 2, { 7, 101 } },
	{ "192.0.2.1", "8.8.8.8", NULL, 1, { 101 } },
	{ "2001:db8::1", "2001:db8:1::1", "d", 0, { 0 } },
	{ "8.8.8.8", "9.9.9.9", NULL, 0, { 0 } },
};

static struct sek_addr address(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

static void packets_are_somebodys(void **state)
{
	struct policy *policy = policy_of(places);
	struct tenants *tenants, *only;

	assert_int_equal(tenants_new(policy, NULL, &tenants), 0);
	assert_int_equal(tenants_new(policy, "nobody", &only), -ENOENT);
	assert_int_equal(tenants_new(policy, "b", &only), 0);
	for (size_t i = 0; i < sizeof(place_rows) / sizeof(place_rows[0]); i++) {
		const struct place_row *row = &place_rows[i];
		struct packet packet = { .family = 4,
					 .src = address(row->src),
					 .dst = address(row->dst),
					 .vlan_cnt = row->vlan_cnt,
					 .vlan = { row->vlan[0], row->vlan[1] } };
		const char *name = tenants_name(tenants, tenants_find(tenants, &packet));

		print_message("# %s > %s\n", row->src, row->dst);
		assert_string_equal(name ? name : "-", row->whose ? row->whose : "-");
		assert_int_equal(tenants_find(only, &packet), 2);
	}
	assert_int_equal(tenants_find(NULL, &(struct packet){ .family = 4 }), 0);
	tenants_free(tenants);
	tenants_free(only);
	policy_free(policy);
}

/* --- records --- */

struct lines {
	char text[16384];
	size_t len;
};

static void line_keep(void *arg, const char *bytes, size_t len)
{
	struct lines *to = arg;

	assert_true(to->len + len < sizeof(to->text));
	memcpy(to->text + to->len, bytes, len);
	to->len += len;
}

/* A datagram with x, tagged. */
static void frame_make(struct made_frame *frame, uint16_t vlan, bool back)
{
	uint8_t tag[4] = { (uint8_t)(vlan >> 8), (uint8_t)vlan, 8, 0 };
	uint8_t head[8] = { 9, back ? 1 : 2, 9, back ? 2 : 1, 0, 9 };

	made_ether(frame, 0x8100);
	made_put(frame, tag, sizeof(tag));
	made_ipv4(frame, 17, 9, 0, back);
	made_put(frame, head, sizeof(head));
	made_put(frame, "x", 1);
}

static int tenants_told(const struct lines *lines, const char *type, const char *name)
{
	char wanted[64];
	int cnt = 0;

	snprintf(wanted, sizeof(wanted), "\"tenant\":\"%s\"", name);
	for (const char *at = lines->text; *at; at = strchr(at, '\n') + 1) {
		const char *end = strchr(at, '\n'), *found = strstr(at, wanted),
			   *of = strstr(at, type);

		cnt += found && of && found < end && of < end;
	}
	return cnt;
}

static void records_name_the_body(void **state)
{
	static const char settings[] =
		"outputs:\n  - eve-log: {enabled: yes, types: [alert, flow]}\n";
	struct policy *policy = policy_of(places);
	struct lines lines = { .len = 0 };
	struct engine_setup setup = { .workers = 1,
				      .unchecked_sums = true,
				      .repeatable = true,
				      .line = line_keep,
				      .line_arg = &lines };
	struct engine_tally tally;
	struct tenants *tenants;
	struct engine *engine;
	struct config *config;
	struct bed bed;

	bed_new_policy(&bed, "alert udp $HOME_NET any -> any any (content:\"x\"; sid:1;)\n", NULL,
		       false, policy);
	assert_int_equal(tenants_new(policy, NULL, &tenants), 0);
	assert_int_equal(config_read_text(settings, "test", &config, &bed.diag), 0);
	setup.config = config;
	setup.tenants = tenants;
	setup.ruleset = bed.ruleset;
	assert_int_equal(engine_new(&setup, &engine), 0);
	for (uint64_t i = 0; i < 6; i++) { /* three pairs: a, b, and a VLAN that is nobody's */
		struct made_frame frame;

		frame_make(&frame, (uint16_t)(101 + i / 2), i & 1);
		assert_int_equal(engine_take(engine,
					     &(struct capture_packet){ .number = i + 1,
								       .time_ns = BED_SECOND + i,
								       .bytes = frame.bytes,
								       .len = frame.len,
								       .wire_len = frame.len,
								       .link = 1 }),
				 0);
	}
	assert_int_equal(engine_finish(engine, &tally), 0);
	lines.text[lines.len] = 0;
	assert_int_equal(tally.flows, 3);
	assert_int_equal(tenants_told(&lines, "\"event_type\":\"alert\"", "a"), 2);
	assert_int_equal(tenants_told(&lines, "\"event_type\":\"alert\"", "b"), 2);
	assert_int_equal(tenants_told(&lines, "\"event_type\":\"flow\"", "a"), 1);
	assert_int_equal(tenants_told(&lines, "\"event_type\":\"flow\"", "b"), 1);
	assert_int_equal(tally.alerts, 6);
	engine_free(engine);
	tenants_free(tenants);
	config_free(config);
	bed_free(&bed);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_takes_the_place_of_defaults),
		cmocka_unit_test(what_is_wrong_has_its_place),
		cmocka_unit_test(each_body_has_its_rules),
		cmocka_unit_test(bodies_share_what_is_alike),
		cmocka_unit_test(sets_are_files),
		cmocka_unit_test(packets_are_somebodys),
		cmocka_unit_test(records_name_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
