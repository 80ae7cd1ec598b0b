/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the control socket and policy/install's lists of addresses and of names, which are safe for
 * several threads: what takes seconds runs in the worker, the rest at once. Called by agent.c, change.c,
 * method/state and method/names.
 */
#include "lists_care.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "install/lists.h"
#include "install/names.h"
#include "method/method.h"
#include "text/counted.h"
#include "text/sealed.h"

#define CARE_S 60 /* how often overlays are folded, and what could not be written is written */

struct lists_care {
	struct worker *worker;
	struct lists *lists;
	struct names *names;
	struct source *second;
	unsigned int seconds; /* since the last care */
	bool caring; /* the worker has it */
	pthread_mutex_t lock; /* of words */
	char words[128];
};

static void words_set(struct lists_care *care, const char *list, size_t done, size_t total)
{
	pthread_mutex_lock(&care->lock);
	if (list)
		snprintf(care->words, sizeof(care->words), "reading %.64s (%zu of %zu)", list, done,
			 total);
	else
		snprintf(care->words, sizeof(care->words), "ready");
	pthread_mutex_unlock(&care->lock);
}

void lists_care_words(struct lists_care *care, char *out, size_t cap)
{
	pthread_mutex_lock(&care->lock);
	snprintf(out, cap, "%s", care->words);
	pthread_mutex_unlock(&care->lock);
}

/* In the worker: what takes long and nobody waits for. */
static void care_run(void *arg)
{
	struct lists_care *care = arg;
	struct diag diag;

	diag_init(&diag);
	lists_fold(care->lists, &diag);
	names_fold(care->names, &diag);
	lists_keep(care->lists, &diag);
	names_keep(care->names, &diag);
	log_diag("lists", &diag);
	diag_free(&diag);
}

static void care_done(void *arg)
{
	struct lists_care *care = arg;

	care->caring = false;
	care->seconds = 0;
}

static void second_past(void *arg)
{
	struct lists_care *care = arg;
	size_t ended = lists_expire(care->lists, time(NULL));

	ended += names_expire(care->names, time(NULL));
	if (ended)
		log_info("lists: the time of %s is over", COUNTED(ended, "entry"));
	names_clock(care->names);
	if (care->seconds++ >= CARE_S && !care->caring)
		care->caring = !worker_post(care->worker, care_run, care_done, care);
}

static int lists_start(struct lists_care *care, struct gate *gate, struct journal *journal,
		       const char *path, struct diag *diag)
{
	int err = lists_open(gate, path, &care->lists, diag);

	if (!err)
		err = names_open(gate, path, &care->names, diag);
	if (err)
		return err;
	names_clock(care->names);
	err = names_overrides_read(care->names, journal);
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "what tenants decided of names cannot be read: %s", strerror(-err));
	return err;
}

int lists_care_new(struct loop *loop, struct worker *worker, struct gate *gate,
		   struct journal *journal, const char *state_dir, struct lists_care **ret_lists)
{
	struct lists_care *care = calloc(1, sizeof(*care));
	char path[256];
	struct diag diag;
	int err = 0;

	if (!care)
		return -ENOMEM;
	care->worker = worker;
	pthread_mutex_init(&care->lock, NULL);
	snprintf(care->words, sizeof(care->words), "none loaded yet");
	snprintf(path, sizeof(path), "%s/lists", state_dir);
	diag_init(&diag);
	if (mkdir(path, 0750) && errno != EEXIST) {
		err = -errno;
		log_error("lists: %s cannot be made: %s", path, strerror(-err));
	}
	if (!err)
		err = lists_start(care, gate, journal, path, &diag);
	if (!err)
		err = loop_timer(loop, 1000, 1000, second_past, care, &care->second);
	log_diag("lists", &diag);
	diag_free(&diag);
	if (err) {
		lists_care_free(care);
		return err;
	}
	*ret_lists = care;
	return 0;
}

