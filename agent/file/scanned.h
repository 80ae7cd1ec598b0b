/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is looked into (scan/scan.h): what is kept of it until it is whole, and what was found
 * then. Its
 * members become files of the same transaction, behind it, named "outer.zip!inner.exe".
 */
#ifndef AGENT_FILE_SCANNED_H
#define AGENT_FILE_SCANNED_H

#include "file/file.h"
#include "file/room.h"
#include "scan/findings.h"

enum file_verdict {
	FILE_CLEAN,
	FILE_MALICIOUS, /* something was found in it or in a member */
	FILE_UNAVAILABLE, /* nothing was found, and not all of it was seen: why says it */
};

struct file_scan {
	struct grown bytes; /* until it is closed; of what goes into quarantine, until it is told */
	struct slice passwords;
	uint64_t charged; /* bytes of the room's memory */
	const char *why; /* a word; NULL: all of it was seen */
	enum file_verdict verdict;
	struct scan_hit *hits; /* of this file alone */
	uint32_t hit_cnt;
	uint32_t member_cnt, stops; /* of an archive; bits of enum unpack_stop */
	/* In line (waits.h): */
	struct scan_job *job; /* whose result is to come; NULL: none */
	uint64_t peeked; /* bytes of the file that it has, where it is not all; 0: it is all */
};

/* For file.c. NULL: no memory, or nobody looks into files. */
struct file_scan *file_scan_new(const struct file_room *room);
void file_scan_bytes(struct file *file, struct slice bytes);
/*
 * At its end: waits until it was looked into, as settings bound it. In line it is but begun: the file
 * waits, and its transaction with it, until file_scan_look() or file_scan_give_up() says what is.
 */
void file_scan_close(struct file *file);
/* Its result is to come. */
bool file_scan_is_asked(const struct file *file);
/* Takes the result, if it is there; false: it is not yet. A file that was peeked into may go on. */
bool file_scan_look(struct file *file);
/* Its flow may send on: it is not judged, and why is the word for it. `fail:` decides. */
void file_scan_give_up(struct file *file, const char *why);
/* It is freed; of one that never was closed, what came is kept for a transfer that takes it up. */
void file_scan_left(struct file *file);
/* Has it looked into as it stands, since nothing comes; if that cannot be, it waits no more. */
void file_scan_peek(struct file *file);
/* Is it to be put into quarantine, now that it is told? */
bool file_is_quarantined(const struct file *file);
/* It was told: what was kept of it goes. */
void file_scan_told(struct file *file);
void file_scan_free(struct file_room *room, struct file_scan *scan);

#endif
