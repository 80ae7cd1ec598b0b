/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames by AF_XDP: a socket for each queue of each port, and one memory for all, so that a frame that came
 * by one port leaves by another without being copied here. One thread's; knows nothing of what is in a frame.
 */
#ifndef AGENT_DATAPLANE_XSK_H
#define AGENT_DATAPLANE_XSK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xsk_set;

#define XSK_SOCKETS_MAX 128

struct xsk_frame {
	uint64_t addr; /* in the memory of all */
	uint8_t *bytes; /* in front of them the room that the kernel keeps for a note */
	uint32_t len;
};

/* Buffers that a socket is given to receive with. */
extern const uint32_t xsk_room;

/*
 * Memory for so many sockets. Returns 0 or -errno (-ENOMEM; -ENOBUFS: more than RLIMIT_MEMLOCK allows,
 * without CAP_IPC_LOCK).
 */
int xsk_set_new(size_t sockets, struct xsk_set **ret_set);
void xsk_set_free(struct xsk_set *set);

/*
 * Binds a socket to a queue of an interface; the first of a port is the one that it sends by. -EINVAL: it has
 * no such queue; -EBUSY: somebody else has it. Returns its number, from 0, or -errno.
 */
int xsk_add(struct xsk_set *set, const char *interface, uint32_t queue, uint16_t port);
int xsk_fd(const struct xsk_set *set, size_t socket);
size_t xsk_cnt(const struct xsk_set *set);

/* What has come; the frames are the caller's until each is sent or given back. */
size_t xsk_take(struct xsk_set *set, size_t socket, struct xsk_frame *frames, size_t max);
/* Puts a frame on its way. False: the port has no socket, or does not send; the frame is given back. */
bool xsk_send(struct xsk_set *set, const struct xsk_frame *frame, uint16_t port);
void xsk_give(struct xsk_set *set, const struct xsk_frame *frame);
/*
 * Makes a frame of these bytes; the caller's until it is sent or given back. False: no buffer, or too
 * long.
 */
bool xsk_make(struct xsk_set *set, const uint8_t *bytes, uint32_t len, struct xsk_frame *ret_frame);

/* Gives the kernel what is to be sent, and buffers for what was taken. */
void xsk_turn(struct xsk_set *set);
/* Frames that were put on their way by a port, and those of them that its device is done with. */
uint64_t xsk_sent(const struct xsk_set *set, uint16_t port);
uint64_t xsk_done(const struct xsk_set *set, uint16_t port);
/* Buffers that a socket was given since its beginning beyond xsk_room, lost ones included. */
uint64_t xsk_given(struct xsk_set *set, size_t socket);
/* Asks the kernel which frames it could not put into the socket's ring: they count as given. Rarely. */
void xsk_reckon(struct xsk_set *set, size_t socket);

#endif
