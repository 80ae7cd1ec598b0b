/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What looks wrong about the names that somebody asks for: data carried in them (tunnels), names that a
 * program made up (DGA), servers named in TLS that no answer led to. It is said, never acted upon. Each
 * memory is bounded, and what was said is not said again for an hour.
 */
#ifndef AGENT_NAMES_SUSPECT_H
#define AGENT_NAMES_SUSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/base.h"
#include "sekisho/limits.h"

struct suspect;

/* What is found is told by this; score of 1000. */
typedef void suspect_told(void *arg, uint16_t tenant, const char *event, const char *name,
			  const char *text, uint64_t score);

/* grace_s: nothing is said of servers for so long after the first name. Returns 0 or -errno. */
int suspect_new(suspect_told *told, void *arg, uint32_t grace_s, struct suspect **ret_suspect);
void suspect_free(struct suspect *suspect);

/* A question of a client; name in lower case. payload: bytes of the whole message. */
void suspect_question(struct suspect *suspect, uint16_t tenant, const char *name, uint16_t type,
		      uint32_t payload, uint64_t now_ns);
/* The answer to it: it does not exist, or leads to somewhere for so long. */
void suspect_answer(struct suspect *suspect, uint16_t tenant, const struct sek_addr *client,
		    const char *name, bool exists, uint32_t ttl_s, uint64_t now_ns);
/* A server that a client named in a ClientHello. */
void suspect_server(struct suspect *suspect, uint16_t tenant, const struct sek_addr *client,
		    const char *name, uint64_t now_ns);
/* This client asks by ways that we do not see (DoH that is allowed): nothing is said of its servers. */
void suspect_spare(struct suspect *suspect, uint16_t tenant, const struct sek_addr *client,
		   uint64_t now_ns);

/* How unlike words a label is: 0 to 1000. From SUSPECT_MADE_UP on it counts as made up by a program. */
uint32_t suspect_label_score(const char *label, size_t len);
#define SUSPECT_MADE_UP 480

/* Questions of one domain within a minute from which on it is a tunnel: see suspect.c. */
#define SUSPECT_WINDOW_NS 60000000000ULL
#define SUSPECT_UNIQUE 100 /* different names below one registered domain */
#define SUSPECT_CARRIED 40 /* bytes that each of them has in front of it, on average */
#define SUSPECT_BULK 200 /* TXT and NULL questions */

/* DGA: of one client within ten minutes, so many different domains that do not exist and are made up. */
#define SUSPECT_DGA_WINDOW_NS 600000000000ULL
#define SUSPECT_DGA_NAMES 12
#define SUSPECT_LATER_S 3600 /* answers are remembered this much longer than they hold */

#endif
