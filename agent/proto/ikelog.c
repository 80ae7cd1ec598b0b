// SPDX-License-Identifier: Apache-2.0
/*
 * The record of a message of IKE. Called by reports through proto_ike; promises Suricata's words for what the
 * numbers mean.
 */
#include <stdio.h>

#include "proto/ike.h"
#include "report/json.h"

enum ike_option { EXTENDED };

const struct proto_option ike_options[IKE_OPTION_CNT] = { [EXTENDED] = { "extended", false } };

/* --- words --- */

struct word {
	uint16_t number;
	const char *text;
};

#define WORD_OF(words, number) word_of(words, sizeof(words) / sizeof((words)[0]), number)

static const char *word_of(const struct word *words, size_t cnt, uint32_t number)
{
	for (size_t i = 0; i < cnt; i++)
		if (words[i].number == number)
			return words[i].text;
	return NULL;
}

static const struct word attr_names[] = {
	{ IKE_ENC, "alg_enc" },		 { IKE_HASH, "alg_hash" },
	{ IKE_AUTH, "alg_auth" },	 { IKE_DH, "alg_dh" },
	{ 5, "sa_group_type" },		 { 6, "sa_group_prime" },
	{ 7, "sa_group_generator_one" }, { 8, "sa_group_generator_two" },
	{ 9, "sa_group_curve_a" },	 { 10, "sa_group_curve_b" },
	{ 11, "sa_life_type" },		 { 12, "sa_life_duration" },
	{ IKE_PRF, "alg_prf" },		 { 14, "sa_key_length" },
	{ 15, "sa_field_size" },	 { 16, "sa_group_order" },
	{ IKE_ESN, "alg_esn" },
};

