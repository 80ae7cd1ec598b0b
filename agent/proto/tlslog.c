// SPDX-License-Identifier: Apache-2.0
/*
 * The record of a TLS connection and what alerts tell of one. Called by reports through proto_tls.
 */
#include <stdio.h>
#include <time.h>

#include "proto/tls.h"
#include "report/json.h"

enum tls_option {
	EXTENDED,
	RESUMPTION,
	JA4,
	CUSTOM,
	/* words of custom */
	OF_SUBJECT,
	OF_ISSUER,
	OF_RESUMED,
	OF_SERIAL,
	OF_FINGERPRINT,
	OF_SNI,
	OF_VERSION,
	OF_NOT_BEFORE,
	OF_NOT_AFTER,
	OF_CERTIFICATE,
	OF_CHAIN,
	OF_JA3,
	OF_JA3S,
	OF_JA4,
	OF_ALTNAME,
	OF_CLIENT,
	OF_CLIENT_CERTIFICATE,
	OF_CLIENT_CHAIN,
	OF_CLIENT_ALPNS,
	OF_SERVER_ALPNS,
};

#define BIT(option) (UINT64_C(1) << (option))
#define BASIC (BIT(OF_SUBJECT) | BIT(OF_ISSUER) | BIT(OF_RESUMED))
#define MUCH                                                                                       \
	(BASIC | BIT(OF_SERIAL) | BIT(OF_FINGERPRINT) | BIT(OF_SNI) | BIT(OF_VERSION) |            \
	 BIT(OF_NOT_BEFORE) | BIT(OF_NOT_AFTER) | BIT(OF_JA3) | BIT(OF_JA3S) | BIT(OF_JA4) |       \
	 BIT(OF_CLIENT) | BIT(OF_CLIENT_ALPNS) | BIT(OF_SERVER_ALPNS))

const struct proto_option tls_options[] = {
	[EXTENDED] = { "extended", false },
	[RESUMPTION] = { "session-resumption", true },
	[JA4] = { "ja4", false },
	[CUSTOM] = { "custom", false },
	[OF_SUBJECT] = { "custom.subject", false },
	[OF_ISSUER] = { "custom.issuer", false },
	[OF_RESUMED] = { "custom.session_resumed", false },
	[OF_SERIAL] = { "custom.serial", false },
	[OF_FINGERPRINT] = { "custom.fingerprint", false },
	[OF_SNI] = { "custom.sni", false },
	[OF_VERSION] = { "custom.version", false },
	[OF_NOT_BEFORE] = { "custom.not_before", false },
	[OF_NOT_AFTER] = { "custom.not_after", false },
	[OF_CERTIFICATE] = { "custom.certificate", false },
	[OF_CHAIN] = { "custom.chain", false },
	[OF_JA3] = { "custom.ja3", false },
	[OF_JA3S] = { "custom.ja3s", false },
	[OF_JA4] = { "custom.ja4", false },
	[OF_ALTNAME] = { "custom.subjectaltname", false },
	[OF_CLIENT] = { "custom.client", false },
	[OF_CLIENT_CERTIFICATE] = { "custom.client_certificate", false },
	[OF_CLIENT_CHAIN] = { "custom.client_chain", false },
	[OF_CLIENT_ALPNS] = { "custom.client_alpns", false },
	[OF_SERVER_ALPNS] = { "custom.server_alpns", false },
};

