// SPDX-License-Identifier: Apache-2.0
/*
 * The record of a request of Modbus and its response. Called by reports through proto_modbus.
 */
#include <stdio.h>

#include "proto/modbus.h"
#include "report/json.h"

static const char *const access_names[] = { "READ",  "WRITE",	"DISCRETES", "COILS",
					    "INPUT", "HOLDING", "SINGLE",    "MULTIPLE" };
static const char *const category_names[] = { "PUBLIC_ASSIGNED", "PUBLIC_UNASSIGNED",
					      "USER_DEFINED", "RESERVED" };
static const char *const error_names[] = { "DATA_VALUE", "DATA_LENGTH", "EXC_CODE", "FUNC_CODE",
					   "PROTO_ID" };

static const char *function_word(uint8_t function)
{
	switch (function) {
	case 1:
		return "RdCoils";
	case 2:
		return "RdDiscreteInputs";
	case 3:
		return "RdHoldRegs";
	case 4:
		return "RdInputRegs";
	case 5:
		return "WrSingleCoil";
	case 6:
		return "WrSingleReg";
	case 7:
		return "RdExcStatus";
	case 8:
		return "Diagnostic";
	case 11:
		return "GetCommEventCtr";
	case 12:
		return "GetCommEventLog";
	case 15:
		return "WrMultCoils";
	case 16:
		return "WrMultRegs";
	case 17:
		return "ReportServerID";
	case 20:
		return "RdFileRec";
	case 21:
		return "WrFileRec";
	case 22:
		return "MaskWrReg";
	case 23:
		return "RdWrMultRegs";
	case 24:
		return "RdFIFOQueue";
	case 43:
		return "MEI";
	default:
		return "Unknown";
	}
}

static const char *exception_word(uint8_t code)
{
	static const char *const words[] = {
		"Unknown",
		"IllegalFunction",
		"IllegalDataAddr",
		"IllegalDataValue",
		"ServerDeviceFail",
		"Ack",
		"ServerDeviceBusy",
		"NegAck",
		"MemParityErr",
		"Unknown",
		"GatewayPathUnavailable",
		"GatewayTargetFailToResp",
	};

	return code < sizeof(words) / sizeof(words[0]) ? words[code] : "Unknown";
}

/* "READ | COILS"; none: "NONE". */
static void bits_log(struct json *json, const char *name, uint8_t bits, const char *const *names,
		     size_t cnt)
{
	char text[128];
	size_t len = 0;

	for (size_t i = 0; i < cnt; i++)
		if (bits >> i & 1)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
						len ? " | " : "", names[i]);
	json_text(json, name, len ? text : "NONE");
}

static void exception_log(struct json *json, const struct modbus_message *message)
{
	uint8_t code = message->data_len ? message->data[0] : 0;

	json_open(json, "exception");
	json_number(json, "raw", code);
	json_text(json, "code", exception_word(code));
	json_close(json);
}

static void body_log(struct json *json, enum side side, const struct modbus_message *message)
{
	struct slice data = slice(message->data, message->data_len);

	if (message->is_exception) {
		exception_log(json, message);
	} else if (message->has_subfunction) {
		json_open(json, message->function == 8 ? "diagnostic" : "mei");
		json_number(json, "raw", message->subfunction);
		json_bytes(json, "data", slice_behind(data, message->function == 8 ? 2 : 1));
		json_close(json);
	} else if (message->has_range && message->access & MODBUS_READ) {
		json_open(json, "read");
		json_number(json, "address", message->address);
		json_number(json, "quantity", message->quantity);
		json_close(json);
	} else if (message->has_range) {
		json_open(json, "write");
		json_number(json, "address", message->address);
		if (message->has_value)
			json_number(json, "data", message->value);
		else
			json_number(json, "quantity", message->quantity);
		json_close(json);
	} else if (side == FROM_SERVER && message->access & MODBUS_READ) {
		json_open(json, "read");
		json_bytes(json, "data", slice_behind(data, 1));
		json_close(json);
	} else if (data.len) {
		json_bytes(json, "data", data);
	}
}

static void message_log(struct json *json, const char *name, enum side side,
			const struct modbus_message *message)
{
	if (!message->there)
		return;
	json_open(json, name);
	json_number(json, "transaction_id", message->transaction);
	json_number(json, "protocol_id", message->protocol);
	json_number(json, "unit_id", message->unit);
	json_number(json, "function_raw", message->function | (message->is_exception ? 0x80u : 0));
	json_text(json, "function_code", function_word(message->function));
	bits_log(json, "access_type", message->access, access_names, 8);
	bits_log(json, "category", message->category, category_names, 4);
	bits_log(json, "error_flags", message->error, error_names, 5);
	body_log(json, side, message);
	json_close(json);
}

bool modbus_log(struct tx *tx, struct json *json)
{
	const struct modbus_tx *modbus = (const struct modbus_tx *)tx;

	json_number(json, "id", tx->id + 1);
	message_log(json, "request", FROM_CLIENT, &modbus->message[FROM_CLIENT]);
	message_log(json, "response", FROM_SERVER, &modbus->message[FROM_SERVER]);
	return true;
}
