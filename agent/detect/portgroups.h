/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that no pattern finds, put where few of them are asked of a packet or a transaction. Called
 * by build.c.
 */
#ifndef AGENT_DETECT_PORTGROUPS_H
#define AGENT_DETECT_PORTGROUPS_H

#include "detect/ruleset.h"

/* A list that grows; numbers are added ascending, one that is there already is not added. */
int rule_list_add(struct rule_list *list, uint32_t number);
void rule_list_free(struct rule_list *list);

/* By the port that a packet goes to. Numbers ascending. Returns 0 or -ENOMEM. */
int port_groups_build(const struct ruleset *ruleset, const struct rule_list *rules,
		      struct port_groups *ret_groups);
void port_groups_free(struct port_groups *groups);
const struct rule_list *port_groups_find(const struct port_groups *groups, uint16_t port);

#endif
