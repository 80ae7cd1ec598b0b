/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is being asked at this moment: a worker's packet, flow, transaction and buffer. Clauses,
 * tests and acts see nothing else.
 */
#ifndef AGENT_DETECT_MATCH_H
#define AGENT_DETECT_MATCH_H

#include "detect/signature.h"

#define MATCH_VARS_MAX 32

struct match {
	struct detect *detect; /* NULL: nobody else asks at the same time, and nothing is remembered */
	const struct signature *signature;
	struct packet *packet;
	struct flow *flow; /* NULL: none */
	struct tx *tx; /* NULL: not of one */
	struct file *file; /* NULL: not of one */
	const struct frame *frame; /* NULL: not of one */
	enum side side;
	uint64_t now_ns;
	uint8_t events_old; /* of the session's events, how many packets before this one had */

	struct slice buffer; /* after transforms */
	uint64_t buffer_from; /* offset of its first byte in the whole: stream, body */
	bool is_begin, is_end; /* the whole begins here; nothing follows */
	uint32_t at; /* where the former clause ended: what relative ones count from */
	uint64_t again; /* of a clause that is asked for its next place: where to begin */
	uint64_t vars[MATCH_VARS_MAX]; /* of byte_extract and byte_math in this rule */
	struct slice base64; /* what base64_decode left */
	uint32_t end_min; /* what was looked at before: it must end behind that */
	uint32_t end; /* of what lies furthest behind, so far */
	uint32_t steps; /* that were taken for this rule and buffer: there is an end to going back */
};

#define MATCH_STEPS_MAX 3000 /* as many as Suricata's inspection-recursion-limit */

#endif
