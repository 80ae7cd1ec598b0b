/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's one way to change the policy. Called by standing.c and method/policy. A change has a
 * half in the worker (read, compile, write the idle generation, load lists) and a half in the loop
 * (commit, journal, ports).
 */
#include "change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "base/log.h"
#include "dataplane/pagelink.h"
#include "fetch/feeds.h"
#include "lists_care.h"
#include "prove/prove.h"
#include "release.h"
#include "standing.h"
#include "watch/probe.h"

#define HASH_CAP 65 /* hex of a SHA-256 */

struct change {
	struct change *next;
	struct agent *agent;
	struct ticket *ticket; /* NULL: the agent's own */
	void (*own_done)(struct agent *agent, int err);
	char *bundle, *path, *message, *checks;
	json_t *extra;
	const char *action;
	struct origin origin;
	int64_t base;
	uint32_t confirm_s;
	bool unchecked;
	bool former; /* the journal has the live policy: it can come back */
	/* what the worker may see of the present; nothing else changes it meanwhile */
	struct edition *live;
	uint32_t live_generation;
	char live_hash[HASH_CAP];
	uint32_t tc_ports;
	/* what it made */
	struct policy *policy;
	struct image *image;
	char hash[HASH_CAP];
	uint32_t generation;
	bool same; /* this image is live already */
	json_t *diff;
	struct diag diag;
	int err;
};

struct changes {
	struct agent *agent;
	struct change *first, **end; /* first runs, the others wait */
};

int changes_new(struct agent *agent, struct changes **ret_changes)
{
	struct changes *changes = calloc(1, sizeof(*changes));

	if (!changes)
		return -ENOMEM;
	changes->agent = agent;
	changes->end = &changes->first;
	*ret_changes = changes;
	return 0;
}

static void change_free(struct change *c)
{
	policy_free(c->policy);
	image_free(c->image);
	edition_put(c->live);
	json_decref(c->diff);
	json_decref(c->extra);
	diag_free(&c->diag);
	free(c->bundle);
	free(c->path);
	free(c->message);
	free(c->checks);
	free(c);
}

void changes_free(struct changes *changes)
{
	if (!changes)
		return;
	while (changes->first) {
		struct change *c = changes->first;

		changes->first = c->next;
		change_free(c);
	}
	free(changes);
}

/* --- in the worker --- */

static int base_check(struct change *c)
{
	if (c->live)
		c->diff = (json_t *)policy_diff(c->live->policy, c->policy);
	if (c->base < 0 || (uint64_t)c->base == c->live_generation)
		return 0;
	diag_add(&c->diag, DIAG_ERROR, NULL, 0, 0,
		 "look at the difference, and apply again with the live generation as base",
		 "this change was made against generation %lld, but %u is live", (long long)c->base,
		 c->live_generation);
	return -ESTALE;
}

/* Its own checks decide whether the policy stays. */
static bool by_checks(const struct change *c)
{
	return strcmp(c->action, "apply") == 0 && c->policy->confirm.check_cnt && !c->unchecked &&
	       !c->same && c->former;
}

/* What this host cannot ask would bring every policy back: said before anything changes. */
static int checks_possible(struct change *c)
{
	const struct model_confirm *confirm = &c->policy->confirm;
	int err = 0;

	if (confirm->check_cnt && !c->former && strcmp(c->action, "apply") == 0)
		diag_add(&c->diag, DIAG_WARNING, confirm->place.file, confirm->place.line,
			 confirm->place.column, NULL,
			 "the checks are not run: there is no former policy that could come back");
	for (size_t i = 0; by_checks(c) && !err && i < confirm->check_cnt; i++)
		err = probe_possible(&confirm->checks[i], &c->diag) ? -EINVAL : 0;
	return err;
}

static int change_compile(struct change *c)
{
	c->policy = policy_parse(c->bundle, strlen(c->bundle), c->path, NULL, &c->diag);
	if (!c->policy)
		return -EINVAL;
	if (feeds_sources(c->agent->settings->state_dir, c->policy))
		return -ENOMEM;
	c->err = base_check(c);
	if (c->err)
		return c->err;
	c->image = image_compile(c->policy, &c->diag);
	if (!c->image)
		return -EINVAL;
	/* what was in force once may come back, and a start must not fail, whatever is held of it now */
	if (strcmp(c->action, "apply") == 0 && policy_prove(c->policy, c->image, &c->diag))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(c->image->hash); i++)
		snprintf(c->hash + 2 * i, 3, "%02x", c->image->hash[i]);
	/*
	 * Going back to what is live, or restoring it, is a change all the same: it is somebody's act. So
	 * are titles and comments, which the image does not hold and the journal must.
	 */
	c->same = c->live_generation && strcmp(c->hash, c->live_hash) == 0 &&
		  (!c->live || strcmp(c->bundle, c->live->policy->text) == 0) &&
		  strcmp(c->action, "rollback") != 0 && strcmp(c->action, "restore") != 0;
	return checks_possible(c);
}

