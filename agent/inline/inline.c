// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the workers, what they go by, and their records' way into the record file. Called by agent.c in the
 * loop's thread; promises that what is wrong with rules is said in the log, each with its place.
 */
#include "inline/inline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/heap.h"
#include "base/log.h"
#include "file/room.h"
#include "inline/crew.h"
#include "replay/usual.h"
#include "text/counted.h"

#define LINES_BYTES (4u << 20) /* of each worker */

struct inspection {
	const struct settings *settings;
	struct records *records;
	unsigned int workers;
	struct lines *lines[SEK_WORKERS_MAX];
	struct inline_crew *crew;
	int told_fd;
	struct source *told;
	struct plan plan; /* that the workers were given last */
	struct worker *aside; /* where rules are built */
	bool runs;
	struct edition *edition; /* by whose policy the rules were built */
	struct edition *live; /* the last that inspection_follow() was told */
	struct edition *next; /* by whose policy they are being built again */
	char cache_dir[160];
	/* Made in the first worker's thread, before any serves: */
	struct config *config;
	struct ruleset *ruleset;
	struct file_room *files;
	/* Rules that are read again; NULL: none are. */
	struct reload *reload; /* made, and being exchanged */
	struct inline_exchange exchange;
	void (*reload_done)(void *arg, const struct reload *reload); /* NULL: nobody asked */
	void *reload_arg;
};

/* --- what the engine goes by --- */

/*
 * Over the file and the usual settings: what a place in the traffic asks for. The kernel tells flows; bodies
 * are told apart by their number, since tags differ on both sides of the gateway; a flow may come to be
 * inspected when its name is known; what cannot be read any more is the kernel's again; and no receiver gives
 * up a datagram in pieces (RFC 791) before the engine does, or it would put together other pieces.
 */
static const char *const in_line[] = { "vlan.use-for-tracking=no",
				       "stream.midstream=yes",
				       "stream.inline=yes",
				       "stream.bypass=yes",
				       "stream.drop-invalid=no",
				       "defrag.timeout=15",
				       "app-layer.protocols.tls.encryption-handling=bypass",
				       "app-layer.protocols.ssh.encryption-handling=bypass" };

static int config_make(struct inspection *i, struct diag *diag)
{
	const char *path = i->settings->inspect_config;
	int r = path ? config_read(path, &i->config, diag)
		     : config_read_text(usual_settings, "the usual settings", &i->config, diag);

	for (size_t n = 0; !r && n < sizeof(in_line) / sizeof(in_line[0]); n++)
		r = config_set(i->config, in_line[n]);
	return r;
}

static struct ruleset_sources sources_of(const struct inspection *i)
{
	const struct edition *edition = i->next ? i->next : i->edition;

	return (struct ruleset_sources){ .files = i->settings->inspect_rules,
					 .file_cnt = i->settings->inspect_rule_cnt,
					 .config = i->config,
					 .policy = edition->policy,
					 .cache_dir = i->cache_dir[0] ? i->cache_dir : NULL };
}

static int rules_make(struct inspection *i, struct diag *diag)
{
	const struct ruleset_sources sources = sources_of(i);
	struct ruleset_tally tally = { 0 };
	int r = ruleset_build(&sources, &i->ruleset, &tally, diag);

	if (!r)
		log_info("inspection: %s taken, %u refused", COUNTED(tally.taken, "rule"),
			 tally.refused);
	return r;
}

static int engine_prepare(void *arg, struct inspect_settings *ret_settings)
{
	struct inspection *i = arg;
	struct diag diag;
	int r;

	diag_init(&diag);
	r = config_make(i, &diag);
	if (!r)
		r = rules_make(i, &diag);
	if (!r)
		r = file_room_new(i->config, i->ruleset, &i->files, &diag);
	log_diag("inspection", &diag);
	diag_free(&diag);
	if (r)
		return r;
	return inspect_settings_read(&(struct engine_setup){ .ruleset = i->ruleset,
							     .config = i->config,
							     .files = i->files,
							     .workers = i->workers,
							     .ips = true,
							     .flows_elsewhere = true },
				     ret_settings);
}

/* --- rules that are read again --- */

