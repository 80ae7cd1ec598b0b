// SPDX-License-Identifier: Apache-2.0
/*
 * One rule: its head, then keyword by keyword. Called by file.c; what is not understood to its end
 * is refused with its place.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

/* The line with each "\\\n" as two spaces, so that every character keeps its place. NULL: no memory. */
static char *line_join(struct slice line)
{
	char *text = slice_copy(line);

	for (size_t i = 0; text && i < line.len; i++) {
		if (text[i] == '\n' || text[i] == '\r') {
			text[i] = ' ';
			if (i && text[i - 1] == '\\')
				text[i - 1] = ' ';
		}
	}
	return text;
}

/* Where the semicolon is that ends an option: the first that no backslash stands in front of. */
static const char *option_end(const char *at, const char *end)
{
	for (const char *from = at; from < end;) {
		const char *semicolon = memchr(from, ';', (size_t)(end - from));

		if (!semicolon)
			return NULL;
		if (semicolon == at || semicolon[-1] != '\\')
			return semicolon;
		from = semicolon + 1;
	}
	return NULL;
}

static int keyword_unknown(struct draft *draft, struct slice word)
{
	const char *near, *proto = number_proto(word);
	char hint[96];

	if (proto)
		return refuse(
			draft, draft->keyword_at, NULL,
			"%.*s cannot be asked: the protocol %s is not read yet, or not this of it",
			(int)word.len, word.at, proto);
	near = keyword_near(draft->parse, word);
	snprintf(hint, sizeof(hint), "did you mean %s?", near ? near : "");
	return refuse(draft, draft->keyword_at, near ? hint : NULL, "there is no keyword \"%.*s\"",
		      (int)word.len, word.at);
}

static int keyword_read(struct draft *draft, const struct keyword *keyword, bool has_value,
			struct slice value)
{
	draft->keyword = keyword;
	if (keyword->value == VALUE_NEVER && has_value && value.len)
		return refuse(draft, (const char *)value.at, "leave out the colon and what follows",
			      "%s takes no value", keyword->word);
	if (keyword->value == VALUE_ALWAYS && !value.len)
		return refuse(draft, draft->keyword_at, keyword->says, "%s needs a value",
			      keyword->word);
	return keyword->read(draft, value);
}

/* What is no keyword of the table may be the name of a buffer or number of a protocol. */
static int field_read(struct draft *draft, struct slice word, bool has_value, struct slice value)
{
	const struct source *source = NULL;
	int err;

	draft->keyword = &keyword_of_field;
	if (has_value && value.len) {
		err = number_field_read(draft, word, value);
		return err == -ENOENT ? keyword_unknown(draft, word) : err;
	}
	err = source_find(draft, word, &source);
	if (err)
		return err;
	if (!source) {
		err = number_field_read(draft, word, value);
		return err == -ENOENT ? keyword_unknown(draft, word) : err;
	}
	if (source_is_modifier(draft->parse, word))
		return draft_move_content(draft, source);
	return draft_sticky(draft, source);
}

static int option_read(struct draft *draft, const char *at, const char *end)
{
	struct slice word, value, rest = slice(at, (size_t)(end - at));
	const struct keyword *keyword;
	bool has_value;

	slice_next(&rest, ':', &word);
	has_value = rest.at;
	value = has_value ? slice_trim(rest) : slice(end, 0);
	draft->keyword_at = (const char *)word.at;
	if (!word.len)
		return refuse(draft, at, NULL, "a semicolon ends nothing");
	keyword = keyword_find(draft->parse, word);
	if (keyword)
		return keyword_read(draft, keyword, has_value, value);
	return field_read(draft, word, has_value, value);
}

static int options_read(struct draft *draft, struct slice body)
{
	const char *at = (const char *)body.at, *end = at + body.len;
	int err = 0;

	while (!err) {
		const char *semicolon;

		while (at < end && isspace((unsigned char)*at))
			at++;
		if (at == end)
			return 0;
		semicolon = option_end(at, end);
		if (!semicolon)
			return refuse(draft, at, "end each keyword with a semicolon",
				      "a keyword without end");
		err = option_read(draft, at, semicolon);
		at = semicolon + 1;
	}
	return err;
}