const char *tls_version_word(uint16_t version, char room[16])
{
	switch (version) {
	case 0:
		return "UNDETERMINED";
	case TLS_V_SSL2:
		return "SSLv2";
	case TLS_V_SSL3:
		return "SSLv3";
	case TLS_V_10:
		return "TLSv1";
	case TLS_V_11:
		return "TLS 1.1";
	case TLS_V_12:
		return "TLS 1.2";
	case TLS_V_13:
		return "TLS 1.3";
	case TLS_V_BEFORE_16:
		return "TLS 1.3 draft-<16";
	default:
		break;
	}
	if (version >> 8 == 0x7f && (version & 0xff) < 29) {
		static const char *const drafts[] = {
			"TLS 1.3 draft-16", "TLS 1.3 draft-17", "TLS 1.3 draft-18",
			"TLS 1.3 draft-19", "TLS 1.3 draft-20", "TLS 1.3 draft-21",
			"TLS 1.3 draft-22", "TLS 1.3 draft-23", "TLS 1.3 draft-24",
			"TLS 1.3 draft-25", "TLS 1.3 draft-26", "TLS 1.3 draft-27",
			"TLS 1.3 draft-28",
		};

		if ((version & 0xff) >= 16)
			return drafts[(version & 0xff) - 16];
	}
	snprintf(room, 16, "0x%04x", version);
	return room;
}

/* --- certificates --- */

static void text_log(struct json *json, const char *name, const struct tls_text *text)
{
	if (text->bytes)
		json_bytes(json, name, slice(text->bytes, text->len));
}

