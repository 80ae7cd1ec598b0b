// SPDX-License-Identifier: Apache-2.0
/*
 * The record of a packet of QUIC: version, names, what its hello asks for. Called by reports through
 * proto_quic.
 */
#include <stdio.h>

#include "proto/quic.h"
#include "report/json.h"
#include "wire/quic.h"

static const struct {
	uint16_t type;
	const char *name;
} ext_names[] = {
#define TLS_EXT(type, name) { type, name },
#include "proto/tlsexts.def"
#undef TLS_EXT
};

/* RFC 8446, 4.2.1: versions in a list of the client's, one of the server's. */
static void tls_versions_log(struct json *json, struct slice body, bool is_client)
{
	static const char *const names[] = { "Ssl30", "Tls10", "Tls11", "Tls12", "Tls13" };
	struct wire_cursor all = wire_cursor(body.at, body.len);
	struct wire_cursor c = is_client ? wire_part(&all, 1) : all;

	json_list(json, "values");
	while (wire_left(&c) >= 2) {
		uint32_t version = wire_number(&c, 2);
		char text[40];

		if (version >= 0x0300 && version <= 0x0304)
			snprintf(text, sizeof(text), "%s", names[version - 0x0300]);
		else
			snprintf(text, sizeof(text), "TlsVersion(%u / 0x%x)", version, version);
		json_text(json, NULL, text);
	}
	json_close(json);
}

/* RFC 8446, 4.2.3 */
static void signatures_log(struct json *json, struct slice body)
{
	struct wire_cursor all = wire_cursor(body.at, body.len), c = wire_part(&all, 2);
	char text[8];

	json_list(json, "values");
	while (wire_left(&c) >= 2) {
		snprintf(text, sizeof(text), "%u", (unsigned int)(uint16_t)wire_number(&c, 2));
		json_text(json, NULL, text);
	}
	json_close(json);
}

static void ext_values_log(struct json *json, uint16_t type, struct slice body,
			   const struct tls_hello *hello, bool is_client)
{
	struct slice name;

	if (type == 0 && hello->name.len) {
		json_list(json, "values");
		json_bytes(json, NULL, hello->name);
		json_close(json);
	}
	if (type == 43)
		tls_versions_log(json, body, is_client);
	if (type == 13)
		signatures_log(json, body);
	if (type == 16 && tls_alpn_at(hello->alpn, 0, &name)) {
		json_list(json, "values");
		for (uint32_t i = 0; tls_alpn_at(hello->alpn, i, &name); i++)
			json_bytes(json, NULL, name);
		json_close(json);
	}
}

static void exts_log(struct json *json, const struct tls_hello *hello, bool is_client)
{
	struct slice rest = hello->exts, body;
	uint16_t type;

	if (!rest.len)
		return;
	json_list(json, "extensions");
	while (tls_ext_next(&rest, &type, &body)) {
		json_open(json, NULL);
		for (size_t i = 0; i < sizeof(ext_names) / sizeof(ext_names[0]); i++)
			if (ext_names[i].type == type)
				json_text(json, "name", ext_names[i].name);
		json_number(json, "type", type);
		ext_values_log(json, type, body, hello, is_client);
		json_close(json);
	}
	json_close(json);
}

bool quic_log(struct tx *tx, struct json *json)
{
	const struct quic_tx *quic = (const struct quic_tx *)tx;
	char version[16];

	if (quic->version_bytes[0] == 'Q')
		snprintf(version, sizeof(version), "%.4s", (const char *)quic->version_bytes);
	else if (quic->version == QUIC_V2)
		snprintf(version, sizeof(version), "v2");
	else
		snprintf(version, sizeof(version), "%x", quic->version);
	json_text(json, "version", version);
	if (quic->name.len)
		json_bytes(json, "sni", quic->name);
	if (quic->agent.len)
		json_bytes(json, "ua", quic->agent);
	if (quic->cyu[0]) {
		json_list(json, "cyu");
		json_open(json, NULL);
		json_bytes(json, "hash", slice(quic->cyu_md5, TLS_MD5_LEN));
		json_text(json, "string", quic->cyu);
		json_close(json);
		json_close(json);
	}
	if (quic->ja3.text) {
		json_open(json, quic->from == FROM_CLIENT ? "ja3" : "ja3s");
		json_bytes(json, "hash", slice(quic->ja3.md5, TLS_MD5_LEN));
		json_bytes(json, "string", slice(quic->ja3.text, quic->ja3.len));
		json_close(json);
	}
	if (quic->ja4[0])
		json_bytes(json, "ja4", slice(quic->ja4, TLS_JA4_LEN));
	if (quic->has_hello)
		exts_log(json, &quic->hello, quic->from == FROM_CLIENT);
	return true;
}
