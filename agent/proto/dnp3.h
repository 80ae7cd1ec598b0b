/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNP3 (IEEE 1815) over TCP, between its parser, its objects and its record.
 */
#ifndef AGENT_PROTO_DNP3_H
#define AGENT_PROTO_DNP3_H

#include "proto/proto.h"

struct dnp3_object {
	uint8_t group, variation, qualifier;
	uint32_t start, stop, count;
	struct slice points; /* as many as could be read, with their prefixes; of the transaction's bytes */
};

#define DNP3_OBJECTS_MAX 64

struct dnp3_tx {
	struct tx tx;
	enum side from;
	uint8_t link_control;
	uint16_t dst, src;
	uint8_t control, function;
	uint16_t indicators; /* of a response */
	bool complete; /* all of its objects are understood */
	uint8_t *bytes; /* the application's message */
	size_t len;
	uint8_t object_cnt;
	struct dnp3_object object[DNP3_OBJECTS_MAX];
};

/* One value of a point, in the order of the wire: its name, whose width is bits. */
struct dnp3_value {
	const char *name;
	uint8_t bits;
	enum {
		DNP3_UNSIGNED,
		DNP3_SIGNED,
		DNP3_FLOAT, /* 32 or 64 bits */
		DNP3_TEXT, /* as long as the value before it that ends with _size says */
		DNP3_REST, /* of what the prefix says */
	} kind;
};

struct dnp3_form { /* of the points of a group and variation */
	uint8_t group, variation;
	bool is_packed; /* points of a few bits, one behind the other */
	struct dnp3_value value[12]; /* ended by name NULL; bits of one byte from the lowest on */
};

const struct dnp3_form *dnp3_form_find(uint8_t group, uint8_t variation); /* NULL: not understood */
/* Bytes that stand in front of each point: 1, 2, 4 of an index or of a size. */
size_t dnp3_prefix_len(uint8_t qualifier);
/* Reads objects of tx->bytes from there on. */
void dnp3_objects_read(struct dnp3_tx *dnp3, size_t from);
/* Bytes that a point of this form has behind its prefix; SIZE_MAX: they are not there. */
size_t dnp3_point_len(const struct dnp3_form *form, struct slice rest, uint32_t prefix);

#define DNP3_INDICATORS 16
extern const char *const dnp3_indicators[DNP3_INDICATORS]; /* names, from the highest bit on */

bool dnp3_log(struct tx *tx, struct json *json);

#endif
