/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's end of the scanner's process (server.h).
 */
#ifndef AGENT_SCAN_CHILD_H
#define AGENT_SCAN_CHILD_H

#include "scan/scan.h"

struct child;

/* Starts it, and waits until it has read its rules. Returns 0, or -errno with words in diag. */
int child_new(const struct scan_settings *settings, const char *program, struct child **ret_child,
	      struct diag *diag);
/*
 * One file; by any thread, several at once. Fills members and findings as far as it came. Returns
 * false where it did not come to its end.
 */
bool child_scan(struct child *child, struct slice name, struct slice bytes, struct slice passwords,
		bool asks_yara, struct scan_result *result);
/*
 * Another one, which reads YARA's rules anew, takes its place: made beside it, and what was begun is brought
 * to its end by the former. Returns 0, or -errno with words in diag: then nothing has changed. Takes seconds.
 */
int child_renew(struct child *child, struct diag *diag);
void child_free(struct child *child);

#endif
