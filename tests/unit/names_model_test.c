// SPDX-License-Identifier: Apache-2.0
/*
 * What a policy says of names: hours of the week, what is read and each kind of error with its place,
 * profiles phase by phase, and differences.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile/names.h"
#include "compile/spell.h"
#include "text/week.h"
#include "unit/made.h"

#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: in, id: 1, side: inside, mode: route}\n"                                       \
	"  - {name: out, id: 2, side: outside, mode: route}\n"                                     \
	"lists:\n"                                                                                 \
	"  - {name: drop, id: 0, kind: block}\n"                                                   \
	"  - {name: bad, id: 0, holds: names, kind: block}\n"                                      \
	"  - {name: fun, id: 1, holds: names, kind: block}\n"                                      \
	"  - {name: good, id: 63, holds: names, kind: allow}\n"
#define BY_TC                                                                                      \
	"version: 1\nports:\n"                                                                     \
	"  - {name: in, id: 1, side: inside, mode: route, hook: tc}\n"                             \
	"  - {name: out, id: 2, side: outside, mode: route}\n"                                     \
	"lists:\n  - {name: fun, id: 1, holds: names, kind: block}\n"
#define SINK "names: {sinkhole: {ipv4: 192.0.2.10, ipv6: \"2001:db8::10\", ttl: 30s}}\n"
#define TENANT(rest)                                                                               \
	"tenants:\n  - {name: a, id: 1, attach: [{port: in}, {port: out}], "                       \
	"prefixes: [10.0.0.0/16, \"2001:db8::/48\"], " rest "}\n"
/* Its settings of names begin in line 11, column 107. */
#define NAMES(rest) HEAD TENANT("names: {" rest "}")
#define GROUP(rest) HEAD TENANT("names: {groups: [{name: g, " rest "}]}")

static const struct hours_row {
	const char *text, *as; /* as: printed; or what is wrong */
	bool wrong;
} hours_rows[] = {
	{ "Mon-Fri 08:30-17:15", "Mon-Fri 08:30-17:15", false },
	{ "mon,WED,Fri", "Mon,Wed,Fri", false },
	{ "月-金 12:00-13:00", "Mon-Fri 12:00-13:00", false },
	{ "12:00-13:00", "Mon-Sun 12:00-13:00", false },
	{ "daily 12:00-13:00,12:30-13:30", "Mon-Sun 12:00-13:30", false },
	{ "Fri 22:00-02:00", "Fri 22:00-24:00; Sat 00:00-02:00", false },
	{ "Sun 23:45-00:15", "Mon 00:00-00:15; Sun 23:45-24:00", false },
	{ "Sat-Mon", "Mon,Sat-Sun", false },
	{ "Mon 08:00-12:00; Sat", "Mon 08:00-12:00; Sat", false },
	{ "Mon 00:00-24:00", "Mon", false },
	{ "daily", "Mon-Sun", false },
	{ "Mon-Fri 08:31-17:15", "quarters", true },
	{ "Mon-Fri 8:30-17:15", "two digits", true },
	{ "Mon-Fri 08:30", "begin and end", true },
	{ "Mon-Fri 24:15-25:00", "24:00", true },
	{ "Mon-Fri 08:30-08:30", "begin where they end", true },
	{ "Mon-Fri 24:00-08:30", "begin where they end", true },
	{ "Mon-Fri 08:30-17:15 x", "a blank", true },
	{ "Monday", "two digits", true },
	{ "Mo-Fri", "days are", true },
	{ "Mon- 08:00-09:00", "days are", true },
	{ "", "days are", true },
	{ "everyday", "days are", true },
};

