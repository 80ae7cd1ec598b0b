/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where workers rest between two frames until all of them do, and one does what none may be amid: ports,
 * rules. On the path it is one load.
 */
#ifndef AGENT_INLINE_MEETING_H
#define AGENT_INLINE_MEETING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct meeting {
	unsigned int members;
	atomic_uint called; /* how often */
	pthread_mutex_t lock;
	pthread_cond_t over;
	unsigned int there, held; /* under lock; held: how many meetings there were */
	bool off; /* nobody waits any more */
};

void meeting_init(struct meeting *meeting, unsigned int members);
void meeting_end(struct meeting *meeting);

/* Some member will never come: those that wait go on, and nobody works. */
void meeting_cancel(struct meeting *meeting);

/* Any thread's: members are to come; what was written before is seen by who does the work. */
void meeting_call(struct meeting *meeting);
/* A member's, who has attended so many: is he wanted? */
static inline bool meeting_wants(const struct meeting *meeting, unsigned int attended)
{
	return atomic_load_explicit(&meeting->called, memory_order_acquire) != attended;
}
/* The last member to come does the work while the others wait. */
void meeting_attend(struct meeting *meeting, void (*work)(void *arg), void *arg);

#endif
