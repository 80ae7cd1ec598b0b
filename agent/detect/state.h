/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules remember, and what they do to a flow: asked and changed by tests and acts of keywords, kept by
 * flows, hosts and pairs of hosts. Names are numbers of a struct parse's names.
 */
#ifndef AGENT_DETECT_STATE_H
#define AGENT_DETECT_STATE_H

#include "detect/match.h"

enum bit_change { BIT_SET, BIT_UNSET, BIT_TOGGLE };
/* Whose bit: of the flow (flowbits), of a host or a pair (xbits, hostbits), of the transaction. */
enum bit_of { BIT_OF_FLOW, BIT_OF_SRC, BIT_OF_DST, BIT_OF_PAIR, BIT_OF_TX };

bool state_bit(const struct match *match, enum bit_of of, uint32_t name);
/* seconds: how long a bit that is set stays (xbits: expire); 0: for ever. A flow's stays with the flow. */
void state_bit_change(struct match *match, enum bit_of of, uint32_t name, enum bit_change change,
		      uint32_t seconds);

/*
 * For what a keyword keeps beyond flows and changes: returns when it is as all that comes first in
 * the capture left it, and nobody else touches it.
 */
void state_await(const struct match *match);
/* Counts that something could not be remembered. */
void state_short(const struct match *match);

/* flowint. false: it was never set. */
bool state_int(const struct match *match, uint32_t name, uint32_t *ret_value);
void state_int_set(struct match *match, uint32_t name, uint32_t value);

/*
 * What a pcre captured, of the flow or of this packet's alert. name 0: key names it. Values are copied.
 * It is kept when the whole rule matches.
 */
void state_var_set(struct match *match, bool of_flow, uint32_t name, struct slice key,
		   struct slice value);
/* flowvar, pktvar: NULL bytes when there is none. */
struct slice state_var(const struct match *match, bool of_flow, uint32_t name);

enum tag_unit { TAG_PACKETS, TAG_BYTES, TAG_SECONDS };
struct tag {
	bool of_host, of_dst; /* else of the flow */
	enum tag_unit unit;
	uint32_t count;
};
void state_tag(struct match *match, const struct tag *tag);

void state_bypass(struct match *match); /* the flow is looked at no more */

enum store_scope { STORE_FILE, STORE_TX, STORE_FLOW };
/* Files of these sides are kept; both false: of the side that is asked. */
void state_store(struct match *match, const bool sides[SIDES], enum store_scope scope);

/* config: logging disable, for this transaction or for the whole flow. */
void state_unlogged(struct match *match, bool of_flow);

/*
 * Asks the clauses of an inner buffer, anew and to their end: what base64_decode left. As for any buffer,
 * with match's own put back afterwards.
 */
bool match_inner(struct match *match, const struct clause *clauses, uint32_t cnt, struct slice bytes);
/* Memory for what a clause makes of its bytes; good until the rule is decided. NULL: no memory. */
uint8_t *match_room(struct match *match, size_t len);

#endif
