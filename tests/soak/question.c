// SPDX-License-Identifier: Apache-2.0
/*
 * Questions by DNS over UDP, both families: the side that asks, with as many on their way as no ring on
 * the path overruns at, and a server that has an address for every name. Both take and give many at once,
 * since the gateway is to be the busy one. Called by tests/soak/name.c.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak/name.h"

#define SOCKETS 32
#define FLYING                                                                                     \
	192 /* questions; with hello.c's connections less than a veth's ring has room for: 256 */
#define BATCH 16
#define PORT 53
#define MESSAGE_MAX 512
#define HEADER 12
#define RCODE_NXDOMAIN 3
#define PATIENCE_NS 10000000000ull
#define HASTE_NS 200000000ull /* where no gateway stands */

/* Messages that are sent or received in one call. */
struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_storage peers[BATCH];
	uint8_t bytes[BATCH][MESSAGE_MAX];
};

struct question {
	uint16_t id; /* its low byte is the place in flying */
	bool open;
	enum name_fate fate;
	uint64_t asked_ns;
};

struct questioner {
	struct name_asker *asker;
	int epoll_fd, fds[SOCKETS];
	struct question flying[FLYING];
	uint8_t spare[FLYING]; /* places that are free */
	unsigned int spare_cnt;
	uint32_t next; /* number of the next question */
	struct batch batch;
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

/* Rooms for messages, and for who sent them unless the socket has one peer. */
static void batch_begin(struct batch *batch, bool peers)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		batch->parts[i] = (struct iovec){ batch->bytes[i], MESSAGE_MAX };
		batch->msgs[i].msg_hdr =
			(struct msghdr){ .msg_iov = &batch->parts[i], .msg_iovlen = 1 };
		if (peers) {
			batch->msgs[i].msg_hdr.msg_name = &batch->peers[i];
			batch->msgs[i].msg_hdr.msg_namelen = sizeof(batch->peers[i]);
		}
	}
}

/* 0 or -errno. What an ICMP message said of an earlier one is passed over. */
static int batch_send(int fd, struct batch *batch, unsigned int cnt)
{
	for (unsigned int sent = 0; sent < cnt;) {
		int some = sendmmsg(fd, batch->msgs + sent, cnt - sent, 0);

		if (some < 0 && errno != ECONNREFUSED && errno != EINTR)
			return -errno;
		sent += some > 0 ? (unsigned int)some : 0;
	}
	return 0;
}

static size_t ask(struct questioner *all, uint64_t now_ns, uint8_t *out)
{
	static const uint16_t types[] = { 1, 28, 65 }; /* A, AAAA, HTTPS */
	uint8_t place = all->spare[--all->spare_cnt];
	struct question *question = &all->flying[place];
	uint32_t n = all->next++;
	char name[NAME_TEXT_MAX];

	*question = (struct question){ .id = (uint16_t)((question->id & 0xff00) + 0x100 + place),
				       .open = true,
				       .asked_ns = now_ns };
	question->fate = name_next(all->asker, n, name);
	return question_write(out, question->id, name, types[n / 8 % 3]);
}

/* As many as there is room for; they go by one socket. */
static int ask_some(void *arg)
{
	struct questioner *all = arg;
	unsigned int cnt = all->spare_cnt < BATCH ? all->spare_cnt : BATCH;
	int fd = all->fds[all->next / BATCH % SOCKETS];
	uint64_t now_ns = name_now_ns();

	batch_begin(&all->batch, false);
	for (unsigned int i = 0; i < cnt; i++)
		all->batch.parts[i].iov_len = ask(all, now_ns, all->batch.bytes[i]);
	all->asker->tally.asked += cnt;
	return batch_send(fd, &all->batch, cnt);
}

static void question_close(struct questioner *all, struct question *question)
{
	question->open = false;
	all->spare[all->spare_cnt++] = (uint8_t)(question - all->flying);
}

