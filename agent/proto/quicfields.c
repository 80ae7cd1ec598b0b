// SPDX-License-Identifier: Apache-2.0
/*
 * What rules can ask of QUIC. Called by the engine through proto_quic.
 */
#include "proto/quic.h"

static bool version_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			  uint64_t *ret_from)
{
	return field_give(slice(((struct quic_tx *)tx)->version_bytes, QUIC_VERSION_LEN), index,
			  ret, ret_from);
}

static bool name_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return field_give(((struct quic_tx *)tx)->name, index, ret, ret_from);
}

static bool agent_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	return field_give(((struct quic_tx *)tx)->agent, index, ret, ret_from);
}

static bool cyu_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	return field_give(slice_text(((struct quic_tx *)tx)->cyu), index, ret, ret_from);
}

static bool cyu_md5_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			  uint64_t *ret_from)
{
	const struct quic_tx *quic = (const struct quic_tx *)tx;

	return field_give(slice(quic->cyu_md5, quic->cyu[0] ? TLS_MD5_LEN : 0), index, ret, ret_from);
}

static bool ja3_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const struct tls_print *print = &((struct quic_tx *)tx)->ja3;

	return field_give(slice(print->md5, print->text ? TLS_MD5_LEN : 0), index, ret, ret_from);
}

static bool ja3_text_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			   uint64_t *ret_from)
{
	const struct tls_print *print = &((struct quic_tx *)tx)->ja3;

	return field_give(slice(print->text, print->text ? print->len : 0), index, ret, ret_from);
}

static bool ja4_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const char *ja4 = ((struct quic_tx *)tx)->ja4;

	return field_give(slice(ja4, ja4[0] ? TLS_JA4_LEN : 0), index, ret, ret_from);
}

const struct field quic_fields[QUIC_FIELD_CNT] = {
	{ "quic.version",
	  FIELD_BYTES,
	  { true, true },
	  { 1, 1 },
	  version_field,
	  NULL,
	  "the version, 4 bytes: Q046" },
	{ "quic.sni",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  name_field,
	  NULL,
	  "name of the host that the client asks for" },
	{ "quic.ua",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  agent_field,
	  NULL,
	  "the client's program (Google's versions)" },
	{ "quic.cyu.hash",
	  FIELD_LIST,
	  { true, false },
	  { 1, 1 },
	  cyu_md5_field,
	  NULL,
	  "CYU of the client (Google's versions)" },
	{ "quic.cyu.string",
	  FIELD_LIST,
	  { true, false },
	  { 1, 1 },
	  cyu_field,
	  NULL,
	  "what the client's CYU is made of" },
	{ "ja3.hash", FIELD_BYTES, { true, false }, { 1, 1 }, ja3_field, NULL, "JA3 of the client" },
	{ "ja3.string",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  ja3_text_field,
	  NULL,
	  "what the client's JA3 is made of" },
	{ "ja3s.hash", FIELD_BYTES, { false, true }, { 1, 1 }, ja3_field, NULL, "JA3S of the server" },
	{ "ja3s.string",
	  FIELD_BYTES,
	  { false, true },
	  { 1, 1 },
	  ja3_text_field,
	  NULL,
	  "what the server's JA3S is made of" },
	{ "ja4.hash", FIELD_BYTES, { true, false }, { 1, 1 }, ja4_field, NULL, "JA4 of the client" },
};
