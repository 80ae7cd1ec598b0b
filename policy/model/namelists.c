// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of names (holds: names) out of section "lists": where each comes from and how it is kept new.
 * Their contents are policy/names'.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

#define REFRESH_S 86400
#define REFRESH_LEAST_S 300
#define MAX_BYTES (256ULL << 20)

static bool is_url(const char *text)
{
	const char *host = !strncmp(text, "https://", 8)  ? text + 8
			   : !strncmp(text, "http://", 7) ? text + 7
							  : NULL;

	if (!host || !*host || *host == '/' || strlen(text) > 2048)
		return false;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || *c == '"')
			return false;
	return true;
}

static void read_url(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a URL");
	char **url = member, shown[100];

	if (!text)
		return;
	if (!is_url(text)) {
		reader_error(r, value, "as in https://lists.example/malware.txt, without blanks",
			     "\"%s\" is no URL of http or https",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
		return;
	}
	free(*url);
	*url = reader_copy(r, text);
}

static void read_sha256(struct reader *r, const struct node *value, const struct field *f,
			void *member)
{
	const char *text = reader_text(r, value, "a SHA-256 sum or its URL");
	char **sum = member;

	if (!text)
		return;
	if (!is_url(text) && (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)) {
		reader_error(r, value,
			     "64 hexadecimal digits, or the URL of a file that begins with them",
			     "this is no SHA-256 sum");
		return;
	}
	free(*sum);
	*sum = reader_copy(r, text);
}

static const struct field fields[] = {
	{ .name = "holds", .read = read_holds },
	{ .name = "name",
	  .read = read_name,
	  .offset = offsetof(struct model_name_list, name),
	  .needed = true },
	{ .name = "id",
	  .read = read_u16,
	  .offset = offsetof(struct model_name_list, id),
	  .needed = true,
	  .max = SEK_NAME_LISTS_MAX - 1 },
	{ .name = "kind",
	  .read = read_kind,
	  .offset = offsetof(struct model_name_list, allow),
	  .needed = true },
	{ .name = "category", .read = read_title, .offset = offsetof(struct model_name_list, category) },
	{ .name = "source", .read = read_source, .offset = offsetof(struct model_name_list, source) },
	{ .name = "format", .read = read_name, .offset = offsetof(struct model_name_list, format) },
	{ .name = "title", .read = read_title, .offset = offsetof(struct model_name_list, title) },
	{ .name = "url", .read = read_url, .offset = offsetof(struct model_name_list, url) },
	{ .name = "refresh",
	  .read = read_seconds,
	  .offset = offsetof(struct model_name_list, refresh_s) },
	{ .name = "max",
	  .read = read_u64,
	  .offset = offsetof(struct model_name_list, max_bytes),
	  .min = 1,
	  .max = 4000000000ULL },
	{ .name = "sha256", .read = read_sha256, .offset = offsetof(struct model_name_list, sha256) },
	{ .name = "signature", .read = read_url, .offset = offsetof(struct model_name_list, signature) },
	{ .name = "key", .read = read_source, .offset = offsetof(struct model_name_list, key) },
	{},
};

/* What speaks of a subscription where there is none would be waited for in vain. */
static void subscription_check(struct reader *r, const struct node *item,
			       const struct model_name_list *list)
{
	static const char *const of_url[] = { "refresh", "max", "sha256", "signature" };

	for (size_t i = 0; i < sizeof(of_url) / sizeof(of_url[0]) && !node_find(item, "url"); i++)
		if (node_find(item, of_url[i]))
			reader_error(r, node_find(item, of_url[i]),
				     "where it is published: url: https://…",
				     "\"%s\" without a url", of_url[i]);
	if (!node_find(item, "signature") != !node_find(item, "key"))
		reader_error(r, item, "signature: URL of the signature; key: file of the public key",
			     "a signature and its key go together");
	if (list->refresh_s && list->refresh_s < REFRESH_LEAST_S)
		reader_error(r, node_find(item, "refresh"), "lists change daily, few hourly",
			     "a list is not asked for more often than every 5m");
	if (list->url && !strncmp(list->url, "http://", 7) && !list->sha256 && !list->signature)
		reader_say(r, DIAG_WARNING, node_find(item, "url"), "https://, sha256: or signature:",
			   "whoever is on the way can change what this list says");
}

void model_name_list_add(struct reader *r, const struct node *item)
{
	struct policy *policy = r->policy;
	struct model_name_list *list =
		reader_push(r, &policy->name_lists, &policy->name_list_cnt, sizeof(*list));

	if (!list)
		return;
	list->place = reader_place(item);
	list->max_bytes = MAX_BYTES;
	reader_map(r, item, fields, list);
	subscription_check(r, item, list);
	if (list->url && !list->refresh_s)
		list->refresh_s = REFRESH_S;
	if (list->format && !strcmp(list->format, "auto")) {
		free(list->format);
		list->format = NULL;
	}
}

void model_name_list_free(struct model_name_list *list)
{
	free(list->name);
	free(list->title);
	free(list->category);
	free(list->source);
	free(list->format);
	free(list->url);
	free(list->sha256);
	free(list->signature);
	free(list->key);
}
