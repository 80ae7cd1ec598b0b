// SPDX-License-Identifier: Apache-2.0
/*
 * What records and rules say of a certificate (RFC 5280): names as Suricata spells them, serial, times,
 * names of hosts. Called by tls.c for the first certificate of each side; promises copies of its own.
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/digits.h"
#include "proto/tls.h"

#define NAMES_MAX 256 /* of hosts, in one certificate */
#define TEXT_MAX 4096 /* characters of a name */
#define SHA1_LEN 20

struct text {
	char bytes[TEXT_MAX];
	size_t len;
	bool over;
};

static void text_add(struct text *text, const void *bytes, size_t len)
{
	if (len > sizeof(text->bytes) - text->len) {
		text->over = true;
		return;
	}
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

static bool text_keep(const void *bytes, size_t len, struct tls_text *ret)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return false;
	if (len)
		memcpy(copy, bytes, len);
	*ret = (struct tls_text){ .bytes = copy, .len = len };
	return true;
}

/* --- distinguished names --- */

/* The usual short word, the attribute's long one, or its numbers. */
static void attribute_word(const ASN1_OBJECT *object, struct text *text)
{
	static const struct {
		int nid;
		const char *word;
	} words[] = {
		{ NID_commonName, "CN" },      { NID_countryName, "C" },
		{ NID_localityName, "L" },     { NID_stateOrProvinceName, "ST" },
		{ NID_organizationName, "O" }, { NID_organizationalUnitName, "OU" },
		{ NID_domainComponent, "DC" }, { NID_pkcs9_emailAddress, "Email" },
	};
	int nid = OBJ_obj2nid(object), len;
	char numbers[128];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].nid == nid) {
			text_add(text, words[i].word, strlen(words[i].word));
			return;
		}
	if (nid != NID_undef) {
		text_add(text, OBJ_nid2ln(nid), strlen(OBJ_nid2ln(nid)));
		return;
	}
	len = OBJ_obj2txt(numbers, sizeof(numbers), object, 1);
	if (len < 0 || (size_t)len >= sizeof(numbers)) {
		text->over = true;
		return;
	}
	text_add(text, "OID(", 4);
	text_add(text, numbers, (size_t)len);
	text_add(text, ")", 1);
}

static bool is_text(int type)
{
	switch (type) {
	case V_ASN1_NUMERICSTRING:
	case V_ASN1_BMPSTRING:
	case V_ASN1_VISIBLESTRING:
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_GENERALSTRING:
	case V_ASN1_OBJECT_DESCRIPTOR:
	case V_ASN1_GRAPHICSTRING:
	case V_ASN1_T61STRING:
	case V_ASN1_VIDEOTEXSTRING:
	case V_ASN1_UTF8STRING:
	case V_ASN1_IA5STRING:
		return true;
	default:
		return false;
	}
}

static void value_add(const ASN1_STRING *value, struct text *text)
{
	const uint8_t *bytes = ASN1_STRING_get0_data(value);
	int len = ASN1_STRING_length(value);

	if (is_text(ASN1_STRING_type(value))) {
		text_add(text, bytes, (size_t)len);
		return;
	}
	for (int i = 0; i < len; i++) {
		char digits[3];

		snprintf(digits, sizeof(digits), "%02X", bytes[i]);
		text_add(text, digits, 2);
	}
}

/* "C=JP, O=Saga, OU=a + CN=b": in the order of the certificate, those of one set with a +. */
static bool name_keep(const X509_NAME *name, struct tls_text *ret)
{
	struct text text = { .len = 0 };
	int set = -1;

	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

		if (i)
			text_add(&text, X509_NAME_ENTRY_set(entry) == set ? " + " : ", ",
				 X509_NAME_ENTRY_set(entry) == set ? 3 : 2);
		set = X509_NAME_ENTRY_set(entry);
		attribute_word(X509_NAME_ENTRY_get_object(entry), &text);
		text_add(&text, "=", 1);
		value_add(X509_NAME_ENTRY_get_data(entry), &text);
	}
	return !text.over && text_keep(text.bytes, text.len, ret);
}

/* --- serial, times --- */

