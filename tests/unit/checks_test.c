// SPDX-License-Identifier: Apache-2.0
/*
 * The checks of a policy against servers of this test's own on loopback: what passes, what fails with
 * which words, who is asked again, and how soon it ends when nobody wants to know any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch/checks.h"

struct bed {
	struct loop *loop;
	struct checks *checks;
	int calls;
	bool passed;
	uint32_t generation;
	char words[512];
	json_t *rows;
};

static void came(void *arg, const struct checks_result *result)
{
	struct bed *bed = arg;

	bed->calls++;
	bed->passed = result->passed;
	bed->generation = result->generation;
	snprintf(bed->words, sizeof(bed->words), "%s", result->words);
	json_decref(bed->rows);
	bed->rows = json_deep_copy(result->rows);
	loop_stop(bed->loop);
}

/* A loop that was stopped is not run again. */
static int bed_renew(struct bed *bed)
{
	checks_free(bed->checks);
	loop_free(bed->loop);
	bed->checks = NULL;
	return loop_new(&bed->loop) || checks_new(bed->loop, came, bed, &bed->checks) ||
	       checks_start(bed->checks);
}

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	*state = bed;
	return loop_new(&bed->loop) || bed_renew(bed);
}

static int bed_down(void **state)
{
	struct bed *bed = *state;

	checks_free(bed->checks);
	json_decref(bed->rows);
	loop_free(bed->loop);
	free(bed);
	return 0;
}

/* An edition with these checks, as a policy would have them. */
static struct edition *edition(const char *confirm)
{
	struct edition *edition = NULL;
	struct policy *policy;
	struct diag diag;
	char *text = NULL;

	diag_init(&diag);
	assert_true(asprintf(&text,
			     "version: 1\nports: [{name: a, id: 1, side: inside, mode: route}]\n"
			     "confirm: {%s}\n",
			     confirm) > 0);
	policy = policy_parse(text, strlen(text), "t.yaml", NULL, &diag);
	diag_print(&diag, stderr);
	assert_non_null(policy);
	assert_int_equal(edition_new(7, policy, "", "t.yaml", &edition), 0);
	diag_free(&diag);
	free(text);
	return edition;
}

static void ask(struct bed *bed, const char *confirm)
{
	struct edition *e = edition(confirm);

	assert_int_equal(bed_renew(bed), 0);
	assert_int_equal(checks_begin(bed->checks, e, 7, 10000), 0);
	edition_put(e);
	assert_int_equal(loop_run(bed->loop), 0);
	assert_int_equal(bed->generation, 7);
}

static int server_socket(int type, uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void tcp_connects_or_not(void **state)
{
	struct bed *bed = *state;
	char text[256];
	uint16_t port;
	int fd = server_socket(SOCK_STREAM, &port);

	snprintf(text, sizeof(text), "checks: [{name: door, tcp: 127.0.0.1, port: %u}]", port);
	ask(bed, text);
	assert_true(bed->passed);
	assert_string_equal(bed->words, "door passed");
	close(fd);
	snprintf(text, sizeof(text),
		 "attempts: 2, checks: [{name: door, tcp: 127.0.0.1, port: %u}]", port);
	ask(bed, text);
	assert_false(bed->passed);
	assert_string_equal(bed->words, "check door failed: Connection refused (2 attempts)");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(bed->rows, 0), "attempts")), 2);
}

/* Answers of strangers first, then one to the question, whose header's last bits are the rcode. */
struct dns {
	int fd;
	uint8_t rcode;
	bool record;
};

static void *dns_serve(void *arg)
{
	/* its name is that of the question; A, IN, 60 s, 192.0.2.1 */
	static const unsigned char record[] = { 0xc0, 0x0c, 0, 1, 0,   1, 0, 0,
						0,    60,   0, 4, 192, 0, 2, 1 };
	struct dns *dns = arg;
	unsigned char asked[512], answer[600];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(dns->fd, asked, sizeof(asked), 0, (struct sockaddr *)&from, &len)) > 12) {
		memcpy(answer, asked, (size_t)n);
		sendto(dns->fd, answer, 5, 0, (struct sockaddr *)&from, len); /* no header */
		sendto(dns->fd, answer, (size_t)n, 0, (struct sockaddr *)&from, len); /* a question */
		answer[2] |= 0x80;
		answer[0] ^= 1;
		sendto(dns->fd, answer, (size_t)n, 0, (struct sockaddr *)&from, len); /* another id */
		answer[0] ^= 1;
		answer[13] ^= 1;
		sendto(dns->fd, answer, (size_t)n, 0, (struct sockaddr *)&from, len); /* another name */
		answer[13] ^= 1;
		answer[3] = (unsigned char)(0x80 | dns->rcode);
		answer[7] = dns->record;
		memcpy(answer + n, record, sizeof(record));
		sendto(dns->fd, answer, (size_t)n + (dns->record ? sizeof(record) : 0), 0,
		       (struct sockaddr *)&from, len);
	}
	return NULL;
}

/* A datagram that is too short for it ends the server. */
static void dns_end(uint16_t port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(sendto(fd, "x", 1, 0, (const struct sockaddr *)&at, sizeof(at)), 1);
	close(fd);
}

