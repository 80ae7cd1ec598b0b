// SPDX-License-Identifier: Apache-2.0
/*
 * Reads published lists of names: one bad line costs that line and is told. Called by policy/install, the
 * agent, the command line and the fuzzer. name_list_read() reads a file, everything else is pure.
 */
#include "names/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lists/parallel.h"
#include "names/letters.h"
#include "names/normalise.h"
#include "names/url.h"

static int array_grow(void **array, size_t *cap, size_t want, size_t unit)
{
	size_t grown = *cap ? *cap : 64;
	void *more;

	if (want <= *cap)
		return 0;
	while (grown < want)
		grown *= 2;
	more = realloc(*array, grown * unit);
	if (!more)
		return -ENOMEM;
	*array = more;
	*cap = grown;
	return 0;
}

/* Room for one more element; NULL: none, and the reading ends. */
#define ROOM(reader, array, cap, cnt)                                                              \
	((reader)->err || ((reader)->err = array_grow((void **)&(array), &(cap), (cnt) + 1,        \
						      sizeof(*(array))))                           \
		 ? NULL                                                                            \
		 : &(array)[cnt])

/* Room for len bytes of text. */
static char *text_room(struct name_reader *reader, size_t len)
{
	struct name_list *list = &reader->list;

	if (!reader->err && list->text_len + len > UINT32_MAX / 2)
		reader->err = -E2BIG;
	if (!reader->err)
		reader->err =
			array_grow((void **)&list->text, &reader->text_cap, list->text_len + len, 1);
	return reader->err ? NULL : list->text + list->text_len;
}

bool text_is(struct text text, const char *word)
{
	return text.len == strlen(word) && !memcmp(text.at, word, text.len);
}

bool text_starts(struct text text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && !memcmp(text.at, word, len);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/*
 * Bytes of a sign at the end of a text, or its beginning, that editors and web pages leave there unseen:
 * blanks that are none of ASCII's, and the mark of order. 0: there is none.
 */
static size_t unseen(struct text text, bool at_end)
{
	static const char *const signs[] = {
		"\xc2\xa0" /* U+00A0 */, "\xe3\x80\x80" /* U+3000 */, "\xe2\x80\x8b" /* U+200B */,
		"\xef\xbb\xbf" /* U+FEFF */
	};

	if (!text.len || !(text.at[at_end ? text.len - 1 : 0] & 0x80))
		return 0;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t len = strlen(signs[i]);

		if (text.len >= len && !memcmp(text.at + (at_end ? text.len - len : 0), signs[i], len))
			return len;
	}
	return 0;
}

static struct text strip(struct text text)
{
	size_t len;

	while (text.len && (len = is_blank(text.at[0]) ? 1 : unseen(text, false)))
		text = text_from(text, len);
	while (text.len && (len = is_blank(text.at[text.len - 1]) ? 1 : unseen(text, true)))
		text.len -= len;
	return text;
}

bool name_line(struct name_reader *reader, struct text *ret_line)
{
	struct text *rest = &reader->rest;
	const char *end;
	size_t len;

	if (!rest->len || reader->err)
		return false;
	end = memchr(rest->at, '\n', rest->len);
	len = end ? (size_t)(end - rest->at) : rest->len;
	*ret_line = strip((struct text){ rest->at, len });
	*rest = text_from(*rest, len + (end ? 1 : 0));
	reader->line++;
	return true;
}

/* Length of the line before its comment. */
static size_t comment_at(struct text line)
{
	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];

		if (i && !is_blank(line.at[i - 1]))
			continue;
		if (c == '#' || c == ';' || c == '!')
			return i;
		if (c == '/' && i + 1 < line.len && line.at[i + 1] == '/')
			return i;
	}
	return line.len;
}

bool name_line_entry(struct name_reader *reader, struct text *ret_line)
{
	struct text line;

	while (name_line(reader, &line)) {
		/* Of e2guardian's lists and those before it; a list without its hours holds at all hours. */
		if (text_starts(line, "#time:"))
			name_skip(reader, NAME_SKIP_hours, line);
		line.len = comment_at(line);
		line = strip(line);
		if (!line.len)
			continue;
		*ret_line = line;
		return true;
	}
	return false;
}

void name_skip(struct name_reader *reader, enum name_skip skip, struct text what)
{
	struct name_list *list = &reader->list;
	struct name_skipped *skipped = ROOM(reader, list->skips, reader->skip_cap, list->skip_cnt);

	if (!skipped)
		return;
	if (name_skip_class(skip) != NAME_SKIP_CLASS_design && reader->told_cnt < NAME_TOLD_MAX) {
		size_t len = what.len < NAME_TOLD_BYTES ? what.len : NAME_TOLD_BYTES;

		memcpy(reader->told[reader->told_cnt].what, what.at, len);
		reader->told[reader->told_cnt++].skip = list->skip_cnt;
	}
	*skipped = (struct name_skipped){ reader->line, skip };
	list->skip_cnt++;
}

