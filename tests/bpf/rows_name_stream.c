// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/name_tls.h and stage/name_http.h: what becomes of a connection by its client's first
 * bytes and by each request, however they are cut. Both families. Run by gate_test.c.
 */
#include "bpf/gatebed.h"
#include "bpf/nametext.h"

#include <string.h>

#include "sekisho/name.h"

#define ISN 7000u
#define FIRST (ISN + 1) /* number of what the client sends first */
#define SERVER_ISN 90000u
#define PORT 40000
#define SEGMENT 1400 /* bytes */

#define NAMED(fail, names)                                                                         \
	BED_ALPHA "    default: {out: accept, in: accept}\n"                                       \
		  "    fail: " fail "\n"                                                           \
		  "    names: {" names "}\n"

static const char open_body[] = NAMED("open", "records: all");
static const char closed_body[] = NAMED("closed", "records: all");
static const char listed_body[] = NAMED("open", "mode: only-listed");

static enum sek_reason client(struct bed *bed, const struct ends *e, uint8_t flags, uint32_t seq,
			      const uint8_t *payload, size_t len)
{
	struct pkt pkt = bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
						  .sport = PORT,
						  .dport = 8000,
						  .flags = flags,
						  .seq = seq,
						  .ack = flags & TCP_ACK ? SERVER_ISN + 1 : 0,
						  .payload = payload,
						  .payload_len = len });

	return bed_run(bed, INSIDE, &pkt);
}

static enum sek_reason says(struct bed *bed, const struct ends *e, uint8_t flags, uint32_t seq,
			    uint32_t ack, const struct nametext *text)
{
	struct pkt pkt = bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
						 .sport = 8000,
						 .dport = PORT,
						 .flags = flags,
						 .seq = seq,
						 .ack = ack,
						 .payload = text ? text->b : NULL,
						 .payload_len = text ? text->len : 0 });

	return bed_run(bed, OUTSIDE, &pkt);
}

static enum sek_reason server(struct bed *bed, const struct ends *e, uint8_t flags, uint32_t seq)
{
	return says(bed, e, flags, seq, FIRST, NULL);
}

static void shake(struct bed *bed, const struct ends *e)
{
	bed_reset(bed);
	assert_int_equal(client(bed, e, TCP_SYN, ISN, NULL, 0), SEK_R_accepted);
	assert_int_equal(server(bed, e, TCP_SYN | TCP_ACK, SERVER_ISN), SEK_R_established);
	assert_int_equal(client(bed, e, TCP_ACK, FIRST, NULL, 0), SEK_R_established);
}

/* The bytes from..to of a text, at their place behind the handshake. */
static enum sek_reason send_part(struct bed *bed, const struct ends *e, const struct nametext *text,
				 size_t from, size_t to)
{
	return client(bed, e, TCP_ACK | TCP_PSH, FIRST + (uint32_t)from, text->b + from, to - from);
}

static struct sek_flow_name name_of(struct bed *bed)
{
	struct sek_flow flow = {};

	assert_int_equal(bed_flows(bed, &flow), 1);
	return flow.name;
}

static struct nametext request(const char *host, const char *path)
{
	struct nametext text = nametext_of("GET ");

	nametext_add(&text, path, strlen(path));
	nametext_add(&text, " HTTP/1.1\r\nHost: ", 17);
	nametext_add(&text, host, strlen(host));
	nametext_add(&text, "\r\nAccept: */*\r\n\r\n", 17);
	return text;
}

/* Where its transport header is: an answer has neither options nor extension headers. */
static size_t out_l4(const struct frame *frame)
{
	return frame->l3 + (frame->b[frame->l3] >> 4 == 4 ? 20 : 40);
}

/* --- by one name --- */

struct told {
	const char *what;
	struct nametext text;
	enum sek_reason open, listed; /* in the first segment, where all names pass, where none do */
	enum sek_name_state state; /* where all names pass */
};

