// SPDX-License-Identifier: Apache-2.0
/*
 * policy/prove: what is said of all packets is held against every packet of a small world, whose
 * addresses, ports and types stand for all that its rules can tell apart; and, on the policy of Saga
 * with 1,000 rules a tenant, against packets drawn by lot.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "prove/meaning.h"
#include "prove/prove.h"
#include "unit/made.h"

#define POLICIES 60
#define RULES 14
#define ASSERTS 8

#define SAGA "policy/saga/saga.yaml"
#define SAGA_RULES 970 /* of each body, before those of the defaults */
#define SAGA_ASSERTS 50
#define SAGA_PACKETS 400 /* of each assertion and body */

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

/* --- a small world --- */

#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: in, id: 1, side: inside, mode: route}\n"                                       \
	"  - {name: out, id: 2, side: outside, mode: route}\n"                                     \
	"host: {addresses: [10.0.0.3], rules: [{action: accept, proto: tcp, dport: 3}]}\n"         \
	"tenants:\n"
#define BODY                                                                                       \
	"  - name: body\n    id: 5\n    attach: [{port: in}, {port: out}]\n"                       \
	"    prefixes: [10.0.0.0/30, \"2001:db8::/127\"]\n    routers: [10.0.0.1]\n"

#define ADDRESSES 8
static const char *const addresses[2][ADDRESSES] = {
	{ "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.5", "203.0.113.1", "8.8.8.8",
	  "127.0.0.1" },
	{ "2001:db8::", "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::5", "2001:dead::1",
	  "fd00::1", "::1" },
};
static const uint16_t ports[] = { 1, 2, 3, 4, 5, 65535 };
static const uint16_t kinds[] = { 0x0000, 0x0001, 0x0300, 0x0304, 0x0800, 0x0801, 0x8000, 0xc807 };
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, 50, 99 };

static void put_prefixes(FILE *out, const char *name)
{
	static const char *const prefixes[] = {
		"10.0.0.0/31",	   "10.0.0.2",	    "10.0.0.0/30",    "10.0.0.0/29",
		"10.0.0.4/30",	   "0.0.0.0/0",	    "2001:db8::/126", "2001:db8::1",
		"2001:db8::2/127", "2001:db8::/64", "::/0",	      "203.0.113.0/24",
		"10.0.0.3",	   "2001:dead::1",  "2001:dead::/32", "10.0.0.0",
	};
	unsigned int cnt = roll(3);

	for (unsigned int i = 0; i < cnt; i++)
		fprintf(out, "%s\"%s\"%s", i ? ", " : (fprintf(out, ", %s: [", name), ""),
			prefixes[roll(16)], i + 1 == cnt ? "]" : "");
}

static void put_ports(FILE *out, const char *name)
{
	unsigned int from = 1 + roll(5);

	if (chance(3))
		return;
	fprintf(out, chance(2) ? ", %s: %u" : ", %s: %u-%u", name, from, from + roll(6 - from));
}

static void put_match(FILE *out)
{
	static const char *const types[] = { "[0/1]", "[3]", "[0, 8/1]", "3/4", "8" };

	fputs(chance(2) ? ", dir: out" : ", dir: in", out);
	put_prefixes(out, "src");
	put_prefixes(out, "dst");
	switch (roll(6)) {
	case 0:
		fprintf(out, ", proto: %s", chance(2) ? "[tcp, 50]" : "icmp");
		break;
	case 1:
		fprintf(out, ", proto: icmp4, icmp: %s", types[roll(5)]);
		break;
	case 2:
		fprintf(out, ", proto: icmp6, icmp: [%u]", chance(2) ? 128u : 0u);
		break;
	case 3:
		break;
	default:
		fprintf(out, ", proto: %s", chance(2) ? "tcp" : "[udp, tcp]");
		put_ports(out, "dport");
		put_ports(out, "sport");
	}
}

static const char *const actions[] = { "accept", "drop", "reject", "inspect" };

