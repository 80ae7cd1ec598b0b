// SPDX-License-Identifier: Apache-2.0
/*
 * Addresses of a rule's header as sorted ranges. Called by header.c and keywords that take
 * addresses; each text is resolved once and then shared.
 */
#include <errno.h>
#include <stdlib.h>

#include "detect/parse/ranges.h"
#include "text/address.h"

static wide wide_of(const struct sek_addr *addr)
{
	wide value = 0;

	for (int i = 0; i < 16; i++)
		value = value << 8 | addr->b[i];
	return value;
}

static void address_of(wide value, struct sek_addr *ret_addr)
{
	for (int i = 15; i >= 0; i--, value >>= 8)
		ret_addr->b[i] = (uint8_t)value;
}

/* "10.0.0.0/255.0.0.0": the mask as a length, of 128 bits. */
static bool mask_len(struct slice text, unsigned int *ret_len)
{
	struct prefix mask;
	wide bits;
	unsigned int len;

	if (!memchr(text.at, '.', text.len) ||
	    prefix_parse((const char *)text.at, text.len, &mask, NULL) != PREFIX_OK)
		return false;
	bits = wide_of(&mask.addr) << PREFIX_V4_BITS;
	for (len = 0; len < 32 && (bits >> 127); len++)
		bits <<= 1;
	*ret_len = PREFIX_V4_BITS + len;
	return bits == 0;
}

static int prefix_add(const struct prefix *prefix, struct ranges *ranges)
{
	wide from = wide_of(&prefix->addr), host = ~(wide)0;

	host = prefix->len ? (prefix->len < 128 ? host >> prefix->len : 0) : host;
	return range_list_add(ranges, from & ~host, from | host);
}

static int range_add(struct slice text, size_t dash, struct ranges *ranges, const char **ret_hint)
{
	struct slice from = slice_trim(slice(text.at, dash)),
		     to = slice_trim(slice_behind(text, dash + 1));
	struct prefix a, b;

	if (prefix_parse((const char *)from.at, from.len, &a, NULL) != PREFIX_OK ||
	    prefix_parse((const char *)to.at, to.len, &b, NULL) != PREFIX_OK ||
	    wide_of(&a.addr) > wide_of(&b.addr)) {
		*ret_hint = "write a range from the lower to the higher: 10.0.0.1-10.0.0.9";
		return -EINVAL;
	}
	return range_list_add(ranges, wide_of(&a.addr), wide_of(&b.addr));
}

static int address_element(struct slice text, struct ranges *ranges, const char **ret_hint)
{
	const uint8_t *dash = memchr(text.at, '-', text.len), *slash = memchr(text.at, '/', text.len);
	enum prefix_error error;
	struct prefix prefix;
	unsigned int len;

	if (dash)
		return range_add(text, (size_t)(dash - text.at), ranges, ret_hint);
	if (slash && mask_len(slice_behind(text, (size_t)(slash - text.at) + 1), &len)) {
		text.len = (size_t)(slash - text.at);
		error = prefix_parse((const char *)text.at, text.len, &prefix, NULL);
		prefix.len = (uint8_t)len;
	} else {
		error = prefix_parse((const char *)text.at, text.len, &prefix, NULL);
	}
	if (error == PREFIX_OK)
		return prefix_add(&prefix, ranges);
	*ret_hint = prefix_error_text(error);
	return -EINVAL;
}

static int set_make(const struct ranges *ranges, void *ret_set)
{
	struct address_set *set = ret_set;
	struct address_range *range;

	if (ranges->cnt == 1 && ranges->at[0].from == 0 && ranges->at[0].to == ~(wide)0) {
		*set = (struct address_set){ .is_any = true };
		return 0;
	}
	range = reallocarray(NULL, ranges->cnt, sizeof(*range));
	if (!range)
		return -ENOMEM;
	for (uint32_t i = 0; i < ranges->cnt; i++) {
		address_of(ranges->at[i].from, &range[i].from);
		address_of(ranges->at[i].to, &range[i].to);
	}
	*set = (struct address_set){ .cnt = ranges->cnt,
				     .range = range,
				     .has_negated = ranges->has_negated };
	return 0;
}

static void set_free(void *set)
{
	free(((struct address_set *)set)->range);
}

static const struct range_kind kind = {
	.what = "address",
	.groups = "vars.address-groups",
	.max = ~(wide)0,
	.element = address_element,
	.set_size = sizeof(struct address_set),
	.set_make = set_make,
	.set_free = set_free,
};

int addresses_read(struct draft *draft, struct slice text, struct address_set *ret_set)
{
	struct parse *parse = draft->parse;
	int err;
	const struct range_sets sets = { &parse->address_texts, &parse->address_sets,
					 &parse->address_cap };

	err = range_set_read(draft, &kind, &sets, text, ret_set);
	if (!err)
		ret_set->text = words_find(&parse->address_texts, text);
	return err;
}

const char *parse_address_text(const struct parse *parse, uint32_t text)
{
	return words_at(&parse->address_texts, text);
}

int parse_address_set(struct parse *parse, uint32_t text, const struct variable *variables,
		      size_t variable_cnt, struct address_set *ret_set)
{
	struct slice words = slice_text(parse_address_text(parse, text));
	struct draft *draft = draft_of_text(parse, words, "", 0);
	struct ranges ranges;
	int err;

	if (!draft)
		return -ENOMEM;
	parse->variables = variables;
	parse->variable_cnt = variable_cnt;
	err = range_list_make(draft, &kind, slice(draft->text, words.len), &ranges);
	parse->variables = NULL;
	parse->variable_cnt = 0;
	draft_of_text_free(draft);
	if (err)
		return err;
	err = ranges.cnt ? set_make(&ranges, ret_set) : -EINVAL;
	if (!err)
		ret_set->text = text;
	range_list_free(&ranges);
	return err;
}
