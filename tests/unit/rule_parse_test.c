// SPDX-License-Identifier: Apache-2.0
/*
 * Rules as text: what is understood of them, and where a wrong one is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "detect/parse/parse.h"
#include "text/address.h"

struct bed {
	struct diag diag;
	struct parse *parse;
	struct signature *signature;
};

static int bed_new(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	assert_non_null(bed);
	diag_init(&bed->diag);
	assert_int_equal(parse_new(NULL, &bed->diag, &bed->parse), 0);
	*state = bed;
	return 0;
}

static int bed_free(void **state)
{
	struct bed *bed = *state;

	signature_free(bed->signature);
	parse_free(bed->parse);
	diag_free(&bed->diag);
	free(bed);
	return 0;
}

static int read_rule(struct bed *bed, const char *text)
{
	signature_free(bed->signature);
	bed->signature = NULL;
	return signature_parse(bed->parse, slice_text(text), "own.rules", 10, &bed->signature);
}

static const struct signature *good(void **state, const char *text)
{
	struct bed *bed = *state;

	if (read_rule(bed, text)) {
		diag_print(&bed->diag, stderr);
		fail_msg("refused: %s", text);
	}
	assert_non_null(bed->signature);
	return bed->signature;
}

static void header_test(void **state)
{
	const struct signature *s =
		good(state, "drop udp [10.0.0.0/8,!10.1.0.0/16] !53 <> $EXTERNAL_NET 1024: (sid:7;)");

	assert_int_equal(s->rule.action, RULE_DROP);
	assert_int_equal(s->protos[0], 1ull << 17);
	assert_true(s->both_ways);
	assert_int_equal(s->src.cnt, 2);
	assert_int_equal(s->src.range[1].from.b[13], 2);
	assert_int_equal(s->sport.cnt, 2);
	assert_int_equal(s->sport.range[0].to, 52);
	assert_int_equal(s->sport.range[1].from, 54);
	assert_int_equal(s->dst.cnt, 4); /* around the three of HOME_NET */
	assert_int_equal(s->dport.range[0].from, 1024);
	assert_int_equal(s->dport.range[0].to, 65535);
	assert_int_equal(s->rule.gid, 1);
	assert_int_equal(s->rule.priority, 3);
	assert_string_equal(s->rule.msg, "");
}

static void actions_test(void **state)
{
	static const struct {
		const char *word;
		enum rule_action action;
	} rows[] = {
		{ "alert", RULE_ALERT },
		{ "pass", RULE_PASS },
		{ "drop", RULE_DROP },
		{ "reject", RULE_REJECT },
		{ "rejectsrc", RULE_REJECT },
		{ "rejectdst", RULE_REJECT_DST },
		{ "rejectboth", RULE_REJECT_BOTH },
		{ "config", RULE_CONFIG },
	};
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s ip any any -> any any (sid:1;)", rows[i].word);
		assert_int_equal(good(state, text)->rule.action, rows[i].action);
	}
}

static void about_test(void **state)
{
	const struct signature *s =
		good(state,
		     "alert tcp any any -> any any (msg:\"a\\; \\\"b\\\"\"; classtype:trojan-activity; "
		     "reference:cve,2024-1; reference:url,example.org/a?b=1; metadata:a b c, d e; "
		     "target:dest_ip; noalert; gid:3; sid:17; rev:2;)");

	assert_string_equal(s->rule.msg, "a; \"b\"");
	assert_string_equal(s->rule.class_msg, "A Network Trojan was detected");
	assert_int_equal(s->rule.priority, 1);
	assert_int_equal(s->rule.reference_cnt, 2);
	assert_string_equal(s->rule.references[1].key, "http://");
	assert_string_equal(s->rule.references[1].value, "example.org/a?b=1");
	assert_int_equal(s->rule.metadata_cnt, 2);
	assert_string_equal(s->rule.metadata[0].key, "a");
	assert_string_equal(s->rule.metadata[0].value, "b c");
	assert_int_equal(s->rule.target, TARGET_DST);
	assert_true(s->rule.noalert);
	assert_int_equal(s->rule.gid, 3);
	assert_int_equal(s->rule.sid, 17);
	assert_int_equal(s->rule.rev, 2);
}

