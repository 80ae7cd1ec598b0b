// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a line of the record file, read by the scanner and by jansson. What the scanner takes,
 * jansson takes as well, and both find the same; what jansson takes as a record that is only passed
 * over, the scanner takes.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "preview/line.h"
#include "text/address.h"
#include "text/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static bool is_text(const json_t *value, struct record_text text)
{
	return json_is_string(value) && json_string_length(value) == text.len &&
	       !memcmp(json_string_value(value), text.text, text.len);
}

static bool is_address(const json_t *value, const struct sek_addr *addr)
{
	struct prefix prefix;

	return json_is_string(value) &&
	       prefix_parse(json_string_value(value), json_string_length(value), &prefix, NULL) ==
		       PREFIX_OK &&
	       !memcmp(&prefix.addr, addr, sizeof(*addr));
}

static void same_decision(const json_t *record, const struct record_line *line)
{
	const json_t *inner = json_object_get(record, line->kind == RECORD_FLOW	  ? "flow"
						      : line->kind == RECORD_NAME ? "name"
										  : "drop");
	uint64_t bytes = (uint64_t)json_integer_value(json_object_get(inner, "len"));

	if (line->kind == RECORD_FLOW)
		bytes = (uint64_t)json_integer_value(json_object_get(inner, "bytes_toserver")) +
			(uint64_t)json_integer_value(json_object_get(inner, "bytes_toclient"));
	demand(bytes == line->bytes);
	demand(is_text(json_object_get(inner, "reason"), line->reason));
	demand(is_text(json_object_get(record, "tenant"), line->tenant));
	if (line->kind != RECORD_NAME)
		demand(is_text(json_object_get(record, "rule"), line->rule));
	demand(is_text(json_object_get(record, "list"), line->list));
	demand(is_address(json_object_get(record, "src_ip"), &line->src));
	demand(is_address(json_object_get(record, "dest_ip"), &line->dst));
	demand(json_integer_value(json_object_get(record, "policy")) == line->generation);
	demand(!strcmp(json_string_value(json_object_get(record, "direction")),
		       line->dir == SEK_IN ? "in" : "out"));
	if (proto_has_ports(line->proto)) {
		demand(json_integer_value(json_object_get(record, "src_port")) == line->sport);
		demand(json_integer_value(json_object_get(record, "dest_port")) == line->dport);
	}
}

static void same_name(const json_t *record, const char *type, const struct record_line *line)
{
	const json_t *inner = json_object_get(record, type);
	const char *host = line->dns ? "rrname" : !strcmp(type, "http") ? "hostname" : "sni";

	demand(line->dns == !strcmp(type, "dns"));
	demand(line->passed == !strcmp(json_string_value(json_object_get(record, "verdict")), "pass"));
	demand(!line->host.len || is_text(json_object_get(inner, host), line->host));
	demand(!line->target.len || is_text(json_object_get(inner, "url"), line->target));
}

static bool is_of_names(const char *type)
{
	return !strcmp(type, "dns") || !strcmp(type, "tls") || !strcmp(type, "quic") ||
	       !strcmp(type, "http");
}

static void same(const json_t *record, const struct record_line *line)
{
	const char *type = json_string_value(json_object_get(record, "event_type"));
	const json_t *events = json_object_get(json_object_get(record, "stats"), "events");

	demand(json_is_object(record) && type);
	demand(!memcmp(json_string_value(json_object_get(record, "timestamp")), line->time,
		       RECORD_TIME_LEN));
	demand((line->kind == RECORD_FLOW) == !strcmp(type, "flow"));
	demand((line->kind == RECORD_REFUSAL) == !strcmp(type, "drop"));
	demand((line->kind == RECORD_LOSS) == !strcmp(type, "stats"));
	demand(line->kind != RECORD_NAME || is_of_names(type));
	if (line->kind == RECORD_FLOW || line->kind == RECORD_REFUSAL || line->kind == RECORD_NAME)
		same_decision(record, line);
	if (line->kind == RECORD_NAME)
		same_name(record, type, line);
	if (line->kind == RECORD_LOSS)
		demand((uint64_t)json_integer_value(json_object_get(events, "suppressed_new")) +
			       (uint64_t)json_integer_value(json_object_get(events, "lost_new")) ==
		       line->missing);
}

/* Numbers that the agent does not write the scanner refuses, however deep. */
static bool has_real(const json_t *value, unsigned int depth)
{
	const json_t *item;
	const char *key;
	size_t i;

	if (json_is_real(value) || depth > 16)
		return true;
	json_array_foreach(value, i, item)
		if (has_real(item, depth + 1))
			return true;
	json_object_foreach((json_t *)value, key, item)
		if (has_real(item, depth + 1))
			return true;
	return false;
}

/* Records of kinds that are only passed over need no more than a time and a type. */
static bool must_take(const json_t *record, const uint8_t *data, size_t size)
{
	const char *type = json_string_value(json_object_get(record, "event_type"));
	const char *time = json_string_value(json_object_get(record, "timestamp"));

	return size <= RECORD_LINE_MAX && !memchr(data, '\\', size) && type && time &&
	       strcmp(type, "flow") != 0 && strcmp(type, "drop") != 0 &&
	       strcmp(type, "stats") != 0 && !is_of_names(type) &&
	       !strcmp(time, "2023-11-14T22:13:25.000001+0000") && !has_real(record, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* of its very size, so that a step beyond is seen */
	struct record_line line;
	json_t *record, *unique;
	int err;

	memcpy(text, data, size);
	err = record_scan(text, size, &line);
	record = json_loadb(text, size, 0, NULL);
	unique = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (!err)
		same(record, &line);
	else
		demand(!unique || !must_take(unique, data, size));
	json_decref(unique);
	json_decref(record);
	free(text);
	return 0;
}
