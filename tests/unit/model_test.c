// SPDX-License-Identifier: Apache-2.0
/*
 * policy/model: what is read, and every kind of error with its line and column.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/model.h"

#define PORTS                                                                                      \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: in, id: 1, side: inside, mode: bridge, peer: out}\n"                           \
	"  - {name: out, id: 2, side: outside, mode: bridge, peer: in}\n"
#define TENANT(name, id, vlan)                                                                     \
	"  - {name: " name ", id: " id ", attach: [{port: in, vlan: " vlan                         \
	"}, {port: out, vlan: " vlan "}], prefixes: [10.0.0.0/16]"
#define CHECK(rest) PORTS "confirm:\n  checks:\n    - {" rest "}\n"
#define ASSERT(rest)                                                                               \
	PORTS "tenants:\n" TENANT("a", "1", "10") "}\nassert:\n  - {name: x, " rest "}\n"
#define RULES PORTS "tenants:\n" TENANT("a", "1", "10") ",\n    rules: [\n"

static struct policy *parse(const char *text, struct diag *diag)
{
	diag_init(diag);
	return policy_parse(text, strlen(text), "t.yaml", NULL, diag);
}

static const struct diag_entry *find(const struct diag *diag, const char *part)
{
	for (size_t i = 0; i < diag->cnt; i++)
		if (strstr(diag->entries[i].text, part))
			return &diag->entries[i];
	return NULL;
}

/* A text, and the one error that it must give. */
static const struct row {
	const char *text;
	uint32_t line, column;
	const char *error, *hint;
} rows[] = {
	{ "ports: []\n", 1, 1, "\"version\" is missing", "version: 1" },
	{ "version: 2\n", 1, 10, "unknown version \"2\"", "version 1" },
	{ "- a\n", 1, 1, "a policy is a mapping, this is a list", NULL },
	{ PORTS "tenant: []\n", 5, 1, "unknown section \"tenant\"", "\"tenants\"" },
	{ PORTS "ports: []\n", 5, 1, "\"ports\" is given twice; first in line 2", NULL },
	{ PORTS "groups: {a: &x [10.0.0.1]}\n", 5, 13, "anchors and aliases", NULL },
	{ PORTS "groups: {a: *x}\n", 5, 13, "anchors and aliases", NULL },
	{ PORTS "groups: {a: !!str 10.0.0.1}\n", 5, 13, "tags are not taken", NULL },
	{ PORTS "groups: [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\n", 5, 24, "nested too deeply", NULL },
	{ PORTS "groups: {a: \"x\n", 6, 1, "not YAML", NULL },
	{ PORTS "---\nversion: 1\n", 5, 1, "a second document begins", "include" },
	{ PORTS "confirm: {checks: [], within: 4s}\n", 5, 31, "within must be 5s to 1h", NULL },
	{ PORTS "confirm: {checks: [], within: 5500ms}\n", 5, 31, "in whole seconds", NULL },
	{ PORTS "confirm: {checks: [], timeout: 99ms}\n", 5, 32, "timeout must be 100ms to 30s",
	  NULL },
	{ PORTS "confirm: {checks: [], attempts: 0}\n", 5, 33, "attempts is 0", NULL },
	{ PORTS "confirm: {within: 10s}\n", 5, 10, "\"checks\" is missing", NULL },
	{ CHECK("ping: 192.0.2.1"), 7, 7, "\"name\" is missing", NULL },
	{ CHECK("name: a"), 7, 7, "one of ping, tcp, http, dns; this has 0", "next-hop" },
	{ CHECK("name: a, ping: 192.0.2.1, tcp: 192.0.2.1, port: 1"), 7, 7, "this has 2", NULL },
	{ CHECK("name: a, ping: 192.0.2.0/24"), 7, 23, "\"192.0.2.0/24\" is no address", NULL },
	{ CHECK("name: a, ping: www.example"), 7, 23, "\"www.example\" is no address", NULL },
	{ CHECK("name: a, tcp: 192.0.2.1"), 7, 7, "a check by tcp needs \"port\"", NULL },
	{ CHECK("name: a, tcp: 192.0.2.1, port: 0"), 7, 39, "port is 0", NULL },
	{ CHECK("name: a, http: \"ftp://x/\""), 7, 23, "no URL of HTTP", "http://" },
	{ CHECK("name: a, http: \"http://x/ y\""), 7, 23, "no URL of HTTP", NULL },
	{ CHECK("name: a, dns: x.example"), 7, 7, "a check by dns needs \"server\"", NULL },
	{ CHECK("name: a, dns: a..b, server: 192.0.2.1"), 7, 22, "\"a..b\" is no name", "xn--" },
	{ CHECK("name: a, dns: a, server: 192.0.2.1, type: PTR"), 7, 50, "unknown word", "A, AAAA" },
	{ CHECK("name: a, ping: 192.0.2.1, status: 200"), 7, 42, "has no \"status\"", NULL },
	{ CHECK("name: a, ping: 192.0.2.1, from: \"2001:db8::1\""), 7, 40, "two families", "both" },
	{ CHECK("name: a, ping: 192.0.2.1}\n    - {name: a, ping: 192.0.2.2"), 8, 7,
	  "check a is there twice; first in t.yaml:7", NULL },
	{ PORTS "groups: {a: []}\n", 5, 13, "group \"a\" is empty", NULL },
	{ PORTS "groups: {a: [b], b: [a]}\n", 5, 22, "contains itself", NULL },
	{ PORTS "groups: {a: [dnss], dns: [192.0.2.1]}\n", 5, 14, "unknown group \"dnss\"",
	  "\"dns\"" },
	{ PORTS "groups: {a: 10.0.0.0/33}\n", 5, 13, "\"10.0.0.0/33\" is no address", "0 to 32" },
	{ PORTS "groups: {A: 10.0.0.1}\n", 5, 10, "\"A\" is no name", NULL },
	{ PORTS "services: {w: [tpc/80]}\n", 5, 16, "unknown protocol \"tpc/80\"", NULL },
	{ PORTS "services: {w: [tcp/0]}\n", 5, 16, "\"0\" is no port", NULL },
	{ PORTS "services: {w: [esp/5]}\n", 5, 16, "only tcp and udp have ports", NULL },
	{ PORTS "lists: [{name: l, id: 64, kind: block}]\n", 5, 23, "id is 64; it must be 0 to 63",
	  NULL },
	{ PORTS "lists: [{name: l, id: 0, kind: blok}]\n", 5, 32, "unknown word \"blok\"",
	  "\"block\"" },
	{ PORTS "lists: [{name: l, id: 0, kind: block, source: ../x}]\n", 5, 47, "climb", NULL },
	{ PORTS "lists: [{name: l, id: 0, kind: block}, {name: m, id: 0, kind: block}]\n", 5, 40,
	  "list id 0 is there twice; first in t.yaml:5", NULL },
	{ PORTS "lists: {}\n", 5, 8, "a list is wanted here, this is a mapping", NULL },
	{ PORTS "lists: [x]\n", 5, 9, "a mapping is wanted here, this is a value", NULL },
	{ PORTS "include: [x.yaml]\n", 5, 11, "cannot include \"x.yaml\": no files are read here",
	  NULL },
	{ PORTS "include: [../x.yaml]\n", 5, 11, "outside of the policy's folder", NULL },
	{ PORTS "include: [/etc/passwd]\n", 5, 11, "outside of the policy's folder", NULL },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: bridge, peer: b}\n", 3, 5,
	  "unknown peer \"b\"", NULL },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: bridge}\n", 3, 5,
	  "needs a peer", NULL },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: bridge, peer: a}\n", 3, 5,
	  "its own peer", NULL },
	{ "version: 1\nports:\n  - {name: a, id: 32, side: inside, mode: route}\n", 3, 19,
	  "id is 32; it must be 1 to 31", NULL },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: route, peer: b}\n", 3, 5,
	  "has no peer", NULL },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: route, hook: tx}\n", 3, 55,
	  "unknown word \"tx\"", "\"tc\"" },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: route, hook: tc, xdp: auto}\n",
	  3, 64, "hook is said twice", "former name" },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside}\n", 3, 5, "\"mode\" is missing",
	  NULL },
	{ "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: route, interface: a/b}\n",
	  3, 60, "no interface can have this name", NULL },
	{ PORTS "tenants:\n" TENANT("a", "64", "10") "}\n", 6, 19, "id is 64; it must be 1 to 63",
	  NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") "}\n" TENANT("a", "2", "11") "}\n", 7, 5,
	  "tenant a is there twice; first in t.yaml:6", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") "}\n" TENANT("b", "1", "11") "}\n", 7, 5,
	  "tenant id 1 is there twice", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") "}\n" TENANT("b", "2", "10") "}\n", 7, 31,
	  "overlap on port in, VLAN 10", "VLAN of its own" },
	{ PORTS "tenants:\n" TENANT("host", "1", "10") "}\n", 6, 5, "cannot be called host", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "4095") "}\n", 6, 48, "vlan is 4095", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", title: \"x\\e[1m\"}\n", 6, 109,
	  "terminals obey", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", rate: {up: fast}}\n", 6, 113,
	  "\"fast\" is no rate", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", quota: {flows: 2000000}}\n", 6, 117,
	  "flows is 2000000; it must be 1 to 1048576", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", quota: {flows: 10, half_open: 11}}\n", 6, 5,
	  "half_open is 11 of 10", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", timeouts: {udp_new: 500ms}}\n", 6, 122,
	  "udp_new must be whole seconds", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", lists: {block: [drpo]}}\n", 6, 118,
	  "unknown list \"drpo\"", NULL },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", protect: synfloods}\n", 6, 111,
	  "unknown word \"synfloods\"", "\"synflood\"" },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", protect: {synflood: alway}}\n", 6, 122,
	  "unknown word \"alway\"", "\"always\"" },
	{ PORTS "tenants:\n" TENANT("a", "1", "10") ", protect: {udpflood: auto}}\n", 6, 112,
	  "unknown key \"udpflood\"", NULL },
	{ RULES "      {dir: out, action: acept}]}\n", 8, 26, "unknown word \"acept\"", "\"accept\"" },
	{ RULES "      {action: accept}]}\n", 8, 7, "\"dir\" is missing", NULL },
	{ RULES "      {dir: out}]}\n", 8, 7, "\"action\" is missing", NULL },
	{ RULES "      {dir: out, proto: icmp, dport: 22, action: accept}]}\n", 8, 38,
	  "only tcp and udp have ports", NULL },
	{ RULES "      {dir: out, dport: 22, action: accept}]}\n", 8, 25,
	  "only tcp and udp have ports", "proto: tcp" },
	{ RULES "      {dir: out, proto: tcp, icmp: echo-request, action: accept}]}\n", 8, 36,
	  "need an ICMP protocol", NULL },
	{ RULES "      {dir: out, proto: icmp, icmp: 8, action: accept}]}\n", 8, 37,
	  "differ between IPv4 and IPv6", NULL },
	{ RULES "      {dir: out, proto: icmp, icmp: echo-reqest, action: accept}]}\n", 8, 37,
	  "unknown ICMP type", "\"echo-request\"" },
	{ RULES "      {dir: out, service: web, action: accept}]}\n", 8, 27,
	  "unknown service \"web\"", NULL },
	{ RULES "      {dir: out, proto: tcp, dport: [80, 90000], action: accept}]}\n", 8, 42,
	  "\"90000\" is no port", NULL },
	{ RULES "      {dir: out, src: [], action: accept}]}\n", 8, 23, "src is empty", NULL },
	{ RULES "      {dir: out, prot: tcp, action: accept}]}\n", 8, 18, "unknown key \"prot\"",
	  "\"proto\"" },
	{ RULES "      {name: x, dir: out, action: accept},\n"
		"      {name: x, dir: in, action: accept}]}\n",
	  9, 7, "rule \"x\" of a is there twice; first in t.yaml:8", NULL },
	{ RULES "      {name: out-1, dir: out, action: accept}]}\n", 8, 14,
	  "\"out-1\" is no name to choose", NULL },
	{ ASSERT("dir: out, expect: drop"), 8, 5, "\"tenant\" is missing", NULL },
	{ ASSERT("tenant: a, dir: out"), 8, 5, "\"expect\" is missing", NULL },
	{ ASSERT("tenant: a, expect: drop"), 8, 5, "\"dir\" is missing", "out: from the body" },
	{ ASSERT("tenant: a, dir: out, expect: never"), 8, 44, "unknown word \"never\"",
	  "drop, accept" },
	{ ASSERT("tenant: b, dir: out, expect: drop"), 8, 23, "unknown tenant \"b\"", "\"a\"" },
	{ ASSERT("tenant: [], dir: out, expect: drop"), 8, 23, "tenant is empty", "all" },
	{ ASSERT("tenant: host, dir: out, expect: drop"), 8, 34, "about what comes in", "leave dir" },
	{ ASSERT("tenant: a, dir: out, expect: drop, action: drop"), 8, 50,
	  "unknown key \"action\"", NULL },
	{ ASSERT("tenant: a, dir: out, expect: drop, dport: 25"), 8, 57,
	  "only tcp and udp have ports", NULL },
	{ ASSERT("tenant: a, dir: out, expect: drop}\n  - {name: x, tenant: all, dir: in, expect: drop"),
	  9, 5, "assertion x is there twice; first in t.yaml:8", NULL },
	{ PORTS "assert:\n  - {tenant: host, expect: drop}\n", 6, 5, "\"name\" is missing", NULL },
};

