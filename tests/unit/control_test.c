/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: the request parser, who may ask what, the private folder (G107), and clients
 * that are slow, many, loud or gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "rundir.h"

static int parse(const char *line, struct request *request)
{
	char why[160] = "";

	return request_parse(line, strlen(line), request, why, sizeof(why));
}

static void requests_are_read(void **state)
{
	struct request r;

	assert_int_equal(
		parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"a.b\",\"params\":{\"x\":1}}", &r),
		0);
	assert_string_equal(r.method, "a.b");
	assert_int_equal(json_integer_value(r.id), 7);
	assert_int_equal(json_integer_value(json_object_get(r.params, "x")), 1);
	request_free(&r);
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"a\"}", &r), 0);
	assert_null(r.params);
	request_free(&r);
}

static void broken_requests_are_named(void **state)
{
	static const struct {
		const char *line;
		int code;
	} rows[] = {
		{ "", RPC_PARSE },
		{ "{", RPC_PARSE },
		{ "nonsense", RPC_PARSE },
		{ "{\"a\":1,\"a\":2}", RPC_PARSE },
		{ "{\"a\":\"\\u0000\"}", RPC_PARSE },
		{ "{\"a\":\"\xff\"}", RPC_PARSE },
		{ "[]", RPC_INVALID },
		{ "\"x\"", RPC_PARSE },
		{ "{}", RPC_INVALID },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"a\"}", RPC_INVALID },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"a\"}", RPC_INVALID },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"a\"}", RPC_INVALID },
		{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"a\"}", RPC_INVALID },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_INVALID },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[1]}", RPC_INVALID },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request r;

		assert_int_equal(parse(rows[i].line, &r), rows[i].code);
		request_free(&r);
	}
}

static void groups_give_roles(void **state)
{
	const struct role_groups groups = {
		.group = { [ROLE_VIEWER] = { true, 10 }, [ROLE_OPERATOR] = { true, 11 }, [ROLE_ADMIN] = { false, 0 } }
	};
	const gid_t none[] = { 0, 99 }, viewer[] = { 99, 10 }, both[] = { 10, 11 };

	assert_int_equal(role_of(0, NULL, 0, &groups), ROLE_ADMIN);
	assert_int_equal(role_of(1000, none, 2, &groups), ROLE_NONE);
	assert_int_equal(role_of(1000, viewer, 2, &groups), ROLE_VIEWER);
	assert_int_equal(role_of(1000, both, 2, &groups), ROLE_OPERATOR);
	assert_int_equal(role_of(1000, both, 0, &groups), ROLE_NONE);
}

static void answers_are_one_line(void **state)
{
	char *line = answer_fault(NULL, RPC_PARSE, "two\nlines \xff", NULL);
	struct diag diag;
	json_t *json;

	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	json = json_loads(line, 0, NULL);
	assert_non_null(json);
	assert_true(json_is_null(json_object_get(json, "id")));
	json_decref(json);
	free(line);
	diag_init(&diag);
	diag_add(&diag, DIAG_ERROR, "p.yaml", 3, 9, "hint", "bad %s", "\xff");
	json = diag_data(&diag);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(json, "diag"), 0), "line")),
			 3);
	json_decref(json);
	diag_free(&diag);
}

/* --- a socket of its own, with a loop in a thread --- */

struct stand {
	char dir[64], path[96];
	struct loop *loop;
	struct worker *worker;
	struct control *control;
	struct source *poll;
	pthread_t thread;
	volatile int stop;
	struct ticket *held;
	int refused;
};

static void stand_request(void *arg, struct ticket *ticket, const char *method, json_t *params)
{
	struct stand *stand = arg;

	if (!strcmp(method, "hold"))
		stand->held = ticket;
	else if (!strcmp(method, "big"))
		ticket_result(ticket, json_sprintf("%*s", 1 << 20, "x"));
	else if (!strcmp(method, "file"))
		ticket_result(ticket, json_integer(write(ticket_file(ticket), "written", 7)));
	else if (!strcmp(method, "length"))
		ticket_result(ticket, json_integer((json_int_t)json_string_length(
					      json_object_get(params, "text"))));
	else
		ticket_result(ticket, json_string(role_name(ticket_peer(ticket)->role)));
}

static void stand_refused(void *arg, const struct peer *peer, const char *what)
{
	struct stand *stand = arg;

	stand->refused++;
}

static void stand_poll(void *arg)
{
	struct stand *stand = arg;

	if (stand->stop)
		loop_stop(stand->loop);
}

static void *stand_loop(void *arg)
{
	struct stand *stand = arg;

	loop_run(stand->loop);
	return NULL;
}

