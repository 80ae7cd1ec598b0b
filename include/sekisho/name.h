/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names as the kernel sees them: of a DNS question, a TLS ClientHello, an HTTP/1 request. All lists of
 * names together are one table, built whole and never changed, and a small overlay for what changed
 * since. As with address lists there are two heads, and each slot of a policy says which of them its
 * packets ask; a packet reads that once.
 *
 * A name is looked for by its suffixes, a URL by its path's prefixes: each has a fingerprint of 64 bits
 * (namehash.h), made with keys that are drawn anew for each build and never leave the machine. It is
 * looked for in
 *   bloom  one word of 64 bits, of which three must be set: most of what is not listed ends here. What the
 *          overlay has is in it as well.
 *   table  one of two lines of eight slots, each tag 40 | set 24; 0 is empty. A fingerprint that is not
 *          listed is taken for one that is with a chance of 16 * 2^-40 for each that the bloom lets by.
 *   set    which lists hold it, one bit each: once for the name itself, once for what is below it.
 *          A suffix entry has both, an exact name the first, a wildcard (*.name) the second.
 * The longest suffix that a profile has an opinion of decides; of two lists there, the one that allows.
 * A list that allows pages has a mark for each of their hosts as well (name_sum_pages()): where only what is
 * listed passes, a question or a ClientHello shows the host alone, and nobody could ask for the page else.
 */
#ifndef SEKISHO_NAME_H
#define SEKISHO_NAME_H

#include "sekisho/base.h"
#include "sekisho/flow.h"
#include "sekisho/limits.h"
#include "sekisho/namehash.h"

#define SEK_NAME_VERSION 2

#define SEK_NAME_LISTS_MAX 64     /* ids 0..63, apart from those of address lists */
#define SEK_NAME_PROFILES_MAX 512 /* of one generation; 0 is none */
#define SEK_NAME_BYTES 253        /* of a name in text, without the last dot (RFC 1035) */
#define SEK_NAME_PATH_BYTES 511   /* of a request target that is looked at here */

/* --- one build --- */

#define SEK_NAME_BLOOM_WORDS (1U << 19) /* 4 MiB for each head */
#define SEK_NAME_CHUNK 32768            /* lines of a chunk of sek_name_table: 2 MiB */
#define SEK_NAME_CHUNKS 256
#define SEK_NAME_SLOTS 8 /* of a line */
#define SEK_NAME_TAG_BITS 40
#define SEK_NAME_SETS_MAX 16384   /* of one head; 0 is none */
#define SEK_NAME_ANSWERS_MAX 4096 /* of one head; 0 is none */

/* sek_name_bloom[number of the head] */
struct sek_name_bloom {
	__u64 word[SEK_NAME_BLOOM_WORDS];
};
SEK_LAYOUT(struct sek_name_bloom, 8 * SEK_NAME_BLOOM_WORDS);

struct sek_name_line {
	__u64 slot[SEK_NAME_SLOTS];
};
SEK_LAYOUT(struct sek_name_line, 64);

/* How a name that is blocked is answered, and what an entry of a list may ask for instead. */
enum sek_name_how {
	SEK_NAME_AS_POLICY = 0, /* entries only: as the profile says */
	SEK_NAME_NXDOMAIN = 1,
	SEK_NAME_NODATA = 2,
	SEK_NAME_SINKHOLE = 3, /* the profile's addresses */
	SEK_NAME_SILENCE = 4,  /* dropped */
	SEK_NAME_TCP = 5,      /* truncated: ask again over TCP */
	SEK_NAME_LOCAL = 6,    /* entries only: the addresses of sek_name_answer */
	SEK_NAME_SPARE = 7, /* entries of lists only, not in a set: passes, as if an allow list had it */
	SEK_NAME_CANARY =
		8, /* entries only: NXDOMAIN, never an address, even where the profile has a sinkhole */
	SEK_NAME_FORMERR = 9, /* no entry's: several questions at once (RFC 9619) */
};

/* sek_name_set[number of the head * SEK_NAME_SETS_MAX + set]; weighed by nameweigh.h */
struct sek_name_set {
	__u64 self;        /* lists that hold the name itself */
	__u64 below;       /* lists that hold what is below it */
	__u64 spare_self;  /* lists that make an exception of it: as if an allow list had it, */
	__u64 spare_below; /* where the profile blocks what these lists hold */
	__u8 how_self, how_below;        /* enum sek_name_how that an entry asks for, */
	__u8 list_self, list_below;      /* and the list that it is of */
	__u16 answer_self, answer_below; /* of SEK_NAME_LOCAL: number in sek_name_answer */
	/* Of self and below, lists that rewrite its answers and end no connection: their entries ask for
	 * SEK_NAME_LOCAL or SEK_NAME_TCP. */
	__u64 rewrite_self, rewrite_below;
	__u32 pad[2];
};
SEK_LAYOUT(struct sek_name_set, 64);