static void reload_tell(struct inspection *i, struct reload *reload)
{
	void (*done)(void *arg, const struct reload *reload) = i->reload_done;

	i->reload_done = NULL;
	i->reload = NULL;
	if (!reload->err) {
		edition_put(i->edition);
		i->edition = edition_get(i->next);
	}
	edition_put(i->next);
	i->next = NULL;
	done(i->reload_arg, reload);
	reload_free(reload);
}

/* The workers are done with it: what they do not read any more goes with the reload. */
static void reload_end(struct inspection *i)
{
	struct reload *reload = i->reload;
	struct ruleset *former = i->ruleset;

	reload->err = i->exchange.err;
	if (!reload->err) {
		i->ruleset = reload->ruleset;
		reload->ruleset = former;
	}
	reload_tell(i, reload);
}

static void reload_made(void *arg, struct reload *reload)
{
	struct inspection *i = arg;

	if (reload->err) {
		reload_tell(i, reload);
		return;
	}
	i->reload = reload;
	i->exchange = (struct inline_exchange){ .ruleset = reload->ruleset,
						.scratch = reload->scratch,
						.err = -ECANCELED };
	inline_crew_exchange(i->crew, &i->exchange);
}

/* files: whose scanner reads its rules anew as well; NULL: none does. */
static int rules_reload(struct inspection *i, struct file_room *files,
			void (*done)(void *arg, const struct reload *reload), void *arg)
{
	struct ruleset_sources sources;
	int err;

	if (i->reload_done)
		return -EBUSY;
	if (!inline_crew_serves(i->crew))
		return -EAGAIN;
	i->next = edition_get(i->live ? i->live : i->edition);
	sources = sources_of(i);
	sources.before = i->ruleset;
	sources.threads = 1; /* the others are the traffic's */
	err = reload_begin(i->aside, &sources, i->workers, files, reload_made, i);
	if (err) {
		edition_put(i->next);
		i->next = NULL;
		return err;
	}
	i->reload_done = done;
	i->reload_arg = arg;
	return 0;
}

int inspection_reload(struct inspection *i, void (*done)(void *arg, const struct reload *reload),
		      void *arg)
{
	return rules_reload(i, i->files, done, arg);
}

/* --- records --- */

static void line_record(void *arg, const char *bytes, size_t len)
{
	struct inspection *i = arg;

	records_line(i->records, bytes, len);
}

static void lines_all(struct inspection *i)
{
	for (unsigned int n = 0; n < i->workers; n++)
		if (i->lines[n])
			lines_take(i->lines[n], line_record, i);
}

static void lines_came(void *arg, uint32_t events)
{
	struct inspection *i = arg;
	uint64_t times;

	(void)!read(i->told_fd, &times, sizeof(times));
	lines_all(i);
	if (i->reload && inline_crew_exchanged(i->crew))
		reload_end(i);
}

/* --- ports --- */

static void plan_fill(struct plan *plan, const struct ports *ports, const struct policy *policy,
		      uint32_t generation)
{
	memset(plan, 0, sizeof(*plan));
	plan->generation = generation;
	for (size_t i = 0; i < policy->port_cnt && plan->port_cnt < SEK_PORTS_MAX; i++) {
		struct plan_port *port = &plan->ports[plan->port_cnt];

		port->ifindex = ports_interface(ports, policy->ports[i].id, port->interface);
		if (!port->ifindex)
			continue;
		port->port = policy->ports[i].id;
		plan->port_cnt++;
	}
	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];

		if (tenant->id >= SEK_TENANTS_MAX)
			continue;
		snprintf(plan->tenants[tenant->id], SEK_NAME_MAX, "%s", tenant->name);
		plan->closed[tenant->id] = tenant->limits.flags & SEK_TENANT_FAIL_CLOSED;
	}
}

static void followed(void *arg, const struct reload *reload)
{
	struct inspection *i = arg;

	log_diag("inspection", &reload->diag);
	if (reload->err)
		log_error("inspection: rules cannot be built by the policy of generation %u: %s; those in "
			  "force stay",
			  i->live->generation, strerror(-reload->err));
	else
		log_info("inspection: the rules are those of the policy of generation %u",
			 i->live->generation);
}

/*
 * What a policy says anew of the rules holds as soon as they are built; one that cannot be is not tried
 * again.
 */