void lists_care_free(struct lists_care *care)
{
	if (!care)
		return;
	source_remove(care->second);
	if (care->lists)
		lists_close(care->lists);
	names_close(care->names);
	pthread_mutex_destroy(&care->lock);
	free(care);
}

void lists_care_forget(struct lists_care *care)
{
	lists_forget(care->lists);
	names_forget(care->names);
}

int lists_care_recall(struct lists_care *care, struct journal *journal)
{
	return names_overrides_read(care->names, journal);
}

struct names *lists_care_names(struct lists_care *care)
{
	return care->names;
}

static void load_progress(void *arg, const char *list, size_t done, size_t total)
{
	words_set(arg, list, done, total);
}

static void load_end(struct lists_care *care, int err, size_t list_cnt, uint64_t start)
{
	words_set(care, NULL, 0, 0);
	if (!err && list_cnt)
		log_info("lists: %s read, %llu ms", COUNTED(list_cnt, "list"),
			 (unsigned long long)((clock_mono_ns() - start) / 1000000));
}

int lists_care_prepare(struct lists_care *care, const struct policy *policy, uint32_t generation,
		       struct diag *diag)
{
	uint64_t start = clock_mono_ns();
	int err = lists_prepare(care->lists, policy, generation, load_progress, care, diag);

	if (!err) {
		err = names_prepare(care->names, policy, generation, load_progress, care, diag);
		if (err)
			lists_abort(care->lists);
	}
	load_end(care, err, policy->list_cnt + policy->name_list_cnt, start);
	return err;
}

static void settle_run(void *arg)
{
	struct lists_care *care = arg;
	struct diag diag;

	diag_init(&diag);
	lists_settle(care->lists, &diag);
	names_settle(care->names, &diag);
	log_diag("lists", &diag);
	diag_free(&diag);
}

static void settle_done(void *arg)
{
}

/* If it cannot be now, the next table does it. */
static void settle_post(struct lists_care *care)
{
	if (worker_post(care->worker, settle_run, settle_done, care))
		log_warn("lists: memory of the former ones is kept until the next change");
}

void lists_care_commit(struct lists_care *care, struct gate *gate, uint32_t generation)
{
	names_commit_begin(care->names);
	lists_commit(care->lists, gate, generation);
	names_commit_end(care->names);
	settle_post(care);
}

void lists_care_abort(struct lists_care *care)
{
	lists_abort(care->lists);
	names_abort(care->names);
	settle_post(care);
}

struct reload {
	struct lists_care *care;
	struct edition *edition;
	struct diag diag;
};

static void reload_run(void *arg)
{
	struct reload *r = arg;

	const struct policy *policy = r->edition->policy;
	uint64_t start = clock_mono_ns();
	int err = lists_load(r->care->lists, policy, load_progress, r->care, &r->diag);
	int names_err = names_load(r->care->names, policy, load_progress, r->care, &r->diag);

	load_end(r->care, err ? err : names_err, policy->list_cnt + policy->name_list_cnt, start);
}

static void reload_done(void *arg)
{
	struct reload *r = arg;

	log_diag("lists", &r->diag);
	diag_free(&r->diag);
	edition_put(r->edition);
	free(r);
}

void lists_care_reload(struct lists_care *care, struct edition *edition)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (r) {
		r->care = care;
		r->edition = edition_get(edition);
		diag_init(&r->diag);
		if (!worker_post(care->worker, reload_run, reload_done, r))
			return;
		reload_done(r);
	}
	log_error("lists: they cannot be read now; what the kernel holds stays in force");
}

/* Lists of both kinds; what the table of names is beside them, as "names". */
static json_t *show_both(struct lists_care *care)
{
	json_t *all = lists_show(care->lists, NULL), *names = names_show(care->names, NULL);

	json_array_extend(json_object_get(all, "lists"), json_object_get(names, "lists"));
	json_object_del(names, "lists");
	json_object_set_new(all, "names", names);
	return all;
}

