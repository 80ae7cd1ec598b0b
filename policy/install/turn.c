// SPDX-License-Identifier: Apache-2.0
/*
 * Turns of those who make tables. Called by lists.c and names.c and the files beside them.
 */
#include "install/turn.h"

void turn_open(struct turn *turn)
{
	*turn = (struct turn){};
	pthread_cond_init(&turn->changed, NULL);
	pthread_mutex_init(&turn->lock, NULL);
}

void turn_close(struct turn *turn)
{
	pthread_mutex_destroy(&turn->lock);
	pthread_cond_destroy(&turn->changed);
}

static bool is_taken(const struct turn *turn)
{
	return turn->state == TURN_BUILDING || turn->state == TURN_STAGED;
}

/* lock is held, and given back. */
static bool take(struct turn *turn)
{
	bool left = turn->state == TURN_LEFT;

	turn->state = TURN_BUILDING;
	turn->recording = true;
	pthread_cond_broadcast(&turn->changed);
	pthread_mutex_unlock(&turn->lock);
	return left;
}

bool turn_begin(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	while (is_taken(turn))
		pthread_cond_wait(&turn->changed, &turn->lock);
	return take(turn);
}

bool turn_try(struct turn *turn, bool due, bool *ret_left)
{
	pthread_mutex_lock(&turn->lock);
	if (is_taken(turn)) {
		turn->renew |= due;
		pthread_mutex_unlock(&turn->lock);
		return false;
	}
	*ret_left = take(turn);
	return true;
}

void turn_stage(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	turn->state = TURN_STAGED;
	pthread_mutex_unlock(&turn->lock);
}

void turn_give(struct turn *turn, enum turn_state state)
{
	turn->state = state;
	turn->recording = false;
	pthread_cond_broadcast(&turn->changed);
}