static void expect(struct bed *bed, const char *policy, const struct told *row, enum sek_reason reason)
{
	size_t len = row->text.len < SEGMENT ? row->text.len : SEGMENT;

	bed_policy(bed, policy);
	for (size_t f = 0; f < 2; f++) {
		enum sek_reason got;

		shake(bed, &bed_ends[f]);
		got = send_part(bed, &bed_ends[f], &row->text, 0, len);
		if (got != reason)
			fail_msg("%s over %s: %s", row->what, bed_ends[f].family, reason_name(got));
		if (policy == open_body)
			assert_int_equal(name_of(bed).state, row->state);
		if (reason != SEK_R_name_unlisted)
			continue;
		/* Both ends are reset, now and whenever they send more. */
		assert_int_equal(bed->last.action, XDP_TX);
		assert_true(bed->out.b[out_l4(&bed->out) + 13] & TCP_RST);
		assert_int_equal(server(bed, &bed_ends[f], TCP_ACK, SERVER_ISN + 1),
				 SEK_R_name_unlisted);
		assert_int_equal(send_part(bed, &bed_ends[f], &row->text, 0, len),
				 SEK_R_name_unlisted);
	}
}

#define PASSES SEK_R_established, SEK_R_name_unlisted
#define ASKED SEK_R_name_pending, SEK_R_name_pending