static void hours_are_read(void **state)
{
	for (size_t i = 0; i < sizeof(hours_rows) / sizeof(hours_rows[0]); i++) {
		const struct hours_row *row = &hours_rows[i];
		struct week week = {}, none = {};
		const char *wrong = week_parse(row->text, &week);
		char text[WEEK_TEXT_MAX];

		print_message("# %s\n", row->text);
		assert_int_equal(wrong != NULL, row->wrong);
		if (wrong) {
			assert_non_null(strstr(wrong, row->as));
			assert_memory_equal(&week, &none, sizeof(week));
		} else {
			assert_string_equal(week_print(&week, text), row->as);
		}
	}
}

/* Whatever the hours, their text reads back to them. */
static void hours_read_back(void **state)
{
	char text[WEEK_TEXT_MAX];

	srandom(6);
	for (unsigned int round = 0; round < 500; round++) {
		struct week week = {}, back = {};

		for (unsigned int quarter = 0; quarter < SEK_NAME_QUARTERS; quarter++)
			if (round < 250 ? random() & 1 : random() % 100 < (long)(round - 250) / 3)
				week.quarters[quarter / 8] |= (uint8_t)(1U << quarter % 8);
		week_print(&week, text);
		if (!*text)
			continue; /* none at all */
		assert_null(week_parse(text, &back));
		assert_memory_equal(&week, &back, sizeof(week));
	}
}

static void hours_are_found(void **state)
{
	struct week week = {};

	assert_null(week_parse("Fri 22:00-02:00", &week));
	assert_false(week_has(&week, week_quarter(4, 21, 59)));
	assert_true(week_has(&week, week_quarter(4, 22, 0)));
	assert_true(week_has(&week, week_quarter(5, 1, 59)));
	assert_false(week_has(&week, week_quarter(5, 2, 0)));
	assert_false(week_has(&week, SEK_NAME_QUARTERS));
	assert_false(week_is_full(&week));
	week_fill(&week);
	assert_true(week_is_full(&week));
}

