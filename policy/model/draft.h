/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets as a person describes them: what rules and assertions have in common. Private to model/.
 */
#ifndef POLICY_MODEL_DRAFT_H
#define POLICY_MODEL_DRAFT_H

#include "model/reader.h"

/* As written, before services are taken apart. */
struct draft {
	struct model_rule rule;
	const struct node *at, *proto, *sport, *dport, *icmp, *service;
	int dir, action; /* -1: not given */
	bool icmp_both; /* proto: icmp */
};

/* name, dir, src, dst, proto, sport, dport, icmp, service, comment: members of a struct draft. */
extern const struct field draft_fields[];
#define DRAFT_TABLE_MAX 16
/* A closed table in `to` of own fields (ended by a NULL name) and those of a draft. */
void draft_table(const struct field *own, struct field to[DRAFT_TABLE_MAX]);

/* The direction; host: about what comes in for the gateway itself, where none need be given. */
void draft_direct(struct reader *r, struct draft *d, bool host);
/* Appends what it means to the rules of `to`: one, or one a part of its services. Frees d->rule. */
void draft_expand(struct reader *r, struct draft *d, struct model_tenant *to);

#endif
