// SPDX-License-Identifier: Apache-2.0
/*
 * The rings of all sockets and the stack of buffers that are nobody's. Called by agent/inline's worker alone,
 * in its thread; promises that a buffer is in one place: a ring, the caller's hand, or the stack.
 */
#include "dataplane/xsk.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include "sekisho/limits.h"

#define BUFFER 4096u /* a page, as AF_XDP wants it */
#define ROOM 2048u /* buffers to receive with, of a socket */
#define SENDING 1024u /* frames that wait to be sent, of a socket */
#define KICKS 64 /* calls for one turn; copy mode sends 32 frames with each */

const uint32_t xsk_room = ROOM;

struct xsk_one {
	struct xsk_socket *socket;
	struct xsk_ring_cons rx, done;
	struct xsk_ring_prod tx, fill;
	int fd;
	uint32_t due; /* buffers that it is to be given */
	uint64_t sent, left; /* frames ever put into tx; those that the kernel has given back */
	bool kick; /* something new is in tx */
	uint64_t given, failed;
};

struct xsk_set {
	uint8_t *memory;
	size_t len;
	struct xsk_umem *umem;
	struct xsk_ring_prod fill; /* of the memory itself; the first socket takes them over */
	struct xsk_ring_cons done;
	uint64_t *idle; /* buffers that are nobody's */
	size_t idle_cnt;
	struct xsk_one one[XSK_SOCKETS_MAX];
	size_t cnt, cap;
	int16_t sender[SEK_PORTS_MAX]; /* by port: the socket that it sends by; -1: none */
};

int xsk_set_new(size_t sockets, struct xsk_set **ret_set)
{
	const struct xsk_umem_config config = { .fill_size = ROOM,
						.comp_size = SENDING,
						.frame_size = BUFFER };
	size_t buffers = sockets * (ROOM + SENDING);
	struct xsk_set *set = calloc(1, sizeof(*set));
	int r = -ENOMEM;

	if (!set)
		return r;
	set->cap = sockets < XSK_SOCKETS_MAX ? sockets : XSK_SOCKETS_MAX;
	for (size_t i = 0; i < SEK_PORTS_MAX; i++)
		set->sender[i] = -1;
	set->len = buffers * BUFFER;
	set->memory =
		mmap(NULL, set->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	set->idle = calloc(buffers, sizeof(*set->idle));
	if (set->memory == MAP_FAILED || !set->idle)
		goto failed;
	for (size_t i = 0; i < buffers; i++)
		set->idle[set->idle_cnt++] = (buffers - 1 - i) * BUFFER;
	r = xsk_umem__create(&set->umem, set->memory, set->len, &set->fill, &set->done, &config);
	if (r)
		goto failed;
	*ret_set = set;
	return 0;
failed:
	xsk_set_free(set);
	return r;
}

void xsk_set_free(struct xsk_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->cnt; i++)
		xsk_socket__delete(set->one[i].socket);
	if (set->umem)
		xsk_umem__delete(set->umem);
	if (set->memory && set->memory != MAP_FAILED)
		munmap(set->memory, set->len);
	free(set->idle);
	free(set);
}

static void buffers_give(struct xsk_set *set, struct xsk_one *one)
{
	uint32_t cnt = one->due < set->idle_cnt ? one->due : (uint32_t)set->idle_cnt, at;

	cnt = xsk_prod_nb_free(&one->fill, cnt) < cnt ? xsk_prod_nb_free(&one->fill, cnt) : cnt;
	if (!cnt || xsk_ring_prod__reserve(&one->fill, cnt, &at) != cnt)
		return;
	for (uint32_t i = 0; i < cnt; i++)
		*xsk_ring_prod__fill_addr(&one->fill, at + i) = set->idle[--set->idle_cnt];
	xsk_ring_prod__submit(&one->fill, cnt);
	one->due -= cnt;
	one->given += cnt;
}

int xsk_add(struct xsk_set *set, const char *interface, uint32_t queue, uint16_t port)
{
	const struct xsk_socket_config config = {
		.rx_size = ROOM,
		.tx_size = SENDING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};
	struct xsk_one *one = &set->one[set->cnt];
	int r;

	if (set->cnt == set->cap || port >= SEK_PORTS_MAX)
		return -ENOSPC;
	memset(one, 0, sizeof(*one));
	r = xsk_socket__create_shared(&one->socket, interface, queue, set->umem, &one->rx, &one->tx,
				      &one->fill, &one->done, &config);
	if (r)
		return r;
	one->fd = xsk_socket__fd(one->socket);
	one->due = ROOM;
	buffers_give(set, one);
	one->given = 0;
	if (set->sender[port] < 0)
		set->sender[port] = (int16_t)set->cnt;
	return (int)set->cnt++;
}

int xsk_fd(const struct xsk_set *set, size_t socket)
{
	return set->one[socket].fd;
}

