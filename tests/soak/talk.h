/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the storms' traffic is made of: conversations that take one step when the step before has
 * come out at the other end, as real ends would, and packets that policy denies. Fits the policy
 * that tests/soak/storm.sh writes. Called by traffic.c, a thread with talks of its own.
 */
#ifndef TESTS_SOAK_TALK_H
#define TESTS_SOAK_TALK_H

#include "soak/wire.h"

/* Which of two policies, and of two lists, is in force. */
enum swing { SWING_A, SWING_B, SWING_EITHER };

enum talk_kind { TALK_TCP_LONG, TALK_TCP_SHORT, TALK_UDP_LONG, TALK_UDP_SHORT, TALK_ECHO };

struct body;

struct talk {
	const struct body *body;
	enum talk_kind kind;
	bool six, from_in; /* from_in: the Internet opens it */
	char near[46], far[46];
	uint16_t near_port, far_port;
	uint8_t step, round;
	bool fresh; /* its next packet opens a flow */
	bool waiting; /* for number to come out */
	uint32_t seq[2]; /* TCP, next of each side */
	uint32_t number;
	uint64_t sent_ns;
};

/* Names of the policy's bodies by number; number 0 and what is beyond: NULL. */
const char *body_name(unsigned int tenant);

/* A new conversation; index and thread make its addresses its own, salt its ports this run's own. */
void talk_begin(struct talk *talk, unsigned int thread, unsigned int index, uint32_t salt);
/* Whether its next step may be sent; takes note of a step that came out, or that never will. */
bool talk_ready(struct talk *talk, const struct ledger *ledger, uint64_t now_ns);
/* Where a conversation is, for people; the caller's. */
json_t *talk_told(const struct talk *talk);
enum soak_side talk_side(const struct talk *talk);
void talk_send(struct talk *talk, struct wire *wire, uint64_t now_ns);
/* An established TCP talk's packet from outside its window. False: there is none to make. */
bool talk_send_outside(const struct talk *talk, struct wire *wire);

/* The n-th packet of many kinds that policy denies. */
void denied_send(struct wire *wire, uint32_t n);
/* The n-th packet that one of two policies, or of two lists, denies. */
void swing_send(struct wire *wire, uint32_t n, enum swing policy, enum swing list);

/* A flow that always has another packet, to either side, once its first has come out. */
struct beacon {
	uint16_t port; /* no two threads' or runs' */
	bool open[2];
	uint32_t number[2]; /* last of each side */
};
void beacon_send(struct beacon *beacon, struct wire *wire, enum soak_side from);

#endif
