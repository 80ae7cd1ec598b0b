// SPDX-License-Identifier: Apache-2.0
/*
 * Response policy zones: zone files (RFC 1035, 5) whose owners are triggers and whose data are actions.
 * Names asked for are served, with the actions NXDOMAIN, NODATA, PASSTHRU, DROP, TCP-Only and addresses;
 * other triggers and data are told. The records of the apex are the zone's own and stop nothing. Pure.
 * Called by parse.c through formats.def.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "names/read.h"

#define WORDS_MAX 16
#define OWNER_MAX 1024 /* bytes as written */

struct owner {
	char text[OWNER_MAX];
	size_t len;
};

/* What the records of one owner say together: one may have both A and AAAA. */
struct answers {
	struct sek_name_answer own;
	bool nowhere, other;
	uint32_t line;
};

struct zone {
	struct name_reader *reader;
	struct owner apex, origin, owners[2];
	struct owner *owner, *next; /* of the record, and where the next one's goes: both in owners */
	struct text bare; /* owner of a record that was taken quickly, as written; len 0: it is in owner */
	bool apex_known;
	uint32_t ttl_s, line; /* line: where the record begins */
	bool indented; /* the record has its owner from the one before */
	struct text words[WORDS_MAX];
	size_t word_cnt;
	struct answers answers;
};

static struct text owner_text(const struct owner *owner)
{
	return (struct text){ owner->text, owner->len };
}

static void owner_add(struct owner *owner, struct text text)
{
	if (text.len > OWNER_MAX - owner->len)
		text.len = OWNER_MAX - owner->len; /* too long for a name as it is */
	memcpy(owner->text + owner->len, text.at, text.len);
	owner->len += text.len;
}

/* \DDD and \X as the bytes that they stand for; a dot that is no dot becomes no letter of a name. */
static void owner_add_escaped(struct owner *owner, struct text text)
{
	if (!memchr(text.at, '\\', text.len)) {
		owner_add(owner, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char *at = (const unsigned char *)text.at + i;
		char c = text.at[i];

		if (c == '\\' && i + 3 < text.len && isdigit(at[1]) && isdigit(at[2]) &&
		    isdigit(at[3])) {
			c = (char)((at[1] - '0') * 100 + (at[2] - '0') * 10 + at[3] - '0');
			i += 3;
			c = (char)(c == '.' ? '\\' : c);
		} else if (c == '\\' && i + 1 < text.len) {
			c = text.at[++i];
			c = (char)(c == '.' ? '\\' : c);
		}
		owner_add(owner, (struct text){ &c, 1 });
	}
}

static bool is_absolute(struct text word)
{
	return word.len && word.at[word.len - 1] == '.' &&
	       (word.len < 2 || word.at[word.len - 2] != '\\');
}

/* A name as written to the whole name, without its last dot. */
static void owner_resolve(const struct zone *zone, struct text word, struct owner *ret_owner)
{
	if (text_is(word, "@")) {
		*ret_owner = zone->origin;
		return;
	}
	ret_owner->len = 0;
	if (is_absolute(word)) {
		word.len--;
		owner_add_escaped(ret_owner, word);
	} else {
		owner_add_escaped(ret_owner, word);
		if (zone->origin.len) {
			owner_add(ret_owner, (struct text){ ".", 1 });
			owner_add(ret_owner, owner_text(&zone->origin));
		}
	}
}

static bool word_is(struct text word, const char *what)
{
	return word.len == strlen(what) && !strncasecmp(word.at, what, word.len);
}

/* Seconds, or 1w2d3h4m5s; false: no time. */
static bool ttl_read(struct text word, uint32_t *ret_s)
{
	uint64_t s = 0, part = 0;

	if (!word.len || !isdigit((unsigned char)word.at[0]))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		int c = tolower((unsigned char)word.at[i]);
		uint64_t unit = c == 'w'   ? 604800
				: c == 'd' ? 86400
				: c == 'h' ? 3600
				: c == 'm' ? 60
					   : 1;

		if (isdigit(c)) {
			part = part * 10 + (uint64_t)(c - '0');
		} else if (strchr("wdhms", c)) {
			s += part * unit;
			part = 0;
		} else {
			return false;
		}
		if (s + part > INT32_MAX)
			return false;
	}
	*ret_s = (uint32_t)(s + part);
	return true;
}

/* A word ends before it; a byte of 0 as well. */
static bool word_ends(char c)
{
	switch (c) {
	case 0:
	case ' ':
	case '\t':
	case '\r':
	case '\v':
	case '\f':
	case ';':
	case '(':
	case ')':
	case '"':
		return true;
	default:
		return false;
	}
}

/* One word off the line, a quoted one without its quotes. */
static struct text word_cut(struct text *line)
{
	struct text word = { line->at, 0 };

