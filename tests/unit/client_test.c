/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/cli against a real Unix socket whose other end is a thread of the test: one question, and
 * the commands that ask it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"

/* The other end: takes one client, reads a line, answers. */
struct server {
	char dir[64];
	char path[96];
	int fd;
	const char *answer; /* NULL: hangs up; "": says nothing until the test ends */
	size_t repeat; /* of the answer's first byte, in front of it */
	char *heard; /* the line */
	size_t heard_len;
	pthread_t thread;
};

static void hear(struct server *s, int client)
{
	char part[65536];
	ssize_t n;

	while ((n = recv(client, part, sizeof(part), 0)) > 0) {
		s->heard = realloc(s->heard, s->heard_len + (size_t)n + 1);
		memcpy(s->heard + s->heard_len, part, (size_t)n);
		s->heard_len += (size_t)n;
		s->heard[s->heard_len] = 0;
		if (memchr(part, '\n', (size_t)n))
			return;
	}
}

static void say(int client, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client, bytes, len > 1000 ? 1000 : len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int client = accept(s->fd, NULL, NULL);
	char byte;

	if (client < 0)
		return NULL;
	hear(s, client);
	for (size_t i = 0; s->answer && i < s->repeat; i++)
		say(client, " ", 1);
	if (s->answer)
		say(client, s->answer, strlen(s->answer));
	if (s->answer && !s->answer[0])
		while (recv(client, &byte, 1, 0) > 0)
			;
	close(client);
	return NULL;
}

static void server_bind(struct server *s)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(s->dir, "/tmp/sekisho-client-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/control.sock", s->dir);
	memcpy(addr.sun_path, s->path, strlen(s->path) + 1);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

