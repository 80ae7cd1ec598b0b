// SPDX-License-Identifier: Apache-2.0
/*
 * policy/compile: the image decides as the model does, the same policy gives the same image, and
 * differences are told by meaning.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compile/compile.h"
#include "compile/spans.h"
#include "unit/made.h"

#define POLICIES 40
#define RULES_MOST 580 /* written; those that name services become four each: up to 1,000 */
#define PACKETS 5000 /* of each: 200,000 in all */

#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: in, id: 1, side: inside, mode: route}\n"                                       \
	"  - {name: out, id: 2, side: outside, mode: route}\n"
#define TENANT(name, id, net)                                                                      \
	"  - {name: " name ", id: " id ", attach: [{port: in}, {port: out}], prefixes: [" net "]"

static uint64_t dice;

static uint32_t roll(uint32_t sides)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % sides;
}

static bool chance(uint32_t of)
{
	return !roll(of);
}

/* A small world, so that prefixes contain each other and packets meet them. */
static void random_address(char *to, size_t size)
{
	if (chance(2))
		snprintf(to, size, "10.%u.%u.%u", roll(3), roll(4) * 64, roll(4) * 85);
	else
		snprintf(to, size, "2001:db8:%x:%x::%x", roll(3), roll(4) << 14, roll(4));
}

static void put_prefix(FILE *out)
{
	static const unsigned int lens4[] = { 0, 7, 8, 9, 15, 16, 17, 18, 24, 26, 31, 32 };
	static const unsigned int lens6[] = { 0, 3, 31, 32, 47, 48, 50, 64, 127, 128 };
	char address[64];

	random_address(address, sizeof(address));
	if (strchr(address, ':'))
		fprintf(out, "\"%s/%u\"", address, lens6[roll(10)]);
	else
		fprintf(out, "%s/%u", address, lens4[roll(12)]);
}

static void put_end(FILE *out, const char *name)
{
	unsigned int cnt = roll(3);

	if (!cnt)
		return;
	fprintf(out, ", %s: [", name);
	for (unsigned int i = 0; i < cnt; i++) {
		fputs(i ? ", " : "", out);
		if (chance(8))
			fputs("mixed", out);
		else
			put_prefix(out);
	}
	fputs("]", out);
}

static void put_ports(FILE *out, const char *name)
{
	unsigned int from = 1 + roll(40), cnt = roll(3);

	for (unsigned int i = 0; i < cnt; i++, from += 1 + roll(30)) {
		fprintf(out, i ? ", " : ", %s: [", name);
		fprintf(out, chance(2) ? "%u" : "%u-%u", from, from + roll(20));
	}
	fputs(cnt ? "]" : "", out);
}

static void put_rule(FILE *out, bool host)
{
	static const char *const actions[] = { "accept", "drop", "reject", "inspect" };
	static const char *const protos[] = { "any", "esp", "[tcp, gre]", "47", "icmp6" };
	static const char *const types[] = { "echo-request", "[echo-reply, packet-too-big]",
					     "[unreachable, fragmentation-needed]" };

	fprintf(out, "      - {action: %s", actions[roll(4)]);
	if (!host)
		fputs(chance(2) ? ", dir: out" : ", dir: in", out);
	put_end(out, "src");
	put_end(out, "dst");
	switch (roll(5)) {
	case 0:
		fprintf(out, ", proto: %s", protos[roll(5)]);
		break;
	case 1:
		fprintf(out, ", proto: icmp, icmp: %s", types[roll(3)]);
		break;
	case 2:
		fprintf(out, ", proto: icmp4, icmp: [%u, %u/%u]", roll(12), roll(4), roll(5));
		break;
	case 3:
		fprintf(out, ", proto: %s", chance(2) ? "tcp" : "[udp, tcp]");
		put_ports(out, "dport");
		put_ports(out, "sport");
		break;
	default:
		fprintf(out, ", service: %s", chance(2) ? "some" : "[some, other]");
	}
	fputs("}\n", out);
}