static const struct row {
	const char *text;
	uint32_t line, column; /* 0: any */
	const char *error, *hint;
} rows[] = {
	{ HEAD "  - {name: x, id: 64, holds: names, kind: block}\n", 10, 19, "it must be 0 to 63",
	  NULL },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: allow, answers: own}\n", 10, 0,
	  "what a list of kind allow has is answered by its server", "own answers" },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: block, answers: theirs}\n", 10, 0,
	  "unknown word \"theirs\"", "policy" },
	{ HEAD "  - {name: x, id: 2, holds: urls, kind: block}\n", 10, 29, "unknown word \"urls\"",
	  "names" },
	{ HEAD "  - {name: drop, id: 2, holds: names, kind: block}\n", 10, 5,
	  "the name of a list is there twice; first in t.yaml:6", NULL },
	{ HEAD "  - {name: bad, id: 2, holds: names, kind: block}\n", 10, 5,
	  "the name of a list is there twice; first in t.yaml:7", NULL },
	{ HEAD "  - {name: x, id: 1, holds: names, kind: block}\n", 10, 5,
	  "the id of a list of names is there twice", NULL },
	{ HEAD "  - {name: x, id: 2, kind: block, url: \"http://x/\"}\n", 10, 40,
	  "http without TLS", "insecure: yes" },
	{ HEAD "  - {name: x, id: 2, kind: block, url: \"https://x/\", source: y}\n", 10, 62,
	  "a source or fetched from a url, not both", NULL },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: block, url: ftp://x/}\n", 10, 54,
	  "no URL of http or https", NULL },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: block, url: \"https:///x\"}\n", 10, 54,
	  "no URL of http or https", NULL },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: block, refresh: 1h}\n", 10, 58,
	  "\"refresh\" without a url", "url:" },
	{ HEAD "  - {name: x, id: 2, kind: block, proxy: \"http://p/\"}\n", 10, 42,
	  "\"proxy\" without a url", "url:" },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: block, url: \"https://x/\", "
	       "refresh: 1m}\n",
	  10, 77, "every 5m", NULL },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: block, url: \"https://x/\", "
	       "sha256: 12}\n",
	  10, 76, "no SHA-256 sum", NULL },
	{ HEAD "  - {name: x, id: 2, holds: names, kind: block, url: \"https://x/\", "
	       "signature: \"https://x/s\"}\n",
	  10, 5, "a signature and its key go together", "key:" },
	{ HEAD "names: {sinkhole: {ipv4: \"2001:db8::1\"}}\n", 10, 26, "is no IPv4 address", NULL },
	{ HEAD "names: {sinkhole: {ipv6: 192.0.2.1}}\n", 10, 26, "is no IPv6 address", NULL },
	{ HEAD "names: {sinkhole: {ipv4: 192.0.2.0/24}}\n", 10, 26, "is no IPv4 address", NULL },
	{ HEAD "names: {sinkhole: {ttl: 1m}}\n", 10, 19, "a sinkhole needs an address", NULL },
	{ HEAD "names: {page: {help_desk: x}}\n", 10, 8, "a page that listens nowhere", "sinkhole" },
	{ HEAD "names: {page: {listen: [192.0.2.1:0]}}\n", 10, 25, "no address to listen at", NULL },
	{ HEAD "names: {page: {listen: [\"[2001:db8::1]x\"]}}\n", 10, 25, "no address to listen at",
	  NULL },
	{ HEAD "names: {page: {listen: www.example}}\n", 10, 24, "no address to listen at", NULL },
	{ HEAD "names: {mode: block}\n", 10, 9, "unknown key \"mode\"", "sinkhole" },
	{ NAMES("block: [elsewhere]"), 11, 115, "unknown list \"elsewhere\"", "holds: names" },
	{ NAMES("block: [bda]"), 11, 115, "unknown list \"bda\"", "\"bad\"" },
	{ NAMES("block: [drop]"), 11, 115, "\"drop\" is a list of addresses, not of names", "lists:" },
	{ NAMES("block: [good]"), 11, 115, "\"good\" is a list of kind allow", "allow:" },
	{ NAMES("allow: [bad]"), 11, 115, "\"bad\" is a list of kind block", "block: or inspect:" },
	{ HEAD TENANT("lists: {block: [bad]}"), 11, 115,
	  "\"bad\" is a list of names, not of addresses", "names:" },
	{ NAMES("block: [{lists: [fun]}]"), 11, 115, "\"when\" is missing", NULL },
	{ NAMES("block: [{when: Mon}]"), 11, 115, "\"lists\" is missing", NULL },
	{ NAMES("block: [{lists: [fun], when: Mon 08:10-09:00}]"), 11, 136,
	  "\"Mon 08:10-09:00\" is no time of the week", "00, 15, 30 or 45" },
	{ NAMES("mode: white"), 11, 113, "unknown word \"white\"", "only-listed" },
	{ NAMES("answer: sinkhole"), 11, 106, "the policy has no sinkhole address", "sinkhole:" },
	{ NAMES("ech: on"), 11, 112, "unknown word \"on\"", "strip" },
	{ HEAD TENANT("names: none"), 11, 106, "unknown word \"none\"", "off" },
	{ HEAD "defaults: {names: {groups: [{name: g, addresses: 10.0.0.1}]}}\n", 10, 28,
	  "defaults have no groups of addresses", NULL },
	{ GROUP("addresses: 10.1.0.0/24"), 11, 0, "10.1.0.0/24 of group g is no address of a", NULL },
	{ GROUP("addresses: []"), 11, 0, "addresses is empty", NULL },
	{ GROUP("mode: block"), 11, 0, "\"addresses\" is missing", NULL },
	{ GROUP("addresses: 10.0.1.0/24}, {name: h, addresses: 10.0.1.9"), 11, 0,
	  "groups g and h overlap at 10.0.1.9", "one group" },
	{ GROUP("addresses: 10.0.1.0/24}, {name: g, addresses: 10.0.2.0/24"), 11, 0,
	  "the name of a group is there twice", NULL },
	{ GROUP("addresses: 10.0.1.0/24, groups: []"), 11, 0, "unknown key \"groups\"", NULL },
	{ SINK HEAD SINK, 0, 0, "\"names\" is given twice", NULL },
};

