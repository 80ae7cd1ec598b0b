/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found in a file and its members, apart from the members themselves; and a memory of it by what
 * was
 * looked at, so that the same bytes are not looked at twice.
 */
#ifndef AGENT_SCAN_FINDINGS_H
#define AGENT_SCAN_FINDINGS_H

#include <stdatomic.h>

#include "base/grown.h"

enum scan_by { SCAN_YARA, SCAN_CLAMAV };

#define HIT_NAME_MAX 128
#define HITS_MAX 256 /* of a file with all its members; more are counted */

struct scan_hit {
	enum scan_by by;
	uint32_t file; /* 0: the file itself; from 1 on its members */
	bool is_inside; /* found in a member of it as well: told there */
	char name[HIT_NAME_MAX]; /* the rule's, the signature's; bytes that cannot be printed are '.' */
	struct grown meta; /* of a rule of YARA: "key" 0 "value" 0 for each */
};

struct findings {
	struct scan_hit *hits; /* in the order of files; NULL: none */
	uint32_t hit_cnt, hits_lost;
	uint32_t files; /* the file itself and its members */
	uint32_t stops; /* bits of enum unpack_stop, and WIRE_YARA_TIME */
};

/* false: no memory, or too many (counted). */
bool findings_add(struct findings *findings, enum scan_by by, uint32_t file, struct slice name,
		  struct slice meta);
/* Puts them in the order of files; of one file as they were added. */
void findings_sort(struct findings *findings);
/* false: no memory; then to is empty. */
bool findings_copy(const struct findings *from, struct findings *to);
void findings_free(struct findings *findings);

/* --- the memory --- */

#define VERDICT_KEY_LEN 32 /* a SHA-256 */

struct verdicts;

/* So many of them; those that were not asked for the longest go. NULL: no memory. */
struct verdicts *verdicts_new(uint32_t most);
/*
 * What was found under another epoch (rules, lists) counts as not known. By any thread; true: a
 * copy is in to.
 */
bool verdicts_find(struct verdicts *verdicts, const uint8_t key[VERDICT_KEY_LEN], uint32_t epoch,
		   struct findings *to);
void verdicts_put(struct verdicts *verdicts, const uint8_t key[VERDICT_KEY_LEN], uint32_t epoch,
		  const struct findings *findings);
void verdicts_free(struct verdicts *verdicts);

#endif
