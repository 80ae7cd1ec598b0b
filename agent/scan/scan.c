// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the threads that look into files, and their queue. Called by file/scanned.c. Promises that a file is
 * looked at in bounded time, and that one that was not is said so.
 */
#include "scan/scan.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <time.h>

#include "scan/child.h"
#include "scan/clamd.h"
#include "scan/wire.h"

#define SECOND_NS 1000000000ull
#define CLAMD_REST_S 5 /* one that does not answer is left alone for so long */

struct scan_job {
	struct scan_job *next;
	struct grown name, passwords;
	struct scan_result result;
	struct scan_call call; /* done NULL: who began it waits */
	/* Under the room's lock: */
	bool done;
	bool left; /* by who began it */
};

struct scan_room {
	const struct scan_settings *settings;
	struct child *child; /* NULL: neither archives nor YARA */
	struct verdicts *verdicts; /* NULL: none are remembered */
	_Atomic uint32_t epoch;
	pthread_t *threads;
	uint32_t thread_cnt;
	pthread_mutex_t lock;
	pthread_cond_t has_more, is_done;
	/* Under the lock: */
	struct scan_job *first, **end; /* of those that wait */
	uint32_t waiting;
	bool over;
	struct scan_tally tally;
	uint64_t clamd_rests_until; /* of the monotonic clock */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* --- ClamAV --- */

static enum clamd_says clamd_ask_one(struct scan_room *room, struct slice bytes, uint64_t deadline,
				     char name[CLAMD_NAME_MAX])
{
	enum clamd_says says;
	bool rests;

	pthread_mutex_lock(&room->lock);
	rests = now_ns() < room->clamd_rests_until;
	pthread_mutex_unlock(&room->lock);
	if (rests)
		return CLAMD_UNAVAILABLE;
	says = clamd_ask(room->settings->clamd, bytes, deadline, name);
	if (says == CLAMD_UNAVAILABLE) {
		pthread_mutex_lock(&room->lock);
		room->clamd_rests_until = now_ns() + CLAMD_REST_S * SECOND_NS;
		pthread_mutex_unlock(&room->lock);
	}
	return says;
}

/* The file and its members; the first that is not answered ends it. */
static bool clamd_look(struct scan_room *room, struct scan_job *job)
{
	uint64_t deadline = now_ns() + room->settings->clamd_seconds * SECOND_NS;
	struct scan_result *result = &job->result;

	for (uint32_t i = 0; i <= result->member_cnt; i++) {
		const struct grown *bytes = i ? &result->members[i - 1].bytes : &result->bytes;
		char name[CLAMD_NAME_MAX];
		enum clamd_says says = clamd_ask_one(room, grown_slice(bytes), deadline, name);

		if (says == CLAMD_UNAVAILABLE)
			return false;
		if (says == CLAMD_FOUND)
			findings_add(&result->findings, SCAN_CLAMAV, i, slice_text(name),
				     slice(NULL, 0));
	}
	return true;
}

/* --- a job --- */

/* Of all that the findings depend on: YARA's rules may ask the name, archives a password. */
static bool key_make(const struct scan_job *job, uint8_t key[VERDICT_KEY_LEN])
{
	const uint64_t lens[] = { job->name.len, job->passwords.len };
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	bool made = sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) &&
		    EVP_DigestUpdate(sum, lens, sizeof(lens)) &&
		    EVP_DigestUpdate(sum, job->name.at, job->name.len) &&
		    EVP_DigestUpdate(sum, job->passwords.at, job->passwords.len) &&
		    EVP_DigestUpdate(sum, job->result.bytes.at, job->result.bytes.len) &&
		    EVP_DigestFinal_ex(sum, key, NULL);

	EVP_MD_CTX_free(sum);
	return made;
}

static void findings_make(struct scan_room *room, struct scan_job *job, bool knows)
{
	struct scan_result *r = &job->result;
	bool asks_yara = !knows && room->settings->yara_cnt;

	if (room->child && !child_scan(room->child, grown_slice(&job->name), grown_slice(&r->bytes),
				       grown_slice(&job->passwords), asks_yara, r))
		r->failure = SCAN_FAILED;
	if (!knows && room->settings->clamd && !clamd_look(room, job) && !r->failure)
		r->failure = SCAN_NO_CLAMD;
	r->findings.files = r->member_cnt + 1;
	findings_sort(&r->findings);
}

