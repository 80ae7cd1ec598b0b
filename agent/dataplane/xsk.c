// SPDX-License-Identifier: Apache-2.0
/*
 * Buffers and the rings that they go round by. Called by agent/inline: the room by one thread while no worker
 * reads it, a set by its worker's. Promises that a buffer is in one place: a ring, or a worker's hand.
 */
#include "dataplane/xsk.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/xskring.h"
#include "sekisho/limits.h"

#define BUFFER 4096u /* a page, as AF_XDP wants it */
#define BUFFERS 2048u /* of a queue; with many workers twice as many */
#define WORKERS_FEW 16
#define SENDING 2048u /* frames that wait to be sent, of a socket */
#define KICKS 64 /* calls for one turn; copy mode sends 32 frames with each, if not told more */
#define SPARES 512u /* buffers of a worker for frames that it makes */
#define WAKE_AT 64 /* buffers on their way home, for which a sleeping owner is woken */

#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9 /* Linux 6.17 */
#endif

/* A worker's socket at a queue. */
struct xsk_one {
	struct xsk_socket_maps maps;
	struct xsk_rings rings;
	int fd;
	bool kick; /* the worker's: something new is in tx */
	uint64_t sent; /* the worker's: frames ever put into tx */
	/* The owner's: */
	_Alignas(64) _Atomic uint64_t left; /* frames of tx that the kernel has given back */
	uint64_t given, failed; /* buffers put back; frames that found no place in rx */
};

struct xsk_queue {
	struct xsk_buffers buffers; /* the owner's */
	uint32_t unsaid; /* buffers in fill of which the kernel has not been told */
	unsigned int owner;
	struct xsk_one *one; /* by worker */
};

/* Buffers on their way home, by number. Written by one worker, read by one; it never is too small. */
struct xsk_way {
	uint32_t *at, mask;
	_Alignas(64) _Atomic uint32_t put;
	_Alignas(64) _Atomic uint32_t taken;
};

struct xsk_set {
	struct xsk_room *room;
	unsigned int number;
	int wake_fd;
	int16_t sender[SEK_PORTS_MAX]; /* by port: the queue that it sends by; -1: none */
	struct xsk_way *from; /* by worker: buffers that come home */
	uint32_t spare[SPARES]; /* its own, that are nobody's */
	uint32_t spare_cnt;
	uint32_t pushed[XSK_WORKERS_MAX]; /* buffers sent home that a sleeper may not have seen */
	_Alignas(64) atomic_bool asleep;
};

struct xsk_room {
	uint8_t *memory;
	size_t len;
	uint8_t *holder; /* by buffer: the worker to whom it came last */
	uint32_t each_queue; /* buffers */
	uint32_t spares; /* the first of them; behind those of all queues */
	unsigned int workers;
	struct xsk_queue queue[XSK_QUEUES_MAX];
	size_t cnt, cap;
	uint16_t port_first[SEK_PORTS_MAX], port_cnt[SEK_PORTS_MAX]; /* its queues */
	struct xsk_set *set; /* by worker */
};

/* --- making --- */

uint32_t xsk_queues(const char *interface)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq request = { .ifr_data = (char *)&channels };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t cnt = 1;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd >= 0 && !ioctl(fd, SIOCETHTOOL, &request))
		cnt = channels.combined_count +
		      (channels.rx_count > channels.tx_count ? channels.rx_count : channels.tx_count);
	if (fd >= 0)
		close(fd);
	return cnt ? cnt : 1;
}

uint32_t xsk_mtu(const char *interface)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };
	uint32_t mtu = 0;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd >= 0 && !ioctl(fd, SIOCGIFMTU, &request))
		mtu = (uint32_t)request.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