	if (line->at[0] == '"') {
		word.at++;
		while (word.len + 1 < line->len && word.at[word.len] != '"')
			word.len += word.at[word.len] == '\\' && word.len + 2 < line->len ? 2 : 1;
		*line = text_from(*line, word.len + 1 < line->len ? word.len + 2 : line->len);
		return word;
	}
	while (word.len < line->len && !word_ends(word.at[word.len]))
		word.len += word.at[word.len] == '\\' && word.len + 1 < line->len ? 2 : 1;
	/* A byte of 0 is part of no word, and ends none. */
	word.len += word.len < line->len && !word.at[word.len];
	*line = text_from(*line, word.len);
	return word;
}

/* The words of one line; how deep its parentheses leave the record. */
static int words_cut(struct zone *zone, struct text line, int depth)
{
	while (line.len && line.at[0] != ';') {
		char c = line.at[0];

		if (c == '(' || c == ')') {
			depth += c == '(' ? 1 : -1;
			line = text_from(line, 1);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
			line = text_from(line, 1);
		} else {
			struct text word = word_cut(&line);

			if (zone->word_cnt < WORDS_MAX)
				zone->words[zone->word_cnt++] = word;
		}
	}
	return depth > 0 ? depth : 0;
}

/* The next record or directive; false at the end. */
static bool record_read(struct zone *zone)
{
	struct name_reader *reader = zone->reader;
	struct text line;
	int depth = 0;

	zone->word_cnt = 0;
	do {
		char first = (char)(reader->rest.len ? reader->rest.at[0] : 0);

		if (!name_line(reader, &line))
			return zone->word_cnt;
		if (!zone->word_cnt) {
			zone->indented = first == ' ' || first == '\t';
			zone->line = reader->line;
		}
		depth = words_cut(zone, line, depth);
	} while (depth || !zone->word_cnt);
	return true;
}

/* What stands before the zone's own name; false: the owner is not in the zone. */
static bool trigger_of(const struct zone *zone, struct text *ret_trigger)
{
	struct text owner = owner_text(zone->owner), apex = owner_text(&zone->apex);

	if (!apex.len) {
		*ret_trigger = owner;
		return true;
	}
	if (owner.len < apex.len ||
	    strncasecmp(owner.at + owner.len - apex.len, apex.at, apex.len) != 0)
		return false;
	owner.len -= apex.len;
	if (owner.len && owner.at[owner.len - 1] != '.')
		return false;
	owner.len -= owner.len ? 1 : 0;
	*ret_trigger = owner;
	return true;
}

/* Triggers that are not names asked for; NAME_SKIP_CNT: it is one. */
static enum name_skip trigger_skip(struct text trigger)
{
	static const struct {
		const char *label;
		enum name_skip skip;
	} labels[] = {
		{ "rpz-client-ip", NAME_SKIP_client_ip },
		{ "rpz-ip", NAME_SKIP_ip },
		{ "rpz-nsip", NAME_SKIP_nsip },
		{ "rpz-nsdname", NAME_SKIP_nsdname },
	};
	const char *dot = memrchr(trigger.at, '.', trigger.len);
	struct text last = dot ? text_from(trigger, dot + 1 - trigger.at) : trigger;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (word_is(last, labels[i].label))
			return labels[i].skip;
	return NAME_SKIP_CNT;
}

static void trigger_take(struct zone *zone, struct text trigger, struct name_as as)
{
	as.kind = text_starts(trigger, "*.") ? NAME_BELOW : NAME_SELF;
	if (text_is(trigger, "*"))
		name_skip(zone->reader, NAME_SKIP_everything, trigger);
	else
		name_take(zone->reader, text_from(trigger, as.kind == NAME_BELOW ? 2 : 0), &as);
}

/* The owner is done: its addresses are one answer. */
static void answers_take(struct zone *zone)
{
	struct answers answers = zone->answers;
	struct name_as as = {};
	struct text trigger;
	uint32_t line = zone->reader->line;

	zone->answers = (struct answers){};
	if (!answers.line || !trigger_of(zone, &trigger))
		return;
	zone->reader->line = answers.line;
	if (answers.own.flags) {
		as.answer = name_take_answer(zone->reader, &answers.own);
		as.how = as.answer ? SEK_NAME_LOCAL : SEK_NAME_AS_POLICY;
	} else if (!answers.nowhere) {
		as.how = SEK_NAME_NODATA;
	}
	trigger_take(zone, trigger, as);
	zone->reader->line = line;
}