static void answer_take(struct questioner *all, const uint8_t *message, size_t len, uint64_t now_ns)
{
	struct name_tally *tally = &all->asker->tally;
	uint16_t id = (uint16_t)(message[0] << 8 | message[1]);
	struct question *question = &all->flying[(id & 0xff) % FLYING];
	uint8_t rcode = message[3] & 15;

	if (len < HEADER || !question->open || question->id != id) {
		tally->late++;
		return;
	}
	question_close(all, question);
	if (rcode == 0 || rcode == RCODE_NXDOMAIN)
		name_ended(tally, question->fate, rcode == RCODE_NXDOMAIN,
			   now_ns - question->asked_ns);
	else
		tally->wrong++;
}

static void answers_take(void *arg, int wait_ms)
{
	struct questioner *all = arg;
	struct epoll_event events[SOCKETS];
	int cnt = epoll_wait(all->epoll_fd, events, SOCKETS, wait_ms);

	for (int i = 0; i < cnt; i++) {
		uint64_t now_ns;
		int some;

		do {
			batch_begin(&all->batch, false);
			some = recvmmsg(events[i].data.fd, all->batch.msgs, BATCH, MSG_DONTWAIT,
					NULL);
			now_ns = name_now_ns();
			for (int j = 0; j < some; j++)
				answer_take(all, all->batch.bytes[j], all->batch.msgs[j].msg_len,
					    now_ns);
		} while (some == BATCH);
	}
}

static unsigned int give_up(void *arg, uint64_t now_ns, uint64_t patience_ns)
{
	struct questioner *all = arg;
	unsigned int cnt = 0;

	for (unsigned int i = 0; i < FLYING; i++) {
		struct question *question = &all->flying[i];

		if (!question->open || now_ns - question->asked_ns < patience_ns)
			continue;
		cnt++;
		question_close(all, question);
	}
	return cnt;
}

static bool is_idle(const void *arg)
{
	const struct questioner *all = arg;

	return all->spare_cnt == FLYING;
}

static int open_all(void *arg)
{
	struct questioner *all = arg;
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
	static const struct name_way way = { .open = open_all,
					     .ask = ask_some,
					     .hear = answers_take,
					     .is_idle = is_idle,
					     .give_up = give_up,
					     .batch = BATCH,
					     .patience_ns = PATIENCE_NS,
					     .haste_ns = HASTE_NS };
	struct questioner all = { .asker = arg };

	while (all.spare_cnt < FLYING)
		all.spare[all.spare_cnt] = (uint8_t)all.spare_cnt, all.spare_cnt++;
	name_run(all.asker, &way, &all);
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

/* Some of those that wait are answered. *ret_cnt: how many there were. 0 or -errno. */
static int serve(struct name_server *server, int fd, struct batch *batch, int *ret_cnt)
{
	unsigned int answers = 0;
	int cnt;

	batch_begin(batch, true);
	cnt = recvmmsg(fd, batch->msgs, BATCH, MSG_DONTWAIT, NULL);
	*ret_cnt = cnt > 0 ? cnt : 0;
	for (int i = 0; i < cnt; i++) {
		size_t len = batch->msgs[i].msg_len, out;

		/* Room for an address behind it. */
		out = len <= MESSAGE_MAX - 16 ? answer_write(batch->bytes[i], len) : 0;
		if (!out)
			continue;
		atomic_fetch_add(&server->seen, 1);
		atomic_fetch_add(&server->listed, name_is_both((char *)batch->bytes[i] + HEADER + 1));
		batch->parts[i].iov_len = out;
		batch->msgs[answers++] = batch->msgs[i];
	}
	return batch_send(fd, batch, answers);
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
	static struct batch batch;
	int cnt;

	for (unsigned int i = 0; i < NAME_ADDRESSES; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	server->err = name_enter(server->netns);
	for (unsigned int i = 0; i < NAME_ADDRESSES && !server->err; i++)
		server->err = server_socket(i, &fds[i].fd);
	atomic_store(&server->ready, true);
	while (!server->err && !atomic_load(&server->order->closed)) {
		poll(fds, NAME_ADDRESSES, 100);
		for (unsigned int i = 0; i < NAME_ADDRESSES && !server->err; i++)
			do {
				server->err = serve(server, fds[i].fd, &batch, &cnt);
			} while (!server->err && cnt == BATCH);
	}
	for (unsigned int i = 0; i < NAME_ADDRESSES; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	return NULL;
}
