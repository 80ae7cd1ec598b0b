/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The readers of names, each fed with what real programs send or the RFCs print, whole, cut at every
 * byte, turned round, doubled, overlapping: the same names come out, or words that they could not be
 * read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names/reader.h"
#include "unit/quicmade.h"

#define FIRST 0xfffffff0U /* numbers of TCP turn in the middle of it */
#define BYTES_MAX 70000

/* --- a run: pieces in, words out --- */

struct run {
	struct reader reader;
	struct reader_room room;
	char words[4096];
};

static void word(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void word(struct run *run, const char *fmt, ...)
{
	size_t used = strlen(run->words);
	va_list args;

	if (used)
		run->words[used++] = ' ';
	va_start(args, fmt);
	vsnprintf(run->words + used, sizeof(run->words) - used, fmt, args);
	va_end(args);
}

static void name_word(struct run *run, const struct reader_name *name)
{
	static const char *const protos[] = { "none", "dns", "tls", "http", "quic" };

	word(run, "%s:%.*s", protos[name->proto], (int)name->host.len, name->host.text);
	if (name->other.len)
		word(run, "or:%.*s", (int)name->other.len, name->other.text);
	if (name->target.len)
		word(run, "%.*s", (int)name->target.len, name->target.text);
	if (name->hides)
		word(run, "hides");
}

static void run_begin(struct run *run, bool is_dns)
{
	run->words[0] = 0;
	reader_begin_tcp(&run->reader, FIRST, is_dns, false);
}

/* After BAD, LOST or END nothing more is given: who decides has decided. */
static bool run_piece(struct run *run, const uint8_t *bytes, size_t from, size_t to)
{
	enum stream_said taken = reader_segment(&run->reader, FIRST + (uint32_t)from, bytes + from,
						(uint32_t)(to - from));
	struct reader_name name;
	enum reader_said said;

	if (taken == STREAM_CONFLICT || taken == STREAM_OVER) {
		word(run, taken == STREAM_CONFLICT ? "conflict" : "over");
		return false;
	}
	while ((said = reader_next(&run->reader, &run->room, &name)) == READER_NAME)
		name_word(run, &name);
	if (said == READER_MORE)
		return true;
	word(run, said == READER_END ? "end" : said == READER_BAD ? "bad" : "lost");
	return false;
}

static void run_ends(struct run *run, const char *wanted)
{
	assert_string_equal(run->words, wanted);
	reader_end(&run->reader);
}

/*
 * Whole, then cut in two at every byte, in order and turned round, then byte after byte, and backwards.
 */
static void all_ways(const uint8_t *bytes, size_t len, bool is_dns, const char *wanted)
{
	static struct run run;

	run_begin(&run, is_dns);
	run_piece(&run, bytes, 0, len);
	run_ends(&run, wanted);
	for (size_t cut = 1; cut < len; cut++) {
		run_begin(&run, is_dns);
		if (run_piece(&run, bytes, 0, cut))
			run_piece(&run, bytes, cut, len);
		run_ends(&run, wanted);
		run_begin(&run, is_dns);
		if (run_piece(&run, bytes, cut, len))
			run_piece(&run, bytes, 0, cut);
		run_ends(&run, wanted);
		run_begin(&run, is_dns); /* and each piece twice, the second with the first in front */
		if (run_piece(&run, bytes, 0, cut) && run_piece(&run, bytes, 0, cut))
			run_piece(&run, bytes, cut / 2, len);
		run_ends(&run, wanted);
	}
	run_begin(&run, is_dns);
	for (size_t i = 0; i < len && run_piece(&run, bytes, i, i + 1); i++)
		;
	run_ends(&run, wanted);
	run_begin(&run, is_dns);
	for (size_t i = len; i-- > 0 && run_piece(&run, bytes, i, i + 1);)
		;
	run_ends(&run, wanted);
}

static void text_ways(const char *text, const char *wanted)
{
	all_ways((const uint8_t *)text, strlen(text), false, wanted);
}

/* --- streams --- */

static void stream_takes_pieces_in_any_order_test(void **state)
{
	struct stream s;
	const uint8_t *rest;
	uint8_t bytes[64];
	size_t len;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	stream_begin(&s, FIRST, 32);
	assert_int_equal(stream_push(&s, FIRST + 20, bytes + 20, 4), STREAM_TAKEN);
	assert_int_equal(stream_push(&s, FIRST + 8, bytes + 8, 4), STREAM_TAKEN);
	assert_true(stream_has_gap(&s));
	assert_int_equal(stream_push(&s, FIRST, bytes, 10), STREAM_TAKEN);
	rest = stream_rest(&s, &len);
	assert_int_equal(len, 12);
	assert_memory_equal(rest, bytes, 12);
	/* Beyond what it holds, unless what was read makes room. */
	assert_int_equal(stream_push(&s, FIRST + 24, bytes + 24, 9), STREAM_OVER);
	stream_skip(&s, 12);
	assert_int_equal(stream_push(&s, FIRST + 24, bytes + 24, 9), STREAM_TAKEN);
	assert_int_equal(stream_push(&s, FIRST + 10, bytes + 10, 12), STREAM_TAKEN);
	rest = stream_rest(&s, &len);
	assert_int_equal(len, 21);
	assert_memory_equal(rest, bytes + 12, 21);
	assert_int_equal(stream_next(&s), FIRST + 12);
	assert_false(stream_has_gap(&s));
	stream_end(&s);
}

static void stream_sees_other_bytes_test(void **state)
{
	struct stream s;

	stream_begin(&s, FIRST, 32);
	assert_int_equal(stream_push(&s, FIRST, (const uint8_t *)"abcd", 4), STREAM_TAKEN);
	assert_int_equal(stream_push(&s, FIRST + 8, (const uint8_t *)"ijkl", 4), STREAM_TAKEN);
	stream_skip(&s, 4);
	/* What was read is still held and compared; so is what lies behind a gap. */
	assert_int_equal(stream_push(&s, FIRST + 2, (const uint8_t *)"cX", 2), STREAM_CONFLICT);
	assert_int_equal(stream_push(&s, FIRST + 4, (const uint8_t *)"efghX", 5), STREAM_CONFLICT);
	assert_int_equal(stream_push(&s, FIRST + 2, (const uint8_t *)"cdefghij", 8), STREAM_TAKEN);
	stream_end(&s);
}

static void stream_bounds_its_gaps_test(void **state)
{
	struct stream s;
	uint32_t i;

	stream_begin(&s, FIRST, 4096);
	for (i = 0; i < STREAM_PIECES; i++)
		assert_int_equal(stream_push(&s, FIRST + 2 * i + 1, (const uint8_t *)"x", 1),
				 STREAM_TAKEN);
	assert_int_equal(stream_push(&s, FIRST + 2 * i + 1, (const uint8_t *)"x", 1), STREAM_OVER);
	assert_int_equal(stream_push(&s, FIRST, (const uint8_t *)"x", 1), STREAM_TAKEN);
	assert_int_equal(stream_push(&s, FIRST + 2 * i + 1, (const uint8_t *)"x", 1), STREAM_TAKEN);
	stream_end(&s);
}

static void stream_skips_what_never_comes_test(void **state)
{
	struct stream s;
	size_t len;

	stream_begin(&s, FIRST, 64);
	assert_int_equal(stream_push(&s, FIRST, (const uint8_t *)"abcd", 4), STREAM_TAKEN);
	assert_int_equal(stream_push(&s, FIRST + 10, (const uint8_t *)"klmn", 4), STREAM_TAKEN);
	stream_skip(&s, 11);
	assert_int_equal(stream_next(&s), FIRST + 11);
	assert_memory_equal(stream_rest(&s, &len), "lmn", 3);
	assert_int_equal(len, 3);
	stream_skip(&s, 1000);
	stream_rest(&s, &len);
	assert_int_equal(len, 0);
	assert_int_equal(stream_next(&s), FIRST + 1011);
	/* What lies before is old, what straddles begins where it is new. */
	assert_int_equal(stream_push(&s, FIRST + 5, (const uint8_t *)"xxxx", 4), STREAM_TAKEN);
	assert_int_equal(stream_push(&s, FIRST + 1010, (const uint8_t *)"xy", 2), STREAM_TAKEN);
	assert_memory_equal(stream_rest(&s, &len), "y", 1);
	assert_int_equal(len, 1);
	stream_end(&s);
}

/* --- ClientHellos: of programs, and made --- */

static int listener(uint16_t *ret_port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*ret_port = ntohs(sin.sin_port);
	return fd;
}

/* The first flight of what this shell command sends to $port. */
static size_t capture(const char *command, uint8_t *out, size_t cap)
{
	uint16_t port;
	int fd = listener(&port), peer;
	struct pollfd poll_fd;
	size_t used = 0;
	pid_t pid = fork();

	if (!pid) {
		char text[16];

		snprintf(text, sizeof(text), "%u", port);
		setenv("port", text, 1);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	poll_fd = (struct pollfd){ .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&poll_fd, 1, 20000), 1);
	peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	poll_fd.fd = peer;
	for (int wait_ms = 20000; used < cap && poll(&poll_fd, 1, wait_ms) == 1; wait_ms = 100) {
		ssize_t n = read(peer, out + used, cap - used);

		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(peer);
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return used;
}

static void hello_of_openssl_and_curl_test(void **state)
{
	static uint8_t bytes[BYTES_MAX];
	size_t len;

	len = capture("exec openssl s_client -connect 127.0.0.1:$port -servername WWW.Example.com "
		      "-alpn h2,http/1.1 < /dev/null > /dev/null 2>&1",
		      bytes, sizeof(bytes));
	assert_true(len > 100);
	all_ways(bytes, len, false, "tls:WWW.Example.com");
	len = capture("exec curl -s -m 5 --connect-to ::127.0.0.1:$port https://curl.example.org/x "
		      "> /dev/null 2>&1",
		      bytes, sizeof(bytes));
	assert_true(len > 100);
	all_ways(bytes, len, false, "tls:curl.example.org");
	len = capture("exec openssl s_client -connect 127.0.0.1:$port -noservername < /dev/null "
		      "> /dev/null 2>&1",
		      bytes, sizeof(bytes));
	assert_true(len > 100);
	all_ways(bytes, len, false, "tls:");
}

struct buffer {
	uint8_t bytes[60000];
	size_t len;
};

static void put(struct buffer *b, const void *bytes, size_t len)
{
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

static void put_number(struct buffer *b, uint32_t value, int bytes)
{
	while (bytes--)
		b->bytes[b->len++] = (uint8_t)(value >> (8 * bytes));
}

static void put_fill(struct buffer *b, uint8_t byte, size_t len)
{
	memset(b->bytes + b->len, byte, len);
	b->len += len;
}

static void put_extension(struct buffer *b, uint32_t type, const void *body, size_t len)
{
	put_number(b, type, 2);
	put_number(b, (uint32_t)len, 2);
	put(b, body, len);
}

static void put_server_name(struct buffer *b, const char *name, size_t len)
{
	put_number(b, 0, 2);
	put_number(b, (uint32_t)len + 5, 2);
	put_number(b, (uint32_t)len + 3, 2);
	put_number(b, 0, 1);
	put_number(b, (uint32_t)len, 2);
	put(b, name, len);
}

/* A ClientHello around these extensions. */
static void hello_make(struct buffer *b, const struct buffer *extensions)
{
	static const uint8_t suites[] = { 0x5a, 0x5a, 0x13, 0x01, 0x13, 0x02, 0xc0, 0x2b };
	uint32_t len = 2 + 32 + 33 + 2 + sizeof(suites) + 2 + 2 + (uint32_t)extensions->len;

	b->len = 0;
	put_number(b, 1, 1);
	put_number(b, len, 3);
	put_number(b, 0x0303, 2);
	put_fill(b, 0xaa, 32);
	put_number(b, 32, 1);
	put_fill(b, 0xbb, 32);
	put_number(b, sizeof(suites), 2);
	put(b, suites, sizeof(suites));
	put_number(b, 0x0100, 2);
	put_number(b, (uint32_t)extensions->len, 2);
	put(b, extensions->bytes, extensions->len);
}

/* In records of so many bytes. */
static void records_make(struct buffer *b, const struct buffer *handshake, size_t size)
{
	b->len = 0;
	for (size_t at = 0; at < handshake->len; at += size) {
		size_t len = handshake->len - at < size ? handshake->len - at : size;

		put_number(b, 0x160301, 3);
		put_number(b, (uint32_t)len, 2);
		put(b, handshake->bytes + at, len);
	}
}

/*
 * As Chromium sends it: GREASE around, X25519MLKEM768's share of 1,216 bytes, ech (GREASE too), the
 * name behind all of that or in front.
 */
static void chromium_make(struct buffer *hello, bool name_last)
{
	static uint8_t share[1300], ech[186];
	struct buffer ext = { .len = 0 };

	put_extension(&ext, 0x3a3a, "", 0);
	if (!name_last)
		put_server_name(&ext, "news.example.jp", 15);
	memset(share, 0x77, sizeof(share));
	memcpy(share, "\x04\xeb\x2a\x2a\x00\x01\x00\x11\xec\x04\xc0", 11);
	put_extension(&ext, 0x0033, share, 1263);
	put_extension(&ext, 0xfe0d, ech, sizeof(ech));
	put_extension(&ext, 0x002b, "\x06\x6a\x6a\x03\x04\x03\x03", 7);
	put_extension(&ext, 0x0010, "\x00\x0c\x02h2\x08http/1.1", 14);
	if (name_last)
		put_server_name(&ext, "news.example.jp", 15);
	put_extension(&ext, 0xdada, "\0", 1);
	hello_make(hello, &ext);
}

static void hello_of_chromium_test(void **state)
{
	static struct buffer hello, wire;

	chromium_make(&hello, false);
	records_make(&wire, &hello, 16384);
	assert_in_range(wire.len, 1600, 1900);
	all_ways(wire.bytes, wire.len, false, "tls:news.example.jp hides");
	chromium_make(&hello, true);
	records_make(&wire, &hello, 16384);
	all_ways(wire.bytes, wire.len, false, "tls:news.example.jp hides");
}

static void hello_in_many_records_test(void **state)
{
	static struct buffer hello, wire;
	static struct run run;

	chromium_make(&hello, true);
	for (size_t size = 1; size < 300; size++) {
		records_make(&wire, &hello, size);
		run_begin(&run, false);
		run_piece(&run, wire.bytes, 0, wire.len);
		run_ends(&run, "tls:news.example.jp hides");
	}
	records_make(&wire, &hello, 7);
	wire.len = wire.len < 600 ? wire.len : 600; /* and what is cut off is waited for */
	run_begin(&run, false);
	run_piece(&run, wire.bytes, 0, wire.len);
	run_ends(&run, "");
	/* Another message behind it in the same record. */
	records_make(&wire, &hello, 16384);
	put_number(&hello, 0x0b000001, 4);
	put_number(&hello, 0, 1);
	records_make(&wire, &hello, 16384);
	run_begin(&run, false);
	run_piece(&run, wire.bytes, 0, wire.len);
	run_ends(&run, "tls:news.example.jp hides");
}

static void hello_says(const struct buffer *ext, const char *wanted)
{
	static struct buffer hello, wire;

	hello_make(&hello, ext);
	records_make(&wire, &hello, 16384);
	all_ways(wire.bytes, wire.len, false, wanted);
}

static void hello_errors_test(void **state)
{
	struct buffer ext = { .len = 0 };
	static struct run run;

	put_server_name(&ext, "a.example", 9);
	hello_says(&ext, "tls:a.example");
	put_server_name(&ext, "b.example", 9);
	hello_says(&ext, "bad"); /* twice */
	ext.len = 0;
	put_extension(&ext, 0,
		      "\x00\x10\x00\x00\x05"
		      "a.exa\x00\x00\x05"
		      "b.exa",
		      18);
	hello_says(&ext, "bad"); /* two names in one */
	ext.len = 0;
	put_server_name(&ext, "a.example\0.good.example", 23);
	hello_says(&ext, "bad");
	ext.len = 0;
	put_server_name(&ext, "", 0);
	hello_says(&ext, "bad");
	ext.len = 0;
	put_extension(&ext, 0, "\x00\x00", 2);
	hello_says(&ext, "bad");
	ext.len = 0;
	put_server_name(&ext, "a.example.", 10);
	put_number(&ext, 0x0a, 1); /* a byte too many */
	hello_says(&ext, "bad");
	/* Not a handshake's first record, one of nothing, one that is too long, another message. */
	all_ways((const uint8_t *)"\x16\x03\x01\x00\x00", 5, false, "bad");
	all_ways((const uint8_t *)"\x16\x03\x01\x40\x01", 5, false, "bad");
	all_ways((const uint8_t *)"\x16\x03\x01\x00\x04\x02\x00\x00\x01", 9, false, "bad");
	all_ways((const uint8_t *)"\x16\x02", 2, false, "bad");
	/* More than is held is lost, not passed. */
	run_begin(&run, false);
	run_piece(&run, (const uint8_t *)"\x16\x03\x01\x00\x04\x01\x00\x40\x01", 0, 9);
	run_ends(&run, "lost");
}

/* What may stand behind a ClientHello, however it is cut, and what comes of it. */
static void second_hello_test(void **state)
{
	static const struct {
		const char *between;
		size_t len;
		bool second;
		const char *wanted;
	} rows[] = {
		{ "", 0, true, "tls:a.example tls:b.example" },
		{ "\x14\x03\x03\x00\x01\x01", 6, true, "tls:a.example tls:b.example" },
		/* Early data, whose server wants another ClientHello; a warning in front of it. */
		{ "\x17\x03\x03\x00\x03xyz", 8, true, "tls:a.example tls:b.example" },
		{ "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x03xyz\x17\x03\x03\x00\x01q", 20, true,
		  "tls:a.example tls:b.example" },
		{ "\x15\x03\x03\x00\x02\x01\x5a", 7, true, "tls:a.example tls:b.example" },
		/* It may be long in coming, and what looks like one in early data is none. */
		{ "\x17\x03\x03\x00\x0b\x16\x03\x01\x00\x06\x01\0\0\x02\x03\x03", 16, false,
		  "tls:a.example" },
		/* Another message: there will be none. */
		{ "\x16\x03\x03\x00\x05\x10\0\0\x01x", 10, true, "tls:a.example end" },
		{ "\x19\x03\x03\x00\x03xyz", 8, true, "tls:a.example bad" },
		{ "\x17\x02\x03\x00\x03xyz", 8, true, "tls:a.example bad" },
		{ "\x17\x03\x03\x41\x01xyz", 8, true, "tls:a.example bad" },
	};
	static struct buffer first, second, wire, one, two;
	struct buffer ext = { .len = 0 };

	put_server_name(&ext, "a.example", 9);
	hello_make(&first, &ext);
	records_make(&one, &first, 100);
	ext.len = 0;
	put_server_name(&ext, "b.example", 9);
	hello_make(&second, &ext);
	records_make(&two, &second, 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wire.len = 0;
		put(&wire, one.bytes, one.len);
		put(&wire, rows[i].between, rows[i].len);
		if (rows[i].second)
			put(&wire, two.bytes, two.len);
		all_ways(wire.bytes, wire.len, false, rows[i].wanted);
	}
}

static void hello_overlapping_test(void **state)
{
	static struct buffer hello, wire;
	static struct run run;
	struct buffer ext = { .len = 0 };
	size_t at;

	put_server_name(&ext, "good.example", 12);
	hello_make(&hello, &ext);
	records_make(&wire, &hello, 16384);
	at = wire.len - 12;
	run_begin(&run, false);
	run_piece(&run, wire.bytes, at - 4, wire.len);
	memcpy(wire.bytes + at, "evil", 4);
	run_piece(&run, wire.bytes, at - 20, at + 4);
	run_ends(&run, "conflict");
}

/* --- DNS over TCP --- */

static size_t question_make(uint8_t *out, const char *name, uint16_t type)
{
	size_t used = 14;

	memset(out, 0, 14);
	out[2] = 0x12;
	out[4] = 1; /* RD */
	out[7] = 1;
	while (*name) {
		size_t len = strcspn(name, ".");

		out[used++] = (uint8_t)len;
		memcpy(out + used, name, len);
		used += len;
		name += len + (name[len] == '.');
	}
	out[used++] = 0;
	out[used++] = (uint8_t)(type >> 8);
	out[used++] = (uint8_t)type;
	out[used++] = 0;
	out[used++] = 1;
	out[0] = (uint8_t)((used - 2) >> 8);
	out[1] = (uint8_t)(used - 2);
	return used;
}

static void dns_over_tcp_test(void **state)
{
	uint8_t bytes[1024];
	size_t len = question_make(bytes, "www.example.com", DNS_A), one = len;

	all_ways(bytes, len, true, "dns:www.example.com");
	len += question_make(bytes + len, "MAIL.example.NET", DNS_HTTPS);
	len += question_make(bytes + len, "a\\b.x y.example", DNS_TXT);
	all_ways(bytes, len, true,
		 "dns:www.example.com dns:MAIL.example.NET dns:a\\092b.x\\032y.example");
	bytes[7] = 2; /* two questions */
	all_ways(bytes, one, true, "bad");
	bytes[7] = 1;
	bytes[4] = 0x81; /* an answer, from who asks */
	all_ways(bytes, one, true, "bad");
	bytes[4] = 1;
	bytes[14] = 0xc0; /* a pointer that leads to itself */
	bytes[15] = 12;
	all_ways(bytes, one, true, "bad");
	all_ways((const uint8_t *)"\x00\x02\x00\x00", 4, true, "bad");
}

static void dns_answers_test(void **state)
{
	static const uint8_t message[] =
		"\x12\x34\x81\x80\x00\x01\x00\x04\x00\x00\x00\x00"
		"\x03WwW\x07"
		"example\x03"
		"com\x00\x00\x01\x00\x01"
		"\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x09\x06"
		"cname0\xc0\x10"
		"\xc0\x2d\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"
		"\xc0\x2d\x00\x41\x00\x01\x00\x00\x00\x3c\x00\x0c\x00\x01\x03"
		"svc\x02"
		"jp\x00\x00\x04"
		"\xc0\x2d\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x06\x05"
		"a\"\\\x01z";
	static const char *const wanted[] = { "www.example.com", "cname0.example.com", "192.0.2.7",
					      "1 svc.jp", "a\"\\092\\001z" };
	struct dns_reader reader;
	struct dns_item item;
	char text[DNS_DATA_TEXT], name[DNS_NAME_TEXT];
	int cnt = 0;

	assert_int_equal(dns_begin(&reader, message, sizeof(message) - 1), WIRE_DONE);
	assert_true(dns_is_answer(&reader));
	for (; dns_next(&reader, &item) == WIRE_DONE; cnt++) {
		if (!cnt) {
			assert_string_equal(item.name, "WwW.example.com");
			continue;
		}
		dns_data_text(&reader, &item, text);
		assert_string_equal(text, wanted[cnt]);
		if (cnt > 1)
			assert_string_equal(item.name, "cname0.example.com");
		if (item.type == DNS_CNAME) {
			assert_true(dns_target(&reader, &item, name));
			assert_string_equal(name, "cname0.example.com");
			assert_int_equal(item.ttl_s, 300);
		}
		if (item.type == DNS_HTTPS) {
			assert_true(dns_target(&reader, &item, name));
			assert_string_equal(name, "svc.jp");
		}
	}
	assert_int_equal(cnt, 5);
	/* Cut short anywhere it is no whole message, and nothing is read beyond. */
	for (size_t len = 0; len < sizeof(message) - 1; len++) {
		uint8_t *copy = malloc(len + 1);
		enum wire_read read;

		memcpy(copy, message, len);
		read = dns_begin(&reader, copy, len);
		while (read == WIRE_DONE)
			read = dns_next(&reader, &item);
		assert_int_equal(read, WIRE_BAD);
		free(copy);
	}
}

/* --- QUIC --- */

/* The CRYPTO frame of RFC 9001, A.2 and RFC 9369, A.2. */
static const char rfc_frame[] =
	"060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
	"00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006"
	"001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4"
	"7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305"
	"0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff"
	"ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return len;
}

static const uint8_t rfc_id[8] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };

static void quic_of_the_rfcs_test(void **state)
{
	static const struct {
		uint32_t version;
		const char *key, *iv, *hp, *head, *tag;
	} rows[] = {
		{ QUIC_V1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
		  "9f50449e04a0e810283a1e9933adedd2", "c000000001088394c8f03e5157080000449e7b9aec34",
		  "e221af44860018ab0856972e194cd934" },
		{ QUIC_V2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
		  "45b95e15235d6f45a6b19cbcb0294ba9", "d76b3343cf088394c8f03e5157080000449ea0c95e82",
		  "a18b2faa745b6fe189cf772a9f84cbfc" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t want[64], frame[300], packet[1300];
		size_t frame_len = from_hex(rfc_frame, frame), len;
		struct reader_name name = {};
		struct quic_keys keys;
		struct reader reader;

		assert_true(quic_client_keys(rows[i].version, rfc_id, 8, &keys));
		assert_memory_equal(keys.key, (from_hex(rows[i].key, want), want), 16);
		assert_memory_equal(keys.iv, (from_hex(rows[i].iv, want), want), 12);
		assert_memory_equal(keys.hp, (from_hex(rows[i].hp, want), want), 16);
		len = initial_make(packet, rows[i].version, rfc_id, 8, &keys, 2, frame, frame_len,
				   1162);
		/* Head and tag are the RFC's, and the tag holds for every byte between. */
		assert_int_equal(len, 1200);
		assert_memory_equal(packet, (from_hex(rows[i].head, want), want), 22);
		assert_memory_equal(packet + 1184, (from_hex(rows[i].tag, want), want), 16);
		assert_int_equal(reader_begin_quic(&reader), 0);
		assert_int_equal(reader_datagram(&reader, packet, (uint32_t)len, &name), READER_NAME);
		assert_int_equal(name.host.len, 11);
		assert_memory_equal(name.host.text, "example.com", 11);
		assert_int_equal(name.version, rows[i].version);
		reader_end(&reader);
		/* One byte changed: nobody can open it, so it is as if it had not come. */
		packet[600] ^= 1;
		assert_int_equal(reader_begin_quic(&reader), 0);
		assert_int_equal(reader_datagram(&reader, packet, (uint32_t)len, &name), READER_MORE);
		assert_int_equal(reader.quic->unopened, 1);
		reader_end(&reader);
	}
}

/* Chromium's ClientHello over several Initials, in each order, one of them twice, coalesced or not. */
static void quic_over_several_initials_test(void **state)
{
	static const int orders[][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 }
	};
	static struct buffer hello;
	struct quic_keys keys;

	chromium_make(&hello, true);
	assert_true(quic_client_keys(QUIC_V1, rfc_id, 8, &keys));
	for (size_t o = 0; o < sizeof(orders) / sizeof(orders[0]); o++) {
		for (int together = 0; together < 2; together++) {
			uint8_t datagram[4096], frame[1200];
			struct reader_name name = {};
			enum reader_said said = READER_MORE;
			struct reader reader;
			size_t len = 0;

			assert_int_equal(reader_begin_quic(&reader), 0);
			for (int i = 0; i < 4; i++) {
				size_t from = (size_t)orders[o][i] * hello.len / 4;
				size_t to = ((size_t)orders[o][i] + 1) * hello.len / 4;
				size_t used = crypto_frame(frame, hello.bytes, from, to);

				assert_int_equal(said, READER_MORE);
				len += initial_make(datagram + len, QUIC_V1, rfc_id, 8, &keys,
						    (uint32_t)i, frame, used, used + 20);
				if (together)
					continue;
				said = reader_datagram(&reader, datagram, (uint32_t)len, &name);
				if (i < 3)
					assert_int_equal(reader_datagram(&reader, datagram,
									 (uint32_t)len, &name),
							 READER_MORE);
				len = 0;
			}
			if (together)
				said = reader_datagram(&reader, datagram, (uint32_t)len, &name);
			assert_int_equal(said, READER_NAME);
			assert_int_equal(name.host.len, 15);
			assert_memory_equal(name.host.text, "news.example.jp", 15);
			assert_true(name.hides);
			reader_end(&reader);
		}
	}
}

static void quic_errors_test(void **state)
{
	uint8_t datagram[2048], frame[300] = {}, other[300] = {};
	size_t frame_len = from_hex(rfc_frame, frame), len;
	struct reader_name name = {};
	struct quic_keys keys;
	struct reader reader;
	static const uint8_t late_id[5] = { 1, 2, 3, 4, 5 };

	assert_true(quic_client_keys(QUIC_V1, rfc_id, 8, &keys));
	/* The same place with other bytes. */
	assert_int_equal(reader_begin_quic(&reader), 0);
	len = initial_make(datagram, QUIC_V1, rfc_id, 8, &keys, 0, other,
			   crypto_frame(other, frame + 4, 0, 100), 200);
	assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)len, &name), READER_MORE);
	frame[4 + 60] ^= 1;
	len = initial_make(datagram, QUIC_V1, rfc_id, 8, &keys, 1, frame, frame_len, 400);
	assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)len, &name), READER_BAD);
	frame[4 + 60] ^= 1;
	reader_end(&reader);
	/* A frame that no Initial may hold. */
	assert_int_equal(reader_begin_quic(&reader), 0);
	other[0] = 0x08;
	len = initial_make(datagram, QUIC_V1, rfc_id, 8, &keys, 0, other, 1, 200);
	assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)len, &name), READER_BAD);
	reader_end(&reader);
	/*
	 * After a Retry the keys are made of the new id; what follows the first Initial keeps its keys.
	 */
	assert_int_equal(reader_begin_quic(&reader), 0);
	other[0] = 0x01;
	len = initial_make(datagram, QUIC_V1, rfc_id, 8, &keys, 0, other, 1, 200);
	assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)len, &name), READER_MORE);
	len = initial_make(datagram, QUIC_V1, late_id, 5, &keys, 1, other, 1, 200);
	assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)len, &name), READER_MORE);
	assert_int_equal(reader.quic->opened, 2);
	assert_true(quic_client_keys(QUIC_V1, late_id, 5, &keys));
	len = initial_make(datagram, QUIC_V1, late_id, 5, &keys, 2, frame, frame_len, 400);
	assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)len, &name), READER_NAME);
	reader_end(&reader);
	/* No QUIC at all, and each cut of it. */
	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(reader_begin_quic(&reader), 0);
		assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)cut, &name),
				 READER_END);
		reader_end(&reader);
	}
}

