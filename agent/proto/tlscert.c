// SPDX-License-Identifier: Apache-2.0
/*
 * What records and rules say of a certificate (RFC 5280): names as Suricata spells them, serial, times,
 * names of hosts. Called by tls.c for the first certificate of each side; promises copies of its own.
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "base/der.h"
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

/* Two large digits. */
static void hex_write_loud(uint8_t byte, char *to)
{
	static const char digits[] = "0123456789ABCDEF";

	to[0] = digits[byte >> 4];
	to[1] = digits[byte & 15];
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
		char digits[2];

		hex_write_loud(bytes[i], digits);
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
static bool serial_keep(struct slice serial, struct tls_text *ret)
{
	struct text text = { .len = 0 };

	for (size_t i = 0; i < serial.len; i++) {
		char digits[3] = ":";

		hex_write_loud(serial.at[i], digits + 1);
		text_add(&text, digits + (i == 0), 2 + (i > 0));
	}
	return !text.over && text_keep(text.bytes, text.len, ret);
}

static bool seconds_of(struct slice element, uint64_t *ret)
{
	const uint8_t *at = element.at;
	ASN1_TIME *time = d2i_ASN1_TIME(NULL, &at, (long)element.len);
	struct tm tm;
	bool read = time && ASN1_TIME_to_tm(time, &tm);
	time_t seconds = read ? timegm(&tm) : 0;

	ASN1_TIME_free(time);
	*ret = seconds > 0 ? (uint64_t)seconds : 0;
	return read;
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

static void names_keep(struct slice value, struct tls_cert *cert)
{
	const uint8_t *at = value.at;
	GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &at, (long)value.len);
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

/* The next element with its head, as libcrypto's own readers want it. */
static struct slice element_next(struct cursor *c)
{
	struct slice whole = c->rest, body;
	uint8_t tag;

	if (!der_next(c, &tag, &body)) {
		c->failed = true;
		return slice(NULL, 0);
	}
	return slice(whole.at, whole.len - c->rest.len);
}

static bool name_read(struct cursor *tbs, struct tls_text *ret)
{
	struct slice element = element_next(tbs);
	const uint8_t *at = element.at;
	X509_NAME *name = tbs->failed ? NULL : d2i_X509_NAME(NULL, &at, (long)element.len);

	if (!name)
		return false;
	name_keep(name, ret);
	X509_NAME_free(name);
	return true;
}

/* One of its extensions: subjectAltName is all that is asked for. */
static void extension_read(struct cursor in, struct tls_cert *cert)
{
	static const uint8_t alt_name[] = { 0x55, 0x1d, 0x11 };
	struct slice oid, value;
	uint8_t tag;

	if (!der_next(&in, &tag, &oid) || tag != DER_OID || oid.len != sizeof(alt_name) ||
	    memcmp(oid.at, alt_name, sizeof(alt_name)) != 0)
		return;
	while (der_next(&in, &tag, &value)) /* whether it is critical may come first */
		if (tag == DER_OCTETS && !cert->names)
			names_keep(value, cert);
}

static void extensions_read(struct cursor *tbs, struct tls_cert *cert)
{
	struct slice body;
	uint8_t tag;

	while (der_next(tbs, &tag, &body)) {
		struct cursor in = { .rest = body }, all, one;

		if (tag != DER_CONTEXT(3))
			continue;
		all = der_enter(&in, DER_SEQUENCE);
		while (der_enter_if(&all, DER_SEQUENCE, &one))
			extension_read(one, cert);
	}
}

/*
 * TBSCertificate of RFC 5280, 4.1. The key is passed over unread: nobody here asks for it, and libcrypto
 * makes one of whatever certificate it reads, which takes longer than all the rest.
 */
static bool body_read(struct cursor tbs, struct tls_cert *cert)
{
	struct slice serial, not_before, not_after;
	struct cursor version, times;
	uint8_t tag;

	der_enter_if(&tbs, DER_CONTEXT(0), &version);
	if (!der_next(&tbs, &tag, &serial) || tag != DER_INTEGER)
		return false;
	serial_keep(serial, &cert->serial);
	der_enter(&tbs, DER_SEQUENCE); /* algorithm */
	if (!name_read(&tbs, &cert->issuer))
		return false;
	times = der_enter(&tbs, DER_SEQUENCE);
	not_before = element_next(&times);
	not_after = element_next(&times);
	if (times.failed || !name_read(&tbs, &cert->subject))
		return false;
	cert->has_times = seconds_of(not_before, &cert->not_before) &&
			  seconds_of(not_after, &cert->not_after);
	der_enter(&tbs, DER_SEQUENCE); /* the key */
	if (!tbs.failed)
		extensions_read(&tbs, cert);
	return !tbs.failed;
}

bool tls_cert_read(struct slice der, struct tls_cert *ret_cert, enum tls_event *ret_event)
{
	struct cursor c = { .rest = der }, outer = der_enter(&c, DER_SEQUENCE), tbs;
	uint8_t sum[SHA1_LEN];

	*ret_cert = (struct tls_cert){ .has_times = false };
	tbs = der_enter(&outer, DER_SEQUENCE);
	element_next(&outer); /* algorithm */
	element_next(&outer); /* signature */
	if (outer.failed || tbs.failed || !body_read(tbs, ret_cert)) {
		tls_cert_free(ret_cert);
		*ret_event = TLS_BAD_CERTIFICATE_DER;
		return false;
	}
	if (EVP_Digest(der.at, der.len - c.rest.len, sum, NULL, EVP_sha1(), NULL))
		hex_write(sum, SHA1_LEN, ':', ret_cert->sha1);
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