static void every_error_has_its_place(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct diag_entry *entry;
		struct diag diag;
		struct policy *policy = parse(rows[i].text, &diag);

		entry = find(&diag, rows[i].error);
		if (policy || !entry || entry->line != rows[i].line ||
		    entry->column != rows[i].column || strcmp(entry->file, "t.yaml") != 0 ||
		    (rows[i].hint && (!entry->hint || !strstr(entry->hint, rows[i].hint)))) {
			diag_print(&diag, stderr);
			print_error("row %zu: wanted %u:%u \"%s\"\n%s", i, rows[i].line,
				    rows[i].column, rows[i].error, rows[i].text);
			fail();
		}
		policy_free(policy);
		diag_free(&diag);
	}
}

static void all_errors_are_told_at_once(void **state)
{
	struct diag diag;
	struct policy *policy =
		parse(RULES "      {dir: sideways, proto: tpc, action: acept}]}\n", &diag);

	assert_null(policy);
	assert_int_equal(diag.error_cnt, 3);
	assert_int_equal(find(&diag, "sideways")->column, 13);
	assert_int_equal(find(&diag, "tpc")->column, 30);
	assert_int_equal(find(&diag, "acept")->column, 43);
	diag_free(&diag);
}

static void rates_are_exact_at_both_ends(void **state)
{
	static const struct {
		const char *text;
		uint64_t bits, q20, burst_ns;
	} rates[] = {
		{ "8k", 8000, 1000000ULL << 20, 3028000000 },
		{ "64k", 64000, 125000ULL << 20, 378500000 },
		{ "130M", 130000000, 64527754, 300000000 },
		{ "100G", 100000000000, 83886, 300000000 },
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct diag diag;
		struct policy *policy;
		const struct sek_rate *rate;
		char text[800];

		snprintf(text, sizeof(text),
			 PORTS "tenants:\n" TENANT("a", "1", "10") ", rate: "
								   "{up: %s}}\n",
			 rates[i].text);
		policy = parse(text, &diag);
		assert_non_null(policy);
		rate = &policy->tenants[1].limits.rate[SEK_OUT];
		assert_int_equal(rate->bits_per_s, rates[i].bits);
		assert_int_equal(rate->ns_per_byte_q20, rates[i].q20);
		assert_int_equal(rate->burst_ns, rates[i].burst_ns);
		assert_int_equal(rate->packets_per_s, 0);
		assert_int_equal(policy->tenants[1].limits.rate[SEK_IN].bits_per_s, 0);
		policy_free(policy);
		diag_free(&diag);
	}
}

