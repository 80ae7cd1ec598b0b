/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC, between its parser and its record. */
#ifndef AGENT_PROTO_QUIC_H
#define AGENT_PROTO_QUIC_H

#include "proto/tls.h"

#define QUIC_VERSION_LEN 4
#define QUIC_CYU_LEN 512

struct quic_tx {
	struct tx tx;
	uint32_t version;
	uint8_t version_bytes[QUIC_VERSION_LEN];
	enum side from;
	uint8_t *bytes; /* that name, agent and hello are slices of */
	bool has_hello;
	struct tls_hello hello;
	struct slice name, agent;
	struct tls_print ja3;
	char ja4[TLS_JA4_LEN];
	char cyu[QUIC_CYU_LEN]; /* "" : none */
	char cyu_md5[TLS_MD5_LEN];
};

bool quic_log(struct tx *tx, struct json *json);

#endif