static const struct word v1_enc[] = {
	{ 1, "EncDesCbc" },	  { 2, "EncIdeaCbc" },	    { 3, "EncBlowfishCbc" },
	{ 4, "EncRc5R16B64Cbc" }, { 5, "EncTripleDesCbc" }, { 6, "EncCastCbc" },
	{ 7, "EncAesCbc" },	  { 8, "EncCamelliaCbc" },
};
static const struct word v1_hash[] = {
	{ 1, "HashMd5" },      { 2, "HashSha" },      { 3, "HashTiger" },
	{ 4, "HashSha2_256" }, { 5, "HashSha2_384" }, { 6, "HashSha2_512" },
};
static const struct word v1_auth[] = {
	{ 1, "AuthPreSharedKey" },
	{ 2, "AuthDssSignatures" },
	{ 3, "AuthRsaSignatures" },
	{ 4, "AuthEncryptionWithRsa" },
	{ 5, "AuthRevisedEncryptionWithRsa" },
	{ 9, "AuthEcdsaWithSha256" },
	{ 10, "AuthEcdsaWithSha384" },
	{ 11, "AuthEcdsaWithSha512" },
};
static const struct word v1_dh[] = {
	{ 1, "GroupDefault768BitModp" },
	{ 2, "GroupAlternate1024BitModpGroup" },
	{ 3, "GroupEc2nOnGf2p155" },
	{ 4, "GroupEc2nOnGf2p185" },
	{ 5, "GroupModp1536Bit" },
	{ 14, "GroupModp2048Bit" },
	{ 15, "GroupModp3072Bit" },
	{ 16, "GroupModp4096Bit" },
	{ 17, "GroupModp6144Bit" },
	{ 18, "GroupModp8192Bit" },
	{ 19, "GroupRandomEcp256" },
	{ 20, "GroupRandomEcp384" },
	{ 21, "GroupRandomEcp521" },
	{ 22, "GroupModp1024With160BitPrime" },
	{ 23, "GroupModp2048With224BitPrime" },
	{ 24, "GroupModp2048With256BitPrime" },
	{ 25, "GroupRandomEcp192" },
	{ 26, "GroupRandomEcp224" },
	{ 27, "GroupBrainpoolEcp224r1" },
	{ 28, "GroupBrainpoolEcp256r1" },
	{ 29, "GroupBrainpoolEcp384r1" },
	{ 30, "GroupBrainpoolEcp512r1" },
};
static const struct word v1_life[] = { { 1, "LifeTypeSeconds" }, { 2, "LifeTypeKilobytes" } };
static const struct word v2_enc[] = {
	{ 1, "ENCR_DES_IV64" },
	{ 2, "ENCR_DES" },
	{ 3, "ENCR_3DES" },
	{ 4, "ENCR_RC5" },
	{ 5, "ENCR_IDEA" },
	{ 6, "ENCR_CAST" },
	{ 7, "ENCR_BLOWFISH" },
	{ 8, "ENCR_3IDEA" },
	{ 9, "ENCR_DES_IV32" },
	{ 11, "ENCR_NULL" },
	{ 12, "ENCR_AES_CBC" },
	{ 13, "ENCR_AES_CTR" },
	{ 14, "ENCR_AES_CCM_8" },
	{ 15, "ENCR_AES_CCM_12" },
	{ 16, "ENCR_AES_CCM_16" },
	{ 18, "ENCR_AES_GCM_8" },
	{ 19, "ENCR_AES_GCM_12" },
	{ 20, "ENCR_AES_GCM_16" },
	{ 21, "ENCR_NULL_AUTH_AES_GMAC" },
	{ 23, "ENCR_CAMELLIA_CBC" },
	{ 24, "ENCR_CAMELLIA_CTR" },
	{ 28, "ENCR_CHACHA20_POLY1305" },
};
static const struct word v2_prf[] = {
	{ 0, "PRF_NULL" },	    { 1, "PRF_HMAC_MD5" },	{ 2, "PRF_HMAC_SHA1" },
	{ 3, "PRF_HMAC_TIGER" },    { 4, "PRF_AES128_XCBC" },	{ 5, "PRF_HMAC_SHA2_256" },
	{ 6, "PRF_HMAC_SHA2_384" }, { 7, "PRF_HMAC_SHA2_512" }, { 8, "PRF_AES128_CMAC" },
};
static const struct word v2_auth[] = {
	{ 0, "NONE" },
	{ 1, "AUTH_HMAC_MD5_96" },
	{ 2, "AUTH_HMAC_SHA1_96" },
	{ 3, "AUTH_DES_MAC" },
	{ 4, "AUTH_KPDK_MD5" },
	{ 5, "AUTH_AES_XCBC_96" },
	{ 6, "AUTH_HMAC_MD5_128" },
	{ 7, "AUTH_HMAC_SHA1_160" },
	{ 8, "AUTH_AES_CMAC_96" },
	{ 9, "AUTH_AES_128_GMAC" },
	{ 10, "AUTH_AES_192_GMAC" },
	{ 11, "AUTH_AES_256_GMAC" },
	{ 12, "AUTH_HMAC_SHA2_256_128" },
	{ 13, "AUTH_HMAC_SHA2_384_192" },
	{ 14, "AUTH_HMAC_SHA2_512_256" },
};
static const struct word v2_dh[] = {
	{ 0, "None" },
	{ 1, "Modp768" },
	{ 2, "Modp1024" },
	{ 5, "Modp1536" },
	{ 14, "Modp2048" },
	{ 15, "Modp3072" },
	{ 16, "Modp4096" },
	{ 17, "Modp6144" },
	{ 18, "Modp8192" },
	{ 19, "Ecp256" },
	{ 20, "Ecp384" },
	{ 21, "Ecp521" },
	{ 22, "Modp1024s160" },
	{ 23, "Modp2048s224" },
	{ 24, "Modp2048s256" },
	{ 25, "Ecp192" },
	{ 26, "Ecp224" },
	{ 27, "BrainpoolP224r1" },
	{ 28, "BrainpoolP256r1" },
	{ 29, "BrainpoolP384r1" },
	{ 30, "BrainpoolP512r1" },
	{ 31, "Curve25519" },
	{ 32, "Curve448" },
};
static const struct word v2_esn[] = { { 0, "NoESN" }, { 1, "ESN" } };

static const struct word v1_exchanges[] = {
	{ 0, "None" },
	{ 1, "Base" },
	{ 2, "Identity Protection" },
	{ 3, "Authentication Only" },
	{ 4, "Aggressive" },
	{ 5, "Informational" },
	{ 6, "Transaction" },
	{ 32, "Quick Mode" },
	{ 33, "New Group Mode" },
};

