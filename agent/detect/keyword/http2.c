// SPDX-License-Identifier: Apache-2.0
/*
 * http2.settings: a setting by its name, and what its value must be. Each setting is a number of the
 * protocol's own, which the test of all such numbers asks.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "detect/parse/inside.h"

#define NAME_BEGINS "SETTINGS_"
#define FIELD_BEGINS "http2.settings."

/* SETTINGS_ENABLE_PUSH=0, SETTINGS_MAX_FRAME_SIZE>16384, SETTINGS_ENABLE_PUSH alone: it is there */
static int http2_settings_read(struct draft *draft, struct slice value)
{
	const size_t begins = sizeof(NAME_BEGINS) - 1;
	char field[64] = FIELD_BEGINS;
	size_t at = sizeof(FIELD_BEGINS) - 1, len = 0;
	int err = -ENOENT;

	while (len < value.len && (isalpha(value.at[len]) || value.at[len] == '_'))
		len++;
	if (len > begins && slice_same(slice(value.at, begins), NAME_BEGINS) &&
	    len - begins < sizeof(field) - at) {
		for (size_t i = begins; i < len; i++)
			field[at++] = (char)tolower(value.at[i]);
		value = slice_behind(value, len);
		while (value.len && (value.at[0] == ' ' || value.at[0] == '='))
			value = slice_behind(value, 1);
		err = number_field_read(draft, slice(field, at),
					value.len ? value : slice_text(">=0"));
	}
	if (err == -ENOENT)
		return refuse(draft, draft->keyword_at, "http2.settings:SETTINGS_ENABLE_PUSH=0",
			      "http2.settings begins with no name of a setting");
	return err;
}

const struct keyword keyword_http2_settings = {
	"http2.settings",    NULL, VALUE_ALWAYS,
	http2_settings_read, NULL, "a setting: SETTINGS_MAX_FRAME_SIZE>16384"
};
