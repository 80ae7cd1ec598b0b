/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a gateway can hold. Every number here is the size of something in the kernel;
 * policy/ refuses what goes beyond, with place and numbers.
 */
#ifndef SEKISHO_LIMITS_H
#define SEKISHO_LIMITS_H

#define SEK_TENANTS_MAX 64 /* ids 0..63; id 0 is the gateway itself ("host") */
#define SEK_PORTS_MAX 32   /* ids 1..31; 0 means none */
#define SEK_LISTS_MAX 64   /* ids 0..63, one bit each in a list mask */
#define SEK_RULES_MAX 1024 /* rules of one tenant, the two defaults included */
#define SEK_RULE_WORDS (SEK_RULES_MAX / 64)
#define SEK_REASONS_MAX 128   /* reason numbers 0..127 */
#define SEK_CAUSES_MAX 16     /* kinds of event with a budget of their own */
#define SEK_IFINDEX_MAX 65536 /* interface numbers that a port may have */
#define SEK_FLOWS_DEFAULT 1048576
#define SEK_SOURCES_DEFAULT 262144
#define SEK_FRAG_SETS 256 /* sets of SEK_FRAG_WAYS datagrams, for each tenant */
#define SEK_FRAG_WAYS 4
#define SEK_NAME_MAX 64 /* bytes of a name in the ABI, the closing 0 included */

#endif