static void names_of_hellos(void **state)
{
	static const struct {
		const char *what;
		struct nametext_hello hello;
		bool asked;
	} rows[] = {
		{ "plain", { .name = "www.example.com" }, false },
		{ "in capitals", { .name = "WWW.EXAMPLE.com" }, false },
		{ "a dot behind it", { .name = "www.example.com." }, false },
		{ "GREASE and an outer name",
		  { .name = "a.example", .ech = true, .grease = true },
		  false },
		{ "no name", { .grease = true }, false },
		{ "larger than a segment", { .name = "a.example", .after = 1800 }, false },
		{ "name in the second segment", { .name = "a.example", .before = 1500 }, true },
		{ "an address", { .name = "192.0.2.1" }, true },
		{ "an address in one number", { .name = "0xc0000201" }, true },
		{ "a port behind it", { .name = "www.example.com:443" }, true },
		{ "a byte that no name has", { .name = "www.ex\x01mple.com" }, true },
		{ "letters above ASCII", { .name = "www.ex\xc3\xa4mple.com" }, true },
		{ "two names", { .name = "a.example", .second = "b.example" }, true },
		{ "two records", { .name = "a.example", .split = 60 }, true },
		{ "two messages in a record", { .name = "a.example", .longer = 4 }, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct told row = { rows[i].what, nametext_tls(&rows[i].hello), PASSES,
				    SEK_NAME_HELLO };

		if (rows[i].asked) {
			row.listed = row.open = SEK_R_name_pending;
			row.state = SEK_NAME_AGENT;
		}
		expect(*state, open_body, &row, row.open);
		expect(*state, listed_body, &row, row.listed);
	}
}

static void names_of_requests(void **state)
{
	const struct told rows[] = {
		{ "plain", request("www.example.com", "/a/b?c"), PASSES, SEK_NAME_REQUEST },
		{ "port and dot", request("www.example.com.:8080", "/"), PASSES, SEK_NAME_REQUEST },
		{ "in capitals", request("WWW.eXample.COM", "/"), PASSES, SEK_NAME_REQUEST },
		{ "punycode", request("xn--bcher-kva.example", "/"), PASSES, SEK_NAME_REQUEST },
		{ "letters above ASCII",
		  request("b\xc3\xbc"
			  "cher.example",
			  "/"),
		  ASKED, SEK_NAME_AGENT },
		{ "percent-encoding of the host", request("%61.example", "/"), ASKED, SEK_NAME_AGENT },
		{ "a user in front of it", request("u:p@a.example", "/"), ASKED, SEK_NAME_AGENT },
		{ "an address", request("192.0.2.1", "/"), ASKED, SEK_NAME_AGENT },
		{ "an address in one number", request("3221225985", "/"), ASKED, SEK_NAME_AGENT },
		{ "a hexadecimal one", request("0xc0.1", "/"), ASKED, SEK_NAME_AGENT },
		{ "an octal one", request("0300.0.2.1", "/"), ASKED, SEK_NAME_AGENT },
		{ "a URL in a query", request("a.example", "/?u=http://b//c/../d"), PASSES,
		  SEK_NAME_REQUEST },
		{ "an address of IPv6", request("[2001:db8::1]", "/"), ASKED, SEK_NAME_AGENT },
		{ "an absolute target", request("a.example", "http://b.example/"), ASKED,
		  SEK_NAME_AGENT },
		{ "two Hosts", request("a.example\r\nHost: b.example", "/"), ASKED, SEK_NAME_AGENT },
		{ "a folded line", request("a.example\r\n b", "/"), ASKED, SEK_NAME_AGENT },
		{ "a bare LF", request("a.example\nX: y", "/"), ASKED, SEK_NAME_AGENT },
		{ "percent-encoding", request("a.example", "/%61"), ASKED, SEK_NAME_AGENT },
		{ "two slashes", request("a.example", "//a"), ASKED, SEK_NAME_AGENT },
		{ "a way up", request("a.example", "/a/../b"), ASKED, SEK_NAME_AGENT },
		{ "another method", nametext_of("propfind / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
		  ASKED, SEK_NAME_AGENT },
		{ "an empty line in front",
		  nametext_of("\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n"), ASKED,
		  SEK_NAME_AGENT },
		{ "HTTP/2", nametext_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ASKED, SEK_NAME_AGENT },
		{ "CONNECT", nametext_of("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"),
		  ASKED, SEK_NAME_AGENT },
		{ "a body",
		  nametext_of("POST / HTTP/1.1\r\nHost: a.example\r\n"
			      "Content-Length: 1\r\n\r\nx"),
		  ASKED, SEK_NAME_AGENT },
		{ "another protocol", nametext_of("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
		  SEK_R_established, SEK_R_established, SEK_NAME_PASSES },
		{ "a tab for a blank", nametext_of("GET\t/\tHTTP/1.1\r\nHost: a.example\r\n\r\n"),
		  ASKED, SEK_NAME_AGENT },
		{ "a blank in front", nametext_of(" GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
		  ASKED, SEK_NAME_AGENT },
		{ "no text",
		  nametext_of("\x13"
			      "BitTorrent protocol"),
		  SEK_R_established, SEK_R_established, SEK_NAME_PASSES },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(*state, open_body, &rows[i], rows[i].open);
		expect(*state, listed_body, &rows[i], rows[i].listed);
	}
}

/* --- cut --- */

/* Cut in two at each byte, in order and out of it: all of it waits where the tenant says so. */
static void cut_anywhere(struct bed *bed, const struct nametext *text, size_t ends)
{
	bed_policy(bed, closed_body);
	for (size_t f = 0; f < 2; f++)
		for (size_t at = 1; at < text->len; at++) {
			enum sek_reason first = at < ends ? SEK_R_name_wait : SEK_R_established;

			shake(bed, &bed_ends[f]);
			assert_int_equal(send_part(bed, &bed_ends[f], text, 0, at), first);
			assert_int_equal(send_part(bed, &bed_ends[f], text, at, text->len), first);
			shake(bed, &bed_ends[f]);
			assert_int_equal(send_part(bed, &bed_ends[f], text, at, text->len),
					 SEK_R_name_wait);
			assert_int_equal(send_part(bed, &bed_ends[f], text, 0, at), SEK_R_name_wait);
			assert_int_equal(send_part(bed, &bed_ends[f], text, 0, text->len),
					 SEK_R_name_wait);
		}
}

static void hellos_cut_anywhere(void **state)
{
	struct nametext text = nametext_tls(&(struct nametext_hello){ .name = "www.example.com" });
	const uint8_t *name = memmem(text.b, text.len, "www.example.com", 15);

	cut_anywhere(*state, &text, (size_t)(name - text.b) + 15);
}

static void requests_cut_anywhere(void **state)
{
	struct nametext text = request("www.example.com", "/a/b?c");

	cut_anywhere(*state, &text, text.len);
}

/* --- requests that follow --- */

static void each_request_is_read(void **state)
{
	struct bed *bed = *state;
	struct nametext one = request("a.example", "/1"), both = one, odd;
	struct nametext two = request("b.example", "/a/longer/one");

	nametext_add(&both, two.b, two.len);
	odd = both;
	odd.b[one.len + 4] = '*';
	bed_policy(bed, open_body);
	for (size_t f = 0; f < 2; f++) {
		const struct ends *e = &bed_ends[f];
		struct sek_flow_name name;

		shake(bed, e);
		assert_int_equal(send_part(bed, e, &both, 0, one.len), SEK_R_established);
		name = name_of(bed);
		assert_int_equal(name.start, FIRST);
		assert_int_equal(name.next, FIRST + one.len);
		assert_int_equal(name.proto, SEK_NAME_PROTO_HTTP);
		/* Sent again, it is read again. */
		assert_int_equal(send_part(bed, e, &both, 0, one.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &both, one.len, both.len), SEK_R_established);
		name = name_of(bed);
		assert_int_equal(name.start, FIRST + one.len);
		assert_int_equal(name.next, FIRST + both.len);
		assert_int_equal(name.state, SEK_NAME_REQUEST);
		/* One that is not plain. */
		assert_int_equal(send_part(bed, e, &odd, one.len, both.len), SEK_R_name_pending);
		assert_int_equal(name_of(bed).state, SEK_NAME_AGENT);
	}
}

static void segments_that_overlap_are_the_agents(void **state)
{
	struct bed *bed = *state;
	struct nametext one = request("a.example", "/1"), both = one;
	const struct {
		size_t from, to;
	} parts[] = {
		{ one.len - 1, both.len + one.len },
		{ 1, one.len },
		{ 0, one.len + 5 },
		{ 0, 2 * one.len },
		{ one.len + 1, 2 * one.len },
		{ one.len, one.len + 9 },
	};

	nametext_add(&both, one.b, one.len);
	bed_policy(bed, open_body);
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
			shake(bed, &bed_ends[f]);
			assert_int_equal(send_part(bed, &bed_ends[f], &both, 0, one.len),
					 SEK_R_established);
			assert_int_equal(send_part(bed, &bed_ends[f], &both, parts[i].from,
						   parts[i].to),
					 SEK_R_name_pending);
			assert_int_equal(name_of(bed).state, SEK_NAME_AGENT);
		}
}

/* --- ClientHellos that come again --- */

static const char strict_body[] = NAMED("open", "records: all, nameless: block");

static void another_hello_is_read(void **state)
{
	struct bed *bed = *state;
	struct nametext good = nametext_tls(&(struct nametext_hello){ .name = "a.example" });
	struct nametext other = nametext_tls(&(struct nametext_hello){ .grease = true });
	struct nametext after = nametext_of("\x14\x03\x03"), data = nametext_of("\x17\x03\x03");

	nametext_add(&after, "\0\1\1", 3);
	nametext_add(&after, other.b, other.len);
	bed_policy(bed, strict_body);
	for (size_t f = 0; f < 2; f++) {
		const struct ends *e = &bed_ends[f];
		uint32_t next = FIRST + (uint32_t)good.len;

		/* In the same place, where the first one may have died on its way. */
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(name_of(bed).state, SEK_NAME_HELLO);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &other, 0, other.len), SEK_R_name_hidden);
		/* In pieces it is the agent's, from its beginning. */
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &other, 0, 50), SEK_R_name_pending);
		assert_int_equal(name_of(bed).next, FIRST);
		/* Behind it, as after a HelloRetryRequest, with and without change_cipher_spec. */
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(client(bed, e, TCP_ACK, next, other.b, other.len),
				 SEK_R_name_hidden);
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(client(bed, e, TCP_ACK, next, after.b, after.len),
				 SEK_R_name_hidden);
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(client(bed, e, TCP_ACK, next, after.b, 6), SEK_R_established);
		assert_int_equal(client(bed, e, TCP_ACK, next + 6, other.b, other.len),
				 SEK_R_name_hidden);
		/* Early data may stand in front of it: the agent's. */
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(client(bed, e, TCP_ACK, next, data.b, data.len), SEK_R_name_pending);
		assert_int_equal(name_of(bed).state, SEK_NAME_AGENT);
		assert_int_equal(name_of(bed).next, next);
	}
}

