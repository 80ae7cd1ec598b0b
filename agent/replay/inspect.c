/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns a run of the engine over a capture: from options to the summary. Called by main.c. Promises that each
 * record is in the file or the run has failed, and that what was not taken or was lost is counted.
 */
#include "replay/inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/heap.h"
#include "file/room.h"
#include "inspect/engine.h"
#include "inspect/tenants.h"
#include "model/model.h"
#include "replay/progress.h"
#include "replay/rulestats.h"
#include "replay/summary.h"
#include "replay/usual.h"
#include "text/suggest.h"

#define PATH_LEN_MAX 4096
#define EVE_BUFFER (256 << 10)
#define HEAP_FRAMES 256 /* between two looks at how far the heap has grown */
#define CAPTURE_BUFFER (256 << 10)
#define SURICATA_YAML "/etc/suricata/suricata.yaml"

/*
 * The C library takes a size only with the room for it: without one it reads and writes by 4 KiB, a
 * system call each. They outlive the run, for standard input is never closed.
 */
static char capture_room[CAPTURE_BUFFER], eve_room[EVE_BUFFER];

struct inspection {
	const struct inspect_options *options;
	struct config *config;
	struct policy *policy; /* NULL: none was given */
	struct tenants *tenants;
	struct ruleset *ruleset;
	struct file_room *files;
	struct engine *engine;
	struct capture *capture;
	FILE *in, *eve;
	char eve_path[PATH_LEN_MAX], cache_dir[PATH_LEN_MAX];
	bool eve_failed;
	struct progress progress;
	struct summary summary;
	struct heap heap;
	struct diag diag;
};

/* --- settings --- */

static int set(struct inspection *i, const char *name, const char *value)
{
	char *assignment = NULL;
	int ret;

	if (!value)
		return 0;
	if (asprintf(&assignment, "%s=%s", name, value) < 0)
		return -ENOMEM;
	ret = config_set(i->config, assignment);
	free(assignment);
	return ret;
}

/* What the options say is over the file; what --set says is over both. */
static int options_apply(struct inspection *i)
{
	const struct inspect_options *o = i->options;
	int ret = set(i, "default-log-dir", o->log_dir);

	if (!ret)
		ret = set(i, "default-data-dir", o->data_dir);
	if (!ret && !o->policy)
		ret = set(i, "sekisho.tenant", o->tenant);
	if (!ret && o->checksums && strcmp(o->checksums, "auto") != 0)
		ret = set(i, "stream.checksum-validation", o->unchecked_sums ? "no" : "yes");
	for (size_t n = 0; !ret && n < o->set_cnt; n++) {
		ret = config_set(i->config, o->sets[n]);
		if (ret == -EINVAL)
			diag_add(&i->diag, DIAG_ERROR, NULL, 0, 0, "set stream.midstream=true",
				 "\"%s\" is no setting", o->sets[n]);
	}
	return ret;
}

/* Scripts name Suricata's file also where it is not installed: its defaults are ours. */
static bool is_absent_default(const char *path)
{
	return strcmp(path, SURICATA_YAML) == 0 && access(path, F_OK) != 0;
}

static int settings_read_all(struct inspection *i)
{
	const char *path = i->options->config;
	int ret;

	if (path && is_absent_default(path)) {
		fprintf(stderr, "sekishod: note: %s is not here; its defaults are taken\n", path);
		path = NULL;
	}
	ret = path ? config_read(path, &i->config, &i->diag)
		   : config_read_text(usual_settings, "the usual settings", &i->config, &i->diag);
	return ret ? ret : options_apply(i);
}

/* --- places --- */