/*
 * Zones say one thing of a name and the next moment the same of what is below it. Such a pair is one entry
 * from the beginning: of its second half the line is kept. entry's text stands at the end of the text.
 */
static bool entry_joins(struct name_list *list, const struct name_entry *entry)
{
	struct name_entry *last = list->cnt ? &list->entries[list->cnt - 1] : NULL;

	if (!last || last->host_len != entry->host_len || last->path_len != entry->path_len ||
	    last->allow != entry->allow || last->important != entry->important ||
	    last->how != entry->how || last->answer != entry->answer ||
	    (last->kind | entry->kind) == last->kind ||
	    memcmp(list->text + last->at, list->text + entry->at,
		   (size_t)entry->host_len + entry->path_len) != 0)
		return false;
	name_entry_join(last, entry);
	return true;
}

/* Takes what stands at the end of the text: host_len bytes of host, path_len of path. */
static void entry_take(struct name_reader *reader, size_t host_len, size_t path_len,
		       const struct name_as *as)
{
	struct name_list *list = &reader->list;
	const char *host = list->text + list->text_len;
	size_t had = reader->entry_cap;
	struct name_entry *room = ROOM(reader, list->entries, reader->entry_cap, list->cnt);
	struct name_entry entry = {
		.at = (uint32_t)list->text_len,
		.line = reader->line,
		.path_len = (uint16_t)path_len,
		.answer = as->answer,
		.host_len = (uint8_t)host_len,
		.kind = as->kind,
		.how = as->how,
		.allow = as->allow,
		.important = as->important,
	};
	bool blocks = !as->allow && !reader->options->allow;

	if (room && had != reader->entry_cap) {
		uint64_t *more = realloc(reader->hashes, reader->entry_cap * sizeof(*more));

		if (more)
			reader->hashes = more;
		else
			reader->err = -ENOMEM;
	}
	if (!room || reader->err)
		return;
	if (reader->options->allow) {
		entry.allow = false;
		entry.important = false;
	}
	if (reader->options->allow && as->how != SEK_NAME_SPARE) {
		entry.how = SEK_NAME_AS_POLICY;
		entry.answer = 0;
	}
	if (!path_len && blocks && as->how != SEK_NAME_SPARE && name_is_canary(host, host_len))
		entry.how = SEK_NAME_CANARY;
	if (entry_joins(list, &entry))
		return;
	reader->ranks |= entry.important;
	reader->hashes[list->cnt++] = name_hash(&reader->seed, host, host_len + path_len);
	*room = entry;
	list->text_len += host_len + path_len;
}

/* Takes a host whose bytes stand at the end of the text. */
static void host_take(struct name_reader *reader, size_t len, const struct name_as *as,
		      struct text what)
{
	const char *host = reader->list.text + reader->list.text_len;

	if (as->kind & NAME_BELOW && name_suffix_is_public(reader->suffixes, host, len))
		name_skip(reader, NAME_SKIP_suffix, what);
	else
		entry_take(reader, len, 0, as);
}

bool name_line_bare(struct name_reader *reader, const char *head, const char *tail,
		    const struct name_as *as)
{
	size_t head_len = strlen(head), tail_len = strlen(tail), len;
	struct text *rest = &reader->rest, line;
	const char *end;
	char *to;

	if (!text_starts(*rest, head))
		return false;
	line = text_from(*rest, head_len);
	end = memchr(line.at, '\n', line.len);
	if (!end || (size_t)(end - line.at) > SEK_NAME_BYTES + 2 + tail_len)
		return false;
	line.len = end - line.at;
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len < tail_len || memcmp(line.at + line.len - tail_len, tail, tail_len) != 0)
		return false;
	line.len -= tail_len;
	to = text_room(reader, SEK_NAME_BYTES);
	len = to ? name_copy(line.at, line.len, to) : 0;
	if (!len || name_ends_in_number(to, len) || name_is_local(to, len))
		return false;
	*rest = text_from(*rest, end + 1 - rest->at);
	reader->line++;
	host_take(reader, len, as, line);
	return true;
}

/* Why a text is no name or URL: what has a star in it was not to be one. */
static enum name_skip skip_of(int err, struct text text)
{
	if (text_is(text, "*") || text_is(text, "**"))
		return NAME_SKIP_everything;
	return memchr(text.at, '*', text.len) ? NAME_SKIP_pattern : -err - 1;
}