#define SEK_NAME_HAS4 0x01
#define SEK_NAME_HAS6 0x02
/* sek_name_answer[number of the head * SEK_NAME_ANSWERS_MAX + answer] */
struct sek_name_answer {
	struct sek_addr ip6;
	__be32 ip4;
	__u32 ttl_s;
	__u32 flags; /* SEK_NAME_HAS* */
	__u32 pad;
};
SEK_LAYOUT(struct sek_name_answer, 32);

struct sek_name_head {
	__u32 build;      /* counts heads; 0: no names, nothing is asked */
	__u32 bloom_mask; /* words in use less one: name_bloom_word() */
	__u32 line_cnt;   /* lines in use */
	__u16 chunk, chunk_cnt;
	__u32 over_cnt; /* entries of the overlay; 0: not asked. Changed in place */
	__u32 pad[11];
};
SEK_LAYOUT(struct sek_name_head, 64);

/* sek_name_head[0], mapped by the agent */
struct sek_name_heads {
	__u32 version; /* SEK_NAME_VERSION; 0: no list was ever loaded */
	__u32 live;    /* as list_live() reads it */
	__u64 week_ns; /* of the monotonic clock, or what it would have been: when this week began,
			* Monday 0:00 local time */
	__u32 pad[12];
	__u64 filled[SEK_NAME_CHUNKS / 64]; /* user space only: a bit set, a chunk that is in the table */
	__u64 digest[2][2]; /* user space only: of the lists that each head was made of */
	struct sek_name_head head[2];
};
SEK_LAYOUT(struct sek_name_heads, 64 + 64 + 2 * 64);

/*
 * sek_name_over[number of the head], a hash by fingerprint. Lists: (set & ~care) | value, and what spares
 * & ~care. Tenants, one bit
 * each: overrides and what the agent has learned; they beat lists at the same suffix, allow beats block.
 */
struct sek_name_over {
	__u64 care_self, value_self, care_below, value_below;
	__u64 allow_self, allow_below, block_self, block_below;
};
SEK_LAYOUT(struct sek_name_over, 64);
#define SEK_NAME_OVER_MAX 16384

/* --- one policy --- */

#define SEK_NAME_PHASES_MAX 16
#define SEK_NAME_QUARTER_S 900
#define SEK_NAME_QUARTERS (7 * 24 * 4)

#define SEK_NAME_ONLY_LISTED 0x01 /* white list mode: what no list allows is blocked */
#define SEK_NAME_LOOKS_ON 0x02    /* anything is to be decided in this phase at all */

struct sek_name_phase {
	__u64 block, allow, inspect; /* lists */
	__u64 flags;                 /* SEK_NAME_* above */
};
SEK_LAYOUT(struct sek_name_phase, 32);

enum sek_name_ech { SEK_ECH_ALLOW = 0, SEK_ECH_STRIP = 1, SEK_ECH_BLOCK = 2 };

#define SEK_NAME_QUIC_REFUSE 0x01 /* QUIC is answered by ICMP, so that browsers take TCP at once */
#define SEK_NAME_DOT_REFUSE 0x02  /* DNS over TLS and QUIC (port 853) is refused */
#define SEK_NAME_TELL_DNS 0x04    /* questions and answers are told to the agent */
#define SEK_NAME_TELL_NAMES 0x08  /* names of TLS and HTTP that passed are told to the agent */
#define SEK_NAME_TLS_STRICT 0x10  /* a ClientHello without a name is blocked */

/* sek_name_policy[(generation & 1) * SEK_NAME_PROFILES_MAX + profile] */
struct sek_name_profile {
	__u8 answer;  /* enum sek_name_how: NXDOMAIN, NODATA, SINKHOLE */
	__u8 ech;     /* enum sek_name_ech */
	__u16 flags;  /* SEK_NAME_* above */
	__be32 sink4; /* 0: none */
	struct sek_addr sink6;
	__u32 sink_ttl_s;
	__u32 pad;
	struct sek_name_phase phase[SEK_NAME_PHASES_MAX];
	__u8 week[SEK_NAME_QUARTERS]; /* which phase holds in each quarter of an hour from Monday 0:00 */
};
SEK_LAYOUT(struct sek_name_profile, 32 + 16 * 32 + 672);

