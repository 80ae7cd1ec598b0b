// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/name_leads.h: answers of DNS that lead to names of a list, over UDP and TCP, in both families,
 * with the lists in the kernel. Run by gate_test.c.
 */
#include "bpf/gatebed.h"
#include "bpf/nametext.h"
#include "install/gate.h"
#include "install/names.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORT 40000
#define HEAD 12
#define A 1
#define CNAME 5
#define SVCB 64
#define HTTPS 65
#define OUR_ISN 1000
#define ITS_ISN 5000

/* A tenant whose lists are files of this folder. */
static char folder[64];

static void list_write(const char *name, const char *text)
{
	char path[96];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void lists_remove(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/bad.txt", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/good.txt", folder);
	unlink(path);
	rmdir(folder);
}

static void policy_live(struct bed *bed, const char *names)
{
	char text[2048];
	struct diag diag;

	strcpy(folder, "/tmp/sekisho-leads-XXXXXX");
	assert_non_null(mkdtemp(folder));
	list_write("bad.txt", "bad.test\n");
	list_write("good.txt", "good.bad.test\nfine.shop.test\n");
	snprintf(text, sizeof(text),
		 BED_PORTS
		 "lists:\n"
		 "  - {name: bad, id: 0, holds: names, kind: block, source: %s/bad.txt, format: domains}\n"
		 "  - {name: good, id: 1, holds: names, kind: allow, source: %s/good.txt, format: domains}\n"
		 "tenants:\n"
		 "  - name: alpha\n"
		 "    id: 1\n"
		 "    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"
		 "    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"
		 "    default: {out: accept, in: drop}\n"
		 "    names: {block: [bad], allow: [good], answer: nxdomain, %s}\n",
		 folder, folder, names);
	bed_policy(bed, text);
	diag_init(&diag);
	assert_int_equal(names_load_all(replay_gate(bed->replay), bed->policy, &diag), 0);
	assert_int_equal(diag.cnt, 0);
	diag_free(&diag);
	lists_remove();
}

/* --- answers --- */

/* A question that has been answered by nothing yet. */
static struct nametext answer_begin(const char *asked)
{
	struct nametext text = nametext_dns(asked, A, false);

	text.b[2] = 0x81;
	text.b[3] = 0x80;
	return text;
}

/* A record of the asked name. data: as on the wire. */
static void record_add(struct nametext *text, unsigned int type, const void *data, size_t len)
{
	nametext_put16(text, 0xc000 | HEAD);
	nametext_put16(text, type);
	nametext_put16(text, 1);
	nametext_put16(text, 0);
	nametext_put16(text, 60);
	nametext_put16(text, (unsigned int)len);
	nametext_add(text, data, len);
	text->b[7]++;
}

static void address_add(struct nametext *text)
{
	record_add(text, A, "\xc0\0\2\1", 4);
}

static struct pkt client(const struct ends *e, uint8_t proto, const struct nametext *text)
{
	return bed_out(e, (struct pkt){ .proto = proto,
					.sport = PORT,
					.dport = 53,
					.flags = TCP_ACK,
					.seq = OUR_ISN + 1,
					.ack = ITS_ISN + 1,
					.payload = text ? text->b : NULL,
					.payload_len = text ? text->len : 0 });
}

static struct pkt server(const struct ends *e, uint8_t proto, const struct nametext *text)
{
	return bed_in(e, (struct pkt){ .proto = proto,
				       .sport = 53,
				       .dport = PORT,
				       .flags = TCP_ACK,
				       .seq = ITS_ISN + 1,
				       .ack = OUR_ISN + 1,
				       .payload = text ? text->b : NULL,
				       .payload_len = text ? text->len : 0 });
}

/* What becomes of an answer over UDP. */
static enum sek_reason answered(struct bed *bed, const struct ends *e, const char *asked,
				const struct nametext *answer)
{
	struct nametext question = nametext_dns(asked, A, true);
	struct pkt pkt = client(e, IPPROTO_UDP, &question);

	bed_reset(bed);
	assert_int_equal(bed_run(bed, INSIDE, &pkt), SEK_R_accepted);
	pkt = server(e, IPPROTO_UDP, answer);
	return bed_run(bed, OUTSIDE, &pkt);
}

