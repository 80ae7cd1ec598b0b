// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a URL, and as Host and target of a request (cut at the first line end): what comes out is
 * spelled in the one way that there is, and stays as it is when it is taken in once more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static bool holds(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what));
}

static void check_target(const struct url *url)
{
	check(url->target[0] == '/' && url->target_len < URL_TARGET_MAX);
	check(url->path_len && url->path_len <= url->target_len);
	check(url->target_len == url->path_len || url->target[url->path_len] == '?');
	for (size_t i = 0; i < url->target_len; i++)
		check(url->target[i] > ' ' && url->target[i] < 0x7f && url->target[i] != '#');
	check(!holds(url->target, url->path_len, "//"));
	check(!holds(url->target, url->path_len, "/./"));
	check(!holds(url->target, url->path_len, "/../"));
	check(!holds(url->target, url->path_len, "\\"));
	check(!memchr(url->target, '?', url->path_len));
}

static void check_url(const struct url *url)
{
	static struct url again, without;
	static char text[SEK_NAME_BYTES + 8 + URL_TARGET_MAX];
	size_t len = 0;

	check(url->host.len && url->host.len <= SEK_NAME_BYTES);
	check(strlen(url->host.text) == url->host.len);
	check(url->target[url->target_len] == 0);
	check_target(url);
	memcpy(text, "http://", 7);
	memcpy(text + 7, url->host.text, url->host.len);
	len = 7 + url->host.len;
	memcpy(text + len, url->target, url->target_len);
	check(!url_normalise(text, len + url->target_len, &again));
	check(again.host.len == url->host.len &&
	      !memcmp(again.host.text, url->host.text, url->host.len));
	check(again.target_len == url->target_len && again.path_len == url->path_len);
	check(!memcmp(again.target, url->target, url->target_len));
	check(again.address == url->address);
	if (!url_without_parameters(url, &without))
		return;
	check_target(&without);
	check(!memchr(without.target, ';', without.path_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct url url;
	char *text = malloc(size ? size : 1), *end;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (!url_normalise(text, size, &url))
		check_url(&url);
	end = memchr(text, '\n', size);
	if (end && !url_of_request(text, end - text, end + 1, size - (size_t)(end + 1 - text), &url))
		check_url(&url);
	free(text);
	return 0;
}
