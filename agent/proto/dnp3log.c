// SPDX-License-Identifier: Apache-2.0
/*
 * The record of a message of DNP3, with its objects and their points. Called by reports through proto_dnp3.
 */
#include <stdio.h>

#include "proto/dnp3.h"
#include "report/json.h"
#include "wire/wire.h"

const char *const dnp3_indicators[DNP3_INDICATORS] = {
	"device_restart",
	"device_trouble",
	"local_control",
	"need_time",
	"class_3_events",
	"class_2_events",
	"class_1_events",
	"all_stations",
	"reserved_2",
	"reserved_1",
	"config_corrupt",
	"already_executing",
	"event_buffer_overflow",
	"parameter_error",
	"object_unknown",
	"no_func_code_support",
};

static uint64_t low_first(const uint8_t *at, size_t len)
{
	uint64_t number = 0;

	while (len--)
		number = number << 8 | at[len];
	return number;
}

static void number_log(struct json *json, const struct dnp3_value *value, uint64_t number)
{
	char text[40];

	if (value->kind == DNP3_SIGNED) {
		json_signed(json, value->name,
			    value->bits == 16 ? (int16_t)number : (int32_t)(uint32_t)number);
	} else if (value->kind == DNP3_FLOAT) {
		uint32_t low = (uint32_t)number;
		double real;
		float single;

		memcpy(&single, &low, sizeof(single));
		memcpy(&real, &number, sizeof(real));
		snprintf(text, sizeof(text), "%.9g", value->bits == 32 ? (double)single : real);
		json_text(json, value->name, text);
	} else {
		json_number(json, value->name, number);
	}
}

/* Values behind a prefix; bytes is all of the point. */
static void values_log(struct json *json, const struct dnp3_form *form, struct slice bytes)
{
	size_t bits = 0, sizes[2] = { 0, 0 }, size_cnt = 0, text = 0;

	for (const struct dnp3_value *value = form->value; value < form->value + 12 && value->name;
	     value++) {
		struct slice rest = slice_behind(bytes, bits / 8);
		size_t len = rest.len;
		uint64_t number;

		if (value->kind == DNP3_REST || value->kind == DNP3_TEXT) {
			if (value->kind == DNP3_TEXT)
				len = sizes[text++ & 1] < rest.len ? sizes[(text - 1) & 1] : rest.len;
			json_bytes(json, value->name, slice(rest.at, len));
			bits += 8 * len;
			continue;
		}
		number = low_first(rest.at, (value->bits + 7u) / 8);
		if (value->bits < 8)
			number = number >> bits % 8 & ((1u << value->bits) - 1);
		if (value->bits == 16 &&
		    (strstr(value->name, "name_size") || strcmp(value->name, "password_size") == 0))
			sizes[size_cnt++ & 1] = (size_t)number;
		number_log(json, value, number);
		bits += value->bits;
	}
}

static void packed_log(struct json *json, const struct dnp3_object *object,
		       const struct dnp3_form *form)
{
	uint8_t width = form->value[0].bits;

	for (uint32_t i = 0; i < object->count; i++) {
		uint32_t bit = i * width;

		json_open(json, NULL);
		json_number(json, "prefix", 0);
		json_number(json, "index", object->start + i);
		json_number(json, form->value[0].name,
			    object->points.at[bit / 8] >> bit % 8 & ((1u << width) - 1));
		json_close(json);
	}
}

static void points_log(struct json *json, const struct dnp3_object *object,
		       const struct dnp3_form *form)
{
	size_t prefix_len = dnp3_prefix_len(object->qualifier);
	uint8_t code = object->qualifier >> 4 & 7;
	struct slice rest = object->points;

	for (uint32_t i = 0; i < object->count; i++) {
		uint32_t prefix = (uint32_t)low_first(rest.at, prefix_len);
		size_t len;

		rest = slice_behind(rest, prefix_len);
		len = dnp3_point_len(form, rest, prefix);
		if (len == SIZE_MAX)
			return;
		json_open(json, NULL);
		json_number(json, "prefix", prefix);
		json_number(json, "index", code >= 1 && code <= 3 ? prefix : object->start + i);
		if (code >= 4 && code <= 6)
			json_number(json, "size", prefix);
		values_log(json, form, slice(rest.at, len));
		json_close(json);
		rest = slice_behind(rest, len);
	}
}

static void object_log(struct json *json, const struct dnp3_object *object)
{
	const struct dnp3_form *form = dnp3_form_find(object->group, object->variation);

	json_open(json, NULL);
	json_number(json, "group", object->group);
	json_number(json, "variation", object->variation);
	json_number(json, "qualifier", object->qualifier);
	json_number(json, "prefix_code", object->qualifier >> 4 & 7);
	json_number(json, "range_code", object->qualifier & 15);
	json_number(json, "start", object->start);
	json_number(json, "stop", object->stop);
	json_number(json, "count", object->count);
	if (form && object->points.len) {
		json_list(json, "points");
		if (form->is_packed)
			packed_log(json, object, form);
		else
			points_log(json, object, form);
		json_close(json);
	}
	json_close(json);
}

static void application_log(struct json *json, const struct dnp3_tx *dnp3)
{
	json_open(json, "application");
	json_open(json, "control");
	json_bool(json, "fir", dnp3->control & 0x80);
	json_bool(json, "fin", dnp3->control & 0x40);
	json_bool(json, "con", dnp3->control & 0x20);
	json_bool(json, "uns", dnp3->control & 0x10);
	json_number(json, "sequence", dnp3->control & 15);
	json_close(json);
	json_number(json, "function_code", dnp3->function);
	if (dnp3->object_cnt) {
		json_list(json, "objects");
		for (uint8_t i = 0; i < dnp3->object_cnt; i++)
			object_log(json, &dnp3->object[i]);
		json_close(json);
	}
	json_bool(json, "complete", dnp3->complete);
	json_close(json);
}

static void indicators_log(struct json *json, uint16_t bits)
{
	json_open(json, "iin");
	if (bits) {
		json_list(json, "indicators");
		for (int i = 0; i < DNP3_INDICATORS; i++)
			if (bits >> (DNP3_INDICATORS - 1 - i) & 1)
				json_text(json, NULL, dnp3_indicators[i]);
		json_close(json);
	}
	json_close(json);
}

bool dnp3_log(struct tx *tx, struct json *json)
{
	const struct dnp3_tx *dnp3 = (const struct dnp3_tx *)tx;

	json_text(json, "type", dnp3->from == FROM_CLIENT ? "request" : "response");
	json_open(json, "control");
	json_bool(json, "dir", dnp3->link_control & 0x80);
	json_bool(json, "pri", dnp3->link_control & 0x40);
	json_bool(json, "fcb", dnp3->link_control & 0x20);
	json_bool(json, "fcv", dnp3->link_control & 0x10);
	json_number(json, "function_code", dnp3->link_control & 15);
	json_close(json);
	json_number(json, "src", dnp3->src);
	json_number(json, "dst", dnp3->dst);
	application_log(json, dnp3);
	if (dnp3->from == FROM_SERVER)
		indicators_log(json, dnp3->indicators);
	return true;
}
