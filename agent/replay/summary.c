/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the last words of a run. Called by inspect.c. Promises that what was lost or refused is among them.
 */
#include "replay/summary.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "text/counted.h"
#include "text/escape.h"

static const char *level_word(enum diag_level level)
{
	return level == DIAG_ERROR ? "error" : level == DIAG_WARNING ? "warning" : "note";
}

/* Bytes that are no UTF-8 would make jansson refuse the whole: they are escaped. */
static json_t *word(const char *text)
{
	char shown[1024];
	json_t *string;

	text = text ? text : "";
	string = json_string(text);

	return string ? string : json_string(text_escape(text, strlen(text), shown, sizeof(shown)));
}

json_t *diag_json(const struct diag *diag)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diag->cnt; i++) {
		const struct diag_entry *e = &diag->entries[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "level",
						      level_word(e->level), "file", word(e->file),
						      "line", (json_int_t)e->line, "column",
						      (json_int_t)e->column, "text", word(e->text),
						      "hint", word(e->hint)));
	}
	return list;
}

static double gbit_per_second(const struct summary *s)
{
	return s->seconds > 0 ? (double)s->tally.bytes * 8 / 1e9 / s->seconds : 0;
}

static json_t *summary_json(const struct summary *s)
{
	const struct engine_tally *t = &s->tally;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:o}, "
			 "s:{s:I, s:I, s:I, s:I, s:I, s:I}, "
			 "s:f, s:f, s:f, s:f, s:b}",
			 "packets", (json_int_t)t->packets, "bytes", (json_int_t)t->bytes, "flows",
			 (json_int_t)t->flows, "alerts", (json_int_t)t->alerts, "repeated",
			 (json_int_t)t->repeated, "drops", (json_int_t)t->drops, "records",
			 (json_int_t)t->records, "rules", "taken", (json_int_t)s->rules.taken,
			 "refused", (json_int_t)s->rules.refused, "ignored",
			 (json_int_t)s->rules.ignored, "diag", diag_json(&s->refused), "lost",
			 "invalid_packets", (json_int_t)t->invalid, "evicted_flows",
			 (json_int_t)t->evicted, "events", (json_int_t)t->events_lost, "alerts",
			 (json_int_t)t->alerts_lost, "memory_short", (json_int_t)t->memory_short,
			 "files", (json_int_t)s->files_lost, "start_seconds", s->start_seconds,
			 "seconds", s->seconds, "cpu_seconds", s->cpu_seconds, "gbit_per_s",
			 gbit_per_second(s), "broken", s->broken);
}

static json_t *scan_json(const struct summary *s)
{
	const struct scan_tally *t = &s->scan;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "scanned",
			 (json_int_t)t->scanned, "members", (json_int_t)t->members, "cached",
			 (json_int_t)t->cached, "failed", (json_int_t)t->failed,
			 "clamav_unavailable", (json_int_t)t->unavailable, "queue_full",
			 (json_int_t)t->full, "quarantined", (json_int_t)s->quarantined,
			 "quarantine_evicted", (json_int_t)s->quarantine_evicted,
			 "quarantine_failed", (json_int_t)s->quarantine_failed);
}

static json_t *both_json(const struct diag *first, const struct diag *second)
{
	json_t *list = diag_json(first), *more = diag_json(second);

	json_array_extend(list, more);
	json_decref(more);
	return list;
}

static void json_print(const struct summary *s, const struct diag *diag, bool pretty, bool failed)
{
	json_t *root = failed ? json_pack("{s:{s:i, s:s, s:o}}", "error", "exit", 1, "text",
					  "the capture cannot be inspected", "diag",
					  both_json(&s->refused, diag))
			      : summary_json(s);

	if (root && !failed && s->scans)
		json_object_set_new(root, "files", scan_json(s));
	if (root && !failed && diag->cnt)
		json_object_set_new(root, "diag", diag_json(diag));
	if (root)
		json_dumpf(root, stdout, pretty ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', stdout);
	json_decref(root);
}

static void text_print(const struct summary *s)
{
	const struct engine_tally *t = &s->tally;

	printf("%s of %s in %s, %.2f s, %.3f Gbit/s (start %.2f s)\n",
	       COUNTED(t->packets, "packet"), COUNTED(t->bytes, "byte"), COUNTED(t->flows, "flow"),
	       s->seconds, gbit_per_second(s), s->start_seconds);
	printf("%s, %s dropped, %s\n", COUNTED(t->alerts, "alert"), COUNTED(t->drops, "packet"),
	       COUNTED(t->records, "record"));
	if (t->repeated)
		printf("%s more, counted in the records of their flows\n",
		       COUNTED(t->repeated, "alert"));
	printf("%s taken, %u refused, %u ignored\n", COUNTED(s->rules.taken, "rule"),
	       s->rules.refused, s->rules.ignored);
	if (t->invalid || t->evicted || t->events_lost || t->alerts_lost || t->memory_short ||
	    s->files_lost)
		printf("not seen whole: %s not readable, %s given up early, %s and %s without room, "
		       "%s, memory short %s\n",
		       COUNTED(t->invalid, "packet"), COUNTED(t->evicted, "flow"),
		       COUNTED(t->events_lost, "event"), COUNTED(t->alerts_lost, "alert"),
		       COUNTED(s->files_lost, "file"), COUNTED(t->memory_short, "time"));
	if (s->scans)
		printf("%s looked into, %s, %" PRIu64 " known before; %" PRIu64
		       " in quarantine, %" PRIu64 " made room\n",
		       COUNTED(s->scan.scanned, "file"), COUNTED(s->scan.members, "member"),
		       s->scan.cached, s->quarantined, s->quarantine_evicted);
	if (s->scan.failed || s->scan.unavailable || s->scan.full || s->quarantine_failed)
		printf("not looked into whole: %s failed, %" PRIu64 " without ClamAV, %" PRIu64
		       " without room in the queue; %" PRIu64 " not kept in quarantine\n",
		       COUNTED(s->scan.failed, "scan"), s->scan.unavailable, s->scan.full,
		       s->quarantine_failed);
	if (s->broken)
		puts("the capture is broken: only what came before that was inspected");
}

void summary_print(const struct summary *summary, const struct diag *diag, bool json, bool pretty,
		   bool failed)
{
	if (json) {
		json_print(summary, diag, pretty, failed);
		return;
	}
	diag_print(&summary->refused, stderr);
	diag_print(diag, stderr);
	if (!failed)
		text_print(summary);
}
