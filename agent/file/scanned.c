// SPDX-License-Identifier: Apache-2.0
/*
 * Owns what is kept of a file to be looked into, and makes files of its members. Called by file.c.
 * Promises that
 * members stand behind their container in the order of the archive, and that a file that was not seen whole
 * says why.
 */
#include "file/scanned.h"

#include <errno.h>

#include "inspect/engine.h"
#include "scan/scan.h"
#include "scan/wire.h"

struct file_scan *file_scan_new(const struct file_room *room)
{
	return room->scan ? calloc(1, sizeof(struct file_scan)) : NULL;
}

static void bytes_forget(struct file_room *room, struct file_scan *scan)
{
	grown_free(&scan->bytes);
	room->scan_bytes -= scan->charged;
	scan->charged = 0;
}

void file_scan_bytes(struct file *file, struct slice bytes)
{
	struct file_room *room = file->tx->session->setup->files;
	const struct scan_settings *settings = scan_room_settings(room->scan);
	struct file_scan *scan = file->scan;

	if (scan->why)
		return;
	scan->charged += bytes.len;
	room->scan_bytes += bytes.len;
	if (file->has_gaps)
		scan->why = "gaps";
	else if (scan->bytes.len + bytes.len > settings->max_size)
		scan->why = "too_large";
	else if (room->scan_bytes > settings->memory || !grown_add(&scan->bytes, bytes))
		scan->why = "memory";
	if (scan->why)
		bytes_forget(room, scan);
}

void file_scan_free(struct file_room *room, struct file_scan *scan)
{
	if (!scan)
		return;
	bytes_forget(room, scan);
	for (uint32_t i = 0; i < scan->hit_cnt; i++)
		grown_free(&scan->hits[i].meta);
	free(scan->hits);
	free(scan);
}

bool file_is_quarantined(const struct file *file)
{
	return file->scan && file->state != FILE_OPENED && file->scan->bytes.len && file->sha256[0];
}

void file_scan_told(struct file *file)
{
	if (file->scan)
		bytes_forget(file->tx->session->setup->files, file->scan);
}

/* --- members --- */

/* The files of a result: number 0 is the container. */
struct files {
	struct file **at;
	struct scan_result *result;
};

static struct file *member_open(struct file *container, const struct scan_member *from)
{
	struct file *member = file_open(container->tx, container->side, grown_slice(&from->path));

	if (!member)
		return NULL;
	member->container = container;
	member->opened_packet = container->opened_packet;
	file_bytes(member, grown_slice(&from->bytes), 0);
	file_close(member, !from->cut);
	return member;
}

/* Is file b inside file a, by their names? */
static bool is_inside(const struct scan_result *r, uint32_t a, uint32_t b)
{
	struct slice outer, inner;

	if (a == b || b == 0)
		return false;
	if (a == 0)
		return true;
	outer = grown_slice(&r->members[a - 1].path);
	inner = grown_slice(&r->members[b - 1].path);
	return inner.len > outer.len && inner.at[outer.len] == '!' &&
	       memcmp(inner.at, outer.at, outer.len) == 0;
}

static void hits_mark(struct scan_result *r)
{
	struct findings *f = &r->findings;

	for (uint32_t i = 0; i < f->hit_cnt; i++)
		for (uint32_t k = 0; k < f->hit_cnt && !f->hits[i].is_inside; k++)
			f->hits[i].is_inside = f->hits[i].by == f->hits[k].by &&
					       is_inside(r, f->hits[i].file, f->hits[k].file) &&
					       strcmp(f->hits[i].name, f->hits[k].name) == 0;
}

/* What is in a member is in all that it is in. */
static void verdicts_spread(struct files *files)
{
	const struct findings *f = &files->result->findings;

	for (uint32_t file = 0; file <= files->result->member_cnt; file++)
		for (uint32_t i = 0; files->at[file] && i < f->hit_cnt; i++)
			if (f->hits[i].file == file ||
			    is_inside(files->result, file, f->hits[i].file))
				files->at[file]->scan->verdict = FILE_MALICIOUS;
}