int xsk_room_new(size_t queues, unsigned int workers, struct xsk_room **ret_room)
{
	struct xsk_room *room = calloc(1, sizeof(*room));

	if (!room)
		return -ENOMEM;
	room->workers = workers < XSK_WORKERS_MAX ? workers : XSK_WORKERS_MAX;
	room->each_queue = workers > WORKERS_FEW ? 2 * BUFFERS : BUFFERS;
	room->cap = queues < XSK_QUEUES_MAX ? queues : XSK_QUEUES_MAX;
	room->spares = (uint32_t)room->cap * room->each_queue;
	room->len = ((size_t)room->spares + room->workers * SPARES) * BUFFER;
	room->memory =
		mmap(NULL, room->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	room->holder = calloc(room->len / BUFFER, 1);
	room->set = aligned_alloc(_Alignof(struct xsk_set), room->workers * sizeof(*room->set));
	if (room->memory == MAP_FAILED || !room->holder || !room->set) {
		xsk_room_free(room);
		return -ENOMEM;
	}
	memset(room->set, 0, room->workers * sizeof(*room->set));
	*ret_room = room;
	return 0;
}

static void queue_close(const struct xsk_room *room, struct xsk_queue *q)
{
	for (unsigned int i = 0; q->one && i < room->workers; i++)
		if (q->one[i].fd >= 0)
			xsk_socket_close(q->one[i].fd, &q->one[i].maps);
	free(q->one);
	q->one = NULL;
}

static void ways_free(const struct xsk_room *room, struct xsk_set *set)
{
	for (unsigned int i = 0; set->from && i < room->workers; i++)
		free(set->from[i].at);
	free(set->from);
	set->from = NULL;
}

void xsk_room_free(struct xsk_room *room)
{
	if (!room)
		return;
	for (size_t i = room->cnt; i-- > 0;)
		queue_close(room, &room->queue[i]);
	for (unsigned int i = 0; room->set && i < room->workers; i++)
		ways_free(room, &room->set[i]);
	free(room->set);
	free(room->holder);
	if (room->memory && room->memory != MAP_FAILED)
		munmap(room->memory, room->len);
	free(room);
}

/* One call sends all that waits, where the kernel can be told so. */
static void budget_ask(int fd)
{
	const uint32_t frames = SENDING;

	(void)setsockopt(fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &frames, sizeof(frames));
}

static int sockets_open(struct xsk_room *room, struct xsk_queue *q, struct xsk_bind *bind)
{
	for (unsigned int i = 0; i < room->workers; i++) {
		unsigned int worker = (q->owner + i) % room->workers; /* the owner's first */
		struct xsk_one *one = &q->one[worker];

		one->fd = xsk_socket_open(bind, &one->maps, &one->rings, i ? NULL : &q->buffers);
		if (one->fd < 0)
			return one->fd;
		budget_ask(one->fd);
		bind->with = one->fd;
	}
	return 0;
}

static void queue_fill(const struct xsk_room *room, struct xsk_queue *q, size_t number)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&q->buffers.fill, room->each_queue, &at) != room->each_queue)
		return;
	for (uint32_t i = 0; i < room->each_queue; i++)
		*xsk_ring_prod__fill_addr(&q->buffers.fill, at + i) =
			((uint64_t)number * room->each_queue + i) * BUFFER;
	xsk_ring_prod__submit(&q->buffers.fill, room->each_queue);
}

static struct xsk_one *ones_new(unsigned int cnt)
{
	struct xsk_one *one = aligned_alloc(_Alignof(struct xsk_one), cnt * sizeof(*one));

	if (!one)
		return NULL;
	memset(one, 0, cnt * sizeof(*one));
	for (unsigned int i = 0; i < cnt; i++)
		one[i].fd = -1;
	return one;
}

int xsk_room_add(struct xsk_room *room, const char *interface, uint32_t queue, uint16_t port)
{
	struct xsk_queue *q = &room->queue[room->cnt];
	struct xsk_bind bind = { .ifindex = if_nametoindex(interface),
				 .queue = queue,
				 .frames = SENDING,
				 .buffers = room->each_queue,
				 .with = -1,
				 .memory = room->memory,
				 .memory_len = room->len,
				 .buffer = BUFFER,
				 .flags = XDP_COPY | XDP_USE_NEED_WAKEUP };
	int r;

	if (room->cnt == room->cap || port >= SEK_PORTS_MAX)
		return -ENOSPC;
	if (!bind.ifindex)
		return -ENODEV;
	*q = (struct xsk_queue){ .owner = queue % room->workers, .one = ones_new(room->workers) };
	if (!q->one)
		return -ENOMEM;
	if (room->cnt)
		bind.with = room->queue[0].one[room->queue[0].owner].fd;
	r = sockets_open(room, q, &bind);
	if (r) {
		queue_close(room, q);
		return r;
	}
	queue_fill(room, q, room->cnt);
	if (!room->port_cnt[port]++)
		room->port_first[port] = (uint16_t)room->cnt;
	return (int)room->cnt++;
}

