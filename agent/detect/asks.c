// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the answer to what the rules of a set ask for at all. Called by parts that do a work only where
 * somebody asks for it: hashes and types of files, HASSH. Promises to look at tests, acts, buffers and
 * clauses.
 */
#include "detect/ruleset.h"

static bool part_asks(const struct part *part, const char *keyword)
{
	if (part->source && part->source->name && strcmp(part->source->name, keyword) == 0)
		return true;
	for (uint32_t i = 0; i < part->clause_cnt; i++)
		if (strcmp(part->clauses[i].ops->word, keyword) == 0)
			return true;
	return false;
}

static bool signature_asks(const struct signature *s, const char *keyword)
{
	for (uint32_t i = 0; i < s->test_cnt; i++)
		if (strcmp(s->tests[i].ops->word, keyword) == 0)
			return true;
	for (uint32_t i = 0; i < s->act_cnt; i++)
		if (strcmp(s->acts[i].ops->word, keyword) == 0)
			return true;
	for (uint32_t i = 0; i < s->part_cnt; i++)
		if (part_asks(&s->parts[i], keyword))
			return true;
	return false;
}

bool ruleset_asks(const struct ruleset *ruleset, const char *keyword)
{
	for (size_t i = 0; i < ruleset->signatures.cnt; i++)
		if (ruleset->signatures.at[i] && signature_asks(ruleset->signatures.at[i], keyword))
			return true;
	return false;
}

bool ruleset_asks_frames(const struct ruleset *ruleset)
{
	return ruleset->of_frames.cnt > 0;
}