static char *random_policy(unsigned int rule_cnt)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(HEAD "services: {some: [tcp/10-20, udp/12, icmp/echo-request, esp], other: [tcp/21]}\n"
		   "groups: {mixed: [10.1.0.0/16, \"2001:db8:1::/48\", 10.2.64.0/18]}\n"
		   "host:\n  addresses: [192.0.2.1]\n  rules:\n",
	      out);
	for (unsigned int i = 0; i < 1 + rule_cnt / 20; i++)
		put_rule(out, true);
	fputs("tenants:\n" TENANT(
		      "a", "1",
		      "10.0.0.0/8") ",\n     default: {in: accept}}\n"
				    "  - name: b\n    id: 63\n    attach: [{port: in}, {port: out}]\n"
				    "    prefixes: [\"2001:db8::/32\"]\n    rules:\n",
	      out);
	for (unsigned int i = 0; i < rule_cnt; i++)
		put_rule(out, false);
	fclose(out);
	return text;
}

static struct sek_addr random_packet_address(void)
{
	struct prefix prefix;
	char text[64];

	if (chance(20))
		snprintf(text, sizeof(text), chance(2) ? "203.0.113.%u" : "fe80::%x", roll(99));
	else
		random_address(text, sizeof(text));
	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

static struct model_probe random_packet(void)
{
	static const uint8_t protos[] = { 6, 6, 17, 17, 1, 58, 50, 47, 132 };
	static const uint16_t tenants[] = { 0, 1, 63, 63, 63, 63 };
	static const uint8_t types[] = { 0, 1, 2, 3, 4, 8, 11, 128, 129 };