size_t xsk_room_cnt(const struct xsk_room *room)
{
	return room->cnt;
}

int xsk_room_fd(const struct xsk_room *room, size_t queue, unsigned int worker)
{
	return room->queue[queue].one[worker].fd;
}

uint32_t xsk_room_each(const struct xsk_room *room)
{
	return room->each_queue / room->workers;
}

/* As many as could ever be on their way to this worker. */
static bool ways_make(const struct xsk_room *room, struct xsk_set *set)
{
	size_t buffers = room->each_queue, cap = 1;

	for (size_t i = 0; i < room->cnt; i++)
		if (room->queue[i].owner == set->number)
			buffers += room->each_queue;
	while (cap < buffers)
		cap <<= 1;
	set->from = aligned_alloc(_Alignof(struct xsk_way), room->workers * sizeof(*set->from));
	if (!set->from)
		return false;
	memset(set->from, 0, room->workers * sizeof(*set->from));
	for (unsigned int i = 0; i < room->workers; i++) {
		set->from[i].mask = (uint32_t)cap - 1;
		set->from[i].at = i == set->number ? NULL : calloc(cap, sizeof(uint32_t));
		if (i != set->number && !set->from[i].at)
			return false;
	}
	return true;
}

struct xsk_set *xsk_set_of(struct xsk_room *room, unsigned int worker, int wake_fd)
{
	struct xsk_set *set = &room->set[worker];

	set->room = room;
	set->number = worker;
	set->wake_fd = wake_fd;
	for (uint32_t i = 0; i < SPARES; i++)
		set->spare[set->spare_cnt++] = room->spares + worker * SPARES + i;
	for (size_t i = 0; i < SEK_PORTS_MAX; i++)
		set->sender[i] = (int16_t)(room->port_cnt[i]
						   ? room->port_first[i] + worker % room->port_cnt[i]
						   : -1u);
	return ways_make(room, set) ? set : NULL;
}

/* --- buffers --- */

/* The kernel is told with the next turn. */
static void fill_put(struct xsk_room *room, struct xsk_queue *q, uint32_t buffer)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&q->buffers.fill, 1, &at) != 1)
		return; /* it has room for all buffers of the queue */
	*xsk_ring_prod__fill_addr(&q->buffers.fill, at) = (uint64_t)buffer * BUFFER;
	q->unsaid++;
	q->one[room->holder[buffer]].given++;
}

static void way_put(struct xsk_way *way, uint32_t buffer)
{
	uint32_t put = atomic_load_explicit(&way->put, memory_order_relaxed);

	way->at[put & way->mask] = buffer;
	atomic_store_explicit(&way->put, put + 1, memory_order_release);
}

/* The worker that has the buffer where it is nobody's. */
static unsigned int owner_of(const struct xsk_room *room, uint32_t buffer)
{
	return buffer < room->spares ? room->queue[buffer / room->each_queue].owner
				     : (buffer - room->spares) / SPARES;
}

/* The set's own. */
static void buffer_rest(struct xsk_set *set, uint32_t buffer)
{
	struct xsk_room *room = set->room;

	if (buffer < room->spares)
		fill_put(room, &room->queue[buffer / room->each_queue], buffer);
	else
		set->spare[set->spare_cnt++] = buffer;
}

static void buffer_home(struct xsk_set *set, uint64_t addr)
{
	uint32_t buffer = (uint32_t)(addr / BUFFER);
	unsigned int owner = owner_of(set->room, buffer);

	if (owner == set->number) {
		buffer_rest(set, buffer);
		return;
	}
	way_put(&set->room->set[owner].from[set->number], buffer);
	set->pushed[owner]++;
}