static int dir_make(const char *path)
{
	char part[PATH_LEN_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t at = 1; at <= len; at++) {
		if (path[at] != '/' && path[at] != 0)
			continue;
		memcpy(part, path, at);
		part[at] = 0;
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* Where compiled patterns are kept from run to run. Without a place: nowhere. */
static const char *cache_find(struct inspection *i)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = i->cache_dir;

	if (i->options->data_dir)
		snprintf(path, PATH_LEN_MAX, "%s/cache", i->options->data_dir);
	else if (geteuid() == 0)
		snprintf(path, PATH_LEN_MAX, "/var/cache/sekisho/rules");
	else if (xdg && xdg[0])
		snprintf(path, PATH_LEN_MAX, "%s/sekisho/rules", xdg);
	else if (home && home[0])
		snprintf(path, PATH_LEN_MAX, "%s/.cache/sekisho/rules", home);
	else
		return NULL;
	return dir_make(path) ? NULL : path;
}

/* Of the first EVE output that is on. */
static const char *eve_name(const struct config *config)
{
	for (size_t n = 0; n < config_cnt(config, "outputs"); n++) {
		const char *kind = config_child(config, "outputs", n), *name;
		char path[64];

		snprintf(path, sizeof(path), "outputs.%zu.eve-log.filename", n);
		name = config_text(config, path);
		snprintf(path, sizeof(path), "outputs.%zu.eve-log.enabled", n);
		if (kind && strcmp(kind, "eve-log") == 0 && config_bool(config, path, true))
			return name && name[0] ? name : "eve.json";
	}
	return "eve.json";
}

static int eve_open(struct inspection *i)
{
	const char *name = eve_name(i->config), *slash = strrchr(name, '/');
	int ret = dir_make(i->options->log_dir);

	snprintf(i->eve_path, sizeof(i->eve_path), "%s/%s", i->options->log_dir,
		 slash ? slash + 1 : name);
	if (!ret) {
		i->eve = fopen(i->eve_path, "we");
		ret = i->eve ? 0 : -errno;
	}
	if (ret) {
		diag_add(&i->diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s cannot be written: %s",
			 i->eve_path, strerror(-ret));
		return ret;
	}
	setvbuf(i->eve, eve_room, _IOFBF, sizeof(eve_room));
	return 0;
}

static int capture_begin(struct inspection *i)
{
	const char *path = i->options->file;
	bool from_stdin = strcmp(path, "-") == 0;

	i->in = from_stdin ? stdin : fopen(path, "rbe");
	if (!i->in) {
		diag_add(&i->diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s cannot be read: %s", path,
			 strerror(errno));
		return -EIO;
	}
	setvbuf(i->in, capture_room, _IOFBF, sizeof(capture_room));
	return capture_open_any(i->in, from_stdin ? "standard input" : path, &i->capture, &i->diag);
}

/* --- the run --- */

static void line_write(void *arg, const char *bytes, size_t len)
{
	struct inspection *i = arg;

	if (i->eve && fwrite_unlocked(bytes, 1, len, i->eve) != len)
		i->eve_failed = true;
}

/* Whose rules are asked of what. */
static int policy_take(struct inspection *i)
{
	const struct inspect_options *o = i->options;
	struct suggest near;
	char hint[96];
	int ret;

	if (!o->policy)
		return 0;
	i->policy = policy_read(o->policy, &i->diag);
	if (!i->policy)
		return -EINVAL;
	ret = tenants_new(i->policy, o->tenant, &i->tenants);
	if (ret != -ENOENT)
		return ret;
	suggest_start(&near, o->tenant);
	for (size_t n = 1; n < i->policy->tenant_cnt; n++)
		suggest_offer(&near, i->policy->tenants[n].name);
	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near.best ? near.best : "");
	diag_add(&i->diag, DIAG_ERROR, o->policy, 0, 0, near.best ? hint : NULL,
		 "there is no tenant \"%s\"", o->tenant);
	return ret;
}

static int rules_build(struct inspection *i)
{
	const struct ruleset_sources sources = { .files = i->options->rules,
						 .file_cnt = i->options->rules_cnt,
						 .config = i->config,
						 .policy = i->policy,
						 .cache_dir = cache_find(i),
						 .threads = i->options->threads };

	return ruleset_build(&sources, &i->ruleset, &i->summary.rules, &i->summary.refused);
}

