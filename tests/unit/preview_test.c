/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/preview: the agent's own lines are read back, what is none is refused, and a policy's answer
 * to generated records of the past is the one that was generated, however they lie in files. Lists of
 * addresses and of names are asked as they would be once they were loaded, with what was changed by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/lists.h"
#include "preview/past.h"
#include "report/eve.h"

#define CANDIDATE                                                                                  \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: in, id: 1, side: inside, mode: route}\n"                                       \
	"  - {name: out, id: 2, side: outside, mode: route}\n"                                     \
	"lists:\n"                                                                                 \
	"  - {name: kept, id: 0, kind: block, url: \"https://lists.example/kept\"}\n"              \
	"  - {name: left, id: 1, kind: block}\n"                                                   \
	"  - {name: bad, id: 2, kind: block, source: bad.txt}\n"                                   \
	"  - {name: good, id: 3, kind: allow, source: good.txt}\n"                                 \
	"  - {name: dark, id: 0, holds: names, kind: block, source: dark.txt}\n"                   \
	"  - {name: fun, id: 1, holds: names, kind: block, source: fun.txt}\n"                     \
	"  - {name: far, id: 2, holds: names, kind: block, url: \"https://lists.example/far\"}\n"  \
	"  - {name: odd, id: 3, holds: names, kind: block, source: odd.txt}\n"                     \
	"host:\n  addresses: [192.0.2.1]\n"                                                        \
	"  rules:\n    - {name: ping, proto: icmp, icmp: [echo-request], action: accept}\n"        \
	"tenants:\n"                                                                               \
	"  - name: a\n    id: 1\n    attach: [{port: in}, {port: out}]\n"                          \
	"    prefixes: [10.1.0.0/16, \"2001:db8:1::/48\"]\n"                                       \
	"    lists: {block: [kept, bad], allow: [good]}\n"                                         \
	"    names: {block: [dark, far, odd, {lists: fun, when: Mon-Fri 08:30-17:15}],\n"          \
	"            groups: [{name: desk, addresses: 10.1.5.0/24, mode: only-listed}]}\n"         \
	"    default: {out: reject, in: drop}\n    rules:\n"                                       \
	"      - {name: no-telnet, dir: out, proto: tcp, dport: 23, action: drop}\n"               \
	"      - {name: web, dir: out, proto: tcp, dport: [80, 443], action: accept}\n"            \
	"      - {name: echo, dir: out, proto: icmp, icmp: [echo-request], action: accept}\n"      \
	"      - {name: server, dir: in, proto: tcp, dst: 10.1.0.80, dport: 80, action: accept}\n" \
	"  - name: b\n    id: 2\n    attach: [{port: in}, {port: out}]\n"                          \
	"    prefixes: [10.2.0.0/16]\n    routers: [10.2.0.254]\n"                                 \
	"    default: {out: accept, in: drop}\n"

struct bed {
	struct policy *policy;
	struct image *image;
	struct list_table *tables[2];
	struct name_book *names;
	struct judge *judge;
};

static char lists_folder[] = "/tmp/sekisho-preview-lists-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[96];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", lists_folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static int lists_write(void)
{
	assert_non_null(mkdtemp(lists_folder));
	put("c.yaml", CANDIDATE);
	put("bad.txt", "203.0.113.0/24\n2001:db8:bad::/48\n198.18.0.9\n");
	put("bad.hand", "- 198.18.0.9 0 not bad at all\n+ 198.18.0.10 0 bad\n");
	put("good.txt", "203.0.113.80\n");
	put("dark.txt", "0.0.0.0 exact.example\n0.0.0.0 wide.example\n0.0.0.0 spared.example\n");
	put("dark.hand", "- 0 spared.example \n+ 0 =hand.example \n");
	put("fun.txt", "||game.example^\n||play.example/coin/\n");
	put("odd.txt", "/^ad[0-9]+\\./\n||odd.example^\n");
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return 0;
}

static int lists_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", lists_folder);
	return system(command);
}

