/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules are asked of when bytes come piece by piece: transactions, bodies, streams.
 * Each row is a conversation through the whole engine and the rules that it must find, in their order.
 */
#include "unit/rulesmade.h"

#define SAID_MAX 12

struct row {
	const char *what, *rules;
	const char *said[SAID_MAX]; /* > of the client, < of the server; ! of the client, and lost */
	const char *found; /* numbers of rules, each as often as it is told */
};

#define HTTP(options, sid) "alert http any any -> any any (" options " sid:" sid ";)\n"
#define TCP(options, sid) "alert tcp any any -> any any (" options " sid:" sid ";)\n"
#define PKT(options, sid) "alert tcp-pkt any any -> any any (" options " sid:" sid ";)\n"
#define OK "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static const struct row rows[] = {
	{ "fields of a request that comes in pieces",
	  HTTP("http.method; content:\"GET\"; http.uri; content:\"/one\"; http.header; content:\"X-A|3a| b\";",
	       "1"),
	  { ">GE", ">T /o", ">ne HTTP/1.1\r\nX-A", ">: b\r\n\r\n", OK },
	  "1" },
	{ "fields of two requests are not one's",
	  HTTP("http.uri; content:\"/one\"; http.header; content:\"X-A\";", "1"),
	  { ">GET /one HTTP/1.1\r\nHost: a\r\n\r\n", OK, ">GET /two HTTP/1.1\r\nX-A: b\r\n\r\n", OK },
	  "" },
	{ "each request is asked for itself",
	  HTTP("http.uri; content:\"/one\";", "1") HTTP("http.stat_code; content:\"404\";", "2"),
	  { ">GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /one HTTP/1.1\r\nHost: a\r\n\r\n", OK,
	    "<HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" },
	  "1 1 2" },
	{ "a request and its answer in one rule cannot be asked, their flow's bits can",
	  HTTP("flow:to_server; http.uri; content:\"/one\"; flowbits:set,one; noalert;", "1")
		  HTTP("flow:to_client; flowbits:isset,one; http.stat_code; content:\"403\";", "2"),
	  { ">GET /one HTTP/1.1\r\nHost: a\r\n\r\n", "<HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" },
	  "2" },
	{ "each field of a request by its name",
	  HTTP("http.user_agent; content:\"curl/8\"; bsize:6;", "1") HTTP(
		  "http.accept; content:\"text/html\"; bsize:9;",
		  "2") HTTP("http.accept_enc; content:\"gzip\"; bsize:4;",
			    "3") HTTP("http.accept_lang; content:\"ja\"; bsize:2;",
				      "4") HTTP("http.connection; content:\"close\"; bsize:5;", "5")
		  HTTP("http.referer; content:\"http|3a|//r/\"; bsize:9;", "6") HTTP(
			  "http.protocol; content:\"HTTP/1.1\"; bsize:8; flow:to_server;", "7")
			  HTTP("http.start; content:\"GET /one?a=b HTTP/1.1|0d 0a|Host\"; startswith;",
			       "8") HTTP("http.header.raw; content:\"Accept|3a|  text/html|0d 0a|\";",
					 "9") HTTP("uricontent:\"one?a\";", "10")
				  HTTP("urilen:8;", "11") HTTP("urilen:>8;", "12"),
	  { ">GET /one?a=b HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/8\r\nAccept:  text/html\r\n"
	    "Accept-Encoding: gzip\r\nAccept-Language: ja\r\nReferer: http://r/\r\n"
	    "Connection: close\r\n\r\n",
	    OK },
	  "1 2 3 4 5 6 7 8 9 10 11" },
	{ "each field of an answer by its name",
	  HTTP("http.server; content:\"nginx\"; bsize:5;",
	       "1") HTTP("http.location; content:\"/two\"; bsize:4;",
			 "2") HTTP("http.content_type; content:\"text/plain\"; bsize:10;", "3")
		  HTTP("http.content_len; content:\"2\"; bsize:1; flow:to_client;",
		       "4") HTTP("http.response_header; content:\"Server|3a| nginx\";", "5")
			  HTTP("http.stat_msg; content:\"Found\"; bsize:5;", "6")
				  HTTP("http.response_line; content:\"HTTP/1.1 302 Found\";", "7"),
	  { ">GET /one HTTP/1.1\r\nHost: a\r\n\r\n",
	    "<HTTP/1.1 302 Found\r\nServer: nginx\r\nLocation: /two\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 2\r\n\r\nok" },
	  "1 2 3 4 5 6 7" },
	{ "a protocol is told once of each side, by what it speaks",
	  TCP("app-layer-protocol:http;", "1") TCP("app-layer-protocol:ssh;", "2")
		  TCP("app-layer-protocol:!http; flow:to_server;", "3"),
	  { ">GET /one HTTP/1.1\r\nHost: a\r\n\r\n", OK },
	  "1 1" },
	{ "of SSH what each side says of itself",
	  "alert ssh any any -> any any (ssh.protoversion:2.0; flow:to_server; sid:1;)\n"
	  "alert ssh any any -> any any (ssh.protoversion:2_compat; flow:to_client; sid:2;)\n"
	  "alert ssh any any -> any any (ssh.softwareversion:\"PuTTY_0.80\"; sid:3;)\n"
	  "alert ssh any any -> any any (ssh.softwareversion:\"PuTTY\"; sid:4;)\n",
	  { ">SSH-2.0-PuTTY_0.80\r\n", "<SSH-1.99-OpenSSH_9\r\n" },
	  "1 3 2" },
	{ "a port of FTP that is not the client's own",
	  "alert ftp any any -> any any (ftpbounce; sid:1;)\n",
	  { "<220 ready\r\n", ">USER a\r\n", "<331 go on\r\n", ">PORT 10,0,1,1,4,1\r\n",
	    "<200 ok\r\n", ">PORT 10,0,9,9,4,1\r\n", "<200 ok\r\n" },
	  "1" },
	{ "what an expression captured is asked of the packet, and of the flow",
	  TCP("flow:to_server; content:\"id=\"; pcre:\"/id=(?P<flow_id>\\w+)/\"; noalert;", "1")
		  TCP("flow:to_server; content:\"again\"; flowvar:id,\"abc\";", "2")
			  TCP("flow:to_server; content:\"again\"; flowvar:id,\"xyz\";", "3"),
	  { ">id=abc", ">again" },
	  "2" },
	{ "how much of a stream was sent",
	  PKT("flow:to_server; content:\"cd\"; stream_size:client,=,5;", "1")
		  PKT("flow:to_server; content:\"cd\"; stream_size:client,>,5;", "2")
			  PKT("flow:to_server; content:\"cd\"; stream_size:server,<,2;", "3"),
	  { ">ab", ">cd" },
	  "1 3" },
	{ "prefilter and rawbytes ask nothing of their own",
	  TCP("flow:to_server; content:\"ab\"; rawbytes; content:\"cd\"; prefilter;", "1")
		  TCP("flow:to_server; dsize:4; prefilter;", "2"),
	  { ">abcd" },
	  "2 1" },
	{ "what is absent is known when the head is whole",
	  HTTP("http.referer; absent;", "1") HTTP("http.host; absent;", "2"),
	  { ">GET /one HTTP/1.1\r\nHo", ">st: a\r\n\r\n", OK },
	  "1" },
	{ "a body's bytes meet over its chunks",
	  HTTP("http.request_body; content:\"abc\"; content:\"def\"; distance:0;", "1")
		  HTTP("http.request_body; content:\"cd\"; startswith;", "2"),
	  { ">POST /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxab\r\n",
	    ">3\r\ncxd\r\n", ">2\r\nef\r\n0\r\n\r\n", OK },
	  "1" },
	{ "a file is found by its first bytes and by its end",
	  HTTP("flow:to_client; file.data; content:\"MZ\"; startswith;", "1")
		  HTTP("flow:to_client; file.data; content:\"end\"; endswith;", "2")
			  HTTP("flow:to_client; file.data; content:\"MZ\"; offset:1;", "3"),
	  { ">GET /one HTTP/1.1\r\nHost: a\r\n\r\n",
	    "<HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nMZ", "<1234", "<end" },
	  "1 2" },
	{ "a stream's bytes meet over its segments",
	  TCP("flow:to_server,established; content:\"abcdef\";", "1") TCP(
		  "flow:to_server,established; content:\"abc\"; content:\"def\"; within:3;", "2")
		  TCP("flow:to_server,established; content:\"f\"; content:\"a\"; distance:0;", "3"),
	  { ">1ab", ">cde", ">f1" },
	  "1 2" },
	{ "places count from the stream's first byte and from each packet's: both are told",
	  TCP("flow:to_server,established; content:\"ab\"; depth:2;",
	      "1") TCP("flow:to_server,established; content:\"cd\"; offset:2; depth:2;",
		       "2") TCP("flow:to_server,established; content:\"ef\"; depth:2;", "3")
		  TCP("flow:to_server,established,only_stream; content:\"ef\"; depth:2;", "4"),
	  { ">ab", ">cd", ">ef" },
	  "1 3 1 2" },
	{ "what is in the packet and in the stream is told once",
	  TCP("flow:to_server,established; content:\"abc\";", "1"),
	  { ">abc", ">def" },
	  "1" },
	{ "what is behind a gap is asked, be the protocol unknown, and does not meet what is before it",
	  TCP("flow:to_server,established; content:\"abcd\";", "1")
		  TCP("flow:to_server,established; content:\"ab\"; content:\"cd\"; distance:0;", "2")
			  TCP("flow:to_server,established; content:\"ef\";", "3"),
	  { ">ab", "!xx", ">cdef", "<a", ">g" },
	  "3" },
};

