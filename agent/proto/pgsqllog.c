// SPDX-License-Identifier: Apache-2.0
/*
 * The record of a request of PostgreSQL and what answered it. Called by reports through proto_pgsql; promises
 * that a password is told where the site asks for it, and nowhere else.
 */
#include "proto/pgsql.h"

#include <stdio.h>

#include "report/json.h"

enum pgsql_option { PASSWORDS };

const struct proto_option pgsql_options[PGSQL_OPTION_CNT] = { [PASSWORDS] = { "passwords", false } };

static void text_log(struct json *json, const char *name, const struct pgsql_text *text)
{
	if (text->bytes)
		json_bytes(json, name, slice(text->bytes, text->len));
}

/* The next text of *rest up to its 0; false: there is none. */
static bool string_next(struct slice *rest, struct slice *ret)
{
	const uint8_t *end = rest->len ? memchr(rest->at, 0, rest->len) : NULL;

	if (!end)
		return false;
	*ret = slice(rest->at, (size_t)(end - rest->at));
	*rest = slice_behind(*rest, ret->len + 1);
	return true;
}

/* A name that a stranger wrote, as the name of a member. */
static const char *name_of(struct slice name, char room[64])
{
	size_t len = 0;

	for (; len < name.len && len < 63; len++)
		room[len] = (char)(name.at[len] >= ' ' && name.at[len] < 0x7f &&
						   name.at[len] != '"' && name.at[len] != '\\'
					   ? name.at[len]
					   : '_');
	room[len] = 0;
	return room;
}

/* --- requests --- */

static void startup_log(struct json *json, const struct pgsql_tx *pgsql)
{
	struct slice rest = slice(pgsql->text.bytes, pgsql->text.len), name, value;
	char text[16], room[64];
	bool any = false;

	snprintf(text, sizeof(text), "%u.%u", pgsql->version >> 16, pgsql->version & 0xffff);
	json_text(json, "protocol_version", text);
	json_open(json, "startup_parameters");
	while (string_next(&rest, &name) && name.len && string_next(&rest, &value))
		if (slice_is(name, "user"))
			json_bytes(json, "user", value);
	rest = slice(pgsql->text.bytes, pgsql->text.len);
	while (string_next(&rest, &name) && name.len && string_next(&rest, &value)) {
		if (slice_is(name, "user"))
			continue;
		if (!any)
			json_list(json, "optional_parameters");
		any = true;
		json_open(json, NULL);
		json_bytes(json, name_of(name, room), value);
		json_close(json);
	}
	if (any)
		json_close(json);
	json_close(json);
}

static void sasl_first_log(struct json *json, const struct pgsql_tx *pgsql)
{
	struct slice rest = slice(pgsql->text.bytes, pgsql->text.len), name;

	if (!string_next(&rest, &name))
		return;
	json_bytes(json, "sasl_authentication_mechanism", name);
	json_bytes(json, "sasl_param", slice_behind(rest, 4));
}

static void request_log(struct json *json, const struct pgsql_tx *pgsql)
{
	json_open(json, "request");
	switch (pgsql->request) {
	case PGSQL_SSL:
		json_text(json, "message", "SSL Request");
		break;
	case PGSQL_STARTUP:
		startup_log(json, pgsql);
		break;
	case PGSQL_CANCEL:
		json_text(json, "message", "cancel_request");
		json_number(json, "process_id", pgsql->process);
		json_number(json, "secret_key", pgsql->secret);
		break;
	case PGSQL_PASSWORD:
		if (json->options >> PASSWORDS & 1)
			text_log(json, "password", &pgsql->text);
		break;
	case PGSQL_SASL_FIRST:
		sasl_first_log(json, pgsql);
		break;
	case PGSQL_SASL:
		text_log(json, "sasl_response", &pgsql->text);
		break;
	case PGSQL_QUERY:
		text_log(json, "simple_query", &pgsql->text);
		break;
	case PGSQL_END:
		json_text(json, "message", "termination_message");
		break;
	default:
		break;
	}
	json_close(json);
}

/* --- responses --- */

static const char *error_name(uint8_t letter)
{
	static const struct {
		char letter;
		const char *name;
	} names[] = {
		{ 'S', "severity_localizable" },
		{ 'V', "severity_non_localizable" },
		{ 'C', "code" },
		{ 'M', "message" },
		{ 'D', "detail" },
		{ 'H', "hint" },
		{ 'P', "position" },
		{ 'p', "internal_position" },
		{ 'q', "internal_query" },
		{ 'W', "where" },
		{ 's', "schema_name" },
		{ 't', "table_name" },
		{ 'c', "column_name" },
		{ 'd', "data_type_name" },
		{ 'n', "constraint_name" },
		{ 'F', "file" },
		{ 'L', "line" },
		{ 'R', "routine" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].letter == (char)letter)
			return names[i].name;
	return NULL;
}