	return (struct model_probe){
		.tenant = tenants[roll(6)],
		.dir = roll(2),
		.proto = protos[roll(9)],
		.src = random_packet_address(),
		.dst = random_packet_address(),
		.sport = (uint16_t)(chance(50) ? 65535 : 1 + roll(100)),
		.dport = (uint16_t)(chance(50) ? 65535 : 1 + roll(100)),
		.icmp_type = types[roll(9)],
		.icmp_code = (uint8_t)(chance(20) ? 255 : roll(6)),
	};
}

static void image_decides_as_the_model_does(void **state)
{
	for (unsigned int seed = 0; seed < POLICIES; seed++) {
		struct policy *policy;
		struct image_index *index;
		struct image *image;
		char *text;

		dice = seed * 2654435761u + 1;
		text = random_policy(seed % 10 ? 1 + seed * 3 : RULES_MOST);
		policy = parse(text);
		image = compile(policy);
		index = image_index_new(image);
		assert_non_null(index);
		for (unsigned int i = 0; i < PACKETS; i++) {
			struct model_probe probe = random_packet();
			uint16_t model = model_decide(policy, &probe);
			uint16_t decided = image_decide(image, &probe);
			char src[64], dst[64];

			assert_int_equal(image_index_decide(index, &probe), decided);
			if (model == decided)
				continue;
			print_error("seed %u packet %u: tenant %u dir %u proto %u %s:%u > %s:%u "
				    "icmp %u/%u: model %u, image %u\n",
				    seed, i, probe.tenant, probe.dir, probe.proto,
				    address_print(&probe.src, src), probe.sport,
				    address_print(&probe.dst, dst), probe.dport, probe.icmp_type,
				    probe.icmp_code, model, decided);
			fail();
		}
		image_index_free(index);
		image_free(image);
		policy_free(policy);
		free(text);
	}
}

/* Every address of a small world against every prefix: the longest that holds it, and of two the same. */
static void spans_find_the_longest(void **state)
{
	enum { CNT = 60 };

	for (unsigned int seed = 0; seed < 60; seed++) {
		struct span_entry entries[CNT] = {};
		struct spans spans = {};

		dice = seed + 1;
		for (unsigned int i = 0; i < CNT; i++) {
			struct prefix *prefix = &entries[i].prefix;
			unsigned int bits = roll(17);

			/* the last or the first 16 bits are used, so that both ends are met */
			prefix->len = (uint8_t)(seed % 2 ? bits : 112 + bits);
			for (unsigned int b = 0; b < bits; b++)
				if (chance(3))
					prefix->addr.b[(seed % 2 ? 0 : 14) + b / 8] |= 0x80 >> b % 8;
			entries[i].value = roll(1000);
		}
		assert_int_equal(spans_build(entries, CNT, &spans), 0);
		for (unsigned int at = 0; at < 65536; at += 7) {
			struct sek_addr addr = {};
			const struct span_entry *best = NULL;

			addr.b[seed % 2 ? 0 : 14] = (uint8_t)(at >> 8);
			addr.b[seed % 2 ? 1 : 15] = (uint8_t)at;
			for (unsigned int i = 0; i < CNT; i++) {
				const struct span_entry *e = &entries[i];
				unsigned int len = e->prefix.len, bytes = len / 8;

				if (memcmp(e->prefix.addr.b, addr.b, bytes) != 0 ||
				    (len % 8 &&
				     (e->prefix.addr.b[bytes] ^ addr.b[bytes]) >> (8 - len % 8)))
					continue;
				if (!best || len > best->prefix.len ||
				    (len == best->prefix.len && e->value > best->value))
					best = e;
			}
			assert_int_equal(spans_find(&spans, &addr), best ? best->value : SPANS_NONE);
		}
		spans_free(&spans);
	}
}

/* 1,000 rules each, written without services so that none becomes two. */
static char *full_policy(unsigned int tenant_cnt)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(HEAD "defaults: {quota: {flows: 16k}}\ntenants:\n", out);
	for (unsigned int t = 1; t <= tenant_cnt; t++) {
		fprintf(out,
			"  - name: t%u\n    id: %u\n    attach: [{port: in}, {port: out}]\n"
			"    prefixes: [10.%u.0.0/16]\n    rules:\n",
			t, t, t);
		for (unsigned int i = 0; i < 1000; i++)
			fprintf(out,
				"      - {dir: out, proto: tcp, dst: 198.%u.%u.0/%u, dport: %u, "
				"action: accept}\n",
				18 + t % 2, i % 250, 20 + i % 8, 1 + (i * 7 + t) % 999);
	}
	fclose(out);
	return text;
}

static void full_policies_compile_soon(void **state)
{
	char *text = full_policy(21);
	struct policy *policy = parse(text);
	struct timespec from, to;
	struct image *image;
	struct model_probe probe = { .tenant = 21, .dir = SEK_OUT, .proto = 6 };
	double seconds;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	image = compile(policy);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	assert_int_equal(image->rule_cnt, 2 + 21 * 1002);
	assert_int_equal(image->tenants[21].rule_cnt, 1002);
	assert_true(seconds < 10); /* sanitizers slow it; well under a second without */
	for (unsigned int i = 0; i < 3000; i++) {
		char text_addr[32];
		struct prefix prefix;

		snprintf(text_addr, sizeof(text_addr), "198.%u.%u.9", 18 + roll(2), roll(255));
		prefix_parse(text_addr, strlen(text_addr), &prefix, NULL);
		probe.dst = probe.src = prefix.addr;
		probe.dport = (uint16_t)(1 + roll(1000));
		assert_int_equal(image_decide(image, &probe), model_decide(policy, &probe));
	}
	image_free(image);
	policy_free(policy);
	free(text);
}

