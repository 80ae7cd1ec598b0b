/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literals by Hyperscan: collecting, compiling on all CPUs, looking. Called by build.c and scan.c.
 * A database is compiled once and then only read.
 */
#include "detect/pattern.h"

#include <errno.h>
#include <hs/hs_compile.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "detect/cache.h"

struct pattern {
	uint8_t *bytes;
	uint32_t len;
	bool nocase;
	uint32_t next; /* in its bucket, one more than its number; 0: none */
	struct pattern_user *users;
	uint32_t user_cnt, user_cap;
};

struct pattern_list {
	struct pattern *at;
	uint32_t cnt, cap;
	uint32_t *buckets; /* one more than the number of its first; 0: none */
	uint32_t bucket_cnt; /* a power of two */
};

struct patterns {
	hs_database_t *database;
	uint32_t *first; /* by pattern: of its users; one more than patterns */
	struct pattern_user *users;
	size_t len_min, len_max;
	uint32_t end_max; /* of all users: nothing lies behind it */
};

/* --- a list --- */

struct pattern_list *pattern_list_new(void)
{
	return calloc(1, sizeof(struct pattern_list));
}

void pattern_list_free(struct pattern_list *list)
{
	if (!list)
		return;
	for (uint32_t i = 0; i < list->cnt; i++) {
		free(list->at[i].bytes);
		free(list->at[i].users);
	}
	free(list->at);
	free(list->buckets);
	free(list);
}

static uint32_t bytes_hash(struct slice bytes, bool nocase)
{
	uint32_t hash = nocase ? 2166136261U : 16777619U; /* FNV-1a */

	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ bytes.at[i]) * 16777619U;
	return hash ^ hash >> 15;
}

static int buckets_grow(struct pattern_list *list)
{
	uint32_t cnt = list->bucket_cnt ? list->bucket_cnt * 2 : 64;
	uint32_t *buckets = calloc(cnt, sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->cnt; i++) {
		struct pattern *p = &list->at[i];
		uint32_t *bucket =
			&buckets[bytes_hash(slice(p->bytes, p->len), p->nocase) & (cnt - 1)];

		p->next = *bucket;
		*bucket = i + 1;
	}
	free(list->buckets);
	list->buckets = buckets;
	list->bucket_cnt = cnt;
	return 0;
}

static int list_grow(struct pattern_list *list)
{
	uint32_t cap = list->cap ? list->cap * 2 : 32;
	struct pattern *at = realloc(list->at, cap * sizeof(*at));

	if (!at)
		return -ENOMEM;
	list->at = at;
	list->cap = cap;
	return 0;
}

static struct pattern *pattern_of(struct pattern_list *list, struct slice bytes, bool nocase)
{
	uint32_t *bucket;
	struct pattern *p;

	if (list->cnt >= list->bucket_cnt && buckets_grow(list))
		return NULL;
	bucket = &list->buckets[bytes_hash(bytes, nocase) & (list->bucket_cnt - 1)];
	for (uint32_t i = *bucket; i; i = list->at[i - 1].next) {
		p = &list->at[i - 1];
		if (p->nocase == nocase && p->len == bytes.len &&
		    memcmp(p->bytes, bytes.at, bytes.len) == 0)
			return p;
	}
	if (list->cnt == list->cap && list_grow(list))
		return NULL;
	p = &list->at[list->cnt];
	*p = (struct pattern){ .bytes = malloc(bytes.len),
			       .len = (uint32_t)bytes.len,
			       .nocase = nocase,
			       .next = *bucket };
	if (!p->bytes)
		return NULL;
	memcpy(p->bytes, bytes.at, bytes.len);
	*bucket = ++list->cnt;
	return p;
}

static uint8_t byte_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

int pattern_list_add(struct pattern_list *list, struct slice bytes, bool nocase,
		     struct pattern_user user)
{
	uint8_t *lower = NULL;
	struct pattern *p;

	if (nocase) { /* one pattern, however its letters are written */
		lower = calloc(1, bytes.len);
		if (!lower)
			return -ENOMEM;
		for (size_t i = 0; i < bytes.len; i++)
			lower[i] = byte_lower(bytes.at[i]);
		bytes.at = lower;
	}
	p = pattern_of(list, bytes, nocase);
	free(lower);
	if (!p)
		return -ENOMEM;
	if (p->user_cnt == p->user_cap) {
		uint32_t cap = p->user_cap ? p->user_cap * 2 : 1;
		struct pattern_user *users = realloc(p->users, cap * sizeof(*users));

		if (!users)
			return -ENOMEM;
		p->users = users;
		p->user_cap = cap;
	}
	p->users[p->user_cnt++] = user;
	return 0;
}

