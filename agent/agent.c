/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the parts in order, joins them, ends them in reverse. Called by main.c.
 */
#include "agent.h"

#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/log.h"
#include "dataplane/attach.h"
#include "dataplane/join.h"
#include "dataplane/flood.h"
#include "dataplane/livecapture.h"
#include "dataplane/pagelink.h"
#include "dataplane/sweep.h"
#include "fetch/feeds.h"
#include "inline/inline.h"
#include "install/backup.h"
#include "install/state.h"
#include "install/names.h"
#include "lists_care.h"
#include "method/method.h"
#include "names/namewatch.h"
#include "names/regexcare.h"
#include "release.h"
#include "rundir.h"
#include "standing.h"
#include "subscriptions.h"
#include "text/counted.h"
#include "watch/checks.h"
#include "wholeness.h"

const struct policy *agent_policy(const struct agent *agent)
{
	const struct edition *live = editions_live(agent->editions);

	return live ? live->policy : NULL;
}

/* --- calls of the parts --- */

static void event_came(void *arg, const struct sek_event *event)
{
	struct agent *agent = arg;

	records_event(agent->records, event);
}

static void flood_turned(void *arg, const struct eve_flood *flood)
{
	struct agent *agent = arg;

	records_flood(agent->records, flood);
}

static void events_missing(void *arg, enum sek_cause cause, const struct sek_event_stat *total,
			   uint64_t suppressed_new, uint64_t lost_new)
{
	struct agent *agent = arg;

	records_loss(agent->records, cause, total, suppressed_new, lost_new);
}

static struct sek_name_said name_asked_for(void *arg, const char *host, const char *target,
					   uint16_t tenant, const struct sek_name_phase *phase,
					   uint16_t *ret_suffix)
{
	struct agent *agent = arg;
	struct name_asked asked = { .host = host,
				    .host_len = strlen(host),
				    .path = target,
				    .path_len = target ? strlen(target) : 0 };
	struct name_found found = {};
	struct sek_name_said said =
		names_look(lists_care_names(agent->lists), &asked, tenant, phase, &found);

	*ret_suffix = found.at;
	return said;
}

/* A ruling that is not kept: after a restart it is learned again. */
static int name_learned(void *arg, const char *tenant, const char *name, int64_t until,
			const char *reason)
{
	struct agent *agent = arg;
	char alone[SEK_NAME_BYTES + 2];
	struct name_override override = { .tenant = tenant,
					  .name = alone,
					  .made = clock_real_ns() / 1000000000,
					  .until = until,
					  .reason = reason,
					  .asked_by = "sekishod" };
	struct diag diag;
	int err;

	snprintf(alone, sizeof(alone), "=%s", name);
	diag_init(&diag);
	err = names_override_add(lists_care_names(agent->lists), NULL, &override, NULL, &diag);
	diag_free(&diag);
	return err;
}

static void request_came(void *arg, struct ticket *ticket, const char *method, json_t *params)
{
	method_call(arg, ticket, method, params);
}

static void peer_refused(void *arg, const struct peer *peer, const char *what)
{
	change_refused(arg, peer, what);
}

static void metrics_gather(void *arg, struct metrics_view *view)
{
	struct agent *agent = arg;
	const struct policy *policy = agent_policy(agent);
	struct diag diag;

	diag_init(&diag);
	*view = (struct metrics_view){
		.stats = state_stats(agent->gate, policy, &diag),
		.tenants = state_tenants(agent->gate, policy, &diag),
		.ports = state_ports(agent->gate, policy, &diag),
		.lists = state_list_counts(agent->gate, policy, &diag),
		.events = state_event_stats(agent->gate, &diag),
		.generation = gate_generation(agent->gate),
		.clients = control_clients(agent->control),
		.uptime_s = (double)(clock_mono_ns() - agent->started_ns) / 1e9,
	};
	records_count(agent->records, &view->records_written, &view->records_failed);
	if (diag.cnt)
		log_diag("metrics", &diag);
	diag_free(&diag);
}

