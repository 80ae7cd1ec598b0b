/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a name or a URL is blocked, and what that looks like on the wire, for `sekisho url explain`: the
 * question as a person asks it, and the answer as JSON, whoever looked it up.
 */
#ifndef POLICY_EXPLAIN_NAMEASKED_H
#define POLICY_EXPLAIN_NAMEASKED_H

#include <jansson.h>
#include <time.h>

#include "model/model.h"
#include "names/find.h"
#include "names/suffix.h"
#include "names/url.h"

/* As it was asked; NULL: not said. */
struct name_words {
	const char *what; /* a URL or a name, in any spelling */
	const char *tenant, *group, *src;
	const char *at; /* "2026-11-30T08:30", "Mon 08:30", "08:30" */
};

struct name_question {
	const char *what;
	const struct model_tenant *tenant;
	const struct model_name_group *group; /* NULL: none */
	const struct model_names *names; /* that hold of it */
	struct sek_name_profile profile;
	const struct sek_name_phase *phase;
	unsigned int quarter; /* of the week */
	struct url url;
	bool has_path; /* more than a name was asked; TLS and DNS do not show it */
	bool https; /* by its scheme */
};

/*
 * Reads the words against a policy; now: the clock. 0, or -EINVAL with words. The question points into
 * the policy and the words.
 */
int name_question_read(const struct policy *policy, const struct name_words *words, time_t now,
		       struct name_question *ret_question, struct diag *diag);

/* The host alone, as DNS and TLS show it, and with its target, as HTTP does. */
struct name_asked name_question_host(const struct name_question *question);
struct name_asked name_question_url(const struct name_question *question);

/* What was found of one of the two. What it points to is the caller's. */
struct name_because {
	struct sek_name_said said;
	struct name_found found;
	int list; /* -1: no list */
	const char *entry; /* as the list has it; NULL: not known */
	const char *file; /* the list's; NULL: not known */
	uint32_t line; /* 0: by hand, or not known */
	struct sek_name_answer own; /* of SEK_NAME_LOCAL; flags 0: not known */
	json_t *override; /* what was decided for the tenant; NULL: nothing */
};

enum name_end { NAME_PASSES, NAME_BLOCKED, NAME_UNLISTED, NAME_INSPECTED };

/* How what was said ends in a phase. */
enum name_end name_end_of(const struct sek_name_said *said, const struct sek_name_phase *phase);
const char *name_end_word(enum name_end end); /* "passes", "blocked", "blocked", "inspected" */

/* lists: "in force" or "sources". NULL when out of memory. */
json_t *name_answer_json(const struct policy *policy, const struct name_question *question,
			 const struct name_because *host, const struct name_because *url,
			 const char *lists);

/*
 * Adds "expressions": how many regular expressions lists have that count for the question. A look-up asks
 * none of them. of: how many each list has.
 */
void name_answer_expressions(json_t *answer, const struct name_question *question,
			     const size_t of[SEK_NAME_LISTS_MAX]);

/* Adds "public_suffix" and "site", the name that somebody registered; null: not known. */
void name_answer_site(json_t *answer, const struct name_suffixes *suffixes);

#endif