void lists_care_renew(struct lists_care *care, struct edition *edition, const char *list,
		      bool names, bool accepted)
{
	if (accepted && names)
		names_accept(care->names, list);
	else if (accepted)
		lists_accept(care->lists, list);
	lists_care_reload(care, edition);
}

json_t *lists_care_show(struct lists_care *care, struct ticket *ticket, json_t *params)
{
	const char *list = NULL;
	json_t *result;

	if (!param_string(ticket, params, "list", false, &list))
		return NULL;
	result = !list				? show_both(care)
		 : names_has(care->names, list) ? names_show(care->names, list)
						: lists_show(care->lists, list);
	if (!result)
		ticket_fault(ticket, RPC_NOT_FOUND, NULL, "there is no list \"%s\"",
			     list ? list : "");
	return result;
}

/* One error code for a kind of failure; the words are in diag. */
static int list_code(int err)
{
	return err == -ENOENT		       ? RPC_NOT_FOUND
	       : err == -EAGAIN		       ? RPC_BUSY
	       : err == -ENOMEM || err == -EIO ? RPC_INTERNAL
					       : RPC_INPUT;
}

static void list_answer(struct ticket *ticket, int err, const struct diag *diag, json_t *result)
{
	if (!err) {
		ticket_result(ticket, result);
		return;
	}
	json_decref(result);
	ticket_fault(ticket, list_code(err), diag_data(diag), "%s",
		     diag->cnt ? diag->entries[diag->cnt - 1].text : strerror(-err));
}

struct list_params {
	const char *list, *prefix, *reason;
	int64_t seconds;
};

static int64_t until_of(const struct list_params *p)
{
	return p->seconds ? time(NULL) + p->seconds : 0;
}

static bool list_params(struct ticket *ticket, json_t *params, struct list_params *p)
{
	*p = (struct list_params){ .reason = "" };
	return param_string(ticket, params, "list", true, &p->list) &&
	       param_string(ticket, params, "prefix", true, &p->prefix) &&
	       param_string(ticket, params, "reason", false, &p->reason) &&
	       param_number(ticket, params, "for", 0, 10LL * 366 * 86400, &p->seconds);
}

void lists_care_add(struct lists_care *care, struct ticket *ticket, json_t *params)
{
	struct list_params p;
	struct diag diag;
	json_t *result;
	int err;

	if (!list_params(ticket, params, &p))
		return;
	diag_init(&diag);
	err = names_has(care->names, p.list)
		      ? names_add(care->names, p.list, p.prefix, until_of(&p), p.reason, &diag)
		      : lists_add(care->lists, p.list, p.prefix, until_of(&p), p.reason, &diag);
	result = diag_data(&diag);
	json_object_set_new(result, "added", json_boolean(!err));
	/* Wished for and there: nothing went wrong. */
	if (err == -EEXIST)
		err = 0;
	else if (!err)
		log_info("lists: %s added %s to %s: %s", ticket_peer(ticket)->user, p.prefix,
			 p.list, p.reason);
	list_answer(ticket, err, &diag, result);
	diag_free(&diag);
}

void lists_care_delete(struct lists_care *care, struct ticket *ticket, json_t *params)
{
	struct list_params p;
	struct diag diag;
	json_t *result;
	int err;

	if (!list_params(ticket, params, &p))
		return;
	diag_init(&diag);
	err = names_has(care->names, p.list)
		      ? names_delete(care->names, p.list, p.prefix, p.reason, &diag)
		      : lists_delete(care->lists, p.list, p.prefix, p.reason, &diag);
	result = diag_data(&diag);
	json_object_set_new(result, "deleted", json_boolean(!err));
	if (!err)
		log_info("lists: %s deleted %s from %s: %s", ticket_peer(ticket)->user, p.prefix,
			 p.list, p.reason);
	list_answer(ticket, err, &diag, result);
	diag_free(&diag);
}

/* --- list.replace, in the worker --- */

