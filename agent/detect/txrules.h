/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a transaction while rules are asked of it: which of them hold in part,
 * which matched. Called by transaction.c; freed with the transaction.
 */
#ifndef AGENT_DETECT_TXRULES_H
#define AGENT_DETECT_TXRULES_H

#include "detect/asking.h"

/* Of one side, made if it is not there; NULL: no memory. */
struct detect_tx *tx_state(const struct ruleset *ruleset, struct tx *tx, enum side side);
struct tx_rule *tx_rule_find(struct detect_tx *state, uint32_t number); /* NULL: none */
/* Counted in short_cnt where there is no memory. */
void tx_rule_keep(struct detect_tx *state, const struct tx_rule *rule, uint64_t *short_cnt);
void tx_rule_drop(struct detect_tx *state, struct tx_rule *rule);
/* Nothing more is asked: its memory goes. */
void tx_rules_end(struct detect_tx *state);
/*
 * Up to where bytes that grow were looked through; NULL: too many of them, they are looked through
 * whole.
 */
uint64_t *tx_body(struct detect_tx *state, uint16_t source);

#endif