static int rule_read(struct draft *draft, struct slice text)
{
	const uint8_t *open = memchr(text.at, '(', text.len);
	struct slice body;
	int err;

	if (!open || text.at[text.len - 1] != ')')
		return refuse(draft, (const char *)text.at + (open ? text.len - 1 : 0),
			      "action protocol source port -> destination port (...)",
			      open ? "the rule does not end with a parenthesis"
				   : "the rule has no parenthesis");
	if (memchr(text.at, 0, text.len))
		return refuse(draft, (const char *)memchr(text.at, 0, text.len),
			      "write it as |00| in a content", "a byte 0 in a rule");
	err = header_read(draft, slice(text.at, (size_t)(open - text.at)));
	if (err)
		return err;
	body = slice(open + 1, text.len - (size_t)(open + 1 - text.at) - 1);
	err = options_read(draft, body);
	return err || draft->requires_unmet ? err : draft_finish(draft);
}

/* Relative to the directory of path, as far as its last slash. */
static FILE *file_under(const char *path, size_t path_len, struct slice name)
{
	char whole[PATH_MAX];
	int len = snprintf(whole, sizeof(whole), "%.*s%.*s", (int)path_len, path, (int)name.len,
			   name.at);

	return len > 0 && (size_t)len < sizeof(whole) ? fopen(whole, "re") : NULL;
}

FILE *file_beside(const struct draft *draft, struct slice name)
{
	const char *slash = strrchr(draft->file, '/');
	const char *directory = config_text(draft->parse->config, "default-rule-path");
	char path[PATH_MAX];
	FILE *file = NULL;
	int len;

	if (name.len && name.at[0] == '/')
		return file_under("", 0, name);
	if (slash)
		file = file_under(draft->file, (size_t)(slash - draft->file) + 1, name);
	if (!file && directory) {
		len = snprintf(path, sizeof(path), "%s/", directory);
		if (len > 0 && (size_t)len < sizeof(path))
			file = file_under(path, (size_t)len, name);
	}
	return file ? file : file_under("", 0, name);
}

static void draft_begin(struct draft *draft, struct parse *parse, struct slice line,
			const char *file, uint32_t line_number)
{
	memset(draft, 0, offsetof(struct draft, parts));
	draft->parse = parse;
	draft->line = line;
	draft->file = file;
	draft->line_number = line_number;
	draft->part_now = draft->content_part = draft->content_clause = -1;
	draft->source_used = true;
}

struct draft *draft_of_text(struct parse *parse, struct slice text, const char *file,
			    uint32_t line_number)
{
	struct draft *draft = malloc(sizeof(*draft));

	if (!draft)
		return NULL;
	draft_begin(draft, parse, text, file, line_number);
	draft->text = slice_copy(text);
	if (draft->text)
		return draft;
	free(draft);
	return NULL;
}

void draft_of_text_free(struct draft *draft)
{
	free((char *)draft->text);
	free(draft);
}

static bool is_nothing(struct slice line)
{
	line = slice_trim(line);
	return !line.len || line.at[0] == '#';
}

int signature_parse(struct parse *parse, struct slice line, const char *file, uint32_t line_number,
		    struct signature **ret_signature)
{
	struct draft draft;
	struct signature *signature;
	int err;

	*ret_signature = NULL;
	if (is_nothing(line))
		return 0;
	draft_begin(&draft, parse, line, file, line_number);
	signature = calloc(1, sizeof(*signature));
	draft.text = line_join(line);
	if (!signature || !draft.text) {
		free(signature);
		free((char *)draft.text);
		return -ENOMEM;
	}
	draft.signature = signature;
	signature->rule = (struct rule){ .gid = 1,
					 .priority = 3,
					 .msg = "",
					 .class_name = "",
					 .class_msg = "",
					 .text = draft.text,
					 .file = file,
					 .line = line_number };
	signature->hook_step[FROM_CLIENT] = signature->hook_step[FROM_SERVER] = -1;
	err = rule_read(&draft, slice_trim(slice(draft.text, line.len)));
	if (err || draft.requires_unmet) {
		parse->tally.refused += err != 0;
		parse->tally.ignored += err == 0;
		draft_free(&draft);
		return err;
	}
	parse->tally.taken++;
	*ret_signature = signature;
	return 0;
}