static void dns_answers_are_judged(void **state)
{
	static const struct {
		struct dns dns;
		const char *words;
	} rows[] = {
		{ { .rcode = 0, .record = true }, "name passed" },
		{ { .rcode = 3 }, "check name failed: the server says: no such name (1 attempt)" },
		{ { .rcode = 5 }, "check name failed: the server says: refused (1 attempt)" },
		{ { .rcode = 15 }, "check name failed: the server says: an error (1 attempt)" },
		{ { .rcode = 0 },
		  "check name failed: the server says: no record of this type (1 attempt)" },
	};
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns dns = rows[i].dns;
		pthread_t thread;
		char text[256];
		uint16_t port;

		dns.fd = server_socket(SOCK_DGRAM, &port);
		assert_int_equal(pthread_create(&thread, NULL, dns_serve, &dns), 0);
		snprintf(text, sizeof(text),
			 "attempts: 1, checks: [{name: name, dns: www.example, server: 127.0.0.1, "
			 "port: %u}]",
			 port);
		ask(bed, text);
		assert_string_equal(bed->words, rows[i].words);
		dns_end(port);
		pthread_join(thread, NULL);
		close(dns.fd);
	}
}

struct http {
	int fd;
	const char *status;
};

static void *http_serve(void *arg)
{
	struct http *http = arg;
	char request[1024], answer[200];
	int client;

	while ((client = accept(http->fd, NULL, NULL)) >= 0) {
		if (recv(client, request, sizeof(request), 0) > 0) {
			int n = snprintf(answer, sizeof(answer),
					 "HTTP/1.1 %s\r\nLocation: http://127.0.0.1:1/\r\n"
					 "Content-Length: 3\r\nConnection: close\r\n\r\nabc",
					 http->status);

			send(client, answer, (size_t)n, MSG_NOSIGNAL);
		}
		close(client);
	}
	return NULL;
}

static void http_passes_by_its_status(void **state)
{
	static const struct {
		const char *status, *wanted, *words;
	} rows[] = {
		{ "200 OK", "", "page passed" },
		{ "302 Found", "", "page passed" }, /* and nobody goes there */
		{ "404 Not Found", "", "check page failed: status 404 (1 attempt)" },
		{ "404 Not Found", ", status: 404", "page passed" },
		{ "200 OK", ", status: 204", "check page failed: status 200 (1 attempt)" },
	};
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http http = { .status = rows[i].status };
		pthread_t thread;
		char text[256];
		uint16_t port;

		http.fd = server_socket(SOCK_STREAM, &port);
		assert_int_equal(pthread_create(&thread, NULL, http_serve, &http), 0);
		snprintf(text, sizeof(text),
			 "attempts: 1, checks: [{name: page, http: \"http://127.0.0.1:%u/\"%s}]",
			 port, rows[i].wanted);
		ask(bed, text);
		assert_string_equal(bed->words, rows[i].words);
		shutdown(http.fd, SHUT_RDWR);
		pthread_join(thread, NULL);
		close(http.fd);
	}
}

/* One that has failed decides; the others are not waited for. */
static void one_failure_is_enough(void **state)
{
	struct bed *bed = *state;
	uint64_t begin = clock_mono_ns();
	char text[300];
	uint16_t port, mute;
	int fd = server_socket(SOCK_STREAM, &port), silent = server_socket(SOCK_DGRAM, &mute);

	close(fd);
	snprintf(text, sizeof(text),
		 "attempts: 1, timeout: 9s, checks: [{name: mute, dns: a.example, server: 127.0.0.1, "
		 "port: %u}, {name: shut, tcp: 127.0.0.1, port: %u}]",
		 mute, port);
	ask(bed, text);
	assert_false(bed->passed);
	assert_string_equal(bed->words, "check shut failed: Connection refused (1 attempt)");
	assert_true(clock_mono_ns() - begin < 5000000000ULL);
	close(silent);
}

/* Stopped and begun anew: the last alone is told, and freeing waits for no time-out. */
static void the_last_alone_is_told(void **state)
{
	struct bed *bed = *state;
	struct edition *slow, *quick;
	char text[256];
	uint16_t mute, port;
	int silent = server_socket(SOCK_DGRAM, &mute), fd = server_socket(SOCK_STREAM, &port);

	snprintf(text, sizeof(text),
		 "timeout: 30s, within: 100s, checks: [{name: mute, dns: a.example, server: 127.0.0.1, "
		 "port: %u}]",
		 mute);
	slow = edition(text);
	snprintf(text, sizeof(text), "checks: [{name: door, tcp: 127.0.0.1, port: %u}]", port);
	quick = edition(text);
	assert_int_equal(checks_begin(bed->checks, slow, 1, 60000), 0);
	assert_int_equal(checks_begin(bed->checks, quick, 2, 60000), 0);
	assert_int_equal(loop_run(bed->loop), 0);
	assert_int_equal(bed->calls, 1);
	assert_int_equal(bed->generation, 2);
	assert_true(bed->passed);
	assert_int_equal(checks_begin(bed->checks, slow, 3, 60000), 0);
	edition_put(slow);
	edition_put(quick);
	close(silent);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tcp_connects_or_not, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(dns_answers_are_judged, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(http_passes_by_its_status, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(one_failure_is_enough, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(the_last_alone_is_told, bed_up, bed_down),
	};

	return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
