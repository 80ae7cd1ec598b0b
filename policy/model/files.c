// SPDX-License-Identifier: Apache-2.0
/*
 * A policy's files: the document, its includes, or a bundle that holds them all.
 * Called by policy_parse() and policy_bundle(). No file outside of the policy's folder is opened as
 * an include (openat2, RESOLVE_BENEATH: not by "..", not by a symbolic link).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model/bundle.h"
#include "model/reader.h"
#include "text/escape.h"

#define FILE_BYTES_MAX (16U << 20)
#define FILES_MAX 64
#define INCLUDE_DEPTH_MAX 8

/* Where include looks: a folder, a bundle, or nowhere. */
struct files {
	struct reader *r;
	int folder; /* -1: none */
	const char *bundle; /* NULL: none */
	size_t bundle_len;
	const char *name; /* of the policy, as shown */
	const char *open[INCLUDE_DEPTH_MAX]; /* keys of the files that are being read */
	size_t depth;
};

static void document_free(struct document *doc)
{
	tree_free(&doc->tree);
	free(doc->key);
	free(doc->text);
	*doc = (struct document){};
}

void files_free(struct reader *r)
{
	for (size_t i = 0; i < r->doc_cnt; i++)
		document_free(&r->docs[i]);
	free(r->docs);
	r->docs = NULL;
	r->doc_cnt = 0;
}

/* Reads a whole regular file. Returns 0 or -errno. */
static int file_text(int fd, char **ret_text, size_t *ret_len)
{
	struct stat st;
	char *text;
	size_t len = 0;
	ssize_t got = 1;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > FILE_BYTES_MAX)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (len < (size_t)st.st_size && got > 0) {
		got = read(fd, text + len, (size_t)st.st_size - len);
		if (got < 0) {
			int err = -errno;

			free(text);
			return err;
		}
		len += (size_t)got;
	}
	text[len] = 0;
	*ret_text = text;
	*ret_len = len;
	return 0;
}

static int file_open(int folder, const char *key)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, folder, key, &how, sizeof(how));
}

static int bundle_text(const struct files *f, const char *key, char **ret_text, size_t *ret_len)
{
	struct bundle_part part;
	size_t at = 0;

	while (bundle_next(f->bundle, f->bundle_len, &at, &part) == 1) {
		if (part.path_len != strlen(key) || memcmp(part.path, key, part.path_len) != 0)
			continue;
		*ret_text = strndup(part.text, part.len);
		if (!*ret_text)
			return -ENOMEM;
		*ret_len = strlen(*ret_text); /* a NUL is no YAML and ends it */
		return 0;
	}
	return -ENOENT;
}

static int key_text(const struct files *f, const char *key, char **ret_text, size_t *ret_len)
{
	int fd, err;

	if (f->bundle)
		return bundle_text(f, key, ret_text, ret_len);
	if (f->folder < 0)
		return -EACCES;
	fd = file_open(f->folder, key);
	if (fd < 0)
		return -errno;
	err = file_text(fd, ret_text, ret_len);
	close(fd);
	return err;
}

/*
 * "rules/a.yaml" + "../groups.yaml" = "groups.yaml": path as written in the file `from`, within the
 * policy's folder. NULL: leads out of it, or is absolute or too long.
 */
