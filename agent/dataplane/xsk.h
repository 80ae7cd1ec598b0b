/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames by AF_XDP: for each queue of each port a socket for each worker, and one memory for all, so that a
 * frame that came by one port leaves by another without being copied here. Knows nothing of what is in a
 * frame.
 *
 * The kernel grants a queue one ring of buffers to fill and one of those that it is done with, whatever the
 * number of sockets. So a queue has an owner among the workers who alone touches these two; a buffer that
 * somebody else is done with goes home to it by a ring of one writer and one reader. There is no lock.
 */
#ifndef AGENT_DATAPLANE_XSK_H
#define AGENT_DATAPLANE_XSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xsk_room; /* memory and sockets of all workers */
struct xsk_set; /* those of one, for its thread alone */

#define XSK_QUEUES_MAX 128 /* of all ports */
#define XSK_WORKERS_MAX 32

struct xsk_frame {
	uint64_t addr; /* in the memory of all */
	uint8_t *bytes; /* in front of them the room that the kernel keeps for a note */
	uint32_t len;
};

/* Queues of an interface that sockets can be bound to, as its driver tells; 1 where it does not. */
uint32_t xsk_queues(const char *interface);

/* Its MTU; 0: it is not there. */
uint32_t xsk_mtu(const char *interface);

/*
 * Memory for so many queues, and so many workers. Returns 0 or -errno (-ENOMEM; -ENOBUFS: more than
 * RLIMIT_MEMLOCK allows, without CAP_IPC_LOCK).
 */
int xsk_room_new(size_t queues, unsigned int workers, struct xsk_room **ret_room);
/* When no worker reads it any more. */
void xsk_room_free(struct xsk_room *room);
/*
 * Binds the sockets of all workers to a queue of an interface; queues of a port are added in their order.
 * -EINVAL: it has no such queue; -EBUSY: somebody else has it. Returns its number, from 0, or -errno.
 */
int xsk_room_add(struct xsk_room *room, const char *interface, uint32_t queue, uint16_t port);
size_t xsk_room_cnt(const struct xsk_room *room);
/* Of a worker's socket at the queue of that number. */
int xsk_room_fd(const struct xsk_room *room, size_t queue, unsigned int worker);
/* Frames of one queue that can be with one worker at once. */
uint32_t xsk_room_each(const struct xsk_room *room);

/* What a worker has of it. wake_fd: an eventfd by which it is woken. The room's. */
struct xsk_set *xsk_set_of(struct xsk_room *room, unsigned int worker, int wake_fd);

/* What has come; the frames are the caller's until each is sent or given back. */
size_t xsk_take(struct xsk_set *set, size_t queue, struct xsk_frame *frames, size_t max);
/* Puts a frame on its way. False: the port has no socket, or does not send; the frame is given back. */
bool xsk_send(struct xsk_set *set, const struct xsk_frame *frame, uint16_t port);
void xsk_give(struct xsk_set *set, const struct xsk_frame *frame);
/*
 * Makes a frame of these bytes; the caller's until it is sent or given back. False: no buffer, or too
 * long.
 */
bool xsk_make(struct xsk_set *set, const uint8_t *bytes, uint32_t len, struct xsk_frame *ret_frame);

/* Gives the kernel what is to be sent, and buffers for what was taken, by whomever, of the queues it owns. */
void xsk_turn(struct xsk_set *set);
/*
 * It is about to sleep; who needs its turn wakes it by wake_fd. False: there is something for it to do.
 * xsk_woken() ends that.
 */
bool xsk_rest(struct xsk_set *set);
void xsk_woken(struct xsk_set *set);

/* Frames that this worker put on their way by a port, and those of them that its device is done with. */
uint64_t xsk_sent(const struct xsk_set *set, uint16_t port);
uint64_t xsk_done(const struct xsk_set *set, uint16_t port);

/* Is the queue of that number this worker's own? */
bool xsk_owns(const struct xsk_set *set, size_t queue);
/* The owner's: buffers put back of those that came to a worker's socket there, lost ones included. */
uint64_t xsk_given(const struct xsk_set *set, size_t queue, unsigned int worker);
/*
 * The owner's: asks the kernel which frames it could not put into the queue's rings; they count as given.
 * Rarely.
 */
void xsk_reckon(struct xsk_set *set, size_t queue);

#endif