/* RFC 8446, 4.1.3: a ServerHello, and one that asks for another ClientHello. */
static struct nametext server_hello(bool retry)
{
	struct nametext text = nametext_of("\x16\x03\x03");

	nametext_add(&text, "\0\x2a\x02\0\0\x26\x03\x03", 8);
	nametext_add(&text,
		     retry ? "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
			     "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"
			   : "\xcf\x21\xad\x74\xe5\x9a\x61\x12\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
			     "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c",
		     32);
	nametext_add(&text, "\0\x13\x01\0", 4);
	return text;
}

/* As soon as the server has answered no further ClientHello can come, unless it has asked for one. */
static void answers_end_it(void **state)
{
	struct bed *bed = *state;
	struct nametext good = nametext_tls(&(struct nametext_hello){ .name = "a.example" });
	struct nametext other = nametext_tls(&(struct nametext_hello){ .grease = true });
	struct nametext answer = server_hello(false), retry = server_hello(true);
	struct nametext change = nametext_of("\x14\x03\x03"), data = nametext_of("\x17\x03\x03");

	nametext_add(&change, "\0\1\1", 3);
	bed_policy(bed, strict_body);
	for (size_t f = 0; f < 2; f++) {
		const struct ends *e = &bed_ends[f];
		uint32_t next = FIRST + (uint32_t)good.len;

		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(says(bed, e, TCP_ACK, SERVER_ISN + 1, next, &answer),
				 SEK_R_established);
		assert_int_equal(name_of(bed).state, SEK_NAME_PASSES);
		assert_int_equal(client(bed, e, TCP_ACK, next, data.b, data.len), SEK_R_established);
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, good.len), SEK_R_established);
		assert_int_equal(says(bed, e, TCP_ACK, SERVER_ISN + 1, next, &retry),
				 SEK_R_established);
		assert_int_equal(says(bed, e, TCP_ACK, SERVER_ISN + 1 + (uint32_t)retry.len, next,
				      &change),
				 SEK_R_established);
		assert_int_equal(name_of(bed).state, SEK_NAME_HELLO);
		assert_int_equal(client(bed, e, TCP_ACK, next, other.b, other.len),
				 SEK_R_name_hidden);
	}
}

