// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a list of names in any format: the readers survive, and each entry that they give is
 * spelled as entries are, once, with a line of the list. The first byte chooses the format and the options.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/letters.h"
#include "names/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAIRS_MAX 100

static void check(bool right)
{
	if (!right)
		abort();
}

static void check_url(const struct name_list *list, const struct name_entry *entry)
{
	static struct url url;
	char text[SEK_NAME_BYTES + SEK_NAME_PATH_BYTES];
	size_t len = (size_t)entry->host_len + entry->path_len;

	check(entry->path_len && entry->path_len <= SEK_NAME_PATH_BYTES);
	check(entry->kind != NAME_URL_PREFIX || name_path(list, entry)[entry->path_len - 1] == '/');
	memcpy(text, name_host(list, entry), len);
	check(!url_normalise(text, len, &url));
	check(url.host.len == entry->host_len && url.target_len == entry->path_len);
	check(!memcmp(url.host.text, text, url.host.len));
	check(!memcmp(url.target, text + url.host.len, url.target_len));
}

static void check_entry(const struct name_list *list, const struct name_entry *entry)
{
	char host[SEK_NAME_BYTES];

	check(entry->kind >= NAME_SELF && entry->kind <= NAME_URL_PREFIX);
	check(entry->how <= SEK_NAME_CANARY && entry->how != SEK_NAME_SPARE);
	check((entry->how == SEK_NAME_LOCAL) == (entry->answer != 0));
	check(entry->answer <= list->answer_cnt);
	check(entry->line && entry->line <= list->line_cnt);
	check(entry->host_len && entry->host_len <= SEK_NAME_BYTES);
	check((size_t)entry->at + entry->host_len + entry->path_len <= list->text_len);
	if (name_host(list, entry)[0] != '[') {
		check(name_copy(name_host(list, entry), entry->host_len, host) == entry->host_len);
		check(!memcmp(host, name_host(list, entry), entry->host_len));
	}
	if (name_is_url(entry))
		check_url(list, entry);
	else
		check(!entry->path_len);
}

static bool is_same(const struct name_list *list, const struct name_entry *a,
		    const struct name_entry *b)
{
	return a->allow == b->allow && a->how == b->how && a->answer == b->answer &&
	       a->host_len == b->host_len && a->path_len == b->path_len &&
	       !memcmp(list->text + a->at, list->text + b->at, (size_t)a->host_len + a->path_len);
}

static void check_list(const struct name_list *list)
{
	size_t skip_cnt = 0;

	for (size_t i = 0; i < list->cnt; i++) {
		check_entry(list, &list->entries[i]);
		for (size_t j = i + 1; j < list->cnt && j < i + PAIRS_MAX; j++)
			check(!is_same(list, &list->entries[i], &list->entries[j]));
	}
	for (size_t i = 0; i < NAME_SKIP_CNT; i++)
		skip_cnt += list->skip_cnts[i];
	check(skip_cnt == list->skip_cnt);
	for (size_t i = 0; i < list->regex_cnt; i++)
		check((size_t)list->regexes[i].at + list->regexes[i].len <= list->text_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct name_read_options options = { .public_suffixes = true, .thread_cnt = 1 };
	struct name_list list;
	struct diag diag;
	const char *what;
	char *text;

	if (!size)
		return 0;
	if (data[0] % 16 < name_format_cnt())
		options.format = name_format(data[0] % 16, &what);
	options.own_answers = data[0] & 16;
	/* A copy of exactly this size, so that a read beyond it is seen. */
	text = malloc(size - 1 ? size - 1 : 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	diag_init(&diag);
	if (!name_list_parse(text, size - 1, "fuzz", &options, &list, &diag)) {
		check_list(&list);
		name_list_free(&list);
	}
	diag_free(&diag);
	free(text);
	return 0;
}
