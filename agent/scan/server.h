/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner, a process of its own: `sekishod scan`. It is started by scan.c with a socket for standard
 * input, knows the rules of YARA and the limits, holds nothing else of the agent, and forks a sandboxed
 * child for each file.
 */
#ifndef AGENT_SCAN_SERVER_H
#define AGENT_SCAN_SERVER_H

#include "scan/settings.h"

/* The first message to it; behind it the names of YARA's files, each ended by a 0. */
struct server_setup {
	struct unpack_limits unpack;
	uint64_t memory;
	uint32_t seconds, yara_cnt;
};

/* Its answer; behind it, where it could not begin, a sentence. */
struct server_ready {
	int32_t error; /* 0, or -errno */
	uint32_t yara_rules;
};

/*
 * A job, with two descriptors: the file's bytes, and a pipe for wire.h. Behind it the name, the
 * passwords.
 */
struct server_job {
	uint32_t name_len, passwords_len;
	uint8_t unpacks, asks_yara;
	uint8_t pad[6];
};

#define SERVER_MESSAGE_MAX (64 << 10)

/* One file in this process, as the child does it. yara NULL: it is not asked. */
struct yara;
void server_scan(const struct server_job *job, const struct server_setup *setup, struct yara *yara,
		 struct slice name, struct slice passwords, struct slice bytes, int out);

bool server_is_asked(int argc, char **argv);
/* Serves until the agent hangs up. Returns the exit status. */
int server_main(void);

#endif
