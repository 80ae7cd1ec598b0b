/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For whom a flow is still looked at: rules that may match, records of its protocol, whoever looks into its
 * files. Found out anew when more is known of it, not with each packet.
 */
#ifndef AGENT_INSPECT_PURPOSE_H
#define AGENT_INSPECT_PURPOSE_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct inspect_settings;

struct purpose {
	uint32_t known; /* of what the rest was found out; 0: nothing yet */
	uint32_t rules; /* that may still match, at most */
	uint8_t whom; /* SEK_FOR_*; 0: nobody */
};

/* Brings flow->purpose up to date. True: it is another than before. */
bool purpose_look(const struct inspect_settings *settings, struct flow *flow);

#endif
