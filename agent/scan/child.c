// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the scanner's process and what is heard of it. Called by scan.c's threads. Promises that what it
 * says is
 * bounded by the limits that it was given, and that one that died is started again.
 */
#include "scan/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scan/server.h"
#include "scan/wire.h"
#include "text/sealed.h"

#define READ_PIECE (256 << 10)
#define CLOCK_TIMES 7 /* of a scan's seconds: its own alarm comes first */

extern char **environ;

struct child {
	const struct scan_settings *settings;
	const char *program;
	pthread_mutex_t lock; /* of the two below, where it is started again */
	pid_t pid;
	int socket;
};

/* --- its start --- */

static int spawn(const char *program, pid_t *ret_pid, int *ret_socket)
{
	char *const argv[] = { (char *)"sekishod", (char *)"scan", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
	ret = -posix_spawn(ret_pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (ret)
		close(ends[0]);
	else
		*ret_socket = ends[0];
	return ret;
}

static bool setup_make(const struct scan_settings *s, struct grown *to)
{
	const struct server_setup setup = { .unpack = s->unpack,
					    .memory = s->child_memory,
					    .seconds = s->seconds,
					    .yara_cnt = s->yara_cnt };
	bool made = grown_add(to, slice(&setup, sizeof(setup)));

	for (uint32_t i = 0; made && i < s->yara_cnt; i++)
		made = grown_add(to, slice(s->yara[i], strlen(s->yara[i]) + 1));
	return made && to->len <= SERVER_MESSAGE_MAX;
}

/* Rules are compiled meanwhile; thousands of them take seconds. */
static int ready_await(int socket, struct diag *diag)
{
	char answer[1024] = { 0 };
	struct server_ready ready = { .error = -EPIPE };
	ssize_t len;

	do
		len = recv(socket, answer, sizeof(answer) - 1, 0);
	while (len < 0 && errno == EINTR);
	if (len >= (ssize_t)sizeof(ready))
		memcpy(&ready, answer, sizeof(ready));
	if (ready.error && diag)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "the scanner of files cannot begin: %s",
			 answer[sizeof(ready)] ? answer + sizeof(ready) : strerror(-ready.error));
	return ready.error;
}

static int child_start(struct child *child, struct diag *diag)
{
	struct grown setup = { .at = NULL };
	int ret = spawn(child->program, &child->pid, &child->socket);

	if (ret) {
		child->socket = -1;
		if (diag)
			diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
				 "the scanner of files cannot be started: %s", strerror(-ret));
		return ret;
	}
	if (!setup_make(child->settings, &setup))
		ret = -ENOMEM;
	else if (send(child->socket, setup.at, setup.len, MSG_NOSIGNAL) < 0)
		ret = -errno;
	grown_free(&setup);
	return ret ? ret : ready_await(child->socket, diag);
}

static void child_end(struct child *child)
{
	if (child->socket < 0)
		return;
	close(child->socket);
	child->socket = -1;
	kill(child->pid, SIGKILL); /* its children end at the end of their pipes */
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int child_new(const struct scan_settings *settings, const char *program, struct child **ret_child,
	      struct diag *diag)
{
	struct child *child = calloc(1, sizeof(*child));
	int ret;

	if (!child)
		return -ENOMEM;
	child->settings = settings;
	child->program = program ? program : "/proc/self/exe";
	pthread_mutex_init(&child->lock, NULL);
	ret = child_start(child, diag);
	if (ret) {
		child_free(child);
		return ret;
	}
	*ret_child = child;
	return 0;
}

void child_free(struct child *child)
{
	if (!child)
		return;
	child_end(child);
	pthread_mutex_destroy(&child->lock);
	free(child);
}

#define LAST_JOBS_MS 5000 /* a former one has but to fork for what it was sent */
#define LOOK_MS 20

/* Nothing more is sent to it: it reads what it was sent, and ends by itself, or is ended. */
static void former_end(struct child *former)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };

	if (former->socket < 0)
		return;
	shutdown(former->socket, SHUT_WR);
	for (int ms = 0; ms < LAST_JOBS_MS; ms += LOOK_MS) {
		if (waitpid(former->pid, NULL, WNOHANG)) {
			close(former->socket);
			return;
		}
		nanosleep(&look, NULL);
	}
	child_end(former);
}

int child_renew(struct child *child, struct diag *diag)
{
	struct child next = { .settings = child->settings, .program = child->program, .socket = -1 };
	struct child former;
	int ret = child_start(&next, diag);

	if (ret) {
		child_end(&next);
		return ret;
	}
	pthread_mutex_lock(&child->lock);
	former = (struct child){ .pid = child->pid, .socket = child->socket };
	child->pid = next.pid;
	child->socket = next.socket;
	pthread_mutex_unlock(&child->lock);
	former_end(&former);
	return 0;
}

/* --- a job --- */

