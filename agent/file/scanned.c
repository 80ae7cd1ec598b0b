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

static void job_leave(struct file_room *room, struct file_scan *scan)
{
	if (scan->job)
		scan_job_leave(room->scan, scan->job);
	scan->job = NULL;
	scan->peeked = 0;
}

void file_scan_free(struct file_room *room, struct file_scan *scan)
{
	if (!scan)
		return;
	job_leave(room, scan);
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

/* --- parts that come by several transfers --- */

static struct ranges *ranges_of(const struct file *file)
{
	return file->has_origin ? file->tx->session->setup->files->ranges : NULL;
}

/* What came of it is kept for the parts that may follow by other transfers. */
static void part_keep(const struct file *file)
{
	struct ranges *ranges = ranges_of(file);

	if (ranges && file->scan->bytes.len)
		ranges_put(ranges, file->origin, file->origin_from, grown_slice(&file->scan->bytes));
}

/*
 * Of a part, what lies together with it is looked into: as much as its receiver may have of the file by
 * now.
 */
static void part_join(struct file *file)
{
	struct ranges *ranges = ranges_of(file);
	struct file_scan *scan = file->scan;
	struct grown all = { .at = NULL };
	uint64_t from;

	bool is_whole = !file->origin_from && !file->is_range && file->state == FILE_CLOSED;

	if (!ranges || !scan->bytes.len || (is_whole && !file->may_be_cut))
		return;
	part_keep(file);
	if (is_whole || file->tx->session->is_over)
		return;
	if (ranges_get(ranges, file->origin, file->origin_from, &all, &from)) {
		grown_free(&scan->bytes);
		scan->bytes = all;
	}
	if (!scan->why)
		scan->why = "range"; /* who knows what lies around it */
}

/* --- verdicts --- */

/* Why nobody could look, other than that the file itself is not to be looked into. */
static bool was_not_asked(const struct file_scan *scan)
{
	static const char *const words[] = { "memory",	       "queue_full",
					     "scanner_failed", "clamav_unavailable",
					     "hold_timeout",   "flow_ended" };

	for (size_t i = 0; scan->why && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(scan->why, words[i]) == 0)
			return true;
	return false;
}

/* What the flow's body wants to become of what could not be looked at; in line alone it says so. */
static bool owner_is_closed(struct session *session)
{
	const struct engine_setup *setup = session->setup;

	return session->waits && setup->owner &&
	       setup->owner(setup->owner_arg, session_flow(session)->tenant).closed;
}

/* Whether the flow ends by it: where we stand in the path. */
static bool verdict_ends(const struct file *file)
{
	struct session *session = file->tx->session;
	const struct engine_setup *setup = session->setup;
	const struct scan_settings *s = scan_room_settings(setup->files->scan);
	const struct file_scan *scan = file->scan;

	if (!s->drop || !setup->ips)
		return false;
	return scan->verdict == FILE_MALICIOUS ||
	       (scan->verdict == FILE_UNAVAILABLE &&
		(s->closed || (was_not_asked(scan) && owner_is_closed(session))));
}

/* In line both of its ends are told. */
static void verdict_apply(const struct file *file)
{
	struct session *session = file->tx->session;

	if (!verdict_ends(file))
		return;
	session_flow(session)->fate |= FATE_DROP;
	if (session->waits)
		session_flow(session)->fate |= FATE_REJECT_SRC | FATE_REJECT_DST;
}

static void verdict_reach(struct file *file)
{
	struct file_scan *scan = file->scan;

	if (scan->verdict == FILE_CLEAN && scan->why)
		scan->verdict = FILE_UNAVAILABLE;
}

/* What was found is known, or that nothing can be. */
static void scan_end(struct file *file)
{
	struct file_room *room = file->tx->session->setup->files;

	if (file->scan->verdict == FILE_MALICIOUS && file->origin_from == 0 && !file->is_range)
		part_keep(file); /* its reader has all but the end */
	if (file->scan->verdict != FILE_MALICIOUS || !room->quarantine.enabled)
		bytes_forget(room, file->scan);
	verdict_reach(file);
	for (struct file *member = file->next; member; member = member->next)
		if (member->container == file && member->scan)
			verdict_reach(member);
	verdict_apply(file);
	file_wait_end(file);
}

static void job_take(struct file *file, struct scan_job *job, struct scan_result *result)
{
	struct file_room *room = file->tx->session->setup->files;
	struct file_scan *scan = file->scan;

	result_take(file, result);
	grown_free(&scan->bytes);
	scan->bytes = result->bytes;
	result->bytes = (struct grown){ .at = NULL };
	scan_job_free(room->scan, job);
}

static void begin_failed(struct file_scan *scan, int err)
{
	scan->why = err == -EBUSY ? "queue_full" : "memory";
}

/* In line: the verdict is told later. false: it cannot be begun. */
static bool verdict_ask(struct file *file)
{
	struct session *session = file->tx->session;
	struct file_scan *scan = file->scan;
	int err = scan_begin_told(session->setup->files->scan, &scan->bytes,
				  slice(file->name, file->name_len), scan->passwords,
				  &session->waits->call, &scan->job);

	if (err) {
		begin_failed(scan, err);
		return false;
	}
	file->tx->waits++;
	if (file->wait.number) /* the last bytes are held back already */
		file->wait.since_ns = session->waits->now_ns;
	else
		file_wait_begin(file);
	return true;
}

static void verdict_await(struct file *file)
{
	struct file_room *room = file->tx->session->setup->files;
	struct file_scan *scan = file->scan;
	struct scan_job *job;
	int err = scan_begin(room->scan, &scan->bytes, slice(file->name, file->name_len),
			     scan->passwords, &job);

	if (err)
		begin_failed(scan, err);
	else
		job_take(file, job, scan_wait(room->scan, job));
}

void file_scan_close(struct file *file)
{
	struct session *session = file->tx->session;
	struct file_scan *scan = file->scan;

	if (file->container)
		return; /* it was looked into with its container */
	if (!scan->why && file->state == FILE_TRUNCATED)
		scan->why = file->has_gaps ? "gaps" : "truncated";
	part_join(file);
	if (scan->bytes.len && session->waits && !session->is_over) {
		job_leave(session->setup->files, scan);
		if (verdict_ask(file))
			return;
	} else if (scan->bytes.len && !session->waits) {
		verdict_await(file);
	}
	scan_end(file);
}

/* --- in line --- */

bool file_scan_is_asked(const struct file *file)
{
	return file->scan && file->scan->job;
}

/* Of a file that goes on. What is malicious now is so whatever follows: it ends here. */
static void peek_take(struct file *file, struct scan_job *job, struct scan_result *result)
{
	struct file_room *room = file->tx->session->setup->files;
	struct file_scan *scan = file->scan;
	bool has_more = file->size > scan->peeked;

	scan->peeked = 0;
	if (result->findings.hit_cnt) {
		file_cut(file);
		job_take(file, job, result);
		scan_end(file);
		return;
	}
	scan_job_free(room->scan, job);
	if (!has_more)
		file_wait_end(file);
}

bool file_scan_look(struct file *file)
{
	struct file_room *room = file->tx->session->setup->files;
	struct file_scan *scan = file->scan;
	struct scan_result *result = scan_look(room->scan, scan->job);
	struct scan_job *job = scan->job;

	if (!result)
		return false;
	scan->job = NULL;
	if (scan->peeked) {
		peek_take(file, job, result);
		return true;
	}
	file->tx->waits--;
	job_take(file, job, result);
	scan_end(file);
	return true;
}

void file_scan_give_up(struct file *file, const char *why)
{
	struct session *session = file->tx->session;
	bool is_asked = file_scan_is_asked(file);

	if (!is_asked) {
		file_wait_end(file);
		return;
	}
	if (!file->scan->peeked)
		file->tx->waits--;
	else
		file_cut(file); /* it would wait again with each byte */
	job_leave(session->setup->files, file->scan);
	file->scan->why = why;
	scan_end(file);
	if (verdict_ends(file))
		session->waits->late_closed++;
	else
		session->waits->late_open++;
}

void file_scan_left(struct file *file)
{
	if (file->scan && file->state == FILE_OPENED)
		part_keep(file);
}

void file_scan_peek(struct file *file)
{
	struct session *session = file->tx->session;
	struct file_scan *scan = file->scan;
	struct grown copy = { .at = NULL };

	if (!scan || scan->why || !scan->bytes.len || !grown_add(&copy, grown_slice(&scan->bytes)) ||
	    scan_begin_told(session->setup->files->scan, &copy, slice(file->name, file->name_len),
			    scan->passwords, &session->waits->call, &scan->job)) {
		grown_free(&copy);
		file_wait_end(file);
		return;
	}
	scan->peeked = file->size;
	file->wait.since_ns = session->waits->now_ns;
}