static void address_take(struct zone *zone, struct text trigger, struct text data)
{
	struct answers *answers = &zone->answers;
	struct prefix prefix;

	if (prefix_parse(data.at, data.len, &prefix, NULL) != PREFIX_OK || prefix.len != 128) {
		name_skip(zone->reader, NAME_SKIP_syntax, trigger);
		return;
	}
	if (!text_is_nowhere(data) && !zone->reader->options->own_answers) {
		name_skip(zone->reader, NAME_SKIP_elsewhere, trigger);
		return;
	}
	answers->line = answers->line ? answers->line : zone->line;
	answers->nowhere |= text_is_nowhere(data);
	if (!zone->reader->options->own_answers)
		return;
	answers->own.ttl_s = zone->ttl_s;
	if (address_is_v4(&prefix.addr) && !(answers->own.flags & SEK_NAME_HAS4)) {
		memcpy(&answers->own.ip4, prefix.addr.b + 12, sizeof(answers->own.ip4));
		answers->own.flags |= SEK_NAME_HAS4;
	} else if (!address_is_v4(&prefix.addr) && !(answers->own.flags & SEK_NAME_HAS6)) {
		answers->own.ip6 = prefix.addr;
		answers->own.flags |= SEK_NAME_HAS6;
	} else {
		name_skip(zone->reader, NAME_SKIP_record, trigger); /* one of each family is answered */
	}
}

static void action_take(struct zone *zone, struct text trigger, struct text target)
{
	static const struct {
		const char *target;
		enum sek_name_how how;
	} actions[] = {
		{ ".", SEK_NAME_NXDOMAIN },	     { "*.", SEK_NAME_NODATA },
		{ "rpz-drop.", SEK_NAME_SILENCE },   { "rpz-tcp-only.", SEK_NAME_TCP },
		{ "rpz-passthru.", SEK_NAME_SPARE },
	};
	struct owner other;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct name_as as = { .how = actions[i].how };

		if (!word_is(target, actions[i].target))
			continue;
		if (as.how == SEK_NAME_SPARE)
			as = (struct name_as){ .allow = true };
		trigger_take(zone, trigger, as);
		return;
	}
	/* Of old, a name that leads to itself was what rpz-passthru. is today. */
	owner_resolve(zone, target, &other);
	if (other.len == trigger.len && !strncasecmp(other.text, trigger.at, trigger.len))
		trigger_take(zone, trigger, (struct name_as){ .allow = true });
	else
		name_skip(zone->reader, NAME_SKIP_elsewhere, trigger);
}

/* Data that there is for all owners and that says nothing of names. */
static bool is_dnssec(struct text type)
{
	return word_is(type, "RRSIG") || word_is(type, "NSEC") || word_is(type, "NSEC3") ||
	       word_is(type, "DNSKEY") || word_is(type, "NSEC3PARAM") || word_is(type, "ZONEMD");
}

static void data_take(struct zone *zone, struct text type, struct text data)
{
	struct name_reader *reader = zone->reader;
	struct text trigger;
	enum name_skip skip;

	if (!trigger_of(zone, &trigger)) {
		name_skip(reader, NAME_SKIP_outside, owner_text(zone->owner));
		return;
	}
	skip = trigger_skip(trigger);
	if (!trigger.len || is_dnssec(type) || word_is(type, "SOA"))
		name_skip(reader, NAME_SKIP_zone, type);
	else if (skip != NAME_SKIP_CNT)
		name_skip(reader, skip, trigger);
	else if (word_is(type, "CNAME"))
		action_take(zone, trigger, data);
	else if (word_is(type, "A") || word_is(type, "AAAA"))
		address_take(zone, trigger, data);
	else if (word_is(type, "NS") || word_is(type, "DNAME"))
		name_skip(reader, NAME_SKIP_record, trigger);
	else {
		/* The name has data of some type, so it has none of those that are asked for most. */
		name_skip(reader, NAME_SKIP_record, trigger);
		zone->answers.line = zone->answers.line ? zone->answers.line : zone->line;
	}
}

