/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions that wait for their other half: found by parsers when it comes, and not more of them than a
 * look through all may cost.
 */
#ifndef AGENT_PROTO_PENDING_H
#define AGENT_PROTO_PENDING_H

#include "proto/proto.h"

#define TX_PENDING_MAX 1024

static inline bool tx_is_pending(const struct tx *tx)
{
	return !tx_is_complete(tx, FROM_CLIENT) || !tx_is_complete(tx, FROM_SERVER);
}

/* The oldest of those that wait, if there are more than TX_PENDING_MAX; NULL: it is well. */
static inline struct tx *tx_pending_over(struct session *session)
{
	struct tx *oldest = NULL;
	size_t cnt = 0;

	for (struct tx *tx = tx_first(session); tx; tx = tx_next(tx))
		if (tx_is_pending(tx) && cnt++ == 0)
			oldest = tx;
	return cnt > TX_PENDING_MAX ? oldest : NULL;
}

#endif
