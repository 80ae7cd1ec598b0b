/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counters and events. Every packet ends in exactly one sek_count cell and one sek_port_count cell.
 */
#ifndef SEKISHO_EVENT_H
#define SEKISHO_EVENT_H

#include "sekisho/base.h"
#include "sekisho/flow.h"

/* sek_count, per CPU: index (tenant * 2 + dir) * SEK_REASONS_MAX + reason; tenant 0 where unknown. */
/* sek_port_count, per CPU: index port * SEK_REASONS_MAX + reason. */
/* sek_list_count, per CPU: index list: packets that this list decided. */
struct sek_count {
	__u64 packets;
	__u64 bytes; /* of frames */
};

/* A cause has its own budget, so that a flood of one cannot hide another. */
enum sek_cause {
	SEK_CAUSE_FLOW_START = 0,
	SEK_CAUSE_FLOW_END = 1,
	SEK_CAUSE_DENY_RULE = 2,
	SEK_CAUSE_DENY_LIST = 3,
	SEK_CAUSE_DENY_STATE = 4,
	SEK_CAUSE_QUOTA = 5,
	SEK_CAUSE_RATE = 6,
	SEK_CAUSE_MALFORMED = 7,
	SEK_CAUSE_SPOOFED = 8,
	SEK_CAUSE_FRAGMENT = 9,
	SEK_CAUSE_ROUTE = 10,
	SEK_CAUSE_NAME = 11,
	SEK_CAUSE_CNT = 12,
};

/* sek_event_stat, per CPU, by cause: offered = written + suppressed + lost, always. */
struct sek_event_stat {
	__u64 offered, written, suppressed, lost;
	__u64 second; /* of the budget that is running */
	__u64 spent;
};
SEK_LAYOUT(struct sek_event_stat, 48);

/* One record of the ring buffer sek_events. */
struct sek_event {
	__u64 now_ns;
	__u8 cause;   /* enum sek_cause */
	__u8 reason;  /* enum sek_reason */
	__u8 verdict; /* enum sek_verdict */
	__u8 dir;     /* enum sek_dir */
	__u16 tenant;
	__u16 rule; /* 0xffff: none decided */
	__u32 generation;
	__u16 list; /* 0xffff: none */
	__u16 port; /* where it came in */
	__u16 vlan;
	__u16 len; /* of the frame, at most 65535 */
	__u8 tcp_flags;
	__u8 state; /* flow events: enum sek_flow_state */
	__u8 flow_flags;
	__u8 icmp_type;
	struct sek_addr src, dst; /* of this packet; flow events: of the opener and its peer */
	__be16 sport, dport;
	__u8 proto;
	__u8 icmp_code;
	__u16 pad;
	/* flow events only */
	__u64 first_ns, last_ns;
	__u64 packets[2], bytes[2];
};
SEK_LAYOUT(struct sek_event, 8 + 4 + 4 + 4 + 8 + 4 + 32 + 8 + 16 + 32);
#define SEK_NO_RULE 0xffff
#define SEK_NO_LIST 0xffff

/* sek_trace[0], written in a replay only, most of it by finish(): how the packet that has just run ended. */
struct sek_trace {
	__u64 now_ns;
	__u8 verdict; /* enum sek_verdict */
	__u8 reason;  /* enum sek_reason */
	__u8 dir;     /* enum sek_dir */
	__u8 state;   /* enum sek_flow_state */
	__u16 tenant;
	__u16 rule;     /* SEK_NO_RULE: none decided */
	__u16 list;     /* SEK_NO_LIST: none decided */
	__u16 out_port; /* 0: it does not leave */
	__u32 generation;
	__be16 tag_type; /* of a tag that the frame leaves with and that is not in its bytes; 0: none */
	__be16 tag_tci;
	__u16 spared;       /* allow list that beat a block list; SEK_NO_LIST: none */
	__u16 name_len;     /* bytes of the suffix, or of host and path, that decided */
	__u32 next_ifindex; /* where the kernel's route leads; 0: it was not asked, or has none */
	__u8 name_list;     /* list of names that decided; SEK_NAME_NO_LIST: none */
	__u8 name_how;      /* enum sek_name_how of what is blocked */
	__u16 pad;
	struct sek_addr next_hop; /* and its next hop */
};
SEK_LAYOUT(struct sek_trace, 56);

#endif