static const struct diag_entry *find(const struct diag *diag, const char *part)
{
	for (size_t i = 0; i < diag->cnt; i++)
		if (strstr(diag->entries[i].text, part))
			return &diag->entries[i];
	return NULL;
}

static void errors_have_a_place(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct diag_entry *entry;
		struct policy *policy;
		struct diag diag;

		diag_init(&diag);
		policy = policy_parse(row->text, strlen(row->text), "t.yaml", NULL, &diag);
		entry = find(&diag, row->error);
		if (!entry || policy)
			diag_print(&diag, stderr);
		print_message("# %s\n", row->error);
		assert_null(policy);
		assert_non_null(entry);
		if (row->line)
			assert_int_equal(entry->line, row->line);
		if (row->column)
			assert_int_equal(entry->column, row->column);
		if (row->hint)
			assert_non_null(strstr(entry->hint, row->hint));
		diag_free(&diag);
	}
}

#define PAGE(rest) "names: {sinkhole: {ipv4: 192.0.2.10, ttl: 30s}, page: {}}\n" rest
#define HOST(rules) "host: {addresses: [192.0.2.10], rules: [" rules "]}\n"
#define WEB_RULE "{proto: tcp, dport: 80, action: accept}"
#define TLS_RULE "{proto: tcp, dport: 443, action: reject}"
#define TAKES_ALL "lists: {block: drop}, names: {block: [bad, fun], allow: good, answer: sinkhole}"

/* What is right by itself and does not do what it seems to; warning NULL: nothing is to be said. */
static const struct {
	const char *text, *warning, *hint;
} doubts[] = {
	{ HEAD PAGE(HOST(WEB_RULE ", " TLS_RULE)) TENANT(TAKES_ALL), NULL, NULL },
	{ HEAD PAGE(HOST(TLS_RULE)) TENANT(TAKES_ALL),
	  "no rule of the host accepts TCP port 80 of 192.0.2.10", "dport: 80, action: accept" },
	{ HEAD PAGE(HOST(WEB_RULE)) TENANT(TAKES_ALL),
	  "no rule of the host rejects TCP port 443 of 192.0.2.10", "dport: 443, action: reject" },
	{ HEAD PAGE(HOST("{proto: tcp, dst: 192.0.2.11, action: accept}")) TENANT(TAKES_ALL),
	  "nobody sees the block page", NULL },
	{ HEAD PAGE(HOST("{proto: tcp, dport: 1-100, action: drop}, " WEB_RULE)) TENANT(TAKES_ALL),
	  "nobody sees the block page", NULL },
	{ HEAD PAGE("host: {rules: [" WEB_RULE ", " TLS_RULE "]}\n") TENANT(TAKES_ALL),
	  "the sinkhole 192.0.2.10 is no address of the host", "host: addresses" },
	{ HEAD "names: {sinkhole: {ipv4: 192.0.2.10}}\n" HOST(TLS_RULE) TENANT(TAKES_ALL),
	  "the sinkhole 192.0.2.10 is the gateway's own address", "page: {}" },
	{ HEAD "names: {sinkhole: {ipv4: 192.0.2.10}}\n" TENANT(TAKES_ALL), NULL, NULL },
	{ HEAD "names: {sinkhole: {ipv4: 10.0.0.9}}\n" TENANT(TAKES_ALL),
	  "the sinkhole 10.0.0.9 is an address of tenant a", "nobody's prefixes" },
	{ HEAD PAGE(HOST(WEB_RULE ", " TLS_RULE))
		  TENANT("lists: {block: drop}, names: {block: [bad, fun], allow: good}"),
	  "nobody is led to the block page", "answer: sinkhole" },
	{ HEAD TENANT(
		  "lists: {block: drop}, names: {block: [bad, fun], allow: good, mode: only-listed}"),
	  "TLS that names no host passes all the same", "nameless: block" },
	{ HEAD TENANT("lists: {block: drop}, names: {block: [bad, fun], allow: good, mode: "
		      "only-listed, nameless: block}"),
	  NULL, NULL },
	{ HEAD TENANT("lists: {block: drop}, names: {block: bad, allow: good}"),
	  "no tenant takes the list fun", "inspect: in names:" },
	{ HEAD TENANT("names: {block: [bad, fun], allow: good}"), "no tenant takes the list drop",
	  "lists: {block:" },
	{ BY_TC TENANT("names: {inspect: fun}"), "port in is served by TC", "hook: xdp" },
	{ BY_TC TENANT("names: {inspect: fun}, fail: closed"), "falls (fail: closed)", NULL },
	{ BY_TC TENANT("rules: [{dir: out, proto: tcp, action: inspect}]"), "passes (fail: open)",
	  NULL },
	{ HEAD TENANT("names: {inspect: fun}, inspect: off"),
	  "names of a are to be inspected, and inspect: off", "block:" },
};