static char *small_policy(unsigned int asserts)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fprintf(out, HEAD BODY "    fail: %s\n    default: {out: %s, in: %s}\n    rules:\n",
		chance(2) ? "open" : "closed", actions[roll(2)], actions[roll(3)]);
	for (unsigned int i = 0; i < RULES; i++) {
		fprintf(out, "      - {name: r%u, action: %s", i, actions[roll(4)]);
		put_match(out);
		fputs("}\n", out);
	}
	fputs("assert:\n", out);
	for (unsigned int i = 0; i < asserts; i++) {
		fprintf(out, "  - {name: a%u, tenant: body, expect: %s", i, actions[roll(2)]);
		put_match(out);
		fputs("}\n", out);
	}
	fclose(out);
	return text;
}

static struct sek_addr address(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

static bool owns(const struct model_tenant *tenant, const struct sek_addr *addr)
{
	for (size_t i = 0; i < tenant->router_cnt; i++)
		if (prefix_holds(&tenant->routers[i], addr))
			return false;
	for (size_t i = 0; i < tenant->prefix_cnt; i++)
		if (prefix_holds(&tenant->prefixes[i], addr))
			return true;
	return false;
}

static bool is_loopback(const struct sek_addr *addr)
{
	static const struct sek_addr v6 = { .b = { [15] = 1 } };

	return address_is_v4(addr) ? addr->b[12] == 127 : !memcmp(addr, &v6, sizeof(v6));
}

/* The gateway's own address in HEAD, in a prefix of the body. */
static bool is_host(const struct sek_addr *addr)
{
	return address_is_v4(addr) && addr->b[12] == 10 && !addr->b[13] && !addr->b[14] &&
	       addr->b[15] == 3;
}

/* Does the gateway ask the tenant's rules about it? */
static bool is_asked(const struct model_tenant *tenant, const struct model_probe *probe)
{
	if (is_loopback(&probe->src) || is_loopback(&probe->dst) || is_host(&probe->src) ||
	    is_host(&probe->dst))
		return false;
	if (probe->dir == SEK_OUT)
		return owns(tenant, &probe->src);
	return owns(tenant, &probe->dst) && !owns(tenant, &probe->src);
}

static enum sek_action action_of(const struct model_tenant *tenant, uint16_t rule)
{
	return rule < tenant->rule_cnt ? tenant->rules[rule].action
				       : tenant->default_action[rule - tenant->rule_cnt];
}

/* Calls with every packet of the world of one tenant. */
static void packets_each(uint16_t tenant, void (*each)(const struct model_probe *probe, void *arg),
			 void *arg)
{
	struct model_probe p = { .tenant = tenant };
	struct sek_addr addrs[2][ADDRESSES];

	for (int i = 0; i < 2 * ADDRESSES; i++)
		addrs[i % 2][i / 2] = address(addresses[i % 2][i / 2]);
	for (unsigned int n = 0; n < 4 * ADDRESSES * ADDRESSES * sizeof(protos); n++) {
		unsigned int family = n / 2 % 2;

		p.dir = (enum sek_dir)(n % 2);
		p.src = addrs[family][n / 4 % ADDRESSES];
		p.dst = addrs[family][n / (4 * ADDRESSES) % ADDRESSES];
		p.proto = protos[n / (4 * ADDRESSES * ADDRESSES)];
		p.sport = p.dport = 0;
		p.icmp_type = p.icmp_code = 0;
		if (p.proto == IPPROTO_TCP || p.proto == IPPROTO_UDP) {
			for (unsigned int k = 0; k < 36; k++) {
				p.sport = ports[k / 6];
				p.dport = ports[k % 6];
				each(&p, arg);
			}
		} else if (p.proto == (family ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
			for (unsigned int k = 0; k < 8; k++) {
				p.icmp_type = kinds[k] >> 8;
				p.icmp_code = kinds[k] & 0xff;
				each(&p, arg);
			}
		} else {
			each(&p, arg);
		}
	}
}

/* --- assertions --- */

static bool keeps(const struct model_assert *a, const struct model_tenant *tenant,
		  enum sek_action action)
{
	bool closed = tenant->limits.flags & SEK_TENANT_FAIL_CLOSED;

	if (action == SEK_INSPECT)
		return a->pass && !closed;
	return a->pass == (action == SEK_ACCEPT);
}

static bool describes(const struct model_assert *a, const struct model_probe *probe)
{
	for (size_t i = 0; i < a->set_cnt; i++)
		if (a->sets[i].dir == probe->dir && model_holds(&a->sets[i], probe))
			return true;
	return false;
}

/* What every packet says of the assertions. */
struct truth {
	const struct policy *policy;
	bool described[ASSERTS], broken[ASSERTS];
};

static void truth_add(const struct model_probe *probe, void *arg)
{
	struct truth *truth = arg;
	const struct model_tenant *tenant = policy_tenant_id(truth->policy, probe->tenant);
	enum sek_action action;

	if (!is_asked(tenant, probe))
		return;
	action = action_of(tenant, model_decide(truth->policy, probe));
	for (size_t i = 0; i < truth->policy->assert_cnt; i++) {
		const struct model_assert *a = &truth->policy->asserts[i];

		if (!describes(a, probe))
			continue;
		truth->described[i] = true;
		truth->broken[i] |= !keeps(a, tenant, action);
	}
}

/* The packet in "…through out tcp from A port P to B port Q". */
static struct model_probe packet_read(const char *text, uint16_t tenant)
{
	struct model_probe probe = { .tenant = tenant };
	char copy[400], *rest = copy, *word, *last = NULL;
	const char *from = strstr(text, " out "), *in = strstr(text, " in ");
	bool to = false;

	if (!from || (in && in > from && strstr(in, " from ")))
		from = in;
	assert_non_null(from);
	probe.dir = from[1] == 'o' ? SEK_OUT : SEK_IN;
	snprintf(copy, sizeof(copy), "%s", strchr(from + 1, ' ') + 1);
	word = strsep(&rest, " ");
	probe.proto = !strcmp(word, "tcp")     ? IPPROTO_TCP
		      : !strcmp(word, "udp")   ? IPPROTO_UDP
		      : !strcmp(word, "icmp4") ? IPPROTO_ICMP
		      : !strcmp(word, "icmp6") ? IPPROTO_ICMPV6
		      : !strcmp(word, "esp")   ? 50
					       : (uint8_t)strtoul(word, NULL, 10);
	for (; (word = strsep(&rest, " ")); last = word) {
		if (!last)
			continue;
		to |= !strcmp(last, "to");
		if (!strcmp(last, "from") || !strcmp(last, "to"))
			*(to ? &probe.dst : &probe.src) = address(word);
		else if (!strcmp(last, "port"))
			*(to ? &probe.dport : &probe.sport) = (uint16_t)strtoul(word, NULL, 10);
		else if (!strcmp(last, "type"))
			probe.icmp_type = (uint8_t)strtoul(word, NULL, 10);
		else if (!strcmp(last, "code"))
			probe.icmp_code = (uint8_t)strtoul(word, NULL, 10);
	}
	return probe;
}

static const struct diag_entry *find(const struct diag *diag, const char *fmt, const char *name)
{
	char text[100];

	snprintf(text, sizeof(text), fmt, name);
	for (size_t i = 0; i < diag->cnt; i++)
		if (strstr(diag->entries[i].text, text))
			return &diag->entries[i];
	return NULL;
}

/* The packet that is told must break it, and be decided by the rule that is told. */
static void packet_check(const struct policy *policy, const struct model_assert *a,
			 const struct model_tenant *tenant, const char *text)
{
	struct model_probe probe = packet_read(text, tenant->id);
	uint16_t rule = model_decide(policy, &probe);
	char name[100];

	snprintf(name, sizeof(name), "rule %s (", policy_rule_name(tenant, rule));
	if (!is_asked(tenant, &probe) || !describes(a, &probe) || !strstr(text, name) ||
	    keeps(a, tenant, action_of(tenant, rule)))
		fail_msg("no packet that breaks %s: %s", a->name, text);
}

static void assertions_hold_for_every_packet(void **state)
{
	unsigned int cnt[3] = { 0, 0, 0 };

	for (unsigned int seed = 0; seed < POLICIES; seed++) {
		struct truth truth = {};
		struct policy *policy;
		struct image *image;
		struct diag diag;
		char *text;

		dice = seed * 2654435761u + 1;
		text = small_policy(ASSERTS);
		truth.policy = policy = parse(text);
		image = compile(policy);
		packets_each(5, truth_add, &truth);
		diag_init(&diag);
		asserts_prove(policy, image, &diag);
		for (size_t i = 0; i < policy->assert_cnt; i++) {
			const struct model_assert *a = &policy->asserts[i];
			const struct diag_entry *broken =
				find(&diag, "assertion %s does not hold", a->name);
			const struct diag_entry *empty =
				find(&diag, "assertion %s describes no packet of body", a->name);

			if (!broken != !truth.broken[i] || !empty != truth.described[i])
				fail_msg("seed %u: %s: broken %d, described %d\n%s", seed, a->name,
					 truth.broken[i], truth.described[i], text);
			if (broken) {
				assert_int_equal(broken->line, a->place.line);
				packet_check(policy, a, &policy->tenants[1], broken->text);
			}
			cnt[broken ? 0 : empty ? 1 : 2]++;
		}
		diag_free(&diag);
		image_free(image);
		policy_free(policy);
		free(text);
	}
	print_message("# assertions: %u broken, %u empty, %u hold\n", cnt[0], cnt[1], cnt[2]);
	for (int i = 0; i < 3; i++)
		assert_true(cnt[i] > POLICIES / 4);
}

/* --- shadowed rules --- */

struct reached {
	const struct policy *policy;
	bool described[RULES], reached[RULES], takers[RULES][RULES];
	unsigned int cnt[2]; /* foreign, shadowed: as told */
	bool told[RULES];
};

static void reached_add(const struct model_probe *probe, void *arg)
{
	struct reached *r = arg;
	const struct model_tenant *tenant = policy_tenant_id(r->policy, probe->tenant);
	uint16_t first;

	if (!is_asked(tenant, probe))
		return;
	first = model_decide(r->policy, probe);
	for (size_t i = 0; i < tenant->rule_cnt; i++) {
		if (tenant->rules[i].dir != probe->dir || !model_holds(&tenant->rules[i], probe))
			continue;
		r->described[i] = true;
		r->reached[i] |= first == i;
		if (first < tenant->rule_cnt)
			r->takers[i][first] = true;
	}
}

static void shadow_check(const struct shadow *shadow, void *arg)
{
	struct reached *r = arg;
	size_t rule = shadow->rule, cnt = 0;

	if (!shadow->tenant->id)
		return;
	assert_false(r->reached[rule]);
	assert_int_equal(shadow->foreign, !r->described[rule]);
	for (size_t i = 0; i < RULES; i++)
		cnt += r->takers[rule][i];
	assert_int_equal(shadow->taker_cnt, cnt);
	for (size_t i = 0; i < shadow->taker_cnt; i++)
		assert_true(r->takers[rule][shadow->takers[i]]);
	r->told[rule] = true;
	r->cnt[!shadow->foreign]++;
}

static void shadowed_rules_are_found(void **state)
{
	unsigned int cnt[2] = { 0, 0 };

	for (unsigned int seed = 0; seed < POLICIES; seed++) {
		struct reached r = {};
		struct policy *policy;
		struct image *image;
		size_t open = 1;
		char *text;

		dice = seed * 2654435761u + 77;
		text = small_policy(0);
		r.policy = policy = parse(text);
		image = compile(policy);
		packets_each(5, reached_add, &r);
		assert_int_equal(shadows_find(policy, image, shadow_check, &r, &open), 0);
		assert_int_equal(open, 0);
		for (size_t i = 0; i < RULES; i++)
			assert_int_equal(r.told[i], !r.reached[i]);
		cnt[0] += r.cnt[0];
		cnt[1] += r.cnt[1];
		image_free(image);
		policy_free(policy);
		free(text);
	}
	print_message("# rules: %u foreign, %u shadowed\n", cnt[0], cnt[1]);
	assert_true(cnt[0] > POLICIES / 4 && cnt[1] > POLICIES / 4);
}

static void warnings_name_what_covers(void **state)
{
	struct policy *policy = parse(
		HEAD
		"  - {name: a, id: 1, attach: [{port: in}, {port: out}], prefixes: [10.0.0.0/16],\n"
		"     rules: [{name: low, dir: out, proto: tcp, dport: 1-10, action: drop},\n"
		"             {name: high, dir: out, proto: tcp, dport: 11-20, action: accept},\n"
		"             {name: all, dir: out, proto: tcp, dport: 5-15, action: drop},\n"
		"             {name: rest, dir: out, proto: tcp, dport: 5-21, action: drop}]}\n");
	struct image *image = compile(policy);
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(policy_prove(policy, image, &diag), 0);
	assert_int_equal(diag.cnt, 1);
	assert_int_equal(diag.entries[0].level, DIAG_WARNING);
	assert_int_equal(diag.entries[0].line, policy->tenants[1].rules[2].place.line);
	assert_string_equal(diag.entries[0].text,
			    "rule all of a never matches: low (t.yaml:8), high (t.yaml:9) take all its "
			    "packets");
	diag_free(&diag);
	image_free(image);
	policy_free(policy);
}

/* --- differences --- */

struct change {
	const struct policy *before, *after;
	const struct boxes *boxes;
	unsigned int cnt;
};

static enum sek_action answer(const struct policy *policy, const struct model_probe *probe)
{
	const struct model_tenant *tenant = policy_tenant_id(policy, probe->tenant);

	if (!tenant || !is_asked(tenant, probe))
		return 0;
	return action_of(tenant, model_decide(policy, probe));
}

static void change_check(const struct model_probe *probe, void *arg)
{
	struct change *c = arg;
	enum sek_action before = answer(c->before, probe), after = answer(c->after, probe);
	const struct box *in = NULL;
	unsigned int cnt = 0;

	if (!before && !after)
		return;
	for (size_t i = 0; i < c->boxes->cnt; i++)
		if (box_holds(&c->boxes->list[i], probe)) {
			in = &c->boxes->list[i];
			cnt++;
		}
	if ((before ? before : SEK_REFUSE) == (after ? after : SEK_REFUSE)) {
		assert_int_equal(cnt, 0);
		return;
	}
	if (!in || cnt != 1) {
		fail_msg("a packet that is answered otherwise lies in %u boxes", cnt);
		return;
	}
	assert_int_equal(in->before, before);
	assert_int_equal(in->after, after);
	c->cnt++;
}

/* Another rule in one's place, a rule less, two that change places; sometimes other prefixes. */
static char *changed(const char *text)
{
	static const char before[] = "prefixes: [10.0.0.0/30, \"2001:db8::/127\"]";
	static const char after[] = "prefixes: [10.0.0.0/31, \"2001:db8::/126\"]";
	unsigned int at = roll(RULES - 1), what = roll(4);
	char *out = NULL, head[32], next[32], *rule, *second, *end;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	snprintf(head, sizeof(head), "      - {name: r%u,", at);
	snprintf(next, sizeof(next), "      - {name: r%u,", at + 1);
	rule = strstr(text, head);
	second = strstr(text, next);
	end = strchr(second, '\n') + 1;
	if (what == 3) { /* of the same length */
		rule = strstr(text, before);
		fprintf(file, "%.*s%s%s", (int)(rule - text), text, after, rule + strlen(before));
	} else {
		fwrite(text, 1, (size_t)(rule - text), file);
		fwrite(second, 1, (size_t)(end - second), file);
		if (what == 0)
			fwrite(rule, 1, (size_t)(second - rule), file);
		if (what == 1) {
			fprintf(file, "%s action: %s", head, actions[roll(4)]);
			put_match(file);
			fputs("}\n", file);
		}
		fputs(end, file);
	}
	fclose(file);
	return out;
}

static void differences_are_all_and_only_these(void **state)
{
	unsigned int packets = 0, some = 0;
	size_t boxes_cnt = 0;

	for (unsigned int seed = 0; seed < POLICIES; seed++) {
		struct boxes boxes = {};
		struct change change = { .boxes = &boxes };
		struct policy *before, *after;
		struct image *x, *y;
		char *text, *other;
		size_t open = 1;

		dice = seed * 2654435761u + 777;
		text = small_policy(0);
		other = changed(text);
		change.before = before = parse(text);
		change.after = after = parse(other);
		x = compile(before);
		y = compile(after);
		assert_int_equal(meaning_find(before, x, after, y, &boxes, &open), 0);
		assert_int_equal(open, 0);
		assert_int_equal(boxes.more, 0);
		packets_each(5, change_check, &change);
		packets += change.cnt;
		some += change.cnt > 0;
		boxes_cnt += boxes.cnt;
		boxes_free(&boxes);
		image_free(x);
		image_free(y);
		policy_free(before);
		policy_free(after);
		free(text);
		free(other);
	}
	print_message("# %u changes: %u packets in %zu boxes\n", some, packets, boxes_cnt);
	assert_true(some > POLICIES / 4);
}

#define WORDS(ports, more_a, more_b)                                                               \
	"version: 1\n"                                                                             \
	"ports: [{name: in, id: 1, side: inside, mode: route},\n"                                  \
	"  {name: out, id: 2, side: outside, mode: route}]\n"                                      \
	"host: {addresses: [192.0.2.1]}\n"                                                         \
	"defaults: {rules: [{dir: out, proto: tcp, dport: " ports ", action: accept}]}\n"          \
	"tenants:\n"                                                                               \
	"  - {name: a, id: 1, attach: [{port: in}, {port: out}], prefixes: [10.1.0.0/16,\n"        \
	"     \"2001:db8:1::/48\"], routers: [10.1.0.1], rules: [{dir: in, proto: icmp,\n"         \
	"     icmp: echo-request, dst: 10.1.0.0/25, action: drop}" more_a "]}\n"                   \
	"  - {name: b, id: 2, attach: [{port: in}, {port: out}], prefixes: [10.2.0.0/16],\n"       \
	"     rules: [" more_b "]}\n"

static void differences_are_few_words(void **state)
{
	static const char *const lines[] = {
		"opened for all bodies: out tcp to any port 443 (reject → accept)",
		"opened for a: in 0,2-255 from 203.0.113.0-203.0.113.5 to 10.1.0.2-10.1.0.128 "
		"(drop → accept)",
		"opened for a: in icmp4 icmp4 type 0-7,9-255 from 203.0.113.0-203.0.113.5 to "
		"10.1.0.2-10.1.0.128 (drop → accept)",
		"opened for a: in icmp4 icmp4 type 8 from 203.0.113.0-203.0.113.5 to 10.1.0.128 "
		"(drop → accept)",
		"otherwise for b: out udp to any port 53 (reject → drop)",
	};
	struct policy *before = parse(WORDS("80", "", ""));
	struct policy *after =
		parse(WORDS("[80, 443]",
			    ", {dir: in, src: [203.0.113.0/30, 203.0.113.4/31], dst: [10.1.0.2/31, "
			    "10.1.0.4/30, 10.1.0.8/29, 10.1.0.16/28, 10.1.0.32/27, 10.1.0.64/26, "
			    "10.1.0.128], action: accept}",
			    "{dir: out, proto: udp, dport: 53, action: drop}"));
	struct image *x = compile(before), *y = compile(after);
	json_t *meaning = policy_meaning(before, x, after, y, 40), *row;
	size_t i;

	json_array_foreach(json_object_get(meaning, "packets"), i, row) {
		print_message("# %s\n", json_string_value(json_object_get(row, "text")));
		assert_in_range(i, 0, 4);
		assert_string_equal(json_string_value(json_object_get(row, "text")), lines[i]);
	}
	assert_int_equal(i, 5);
	json_decref(meaning);
	image_free(x);
	image_free(y);
	policy_free(before);
	policy_free(after);
}

/* --- the policy of Saga, full --- */

static char *file_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;

	assert_non_null(file);
	assert_true(getdelim(&text, &len, '\0', file) > 0);
	fclose(file);
	return text;
}

/* A rule of a body as one finds them: from a part of it, to somewhere, a few ports. */
static void put_saga_rule(FILE *out, unsigned int body, unsigned int n)
{
	bool inward = chance(4);

	fprintf(out, "      - {name: s%u, dir: %s, action: %s, ", n, inward ? "in" : "out",
		actions[roll(3)]);
	if (chance(2))
		fprintf(out, "%s: 10.%u.%u.0/%u, ", inward ? "dst" : "src", body, roll(8) * 32,
			19 + roll(6));
	fprintf(out, "%s: %u.%u.%u.0/%u, ", inward ? "src" : "dst", 192 + roll(4), roll(200),
		roll(250), 16 + roll(9));
	if (chance(6))
		fputs("proto: udp", out);
	else
		fprintf(out, "proto: tcp, dport: [%u, %u-%u]", 1 + roll(1000), 2000 + roll(100),
			2100 + roll(900));
	fputs("}\n", out);
}

static void put_saga_assert(FILE *out, unsigned int n)
{
	fprintf(out, "  - {name: p%u, tenant: all, expect: %s, dir: %s, ", n,
		chance(3) ? "accept" : "drop", chance(4) ? "in" : "out");
	switch (roll(4)) {
	case 0:
		fprintf(out, "proto: tcp, dport: %u}\n", 1 + roll(3000));
		break;
	case 1:
		fprintf(out, "dst: %u.%u.0.0/16}\n", 192 + roll(4), roll(200));
		break;
	case 2:
		fprintf(out, "dst: [mail-relay, dns], service: mail, sport: %u-65535}\n", roll(2000));
		break;
	default:
		fprintf(out, "src: %u.%u.0.0/15, proto: udp, dport: 1-500}\n", 10 + roll(2) * 188,
			roll(20));
	}
}

static char *saga_full(void)
{
	char *file = file_read(SAGA), *next = file, *at, *text = NULL;
	static const char word[] = "    rules:\n";
	unsigned int body = 1;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (; (at = strstr(next, word)); body++) {
		at += strlen(word);
		fwrite(next, 1, (size_t)(at - next), out);
		for (unsigned int i = 0; i < SAGA_RULES; i++)
			put_saga_rule(out, body, i);
		next = at;
	}
	assert_int_equal(body, 22);
	at = strstr(next, "\nassert:");
	fwrite(next, 1, at ? (size_t)(at + 1 - next) : strlen(next), out);
	fputs("assert:\n", out);
	for (unsigned int i = 0; i < SAGA_ASSERTS; i++)
		put_saga_assert(out, i);
	fclose(out);
	free(file);
	return text;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sek_addr lot_in(const struct prefix *prefix)
{
	struct sek_addr addr = prefix->addr;

	for (unsigned int bit = prefix->len; bit < 128; bit++)
		if (chance(2))
			addr.b[bit / 8] |= (uint8_t)(1u << (7 - bit % 8));
	return addr;
}

static struct sek_addr lot_of(const struct model_end *end, const struct model_tenant *tenant)
{
	static const struct prefix v4 = { .addr.b = { [10] = 0xff, [11] = 0xff }, .len = 96 };

	if (end->prefix_cnt)
		return lot_in(&end->prefixes[roll((uint32_t)end->prefix_cnt)]);
	return lot_in(chance(2) ? &tenant->prefixes[roll((uint32_t)tenant->prefix_cnt)] : &v4);
}

/* A packet that the assertion may describe. */
static struct model_probe lot(const struct model_assert *a, const struct model_tenant *tenant)
{
	const struct model_rule *set = &a->sets[roll((uint32_t)a->set_cnt)];
	struct model_probe p = { .tenant = tenant->id, .dir = set->dir };
	const struct model_range *dport =
		set->dst.port_cnt ? &set->dst.ports[roll((uint32_t)set->dst.port_cnt)] : NULL;

	p.proto = set->any_proto || set->protos[0] >> 6 & 1 ? IPPROTO_TCP : IPPROTO_UDP;
	p.src = lot_of(&set->src, tenant);
	p.dst = lot_of(&set->dst, tenant);
	p.sport = (uint16_t)(1 + roll(65535));
	p.dport = dport ? (uint16_t)(dport->from + roll(dport->to - dport->from + 1U))
			: (uint16_t)(1 + roll(3000));
	return p;
}

static void lots_check(const struct policy *policy, const struct model_assert *a,
		       const struct model_tenant *tenant, bool broken)
{
	for (unsigned int i = 0; i < SAGA_PACKETS && !broken; i++) {
		struct model_probe p = lot(a, tenant);

		if (address_is_v4(&p.src) == address_is_v4(&p.dst) && is_asked(tenant, &p) &&
		    describes(a, &p) &&
		    !keeps(a, tenant, action_of(tenant, model_decide(policy, &p))))
			fail_msg("%s of %s is said to hold, but a packet breaks it", a->name,
				 tenant->name);
	}
}

/* Whose packet it is: "…hold: NAME expects…". */
static const struct model_tenant *tenant_told(const struct policy *policy, const char *text)
{
	const char *name = strstr(text, "hold: ");
	char copy[100];

	assert_non_null(name);
	snprintf(copy, sizeof(copy), "%s", name + strlen("hold: "));
	copy[strcspn(copy, " ")] = 0;
	assert_non_null(policy_tenant(policy, copy));
	return policy_tenant(policy, copy);
}

static struct policy *saga_parse(const char *text)
{
	struct policy *policy;
	struct diag diag;

	diag_init(&diag);
	policy = policy_parse(text, strlen(text), SAGA, "policy/saga/", &diag);
	diag_free(&diag);
	assert_non_null(policy);
	return policy;
}

static void saga_is_proved_soon(void **state)
{
	struct policy *policy;
	struct image *image;
	struct diag diag;
	size_t broken = 0;
	double from, to;
	char *text;

	dice = 20261129;
	text = saga_full();
	policy = saga_parse(text);
	image = compile(policy);
	diag_init(&diag);
	from = cpu_seconds();
	asserts_prove(policy, image, &diag);
	to = cpu_seconds();
	print_message("# %d assertions on %zu rules of %zu bodies: %.3f s under sanitizers\n",
		      SAGA_ASSERTS, image->rule_cnt, policy->tenant_cnt - 1, to - from);
	for (size_t i = 0; i < policy->assert_cnt; i++) {
		const struct model_assert *a = &policy->asserts[i];
		const struct diag_entry *e = find(&diag, "assertion %s does not hold", a->name);

		if (e)
			packet_check(policy, a, tenant_told(policy, e->text), e->text);
		for (size_t n = 1; n < policy->tenant_cnt; n++)
			lots_check(policy, a, &policy->tenants[n], e != NULL);
		broken += e != NULL;
	}
	print_message("# %zu of them are broken\n", broken);
	assert_in_range(broken, 1, SAGA_ASSERTS - 1);
	diag_free(&diag);
	image_free(image);
	policy_free(policy);
	free(text);
}

static char *put_before(const char *text, const char *mark, const char *line)
{
	const char *at = strstr(text, mark);
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	assert_non_null(at);
	fprintf(file, "%.*s%s%s", (int)(at - text), text, line, at);
	fclose(file);
	return out;
}

/* Packets by lot: they are answered otherwise exactly when they are in a box. */
static void saga_differs_as_packets_say(void **state)
{
	struct boxes boxes = {};
	struct change change = { .boxes = &boxes };
	struct model_assert anything = { .set_cnt = 1 };
	struct model_rule set = { .any_proto = true };
	struct policy *before, *after;
	struct image *x, *y;
	char *text, *other;
	size_t open = 1;
	double from;

	dice = 4711;
	text = saga_full();
	other = put_before(text, "      - {name: s20,",
			   "      - {name: new, dir: out, src: 10.1.64.0/18, dst: [192.0.0.0/13, "
			   "195.7.0.0/16], proto: tcp, dport: 1-300, action: accept}\n");
	change.before = before = saga_parse(text);
	change.after = after = saga_parse(other);
	x = compile(before);
	y = compile(after);
	from = cpu_seconds();
	assert_int_equal(meaning_find(before, x, after, y, &boxes, &open), 0);
	print_message("# a rule more among %zu: %zu boxes and %llu more, %.3f s under sanitizers\n",
		      y->rule_cnt, boxes.cnt, (unsigned long long)boxes.more, cpu_seconds() - from);
	assert_int_equal(open, 0);
	anything.sets = &set;
	for (unsigned int i = 0; i < SAGA_PACKETS * 50; i++) {
		struct model_probe p =
			lot(&anything, &after->tenants[1 + (chance(9) ? roll(21) : 0)]);

		p.dst.b[12] = (uint8_t)(chance(2) ? 192 : p.dst.b[12]);
		p.dst.b[13] &= chance(2) ? 7 : 255;
		p.dport = (uint16_t)(1 + roll(400));
		if (address_is_v4(&p.src) && address_is_v4(&p.dst))
			change_check(&p, &change);
	}
	print_message("# %u packets by lot are answered otherwise\n", change.cnt);
	assert_true(change.cnt > 0);
	boxes_free(&boxes);
	image_free(x);
	image_free(y);
	policy_free(before);
	policy_free(after);
	free(text);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assertions_hold_for_every_packet),
		cmocka_unit_test(shadowed_rules_are_found),
		cmocka_unit_test(warnings_name_what_covers),
		cmocka_unit_test(differences_are_all_and_only_these),
		cmocka_unit_test(differences_are_few_words),
		cmocka_unit_test(saga_is_proved_soon),
		cmocka_unit_test(saga_differs_as_packets_say),
	};

	return cmocka_run_group_tests_name("prove", tests, NULL, NULL);
}
