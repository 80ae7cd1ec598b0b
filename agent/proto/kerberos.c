// SPDX-License-Identifier: Apache-2.0
/*
 * Names and tickets of Kerberos 5 (RFC 4120, section 5). Called by the parsers of Kerberos and SMB.
 */
#include "proto/kerberos.h"

#define TAG_TEXT 0x1b /* GeneralString */
#define TICKET 1
#define AP_REQ 14
#define TOKEN_AP_REQ 0x0100

static const struct {
	int64_t code;
	const char *name;
} encryptions[] = {
#define KRB5_ENCRYPTION(code, name) { code, name },
#include "proto/krb5encryptions.def"
#undef KRB5_ENCRYPTION
};

#define ENCRYPTION_CNT (sizeof(encryptions) / sizeof(encryptions[0]))

const char *krb_encryption_name(int64_t encryption)
{
	for (size_t i = 0; i < ENCRYPTION_CNT; i++)
		if (encryptions[i].code == encryption)
			return encryptions[i].name;
	return NULL;
}

bool krb_encryption_named(struct slice name, int64_t *ret)
{
	for (size_t i = 0; i < ENCRYPTION_CNT; i++)
		if (slice_is(name, encryptions[i].name)) {
			*ret = encryptions[i].code;
			return true;
		}
	return false;
}

bool krb_encryption_is_weak(int64_t encryption)
{
	return !((encryption >= 17 && encryption <= 20) || encryption == 25 || encryption == 26);
}

struct krb_name krb_name_read(struct cursor *c)
{
	struct cursor name = der_enter(c, DER_SEQUENCE);
	struct cursor type = der_enter(&name, DER_CONTEXT(0));
	struct krb_name ret = { .type = der_number(&type) };
	struct cursor parts = der_enter(&name, DER_CONTEXT(1));

	ret.parts = der_enter(&parts, DER_SEQUENCE);
	ret.known = !ret.parts.failed && !type.failed;
	return ret;
}

int64_t krb_encryption_read(struct cursor *c)
{
	struct cursor data = der_enter(c, DER_SEQUENCE);
	struct cursor type = der_enter(&data, DER_CONTEXT(0));
	int64_t number = der_number(&type);

	c->failed = c->failed || type.failed;
	return number;
}

bool krb_ticket_read(struct cursor *c, struct krb_ticket *ret)
{
	struct cursor ticket = der_enter(c, DER_APPLICATION(TICKET));
	struct cursor fields = der_enter(&ticket, DER_SEQUENCE), in;
	struct krb_ticket read = { .has_encryption = false };
	uint8_t tag = 0;

	der_enter(&fields, DER_CONTEXT(0));
	in = der_enter(&fields, DER_CONTEXT(1));
	if (!der_next(&in, &tag, &read.realm) || tag != TAG_TEXT)
		return false;
	in = der_enter(&fields, DER_CONTEXT(2));
	read.server = krb_name_read(&in);
	if (!read.server.known)
		return false;
	if (der_enter_if(&fields, DER_CONTEXT(3), &in)) {
		read.encryption = krb_encryption_read(&in);
		read.has_encryption = !in.failed;
	}
	*ret = read;
	return true;
}

bool krb_token_read(struct slice token, struct krb_ticket *ret)
{
	static const uint8_t kerberos[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02 };
	struct cursor c = cursor(token), in = der_enter(&c, DER_APPLICATION(0)), fields;
	struct slice oid = { .len = 0 };
	uint8_t tag = 0;

	if (!der_next(&in, &tag, &oid) || tag != DER_OID || oid.len != sizeof(kerberos) ||
	    memcmp(oid.at, kerberos, sizeof(kerberos)) != 0 || cursor_be16(&in) != TOKEN_AP_REQ)
		return false;
	in = der_enter(&in, DER_APPLICATION(AP_REQ));
	fields = der_enter(&in, DER_SEQUENCE);
	for (unsigned int i = 0; i < 3; i++)
		der_enter(&fields, (uint8_t)DER_CONTEXT(i));
	in = der_enter(&fields, DER_CONTEXT(3));
	return krb_ticket_read(&in, ret);
}