static void hooks_in_old_and_new_words(void **state)
{
	static const struct {
		const char *words;
		int mode;
	} wishes[] = {
		{ "", MODE_AUTO },
		{ ", hook: auto", MODE_AUTO },
		{ ", hook: xdp", MODE_NATIVE },
		{ ", hook: native", MODE_NATIVE },
		{ ", xdp: native", MODE_NATIVE },
		{ ", xdp: generic", MODE_GENERIC },
		{ ", hook: tc", MODE_TC },
	};

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct diag diag;
		struct policy *policy;
		char text[256];

		snprintf(text, sizeof(text),
			 "version: 1\nports:\n  - {name: a, id: 1, side: inside, mode: route%s}\n",
			 wishes[i].words);
		diag_init(&diag);
		policy = policy_parse(text, strlen(text), "t.yaml", NULL, &diag);
		assert_non_null(policy);
		assert_int_equal(policy->ports[0].mode, wishes[i].mode);
		policy_free(policy);
		diag_free(&diag);
	}
}

static void defaults_reach_tenants_and_give_way(void **state)
{
	struct diag diag;
	struct policy *policy = parse(
		PORTS
		"lists: [{name: l, id: 5, kind: block}]\n"
		"defaults: {quota: {flows: 1000, source_flows: none}, lists: {block: l}, fail: closed,\n"
		"  protect: synflood, default: {out: drop}, timeouts: {tcp_established: 1h}, rules: [{dir: in, action: drop}]}\n"
		"tenants:\n" TENANT("a", "1", "10") "}\n" TENANT(
			"b", "2",
			"11") ", quota: {half_open: 7}, fail: open, lists: {block: []}, protect: {synflood: always},\n"
			      "    rules: [{name: x, dir: in, proto: udp, dport: 53, action: accept}]}\n",
		&diag);
	const struct model_tenant *a, *b;

	diag_print(&diag, stderr);
	assert_non_null(policy);
	a = policy_tenant(policy, "a");
	b = policy_tenant(policy, "b");
	assert_int_equal(a->limits.flows_max, 1000);
	assert_int_equal(a->limits.half_max, 125);
	assert_int_equal(a->limits.source_flows_max, 0);
	assert_int_equal(a->limits.timeout.tcp_established, 3600);
	assert_int_equal(a->limits.timeout.udp_stream, 120);
	assert_int_equal(a->limits.flags,
			 SEK_TENANT_USED | SEK_TENANT_FAIL_CLOSED | SEK_TENANT_GUARD_AUTO);
	assert_int_equal(a->limits.guard_half, 62);
	assert_int_equal(a->list_block, 1 << 5);
	assert_int_equal(a->default_action[SEK_OUT], SEK_REFUSE);
	assert_int_equal(a->rule_cnt, 1);
	assert_string_equal(policy_rule_name(a, 0), "in-1");
	assert_string_equal(policy_rule_name(a, 1), "default-out");
	assert_string_equal(policy_rule_name(a, 2), "default-in");
	assert_int_equal(b->limits.half_max, 7);
	assert_int_equal(b->limits.flags, SEK_TENANT_USED | SEK_TENANT_GUARD_ALWAYS);
	assert_int_equal(b->list_block, 0);
	assert_int_equal(b->rule_cnt, 2);
	assert_string_equal(policy_rule_name(b, 1), "in-2");
	assert_true(policy->tenants[0].limits.flags & SEK_TENANT_STATELESS);
	policy_free(policy);
	diag_free(&diag);
}

