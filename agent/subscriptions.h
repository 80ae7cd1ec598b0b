/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that come by subscription, joined with the gateway: what is fetched is read, recorded and answered.
 * What is fetched when is fetch/'s.
 */
#ifndef AGENT_SUBSCRIPTIONS_H
#define AGENT_SUBSCRIPTIONS_H

#include <jansson.h>

struct agent;

/* Fills agent->feeds. Returns 0 or -errno after words in the log. */
int subscriptions_new(struct agent *agent);

/*
 * Adds to each of the lists of an answer to list.show that comes by subscription: "feed" (feeds_json), and
 * for tables "state" in words, "fetched" and "next"; its source is then its url.
 */
void subscriptions_describe(const struct agent *agent, json_t *lists);

#endif