static const struct word payloads[] = {
	{ 1, "SecurityAssociation" },
	{ 2, "Proposal" },
	{ 3, "Transform" },
	{ 4, "KeyExchange" },
	{ 5, "Identification" },
	{ 6, "Certificate" },
	{ 7, "CertificateRequest" },
	{ 8, "Hash" },
	{ 9, "Signature" },
	{ 10, "Nonce" },
	{ 11, "Notification" },
	{ 12, "Delete" },
	{ 13, "VendorID" },
	{ 15, "SaKekPayload" },
	{ 16, "SaTekPayload" },
	{ 17, "KeyDownload" },
	{ 18, "SequenceNumber" },
	{ 19, "ProofOfPossession" },
	{ 20, "NatDiscovery" },
	{ 21, "NatOriginalAddress" },
	{ 22, "GroupAssociatedPolicy" },
	{ 33, "SecurityAssociation" },
	{ 34, "KeyExchange" },
	{ 35, "IDi" },
	{ 36, "IDr" },
	{ 37, "Certificate" },
	{ 38, "CertificateRequest" },
	{ 39, "Authentication" },
	{ 40, "Nonce" },
	{ 41, "Notify" },
	{ 42, "Delete" },
	{ 43, "VendorID" },
	{ 44, "TSi" },
	{ 45, "TSr" },
	{ 46, "EncryptedAndAuthenticated" },
	{ 47, "Configuration" },
	{ 48, "ExtensibleAuthentication" },
};

static const struct word notices[] = {
	{ 1, "UNSUPPORTED_CRITICAL_PAYLOAD" },
	{ 4, "INVALID_IKE_SPI" },
	{ 5, "INVALID_MAJOR_VERSION" },
	{ 7, "INVALID_SYNTAX" },
	{ 9, "INVALID_MESSAGE_ID" },
	{ 11, "INVALID_SPI" },
	{ 14, "NO_PROPOSAL_CHOSEN" },
	{ 17, "INVALID_KE_PAYLOAD" },
	{ 24, "AUTHENTICATION_FAILED" },
	{ 34, "SINGLE_PAIR_REQUIRED" },
	{ 35, "NO_ADDITIONAL_SAS" },
	{ 36, "INTERNAL_ADDRESS_FAILURE" },
	{ 37, "FAILED_CP_REQUIRED" },
	{ 38, "TS_UNACCEPTABLE" },
	{ 39, "INVALID_SELECTORS" },
	{ 43, "TEMPORARY_FAILURE" },
	{ 44, "CHILD_SA_NOT_FOUND" },
	{ 16384, "INITIAL_CONTACT" },
	{ 16385, "SET_WINDOW_SIZE" },
	{ 16386, "ADDITIONAL_TS_POSSIBLE" },
	{ 16387, "IPCOMP_SUPPORTED" },
	{ 16388, "NAT_DETECTION_SOURCE_IP" },
	{ 16389, "NAT_DETECTION_DESTINATION_IP" },
	{ 16390, "COOKIE" },
	{ 16391, "USE_TRANSPORT_MODE" },
	{ 16392, "HTTP_CERT_LOOKUP_SUPPORTED" },
	{ 16393, "REKEY_SA" },
	{ 16394, "ESP_TFC_PADDING_NOT_SUPPORTED" },
	{ 16395, "NON_FIRST_FRAGMENTS_ALSO" },
};

static const char *value_word(uint8_t major, const struct ike_attr *attr)
{
	switch (attr->type) {
	case IKE_ENC:
		return major == 1 ? WORD_OF(v1_enc, attr->number) : WORD_OF(v2_enc, attr->number);
	case IKE_HASH:
		return WORD_OF(v1_hash, attr->number);
	case IKE_AUTH:
		return major == 1 ? WORD_OF(v1_auth, attr->number) : WORD_OF(v2_auth, attr->number);
	case IKE_DH:
		return major == 1 ? WORD_OF(v1_dh, attr->number) : WORD_OF(v2_dh, attr->number);
	case IKE_PRF:
		return major == 1 ? NULL : WORD_OF(v2_prf, attr->number);
	case IKE_ESN:
		return WORD_OF(v2_esn, attr->number);
	case 11:
		return WORD_OF(v1_life, attr->number);
	default:
		return NULL;
	}
}

/* --- the record --- */

static void transform_log(struct json *json, uint8_t major, const struct ike_transform *transform)
{
	for (uint8_t i = 0; i < transform->attr_cnt; i++) {
		const struct ike_attr *attr = &transform->attr[i];
		const char *name = WORD_OF(attr_names, attr->type);
		const char *value = attr->has_number ? value_word(major, attr) : NULL;
		char raw[64];

		json_text(json, name ? name : "unknown", value ? value : "Unknown");
		if (!attr->has_number || major != 1)
			continue;
		snprintf(raw, sizeof(raw), "%s_raw", name ? name : "unknown");
		json_number(json, raw, attr->number);
	}
}