/* Behind the end of the segment that had its name. */
static void hellos_that_go_on(void **state)
{
	struct bed *bed = *state;
	struct nametext good =
		nametext_tls(&(struct nametext_hello){ .name = "a.example", .after = 1800 });
	struct nametext other = nametext_tls(&(struct nametext_hello){ .grease = true });
	struct nametext retry = server_hello(true), data = nametext_of("\x17\x03\x03");

	bed_policy(bed, strict_body);
	for (size_t f = 0; f < 2; f++) {
		const struct ends *e = &bed_ends[f];
		uint32_t next = FIRST + (uint32_t)good.len;

		for (int early = 0; early < 2; early++) {
			shake(bed, e);
			assert_int_equal(send_part(bed, e, &good, 0, SEGMENT), SEK_R_established);
			/* Whatever it begins with; and again, as it may be lost. */
			for (int again = 0; again < 2; again++)
				assert_int_equal(send_part(bed, e, &good, SEGMENT, good.len),
						 SEK_R_established);
			assert_int_equal(name_of(bed).state, SEK_NAME_HELLO);
			assert_int_equal(says(bed, e, TCP_ACK, SERVER_ISN + 1, next, &retry),
					 SEK_R_established);
			if (early)
				assert_int_equal(client(bed, e, TCP_ACK, next, data.b, data.len),
						 SEK_R_name_bad);
			else
				assert_int_equal(client(bed, e, TCP_ACK, next, other.b, other.len),
						 SEK_R_name_hidden);
		}
		/* Its first piece again, in pieces: read anew. */
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &good, 0, SEGMENT), SEK_R_established);
		assert_int_equal(send_part(bed, e, &good, 0, 50), SEK_R_name_pending);
		assert_int_equal(name_of(bed).next, FIRST);
	}
}

