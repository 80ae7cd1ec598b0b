/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts packets: one cell by tenant, direction and reason, one by port and reason.
 * Called by report/finish.h alone, once for each packet, so the sums of both tables are equal.
 */
#ifndef BPF_REPORT_COUNT_H
#define BPF_REPORT_COUNT_H

#include "core/maps.h"
#include "core/packet.h"

static __always_inline void count_add(struct sek_count *count, const struct packet *p)
{
	if (!count)
		return;
	count->packets += packet_frames(p); /* per CPU, and no packet interrupts another */
	count->bytes += packet_wire_len(p);
}

static __always_inline void count_packet(const struct packet *p)
{
	__u32 reason = p->reason & (SEK_REASONS_MAX - 1);
	__u32 tenant = p->tenant & (SEK_TENANTS_MAX - 1);
	__u32 cell = (tenant * 2 + (p->dir & 1)) * SEK_REASONS_MAX + reason;
	__u32 port = (p->port & (SEK_PORTS_MAX - 1)) * SEK_REASONS_MAX + reason;

	count_add(bpf_map_lookup_elem(&sek_count, &cell), p);
	count_add(bpf_map_lookup_elem(&sek_port_count, &port), p);
}

#endif