static bool is_type(struct text word)
{
	static const char *const types[] = { "CNAME", "A",	"AAAA",	      "SOA",   "NS",
					     "TXT",   "MX",	"SRV",	      "PTR",   "DNAME",
					     "HTTPS", "SVCB",	"CAA",	      "HINFO", "DS",
					     "TLSA",  "NAPTR",	"SPF",	      "RRSIG", "NSEC",
					     "NSEC3", "DNSKEY", "NSEC3PARAM", "ZONEMD" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (word_is(word, types[i]))
			return true;
	return word.len > 4 && !strncasecmp(word.at, "TYPE", 4);
}

/* Names the zone when its SOA does, or the first $ORIGIN. */
static void apex_set(struct zone *zone, const struct owner *owner, bool soa)
{
	if (zone->apex_known && !soa)
		return;
	zone->apex = *owner;
	zone->apex_known = true;
}

static void directive_take(struct zone *zone)
{
	struct text word = zone->words[0],
		    value = zone->word_cnt > 1 ? zone->words[1] : (struct text){};
	struct owner origin;

	if (word_is(word, "$ORIGIN") && value.len) {
		owner_resolve(zone, value, &origin);
		zone->origin = origin;
		apex_set(zone, &origin, false);
	} else if (!word_is(word, "$TTL") || !ttl_read(value, &zone->ttl_s)) {
		name_skip(zone->reader, NAME_SKIP_directive, word);
	}
}

static void record_take(struct zone *zone)
{
	uint32_t ttl_s = zone->ttl_s;
	size_t n = zone->indented ? 0 : 1;

	if (!zone->indented) {
		struct owner *former = zone->owner;

		owner_resolve(zone, zone->words[0], zone->next);
		if (zone->next->len != former->len ||
		    memcmp(zone->next->text, former->text, former->len) != 0)
			answers_take(zone);
		zone->owner = zone->next;
		zone->next = former;
	}
	while (n < zone->word_cnt && !is_type(zone->words[n]) &&
	       (word_is(zone->words[n], "IN") || ttl_read(zone->words[n], &zone->ttl_s)))
		n++;
	if (n + 1 >= zone->word_cnt || !is_type(zone->words[n])) {
		name_skip(zone->reader, NAME_SKIP_syntax, zone->words[0]);
	} else {
		/* Where the SOA alone names the zone, the names behind it are below that. */
		if (word_is(zone->words[n], "SOA") && !zone->apex_known && !zone->indented &&
		    is_absolute(zone->words[0]))
			zone->origin = *zone->owner;
		if (word_is(zone->words[n], "SOA"))
			apex_set(zone, zone->owner, true);
		data_take(zone, zone->words[n], zone->words[n + 1]);
	}
	zone->ttl_s = ttl_s;
}

/* What owners are relative to is the zone, so that it is its trigger as it stands. */
static bool is_at_apex(const struct zone *zone)
{
	return zone->origin.len == zone->apex.len &&
	       !strncasecmp(zone->origin.text, zone->apex.text, zone->apex.len);
}

/* Whether an owner may be another trigger than a name that is asked for: see trigger_skip(). */
static bool is_trigger_label(struct text owner)
{
	const char *dot = memrchr(owner.at, '.', owner.len);
	struct text last = dot ? text_from(owner, dot + 1 - owner.at) : owner;

	return last.len >= 4 && !strncasecmp(last.at, "rpz-", 4);
}

/* Takes "name CNAME ." or "*.name CNAME .", of which nearly all of a large zone is made, quickly. */
static bool bare_take(struct zone *zone)
{
	static const struct name_as self = { .kind = NAME_SELF, .how = SEK_NAME_NXDOMAIN };
	static const struct name_as below = { .kind = NAME_BELOW, .how = SEK_NAME_NXDOMAIN };
	static const char tail[] = " CNAME .";
	struct text owner = zone->reader->rest;
	const char *end = memchr(owner.at, '\n', owner.len);
	bool star = text_starts(owner, "*.");

	if (end && end > owner.at && end[-1] == '\r')
		end--;
	if (!end || (size_t)(end - owner.at) < sizeof(tail))
		return false;
	owner.len = end - owner.at - (sizeof(tail) - 1);
	if (is_absolute(owner) || is_trigger_label(owner) ||
	    !name_line_bare(zone->reader, star ? "*." : "", tail, star ? &below : &self))
		return false;
	zone->bare = owner;
	return true;
}

/* Takes all such records that stand here. */
static void bare_take_all(struct zone *zone)
{
	if (zone->answers.line || !is_at_apex(zone))
		return;
	while (bare_take(zone))
		;
	if (zone->bare.len)
		owner_resolve(zone, zone->bare, zone->owner);
	zone->bare.len = 0;
}

void name_read_rpz(struct name_reader *reader)
{
	struct zone zone = { .reader = reader, .ttl_s = 60 };
	uint32_t line;

	zone.owner = &zone.owners[0];
	zone.next = &zone.owners[1];

	for (;;) {
		bare_take_all(&zone);
		if (!record_read(&zone))
			break;
		line = reader->line;
		reader->line = zone.line;
		if (zone.words[0].len && zone.words[0].at[0] == '$')
			directive_take(&zone);
		else
			record_take(&zone);
		reader->line = line;
	}
	answers_take(&zone);
}

unsigned int name_looks_rpz(struct text line)
{
	struct text word;
	bool first = true;

	if (text_starts(line, "$TTL") || text_starts(line, "$ORIGIN"))
		return 1000;
	for (word = text_word(&line); word.len; word = text_word(&line), first = false)
		if (!first &&
		    (word_is(word, "CNAME") || word_is(word, "SOA") || text_starts(word, "rpz-")))
			return 5;
	return 0;
}
