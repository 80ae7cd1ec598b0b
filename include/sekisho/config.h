/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is fixed when the program is loaded: read-only data, so that the verifier removes what a
 * site does not use. Set by policy/install between open and load.
 */
#ifndef SEKISHO_CONFIG_H
#define SEKISHO_CONFIG_H

#include "sekisho/base.h"
#include "sekisho/limits.h"

struct sek_config {
	__u64 hash_seed; /* of fragment sets; random at each load, so that nobody can aim collisions */
	__u32 event_budget; /* events a second, each cause, each CPU */
	__u32 flows_max;    /* flows at once */
	__u8 replay; /* 1: run over frames that nobody sent: time and routes from sek_clock */
	__u8 replay_ways; /* 1: but routes and ports are the kernel's, asked as for a frame on the wire */
	__u8 pad[2];
	__u32 hint_mask; /* entries of sek_flow_hint, a power of two, less one */
};
SEK_LAYOUT(struct sek_config, 24);

/*
 * Replay only, sek_clock[0]: replaces the kernel's clock and its routes. Outbound packets of route
 * ports leave by outside_port, inbound ones by their tenant's home.
 */
struct sek_replay_home {
	__u16 port, vlan, outer, pad;
};

struct sek_clock {
	__u64 now_ns;
	__u16 outside_port;
	__u16 pad[3];
	struct sek_replay_home home[SEK_TENANTS_MAX];
};
SEK_LAYOUT(struct sek_clock, 16 + 8 * SEK_TENANTS_MAX);

#endif