static void error_log(struct json *json, const struct pgsql_text *text)
{
	struct slice rest = slice(text->bytes, text->len), field;

	while (text->bytes && string_next(&rest, &field) && field.len) {
		const char *name = error_name(field.at[0]);

		if (name)
			json_bytes(json, name, slice_behind(field, 1));
	}
}

static const char *auth_word(uint32_t auth)
{
	switch (auth) {
	case 0:
		return "authentication_ok";
	case 2:
		return "authentication_kerb5";
	case 3:
		return "authentication_cleartext_password";
	case 7:
		return "authentication_gss";
	case 9:
		return "authentication_sspi";
	default:
		return NULL;
	}
}

/* Four bytes of chance, in text: those that are none as Suricata spells them here. */
static void salt_log(struct json *json, const struct pgsql_text *salt)
{
	char text[4 * 4 + 1];
	size_t len = 0;

	for (size_t i = 0; i < salt->len && i < 4; i++) {
		if (salt->bytes[i] < 0x80)
			text[len++] = (char)salt->bytes[i];
		else
			len += (size_t)snprintf(text + len, 5, "\\x%02x", salt->bytes[i]);
	}
	json_bytes(json, "authentication_md5_password", slice(text, len));
}

static void auth_log(struct json *json, const struct pgsql_tx *pgsql)
{
	struct slice rest = slice(pgsql->auth_data.bytes, pgsql->auth_data.len), name;

	if (auth_word(pgsql->auth))
		json_text(json, "message", auth_word(pgsql->auth));
	else if (pgsql->auth == 5)
		salt_log(json, &pgsql->auth_data);
	else if (pgsql->auth == 8)
		text_log(json, "gss_sspi_continue", &pgsql->auth_data);
	else if (pgsql->auth == 11)
		text_log(json, "authentication_sasl_continue", &pgsql->auth_data);
	else if (pgsql->auth == 12)
		text_log(json, "authentication_sasl_final", &pgsql->auth_data);
	else if (pgsql->auth == 10)
		while (string_next(&rest, &name) && name.len)
			json_bytes(json, "authentication_sasl", name);
}

static void params_log(struct json *json, const struct pgsql_tx *pgsql)
{
	static const struct {
		const char *name, *told;
	} known[] = { { "DateStyle", "date_style" },
		      { "IntervalStyle", "interval_style" },
		      { "TimeZone", "time_zone" } };

	if (!pgsql->param_cnt)
		return;
	json_list(json, "parameter_status");
	for (uint32_t i = 0; i < pgsql->param_cnt; i++) {
		struct slice rest = slice(pgsql->param[i].bytes, pgsql->param[i].len), name, value;
		const char *told = NULL;
		char room[64];

		if (!string_next(&rest, &name) || !string_next(&rest, &value))
			continue;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (slice_is(name, known[k].name))
				told = known[k].told;
		json_open(json, NULL);
		json_bytes(json, told ? told : name_of(name, room), value);
		json_close(json);
	}
	json_close(json);
}

static void response_log(struct json *json, const struct pgsql_tx *pgsql)
{
	json_open(json, "response");
	if (pgsql->is_ssl_answer)
		json_bool(json, "ssl_accepted", pgsql->ssl_accepted);
	error_log(json, &pgsql->notice);
	error_log(json, &pgsql->error);
	if (pgsql->has_auth)
		auth_log(json, pgsql);
	params_log(json, pgsql);
	if (pgsql->has_key) {
		json_number(json, "process_id", pgsql->server_process);
		json_number(json, "secret_key", pgsql->server_secret);
	}
	if (pgsql->has_rows)
		json_number(json, "field_count", pgsql->field_cnt);
	if (pgsql->row_cnt) {
		json_number(json, "data_rows", pgsql->row_cnt);
		json_number(json, "data_size", pgsql->data_size);
	}
	text_log(json, "command_completed", &pgsql->completed);
	json_close(json);
}

bool pgsql_log(struct tx *tx, struct json *json)
{
	const struct pgsql_tx *pgsql = (const struct pgsql_tx *)tx;

	json_number(json, "tx_id", tx->id + 1);
	if (pgsql->request != PGSQL_NO_REQUEST)
		request_log(json, pgsql);
	if (pgsql->answers)
		response_log(json, pgsql);
	return true;
}
