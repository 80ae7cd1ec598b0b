// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as what a browser sends to the block page: a Host header, languages, a path, a reference, a
 * form. What is taken is bounded, valid UTF-8 and stays text in the page that is made of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "page/form.h"
#include "page/html.h"
#include "text/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void is_clean(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		uint32_t point = 0;
		size_t n = utf8_decode(text + i, len - i, &point);

		demand(n && !utf8_is_control(point));
		i += n;
	}
}

/* No tag but those of a page without words. */
static size_t tags(const char *text)
{
	size_t cnt = 0;

	for (; *text; text++)
		cnt += *text == '<';
	return cnt;
}

static void page_of(const char *text, enum page_kind kind)
{
	struct page_view view = { .kind = kind,
				  .name = text,
				  .list = text,
				  .reference = text,
				  .token = text,
				  .can_ask = true,
				  .why = text,
				  .state = "denied",
				  .help_desk = text,
				  .again = text };
	char *with = page_html(&view), *without;

	view.name = view.list = view.reference = view.token = view.why = view.state =
		view.help_desk = view.again = "x";
	without = page_html(&view);
	demand(with && without && (tags(with) == tags(without) || !*text));
	free(with);
	free(without);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char host[PAGE_HOST_MAX], path[PAGE_PATH_MAX], reference[10];
	char *text = malloc(size + 1);
	struct page_form form;

	memcpy(text, data, size);
	text[size] = 0;
	if (!page_host_read(text, host))
		demand(*host && strlen(host) < sizeof(host) && host[strlen(host) - 1] != '.');
	page_likes_japanese(text);
	page_path_read(text, path);
	demand(path[0] == '/' && strlen(path) < sizeof(path));
	if (page_reference_read(text, reference))
		demand(strlen(reference) == 9);
	page_of(text, (enum page_kind)(size % PAGE_KINDS));
	free(text);
	text = malloc(size ? size : 1); /* of its very size, so that a step beyond is seen */
	memcpy(text, data, size);
	if (!page_form_read(text, size, &form)) {
		is_clean(form.comment);
		demand(strlen(form.reference) == 9 && strlen(form.token) < sizeof(form.token));
	}
	free(text);
	return 0;
}
