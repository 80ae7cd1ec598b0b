/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which workers a frame concerns. Asked by the one thread that feeds all of them, so most frames are told by
 * a look at a few bytes; what that cannot tell is decoded.
 */
#ifndef AGENT_INSPECT_DEAL_H
#define AGENT_INSPECT_DEAL_H

#include "inspect/inspector.h"

#define DEAL_EVERYBODY UINT64_MAX

struct dealer {
	const struct inspect_settings *settings;
	struct decoder decoder;
};

void dealer_init(struct dealer *dealer, const struct inspect_settings *settings);
/* One bit for each worker. */
uint64_t dealer_ask(struct dealer *dealer, const struct capture_packet *frame);

#endif
