// SPDX-License-Identifier: Apache-2.0
/*
 * Connections by TCP, both families, that say a ClientHello with a name: the side that opens them, and a
 * server that answers each with an alert. Both end a connection by a reset, so that none lingers. Called
 * by tests/soak/name.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak/name.h"

#define FLYING 48 /* connections: see question.c */
#define EVENTS 192
#define BATCH 8
#define PORT 443
#define HELLO_MAX 256
#define PATIENCE_NS 20000000000ull /* a lost SYN is sent again after 1, 3 and 7 s */
#define HASTE_NS 500000000ull /* where no gateway stands */

/* Where the name begins in hello_write()'s message. */
#define NAME_AT (5 + 4 + 2 + 32 + 1 + 4 + 2 + 2 + 4 + 5)

struct connection {
	int fd; /* -1: none */
	enum name_fate fate;
	bool said;
	uint64_t begun_ns;
	char name[NAME_TEXT_MAX];
};

struct greeter {
	struct name_asker *asker;
	int epoll_fd;
	struct connection flying[FLYING];
	uint8_t spare[FLYING]; /* places that are free */
	unsigned int spare_cnt;
	uint32_t next; /* number of the next connection */
};

static size_t put16(uint8_t *out, size_t at, size_t value)
{
	out[at] = (uint8_t)(value >> 8);
	out[at + 1] = (uint8_t)value;
	return at + 2;
}

/* RFC 8446 4.1.2 in one record: one suite, the name, and TLS 1.3. Returns its length. */
static size_t hello_write(uint8_t *out, const char *name)
{
	static const uint8_t suites[] = { 0, 2, 0x13, 0x01, 1, 0 };
	static const uint8_t versions[] = { 0, 43, 0, 3, 2, 3, 4 };
	size_t len = strlen(name), extensions = 9 + len + sizeof(versions);
	size_t body = 2 + 32 + 1 + sizeof(suites) + 2 + extensions, at;

	memset(out, 0, HELLO_MAX);
	out[0] = 22; /* handshake */
	out[1] = 3;
	out[2] = 1;
	put16(out, 3, 4 + body);
	out[5] = 1; /* ClientHello */
	put16(out, 7, body);
	out[9] = 3;
	out[10] = 3;
	memset(out + 11, 0x5e, 32);
	at = 11 + 32 + 1; /* no session */
	memcpy(out + at, suites, sizeof(suites));
	at = put16(out, at + sizeof(suites), extensions);
	at = put16(out, at, 0); /* server_name, RFC 6066 3 */
	at = put16(out, at, 5 + len);
	at = put16(out, at, 3 + len);
	at = put16(out, at + 1, len);
	memcpy(out + at, name, len);
	memcpy(out + at + len, versions, sizeof(versions));
	return at + len + sizeof(versions);
}