static void server_start(struct server *s, const char *answer)
{
	*s = (struct server){ .answer = answer };
	server_bind(s);
	assert_int_equal(listen(s->fd, 4), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_end(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
	unlink(s->path);
	rmdir(s->dir);
	free(s->heard);
}

static bool says(const struct diag *diag, const char *part)
{
	for (size_t i = 0; i < diag->cnt; i++)
		if (strstr(diag->entries[i].text, part) ||
		    (diag->entries[i].hint && strstr(diag->entries[i].hint, part)))
			return true;
	return false;
}

/* Asks a server that answers so; the error it ends with, and words that must be said. */
static void is_ended(const char *answer, int error, const char *part)
{
	int patience_ms = error == -ETIMEDOUT ? 300 : 10000;
	struct client_answer got = { 0 };
	struct server server;
	struct diag diag;

	diag_init(&diag);
	server_start(&server, answer);
	assert_int_equal(client_call(server.path, "agent.status", NULL, patience_ms, &got, &diag),
			 error);
	assert_true(says(&diag, part));
	assert_true(diag.cnt > 0 && diag.entries[0].file &&
		    strcmp(diag.entries[0].file, server.path) == 0);
	assert_null(got.result);
	server_end(&server);
	diag_free(&diag);
}

static void result_comes_back(void **state)
{
	json_t *params = json_pack("{s:s}", "list", "line\nbreak");
	struct client_answer got = { 0 };
	struct server server;
	struct diag diag;
	json_t *question;

	diag_init(&diag);
	server_start(&server, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":7}}\n");
	assert_int_equal(client_call(server.path, "list.show", params, 5000, &got, &diag), 0);
	assert_int_equal(json_integer_value(json_object_get(got.result, "n")), 7);
	client_answer_free(&got);
	pthread_join(server.thread, NULL);
	assert_ptr_equal(strchr(server.heard, '\n'), server.heard + server.heard_len - 1); /* one line */
	question = json_loads(server.heard, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(question, "jsonrpc")), "2.0");
	assert_string_equal(json_string_value(json_object_get(question, "method")), "list.show");
	assert_true(json_equal(json_object_get(question, "params"), params));
	json_decref(question);
	json_decref(params);
	diag_free(&diag);
	close(server.fd);
	unlink(server.path);
	rmdir(server.dir);
	free(server.heard);
}

static void error_comes_back(void **state)
{
	struct client_answer got = { 0 };
	struct server server;
	struct diag diag;

	diag_init(&diag);
	server_start(&server,
		     "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32010,\"message\":\"stale\","
		     "\"data\":{\"diff\":[\"a\"]}}}\n");
	assert_int_equal(client_call(server.path, "policy.apply", NULL, 5000, &got, &diag), 0);
	assert_null(got.result);
	assert_int_equal(got.code, CLIENT_STALE);
	assert_string_equal(got.message, "stale");
	assert_int_equal(json_array_size(json_object_get(got.data, "diff")), 1);
	client_answer_free(&got);
	server_end(&server);
	diag_free(&diag);
}

/* Larger than any buffer, both ways. */
static void long_lines_pass(void **state)
{
	size_t len = 3 << 20;
	char *text = malloc(len + 1);
	struct client_answer got = { 0 };
	struct server server;
	struct diag diag;
	json_t *params;

	memset(text, 'x', len);
	text[len] = 0;
	params = json_pack("{s:s}", "text", text);
	free(text);
	diag_init(&diag);
	server = (struct server){ .answer = "{\"result\":true}\n", .repeat = 200000 };
	server_bind(&server);
	assert_int_equal(listen(server.fd, 4), 0);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
	assert_int_equal(client_call(server.path, "list.replace", params, 20000, &got, &diag), 0);
	assert_true(json_is_true(got.result));
	assert_true(server.heard_len > len);
	client_answer_free(&got);
	json_decref(params);
	server_end(&server);
	diag_free(&diag);
}

static void bad_ends_are_said(void **state)
{
	is_ended(NULL, -EPIPE, "before it answered agent.status");
	is_ended("{\"result\":1}", -EPIPE, "before it answered"); /* no newline */
	is_ended("", -ETIMEDOUT, "agent.status");
	is_ended("hello\n", -EBADMSG, "cannot be read");
	is_ended("{\"id\":1}\n", -EBADMSG, "neither result nor error");
	is_ended("[1]\n", -EBADMSG, "neither result nor error");
	is_ended("{\"error\":{\"code\":1}}\n", -EBADMSG, "neither");
}

static int call_path(const char *path, struct diag *diag)
{
	struct client_answer got = { 0 };

	return client_call(path, "agent.status", NULL, 300, &got, diag);
}

static void absence_is_said(void **state)
{
	struct server server = { 0 };
	char longer[200];
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(call_path("/nowhere/control.sock", &diag), -ENOENT);
	assert_true(says(&diag, "systemctl start sekishod"));
	assert_string_equal(diag.entries[0].file, "/nowhere/control.sock");
	server_bind(&server); /* nobody listens */
	assert_int_equal(call_path(server.path, &diag), -ECONNREFUSED);
	assert_true(says(&diag, "nobody listens"));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(call_path(longer, &diag), -ENAMETOOLONG);
	assert_true(says(&diag, "199 bytes"));
	close(server.fd);
	unlink(server.path);
	rmdir(server.dir);
	diag_free(&diag);
}

/* G98, G107: who is in no group hears which one. */
static void refusal_is_said(void **state)
{
	struct server server = { 0 };
	struct diag diag;

	if (geteuid() != 0) {
		print_message("needs root to become somebody else\n");
		skip();
	}
	diag_init(&diag);
	server_bind(&server);
	assert_int_equal(listen(server.fd, 4), 0);
	assert_int_equal(chmod(server.dir, 0700), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(call_path(server.path, &diag), -EACCES);
	assert_int_equal(seteuid(0), 0);
	assert_true(says(&diag, "group sekisho"));
	assert_true(says(&diag, "65534"));
	close(server.fd);
	unlink(server.path);
	rmdir(server.dir);
	diag_free(&diag);
}

/* A listener whose queue is full and who takes nobody: the time given still ends it. */
static void full_queue_ends(void **state)
{
	struct server server = { 0 };
	struct diag diag;

	diag_init(&diag);
	server_bind(&server);
	assert_int_equal(listen(server.fd, 0), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(call_path(server.path, &diag), -ETIMEDOUT);
	close(server.fd);
	unlink(server.path);
	rmdir(server.dir);
	diag_free(&diag);
}

/* The whole command against an agent that answers so: exit status, and what is printed. */
static void is_run(char **words, int cnt, bool json, const char *answer, int status, const char *part)
{
	struct cli cli = { .json = json };
	char *text = NULL;
	struct server server;
	size_t len = 0;

	assert_int_equal(cli_places(&cli, "unit-test-of-nobody"), 0);
	server_start(&server, answer);
	snprintf(cli.socket, sizeof(cli.socket), "%s", server.path);
	cli.out = cli.err = open_memstream(&text, &len);
	assert_int_equal(cli_run(&cli, cnt, words), status);
	fclose(cli.out);
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
	free(text);
	server_end(&server);
}

#define WORDS(...)                                                                                 \
	(char *[]){ __VA_ARGS__ }, (int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *))

static void commands_tell_answers(void **state)
{
	const char *const refused = "{\"error\":{\"code\":-32001,\"message\":\"role viewer\"}}\n";
	const char *const absent = "{\"error\":{\"code\":-32004,\"message\":\"no\",\"data\":{\"diag\":"
				   "[{\"level\":\"error\",\"text\":\"no\",\"hint\":\"why\"}]}}}\n";
	const char *const tenants = "{\"result\":{\"tenants\":[{\"tenant\":\"a\\u001b[2J\",\"id\":1},"
				    "{\"tenant\":\"b\",\"id\":2}]}}\n";

	is_run(WORDS("list", "add", "drop", "1.1.1.1"), false, "{\"result\":{\"added\":true}}\n",
	       CLI_OK, "1.1.1.1 is in drop\n");
	is_run(WORDS("list", "add", "drop", "1.1.1.1"), false, "{\"result\":{\"added\":false}}\n",
	       CLI_OK, "already");
	is_run(WORDS("list", "delete", "drop", "1.1.1.1", "for", "1h", "reason", "x"), false,
	       "{\"result\":{\"deleted\":true}}\n", CLI_OK, "no longer");
	is_run(WORDS("list", "add", "drop", "1.1.1.1"), false, refused, CLI_REFUSED, "role viewer");
	is_run(WORDS("list", "add", "drop", "1.1.1.1"), false, absent, CLI_FAILED, "hint: why");
	is_run(WORDS("list", "add", "drop", "1.1.1.1"), true, absent, CLI_FAILED, "\"text\":\"no\"");
	is_run(WORDS("tenant", "show", "b"), true, tenants, CLI_OK,
	       "{\"tenants\":[{\"tenant\":\"b\",\"id\":2}]}\n");
	is_run(WORDS("tenant"), false, tenants, CLI_OK, "a\\x1b[2J");
	is_run(WORDS("tenant", "show", "c"), false, tenants, CLI_FAILED, "there is: b a");
	is_run(WORDS("agent", "stop"), false, "{\"error\":{\"code\":-32601,\"message\":\"no\"}}\n",
	       CLI_FAILED, "another version");
	is_run(WORDS("policy", "rollback"), false,
	       "{\"error\":{\"code\":-32010,\"message\":\"stale\",\"data\":{\"diff\":[\"rule x\"]}}}\n",
	       CLI_FAILED, "  rule x\n");
	is_run(WORDS("policy", "rollback"), true,
	       "{\"error\":{\"code\":-32010,\"message\":\"stale\",\"data\":{\"diff\":[\"rule x\"]}}}\n",
	       CLI_FAILED, "\"diff\":[\"rule x\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_comes_back), cmocka_unit_test(error_comes_back),
		cmocka_unit_test(long_lines_pass),   cmocka_unit_test(bad_ends_are_said),
		cmocka_unit_test(absence_is_said),   cmocka_unit_test(refusal_is_said),
		cmocka_unit_test(full_queue_ends),   cmocka_unit_test(commands_tell_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
