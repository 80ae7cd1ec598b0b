// SPDX-License-Identifier: Apache-2.0
/*
 * Questions by DNS over UDP, both families: the side that asks, with as many on their way as no ring on
 * the path overruns at, and a server that has an address for every name. Called by tests/soak/name.c.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak/name.h"

#define SOCKETS 32
#define FLYING 128 /* questions; a power of two */
#define BATCH 16
#define PORT 53
#define MESSAGE_MAX 512
#define HEADER 12
#define RCODE_NXDOMAIN 3
#define PATIENCE_NS 10000000000ull
#define HASTE_NS 200000000ull /* where no gateway stands */

struct question {
	uint16_t id; /* its lowest bits are the place in flying */
	bool open;
	enum name_fate fate;
	uint64_t asked_ns;
};

struct questioner {
	struct name_asker *asker;
	int epoll_fd, fds[SOCKETS];
	struct question flying[FLYING];
	unsigned int open_cnt;
	uint32_t next; /* number of the next question */
	enum name_state state;
	bool may_lose;
};

/* Header and one question. Returns its length. */
static size_t question_write(uint8_t *out, uint16_t id, const char *name, uint16_t type)
{
	size_t at = HEADER;

	memset(out, 0, HEADER);
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	out[2] = 1; /* recursion is desired */
	out[5] = 1; /* one question */
	for (const char *label = name; *label;) {
		size_t len = strcspn(label, ".");

		out[at] = (uint8_t)len;
		memcpy(out + at + 1, label, len);
		at += 1 + len;
		label += len + (label[len] == '.');
	}
	out[at++] = 0;
	out[at++] = (uint8_t)(type >> 8);
	out[at++] = (uint8_t)type;
	out[at++] = 0;
	out[at++] = 1; /* IN */
	return at;
}

static int ask(struct questioner *all)
{
	static const uint16_t types[] = { 1, 28, 65 }; /* A, AAAA, HTTPS */
	uint32_t n = all->next;
	struct question *question = &all->flying[n % FLYING];
	uint8_t message[MESSAGE_MAX];
	char name[NAME_TEXT_MAX];
	size_t len;

	if (question->open)
		return 0;
	*question = (struct question){ .id = (uint16_t)n, .open = true };
	question->fate = name_next(all->asker, n, all->state, name);
	len = question_write(message, question->id, name, types[n / 8 % 3]);
	question->asked_ns = name_now_ns();
	if (send(all->fds[n / BATCH % SOCKETS], message, len, 0) < 0 && errno != ECONNREFUSED)
		return -errno;
	all->next++;
	all->open_cnt++;
	all->asker->tally.asked++;
	return 0;
}

static void answer_take(struct questioner *all, const uint8_t *message, ssize_t len)
{
	struct name_tally *tally = &all->asker->tally;
	uint16_t id = (uint16_t)(message[0] << 8 | message[1]);
	struct question *question = &all->flying[id % FLYING];
	uint8_t rcode = message[3] & 15;

	if (len < HEADER || !question->open || question->id != id) {
		tally->late++;
		return;
	}
	question->open = false;
	all->open_cnt--;
	if (rcode == 0 || rcode == RCODE_NXDOMAIN)
		name_ended(tally, question->fate, rcode == RCODE_NXDOMAIN,
			   name_now_ns() - question->asked_ns);
	else
		tally->wrong++;
}

static void answers_take(struct questioner *all, int wait_ms)
{
	struct epoll_event events[SOCKETS];
	int cnt = epoll_wait(all->epoll_fd, events, SOCKETS, wait_ms);

	for (int i = 0; i < cnt; i++) {
		uint8_t message[MESSAGE_MAX];
		ssize_t len;

		while ((len = recv(events[i].data.fd, message, sizeof(message), MSG_DONTWAIT)) > 0)
			answer_take(all, message, len);
	}
}

static void give_up(struct questioner *all)
{
	uint64_t now = name_now_ns(), patience = all->may_lose ? HASTE_NS : PATIENCE_NS;

	for (unsigned int i = 0; i < FLYING; i++) {
		struct question *question = &all->flying[i];

		if (!question->open || now - question->asked_ns < patience)
			continue;
		question->open = false;
		all->open_cnt--;
		all->asker->tally.lost += !all->may_lose;
		all->asker->tally.given_up += all->may_lose;
	}
}

static void drain(struct questioner *all)
{
	while (all->open_cnt) {
		answers_take(all, 10);
		give_up(all);
	}
}

