// SPDX-License-Identifier: Apache-2.0
/*
 * Names as operators write them, and the file of what they changed: a line for each change,
 * "+ 0 =example.com reason". Called by policy/install/names.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "install/hand.h"
#include "install/namecontent.h"
#include "names/print.h"
#include "names/url.h"

static int key_of_url(const char *text, struct name_key *ret_key)
{
	struct url *url = malloc(sizeof(*url));
	int err = url ? url_normalise(text, strlen(text), url) : -ENOMEM;

	if (!err && url->target_len > SEK_NAME_PATH_BYTES)
		err = -E2BIG;
	if (!err) {
		ret_key->host_len = url->host.len;
		ret_key->path_len = url->target_len;
		memcpy(ret_key->text, url->host.text, url->host.len);
		memcpy(ret_key->text + url->host.len, url->target, url->target_len);
		ret_key->kind = url->target[url->target_len - 1] == '/' ? NAME_URL_PREFIX
									: NAME_URL_EXACT;
	}
	free(url);
	return err;
}

static int key_of_name(const char *text, struct name_key *ret_key)
{
	struct name name;
	int err;

	ret_key->kind = text[0] == '='		  ? NAME_SELF
			: !strncmp(text, "*.", 2) ? NAME_BELOW
						  : NAME_SUFFIX;
	text += ret_key->kind == NAME_SELF ? 1 : ret_key->kind == NAME_BELOW ? 2 : 0;
	err = name_normalise(text, strlen(text), &name);
	if (err)
		return err;
	ret_key->host_len = name.len;
	memcpy(ret_key->text, name.text, name.len);
	return 0;
}

int name_key_read(const char *text, struct name_key *ret_key, struct diag *diag)
{
	int err;

	*ret_key = (struct name_key){};
	err = strchr(text, '/') ? key_of_url(text, ret_key) : key_of_name(text, ret_key);
	if (!err && ret_key->host_len)
		return 0;
	diag_add(diag, DIAG_ERROR, NULL, 0, 0,
		 "example.com, =example.com, *.example.com, example.com/path/ and example.com/path are",
		 "\"%s\" is no name and no URL%s", text,
		 err == -E2BIG ? " that a list can hold: its path is too long" : "");
	return -EINVAL;
}

void name_key_print(const struct name_key *key, char *out, size_t cap)
{
	snprintf(out, cap, "%s%.*s",
		 key->kind == NAME_SELF	   ? "="
		 : key->kind == NAME_BELOW ? "*."
					   : "",
		 key->host_len + key->path_len, key->text);
}

bool name_key_same(const struct name_key *a, const struct name_key *b)
{
	return a->host_len == b->host_len && a->path_len == b->path_len &&
	       !memcmp(a->text, b->text, (size_t)a->host_len + a->path_len);
}

uint64_t name_key_print_of(const struct sek_name_keys *keys, const struct name_key *key)
{
	uint64_t host = name_print_host(keys, key->text, key->host_len);

	return key->path_len ? name_print_path(keys, host, key->text + key->host_len, key->path_len)
			     : host;
}

uint64_t name_key_print_of_pages(const struct sek_name_keys *keys, const struct name_key *key)
{
	return name_sum_pages(keys, name_print_host(keys, key->text, key->host_len));
}

/* --- the file --- */

static int hand_line(struct name_content *content, char *line, int64_t now, struct diag *diag)
{
	struct name_key key;
	char mark, name[sizeof(key.text) + 4];
	int64_t expires;
	int at = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%c %" SCNd64 " %767s %n", &mark, &expires, name, &at) < 3 || !at ||
	    (mark != '+' && mark != '-'))
		return -EINVAL;
	if (name_key_read(name, &key, diag))
		return -EINVAL;
	if (expires && expires <= now)
		return 0;
	return mark == '+' ? name_content_add(content, &key, expires, line + at)
			   : name_content_delete(content, &key, line + at);
}

int name_content_hand_read(struct name_content *content, const char *path, int64_t now,
			   struct diag *diag)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	uint32_t number = 0;
	int err = 0;

	if (!in)
		return errno == ENOENT ? 0 : -errno;
	while (err != -ENOMEM && getline(&line, &cap, in) > 0) {
		number++;
		err = hand_line(content, line, now, diag);
		/* What it stood for may have been published or taken out since. */
		if (err == -EINVAL)
			diag_add(diag, DIAG_WARNING, path, number, 0, NULL,
				 "no change by hand; left out");
	}
	free(line);
	fclose(in);
	return err == -ENOMEM ? err : 0;
}

static int changes_write(FILE *out, const void *what)
{
	const struct name_content *content = what;

	for (size_t i = 0; i < content->change_cnt; i++) {
		const struct name_change *change = &content->changes[i];
		char name[sizeof(change->key.text) + 4];

		name_key_print(&change->key, name, sizeof(name));
		fprintf(out, "%c %" PRId64 " %s ", change->removed ? '-' : '+', change->expires,
			name);
		for (const char *c = change->reason; *c; c++)
			putc((unsigned char)*c < ' ' ? ' ' : *c, out);
		putc('\n', out);
	}
	return ferror(out) ? -EIO : 0;
}

int name_content_hand_write(const struct name_content *content, const char *path)
{
	return file_replace(path, changes_write, content);
}