static void change_run(void *arg)
{
	struct change *c = arg;

	c->err = change_compile(c);
	if (c->err)
		return;
	c->generation = c->live_generation;
	/* The kernel has this policy and its lists; they are read again behind it. */
	if (c->same)
		return;
	ports_mark(c->policy, c->tc_ports, c->image);
	c->err = install_prepare(c->agent->gate, c->image, &c->generation, &c->diag);
	if (c->err)
		return;
	c->err = lists_care_prepare(c->agent->lists, c->policy, c->generation, &c->diag);
	if (c->err)
		install_abort(c->agent->gate, c->generation);
}

/* --- in the loop --- */

void change_record(struct agent *agent, const struct journal_entry *entry)
{
	struct eve_change said = { .action = entry->action,
				   .generation = entry->generation,
				   .uid = entry->uid,
				   .pid = entry->pid,
				   .user = entry->user,
				   .login = entry->login,
				   .tty = entry->tty,
				   .ssh = entry->ssh,
				   .message = entry->message,
				   .path = entry->path };

	records_change(agent->records, &said);
}

void change_note(struct agent *agent, const struct journal_entry *entry)
{
	int err = journal_add(agent->journal, entry);

	if (err)
		log_error("journal: %s of generation %u cannot be recorded: %s", entry->action,
			  entry->generation, strerror(-err));
	change_record(agent, entry);
}

struct journal_entry change_entry_by(const struct peer *peer, const struct origin *origin)
{
	return (struct journal_entry){
		.time = time(NULL),
		.uid = peer ? peer->uid : getuid(),
		.pid = peer ? peer->pid : getpid(),
		.user = peer ? peer->user : "sekishod",
		.login = origin ? origin->login : NULL,
		.tty = origin ? origin->tty : NULL,
		.ssh = origin ? origin->ssh : NULL,
	};
}

static struct journal_entry change_entry(const struct change *c)
{
	struct journal_entry entry =
		change_entry_by(c->ticket ? ticket_peer(c->ticket) : NULL, &c->origin);

	entry.generation = c->generation;
	entry.action = c->action;
	entry.message = c->message;
	entry.path = c->path;
	entry.text = c->bundle;
	entry.hash = c->hash;
	entry.checks = c->checks;
	return entry;
}

void change_refused(struct agent *agent, const struct peer *peer, const char *what)
{
	struct journal_entry entry = change_entry_by(peer, NULL);

	entry.action = "refused";
	entry.message = what;
	log_warn("control: %s is refused to %s (uid %u, pid %d, role %s)", what, peer->user,
		 peer->uid, peer->pid, role_name(peer->role));
	change_note(agent, &entry);
}

static int wait_begin(struct change *c)
{
	const struct peer *peer = c->ticket ? ticket_peer(c->ticket) : NULL;
	struct journal_wait wait = { .generation = c->generation,
				     .former = c->live_generation,
				     .seconds = c->confirm_s,
				     .by_hand = c->confirm_s,
				     .by_checks = by_checks(c) };

	if (c->same || !peer)
		return 0;
	if (wait.by_checks && c->policy->confirm.within_s > wait.seconds)
		wait.seconds = c->policy->confirm.within_s;
	wait.uid = peer->uid;
	snprintf(wait.user, sizeof(wait.user), "%s", peer->user);
	return confirm_begin(c->agent->confirm, &wait, &c->diag);
}

/* Going back and restoring end the wait, whoever did it; a start keeps it. */
static int wait_follow(struct change *c)
{
	if (strcmp(c->action, "rollback") == 0 || strcmp(c->action, "restore") == 0)
		return confirm_end(c->agent->confirm);
	if (c->confirm_s || by_checks(c))
		return wait_begin(c);
	confirm_moved(c->agent->confirm, c->generation);
	return 0;
}

