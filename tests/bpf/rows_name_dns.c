// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/name_dns.h: what a question meets on its way, by what is plainly readable in it. Both
 * families. Run by gate_test.c.
 */
#include "bpf/gatebed.h"
#include "bpf/nametext.h"

#include <string.h>

#define NAMED(fail, names)                                                                         \
	BED_ALPHA "    default: {out: accept, in: accept}\n"                                       \
		  "    fail: " fail "\n"                                                           \
		  "    names: {" names "}\n"

static const char open_body[] = NAMED("open", "records: dns");
static const char closed_body[] = NAMED("closed", "records: none, ech: block");
static const char listed_body[] = NAMED("open", "mode: only-listed, answer: nodata");

static enum sek_reason asked(struct bed *bed, const struct ends *ends, const struct nametext *text)
{
	struct pkt pkt = bed_out(ends, (struct pkt){ .proto = IPPROTO_UDP,
						     .sport = 40000,
						     .dport = 53,
						     .payload = text->b,
						     .payload_len = text->len });

	return bed_run(bed, INSIDE, &pkt);
}

/* The first packet of a flow, and one of those that follow: the same is found of both. */
static void expect(struct bed *bed, const char *what, const struct nametext *text,
		   enum sek_reason first, enum sek_reason later)
{
	for (size_t f = 0; f < 2; f++) {
		enum sek_reason got;

		bed_reset(bed);
		for (int i = 0; i < 2; i++) {
			got = asked(bed, &bed_ends[f], text);
			if (got != (i ? later : first))
				fail_msg("%s over %s, packet %d: %s", what, bed_ends[f].family, i,
					 reason_name(got));
		}
	}
}

static void plain_questions_pass(void **state)
{
	struct bed *bed = *state;
	struct nametext text = nametext_dns("www.example.com", 1, true);

	bed_policy(bed, open_body);
	expect(bed, "a question", &text, SEK_R_accepted, SEK_R_established);
	text = nametext_dns("", 2, false);
	expect(bed, "the root", &text, SEK_R_accepted, SEK_R_established);
}

static void broken_questions_end(void **state)
{
	struct bed *bed = *state;
	struct nametext text = nametext_dns("www.example.com", 1, false);

	bed_policy(bed, open_body);
	for (size_t len = text.len; len-- > 0;) {
		text.len = len;
		expect(bed, "a question cut short", &text, SEK_R_name_bad, SEK_R_name_bad);
		assert_int_equal(bed->last.action, XDP_DROP);
	}
}

/* What is to become of it: judged by its name, asks for none, several or none that anybody has. */
enum odd { JUDGED, ASKS_NOTHING, SEVERAL, BROKEN };

static const struct {
	const char *what;
	size_t at;
	uint8_t byte;
	enum odd odd;
} bends[] = {
	{ "an answer", 2, 0x81, JUDGED },
	{ "an update", 2, 0x28, JUDGED },
	{ "two questions", 5, 2, SEVERAL },
	{ "257 questions", 4, 1, SEVERAL },
	{ "no question", 5, 0, ASKS_NOTHING },
	{ "an answer in it", 7, 1, JUDGED },
	{ "a pointer", 12, 0xc0, BROKEN },
	{ "an old label", 12, 0x41, BROKEN },
	{ "a label that does not end", 12, 45, BROKEN },
	{ "a dot in a label", 14, '.', JUDGED },
	{ "a blank in it", 14, ' ', JUDGED },
	{ "a one in it", 14, 1, JUDGED },
	{ "a byte above ASCII", 14, 0xfc, JUDGED },
	{ "a capital", 14, 'W', JUDGED },
};

/* Whatever fail: says: nothing of it waits for anybody, or passes undecided. */
static void odd_questions_are_decided(void **state)
{
	struct bed *bed = *state;

	for (int closed = 0; closed < 2; closed++) {
		bed_policy(bed, closed ? closed_body : listed_body);
		for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
			struct nametext text = nametext_dns("www.example.com", 1, false);
			bool bad = bends[i].odd == SEVERAL || bends[i].odd == BROKEN;
			bool passes = closed || bends[i].odd == ASKS_NOTHING;

			text.b[bends[i].at] = bends[i].byte;
			expect(bed, bends[i].what, &text,
			       bad	? SEK_R_name_bad
			       : passes ? SEK_R_accepted
					: SEK_R_name_unlisted,
			       bad	? SEK_R_name_bad
			       : passes ? SEK_R_established
					: SEK_R_name_unlisted);
		}
	}
}