static void the_same_policy_gives_the_same_image(void **state)
{
	char *text;
	struct policy *a, *b;
	struct image *x, *y;

	dice = 4711;
	text = random_policy(60);
	a = parse(text);
	b = parse(text);
	x = compile(a);
	y = compile(b);
	assert_memory_equal(x->hash, y->hash, sizeof(x->hash));
	assert_int_equal(x->row_cnt, y->row_cnt);
	assert_memory_equal(x->rows, y->rows, x->row_cnt * sizeof(*x->rows));
	image_free(y);
	b->tenants[1].default_action[SEK_IN] = SEK_REFUSE;
	y = compile(b);
	assert_memory_not_equal(x->hash, y->hash, sizeof(x->hash));
	image_free(x);
	image_free(y);
	policy_free(a);
	policy_free(b);
	free(text);
}

static const struct image_attach *attach(const struct image *image, const char *text, uint16_t port)
{
	struct prefix prefix = { .len = 0 };

	if (*text)
		prefix_parse(text, strlen(text), &prefix, NULL);
	for (size_t i = 0; i < image->attach_cnt; i++) {
		const struct sek_attach_key *key = &image->attaches[i].key;

		if (key->port == port && key->prefixlen == SEK_ATTACH_HEAD + (uint32_t)prefix.len &&
		    !memcmp(&key->addr, &prefix.addr, sizeof(prefix.addr)))
			return &image->attaches[i];
	}
	return NULL;
}

static void addresses_lead_to_tenants(void **state)
{
	struct policy *policy = parse(HEAD "host: {addresses: [10.0.0.1]}\n"
					   "tenants:\n" TENANT("a", "5", "10.0.0.0/16") "}\n" TENANT(
						   "b", "6", "\"::/1\"") "}\n");
	struct image *image = compile(policy);

	for (uint16_t port = 1; port <= 2; port++) {
		assert_int_equal(attach(image, "", port)->value.tenant, SEK_ATTACH_ANY);
		assert_int_equal(attach(image, "10.0.0.0/16", port)->value.tenant, 5);
		assert_int_equal(attach(image, "10.0.0.1", port)->value.tenant, 0);
		assert_int_equal(attach(image, "::/1", port)->value.tenant, 6);
		/* IPv4 lies within ::/1 in the trie only */
		assert_int_equal(attach(image, "0.0.0.0/0", port)->value.tenant, SEK_ATTACH_ANY);
	}
	assert_int_equal(image->attach_cnt, 10);
	image_free(image);
	policy_free(policy);
}

static void routers_stand_outside(void **state)
{
	struct policy *policy = parse(HEAD
				      "tenants:\n" TENANT("a", "5", "10.0.0.0/16") ", routers: "
										   "[10.0.0.1]}\n");
	struct image *image = compile(policy);

	assert_int_equal(attach(image, "10.0.0.1", 2)->value.tenant, SEK_ATTACH_ANY);
	assert_int_equal(attach(image, "10.0.0.1", 1)->value.tenant, SEK_ATTACH_ANY);
	assert_int_equal(attach(image, "10.0.0.0/16", 1)->value.tenant, 5);
	image_free(image);
	policy_free(policy);
}

static void equal_tables_are_shared(void **state)
{
	struct policy *policy = parse(HEAD "tenants:\n" TENANT(
		"a", "1", "10.0.0.0/16") "}\n" TENANT("b", "2", "10.1.0.0/16") "}\n");
	struct image *image = compile(policy);

	assert_int_equal(image->table_cnt, 1);
	assert_int_equal(image->tables[0].row[443], SEK_ROW_ALL);
	image_free(image);
	policy_free(policy);
}

static bool told(const json_t *changes, const char *line)
{
	size_t i;
	json_t *change;

	json_array_foreach(changes, i, change)
		if (!strcmp(json_string_value(change), line))
			return true;
	return false;
}

