/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table, its quotas and its sources.
 */
#ifndef SEKISHO_FLOW_H
#define SEKISHO_FLOW_H

#include "sekisho/base.h"
#include "sekisho/limits.h"
#include <linux/bpf.h>

/*
 * Three maps are the flow table. sek_flow finds: key to the number of an entry. sek_flow_entry keeps:
 * an array, so that a packet has its entry without a call into the kernel. sek_flow_free lends:
 * numbers given back; those above sek_patrol.used were never given out. An entry belongs to whoever
 * took its number, until its key is in sek_flow; then to all, until SEK_FLOW_GONE is set.
 * sek_flow_hint guesses the number from addresses and ports: what it says is checked, never believed.
 */
#define SEK_HINTS_DEFAULT (2 * SEK_FLOWS_DEFAULT) /* a power of two, twice the flows or more */

/*
 * Key of sek_flow. Side 0 is the body's side (inside), side 1 the Internet's, so both directions
 * give the same key without comparing addresses. Ports in network byte order; ICMP echo: the id on
 * both sides; other ICMP queries: the type of the request; other protocols: 0.
 */
#define SEK_KEY_ICMP_IN 0x01 /* ICMP: asked from the Internet side, so its replies leave the body */
#define SEK_KEY_ICMP_QUERY 0x02 /* ICMP: not an echo */
struct sek_flow_key {
	struct sek_addr addr[2];
	__be16 port[2];
	__u16 tenant;
	__u8 proto;
	__u8 icmp; /* SEK_KEY_ICMP_*; 0 for other protocols */
};
SEK_LAYOUT(struct sek_flow_key, 40);

/* What the program sek_release is run with: a flow that user space has ended. */
struct sek_release {
	struct sek_flow_key key;
	__u32 from_in; /* the Internet's side opened it */
	__u32 half;    /* it was half-open to its end */
};
SEK_LAYOUT(struct sek_release, 48);

enum sek_flow_state {
	SEK_FLOW_NEW = 0,     /* UDP, ICMP, other: one direction seen */
	SEK_FLOW_STREAM = 1,  /* UDP, ICMP, other: both directions seen */
	SEK_FLOW_SYN = 2,     /* TCP: SYN seen */
	SEK_FLOW_SYN_ACK = 3, /* TCP: SYN and SYN-ACK seen */
	SEK_FLOW_ESTABLISHED = 4,
	SEK_FLOW_FIN = 5,     /* one side has closed */
	SEK_FLOW_CLOSING = 6, /* both sides have closed */
	SEK_FLOW_CLOSED = 7,  /* reset or finished; waits for stragglers */
};
/* NEW, SYN and SYN_ACK are half-open and count against the half-open quotas. */

#define SEK_FLOW_FROM_IN 0x01 /* opened from the Internet side (origin direction is SEK_IN) */
#define SEK_FLOW_INSPECT 0x02 /* policy wants it inspected */
#define SEK_FLOW_LOG 0x04     /* the rule logs */
#define SEK_FLOW_HALF 0x08    /* counted as half-open now */
#define SEK_FLOW_FIN_OUT 0x10 /* FIN seen from the body, or the RST that closed */
#define SEK_FLOW_FIN_IN 0x20  /* the same from the Internet */
#define SEK_FLOW_GONE 0x40    /* is being taken out; who set it gives the quotas back */
#define SEK_FLOW_COOKIE 0x80  /* opened by a SYN cookie: numbers are turned by shift */

/* One side's view of the sequence space, after van Rooij, "Real Stateful TCP Packet Filtering". */
struct sek_tcp_side {
	__u32 end;     /* highest sequence number + length sent */
	__u32 max_end; /* highest that the other side allowed */
	__u32 max_win; /* largest window offered, scaled */
};

/*
 * Where a packet came in, and under which generation that was found to be right for its flow: one
 * word, so that it is written and compared whole. 0: nowhere.
 */
static inline __u64 sek_face(__u32 generation, __u16 port, __u16 vlan, __u16 outer)
{
	return (__u64)generation << 32 | (__u64)(outer & 0xfff) << 20 | (__u64)(vlan & 0xfff) << 8 |
	       (port & 0xff);
}

static inline __u16 sek_face_port(__u64 face)
{
	return face & 0xff;
}

/* What is known of the name that a flow is for. */
enum sek_name_state {
	SEK_NAME_OFF = 0,     /* not looked for */
	SEK_NAME_EACH = 1,    /* each packet out has one (DNS) */
	SEK_NAME_FIRST = 2,   /* what the opener sends first will tell */
	SEK_NAME_REQUEST = 3, /* HTTP: so will what it sends from next on, or again from start on */
	SEK_NAME_AGENT = 4,   /* the agent is to read it */
	SEK_NAME_PASSES = 5,  /* read, nothing against it */
	SEK_NAME_BLOCKED = 6, /* the agent has read it: the next packet ends the flow */
	SEK_NAME_HELLO = 7,   /* TLS: read, nothing against it; what comes again is read again */
	SEK_NAME_QUIC = 8,    /* each Initial is the agent's, all others pass */
};

