/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy in force thinks of a name, as the kernel would: the flow's profile, its phase of now,
 * the lists, and expressions that only the agent can match.
 */
#ifndef AGENT_NAMES_JUDGE_H
#define AGENT_NAMES_JUDGE_H

#include "names/namewatch.h"

struct judge {
	const struct gate *gate;
	struct namewatch_calls calls;
	struct regexes *regexes;
	uint64_t profile_errors; /* profiles that could not be read */
};

struct judged {
	bool blocked;
	uint8_t reason; /* enum sek_reason; 0: nothing against it */
	uint8_t list; /* that decided; SEK_NAME_NO_LIST */
	bool allowed; /* a list or an override says so */
	bool by_regex;
	uint16_t suffix; /* where in host the suffix that decided begins */
	uint16_t flags; /* of the profile: SEK_NAME_TELL_* and others */
	char host[256]; /* as it was asked for: one spelling for each name */
};

/* A name alone, of a question or a ClientHello. host_len 0: there is none. */
void judge_host(struct judge *judge, const struct sek_name_copy_head *head, const char *host,
		size_t host_len, struct judged *ret_judged);
/* A request: host and target. */
void judge_request(struct judge *judge, const struct sek_name_copy_head *head,
		   const struct wire_text *host, const struct wire_text *target,
		   struct judged *ret_judged);

/* The profile of a copy's flow; false: it is gone, or none. */
bool judge_profile(struct judge *judge, const struct sek_name_copy_head *head,
		   struct sek_name_profile *ret_profile);
/* The phase that holds now, by the wall clock. */
const struct sek_name_phase *judge_phase(const struct sek_name_profile *profile, time_t now);

#endif
