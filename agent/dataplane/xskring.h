/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of AF_XDP and their rings in mapped memory. libxdp's own calls bind one socket to a queue; several
 * at one queue share its rings of buffers, for which the kernel asks to be told another of this very queue.
 */
#ifndef AGENT_DATAPLANE_XSKRING_H
#define AGENT_DATAPLANE_XSKRING_H

#include <stddef.h>
#include <stdint.h>
#include <xdp/xsk.h>

#define XSK_MAPS 4

struct xsk_socket_maps {
	struct {
		void *at;
		size_t len;
	} map[XSK_MAPS];
	size_t cnt;
};

/* How a socket is made and bound. */
struct xsk_bind {
	unsigned int ifindex;
	uint32_t queue;
	uint32_t frames; /* entries of the rings of frames, and */
	uint32_t buffers; /* of those of buffers; powers of two */
	int with; /* a socket whose memory it shares; -1: none, then: */
	void *memory;
	size_t memory_len;
	uint32_t buffer; /* bytes */
	uint16_t flags; /* XDP_COPY, XDP_USE_NEED_WAKEUP... */
};

struct xsk_rings {
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
};
struct xsk_buffers {
	struct xsk_ring_prod fill;
	struct xsk_ring_cons done;
};

/*
 * ret_buffers NULL: `with` is bound to this very queue and has its rings of buffers. Returns the descriptor
 * or -errno; then nothing is left mapped.
 */
int xsk_socket_open(const struct xsk_bind *bind, struct xsk_socket_maps *ret_maps,
		    struct xsk_rings *ret_rings, struct xsk_buffers *ret_buffers);
void xsk_socket_close(int fd, struct xsk_socket_maps *maps);

#endif
