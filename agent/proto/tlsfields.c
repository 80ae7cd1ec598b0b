// SPDX-License-Identifier: Apache-2.0
/*
 * What rules ask of TLS. Called by detection through proto_tls.
 */
#include "proto/tls.h"

#include "base/bigend.h"

static const struct tls_side *side_of(const struct tx *tx, enum side side)
{
	return &((const struct tls_tx *)tx)->side[side];
}

static bool give_text(const struct tls_text *text, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	return field_give(slice(text->bytes, text->len), index, ret, ret_from);
}

static bool name_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return field_give(side_of(tx, side)->hello.name, index, ret, ret_from);
}

static bool random_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	return field_give(side_of(tx, side)->hello.random, index, ret, ret_from);
}

static bool random_time_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			      uint64_t *ret_from)
{
	struct slice random = side_of(tx, side)->hello.random;

	return field_give(slice(random.at, random.len ? 4 : 0), index, ret, ret_from);
}

static bool random_bytes_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			       uint64_t *ret_from)
{
	return field_give(slice_behind(side_of(tx, side)->hello.random, 4), index, ret, ret_from);
}

static bool alpn_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	*ret_from = 0;
	return tls_alpn_at(side_of(tx, side)->hello.alpn, index, ret);
}

static bool ja3_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const struct tls_print *print = &side_of(tx, side)->ja3;

	return field_give(slice(print->md5, print->text ? TLS_MD5_LEN : 0), index, ret, ret_from);
}

static bool ja3_text_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			   uint64_t *ret_from)
{
	const struct tls_print *print = &side_of(tx, side)->ja3;

	return field_give(slice(print->text, print->text ? print->len : 0), index, ret, ret_from);
}

static bool ja4_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const char *ja4 = side_of(tx, side)->ja4;

	return field_give(slice(ja4, ja4[0] ? TLS_JA4_LEN : 0), index, ret, ret_from);
}

static bool subject_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			  uint64_t *ret_from)
{
	return give_text(&side_of(tx, side)->cert.subject, index, ret, ret_from);
}

static bool issuer_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	const struct tls_text *issuer = &side_of(tx, side)->cert.issuer;

	/* a certificate's that names nobody is empty, and is asked for */
	return field_give_empty(slice(issuer->bytes, issuer->len), index, ret, ret_from);
}

static bool serial_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	return give_text(&side_of(tx, side)->cert.serial, index, ret, ret_from);
}

static bool sha1_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const char *sha1 = side_of(tx, side)->cert.sha1;

	return field_give(slice(sha1, sha1[0] ? TLS_SHA1_LEN : 0), index, ret, ret_from);
}

static bool certs_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	const struct tls_side *of = side_of(tx, side);

	*ret_from = 0;
	if (index >= of->chain_cnt || index >= TLS_CHAIN_MAX)
		return false;
	*ret = of->chain[index];
	return true;
}

static bool altname_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			  uint64_t *ret_from)
{
	const struct tls_cert *cert = &side_of(tx, side)->cert;

	*ret_from = 0;
	if (index >= cert->name_cnt)
		return false;
	*ret = slice(cert->names[index].bytes, cert->names[index].len);
	return true;
}

/* --- numbers --- */

static bool is_grease(uint16_t version)
{
	return (version & 0x0f0f) == 0x0a0a && version >> 8 == (version & 0xff); /* RFC 8701, 2 */
}

/* Of a client what it would like best, where it says so (RFC 8446, 4.2.1). */
static uint16_t version_of(const struct tls_side *of, enum side side)
{
	const struct slice *list = &of->hello.versions;

	for (size_t at = 0; side == FROM_CLIENT && of->has_hello && at + 2 <= list->len; at += 2) {
		uint16_t version = be16(list->at + at);

		if (!is_grease(version))
			return version;
	}
	return of->version;
}

/* Drafts of 1.3 are 1.3, and behind that what they call themselves. */
static bool version_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	uint16_t version = version_of(side_of(tx, side), side);
	bool is_draft = version >> 8 == 0x7f || version == TLS_V_BEFORE_16;

	*ret = is_draft && index == 0 ? TLS_V_13 : version;
	return version && index <= is_draft;
}

static bool shown_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = side_of(tx, side)->shown;
	return *ret && index == 0;
}

static bool chain_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = side_of(tx, side)->chain_cnt; /* 0: none was shown, or it was ciphered */
	return index == 0;
}

static bool not_before_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = side_of(tx, side)->cert.not_before;
	return side_of(tx, side)->cert.has_times && index == 0;
}

