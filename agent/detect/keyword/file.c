// SPDX-License-Identifier: Apache-2.0
/*
 * Conditions on files that transactions carry: name, type, size, hash.
 */
#include "file/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

/* --- filename, fileext, filemagic: texts, letters alike in both cases --- */

struct file_text {
	bool negated;
	size_t len;
	char text[];
};

static bool ends_with(struct slice in, const struct file_text *text)
{
	if (in.len < text->len + 1 || in.at[in.len - text->len - 1] != '.')
		return false;
	return slice_same(slice_behind(in, in.len - text->len), text->text);
}

static bool holds_text(struct slice in, const struct file_text *text)
{
	for (size_t i = 0; i + text->len <= in.len; i++)
		if (slice_same(slice(in.at + i, text->len), text->text))
			return true;
	return false;
}

static bool filename_ask(const void *arg, struct match *match)
{
	const struct file_text *text = arg;
	const struct file *file = match->file;

	return file && file->name_len &&
	       holds_text(slice(file->name, file->name_len), text) != text->negated;
}

static bool fileext_ask(const void *arg, struct match *match)
{
	const struct file_text *text = arg;
	const struct file *file = match->file;

	return file && file->name_len &&
	       ends_with(slice(file->name, file->name_len), text) != text->negated;
}

static bool filemagic_ask(const void *arg, struct match *match)
{
	const struct file_text *text = arg;
	struct slice magic = slice("", 0);

	if (match->file)
		magic = slice_text(file_magic(match->file));
	return magic.len && holds_text(magic, text) != text->negated;
}

static const struct test_ops filename_ops = { .word = "filename",
					      .ask = filename_ask,
					      .free = free,
					      .of_file = true,
					      .needs_tx = true,
					      .cost = 3 };
static const struct test_ops fileext_ops = {
	.word = "fileext", .ask = fileext_ask, .free = free, .of_file = true, .needs_tx = true, .cost = 2
};
static const struct test_ops filemagic_ops = { .word = "filemagic",
					       .ask = filemagic_ask,
					       .free = free,
					       .of_file = true,
					       .needs_tx = true,
					       .cost = 9 };

static int file_text_read(struct draft *draft, struct slice value)
{
	struct file_text *text;
	bool negated;
	struct slice inner = value_plain(value, &negated);

	text = malloc(sizeof(*text) + inner.len + 1);
	if (!text)
		return refuse_memory(draft);
	text->negated = negated;
	text->len = inner.len;
	memcpy(text->text, inner.at, inner.len);
	text->text[inner.len] = 0;
	return draft_test(draft, draft->keyword->arg, text);
}

/* --- filesize --- */

static bool filesize_ask(const void *arg, struct match *match)
{
	const struct number_condition *condition = arg;
	const struct file *file = match->file;
	bool may_grow = condition->kind == NUMBER_ABOVE || condition->kind == NUMBER_FROM;

	return file && (may_grow || file->state != FILE_OPENED) &&
	       number_holds(condition, file->size);
}

static const struct test_ops filesize_ops = { .word = "filesize",
					      .ask = filesize_ask,
					      .free = free,
					      .of_file = true,
					      .needs_tx = true,
					      .cost = 1 };

static int filesize_read(struct draft *draft, struct slice value)
{
	struct number_condition *condition = malloc(sizeof(*condition));
	int err;

	if (!condition)
		return refuse_memory(draft);
	err = number_condition_read(draft, value, UINT64_MAX, condition);
	if (err) {
		free(condition);
		return err;
	}
	return draft_test(draft, &filesize_ops, condition);
}

/* --- filemd5, filesha1, filesha256: lists of hashes --- */

struct hash_list {
	const struct hash_kind *kind;
	bool negated;
	size_t cnt, cap;
	uint8_t *hashes; /* kind->len bytes each, sorted */
};

struct hash_kind {
	const struct test_ops *ops;
	size_t len;
	size_t in_file; /* where struct file has it in hexadecimal */
};