static void services_become_rules(void **state)
{
	struct diag diag;
	struct policy *policy = parse(
		PORTS
		"services: {dns: [udp/53, tcp/53], mix: [tcp/80, udp/443, icmp/echo-request, esp]}\n"
		"tenants:\n" TENANT(
			"a", "1", "10") ",\n    rules: [\n"
					"      {name: d, dir: out, service: dns, action: accept},\n"
					"      {name: m, dir: out, service: mix, action: accept}]}\n",
		&diag);
	const struct model_tenant *a;

	assert_non_null(policy);
	a = policy_tenant(policy, "a");
	assert_int_equal(a->rule_cnt, 5);
	assert_string_equal(a->rules[0].name, "d");
	assert_string_equal(a->rules[1].name, "m-tcp");
	assert_string_equal(a->rules[2].name, "m-udp");
	assert_string_equal(a->rules[3].name, "m-icmp");
	assert_string_equal(a->rules[4].name, "m-other");
	assert_int_equal(a->rules[3].icmp[0], 0x08ff);
	assert_int_equal(a->rules[3].icmp6[0], 0x80ff);
	policy_free(policy);
	diag_free(&diag);
}

/* `cnt` tenants (or rules, ports, lists) in one policy. */
static char *many(const char *head, const char *row, size_t cnt, const char *tail)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(head, out);
	for (size_t i = 1; i <= cnt; i++)
		for (const char *c = row; *c; c++)
			*c == '#' ? fprintf(out, "%zu", i) : fputc(*c, out);
	fputs(tail, out);
	fclose(out);
	return text;
}

