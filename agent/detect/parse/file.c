// SPDX-License-Identifier: Apache-2.0
/*
 * Files of rules: read whole, cut into rules, each read by line.c. Called when a ruleset is built
 * or checked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

static int file_bytes_read(FILE *file, char **ret_bytes, size_t *ret_len)
{
	char *bytes = NULL;
	size_t len = 0, cap = 0, got;

	do {
		if (cap - len < 65536) {
			char *more = realloc(bytes, cap = cap ? cap * 2 : 1 << 20);

			if (!more) {
				free(bytes);
				return -ENOMEM;
			}
			bytes = more;
		}
		got = fread(bytes + len, 1, cap - len, file);
		len += got;
	} while (got);
	if (ferror(file)) {
		free(bytes);
		return -EIO;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

/* A rule's line, with those that a backslash at the end continues it by. */
static struct slice line_next(struct slice *rest, uint32_t *ret_lines)
{
	struct slice line = slice(rest->at, 0);

	*ret_lines = 0;
	for (;;) {
		struct slice left = slice_behind(*rest, line.len);
		const uint8_t *end = memchr(left.at, '\n', left.len);

		++*ret_lines;
		line.len = end ? (size_t)(end - rest->at) : rest->len;
		if (!end || line.len == 0)
			break;
		if (end[-1] != '\\' && !(line.len > 1 && end[-1] == '\r' && end[-2] == '\\'))
			break;
		line.len++;
	}
	*rest = slice_behind(*rest, line.len + 1);
	return line;
}

/* "#alert http ...": a rule that was put aside. */
static bool is_put_aside(struct slice line)
{
	struct slice word;
	enum rule_action action;

	line = slice_trim(line);
	if (!line.len || line.at[0] != '#' || !memchr(line.at, '(', line.len))
		return false;
	line = slice_trim(slice_behind(line, 1));
	return slice_next(&line, ' ', &word) && !actions_find(word, &action);
}

static int signatures_add(struct signatures *signatures, struct signature *signature)
{
	if (signatures->cnt == signatures->cap) {
		size_t cap = signatures->cap ? signatures->cap * 2 : 256;
		struct signature **at = reallocarray(signatures->at, cap, sizeof(void *));

		if (!at)
			return -ENOMEM;
		signatures->at = at;
		signatures->cap = cap;
	}
	signatures->at[signatures->cnt++] = signature;
	return 0;
}

/* Which is there of the same gid and sid; its index + 1, or 0. */
static uint32_t *same_number(struct parse *parse, const struct rule *rule)
{
	char key[32];
	int len = snprintf(key, sizeof(key), "%u:%u", rule->gid, rule->sid);
	uint32_t number = words_add(&parse->rule_numbers, slice(key, (size_t)len));

	if (!number ||
	    parse_room(&parse->rule_at, &parse->rule_at_cap, number, sizeof(*parse->rule_at)))
		return NULL;
	return &parse->rule_at[number - 1];
}

static void say_again(struct parse *parse, const struct rule *rule, const struct rule *other)
{
	char hint[256];

	snprintf(hint, sizeof(hint), "the other is at %s:%u; give one of them another sid",
		 other->file, other->line);
	diag_add(parse->diag, DIAG_ERROR, rule->file, rule->line, 1, hint,
		 "sid %u of gid %u is there already", rule->sid, rule->gid);
	parse->tally.taken--;
	parse->tally.refused++;
}

static int signature_add(struct parse *parse, struct signatures *signatures,
			 struct signature *signature)
{
	uint32_t *at = same_number(parse, &signature->rule);
	struct signature *other;

	if (!at)
		return -ENOMEM;
	if (!*at) {
		if (signatures_add(signatures, signature))
			return -ENOMEM;
		*at = (uint32_t)signatures->cnt;
		return 0;
	}
	other = signatures->at[*at - 1];
	if (signature->rule.rev > other->rule.rev) {
		signatures->at[*at - 1] = signature;
		parse->tally.taken--;
		parse->tally.ignored++;
		signature_free(other);
	} else {
		say_again(parse, &signature->rule, &other->rule);
		signature_free(signature);
	}
	return 0;
}

static int rules_read(struct parse *parse, struct slice bytes, const char *name,
		      struct signatures *signatures)
{
	uint32_t number = 1, lines;

	while (bytes.len) {
		struct slice line = line_next(&bytes, &lines);
		struct signature *signature;
		int err = signature_parse(parse, line, name, number, &signature);

		if (!err && signature && signature_add(parse, signatures, signature)) {
			signature_free(signature);
			err = -ENOMEM;
		}
		if (err == -ENOMEM)
			return err;
		if (!err && !signature)
			parse->tally.ignored += is_put_aside(line);
		number += lines;
	}
	return 0;
}

int parse_file(struct parse *parse, const char *path, struct signatures *signatures)
{
	const char *name = parse_string(parse, slice_text(path));
	FILE *file = fopen(path, "re");
	char *bytes;
	size_t len;
	int err;

	if (!file || !name) {
		err = file ? -ENOMEM : -errno;
		diag_add(parse->diag, DIAG_ERROR, path, 0, 0, NULL, "cannot be read: %s",
			 strerror(-err));
		if (file)
			fclose(file);
		return err;
	}
	err = file_bytes_read(file, &bytes, &len);
	fclose(file);
	if (err) {
		diag_add(parse->diag, DIAG_ERROR, path, 0, 0, NULL, "cannot be read: %s",
			 strerror(-err));
		return err;
	}
	err = rules_read(parse, slice(bytes, len), name, signatures);
	free(bytes);
	return err;
}

void signatures_free(struct signatures *signatures)
{
	for (size_t i = 0; i < signatures->cnt; i++)
		signature_free(signatures->at[i]);
	free(signatures->at);
	*signatures = (struct signatures){};
}
