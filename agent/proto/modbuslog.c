// SPDX-License-Identifier: Apache-2.0
/*
 * The record of a request of Modbus and its response. Called by reports through proto_modbus.
 */
#include <stdio.h>

#include "base/bigend.h"
#include "proto/modbus.h"
#include "report/json.h"

#define FUNCTION_MASK 22 /* writes what two masks make of a register */

struct bits_name {
	uint8_t bits; /* all of them */
	const char *name;
};

static const struct bits_name access_names[] = {
	{ MODBUS_READ, "READ" },
	{ MODBUS_WRITE, "WRITE" },
	{ MODBUS_DISCRETES, "DISCRETES" },
	{ MODBUS_COILS, "COILS" },
	{ MODBUS_INPUT, "INPUT" },
	{ MODBUS_HOLDING, "HOLDING" },
	{ MODBUS_SINGLE, "SINGLE" },
	{ MODBUS_MULTIPLE, "MULTIPLE" },
	{ MODBUS_WRITE | MODBUS_SINGLE, "WRITE_SINGLE" },
	{ MODBUS_WRITE | MODBUS_MULTIPLE, "WRITE_MULTIPLE" },
	{ 0, NULL },
};
static const struct bits_name category_names[] = {
	{ MODBUS_ASSIGNED, "PUBLIC_ASSIGNED" },
	{ MODBUS_UNASSIGNED, "PUBLIC_UNASSIGNED" },
	{ MODBUS_USER, "USER_DEFINED" },
	{ MODBUS_RESERVED, "RESERVED" },
	{ 0, NULL },
};
static const struct bits_name error_names[] = {
	{ MODBUS_BAD_VALUE, "DATA_VALUE" },   { MODBUS_BAD_LENGTH, "DATA_LENGTH" },
	{ MODBUS_BAD_EXCEPTION, "EXC_CODE" }, { MODBUS_BAD_FUNCTION, "FUNC_CODE" },
	{ MODBUS_BAD_PROTOCOL, "PROTO_ID" },  { 0, NULL },
};

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
	case 9:
		return "Program484";
	case 10:
		return "Poll484";
	case 11:
		return "GetCommEventCtr";
	case 12:
		return "GetCommEventLog";
	case 13:
		return "ProgramController";
	case 14:
		return "PollController";
	case 15:
		return "WrMultCoils";
	case 16:
		return "WrMultRegs";
	case 17:
		return "ReportServerID";
	case 18:
		return "Program884";
	case 19:
		return "ResetCommLink";
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

/* Of diagnostics; what is not assigned: "Reserved". */
static const char *diagnostic_word(uint16_t code)
{
	static const char *const words[] = {
		[0] = "RetQueryData",
		[1] = "RestartCommOpt",
		[2] = "RetDiagReg",
		[3] = "ChangeInputDelimiter",
		[4] = "ForceListenOnlyMode",
		[10] = "ClearCtrDiagReg",
		[11] = "RetBusMsgCount",
		[12] = "RetBusCommErrCount",
		[13] = "RetBusExcErrCount",
		[14] = "RetServerMsgCount",
		[15] = "RetServerNoRespCount",
		[16] = "RetServerNAKCount",
		[17] = "RetServerBusyCount",
		[18] = "RetBusCharOverrunCount",
		[19] = "RetOverrunErrCount",
		[20] = "ClearOverrunCounterFlag",
		[21] = "GetClearPlusStats",
	};

	return code < sizeof(words) / sizeof(words[0]) && words[code] ? words[code] : "Reserved";
}

/* Of the encapsulated interface transport. */
static const char *mei_word(uint16_t code)
{
	return code == 13 ? "CANOpenGenRefReqResp" : code == 14 ? "RdDevId" : "Unknown";
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
static void bits_log(struct json *json, const char *name, uint8_t bits, const struct bits_name *names)
{
	char text[128];
	size_t len = 0;

	for (; names->name; names++)
		if ((bits & names->bits) == names->bits)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
						len ? " | " : "", names->name);
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

static void subfunction_log(struct json *json, const struct modbus_message *message, struct slice data)
{
	bool is_diagnostic = message->function == 8;

	json_open(json, is_diagnostic ? "diagnostic" : "mei");
	json_number(json, "raw", message->subfunction);
	json_text(json, "code",
		  is_diagnostic ? diagnostic_word(message->subfunction)
				: mei_word(message->subfunction));
	json_bytes(json, "data", slice_behind(data, is_diagnostic ? 2 : 1));
	json_close(json);
}

static void read_log(struct json *json, enum side side, const struct modbus_message *message,
		     struct slice data)
{
	json_open(json, "read");
	if (side == FROM_CLIENT) {
		json_number(json, "address", message->address);
		json_number(json, "quantity", message->quantity);
	} else {
		json_bytes(json, "data", slice_behind(data, 1));
	}
	json_close(json);
}

/* place: address, quantity, count of bytes, the bytes. */
static void write_several_log(struct json *json, struct slice place)
{
	json_open(json, "write");
	json_number(json, "address", be16(place.at));
	json_number(json, "quantity", be16(place.at + 2));
	json_bytes(json, "data", slice_behind(place, 5));
	json_close(json);
}

static void write_log(struct json *json, const struct modbus_message *message, struct slice data)
{
	json_open(json, "write");
	json_number(json, "address", message->address);
	if (message->function == FUNCTION_MASK && data.len >= 6) {
		json_number(json, "and_mask", be16(data.at + 2));
		json_number(json, "or_mask", be16(data.at + 4));
	} else {
		/* What answers a write of several has their number in its place. */
		json_number(json, "data", message->has_value ? message->value : message->quantity);
	}
	json_close(json);
}

static void body_log(struct json *json, enum side side, const struct modbus_message *message)
{
	struct slice data = slice(message->data, message->data_len);
	bool reads = message->access & MODBUS_READ && (message->has_range || side == FROM_SERVER),
	     writes = message->access & MODBUS_WRITE && message->has_range;
	struct slice place = reads ? slice_behind(data, 4) : data;

	if (message->is_exception)
		exception_log(json, message);
	else if (message->has_subfunction)
		subfunction_log(json, message, data);
	else if (!reads && !writes)
		json_bytes(json, "data", data);
	else if (reads)
		read_log(json, side, message, data);
	if (message->is_exception || !writes)
		return;
	if (side == FROM_CLIENT && message->access & MODBUS_MULTIPLE && place.len >= 5)
		write_several_log(json, place);
	else if (!reads)
		write_log(json, message, data);
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
	bits_log(json, "access_type", message->access, access_names);
	bits_log(json, "category", message->category, category_names);
	bits_log(json, "error_flags", message->error, error_names);
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