/* Key of sek_name_group (longest prefix): the profile of an address, where a tenant has groups. */
struct sek_name_group_key {
	__u32 prefixlen; /* SEK_NAME_GROUP_HEAD and more */
	__u32 tenant;
	struct sek_addr addr;
};
SEK_LAYOUT(struct sek_name_group_key, 24);
#define SEK_NAME_GROUP_HEAD 32

/* --- one flow: struct sek_flow_name is in flow.h --- */

/* The program sek_name_order is run with it: what the agent has found out of a flow. */
struct sek_name_order {
	struct sek_flow_key key;
	__u64 first_ns; /* with number: that it is this flow and not a later one */
	__u32 number;
	struct sek_flow_name name; /* state, proto, list, reason, start and next are taken; OFF: none is */
	__u32 pad;
	__u64 heard_ns; /* time of the last copy that was read for it */
};
SEK_LAYOUT(struct sek_name_order, 80);

/* --- what is told: sek_name_ring --- */

enum sek_name_kind {
	SEK_NAME_TOLD = 0,  /* the kernel has decided */
	SEK_NAME_ASKED = 1, /* the agent is to decide: it is not one packet, or not readable here */
	SEK_NAME_DNS = 2,   /* a question or an answer, passed or answered */
	SEK_NAME_AGAIN = 3, /* what the agent has read comes again, and must be what it was */
};
#define SEK_NAME_KINDS_MAX 4 /* cells of sek_name_stat, a struct sek_event_stat each */

#define SEK_NAME_COPY_BYTES 4096

struct sek_name_copy_head {
	__u64 now_ns;
	__u64 first_ns; /* of the flow */
	struct sek_flow_key key;
	__u32 number; /* of the flow's entry; 0: none */
	__u32 seq;    /* TCP: of the first byte; QUIC: keyed sum of the connection's id, 0: none */
	__u32 generation;
	__u16 len;         /* bytes that follow */
	__u16 payload_len; /* bytes that there were */
	__u16 profile;
	__u16 name_off, name_len; /* of the name in what follows; name_len 0: not found */
	__u16 path_len;           /* of the request target, whose offset is path_off */
	__u16 path_off;
	__u8 kind;   /* enum sek_name_kind */
	__u8 proto;  /* enum sek_name_proto; of what is asked: what was read before */
	__u8 dir;    /* enum sek_dir */
	__u8 reason; /* enum sek_reason of its end; SEK_R_none: passed */
	__u8 list;   /* that decided; SEK_NAME_NO_LIST */
	__u8 how;    /* enum sek_name_how of the answer */
	__u8 suffix; /* bytes of the suffix that decided */
	__u8 tcp_flags;
	__u8 unheld; /* SEK_NAME_AGAIN: requests that were read by the kernel alone */
	__u8 pad;
	/* TCP: where what is not decided yet begins; of what comes back: what was acknowledged */
	__u32 next;
};
SEK_LAYOUT(struct sek_name_copy_head, 96);

/* sek_name_room, per CPU: a copy on its way into the ring. */
struct sek_name_copy {
	struct sek_name_copy_head head;
	__u8 bytes[SEK_NAME_COPY_BYTES];
};
#define SEK_NAME_NO_LIST 0xff

/* sek_name_seen: LRU; payloads of TCP that the agent was given, where the tenant fails closed. */
struct sek_name_seen_key {
	__u32 number; /* of the flow's entry */
	__u32 seq;
	__u32 len;
	__u32 pad;
};
SEK_LAYOUT(struct sek_name_seen_key, 16);

struct sek_name_seen {
	__u64 sum;      /* of its bytes, keyed */
	__u64 asked_ns; /* when; before the flow began: it was another flow's */
};
SEK_LAYOUT(struct sek_name_seen, 16);
#define SEK_NAME_SEEN_MAX 16384

/* --- what no reason tells of: sek_name_tally, per CPU --- */

enum sek_name_tally {
	SEK_NAME_ECH_CUT = 0,   /* answers whose ECH was taken out */
	SEK_NAME_ECH_BLANK = 1, /* or made one that no client knows */
	SEK_NAME_ECH_LEFT = 2,  /* answers that could not be read to their end */
	SEK_NAME_RESET_ONE = 3, /* resets that only the end which sent last could be given */
	SEK_NAME_TALLIES = 4,
};

#endif
