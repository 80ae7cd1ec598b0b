/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClamAV's daemon, by INSTREAM (clamd(8)) over its unix socket or TCP.
 */
#ifndef AGENT_SCAN_CLAMD_H
#define AGENT_SCAN_CLAMD_H

#include "base/slice.h"

enum clamd_says { CLAMD_CLEAN, CLAMD_FOUND, CLAMD_UNAVAILABLE };

#define CLAMD_NAME_MAX 128

/*
 * address: a socket's path, or "host:port" ("[::1]:3310"). Not a moment beyond deadline_ns of the monotonic
 * clock. ret_name: the signature, where one was found.
 */
enum clamd_says clamd_ask(const char *address, struct slice bytes, uint64_t deadline_ns,
			  char ret_name[CLAMD_NAME_MAX]);
/* Pure: what a reply says, without the 0 at its end. */
enum clamd_says clamd_reply_read(struct slice reply, char ret_name[CLAMD_NAME_MAX]);

#endif