/* The entry and what becomes of the wait: both on the disk, or neither. */
static int journal_follow(struct change *c)
{
	struct journal *journal = c->agent->journal;
	const struct journal_entry entry = change_entry(c);
	int err = journal_begin(journal);

	if (!err)
		err = wait_follow(c);
	if (!err && !c->same)
		err = journal_add(journal, &entry);
	if (!err)
		err = journal_commit(journal);
	if (err)
		journal_abort(journal);
	return err;
}

/*
 * Before the policy is live: whoever cuts the power then finds it in force again, or waiting. What a
 * peer wishes and the journal cannot keep is refused; the agent goes back and starts all the same.
 */
static int change_keep(struct change *c)
{
	struct confirm *confirm = c->agent->confirm;
	const struct journal_wait *waits = confirm_wait(confirm);
	struct journal_wait former = waits ? *waits : (struct journal_wait){};
	int err = journal_follow(c);

	if (!err)
		return 0;
	log_error("journal: %s of generation %u cannot be recorded: %s", c->action, c->generation,
		  strerror(-err));
	if (!c->ticket)
		return 0;
	confirm_restore(confirm, waits ? &former : NULL);
	diag_add(&c->diag, DIAG_ERROR, c->agent->settings->state_dir, 0, 0,
		 "make room there, or see why it cannot be written; nothing was changed",
		 "the journal cannot keep this change: %s", strerror(-err));
	return err;
}

static int edition_make(struct change *c, struct edition **ret_edition)
{
	int err = edition_new(c->generation, c->policy, c->hash, c->path, ret_edition);

	if (err)
		diag_add(&c->diag, DIAG_ERROR, NULL, 0, 0, NULL, "no memory");
	return err;
}

/* Rules that stayed the same keep their hits. Counters hold off no change of policy. */
static void hits_follow(const struct change *c, const struct policy *policy)
{
	int err = c->live ? install_hits_carry(c->agent->gate, c->live->policy, c->live_generation,
					       policy, c->generation)
			  : 0;

	if (err)
		log_warn("policy: hits of rules begin at 0: those of generation %u cannot be read: %s",
			 c->live_generation, strerror(-err));
}

static int change_commit(struct change *c)
{
	struct agent *agent = c->agent;
	const struct policy *policy = c->policy;
	struct edition *edition = NULL;
	int err = edition_make(c, &edition);

	if (!err)
		err = change_keep(c);
	if (err) {
		if (!c->same) {
			install_abort(agent->gate, c->generation);
			lists_care_abort(agent->lists);
		}
		edition_drop(edition);
		return err;
	}
	c->policy = NULL; /* it is the edition's now */
	editions_add(agent->editions, edition);
	if (c->same) {
		log_info("policy: generation %u is live and has just this content", c->generation);
		lists_care_reload(agent->lists, edition);
	} else {
		const struct journal_entry entry = change_entry(c);

		lists_care_commit(agent->lists, agent->gate, c->generation);
		hits_follow(c, policy);
		change_record(agent, &entry);
		log_info("policy: generation %u is live (%s of %s by %s)", c->generation, c->action,
			 c->path, entry.user);
	}
	feeds_policy(agent->feeds, policy);
	release_policy(agent->release, policy);
	pagelink_follow(agent->pagelink, policy);
	ports_follow(agent->ports, policy);
	standing_watch(agent);
	return 0;
}

static const char *first_error(const struct diag *diag)
{
	for (size_t i = 0; i < diag->cnt; i++)
		if (diag->entries[i].level == DIAG_ERROR)
			return diag->entries[i].text;
	return "the policy was not applied";
}

static void change_answer(struct change *c)
{
	json_t *data = diag_data(&c->diag);

	json_object_set_new(data, "generation",
			    json_integer(c->err ? c->live_generation : c->generation));
	json_object_set_new(data, c->err == -ESTALE ? "diff" : "changes",
			    c->diff ? json_incref(c->diff) : json_array());
	if (c->extra)
		json_object_update(data, c->extra);
	if (!c->err) {
		json_object_set_new(data, "unchanged", json_boolean(c->same));
		json_object_set_new(data, "confirm", confirm_json(c->agent->confirm));
		ticket_result(c->ticket, data);
		return;
	}
	log_warn("policy: %s of %s by %s is refused, generation %u stays: %s", c->action, c->path,
		 ticket_peer(c->ticket)->user, c->live_generation, first_error(&c->diag));
	ticket_fault(c->ticket,
		     c->err == -ESTALE			     ? RPC_STALE
		     : c->err == -EALREADY		     ? RPC_WAITS
		     : c->err == -EINVAL || c->err == -E2BIG ? RPC_INPUT
							     : RPC_INTERNAL,
		     data, "%s", first_error(&c->diag));
}

