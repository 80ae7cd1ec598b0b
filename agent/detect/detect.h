/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules in, findings out. A ruleset is built once, checked, and then only read, by any number of
 * workers; what a worker needs beside it is a struct detect of its own.
 */
#ifndef AGENT_DETECT_DETECT_H
#define AGENT_DETECT_DETECT_H

#include "inspect/flow.h"
#include "text/diag.h"

struct config;
struct policy; /* model/model.h */

enum rule_action {
	RULE_ALERT,
	RULE_PASS,
	RULE_DROP,
	RULE_REJECT, /* the sender; also rejectsrc */
	RULE_REJECT_DST,
	RULE_REJECT_BOTH,
	RULE_CONFIG,
};

struct rule_word { /* of metadata, reference */
	const char *key, *value;
};

/* What records tell of a rule. Strings are the ruleset's. */
struct rule {
	uint32_t gid, sid, rev, priority;
	enum rule_action action;
	const char *msg; /* "" where it has none */
	const char *class_name, *class_msg; /* of classification.config; "" */
	const char *text; /* as it was written */
	const char *file;
	uint32_t line;
	const struct rule_word *metadata, *references;
	uint32_t metadata_cnt, reference_cnt;
	enum { TARGET_NONE, TARGET_SRC, TARGET_DST } target;
	bool noalert, stores_file;
};

/* What was found in a packet, in the order in which it is told. */
struct alert {
	const struct rule *rule;
	struct tx *tx; /* that it was found in, or NULL */
	const struct frame *frame; /* that it was found in, or NULL */
	bool tx_guessed; /* found in the packet or stream; tx is the one that was under way */
	uint8_t fate; /* enum packet_fate, after thresholds and passes */
	bool in_stream; /* the bytes are the stream's, not the packet's own */
	/* a threshold, noalert, or that the flow had it, keeps it out of the records; its fate counts */
	bool quiet;
};

struct ruleset_sources {
	const char *const *files; /* of rules, in order */
	size_t file_cnt;
	const struct config *config; /* vars, classification, reference, threshold file, ... */
	const char *cache_dir; /* of compiled patterns; NULL: none is kept */
	const struct policy *policy; /* whose bodies have rules of their own; NULL: all are alike */
	const struct ruleset *before; /* that it is to take the place of, under flows; NULL: none */
	unsigned int threads; /* that compile; 0: as many as there are CPUs */
};

struct ruleset_tally {
	uint32_t taken, refused, ignored; /* ignored: comments that were rules, requires: not met */
};

struct ruleset;

/*
 * Every rule that cannot be taken is named in diag, with file:line:column, the reason and what
 * would mend it; the others are built. Returns 0, or -errno where nothing could be built at all.
 */
int ruleset_build(const struct ruleset_sources *sources, struct ruleset **ret_ruleset,
		  struct ruleset_tally *ret_tally, struct diag *diag);
void ruleset_free(struct ruleset *ruleset);

/* Its rules by number, from 0; NULL: there are no more. */
const struct rule *ruleset_rule(const struct ruleset *ruleset, size_t number);

/* Is this keyword ("filemd5", "filestore", ...) in any of its rules? */
bool ruleset_asks(const struct ruleset *ruleset, const char *keyword);

/* Is any of its rules about frames? */
void ruleset_frame_types(const struct ruleset *ruleset, uint32_t types[PROTO_CNT]);

/*
 * How many of its rules may still match something of a flow that carries this (PROTO_UNKNOWN: nobody knows
 * yet), at most; of addresses alone as long as those of one side were not asked. 0: none will.
 */
uint32_t ruleset_rules_left(const struct ruleset *ruleset, const struct flow *flow,
			    enum proto_id proto);

struct detect; /* a worker: what it remembers, finds and counts */
/* ruleset NULL: no rules. Returns 0 or -ENOMEM. */
int detect_new(const struct ruleset *ruleset, struct detect **ret_detect);
void detect_free(struct detect *detect);

/*
 * Workers that share what is remembered beyond a flow (thresholds, bits of hosts, sets that rules
 * change). wait() returns when all that comes first in the order of the capture has been through
 * detection, of whichever worker; it is called where a rule's outcome depends on it, and never for
 * most packets. So the outcome is that of one worker.
 */
struct detect_order {
	void (*wait)(void *arg);
	void *arg;
};
/* with may be detect itself, else it must outlive it; before the first packet of either. */
void detect_join(struct detect *detect, struct detect *with, struct detect_order order);

/* From here on it is noted what asking each rule takes. Returns 0 or -ENOMEM; ruleset NULL: nothing is. */
struct rule_cost {
	uint64_t checks, hits, ns;
};
int detect_measure(struct detect *detect);
/* By number of the rule; NULL: it is not measured. */
const struct rule_cost *detect_costs(const struct detect *detect);

/*
 * What a worker needs to ask one set of rules: made aside, by any thread, so that the exchange itself takes
 * no time and never fails. measured: as after detect_measure(). Returns 0 or -ENOMEM.
 */
struct scratch;
int scratch_new(const struct ruleset *ruleset, bool measured, struct scratch **ret_scratch);
void scratch_free(struct scratch *scratch);
/*
 * detect, which has rules, goes on with those of *scratch, and *scratch is then what it had before. What
 * flows remember stays, see detect/exchange.h.
 */
void detect_exchange(struct detect *detect, struct scratch **scratch);
/* Was it built to take the place of that one? */
bool ruleset_follows(const struct ruleset *ruleset, const struct ruleset *before);
/* Sets that rules have changed go over to the ruleset that takes the place of from. */
void ruleset_take(const struct ruleset *ruleset, const struct ruleset *from);

/*
 * Asks all rules of a packet: of its headers, of its own payload, of the bytes that its stream got
 * whole with it, and of each transaction of its flow that went on. Fills packet->alerts and
 * packet->fate, the flow's too.
 */
void detect_packet(struct detect *detect, struct packet *packet);
/* What detection remembers of a flow and records tell. */
struct remembered {
	enum { REMEMBERED_FLOWBIT, REMEMBERED_FLOWINT, REMEMBERED_FLOWVAR, REMEMBERED_PKTVAR } kind;
	struct slice name; /* of variables without one: empty */
	uint32_t value; /* FLOWINT */
	struct slice bytes; /* of variables */
};
/* Number i, flowbits first, then flowints, then variables; false: there are no more. */
bool detect_remembered(const struct packet *packet, const struct flow *flow, size_t i,
		       struct remembered *ret);

/* How often a rule's alert was found in a flow, where it is told once a flow (sekisho.alerts). */
struct flow_alert {
	uint32_t gid, sid;
	uint64_t times;
};
/* Number i, in the order in which they were told; NULL: there are no more, or each is told. */
const struct flow_alert *detect_flow_alert(const struct flow *flow, size_t i);

/* Frees what detection remembers; a flow's or a transaction's owner calls them. */
void detect_flow_free(struct detect_flow *state);
void detect_tx_free(struct detect_tx *state);
/* What is remembered by hosts and times goes by the packets' clock. */
void detect_tick(struct detect *detect, uint64_t now_ns);

struct detect_tally {
	uint64_t alerts, quiet;
	uint64_t repeated; /* counted, since the flow had the alert before */
	uint64_t lost; /* no room in a packet's alerts */
	uint64_t memory_short; /* something could not be remembered */
};
struct detect_tally detect_tally(const struct detect *detect);

#endif