static void differences_are_told_by_meaning(void **state)
{
	struct policy *before = parse(
		HEAD
		"lists: [{name: l, id: 1, kind: block}]\n"
		"confirm: {checks: [{name: hop, ping: 192.0.2.1}]}\n"
		"tenants:\n" TENANT(
			"a", "1",
			"10.0.0.0/16") ", rate: {up: 1M},\n    rules: [\n"
				       "    {dir: out, proto: tcp, dport: 22, action: accept},\n"
				       "    {name: web, dir: out, proto: tcp, dport: 80, action: accept},\n"
				       "    {name: gone, dir: in, action: drop}]}\n" TENANT(
					       "b", "2", "10.1.0.0/16") "}\n");
	struct policy *same = parse(
		HEAD
		"lists: [{name: l, id: 1, kind: block}]\n"
		"groups: {g: 192.0.2.1}\n# a remark\n"
		"confirm: {within: 30s, checks: [{ping: 192.0.2.1, name: hop}]}\n"
		"tenants:\n" TENANT(
			"a", "1",
			"10.0.0.0/16") ", rate: {up: 1000k},\n    rules: [\n"
				       "    {dir: out, proto: [tcp], dport: [22], action: accept},\n"
				       "    {name: web, dir: out, proto: 6, dport: 80-80, action: accept},\n"
				       "    {name: gone, dir: in, src: any, action: drop}]}\n" TENANT(
					       "b", "2", "10.1.0.0/16") "}\n");
	struct policy *after = parse(
		HEAD
		"  - {name: dmz, id: 3, side: inside, mode: route}\n"
		"confirm: {within: 1m, checks: [{name: web, http: \"http://x/\", status: 200}]}\n"
		"tenants:\n" TENANT(
			"a", "1",
			"10.0.0.0/16") ", rate: {up: 2M},\n    rules: [\n"
				       "    {name: new, dir: in, proto: icmp, icmp: echo-request, action: accept},\n"
				       "    {dir: out, proto: tcp, dport: 22, action: accept},\n"
				       "    {name: web, dir: out, proto: tcp, dport: [80, 443], action: accept}]}\n" TENANT(
					       "c", "3",
					       "10.1.0.0/16") "}\n"
							      "assert: [{name: s, tenant: all, dir: out, "
							      "proto: tcp, dport: 23, expect: drop}]\n");
	json_t *none = policy_diff(before, same), *some = policy_diff(before, after);

	assert_int_equal(json_array_size(none), 0);
	assert_true(told(some, "port dmz: added"));
	assert_true(told(some, "list l: removed"));
	assert_true(told(some, "tenant b: removed"));
	assert_true(told(some, "tenant c: added, 0 rules"));
	assert_true(told(some, "tenant a: rate up 1Mbit/s (burst 300ms) → 2Mbit/s (burst 300ms)"));
	assert_true(told(some, "tenant a: rule gone removed (in any drop)"));
	assert_true(told(some, "tenant a: rule web out tcp to any port 80 accept → out tcp to any port "
			       "80,443 accept"));
	assert_true(told(some, "tenant a: rule new added (in icmp4,icmp6 icmp4 type 8 icmp6 type 128 "
			       "accept)"));
	assert_true(told(some, "confirm: checks within 30s, 3 attempts of 2s → within 60s, 3 attempts "
			       "of 2s"));
	assert_true(told(some, "check hop: removed"));
	assert_true(told(some, "check web: is none → http http://x/ status 200"));
	assert_true(told(some, "assertion s: is none → all: out tcp to any port 23 drop"));
	assert_int_equal(json_array_size(some), 12);
	json_decref(none);
	json_decref(some);
	policy_free(before);
	policy_free(same);
	policy_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_decides_as_the_model_does),
		cmocka_unit_test(spans_find_the_longest),
		cmocka_unit_test(full_policies_compile_soon),
		cmocka_unit_test(the_same_policy_gives_the_same_image),
		cmocka_unit_test(addresses_lead_to_tenants),
		cmocka_unit_test(routers_stand_outside),
		cmocka_unit_test(equal_tables_are_shared),
		cmocka_unit_test(differences_are_told_by_meaning),
	};

	return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