/* --- compiling --- */

/* What a database is made of, and by what: another of either is another database. */
static int list_key(const struct pattern_list *list, uint8_t key[CACHE_KEY_LEN])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	hs_platform_info_t platform;
	bool made = md && hs_populate_platform(&platform) == HS_SUCCESS &&
		    EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

	if (made) {
		EVP_DigestUpdate(md, hs_version(), strlen(hs_version()));
		EVP_DigestUpdate(md, &platform.tune, sizeof(platform.tune));
		EVP_DigestUpdate(md, &platform.cpu_features, sizeof(platform.cpu_features));
	}
	for (uint32_t i = 0; made && i < list->cnt; i++) {
		uint32_t head[2] = { list->at[i].len, list->at[i].nocase };

		EVP_DigestUpdate(md, head, sizeof(head));
		EVP_DigestUpdate(md, list->at[i].bytes, list->at[i].len);
	}
	made = made && EVP_DigestFinal_ex(md, key, NULL) == 1;
	EVP_MD_CTX_free(md);
	return made ? 0 : -ENOMEM;
}

static int list_compile(const struct pattern_list *list, hs_database_t **ret_database)
{
	const char **texts = calloc(list->cnt, sizeof(*texts));
	unsigned int *flags = calloc(list->cnt, sizeof(*flags)),
		     *ids = calloc(list->cnt, sizeof(*ids));
	size_t *lens = calloc(list->cnt, sizeof(*lens));
	hs_compile_error_t *error = NULL;
	int rc = texts && flags && ids && lens ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < list->cnt; i++) {
		texts[i] = (const char *)list->at[i].bytes;
		lens[i] = list->at[i].len;
		flags[i] = HS_FLAG_SINGLEMATCH | (list->at[i].nocase ? HS_FLAG_CASELESS : 0);
		ids[i] = i;
	}
	if (rc == 0 && hs_compile_lit_multi(texts, flags, ids, lens, list->cnt, HS_MODE_BLOCK, NULL,
					    ret_database, &error) != HS_SUCCESS) {
		rc = -EINVAL;
		hs_free_compile_error(error);
	}
	free(texts);
	free(flags);
	free(ids);
	free(lens);
	return rc;
}

/* The lists of users one behind the other; the list that grew is needed no more. */
static int users_pack(const struct pattern_list *list, struct patterns *patterns)
{
	size_t total = 0;

	for (uint32_t i = 0; i < list->cnt; i++)
		total += list->at[i].user_cnt;
	patterns->first = calloc(list->cnt + 1, sizeof(*patterns->first));
	patterns->users = calloc(total + 1, sizeof(*patterns->users));
	if (!patterns->first || !patterns->users)
		return -ENOMEM;
	total = 0;
	patterns->len_min = SIZE_MAX;
	for (uint32_t i = 0; i < list->cnt; i++) {
		const struct pattern *p = &list->at[i];

		patterns->first[i] = (uint32_t)total;
		memcpy(patterns->users + total, p->users, p->user_cnt * sizeof(*p->users));
		for (uint32_t u = 0; u < p->user_cnt; u++)
			if (p->users[u].end_max > patterns->end_max)
				patterns->end_max = p->users[u].end_max;
		total += p->user_cnt;
		if (p->len < patterns->len_min)
			patterns->len_min = p->len;
		if (p->len > patterns->len_max)
			patterns->len_max = p->len;
	}
	patterns->first[list->cnt] = (uint32_t)total;
	return 0;
}

static int database_get(const struct pattern_list *list, const char *cache_dir,
			hs_database_t **ret_database)
{
	uint8_t key[CACHE_KEY_LEN];
	int rc;

	if (!cache_dir)
		return list_compile(list, ret_database);
	rc = list_key(list, key);
	if (rc || cache_read(cache_dir, key, ret_database) == 0)
		return rc;
	rc = list_compile(list, ret_database);
	if (rc == 0)
		cache_write(cache_dir, key, *ret_database);
	return rc;
}

static int patterns_make(const struct pattern_list *list, const char *cache_dir,
			 struct patterns **ret_patterns)
{
	struct patterns *patterns = calloc(1, sizeof(*patterns));
	int rc = patterns ? users_pack(list, patterns) : -ENOMEM;