static void homecomers_take(struct xsk_set *set)
{
	for (unsigned int i = 0; i < set->room->workers; i++) {
		struct xsk_way *way = &set->from[i];
		uint32_t put = atomic_load_explicit(&way->put, memory_order_acquire);
		uint32_t taken = atomic_load_explicit(&way->taken, memory_order_relaxed);

		for (; taken != put; taken++)
			buffer_rest(set, way->at[taken & way->mask]);
		atomic_store_explicit(&way->taken, taken, memory_order_release);
	}
}

/* What the device is done with; each frame was sent by whom its buffer came to. */
static void done_take(struct xsk_set *set, struct xsk_queue *q)
{
	uint32_t at = 0, cnt = xsk_ring_cons__peek(&q->buffers.done, SENDING, &at);

	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t addr = *xsk_ring_cons__comp_addr(&q->buffers.done, at + i);
		struct xsk_one *one = &q->one[set->room->holder[addr / BUFFER]];
		uint64_t left = atomic_load_explicit(&one->left, memory_order_relaxed);

		atomic_store_explicit(&one->left, left + 1, memory_order_release);
		buffer_home(set, addr);
	}
	if (cnt)
		xsk_ring_cons__release(&q->buffers.done, cnt);
}

/* --- frames --- */

size_t xsk_take(struct xsk_set *set, size_t queue, struct xsk_frame *frames, size_t max)
{
	struct xsk_room *room = set->room;
	struct xsk_ring_cons *rx = &room->queue[queue].one[set->number].rings.rx;
	uint32_t at = 0, cnt = xsk_ring_cons__peek(rx, (uint32_t)max, &at);

	for (uint32_t i = 0; i < cnt; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(rx, at + i);

		frames[i] = (struct xsk_frame){ .addr = desc->addr,
						.bytes = room->memory + desc->addr,
						.len = desc->len };
		room->holder[desc->addr / BUFFER] = (uint8_t)set->number;
	}
	if (cnt)
		xsk_ring_cons__release(rx, cnt);
	return cnt;
}

void xsk_give(struct xsk_set *set, const struct xsk_frame *frame)
{
	buffer_home(set, frame->addr);
}

static uint64_t under_way(const struct xsk_one *one)
{
	return one->sent - atomic_load_explicit(&one->left, memory_order_acquire);
}

static void owner_wake(const struct xsk_set *set, unsigned int owner)
{
	const uint64_t one = 1;
	struct xsk_set *other = &set->room->set[owner];

	if (owner != set->number && atomic_load(&other->asleep))
		(void)!write(other->wake_fd, &one, sizeof(one));
}

/* Until the kernel has taken everything, or takes nothing more for now. */
static void tx_kick(struct xsk_set *set, struct xsk_queue *q)
{
	struct xsk_one *one = &q->one[set->number];

	for (int i = 0; i < KICKS && one->kick; i++) {
		ssize_t r = sendto(one->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);

		if (q->owner == set->number)
			done_take(set, q);
		if (xsk_prod_nb_free(&one->rings.tx, SENDING) >= SENDING)
			one->kick = false;
		else if (r < 0 && errno != EAGAIN && errno != EBUSY && errno != ENOBUFS)
			break;
	}
	if (q->owner != set->number && under_way(one) > SENDING / 4)
		owner_wake(set, q->owner);
}

/* The queue that it sends by; -1: none. */
static int sender_of(const struct xsk_set *set, uint16_t port)
{
	return port < SEK_PORTS_MAX ? set->sender[port] : -1;
}

static bool frame_put(struct xsk_set *set, const struct xsk_frame *frame, struct xsk_queue *q)
{
	struct xsk_one *one = &q->one[set->number];
	struct xdp_desc *desc;
	uint32_t at;

	if (under_way(one) >= SENDING)
		tx_kick(set, q);
	if (under_way(one) >= SENDING || xsk_ring_prod__reserve(&one->rings.tx, 1, &at) != 1)
		return false;
	desc = xsk_ring_prod__tx_desc(&one->rings.tx, at);
	desc->addr = frame->addr;
	desc->len = frame->len;
	desc->options = 0;
	xsk_ring_prod__submit(&one->rings.tx, 1);
	one->sent++;
	one->kick = true;
	return true;
}