static void expect(struct bed *bed, const char *what, const char *asked,
		   const struct nametext *answer, bool led)
{
	for (size_t f = 0; f < 2; f++) {
		enum sek_reason got = answered(bed, &bed_ends[f], asked, answer);

		if (got != (led ? SEK_R_name_led : SEK_R_established))
			fail_msg("%s over %s: %s", what, bed_ends[f].family, reason_name(got));
		assert_int_equal(bed->last.action, XDP_REDIRECT);
	}
}

/* In its place, to the client, stands NXDOMAIN of the same question and nothing else. */
static void refusal_is_right(const struct bed *bed, const struct nametext *answer, size_t question)
{
	const struct frame *in = &bed->in, *out = &bed->out;
	size_t l4 = out->l3 + (out->b[out->l3] >> 4 == 4 ? 20 : 40), dns = l4 + 8;

	assert_memory_equal(out->b, in->b, in->l3);
	assert_memory_equal(out->b + l4, in->b + in->l4, 4);
	assert_int_equal(out->len, dns + question);
	assert_memory_equal(out->b + dns, answer->b, 2);
	assert_int_equal(out->b[dns + 2] & 0x82, 0x80);
	assert_int_equal(out->b[dns + 3] & 0x0f, 3);
	assert_int_equal(frame_get16(out, dns + 4), 1);
	for (size_t at = 6; at < HEAD; at += 2)
		assert_int_equal(frame_get16(out, dns + at), 0);
	assert_memory_equal(out->b + dns + HEAD, answer->b + HEAD, question - HEAD);
	assert_true(frame_l4_sum_right(out, out->l3));
}

static const struct {
	const char *what, *asked;
	const char *data; /* of the CNAME */
	size_t len;
	bool led;
} rows[] = {
	{ "a listed name", "www.shop.test", "\3bad\4test", 10, true },
	{ "one below it", "www.shop.test", "\2ad\3bad\4test", 13, true },
	{ "in capitals", "www.shop.test", "\3BaD\4TEST", 10, true },
	{ "by a pointer into the question", "www.shop.test", "\3bad\xc0\x15", 6, true },
	{ "one that the list allows below it", "www.shop.test", "\4good\3bad\4test", 15, false },
	{ "one above it", "www.shop.test", "\4test", 6, false },
	{ "one beside it", "www.shop.test", "\4abad\4test", 11, false },
	{ "the root", "www.shop.test", "", 1, false },
	{ "a dot within a label", "www.shop.test", "\2.x\3bad\4test", 13, true },
	{ "an alias that is allowed", "fine.shop.test", "\3bad\4test", 10, false },
	{ "one below that", "a.fine.shop.test", "\3bad\4test", 10, false },
	{ "a pointer to itself", "www.shop.test", "\xc0\x2b", 2, false },
	{ "a circle of pointers", "www.shop.test", "\1a\xc0\x2b", 4, false },
	{ "a pointer beyond the message", "www.shop.test", "\xc1\xff", 2, false },
	{ "no name at all", "www.shop.test", "\x80\1", 2, false },
	{ "a name without an end", "www.shop.test",
	  "\x3f"
	  "bad",
	  4, false },
};

static void answers_that_lead_away(void **state)
{
	static const char *const told[] = { "records: none", "records: dns",
					    "records: all, ech: strip" };
	struct bed *bed = *state;

	for (size_t t = 0; t < sizeof(told) / sizeof(told[0]); t++) {
		policy_live(bed, told[t]);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct nametext answer = answer_begin(rows[i].asked);
			size_t question = answer.len;

			record_add(&answer, CNAME, rows[i].data, rows[i].len);
			address_add(&answer);
			expect(bed, rows[i].what, rows[i].asked, &answer, rows[i].led);
			if (rows[i].led)
				refusal_is_right(bed, &answer, question);
		}
	}
}

