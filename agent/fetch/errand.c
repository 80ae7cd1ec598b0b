/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of an errand, in order. Called by feeds.c in the fetching thread.
 * Promises: NAME.list is at every moment a whole list that was proven and weighed; a cut of power between
 * any two steps leaves the former one.
 */
#include "fetch/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetch/get.h"
#include "fetch/prove.h"
#include "lists/bytes.h"

#define WHY_MAX 512

char *errand_path(const char *dir, const char *name, const char *suffix, char *to)
{
	snprintf(to, ERRAND_PATH_MAX, "%s/%s.%s", dir, name, suffix);
	return to;
}

static char *copy(const char *text, bool *missing)
{
	char *to = text ? strdup(text) : NULL;

	*missing |= text && !to;
	return to;
}

struct errand *errand_new(const char *dir, const char *name, const char *format, bool names,
			  bool block, const struct model_feed *feed, const struct plan *plan)
{
	struct errand *e = calloc(1, sizeof(*e));
	bool missing = false;

	if (!e)
		return NULL;
	e->dir = copy(dir, &missing);
	e->name = copy(name, &missing);
	e->format = copy(format, &missing);
	e->names = names;
	e->block = block;
	e->feed = *feed;
	e->feed.url = copy(feed->url, &missing);
	e->feed.sha256 = copy(feed->sha256, &missing);
	e->feed.signature = copy(feed->signature, &missing);
	e->feed.key = copy(feed->key, &missing);
	e->feed.proxy = copy(feed->proxy, &missing);
	e->plan = *plan;
	diag_init(&e->diag);
	if (!missing)
		return e;
	errand_free(e);
	return NULL;
}

void errand_free(struct errand *e)
{
	if (!e)
		return;
	free(e->dir);
	free(e->name);
	free(e->format);
	free(e->feed.url);
	free(e->feed.sha256);
	free(e->feed.signature);
	free(e->feed.key);
	free(e->feed.proxy);
	diag_free(&e->diag);
	free(e);
}

static struct get get_of(const struct errand *e, const char *url, uint64_t max_bytes)
{
	return (struct get){ .url = url,
			     .proxy = e->feed.proxy,
			     .insecure = e->feed.insecure,
			     .private = e->feed.private,
			     .max_bytes = max_bytes,
			     .stop = e->stop };
}

/* --- is it what was published? --- */

static int sum_find(const struct errand *e, char hex[PROVE_HEX], char *why)
{
	const struct get get = get_of(e, e->feed.sha256, PROVE_SUMS_MAX);
	char *text, words[WHY_MAX];
	size_t len = 0;
	int err;

	if (!strchr(e->feed.sha256, ':')) {
		for (size_t i = 0; i < PROVE_HEX; i++) {
			char c = e->feed.sha256[i];

			hex[i] = (char)(c >= 'A' && c <= 'F' ? c | 0x20 : c);
		}
		return 0;
	}
	text = malloc(PROVE_SUMS_MAX);
	err = text ? get_text(&get, text, PROVE_SUMS_MAX, &len, words, sizeof(words)) : -ENOMEM;
	if (err)
		snprintf(why, WHY_MAX, "its sum cannot be fetched: %.400s",
			 text ? words : "no memory");
	else if ((err = prove_sum(text, len, e->feed.url, hex)))
		snprintf(why, WHY_MAX, "the file of sums has none for it");
	free(text);
	return err;
}

static int signature_check(const struct errand *e, const char *path, char *why)
{
	const struct get get = get_of(e, e->feed.signature, PROVE_SIGNATURE_MAX);
	char *text = malloc(PROVE_SIGNATURE_MAX), words[WHY_MAX] = "no memory";
	size_t len = 0;
	int err = -ENOMEM;

	if (text)
		err = get_text(&get, text, PROVE_SIGNATURE_MAX, &len, words, sizeof(words));
	if (err)
		snprintf(why, WHY_MAX, "its signature cannot be fetched: %.400s", words);
	else
		err = prove_signature(path, text, len, e->feed.key, why, WHY_MAX);
	free(text);
	return err;
}

static int prove(const struct errand *e, const char *path, char digest[PROVE_HEX], char *why)
{
	char wanted[PROVE_HEX];
	int err = prove_digest(path, digest);

	if (err) {
		snprintf(why, WHY_MAX, "what was fetched cannot be read: %s", strerror(-err));
		return err;
	}
	if (e->feed.sha256) {
		err = sum_find(e, wanted, why);
		if (!err && memcmp(wanted, digest, PROVE_HEX) != 0) {
			snprintf(why, WHY_MAX, "its SHA-256 is %.16s…, but %.16s… was promised",
				 digest, wanted);
			err = -EBADMSG;
		}
	}
	return err || !e->feed.signature ? err : signature_check(e, path, why);
}

/* --- unpacking --- */

static int flat_write(const char *to, const char *text, size_t len)
{
	FILE *out = fopen(to, "we");
	int err = out ? 0 : -errno;

	if (out && fwrite(text, 1, len, out) != len)
		err = -ENOSPC;
	if (out && fclose(out) && !err)
		err = -ENOSPC;
	return err;
}

/* Whether gzip packed it; fd stays at its beginning. */
static bool is_packed(int fd)
{
	char head[2];

	return pread(fd, head, sizeof(head), 0) == sizeof(head) && !memcmp(head, "\x1f\x8b", 2);
}

