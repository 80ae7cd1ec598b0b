/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several inspectors, each in a thread of its own. Frames go to them in batches, some of which are under way:
 * while they are inspected the next is filled and the records of those before are joined.
 */
#ifndef AGENT_INSPECT_CREW_H
#define AGENT_INSPECT_CREW_H

#include "inspect/inspector.h"

struct crew;

int crew_new(const struct inspect_settings *settings, struct crew **ret_crew);
/* Copies the frame to whom it concerns. */
int crew_frame(struct crew *crew, const struct capture_packet *frame);
int crew_tick(struct crew *crew, uint64_t now_ns, uint64_t frame);
/* Ends all flows and waits for all records; ret_tally: the sum over all. */
int crew_finish(struct crew *crew, uint64_t now_ns, struct engine_tally *ret_tally);
/* Waits until all frames that were given are inspected. */
void crew_rest(struct crew *crew);
/* Number i; NULL: there are no more. To be touched while the crew rests. */
struct inspector *crew_inspector(struct crew *crew, unsigned int i);
void crew_free(struct crew *crew);

void engine_tally_add(struct engine_tally *to, const struct engine_tally *from);

#endif