/* --- signals and the service manager --- */

static void signals_ready(void *arg, uint32_t events)
{
	struct agent *agent = arg;
	struct signalfd_siginfo info;

	while (read(agent->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			records_reopen(agent->records);
			control_groups(agent->control);
			continue;
		}
		log_info("agent: signal %u, it ends; traffic goes on by the live policy",
			 info.ssi_signo);
		loop_stop(agent->loop);
	}
}

static int signals_take(struct agent *agent)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	agent->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (agent->signal_fd < 0)
		return -errno;
	return loop_add(agent->loop, agent->signal_fd, EPOLLIN, signals_ready, agent,
			&agent->signals);
}

static void heartbeat_beat(void *arg)
{
	struct agent *agent = arg;
	uint32_t attached, all;
	char lists[128];

	ports_count(agent->ports, &attached, &all);
	lists_care_words(agent->lists, lists, sizeof(lists));
	sd_notifyf(0, "WATCHDOG=1\nSTATUS=generation %u, %u of %s, lists: %s",
		   gate_generation(agent->gate), attached, COUNTED(all, "port"), lists);
}

#define INSPECTION_LOOK_MS 200

/* Which ports and bodies there are; what has not changed is not told. */
static void inspection_look(void *arg)
{
	struct agent *agent = arg;

	int err = inspection_follow(agent->inspection, agent->ports, editions_live(agent->editions));

	if (err)
		log_error("inspection: no thread can be made for it: %s", strerror(-err));
}

static int inspection_begin(struct agent *agent)
{
	if (!agent->inspection)
		return 0;
	return loop_timer(agent->loop, INSPECTION_LOOK_MS, INSPECTION_LOOK_MS, inspection_look,
			  agent, &agent->inspection_look);
}

/* Half of the manager's patience, and never more than 5 s, for the status line's sake. */
static int heartbeat_start(struct agent *agent)
{
	uint64_t patience_us = 0, period_ms = 5000;

	if (sd_watchdog_enabled(0, &patience_us) > 0 && patience_us / 2000 < period_ms)
		period_ms = patience_us / 2000 ? patience_us / 2000 : 1;
	return loop_timer(agent->loop, period_ms, period_ms, heartbeat_beat, agent,
			  &agent->heartbeat);
}

static void policy_started(struct agent *agent, int err)
{
	if (err)
		confirm_again(agent->confirm);
	/* While a confirmation waits it is not --policy that was started. */
	if (err && agent->settings->policy && !confirm_wait(agent->confirm)) {
		log_error("agent: it cannot start with %s; what was in force before stays",
			  agent->settings->policy);
		agent->exit_code = 1;
		loop_stop(agent->loop);
		return;
	}
	if (err)
		log_error("agent: the journal's last policy cannot be used; generation %u in the kernel "
			  "stays in force",
			  gate_generation(agent->gate));
	heartbeat_beat(agent);
	sd_notify(0, "READY=1");
	log_info("agent: ready");
}

/* --- making and ending --- */

/*
 * What work at run time needs: maps and links (CAP_BPF, CAP_NET_ADMIN), loading a program (with
 * CAP_PERFMON, as the verifier wants it of this one), the block page at port 80 of an address that a later
 * policy may name, and, where flows are inspected, sockets of AF_XDP (CAP_NET_RAW) whose memory stays
 * (CAP_IPC_LOCK, or a limit that allows it). Measured: start and adoption need no more; the group's doors are
 * opened by a member of the group, or before this by what is given up here.
 */