static bool message_send(int socket, struct slice bytes, const int fds[2])
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec part = { (void *)bytes.at, bytes.len };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	ssize_t len;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	do
		len = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (len < 0 && errno == EINTR);
	return len >= 0;
}

/* Under the lock, since it may be started again. */
static bool job_send(struct child *child, struct slice message, const int fds[2])
{
	bool sent;

	pthread_mutex_lock(&child->lock);
	sent = child->socket >= 0 && message_send(child->socket, message, fds);
	if (!sent) {
		child_end(child);
		sent = !child_start(child, NULL) && message_send(child->socket, message, fds);
	}
	pthread_mutex_unlock(&child->lock);
	return sent;
}

static bool job_make(const struct child *child, struct slice name, struct slice passwords,
		     bool asks_yara, struct grown *to)
{
	struct server_job job = { .passwords_len = (uint32_t)passwords.len,
				  .unpacks = child->settings->archives,
				  .asks_yara = asks_yara };

	if (name.len > WIRE_NAME_MAX)
		name.len = WIRE_NAME_MAX;
	job.name_len = (uint32_t)name.len;
	return grown_add(to, slice(&job, sizeof(job))) && grown_add(to, name) &&
	       grown_add(to, passwords) && to->len <= SERVER_MESSAGE_MAX;
}

/* --- what it says --- */

static bool member_hear(const struct child *child, const struct wire_message *m,
			struct scan_result *result)
{
	struct scan_member *grown, member = { .cut = m->head.cut };

	if (result->member_cnt >= child->settings->unpack.members)
		return false;
	grown = reallocarray(result->members, result->member_cnt + 1, sizeof(*grown));
	if (!grown)
		return false;
	result->members = grown;
	grown[result->member_cnt] = member;
	return grown_add(&grown[result->member_cnt].path, m->name) &&
	       grown_add(&grown[result->member_cnt++].bytes, m->rest);
}

enum heard { HEARD, HEARD_END, HEARD_BAD };

static enum heard message_hear(const struct child *child, const struct wire_message *m,
			       uint64_t *total, struct scan_result *result)
{
	switch (m->head.kind) {
	case WIRE_MEMBER:
		*total += m->rest.len;
		return *total <= child->settings->unpack.total_size + READ_PIECE &&
				       member_hear(child, m, result)
			       ? HEARD
			       : HEARD_BAD;
	case WIRE_MATCH:
		findings_add(&result->findings, SCAN_YARA, result->member_cnt, m->name, m->rest);
		return HEARD;
	default:
		result->findings.stops = m->head.stops;
		return HEARD_END;
	}
}

static enum heard all_hear(const struct child *child, struct grown *from, uint64_t *total,
			   struct scan_result *result)
{
	enum heard heard = HEARD;
	size_t at = 0;

	while (heard == HEARD) {
		struct wire_message m;
		int64_t took = wire_take(slice_behind(grown_slice(from), at),
					 child->settings->unpack.member_size + READ_PIECE, &m);

		if (took == WIRE_MORE)
			break;
		heard = took < 0 ? HEARD_BAD : message_hear(child, &m, total, result);
		at += took < 0 ? 0 : (size_t)took;
	}
	grown_shift(from, at);
	return heard;
}

static bool pipe_await(int fd, time_t until)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct timespec now;
	int ret;

	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= until)
			return false;
		ret = poll(&pollfd, 1, (int)(until - now.tv_sec) * 1000);
	} while (ret < 0 && errno == EINTR);
	return ret > 0;
}

static bool result_hear(const struct child *child, int pipe, struct scan_result *result)
{
	struct grown from = { .at = NULL };
	enum heard heard = HEARD;
	struct timespec now;
	uint64_t total = 0;
	ssize_t len = 1;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += child->settings->seconds * CLOCK_TIMES + 1;
	while (heard == HEARD && pipe_await(pipe, now.tv_sec)) {
		if (!grown_room(&from, READ_PIECE))
			break;
		len = read(pipe, from.at + from.len, READ_PIECE);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		from.len += (size_t)len;
		heard = all_hear(child, &from, &total, result);
	}
	grown_free(&from);
	return heard == HEARD_END;
}

bool child_scan(struct child *child, struct slice name, struct slice bytes, struct slice passwords,
		bool asks_yara, struct scan_result *result)
{
	struct grown message = { .at = NULL };
	int ends[2], fds[2] = { sealed_text("scanned", (const char *)bytes.at, bytes.len), -1 };
	bool sent = false, whole;

	if (fds[0] < 0)
		return false;
	if (pipe2(ends, O_CLOEXEC)) {
		close(fds[0]);
		return false;
	}
	fds[1] = ends[1];
	if (job_make(child, name, passwords, asks_yara, &message))
		sent = job_send(child, grown_slice(&message), fds);
	grown_free(&message);
	close(fds[0]);
	close(fds[1]);
	whole = sent && result_hear(child, ends[0], result);
	close(ends[0]);
	return whole;
}
