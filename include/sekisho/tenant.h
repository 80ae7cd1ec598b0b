/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ports, tenants and how a packet is told to belong to one.
 * Written by policy/install, read by bpf/stage/tenant.h.
 */
#ifndef SEKISHO_TENANT_H
#define SEKISHO_TENANT_H

#include "sekisho/base.h"
#include "sekisho/limits.h"

/*
 * sek_link[ifindex]: what the program knows of an interface. Kept by the agent from netlink.
 * A VLAN device has the port of its parent and the VLAN ids that a frame out of it carries.
 */
struct sek_link {
	__u16 port;  /* 0: no port of ours */
	__u16 vlan;  /* 0: the port itself; else the VID of this VLAN device */
	__u16 outer; /* QinQ: outer VID above vlan, or 0 */
	__u16 mtu;   /* bytes of IP packet; 0: unknown */
};
SEK_LAYOUT(struct sek_link, 8);

#define SEK_PORT_OUTSIDE 0x01    /* faces the Internet; else it faces bodies */
#define SEK_PORT_BRIDGE 0x02     /* frames leave by the peer port; else by the kernel's routes */
#define SEK_PORT_VLAN_BLIND 0x04 /* VLAN offload could not be switched off: serves no VLAN tenant */
#define SEK_PORT_USED 0x08       /* the policy has this port */

/* sek_port[(generation & 1) * SEK_PORTS_MAX + port] */
struct sek_port {
	__u16 peer; /* bridge: the other port */
	__u8 flags; /* SEK_PORT_* */
	__u8 pad;
	__u16 link_forward; /* bit x: 01:80:c2:00:00:0x goes to the peer */
	__u16 link_stack;   /* bit x: 01:80:c2:00:00:0x goes to the stack; neither: dropped */
};
SEK_LAYOUT(struct sek_port, 8);

/*
 * Key of sek_attach, a longest-prefix table: whose is this address, seen on this port and VLAN?
 * On an inside port the source is asked, on an outside port the destination (and the source must
 * then not be there). prefixlen counts the SEK_ATTACH_HEAD bits before addr.
 * An entry of prefixlen SEK_ATTACH_HEAD says only "this port and VLAN are used" (tenant = SEK_ATTACH_ANY).
 */
struct sek_attach_key {
	__u32 prefixlen;
	__u32 zero; /* keeps addr aligned */
	__u16 port;
	__u16 vlan;  /* host byte order; the innermost tag, 0 untagged */
	__u16 outer; /* QinQ: the outer tag, else 0 */
	__u16 pad;
	struct sek_addr addr;
};
SEK_LAYOUT(struct sek_attach_key, 32);
#define SEK_ATTACH_HEAD 96
#define SEK_ATTACH_ANY 0xffff

struct sek_attach {
	__u16 tenant;
	__u16 owner; /* of "used" entries: the only tenant of this port and VLAN, 0: there are more */
	__u32 pad;
};
SEK_LAYOUT(struct sek_attach, 8);

#define SEK_TENANT_USED 0x01
#define SEK_TENANT_FAIL_CLOSED 0x02 /* fail: closed for flows that would be inspected */
#define SEK_TENANT_FRAG_STRICT 0x04 /* fragments: strict */
#define SEK_TENANT_MID_REJECT 0x08  /* mid-stream TCP without a flow is answered by RST */
#define SEK_TENANT_STATELESS 0x10   /* no flow is kept (the host tenant) */
#define SEK_TENANT_GUARD_AUTO 0x20  /* protect: synflood: SYN cookies from guard_half on */
#define SEK_TENANT_GUARD_ALWAYS 0x40
#define SEK_TENANT_INSPECTS 0x80 /* a rule or a list wants flows inspected */

/* One limit as GCRA needs it. A rate of 0 is no limit. */
struct sek_rate {
	__u64 bits_per_s;
	__u64 packets_per_s;
	__u64 burst_ns; /* how far bits may run ahead */
	__u64 packet_burst_ns;
	__u64 ns_per_byte_q20; /* (8e9 << 20) / bits_per_s, rounded */
	__u64 ns_per_packet_q20;
};
SEK_LAYOUT(struct sek_rate, 48);

/* Seconds without a packet after which a flow of this state is over. */
struct sek_timeouts {
	__u32 tcp_syn, tcp_established, tcp_closing, tcp_closed;
	__u32 udp_new, udp_stream, icmp, other;
};
SEK_LAYOUT(struct sek_timeouts, 32);

/* sek_tenant[(generation & 1) * SEK_TENANTS_MAX + tenant] */
struct sek_tenant {
	__u32 flags;       /* SEK_TENANT_* */
	__u32 rule_base;   /* first rule in sek_rule; rules are numbered from 0 within the tenant */
	__u32 rule_cnt;    /* the two defaults (last two: out, in) included */
	__u32 row_base;    /* first row in sek_row */
	__u32 dport_table; /* index in sek_ports: class of the destination port */
	__u32 sport_table;
	__u32 icmp_table; /* index by type << 8 | code */
	__u32 icmp6_table;
	__u64 list_block;                        /* bit x: list x blocks for this tenant */
	__u64 list_allow;                        /* bit x: list x allows, and allow beats block */
	__u32 flows_max, half_max;               /* quotas of the tenant */
	__u32 source_flows_max, source_half_max; /* quotas of each source; 0: none */
	__u32 source_rate;                       /* new flows a second of each source; 0: none */
	__u32 source_burst;
	__u32 fragments_max; /* datagrams in pieces at once */
	__u32 guard_half;    /* half-open flows from which SYNs are answered by cookies */
	__u16 name_profile;  /* number in sek_name_policy; 0: names are not looked at */
	__u16 name_groups;   /* 1: sek_name_group is asked first */
	__u32 pad;
	struct sek_timeouts timeout;
	struct sek_rate rate[2];   /* by enum sek_dir */
	__u16 proto_class[2][256]; /* [dir][protocol] -> row: which rules speak of it */
};
SEK_LAYOUT(struct sek_tenant, 112 + 96 + 1024 + 8);

#endif