/* What may never have reached the server comes again, in other pieces: it is read from its beginning. */
static void requests_in_other_pieces(void **state)
{
	struct bed *bed = *state;
	struct nametext one = request("a.example", "/1"), both = one;

	nametext_add(&both, one.b, one.len);
	bed_policy(bed, open_body);
	for (size_t f = 0; f < 2; f++) {
		const struct ends *e = &bed_ends[f];

		shake(bed, e);
		assert_int_equal(send_part(bed, e, &both, 0, one.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &both, 20, one.len), SEK_R_name_pending);
		assert_int_equal(name_of(bed).next, FIRST);
		/* With another one behind it. */
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &both, 0, one.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &both, one.len, both.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &both, one.len + 5, both.len), SEK_R_name_pending);
		assert_int_equal(name_of(bed).next, FIRST + one.len);
		/* The one before it: it passes by here, and the agent looks at it. */
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &both, 0, one.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &both, one.len, both.len), SEK_R_established);
		assert_int_equal(send_part(bed, e, &both, 0, one.len), SEK_R_established);
		assert_int_equal(name_of(bed).state, SEK_NAME_REQUEST);
		assert_int_equal(name_of(bed).copies, 1);
	}
}

/* A byte of it may be taken out by who receives it. */
static void urgent_data_is_the_agents(void **state)
{
	struct bed *bed = *state;
	struct nametext one = request("a.example", "/1"), hello;

	hello = nametext_tls(&(struct nametext_hello){ .name = "a.example" });
	bed_policy(bed, open_body);
	for (size_t f = 0; f < 2; f++) {
		const struct ends *e = &bed_ends[f];

		shake(bed, e);
		assert_int_equal(client(bed, e, TCP_ACK | TCP_URG, FIRST, one.b, one.len),
				 SEK_R_name_pending);
		shake(bed, e);
		assert_int_equal(send_part(bed, e, &hello, 0, hello.len), SEK_R_established);
		assert_int_equal(client(bed, e, TCP_ACK | TCP_URG, FIRST, hello.b, hello.len),
				 SEK_R_name_pending);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(another_hello_is_read),
	cmocka_unit_test(answers_end_it),
	cmocka_unit_test(hellos_that_go_on),
	cmocka_unit_test(requests_in_other_pieces),
	cmocka_unit_test(urgent_data_is_the_agents),
	cmocka_unit_test(names_of_hellos),
	cmocka_unit_test(names_of_requests),
	cmocka_unit_test(hellos_cut_anywhere),
	cmocka_unit_test(requests_cut_anywhere),
	cmocka_unit_test(each_request_is_read),
	cmocka_unit_test(segments_that_overlap_are_the_agents),
};
ROWS(rows_name_stream, tests);
