/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks into files: archives, YARA, ClamAV. Threads of its own take the files; archives and YARA's rules
 * are
 * read by a process in a sandbox (server.h). Who asks may wait, or come again.
 */
#ifndef AGENT_SCAN_SCAN_H
#define AGENT_SCAN_SCAN_H

#include "scan/findings.h"
#include "scan/settings.h"

struct scan_room;
struct scan_job;

struct scan_member {
	struct grown path, bytes;
	bool cut; /* bytes are missing at its end */
};

enum scan_failure {
	SCAN_WHOLE,
	SCAN_FAILED, /* the scanner did not come to its end: time, memory, a crash */
	SCAN_NO_CLAMD,
};

struct scan_result {
	struct grown bytes; /* of the file itself; who wants them takes them */
	struct scan_member *members; /* number 1 of findings is the first */
	uint32_t member_cnt;
	struct findings findings;
	enum scan_failure failure; /* what was found until then is there */
};

struct scan_tally {
	uint64_t scanned, members, cached;
	uint64_t failed, unavailable, full; /* full: no room in the queue */
};

/*
 * Starts the scanner and the threads. settings must stay. program NULL: this one. Returns 0, or -errno with
 * words in diag.
 */
int scan_room_new(const struct scan_settings *settings, const char *program,
		  struct scan_room **ret_room, struct diag *diag);
void scan_room_free(struct scan_room *room);
const struct scan_settings *scan_room_settings(const struct scan_room *room);
struct scan_tally scan_room_tally(struct scan_room *room);
/*
 * YARA's rules are read anew, beside those in force; files under way are looked into by these. What was
 * found before is not remembered any more. Returns 0, or -errno with words in diag: those in force stay.
 * Takes seconds.
 */
int scan_room_renew(struct scan_room *room, struct diag *diag);

/* Takes bytes over, whatever it returns; copies the others. Returns 0, -EBUSY (counted) or -ENOMEM. */
int scan_begin(struct scan_room *room, struct grown *bytes, struct slice name,
	       struct slice passwords, struct scan_job **ret_job);
/* Told when a job is done, by the thread that did it: it must not call back into the room, nor wait. */
struct scan_call {
	void (*done)(void *arg);
	void *arg;
};
/* The same, for who does not wait; call must stay until the job is freed. */
int scan_begin_told(struct scan_room *room, struct grown *bytes, struct slice name,
		    struct slice passwords, const struct scan_call *call, struct scan_job **ret_job);
/* Waits; bounded by the times of the settings. The job's, until that is freed. */
struct scan_result *scan_wait(struct scan_room *room, struct scan_job *job);
/* Does not wait. NULL: it is not done yet. */
struct scan_result *scan_look(struct scan_room *room, struct scan_job *job);
void scan_job_free(struct scan_room *room, struct scan_job *job);
/* Nobody wants its result any more: it is freed when it is done, and nobody is told. Does not wait. */
void scan_job_leave(struct scan_room *room, struct scan_job *job);

#endif