/* All but the file itself. */
static void result_empty(struct scan_result *r)
{
	const struct grown bytes = r->bytes;

	for (uint32_t i = 0; i < r->member_cnt; i++) {
		grown_free(&r->members[i].path);
		grown_free(&r->members[i].bytes);
	}
	free(r->members);
	findings_free(&r->findings);
	*r = (struct scan_result){ .bytes = bytes };
}

/*
 * What is known is not looked at again. Members are unpacked all the same, since rules ask their bytes;
 * where
 * others come out than those that are known (they ran into time or memory), nothing is known.
 */
static bool job_remember(struct scan_room *room, struct scan_job *job, struct findings *known)
{
	struct scan_result *r = &job->result;

	if (known->files == 1)
		r->findings.stops = known->stops;
	else
		findings_make(room, job, true);
	if (r->failure || r->member_cnt + 1 != known->files || r->findings.stops != known->stops) {
		result_empty(r);
		return false;
	}
	findings_free(&r->findings);
	r->findings = *known;
	*known = (struct findings){ .hits = NULL };
	return true;
}

static void job_do(struct scan_room *room, struct scan_job *job)
{
	uint32_t epoch = room->epoch;
	struct findings known = { .hits = NULL };
	uint8_t key[VERDICT_KEY_LEN];
	bool has_key = room->verdicts && key_make(job, key), cached = false;

	if (has_key && verdicts_find(room->verdicts, key, epoch, &known))
		cached = job_remember(room, job, &known);
	findings_free(&known);
	if (!cached) {
		findings_make(room, job, false);
		if (has_key && !job->result.failure && !(job->result.findings.stops & WIRE_YARA_TIME))
			verdicts_put(room->verdicts, key, epoch, &job->result.findings);
	}
	pthread_mutex_lock(&room->lock);
	room->tally.scanned++;
	room->tally.cached += cached;
	room->tally.members += job->result.member_cnt;
	room->tally.failed += job->result.failure == SCAN_FAILED;
	room->tally.unavailable += job->result.failure == SCAN_NO_CLAMD;
	pthread_mutex_unlock(&room->lock);
}

static void job_free(struct scan_job *job)
{
	result_empty(&job->result);
	grown_free(&job->result.bytes);
	grown_free(&job->name);
	grown_free(&job->passwords);
	free(job);
}

/* --- threads --- */

/* Under the lock, so that who leaves a job is not called any more. */
static void job_end(struct scan_room *room, struct scan_job *job)
{
	if (job->left) {
		job_free(job);
		return;
	}
	job->done = true;
	pthread_cond_broadcast(&room->is_done);
	if (job->call.done)
		job->call.done(job->call.arg);
}

static void *thread_run(void *arg)
{
	struct scan_room *room = arg;

	pthread_mutex_lock(&room->lock);
	for (;;) {
		struct scan_job *job;

		while (!room->first && !room->over)
			pthread_cond_wait(&room->has_more, &room->lock);
		job = room->first;
		if (!job)
			break;
		room->first = job->next;
		if (!room->first)
			room->end = &room->first;
		room->waiting--;
		pthread_mutex_unlock(&room->lock);
		job_do(room, job);
		pthread_mutex_lock(&room->lock);
		job_end(room, job);
	}
	pthread_mutex_unlock(&room->lock);
	return NULL;
}

static int threads_begin(struct scan_room *room)
{
	room->threads = calloc(room->settings->threads, sizeof(*room->threads));
	if (!room->threads)
		return -ENOMEM;
	for (; room->thread_cnt < room->settings->threads; room->thread_cnt++) {
		int ret = -pthread_create(&room->threads[room->thread_cnt], NULL, thread_run, room);

		if (ret)
			return ret;
	}
	return 0;
}

int scan_room_new(const struct scan_settings *settings, const char *program,
		  struct scan_room **ret_room, struct diag *diag)
{
	struct scan_room *room = calloc(1, sizeof(*room));
	int ret = 0;