	if (rc == 0)
		rc = database_get(list, cache_dir, &patterns->database);
	if (rc)
		patterns_free(patterns);
	else
		*ret_patterns = patterns;
	return rc;
}

struct compiling {
	struct pattern_list *const *lists;
	size_t *order; /* the largest first, that no CPU has it alone at the end */
	size_t cnt;
	const char *cache_dir;
	struct patterns **patterns;
	atomic_size_t next;
	atomic_int error;
};

static void *compile_some(void *arg)
{
	struct compiling *work = arg;
	size_t at;

	while ((at = atomic_fetch_add(&work->next, 1)) < work->cnt) {
		size_t i = work->order[at];
		int rc = patterns_make(work->lists[i], work->cache_dir, &work->patterns[i]);

		if (rc)
			atomic_store(&work->error, rc);
	}
	return NULL;
}

static int by_size(const void *a, const void *b, void *lists)
{
	uint32_t x = ((struct pattern_list *const *)lists)[*(const size_t *)a]->cnt;
	uint32_t y = ((struct pattern_list *const *)lists)[*(const size_t *)b]->cnt;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void threads_run(struct compiling *work, unsigned int threads)
{
	pthread_t others[64];
	unsigned int started = 0;

	for (; started + 1 < threads && started < 64; started++) {
		if (pthread_create(&others[started], NULL, compile_some, work))
			break;
	}
	compile_some(work);
	while (started)
		pthread_join(others[--started], NULL);
}

int patterns_compile(struct pattern_list *const *lists, size_t cnt, const char *cache_dir,
		     unsigned int threads, struct patterns **ret_patterns)
{
	struct compiling work = { .lists = lists,
				  .order = calloc(cnt ? cnt : 1, sizeof(size_t)),
				  .cache_dir = cache_dir,
				  .patterns = ret_patterns };

	if (!work.order)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++) {
		ret_patterns[i] = NULL;
		if (lists[i] && lists[i]->cnt)
			work.order[work.cnt++] = i;
	}
	qsort_r(work.order, work.cnt, sizeof(*work.order), by_size, (void *)lists);
	threads_run(&work, threads);
	free(work.order);
	if (!work.error)
		return 0;
	for (size_t i = 0; i < cnt; i++) {
		patterns_free(ret_patterns[i]);
		ret_patterns[i] = NULL;
	}
	return work.error;
}

void patterns_free(struct patterns *patterns)
{
	if (!patterns)
		return;
	hs_free_database(patterns->database);
	free(patterns->first);
	free(patterns->users);
	free(patterns);
}

/* --- looking --- */

int patterns_scratch(const struct patterns *patterns, hs_scratch_t **scratch)
{
	return hs_alloc_scratch(patterns->database, scratch) == HS_SUCCESS ? 0 : -ENOMEM;
}

size_t patterns_len_min(const struct patterns *patterns)
{
	return patterns->len_min;
}

size_t patterns_len_max(const struct patterns *patterns)
{
	return patterns->len_max;
}

struct looking {
	const struct patterns *patterns;
	uint64_t from;
	void (*found)(void *arg, uint32_t number);
	void *arg;
};

static int looking_hit(unsigned int id, unsigned long long from, unsigned long long to,
		       unsigned int flags, void *arg)
{
	const struct looking *looking = arg;
	const struct patterns *patterns = looking->patterns;
	uint64_t end = looking->from + to;

	for (uint32_t i = patterns->first[id]; i < patterns->first[id + 1]; i++) {
		if (end <= patterns->users[i].end_max || patterns->users[i].end_max == UINT32_MAX)
			looking->found(looking->arg, patterns->users[i].number);
	}
	return 0;
}

void patterns_find(const struct patterns *patterns, hs_scratch_t *scratch, struct slice bytes,
		   uint64_t from, void (*found)(void *arg, uint32_t number), void *arg)
{
	struct looking looking = { patterns, from, found, arg };

	if (patterns->end_max != UINT32_MAX && from + bytes.len > patterns->end_max)
		bytes.len = from < patterns->end_max ? (size_t)(patterns->end_max - from) : 0;
	if (bytes.len && bytes.len >= patterns->len_min)
		hs_scan(patterns->database, (const char *)bytes.at, (unsigned int)bytes.len, 0,
			scratch, looking_hit, &looking);
}