size_t xsk_cnt(const struct xsk_set *set)
{
	return set->cnt;
}

size_t xsk_take(struct xsk_set *set, size_t socket, struct xsk_frame *frames, size_t max)
{
	struct xsk_one *one = &set->one[socket];
	uint32_t at = 0, cnt = xsk_ring_cons__peek(&one->rx, (uint32_t)max, &at);

	for (uint32_t i = 0; i < cnt; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&one->rx, at + i);

		frames[i] = (struct xsk_frame){ .addr = desc->addr,
						.bytes = set->memory + desc->addr,
						.len = desc->len };
	}
	if (cnt)
		xsk_ring_cons__release(&one->rx, cnt);
	one->due += cnt;
	return cnt;
}

void xsk_give(struct xsk_set *set, const struct xsk_frame *frame)
{
	set->idle[set->idle_cnt++] = frame->addr & ~(uint64_t)(BUFFER - 1);
}

bool xsk_make(struct xsk_set *set, const uint8_t *bytes, uint32_t len, struct xsk_frame *ret_frame)
{
	uint64_t addr;

	if (!set->idle_cnt || len > BUFFER)
		return false;
	addr = set->idle[--set->idle_cnt];
	memcpy(set->memory + addr, bytes, len);
	*ret_frame = (struct xsk_frame){ .addr = addr, .bytes = set->memory + addr, .len = len };
	return true;
}

/* What devices are done with. */
static void done_take(struct xsk_set *set, struct xsk_one *one)
{
	uint32_t at = 0, cnt = xsk_ring_cons__peek(&one->done, SENDING, &at);

	for (uint32_t i = 0; i < cnt; i++)
		set->idle[set->idle_cnt++] = *xsk_ring_cons__comp_addr(&one->done, at + i) &
					     ~(uint64_t)(BUFFER - 1);
	if (cnt)
		xsk_ring_cons__release(&one->done, cnt);
	one->left += cnt;
}

static bool all_left(struct xsk_one *one)
{
	return xsk_prod_nb_free(&one->tx, SENDING) >= SENDING;
}

/* Until the kernel has taken everything, or takes nothing more for now. */
static void tx_kick(struct xsk_set *set, struct xsk_one *one)
{
	for (int i = 0; i < KICKS && one->kick; i++) {
		ssize_t r = sendto(one->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);

		done_take(set, one);
		if (all_left(one))
			one->kick = false;
		else if (r < 0 && errno != EAGAIN && errno != EBUSY && errno != ENOBUFS)
			break;
	}
}

bool xsk_send(struct xsk_set *set, const struct xsk_frame *frame, uint16_t port)
{
	int sender = port < SEK_PORTS_MAX ? set->sender[port] : -1;
	struct xsk_one *one = sender < 0 ? NULL : &set->one[sender];
	struct xdp_desc *desc;
	uint32_t at;

	if (one && one->sent - one->left >= SENDING)
		tx_kick(set, one);
	if (!one || one->sent - one->left >= SENDING ||
	    xsk_ring_prod__reserve(&one->tx, 1, &at) != 1) {
		xsk_give(set, frame);
		return false;
	}
	desc = xsk_ring_prod__tx_desc(&one->tx, at);
	desc->addr = frame->addr;
	desc->len = frame->len;
	desc->options = 0;
	xsk_ring_prod__submit(&one->tx, 1);
	one->sent++;
	one->kick = true;
	return true;
}

void xsk_turn(struct xsk_set *set)
{
	for (size_t i = 0; i < set->cnt; i++) {
		tx_kick(set, &set->one[i]);
		done_take(set, &set->one[i]);
	}
	for (size_t i = 0; i < set->cnt; i++)
		buffers_give(set, &set->one[i]);
}

static const struct xsk_one *sender_of(const struct xsk_set *set, uint16_t port)
{
	int sender = port < SEK_PORTS_MAX ? set->sender[port] : -1;

	return sender < 0 ? NULL : &set->one[sender];
}

uint64_t xsk_sent(const struct xsk_set *set, uint16_t port)
{
	const struct xsk_one *one = sender_of(set, port);

	return one ? one->sent : 0;
}

uint64_t xsk_done(const struct xsk_set *set, uint16_t port)
{
	const struct xsk_one *one = sender_of(set, port);

	return one ? one->left : 0;
}

uint64_t xsk_given(struct xsk_set *set, size_t socket)
{
	return set->one[socket].given + set->one[socket].failed;
}

void xsk_reckon(struct xsk_set *set, size_t socket)
{
	struct xsk_one *one = &set->one[socket];
	struct xdp_statistics stat;
	socklen_t len = sizeof(stat);

	memset(&stat, 0, sizeof(stat));
	if (!getsockopt(one->fd, SOL_XDP, XDP_STATISTICS, &stat, &len))
		one->failed = stat.rx_dropped + stat.rx_ring_full;
}