/* Its end is a reset, at once. Those that a listener takes have it from there. */
static int end_hard(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void over(struct greeter *all, struct connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
	all->spare[all->spare_cnt++] = (uint8_t)(connection - all->flying);
}

static int greet(struct greeter *all)
{
	struct connection *connection = &all->flying[all->spare[all->spare_cnt - 1]];
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection };
	struct sockaddr_storage to;
	socklen_t len = name_address(all->next / 8, PORT, &to);
	int fd;

	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	all->spare_cnt--;
	*connection = (struct connection){ .fd = fd, .begun_ns = name_now_ns() };
	connection->fate = name_next(all->asker, all->next, connection->name);
	all->next++;
	all->asker->tally.asked++;
	if (end_hard(fd) || (connect(fd, (struct sockaddr *)&to, len) && errno != EINPROGRESS) ||
	    epoll_ctl(all->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return 0;
}

/* What the other side did: its answer, or the gateway's reset. */
static void heard(struct greeter *all, struct connection *connection)
{
	struct name_tally *tally = &all->asker->tally;
	uint8_t answer[16];
	ssize_t len = recv(connection->fd, answer, sizeof(answer), 0);

	if (len < 0 && errno == EAGAIN)
		return;
	if (len > 0 || (len < 0 && errno == ECONNRESET))
		name_ended(tally, connection->fate, len < 0, name_now_ns() - connection->begun_ns);
	else
		tally->wrong++;
	over(all, connection);
}

static void say(struct greeter *all, struct connection *connection)
{
	uint8_t hello[HELLO_MAX];
	size_t len = hello_write(hello, connection->name);

	if (send(connection->fd, hello, len, MSG_NOSIGNAL) != (ssize_t)len) {
		all->asker->tally.wrong++; /* it was never there */
		over(all, connection);
		return;
	}
	connection->said = true;
}

static int greet_some(void *arg)
{
	struct greeter *all = arg;
	int err = 0;

	for (unsigned int i = 0; i < BATCH && all->spare_cnt && !err; i++)
		err = greet(all);
	return err;
}

static void turn(void *arg, int wait_ms)
{
	struct greeter *all = arg;
	struct epoll_event events[FLYING];
	int cnt = epoll_wait(all->epoll_fd, events, FLYING, wait_ms);

	for (int i = 0; i < cnt; i++) {
		struct connection *connection = events[i].data.ptr;

		if (connection->said)
			heard(all, connection);
		else
			say(all, connection);
	}
}

static unsigned int give_up(void *arg, uint64_t now_ns, uint64_t patience_ns)
{
	struct greeter *all = arg;
	unsigned int cnt = 0;

	for (unsigned int i = 0; i < FLYING; i++) {
		struct connection *connection = &all->flying[i];

		if (connection->fd < 0 || now_ns - connection->begun_ns < patience_ns)
			continue;
		cnt++;
		over(all, connection);
	}
	return cnt;
}

static bool is_idle(const void *arg)
{
	const struct greeter *all = arg;

	return all->spare_cnt == FLYING;
}

static int begin(void *arg)
{
	struct greeter *all = arg;

	all->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return all->epoll_fd < 0 ? -errno : 0;
}

void *hellos_run(void *arg)
{
	static const struct name_way way = { .open = begin,
					     .ask = greet_some,
					     .hear = turn,
					     .is_idle = is_idle,
					     .give_up = give_up,
					     .batch = BATCH,
					     .patience_ns = PATIENCE_NS,
					     .haste_ns = HASTE_NS };
	struct greeter all = { .asker = arg, .epoll_fd = -1 };

	for (unsigned int i = 0; i < FLYING; i++) {
		all.flying[i].fd = -1;
		all.spare[all.spare_cnt++] = (uint8_t)i;
	}
	name_run(all.asker, &way, &all);
	if (all.epoll_fd >= 0)
		close(all.epoll_fd);
	return NULL;
}

/* --- the server --- */

/* Whoever waits is taken; each is told of by its descriptor. */
static void callers_take(int listener, int epoll_fd)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
	}
}

static void caller_heard(struct name_server *server, int fd)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 }; /* handshake_failure */
	char hello[HELLO_MAX + 1] = {};
	ssize_t len = recv(fd, hello, HELLO_MAX, 0);

	if (len < 0 && errno == EAGAIN)
		return;
	if (len <= 0) {
		close(fd);
		return;
	}
	atomic_fetch_add(&server->seen, 1);
	atomic_fetch_add(&server->listed, name_is_both(hello + NAME_AT));
	/* Whoever reads it resets the connection. */
	if (send(fd, alert, sizeof(alert), MSG_NOSIGNAL) < 0)
		close(fd);
}

static int listener_open(int *ret_fd)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) || end_hard(fd) ||
			       bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 4096)
		       ? -errno
		       : 0;
}

void *hello_server_run(void *arg)
{
	struct name_server *server = arg;
	struct epoll_event events[EVENTS], event = { .events = EPOLLIN };
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC), listener = -1;

	server->err = epoll_fd < 0 ? -errno : name_enter(server->netns);
	if (!server->err)
		server->err = listener_open(&listener);
	event.data.fd = listener;
	if (!server->err && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event))
		server->err = -errno;
	atomic_store(&server->ready, true);
	while (!server->err && !atomic_load(&server->order->closed)) {
		int cnt = epoll_wait(epoll_fd, events, EVENTS, 100);

		for (int i = 0; i < cnt; i++) {
			if (events[i].data.fd == listener)
				callers_take(listener, epoll_fd);
			else
				caller_heard(server, events[i].data.fd);
		}
	}
	if (listener >= 0)
		close(listener);
	if (epoll_fd >= 0)
		close(epoll_fd);
	return NULL;
}