/* Wherever in the chain it stands, and behind how much else. */
static void chains_are_followed(void **state)
{
	struct bed *bed = *state;

	policy_live(bed, "records: none");
	for (int before = 0; before < 39; before++)
		for (int listed = 0; listed < 2; listed++) {
			struct nametext answer = answer_begin("www.shop.test");

			for (int i = 0; i < before; i++) {
				if (i & 1)
					address_add(&answer);
				else
					record_add(&answer, CNAME, "\1x\xc0\x10", 4);
			}
			record_add(&answer, CNAME, listed ? "\1x\3bad\4test" : "\1x\3bid\4test", 12);
			address_add(&answer);
			expect(bed, "a chain", "www.shop.test", &answer, listed);
		}
}

/* Targets of both types, as an alias (priority 0) and with parameters, in any section. */
static const struct {
	const char *what, *asked;
	const char *data; /* of the record */
	size_t len;
	bool led;
} services[] = {
	{ "an alias", "www.shop.test", "\0\0\3bad\4test", 12, true },
	{ "one below it", "www.shop.test", "\0\0\2ad\3bad\4test", 15, true },
	{ "one in capitals", "www.shop.test", "\0\0\3BAD\4Test", 12, true },
	{ "a service", "www.shop.test", "\0\1\3bad\4test\0\0\1\0\3\2h2", 19, true },
	{ "a service by a pointer", "www.shop.test", "\0\1\3bad\xc0\x15\0\1\0\3\2h2", 15, true },
	{ "a service of its own", "www.shop.test", "\0\1\0\0\1\0\3\2h2", 10, false },
	{ "none at all", "www.shop.test", "\0\0", 3, false },
	{ "one that the list allows", "www.shop.test", "\0\0\4good\3bad\4test", 17, false },
	{ "one beside it", "www.shop.test", "\0\0\4abad\4test", 13, false },
	{ "an alias of what is allowed", "fine.shop.test", "\0\0\3bad\4test", 12, false },
	{ "a priority alone", "www.shop.test", "\0\1", 2, false },
	{ "half a priority", "www.shop.test", "\0", 1, false },
};

static void services_that_lead_away(void **state)
{
	static const unsigned int types[] = { SVCB, HTTPS };
	struct bed *bed = *state;

	policy_live(bed, "records: none");
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		for (size_t t = 0; t < 2; t++)
			for (size_t section = 7; section < HEAD; section += 2) {
				struct nametext answer = answer_begin(services[i].asked);
				size_t question = answer.len;

				address_add(&answer);
				record_add(&answer, types[t], services[i].data, services[i].len);
				answer.b[7]--;
				answer.b[section]++;
				expect(bed, services[i].what, services[i].asked, &answer,
				       services[i].led);
				if (services[i].led)
					refusal_is_right(bed, &answer, question);
			}
}

/* A target's name ends where its record does not: what stands behind it is no name. */
static void other_types_lead_nowhere(void **state)
{
	struct bed *bed = *state;

	policy_live(bed, "records: none");
	for (unsigned int type = 1; type < 300; type++) {
		struct nametext by_name = answer_begin("www.shop.test"), by_service = by_name;

		record_add(&by_name, type, "\3bad\4test", 10);
		expect(bed, "a record that begins with a name", "www.shop.test", &by_name,
		       type == CNAME);
		record_add(&by_service, type, "\0\1\3bad\4test", 12);
		expect(bed, "a record that has a name in it", "www.shop.test", &by_service,
		       type == SVCB || type == HTTPS);
	}
}

static void long_names_are_spelt(void **state)
{
	struct bed *bed = *state;

	policy_live(bed, "records: none");
	for (size_t label = 1; label <= 63; label++) {
		struct nametext answer = answer_begin("www.shop.test"), name = {};

		while (name.len + label + 1 + 10 <= 255) {
			uint8_t len = (uint8_t)label;

			nametext_add(&name, &len, 1);
			for (size_t i = 0; i < label; i++)
				nametext_add(&name, "q", 1);
		}
		nametext_add(&name, "\3bad\4test", 10);
		record_add(&answer, CNAME, name.b, name.len);
		expect(bed, "a long name", "www.shop.test", &answer, true);
	}
}

