// SPDX-License-Identifier: Apache-2.0
/*
 * Places of workers and who waits for them. Called by inspectors with each packet, by what is shared before
 * it is touched; promises that what one worker wrote before it passed on is seen by who waited for it.
 */
#include "inspect/turns.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define PHASE_BITS 8
#define SPINS 10000 /* looks, some 20 us, before the CPU is left to somebody else */
#define NAP_NS 1000000 /* at most, should the word that somebody moved on be missed */

struct turns {
	unsigned int cnt;
	_Alignas(64) _Atomic uint64_t wanted; /* the least place that somebody sleeps for */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct turn_place places[];
};

int turns_new(unsigned int cnt, struct turns **ret_turns)
{
	size_t size = sizeof(struct turns) + cnt * sizeof(struct turn_place);
	struct turns *turns = aligned_alloc(64, (size + 63) & ~(size_t)63);

	if (!turns)
		return -ENOMEM;
	turns->cnt = cnt;
	atomic_init(&turns->wanted, UINT64_MAX);
	pthread_mutex_init(&turns->lock, NULL);
	pthread_cond_init(&turns->moved, NULL);
	for (unsigned int i = 0; i < cnt; i++) {
		atomic_init(&turns->places[i].at, 0);
		atomic_init(&turns->places[i].flow, 0);
	}
	*ret_turns = turns;
	return 0;
}

void turns_free(struct turns *turns)
{
	if (!turns)
		return;
	pthread_cond_destroy(&turns->moved);
	pthread_mutex_destroy(&turns->lock);
	free(turns);
}

static uint64_t place_of(const struct order_key *key)
{
	uint64_t max = UINT64_MAX >> PHASE_BITS;

	return (key->frame < max ? key->frame : max) << PHASE_BITS | key->phase;
}

void turns_say(struct turns *turns, unsigned int worker, const struct order_key *key)
{
	struct turn_place *place = &turns->places[worker];
	uint64_t at = place_of(key);

	/* Who reads an old place with a new flow's 0, or a new flow of a later place, is not misled. */
	if (atomic_load_explicit(&place->at, memory_order_relaxed) != at) {
		atomic_store_explicit(&place->flow, 0, memory_order_release);
		atomic_store_explicit(&place->at, at, memory_order_release);
	}
	if (key->phase == 0)
		atomic_store_explicit(&place->flow, key->flow, memory_order_release);
	if (at < atomic_load_explicit(&turns->wanted, memory_order_relaxed))
		return;
	pthread_mutex_lock(&turns->lock);
	atomic_store_explicit(&turns->wanted, UINT64_MAX, memory_order_relaxed);
	pthread_cond_broadcast(&turns->moved);
	pthread_mutex_unlock(&turns->lock);
}

static bool has_come(struct turn_place *other, uint64_t at, uint64_t flow)
{
	uint64_t other_at = atomic_load_explicit(&other->at, memory_order_acquire);

	return other_at > at ||
	       (other_at == at && atomic_load_explicit(&other->flow, memory_order_acquire) >= flow);
}

static void nap(struct turns *turns, struct turn_place *other, uint64_t at, uint64_t flow)
{
	struct timespec until;

	pthread_mutex_lock(&turns->lock);
	if (at < atomic_load_explicit(&turns->wanted, memory_order_relaxed))
		atomic_store_explicit(&turns->wanted, at, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!has_come(other, at, flow)) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += NAP_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&turns->moved, &turns->lock, &until);
	}
	pthread_mutex_unlock(&turns->lock);
}

void turns_await(struct turns *turns, unsigned int worker)
{
	struct turn_place *mine = &turns->places[worker];
	uint64_t at = atomic_load_explicit(&mine->at, memory_order_relaxed);
	uint64_t flow = atomic_load_explicit(&mine->flow, memory_order_relaxed);

	for (unsigned int i = 0; i < turns->cnt; i++) {
		struct turn_place *other = &turns->places[i];

		if (i == worker)
			continue;
		for (unsigned int spins = 0; !has_come(other, at, flow); spins++) {
			if (spins >= SPINS)
				nap(turns, other, at, flow);
		}
	}
}
