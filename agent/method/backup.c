/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.backup and agent.restore. The file comes with the request, opened by its owner's rights; all
 * that takes long is done in the worker, one after the other with changes of policy. Called by method.c.
 */
#include "install/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "change.h"
#include "compile/compile.h"
#include "lists_care.h"
#include "method/method.h"
#include "version.h"
#include "wholeness.h"

struct safekeeping {
	struct agent *agent;
	struct ticket *ticket;
	int fd; /* the ticket's */
	struct origin origin;
	bool had; /* had: there is a history that a restore would replace */
	char *message;
	/* what came of it */
	uint64_t bytes;
	char aside[512]; /* where the former state is kept; "" nowhere */
	char *text, *path; /* of the policy that comes back */
	json_t *about;
	struct diag diag;
	int err;
};

static void safekeeping_free(struct safekeeping *s)
{
	json_decref(s->about);
	free(s->message);
	free(s->text);
	free(s->path);
	diag_free(&s->diag);
	free(s);
}

static struct safekeeping *safekeeping_new(struct agent *agent, struct ticket *ticket)
{
	struct safekeeping *s = calloc(1, sizeof(*s));

	if (!s) {
		ticket_fault(ticket, RPC_INTERNAL, NULL, "no memory");
		return NULL;
	}
	s->agent = agent;
	s->ticket = ticket;
	s->fd = ticket_file(ticket);
	s->err = -ECANCELED; /* unless it runs: the agent may end before */
	diag_init(&s->diag);
	return s;
}

static void safekeeping_post(struct safekeeping *s, void (*run)(void *arg), void (*done)(void *arg))
{
	if (!worker_post(s->agent->long_jobs, run, done, s))
		return;
	ticket_fault(s->ticket, RPC_BUSY, NULL, "too much at once; ask again");
	safekeeping_free(s);
}

static void safekeeping_fault(struct safekeeping *s, const char *what)
{
	const char *why = s->diag.cnt ? s->diag.entries[s->diag.cnt - 1].text : strerror(-s->err);

	log_warn("%s by %s has failed: %s", what, ticket_peer(s->ticket)->user, why);
	ticket_fault(s->ticket, s->err == -EBADMSG || s->err == -EINVAL ? RPC_INPUT : RPC_INTERNAL,
		     diag_data(&s->diag), "%s", why);
	safekeeping_free(s);
}

/* --- backup --- */

/* What the agent was started with: told at a restore, for it is the unit file's to set. */
static json_t *settings_json(const struct settings *s)
{
	return json_pack("{s:s, s:I, s:s, s:I, s:I, s:I}", "metrics_addr", s->metrics_addr,
			 "metrics_port", (json_int_t)s->metrics_port, "policy",
			 s->policy ? s->policy : "", "flows", (json_int_t)s->flows_max, "eve_size",
			 (json_int_t)s->eve_mib, "eve_files", (json_int_t)s->eve_files);
}

static int state_write(const struct agent *agent, int fd, bool as_it_is, uint64_t *ret_bytes,
		       struct diag *diag)
{
	char host[256] = "", *settings;
	json_t *json = settings_json(agent->settings);
	struct backup_source source = { .state_dir = agent->settings->state_dir,
					.host = host,
					.instance = agent->settings->instance,
					.version = SEKISHO_VERSION,
					.as_it_is = as_it_is };
	int err;

	gethostname(host, sizeof(host) - 1);
	settings = json ? json_dumps(json, JSON_COMPACT) : NULL;
	source.settings = settings;
	err = backup_write(&source, fd, ret_bytes, diag);
	free(settings);
	json_decref(json);
	return err;
}

static void backup_run(void *arg)
{
	struct safekeeping *s = arg;

	s->err = state_write(s->agent, s->fd, false, &s->bytes, &s->diag);
}

static void backup_done(void *arg)
{
	struct safekeeping *s = arg;

	if (s->err) {
		safekeeping_fault(s, "backup");
		return;
	}
	log_info("backup: %s took one, %llu bytes", ticket_peer(s->ticket)->user,
		 (unsigned long long)s->bytes);
	ticket_result(s->ticket, json_pack("{s:I, s:I}", "bytes", (json_int_t)s->bytes, "generation",
					   (json_int_t)gate_generation(s->agent->gate)));
	safekeeping_free(s);
}

void method_agent_backup(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct safekeeping *s = param_file(ticket) ? safekeeping_new(agent, ticket) : NULL;

	if (s)
		safekeeping_post(s, backup_run, backup_done);
}

/* --- restore --- */

