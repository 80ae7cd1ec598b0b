/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events with names, to the record file and to a short memory for event.list.
 */
#ifndef AGENT_REPORT_RECORDS_H
#define AGENT_REPORT_RECORDS_H

#include <jansson.h>

#include "base/loop.h"
#include "editions.h"
#include "report/eve.h"
#include "settings.h"

struct records;

/* log_dir is made (0750) when it is absent. Returns 0 or -errno after words in the log. */
int records_new(struct loop *loop, const struct settings *settings, const struct editions *editions,
		struct records **ret_records);
void records_free(struct records *records);

void records_event(struct records *records, const struct sek_event *event);
void records_loss(struct records *records, enum sek_cause cause, const struct sek_event_stat *total,
		  uint64_t suppressed_new, uint64_t lost_new);
void records_change(struct records *records, const struct eve_change *change);
void records_check(struct records *records, const struct eve_check *check);
void records_flood(struct records *records, const struct eve_flood *flood);
/* A whole line that was made elsewhere. */
void records_line(struct records *records, const char *line, size_t len);
/* As eve_object(); takes over members, and says so when there is no line. */
void records_object(struct records *records, const char *type, json_t *members);
void records_reopen(struct records *records);

/* Which of the last events; tenant and reason NULL: any. */
struct records_filter {
	const char *tenant, *reason;
	uint32_t limit;
};
/* {"events":[...]}, oldest first, each as in the record file; a new reference. */
json_t *records_list(const struct records *records, const struct records_filter *filter);

/* Lines written, and lines that the disk refused. */
void records_count(const struct records *records, uint64_t *ret_written, uint64_t *ret_failed);

#endif
