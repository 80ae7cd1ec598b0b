/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a run share: the settings, libmagic's tables, the store's place. Made by who makes the
 * engine, used by all its workers.
 */
#ifndef AGENT_FILE_ROOM_H
#define AGENT_FILE_ROOM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "file/quarantine.h"
#include "scan/settings.h"

struct config;
struct ruleset;
struct ranges; /* ranges.h */
struct scan_room; /* scan/scan.h */

enum file_sum { FILE_MD5, FILE_SHA1, FILE_SHA256, FILE_SUMS };

struct file_room {
	bool sums[FILE_SUMS]; /* asked for, by rules or settings */
	bool sums_of_rules;
	bool magic; /* asked for of every file, by rules or settings */
	bool magic_in_records;
	bool store, store_all, store_info; /* filestore; all: without a rule; info: .json beside */
	uint64_t store_depth; /* bytes of a file that are stored at most; 0: all */
	char store_dir[512];
	struct file_types *types; /* types.h */
	_Atomic uint32_t store_cnt; /* files that were begun to be stored */
	_Atomic uint64_t refused; /* files that were not followed, or could not be kept */
	struct scan_settings scan_settings;
	struct scan_room *scan; /* NULL: nobody looks into files */
	_Atomic uint64_t scan_bytes; /* of files that come, kept to be looked into */
	struct quarantine quarantine;
	struct ranges *ranges; /* ranges.h; where files are looked into */
	struct {
		uint32_t seconds; /* that a file's last bytes wait for its verdict */
		uint64_t memory, tenant_memory; /* bytes of frames that wait, of a worker */
	} hold; /* in line */
};

/*
 * ruleset NULL: none. config must stay. Returns 0, or -errno with words in diag: without libmagic's tables
 * types cannot be told, without a scanner files cannot be looked into.
 */
int file_room_new(const struct config *config, const struct ruleset *ruleset,
		  struct file_room **ret_room, struct diag *diag);
/*
 * Rules are exchanged: files from now on are looked at as these ask. Returns as above, and nothing has
 * changed.
 */
int file_room_ask(struct file_room *room, const struct config *config, const struct ruleset *ruleset);
void file_room_free(struct file_room *room);

#endif
