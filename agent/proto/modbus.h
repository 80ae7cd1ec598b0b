/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modbus over TCP, between its parser, its record and the keyword (Modbus Application Protocol 1.1b3).
 */
#ifndef AGENT_PROTO_MODBUS_H
#define AGENT_PROTO_MODBUS_H

#include "proto/proto.h"

enum modbus_access {
	MODBUS_READ = 1 << 0,
	MODBUS_WRITE = 1 << 1,
	MODBUS_DISCRETES = 1 << 2,
	MODBUS_COILS = 1 << 3,
	MODBUS_INPUT = 1 << 4,
	MODBUS_HOLDING = 1 << 5,
	MODBUS_SINGLE = 1 << 6,
	MODBUS_MULTIPLE = 1 << 7,
};

enum modbus_category {
	MODBUS_ASSIGNED = 1 << 0,
	MODBUS_UNASSIGNED = 1 << 1,
	MODBUS_USER = 1 << 2,
	MODBUS_RESERVED = 1 << 3,
};

enum modbus_error {
	MODBUS_BAD_VALUE = 1 << 0,
	MODBUS_BAD_LENGTH = 1 << 1,
	MODBUS_BAD_EXCEPTION = 1 << 2,
	MODBUS_BAD_FUNCTION = 1 << 3,
	MODBUS_BAD_PROTOCOL = 1 << 4,
};

struct modbus_message {
	bool there, is_exception;
	uint16_t transaction, protocol;
	uint8_t unit, function; /* without the bit of exceptions */
	uint8_t access, category, error; /* bits of the enums above */
	bool has_subfunction, has_range, has_value;
	uint16_t subfunction; /* of diagnostics, of the encapsulated interface */
	uint16_t address, quantity; /* of what is read or written */
	uint16_t value; /* of one that is written */
	uint8_t *data; /* behind the function */
	size_t data_len;
};

struct modbus_tx {
	struct tx tx;
	struct modbus_message message[SIDES];
};

bool modbus_log(struct tx *tx, struct json *json);

#endif