static void change_next(struct changes *changes);

static void change_done(void *arg)
{
	struct change *c = arg;
	struct changes *changes = c->agent->changes;

	if (!c->err)
		c->err = change_commit(c);
	if (c->ticket) {
		change_answer(c);
	} else {
		log_diag("policy", &c->diag);
		c->own_done(c->agent, c->err);
	}
	changes->first = c->next;
	if (!changes->first)
		changes->end = &changes->first;
	change_free(c);
	change_next(changes);
}

static int hash_found(const struct journal_entry *entry, void *arg)
{
	char *hash = arg;

	snprintf(hash, HASH_CAP, "%s", entry->hash);
	return 0;
}

/* One wait at a time, and something to go back to; only these need no policy to be read. */
static int change_allowed(struct change *c)
{
	const struct journal_wait *wait = confirm_wait(c->agent->confirm);

	if (strcmp(c->action, "apply") != 0) /* the agent's own goes back for what waits alone */
		return strcmp(c->action, "rollback") == 0 && !c->ticket && !wait ? -ECANCELED : 0;
	if (wait) {
		diag_add(&c->diag, DIAG_ERROR, NULL, 0, 0,
			 "'sekisho policy confirm' or 'sekisho policy rollback' first",
			 "generation %u, applied by %s, waits for its confirmation",
			 wait->generation, wait->user);
		return -EALREADY;
	}
	if (c->confirm_s && !c->former) {
		diag_add(&c->diag, DIAG_ERROR, NULL, 0, 0, "apply it without confirm",
			 "there is no former policy that could come back");
		return -EINVAL;
	}
	return 0;
}

/* What is live when this change's turn comes. */
static void change_next(struct changes *changes)
{
	struct agent *agent = changes->agent;
	struct change *c = changes->first;
	char hash[HASH_CAP];

	if (!c)
		return;
	c->live = edition_get(editions_live(agent->editions));
	c->live_generation = gate_generation(agent->gate);
	c->tc_ports = ports_by_tc(agent->ports);
	if (c->live)
		snprintf(c->live_hash, sizeof(c->live_hash), "%s", c->live->hash);
	else if (c->live_generation)
		journal_find(agent->journal, c->live_generation, hash_found, c->live_hash);
	c->former = c->live_generation &&
		    journal_find(agent->journal, c->live_generation, hash_found, hash) == 0;
	c->err = change_allowed(c);
	if (c->err) {
		change_done(c);
		return;
	}
	c->err = -ECANCELED; /* unless it runs: the agent may end before */
	if (worker_post(agent->long_jobs, change_run, change_done, c)) {
		diag_add(&c->diag, DIAG_ERROR, NULL, 0, 0, "ask again", "too much at once");
		change_done(c);
	}
}

static struct change *change_new(struct agent *agent, const struct change_wish *wish)
{
	struct change *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->agent = agent;
	c->action = wish->action;
	c->base = wish->base;
	c->confirm_s = wish->confirm_s;
	c->unchecked = wish->unchecked;
	c->bundle = strdup(wish->bundle);
	c->path = strdup(wish->path);
	c->message = strdup(wish->message);
	c->checks = strdup(wish->checks ? wish->checks : "");
	if (wish->origin)
		c->origin = *wish->origin;
	diag_init(&c->diag);
	if (c->bundle && c->path && c->message && c->checks)
		return c;
	change_free(c);
	return NULL;
}

static void change_queue(struct changes *changes, struct change *c)
{
	bool idle = !changes->first;

	*changes->end = c;
	changes->end = &c->next;
	if (idle)
		change_next(changes);
}

void change_ask(struct changes *changes, struct ticket *ticket, const struct change_wish *wish)
{
	struct change *c = change_new(changes->agent, wish);

	if (!c) {
		json_decref(wish->extra);
		ticket_fault(ticket, RPC_INTERNAL, NULL, "no memory");
		return;
	}
	c->ticket = ticket;
	c->extra = wish->extra;
	change_queue(changes, c);
}

int change_own(struct changes *changes, const struct change_wish *wish,
	       void (*done)(struct agent *agent, int err))
{
	struct change *c = change_new(changes->agent, wish);

	if (!c)
		return -ENOMEM;
	c->own_done = done;
	change_queue(changes, c);
	return 0;
}