/* A policy that this program cannot read would leave the gateway with none. */
static int policy_try(struct safekeeping *s, const struct backup *backup)
{
	struct policy *policy;
	struct image *image;
	int err = backup_policy(backup, &s->text, &s->path);

	if (err == -ENOENT)
		diag_add(&s->diag, DIAG_ERROR, NULL, 0, 0, NULL, "there is no policy in this backup");
	if (err)
		return err == -ENOENT ? -EINVAL : err;
	policy = policy_parse(s->text, strlen(s->text), s->path, NULL, &s->diag);
	image = policy ? image_compile(policy, &s->diag) : NULL;
	err = image ? 0 : -EINVAL;
	image_free(image);
	policy_free(policy);
	return err;
}

/* The state of before goes to a backup of its own, whole or not: it may be why somebody restores. */
static int aside_keep(struct safekeeping *s)
{
	uint64_t bytes;
	int fd, err;

	snprintf(s->aside, sizeof(s->aside), "%s/before-restore-%lld-%u.backup",
		 s->agent->settings->state_dir, (long long)time(NULL),
		 gate_generation(s->agent->gate));
	fd = open(s->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	err = fd < 0 ? -errno : state_write(s->agent, fd, true, &bytes, &s->diag);
	if (fd >= 0)
		close(fd);
	if (err)
		diag_add(&s->diag, DIAG_ERROR, s->aside, 0, 0, "nothing was changed",
			 "the present state cannot be kept aside: %s", strerror(-err));
	if (err && fd >= 0)
		unlink(s->aside);
	return err;
}

static void restore_run(void *arg)
{
	struct safekeeping *s = arg;
	struct backup *backup = NULL;
	const char *dir = s->agent->settings->state_dir;

	s->err = lseek(s->fd, 0, SEEK_SET) < 0 ? -errno : backup_read(s->fd, dir, &backup, &s->diag);
	if (!s->err)
		s->err = policy_try(s, backup);
	if (!s->err && s->had)
		s->err = aside_keep(s);
	if (!s->err) {
		s->about = json_incref((json_t *)backup_about(backup));
		lists_care_forget(s->agent->lists);
		s->err = backup_commit(backup);
	}
	if (!s->err && backup_redo(dir, &s->diag) < 0)
		s->err = -EIO;
	backup_free(backup);
}

static const char *about_text(const struct safekeeping *s, const char *key)
{
	const char *text = json_string_value(json_object_get(s->about, key));

	return text ? text : "";
}

static void restore_done(void *arg)
{
	struct safekeeping *s = arg;
	struct agent *agent = s->agent;
	struct change_wish wish = { .action = "restore",
				    .bundle = s->text,
				    .path = s->path,
				    .origin = &s->origin,
				    .base = -1 };
	char message[600];
	int err;

	if (s->err) {
		safekeeping_fault(s, "restore");
		return;
	}
	snprintf(message, sizeof(message), "%s%sbackup of %.200s", s->message,
		 s->message[0] ? "; " : "", about_text(s, "host"));
	wish.message = message;
	wish.extra = json_pack("{s:O, s:s}", "about", s->about, "aside", s->aside);
	log_info("restore: %s brought back a backup of %s%s%s", ticket_peer(s->ticket)->user,
		 about_text(s, "host"), s->aside[0] ? "; what was before is in " : "", s->aside);
	if (wholeness_look(agent->wholeness))
		log_warn("restore: whether the history is whole is looked at by the next start");
	install_number_above(agent->gate, journal_highest(agent->journal));
	err = lists_care_recall(agent->lists, agent->journal);
	if (err)
		log_error("restore: what tenants decided of names cannot be read: %s",
			  strerror(-err));
	change_ask(agent->changes, s->ticket, &wish);
	safekeeping_free(s);
}

void method_agent_restore(struct agent *agent, struct ticket *ticket, json_t *params)
{
	bool force = json_is_true(json_object_get(params, "force"));
	bool had = journal_highest(agent->journal) > 0;
	const char *message = "";
	struct safekeeping *s;
	struct origin origin;

	if (!param_origin(ticket, params, &origin) ||
	    !param_string(ticket, params, "message", false, &message) || !param_file(ticket))
		return;
	if (confirm_wait(agent->confirm)) {
		ticket_fault(ticket, RPC_WAITS, NULL,
			     "a policy waits for its confirmation: confirm or roll back first");
		return;
	}
	if (had && !force) {
		ticket_fault(ticket, RPC_INPUT, NULL,
			     "this gateway has a history of its own, up to generation %u; with force it "
			     "is kept aside and replaced",
			     journal_highest(agent->journal));
		return;
	}
	s = safekeeping_new(agent, ticket);
	if (!s)
		return;
	s->origin = origin;
	s->had = had;
	s->message = strndup(message, 300);
	if (s->message) {
		safekeeping_post(s, restore_run, restore_done);
	} else {
		ticket_fault(ticket, RPC_INTERNAL, NULL, "no memory");
		safekeeping_free(s);
	}
}
