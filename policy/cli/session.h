/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's own session: would it outlive a policy? Asked by `sekisho policy apply` before
 * anything is sent. Lists and rates are not asked: only the rules and whose addresses they are.
 */
#ifndef POLICY_CLI_SESSION_H
#define POLICY_CLI_SESSION_H

#include "cli/cli.h"
#include "model/model.h"

/* A TCP connection from client to server; ports in host byte order. */
struct session {
	struct sek_addr client, server;
	uint16_t client_port, server_port;
};

/*
 * Reads SSH_CONNECTION (ssh(1)): "client_ip client_port server_ip server_port". Returns 0, or -EINVAL
 * for everything else; *ret_session is then untouched.
 */
int session_parse(const char *text, struct session *ret_session);

enum session_outlook {
	SESSION_STAYS, /* or does not come through the ports at all */
	SESSION_CUT,
	SESSION_UNSURE, /* refused, but by the policy in force as well, and yet it lives */
};

#define SESSION_WHY_MAX 512

/*
 * What becomes of the session's next packet under the policy `after`, decided as the kernel does.
 * before: the policy in force, NULL if there is none. why: room for SESSION_WHY_MAX bytes, filled with
 * the rule and its place unless the session stays.
 */
enum session_outlook session_outlook(const struct session *session, const struct policy *before,
				     const struct policy *after, char *why);

/*
 * Says what there is to say of the session. Returns CLI_OK when the policy may be sent: always with
 * `anyway`, which makes a refusal a note. Else CLI_FAILED, after the words.
 */
int session_guard(struct cli *cli, const struct session *session, const struct policy *before,
		  const struct policy *after, bool anyway);

#endif
