/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a flow carries: finds out which protocol it is, feeds its parser, keeps its transactions until all
 * have seen them.
 */
#ifndef AGENT_INSPECT_SESSION_H
#define AGENT_INSPECT_SESSION_H

#include "inspect/flow.h"

/*
 * Bytes of one side of a stream, from the first that was not taken on. Returns how many were taken; all of
 * them when nobody reads. lost: bytes in front that never came. ends: nothing follows.
 */
uint64_t session_stream(struct session *session, struct packet *packet, enum side side,
			struct slice bytes, uint64_t lost, bool ends);
/* A datagram: what its parser does not take is gone. */
void session_datagram(struct session *session, struct packet *packet);
/* False: nobody reads the bytes of that side any more. */
bool session_reads(const struct session *session);
/* Forgets transactions that are over, told and inspected. */
void session_clean(struct session *session);
void session_end(struct session *session);

#endif
