/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that were found to be malicious, kept for who has to judge it: DIR/SHA256 the bytes, DIR/SHA256.json
 * beside it a record of fileinfo for each time that it came (who, flow, tenant, why, when), a line each.
 * `sekisho file` reads the same folder.
 */
#ifndef AGENT_FILE_QUARANTINE_H
#define AGENT_FILE_QUARANTINE_H

#include <stdatomic.h>

#include "base/slice.h"

struct config; /* base/config.h */

struct quarantine {
	bool enabled;
	char dir[512];
	uint64_t max_size; /* bytes of all files; the oldest go */
	_Atomic uint64_t kept, evicted, failed; /* failed: too large, or could not be written */
};

/* Of sekisho.files.quarantine. */
void quarantine_read(const struct config *config, struct quarantine *ret_quarantine);
/* Puts it there, and makes room for it. record: a line of EVE. By one thread at a time. */
void quarantine_put(struct quarantine *quarantine, const char *sha256, struct slice bytes,
		    struct slice record);

#endif
