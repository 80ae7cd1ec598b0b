// SPDX-License-Identifier: Apache-2.0
/*
 * The block page: what is read of a request, what is written, who may ask how often; and the whole server
 * over real sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "page/budget.h"
#include "page/form.h"
#include "page/html.h"
#include "page/page.h"
#include "page/token.h"
#include "text/address.h"

/* --- reading --- */

static void hosts(void **state)
{
	static const struct {
		const char *text, *host; /* NULL: refused */
	} rows[] = {
		{ "games.example", "games.example" },
		{ "GAMES.Example.", "games.example" },
		{ "games.example:8080", "games.example" },
		{ "192.0.2.1:80", "192.0.2.1" },
		{ "[2001:DB8::1]:80", "2001:db8::1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "a_b.example", "a_b.example" },
		{ "", NULL },
		{ ".", NULL },
		{ ".example", NULL },
		{ "a..example", NULL },
		{ "a.example..", NULL },
		{ "a b", NULL },
		{ "a.example:port", NULL },
		{ "a.example:123456", NULL },
		{ "a.example/x", NULL },
		{ "user@a.example", NULL },
		{ "<script>", NULL },
		{ "[::1", NULL },
		{ "日本.example", NULL },
	};
	char long_one[400], host[PAGE_HOST_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = page_host_read(rows[i].text, host);

		assert_int_equal(err, rows[i].host ? 0 : -EINVAL);
		if (rows[i].host)
			assert_string_equal(host, rows[i].host);
	}
	memset(long_one, 'a', 300);
	long_one[300] = 0;
	assert_int_equal(page_host_read(long_one, host), -EINVAL);
	long_one[253] = 0;
	assert_int_equal(page_host_read(long_one, host), 0);
}

static void languages(void **state)
{
	static const struct {
		const char *text;
		bool japanese;
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "ja", true },
		{ "ja-JP,ja;q=0.9,en-US;q=0.8,en;q=0.7", true },
		{ "en-US,en;q=0.9,ja;q=0.8", false },
		{ "en;q=0.5, ja;q=0.5", true },
		{ "de,fr", false },
		{ "fr,ja;q=0.1", true },
		{ "ja;q=0", false },
		{ "jam", false },
		{ "ja;q=,en", false },
		{ "JA-jp", true },
		{ "en;q=1.0,ja;q=0.999", false },
		{ ",,,;;;q=,", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(page_likes_japanese(rows[i].text), rows[i].japanese);
}

#define GOOD "reference=7KQM-2XHD&issued=1700000000&token=00ff"

static void forms(void **state)
{
	static const char *const refused[] = {
		"",
		"reference=7KQM-2XHD&issued=1",
		GOOD "&other=1",
		GOOD "&token=00ff",
		GOOD "&comment=%",
		GOOD "&comment=%4",
		GOOD "&comment=%zz",
		GOOD "&comment=a%00b",
		GOOD "&comment",
		"reference=7KQM-2XHI&issued=1&token=0",
		"reference=7KQM-2XHD7&issued=1&token=0",
		"reference=7KQM-2XHD&issued=&token=0",
		"reference=7KQM-2XHD&issued=1234567890123&token=0",
		"reference=7KQM-2XHD&issued=-1&token=0",
		("reference=7KQM-2XHD&issued=1&token="
		 "00000000000000000000000000000000000000000000000000000000000000001"),
	};
	char body[4096 + 64] = GOOD "&comment=";
	struct page_form form;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(page_form_read(refused[i], strlen(refused[i]), &form), -EINVAL);
	assert_int_equal(page_form_read(GOOD, strlen(GOOD), &form), 0);
	assert_string_equal(form.reference, "7KQM-2XHD");
	assert_string_equal(form.token, "00ff");
	assert_int_equal(form.issued, 1700000000);
	assert_string_equal(form.comment, "");
	strncat(body, "%E6%8E%88+%E6%A5%AD%0d%0a%09x%1b%ff%e2%80%ae%3Cb%3E",
		sizeof(body) - strlen(body) - 1);
	assert_int_equal(page_form_read(body, strlen(body), &form), 0);
	assert_string_equal(form.comment, "授 業  x<b>");
}

/* What is too long is cut at a whole character. */
static void long_comments(void **state)
{
	char body[8192] = GOOD "&comment=";
	size_t len = strlen(body);
	struct page_form form;

	for (int i = 0; i < 600; i++, len += 9)
		memcpy(body + len, "%E6%8E%88", 9);
	assert_int_equal(page_form_read(body, len, &form), 0);
	assert_int_equal(strlen(form.comment), 999);
	assert_memory_equal(form.comment + 996, "授", 3);
}

static void references_and_paths(void **state)
{
	char reference[10], path[PAGE_PATH_MAX], text[700];

	for (int i = 0; i < 100; i++) {
		char again[10];

		assert_int_equal(page_token_reference(reference), 0);
		assert_true(page_reference_read(reference, again));
		assert_string_equal(reference, again);
	}
	assert_true(page_reference_read("7kqm-2xhd", reference));
	assert_string_equal(reference, "7KQM-2XHD");
	assert_false(page_reference_read("7KQM-2XH", reference));
	assert_false(page_reference_read("7KQM2XHDD", reference));
	assert_false(page_reference_read("7KQM-2XHD/", reference));
	page_path_read("/a/b?c=d", path);
	assert_string_equal(path, "/a/b?c=d");
	page_path_read("http://a/b", path);
	assert_string_equal(path, "/");
	page_path_read("/a b", path);
	assert_string_equal(path, "/");
	page_path_read("/\xff", path);
	assert_string_equal(path, "/");
	memset(text, '/', sizeof(text));
	text[sizeof(text) - 1] = 0;
	page_path_read(text, path);
	assert_int_equal(strlen(path), PAGE_PATH_MAX - 1);
}

/* --- tokens, budgets --- */

static struct sek_addr address(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

static void tokens(void **state)
{
	struct page_claim claim = { "7KQM-2XHD", "games.example", address("10.1.0.5"), 1000 }, other;
	struct page_secret secret, another;
	char token[PAGE_TOKEN_HEX];

	assert_int_equal(page_secret_draw(&secret), 0);
	assert_int_equal(page_secret_draw(&another), 0);
	page_token_make(&secret, &claim, token);
	assert_true(page_token_good(&secret, &claim, token, 1000));
	assert_true(page_token_good(&secret, &claim, token, 1000 + PAGE_TOKEN_LIFE_S));
	assert_false(page_token_good(&secret, &claim, token, 1001 + PAGE_TOKEN_LIFE_S));
	assert_false(page_token_good(&secret, &claim, token, 999));
	assert_false(page_token_good(&another, &claim, token, 1000));
	assert_false(page_token_good(&secret, &claim, "", 1000));
	other = claim;
	other.host = "games.example2";
	assert_false(page_token_good(&secret, &other, token, 1000));
	other = claim;
	other.reference = "7KQM-2XHE";
	assert_false(page_token_good(&secret, &other, token, 1000));
	other = claim;
	other.client = address("10.1.0.6");
	assert_false(page_token_good(&secret, &other, token, 1000));
	other = claim;
	other.issued = 1001;
	assert_false(page_token_good(&secret, &other, token, 1001));
	token[10] = token[10] == '0' ? '1' : '0';
	assert_false(page_token_good(&secret, &claim, token, 1000));
}

static void budgets(void **state)
{
	const uint64_t second = 1000000000;
	struct sek_addr a = address("2001:db8:1::5"), same = address("2001:db8:1::6:7"),
			b = address("10.1.0.5");
	struct budget *budget;
	uint64_t now = 5 * second;

	assert_int_equal(budget_new(1000, 3, &budget), 0);
	for (int i = 0; i < 3; i++)
		assert_true(budget_take(budget, i & 1 ? &a : &same, now));
	assert_false(budget_take(budget, &a, now));
	assert_true(budget_take(budget, &b, now));
	assert_false(budget_take(budget, &a, now + second - 1));
	assert_true(budget_take(budget, &a, now + second));
	assert_false(budget_take(budget, &a, now + second));
	now += 100 * second;
	for (int i = 0; i < 3; i++)
		assert_true(budget_take(budget, &a, now));
	assert_false(budget_take(budget, &a, now));
	budget_free(budget);
}

/* --- writing --- */

static void html_keeps_text_text(void **state)
{
	static const char evil[] = "<script>alert('\"&\xff\x1b\xe2\x80\xae</script>";
	struct page_view view = { .kind = PAGE_BLOCKED,
				  .body = evil,
				  .name = evil,
				  .category = evil,
				  .list = evil,
				  .reference = evil,
				  .help_desk = evil,
				  .token = evil,
				  .state = evil,
				  .why = evil,
				  .again = evil,
				  .can_ask = true };

	for (int kind = 0; kind < PAGE_KINDS; kind++)
		for (int japanese = 0; japanese < 2; japanese++) {
			char *text;

			view.kind = (enum page_kind)kind;
			view.japanese = japanese;
			text = page_html(&view);
			assert_non_null(text);
			assert_null(strstr(text, "<script"));
			assert_null(strchr(text, '\x1b'));
			assert_null(strstr(text, "\xff"));
			assert_null(strstr(text, "\xe2\x80\xae"));
			assert_non_null(strstr(text, "&#60;script&#62;alert(&#39;&#34;&#38;"));
			assert_non_null(strstr(text, japanese ? "<html lang=\"ja\">"
							      : "<html lang=\"en\">"));
			/* both languages are always there */
			assert_non_null(strstr(text, japanese ? "lang=\"en\" aria-label"
							      : "lang=\"ja\" aria-label"));
			free(text);
		}
}

/* One of the style's colours, as light as an eye sees it (WCAG 2.1, relative luminance). */
static double luminance(const char *scheme, const char *name)
{
	static const double weights[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;
	const char *at;
	char key[32];

	snprintf(key, sizeof(key), "--%s:#", name);
	at = strstr(scheme, key);
	assert_non_null(at);
	at += strlen(key);
	for (int i = 0; i < 3; i++) {
		bool brief = !isxdigit((unsigned char)at[3]);
		char digits[3] = { at[brief ? i : 2 * i], at[brief ? i : 2 * i + 1] };
		double part = (double)strtoul(digits, NULL, 16) / 255;

		sum += weights[i] *
		       (part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
	}
	return sum;
}

/* All text, in light and in dark, stands out by 4.5 and more (WCAG 2.1, 1.4.3). */
static void colours_can_be_read(void **state)
{
	static const char *const pairs[][2] = { { "ink", "paper" },
						{ "ink", "card" },
						{ "soft", "card" },
						{ "act", "card" },
						{ "on", "act" } };
	char *text = page_html(&(struct page_view){ .kind = PAGE_HOME });

	for (int dark = 0; dark < 2; dark++) {
		const char *scheme = strstr(text, dark ? "prefers-color-scheme:dark" : ":root{");

		assert_non_null(scheme);
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
			double a = luminance(scheme, pairs[i][0]), b = luminance(scheme, pairs[i][1]);
			double contrast = a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);

			if (contrast < 4.5)
				fail_msg("%s on %s: %.2f", pairs[i][0], pairs[i][1], contrast);
		}
	}
	free(text);
}

/* What is released, or was never held back, does not begin in the colour of what is. */
static void good_news_look_so(void **state)
{
	const struct page_view views[] = { { .kind = PAGE_OPEN },
					   { .kind = PAGE_STATE, .state = "granted" },
					   { .kind = PAGE_STATE, .state = "denied" },
					   { .kind = PAGE_BLOCKED } };

	for (size_t i = 0; i < 4; i++) {
		char *text = page_html(&views[i]);

		assert_int_equal(strstr(text, "class=\"card good\"") != NULL, i < 2);
		free(text);
	}
}

static void html_brings_nothing(void **state)
{
	struct page_view view = { .kind = PAGE_BLOCKED,
				  .name = "a.example",
				  .reference = "7KQM-2XHD",
				  .token = "0",
				  .can_ask = true };
	static const char *const strangers[] = { "src=",
						 "url(",
						 "@import",
						 "<link",
						 "<img",
						 ("on"
						  "load"),
						 "javascript" };
	char *text = page_html(&view), policy[256];

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		assert_null(strstr(text, strangers[i]));
	free(text);
	page_policy(policy, sizeof(policy));
	assert_non_null(strstr(policy, "default-src 'none'; style-src 'sha256-"));
	assert_non_null(strstr(policy, "frame-ancestors 'none'"));
}

/* --- the server --- */

struct bed {
	struct loop *loop;
	struct page *page;
	uint16_t port;
	int asked, shown;
	char comment[64], host[64], path[64];
	bool held;
	pthread_t client;
	void (*talk)(struct bed *bed);
	char answer[32768];
};

static void bed_why(void *arg, const struct page_question *q, struct page_why *why)
{
	struct bed *bed = arg;

	snprintf(bed->path, sizeof(bed->path), "%s", q->path);
	*why = (struct page_why){ .tenant = "alpha",
				  .tenant_title = "佐賀市",
				  .category = "games",
				  .list = "remote",
				  .list_title = "ゲーム",
				  .help_desk = "内線 1234",
				  .held = bed->held,
				  .can_ask = true };
}

static void bed_shown(void *arg, const struct page_question *q, const struct page_why *why)
{
	((struct bed *)arg)->shown++;
}

static int bed_ask(void *arg, const struct page_question *q, const struct page_why *why,
		   struct page_outcome *outcome)
{
	struct bed *bed = arg;

	bed->asked++;
	snprintf(bed->comment, sizeof(bed->comment), "%s", q->comment);
	snprintf(bed->host, sizeof(bed->host), "%s", q->host);
	outcome->reference = q->reference;
	return 0;
}

static int bed_outcome(void *arg, const char *reference, struct page_outcome *outcome)
{
	if (strcmp(reference, "7KQM-2XHD") != 0)
		return -ENOENT;
	*outcome = (struct page_outcome){ .name = "games.example",
					  .state = "denied",
					  .why = "遊びです",
					  .reference = "7KQM-2XHD" };
	return 0;
}

static void bed_who(void *arg, struct sek_addr *client, uint16_t *ret_tenant)
{
}

static uint16_t port_free(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	const struct page_calls calls = { bed_who, bed_why, bed_shown, bed_ask, bed_outcome, bed };
	struct page_listen at[2] = { { address("127.0.0.1"), port_free() },
				     { address("192.0.2.99"), 0 } };
	size_t served, all;

	*state = bed;
	bed->port = at[0].port;
	bed->held = true;
	at[1].port = bed->port;
	if (loop_new(&bed->loop) || page_new(bed->loop, &calls, &bed->page))
		return -1;
	/* an address that is not there yet is no fault */
	page_listen(bed->page, at, 2);
	page_count(bed->page, &served, &all);
	return served == 2 && all == 2 ? 0 : -1;
}

static int bed_down(void **state)
{
	struct bed *bed = *state;

	page_free(bed->page);
	loop_free(bed->loop);
	free(bed);
	return 0;
}

/* Sends, reads to the end; the answer is in the bed. */
static const char *say(struct bed *bed, const char *text)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(bed->port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t used = 0;
	ssize_t n;

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	send(fd, text, strlen(text), MSG_NOSIGNAL);
	while ((n = recv(fd, bed->answer + used, sizeof(bed->answer) - 1 - used, 0)) > 0)
		used += (size_t)n;
	bed->answer[used] = 0;
	close(fd);
	return bed->answer;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void *client_run(void *arg)
{
	struct bed *bed = arg;

	bed->talk(bed);
	return NULL;
}

static void watch(void *arg)
{
	struct bed *bed = arg;

	if (!pthread_tryjoin_np(bed->client, NULL))
		stop(bed->loop);
}

static void run(struct bed *bed, void (*talk)(struct bed *bed))
{
	struct source *timer;

	bed->talk = talk;
	assert_int_equal(pthread_create(&bed->client, NULL, client_run, bed), 0);
	assert_int_equal(loop_timer(bed->loop, 10, 10, watch, bed, &timer), 0);
	assert_int_equal(loop_run(bed->loop), 0);
	source_remove(timer);
}

#define demand(what)                                                                               \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "line %d: %s\n", __LINE__, #what);                         \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A hidden field of the form in the last answer. */
static void field(struct bed *bed, const char *name, char *out, size_t cap)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "name=\"%s\" value=\"", name);
	at = strstr(bed->answer, key);
	demand(at);
	at += strlen(key);
	snprintf(out, cap, "%.*s", (int)strcspn(at, "\""), at);
}

static void get_form(struct bed *bed, char *out, size_t cap)
{
	char reference[16], issued[16], token[80];

	demand(strstr(
		say(bed, "GET /x?y=1 HTTP/1.1\r\nHost: Games.Example\r\nAccept-Language: ja\r\n\r\n"),
		"HTTP/1.1 403"));
	field(bed, "reference", reference, sizeof(reference));
	field(bed, "issued", issued, sizeof(issued));
	field(bed, "token", token, sizeof(token));
	snprintf(out, cap, "reference=%s&issued=%s&token=%s&comment=please", reference, issued,
		 token);
}

static const char *post(struct bed *bed, const char *host, const char *more, const char *form)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "POST /sekisho/request HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %zu\r\n"
		 "Content-Type: application/x-www-form-urlencoded\r\n\r\n%s",
		 host, more, strlen(form), form);
	return say(bed, text);
}

