// SPDX-License-Identifier: Apache-2.0
/*
 * Scripts of RouterOS: what a line adds, and the addresses of an address list. Pure. Called by read.c through
 * formats.def, and by policy/names/mikrotik.c.
 */
#include "lists/mikrotik.h"

#include <stddef.h>
#include <string.h>

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\\';
}

static bool is_word(struct text text, const char *word)
{
	return text.len == strlen(word) && !memcmp(text.at, word, text.len);
}

static bool begins(struct text text, const char *word)
{
	return text.len >= strlen(word) && !memcmp(text.at, word, strlen(word));
}

/* The bytes up to the quote that ends them; one behind a backslash does not. */
static size_t quoted_len(struct text text)
{
	size_t i = 0;

	while (i < text.len && text.at[i] != '"')
		i += text.at[i] == '\\' && i + 1 < text.len ? 2 : 1;
	return i;
}

static size_t bare_len(struct text text)
{
	size_t i = 0;

	while (i < text.len && !is_between(text.at[i]))
		i++;
	return i;
}

static void skip(struct text *text, size_t len)
{
	*text = (struct text){ text->at + len, text->len - len };
}

/* The next word, or "key=value"; value is empty where there is none. False: the line is at its end. */
static bool word_take(struct text *line, struct text *key, struct text *value)
{
	size_t len = 0;

	while (line->len && is_between(line->at[0]))
		skip(line, 1);
	while (len < line->len && !is_between(line->at[len]) && line->at[len] != '=')
		len++;
	*key = (struct text){ line->at, len };
	skip(line, len);
	*value = (struct text){ line->at, 0 };
	if (!line->len || line->at[0] != '=')
		return len;
	skip(line, 1);
	if (line->len && line->at[0] == '"') {
		skip(line, 1);
		*value = (struct text){ line->at, quoted_len(*line) };
		skip(line, value->len < line->len ? value->len + 1 : value->len);
	} else {
		*value = (struct text){ line->at, bare_len(*line) };
		skip(line, value->len);
	}
	return true;
}

static void value_keep(struct mikrotik_item *item, struct text key, struct text value)
{
	static const struct {
		const char *key;
		size_t off;
	} keys[] = {
		{ "name", offsetof(struct mikrotik_item, name) },
		{ "regexp", offsetof(struct mikrotik_item, regexp) },
		{ "address", offsetof(struct mikrotik_item, address) },
		{ "type", offsetof(struct mikrotik_item, type) },
		{ "list", offsetof(struct mikrotik_item, list) },
		{ "disabled", offsetof(struct mikrotik_item, disabled) },
		{ "match-subdomain", offsetof(struct mikrotik_item, subdomains) },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (is_word(key, keys[i].key))
			memcpy((char *)item + keys[i].off, &value, sizeof(value));
}

bool mikrotik_item(struct text line, struct mikrotik_item *item)
{
	const struct text none = { line.at, 0 };
	struct text key, value;
	bool adds = false;

	*item = (struct mikrotik_item){ none, none, none, none, none, none, none };
	while (word_take(&line, &key, &value)) {
		/* ":do { add ... } on-error={}" */
		if (is_word(key, "}"))
			break;
		if (adds)
			value_keep(item, key, value);
		else
			adds = is_word(key, "add") && !value.len;
	}
	return adds;
}

bool mikrotik_looks(struct text line)
{
	struct mikrotik_item item;

	if (begins(line, "/ip dns static") || begins(line, "/ip firewall address-list") ||
	    begins(line, "/ipv6 firewall address-list"))
		return true;
	return mikrotik_item(line, &item) && (item.name.len || item.regexp.len || item.address.len);
}

static void address_take(struct list_reader *reader, struct text address)
{
	const char *dash = address.len ? memchr(address.at, '-', address.len) : NULL;
	struct text from = address, to = address;

	if (!dash) {
		reader_prefix(reader, address);
		return;
	}
	from.len = (size_t)(dash - address.at);
	skip(&to, from.len + 1);
	reader_range(reader, from, to);
}

void read_mikrotik(struct list_reader *reader)
{
	struct mikrotik_item item;
	struct text line, next;

	while (!reader->err && reader_line(reader, &line)) {
		while (mikrotik_goes_on(line) && reader_line(reader, &next))
			line.len = (size_t)(next.at - line.at) + next.len;
		if (!line.len || line.at[0] == '#' || !mikrotik_item(line, &item))
			continue;
		/* An address in the DNS is what a name leads to. */
		if (is_word(item.disabled, "yes") || item.name.len || item.regexp.len ||
		    text_is_name(item.address))
			reader->set.skipped_cnt++;
		else
			address_take(reader, item.address);
	}
}
