/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of RDP's beginning ([MS-RDPBCGR]): rdp.c finds the messages, rdplog.c has the records.
 */
#ifndef AGENT_PROTO_RDP_H
#define AGENT_PROTO_RDP_H

#include "base/cursor.h"
#include "proto/proto.h"

enum rdp_kind { RDP_REQUEST, RDP_CONFIRM, RDP_CONNECT, RDP_CONNECTED, RDP_CERTIFICATES };

/* What a negotiation is of: 2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2; the numbers are the wire's. */
enum rdp_negotiation {
	RDP_NO_NEGOTIATION,
	RDP_NEGOTIATION_ASKED,
	RDP_NEGOTIATION_ANSWERED,
	RDP_NEGOTIATION_FAILED
};

struct rdp_tx {
	struct tx tx;
	enum rdp_kind kind;
	uint8_t *message; /* that the slices are of */
	struct slice cookie; /* of a request */
	enum rdp_negotiation negotiation; /* of a request, a confirm */
	uint8_t flags; /* of the negotiation */
	uint32_t protocol; /* that the server chose; or why it refused */
	struct slice blocks; /* of a connect: what the client tells of itself (2.2.1.3) */
	struct slice chain; /* certificates, each behind its length */
};

/* The next of a connect's blocks (2.2.1.3.1); false: there is none that is whole. */
bool rdp_block_next(struct cursor *blocks, uint16_t *ret_type, struct slice *ret_body);

/* rdplog.c */
bool rdp_log(struct tx *tx, struct json *json);

#endif
