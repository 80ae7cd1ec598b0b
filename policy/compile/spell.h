/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the model in words, in the manner of the policy document. Equal meaning, equal words.
 * Every function returns a text that the caller frees, or NULL when out of memory.
 */
#ifndef POLICY_COMPILE_SPELL_H
#define POLICY_COMPILE_SPELL_H

#include <stdio.h>

#include "model/model.h"

/* "accept", "drop", "reject", "inspect"; not to be freed. */
const char *spell_action(enum sek_action action);
char *spell_number(uint64_t number);
char *spell_port(const struct model_port *port);
char *spell_list(const struct model_list *list);
/* Without the name: "out tcp from 10.0.0.0/8 to any port 22 accept log". */
char *spell_rule(const struct model_rule *rule);
/* "all: out tcp to any port 445 drop" */
char *spell_assert(const struct policy *policy, const struct model_assert *assertion);
/* Long rows of prefixes are cut, and their number and a sum of their bytes said. */
char *spell_prefixes(const struct prefix *prefixes, size_t cnt);
char *spell_attaches(const struct policy *policy, const struct model_tenant *tenant);
char *spell_rate(const struct sek_rate *rate);
char *spell_quota(const struct sek_tenant *limits);
char *spell_timeouts(const struct sek_timeouts *timeouts);
char *spell_flags(uint32_t flags);
/* "off", "auto" or "always"; not to be freed. */
const char *spell_synflood(uint32_t flags);
char *spell_lists(const struct policy *policy, const struct model_tenant *tenant);
/* ", url … every …", or nothing. */
void spell_feed(FILE *out, const struct model_feed *feed);
char *spell_name_list(const struct model_name_list *list);
/* "block", "allow", "inspect"; not to be freed. */
const char *spell_use(enum model_use use);
/* "malware, games (Mon-Fri 08:30-17:15)" */
char *spell_takings(const struct policy *policy, const struct model_names *names, enum model_use use);
/* "mode block, answer nxdomain, …; block: malware"; "" when names are not looked at. */
char *spell_names(const struct policy *policy, const struct model_names *names);
char *spell_name_site(const struct model_name_site *site);
/* What it asks: "tcp 203.0.113.80 port 80 from 192.0.2.1". */
char *spell_check(const struct model_check *check);
/* "within 30s, 3 attempts of 2s"; "" when there are no checks. */
char *spell_confirm(const struct model_confirm *confirm);
char *spell_default(const struct model_tenant *tenant);

#endif
