/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_out: which interface a port is, and the note by which XDP hands a frame to TC. Used by
 * both flavours and by stage/steer.h; the map is kept by the agent. XDP's own sek_tx has the ports
 * that take frames from XDP: the kernel gives a devmap to one kind of program.
 */
#ifndef BPF_CORE_WAYS_H
#define BPF_CORE_WAYS_H

#include "core/bpf.h"
#include "sekisho/limits.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEK_PORTS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} sek_out SEC(".maps");

/*
 * In front of a frame that XDP has decided and lets pass, because its way out is a port by TC, whose
 * device may take no frames from drivers: where sek_handover sends it. Only XDP can write there.
 */
struct way_note {
	__u32 mark;
	__u32 ifindex;
};
#define WAY_MARK 0x5ec0ffee

/* The interface's number; 0: the port is not there. */
static __always_inline __u32 way_out(__u32 port)
{
	const __u32 *ifindex = bpf_map_lookup_elem(&sek_out, &port);

	return ifindex ? *ifindex : 0;
}

#endif
