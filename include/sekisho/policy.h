/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The compiled firewall: classes, rows, rules. One generation is a set of inner maps; sek_active
 * names the live one. Classification after Lakshman and Stiliadis (SIGCOMM 1998): each field of a
 * packet gives a row, a bit vector of the rules that it satisfies; the first bit of the AND is the
 * rule.
 */
#ifndef SEKISHO_POLICY_H
#define SEKISHO_POLICY_H

#include "sekisho/base.h"
#include "sekisho/limits.h"

/* sek_active[0] */
struct sek_active {
	__u32 generation; /* 0: no policy yet, everything is refused; slot = generation & 1 */
	__u32 list_epoch; /* grows with every change of list contents */
};
SEK_LAYOUT(struct sek_active, 8);

/* Key of sek_class (longest prefix): the tenant's rows for an address. prefixlen counts tenant too. */
struct sek_class_key {
	__u32 prefixlen;
	__u32 tenant; /* big endian is not needed: all 32 bits always match */
	struct sek_addr addr;
};
SEK_LAYOUT(struct sek_class_key, 24);
#define SEK_CLASS_HEAD 32

/* Rows are relative to sek_tenant.row_base. Row 0 of a tenant is empty, row 1 is full. */
#define SEK_ROW_NONE 0
#define SEK_ROW_ALL 1
struct sek_class {
	__u16 src_row;
	__u16 dst_row;
	__u32 pad;
};
SEK_LAYOUT(struct sek_class, 8);

/* sek_row[generation][row] */
struct sek_row {
	__u64 rules[SEK_RULE_WORDS]; /* bit r of word w: rule w * 64 + r */
};
SEK_LAYOUT(struct sek_row, 128);

/* sek_ports[generation][table]: row of each port, or of each ICMP type << 8 | code */
struct sek_ports {
	__u16 row[65536];
};

enum sek_action {
	SEK_ACCEPT = 1,
	SEK_REFUSE = 2, /* drop without a word */
	SEK_REJECT = 3, /* drop and tell the sender */
	SEK_INSPECT = 4,
};

#define SEK_RULE_LOG 0x01
#define SEK_RULE_DEFAULT 0x02 /* the tenant's default of a direction */

/* sek_rule[generation][rule_base + rule] */
struct sek_rule {
	__u8 action; /* enum sek_action */
	__u8 flags;  /* SEK_RULE_* */
	__u16 pad;
	__u32 line; /* of the policy file */
};
SEK_LAYOUT(struct sek_rule, 8);

/*
 * Hits: first packets of flows, and packets without one, that a rule decided. sek_hit (per CPU) counts
 * what the program sees; sek_hit_base holds what the rule had before the policy changed, and is
 * written by policy/install alone. Both by sek_hit_index().
 */
#define SEK_HITS_MAX (2 * SEK_TENANTS_MAX * SEK_RULES_MAX)
struct sek_hit {
	__u64 hits;
	__u64 last_ns; /* of the monotonic clock; 0: never */
};
SEK_LAYOUT(struct sek_hit, 16);

struct sek_hit_base {
	__u64 hits;
	__u64 last_ns;
	__u64 since_s; /* seconds since 1970 when counting began */
};
SEK_LAYOUT(struct sek_hit_base, 24);

static inline __u32 sek_hit_index(__u32 generation, __u32 tenant, __u32 rule)
{
	return ((generation & 1) * SEK_TENANTS_MAX + (tenant & (SEK_TENANTS_MAX - 1))) *
		       SEK_RULES_MAX +
	       (rule & (SEK_RULES_MAX - 1));
}

#endif