static void doubts_are_told(void **state)
{
	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
		const struct diag_entry *entry;
		struct policy *policy;
		struct diag diag;

		diag_init(&diag);
		policy = policy_parse(doubts[i].text, strlen(doubts[i].text), "t.yaml", NULL, &diag);
		print_message("# %s\n", doubts[i].warning ? doubts[i].warning : "nothing");
		entry = doubts[i].warning ? find(&diag, doubts[i].warning) : NULL;
		if (!policy || !entry != !doubts[i].warning)
			diag_print(&diag, stderr);
		assert_non_null(policy);
		if (!doubts[i].warning)
			assert_int_equal(diag.cnt, 0);
		else
			assert_non_null(entry);
		if (entry) {
			assert_int_equal(entry->level, DIAG_WARNING);
			assert_true(entry->line > 0);
			assert_non_null(entry->hint);
			assert_non_null(strstr(entry->hint, doubts[i].hint ? doubts[i].hint : ""));
		}
		policy_free(policy);
		diag_free(&diag);
	}
}

static void lists_hold_names(void **state)
{
	struct policy *policy = parse(
		HEAD "  - {name: x, id: 2, holds: names, kind: block, category: c, title: 題, "
		     "format: hosts, url: \"https://x/l\", refresh: 6h, max: 64M, "
		     "sha256: \"https://x/s\", signature: \"https://x/l.sig\", key: /etc/k.pem, "
		     "proxy: \"http://p:3128/\", private: yes, reserved: yes}\n"
		     "  - {name: y, id: 3, holds: names, kind: block, format: auto, url: "
		     "\"https://y/\"}\n");
	const struct model_name_list *list = policy_name_list(policy, "x");

	assert_int_equal(policy->list_cnt, 1);
	assert_int_equal(policy->name_list_cnt, 5);
	assert_null(policy_list(policy, "x"));
	assert_non_null(list);
	assert_ptr_equal(policy_name_list_id(policy, 2), list);
	assert_string_equal(list->format, "hosts");
	assert_string_equal(list->feed.url, "https://x/l");
	assert_int_equal(list->feed.refresh_s, 21600);
	assert_int_equal(list->feed.max_bytes, 64000000);
	assert_string_equal(list->feed.sha256, "https://x/s");
	assert_string_equal(list->feed.key, "/etc/k.pem");
	assert_string_equal(list->feed.proxy, "http://p:3128/");
	assert_true(list->feed.private && list->feed.reserved && !list->feed.insecure);
	list = policy_name_list(policy, "y");
	assert_null(list->format);
	assert_int_equal(list->feed.refresh_s, 86400);
	policy_free(policy);
}

