/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two heads in turn, of which list_live() (sekisho/list.h) tells the packets of each policy slot one,
 * and the overlay of each in an outer map of two. Used by listmap.c and namemap.c, one build at a time.
 */
#ifndef POLICY_INSTALL_HEADS_H
#define POLICY_INSTALL_HEADS_H

#include <stdbool.h>
#include <stdint.h>

struct heads {
	uint32_t *word; /* what list_live() reads; mapped */
	uint32_t live; /* number of the live head */
	int overs_fd; /* the outer map of overlays; not owned */
	int over_fd; /* the overlay of the live head; -1: none that this process knows */
	int next_over_fd; /* of the head that is being made, or -1 */
};

/* What is live for the policy in force, in this slot, stays so. */
struct heads heads_open(uint32_t *word, uint32_t slot, int overs_fd);
void heads_close(struct heads *heads);

static inline uint32_t heads_next(const struct heads *heads)
{
	return !heads->live;
}

/* Takes this map as the next head's overlay. The kernel waits, so nobody uses that head any more after it. */
int heads_over(struct heads *heads, int fd);

/* One store, after which every packet sees the next head. Waits until none uses the former one. */
void heads_swap(struct heads *heads);

/*
 * The same for the packets of a policy that is about to be live in this slot; all others stay with the
 * former head. Nothing is waited for.
 */
void heads_offer(struct heads *heads, uint32_t slot);
/* That policy is the next thing to be live: its head is the live one from here on. */
void heads_take(struct heads *heads);
/* After heads_take() or an offer that nobody took: waits for the packets of the policy that has gone. */
void heads_settle(struct heads *heads);

/* Whether a next head was begun; then its overlay is let go. */
bool heads_drop(struct heads *heads);

#endif
