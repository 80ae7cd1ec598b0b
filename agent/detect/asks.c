// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the answer to what the rules of a set ask for at all. Called by parts that do a work only where
 * somebody asks for it: hashes and types of files, HASSH. Promises to look at tests, acts, buffers and
 * clauses.
 */
#include "detect/build.h"
#include "detect/ruleset.h"
#include "proto/frames.h"

/*
 * Words are the same few pointers in all rules: a table by their places tells those that are new. Were
 * it full, all would be taken as asked for.
 */
static void word_add(struct ruleset *ruleset, const char *word)
{
	uint32_t at = (uint32_t)((uintptr_t)word >> 3) * 2654435761u >> 22;

	if (!word)
		return;
	for (uint32_t i = 0; i < ASKED_WORDS; i++, at = (at + 1) % ASKED_WORDS) {
		if (ruleset->words[at] == word)
			return;
		if (ruleset->words[at])
			continue;
		ruleset->words[at] = word;
		return;
	}
	ruleset->words_lost = true;
}

static void part_look(struct ruleset *ruleset, const struct part *part)
{
	word_add(ruleset, part->source ? part->source->name : NULL);
	for (uint32_t i = 0; i < part->clause_cnt; i++)
		word_add(ruleset, part->clauses[i].ops->word);
}

void ruleset_words(struct ruleset *ruleset)
{
	for (size_t n = 0; n < ruleset->signatures.cnt; n++) {
		const struct signature *s = ruleset->signatures.at[n];

		for (uint32_t i = 0; i < s->test_cnt; i++)
			word_add(ruleset, s->tests[i].ops->word);
		for (uint32_t i = 0; i < s->act_cnt; i++)
			word_add(ruleset, s->acts[i].ops->word);
		for (uint32_t i = 0; i < s->part_cnt; i++)
			part_look(ruleset, &s->parts[i]);
	}
}

bool ruleset_asks(const struct ruleset *ruleset, const char *keyword)
{
	for (uint32_t i = 0; i < ASKED_WORDS; i++)
		if (ruleset->words[i] && strcmp(ruleset->words[i], keyword) == 0)
			return true;
	return ruleset->words_lost;
}

void ruleset_frame_types(const struct ruleset *ruleset, uint32_t types[PROTO_CNT])
{
	for (uint32_t i = 0; i < ruleset->of_frames.cnt; i++) {
		const struct signature *s = ruleset->asked[ruleset->of_frames.numbers[i]].signature;

		for (uint32_t k = 0; k < s->part_cnt; k++)
			if (s->parts[k].source->kind == SOURCE_FRAME)
				types[s->parts[k].source->frame_proto] |=
					frame_type_bit(s->parts[k].source->frame_type);
	}
}
