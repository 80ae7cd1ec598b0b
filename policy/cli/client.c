/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the connection to sekishod's control socket. Called by live.c.
 * Promises an end within the time given, and words that say where the socket should be.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"

#define WAITING_MS 500 /* between two calls of waiting() */
#define ANSWER_MAX (512u << 20) /* bytes of one line; more is no answer of ours */

struct exchange {
	int fd;
	const char *path;
	const char *method;
	int timeout_ms;
	int64_t end_ms; /* CLOCK_MONOTONIC */
	struct diag *diag;
	const struct client_file *file; /* NULL: none goes along */
};

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int say_timeout(const struct exchange *x)
{
	diag_add(x->diag, DIAG_ERROR, x->path, 0, 0,
		 "it may be busy: try again; 'systemctl status sekishod' and its log say more",
		 "sekishod did not finish %s within %d s", x->method, x->timeout_ms / 1000);
	return -ETIMEDOUT;
}

/* Waits until the socket is ready. 0 or -ETIMEDOUT with words. */
static int wait_ready(const struct exchange *x, short events)
{
	struct pollfd ready = { .fd = x->fd, .events = events };

	for (;;) {
		int64_t left = x->end_ms - clock_ms(), slice = left;
		int ret;

		if (x->file && x->file->waiting && slice > WAITING_MS)
			slice = WAITING_MS;
		ret = poll(&ready, 1, slice > 0 ? (int)slice : 0);
		if (ret > 0)
			return 0;
		if (ret == 0 && slice < left) {
			x->file->waiting(x->file->arg);
			continue;
		}
		if (ret == 0 || errno != EINTR)
			return say_timeout(x);
	}
}

static int say_connect(const struct exchange *x, int error)
{
	switch (error) {
	case ENOENT:
		diag_add(x->diag, DIAG_ERROR, x->path, 0, 0,
			 "start it with 'systemctl start sekishod' (sekishod@NAME for an instance), "
			 "name the right one with --instance, or, in an emergency, add --offline",
			 "sekishod is not running: its control socket is not there");
		return -ENOENT;
	case ECONNREFUSED:
		diag_add(x->diag, DIAG_ERROR, x->path, 0, 0,
			 "it ended and left its socket; start it with 'systemctl start sekishod', or, "
			 "in an emergency, add --offline",
			 "sekishod is not running: nobody listens on its control socket");
		return -ECONNREFUSED;
	case EACCES:
	case EPERM:
		diag_add(x->diag, DIAG_ERROR, x->path, 0, 0,
			 "be root or in group sekisho (to look), sekisho-operator (lists, flows) "
			 "or sekisho-admin (policy)",
			 "user %u may not use sekishod's control socket", (unsigned int)geteuid());
		return -EACCES;
	default:
		diag_add(x->diag, DIAG_ERROR, x->path, 0, 0, NULL,
			 "cannot connect to sekishod's control socket: %s", strerror(error));
		return -error;
	}
}

/* A full queue of the listener is waited for; a Unix socket says EAGAIN then. */
static int connect_socket(struct exchange *x)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(x->path) >= sizeof(addr.sun_path)) {
		diag_add(x->diag, DIAG_ERROR, x->path, 0, 0, "use a shorter --instance",
			 "path of the control socket has %zu bytes; a socket's path has at most %zu",
			 strlen(x->path), sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(addr.sun_path, x->path, strlen(x->path) + 1);
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (x->fd < 0)
		return say_connect(x, errno);
	while (connect(x->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int error = errno;

		if (error == EAGAIN && clock_ms() < x->end_ms)
			poll(NULL, 0, 20);
		else if (error == EAGAIN)
			return say_timeout(x);
		else if (error != EINTR)
			return say_connect(x, error);
	}
	return 0;
}

static int say_hangup(const struct exchange *x, int error)
{
	diag_add(x->diag, DIAG_ERROR, x->path, 0, 0, "its log says why: 'journalctl -u sekishod'",
		 "sekishod closed the connection before it answered %s%s%s", x->method,
		 error ? ": " : "", error ? strerror(error) : "");
	return -EPIPE;
}

/* With the first bytes goes the file, if any. */
static ssize_t send_part(const struct exchange *x, const char *bytes, size_t len, bool first)
{
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(__alignof__(struct cmsghdr)))) = {};
	struct iovec part = { (void *)bytes, len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (first && x->file) {
		struct cmsghdr *c = (struct cmsghdr *)room;

		msg.msg_control = room;
		msg.msg_controllen = sizeof(room);
		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				       .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &x->file->fd, sizeof(int));
	}
	return sendmsg(x->fd, &msg, MSG_NOSIGNAL);
}

