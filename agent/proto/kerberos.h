/* SPDX-License-Identifier: Apache-2.0 */
/* What Kerberos 5 (RFC 4120) says of names and tickets: read for its own parser and for SMB's sessions. */
#ifndef AGENT_PROTO_KERBEROS_H
#define AGENT_PROTO_KERBEROS_H

#include "base/der.h"

/* Names: texts one behind the other, as der_next() gives them. */
struct krb_name {
	bool known;
	int64_t type;
	struct cursor parts;
};

struct krb_ticket {
	struct slice realm;
	struct krb_name server;
	bool has_encryption;
	int64_t encryption; /* RFC 3961: etype of what is in it */
};

/* PrincipalName, behind its context tag. */
struct krb_name krb_name_read(struct cursor *c);
/* EncryptedData, behind its context tag: its etype. */
int64_t krb_encryption_read(struct cursor *c);
/* A ticket, [APPLICATION 1]. false: it is none. */
bool krb_ticket_read(struct cursor *c, struct krb_ticket *ret);
/* The ticket of an AP-REQ in a GSS-API token (RFC 4121, 4.1). */
bool krb_token_read(struct slice token, struct krb_ticket *ret);

/* An etype's name in the registry of IANA; NULL: it has none. */
const char *krb_encryption_name(int64_t encryption);
/* The etype of such a name. false: there is none. */
bool krb_encryption_named(struct slice name, int64_t *ret);
/* All but AES and Camellia (RFC 8429 and before). */
bool krb_encryption_is_weak(int64_t encryption);

#endif