/* --- a conversation --- */

struct speaker {
	struct run *run;
	uint32_t next[SIDES];
};

static void say(struct speaker *s, enum side side, uint8_t flags, const char *text)
{
	enum side other = other_side(side);
	struct made_frame f;

	tcp_make(&f, &(struct talk){ 1, side == FROM_SERVER, s->next[side], s->next[other], flags },
		 text);
	take(s->run, &f);
	s->next[side] += (uint32_t)strlen(text) + (flags & 3 ? 1 : 0);
}

/* A piece, and that the other side has it. */
static void piece_say(struct speaker *s, const char *said)
{
	enum side side = said[0] == '<' ? FROM_SERVER : FROM_CLIENT;

	if (said[0] == '!') {
		s->next[side] += (uint32_t)strlen(said + 1);
		return;
	}
	say(s, side, 0x18, said + 1);
	say(s, other_side(side), 0x10, "");
}

static void talk(struct run *run, const void *what)
{
	const struct row *row = what;
	struct speaker s = { .run = run, .next = { 100, 900 } };
	struct made_frame f;

	tcp_make(&f, &(struct talk){ 1, false, s.next[0]++, 0, 2 }, "");
	take(run, &f);
	tcp_make(&f, &(struct talk){ 1, true, s.next[1]++, s.next[0], 0x12 }, "");
	take(run, &f);
	say(&s, FROM_CLIENT, 0x10, "");
	for (int i = 0; i < SAID_MAX && row->said[i]; i++)
		piece_say(&s, row->said[i]);
	say(&s, FROM_CLIENT, 0x11, "");
	say(&s, FROM_SERVER, 0x11, "");
	say(&s, FROM_CLIENT, 0x10, "");
}

/* The numbers of all alerts that were told, parted by blanks. */
static void found_list(const struct lines *lines, char *found, size_t cap)
{
	static const char name[] = "\"signature_id\":";
	size_t len = 0;

	found[0] = 0;
	for (const char *at = lines->bytes; at && (at = strstr(at, name)); at++)
		len += (size_t)snprintf(found + len, cap - len, "%s%lu", len ? " " : "",
					strtoul(at + strlen(name), NULL, 10));
}

static void row_run(const struct row *row, char *found, size_t cap)
{
	struct run run = { .engine = NULL };

	rules_run(&run, row->rules, true, talk, row);
	found_list(&run.lines, found, cap);
	free(run.lines.bytes);
}

static void rules_find_what_is_said(void **state)
{
	bool failed = false;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char found[256];

		row_run(&rows[i], found, sizeof(found));
		if (strcmp(found, rows[i].found) == 0)
			continue;
		print_error("%s: found \"%s\", not \"%s\"\n", rows[i].what, found, rows[i].found);
		failed = true;
	}
	assert_false(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_find_what_is_said),
	};

	return cmocka_run_group_tests(tests, rules_file_make, rules_file_drop);
}
