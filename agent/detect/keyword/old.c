// SPDX-License-Identifier: Apache-2.0
/*
 * Keywords that have the text behind a colon which others ask by a content: tls.subject:"CN=x" is
 * tls.cert_subject; content:"CN=x".
 */
#include "detect/keyword/content.h"

static int old_read(struct draft *draft, struct slice value)
{
	const struct source *source;
	struct content *content;
	bool negated;
	struct slice text = value_plain(value, &negated);
	int part, err = source_find(draft, slice_text(draft->keyword->arg), &source);

	if (!err && !source)
		err = refuse(draft, draft->keyword_at, NULL, "%s is not read yet",
			     (const char *)draft->keyword->arg);
	part = err ? err : draft_part(draft, source);
	if (part < 0)
		return part;
	err = content_make(draft, text, negated, &content);
	if (err)
		return err;
	err = draft_clause_in(draft, (uint32_t)part, &content_ops, content);
	if (!err)
		content_is_last(draft, (uint32_t)part);
	return err;
}

const struct keyword keyword_tls_subject = {
	"tls.subject",	    NULL,
	VALUE_ALWAYS,	    old_read,
	"tls.cert_subject", "the certificate's subject has this"
};
const struct keyword keyword_tls_issuerdn = { "tls.issuerdn",	 NULL,
					      VALUE_ALWAYS,	 old_read,
					      "tls.cert_issuer", "the certificate's issuer has this" };
const struct keyword keyword_tls_fingerprint = {
	"tls.fingerprint",	NULL,
	VALUE_ALWAYS,		old_read,
	"tls.cert_fingerprint", "the certificate's fingerprint has this"
};
