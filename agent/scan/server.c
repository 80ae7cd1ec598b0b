// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the scanner's process. Started by scan.c, by exec, so that a child that is taken over finds
 * neither the
 * agent's memory nor its descriptors. Promises that a file ends its own child at most.
 */
#include "scan/server.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan/sandbox.h"
#include "scan/wire.h"
#include "scan/yara.h"

#define CPU_TIMES                                                                                  \
	2 /* of the seconds that YARA has for one file or member: it tells by itself that it ran out */

struct server {
	int socket;
	struct server_setup setup;
	struct yara *yara; /* NULL: no rules */
	struct sandbox *sandbox;
};

/* --- one file --- */

struct scan {
	int out;
	struct yara *yara;
	unsigned int seconds;
	uint32_t stops;
	bool deaf; /* nobody listens any more */
};

static void match_say(void *arg, const char *rule, struct slice meta)
{
	struct scan *scan = arg;
	const struct wire_head head = { .kind = WIRE_MATCH };

	scan->deaf |= !wire_say(scan->out, &head, slice_text(rule), meta);
}

static void yara_look(struct scan *scan, struct slice name, struct slice bytes)
{
	const struct yara_sink sink = { scan, match_say };

	if (scan->yara && !scan->deaf && !yara_ask(scan->yara, name, bytes, scan->seconds, &sink))
		scan->stops |= WIRE_YARA_TIME;
}

static void member_say(void *arg, struct slice path, struct slice bytes, bool cut)
{
	struct scan *scan = arg;
	const struct wire_head head = { .kind = WIRE_MEMBER, .cut = cut };

	if (scan->deaf)
		return;
	scan->deaf |= !wire_say(scan->out, &head, path, bytes);
	yara_look(scan, path, bytes);
}

void server_scan(const struct server_job *job, const struct server_setup *setup, struct yara *yara,
		 struct slice name, struct slice passwords, struct slice bytes, int out)
{
	struct scan scan = { .out = out,
			     .yara = job->asks_yara ? yara : NULL,
			     .seconds = setup->seconds };
	const struct unpack_sink sink = { &scan, member_say };
	struct wire_head end = { .kind = WIRE_END };

	yara_look(&scan, name, bytes);
	if (job->unpacks)
		scan.stops |= unpack(bytes, name, &setup->unpack, passwords, &sink);
	end.stops = scan.stops;
	wire_say(out, &end, slice(NULL, 0), slice(NULL, 0));
}

/*
 * In the child. The exit status says to nobody why; without the last message the agent knows that
 * it failed.
 */
static int child_run(const struct server *server, struct slice message, const int fds[2])
{
	struct server_job job;
	struct slice name, passwords;
	struct stat status;
	void *bytes = MAP_FAILED;
	size_t len;

	close(server->socket);
	memcpy(&job, message.at, sizeof(job));
	message = slice_behind(message, sizeof(job));
	if ((uint64_t)job.name_len + job.passwords_len != message.len || fstat(fds[0], &status))
		return 1;
	name = slice(message.at, job.name_len);
	passwords = slice_behind(message, job.name_len);
	len = (size_t)status.st_size;
	if (len)
		bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fds[0], 0);
	if ((len && bytes == MAP_FAILED) ||
	    sandbox_enter(server->sandbox, server->setup.memory, server->setup.seconds * CPU_TIMES))
		return 1;
	server_scan(&job, &server->setup, server->yara, name, passwords,
		    slice(len ? bytes : NULL, len), fds[1]);
	return 0;
}

/* --- messages --- */

/* Returns its length; 0: the agent has hung up. fds: -1 where there was none. */
static size_t message_take(int socket, uint8_t *to, int fds[2])
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec part = { to, SERVER_MESSAGE_MAX };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t len;

	do
		len = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	fds[0] = fds[1] = -1;
	c = len > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int)))
		memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return len > 0 ? (size_t)len : 0;
}

static void serve(const struct server *server, uint8_t *message)
{
	size_t len;
	int fds[2];

	while ((len = message_take(server->socket, message, fds))) {
		if (len >= sizeof(struct server_job) && fds[0] >= 0 && fork() == 0)
			_exit(child_run(server, slice(message, len), fds));
		close(fds[0]);
		close(fds[1]);
	}
}

static int yara_begin(struct server *server, struct slice names, char *why, size_t cap)
{
	const char *files[SCAN_YARA_MAX];
	uint32_t cnt = 0;

	for (; cnt < server->setup.yara_cnt && cnt < SCAN_YARA_MAX && names.len; cnt++) {
		size_t len = strnlen((const char *)names.at, names.len);

		if (len == names.len)
			return -EINVAL;
		files[cnt] = (const char *)names.at;
		names = slice_behind(names, len + 1);
	}
	return cnt ? yara_new(files, cnt, &server->yara, why, cap) : 0;
}

static int server_begin(struct server *server, struct slice message)
{
	char answer[sizeof(struct server_ready) + 512] = { 0 };
	struct server_ready ready = { .error = -EINVAL };
	char *why = answer + sizeof(ready);

	if (message.len >= sizeof(server->setup)) {
		memcpy(&server->setup, message.at, sizeof(server->setup));
		ready.error = sandbox_new(&server->sandbox);
	}
	if (!ready.error)
		ready.error = yara_begin(server, slice_behind(message, sizeof(server->setup)), why,
					 sizeof(answer) - sizeof(ready));
	if (!ready.error && server->yara)
		ready.yara_rules = yara_rule_cnt(server->yara);
	memcpy(answer, &ready, sizeof(ready));
	if (send(server->socket, answer, sizeof(ready) + strlen(why), MSG_NOSIGNAL) < 0)
		return -errno;
	return ready.error;
}

bool server_is_asked(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "scan") == 0;
}

int server_main(void)
{
	struct server server = { .socket = STDIN_FILENO };
	uint8_t *message = malloc(SERVER_MESSAGE_MAX);
	int fds[2], ret = 1;
	size_t len;

	signal(SIGCHLD, SIG_IGN); /* nobody waits for children */
	signal(SIGINT, SIG_IGN); /* the agent ends it */
	setlocale(LC_CTYPE, "C.UTF-8"); /* names of members are told in it */
	len = message ? message_take(server.socket, message, fds) : 0;
	if (len && !server_begin(&server, slice(message, len))) {
		serve(&server, message);
		ret = 0;
	}
	yara_free(server.yara);
	sandbox_free(server.sandbox);
	free(message);
	return ret;
}
