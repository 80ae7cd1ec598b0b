/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the dispatcher by which XDP programs share a port, after libxdp's protocol
 * (lib/libxdp/protocol.org of xdp-tools), and puts it in the place of the one that stands. libxdp
 * cannot do this for us: the slots of its own dispatcher take no program that moves a packet's ends
 * on newer kernels, and there is no way to give it another.
 */
#ifndef AGENT_DATAPLANE_DISPATCHER_H
#define AGENT_DATAPLANE_DISPATCHER_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xdp/libxdp.h>
#include <xdp/prog_dispatcher.h>

/* A program of a dispatcher. */
struct part {
	const char *name; /* the owner of the program keeps it */
	uint32_t priority; /* lower runs first */
	uint32_t chain; /* bit N: the next one runs after action N */
	bool frags; /* it takes frames of several buffers */
	int fd; /* of a loaded program; unused with object */
	struct bpf_object *object; /* opened; loaded here, for its slot. NULL: fd is loaded */
};

/* Does a run before b? As libxdp orders them: by priority, then by name. */
bool part_before(const struct part *a, const struct part *b);

/*
 * Replaces the dispatcher of the interface that mp is a view of by one of these parts, in this
 * order; no packet meets neither. Returns 0 or -errno: then the old one stands (-EEXIST: it is not
 * the one of mp any more, look again).
 */
int dispatcher_replace(struct xdp_multiprog *mp, uint32_t ifindex, const struct part *parts,
		       size_t cnt);

#endif