static char *key_join(const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');
	char joined[4096];
	size_t used = 0;
	int len = snprintf(joined, sizeof(joined), "%.*s/%s", slash ? (int)(slash - from) : 0, from,
			   path);
	char *save = NULL, *key = malloc(sizeof(joined) + 1);

	if (!key || len < 0 || len >= (int)sizeof(joined) || path[0] == '/')
		goto refuse;
	key[0] = 0;
	for (char *part = strtok_r(joined, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (!strcmp(part, "."))
			continue;
		if (!strcmp(part, "..")) {
			if (!used)
				goto refuse;
			while (used && key[--used] != '/')
				;
			key[used] = 0;
			continue;
		}
		used += (size_t)snprintf(key + used, sizeof(joined) - used, "%s%s", used ? "/" : "",
					 part);
	}
	if (used)
		return key;
refuse:
	free(key);
	return NULL;
}

/* The name under which a file's errors are shown; kept by the policy. */
static char *file_name(struct reader *r, const char *policy_name, const char *key)
{
	const char *slash = strrchr(policy_name, '/');
	char *name = NULL, **kept;

	if (!key)
		name = strdup(policy_name);
	else if (asprintf(&name, "%.*s%s", slash ? (int)(slash - policy_name + 1) : 0, policy_name,
			  key) < 0)
		name = NULL;
	kept = name ? reader_push(r, &r->policy->files, &r->policy->file_cnt, sizeof(*kept)) : NULL;
	if (!kept) {
		free(name);
		r->out_of_memory = true;
		return NULL;
	}
	return *kept = name;
}

static bool document_take(struct files *f, char *file, char *key, char *text, size_t len);

static void include_say(struct files *f, const struct node *at, const char *hint, int err)
{
	const char *why = err == -ENOENT		   ? "there is no such file"
			  : err == -EXDEV || err == -ELOOP ? "it lies outside of the policy's folder"
			  : err == -EISDIR		   ? "it is a folder"
			  : err == -EINVAL		   ? "it is no regular file"
			  : err == -EFBIG		   ? "it is larger than 16 MiB"
			  : err == -EACCES && f->folder < 0 ? "no files are read here"
							    : strerror(-err);
	char shown[200];

	text_escape(at->text, strlen(at->text), shown, sizeof(shown));
	reader_error(f->r, at, hint, "cannot include \"%s\": %s", shown, why);
}

/* Already read, or being read? Says so when it is a circle. */
static bool include_is_known(struct files *f, const struct node *at, const char *key)
{
	for (size_t i = 0; i < f->depth; i++) {
		if (strcmp(f->open[i], key) != 0)
			continue;
		reader_error(f->r, at, "files may not include each other in a circle",
			     "\"%s\" includes itself%s", key,
			     i + 1 == f->depth ? "" : " by way of others");
		return true;
	}
	for (size_t i = 0; i < f->r->doc_cnt; i++)
		if (!strcmp(f->r->docs[i].key, key))
			return true;
	return false;
}

static void include_one(struct files *f, const struct node *item)
{
	char *key, *file, *text = NULL;
	size_t len = 0;
	int err;

	if (item->kind != NODE_SCALAR || !*item->text) {
		reader_error(f->r, item, NULL, "a file name is wanted here, this is %s",
			     node_kind_name(item));
		return;
	}
	if (f->depth == INCLUDE_DEPTH_MAX || f->r->doc_cnt + f->depth >= FILES_MAX) {
		reader_error(f->r, item, NULL, "too many includes: at most %d files, %d deep",
			     FILES_MAX, INCLUDE_DEPTH_MAX);
		return;
	}
	key = key_join(f->open[f->depth - 1], item->text);
	if (!key) {
		include_say(f, item, "only files within the folder of the policy", -EXDEV);
		return;
	}
	if (include_is_known(f, item, key)) {
		free(key);
		return;
	}
	err = key_text(f, key, &text, &len);
	file = err ? NULL : file_name(f->r, f->name, key);
	if (!file) {
		include_say(f, item, NULL, err ? err : -ENOMEM);
		free(key);
		free(text);
		return;
	}
	document_take(f, file, key, text, len);
}

static void includes_take(struct files *f, const struct tree *tree)
{
	const struct node *list = node_find(tree->root, "include");

	if (!list || node_is_null(list))
		return;
	if (list->kind == NODE_MAP) {
		reader_error(f->r, list, NULL, "a list of files is wanted here");
		return;
	}
	if (list->kind == NODE_SCALAR)
		include_one(f, list);
	else
		for (const struct node *item = list->first; item; item = item->next)
			include_one(f, item);
}

/* Owns key and text. A file with errors of syntax is kept for what could be read of it. */
static bool document_take(struct files *f, char *file, char *key, char *text, size_t len)
{
	struct document doc = { .file = file, .key = key, .text = text, .len = len }, *kept;

	tree_read(&doc.tree, text, len, file, f->r->diag);
	f->open[f->depth++] = key;
	includes_take(f, &doc.tree);
	f->depth--;
	kept = reader_push(f->r, &f->r->docs, &f->r->doc_cnt, sizeof(*kept));
	if (!kept) {
		document_free(&doc);
		return false;
	}
	*kept = doc;
	return true;
}

static bool root_take(struct files *f, const char *key, char *text, size_t len)
{
	char *file = file_name(f->r, f->name, NULL), *own = strdup(key);

	if (!file || !own || !text) {
		free(own);
		free(text);
		f->r->out_of_memory = true;
		return false;
	}
	return document_take(f, file, own, text, len);
}

static bool bundle_take(struct files *f)
{
	struct bundle_part part, next;
	size_t at = 0;
	int more = bundle_next(f->bundle, f->bundle_len, &at, &part);
	bool taken = false;
	char *key;

	for (int got = more; got == 1; more = got)
		got = bundle_next(f->bundle, f->bundle_len, &at, &next);
	if (more < 0 || !at) {
		diag_add(f->r->diag, DIAG_ERROR, f->name, 1, 1,
			 "sekisho policy bundles it anew from its files",
			 "the bundle of the policy is damaged");
		return false;
	}
	key = strndup(part.path, part.path_len);
	if (key)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): kept in docs */
		taken = root_take(f, key, strndup(part.text, part.len), strnlen(part.text, part.len));
	free(key);
	return taken;
}

bool files_take(struct reader *r, const char *text, size_t len, const char *name, const char *base)
{
	struct files f = { .r = r, .folder = -1, .name = name };
	const char *slash = strrchr(name, '/');
	char *copy;
	bool taken;

	if (len > FILE_BYTES_MAX * 2ULL) {
		diag_add(r->diag, DIAG_ERROR, name, 0, 0, NULL, "larger than 32 MiB");
		return false;
	}
	if (bundle_is(text, len)) {
		f.bundle = text;
		f.bundle_len = len;
		return bundle_take(&f);
	}
	copy = malloc(len + 1);
	if (!copy) {
		r->out_of_memory = true;
		return false;
	}
	memcpy(copy, text, len);
	copy[len] = 0;
	if (base)
		f.folder = open(*base ? base : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): kept in docs */
	taken = root_take(&f, slash ? slash + 1 : name, copy, len);
	if (f.folder >= 0)
		close(f.folder);
	return taken;
}

static int file_read(const char *path, char **ret_text, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;

	if (fd < 0)
		return -errno;
	err = file_text(fd, ret_text, ret_len);
	close(fd);
	return err;
}

int policy_file_read(const char *path, char **ret_folder, char **ret_text, size_t *ret_len,
		     struct diag *diag)
{
	char *folder = folder_of(path);
	int err = folder ? file_read(path, ret_text, ret_len) : -ENOMEM;

	if (!err) {
		*ret_folder = folder;
		return 0;
	}
	free(folder);
	diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "the policy cannot be read: %s",
		 err == -EFBIG ? "larger than 16 MiB" : strerror(-err));
	return err;
}

char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path + 1)) : strdup("");
}

/* Includes were read with the files; this only knows the key. */
void section_include(struct reader *r, const struct node *value)
{
}
