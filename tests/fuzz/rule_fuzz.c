// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as a rule, and behind an empty line any bytes as the payload that it is asked of: it is taken or
 * refused with words, and its clauses stay inside of the bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "detect/match.h"
#include "detect/parse/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static bool hold(struct match *match, const struct clause *clauses, uint32_t cnt)
{
	uint32_t from = match->at;
	uint64_t again = 0;

	if (!cnt)
		return true;
	do {
		if (++match->steps > MATCH_STEPS_MAX)
			return false;
		match->at = from;
		match->again = again;
		if (clauses->ops->ask(clauses, match) == CLAUSE_NO)
			return false;
		check(match->at <= match->buffer.len);
		again = match->again;
		if (hold(match, clauses + 1, cnt - 1))
			return true;
	} while (again && again != CLAUSE_ONCE);
	return false;
}

/* What base64_decode asks is the engine's to give. */
static bool can_be_asked(const struct part *part)
{
	for (uint32_t i = 0; i < part->clause_cnt; i++)
		if (strcmp(part->clauses[i].ops->word, "base64_decode") == 0)
			return false;
	return part->source->kind == SOURCE_PAYLOAD;
}

static void ask(const struct signature *signature, struct slice bytes)
{
	check(signature->rule.sid != 0);
	for (uint32_t i = 0; i < signature->part_cnt; i++) {
		struct match match = {
			.signature = signature, .buffer = bytes, .is_begin = true, .is_end = true
		};

		if (can_be_asked(&signature->parts[i]))
			hold(&match, signature->parts[i].clauses, signature->parts[i].clause_cnt);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memmem(data, size, "\n\n", 2);
	struct slice line = slice(data, end ? (size_t)(end - data) : size);
	struct slice bytes = end ? slice(end + 2, size - line.len - 2) : slice(data + size, 0);
	struct signature *signature = NULL;
	struct parse *parse;
	struct diag diag;
	int err;

	if (line.len > 8192)
		return 0;
	diag_init(&diag);
	if (parse_new(NULL, &diag, &parse))
		return 0;
	err = signature_parse(parse, line, "fuzz.rules", 1, &signature);
	check(!err || diag.error_cnt);
	check(!err || !signature);
	/* captures are kept by the engine too */
	if (signature && !parse_name_cnt(parse, NAME_VAR))
		ask(signature, bytes);
	signature_free(signature);
	parse_free(parse);
	diag_free(&diag);
	return 0;
}