static int stand_up(void **state)
{
	struct stand *stand = calloc(1, sizeof(*stand));
	const struct control_calls calls = { stand_request, stand_refused, stand };
	mode_t mask;

	snprintf(stand->dir, sizeof(stand->dir), "/tmp/sekisho-control-XXXXXX");
	assert_non_null(mkdtemp(stand->dir));
	/* Whatever was there, and whatever the umask. */
	assert_int_equal(chmod(stand->dir, 0777), 0);
	mask = umask(0);
	snprintf(stand->path, sizeof(stand->path), "%s/control.sock", stand->dir);
	assert_int_equal(loop_new(&stand->loop), 0);
	assert_int_equal(worker_new(stand->loop, &stand->worker), 0);
	assert_int_equal(worker_start(stand->worker), 0);
	assert_int_equal(
		control_new(stand->loop, stand->worker, stand->dir, &calls, &stand->control), 0);
	umask(mask);
	assert_int_equal(loop_timer(stand->loop, 10, 10, stand_poll, stand, &stand->poll), 0);
	assert_int_equal(pthread_create(&stand->thread, NULL, stand_loop, stand), 0);
	*state = stand;
	return 0;
}

static int stand_down(void **state)
{
	struct stand *stand = *state;
	char lock[96];

	stand->stop = 1;
	pthread_join(stand->thread, NULL);
	worker_free(stand->worker);
	control_free(stand->control);
	loop_free(stand->loop);
	snprintf(lock, sizeof(lock), "%s/lock", stand->dir);
	unlink(lock);
	assert_int_equal(rmdir(stand->dir), 0); /* the socket is gone too */
	free(stand);
	return 0;
}

static int client_connect(const struct stand *stand)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", stand->path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at))) {
		int err = -errno;

		close(fd);
		return err;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the other side has had enough */
		bytes += n;
		len -= (size_t)n;
	}
}

/* One answer; NULL when the other side closed first. */
static json_t *answer_read(int fd)
{
	size_t cap = 2 << 20, len = 0;
	char *line = malloc(cap), *end = NULL;
	json_t *json = NULL;

	while (!end && len < cap) {
		ssize_t n = recv(fd, line + len, cap - len, MSG_PEEK);

		if (n <= 0)
			break;
		end = memchr(line + len, '\n', (size_t)n);
		n = recv(fd, line + len, end ? (size_t)(end - line) + 1 - len : (size_t)n, 0);
		len += (size_t)n;
	}
	if (end)
		json = json_loadb(line, len, 0, NULL);
	free(line);
	return json;
}

static void answer_expect(int fd, const char *text)
{
	json_t *json = answer_read(fd);

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "result")), text);
	json_decref(json);
}

#define ASK "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"role\"}\n"
#define BIG "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"big\"}\n"
#define HOLD "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hold\"}\n"