static void talk_page(struct bed *bed)
{
	const char *text = say(bed, "GET /x?y=1 HTTP/1.1\r\nHost: games.example\r\n"
				    "Accept-Language: ja,en;q=0.5\r\n\r\n");

	demand(strstr(text, "HTTP/1.1 403") == text);
	demand(strstr(text, "Content-Security-Policy: default-src 'none'"));
	demand(strstr(text, "Cache-Control: no-store"));
	demand(strstr(text, "佐賀市") && strstr(text, "games.example") && strstr(text, "ゲーム") &&
	       strstr(text, "内線 1234"));
	demand(strcmp(bed->path, "/x?y=1") == 0);
	demand(strstr(say(bed, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "HTTP/1.1 200"));
	demand(strstr(say(bed, "GET / HTTP/1.0\r\n\r\n"), " 200"));
	demand(strstr(say(bed, "GET /favicon.ico HTTP/1.1\r\nHost: a.example\r\n\r\n"), " 404"));
	demand(strstr(say(bed, "GET /sekisho/request/7kqm-2xhd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
		      "遊びです"));
	demand(strstr(say(bed, "GET /sekisho/request/7KQM-0000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
		      " 404"));
	/* a form sent to the blocked site itself is answered before its body has come */
	demand(strstr(
		say(bed, "POST /login HTTP/1.1\r\nHost: a.example\r\nContent-Length: 99999999\r\n\r\n"),
		" 403"));
	bed->held = false;
	demand(strstr(say(bed, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"), " 503"));
}

static void serves(void **state)
{
	struct bed *bed = *state;

	run(bed, talk_page);
	assert_int_equal(bed->shown, 2);
	assert_int_equal(bed->asked, 0);
}

static void talk_request(struct bed *bed)
{
	char form[256], long_form[9000];

	get_form(bed, form, sizeof(form));
	demand(strstr(post(bed, "other.example", "", form), " 403"));
	demand(strstr(post(bed, "games.example", "Origin: http://evil.example\r\n", form), " 403"));
	demand(strstr(post(bed, "games.example", "Origin: null\r\n", form), " 403"));
	demand(strstr(post(bed, "games.example", "", "reference=1"), " 403"));
	memset(long_form, 'a', sizeof(long_form) - 1);
	long_form[sizeof(long_form) - 1] = 0;
	demand(strstr(post(bed, "games.example", "", long_form), " 403") || !bed->answer[0]);
	demand(bed->asked == 0);
	demand(strstr(post(bed, "games.example", "Origin: http://games.example\r\n", form),
		      "Location: /sekisho/request/"));
	demand(strstr(bed->answer, "HTTP/1.1 303"));
}

static void takes_requests(void **state)
{
	struct bed *bed = *state;
	struct page_counts counts;

	run(bed, talk_request);
	assert_int_equal(bed->asked, 1);
	assert_string_equal(bed->comment, "please");
	assert_string_equal(bed->host, "games.example");
	page_counts(bed->page, &counts);
	assert_int_equal(counts.asked, 1);
	assert_true(counts.refused >= 4);
}

static void talk_often(struct bed *bed)
{
	char form[256];

	for (int i = 0; i < 5; i++) {
		get_form(bed, form, sizeof(form));
		demand(strstr(post(bed, "games.example", "", form), " 303"));
	}
	get_form(bed, form, sizeof(form));
	demand(strstr(post(bed, "games.example", "", form), " 429"));
	/* what is no HTTP ends its connection and nothing else */
	demand(!strstr(say(bed, "\x16\x03\x01 x\r\n\r\n"), " 403"));
}

static void asks_are_limited(void **state)
{
	struct bed *bed = *state;

	run(bed, talk_often);
	assert_int_equal(bed->asked, 5);
}

/* The address stays served over changes of others; one that is taken away is closed. */
static void listens_anew(void **state)
{
	struct bed *bed = *state;
	struct page_listen at = { address("127.0.0.1"), bed->port };
	struct page_listen taken = { address("127.0.0.1"), port_free() };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(taken.port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t served, all;

	page_listen(bed->page, &at, 1);
	page_count(bed->page, &served, &all);
	assert_int_equal(served, 1);
	assert_int_equal(all, 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 1), 0);
	page_listen(bed->page, &taken, 1);
	page_count(bed->page, &served, &all);
	assert_int_equal(served, 0);
	assert_int_equal(all, 1);
	close(fd);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bed_up, bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts),
		cmocka_unit_test(languages),
		cmocka_unit_test(forms),
		cmocka_unit_test(long_comments),
		cmocka_unit_test(references_and_paths),
		cmocka_unit_test(tokens),
		cmocka_unit_test(budgets),
		cmocka_unit_test(html_keeps_text_text),
		cmocka_unit_test(colours_can_be_read),
		cmocka_unit_test(good_news_look_so),
		cmocka_unit_test(html_brings_nothing),
		ROW(serves),
		ROW(takes_requests),
		ROW(asks_are_limited),
		ROW(listens_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
