/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with files beyond hashes and types: the section sekisho.files of the settings.
 */
#ifndef AGENT_SCAN_SETTINGS_H
#define AGENT_SCAN_SETTINGS_H

#include "base/grown.h"
#include "scan/unpack.h"
#include "text/diag.h"

struct config; /* base/config.h */

#define SCAN_YARA_MAX 64

struct scan_settings {
	bool archives;
	struct unpack_limits unpack;
	const char *yara[SCAN_YARA_MAX]; /* files; of the configuration */
	uint32_t yara_cnt;
	const char *clamd; /* a socket's path, or "host:port"; NULL: nobody is asked */
	uint64_t max_size; /* a larger file is not looked into */
	uint64_t memory; /* bytes of files under way, of all flows */
	uint64_t child_memory; /* of one scan */
	unsigned int seconds; /* for YARA's rules over a file; twice as many of CPU for all of a scan */
	unsigned int clamd_seconds; /* for a file and its members together */
	uint32_t threads, queue; /* scans at once, and those that may wait */
	struct grown passwords; /* each ended by a 0; the settings' own */
	bool drop; /* where we stand in the path: what is malicious is dropped */
	bool closed; /* what could not be scanned is treated as if it were malicious */
	uint32_t cache; /* verdicts that are remembered */
};

/* Is anything of it asked for? */
bool scan_is_asked(const struct config *config);
/* Returns 0, or -errno with words in diag. What it points at is of config. */
int scan_settings_read(const struct config *config, struct scan_settings *ret_settings,
		       struct diag *diag);
void scan_settings_free(struct scan_settings *settings);

#endif