static bool hash_read(struct slice text, size_t len, uint8_t *to)
{
	if (text.len < len * 2 ||
	    (text.len > len * 2 && !isspace(text.at[len * 2]) && text.at[len * 2] != ','))
		return false;
	for (size_t i = 0; i < len; i++) {
		char digits[3] = { (char)text.at[2 * i], (char)text.at[2 * i + 1], 0 };

		if (!isxdigit(text.at[2 * i]) || !isxdigit(text.at[2 * i + 1]))
			return false;
		to[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static int hash_order(const void *a, const void *b, void *arg)
{
	const struct hash_kind *kind = arg;

	return memcmp(a, b, kind->len);
}

static bool hash_is_listed(const struct hash_list *list, const uint8_t *hash)
{
	size_t low = 0, high = list->cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(hash, list->hashes + middle * list->kind->len, list->kind->len);

		if (!order)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool hash_ask(const void *arg, struct match *match)
{
	const struct hash_list *list = arg;
	uint8_t hash[32];
	const char *text;

	if (!match->file || match->file->state == FILE_OPENED)
		return false;
	text = (const char *)match->file + list->kind->in_file;
	return hash_read(slice_text(text), list->kind->len, hash) &&
	       hash_is_listed(list, hash) != list->negated;
}

static void hash_list_free(void *arg)
{
	struct hash_list *list = arg;

	free(list->hashes);
	free(list);
}

static const struct test_ops filemd5_ops = { .word = "filemd5",
					     .ask = hash_ask,
					     .free = hash_list_free,
					     .of_file = true,
					     .needs_tx = true,
					     .cost = 5 };
static const struct test_ops filesha1_ops = { .word = "filesha1",
					      .ask = hash_ask,
					      .free = hash_list_free,
					      .of_file = true,
					      .needs_tx = true,
					      .cost = 5 };
static const struct test_ops filesha256_ops = { .word = "filesha256",
						.ask = hash_ask,
						.free = hash_list_free,
						.of_file = true,
						.needs_tx = true,
						.cost = 5 };

static const struct hash_kind md5_kind = { &filemd5_ops, 16, offsetof(struct file, md5) };
static const struct hash_kind sha1_kind = { &filesha1_ops, 20, offsetof(struct file, sha1) };
static const struct hash_kind sha256_kind = { &filesha256_ops, 32, offsetof(struct file, sha256) };

static bool hash_list_add(struct hash_list *list, const uint8_t *hash)
{
	size_t len = list->kind->len;

	if (list->cnt == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 64;
		uint8_t *hashes = reallocarray(list->hashes, cap, len);

		if (!hashes)
			return false;
		list->hashes = hashes;
		list->cap = cap;
	}
	memcpy(list->hashes + list->cnt++ * len, hash, len);
	return true;
}

static int hash_list_fill(struct draft *draft, struct slice name, FILE *file, struct hash_list *list)
{
	uint32_t number = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, file)) >= 0) {
		struct slice text = slice_trim(slice(line, (size_t)len));
		uint8_t hash[32];

		number++;
		if (!text.len || text.at[0] == '#')
			continue;
		if (!hash_read(text, list->kind->len, hash))
			err = refuse(draft, (const char *)name.at, NULL,
				     "line %u of %.*s is no hash of %zu bytes in hexadecimal",
				     number, (int)name.len, name.at, list->kind->len);
		else if (!hash_list_add(list, hash))
			err = refuse_memory(draft);
	}
	free(line);
	if (!err && list->cnt)
		qsort_r(list->hashes, list->cnt, list->kind->len, hash_order, (void *)list->kind);
	return err;
}

static int hash_list_read(struct draft *draft, struct slice value)
{
	const struct hash_kind *kind = draft->keyword->arg;
	struct hash_list *list;
	struct slice name;
	bool negated;
	FILE *file;
	int err;

	name = value_plain(value, &negated);
	file = file_beside(draft, name);
	if (!file)
		return refuse(draft, (const char *)name.at,
			      "it lies beside the rules, or in default-rule-path",
			      "%.*s cannot be read", (int)name.len, name.at);
	list = calloc(1, sizeof(*list));
	if (!list) {
		fclose(file);
		return refuse_memory(draft);
	}
	list->kind = kind;
	list->negated = negated;
	err = hash_list_fill(draft, name, file, list);
	fclose(file);
	if (err) {
		hash_list_free(list);
		return err;
	}
	return draft_test(draft, kind->ops, list);
}

const struct keyword keyword_filename = { "filename",	 NULL,
					  VALUE_ALWAYS,	 file_text_read,
					  &filename_ops, "the file's name has this in it" };
const struct keyword keyword_fileext = { "fileext",    NULL,
					 VALUE_ALWAYS, file_text_read,
					 &fileext_ops, "the file's name ends so: fileext:\"pdf\"" };
const struct keyword keyword_filemagic = { "filemagic",	   NULL,
					   VALUE_ALWAYS,   file_text_read,
					   &filemagic_ops, "the file's type, in libmagic's words" };
const struct keyword keyword_filesize = { "filesize",	 NULL, VALUE_ALWAYS,
					  filesize_read, NULL, "the file's bytes: filesize:>10kb" };
const struct keyword keyword_filemd5 = { "filemd5",	 NULL,	    VALUE_ALWAYS,
					 hash_list_read, &md5_kind, "the file's MD5 is in a list" };
const struct keyword keyword_filesha1 = { "filesha1",	NULL,
					  VALUE_ALWAYS, hash_list_read,
					  &sha1_kind,	"the file's SHA-1 is in a list" };
const struct keyword keyword_filesha256 = { "filesha256", NULL,
					    VALUE_ALWAYS, hash_list_read,
					    &sha256_kind, "the file's SHA-256 is in a list" };