/* What was asked under other lists has ended before the next is asked. */
static void obey(struct questioner *all)
{
	const struct name_order *order = all->asker->order;
	unsigned int number = atomic_load(&order->number);

	if (number == atomic_load(&all->asker->obeyed))
		return;
	drain(all);
	all->state = atomic_load(&order->state);
	all->may_lose = atomic_load(&order->may_lose);
	atomic_store(&all->asker->obeyed, number);
}

static int open_all(struct questioner *all)
{
	int room = 4 << 20;

	all->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (all->epoll_fd < 0)
		return -errno;
	for (unsigned int i = 0; i < SOCKETS; i++) {
		struct sockaddr_storage to;
		socklen_t len = name_address(i, PORT, &to);
		struct epoll_event event = { .events = EPOLLIN };
		int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -errno;
		all->fds[i] = event.data.fd = fd;
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
		    connect(fd, (struct sockaddr *)&to, len) ||
		    epoll_ctl(all->epoll_fd, EPOLL_CTL_ADD, fd, &event))
			return -errno;
	}
	return 0;
}

static void close_all(struct questioner *all)
{
	for (unsigned int i = 0; i < SOCKETS; i++)
		if (all->fds[i] > 0)
			close(all->fds[i]);
	if (all->epoll_fd > 0)
		close(all->epoll_fd);
}

void *questions_run(void *arg)
{
	struct name_asker *asker = arg;
	struct questioner all = { .asker = asker, .may_lose = atomic_load(&asker->order->may_lose) };
	uint64_t next = name_now_ns();

	asker->err = name_enter(asker->netns);
	if (!asker->err)
		asker->err = open_all(&all);
	while (!asker->err && !atomic_load(&asker->order->stop)) {
		obey(&all);
		if (name_due(&next, name_now_ns(), asker->rate, BATCH)) {
			for (unsigned int i = 0; i < BATCH && !asker->err; i++)
				asker->err = ask(&all);
			answers_take(&all, 0);
		} else {
			answers_take(&all, 1);
		}
		give_up(&all);
	}
	drain(&all);
	close_all(&all);
	return NULL;
}

/* --- the server --- */

/* The question becomes its answer: one address, or none of other types. Returns its length; 0: no question. */
static size_t answer_write(uint8_t *message, size_t len)
{
	static const uint8_t address[] = { 0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1 };

	if (len < HEADER + 5)
		return 0;
	message[2] = 0x81;
	message[3] = 0x80;
	if (message[len - 3] == 1) {
		message[7] = 1;
		memcpy(message + len, address, sizeof(address));
		len += sizeof(address);
	}
	return len;
}

static int serve(struct name_server *server, int fd)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	uint8_t message[MESSAGE_MAX + 16];
	ssize_t len = recvfrom(fd, message, MESSAGE_MAX, MSG_DONTWAIT, (struct sockaddr *)&from,
			       &from_len);
	size_t out = len > 0 ? answer_write(message, (size_t)len) : 0;

	if (len < 0)
		return -errno;
	if (!out)
		return 0;
	atomic_fetch_add(&server->seen, 1);
	atomic_fetch_add(&server->listed, name_is_both((char *)message + HEADER + 1));
	/* Who asked may have ended. */
	return sendto(fd, message, out, 0, (struct sockaddr *)&from, from_len) < 0 &&
			       errno != ECONNREFUSED
		       ? -errno
		       : 0;
}

static int server_socket(uint32_t n, int *ret_fd)
{
	struct sockaddr_storage at;
	socklen_t len = name_address(n, PORT, &at);
	int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 16 << 20;

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
			       bind(fd, (struct sockaddr *)&at, len)
		       ? -errno
		       : 0;
}

void *question_server_run(void *arg)
{
	struct name_server *server = arg;
	struct pollfd fds[NAME_ADDRESSES];

	for (unsigned int i = 0; i < NAME_ADDRESSES; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	server->err = name_enter(server->netns);
	for (unsigned int i = 0; i < NAME_ADDRESSES && !server->err; i++)
		server->err = server_socket(i, &fds[i].fd);
	atomic_store(&server->ready, true);
	while (!server->err && !atomic_load(&server->order->closed)) {
		poll(fds, NAME_ADDRESSES, 100);
		for (unsigned int i = 0; i < NAME_ADDRESSES; i++)
			while (!server->err)
				if (serve(server, fds[i].fd))
					break;
	}
	for (unsigned int i = 0; i < NAME_ADDRESSES; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	return NULL;
}