static const struct content *content_of(const struct signature *s, uint32_t clause)
{
	assert_int_equal(s->part_cnt, 1);
	assert_true(clause < s->parts[0].clause_cnt);
	assert_true(s->parts[0].clauses[clause].is_content);
	return s->parts[0].clauses[clause].arg;
}

static void content_test(void **state)
{
	const struct signature *s = good(
		state,
		"alert tcp any any -> any any (content:\"A|42 43 0d0a|\\;d\"; nocase; "
		"offset:3; depth:9; content:!\"x\"; distance:-2; within:5; fast_pattern; sid:1;)");
	const struct content *a = content_of(s, 0), *b = content_of(s, 1);

	assert_int_equal(a->len, 7);
	assert_memory_equal(a->bytes, "abc\r\n;d", 7);
	assert_true(a->nocase && a->has_offset && a->has_depth && !a->is_relative);
	assert_int_equal(a->offset, 3);
	assert_int_equal(a->depth, 9);
	assert_true(b->negated && b->is_relative && b->fast);
	assert_int_equal(b->distance, -2);
	assert_int_equal(b->within, 5);
	assert_int_equal(s->layer, RULE_OF_BOTH);
	assert_int_equal(s->fast_clause, 0); /* what must not be there is not looked for */
}

static void layer_test(void **state)
{
	static const struct {
		const char *text;
		enum rule_layer layer;
	} rows[] = {
		{ "alert tcp any any -> any any (content:\"a\"; sid:1;)", RULE_OF_STREAM },
		{ "alert tcp any any -> any any (content:\"a\"; startswith; sid:1;)", RULE_OF_BOTH },
		{ "alert tcp any any -> any any (flow:no_stream; content:\"a\"; sid:1;)",
		  RULE_OF_PACKETS },
		{ "alert tcp-pkt any any -> any any (content:\"a\"; sid:1;)", RULE_OF_PACKETS },
		{ "alert tcp-stream any any -> any any (content:\"a\"; depth:1; sid:1;)",
		  RULE_OF_STREAM },
		{ "alert tcp any any -> any any (dsize:>5; content:\"a\"; sid:1;)", RULE_OF_PACKETS },
		{ "alert udp any any -> any any (content:\"a\"; sid:1;)", RULE_OF_PACKETS },
		{ "alert tcp any any -> any any (flow:established; sid:1;)", RULE_OF_PACKETS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(good(state, rows[i].text)->layer, rows[i].layer);
}

static void nothing_there_test(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(read_rule(bed, ""), 0);
	assert_int_equal(read_rule(bed, "  # alert ip any any -> any any (sid:1;)"), 0);
	assert_null(bed->signature);
	assert_int_equal(bed->diag.cnt, 0);
}

#define HEAD "alert tcp any any -> any any " /* 29 characters */

/* Place, and a piece of what is said. */
static const struct {
	const char *text;
	uint32_t line, column;
	const char *says;
} wrong[] = {
	{ "alrt tcp any any -> any any (sid:1;)", 10, 1, "no action" },
	{ "alert tpc any any -> any any (sid:1;)", 10, 7, "no protocol" },
	{ "alert tcp 10.0.0.300 any -> any any (sid:1;)", 10, 11, "no address" },
	{ "alert tcp $NOWHERE any -> any any (sid:1;)", 10, 11, "no such variable" },
	{ "alert tcp [!any,10.0.0.1] 7:3 -> any any (sid:1;)", 10, 11, "leaves no address" },
	{ "alert tcp any 7:3 -> any any (sid:1;)", 10, 15, "no port" },
	{ "alert tcp any any <- any any (sid:1;)", 10, 19, "no direction" },
	{ "alert tcp any any any (sid:1;)", 10, 1, "seven words" },
	{ HEAD "sid:1;", 10, 1, "no parenthesis" },
	{ HEAD "(sid:1;", 10, 36, "parenthesis" },
	{ HEAD "(sid:1)", 10, 31, "without end" },
	{ HEAD "(msg:\"x\";)", 10, 1, "without sid" },
	{ HEAD "(sid:1; sid:2;)", 10, 38, "twice" },
	{ HEAD "(sid:x;)", 10, 35, "no number" },
	{ HEAD "(contnt:\"x\"; sid:1;)", 10, 31, "no keyword" },
	{ HEAD "(msg:\"x\"; \\\n  content:\"a|4\"; sid:1;)", 11, 13, "hexadecimal" },
	{ HEAD "(content:\"a|4|\"; sid:1;)", 10, 41, "half a byte" },
	{ HEAD "(content:a; sid:1;)", 10, 39, "quotes" },
	{ HEAD "(content:\"\"; sid:1;)", 10, 40, "empty" },
	{ HEAD "(content:\"abc\"; depth:2; sid:1;)", 10, 52, "never lies" },
	{ HEAD "(nocase; sid:1;)", 10, 31, "without a content" },
	{ HEAD "(content:\"a\"; offset:x; sid:1;)", 10, 51, "no variable" },
	{ HEAD "(content:\"a\"; nocase:1; sid:1;)", 10, 51, "no value" },
	{ HEAD "(content; sid:1;)", 10, 31, "needs a value" },
	{ HEAD "(pcre:\"/a(b/\"; sid:1;)", 10, 41, "expression cannot be read" },
	{ HEAD "(pcre:\"/ab/q\"; sid:1;)", 10, 41, "no flag" },
	{ HEAD "(pcre:\"ab\"; sid:1;)", 10, 37, "two slashes" },
	{ HEAD "(flow:to_server,to_client; sid:1;)", 10, 36, "contradict" },
	{ HEAD "(flow:to_servr; sid:1;)", 10, 36, "no word" },
	{ HEAD "(flowbits:sett,a; sid:1;)", 10, 40, "isset" },
	{ HEAD "(dsize:10<>11; sid:1;)", 10, 37, "no number lies" },
	{ HEAD "(dsize:1xb; sid:1;)", 10, 37, "no condition" },
	{ HEAD "(dsize:64kb; sid:1;)", 10, 37, "too large" },
	{ "alert nfs any any -> any any (nfs.version:3<>2; sid:1;)", 10, 43, "no number lies" },
	{ HEAD "(ttl:256; sid:1;)", 10, 35, "too large" },
	{ HEAD "(byte_test:9,>,1,0; sid:1;)", 10, 41, "9 bytes" },
	{ HEAD "(byte_test:1,~,1,0; sid:1;)", 10, 43, "compare" },
	{ HEAD "(byte_jump:1; sid:1;)", 10, 41, "bytes and offset" },
	{ HEAD "(byte_math:bytes 1, offset 0, oper +, result n; sid:1;)", 10, 41, "lacks" },
	{ HEAD "(byte_math:bytes 1, offset 0, oper /, rvalue 0, result n; sid:1;)", 10, 41, "by 0" },
	{ HEAD "(flow:established,stateless; sid:1;)", 10, 36, "contradict" },
	{ HEAD "(threshold:type limit, track by_src, count 1; sid:1;)", 10, 41, "lacks" },
	{ HEAD "(ipv4.hdr; sid:1;)", 10, 31, "nothing is asked" },
	{ HEAD "(to_md5; sid:1;)", 10, 31, "without a buffer" },
	{ HEAD "(udp.hdr; xor:\"0d0\"; content:\"a\"; sid:1;)", 10, 44, "no key" },
	{ HEAD "(base64_data; content:\"a\"; sid:1;)", 10, 1, "without base64_decode" },
	{ HEAD "(decode-event:nosuch; sid:1;)", 10, 44, "no event" },
	{ HEAD "(app-layer-event:nosuch.x; sid:1;)", 10, 47, "no event" },
	{ HEAD "(lua:x.lua; sid:1;)", 10, 31, "scripts" },
	{ HEAD "(requires:version >= x; sid:1;)", 10, 40, "no version" },
	{ HEAD "(tag:nosuch; sid:1;)", 10, 35, "of a session" },
	{ HEAD "(dataset:isset,x,type string; sid:1;)", 10, 31, "without a buffer" },
	{ HEAD "(udp.hdr; dataset:isset,x; sid:1;)", 10, 40, "no type" },
	{ HEAD "(udp.hdr; dataset:isset,x,type string,load /nosuch; sid:1;)", 10, 40, "be read" },
	{ HEAD "(filemd5:/nosuch; sid:1;)", 10, 39, "be read" },
	{ HEAD "(mqtt.flags:nosuch; sid:1;)", 10, 42, "no flag" },
	{ HEAD "(frame:nfs.pdu; sid:1;)", 10, 37, "no protocol that is read has a frame" },
	{ HEAD "(rpc:*; sid:1;)", 10, 35, "program" },
	{ HEAD "(asn1:relative_offset 1; sid:1;)", 10, 36, "nothing" },
	{ HEAD "(bsize:3; sid:1;)", 10, 31, "without a buffer" },
	{ HEAD "(geoip:JP; sid:1;)", 10, 31, "no table of countries" },
	{ HEAD "(tls.store; sid:1;)", 10, 31, "not kept" },
	{ HEAD "(nfq_set_mark:1/1; sid:1;)", 10, 31, "nobody would read" },
	{ HEAD "(l3_proto:ip5; sid:1;)", 10, 40, "no version" },
	{ "alert dns any any -> any any (dns.opcode:256; sid:1;)", 10, 42, "too large" },
	{ "alert dns any any -> any any (dns.opcode:>255; sid:1;)", 10, 42,
	  "no number from 0 to 255" },
	{ "alert dns any any -> any any (dns.opcode:3-256; sid:1;)", 10, 42, "too large" },
	{ "alert mqtt any any -> any any (mqtt.qos:300; sid:1;)", 10, 41, "too large" },
	{ "alert nfs any any -> any any (nfs_procedure:4294967296; sid:1;)", 10, 45, "too large" },
	{ HEAD "(ttl:<0; sid:1;)", 10, 35, "no number from 0 to 255" },
	{ "alert tls any any -> any any (tls_cert_notafter:>2016; sid:1;)", 10, 50, "no time" },
	/* what could never match */
	{ "alert modbus any any -> any any (flow:to_client; modbus:function 3; sid:1;)", 10, 1,
	  "modbus is sent to the server" },
	{ "alert rfb any any -> any any (rfb.sectype:1; rfb.secresult:ok; sid:1;)", 10, 1,
	  "the rule asks of the other direction" },
	{ HEAD "(http.host; content:\"Example\"; sid:1;)", 10, 1, "in small letters" },
	{ HEAD "(http.method; content:\"GET \"; sid:1;)", 10, 1, "no blanks" },
	{ HEAD "(http.uri; bsize:<4; content:\"abcd\"; sid:1;)", 10, 1, "never lies in 3 bytes" },
	{ HEAD "(dsize:2; content:\"abc\"; sid:1;)", 10, 1, "never lies in 2 bytes" },
	{ HEAD "(urilen:2<>4; content:\"abcd\"; http_uri; sid:1;)", 10, 1, "never lies in 3 bytes" },
	{ "alert udp any any -> any any (http.uri; content:\"a\"; sid:1;)", 10, 1, "not spoken over" },
	{ "alert dns any any -> any any (filename:\"a\"; sid:1;)", 10, 1, "carries none" },
	{ "alert ftp any any -> any any (filestore; sid:1;)", 10, 1, "carries none" },
	{ "alert tls any any -> any any (file.data; content:\"a\"; sid:1;)", 10, 1, "carries none" },
	{ "alert tcp-pkt any any -> any any (flow:only_stream; sid:1;)", 10, 1, "only packets" },
	{ "alert tcp-stream any any -> any any (dsize:>2; sid:1;)", 10, 1, "only packets" },
};

static void wrong_test(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct bed *bed = *state;
		const struct diag_entry *said;

		diag_free(&bed->diag);
		assert_int_equal(read_rule(bed, wrong[i].text), -EINVAL);
		assert_null(bed->signature);
		assert_int_equal(bed->diag.cnt, 1);
		said = &bed->diag.entries[0];
		if (!strstr(said->text, wrong[i].says) || said->line != wrong[i].line ||
		    said->column != wrong[i].column)
			fail_msg("%s\nsaid at %u:%u: %s", wrong[i].text, said->line, said->column,
				 said->text);
	}
}

/* What the settings switch off is never there: what asks for it is refused, what asks that it is not is taken. */
static void off_test(void **state)
{
	struct bed bed = { .signature = NULL };
	struct config *config;

	diag_init(&bed.diag);
	assert_int_equal(config_read(NULL, &config, &bed.diag), 0);
	assert_int_equal(config_set(config, "app-layer.protocols.modbus.enabled=no"), 0);
	assert_int_equal(parse_new(config, &bed.diag, &bed.parse), 0);
	assert_int_equal(read_rule(&bed, "alert modbus any any -> any any (sid:1;)"), -EINVAL);
	assert_int_equal(read_rule(&bed, HEAD "(app-layer-protocol:modbus; sid:1;)"), -EINVAL);
	assert_int_equal(bed.diag.cnt, 2);
	for (uint32_t i = 0; i < bed.diag.cnt; i++)
		assert_non_null(strstr(bed.diag.entries[i].text, "switch its protocol off"));
	assert_int_equal(read_rule(&bed, HEAD "(app-layer-protocol:!modbus; sid:1;)"), 0);
	signature_free(bed.signature);
	parse_free(bed.parse);
	config_free(config);
	diag_free(&bed.diag);
}

static void file_test(void **state)
{
	static const char text[] = "# alert ip any any -> any any (sid:9;)\n"
				   "alert ip any any -> any any (sid:1; rev:1;)\n"
				   "alert ip any any -> any any \\\n"
				   "	(sid:2;)\n\n"
				   "alert ip any any -> any any (sid:1; rev:3;)\r\n"
				   "alert ip any any -> any any (sid:2;)\n"
				   "alert ip any any -> any any (nosuch; sid:3;)";
	struct bed *bed = *state;
	struct signatures signatures = {};
	struct ruleset_tally tally;
	char path[] = "/tmp/rules.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	assert_int_equal(parse_file(bed->parse, path, &signatures), 0);
	unlink(path);
	tally = parse_tally(bed->parse);
	assert_int_equal(signatures.cnt, 2);
	assert_int_equal(signatures.at[0]->rule.rev, 3);
	assert_int_equal(signatures.at[1]->rule.line, 3);
	assert_int_equal(tally.taken, 2);
	assert_int_equal(tally.refused, 2);
	assert_int_equal(tally.ignored, 2);
	assert_int_equal(bed->diag.entries[0].line, 7);
	assert_int_equal(bed->diag.entries[1].line, 8);
	signatures_free(&signatures);
}

/* What a rule requires is compared with the version whose language this is. */
static void requires_test(void **state)
{
	static const struct {
		const char *asks;
		bool is_met;
	} requires[] = {
		{ "version >= 7", true },	 { "version >= 7.0.11", false },
		{ "version < 8", true },	 { "version >= 7.0.3 < 8", true },
		{ "version < 7 | >= 8", false }, { "version < 7 | > 7.0.1", true },
		{ "feature nosuch", false },	 { "keyword content", true },
		{ "keyword nosuch", false },	 { "version >= 7, keyword nosuch", false },
	};
	struct bed *bed = *state;
	char text[128];

	for (size_t i = 0; i < sizeof(requires) / sizeof(requires[0]); i++) {
		snprintf(text, sizeof(text), "alert ip any any -> any any (requires:%s; sid:1;)",
			 requires[i].asks);
		assert_int_equal(read_rule(bed, text), 0);
		assert_int_equal(bed->signature != NULL, requires[i].is_met);
	}
	assert_int_equal(parse_tally(bed->parse).ignored, 5);
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void thresholds_test(void **state)
{
	struct bed *bed = *state;
	struct signatures signatures = {};
	char rules[] = "/tmp/rules.XXXXXX", thresholds[] = "/tmp/thresholds.XXXXXX";
	const struct signature *one, *two;

	write_file(rules, "alert ip any any -> any any (sid:1;)\n"
			  "alert ip any any -> any any "
			  "(threshold:type both, track by_dst, count 2, seconds 9; sid:2;)\n");
	write_file(thresholds,
		   "# one line of each, and this is one \\\n"
		   "threshold gen_id 0, sig_id 0, type limit, track by_src, count 1, seconds 60\n"
		   "rate_filter gen_id 1, sig_id 1, track by_rule, count 5, seconds 10, \\\n"
		   "  new_action drop, timeout 30\n"
		   "suppress gen_id 1, sig_id 2, track by_src, ip [10.0.0.0/8,!10.1.0.0/16]\n"
		   "suppress gen_id 1, sig_id 1\n"
		   "suppress gen_id 1, sig_id 1, track by_src\n"
		   "nonsense\n");
	assert_int_equal(parse_file(bed->parse, rules, &signatures), 0);
	assert_int_equal(parse_thresholds(bed->parse, thresholds, &signatures), 0);
	unlink(rules);
	unlink(thresholds);
	assert_int_equal(signatures.cnt, 2);
	one = signatures.at[0];
	two = signatures.at[1];
	assert_int_equal(one->threshold.kind, LIMIT_LIMIT);
	assert_int_equal(two->threshold.kind, LIMIT_BOTH); /* its own is stronger than one for all */
	assert_int_equal(one->rate.kind, LIMIT_RATE);
	assert_int_equal(one->rate.new_action, RULE_DROP);
	assert_int_equal(one->rate.timeout, 30);
	assert_int_equal(one->suppression_cnt, 1);
	assert_false(one->suppressions[0].by_src || one->suppressions[0].by_dst);
	assert_int_equal(two->suppression_cnt, 1);
	assert_true(two->suppressions[0].by_src);
	assert_int_equal(two->suppressions[0].addresses.cnt, 2);
	assert_int_equal(bed->diag.cnt, 2);
	assert_int_equal(bed->diag.entries[0].line, 7);
	assert_int_equal(bed->diag.entries[1].line, 8);
	signatures_free(&signatures);
}

/* How many rules a reason costs, the most frequent first. */
static void refusals_test(void **state)
{
	struct bed *bed = *state;
	struct refusal refusal;

	assert_int_equal(read_rule(bed, HEAD "(lua:x; sid:1;)"), -EINVAL);
	assert_int_equal(read_rule(bed, HEAD "(nosuch; sid:1;)"), -EINVAL);
	assert_int_equal(read_rule(bed, HEAD "(nosuch; sid:2;)"), -EINVAL);
	assert_true(parse_refusal(bed->parse, 0, &refusal));
	assert_string_equal(refusal.says, "there is no keyword \"nosuch\"");
	assert_int_equal(refusal.cnt, 2);
	assert_true(parse_refusal(bed->parse, 1, &refusal));
	assert_int_equal(refusal.cnt, 1);
	assert_false(parse_refusal(bed->parse, 2, &refusal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(header_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(actions_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(about_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(content_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(layer_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(nothing_there_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(wrong_test, bed_new, bed_free),
		cmocka_unit_test(off_test),
		cmocka_unit_test_setup_teardown(file_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(requires_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(thresholds_test, bed_new, bed_free),
		cmocka_unit_test_setup_teardown(refusals_test, bed_new, bed_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