static int rights_drop(struct agent *agent)
{
	/* Inner maps of adopted generations get their descriptors while the right is there. */
	static const char *const names[] = {
#define SEK_MAP(name, what, generation) (generation) == 1 ? #name : NULL,
#include "sekisho/maps.def"
#undef SEK_MAP
	};
	uint32_t generation = gate_generation(agent->gate);
	bool join;

	for (size_t i = 0; generation && i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && gate_live_fd(agent->gate, names[i], generation) < 0)
			log_warn("agent: %s of generation %u cannot be opened", names[i], generation);
	if (geteuid())
		return 0; /* it has what it was given */
	if (capng_get_caps_process())
		return -EPERM;
	/* Joining a dispatcher takes descriptors of other people's programs by their numbers. */
	join = capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) && join_any_dispatcher();
	if (join)
		log_info("agent: libxdp's dispatcher is at work here; CAP_SYS_ADMIN is kept to "
			 "join it");
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		bool keep = cap == CAP_BPF || cap == CAP_NET_ADMIN || cap == CAP_PERFMON ||
			    cap == CAP_NET_BIND_SERVICE || (cap == CAP_SYS_ADMIN && join) ||
			    ((cap == CAP_NET_RAW || cap == CAP_IPC_LOCK) && agent->inspection);

		if (!keep && capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap))
			return -EPERM;
	}
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	return 0;
}

static int number_found(const struct journal_entry *entry, void *arg)
{
	uint32_t *highest = arg;

	if (entry->generation > *highest)
		*highest = entry->generation;
	return 0;
}

/* Where the last few lines of a text begin. */
static char *lines_last(char *text, unsigned int lines)
{
	char *at = text + strlen(text);

	if (at > text && at[-1] == '\n')
		at--;
	while (at > text && (at[-1] != '\n' || --lines))
		at--;
	return at;
}

/*
 * libbpf and libxdp speak through our log, where a line is a line. Of what a verifier says, which may be
 * megabytes, the first line tells whose it is, and the last ones tell why.
 */
static int library_said(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char *text = NULL, *rest, *line;

	if (level == LIBBPF_DEBUG || vasprintf(&text, fmt, args) < 0)
		return 0;
	rest = text + strcspn(text, "\n");
	if (*rest)
		*rest++ = 0;
	log_info("%s", text);
	rest = lines_last(rest, 4);
	while ((line = strsep(&rest, "\n")) && *line)
		log_info("%s", line);
	free(text);
	return 0;
}

static int library_xdp_said(enum libxdp_print_level level, const char *fmt, va_list args)
{
	return library_said(level == LIBXDP_DEBUG ? LIBBPF_DEBUG : LIBBPF_WARN, fmt, args);
}

static int gate_start(struct agent *agent)
{
	const struct settings *s = agent->settings;
	struct gate_options options = { .pin_dir = s->pin_dir, .flows_max = s->flows_max };
	uint32_t highest = 0;
	struct diag diag;
	int err;

	diag_init(&diag);
	err = gate_open(&options, &agent->gate, &agent->adopted, &diag);
	log_diag("gate", &diag);
	diag_free(&diag);
	if (err)
		return err;
	journal_walk(agent->journal, 0, number_found, &highest);
	install_number_above(agent->gate, highest);
	log_info("gate: %s adopted, %u new, generation %u",
		 COUNTED(agent->adopted.maps_adopted, "table"), agent->adopted.maps_new,
		 gate_generation(agent->gate));
	if (agent->adopted.lost[0])
		log_warn("gate: lost: %s", agent->adopted.lost);
	install_number_above(agent->gate, journal_highest(agent->journal));
	return 0;
}

/* A restore that was cut short. */
static int restore_finish(const struct agent *agent)
{
	struct diag diag;
	int done;

	diag_init(&diag);
	done = backup_redo(agent->settings->state_dir, &diag);
	log_diag("restore", &diag);
	diag_free(&diag);
	if (done > 0)
		log_warn("restore: one that was cut short is finished now");
	return done < 0 ? done : 0;
}