/* Cut anywhere, or with any byte of its head another one: it goes on as it is, or refused. */
static void odd_answers_do_no_harm(void **state)
{
	struct bed *bed = *state;
	struct nametext whole = answer_begin("www.shop.test");
	size_t question = whole.len;

	policy_live(bed, "records: none");
	record_add(&whole, CNAME, "\3bad\4test", 10);
	for (size_t len = 0; len <= whole.len; len++) {
		struct nametext answer = whole;

		answer.len = len;
		expect(bed, "an answer cut short", "www.shop.test", &answer, len == whole.len);
	}
	for (size_t at = 2; at < question; at++)
		for (int bit = 0; bit < 8; bit++) {
			struct nametext answer = whole;

			answer.b[at] ^= (uint8_t)(1 << bit);
			assert_true(bed->last.action == XDP_REDIRECT);
			answered(bed, &bed_ends[bit & 1], "www.shop.test", &answer);
		}
}

/* --- over TCP --- */

static void in_front(struct nametext *text, const struct nametext *message)
{
	nametext_put16(text, (unsigned int)message->len);
	nametext_add(text, message->b, message->len);
}

static void connected(struct bed *bed, const struct ends *e)
{
	struct pkt pkt = client(e, IPPROTO_TCP, NULL);

	bed_reset(bed);
	pkt.flags = TCP_SYN;
	pkt.seq = OUR_ISN;
	assert_int_equal(bed_run(bed, INSIDE, &pkt), SEK_R_accepted);
	pkt = server(e, IPPROTO_TCP, NULL);
	pkt.flags = TCP_SYN | TCP_ACK;
	pkt.seq = ITS_ISN;
	assert_int_equal(bed_run(bed, OUTSIDE, &pkt), SEK_R_established);
	pkt = client(e, IPPROTO_TCP, NULL);
	assert_int_equal(bed_run(bed, INSIDE, &pkt), SEK_R_established);
}

static enum sek_reason answered_by_tcp(struct bed *bed, const struct ends *e,
				       const struct nametext *text)
{
	struct pkt pkt;

	connected(bed, e);
	pkt = server(e, IPPROTO_TCP, text);
	return bed_run(bed, OUTSIDE, &pkt);
}

/*
 * Several messages in a segment are each read; of one that is not whole the records that are. Those in
 * later segments are the agent's.
 */
static void connections_end(void **state)
{
	struct bed *bed = *state;
	struct nametext plain = answer_begin("www.shop.test"), led = plain;

	policy_live(bed, "records: none");
	address_add(&plain);
	record_add(&led, CNAME, "\3bad\xc0\x15", 6);
	for (size_t f = 0; f < 2; f++)
		for (int before = 0; before < 3; before++) {
			struct nametext text = {};

			for (int i = 0; i < before; i++)
				in_front(&text, &plain);
			assert_int_equal(answered_by_tcp(bed, &bed_ends[f], &text),
					 SEK_R_established);
			in_front(&text, &led);
			assert_int_equal(answered_by_tcp(bed, &bed_ends[f], &text), SEK_R_name_block);
			text.len--;
			assert_int_equal(answered_by_tcp(bed, &bed_ends[f], &text),
					 SEK_R_established);
		}
}

/* A long answer goes on in other segments, cut anywhere behind the record that leads away. */
static void first_segments_are_read(void **state)
{
	struct bed *bed = *state;
	struct nametext led = answer_begin("www.shop.test"), text = {};
	size_t behind;

	policy_live(bed, "records: none");
	record_add(&led, HTTPS, "\0\1\3bad\xc0\x15\0\1\0\3\2h2", 15);
	behind = 2 + led.len;
	for (int i = 0; i < 8; i++)
		address_add(&led);
	in_front(&text, &led);
	for (size_t len = 1; len <= text.len; len++) {
		struct nametext cut = text;

		cut.len = len;
		assert_int_equal(answered_by_tcp(bed, &bed_ends[len & 1], &cut),
				 len < behind ? SEK_R_established : SEK_R_name_block);
	}
}

