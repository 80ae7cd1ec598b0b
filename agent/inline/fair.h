/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that have come to a worker and wait for it, each body's in its order, so that no body waits behind
 * another's flood: they are served in turns, by what their frames cost. Of one thread.
 */
#ifndef AGENT_INLINE_FAIR_H
#define AGENT_INLINE_FAIR_H

#include "dataplane/xsk.h"

struct fair;

/* NULL: no memory. */
struct fair *fair_new(void);
void fair_free(struct fair *fair);

/* False: no memory, and the frame is the caller's. */
bool fair_put(struct fair *fair, uint16_t tenant, const struct xsk_frame *frame);
/* The next, and whose it is. False: there is none. */
bool fair_take(struct fair *fair, struct xsk_frame *ret_frame, uint16_t *ret_tenant);
/* How many wait. */
size_t fair_cnt(const struct fair *fair);

#endif