/* The hits are the files' own from here on. */
static void hits_give(struct files *files)
{
	struct findings *f = &files->result->findings;

	for (uint32_t i = 0; i < f->hit_cnt; i++) {
		struct file *file = f->hits[i].file <= files->result->member_cnt
					    ? files->at[f->hits[i].file]
					    : NULL;
		struct scan_hit *hits;

		if (!file)
			continue;
		hits = reallocarray(file->scan->hits, file->scan->hit_cnt + 1, sizeof(*hits));
		if (!hits)
			continue;
		file->scan->hits = hits;
		hits[file->scan->hit_cnt++] = f->hits[i];
		f->hits[i].meta = (struct grown){ .at = NULL };
	}
}

static const char *why_of(const struct scan_result *r)
{
	if (r->failure)
		return r->failure == SCAN_FAILED ? "scanner_failed" : "clamav_unavailable";
	if (r->findings.stops & WIRE_YARA_TIME)
		return "yara_timeout";
	for (int i = 0; i < UNPACK_STOPS; i++)
		if (r->findings.stops >> i & 1)
			return unpack_stop_word((enum unpack_stop)i);
	return NULL;
}

static void result_take(struct file *file, struct scan_result *r)
{
	struct files files = { calloc(r->member_cnt + 1, sizeof(struct file *)), r };
	const char *why = why_of(r);

	file->scan->member_cnt = r->member_cnt;
	file->scan->stops = r->findings.stops & ~WIRE_YARA_TIME;
	if (why)
		file->scan->why = why;
	if (!files.at) {
		file->scan->why = "memory";
		return;
	}
	files.at[0] = file;
	for (uint32_t i = 0; i < r->member_cnt; i++) {
		files.at[i + 1] = member_open(file, &r->members[i]);
		if (files.at[i + 1] && !files.at[i + 1]->scan)
			files.at[i + 1] = NULL; /* no memory: it is a file without a verdict */
		if (files.at[i + 1] && r->failure)
			files.at[i + 1]->scan->why = why;
		if (files.at[i + 1] && r->members[i].cut && !r->failure)
			files.at[i + 1]->scan->why = "truncated";
	}
	hits_mark(r);
	verdicts_spread(&files);
	hits_give(&files);
	free(files.at);
}

/* --- verdicts --- */

/* Where we stand in the path, the flow ends here. */
static void verdict_apply(const struct file *file)
{
	const struct engine_setup *setup = file->tx->session->setup;
	const struct scan_settings *s = scan_room_settings(setup->files->scan);
	bool ends = file->scan->verdict == FILE_MALICIOUS ||
		    (file->scan->verdict == FILE_UNAVAILABLE && s->closed);

	if (ends && s->drop && setup->ips)
		session_flow(file->tx->session)->fate |= FATE_DROP;
}

static void verdict_reach(struct file *file)
{
	struct file_scan *scan = file->scan;

	if (scan->verdict == FILE_CLEAN && scan->why)
		scan->verdict = FILE_UNAVAILABLE;
}

void file_scan_close(struct file *file)
{
	struct file_room *room = file->tx->session->setup->files;
	struct file_scan *scan = file->scan;
	struct scan_job *job;
	int ret;

	if (file->container)
		return; /* it was looked into with its container */
	if (!scan->why && file->state == FILE_TRUNCATED)
		scan->why = file->has_gaps ? "gaps" : "truncated";
	if (scan->bytes.len) {
		ret = scan_begin(room->scan, &scan->bytes, slice(file->name, file->name_len),
				 scan->passwords, &job);
		if (!ret) {
			struct scan_result *result = scan_wait(room->scan, job);

			result_take(file, result);
			scan->bytes = result->bytes;
			result->bytes = (struct grown){ .at = NULL };
			scan_job_free(room->scan, job);
		} else {
			scan->why = ret == -EBUSY ? "queue_full" : "memory";
		}
	}
	if (scan->verdict != FILE_MALICIOUS || !room->quarantine.enabled)
		bytes_forget(room, scan);
	verdict_reach(file);
	for (struct file *member = file->next; member; member = member->next)
		if (member->container == file && member->scan)
			verdict_reach(member);
	verdict_apply(file);
}