/* The bytes of its DER, 00 in front too where that keeps the number positive. */
static bool serial_keep(const ASN1_INTEGER *serial, struct tls_text *ret)
{
	uint8_t *der = NULL;
	int len = i2d_ASN1_INTEGER((ASN1_INTEGER *)serial, &der);
	const uint8_t *at = der;
	struct text text = { .len = 0 };
	long body;
	int tag, class;

	if (len <= 0)
		return false;
	if (ASN1_get_object(&at, &body, &tag, &class, len) & 0x80)
		body = 0;
	for (long i = 0; i < body; i++) {
		char digits[4];

		snprintf(digits, sizeof(digits), ":%02X", at[i]);
		text_add(&text, digits + (i == 0), 2 + (i > 0));
	}
	OPENSSL_free(der);
	return !text.over && text_keep(text.bytes, text.len, ret);
}

static bool seconds_of(const ASN1_TIME *time, uint64_t *ret)
{
	struct tm tm;
	time_t seconds;

	if (!ASN1_TIME_to_tm(time, &tm))
		return false;
	seconds = timegm(&tm);
	*ret = seconds > 0 ? (uint64_t)seconds : 0;
	return true;
}

/* --- subjectAltName --- */

static bool general_name_keep(const GENERAL_NAME *name, struct tls_text *ret)
{
	char text[INET6_ADDRSTRLEN];
	const ASN1_STRING *value = NULL;
	int type;

	value = GENERAL_NAME_get0_value(name, &type);
	switch (type) {
	case GEN_DNS:
	case GEN_EMAIL:
	case GEN_URI:
		return text_keep(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value),
				 ret);
	case GEN_IPADD:
		if (ASN1_STRING_length(value) != 4 && ASN1_STRING_length(value) != 16)
			return false;
		inet_ntop(ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6,
			  ASN1_STRING_get0_data(value), text, sizeof(text));
		return text_keep(text, strlen(text), ret);
	default:
		return false;
	}
}

static void names_keep(const X509 *x509, struct tls_cert *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	int cnt = names ? sk_GENERAL_NAME_num(names) : 0;

	if (cnt > NAMES_MAX)
		cnt = NAMES_MAX;
	if (cnt > 0)
		cert->names = calloc((size_t)cnt, sizeof(*cert->names));
	for (int i = 0; cert->names && i < cnt; i++)
		if (general_name_keep(sk_GENERAL_NAME_value(names, i), &cert->names[cert->name_cnt]))
			cert->name_cnt++;
	GENERAL_NAMES_free(names);
}

/* --- a certificate --- */

bool tls_cert_read(struct slice der, struct tls_cert *ret_cert, enum tls_event *ret_event)
{
	const uint8_t *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	uint8_t sum[SHA1_LEN];

	*ret_cert = (struct tls_cert){ .has_times = false };
	if (!x509) {
		*ret_event = TLS_BAD_CERTIFICATE_DER;
		return false;
	}
	name_keep(X509_get_subject_name(x509), &ret_cert->subject);
	name_keep(X509_get_issuer_name(x509), &ret_cert->issuer);
	serial_keep(X509_get0_serialNumber(x509), &ret_cert->serial);
	ret_cert->has_times = seconds_of(X509_get0_notBefore(x509), &ret_cert->not_before) &&
			      seconds_of(X509_get0_notAfter(x509), &ret_cert->not_after);
	names_keep(x509, ret_cert);
	if (EVP_Digest(der.at, (size_t)(at - der.at), sum, NULL, EVP_sha1(), NULL))
		hex_write(sum, SHA1_LEN, ':', ret_cert->sha1);
	X509_free(x509);
	*ret_event = TLS_BAD_CERTIFICATE_DATE;
	return ret_cert->has_times;
}

void tls_cert_free(struct tls_cert *cert)
{
	free(cert->subject.bytes);
	free(cert->issuer.bytes);
	free(cert->serial.bytes);
	for (uint32_t i = 0; i < cert->name_cnt; i++)
		free(cert->names[i].bytes);
	free(cert->names);
	*cert = (struct tls_cert){ .has_times = false };
}