	if (!room)
		return -ENOMEM;
	room->settings = settings;
	room->end = &room->first;
	pthread_mutex_init(&room->lock, NULL);
	pthread_cond_init(&room->has_more, NULL);
	pthread_cond_init(&room->is_done, NULL);
	if (settings->archives || settings->yara_cnt)
		ret = child_new(settings, program, &room->child, diag);
	if (!ret && settings->cache) {
		room->verdicts = verdicts_new(settings->cache);
		ret = room->verdicts ? 0 : -ENOMEM;
	}
	if (!ret)
		ret = threads_begin(room);
	if (ret) {
		scan_room_free(room);
		return ret;
	}
	*ret_room = room;
	return 0;
}

void scan_room_free(struct scan_room *room)
{
	if (!room)
		return;
	pthread_mutex_lock(&room->lock);
	room->over = true;
	pthread_cond_broadcast(&room->has_more);
	pthread_mutex_unlock(&room->lock);
	for (uint32_t i = 0; i < room->thread_cnt; i++)
		pthread_join(room->threads[i], NULL);
	free(room->threads);
	child_free(room->child);
	verdicts_free(room->verdicts);
	pthread_cond_destroy(&room->is_done);
	pthread_cond_destroy(&room->has_more);
	pthread_mutex_destroy(&room->lock);
	free(room);
}

const struct scan_settings *scan_room_settings(const struct scan_room *room)
{
	return room->settings;
}

struct scan_tally scan_room_tally(struct scan_room *room)
{
	struct scan_tally tally;

	pthread_mutex_lock(&room->lock);
	tally = room->tally;
	pthread_mutex_unlock(&room->lock);
	return tally;
}

int scan_room_renew(struct scan_room *room, struct diag *diag)
{
	int ret = room->child ? child_renew(room->child, diag) : 0;

	if (!ret)
		room->epoch++;
	return ret;
}

/* --- who asks --- */

int scan_begin(struct scan_room *room, struct grown *bytes, struct slice name,
	       struct slice passwords, struct scan_job **ret_job)
{
	return scan_begin_told(room, bytes, name, passwords, NULL, ret_job);
}

int scan_begin_told(struct scan_room *room, struct grown *bytes, struct slice name,
		    struct slice passwords, const struct scan_call *call, struct scan_job **ret_job)
{
	struct scan_job *job = calloc(1, sizeof(*job));
	int ret = 0;

	if (!job) {
		grown_free(bytes);
		return -ENOMEM;
	}
	if (call)
		job->call = *call;
	job->result.bytes = *bytes;
	*bytes = (struct grown){ .at = NULL };
	if (!grown_add(&job->name, name) || !grown_add(&job->passwords, passwords) ||
	    !grown_add(&job->passwords, grown_slice(&room->settings->passwords)))
		ret = -ENOMEM;
	pthread_mutex_lock(&room->lock);
	if (!ret && room->waiting >= room->settings->queue) {
		room->tally.full++;
		ret = -EBUSY;
	}
	if (!ret) {
		*room->end = job;
		room->end = &job->next;
		room->waiting++;
		pthread_cond_signal(&room->has_more);
	}
	pthread_mutex_unlock(&room->lock);
	if (ret) {
		job_free(job);
		return ret;
	}
	*ret_job = job;
	return 0;
}

struct scan_result *scan_wait(struct scan_room *room, struct scan_job *job)
{
	pthread_mutex_lock(&room->lock);
	while (!job->done)
		pthread_cond_wait(&room->is_done, &room->lock);
	pthread_mutex_unlock(&room->lock);
	return &job->result;
}

struct scan_result *scan_look(struct scan_room *room, struct scan_job *job)
{
	bool done;

	pthread_mutex_lock(&room->lock);
	done = job->done;
	pthread_mutex_unlock(&room->lock);
	return done ? &job->result : NULL;
}

void scan_job_free(struct scan_room *room, struct scan_job *job)
{
	scan_wait(room, job);
	job_free(job);
}

void scan_job_leave(struct scan_room *room, struct scan_job *job)
{
	bool done;

	pthread_mutex_lock(&room->lock);
	done = job->done;
	job->left = true;
	pthread_mutex_unlock(&room->lock);
	if (done)
		job_free(job);
}
