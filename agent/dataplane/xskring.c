// SPDX-License-Identifier: Apache-2.0
/*
 * The calls that a socket of AF_XDP takes (Documentation/networking/af_xdp.rst). Called by xsk.c; promises
 * that a socket that could not be bound leaves nothing behind.
 */
#include "dataplane/xskring.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int ring_ask(int fd, int option, uint32_t entries)
{
	return setsockopt(fd, SOL_XDP, option, &entries, sizeof(entries)) ? -errno : 0;
}

static int memory_register(int fd, const struct xsk_bind *bind)
{
	const struct xdp_umem_reg memory = { .addr = (uintptr_t)bind->memory,
					     .len = bind->memory_len,
					     .chunk_size = bind->buffer };

	return setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) ? -errno : 0;
}

/* A ring's struct is the same for who puts in and who takes out, but for the word that it begins with. */
static int ring_map(int fd, uint64_t page, const struct xdp_ring_offset *at, uint32_t entries,
		    size_t entry_len, struct xsk_socket_maps *maps, struct xsk_ring_prod *ret_ring)
{
	size_t len = at->desc + entries * entry_len;
	uint8_t *map =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)page);

	if (map == MAP_FAILED)
		return -errno;
	maps->map[maps->cnt].at = map;
	maps->map[maps->cnt++].len = len;
	*ret_ring = (struct xsk_ring_prod){ .mask = entries - 1,
					    .size = entries,
					    .producer = (uint32_t *)(map + at->producer),
					    .consumer = (uint32_t *)(map + at->consumer),
					    .flags = (uint32_t *)(map + at->flags),
					    .ring = map + at->desc };
	ret_ring->cached_prod = *ret_ring->producer;
	ret_ring->cached_cons = *ret_ring->consumer + entries;
	return 0;
}

static int ring_map_out(int fd, uint64_t page, const struct xdp_ring_offset *at, uint32_t entries,
			size_t entry_len, struct xsk_socket_maps *maps,
			struct xsk_ring_cons *ret_ring)
{
	struct xsk_ring_prod ring = { 0 };
	int r = ring_map(fd, page, at, entries, entry_len, maps, &ring);

	if (!r)
		*ret_ring = (struct xsk_ring_cons){ .cached_prod = ring.cached_prod,
						    .cached_cons = ring.cached_cons - entries,
						    .mask = ring.mask,
						    .size = ring.size,
						    .producer = ring.producer,
						    .consumer = ring.consumer,
						    .ring = ring.ring,
						    .flags = ring.flags };
	return r;
}

static int frames_map(int fd, const struct xsk_bind *bind, const struct xdp_mmap_offsets *off,
		      struct xsk_socket_maps *maps, struct xsk_rings *rings)
{
	int r = ring_map_out(fd, XDP_PGOFF_RX_RING, &off->rx, bind->frames, sizeof(struct xdp_desc),
			     maps, &rings->rx);

	return r ? r
		 : ring_map(fd, XDP_PGOFF_TX_RING, &off->tx, bind->frames, sizeof(struct xdp_desc),
			    maps, &rings->tx);
}

static int buffers_map(int fd, const struct xsk_bind *bind, const struct xdp_mmap_offsets *off,
		       struct xsk_socket_maps *maps, struct xsk_buffers *buffers)
{
	int r = ring_map(fd, XDP_UMEM_PGOFF_FILL_RING, &off->fr, bind->buffers, sizeof(uint64_t),
			 maps, &buffers->fill);

	return r ? r
		 : ring_map_out(fd, XDP_UMEM_PGOFF_COMPLETION_RING, &off->cr, bind->buffers,
				sizeof(uint64_t), maps, &buffers->done);
}

static int rings_make(int fd, const struct xsk_bind *bind, struct xsk_socket_maps *maps,
		      struct xsk_rings *rings, struct xsk_buffers *buffers)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	int r = ring_ask(fd, XDP_RX_RING, bind->frames);

	if (!r)
		r = ring_ask(fd, XDP_TX_RING, bind->frames);
	if (!r && buffers)
		r = ring_ask(fd, XDP_UMEM_FILL_RING, bind->buffers);
	if (!r && buffers)
		r = ring_ask(fd, XDP_UMEM_COMPLETION_RING, bind->buffers);
	if (!r && getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		r = -errno;
	if (!r)
		r = frames_map(fd, bind, &off, maps, rings);
	if (!r && buffers)
		r = buffers_map(fd, bind, &off, maps, buffers);
	return r;
}

/* Who shares takes the other's flags. */
static int socket_bind(int fd, const struct xsk_bind *to)
{
	const struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = to->with < 0 ? to->flags : XDP_SHARED_UMEM,
		.sxdp_ifindex = to->ifindex,
		.sxdp_queue_id = to->queue,
		.sxdp_shared_umem_fd = to->with < 0 ? 0 : (uint32_t)to->with
	};

	return bind(fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int xsk_socket_open(const struct xsk_bind *bind, struct xsk_socket_maps *ret_maps,
		    struct xsk_rings *ret_rings, struct xsk_buffers *ret_buffers)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	ret_maps->cnt = 0;
	r = bind->with < 0 ? memory_register(fd, bind) : 0;
	if (!r)
		r = rings_make(fd, bind, ret_maps, ret_rings, ret_buffers);
	if (!r)
		r = socket_bind(fd, bind);
	if (!r)
		return fd;
	xsk_socket_close(fd, ret_maps);
	return r;
}

void xsk_socket_close(int fd, struct xsk_socket_maps *maps)
{
	for (size_t i = 0; i < maps->cnt; i++)
		munmap(maps->map[i].at, maps->map[i].len);
	maps->cnt = 0;
	close(fd);
}