/* Two names, or what became of the second. */
static void quic_pair(const uint8_t *first, size_t first_len, const uint8_t *second,
		      size_t second_len, enum reader_said wanted, const char *host)
{
	struct reader_name name = {};
	struct reader_room room;
	struct reader reader;

	assert_int_equal(reader_begin_quic(&reader), 0);
	assert_int_equal(reader_datagram(&reader, first, (uint32_t)first_len, &name), READER_NAME);
	assert_int_equal(reader_next(&reader, &room, &name), READER_MORE);
	assert_int_equal(reader_datagram(&reader, second, (uint32_t)second_len, &name), wanted);
	if (host) {
		assert_int_equal(name.host.len, strlen(host));
		assert_memory_equal(name.host.text, host, strlen(host));
	}
	reader_end(&reader);
}

/* Each connection between two ports has keys and a stream of its own. */
static void quic_of_several_connections_test(void **state)
{
	uint8_t one[2000], two[2000], hello[300], other[300], both[4000];
	size_t len = quic_hello(hello, "a.example"), other_len = quic_hello(other, "b.example");
	size_t one_len = hello_initial(one, 'a', 0, hello, 0, len), two_len;
	struct reader_name name = {};
	struct reader_room room;
	struct reader reader;

	two_len = hello_initial(two, 'b', 0, other, 0, other_len);
	quic_pair(one, one_len, two, two_len, READER_NAME, "b.example");
	/* The same one again says nothing new; with other bytes in its place it is no ClientHello. */
	quic_pair(one, one_len, one, one_len, READER_MORE, NULL);
	two_len = hello_initial(two, 'a', 1, other, 0, other_len);
	quic_pair(one, one_len, two, two_len, READER_BAD, NULL);
	/* A second one that the server has asked for, behind the first. */
	memcpy(both, hello, len);
	memcpy(both + len, other, other_len);
	two_len = hello_initial(two, 'a', 1, both, len, len + other_len);
	quic_pair(one, one_len, two, two_len, READER_NAME, "b.example");
	/* Both in one datagram. */
	two_len = hello_initial(two, 'b', 0, other, 0, other_len);
	memcpy(both, one, one_len);
	memcpy(both + one_len, two, two_len);
	assert_int_equal(reader_begin_quic(&reader), 0);
	assert_int_equal(reader_datagram(&reader, both, (uint32_t)(one_len + two_len), &name),
			 READER_NAME);
	assert_memory_equal(name.host.text, "a.example", 9);
	assert_int_equal(reader_next(&reader, &room, &name), READER_NAME);
	assert_memory_equal(name.host.text, "b.example", 9);
	assert_int_equal(reader_next(&reader, &room, &name), READER_MORE);
	reader_end(&reader);
}

