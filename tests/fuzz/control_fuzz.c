/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket's parser under bytes of anybody: lines are cut, read and answered as the agent
 * does. Promises checked: an answer is one line of valid JSON, whatever came in.
 */
#include <stdlib.h>
#include <string.h>

#include "request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An answer ends in its only newline and can be read again. */
static void answer_check(char *line)
{
	size_t len;
	json_t *json;

	if (!line)
		return;
	len = strlen(line);
	json = json_loadb(line, len, 0, NULL);
	if (!json || !len || memchr(line, '\n', len) != line + len - 1)
		abort();
	json_decref(json);
	free(line);
}

static void line_try(const char *line, size_t len)
{
	struct request request;
	char why[160];
	int code = request_parse(line, len, &request, why, sizeof(why));

	if (!code &&
	    (!request.method || !request.id || (request.params && !json_is_object(request.params))))
		abort();
	if (code)
		answer_check(answer_fault(request.id, code, why, NULL));
	else
		answer_check(answer_result(request.id, json_incref(request.root)));
	request_free(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		line_try(at, len);
		at += len + 1;
	}
	return 0;
}
