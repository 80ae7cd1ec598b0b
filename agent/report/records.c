/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where numbers become records. Called by agent.c (events of the kernel) and by method/ (event.list).
 */
#include "report/records.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "install/state.h"
#include "report/writer.h"

#define KEPT 8192 /* events in memory; a power of two */
#define FLUSH_MS 200

struct records {
	const struct editions *editions;
	struct writer *writer;
	struct source *flush;
	uint64_t cnt; /* events ever */
	struct sek_event kept[KEPT];
};

static void names_find(const struct records *records, const struct sek_event *e,
		       struct eve_names *names)
{
	const struct policy *policy = editions_policy(records->editions, e->generation);
	const struct model_tenant *tenant = policy ? policy_tenant_id(policy, e->tenant) : NULL;
	const struct model_list *list =
		policy && e->list != SEK_NO_LIST ? policy_list_id(policy, e->list) : NULL;
	const struct model_port *port = policy ? policy_port_id(policy, e->port) : NULL;

	*names = (struct eve_names){
		.tenant = tenant ? tenant->name : NULL,
		.rule = tenant && e->rule != SEK_NO_RULE && e->rule < tenant->rule_cnt + 2
				? policy_rule_name(tenant, e->rule)
				: NULL,
		.list = list ? list->name : NULL,
		.port = port ? port->name : NULL,
	};
}

static void flush_due(void *arg)
{
	struct records *records = arg;

	writer_flush(records->writer);
}

/*
 * Readers are the group sekisho, where it exists. The folder hands its group on (02750), so that
 * files turned later need no right to give them away.
 */
static int folder_make(const char *path)
{
	struct group *group = getgrnam("sekisho");
	struct stat st;

	if (mkdir(path, 0750) && errno != EEXIST)
		return -errno;
	if (group && chown(path, (uid_t)-1, group->gr_gid))
		return -errno;
	if (stat(path, &st))
		return -errno;
	/* Under systemd it comes with this mode, and no right to set it. */
	if (group && (st.st_mode & 07777) != 02750 && chmod(path, 02750))
		return -errno;
	return 0;
}

int records_new(struct loop *loop, const struct settings *settings, const struct editions *editions,
		struct records **ret_records)
{
	struct records *records = calloc(1, sizeof(*records));
	char path[256];
	int err = -ENOMEM;

	if (!records)
		return err;
	records->editions = editions;
	snprintf(path, sizeof(path), "%s/eve.json", settings->log_dir);
	err = folder_make(settings->log_dir);
	if (!err)
		err = writer_open(path, (uint64_t)settings->eve_mib << 20, settings->eve_files,
				  &records->writer);
	if (!err)
		err = loop_timer(loop, FLUSH_MS, FLUSH_MS, flush_due, records, &records->flush);
	if (err) {
		log_error("records: %s cannot be written: %s", path, strerror(-err));
		records_free(records);
		return err;
	}
	*ret_records = records;
	return 0;
}

void records_free(struct records *records)
{
	if (!records)
		return;
	source_remove(records->flush);
	writer_close(records->writer);
	free(records);
}

void records_event(struct records *records, const struct sek_event *event)
{
	char line[EVE_LINE_MAX];
	struct eve_names names;

	records->kept[records->cnt++ % KEPT] = *event;
	names_find(records, event, &names);
	writer_line(records->writer, line, eve_event(event, &names, clock_real_offset(), line));
}

void records_loss(struct records *records, enum sek_cause cause, const struct sek_event_stat *total,
		  uint64_t suppressed_new, uint64_t lost_new)
{
	char line[EVE_LINE_MAX];

	writer_line(records->writer, line,
		    eve_loss(state_cause_name(cause), total, suppressed_new, lost_new,
			     clock_real_ns(), line));
	if (lost_new)
		log_warn("events: %llu of cause %s were lost in a second: the ring was full",
			 (unsigned long long)lost_new, state_cause_name(cause));
}

void records_change(struct records *records, const struct eve_change *change)
{
	char line[EVE_LINE_MAX];

	writer_line(records->writer, line, eve_change(change, clock_real_ns(), line));
	writer_flush(records->writer);
}

void records_check(struct records *records, const struct eve_check *check)
{
	char line[EVE_LINE_MAX];

	writer_line(records->writer, line, eve_check(check, clock_real_ns(), line));
}

void records_flood(struct records *records, const struct eve_flood *flood)
{
	char line[EVE_LINE_MAX];

	writer_line(records->writer, line, eve_flood(flood, clock_real_ns(), line));
}

void records_line(struct records *records, const char *line, size_t len)
{
	writer_line(records->writer, line, len);
}

void records_object(struct records *records, const char *type, json_t *members)
{
	char line[EVE_LINE_MAX];
	size_t len = members ? eve_object(type, members, clock_real_ns(), line) : 0;

	if (len)
		writer_line(records->writer, line, len);
	else
		log_error("records: one of type %s cannot be written: it is too long, or no memory",
			  type);
	json_decref(members);
}

void records_reopen(struct records *records)
{
	int err = writer_reopen(records->writer);

	if (err)
		log_error("records: the file cannot be opened anew: %s; the old one stays in use",
			  strerror(-err));
}

static bool filter_takes(const struct records_filter *filter, const struct sek_event *e,
			 const struct eve_names *names)
{
	if (filter->reason && strcmp(filter->reason, state_reason_name(e->reason)) != 0)
		return false;
	return !filter->tenant || (names->tenant && strcmp(filter->tenant, names->tenant) == 0);
}

json_t *records_list(const struct records *records, const struct records_filter *filter)
{
	uint64_t oldest = records->cnt > KEPT ? records->cnt - KEPT : 0;
	json_t *array = json_array();

	for (uint64_t i = records->cnt; i-- > oldest && json_array_size(array) < filter->limit;) {
		const struct sek_event *e = &records->kept[i % KEPT];
		char line[EVE_LINE_MAX];
		struct eve_names names;

		names_find(records, e, &names);
		if (filter_takes(filter, e, &names))
			json_array_insert_new(
				array, 0,
				json_loadb(line, eve_event(e, &names, clock_real_offset(), line), 0,
					   NULL));
	}
	return json_pack("{s:o}", "events", array);
}

void records_count(const struct records *records, uint64_t *ret_written, uint64_t *ret_failed)
{
	writer_count(records->writer, ret_written, ret_failed);
}
