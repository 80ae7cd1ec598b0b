/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TLS shows before it is encrypted, between the files of tls*.c: hellos, certificates, fingerprints. The
 * parser of QUIC reads the same hellos.
 */
#ifndef AGENT_PROTO_TLS_H
#define AGENT_PROTO_TLS_H

#include "proto/proto.h"

#define TLS_RANDOM_LEN 32
#define TLS_MD5_LEN 32 /* characters of JA3, JA3S */
#define TLS_JA4_LEN 36
#define TLS_SHA1_LEN 59 /* characters, with colons */
#define TLS_CHAIN_MAX 64 /* certificates that are looked at */

#define TLS_V_SSL2 0x0002
#define TLS_V_SSL3 0x0300
#define TLS_V_10 0x0301
#define TLS_V_11 0x0302
#define TLS_V_12 0x0303
#define TLS_V_13 0x0304
#define TLS_V_BEFORE_16 0x7f01 /* stands for all drafts of 1.3 before 16 */

/* Of tls.events, from 1. */
enum tls_event {
	TLS_BAD_SSL2_HEADER = 1,
	TLS_BAD_HEADER,
	TLS_BAD_RECORD_VERSION,
	TLS_BAD_RECORD_TYPE,
	TLS_BAD_RECORD_LENGTH,
	TLS_BAD_HANDSHAKE,
	TLS_BAD_HANDSHAKE_LENGTH,
	TLS_BAD_CERTIFICATE,
	TLS_BAD_CERTIFICATE_DER,
	TLS_BAD_CERTIFICATE_LENGTH,
	TLS_BAD_CERTIFICATE_DATE,
	TLS_ERROR_MESSAGE,
	TLS_HEARTBEAT_OVER,
	TLS_BAD_HEARTBEAT,
	TLS_HEARTBEAT_LEAK,
	TLS_MANY_NAMES,
	TLS_BAD_NAME_TYPE,
	TLS_BAD_NAME_LENGTH,
	TLS_MANY_RECORDS,
	TLS_BAD_RECORD,
};

enum tls_step { TLS_STEP_HELLO = 1, TLS_STEP_CERT, TLS_STEP_DONE, TLS_STEP_OVER };

/* What ssl_state asks, a bit each. */
enum tls_shown {
	TLS_SHOWN_CLIENT_HELLO = 1 << 0,
	TLS_SHOWN_SERVER_HELLO = 1 << 1,
	TLS_SHOWN_CLIENT_KEYS = 1 << 2,
	TLS_SHOWN_SERVER_KEYS = 1 << 3,
	TLS_SHOWN_OTHER = 1 << 4,
};

/* --- hellos (RFC 8446, 4.1; RFC 5246, 7.4.1): slices of the message --- */

struct tls_hello {
	uint16_t version; /* of the hello itself */
	uint16_t chosen; /* the server's in supported_versions; 0: it has none */
	uint16_t cipher; /* the server's */
	bool has_ticket, has_versions, has_early_data, is_retry;
	struct slice random, session, ciphers;
	struct slice exts; /* all of them, each with its head */
	struct slice name; /* of server_name */
	struct slice alpn, groups, formats, versions, algorithms; /* lists, without their lengths */
	uint8_t event_cnt;
	uint8_t event[4]; /* enum tls_event */
};

/* body: of a ClientHello, a ServerHello, behind the message's head. false: it is none. */
bool tls_hello_read(struct slice body, enum side side, struct tls_hello *ret_hello);
/* The next extension of *rest, in order; false: there is none. */
bool tls_ext_next(struct slice *rest, uint16_t *ret_type, struct slice *ret_body);
/* Name number index of a list of ALPN. */
bool tls_alpn_at(struct slice list, uint32_t index, struct slice *ret);
/* Values that only keep others from counting on there being no more (RFC 8701). */
bool tls_is_grease(uint16_t value);

/* --- fingerprints: tlsprint.c --- */

struct tls_print { /* JA3 of a client, JA3S of a server */
	char *text;
	size_t len;
	char md5[TLS_MD5_LEN];
};

/* Returns false when there is no memory. The caller frees ret_print->text. */
bool tls_ja3(const struct tls_hello *hello, enum side side, struct tls_print *ret_print);
/* over: 't' TLS, 'q' QUIC. */
bool tls_ja4(const struct tls_hello *hello, char over, char ret_text[TLS_JA4_LEN]);

/* --- certificates: tlscert.c --- */

struct tls_text {
	uint8_t *bytes; /* NULL: it could not be read */
	size_t len;
};

struct tls_cert {
	struct tls_text subject, issuer, serial;
	struct tls_text *names; /* of subjectAltName */
	uint32_t name_cnt;
	char sha1[TLS_SHA1_LEN];
	bool has_times;
	uint64_t not_before, not_after; /* seconds since 1970 */
};

/* false: it cannot be read, and event says what is wrong; freed by tls_cert_free() all the same. */
bool tls_cert_read(struct slice der, struct tls_cert *ret_cert, enum tls_event *ret_event);
void tls_cert_free(struct tls_cert *cert);

/* --- a connection --- */

struct tls_side {
	uint8_t *hello_bytes, *chain_bytes; /* messages that the slices below are of */
	bool has_hello, has_chain;
	uint16_t version; /* 0: unknown */
	uint8_t shown; /* enum tls_shown */
	struct tls_hello hello;
	struct slice chain[TLS_CHAIN_MAX]; /* DER, the sender's own first */
	uint32_t chain_cnt; /* as many as were sent, if there were more */
	struct tls_cert cert; /* the first of them */
	struct tls_print ja3;
	char ja4[TLS_JA4_LEN]; /* [0] is 0: none */
};

struct tls_tx {
	struct tx tx;
	bool resumes; /* the client asks for it, or the server agreed */
	bool needs_no_cert; /* worth a record without one: TLS 1.3 encrypts it */
	bool asks_client_cert;
	bool wants_store; /* a rule asked for its certificates */
	struct tls_side side[SIDES];
};

/* "TLS 1.2"; room is used where there is no word for it. */
const char *tls_version_word(uint16_t version, char room[16]);

#define TLS_FIELD_CNT 21
#define TLS_OPTION_CNT 24

extern const struct field tls_fields[TLS_FIELD_CNT];
extern const struct proto_option tls_options[TLS_OPTION_CNT];
bool tls_log(struct tx *tx, struct json *json);
void tls_log_alert(struct tx *tx, struct json *json);

#endif