static int journal_start(struct agent *agent)
{
	char path[256];
	int err;

	if (mkdir(agent->settings->state_dir, 0750) && errno != EEXIST) {
		err = -errno;
		log_error("journal: %s cannot be made: %s", agent->settings->state_dir,
			  strerror(-err));
		return err;
	}
	err = restore_finish(agent);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/journal.db", agent->settings->state_dir);
	err = journal_open(path, &agent->journal);
	if (err)
		log_error("journal: %s cannot be opened: %s", path, strerror(-err));
	return err;
}

/* The control socket comes first: its lock keeps a second agent of this instance away. */
static int control_start(struct agent *agent)
{
	const struct control_calls calls = { request_came, peer_refused, agent };
	int err = control_new(agent->loop, agent->long_jobs, agent->settings->run_dir, &calls,
			      &agent->control);

	if (err == -EBUSY)
		log_error("control: another sekishod of this instance is at work (%s/lock)",
			  agent->settings->run_dir);
	else if (err)
		log_error("control: %s/control.sock cannot be made: %s", agent->settings->run_dir,
			  strerror(-err));
	return err;
}

static int metrics_start(struct agent *agent)
{
	const struct settings *s = agent->settings;
	int err;

	if (!s->metrics_addr[0])
		return 0;
	err = metrics_new(agent->loop, s->metrics_addr, s->metrics_port, metrics_gather, agent,
			  &agent->metrics);
	/* The gateway stands without them. */
	if (err)
		log_error("metrics: %s port %u cannot be served: %s", s->metrics_addr,
			  s->metrics_port, strerror(-err));
	return 0;
}

/* What must be there before rights are given up; the threads begin after. */
static int ground_start(struct agent *agent)
{
	const struct settings *s = agent->settings;
	int err;

	if ((err = worker_new(agent->loop, &agent->long_jobs)) ||
	    (err = worker_new(agent->loop, &agent->readings)) ||
	    (err = worker_new(agent->loop, &agent->questions)) || (err = control_start(agent)) ||
	    (err = journal_start(agent)) ||
	    (err = confirm_new(agent->loop, agent->journal, standing_back, agent, &agent->confirm)) ||
	    (err = checks_new(agent->loop, standing_checked, agent, &agent->checks)) ||
	    (err = records_new(agent->loop, s, agent->editions, &agent->records)) ||
	    (err = gate_start(agent)) ||
	    (err = lists_care_new(agent->loop, agent->long_jobs, agent->gate, agent->journal,
				  s->state_dir, &agent->lists)) ||
	    (err = subscriptions_new(agent)) || (err = release_new(agent, &agent->release)) ||
	    (err = metrics_start(agent)) ||
	    (err = inspection_new(agent->loop, s, agent->gate, agent->records, agent->long_jobs,
				  &agent->inspection)))
		return err;
	return rights_drop(agent);
}

static int names_start(struct agent *agent)
{
	const struct namewatch_parts parts = { .loop = agent->loop,
					       .gate = agent->gate,
					       .editions = agent->editions,
					       .records = agent->records,
					       .grace_s = agent->settings->name_grace_s,
					       .calls = { name_asked_for, name_learned, agent } };
	int err = namewatch_new(&parts, &agent->namewatch);

	return err ? err
		   : regexcare_new(agent->loop, agent->long_jobs, lists_care_names(agent->lists),
				   agent->namewatch, &agent->regexcare);
}

static int parts_start(struct agent *agent)
{
	const struct events_calls calls = { event_came, events_missing, agent };
	int err;

	if ((err = ground_start(agent)) || (err = worker_start(agent->long_jobs)) ||
	    (err = worker_start(agent->readings)) || (err = worker_start(agent->questions)) ||
	    (err = checks_start(agent->checks)) || (err = feeds_start(agent->feeds)) ||
	    (err = wholeness_new(agent->readings, agent->settings->state_dir, &agent->wholeness)) ||
	    (err = ports_new(agent->loop, agent->gate, agent->settings->pin_dir, &agent->ports)) ||
	    (err = pagelink_new(agent->loop, agent->gate, agent->settings->pin_dir, &agent->pagelink)) ||
	    (err = events_new(agent->loop, agent->gate, &calls, &agent->events)) ||
	    (err = sweep_new(agent->loop, agent->readings, agent->gate, agent->editions, event_came,
			     agent, &agent->sweep)) ||
	    (err = flood_new(agent->loop, agent->gate, agent->editions, flood_turned, agent,
			     &agent->flood)) ||
	    (err = livecapture_new(agent->loop, agent->gate, agent->editions, &agent->livecapture)) ||
	    (err = names_start(agent)) || (err = inspection_begin(agent)) ||
	    (err = heartbeat_start(agent)))
		return err;
	return standing_start(agent, policy_started);
}