enum sek_name_proto {
	SEK_NAME_PROTO_NONE = 0,
	SEK_NAME_PROTO_DNS = 1,
	SEK_NAME_PROTO_TLS = 2,
	SEK_NAME_PROTO_HTTP = 3,
	SEK_NAME_PROTO_QUIC = 4,
};

#define SEK_NAME_REPLIES 0x01 /* DNS: answers are told as well */
#define SEK_NAME_STRIPS 0x02  /* DNS: ECH is taken out of answers */
#define SEK_NAME_VOUCHED 0x04 /* TCP: it is the agent's word that all before next is decided */
#define SEK_NAME_GOES_ON 0x08 /* TLS: the ClientHello goes on behind next, where no name can be */
#define SEK_NAME_RETRIED 0x10 /* TLS: its server has asked for a second ClientHello */

struct sek_flow_name {
	__u8 state;  /* enum sek_name_state */
	__u8 proto;  /* enum sek_name_proto */
	__u8 list;   /* that decided; 0xff: none */
	__u8 copies; /* packets given to the agent */
	__u16 profile;
	__u8 flags;  /* SEK_NAME_REPLIES, SEK_NAME_STRIPS, SEK_NAME_VOUCHED */
	__u8 reason; /* enum sek_reason of SEK_NAME_BLOCKED; 0: as list says */
	/* TCP: where what was last read began; VOUCHED: up to which it was read. QUIC: keyed sum of the
	 * client's id for the connection that was last spoken of; 0: none */
	__u32 start;
	/* TCP: up to which it is decided; the first byte at first. QUIC: sum of its server's own id */
	__u32 next;
};
SEK_LAYOUT(struct sek_flow_name, 16);

/* An entry: three cache lines, of which the first tells whether a packet belongs to it. */
struct sek_flow {
	struct sek_flow_key key;
	__u64 face[2];    /* where each direction was seen last, by enum sek_dir */
	__u16 rule;       /* within the tenant */
	__u8 state;       /* enum sek_flow_state */
	__u8 flags;       /* SEK_FLOW_* */
	__u32 generation; /* of the policy that decided it */

	__u32 list_epoch;
	__u32 number; /* of this entry */
	__u64 first_ns, last_ns;
	__u64 packets[2]; /* by enum sek_dir */
	__u64 bytes[2];   /* of IP packets */
	__u32 acked[2];   /* TCP: highest acknowledgment sent, by direction of sending */

	struct sek_tcp_side tcp[2]; /* by direction of sending */
	__u8 scale[2]; /* TCP: window shift, by direction of sending; 0xff: not offered */
	__u8 offered;  /* TCP: what the opener offered of it */
	__u8 pad;
	__u32 shift; /* SEK_FLOW_COOKIE: the cookie; once the server has answered, minus its first number */
	struct sek_flow_name name;
	__u64 asked_ns; /* when the agent was last given a copy, */
	__u64 heard_ns; /* and of which it has said last what it thinks */
};
SEK_LAYOUT(struct sek_flow, 3 * 64);

/*
 * How flows end, agent or no agent: the timer of sek_patrol[0] walks over the entries and ends what
 * has been silent too long. Every entry is visited within SEK_PATROL_ROUND_S; a look-up sees by itself
 * when one is over. Not a timer for each flow: their memory is the kernel's to refuse in a burst of
 * new flows (seen on 6.18: -ENOMEM for 95 of 100), and a million of them cost 200 MB.
 */
#define SEK_PATROL_ROUND_S 5

struct sek_patrol {
	struct bpf_timer timer;
	__u64 owner; /* which load of the program runs the timer */
	__u64 visits, ended;
	__u32 next; /* entry to visit next, from 1 */
	__u32 used; /* highest number of an entry that was ever given out */
};
SEK_LAYOUT(struct sek_patrol, 48);

/* sek_quota[tenant]: what a tenant holds now. Written by atomic adds only. */
struct sek_quota {
	__s64 flows;
	__s64 half;
	__u64 fragments[2]; /* datagrams in pieces, by period & 1: period << 32 | number */
	__u64 guard_ns;     /* protect: synflood: SYNs are answered by cookies until then */
	__u64 cookie_ns;    /* when that was last done */
	__u64 pad[2];
};
SEK_LAYOUT(struct sek_quota, 64);

/* sek_source: LRU by {tenant, source}; a source forgotten starts again at 0. */
struct sek_source_key {
	struct sek_addr addr;
	__u32 tenant;
	__u32 pad;
};
struct sek_source {
	__s32 flows;
	__s32 half;
	__u64 tat_ns; /* GCRA of new flows */
};

/* sek_bucket[tenant * 2 + dir]: theoretical arrival times, shared by all CPUs, a line each. */
struct sek_bucket {
	__u64 bits_tat_ns;
	__u64 pad[7];
	__u64 packets_tat_ns;
	__u64 answers_tat_ns; /* of resets and ICMP errors that answer packets of this direction */
	__u64 pad2[6];
};
SEK_LAYOUT(struct sek_bucket, 128);

/* sek_slice, per CPU, as sek_bucket: what this CPU has taken of a bucket and not used yet. */
struct sek_slice {
	__u64 bits_ns;
	__u64 packets_ns;
};

#endif