/* Entries are given out in the order in which they became free: this one is the next. */
static void entry_is_next(struct bed *bed, uint32_t number)
{
	int free_fd = gate_map_fd(replay_gate(bed->replay), "sek_flow_free");
	uint32_t first;

	for (int i = 0; i < 1 << 20; i++) {
		assert_int_equal(bpf_map_lookup_elem(free_fd, NULL, &first), 0);
		if (first == number)
			return;
		assert_int_equal(bpf_map_lookup_and_delete_elem(free_fd, NULL, &first), 0);
		assert_int_equal(bpf_map_update_elem(free_fd, NULL, &first, 0), 0);
	}
	fail_msg("entry %u is not free", number);
}

/* The agent was asked of a connection, never spoke, and another connection has its entry in the table now. */
static void entries_forget(void **state)
{
	struct bed *bed = *state;
	struct nametext led = answer_begin("www.shop.test"), text = {}, question = {};
	struct nametext asked = nametext_dns("www.shop.test", A, true);
	struct sek_flow was, is;

	policy_live(bed, "records: none");
	record_add(&led, CNAME, "\3bad\xc0\x15", 6);
	in_front(&text, &led);
	in_front(&question, &asked);
	for (size_t f = 0; f < 2; f++) {
		struct pkt pkt;

		connected(bed, &bed_ends[f]);
		pkt = client(&bed_ends[f], IPPROTO_TCP, &question);
		assert_int_equal(bed_run(bed, INSIDE, &pkt), SEK_R_name_pending);
		assert_int_equal(bed_flows(bed, &was), 1);
		bed_reset(bed);
		entry_is_next(bed, was.number);
		assert_int_equal(answered_by_tcp(bed, &bed_ends[f], &text), SEK_R_name_block);
		assert_int_equal(bed_flows(bed, &is), 1);
		assert_int_equal(is.number, was.number);
	}
}

/* The first piece of a datagram that leads away takes the others with it. */
static void pieces_are_dropped(void **state)
{
	struct bed *bed = *state;
	struct nametext answer = answer_begin("www.shop.test");
	struct nametext question = nametext_dns("www.shop.test", A, true);

	policy_live(bed, "records: none");
	record_add(&answer, CNAME, "\3bad\xc0\x15", 6);
	for (int i = 0; i < 40; i++)
		address_add(&answer);
	for (size_t f = 0; f < 2; f++) {
		struct pkt pkt = client(&bed_ends[f], IPPROTO_UDP, &question);

		bed_reset(bed);
		assert_int_equal(bed_run(bed, INSIDE, &pkt), SEK_R_accepted);
		pkt = server(&bed_ends[f], IPPROTO_UDP, &answer);
		pkt.ip_id = 7;
		pkt.piece = 400;
		assert_int_equal(bed_run(bed, OUTSIDE, &pkt), SEK_R_name_block);
		assert_int_equal(bed->last.action, XDP_DROP);
		pkt.from = 400;
		assert_int_equal(bed_run(bed, OUTSIDE, &pkt), SEK_R_frag_denied);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(answers_that_lead_away),  cmocka_unit_test(chains_are_followed),
	cmocka_unit_test(long_names_are_spelt),	   cmocka_unit_test(odd_answers_do_no_harm),
	cmocka_unit_test(connections_end),	   cmocka_unit_test(pieces_are_dropped),
	cmocka_unit_test(services_that_lead_away), cmocka_unit_test(other_types_lead_nowhere),
	cmocka_unit_test(first_segments_are_read), cmocka_unit_test(entries_forget),
};
ROWS(rows_name_leads, tests);