static void policy_follow(struct inspection *i, struct edition *live)
{
	bool alike;

	if (i->live == live || i->reload_done || !inline_crew_serves(i->crew))
		return;
	alike = policy_inspects_alike(i->edition->policy, live->policy);
	edition_put(i->live);
	i->live = edition_get(live);
	if (!alike && rules_reload(i, NULL, followed, i)) {
		edition_put(i->live);
		i->live = NULL; /* at the next look */
	}
}

/* The workers begin, with the policy that their rules are to be built by. */
static int begin(struct inspection *i, struct edition *live)
{
	int r;

	if (!i->edition) {
		i->edition = edition_get(live);
		i->live = edition_get(live);
	}
	r = inline_crew_start(i->crew);
	i->runs = r == 0;
	return r;
}

static void plan_follow(struct inspection *i, const struct ports *ports, const struct edition *live)
{
	struct plan *plan = malloc(sizeof(*plan));

	if (!plan)
		return; /* the next look comes soon */
	plan_fill(plan, ports, live->policy, live->generation);
	if (!memcmp(plan, &i->plan, sizeof(*plan))) {
		free(plan);
		return;
	}
	i->plan = *plan;
	inline_crew_follow(i->crew, plan);
}

int inspection_follow(struct inspection *i, const struct ports *ports, struct edition *live)
{
	if (!i || !live || !ports)
		return 0;
	if (!i->runs) {
		int r = begin(i, live);

		if (r)
			return r;
	}
	plan_follow(i, ports, live);
	policy_follow(i, live);
	return 0;
}

/* --- making and ending --- */

static void cache_make(struct inspection *i)
{
	snprintf(i->cache_dir, sizeof(i->cache_dir), "%s/rules", i->settings->state_dir);
	if (mkdir(i->cache_dir, 0750) && errno != EEXIST)
		i->cache_dir[0] = 0;
}

static unsigned int workers_count(const struct settings *settings)
{
	long cnt = settings->inspect_workers ? (long)settings->inspect_workers
					     : sysconf(_SC_NPROCESSORS_ONLN);

	return cnt < 1 ? 1 : cnt < SEK_WORKERS_MAX ? (unsigned int)cnt : SEK_WORKERS_MAX;
}

static bool lines_make(struct inspection *i)
{
	for (unsigned int n = 0; n < i->workers; n++) {
		i->lines[n] = lines_new(LINES_BYTES);
		if (!i->lines[n])
			return false;
	}
	return true;
}

int inspection_new(struct loop *loop, const struct settings *settings, const struct gate *gate,
		   struct records *records, struct worker *aside, struct inspection **ret_inspection)
{
	struct inspection *i;
	int r = -ENOMEM;

	*ret_inspection = NULL;
	if (!settings->inspect_rule_cnt)
		return 0;
	i = calloc(1, sizeof(*i));
	if (!i)
		return r;
	heap_keep();
	i->settings = settings;
	i->records = records;
	i->aside = aside;
	i->told_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	i->workers = workers_count(settings);
	if (i->told_fd < 0 || !lines_make(i))
		goto failed;
	cache_make(i);
	r = loop_add(loop, i->told_fd, EPOLLIN, lines_came, i, &i->told);
	if (!r)
		r = inline_crew_new(&(struct inline_crew_parts){ .gate = gate,
								 .workers = i->workers,
								 .lines = i->lines,
								 .told_fd = i->told_fd,
								 .prepare = engine_prepare,
								 .arg = i },
				    &i->crew);
	if (r)
		goto failed;
	*ret_inspection = i;
	return 0;
failed:
	inspection_free(i);
	return r;
}

void inspection_free(struct inspection *i)
{
	if (!i)
		return;
	inline_crew_free(i->crew);
	if (i->reload)
		reload_end(i);
	lines_all(i);
	source_remove(i->told);
	if (i->told_fd >= 0)
		close(i->told_fd);
	for (unsigned int n = 0; n < i->workers; n++)
		lines_free(i->lines[n]);
	file_room_free(i->files);
	ruleset_free(i->ruleset);
	config_free(i->config);
	edition_put(i->live);
	edition_put(i->edition);
	free(i);
}
