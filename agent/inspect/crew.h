/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several inspectors, each in a thread of its own. Frames go to them in batches, two of which are under way:
 * while one is inspected the next is filled and the records of the one before are joined.
 */
#ifndef AGENT_INSPECT_CREW_H
#define AGENT_INSPECT_CREW_H

#include "inspect/inspector.h"

#define CREW_MAX 64 /* workers: one bit each */

struct crew;

int crew_new(const struct inspect_settings *settings, struct crew **ret_crew);
/* Copies the frame to whom it concerns. */
int crew_frame(struct crew *crew, const struct capture_packet *frame);
int crew_tick(struct crew *crew, uint64_t now_ns, uint64_t frame);
/* Ends all flows and waits for all records; ret_tally: the sum over all. */
int crew_finish(struct crew *crew, struct engine_tally *ret_tally);
void crew_free(struct crew *crew);

void engine_tally_add(struct engine_tally *to, const struct engine_tally *from);

#endif