static int engine_begin(struct inspection *i)
{
	int ret = file_room_new(i->config, i->ruleset, &i->files, &i->diag);
	const struct engine_setup setup = { .ruleset = i->ruleset,
					    .config = i->config,
					    .tenants = i->tenants,
					    .capture = i->options->file,
					    .files = i->files,
					    .workers = i->options->threads,
					    .ips = i->options->ips,
					    .unchecked_sums = i->options->unchecked_sums,
					    .measured = i->options->stats,
					    .ethernet = true,
					    .repeatable = true,
					    .line = line_write,
					    .line_arg = i };

	return ret ? ret : engine_new(&setup, &i->engine);
}

static void files_count(struct inspection *i)
{
	const struct quarantine *q = &i->files->quarantine;

	i->summary.files_lost = i->files->refused;
	i->summary.quarantined = q->kept;
	i->summary.quarantine_evicted = q->evicted;
	i->summary.quarantine_failed = q->failed;
	i->summary.scans = i->files->scan;
	if (i->files->scan)
		i->summary.scan = scan_room_tally(i->files->scan);
}

/* All frames up to the end or to what is broken. Returns 0 or -errno. */
static int frames_take(struct inspection *i)
{
	struct capture_packet frame = { 0 };
	double cpu = progress_cpu();
	int ret;

	progress_begin(&i->progress, i->in, !i->options->json);
	while ((ret = capture_next(i->capture, &frame, &i->diag)) > 0) {
		ret = engine_take(i->engine, &frame);
		if (ret)
			break;
		progress_step(&i->progress, frame.len);
		if (frame.number % HEAP_FRAMES == 0)
			heap_follow(&i->heap);
	}
	i->summary.broken = ret < 0;
	ret = engine_finish(i->engine, &i->summary.tally);
	files_count(i);
	progress_end(&i->progress);
	i->summary.seconds = progress_seconds(&i->progress);
	i->summary.cpu_seconds = progress_cpu() - cpu;
	return ret;
}

static int eve_close(struct inspection *i)
{
	bool failed = fclose(i->eve) != 0 || i->eve_failed;

	i->eve = NULL;
	if (failed)
		diag_add(&i->diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s could not be written whole",
			 i->eve_path);
	return failed ? -EIO : 0;
}

static int inspection_run(struct inspection *i)
{
	double start = progress_now();
	int ret;

	heap_begin(&i->heap);
	ret = settings_read_all(i);
	if (!ret)
		ret = capture_begin(i);
	if (!ret && !i->options->stats)
		ret = eve_open(i);
	if (!ret)
		ret = policy_take(i);
	if (!ret)
		ret = rules_build(i);
	if (!ret)
		ret = engine_begin(i);
	i->summary.start_seconds = progress_now() - start;
	if (!ret)
		ret = frames_take(i);
	if (!ret && i->eve)
		ret = eve_close(i);
	return ret;
}

static void inspection_end(struct inspection *i)
{
	engine_free(i->engine);
	file_room_free(i->files);
	ruleset_free(i->ruleset);
	tenants_free(i->tenants);
	if (i->policy)
		policy_free(i->policy);
	capture_close(i->capture);
	if (i->in && i->in != stdin)
		fclose(i->in);
	if (i->eve)
		fclose(i->eve);
	config_free(i->config);
	diag_free(&i->summary.refused);
	diag_free(&i->diag);
}

int inspect_main(int argc, char **argv)
{
	struct inspect_options options;
	struct inspection i = { .options = &options };
	char why[256];
	int ret;

	if (inspect_options_read(argc, argv, &options, why, sizeof(why))) {
		fprintf(stderr, "sekishod: %s\n", why);
		return 2;
	}
	diag_init(&i.diag);
	diag_init(&i.summary.refused);
	ret = inspection_run(&i);
	if (ret && !i.diag.error_cnt)
		diag_add(&i.diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the capture cannot be inspected: %s", strerror(-ret));
	if (!ret && options.stats)
		ret = rulestats_print(i.engine, i.ruleset, &options);
	if (ret || !options.stats)
		summary_print(&i.summary, &i.diag, options.json, options.pretty, ret != 0);
	inspection_end(&i);
	return ret || i.summary.broken ? 1 : 0;
}