static bool not_after_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = side_of(tx, side)->cert.not_after;
	return side_of(tx, side)->cert.has_times && index == 0;
}

#define OF_CLIENT                                                                                  \
	{                                                                                          \
		true, false                                                                        \
	}
#define OF_SERVER                                                                                  \
	{                                                                                          \
		false, true                                                                        \
	}
#define OF_BOTH                                                                                    \
	{                                                                                          \
		true, true                                                                         \
	}
#define AT(step)                                                                                   \
	{                                                                                          \
		step, step                                                                         \
	}

const struct field tls_fields[] = {
	{ "tls.sni", FIELD_BYTES, OF_CLIENT, AT(TLS_STEP_HELLO), name_field, NULL,
	  "name of the host that the client asks for" },
	{ "tls.random", FIELD_BYTES, OF_BOTH, AT(TLS_STEP_HELLO), random_field, NULL,
	  "32 bytes of chance of a hello" },
	{ "tls.random_time", FIELD_BYTES, OF_BOTH, AT(TLS_STEP_HELLO), random_time_field, NULL,
	  "the first 4 of them, once a time" },
	{ "tls.random_bytes", FIELD_BYTES, OF_BOTH, AT(TLS_STEP_HELLO), random_bytes_field, NULL,
	  "the other 28 of them" },
	{ "tls.alpn", FIELD_LIST, OF_BOTH, AT(TLS_STEP_HELLO), alpn_field, NULL,
	  "protocols that may follow" },
	{ "ja3.hash", FIELD_BYTES, OF_CLIENT, AT(TLS_STEP_HELLO), ja3_field, NULL,
	  "JA3 of the client" },
	{ "ja3.string", FIELD_BYTES, OF_CLIENT, AT(TLS_STEP_HELLO), ja3_text_field, NULL,
	  "what the client's JA3 is made of" },
	{ "ja3s.hash", FIELD_BYTES, OF_SERVER, AT(TLS_STEP_HELLO), ja3_field, NULL,
	  "JA3S of the server" },
	{ "ja3s.string", FIELD_BYTES, OF_SERVER, AT(TLS_STEP_HELLO), ja3_text_field, NULL,
	  "what the server's JA3S is made of" },
	{ "ja4.hash", FIELD_BYTES, OF_CLIENT, AT(TLS_STEP_HELLO), ja4_field, NULL,
	  "JA4 of the client" },
	{ "tls.cert_subject", FIELD_BYTES, OF_BOTH, AT(TLS_STEP_CERT), subject_field, NULL,
	  "whose certificate it is: C=JP, O=Saga, CN=x" },
	{ "tls.cert_issuer", FIELD_BYTES, OF_BOTH, AT(TLS_STEP_CERT), issuer_field, NULL,
	  "who signed the certificate" },
	{ "tls.cert_serial", FIELD_BYTES, OF_BOTH, AT(TLS_STEP_CERT), serial_field, NULL,
	  "its number: 5C:19:B7" },
	{ "tls.cert_fingerprint", FIELD_BYTES, OF_BOTH, AT(TLS_STEP_CERT), sha1_field, NULL,
	  "its SHA-1: 4a:a3:66" },
	{ "tls.certs", FIELD_LIST, OF_BOTH, AT(TLS_STEP_CERT), certs_field, NULL,
	  "each certificate of the chain, DER" },
	{ "tls.subjectaltname", FIELD_LIST, OF_SERVER, AT(TLS_STEP_CERT), altname_field, NULL,
	  "names of hosts in the certificate" },
	{ "tls.version", FIELD_NUMBER, OF_BOTH, AT(TLS_STEP_HELLO), NULL, version_field,
	  "1.2, sslv3 or 0x0303" },
	{ "ssl_state", FIELD_NUMBER, OF_BOTH, AT(TLS_STEP_HELLO), NULL, shown_field,
	  "messages that were seen: client_hello" },
	{ "tls.cert_chain_len", FIELD_NUMBER, OF_SERVER, AT(TLS_STEP_CERT), NULL, chain_field,
	  "how many certificates the server sent" },
	{ "tls_cert_notbefore", FIELD_NUMBER, OF_SERVER, AT(TLS_STEP_CERT), NULL, not_before_field,
	  "when the certificate begins" },
	{ "tls_cert_notafter", FIELD_NUMBER, OF_SERVER, AT(TLS_STEP_CERT), NULL, not_after_field,
	  "when the certificate ends" },
};
