/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of rules: whether a set holds one, and which rules name one. Called by build.c and
 * match.c; pure.
 */
#ifndef AGENT_DETECT_ADDRESSES_H
#define AGENT_DETECT_ADDRESSES_H

#include "detect/ruleset.h"
#include "text/address.h"

bool address_set_holds(const struct address_set *set, const struct sek_addr *addr);
bool port_set_holds(const struct port_set *set, uint16_t port);

/* The addresses of prefixes; the caller frees its range. Returns 0 or -ENOMEM. */
int address_set_of(const struct prefix *prefixes, size_t cnt, struct address_set *ret_set);

/* How many bits of an address are left open by the widest range of a set; 128: any. */
unsigned int address_set_width(const struct address_set *set);

struct address_pair {
	const struct address_set *set;
	uint32_t number; /* of its rule */
};
/* Returns 0 or -ENOMEM. */
int address_index_build(const struct address_pair *pairs, size_t cnt,
			struct address_index *ret_index);
void address_index_free(struct address_index *index);
/* Numbers of the rules whose set holds addr. */
struct rule_list address_index_find(const struct address_index *index, const struct sek_addr *addr);

#endif
