/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's means to ask rules: what was collected, what is being matched, what was found. Shared
 * by the files that ask (detect.c, transaction.c, match.c, buffer.c, verdict.c, state.c) and by
 * nobody else.
 */
#ifndef AGENT_DETECT_ASKING_H
#define AGENT_DETECT_ASKING_H

#include "detect/match.h"
#include "detect/memory.h"
#include "detect/prepare.h"
#include "detect/room.h"
#include "detect/ruleset.h"
#include "detect/scratch.h"
#include "detect/state.h"
#include "detect/tenants.h"
#include "inspect/stream.h"

#define FINDINGS_MAX 4096 /* of one packet */

/* A rule that matched, before passes, thresholds and the like had their say. */
struct finding {
	uint32_t number; /* of the rule */
	struct tx *tx; /* NULL: of none; of a packet: what was under way */
	const struct frame *frame; /* NULL: of none */
	bool in_stream, in_tx;
	enum rule_action action;
	uint8_t fate; /* as it came out */
};

#define VARS_MAX 16 /* of one rule */
struct found_var {
	bool of_flow;
	uint32_t name;
	struct slice key, value; /* in rule_room */
};

/* A worker; what it has for the one ruleset that it asks is in its scratch. */
struct detect {
	const struct ruleset *ruleset; /* the scratch's; NULL: no rules */
	struct scratch *scratch;
	bool payload_found_any, tx_found_any;
	bool payload_is_over; /* the bytes are ciphered: rules do not look at them */
	bool is_news; /* the packet is the one with which the flow's protocol became known */
	bool is_piece; /* of a stream, in front of a gap: the packet itself comes later */

	const struct tenant_rules *tenant; /* of the packet; NULL: rules are as they are written */
	const struct address_set **sets; /* its values, by number */
	uint64_t packets; /* so far */
	uint64_t pass; /* of a transaction's inspection: what is made of its bytes stays as long */
	struct room pass_room, rule_room;

	struct match match;
	struct found_var vars[VARS_MAX]; /* that the rule at hand captured */
	uint32_t var_cnt;
	struct stream_raw stream; /* bytes.at NULL: there is nothing new */

	struct finding findings[FINDINGS_MAX];
	uint32_t finding_cnt, told_cnt;
	struct alert alerts[FINDINGS_MAX];
	struct memory *memory; /* what hosts and times are remembered by */
	struct memory *own_memory;
	struct detect_order order; /* wait NULL: nobody shares the memory */
	struct detect_tally tally;
};

/* --- match.c --- */

/* match's buffer meets all clauses, and they end at end_min or behind it: 0 where all of it is new. */
bool match_clauses(struct match *match, const struct clause *clauses, uint32_t cnt, uint32_t end_min);

/* --- buffer.c --- */

/* Bytes after the source's transforms. false: no memory. */
bool buffer_transform(struct detect *detect, const struct source *source, enum side side,
		      uint32_t index, struct slice *bytes);
/* The field of a source for transactions of proto; NULL: it has none. */
const struct field *source_field(const struct source *source, enum proto_id proto);

/* --- detect.c --- */

/* What goes beyond a flow, as all that comes first left it. */
struct memory *memory_turn(const struct detect *detect);

/* Off the path, a packet that opens a stream carries nothing yet: protocols are asked of those behind it. */
bool packet_is_read(const struct packet *packet);
/*
 * What can be said without a look at the signature, and is said of all packets of a side alike: transport,
 * protocol, ports.
 */
bool rule_first_look(const struct asked *asked, const struct match *match);
/* Addresses, ports, direction, what is cheap. */
bool rule_header_holds(struct detect *detect, const struct asked *asked);
/*
 * Of a rule with <> whose ends differ: it holds from left to right and from right to left. It is two rules,
 * so it is found twice.
 */
bool rule_holds_twice(struct detect *detect, const struct asked *asked);
bool rule_tests_hold(const struct signature *s, struct match *match, bool of_tx);
/* Parts of payload and headers. *ret_in_stream: they are the stream's. */
bool rule_payload_holds(struct detect *detect, const struct asked *asked, bool *ret_in_stream);
void rule_begin(struct detect *detect, const struct signature *s, struct tx *tx);
/* Does what the rule says, remembers that it was found. */
void rule_found(struct detect *detect, const struct signature *s, bool in_stream);

/* --- transaction.c --- */

void transactions_ask(struct detect *detect, struct packet *packet);
/* As if all had been asked: of flows that are looked at no more. */
void transactions_skip(struct packet *packet);

/* --- frames.c --- */

void frames_ask(struct detect *detect, struct packet *packet);

/* --- verdict.c --- */

void verdict_reach(struct detect *detect, struct packet *packet);

/* --- state.c --- */

/* A flow's memory, made if it is not there; NULL: no memory. */
struct detect_flow *flow_state(const struct detect *detect, struct flow *flow);
/* The rule matched: what it captured stays. */
void vars_keep(struct detect *detect);
/* What the last packet's rules captured for it alone goes. */
void packet_vars_forget(struct detect_flow *state);

/* --- tag.c --- */

/* Marks a packet that an earlier one's rules want told. */
void tags_count(struct detect *detect, struct packet *packet);

/* What detection remembers of a flow. */
struct flow_int {
	uint32_t name, value;
};
struct flow_var {
	struct flow_var *next;
	uint32_t name;
	bool of_flow;
	struct slice key, value; /* behind the struct */
};
struct flow_tag { /* packets of the flow that a rule wants told; count 0: none */
	enum tag_unit unit;
	uint32_t count;
	uint64_t passed; /* packets or bytes so far */
	uint64_t begin_ns;
};
struct detect_flow {
	const struct detect *detect; /* that asks it */
	uint64_t *bits;
	uint32_t bit_words;
	struct flow_int *ints;
	uint32_t int_cnt;
	struct flow_var *vars;
	struct flow_tag tag;
	struct flow_alert *alerts; /* that were told once, and how often they were found */
	uint32_t alert_cnt;
};

/* What detection remembers of one side of a transaction. */
struct tx_rule {
	uint32_t number;
	uint32_t held; /* one bit for each part that was met */
	uint16_t file_cnt; /* that were there when it matched */
	bool is_done, was_first_asked, payload_held, in_stream;
};
#define TX_BODIES_MAX 4
struct detect_tx {
	struct tx_rule *rules; /* ascending */
	uint32_t rule_cnt, rule_cap;
	uint64_t scanned_steps; /* one bit for each step whose fields were looked through for good */
	struct {
		uint16_t source;
		uint64_t to;
	} bodies[TX_BODIES_MAX]; /* up to where those that grow were looked through */
	uint8_t body_cnt;
	uint32_t generation; /* of the ruleset whose numbers these are */
	bool is_done;
	uint64_t bits[4]; /* xbits of the transaction, hashed */
};

#endif