static int send_line(const struct exchange *x, const char *line, size_t len)
{
	const char *start = line;

	while (len > 0) {
		ssize_t n = send_part(x, line, len, line == start);

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0; /* it has had enough; its answer may say why */
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return say_hangup(x, errno);
		if (n < 0) {
			int ret = wait_ready(x, POLLOUT);

			if (ret < 0)
				return ret;
			continue;
		}
		line += n;
		len -= (size_t)n;
	}
	return 0;
}

static int say_memory(const struct exchange *x, size_t bytes)
{
	diag_add(x->diag, DIAG_ERROR, x->path, 0, 0, NULL,
		 "no memory for %zu bytes of the exchange with sekishod", bytes);
	return -ENOMEM;
}

/* Reads up to the first newline. The caller frees *ret_line. */
static int receive_line(const struct exchange *x, char **ret_line, size_t *ret_len)
{
	size_t len = 0, cap = 65536;
	char *line = malloc(cap), *end = NULL;
	int ret = line ? 0 : say_memory(x, cap);

	while (ret == 0 && !end) {
		ssize_t n = recv(x->fd, line + len, cap - len, 0);

		if (n > 0) {
			end = memchr(line + len, '\n', (size_t)n);
			len += (size_t)n;
		} else if (n == 0) {
			ret = say_hangup(x, 0);
		} else if (errno == EAGAIN || errno == EINTR) {
			ret = wait_ready(x, POLLIN);
		} else {
			ret = say_hangup(x, errno);
		}
		if (ret == 0 && !end && len == cap) {
			char *more = cap < ANSWER_MAX ? realloc(line, cap * 2) : NULL;

			if (!more) {
				ret = say_memory(x, cap * 2);
				break;
			}
			line = more;
			cap *= 2;
		}
	}
	if (ret < 0) {
		free(line);
		return ret;
	}
	*ret_line = line;
	*ret_len = (size_t)(end - line);
	return 0;
}

static int say_unreadable(const struct exchange *x, const char *why)
{
	diag_add(x->diag, DIAG_ERROR, x->path, 0, 0, "are sekisho and sekishod of the same version?",
		 "sekishod's answer to %s cannot be read: %s", x->method, why);
	return -EBADMSG;
}

static int read_answer(const struct exchange *x, const char *line, size_t len,
		       struct client_answer *ret_answer)
{
	json_error_t why;
	json_t *answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	json_t *error, *result;
	const char *message;
	int ret = 0;

	if (!answer)
		return say_unreadable(x, why.text);
	error = json_object_get(answer, "error");
	result = json_object_get(answer, "result");
	message = json_string_value(json_object_get(error, "message"));
	if (json_is_object(error) && message) {
		ret_answer->result = NULL;
		ret_answer->code = (int)json_integer_value(json_object_get(error, "code"));
		ret_answer->message = strdup(message);
		ret_answer->data = json_incref(json_object_get(error, "data"));
		if (!ret_answer->message) {
			json_decref(ret_answer->data);
			ret = say_memory(x, strlen(message));
		}
	} else if (result) {
		*ret_answer = (struct client_answer){ .result = json_incref(result) };
	} else {
		ret = say_unreadable(x, "it has neither result nor error");
	}
	json_decref(answer);
	return ret;
}

/* The question as one line. NULL: out of memory. */
static char *make_line(const char *method, json_t *params)
{
	json_t *question = json_pack("{s:s, s:i, s:s, s:O*}", "jsonrpc", "2.0", "id", 1, "method",
				     method, "params", params);
	char *text = question ? json_dumps(question, JSON_COMPACT) : NULL;
	char *line = NULL;

	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	json_decref(question);
	return line;
}

int client_call_file(const char *socket_path, const char *method, json_t *params,
		     const struct client_file *file, int timeout_ms,
		     struct client_answer *ret_answer, struct diag *diag)
{
	struct exchange x = { .fd = -1,
			      .path = socket_path,
			      .method = method,
			      .file = file,
			      .diag = diag,
			      .timeout_ms = timeout_ms,
			      .end_ms = clock_ms() + timeout_ms };
	char *line = make_line(method, params), *answer = NULL;
	size_t answer_len = 0;
	int ret;

	if (!line)
		return say_memory(&x, 0);
	ret = connect_socket(&x);
	if (ret == 0)
		ret = send_line(&x, line, strlen(line));
	if (ret == 0)
		ret = receive_line(&x, &answer, &answer_len);
	if (ret == 0)
		ret = read_answer(&x, answer, answer_len, ret_answer);
	free(answer);
	free(line);
	if (x.fd >= 0)
		close(x.fd);
	return ret;
}

int client_call(const char *socket_path, const char *method, json_t *params, int timeout_ms,
		struct client_answer *ret_answer, struct diag *diag)
{
	return client_call_file(socket_path, method, params, NULL, timeout_ms, ret_answer, diag);
}

void client_answer_free(struct client_answer *answer)
{
	json_decref(answer->result);
	json_decref(answer->data);
	free(answer->message);
	*answer = (struct client_answer){ 0 };
}
