/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's protocol 3, between its parser and its record.
 */
#ifndef AGENT_PROTO_PGSQL_H
#define AGENT_PROTO_PGSQL_H

#include "proto/proto.h"

#define PGSQL_PARAMS_MAX 64 /* that a server tells of itself */
#define PGSQL_OPTION_CNT 1

struct pgsql_text {
	uint8_t *bytes; /* NULL: none */
	size_t len;
};

enum pgsql_request {
	PGSQL_NO_REQUEST,
	PGSQL_SSL,
	PGSQL_STARTUP,
	PGSQL_CANCEL,
	PGSQL_PASSWORD,
	PGSQL_SASL_FIRST,
	PGSQL_SASL,
	PGSQL_QUERY,
	PGSQL_END,
	PGSQL_OTHER,
};

struct pgsql_tx {
	struct tx tx;
	enum pgsql_request request;
	uint32_t version; /* of STARTUP */
	struct pgsql_text text; /* of the request: parameters, password, query */
	uint32_t process, secret; /* of CANCEL */
	bool answers; /* something came of the server */
	bool is_ssl_answer, ssl_accepted;
	uint32_t auth; /* number of an authentication message */
	bool has_auth;
	struct pgsql_text auth_data; /* salt, names, proofs */
	struct pgsql_text error, notice; /* fields of a message */
	uint32_t param_cnt;
	struct pgsql_text param[PGSQL_PARAMS_MAX]; /* name, 0, value, 0 */
	bool has_key;
	uint32_t server_process, server_secret;
	bool has_rows;
	uint32_t field_cnt;
	uint64_t row_cnt, data_size;
	struct pgsql_text completed;
};

extern const struct proto_option pgsql_options[PGSQL_OPTION_CNT];
bool pgsql_log(struct tx *tx, struct json *json);

#endif
