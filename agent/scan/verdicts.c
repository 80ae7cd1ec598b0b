// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the memory of findings: a hash table whose entries stand in a list by their last use. Called by
 * scan.c's
 * threads. Promises that it never holds more than it was made for.
 */
#include "scan/findings.h"

#include <pthread.h>

struct verdict {
	struct verdict *chain; /* of its bucket */
	struct verdict *older, *newer;
	uint8_t key[VERDICT_KEY_LEN];
	uint32_t epoch;
	struct findings findings;
};

struct verdicts {
	pthread_mutex_t lock;
	uint32_t cnt, most, bucket_cnt;
	struct verdict **buckets;
	struct verdict *oldest, *newest;
};

struct verdicts *verdicts_new(uint32_t most)
{
	struct verdicts *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->most = most ? most : 1;
	v->bucket_cnt = v->most;
	v->buckets = calloc(v->bucket_cnt, sizeof(struct verdict *));
	if (!v->buckets) {
		free(v);
		return NULL;
	}
	pthread_mutex_init(&v->lock, NULL);
	return v;
}

/* A SHA-256 needs no hash. */
static struct verdict **bucket_of(struct verdicts *v, const uint8_t *key)
{
	uint32_t hash;

	memcpy(&hash, key, sizeof(hash));
	return &v->buckets[hash % v->bucket_cnt];
}

static struct verdict *find(struct verdicts *v, const uint8_t *key)
{
	struct verdict *at = *bucket_of(v, key);

	while (at && memcmp(at->key, key, VERDICT_KEY_LEN) != 0)
		at = at->chain;
	return at;
}

static void list_take(struct verdicts *v, struct verdict *one)
{
	*(one->older ? &one->older->newer : &v->oldest) = one->newer;
	*(one->newer ? &one->newer->older : &v->newest) = one->older;
}

static void list_put(struct verdicts *v, struct verdict *one)
{
	one->older = v->newest;
	one->newer = NULL;
	*(v->newest ? &v->newest->newer : &v->oldest) = one;
	v->newest = one;
}

static void forget(struct verdicts *v, struct verdict *one)
{
	struct verdict **at = bucket_of(v, one->key);

	while (*at != one)
		at = &(*at)->chain;
	*at = one->chain;
	list_take(v, one);
	findings_free(&one->findings);
	free(one);
	v->cnt--;
}

bool verdicts_find(struct verdicts *v, const uint8_t key[VERDICT_KEY_LEN], uint32_t epoch,
		   struct findings *to)
{
	struct verdict *one;
	bool found = false;

	pthread_mutex_lock(&v->lock);
	one = find(v, key);
	if (one && one->epoch != epoch) {
		forget(v, one);
		one = NULL;
	}
	if (one) {
		list_take(v, one);
		list_put(v, one);
		found = findings_copy(&one->findings, to);
	}
	pthread_mutex_unlock(&v->lock);
	return found;
}

void verdicts_put(struct verdicts *v, const uint8_t key[VERDICT_KEY_LEN], uint32_t epoch,
		  const struct findings *findings)
{
	struct verdict *one = calloc(1, sizeof(*one)), *old, **bucket;

	if (!one || !findings_copy(findings, &one->findings)) {
		free(one);
		return;
	}
	memcpy(one->key, key, VERDICT_KEY_LEN);
	one->epoch = epoch;
	pthread_mutex_lock(&v->lock);
	old = find(v, key);
	if (old)
		forget(v, old);
	if (v->cnt == v->most && v->oldest)
		forget(v, v->oldest);
	bucket = bucket_of(v, key);
	one->chain = *bucket;
	*bucket = one;
	list_put(v, one);
	v->cnt++;
	pthread_mutex_unlock(&v->lock);
}

void verdicts_free(struct verdicts *v)
{
	if (!v)
		return;
	for (struct verdict *one = v->oldest, *next; one; one = next) {
		next = one->newer;
		findings_free(&one->findings);
		free(one);
	}
	pthread_mutex_destroy(&v->lock);
	free(v->buckets);
	free(v);
}
