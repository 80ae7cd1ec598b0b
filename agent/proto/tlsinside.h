/* SPDX-License-Identifier: Apache-2.0 */
/* A connection while it is read: between records (tls.c) and the messages in them (tlsmessage.c). */
#ifndef AGENT_PROTO_TLSINSIDE_H
#define AGENT_PROTO_TLSINSIDE_H

#include "proto/tls.h"

struct tls_reader { /* of one side */
	enum { READS_HEAD, READS_BODY, READS_NOTHING } reads;
	bool has_tls; /* a record that is not SSL 2.0's was seen */
	bool ciphered; /* its handshake is, from here on */
	uint8_t type; /* of the record */
	uint32_t left; /* of it */
	/* the handshake message that is being put together */
	uint8_t head[4];
	uint8_t head_len;
	bool keeps;
	uint8_t *message;
	uint32_t len, cap, message_left;
};

struct tls_state {
	struct session *session;
	struct tx_kept kept; /* the one transaction */
	struct tls_tx *tx; /* the same, of this call; NULL: it is gone, and nothing is told any more */
	struct tls_reader side[SIDES];
	uint32_t records; /* of this call */
	bool heartbeat; /* one waits for its answer */
	enum side heartbeat_side;
	uint32_t heartbeat_len; /* of its record, when that is ciphered */
};

/* A side came as far as step, or was further before. The call's transaction must be there. */
void tls_progress(struct tls_state *state, enum side side, enum tls_step step);
/* Bytes of handshake records (RFC 8446, 5.1), in order; false: no memory. */
bool tls_handshake_read(struct tls_state *state, enum side side, struct slice bytes);

#endif