void name_take(struct name_reader *reader, struct text text, const struct name_as *as)
{
	char *to = text_room(reader, SEK_NAME_BYTES);
	size_t len = to ? name_copy(text.at, text.len, to) : 0;
	struct name name;
	int err;

	if (!to)
		return;
	if (!len || name_ends_in_number(to, len)) {
		err = name_normalise(text.at, text.len, &name);
		if (err) {
			name_skip(reader, skip_of(err, text), text);
			return;
		}
		memcpy(to, name.text, name.len);
		len = name.len;
	}
	host_take(reader, len, as, text);
}

/* Takes host and path, with an ending and with something before the host. */
static void page_take(struct name_reader *reader, const struct url *url, const char *front,
		      const char *ending, const struct name_as *as)
{
	size_t front_len = strlen(front), ending_len = strlen(ending);
	size_t host_len = front_len + url->host.len, path_len = url->target_len + ending_len;
	char *to;

	if (host_len > SEK_NAME_BYTES || path_len > SEK_NAME_PATH_BYTES)
		return;
	to = text_room(reader, host_len + path_len);
	if (!to)
		return;
	memcpy(to, front, front_len);
	memcpy(to + front_len, url->host.text, url->host.len);
	memcpy(to + host_len, url->target, url->target_len);
	memcpy(to + host_len + url->target_len, ending, ending_len);
	entry_take(reader, host_len, path_len, as);
}

/*
 * A page of a category: it, and what is below it; www. before its host is taken for the same, as the
 * programs do that such lists are made for.
 */
static void page_take_all(struct name_reader *reader, const struct url *url, struct name_as exact)
{
	struct name_as prefix = exact;
	bool www = !url->address && strncmp(url->host.text, "www.", 4) != 0;
	bool slash = url->target_len == url->path_len && url->target[url->path_len - 1] == '/';
	bool below = !slash && !url->scheme && url->target_len == url->path_len;

	exact.kind = NAME_URL_EXACT;
	prefix.kind = NAME_URL_PREFIX;
	for (int front = 0; front < (!url->scheme && www ? 2 : 1); front++) {
		const char *before = front ? "www." : "";

		page_take(reader, url, before, "", slash ? &prefix : &exact);
		if (below)
			page_take(reader, url, before, "/", &prefix);
	}
}

void name_take_url(struct name_reader *reader, struct text text, const struct name_as *taken)
{
	struct name_as as = taken ? *taken : (struct name_as){};
	struct url url;
	int err;

	/* All that begins so, as browsers and squid's users write it. */
	if (text.len > 2 && !memcmp(text.at + text.len - 2, "/*", 2))
		text.len--;
	err = url_normalise(text.at, text.len, &url);
	if (err) {
		name_skip(reader, skip_of(err, text), text);
		return;
	}
	if (url.target_len > SEK_NAME_PATH_BYTES) {
		name_skip(reader, NAME_SKIP_too_long, text);
		return;
	}
	reader->list.port_cnt += url.port != 0;
	if (url.target_len > 1 || url.port) {
		page_take_all(reader, &url, as);
		return;
	}
	/* All pages of a host are the host. */
	url.target_len = 0;
	as.kind = NAME_SELF;
	page_take(reader, &url, "", "", &as);
}

void name_take_regex(struct name_reader *reader, struct text text, bool allow)
{
	struct name_list *list = &reader->list;
	char *to = text_room(reader, text.len);
	struct name_regex *regex = ROOM(reader, list->regexes, reader->regex_cap, list->regex_cnt);

	if (!to || !regex)
		return;
	memcpy(to, text.at, text.len);
	*regex = (struct name_regex){ .at = (uint32_t)list->text_len,
				      .len = (uint32_t)text.len,
				      .line = reader->line,
				      .allow = allow || reader->options->allow };
	list->text_len += text.len;
	list->regex_cnt++;
}

uint16_t name_take_answer(struct name_reader *reader, const struct sek_name_answer *answer)
{
	struct name_list *list = &reader->list;
	struct sek_name_answer *to;

	/* Most lists with addresses of their own have one of them. */
	for (size_t n = list->answer_cnt; n && n + 8 > list->answer_cnt; n--)
		if (!memcmp(&list->answers[n - 1], answer, sizeof(*answer)))
			return (uint16_t)n;
	if (list->answer_cnt + 1 >= SEK_NAME_ANSWERS_MAX)
		return 0;
	to = ROOM(reader, list->answers, reader->answer_cap, list->answer_cnt);
	if (!to)
		return 0;
	*to = *answer;
	return (uint16_t)++list->answer_cnt;
}