static int bed_make(void **state)
{
	const struct name_book_options kept = { .kept = lists_folder };
	struct bed *bed = calloc(1, sizeof(*bed));
	struct judge_lists lists = {};
	struct diag diag;
	char path[96];

	diag_init(&diag);
	snprintf(path, sizeof(path), "%s/c.yaml", lists_folder);
	bed->policy = policy_read(path, &diag);
	if (bed->policy)
		bed->image = image_compile(bed->policy, &diag);
	diag_print(&diag, stderr);
	diag_free(&diag);
	assert_non_null(bed->image);
	diag_init(&diag);
	assert_int_equal(lists_foresee(bed->policy, lists_folder, bed->tables, &lists.known, &diag),
			 0);
	assert_int_equal(lists.known, 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(name_book_open(bed->policy, &kept, &bed->names, &diag), 0);
	assert_int_equal(name_book_by_hand(bed->names), 2);
	assert_int_equal(name_book_override(bed->names, 1, "over.game.example", true), 0);
	diag_free(&diag);
	lists.tables[0] = bed->tables[0];
	lists.tables[1] = bed->tables[1];
	lists.names = bed->names;
	bed->judge = judge_new(bed->policy, bed->image, &lists);
	assert_non_null(bed->judge);
	*state = bed;
	return 0;
}

static int bed_drop(void **state)
{
	struct bed *bed = *state;

	judge_free(bed->judge);
	name_book_free(bed->names);
	list_table_free(bed->tables[0]);
	list_table_free(bed->tables[1]);
	image_free(bed->image);
	policy_free(bed->policy);
	free(bed);
	return 0;
}

static struct sek_addr address(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

/* What a record says; the agent's own writer makes the line. */
struct past_row {
	const char *tenant, *dir, *src, *dst, *proto;
	uint16_t dport;
	const char *reason; /* of a refusal, as in reasons.def; NULL: a flow */
	const char *rule, *list;
	/* what the candidate says now */
	const char *now_rule; /* NULL: none is asked */
	enum sek_reason now;
	const char *now_list; /* NULL: none decides */
	bool unsure;
};

static uint8_t proto_of(const struct past_row *row)
{
	return !strcmp(row->proto, "tcp") ? 6 : !strcmp(row->proto, "udp") ? 17 : 1;
}

static uint8_t reason_of(const char *name)
{
	static const char *const names[] = {
#define SEK_REASON(number, name, verdict, en, ja) [number] = #name,
#include "sekisho/reasons.def"
#undef SEK_REASON
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && !strcmp(names[i], name))
			return (uint8_t)i;
	fail_msg("no reason %s", name);
	return 0;
}

/* A line with its newline; at: microseconds since 1970. */
static size_t line_make(const struct past_row *row, uint64_t at, uint16_t sport, char *line)
{
	struct sek_event e = { .now_ns = at * 1000,
			       .dir = !strcmp(row->dir, "in"),
			       .generation = 7,
			       .src = address(row->src),
			       .dst = address(row->dst),
			       .sport = htons(sport),
			       .dport = htons(row->dport),
			       .proto = proto_of(row),
			       .cause = SEK_CAUSE_FLOW_END,
			       .len = 100,
			       .bytes = { 400, 600 } };
	const struct eve_names names = { row->tenant, row->rule, row->list, "in" };

	e.flow_flags = e.dir == SEK_IN ? SEK_FLOW_FROM_IN : 0;
	if (row->reason) {
		e.cause = SEK_CAUSE_DENY_RULE;
		e.verdict = SEK_DROP;
		e.reason = reason_of(row->reason);
		e.icmp_type = e.proto == 1 ? 13 : 0;
	}
	return eve_event(&e, &names, 0, line);
}

static const struct past_row rows[] = {
	/* flows that still pass */
	{ "a", "out", "10.1.2.3", "198.51.100.7", "tcp", 443, NULL, "old", "", "web",
	  .now = SEK_R_accepted },
	{ "a", "out", "2001:db8:1::3", "2001:db8:ff::7", "tcp", 80, NULL, "old", "", "web",
	  .now = SEK_R_accepted },
	{ "a", "in", "198.51.100.7", "10.1.0.80", "tcp", 80, NULL, "old", "", "server",
	  .now = SEK_R_accepted },
	{ "a", "out", "10.1.2.3", "198.51.100.7", "icmp", 0, NULL, "old", "", "echo",
	  .now = SEK_R_accepted },
	{ "b", "out", "10.2.2.3", "198.51.100.7", "udp", 53, NULL, "old", "", "default-out",
	  .now = SEK_R_accepted },
	/* flows that would be refused */
	{ "a", "out", "10.1.2.3", "198.51.100.7", "tcp", 23, NULL, "old", "", "no-telnet",
	  .now = SEK_R_rule_drop },
	{ "a", "out", "10.1.2.3", "198.51.100.7", "udp", 443, NULL, "old", "", "default-out",
	  .now = SEK_R_default_reject },
	{ "a", "in", "198.51.100.7", "10.1.0.81", "tcp", 80, NULL, "old", "", "default-in",
	  .now = SEK_R_default_drop },
	{ "a", "out", "10.3.2.3", "198.51.100.7", "tcp", 443, NULL, "old", "", NULL,
	  .now = SEK_R_spoofed },
	{ "a", "in", "198.51.100.7", "10.3.0.80", "tcp", 80, NULL, "old", "", NULL,
	  .now = SEK_R_no_tenant },
	{ "a", "in", "10.1.9.9", "10.1.0.80", "tcp", 80, NULL, "old", "", NULL, .now = SEK_R_spoofed },
	{ "b", "out", "10.2.0.254", "198.51.100.7", "udp", 53, NULL, "old", "", NULL,
	  .now = SEK_R_spoofed },
	{ "gone", "out", "10.1.2.3", "198.51.100.7", "tcp", 443, NULL, "old", "", NULL,
	  .now = SEK_R_no_tenant },
	/* flows to whom a list refuses */
	{ "a", "out", "10.1.2.3", "203.0.113.7", "tcp", 443, NULL, "old", "", NULL,
	  .now = SEK_R_list_block, .now_list = "bad" },
	{ "a", "out", "2001:db8:1::3", "2001:db8:bad::7", "tcp", 80, NULL, "old", "", NULL,
	  .now = SEK_R_list_block, .now_list = "bad" },
	{ "a", "in", "203.0.113.7", "10.1.0.80", "tcp", 80, NULL, "old", "", NULL,
	  .now = SEK_R_list_block, .now_list = "bad" },
	{ "a", "out", "10.1.2.3", "198.18.0.10", "tcp", 443, NULL, "old", "", NULL,
	  .now = SEK_R_list_block, .now_list = "bad" }, /* added by hand */
	{ "a", "out", "10.1.2.3", "198.18.0.9", "tcp", 443, NULL, "old", "", "web",
	  .now = SEK_R_accepted }, /* taken out by hand */
	{ "a", "out", "10.1.2.3", "203.0.113.80", "tcp", 443, NULL, "old", "", "web",
	  .now = SEK_R_accepted }, /* spared */
	{ "b", "out", "10.2.2.3", "203.0.113.7", "udp", 53, NULL, "old", "", "default-out",
	  .now = SEK_R_accepted }, /* a list of others */
	/* refusals that stay */
	{ "a", "out", "10.1.2.3", "198.51.100.7", "tcp", 23, "rule_drop", "old", "", "no-telnet",
	  .now = SEK_R_rule_drop },
	{ "a", "out", "10.1.2.3", "198.51.100.7", "icmp", 0, "default_reject", "old", "",
	  "default-out", .now = SEK_R_default_reject },
	{ "a", "out", "10.1.2.3", "198.51.100.8", "tcp", 443, "list_block", "", "kept", NULL,
	  .now = SEK_R_list_block, .now_list = "kept",
	  .unsure = true }, /* what is published is not known */
	{ "a", "out", "10.1.2.3", "203.0.113.7", "tcp", 443, "list_block", "", "bad", NULL,
	  .now = SEK_R_list_block, .now_list = "bad" },
	{ "a", "out", "10.1.2.3", "198.18.0.10", "tcp", 443, "list_block", "", "gone", NULL,
	  .now = SEK_R_list_block, .now_list = "bad" },
	{ "host", "in", "198.51.100.7", "192.0.2.1", "tcp", 22, "host_refused", "default-in", "",
	  "default-in", .now = SEK_R_host_refused },
	/* refusals that would pass */
	{ "a", "out", "10.1.2.3", "198.51.100.7", "tcp", 80, "default_reject", "default-out", "",
	  "web", .now = SEK_R_accepted },
	{ "a", "out", "10.1.2.3", "198.51.100.8", "tcp", 443, "list_block", "", "left", "web",
	  .now = SEK_R_accepted },
	{ "a", "out", "10.1.2.3", "198.18.0.9", "tcp", 443, "list_block", "", "bad", "web",
	  .now = SEK_R_accepted },
	{ "b", "out", "10.2.2.3", "198.51.100.7", "udp", 53, "spoofed", "", "", "default-out",
	  .now = SEK_R_accepted },
};
#define ROW_CNT (sizeof(rows) / sizeof(rows[0]))

static void a_row_is_judged(void **state)
{
	const struct bed *bed = *state;

	for (size_t i = 0; i < ROW_CNT; i++) {
		char text[EVE_LINE_MAX];
		size_t len = line_make(&rows[i], 1700000000000000, 40000, text);
		const struct model_tenant *tenant;
		struct record_line line;
		struct judgement now;

		assert_int_equal(record_scan(text, len - 1, &line), 0);
		assert_int_equal(line.kind, rows[i].reason ? RECORD_REFUSAL : RECORD_FLOW);
		assert_int_equal(line.bytes, rows[i].reason ? 100 : 1000);
		assert_int_equal(line.dport, rows[i].dport);
		tenant = judge_tenant(bed->judge, line.tenant);
		now = judge_record(bed->judge, tenant, &line);
		if (now.reason != rows[i].now)
			fail_msg("row %zu: reason %d", i, now.reason);
		assert_int_equal(now.passes, rows[i].now == SEK_R_accepted);
		assert_int_equal(now.unsure, rows[i].unsure);
		if (rows[i].now_list && (!now.list || strcmp(now.list, rows[i].now_list) != 0))
			fail_msg("row %zu: list %s", i, now.list ? now.list : "none");
		if (!rows[i].now_list)
			assert_null(now.list);
		if (rows[i].now_rule)
			assert_string_equal(policy_rule_name(tenant, now.rule), rows[i].now_rule);
		else
			assert_int_equal(now.rule, SEK_NO_RULE);
	}
}

/* A name that was asked for, on a Monday at half past nine in Tokyo. */
static const struct name_row {
	const char *type, *src, *host, *url; /* url: of HTTP */
	const char *list, *reason; /* then; reason NULL: it passed */
	enum sek_reason now;
	const char *now_list;
	bool unsure;
	const char *time; /* NULL: as above */
} name_rows[] = {
	{ "dns", "10.1.2.3", "fine.example", NULL, "", NULL, SEK_R_accepted, NULL, false, NULL },
	{ "dns", "10.1.2.3", "Exact.Example", NULL, "", NULL, SEK_R_name_block, "dark", false, NULL },
	{ "dns", "10.1.2.3", "sub.exact.example", NULL, "", NULL, SEK_R_accepted, NULL, false, NULL },
	{ "tls", "10.1.2.3", "exact.example", NULL, "", NULL, SEK_R_name_block, "dark", false, NULL },
	{ "quic", "10.1.2.3", "www.game.example", NULL, "", NULL, SEK_R_name_block, "fun", false,
	  NULL },
	{ "tls", "10.1.2.3", "www.game.example", NULL, "", NULL, SEK_R_accepted, NULL, false,
	  "2023-11-13T09:30" }, /* half past six in the evening */
	{ "tls", "10.1.2.3", "www.game.example", NULL, "", NULL, SEK_R_accepted, NULL, false,
	  "2023-11-11T00:30" }, /* a Saturday */
	{ "http", "10.1.2.3", "play.example", "/x/../coin/1", "", NULL, SEK_R_name_block, "fun",
	  false, NULL },
	{ "http", "10.1.2.3", "play.example", "/free", "", NULL, SEK_R_accepted, NULL, false, NULL },
	{ "tls", "10.1.2.3", "play.example", NULL, "", NULL, SEK_R_accepted, NULL, false, NULL },
	{ "tls", "10.1.5.3", "fine.example", NULL, "", NULL, SEK_R_name_unlisted, NULL, false, NULL },
	{ "tls", "10.1.2.3", "spared.example", NULL, "", NULL, SEK_R_accepted, NULL, false, NULL },
	{ "tls", "10.1.2.3", "hand.example", NULL, "", NULL, SEK_R_name_block, "dark", false, NULL },
	/* refused then */
	{ "dns", "10.1.2.3", "exact.example", NULL, "gone", "name_block", SEK_R_name_block, "dark",
	  false, NULL },
	{ "dns", "10.1.2.3", "fine.example", NULL, "gone", "name_block", SEK_R_accepted, NULL,
	  false, NULL },
	{ "dns", "10.1.2.3", "fine.example", NULL, "dark", "name_block", SEK_R_accepted, NULL,
	  false, NULL },
	{ "tls", "10.1.5.3", "fine.example", NULL, "", "name_unlisted", SEK_R_name_unlisted, NULL,
	  false, NULL },
	{ "tls", "10.1.2.3", "fine.example", NULL, "", "name_unlisted", SEK_R_accepted, NULL, false,
	  NULL },
	/* by what no list can tell */
	{ "dns", "10.1.2.3", "alias.example", NULL, "", "name_block", SEK_R_name_block, NULL, true,
	  NULL },
	{ "dns", "10.1.2.3", "ad7.example", NULL, "odd", "name_block", SEK_R_name_block, NULL, true,
	  NULL },
	{ "dns", "10.1.2.3", "far.example", NULL, "far", "name_block", SEK_R_name_block, NULL, true,
	  NULL },
	{ "dns", "10.1.2.3", "over.game.example", NULL, "", NULL, SEK_R_accepted, NULL, false, NULL },
	{ "tls", "10.1.2.3", "", NULL, "", NULL, SEK_R_accepted, NULL, true, NULL },
};

static size_t name_line(const struct name_row *row, char *line)
{
	size_t len = (size_t)snprintf(
		line, EVE_LINE_MAX,
		"{\"timestamp\":\"%s:00.000000+0000\",\"flow_id\":1,\"event_type\":\"%s\",\"src_ip\":\"%s\","
		"\"src_port\":4711,\"dest_ip\":\"198.51.100.7\",\"dest_port\":53,\"proto\":\"%s\","
		"\"tenant\":\"a\",\"policy\":7,\"direction\":\"out\",\"verdict\":\"%s\",\"list\":\"%s\","
		"\"category\":\"\",\"name\":{\"reason\":\"%s\",\"group\":\"\",\"suffix\":\"\",\"how\":\"\"},",
		row->time ? row->time : "2023-11-13T00:30", row->type, row->src,
		!strcmp(row->type, "dns") || !strcmp(row->type, "quic") ? "UDP" : "TCP",
		row->reason ? "reject" : "pass", row->list, row->reason ? row->reason : "none");
	const char *format =
		!strcmp(row->type, "dns")   ? "\"dns\":{\"type\":\"query\",\"rrname\":\"%s\"}}"
		: row->url		    ? "\"http\":{\"hostname\":\"%s\",\"url\":\"%s\"}}"
		: !strcmp(row->type, "tls") ? "\"tls\":{\"ech\":false,\"sni\":\"%s\"}}"
					    : "\"quic\":{\"version\":\"1\",\"sni\":\"%s\"}}";

	return len + (size_t)snprintf(line + len, EVE_LINE_MAX - len, format, row->host, row->url);
}

static void a_name_is_judged(void **state)
{
	const struct bed *bed = *state;
	const struct tally_filter all = {};

	for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++) {
		const struct name_row *row = &name_rows[i];
		bool passed = !row->reason, passes = row->now == SEK_R_accepted;
		struct tally *tally = tally_new();
		const struct tally_group *group = &tally->groups[0];
		char text[EVE_LINE_MAX];

		print_message("# %s %s\n", row->type, row->host);
		tally_line(tally, bed->judge, &all, text, name_line(row, text));
		assert_int_equal(tally->unreadable + tally->undecided + tally->other, 0);
		assert_int_equal(tally->tenants[0].names.cnt, 1);
		assert_int_equal(tally->unsure, row->unsure);
		assert_int_equal(tally->tenants[0].names_blocked.cnt, passed && !passes);
		assert_int_equal(tally->tenants[0].names_opened.cnt, !passed && passes);
		assert_int_equal(tally->group_cnt, passed != passes);
		if (tally->group_cnt) {
			assert_int_equal(group->kind, RECORD_NAME);
			assert_int_equal(group->now.reason, row->now);
			assert_string_equal(group->now.list ? group->now.list : "",
					    row->now_list ? row->now_list : "");
			assert_int_equal(
				strncmp(group->examples[0].name, row->host, strlen(row->host)), 0);
		}
		tally_free(tally);
	}
}

/* Answers, packets of a name, names that were hidden, and what the inspection engine tells. */
static void other_names_are_passed_over(void **state)
{
	static const char *const lines[] = {
		"{\"timestamp\":\"2023-11-13T00:30:00.000000+0000\",\"event_type\":\"dns\",\"name\":{\"reason\":"
		"\"none\"},\"dns\":{\"version\":2,\"type\":\"answer\",\"rrname\":\"exact.example\"}}",
		"{\"timestamp\":\"2023-11-13T00:30:00.000000+0000\",\"event_type\":\"tls\",\"tls\":{\"sni\":"
		"\"exact.example\"}}",
	};
	const struct bed *bed = *state;
	const struct tally_filter all = {};
	struct tally *tally = tally_new();
	struct name_row hidden = name_rows[3];
	struct past_row packet = rows[0];
	char text[EVE_LINE_MAX];

	for (size_t i = 0; i < 2; i++)
		tally_line(tally, bed->judge, &all, lines[i], strlen(lines[i]));
	assert_int_equal(tally->other, 2);
	packet.reason = "name_block";
	tally_line(tally, bed->judge, &all, text,
		   line_make(&packet, 1700000000000000, 40000, text) - 1);
	assert_int_equal(tally->other, 3);
	hidden.reason = "name_hidden";
	tally_line(tally, bed->judge, &all, text, name_line(&hidden, text));
	assert_int_equal(tally->undecided, 1);
	assert_int_equal(tally->tenant_cnt, 0);
	tally_free(tally);
}

static void what_is_no_record_is_refused(void **state)
{
	char text[EVE_LINE_MAX], bent[EVE_LINE_MAX];
	size_t len = line_make(&rows[0], 1700000000000000, 40000, text) - 1;
	struct record_line line;

	for (size_t cut = 0; cut < len; cut++) { /* of its very size, so that a step beyond is seen */
		char *part = malloc(cut ? cut : 1);

		memcpy(part, text, cut);
		assert_int_equal(record_scan(part, cut, &line), -EINVAL);
		free(part);
	}
	for (size_t at = 0; at < len; at++) { /* any byte: no fault, whatever it then says */
		memcpy(bent, text, len);
		bent[at] = "\"\\{}[]:,0-\x80\xff\x1f"[at % 13];
		record_scan(bent, len, &line);
	}
	memset(bent, '[', sizeof(bent));
	assert_int_equal(record_scan(bent, sizeof(bent), &line), -EINVAL);
}

static void other_records_are_passed_over(void **state)
{
	struct sek_event_stat total = { .offered = 10, .written = 5, .suppressed = 3, .lost = 2 };
	const struct eve_check check = { .check = "\"\n佐賀", .asks = "\xff", .said = "\\" };
	char text[EVE_LINE_MAX];
	struct record_line line;
	size_t len = eve_loss("flow_end", &total, 3, 2, 0, text);

	assert_int_equal(record_scan(text, len - 1, &line), 0);
	assert_int_equal(line.kind, RECORD_LOSS);
	assert_int_equal(line.missing, 5);
	len = eve_check(&check, 0, text);
	assert_int_equal(record_scan(text, len - 1, &line), 0);
	assert_int_equal(line.kind, RECORD_OTHER);
}

/* --- generated files --- */

#define RECORDS 200000
#define FILES 3
#define PER_FILE ((RECORDS + FILES - 1) / FILES)
#define LONG_LINE 3000000 /* three pieces without a newline */

static char folder[] = "/tmp/sekisho-preview-XXXXXX";

static void path_of(int number, char path[64])
{
	snprintf(path, 64, number ? "%s/eve.json.%d" : "%s/eve.json", folder, number);
}

/*
 * Row i % ROW_CNT at second i, the oldest in the last file; in each file a line that is no JSON, one
 * that is longer than any record, and one of another kind; in the newest a beginning without an end.
 */
static int files_make(void **state)
{
	char text[EVE_LINE_MAX], path[64];

	if (!mkdtemp(folder))
		return -1;
	for (int f = 0; f < FILES; f++) {
		FILE *out;

		path_of(FILES - 1 - f, path);
		out = fopen(path, "w");
		for (uint64_t i = (uint64_t)f * PER_FILE; i < (uint64_t)(f + 1) * PER_FILE; i++) {
			size_t len = line_make(&rows[i % ROW_CNT], 1700000000000000 + i * 1000000,
					       (uint16_t)(1024 + i % 60000), text);

			if (i < RECORDS)
				fwrite(text, 1, len, out);
			if (i % PER_FILE == PER_FILE / 2)
				fprintf(out, "{\"timestamp\":\n%0*d\n", LONG_LINE, 0);
		}
		fprintf(out, "{\"timestamp\":\"2023-11-14T22:13:25.000001+0000\","
			     "\"event_type\":\"policy\"}\n");
		if (f == FILES - 1)
			fputs("{\"timestamp\":\"2023", out);
		fclose(out);
	}
	snprintf(path, sizeof(path), "%s/eve.json.x", folder);
	fclose(fopen(path, "w")); /* eve.json.x: not one of ours */
	return bed_make(state);
}

static int files_drop(void **state)
{
	char path[64];

	for (int f = 0; f < FILES; f++) {
		path_of(f, path);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/eve.json.x", folder);
	unlink(path);
	rmdir(folder);
	return bed_drop(state);
}

static struct tally *files_read(const struct bed *bed, const struct tally_filter *filter,
				size_t threads)
{
	struct past_figures figures;
	struct past *past = NULL;
	struct tally *tally;
	struct diag diag;
	char path[64];

	path_of(0, path);
	diag_init(&diag);
	assert_int_equal(past_open(path, 0, &past, &figures, &diag), 0);
	assert_int_equal(figures.files, FILES);
	assert_int_equal(figures.strange, 1);
	tally = past_read(past, bed->judge, filter, threads, NULL, &diag);
	assert_non_null(tally);
	past_close(past);
	diag_free(&diag);
	return tally;
}

/* How many records from `first` on are of a row that `takes` it. */
static uint64_t expect(bool (*takes)(const struct past_row *row), uint64_t first)
{
	uint64_t cnt = 0;

	for (uint64_t i = first; i < RECORDS; i++)
		cnt += takes(&rows[i % ROW_CNT]);
	return cnt;
}

static bool is_a_flow(const struct past_row *row)
{
	return !row->reason && !strcmp(row->tenant, "a");
}

static bool is_a_blocked(const struct past_row *row)
{
	return is_a_flow(row) && row->now != SEK_R_accepted;
}

static bool is_a_opened(const struct past_row *row)
{
	return row->reason && !strcmp(row->tenant, "a") && row->now == SEK_R_accepted;
}

static bool is_telnet(const struct past_row *row)
{
	return is_a_blocked(row) && row->now == SEK_R_rule_drop;
}

static void generated_files_have_their_answer(void **state)
{
	const struct tally_filter all = {};
	struct tally *tally = files_read(*state, &all, 2), *alone = files_read(*state, &all, 1);
	const struct tally_tenant *a = &tally->tenants[0];
	const struct tally_group *telnet = &tally->groups[0];

	assert_int_equal(tally->lines, RECORDS + 3 * FILES);
	assert_int_equal(tally->unreadable, 2 * FILES);
	assert_int_equal(tally->other, FILES);
	assert_int_equal(tally->tenant_cnt, 4);
	assert_string_equal(a->name, "a");
	assert_int_equal(a->flows.cnt, expect(is_a_flow, 0));
	assert_int_equal(a->flows.bytes, 1000 * a->flows.cnt);
	assert_int_equal(a->blocked.cnt, expect(is_a_blocked, 0));
	assert_int_equal(a->opened.cnt, expect(is_a_opened, 0));
	for (size_t i = 1; i < tally->group_cnt && telnet->now.reason != SEK_R_rule_drop; i++)
		telnet = &tally->groups[i];
	assert_int_equal(telnet->sum.cnt, expect(is_telnet, 0));
	assert_string_equal(telnet->rule, "old");
	assert_int_equal(telnet->generation, 7);
	assert_int_equal(telnet->example_cnt, TALLY_EXAMPLES);
	for (size_t i = 1; i < TALLY_EXAMPLES; i++)
		assert_true(strcmp(telnet->examples[i - 1].time, telnet->examples[i].time) > 0);
	/* one thread says the same */
	assert_int_equal(tally->group_cnt, alone->group_cnt);
	for (size_t i = 0; i < tally->group_cnt; i++) {
		const struct tally_group *x = &tally->groups[i], *y = &alone->groups[i];

		assert_int_equal(x->sum.cnt, y->sum.cnt);
		assert_int_equal(x->now.reason, y->now.reason);
		assert_string_equal(x->examples[0].time, y->examples[0].time);
	}
	tally_free(tally);
	tally_free(alone);
}

static void time_and_tenant_choose(void **state)
{
	/* second 100,000 behind 1700000000 */
	const struct tally_filter late = { .tenant = "a", .since = "2023-11-16T02:00:00.000000" };
	struct tally *tally = files_read(*state, &late, 2);

	assert_int_equal(tally->before, 100000 + FILES);
	assert_int_equal(tally->tenant_cnt, 1);
	assert_int_equal(tally->tenants[0].flows.cnt, expect(is_a_flow, 100000));
	tally_free(tally);
}

/* Names are the sender's to choose where a line is forged: what does not fit is counted. */
static void too_many_names_are_counted(void **state)
{
	const struct bed *bed = *state;
	const struct tally_filter all = {};
	struct tally *tally = tally_new();
	struct past_row row = rows[5];
	char text[EVE_LINE_MAX], name[32];

	row.rule = name;
	for (unsigned int i = 0; i < TALLY_GROUPS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "rule-%u", i);
		tally_line(tally, bed->judge, &all, text,
			   line_make(&row, 1700000000000000, 40000, text) - 1);
	}
	assert_int_equal(tally->group_cnt, TALLY_GROUPS_MAX);
	assert_int_equal(tally->beyond, 10);
	row.tenant = name;
	for (unsigned int i = 0; i < TALLY_TENANTS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "tenant-%u", i);
		tally_line(tally, bed->judge, &all, text,
			   line_make(&row, 1700000000000000, 40000, text) - 1);
	}
	assert_int_equal(tally->tenant_cnt, TALLY_TENANTS_MAX);
	tally_sort(tally);
	tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_row_is_judged, bed_make, bed_drop),
		cmocka_unit_test_setup_teardown(a_name_is_judged, bed_make, bed_drop),
		cmocka_unit_test_setup_teardown(other_names_are_passed_over, bed_make, bed_drop),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(other_records_are_passed_over),
		cmocka_unit_test_setup_teardown(too_many_names_are_counted, bed_make, bed_drop),
	};
	const struct CMUnitTest of_files[] = {
		cmocka_unit_test(generated_files_have_their_answer),
		cmocka_unit_test(time_and_tenant_choose),
	};
	int failed = lists_write() || cmocka_run_group_tests(tests, NULL, NULL);

	failed |= cmocka_run_group_tests(of_files, files_make, files_drop);
	return lists_remove() || failed;
}