#define DEFAULTS                                                                                   \
	"defaults: {names: {block: [bad], answer: sinkhole, ech: strip, quic: refuse, "            \
	"help_desk: x}}\n"

static struct sek_addr address(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

static void groups_inherit(void **state)
{
	struct policy *policy = parse(HEAD SINK DEFAULTS TENANT(
		"names: {block: [bad, {lists: fun, when: Mon-Fri 08:30-17:15}], groups: ["
		"{name: kids, addresses: [10.0.5.0/24, \"2001:db8:0:5::/64\"], mode: only-listed, "
		"allow: good, block: ~}]}"));
	const struct model_tenant *tenant = policy_tenant(policy, "a");
	struct sek_addr in = address("10.0.5.9"), in6 = address("2001:db8:0:5::1"),
			out = address("10.0.6.9");
	const struct model_name_group *group;
	const struct model_names *names = policy_names_at(tenant, &in, &group);

	assert_non_null(group);
	assert_string_equal(group->name, "kids");
	assert_ptr_equal(policy_name_group(tenant, "kids"), group);
	assert_ptr_equal(policy_names_at(tenant, &in6, NULL), names);
	assert_ptr_equal(policy_names_at(tenant, &out, &group), &tenant->names);
	assert_null(group);
	assert_int_equal(names->mode, NAMES_ONLY_LISTED);
	assert_int_equal(names->taking_cnt[USE_BLOCK], 1); /* canaries */
	assert_int_equal(names->answer, ANSWER_SINKHOLE);
	assert_int_equal(names->quic, HIDDEN_REFUSE);
	assert_int_equal(names->records, RECORDS_DNS);
	assert_string_equal(names->help_desk, "x");
	assert_int_equal(tenant->names.taking_cnt[USE_BLOCK], 2);
	assert_int_equal(tenant->names.mode, NAMES_BLOCK);
	policy_free(policy);
}

/* What asks for leave to hide is refused where that is said, and where only listed names pass. */
static void canaries_are_taken(void **state)
{
	struct policy *policy = parse(HEAD SINK TENANT(
		"names: {block: bad, canaries: refuse, groups: ["
		"{name: open, addresses: 10.0.5.0/24, canaries: allow}, "
		"{name: kids, addresses: 10.0.6.0/24, canaries: allow, mode: only-listed, allow: good}]}"));
	const struct model_name_list *list = policy_name_list(policy, MODEL_CANARIES);
	const struct model_tenant *tenant = policy_tenant(policy, "a");
	struct image *image = compile(policy);

	assert_non_null(list);
	assert_true(list->built_in && !list->allow && list->id == 62); /* good has 63 */
	assert_int_equal(tenant->names.taking_cnt[USE_BLOCK], 2);
	assert_int_equal(tenant->name_groups[0].names.taking_cnt[USE_BLOCK], 1);
	assert_int_equal(tenant->name_groups[1].names.taking_cnt[USE_BLOCK], 2);
	assert_true(image->name_profiles[1].phase[0].block == (1ULL << 62 | 1));
	assert_true(image->name_profiles[2].phase[0].block == 1);
	image_free(image);
	policy_free(policy);
	/* Nobody who needs it: there is none. */
	policy = parse(HEAD SINK TENANT("names: {block: bad}"));
	assert_null(policy_name_list(policy, MODEL_CANARIES));
	policy_free(policy);
}

static const struct sek_name_phase *phase(const struct sek_name_profile *profile, unsigned int day,
					  unsigned int hour, unsigned int minute)
{
	return &profile->phase[profile->week[week_quarter(day, hour, minute)]];
}

static void weeks_are_phases(void **state)
{
	struct policy *policy = parse(HEAD SINK DEFAULTS TENANT(
		"names: {block: [bad, {lists: fun, when: Mon-Fri 08:30-17:15}], "
		"allow: [{lists: good, when: Mon-Fri 12:00-13:00}], inspect: [{lists: fun, when: "
		"Sat}], nameless: block, dot: refuse, records: all}"));
	struct image *image = compile(policy);
	const struct sek_name_profile *profile = &image->name_profiles[1];

	assert_int_equal(image->name_profile_cnt, 2);
	assert_int_equal(image->tenants[1].name_profile, 1);
	assert_int_equal(image->tenants[1].name_groups, 0);
	assert_int_equal(image->tenants[0].name_profile, 0);
	assert_int_equal(profile->answer, SEK_NAME_SINKHOLE);
	assert_int_equal(profile->ech, SEK_ECH_STRIP);
	assert_int_equal(profile->flags, SEK_NAME_QUIC_REFUSE | SEK_NAME_DOT_REFUSE |
						 SEK_NAME_TLS_STRICT | SEK_NAME_TELL_DNS |
						 SEK_NAME_TELL_NAMES);
	assert_int_equal(profile->sink4, inet_addr("192.0.2.10"));
	assert_int_equal(profile->sink6.b[15], 0x10);
	assert_int_equal(profile->sink_ttl_s, 30);
	assert_int_equal(phase(profile, 0, 8, 29)->block, 1);
	assert_int_equal(phase(profile, 0, 8, 30)->block, 3);
	assert_int_equal(phase(profile, 0, 8, 30)->allow, 0);
	assert_true(phase(profile, 0, 12, 0)->allow == 1ULL << 63);
	assert_int_equal(phase(profile, 4, 17, 14)->block, 3);
	assert_int_equal(phase(profile, 4, 17, 15)->block, 1);
	assert_int_equal(phase(profile, 5, 0, 0)->inspect, 2);
	assert_int_equal(phase(profile, 6, 0, 0)->inspect, 0);
	assert_int_equal(phase(profile, 6, 0, 0)->flags, SEK_NAME_LOOKS_ON);
	image_free(image);
	policy_free(policy);
}

#define TWO_TENANTS(names_a, names_b)                                                              \
	"tenants:\n"                                                                               \
	"  - {name: a, id: 1, attach: [{port: in, vlan: 1}, {port: out, vlan: 1}], prefixes: "     \
	"[10.0.0.0/16], names: " names_a "}\n"                                                     \
	"  - {name: b, id: 2, attach: [{port: in, vlan: 2}, {port: out, vlan: 2}], prefixes: "     \
	"[10.0.0.0/16], names: " names_b "}\n"

static void profiles_are_shared(void **state)
{
	struct policy *policy = parse(HEAD TWO_TENANTS(
		"{block: bad, groups: [{name: g, addresses: [10.0.1.0/24, 10.0.3.0/24], mode: "
		"only-listed, allow: good}, {name: same, addresses: 10.0.2.0/24}]}",
		"{block: bad}"));
	struct image *image = compile(policy);

	assert_int_equal(image->name_profile_cnt, 3);
	assert_int_equal(image->tenants[1].name_profile, image->tenants[2].name_profile);
	assert_int_equal(image->tenants[1].name_groups, 1);
	assert_int_equal(image->tenants[2].name_groups, 0);
	assert_int_equal(image->name_group_cnt, 3);
	assert_int_equal(image->name_groups[0].key.prefixlen, SEK_NAME_GROUP_HEAD + 96 + 24);
	assert_int_equal(image->name_groups[0].key.tenant, 1);
	assert_int_equal(image->name_groups[0].profile, 2);
	assert_int_equal(image->name_profiles[2].phase[0].flags,
			 SEK_NAME_LOOKS_ON | SEK_NAME_ONLY_LISTED);
	assert_int_equal(image->name_groups[2].profile, 1);
	image_free(image);
	policy_free(policy);
}

/* Groups are asked first, so the tenant itself needs a number even where it looks at no names. */
static void group_of_a_tenant_without_names(void **state)
{
	struct policy *policy =
		parse(HEAD "defaults: {names: {block: bad}}\n" TWO_TENANTS("off", "{}"));
	struct image *image = compile(policy);

	assert_false(policy_tenant(policy, "a")->names.on);
	assert_int_equal(image->tenants[1].name_profile, 0);
	assert_int_equal(image->tenants[2].name_profile, 1);
	assert_int_equal(image->name_profiles[1].phase[0].block, 1);
	image_free(image);
	policy_free(policy);
}

/* Seventeen lists, each at an hour of its own, are seventeen phases and the empty one. */
static void too_many_phases(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct image *image;
	struct policy *policy;
	struct diag diag;

	fputs(HEAD, out);
	for (int i = 2; i < 19; i++)
		fprintf(out, "  - {name: l%d, id: %d, holds: names, kind: block}\n", i, i);
	fputs("tenants:\n  - {name: a, id: 1, attach: [{port: in}, {port: out}], prefixes: "
	      "[10.0.0.0/16], names: {block: [",
	      out);
	for (int i = 2; i < 19; i++)
		fprintf(out, "%s{lists: l%d, when: %02d:00-%02d:00}", i > 2 ? ", " : "", i, i, i + 1);
	fputs("]}}\n", out);
	fclose(out);
	policy = parse(text);
	diag_init(&diag);
	image = image_compile(policy, &diag);
	assert_null(image);
	assert_non_null(find(&diag, "more than 16 different times of the week"));
	assert_int_equal(diag.entries[0].line, 28);
	diag_free(&diag);
	policy_free(policy);
	free(text);
}

static bool told(const json_t *lines, const char *line)
{
	size_t i;
	json_t *item;

	json_array_foreach(lines, i, item)
		if (!strcmp(json_string_value(item), line))
			return true;
	json_array_foreach(lines, i, item)
		print_message("# %s\n", json_string_value(item));
	return false;
}

static void differences_are_told(void **state)
{
	struct policy *before = parse(HEAD SINK TENANT("names: {block: bad}"));
	struct policy *after = parse(
		HEAD "  - {name: more, id: 5, holds: names, kind: block}\n"
		     "names: {sinkhole: {ipv4: 192.0.2.10}}\n" TENANT(
			     "names: {block: [bad, {lists: fun, when: Sat-Sun}], ech: strip, groups: "
			     "[{name: g, addresses: 10.0.1.0/24, block: ~}]}"));
	json_t *lines = policy_diff(before, after), *none = policy_diff(after, after);

	assert_int_equal(json_array_size(none), 0);
	assert_true(told(lines, "list more: added"));
	assert_true(told(lines, "names: are sinkhole 192.0.2.10 2001:db8::10 ttl 30s → sinkhole "
				"192.0.2.10 ttl 60s"));
	assert_true(told(lines,
			 "tenant a: names mode block, answer nxdomain, ech allow, quic allow, "
			 "dot allow, canaries allow, nameless allow, records dns; block: bad → "
			 "mode block, answer nxdomain, ech strip, quic allow, dot allow, canaries "
			 "allow, nameless allow, records dns; block: fun (Sat-Sun), bad"));
	assert_true(told(lines, "tenant a: group g added"));
	assert_true(told(lines, "tenant a: group g: addresses none → 10.0.1.0/24"));
	json_decref(lines);
	json_decref(none);
	policy_free(before);
	policy_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_are_read),
		cmocka_unit_test(hours_read_back),
		cmocka_unit_test(hours_are_found),
		cmocka_unit_test(errors_have_a_place),
		cmocka_unit_test(doubts_are_told),
		cmocka_unit_test(lists_hold_names),
		cmocka_unit_test(groups_inherit),
		cmocka_unit_test(canaries_are_taken),
		cmocka_unit_test(weeks_are_phases),
		cmocka_unit_test(profiles_are_shared),
		cmocka_unit_test(group_of_a_tenant_without_names),
		cmocka_unit_test(too_many_phases),
		cmocka_unit_test(differences_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
