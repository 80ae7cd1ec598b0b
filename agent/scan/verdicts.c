// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the memory of findings, by their last use. Called by scan.c's threads. Promises that it never holds
 * more than it was made for.
 */
#include "scan/findings.h"

#include <assert.h>
#include <pthread.h>

#include "base/lru.h"

static_assert(VERDICT_KEY_LEN == LRU_KEY_LEN, "keys are the store's");

struct verdict {
	struct lru_entry entry; /* first; weighs 1 */
	uint32_t epoch;
	struct findings findings;
};

struct verdicts {
	pthread_mutex_t lock;
	struct lru known;
};

static void verdict_free(struct lru_entry *entry)
{
	struct verdict *one = (struct verdict *)entry;

	findings_free(&one->findings);
	free(one);
}

struct verdicts *verdicts_new(uint32_t most)
{
	struct verdicts *v = calloc(1, sizeof(*v));

	if (!most)
		most = 1;
	if (!v || lru_init(&v->known, most, most, verdict_free) < 0) {
		free(v);
		return NULL;
	}
	pthread_mutex_init(&v->lock, NULL);
	return v;
}

bool verdicts_find(struct verdicts *v, const uint8_t key[VERDICT_KEY_LEN], uint32_t epoch,
		   struct findings *to)
{
	struct verdict *one;
	bool found = false;

	pthread_mutex_lock(&v->lock);
	one = (struct verdict *)lru_find(&v->known, key);
	if (one && one->epoch != epoch) {
		lru_forget(&v->known, &one->entry);
		one = NULL;
	}
	if (one) {
		lru_touch(&v->known, &one->entry);
		found = findings_copy(&one->findings, to);
	}
	pthread_mutex_unlock(&v->lock);
	return found;
}

void verdicts_put(struct verdicts *v, const uint8_t key[VERDICT_KEY_LEN], uint32_t epoch,
		  const struct findings *findings)
{
	struct verdict *one = calloc(1, sizeof(*one));
	struct lru_entry *old;

	if (!one || !findings_copy(findings, &one->findings)) {
		free(one);
		return;
	}
	one->epoch = epoch;
	pthread_mutex_lock(&v->lock);
	old = lru_find(&v->known, key);
	if (old)
		lru_forget(&v->known, old);
	lru_add(&v->known, &one->entry, key);
	lru_weigh(&v->known, &one->entry, 1);
	pthread_mutex_unlock(&v->lock);
}

void verdicts_free(struct verdicts *v)
{
	if (!v)
		return;
	lru_end(&v->known);
	pthread_mutex_destroy(&v->lock);
	free(v);
}