int agent_new(const struct settings *settings, struct agent **ret_agent)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int err;

	if (!agent)
		return -ENOMEM;
	agent->settings = settings;
	agent->signal_fd = -1;
	agent->started_ns = clock_mono_ns();
	libbpf_set_print(library_said);
	libxdp_set_print(library_xdp_said);
	err = loop_new(&agent->loop);
	if (!err)
		err = signals_take(agent);
	if (!err)
		err = editions_new(&agent->editions);
	if (!err)
		err = changes_new(agent, &agent->changes);
	if (!err)
		err = parts_start(agent);
	if (err) {
		log_error("agent: it does not start: %s", strerror(-err));
		agent_free(agent);
		return err;
	}
	*ret_agent = agent;
	return 0;
}

int agent_run(struct agent *agent)
{
	int err = loop_run(agent->loop);

	if (err)
		log_error("agent: the loop ended: %s", strerror(-err));
	sd_notify(0, "STOPPING=1");
	return err;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	/* Jobs are finished first: they answer tickets and use what stands below. */
	checks_free(agent->checks);
	feeds_free(agent->feeds);
	worker_free(agent->questions);
	worker_free(agent->readings);
	worker_free(agent->long_jobs);
	source_remove(agent->inspection_look);
	inspection_free(agent->inspection);
	wholeness_free(agent->wholeness);
	regexcare_free(agent->regexcare);
	namewatch_free(agent->namewatch);
	livecapture_free(agent->livecapture); /* answers its ticket and writes to the journal */
	flood_free(agent->flood);
	sweep_free(agent->sweep);
	if (agent->events)
		events_drain(agent->events);
	events_free(agent->events);
	pagelink_free(agent->pagelink);
	ports_free(agent->ports);
	release_free(agent->release);
	metrics_free(agent->metrics);
	control_free(agent->control);
	lists_care_free(agent->lists);
	changes_free(agent->changes);
	confirm_free(agent->confirm);
	gate_close(agent->gate);
	records_free(agent->records);
	journal_close(agent->journal);
	editions_free(agent->editions);
	source_remove(agent->heartbeat);
	source_remove(agent->signals);
	if (agent->signal_fd >= 0)
		close(agent->signal_fd);
	loop_free(agent->loop);
	free(agent);
}

/* --- taking down --- */

/* bpffs holds files and folders only; two levels are all that there are. */
static void pins_remove(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char name[600];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) && errno == EISDIR && depth)
			pins_remove(name, depth - 1);
	}
	if (dir)
		closedir(dir);
	if (rmdir(path) && errno != ENOENT)
		log_error("detach: %s cannot be removed: %s", path, strerror(errno));
}

int agent_detach(const struct settings *settings)
{
	int lock = rundir_lock(settings->run_dir), links;

	if (lock < 0) {
		log_error("detach: %s",
			  lock == -EBUSY ? "an agent is at work; stop it first" : strerror(-lock));
		return lock;
	}
	links = attach_prune(settings->pin_dir, NULL, NULL) + join_detach_all();
	pagelink_remove(settings->pin_dir);
	pins_remove(settings->pin_dir, 2);
	log_info("detach: %s free again, tables of %s removed", COUNTED(links, "port"),
		 settings->pin_dir);
	close(lock);
	return 0;
}
