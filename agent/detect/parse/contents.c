// SPDX-License-Identifier: Apache-2.0
/*
 * The text of a content as bytes. Called by the keywords that take one; pure.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

static int hex_of(uint8_t c)
{
	return c <= '9' ? c - '0' : tolower(c) - 'a' + 10;
}

/* Between two bars. Returns where it ends (the closing bar), or NULL after refuse(). */
static const uint8_t *hex_read(struct draft *draft, const uint8_t *at, const uint8_t *end,
			       uint8_t *bytes, size_t *len)
{
	const uint8_t *open = at;
	int high = -1; /* spaces may stand anywhere */

	for (at++; at < end && *at != '|'; at++) {
		if (isspace(*at))
			continue;
		if (!isxdigit(*at)) {
			refuse(draft, (const char *)at,
			       "two hexadecimal digits a byte between bars: |0d 0a|",
			       "this is no byte in hexadecimal");
			return NULL;
		}
		if (high < 0) {
			high = hex_of(*at);
			continue;
		}
		bytes[(*len)++] = (uint8_t)(high << 4 | hex_of(*at));
		high = -1;
	}
	if (high >= 0) {
		refuse(draft, (const char *)open,
		       "two hexadecimal digits a byte between bars: |0d 0a|",
		       "half a byte is left in hexadecimal");
		return NULL;
	}
	if (at < end)
		return at;
	refuse(draft, (const char *)open, "a bar of the text itself is |7c|",
	       "bytes in hexadecimal without the closing bar");
	return NULL;
}

int content_bytes(struct draft *draft, struct slice text, uint8_t **ret_bytes, size_t *ret_len)
{
	const uint8_t *end = text.at + text.len;
	uint8_t *bytes = malloc(text.len + 1);
	size_t len = 0;

	if (!bytes)
		return refuse_memory(draft);
	for (const uint8_t *at = text.at; at < end; at++) {
		if (*at == '|') {
			at = hex_read(draft, at, end, bytes, &len);
			if (!at) {
				free(bytes);
				return -EINVAL;
			}
			continue;
		}
		if (*at == '\\' && at + 1 < end && memchr("\\\":;", at[1], 4))
			at++;
		bytes[len++] = *at;
	}
	if (!len || len > UINT16_MAX) {
		free(bytes);
		return refuse(draft, (const char *)text.at, NULL,
			      len ? "the content is too long" : "the content is empty");
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}
