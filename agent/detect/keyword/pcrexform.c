// SPDX-License-Identifier: Apache-2.0
/*
 * pcrexform: what an expression captures stands for the buffer.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detect/parse/inside.h"

#define STEPS_MAX 100000

/* The first group, or all of it where there is none; without a match the buffer stays as it is. */
static size_t pcrexform(const void *arg, struct slice in, uint8_t *to)
{
	pcre2_match_data *found = pcre2_match_data_create_from_pattern(arg, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	struct slice kept = in;

	if (found && limits && in.len) {
		int groups;

		pcre2_set_match_limit(limits, STEPS_MAX);
		groups = pcre2_match(arg, in.at, in.len, 0, 0, found, limits);
		if (groups > 0) {
			const PCRE2_SIZE *at = pcre2_get_ovector_pointer(found);
			size_t group = groups > 1 ? 1 : 0;

			if (at[2 * group] != PCRE2_UNSET && at[2 * group] <= at[2 * group + 1])
				kept = slice(in.at + at[2 * group],
					     at[2 * group + 1] - at[2 * group]);
		}
	}
	if (kept.len)
		memcpy(to, kept.at, kept.len);
	pcre2_match_context_free(limits);
	pcre2_match_data_free(found);
	return kept.len;
}

static void code_free(void *arg)
{
	pcre2_code_free(arg);
}

static const struct transform_kind pcrexform_kind = { .word = "pcrexform",
						      .apply = pcrexform,
						      .free = code_free };

static int pcrexform_read(struct draft *draft, struct slice value)
{
	struct slice inner = {};
	PCRE2_UCHAR why[128];
	PCRE2_SIZE offset;
	const struct source *source;
	pcre2_code *code;
	int error, err = draft_source_must(draft);

	if (!err)
		err = value_quoted(draft, value, &inner, NULL);
	if (err)
		return err;
	code = pcre2_compile(inner.at, inner.len, 0, &error, &offset, NULL);
	if (!code) {
		pcre2_get_error_message(error, why, sizeof(why));
		return refuse(draft, (const char *)inner.at + offset, NULL,
			      "the expression cannot be read: %s", (const char *)why);
	}
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	err = source_transformed(draft, draft->source, &pcrexform_kind, code, inner, &source);
	if (!err)
		draft_source_is(draft, source);
	return err;
}

const struct keyword keyword_pcrexform = {
	"pcrexform",	NULL, VALUE_ALWAYS,
	pcrexform_read, NULL, "what an expression captures: pcrexform:\"[a-z]+ (.*)\""
};
