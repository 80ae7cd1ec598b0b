/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASN.1 in its distinguished encoding (ITU-T X.690), element by element and never beyond the bytes given.
 * Nothing is built: who knows the type asks for the elements that it has.
 */
#ifndef AGENT_BASE_DER_H
#define AGENT_BASE_DER_H

#include "base/cursor.h"

#define DER_INTEGER 0x02
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_ENUMERATED 0x0a
#define DER_SEQUENCE 0x30
#define DER_CONTEXT(n) (0xa0 | (n)) /* constructed, of a context's own */
#define DER_APPLICATION(n) (0x60 | (n))

/* Tag and length; the tag is its first byte, of long ones too. *ret_len of the content. false: no element. */
static inline bool der_head(struct cursor *c, uint8_t *ret_tag, uint64_t *ret_len)
{
	uint8_t tag = cursor_u8(c), len;

	if ((tag & 0x1f) == 0x1f)
		while (cursor_u8(c) & 0x80)
			;
	len = cursor_u8(c);
	*ret_len = len;
	if (len > 0x84 || len == 0x80) /* of no length that is said, or beyond all sense */
		c->failed = true;
	else if (len > 0x80)
		*ret_len = cursor_big(c, len & 0x7f);
	*ret_tag = tag;
	return !c->failed;
}

/* The next element; false: there is none, or it is not whole (failed). */
static inline bool der_next(struct cursor *c, uint8_t *ret_tag, struct slice *ret_body)
{
	uint64_t len;

	if (!c->rest.len || !der_head(c, ret_tag, &len))
		return false;
	*ret_body = cursor_take(c, len);
	return !c->failed;
}

/* The next element, which must have this tag: a cursor over what is in it. */
static inline struct cursor der_enter(struct cursor *c, uint8_t tag)
{
	struct slice body = { .len = 0 };
	uint8_t is = 0;

	if (!der_next(c, &is, &body) || is != tag)
		c->failed = true;
	return (struct cursor){ .rest = body, .failed = c->failed };
}

/* The same, if it is there: nothing is taken if another one comes. */
static inline bool der_enter_if(struct cursor *c, uint8_t tag, struct cursor *ret_in)
{
	if (c->failed || !c->rest.len || c->rest.at[0] != tag)
		return false;
	*ret_in = der_enter(c, tag);
	return !c->failed;
}

/* A whole number of at most 64 bits; what is longer is failed. */
static inline int64_t der_number(struct cursor *c)
{
	struct slice body = { .len = 0 };
	uint64_t number;
	uint8_t tag = 0;

	if (!der_next(c, &tag, &body) || (tag != DER_INTEGER && tag != DER_ENUMERATED) ||
	    !body.len || body.len > 8) {
		c->failed = true;
		return 0;
	}
	number = body.at[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < body.len; i++)
		number = number << 8 | body.at[i];
	return (int64_t)number;
}

#endif
