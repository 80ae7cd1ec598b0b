// SPDX-License-Identifier: Apache-2.0
/*
 * The objects of DNP3: what their points are made of, and how many bytes that is. Called by dnp3.c and
 * dnp3log.c.
 */
#include "proto/dnp3.h"

#define U(name, bits)                                                                              \
	{                                                                                          \
		name, bits, DNP3_UNSIGNED                                                          \
	}
#define S(name, bits)                                                                              \
	{                                                                                          \
		name, bits, DNP3_SIGNED                                                            \
	}
#define F(name, bits)                                                                              \
	{                                                                                          \
		name, bits, DNP3_FLOAT                                                             \
	}
#define TEXT(name)                                                                                 \
	{                                                                                          \
		name, 0, DNP3_TEXT                                                                 \
	}
#define REST(name)                                                                                 \
	{                                                                                          \
		name, 0, DNP3_REST                                                                 \
	}
#define STATUS                                                                                     \
	U("online", 1), U("restart", 1), U("comm_lost", 1), U("remote_forced", 1),                 \
		U("local_forced", 1)
#define BINARY STATUS, U("chatter_filter", 1), U("reserved", 1), U("state", 1)
#define DOUBLE STATUS, U("chatter_filter", 1), U("state", 2)
#define OUTPUT STATUS, U("reserved0", 1), U("reserved1", 1), U("state", 1)
#define COUNTER STATUS, U("rollover", 1), U("discontinuity", 1), U("reserved0", 1)
#define ANALOG STATUS, U("over_range", 1), U("reference_err", 1), U("reserved0", 1)
#define STAMP U("timestamp", 48)
#define COMMAND                                                                                    \
	U("op_type", 4), U("qu", 1), U("cr", 1), U("tcc", 2), U("count", 8), U("ontime", 32),      \
		U("offtime", 32), U("status_code", 7), U("reserved", 1)

