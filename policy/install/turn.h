/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is to make a table of lists: one at a time, of no thread, since a table may wait for its
 * policy. Lists of addresses and lists of names have one each; names.c and lists.c use it, and the files
 * beside them.
 *
 * The lock is held around everything that looks at contents (short), the turn for as long as a table takes.
 */
#ifndef POLICY_INSTALL_TURN_H
#define POLICY_INSTALL_TURN_H

#include <pthread.h>
#include <stdbool.h>

/* STAGED waits for its policy; LEFT for somebody to clear up behind it. */
enum turn_state { TURN_FREE, TURN_BUILDING, TURN_STAGED, TURN_LEFT };

struct turn {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* `state` is another one */
	enum turn_state state;
	bool recording; /* a table is being made: changes by hand are remembered for it */
	bool renew; /* a whole table is due: the overlay has not all changes by hand */
};

void turn_open(struct turn *turn);
void turn_close(struct turn *turn);

/*
 * Takes the turn, and records from here on. The lock is not held, before and after. True: it was LEFT, and
 * whoever has it now clears up.
 */
bool turn_begin(struct turn *turn);
/*
 * The same without waiting: false, nobody else's turn is touched. due: it is noted then that a whole table
 * is due behind it.
 */
bool turn_try(struct turn *turn, bool due, bool *ret_left);

/* The table is made, and waits for its policy: changes by hand are recorded on. The lock is not held. */
void turn_stage(struct turn *turn);

/* Ends the turn. The lock is held; what was recorded is of no more use. */
void turn_give(struct turn *turn, enum turn_state state);

/* A whole table is due, and nobody is making one. The lock is held. */
static inline bool turn_due(const struct turn *turn)
{
	return turn->renew && turn->state == TURN_FREE;
}

#endif
