/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IKE of both versions, between its parser and its record (RFC 2408, 2409, 7296).
 */
#ifndef AGENT_PROTO_IKE_H
#define AGENT_PROTO_IKE_H

#include "proto/proto.h"

#define IKE_SPI_LEN 8
#define IKE_ATTRS_MAX 16 /* of a transform */
#define IKE_PROPOSALS_MAX 16 /* transforms that a side offers, and are told */
#define IKE_LIST_MAX 32 /* payloads, notices, vendors of a message */

/* Numbers of attributes as IKEv1 has them (RFC 2409, appendix A); IKEv2's transforms are told as these. */
enum ike_attr_type {
	IKE_ENC = 1,
	IKE_HASH = 2,
	IKE_AUTH = 3,
	IKE_DH = 4,
	IKE_PRF = 13,
	IKE_ESN = 0x100, /* IKEv2's alone */
};

struct ike_attr {
	uint16_t type;
	bool has_number;
	uint32_t number;
};

struct ike_transform {
	uint8_t attr_cnt;
	struct ike_attr attr[IKE_ATTRS_MAX];
};

struct ike_side { /* what a side said so far */
	uint8_t *key, *nonce; /* as they were sent; NULL: not yet */
	size_t key_len, nonce_len;
	uint32_t doi;
	uint8_t transform_cnt;
	struct ike_transform transform[IKE_PROPOSALS_MAX];
};

struct ike_state {
	struct session *session;
	bool is_ciphered; /* a message of IKEv1 was */
	struct ike_side side[SIDES];
};

struct ike_tx {
	struct tx tx;
	enum side from;
	uint8_t major, minor, exchange, flags;
	uint32_t message_id;
	char init_spi[2 * IKE_SPI_LEN], resp_spi[2 * IKE_SPI_LEN];
	bool has_sa, has_chosen;
	struct ike_transform chosen; /* that the responder took */
	struct slice key, nonce; /* of bytes */
	uint8_t *bytes; /* of the message */
	char *vendors; /* hexadecimal, one after the other; NULL: none */
	uint8_t vendor_cnt, payload_cnt, notice_cnt;
	struct slice vendor[IKE_LIST_MAX];
	uint8_t payload[IKE_LIST_MAX]; /* kinds, each once */
	uint16_t notice[IKE_LIST_MAX];
};

bool ike_log(struct tx *tx, struct json *json);
void ike_log_alert(struct tx *tx, struct json *json);
#define IKE_OPTION_CNT 1
extern const struct proto_option ike_options[IKE_OPTION_CNT];

#endif