bool xsk_send(struct xsk_set *set, const struct xsk_frame *frame, uint16_t port)
{
	int sender = sender_of(set, port);

	if (sender >= 0 && frame_put(set, frame, &set->room->queue[sender]))
		return true;
	xsk_give(set, frame);
	return false;
}

static void sleepers_wake(struct xsk_set *set)
{
	uint32_t each = xsk_room_each(set->room) / 4, least = each < WAKE_AT ? each : WAKE_AT;

	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned int i = 0; i < set->room->workers; i++) {
		if (!set->pushed[i] ||
		    (atomic_load(&set->room->set[i].asleep) && set->pushed[i] < least))
			continue;
		owner_wake(set, i);
		set->pushed[i] = 0;
	}
}

void xsk_turn(struct xsk_set *set)
{
	struct xsk_room *room = set->room;

	for (size_t i = 0; i < room->cnt; i++)
		tx_kick(set, &room->queue[i]);
	for (size_t i = 0; i < room->cnt; i++)
		if (room->queue[i].owner == set->number)
			done_take(set, &room->queue[i]);
	homecomers_take(set);
	for (size_t i = 0; i < room->cnt; i++) {
		struct xsk_queue *q = &room->queue[i];

		if (q->owner != set->number || !q->unsaid)
			continue;
		xsk_ring_prod__submit(&q->buffers.fill, q->unsaid);
		q->unsaid = 0;
	}
	sleepers_wake(set);
}

bool xsk_make(struct xsk_set *set, const uint8_t *bytes, uint32_t len, struct xsk_frame *ret_frame)
{
	uint32_t buffer;

	if (len > BUFFER)
		return false;
	if (!set->spare_cnt)
		xsk_turn(set); /* some may have left by now */
	if (!set->spare_cnt)
		return false;
	buffer = set->spare[--set->spare_cnt];
	*ret_frame = (struct xsk_frame){ .addr = (uint64_t)buffer * BUFFER,
					 .bytes = set->room->memory + (size_t)buffer * BUFFER,
					 .len = len };
	memcpy(ret_frame->bytes, bytes, len);
	set->room->holder[buffer] = (uint8_t)set->number;
	return true;
}

bool xsk_rest(struct xsk_set *set)
{
	atomic_store(&set->asleep, true);
	for (unsigned int i = 0; i < set->room->workers; i++)
		if (atomic_load(&set->from[i].put) !=
		    atomic_load_explicit(&set->from[i].taken, memory_order_relaxed))
			return false;
	return true;
}

void xsk_woken(struct xsk_set *set)
{
	atomic_store(&set->asleep, false);
}

uint64_t xsk_sent(const struct xsk_set *set, uint16_t port)
{
	int sender = sender_of(set, port);

	return sender < 0 ? 0 : set->room->queue[sender].one[set->number].sent;
}

uint64_t xsk_done(const struct xsk_set *set, uint16_t port)
{
	int sender = sender_of(set, port);
	const struct xsk_queue *q;

	if (sender < 0)
		return 0;
	q = &set->room->queue[sender];
	if (under_way(&q->one[set->number]))
		owner_wake(set, q->owner);
	return atomic_load_explicit(&q->one[set->number].left, memory_order_acquire);
}

bool xsk_owns(const struct xsk_set *set, size_t queue)
{
	return set->room->queue[queue].owner == set->number;
}

uint64_t xsk_given(const struct xsk_set *set, size_t queue, unsigned int worker)
{
	const struct xsk_one *one = &set->room->queue[queue].one[worker];

	return one->given + one->failed;
}

void xsk_reckon(struct xsk_set *set, size_t queue)
{
	for (unsigned int i = 0; i < set->room->workers; i++) {
		struct xsk_one *one = &set->room->queue[queue].one[i];
		struct xdp_statistics stat;
		socklen_t len = sizeof(stat);

		memset(&stat, 0, sizeof(stat));
		if (!getsockopt(one->fd, SOL_XDP, XDP_STATISTICS, &stat, &len))
			one->failed = stat.rx_dropped + stat.rx_ring_full;
	}
}
