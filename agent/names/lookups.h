/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions and answers: what is recorded of them, and what they teach. An answer that leads a name to one
 * that is blocked (CNAME, HTTPS, SVCB) makes the first one blocked as well, as long as the answer holds. The
 * kernel has refused it already where it could: see bpf/stage/name_leads.h.
 */
#ifndef AGENT_NAMES_LOOKUPS_H
#define AGENT_NAMES_LOOKUPS_H

#include "names/judge.h"
#include "names/suspect.h"
#include "report/evename.h"

#define LOOKUPS_LEARN_MAX 256 /* names of a tenant an hour: an answer can name anything */

struct lookups {
	struct judge *judge;
	struct ledger *ledger;
	struct suspect *suspect;
	const struct editions *editions;
	struct records *records;
	const struct sek_name_copy_head *at; /* whose suspicion is told */
	uint64_t learned, learned_refused;
	struct {
		uint64_t hour;
		uint32_t cnt;
	} pace[SEK_TENANTS_MAX];
};

/* A message over UDP, or a question over TCP: message is of this copy's flow. */
void lookups_take(struct lookups *lookups, const struct sek_name_copy_head *head,
		  const uint8_t *message, size_t len);
/* A name that was seen in another way; its judgement says whether it is new to be learned. */
void lookups_seen(struct lookups *lookups, const struct sek_name_copy_head *head,
		  const struct judged *judged, bool is_server);

/* Fills all but time of an EVE record about a copy; host may be NULL. */
void lookups_name(const struct lookups *lookups, const struct sek_name_copy_head *head,
		  const struct judged *judged, struct eve_name *ret_name);

#endif
