/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt of one check. Each kind is a file of this room; checks.c runs them, a thread a check.
 * A probe may block its thread until its time is over, and ends soon when it is told to stop.
 */
#ifndef AGENT_WATCH_PROBE_H
#define AGENT_WATCH_PROBE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "model/model.h"

#define PROBE_SAID 160

struct probe_limit {
	uint64_t end_ns; /* CLOCK_MONOTONIC */
	const atomic_bool *stop;
};

/*
 * 0: it passed. Else -errno, and -ECANCELED when it was stopped. said: what came of it in words, of at
 * most PROBE_SAID bytes, either way.
 */
typedef int probe_run(const struct model_check *check, const struct probe_limit *limit, char *said);
probe_run probe_ping, probe_tcp, probe_http, probe_dns;
/* The one of the check's kind. */
int probe_any(const struct model_check *check, const struct probe_limit *limit, char *said);

/*
 * Of a datagram of anybody that came to the socket of a check by DNS: asked begins with the id of its
 * question. 0: it has what was asked for; -ENOENT: it says that there is none; -EAGAIN: it is a stranger's,
 * said is left.
 */
int probe_dns_judge(const struct model_check *check, const unsigned char *asked,
		    const unsigned char *bytes, size_t len, char *said);

/* Can this host ask so at all? 0, or -errno with words in diag. Asked before a policy is live. */
int probe_possible(const struct model_check *check, struct diag *diag);

/* Waits for poll(2) events. 0, -ETIMEDOUT, -ECANCELED, or another -errno. */
int probe_wait(int fd, short events, const struct probe_limit *limit);
/* A socket connected to the check's target from its own end, not blocking; or -errno. */
int probe_socket(const struct model_check *check, int type, int proto, uint16_t port);
/* Milliseconds that are left, 0 when it is over. */
int probe_left_ms(const struct probe_limit *limit);

#endif