static void capacity_is_kept_to_the_last_one(void **state)
{
	static const char tenant[] = "  - {name: t#, id: #, attach: [{port: in, vlan: #}, {port: out, "
				     "vlan: #}], prefixes: [10.0.0.0/8]}\n";
	static const struct {
		const char *head, *row, *tail;
		size_t cap;
		const char *error;
		uint32_t line; /* of the one too many */
	} limits[] = {
		{ PORTS "tenants:\n", tenant, "", 63, "id is 64; it must be 1 to 63", 69 },
		{ "version: 1\nports:\n", "  - {name: p#, id: #, side: inside, mode: route}\n", "",
		  31, "id is 32; it must be 1 to 31", 34 },
		{ PORTS "lists:\n  - {name: l, id: 0, kind: block}\n",
		  "  - {name: l#, id: #, kind: block}\n", "", 63, "id is 64; it must be 0 to 63", 70 },
		{ RULES, "      {dir: out, proto: tcp, dport: #, action: accept},\n", "    ]}\n",
		  1000, "more than 1000 rules", 1008 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		for (int over = -1; over <= 1; over++) {
			char *text = many(limits[i].head, limits[i].row,
					  limits[i].cap + (size_t)over, limits[i].tail);
			struct diag diag;
			struct policy *policy = parse(text, &diag);

			if (over <= 0) {
				if (!policy)
					diag_print(&diag, stderr);
				assert_non_null(policy);
			} else {
				assert_null(policy);
				assert_non_null(find(&diag, limits[i].error));
				assert_int_equal(find(&diag, limits[i].error)->line, limits[i].line);
			}
			policy_free(policy);
			diag_free(&diag);
			free(text);
		}
	}
}

static void quotas_fit_the_table(void **state)
{
	static const char two[] = PORTS
		"tenants:\n" TENANT("a", "1", "10") ", quota: {flows: 524288}}\n" TENANT(
			"b", "2", "11") ", quota: {flows: %d}}\n";

	for (int over = -1; over <= 1; over++) {
		char text[1600];
		struct diag diag;
		struct policy *policy;

		snprintf(text, sizeof(text), two, 524288 + over);
		policy = parse(text, &diag);
		if (over <= 0) {
			assert_non_null(policy);
		} else {
			assert_null(policy);
			assert_non_null(find(&diag, "add up to 1048577; the table holds 1048576"));
			assert_int_equal(find(&diag, "add up to")->line, 7);
		}
		policy_free(policy);
		diag_free(&diag);
	}
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void includes_and_bundles_are_one(void **state)
{
	char folder[] = "/tmp/sekisho-model-XXXXXX", path[300], file[300], command[300];
	struct diag diag;
	struct policy *policy, *again;
	char *bundle;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/rules", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/main.yaml", folder);
	snprintf(file, sizeof(file), "%s/rules/a.yaml", folder);
	write_file(folder, "main.yaml",
		   PORTS "include: [rules/a.yaml]\ntenants:\n" TENANT(
			   "a", "1", "10") ",\n    rules: [{dir: out, dst: dns, action: accept}]}\n");
	write_file(folder, "rules/a.yaml",
		   "include: ../groups.yaml\nlists: [{name: l, id: 1, kind: "
		   "block, source: lists/x}]\n");
	write_file(folder, "groups.yaml", "groups: {dns: 192.0.2.53}");
	diag_init(&diag);
	policy = policy_read(path, &diag);
	bundle = policy_bundle(path, &diag);
	diag_print(&diag, stderr);
	assert_non_null(policy);
	assert_non_null(bundle);
	again = policy_parse(bundle, strlen(bundle), path, NULL, &diag);
	diag_print(&diag, stderr);
	assert_non_null(again);
	assert_int_equal(again->tenants[1].rules[0].dst.prefix_cnt, 1);
	assert_string_equal(policy->lists[0].source, again->lists[0].source);
	assert_string_equal(again->lists[0].place.file, file);
	assert_int_equal(again->lists[0].place.line, 2);
	policy_free(policy);
	policy_free(again);
	/* an error within a bundle is where its file has it */
	*strstr(bundle, "kind: block") = 'K';
	assert_null(policy_parse(bundle, strlen(bundle), path, NULL, &diag));
	assert_string_equal(find(&diag, "unknown key \"Kind\"")->file, file);
	assert_int_equal(find(&diag, "unknown key")->line, 2);
	diag_free(&diag);
	/* a damaged one is refused */
	diag_init(&diag);
	assert_null(policy_parse(bundle, strlen(bundle) - 3, path, NULL, &diag));
	assert_non_null(find(&diag, "damaged"));
	free(bundle);
	diag_free(&diag);
	/* a circle, and a link that leads out */
	diag_init(&diag);
	write_file(folder, "groups.yaml", "include: [rules/a.yaml, out.yaml]\n");
	snprintf(command, sizeof(command), "%s/out.yaml", folder);
	assert_int_equal(symlink("/etc/passwd", command), 0);
	assert_null(policy_read(path, &diag));
	assert_int_equal(find(&diag, "includes itself")->line, 1);
	assert_int_equal(find(&diag, "includes itself")->column, 11);
	assert_non_null(find(&diag, "cannot include \"out.yaml\": it lies outside"));
	diag_free(&diag);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void checks_have_their_defaults(void **state)
{
	struct diag diag;
	struct policy *policy = parse(CHECK("name: a, tcp: \"2001:db8::1\", port: 443}\n"
					    "    - {name: b, dns: x.example, server: 192.0.2.1"),
				      &diag);
	const struct model_confirm *confirm;

	assert_non_null(policy);
	confirm = &policy->confirm;
	assert_int_equal(confirm->check_cnt, 2);
	assert_int_equal(confirm->within_s, 30);
	assert_int_equal(confirm->attempts, 3);
	assert_int_equal(confirm->timeout_ms, 2000);
	assert_int_equal(confirm->checks[0].kind, CHECK_TCP);
	assert_int_equal(confirm->checks[0].port, 443);
	assert_false(confirm->checks[0].has_from);
	assert_int_equal(confirm->checks[1].kind, CHECK_DNS);
	assert_int_equal(confirm->checks[1].dns_type, 1);
	policy_free(policy);
	diag_free(&diag);
	policy = parse(PORTS "confirm: {within: 5s, timeout: 2s, attempts: 3, checks: []}\n", &diag);
	assert_non_null(policy);
	assert_non_null(find(&diag, "3 attempts of 2000 ms do not all fit within 5 s"));
	policy_free(policy);
	diag_free(&diag);
}

static void the_samples_are_good(void **state)
{
	static const char *const samples[] = {
		"policy/saga/saga.yaml",     "policy/samples/bridge.yaml",
		"policy/samples/route.yaml", "policy/samples/checks.yaml",
		"policy/samples/names.yaml", "policy/saga/checked.yaml"
	};

	if (access(samples[0], R_OK))
		skip();
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct diag diag;
		struct policy *policy;

		diag_init(&diag);
		policy = policy_read(samples[i], &diag);
		diag_print(&diag, stderr);
		assert_non_null(policy);
		assert_int_equal(diag.cnt, 0);
		policy_free(policy);
		diag_free(&diag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_its_place),
		cmocka_unit_test(all_errors_are_told_at_once),
		cmocka_unit_test(rates_are_exact_at_both_ends),
		cmocka_unit_test(hooks_in_old_and_new_words),
		cmocka_unit_test(defaults_reach_tenants_and_give_way),
		cmocka_unit_test(services_become_rules),
		cmocka_unit_test(capacity_is_kept_to_the_last_one),
		cmocka_unit_test(quotas_fit_the_table),
		cmocka_unit_test(includes_and_bundles_are_one),
		cmocka_unit_test(checks_have_their_defaults),
		cmocka_unit_test(the_samples_are_good),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
