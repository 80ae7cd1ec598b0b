// SPDX-License-Identifier: Apache-2.0
/*
 * Public suffixes as a table of hashes: asked for each entry of a list, so it has to cost next to nothing.
 * Called by read.c and the agent.
 */
#include "names/suffix.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lists/bytes.h"
#include "names/normalise.h"
#include "names/read.h"

#define SLOTS 65536 /* the list has about 10,000 rules */
#define RULES_MAX (SLOTS / 2)
#define MAY_BITS (SLOTS * 4) /* 32 KiB, which the first cache holds; the slots it does not */

enum rule { RULE_NAME = 1, RULE_BELOW = 2 /* *.name */, RULE_EXCEPTION = 4 /* !name */ };

struct slot {
	uint64_t hash; /* 0: free */
	uint8_t rules;
};

struct name_suffixes {
	struct name_seed seed;
	size_t cnt;
	uint64_t may[MAY_BITS / 64]; /* a bit set, a slot may have it: nearly no name is a suffix */
	struct slot slots[SLOTS];
};

static uint64_t hash_of(const struct name_suffixes *suffixes, const char *host, size_t len)
{
	return name_hash(&suffixes->seed, host, len) | 1;
}

static const struct slot *slot_of(const struct name_suffixes *suffixes, uint64_t hash)
{
	size_t n = hash >> 16 & (SLOTS - 1);

	while (suffixes->slots[n].hash && suffixes->slots[n].hash != hash)
		n = (n + 1) & (SLOTS - 1);
	return &suffixes->slots[n];
}

/* Which bit of `may` is a hash's. */
static size_t may_bit(uint64_t hash)
{
	return hash >> 40 & (MAY_BITS - 1);
}

static uint8_t rules_of(const struct name_suffixes *suffixes, const char *host, size_t len)
{
	uint64_t hash = hash_of(suffixes, host, len);
	size_t bit = may_bit(hash);

	if (!(suffixes->may[bit / 64] >> bit % 64 & 1))
		return 0;
	return slot_of(suffixes, hash)->rules;
}

static int rule_add(struct name_suffixes *suffixes, const char *text, size_t len)
{
	enum rule rule = RULE_NAME;
	struct name name;
	struct slot *slot;
	uint64_t hash;

	if (len && text[0] == '!') {
		rule = RULE_EXCEPTION;
		text++;
		len--;
	} else if (len > 2 && text[0] == '*' && text[1] == '.') {
		rule = RULE_BELOW;
		text += 2;
		len -= 2;
	}
	if (name_normalise(text, len, &name))
		return 0;
	hash = hash_of(suffixes, name.text, name.len);
	slot = (struct slot *)slot_of(suffixes, hash);
	if (!slot->hash && suffixes->cnt++ >= RULES_MAX)
		return -E2BIG;
	slot->hash = hash;
	slot->rules |= rule;
	suffixes->may[may_bit(hash) / 64] |= 1ULL << may_bit(hash) % 64;
	return 0;
}

static int rules_read(struct name_suffixes *suffixes, struct text text)
{
	int err = 0;

	while (text.len && !err) {
		const char *end = memchr(text.at, '\n', text.len);
		struct text line = { text.at, end ? (size_t)(end - text.at) : text.len };

		text = text_from(text, line.len + (end ? 1 : 0));
		line = text_word(&line);
		if (line.len && !text_starts(line, "//"))
			err = rule_add(suffixes, line.at, line.len);
	}
	return err;
}

int name_suffixes_open(const char *file, struct name_suffixes **ret_suffixes)
{
	struct name_suffixes *suffixes;
	struct text text;
	char *bytes;
	int err;

	err = list_bytes(file ? file : NAME_SUFFIX_FILE, &bytes, &text.len);
	if (err)
		return err;
	text.at = bytes;
	suffixes = calloc(1, sizeof(*suffixes));
	err = suffixes ? name_seed_draw(&suffixes->seed) : -ENOMEM;
	if (!err)
		err = rules_read(suffixes, text);
	if (!err && !suffixes->cnt)
		err = -ENODATA;
	free(bytes);
	if (err)
		name_suffixes_free(suffixes);
	else
		*ret_suffixes = suffixes;
	return err;
}

void name_suffixes_free(struct name_suffixes *suffixes)
{
	free(suffixes);
}

bool name_suffix_is_public(const struct name_suffixes *suffixes, const char *host, size_t len)
{
	const char *dot;
	uint8_t rules;

	if (!suffixes)
		return false;
	rules = rules_of(suffixes, host, len);
	if (rules & RULE_EXCEPTION)
		return false;
	if (rules & RULE_NAME)
		return true;
	dot = memchr(host, '.', len);
	if (!dot)
		return false;
	return rules_of(suffixes, dot + 1, len - (size_t)(dot + 1 - host)) & RULE_BELOW;
}

size_t name_suffix_registered(const struct name_suffixes *suffixes, const char *host, size_t len)
{
	size_t from = 0;

	for (size_t at = 0; at < len;) {
		const char *dot;

		if (name_suffix_is_public(suffixes, host + at, len - at))
			return from;
		from = at;
		if (suffixes && rules_of(suffixes, host + at, len - at) & RULE_EXCEPTION)
			return from;
		dot = memchr(host + at, '.', len - at);
		if (!dot)
			break;
		at = (size_t)(dot + 1 - host);
	}
	return 0;
}
