// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a line of a log of requests: what is found lies in the line or in its room, and normalising
 * it is safe.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/url.h"
#include "weblog/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct weblog_line line;
static struct url url;

static void lies_in(struct weblog_text text, const char *from, size_t len)
{
	bool in_line = text.text >= from && text.text + text.len <= from + len;
	bool in_room = text.text >= line.room && text.text + text.len <= line.room + line.room_used;

	if (text.len && !in_line && !in_room)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1); /* of just this size, so that reading on is seen */

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (weblog_line(copy, size, &line) == WEBLOG_URL) {
		if (!line.url.len)
			abort();
		lies_in(line.url, copy, size);
		lies_in(line.host, copy, size);
		if (line.host.len)
			(void)url_of_request(line.host.text, line.host.len, line.url.text,
					     line.url.len, &url);
		else
			(void)url_normalise(line.url.text, line.url.len, &url);
	}
	free(copy);
	return 0;
}
