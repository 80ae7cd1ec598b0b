// SPDX-License-Identifier: Apache-2.0
/*
 * Who opens a session of SMB: NTLMSSP ([MS-NLMP] 2.2.1.3) or Kerberos, bare or in SPNEGO (RFC 4178). Called
 * with the blob of a session setup.
 */
#include "proto/kerberos.h"
#include "proto/smb.h"

#define MESSAGE_AUTHENTICATE 3
#define FLAG_UNICODE 0x00000001u
#define FLAG_VERSION 0x02000000u

static const uint8_t oid_spnego[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02 };
static const uint8_t oid_kerberos[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02 };
static const uint8_t oid_ntlmssp[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a };

/* --- NTLMSSP --- */

struct place {
	uint16_t len;
	uint32_t offset;
};

static struct place place_read(struct cursor *c)
{
	struct place place = { .len = cursor_le16(c) };

	cursor_skip(c, 2);
	place.offset = cursor_le32(c);
	return place;
}

static bool place_take(struct slice message, const struct place *place, bool is_wide,
		       struct smb_text *text)
{
	struct cursor c = cursor(message);
	struct slice bytes;

	cursor_skip(&c, place->offset);
	bytes = cursor_take(&c, place->len);
	if (c.failed)
		return false;
	if (is_wide)
		smb_text_set_wide(text, bytes);
	else
		smb_text_set(text, bytes);
	return true;
}

static void version_read(struct cursor *c, struct smb_ntlmssp *ret)
{
	ret->major = cursor_u8(c);
	ret->minor = cursor_u8(c);
	ret->build = cursor_le16(c);
	cursor_skip(c, 3);
	ret->revision = cursor_u8(c);
	ret->has_version = !c->failed;
}

static void authenticate_read(struct smb_tx *tx, struct slice message)
{
	struct smb_ntlmssp *to = &tx->of.session.ntlmssp;
	struct cursor c = cursor(slice_behind(message, 12));
	struct place domain, user, host;
	uint32_t flags;

	place_read(&c);
	place_read(&c);
	domain = place_read(&c);
	user = place_read(&c);
	host = place_read(&c);
	place_read(&c);
	flags = cursor_le32(&c);
	if (c.failed)
		return;
	if (flags & FLAG_VERSION)
		version_read(&c, to);
	tx->of.session.has_ntlmssp =
		!c.failed && place_take(message, &domain, flags & FLAG_UNICODE, &to->domain) &&
		place_take(message, &user, flags & FLAG_UNICODE, &to->user) &&
		place_take(message, &host, flags & FLAG_UNICODE, &to->host);
	if (tx->of.session.has_ntlmssp && ((user.offset && user.offset < domain.offset + domain.len) ||
					   (host.offset && host.offset < user.offset + user.len)))
		tx_event(&tx->tx, SMB_NTLMSSP_ORDER);
}

/* Wherever in the blob it begins. */
static void ntlmssp_read(struct smb_tx *tx, struct slice blob)
{
	static const char magic[8] = "NTLMSSP";
	const uint8_t *at = blob.len ? memmem(blob.at, blob.len, magic, sizeof(magic)) : NULL;
	struct slice message;
	struct cursor c;

	if (!at)
		return;
	message = slice_behind(blob, (size_t)(at - blob.at));
	c = cursor(slice_behind(message, sizeof(magic)));
	if (cursor_le32(&c) == MESSAGE_AUTHENTICATE && !c.failed)
		authenticate_read(tx, message);
}

/* --- Kerberos --- */

static bool kerberos_take(struct smb_tx *tx, struct slice token)
{
	struct krb_ticket ticket;
	struct slice part;
	uint8_t tag;

	if (!krb_token_read(token, &ticket))
		return false;
	tx->of.session.has_kerberos = true;
	smb_text_set(&tx->of.session.realm, ticket.realm);
	for (size_t i = 0; i < SMB_SNAMES_MAX && der_next(&ticket.server.parts, &tag, &part); i++)
		smb_text_set(&tx->of.session.snames[i], part);
	return true;
}

/* --- SPNEGO --- */

static bool oid_is(struct slice oid, const uint8_t *bytes, size_t len)
{
	return oid.len == len && memcmp(oid.at, bytes, len) == 0;
}

struct mechanisms {
	bool ntlmssp, kerberos;
};

static struct mechanisms mechanisms_read(struct cursor list)
{
	struct mechanisms ret = { .ntlmssp = false };
	struct slice oid;
	uint8_t tag;

	while (der_next(&list, &tag, &oid)) {
		ret.ntlmssp |= tag == DER_OID && oid_is(oid, oid_ntlmssp, sizeof(oid_ntlmssp));
		ret.kerberos |= tag == DER_OID && oid_is(oid, oid_kerberos, sizeof(oid_kerberos));
	}
	return ret;
}

/* NegTokenInit: the mechanisms, then a token of the first of them. false: it is none. */
static bool spnego_read(struct smb_tx *tx, struct slice blob)
{
	struct cursor c = cursor(blob), in = der_enter(&c, DER_APPLICATION(0)), fields, element;
	struct mechanisms mechanisms = { .ntlmssp = false };
	struct slice body = { .len = 0 };
	uint8_t tag = 0;

	if (!der_next(&in, &tag, &body) || tag != DER_OID ||
	    !oid_is(body, oid_spnego, sizeof(oid_spnego)))
		return false;
	in = der_enter(&in, DER_CONTEXT(0));
	fields = der_enter(&in, DER_SEQUENCE);
	if (fields.failed)
		return false;
	while (der_next(&fields, &tag, &body)) {
		element = cursor(body);
		if (tag == DER_CONTEXT(0))
			mechanisms = mechanisms_read(der_enter(&element, DER_SEQUENCE));
		if (tag != DER_CONTEXT(2) || !der_next(&element, &tag, &body))
			continue;
		if (!(mechanisms.kerberos && kerberos_take(tx, body)) && mechanisms.ntlmssp)
			ntlmssp_read(tx, body);
	}
	return true;
}

void smb_auth_read(struct smb_tx *tx, struct slice blob)
{
	if (!spnego_read(tx, blob))
		ntlmssp_read(tx, blob);
}