struct replacement {
	struct lists_care *care;
	struct ticket *ticket;
	json_t *params; /* keeps the words */
	int fd; /* the ticket's: the text */
	const char *list, *format;
	bool force;
	struct lists_change change;
	struct diag diag;
	int err;
};

static int replace_read(struct replacement *r, char **ret_text, size_t *ret_len)
{
	int err = sealed_read(r->fd, LIST_REPLACE_BYTES_MAX, ret_text, ret_len);

	if (err == -EFBIG)
		diag_add(&r->diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the text is larger than %u MiB, the most that a list's file may have",
			 LIST_REPLACE_BYTES_MAX >> 20);
	else if (err)
		diag_add(&r->diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 err == -EPERM ? "the text does not come in sealed memory (%s)"
				       : "the text cannot be read: %s",
			 strerror(-err));
	return err;
}

static void replace_run(void *arg)
{
	struct replacement *r = arg;
	char *text = NULL;
	size_t len = 0;

	words_set(r->care, r->list, 0, 1);
	r->err = replace_read(r, &text, &len);
	if (!r->err && names_has(r->care->names, r->list))
		r->err = names_replace(r->care->names, r->list, text, len, r->format, r->force,
				       &r->change, &r->diag);
	else if (!r->err)
		r->err = lists_replace(r->care->lists, r->list, text, len, r->format, r->force,
				       &r->change, &r->diag);
	free(text);
	words_set(r->care, NULL, 0, 0);
}

static void replace_done(void *arg)
{
	struct replacement *r = arg;
	json_t *result = diag_data(&r->diag);

	if (!r->err) {
		json_object_set_new(result, "list", json_string(r->list));
		json_object_set_new(result, "before", json_integer((json_int_t)r->change.before_cnt));
		json_object_set_new(result, "after", json_integer((json_int_t)r->change.after_cnt));
		json_object_set_new(result, "by_hand",
				    json_integer((json_int_t)r->change.by_hand_cnt));
		json_object_set_new(result, "read_ms",
				    json_integer((json_int_t)(r->change.read_ns / 1000000)));
		json_object_set_new(result, "build_ms",
				    json_integer((json_int_t)(r->change.build_ns / 1000000)));
		log_info("lists: %s replaced %s: %s (were %zu), %s by hand ended",
			 ticket_peer(r->ticket)->user, r->list, COUNTED(r->change.after_cnt, "entry"),
			 r->change.before_cnt, COUNTED(r->change.by_hand_cnt, "change"));
	} else {
		log_warn("lists: %s could not replace %s: %s", ticket_peer(r->ticket)->user, r->list,
			 r->diag.cnt ? r->diag.entries[r->diag.cnt - 1].text : strerror(-r->err));
	}
	list_answer(r->ticket, r->err, &r->diag, result);
	diag_free(&r->diag);
	json_decref(r->params);
	free(r);
}

void lists_care_replace(struct lists_care *care, struct ticket *ticket, json_t *params)
{
	struct replacement *r;
	const char *list, *format = NULL;

	if (!param_string(ticket, params, "list", true, &list) ||
	    !param_string(ticket, params, "format", false, &format))
		return;
	if (ticket_file(ticket) < 0) {
		ticket_fault(ticket, RPC_PARAMS, NULL,
			     "the list's text must come with the request, as sealed memory");
		return;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		ticket_fault(ticket, RPC_INTERNAL, NULL, "no memory");
		return;
	}
	*r = (struct replacement){ .care = care,
				   .ticket = ticket,
				   .params = json_incref(params),
				   .fd = ticket_file(ticket),
				   .list = list,
				   .format = format,
				   .err = -ECANCELED,
				   .force = json_is_true(json_object_get(params, "force")) };
	diag_init(&r->diag);
	if (worker_post(care->worker, replace_run, replace_done, r)) {
		json_decref(r->params);
		diag_free(&r->diag);
		free(r);
		ticket_fault(ticket, RPC_BUSY, NULL, "too much at once; ask again");
	}
}