/* Halves of two, in turn; and more that are begun than anybody has at once. */
static void quic_connections_are_bounded_test(void **state)
{
	uint8_t datagram[2000], hello[300];
	size_t len = quic_hello(hello, "a.example"), used;
	struct reader_name name = {};
	struct reader reader;

	assert_int_equal(reader_begin_quic(&reader), 0);
	for (int half = 0; half < 2; half++)
		for (int id = 'a'; id < 'a' + QUIC_CONNECTIONS; id++) {
			used = hello_initial(datagram, (char)id, (uint32_t)half, hello,
					     half ? 40 : 0, half ? len : 40);
			assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)used, &name),
					 half ? READER_NAME : READER_MORE);
			assert_int_equal(quic_is_read(reader.quic), half);
		}
	assert_true(quic_is_settled(reader.quic));
	/* What is read goes for what comes. */
	for (int id = 'A'; id < 'A' + QUIC_CONNECTIONS; id++) {
		used = hello_initial(datagram, (char)id, 0, hello, 0, 40);
		assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)used, &name),
				 READER_MORE);
	}
	assert_false(quic_is_settled(reader.quic));
	used = hello_initial(datagram, 'z', 0, hello, 0, 40);
	assert_int_equal(reader_datagram(&reader, datagram, (uint32_t)used, &name), READER_BAD);
	reader_end(&reader);
}