/* A file that is packed by gzip, in its place; what is not stays as it is. */
static int unpack(const struct errand *e, const char *path, char *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	char to[ERRAND_PATH_MAX], *text = NULL;
	size_t len = 0;

	if (fd >= 0 && !is_packed(fd)) {
		close(fd);
		return 0;
	}
	errand_path(e->dir, e->name, "flat", to);
	err = fd < 0 ? -errno : list_bytes_from(fd, e->feed.max_bytes, &text, &len);
	if (!err)
		err = flat_write(to, text, len);
	free(text);
	if (!err && rename(to, path))
		err = -errno;
	if (err) {
		unlink(to);
		snprintf(why, WHY_MAX, "it cannot be unpacked: %s",
			 err == -EFBIG ? "it is larger than it may be" : list_bytes_error(err));
	}
	return err;
}

/* --- putting it in place --- */

/* On the disk under its new name, or not at all. */
static int put(const struct errand *e, const char *from, const char *suffix)
{
	char to[ERRAND_PATH_MAX];
	int fd = open(from, O_RDONLY | O_CLOEXEC), dir, err = fd < 0 ? -errno : 0;

	if (!err && fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (!err && rename(from, errand_path(e->dir, e->name, suffix, to)))
		err = -errno;
	dir = err ? -1 : open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		if (fsync(dir))
			err = -errno;
		close(dir);
	}
	return err;
}

static void held_remove(const struct errand *e)
{
	char held[ERRAND_PATH_MAX];

	unlink(errand_path(e->dir, e->name, "held", held));
}

static void failed(struct errand *e, int64_t now, const char *why)
{
	e->outcome = ERRAND_FAILED;
	plan_failed(&e->plan, now, why);
}

/* The last words of diag are those of what refused it. */
static const char *last_words(const struct diag *diag, int err)
{
	for (size_t i = diag->cnt; i > 0; i--)
		if (diag->entries[i - 1].level == DIAG_ERROR)
			return diag->entries[i - 1].text;
	return strerror(-err);
}

static void weigh(struct errand *e, const char *part, int64_t now)
{
	char former[ERRAND_PATH_MAX];
	int err = errand_weigh(e, errand_path(e->dir, e->name, "list", former), part,
			       &e->before_cnt, &e->after_cnt, &e->diag);

	plan_same(&e->plan, now);
	if (err) {
		plan_text(e->plan.held, sizeof(e->plan.held), last_words(&e->diag, err));
		e->outcome = ERRAND_HELD;
		err = put(e, part, "held");
	} else {
		e->plan.held[0] = 0;
		e->plan.changed = now;
		e->outcome = ERRAND_CHANGED;
		err = put(e, part, "list");
		if (!err)
			held_remove(e);
	}
	if (err)
		failed(e, now, strerror(-err));
}

/* Something came. */
static void take(struct errand *e, const struct got *got, const char *part, int64_t now)
{
	char digest[PROVE_HEX], why[WHY_MAX];

	if (prove(e, part, digest, why) || unpack(e, part, why)) {
		failed(e, now, why);
		return;
	}
	snprintf(e->plan.etag, sizeof(e->plan.etag), "%s", got->etag);
	snprintf(e->plan.modified, sizeof(e->plan.modified), "%s", got->modified);
	if (memcmp(digest, e->plan.digest, PROVE_HEX) == 0) {
		plan_same(&e->plan, now);
		e->outcome = ERRAND_SAME;
		return;
	}
	memcpy(e->plan.digest, digest, PROVE_HEX);
	weigh(e, part, now);
}

/* Conditions are of use only while what they speak of is there. */
static void conditions_set(struct errand *e, struct get *get)
{
	char path[ERRAND_PATH_MAX];

	if (access(errand_path(e->dir, e->name, e->plan.held[0] ? "held" : "list", path), R_OK)) {
		e->plan.digest[0] = e->plan.held[0] = 0;
		return;
	}
	get->etag = e->plan.etag;
	get->modified = e->plan.modified;
}

void errand_run(struct errand *e, int64_t now)
{
	struct get get = get_of(e, e->feed.url, e->feed.max_bytes);
	char part[ERRAND_PATH_MAX], path[ERRAND_PATH_MAX], why[WHY_MAX];
	struct got got = {};
	int err;

	conditions_set(e, &get);
	err = get_file(&get, errand_path(e->dir, e->name, "part", part), &got, why, sizeof(why));
	if (err) {
		failed(e, now, why);
	} else if (got.outcome == GET_SAME) {
		plan_same(&e->plan, now);
		e->outcome = ERRAND_SAME;
	} else {
		take(e, &got, part, now);
	}
	unlink(part);
	if (plan_write(errand_path(e->dir, e->name, "plan", path), &e->plan))
		diag_add(&e->diag, DIAG_WARNING, path, 0, 0, "a restart asks again",
			 "what was fetched cannot be remembered");
}

int errand_accept(struct errand *e, int64_t now)
{
	char held[ERRAND_PATH_MAX], path[ERRAND_PATH_MAX];
	int err;

	if (!e->plan.held[0] || access(errand_path(e->dir, e->name, "held", held), R_OK))
		return -ENOENT;
	err = put(e, held, "list");
	if (err)
		return err;
	e->plan.held[0] = 0;
	e->plan.changed = now;
	e->outcome = ERRAND_CHANGED;
	return plan_write(errand_path(e->dir, e->name, "plan", path), &e->plan);
}
