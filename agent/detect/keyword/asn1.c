// SPDX-License-Identifier: Apache-2.0
/*
 * asn1: elements of BER (X.690) in the buffer that lie about themselves. Asked as a clause; reads
 * not more than ELEMENTS_MAX elements.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"

#define ELEMENTS_MAX 256
#define DEPTH_MAX 32
#define TAG_BIT_STRING 3
#define TAG_REAL 9

struct asn1 {
	bool bitstring_overflow, double_overflow;
	bool has_oversize, has_offset, is_relative;
	uint64_t oversize;
	int64_t offset;
};

struct element {
	uint8_t class, tag;
	bool is_constructed, is_indefinite;
	uint64_t len; /* as it says */
	struct slice content; /* of it, as far as there is some */
};

/* One element in front; what it says of its length may be more than there is. false: it is none. */
static bool element_read(struct slice in, struct element *ret_element)
{
	struct element element = {};
	size_t at = 1;

	if (in.len < 2)
		return false;
	element.class = in.at[0] >> 6;
	element.is_constructed = in.at[0] >> 5 & 1;
	element.tag = in.at[0] & 31;
	if (element.tag == 31) { /* high tags are of none that is asked for */
		while (at < in.len && in.at[at] & 0x80)
			at++;
		at++;
	}
	if (at >= in.len)
		return false;
	element.len = in.at[at++];
	if (element.len == 0x80) {
		element.is_indefinite = true;
		element.len = 0;
	} else if (element.len & 0x80) {
		size_t cnt = element.len & 0x7f;

		if (cnt > 8 || cnt > in.len - at)
			return false;
		for (element.len = 0; cnt; cnt--)
			element.len = element.len << 8 | in.at[at++];
	}
	element.content = slice_behind(in, at);
	if (!element.is_indefinite && element.content.len > element.len)
		element.content.len = (size_t)element.len;
	*ret_element = element;
	return true;
}

static bool element_lies(const struct asn1 *asn1, const struct element *element)
{
	bool is_plain = element->class == 0 && !element->is_constructed && element->content.len;

	if (asn1->has_oversize && element->len > asn1->oversize)
		return true;
	if (!is_plain)
		return false;
	if (asn1->bitstring_overflow && element->tag == TAG_BIT_STRING && element->len > 0 &&
	    element->content.at[0] > (element->len - 1) * 8)
		return true; /* more bits unused than there are */
	return asn1->double_overflow && element->tag == TAG_REAL &&
	       (element->content.at[0] & 0xc0) == 0 && element->len + 1 > 256;
}

static bool elements_lie(const struct asn1 *asn1, struct slice in, unsigned int depth,
			 unsigned int *left)
{
	struct element element;

	while (*left && element_read(in, &element)) {
		--*left;
		if (element_lies(asn1, &element))
			return true;
		if (element.is_constructed && depth < DEPTH_MAX &&
		    elements_lie(asn1, element.content, depth + 1, left))
			return true;
		if (element.is_indefinite || element.content.len < element.len)
			return false;
		in = slice_behind(in, (size_t)(element.content.at - in.at) + element.content.len);
	}
	return false;
}

static enum clause_says asn1_ask(const struct clause *clause, struct match *match)
{
	const struct asn1 *asn1 = clause->arg;
	int64_t at = asn1->offset + (asn1->is_relative ? (int64_t)match->at : 0);
	unsigned int left = ELEMENTS_MAX;

	if (match->again == CLAUSE_ONCE || at < 0 || (uint64_t)at >= match->buffer.len)
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	return elements_lie(asn1, slice_behind(match->buffer, (size_t)at), 0, &left) ? CLAUSE_YES
										     : CLAUSE_NO;
}

static const struct clause_ops asn1_ops = { .word = "asn1", .ask = asn1_ask, .free = free };

static int asn1_word(struct draft *draft, struct slice word, struct asn1 *asn1)
{
	struct slice value = word, key;
	int64_t number = 0;
	bool has_number;

	slice_next(&value, ' ', &key);
	has_number = value.at && signed_parse(slice_trim(value), &number);
	if (slice_is(word, "bitstring_overflow")) {
		asn1->bitstring_overflow = true;
	} else if (slice_is(word, "double_overflow")) {
		asn1->double_overflow = true;
	} else if (slice_is(key, "oversize_length") && has_number && number >= 0) {
		asn1->has_oversize = true;
		asn1->oversize = (uint64_t)number;
	} else if ((slice_is(key, "relative_offset") || slice_is(key, "absolute_offset")) &&
		   has_number && number >= INT16_MIN && number <= UINT16_MAX) {
		asn1->is_relative = slice_is(key, "relative_offset");
		asn1->offset = number;
	} else {
		return refuse(
			draft, (const char *)word.at,
			"bitstring_overflow, double_overflow, oversize_length 500, relative_offset 1",
			"asn1 has no word \"%.*s\"", (int)word.len, word.at);
	}
	return 0;
}

static int asn1_read(struct draft *draft, struct slice value)
{
	struct asn1 read = {}, *asn1;
	struct slice rest = value, word;
	int err = 0;

	while (!err && slice_next(&rest, ',', &word))
		err = asn1_word(draft, word, &read);
	if (!err && !read.bitstring_overflow && !read.double_overflow && !read.has_oversize)
		err = refuse(draft, (const char *)value.at,
			     "bitstring_overflow, double_overflow or oversize_length 500",
			     "asn1 asks for nothing");
	if (err)
		return err;
	asn1 = malloc(sizeof(*asn1));
	if (!asn1)
		return refuse_memory(draft);
	*asn1 = read;
	return draft_clause(draft, &asn1_ops, asn1);
}

const struct keyword keyword_asn1 = {
	"asn1",	   NULL, VALUE_ALWAYS,
	asn1_read, NULL, "elements of BER that lie: asn1:oversize_length 500"
};