/* --- HTTP/1 --- */

static void http_requests_test(void **state)
{
	text_ways("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "http:www.example.com /");
	text_ways("\r\nGET /x HTTP/1.0\r\nhOsT:\t Www.Example.com:8080 \r\nA: b\r\n\r\n",
		  "http:Www.Example.com /x");
	/* Each request of a connection: a second host, pipelined, behind bodies. */
	text_ways("GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\nGET /2 HTTP/1.1\r\nHost: b.example\r\n\r\n",
		  "http:a.example /1 http:b.example /2");
	text_ways("POST /1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n"
		  "GET /2 HTTP/1.1\r\nHost: b.example\r\n\r\n",
		  "http:a.example /1 http:b.example /2");
	text_ways("POST /1 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "12;x=\"y\"\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n"
		  "GET /2 HTTP/1.1\r\nHost: b.example\r\n\r\n",
		  "http:a.example /1 http:b.example /2");
	text_ways("GET http://user@c.example:80/x?y HTTP/1.1\r\nHost: c.example\r\n\r\n",
		  "http:c.example http://user@c.example:80/x?y");
	/* Host against target: a server may follow either. */
	text_ways("GET http://c.example/x HTTP/1.1\r\nHost: d.example\r\n\r\n",
		  "http:c.example or:d.example http://c.example/x");
	text_ways("GET / HTTP/1.1\r\nHost: u:p@d.example:80\r\n\r\n", "bad");
	text_ways("GET / HTTP/1.1\r\nHost: %64.example:80\r\n\r\n", "http:%64.example /");
	text_ways("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "http:[2001:db8::1] /");
	text_ways("GET / HTTP/1.0\r\n\r\n", "http: /");
	text_ways("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "http: *");
	/* What comes behind CONNECT and an upgrade is found out anew. */
	text_ways("CONNECT p.example:443 HTTP/1.1\r\nHost: p.example:443\r\n\r\n"
		  "GET / HTTP/1.1\r\nHost: q.example\r\n\r\n",
		  "http:p.example p.example:443 http:q.example /");
	text_ways("GET /ws HTTP/1.1\r\nHost: w.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
		  "\x81\x85____hello",
		  "http:w.example /ws end");
	text_ways("GET /ws HTTP/1.1\r\nHost: w.example\r\nUpgrade: websocket\r\n\r\n"
		  "GET /2 HTTP/1.1\r\nHost: b.example\r\n\r\n",
		  "http:w.example /ws http:b.example /2");
}

/* What RFC 9112 answers with 400, or leaves to be read in two ways. */
static void http_errors_test(void **state)
{
	static const char *const rows[] = {
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nAccept: x\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost: a\n\r\n",
		"GET / HTTP/1.1\r\nX: a\r\n b\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
		"GET / HTTP/1.1\r\nX: a\rHost: b\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
		"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / http/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
		"GET /\r\n",
		"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"\r\n\t GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET\x1c/\x1fHTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /\vHTTP/1.1\r\nHost: a\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		text_ways(rows[i], "bad");
	text_ways("GET / HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03", "http:a / bad");
	text_ways("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2x\r\n",
		  "http:a / bad");
	text_ways("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		  "http:a / bad");
	text_ways("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\n",
		  "http:a / bad");
}

/* Other protocols that begin with letters are none of our business. */
static void no_http_test(void **state)
{
	static const char *const rows[] = { "EHLO mail.example\r\n",
					    "USER anonymous\r\n",
					    "SSH-2.0-OpenSSH_9.2\r\n",
					    "INVITE sip:a@b SIP/2.0\r\n",
					    "OPTIONS rtsp://a/b RTSP/1.0\r\n",
					    "A \x01 HTTP/1.1\r\n",
					    ("\x13"
					     "BitTorrent protocol"),
					    "{\"id\":1}" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		text_ways(rows[i], "end");
}

static void http_bounds_test(void **state)
{
	static uint8_t bytes[BYTES_MAX];
	static struct run run;
	int head;

	/* A head of more than 64 KiB is lost, not passed. */
	memset(bytes, 'a', sizeof(bytes));
	head = snprintf((char *)bytes, sizeof(bytes), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	bytes[head] = 'a';
	run_begin(&run, false);
	for (size_t at = 0; at + 1000 < sizeof(bytes) && run_piece(&run, bytes, at, at + 1000);
	     at += 1000)
		;
	assert_true(!strcmp(run.words, "lost") || !strcmp(run.words, "over"));
	reader_end(&run.reader);
	/*
	 * A body of 5 GB is passed over in steps that numbers of TCP can say; then comes another
	 * request.
	 */
	head = snprintf((char *)bytes, sizeof(bytes),
			"PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000000\r\n\r\n");
	run_begin(&run, false);
	assert_true(run_piece(&run, bytes, 0, (size_t)head));
	for (int i = 0; i < 10 && run.reader.kind == READER_BODY; i++) {
		uint32_t next = stream_next(&run.reader.stream);
		struct reader_name name;

		assert_int_equal(reader_segment(&run.reader, next, bytes, 100), STREAM_TAKEN);
		assert_int_equal(reader_next(&run.reader, &run.room, &name), READER_MORE);
		assert_true(stream_next(&run.reader.stream) - next < 1U << 31);
	}
	assert_int_equal(run.reader.kind, READER_HTTP1);
	assert_int_equal(stream_next(&run.reader.stream),
			 FIRST + (uint32_t)head + (uint32_t)5000000000ULL);
	run_ends(&run, "http:a /1");
}

/* --- HTTP/2: as nghttp2's own client writes it --- */

static ssize_t h2_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags, void *arg)
{
	put(arg, data, len);
	return (ssize_t)len;
}

static ssize_t h2_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len,
		       uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	memset(buf, 'x', 3000);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return 3000;
}

static ssize_t h2_pad(nghttp2_session *session, const nghttp2_frame *frame, size_t max, void *arg)
{
	return (ssize_t)(frame->hd.length + 37 < max ? frame->hd.length + 37 : max);
}

#define NV(n, v)                                                                                   \
	{                                                                                          \
		(uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE         \
	}

static void h2_make(struct buffer *out, bool pad, const char *long_value)
{
	nghttp2_session_callbacks *calls;
	nghttp2_session *session;
	nghttp2_settings_entry entry = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535 };
	const nghttp2_nv first[] = { NV(":method", "GET"), NV(":scheme", "http"),
				     NV(":authority", "a.example"), NV(":path", "/1"),
				     NV("x-long", long_value) };
	const nghttp2_nv second[] = {
		NV(":method", "POST"), NV(":scheme", "http"),	NV(":authority", "b.example:80"),
		NV(":path", "/2"),     NV("host", "c.example"), NV("x-long", long_value)
	};
	nghttp2_data_provider body = { .read_callback = h2_body };

	out->len = 0;
	nghttp2_session_callbacks_new(&calls);
	nghttp2_session_callbacks_set_send_callback(calls, h2_send);
	if (pad)
		nghttp2_session_callbacks_set_select_padding_callback(calls, h2_pad);
	assert_int_equal(nghttp2_session_client_new(&session, calls, out), 0);
	nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &entry, 1);
	nghttp2_submit_request(session, NULL, first, 5, NULL, NULL);
	nghttp2_submit_request(session, NULL, second, 6, &body, NULL);
	nghttp2_submit_request(session, NULL, first, 5, NULL, NULL);
	assert_int_equal(nghttp2_session_send(session), 0);
	nghttp2_session_del(session);
	nghttp2_session_callbacks_del(calls);
}

static void http2_requests_test(void **state)
{
	static const char wanted[] =
		"http:a.example /1 http:b.example or:c.example /2 http:a.example /1";
	static struct buffer wire;

	h2_make(&wire, false, "v");
	all_ways(wire.bytes, wire.len, false, wanted);
	h2_make(&wire, true, "v");
	all_ways(wire.bytes, wire.len, false, wanted);
}

/* A header block that does not fit one frame goes on in CONTINUATION frames. */
static void http2_continued_test(void **state)
{
	static struct buffer wire;
	static struct run run;
	static char value[17001];

	memset(value, '~', sizeof(value) - 1); /* a letter that HPACK does not make shorter */
	h2_make(&wire, false, value);
	assert_true(wire.len > 3 * (sizeof(value) - 1));
	run_begin(&run, false);
	run_piece(&run, wire.bytes, 0, wire.len);
	run_ends(&run, "http:a.example /1 http:b.example or:c.example /2 http:a.example /1");
}

static void http2_errors_test(void **state)
{
	static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	static const struct {
		const char *frames;
		size_t len;
		const char *wanted;
	} rows[] = {
		/* :authority twice; a continuation of nothing; a block that is interrupted; no HPACK */
		{ "\0\0\x0a\x01\x04\0\0\0\x01\x82\x84\x01\x01"
		  "a\x01\x01"
		  "b\x00",
		  18, "bad" },
		{ "\0\0\x00\x09\x04\0\0\0\x01", 9, "bad" },
		{ "\0\0\x00\x01\x00\0\0\0\x01\0\0\x00\x00\x00\0\0\0\x01", 18, "bad" },
		{ "\0\0\x01\x01\x04\0\0\0\x01\xff", 10, "" },
		{ "\0\0\x01\x01\x04\0\0\0\x01\x80", 10, "bad" },
		{ "\0\0\x02\x01\x0c\0\0\0\x01\x09\x82", 11, "bad" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct run run;
		uint8_t bytes[128];

		memcpy(bytes, preface, 24);
		memcpy(bytes + 24, rows[i].frames, rows[i].len);
		run_begin(&run, false);
		run_piece(&run, bytes, 0, 24 + rows[i].len);
		if (rows[i].wanted[0])
			assert_string_equal(run.words, rows[i].wanted);
		reader_end(&run.reader);
	}
}

static void http2_of_curl_test(void **state)
{
	static uint8_t bytes[BYTES_MAX];
	size_t len = capture("exec curl -s -m 5 --http2-prior-knowledge --connect-to ::127.0.0.1:$port "
			     "http://h2.example.net/path > /dev/null 2>&1",
			     bytes, sizeof(bytes));

	all_ways(bytes, len, false, "http:h2.example.net /path");
	len = capture("exec curl -s -m 5 --http2 --connect-to ::127.0.0.1:$port "
		      "http://h2c.example.net/path > /dev/null 2>&1",
		      bytes, sizeof(bytes));
	all_ways(bytes, len, false, "http:h2c.example.net /path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_takes_pieces_in_any_order_test),
		cmocka_unit_test(stream_sees_other_bytes_test),
		cmocka_unit_test(stream_bounds_its_gaps_test),
		cmocka_unit_test(stream_skips_what_never_comes_test),
		cmocka_unit_test(hello_of_openssl_and_curl_test),
		cmocka_unit_test(hello_of_chromium_test),
		cmocka_unit_test(hello_in_many_records_test),
		cmocka_unit_test(hello_errors_test),
		cmocka_unit_test(second_hello_test),
		cmocka_unit_test(hello_overlapping_test),
		cmocka_unit_test(dns_over_tcp_test),
		cmocka_unit_test(dns_answers_test),
		cmocka_unit_test(quic_of_the_rfcs_test),
		cmocka_unit_test(quic_over_several_initials_test),
		cmocka_unit_test(quic_errors_test),
		cmocka_unit_test(quic_of_several_connections_test),
		cmocka_unit_test(quic_connections_are_bounded_test),
		cmocka_unit_test(http_requests_test),
		cmocka_unit_test(http_errors_test),
		cmocka_unit_test(no_http_test),
		cmocka_unit_test(http_bounds_test),
		cmocka_unit_test(http2_requests_test),
		cmocka_unit_test(http2_continued_test),
		cmocka_unit_test(http2_errors_test),
		cmocka_unit_test(http2_of_curl_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