static void time_log(struct json *json, const char *name, uint64_t seconds)
{
	time_t at = (time_t)seconds;
	char text[32];
	struct tm tm;

	if (gmtime_r(&at, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		json_text(json, name, text);
}

static void names_log(struct json *json, const struct tls_cert *cert)
{
	if (!cert->name_cnt)
		return;
	json_list(json, "subjectaltname");
	for (uint32_t i = 0; i < cert->name_cnt; i++)
		text_log(json, NULL, &cert->names[i]);
	json_close(json);
}

static void chain_log(struct json *json, const struct tls_side *side)
{
	if (!side->has_chain)
		return;
	json_list(json, "chain");
	for (uint32_t i = 0; i < side->chain_cnt && i < TLS_CHAIN_MAX; i++)
		json_base64(json, NULL, side->chain[i]);
	json_close(json);
}

static void certificate_log(struct json *json, const struct tls_side *side)
{
	if (side->chain_cnt)
		json_base64(json, "certificate", side->chain[0]);
}

static void client_log(struct json *json, const struct tls_side *side, uint64_t wanted)
{
	const struct tls_cert *cert = &side->cert;

	if (!side->has_chain || !cert->subject.bytes || !cert->issuer.bytes)
		return;
	json_open(json, "client");
	if (wanted & BIT(OF_CLIENT)) {
		text_log(json, "subject", &cert->subject);
		text_log(json, "issuerdn", &cert->issuer);
		if (cert->sha1[0])
			json_bytes(json, "fingerprint", slice(cert->sha1, TLS_SHA1_LEN));
		text_log(json, "serial", &cert->serial);
		if (cert->has_times) {
			time_log(json, "notbefore", cert->not_before);
			time_log(json, "notafter", cert->not_after);
		}
	}
	if (wanted & BIT(OF_CLIENT_CERTIFICATE))
		certificate_log(json, side);
	if (wanted & BIT(OF_CLIENT_CHAIN))
		chain_log(json, side);
	json_close(json);
}

static bool is_resumed(const struct tls_tx *tls)
{
	const struct tls_cert *cert = &tls->side[FROM_SERVER].cert;

	return tls->resumes && !cert->subject.bytes && !cert->issuer.bytes &&
	       tls->side[FROM_SERVER].has_hello && !tls->needs_no_cert;
}

static void server_log(struct json *json, const struct tls_tx *tls, uint64_t wanted)
{
	const struct tls_cert *cert = &tls->side[FROM_SERVER].cert;

	if (wanted & BIT(OF_SUBJECT))
		text_log(json, "subject", &cert->subject);
	if (wanted & BIT(OF_ISSUER))
		text_log(json, "issuerdn", &cert->issuer);
	if (wanted & BIT(OF_ALTNAME))
		names_log(json, cert);
	if (wanted & BIT(OF_RESUMED) && is_resumed(tls))
		json_bool(json, "session_resumed", true);
	if (wanted & BIT(OF_SERIAL))
		text_log(json, "serial", &cert->serial);
	if (wanted & BIT(OF_FINGERPRINT) && cert->sha1[0])
		json_bytes(json, "fingerprint", slice(cert->sha1, TLS_SHA1_LEN));
}

/* --- hellos --- */

static void print_log(struct json *json, const char *name, const struct tls_print *print)
{
	if (!print->text)
		return;
	json_open(json, name);
	json_bytes(json, "hash", slice(print->md5, TLS_MD5_LEN));
	json_bytes(json, "string", slice(print->text, print->len));
	json_close(json);
}

static void alpn_log(struct json *json, const char *name, const struct tls_side *side)
{
	struct slice one;

	if (!tls_alpn_at(side->hello.alpn, 0, &one))
		return;
	json_list(json, name);
	for (uint32_t i = 0; tls_alpn_at(side->hello.alpn, i, &one); i++)
		json_bytes(json, NULL, one);
	json_close(json);
}

static void hellos_log(struct json *json, const struct tls_tx *tls, uint64_t wanted)
{
	const struct tls_side *client = &tls->side[FROM_CLIENT], *server = &tls->side[FROM_SERVER];
	char room[16];

	if (wanted & BIT(OF_SNI) && client->hello.name.len)
		json_bytes(json, "sni", client->hello.name);
	if (wanted & BIT(OF_VERSION))
		json_text(json, "version", tls_version_word(server->version, room));
	if (wanted & BIT(OF_NOT_BEFORE) && server->cert.has_times)
		time_log(json, "notbefore", server->cert.not_before);
	if (wanted & BIT(OF_NOT_AFTER) && server->cert.has_times)
		time_log(json, "notafter", server->cert.not_after);
	if (wanted & BIT(OF_CERTIFICATE))
		certificate_log(json, server);
	if (wanted & BIT(OF_CHAIN))
		chain_log(json, server);
	if (wanted & BIT(OF_JA3))
		print_log(json, "ja3", &client->ja3);
	if (wanted & BIT(OF_JA3S))
		print_log(json, "ja3s", &server->ja3);
	if (wanted & BIT(OF_JA4) && wanted & BIT(JA4) && client->ja4[0])
		json_bytes(json, "ja4", slice(client->ja4, TLS_JA4_LEN));
	if (wanted & BIT(OF_CLIENT_ALPNS))
		alpn_log(json, "client_alpns", client);
	if (wanted & BIT(OF_SERVER_ALPNS))
		alpn_log(json, "server_alpns", server);
}

static void tls_put(struct json *json, const struct tls_tx *tls, uint64_t wanted)
{
	enum proto_id before = tls->tx.session->original;

	server_log(json, tls, wanted);
	hellos_log(json, tls, wanted);
	if (wanted & (BIT(OF_CLIENT) | BIT(OF_CLIENT_CERTIFICATE) | BIT(OF_CLIENT_CHAIN)))
		client_log(json, &tls->side[FROM_CLIENT], wanted);
	if (before > PROTO_FAILED && protos[before])
		json_text(json, "from_proto", protos[before]->name);
}

bool tls_log(struct tx *tx, struct json *json)
{
	const struct tls_tx *tls = (const struct tls_tx *)tx;
	const struct tls_cert *cert = &tls->side[FROM_SERVER].cert;
	uint64_t wanted = json->options;

	if (!(cert->subject.bytes && cert->issuer.bytes) &&
	    !(tls->resumes && wanted & BIT(RESUMPTION)) && !tls->needs_no_cert)
		return false;
	if (!(wanted & BIT(CUSTOM)))
		wanted |= wanted & BIT(EXTENDED) ? MUCH : BASIC;
	tls_put(json, tls, wanted);
	return true;
}

void tls_log_alert(struct tx *tx, struct json *json)
{
	json_open(json, "tls");
	tls_put(json, (const struct tls_tx *)tx, MUCH | (json->options & BIT(JA4)));
	json_close(json);
}
