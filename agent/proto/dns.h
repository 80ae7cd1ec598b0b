/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DNS message as a transaction: the parts of dns.c and dnslog.c to each other.
 */
#ifndef AGENT_PROTO_DNS_H
#define AGENT_PROTO_DNS_H

#include "proto/proto.h"

#define DNS_RR_MAX 2048 /* of one message; what is beyond it is not read */
#define DNS_NAME_MAX 1025

enum dns_part { DNS_PART_QUERY, DNS_PART_ANSWER, DNS_PART_AUTHORITY, DNS_PART_CNT };

enum dns_event {
	DNS_EVENT_MALFORMED = 1,
	DNS_EVENT_NOT_REQUEST,
	DNS_EVENT_NOT_RESPONSE,
	DNS_EVENT_Z_FLAG,
	DNS_EVENT_OPCODE,
	DNS_EVENT_NAME_LONG,
	DNS_EVENT_LOOP,
	DNS_EVENT_LABELS,
	DNS_EVENT_BAD_ADDITIONALS,
	DNS_EVENT_BAD_AUTHORITIES,
};

/* A question or a record; offsets are of the message, of names of the transaction's own bytes. */
struct dns_rr {
	uint32_t name_at;
	uint16_t name_len;
	bool name_cut; /* more than DNS_NAME_MAX bytes */
	uint16_t type, class;
	uint32_t ttl;
	uint16_t data_at, data_len;
};

struct dns_tx {
	struct tx tx;
	uint16_t id, flags;
	bool is_answer;
	uint16_t len;
	uint16_t cnt[DNS_PART_CNT];
	/* All in room: */
	const uint8_t *message; /* a copy */
	const uint8_t *names; /* expanded, one behind the other */
	const struct dns_rr *rrs; /* of all parts, in order */
	_Alignas(8) uint8_t room[];
};

/* Number i of a part; NULL: there is none. */
const struct dns_rr *dns_rr(const struct dns_tx *tx, enum dns_part part, size_t i);
struct slice dns_rr_name(const struct dns_tx *tx, const struct dns_rr *rr);

/*
 * The name at an offset, labels with dots between them, as bytes. Returns the offset behind it in the
 * message, or -1; what is cut or odd is said in ret_event (0: nothing). to has room for DNS_NAME_MAX.
 */
int dns_name_read(struct slice message, size_t at, uint8_t *to, size_t *ret_len, bool *ret_cut,
		  uint8_t *ret_event);

/* dnslog.c */
bool dns_log(struct tx *tx, struct json *json);
uint32_t dns_log_cnt(const struct tx *tx);
void dns_log_alert(struct tx *tx, struct json *json);
extern const struct proto_option dns_options[];
#define DNS_OPTION_CNT 64

#endif
