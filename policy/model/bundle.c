// SPDX-License-Identifier: Apache-2.0
/*
 * Writing and cutting of bundles. Called by files.c (reading) and by those who send a policy.
 */
#include "model/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"

bool bundle_is(const char *text, size_t len)
{
	return len >= strlen(BUNDLE_HEAD) && !memcmp(text, BUNDLE_HEAD, strlen(BUNDLE_HEAD));
}

/* "--- # 123 rules/shared.yaml\n"; returns the bytes of the line, 0 for none. */
static size_t part_line(const char *text, size_t len, struct bundle_part *part)
{
	static const char start[] = "--- # ";
	const char *end = memchr(text, '\n', len < 4200 ? len : 4200), *c;
	size_t bytes = 0, digits = 0;

	if (!end || (size_t)(end - text) < strlen(start) || memcmp(text, start, strlen(start)) != 0)
		return 0;
	for (c = text + strlen(start); c < end && *c >= '0' && *c <= '9' && digits < 10; c++)
		bytes = bytes * 10 + (size_t)(*c - '0'), digits++;
	if (!digits || c == end || *c != ' ' || c + 1 == end)
		return 0;
	part->len = bytes;
	part->path = c + 1;
	part->path_len = (size_t)(end - part->path);
	return (size_t)(end - text) + 1;
}

int bundle_next(const char *text, size_t len, size_t *at, struct bundle_part *ret_part)
{
	struct bundle_part part;
	size_t from = *at ? *at : strlen(BUNDLE_HEAD), line;

	if (from >= len)
		return from == len ? 0 : -EINVAL;
	line = part_line(text + from, len - from, &part);
	if (!line || part.len >= len - from - line)
		return -EINVAL;
	part.text = text + from + line;
	if (part.text[part.len] != '\n')
		return -EINVAL;
	*at = from + line + part.len + 1;
	*ret_part = part;
	return 1;
}

static char *bundle_write(const struct reader *r)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool failed;

	if (!out)
		return NULL;
	fputs(BUNDLE_HEAD, out);
	for (size_t i = r->doc_cnt; i-- > 0;) { /* the policy is the last document */
		const struct document *doc = &r->docs[i];

		fprintf(out, "--- # %zu %s\n", doc->len, doc->key);
		fwrite(doc->text, 1, doc->len, out);
		fputc('\n', out);
	}
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

static char *bundle_of(struct reader *r, const char *path, const char *folder, const char *text,
		       size_t len)
{
	size_t errors = r->diag->error_cnt;
	char *bundle;

	if (!files_take(r, text, len, path, folder) || r->diag->error_cnt != errors)
		return NULL;
	/* a policy of one file is its own bundle, and so is a bundle */
	bundle = r->doc_cnt == 1 || bundle_is(text, len) ? strndup(text, len) : bundle_write(r);
	if (!bundle)
		diag_add(r->diag, DIAG_ERROR, path, 0, 0, NULL, "out of memory");
	return bundle;
}

char *policy_bundle(const char *path, struct diag *diag)
{
	struct policy policy = { .path = (char *)path };
	struct reader r = { .diag = diag, .policy = &policy };
	char *folder, *text, *bundle;
	size_t len;

	if (policy_file_read(path, &folder, &text, &len, diag))
		return NULL;
	bundle = bundle_of(&r, path, folder, text, len);
	files_free(&r);
	for (size_t i = 0; i < policy.file_cnt; i++)
		free(policy.files[i]);
	free(policy.files);
	free(text);
	free(folder);
	return bundle;
}