/* RFC 9619: several questions are a format error, told by a head alone. */
static void several_questions_are_an_error(void **state)
{
	struct bed *bed = *state;
	struct nametext text = nametext_dns("www.example.com", 1, false);

	bed_policy(bed, open_body);
	text.b[5] = 2;
	for (size_t f = 0; f < 2; f++) {
		size_t dns;

		bed_reset(bed);
		assert_int_equal(asked(bed, &bed_ends[f], &text), SEK_R_name_bad);
		assert_int_equal(bed->last.action, XDP_TX);
		dns = bed->out.l3 + (bed->out.b[bed->out.l3] >> 4 == 4 ? 20 : 40) + 8;
		assert_int_equal(bed->out.len, dns + 12);
		assert_memory_equal(bed->out.b + dns, text.b, 2);
		assert_int_equal(bed->out.b[dns + 2] & 0x80, 0x80);
		assert_int_equal(bed->out.b[dns + 3] & 0x0f, 1);
		assert_int_equal(frame_get16(&bed->out, dns + 4), 0);
	}
}

/* A name of labels of one length each, as long as there may be one. */
static struct nametext long_name(size_t label, size_t most)
{
	char name[300];
	size_t len = 0;

	while (len + label + 1 <= most) {
		memset(name + len, 'a' + (char)(len % 26), label);
		name[len + label] = '.';
		len += label + 1;
	}
	name[len ? len - 1 : 0] = 0;
	return nametext_dns(name, 1, true);
}

static void long_names_are_decided(void **state)
{
	struct bed *bed = *state;

	for (int listed = 0; listed < 2; listed++) {
		bed_policy(bed, listed ? listed_body : open_body);
		for (size_t label = 1; label <= 63; label++) {
			struct nametext text = long_name(label, 254);

			expect(bed, "a long name", &text,
			       listed ? SEK_R_name_unlisted : SEK_R_accepted,
			       listed ? SEK_R_name_unlisted : SEK_R_established);
		}
	}
}

/* In white list mode nothing passes that no list allows, be it that there is none. */
static void what_no_list_allows_is_answered(void **state)
{
	struct bed *bed = *state;
	struct nametext text = nametext_dns("www.example.com", 1, true);
	size_t dns;

	bed_policy(bed, listed_body);
	expect(bed, "an unlisted name", &text, SEK_R_name_unlisted, SEK_R_name_unlisted);
	assert_int_equal(bed->last.action, XDP_TX);
	/* The answer, without an address and without an error. */
	dns = bed->out.l3 + (bed->out.b[bed->out.l3] >> 4 == 4 ? 20 : 40) + 8;
	assert_int_equal(bed->out.b[dns + 2] & 0x80, 0x80);
	assert_int_equal(bed->out.b[dns + 3] & 0x0f, 0);
	assert_int_equal(frame_get16(&bed->out, dns + 6), 0);
}

static void what_would_hide_names_is_answered(void **state)
{
	static const struct {
		uint16_t type;
		enum sek_reason reason;
	} rows[] = { { 64, SEK_R_name_hidden },
		     { 65, SEK_R_name_hidden },
		     { 1, SEK_R_accepted },
		     { 28, SEK_R_accepted },
		     { 66, SEK_R_accepted } };
	struct bed *bed = *state;

	bed_policy(bed, closed_body);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nametext text = nametext_dns("www.example.com", rows[i].type, false);
		bool hides = rows[i].reason == SEK_R_name_hidden;

		expect(bed, "records of a name", &text, rows[i].reason,
		       hides ? rows[i].reason : SEK_R_established);
		assert_int_equal(bed->last.action, hides ? XDP_TX : XDP_REDIRECT);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(plain_questions_pass),
	cmocka_unit_test(broken_questions_end),
	cmocka_unit_test(odd_questions_are_decided),
	cmocka_unit_test(several_questions_are_an_error),
	cmocka_unit_test(long_names_are_decided),
	cmocka_unit_test(what_no_list_allows_is_answered),
	cmocka_unit_test(what_would_hide_names_is_answered),
};
ROWS(rows_name_dns, tests);