static void folder_is_private(void **state)
{
	struct stand *stand = *state;
	struct stat st;

	assert_int_equal(stat(stand->dir, &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
	assert_int_equal(st.st_mode & 0020, 0);
	assert_int_equal(stat(stand->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(rundir_lock(stand->dir), -EBUSY);
}

static void strangers_are_kept_out(void **state)
{
	struct stand *stand = *state;
	int status;
	pid_t pid;

	if (geteuid())
		skip();
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(9);
		_exit(client_connect(stand) == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void lines_come_in_pieces_and_in_heaps(void **state)
{
	int fd = client_connect(*state);

	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(ASK) - 1; i++)
		send_all(fd, &ASK[i], 1);
	answer_expect(fd, "admin");
	for (int i = 0; i < 100; i++)
		send_all(fd, ASK, sizeof(ASK) - 1);
	for (int i = 0; i < 100; i++)
		answer_expect(fd, "admin");
	/* A peer that sends no more still gets its answers. */
	send_all(fd, ASK ASK, 2 * (sizeof(ASK) - 1));
	shutdown(fd, SHUT_WR);
	answer_expect(fd, "admin");
	answer_expect(fd, "admin");
	assert_null(answer_read(fd));
	close(fd);
}

static void long_lines_are_parsed_beside(void **state)
{
	static const char head[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"length\",\"params\":{\"text\":\"";
	const size_t len = 4 << 20;
	int fd = client_connect(*state);
	char *text = malloc(len);
	json_t *json;

	if (geteuid())
		skip();
	memset(text, 'a', len);
	send_all(fd, head, sizeof(head) - 1);
	send_all(fd, text, len);
	send_all(fd, "\"}}\n", 4);
	json = answer_read(fd);
	assert_int_equal(json_integer_value(json_object_get(json, "result")), len);
	json_decref(json);
	free(text);
	close(fd);
}

static void slow_clients_wait_alone(void **state)
{
	int slow = client_connect(*state), other;

	if (geteuid())
		skip();
	for (int i = 0; i < 20; i++)
		send_all(slow, BIG, sizeof(BIG) - 1);
	other = client_connect(*state);
	send_all(other, ASK, sizeof(ASK) - 1);
	answer_expect(other, "admin");
	for (int i = 0; i < 20; i++) {
		json_t *json = answer_read(slow);

		assert_non_null(json);
		json_decref(json);
	}
	close(slow);
	close(other);
}

static void a_client_may_go_while_it_waits(void **state)
{
	struct stand *stand = *state;
	int fd = client_connect(stand);

	if (geteuid())
		skip();
	send_all(fd, HOLD, sizeof(HOLD) - 1);
	for (int i = 0; i < 2000 && !stand->held; i++)
		usleep(10000);
	assert_non_null(stand->held);
	close(fd);
	fd = client_connect(stand);
	send_all(fd, ASK, sizeof(ASK) - 1);
	answer_expect(fd, "admin");
	close(fd);
}

static void there_is_an_end_to_clients(void **state)
{
	struct stand *stand = *state;
	int fds[140], refused = 0;

	if (geteuid())
		skip();
	for (int i = 0; i < 140; i++) {
		fds[i] = client_connect(stand);
		assert_true(fds[i] >= 0);
		send_all(fds[i], ASK, sizeof(ASK) - 1);
	}
	for (int i = 0; i < 140; i++) {
		json_t *json = answer_read(fds[i]);

		refused += !json || json_object_get(json, "error") != NULL;
		json_decref(json);
	}
	for (int i = 0; i < 140; i++)
		close(fds[i]);
	assert_int_equal(refused, 12);
	fds[0] = client_connect(stand);
	usleep(100000);
	send_all(fds[0], ASK, sizeof(ASK) - 1);
	json_decref(answer_read(fds[0]));
	close(fds[0]);
}

/* A line with files; cnt 0: none. */
static void send_files(int to, const char *line, const int *fds, size_t cnt)
{
	char room[CMSG_SPACE(4 * sizeof(int))]
		__attribute__((aligned(__alignof__(struct cmsghdr)))) = {};
	struct iovec part = { (void *)line, strlen(line) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room };
	struct cmsghdr *c = (struct cmsghdr *)room;

	msg.msg_controllen = CMSG_SPACE(cnt * sizeof(int));
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(cnt * sizeof(int)),
			       .cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), fds, cnt * sizeof(int));
	assert_int_equal(sendmsg(to, &msg, 0), (ssize_t)strlen(line));
}

static size_t files_open(void)
{
	char path[64];
	size_t cnt = 0;

	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		cnt += access(path, F_OK) == 0;
	}
	return cnt;
}

static void number_expect(int fd, json_int_t number)
{
	json_t *json = answer_read(fd);

	assert_non_null(json);
	assert_int_equal(json_integer_value(json_object_get(json, "result")), number);
	json_decref(json);
}

#define FILE_ASK "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"file\"}\n"

/* One file a request, and none is left open whatever was sent. */
static void a_file_comes_with_its_request(void **state)
{
	struct stand *stand = *state;
	int fds[3], client;
	char found[16] = "";
	size_t open_before;

	if (geteuid())
		skip(); /* admins alone may send one */
	for (size_t i = 0; i < 3; i++)
		fds[i] = fileno(tmpfile());
	client = client_connect(stand);
	send_all(client, ASK, sizeof(ASK) - 1);
	answer_expect(client, "admin");
	open_before = files_open();
	send_files(client, FILE_ASK, fds, 1);
	number_expect(client, 7);
	send_all(client, FILE_ASK, sizeof(FILE_ASK) - 1);
	number_expect(client, -1); /* it was the former request's */
	for (int i = 0; i < 10; i++) {
		send_files(client, FILE_ASK, fds + 1, 2);
		number_expect(client, 7);
	}
	send_files(client, "{\"half\":", fds, 1);
	close(client);
	assert_int_equal(pread(fds[0], found, sizeof(found), 0), 7);
	assert_string_equal(found, "written");
	for (int i = 0; i < 2000 && files_open() > open_before - 2; i++)
		usleep(10000);
	assert_int_equal(files_open(), open_before - 2); /* both ends of the client's socket */
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(broken_requests_are_named),
		cmocka_unit_test(groups_give_roles),
		cmocka_unit_test(answers_are_one_line),
		cmocka_unit_test_setup_teardown(folder_is_private, stand_up, stand_down),
		cmocka_unit_test_setup_teardown(strangers_are_kept_out, stand_up, stand_down),
		cmocka_unit_test_setup_teardown(lines_come_in_pieces_and_in_heaps, stand_up,
						stand_down),
		cmocka_unit_test_setup_teardown(long_lines_are_parsed_beside, stand_up, stand_down),
		cmocka_unit_test_setup_teardown(slow_clients_wait_alone, stand_up, stand_down),
		cmocka_unit_test_setup_teardown(a_client_may_go_while_it_waits, stand_up, stand_down),
		cmocka_unit_test_setup_teardown(there_is_an_end_to_clients, stand_up, stand_down),
		cmocka_unit_test_setup_teardown(a_file_comes_with_its_request, stand_up, stand_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
