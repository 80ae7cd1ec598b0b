/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC, between its parsers, its fields and its record. */
#ifndef AGENT_PROTO_QUIC_H
#define AGENT_PROTO_QUIC_H

#include "proto/tls.h"

#define QUIC_VERSION_LEN 4
#define QUIC_CYU_LEN 512
#define QUIC_FIELD_CNT 10

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

/* A copy of bytes, which the transaction owns; NULL: no memory. */
uint8_t *quic_keep(struct quic_tx *quic, struct slice bytes);
/* body: the frames of an Initial of Google's versions (FIN, offset and length in the type: 1fdooosss). */
void quic_google_read(struct quic_tx *quic, struct slice body);

extern const struct field quic_fields[QUIC_FIELD_CNT];
bool quic_log(struct tx *tx, struct json *json);

#endif