static const struct dnp3_form forms[] = {
	{ 1, 1, true, { U("state", 1) } },
	{ 1, 2, false, { BINARY } },
	{ 2, 1, false, { BINARY } },
	{ 2, 2, false, { BINARY, STAMP } },
	{ 2, 3, false, { BINARY, U("timestamp", 16) } },
	{ 3, 1, true, { U("state", 2) } },
	{ 3, 2, false, { DOUBLE } },
	{ 4, 1, false, { DOUBLE } },
	{ 4, 2, false, { DOUBLE, STAMP } },
	{ 4, 3, false, { DOUBLE, U("relative_time_ms", 16) } },
	{ 10, 1, true, { U("state", 1) } },
	{ 10, 2, false, { OUTPUT } },
	{ 11, 1, false, { OUTPUT } },
	{ 11, 2, false, { OUTPUT, STAMP } },
	{ 12, 1, false, { COMMAND } },
	{ 12, 2, false, { COMMAND } },
	{ 12, 3, true, { U("point", 1) } },
	{ 13, 1, false, { U("status_code", 7), U("commanded_state", 1) } },
	{ 13, 2, false, { U("status_code", 7), U("commanded_state", 1), STAMP } },
	{ 20, 1, false, { COUNTER, U("count", 32) } },
	{ 20, 2, false, { COUNTER, U("count", 16) } },
	{ 20, 5, false, { U("count", 32) } },
	{ 20, 6, false, { U("count", 16) } },
	{ 21, 1, false, { COUNTER, U("count", 32) } },
	{ 21, 2, false, { COUNTER, U("count", 16) } },
	{ 21, 5, false, { COUNTER, U("count", 32), STAMP } },
	{ 21, 6, false, { COUNTER, U("count", 16), STAMP } },
	{ 21, 9, false, { U("count", 32) } },
	{ 21, 10, false, { U("count", 16) } },
	{ 22, 1, false, { COUNTER, U("count", 32) } },
	{ 22, 2, false, { COUNTER, U("count", 16) } },
	{ 22, 5, false, { COUNTER, U("count", 32), STAMP } },
	{ 22, 6, false, { COUNTER, U("count", 16), STAMP } },
	{ 23, 1, false, { COUNTER, U("count", 32) } },
	{ 23, 2, false, { COUNTER, U("count", 16) } },
	{ 23, 5, false, { COUNTER, U("count", 32), STAMP } },
	{ 23, 6, false, { COUNTER, U("count", 16), STAMP } },
	{ 30, 1, false, { ANALOG, S("value", 32) } },
	{ 30, 2, false, { ANALOG, S("value", 16) } },
	{ 30, 3, false, { S("value", 32) } },
	{ 30, 4, false, { S("value", 16) } },
	{ 30, 5, false, { ANALOG, F("value", 32) } },
	{ 30, 6, false, { ANALOG, F("value", 64) } },
	{ 31, 1, false, { ANALOG, S("value", 32) } },
	{ 31, 2, false, { ANALOG, S("value", 16) } },
	{ 32, 1, false, { ANALOG, S("value", 32) } },
	{ 32, 2, false, { ANALOG, S("value", 16) } },
	{ 32, 3, false, { ANALOG, S("value", 32), STAMP } },
	{ 32, 4, false, { ANALOG, S("value", 16), STAMP } },
	{ 32, 5, false, { ANALOG, F("value", 32) } },
	{ 32, 6, false, { ANALOG, F("value", 64) } },
	{ 32, 7, false, { ANALOG, F("value", 32), STAMP } },
	{ 32, 8, false, { ANALOG, F("value", 64), STAMP } },
	{ 34, 1, false, { U("deadband_value", 16) } },
	{ 34, 2, false, { U("deadband_value", 32) } },
	{ 34, 3, false, { F("deadband_value", 32) } },
	{ 40, 1, false, { ANALOG, S("value", 32) } },
	{ 40, 2, false, { ANALOG, S("value", 16) } },
	{ 40, 3, false, { ANALOG, F("value", 32) } },
	{ 40, 4, false, { ANALOG, F("value", 64) } },
	{ 41, 1, false, { S("value", 32), U("control_status", 8) } },
	{ 41, 2, false, { S("value", 16), U("control_status", 8) } },
	{ 41, 3, false, { F("value", 32), U("control_status", 8) } },
	{ 41, 4, false, { F("value", 64), U("control_status", 8) } },
	{ 42, 1, false, { ANALOG, S("value", 32) } },
	{ 42, 2, false, { ANALOG, S("value", 16) } },
	{ 42, 3, false, { ANALOG, S("value", 32), STAMP } },
	{ 42, 4, false, { ANALOG, S("value", 16), STAMP } },
	{ 50, 1, false, { STAMP } },
	{ 50, 2, false, { STAMP, U("interval", 32) } },
	{ 50, 3, false, { STAMP } },
	{ 51, 1, false, { STAMP } },
	{ 51, 2, false, { STAMP } },
	{ 52, 1, false, { U("delay_secs", 16) } },
	{ 52, 2, false, { U("delay_ms", 16) } },
	{ 70,
	  2,
	  false,
	  { U("username_offset", 16), U("username_size", 16), U("password_offset", 16),
	    U("password_size", 16), U("authentication_key", 32), TEXT("username"), TEXT("password") } },
	{ 70,
	  3,
	  false,
	  { U("filename_offset", 16), U("filename_size", 16), U("created", 48), U("permissions", 16),
	    U("authentication_key", 32), U("file_size", 32), U("operational_mode", 16),
	    U("maximum_block_size", 16), U("request_id", 16), TEXT("filename") } },
	{ 70,
	  4,
	  false,
	  { U("file_handle", 32), U("file_size", 32), U("maximum_block_size", 16),
	    U("request_id", 16), U("status_code", 8), REST("optional_text") } },
	{ 70, 5, false, { U("file_handle", 32), U("block_number", 32), REST("file_data") } },
	{ 70,
	  6,
	  false,
	  { U("file_handle", 32), U("block_number", 32), U("status_code", 8), REST("optional_text") } },
	{ 70,
	  7,
	  false,
	  { U("filename_offset", 16), U("filename_size", 16), U("file_type", 16),
	    U("file_size", 32), U("created_timestamp", 48), U("permissions", 16),
	    U("request_id", 16), TEXT("filename") } },
	{ 70, 8, false, { REST("file_specification") } },
	{ 80, 1, true, { U("state", 1) } },
};

const struct dnp3_form *dnp3_form_find(uint8_t group, uint8_t variation)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].group == group && forms[i].variation == variation)
			return &forms[i];
	return NULL;
}

size_t dnp3_prefix_len(uint8_t qualifier)
{
	static const uint8_t lens[8] = { 0, 1, 2, 4, 1, 2, 4, 0 };

	return lens[qualifier >> 4 & 7];
}

static bool ends_with_size(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, "_size") == 0;
}

size_t dnp3_point_len(const struct dnp3_form *form, struct slice rest, uint32_t prefix)
{
	size_t bits = 0, texts = 0;
	bool has_text = false, has_rest = false;

	for (const struct dnp3_value *value = form->value; value < form->value + 12 && value->name;
	     value++) {
		const uint8_t *at = rest.at + bits / 8;

		has_text |= value->kind == DNP3_TEXT;
		has_rest |= value->kind == DNP3_REST;
		bits += value->bits;
		if (bits / 8 > rest.len)
			return SIZE_MAX;
		if (value->bits == 16 && ends_with_size(value->name))
			texts += (size_t)(at[0] | at[1] << 8);
	}
	if (has_rest)
		return prefix < bits / 8 || prefix > rest.len ? SIZE_MAX : prefix;
	if (has_text)
		bits += 8 * texts;
	return bits / 8 > rest.len ? SIZE_MAX : bits / 8;
}