static void bytes_log(struct json *json, const char *name, const char *len_name,
		      const uint8_t *bytes, size_t len)
{
	if (!bytes)
		return;
	json_hex(json, name, slice(bytes, len));
	json_number(json, len_name, len);
}

static void side_log(struct json *json, const char *name, const struct ike_side *of, bool offers)
{
	json_open(json, name);
	bytes_log(json, "key_exchange_payload", "key_exchange_payload_length", of->key, of->key_len);
	bytes_log(json, "nonce_payload", "nonce_payload_length", of->nonce, of->nonce_len);
	if (offers) {
		json_list(json, "proposals");
		for (uint8_t i = 0; i < of->transform_cnt; i++) {
			json_open(json, NULL);
			transform_log(json, 1, &of->transform[i]);
			json_close(json);
		}
		json_close(json);
	}
	json_close(json);
}

/* What both sides said so far, beside a message that can be read. */
static void v1_known_log(struct json *json, const struct ike_tx *ike, const struct ike_state *state)
{
	const struct ike_side *client = &state->side[FROM_CLIENT],
			      *server = &state->side[FROM_SERVER];

	side_log(json, "client", client,
		 ike->has_sa && ike->from == FROM_CLIENT && client->transform_cnt);
	side_log(json, "server", server,
		 ike->has_sa && ike->from == FROM_SERVER && server->transform_cnt > 1);
	if (!ike->vendor_cnt)
		return;
	json_list(json, "vendor_ids");
	for (uint8_t i = 0; i < ike->vendor_cnt; i++)
		json_bytes(json, NULL, ike->vendor[i]);
	json_close(json);
}

static void v1_log(struct json *json, const struct ike_tx *ike, const struct ike_state *state)
{
	bool is_ciphered = ike->flags & 1;

	json_open(json, "ikev1");
	if (state && state->side[FROM_CLIENT].doi)
		json_number(json, "doi", state->side[FROM_CLIENT].doi);
	json_bool(json, "encrypted_payloads", is_ciphered);
	if (state && !is_ciphered)
		v1_known_log(json, ike, state);
	json_close(json);
}

static void v2_log(struct json *json, const struct ike_tx *ike)
{
	json_open(json, "ikev2");
	json_number(json, "errors", ike->tx.event_cnt);
	json_list(json, "notify");
	for (uint8_t i = 0; i < ike->notice_cnt; i++) {
		const char *word = WORD_OF(notices, ike->notice[i]);

		json_text(json, NULL, word ? word : "UNKNOWN");
	}
	json_close(json);
	json_close(json);
}

static void payloads_log(struct json *json, const struct ike_tx *ike)
{
	if (!ike->payload_cnt)
		return;
	json_list(json, "payload");
	for (uint8_t i = 0; i < ike->payload_cnt; i++) {
		const char *word = WORD_OF(payloads, ike->payload[i]);

		json_text(json, NULL, word ? word : "Unknown");
	}
	json_close(json);
}

bool ike_log(struct tx *tx, struct json *json)
{
	const struct ike_tx *ike = (const struct ike_tx *)tx;
	const struct ike_state *state = tx->session->state;
	const char *exchange = WORD_OF(v1_exchanges, ike->exchange);

	json_number(json, "version_major", ike->major);
	json_number(json, "version_minor", ike->minor);
	json_bytes(json, "init_spi", slice(ike->init_spi, sizeof(ike->init_spi)));
	json_bytes(json, "resp_spi", slice(ike->resp_spi, sizeof(ike->resp_spi)));
	json_number(json, "message_id", ike->message_id);
	json_number(json, "exchange_type", ike->exchange);
	if (ike->major == 1 && exchange && json->options >> EXTENDED & 1)
		json_text(json, "exchange_type_verbose", exchange);
	if (ike->major == 2)
		json_text(json, "role", ike->flags & 8 ? "initiator" : "responder");
	if (state && state->side[FROM_SERVER].transform_cnt)
		transform_log(json, ike->major, &state->side[FROM_SERVER].transform[0]);
	payloads_log(json, ike);
	if (ike->major == 1)
		v1_log(json, ike, state);
	else
		v2_log(json, ike);
	return true;
}

/* Alerts say exchanges in words, too, whatever the records of IKE do. */
void ike_log_alert(struct tx *tx, struct json *json)
{
	json->options |= 1 << EXTENDED;
	json_open(json, "ike");
	ike_log(tx, json);
	json_close(json);
}
