// SPDX-License-Identifier: Apache-2.0
/*
 * hosts files: names behind an address. Each is that name alone. Pure.
 * Called by parse.c through formats.def.
 */
#include <arpa/inet.h>
#include <string.h>

#include "names/read.h"

/* "0" and "000.000.000.000", which resolvers take for 0.0.0.0. */
static bool is_zeros(struct text word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.at[i] != '0' && (word.at[i] != '.' || !i))
			return false;
	return word.len;
}

/* An address, also one with a zone as hosts files have for the machine itself. */
static bool is_address(struct text word)
{
	struct prefix prefix;
	enum prefix_error error = prefix_parse(word.at, word.len, &prefix, NULL);

	return is_zeros(word) || (error == PREFIX_OK && !memchr(word.at, '/', word.len)) ||
	       error == PREFIX_ZONE;
}

bool text_is_nowhere(struct text word)
{
	struct prefix prefix = {};
	const unsigned char *at = prefix.addr.b;

	if (is_zeros(word))
		return true;
	if (prefix_parse(word.at, word.len, &prefix, NULL) != PREFIX_OK || prefix.len != 128)
		return false;
	if (address_is_v4(&prefix.addr))
		return at[12] == 127 || !(at[12] | at[13] | at[14] | at[15]);
	for (int i = 0; i < 15; i++)
		if (at[i])
			return false;
	return at[15] <= 1;
}

bool name_is_local(const char *name, size_t len)
{
	static const char *const locals[] = {
		"localhost",
		"localhost.localdomain",
		"local",
		"broadcasthost",
		"ip6-localhost",
		"ip6-loopback",
		"ip6-localnet",
		"ip6-mcastprefix",
		"ip6-allnodes",
		"ip6-allrouters",
		"ip6-allhosts",
		"localhost4",
		"localhost6",
		"localhost6.localdomain6",
		"localhost4.localdomain4",
	};

	if (name[0] != 'l' && name[0] != 'i' && name[0] != 'b')
		return false;
	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++)
		if (len == strlen(locals[i]) && !memcmp(name, locals[i], len))
			return true;
	return false;
}

struct name_as name_as_address(struct name_reader *reader, struct text address, enum name_kind kind)
{
	struct sek_name_answer answer = { .ttl_s = 60 };
	struct name_as as = { .kind = kind };
	struct prefix prefix;

	if (text_is_nowhere(address) || !reader->options->own_answers ||
	    prefix_parse(address.at, address.len, &prefix, NULL) != PREFIX_OK || prefix.len != 128)
		return as;
	if (address_is_v4(&prefix.addr)) {
		answer.flags = SEK_NAME_HAS4;
		memcpy(&answer.ip4, prefix.addr.b + 12, sizeof(answer.ip4));
	} else {
		answer.flags = SEK_NAME_HAS6;
		answer.ip6 = prefix.addr;
	}
	as.answer = name_take_answer(reader, &answer);
	as.how = as.answer ? SEK_NAME_LOCAL : SEK_NAME_AS_POLICY;
	return as;
}

/* No name has a '#', with a blank before it or without. */
struct text line_before_hash(struct text line)
{
	const char *hash = memchr(line.at, '#', line.len);

	if (hash)
		line.len = hash - line.at;
	return line;
}

/* "*.name" is not of hosts files, but what is meant by it is plain. */
static void name_behind(struct name_reader *reader, struct text word, struct name_as as)
{
	bool below = text_starts(word, "*.");

	as.kind = below ? NAME_BELOW : as.kind;
	name_take(reader, text_from(word, below ? 2 : 0), &as);
}

void hosts_line(struct name_reader *reader, struct text whole)
{
	struct text line = line_before_hash(whole), first = text_word(&line), word = first;
	struct name_as as = { .kind = NAME_SELF };
	bool elsewhere = false;

	if (is_address(first)) {
		if (!line.len) {
			name_skip(reader, NAME_SKIP_address, first);
			return;
		}
		elsewhere = !text_is_nowhere(first) && !reader->options->own_answers;
		as = name_as_address(reader, first, NAME_SELF);
		word = text_word(&line);
	}
	for (; word.len; word = text_word(&line)) {
		if (name_is_local(word.at, word.len) || text_is_nowhere(word))
			name_skip(reader, NAME_SKIP_local, word);
		else if (elsewhere)
			name_skip(reader, NAME_SKIP_elsewhere, word);
		else
			name_behind(reader, word, as);
	}
}

void name_read_hosts(struct name_reader *reader)
{
	static const struct name_as as = { .kind = NAME_SELF };
	struct text line;

	for (;;) {
		/* Most lists of a million lines hold nothing else. */
		while (name_line_bare(reader, "0.0.0.0 ", "", &as) ||
		       name_line_bare(reader, "127.0.0.1 ", "", &as))
			;
		if (!name_line_entry(reader, &line))
			break;
		hosts_line(reader, line);
	}
}

unsigned int name_looks_hosts(struct text line)
{
	struct text first = text_word(&line), second = text_word(&line);

	return is_address(first) && text_is_name(second) && !text_is_prefix(second) ? 2 : 0;
}
