// SPDX-License-Identifier: Apache-2.0
/*
 * Rules for browsers (Adblock Plus, uBlock Origin, AdGuard) as far as they are about names: ||name^ and
 * @@||name^, /expressions/, and URLs from their beginning. What needs a browser is left out: a rule with
 * $third-party, say, blocks less than its name, and no list of names can say so. Pure.
 * Called by parse.c through formats.def, and for lines that stray into other lists.
 */
#include <ctype.h>
#include <string.h>

#include "names/read.h"

static bool is_cosmetic(struct text line)
{
	static const char *const marks[] = { "##",   "#@#", "#?#",  "#@?#", "#$#",
					     "#@$#", "#%#", "#@%#", "$$",   "$@$" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = memmem(line.at, line.len, marks[i], strlen(marks[i]));

		/* Behind a blank it is a comment of a hosts file. */
		if (at && (at == line.at || at[-1] != ' '))
			return true;
	}
	return false;
}

/* A rule but for its options. */
struct rule {
	struct text text; /* without "@@" */
	bool allow, important;
	bool back; /* it takes another back */
};

/* AdGuard's way of blocking with an answer of its own: which one is given is the policy's affair. */
static bool rewrites_to_nothing(const struct rule *rule, struct text option)
{
	static const char *const answers[] = { "NXDOMAIN",  "NXDOMAIN;;",	 "REFUSED",
					       "REFUSED;;", "0.0.0.0",		 "::",
					       "NOERROR;;", "NOERROR;A;0.0.0.0", "NOERROR;AAAA;::" };
	static const char key[] = "dnsrewrite=";

	if (rule->allow || !text_starts(option, key))
		return false;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (text_is(text_from(option, sizeof(key) - 1), answers[i]))
			return true;
	return false;
}

/* Options that leave a rule what it is for a name: all kinds of requests, or the page itself. */
static bool option_take(struct rule *rule, struct text option)
{
	static const char *const served[] = { "all", "doc", "document", "important", "badfilter", "" };
	bool known = rewrites_to_nothing(rule, option);

	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		known |= text_is(option, served[i]);
	rule->important |= text_is(option, "important");
	rule->back |= text_is(option, "badfilter");
	return known;
}

static bool options_take(struct rule *rule, struct text options)
{
	while (options.len) {
		const char *comma = memchr(options.at, ',', options.len);
		struct text option = { options.at,
				       comma ? (size_t)(comma - options.at) : options.len };

		if (!option_take(rule, option))
			return false;
		options = text_from(options, option.len + (comma ? 1 : 0));
	}
	return true;
}

/* Takes "$options" off the rule. */
static struct text options_cut(struct text *rule)
{
	const char *dollar = memrchr(rule->at, '$', rule->len);
	struct text options = {};

	if (!dollar || dollar == rule->at)
		return options;
	options = text_from(*rule, dollar + 1 - rule->at);
	/* A '$' of a path or an expression is followed by other things than options are made of. */
	if (!options.len ||
	    (!isalpha((unsigned char)options.at[0]) && options.at[0] != '~' &&
	     options.at[0] != '_' && !text_starts(options, "1p") && !text_starts(options, "3p")))
		return (struct text){};
	rule->len = dollar - rule->at;
	return options;
}

/* What may stand behind ||name without meaning less than all of its pages. */
static bool is_whole(struct text tail)
{
	static const char *const tails[] = { "", "^", "^|", "^*", "|", "/", "/*", "/^", "*", "^/" };

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		if (text_is(tail, tails[i]))
			return true;
	return false;
}

static struct name_as rule_as(const struct rule *rule, enum name_kind kind)
{
	return (struct name_as){ .kind = kind,
				 .how = rule->back ? SEK_NAME_SPARE : SEK_NAME_AS_POLICY,
				 .allow = rule->allow,
				 .important = rule->important };
}

/* A URL from its host on, without wildcards inside. */
static void page_take(struct name_reader *reader, struct text page, const struct rule *rule)
{
	struct name_as as = rule_as(rule, NAME_URL_EXACT);

	if (page.len && (page.at[page.len - 1] == '|' || page.at[page.len - 1] == '*' ||
			 page.at[page.len - 1] == '^'))
		page.len--;
	for (size_t i = 0; i < page.len; i++) {
		if (page.at[i] == '*' || page.at[i] == '^' || page.at[i] == '|') {
			name_skip(reader, NAME_SKIP_pattern, rule->text);
			return;
		}
	}
	name_take_url(reader, page, &as);
}

/* The name that a rule begins with; the rest is what is left of it. */
static struct text name_cut(struct text *rest)
{
	struct text name = { rest->at, 0 };

	while (name.len < rest->len && !memchr("^/|*:?", name.at[name.len], 6))
		name.len++;
	*rest = text_from(*rest, name.len);
	return name;
}

/* What stands behind "|": that name, and none below it. */
static void exact(struct name_reader *reader, const struct rule *rule)
{
	const struct name_as as = rule_as(rule, NAME_SELF);
	struct text text = text_from(rule->text, 1), name = name_cut(&text);

	if (is_whole(text))
		name_take(reader, name, &as);
	else
		name_skip(reader, NAME_SKIP_pattern, rule->text);
}

/* What stands behind "||". */
static void anchored(struct name_reader *reader, const struct rule *rule)
{
	struct text text = text_from(rule->text, 2), name;
	bool below = text_starts(text, "*.");
	struct name_as as = rule_as(rule, below ? NAME_BELOW : NAME_SUFFIX);

	text = text_from(text, below ? 2 : 0);
	name = name_cut(&text);
	reader->takes_back |= rule->back;
	if (is_whole(text) && !(text_is(text, "*") && memchr(name.at, '.', name.len) == NULL))
		name_take(reader, name, &as);
	else if (!rule->back && text.len && text.at[0] == '/' && !below)
		page_take(reader, (struct text){ name.at, name.len + text.len }, rule);
	else
		name_skip(reader, NAME_SKIP_pattern, rule->text);
}

/* "/an expression/" */
static bool is_expression(struct text text)
{
	return text.len > 2 && text.at[0] == '/' && text.at[text.len - 1] == '/';
}

static void rule_take(struct name_reader *reader, const struct rule *rule)
{
	struct text text = rule->text, url = text_from(text, text_starts(text, "|") ? 1 : 0);

	if (is_expression(text))
		name_take_regex(reader, (struct text){ text.at + 1, text.len - 2 }, rule->allow);
	else if (text_starts(text, "||"))
		anchored(reader, rule);
	else if (text_starts(text, "|http://") || text_starts(text, "|https://"))
		page_take(reader, url, rule);
	else if (text_starts(text, "|"))
		exact(reader, rule);
	else if (reader->headed || rule->allow || !(text_is_name(text) || text_starts(text, "http")))
		name_skip(reader, NAME_SKIP_pattern, text);
	else
		domains_line(reader, text);
}

/* Takes off what somebody wrote behind a rule: "||name^ ! why", "||name^ # why". */
static struct text remark_cut(struct text rule)
{
	for (size_t i = 1; i < rule.len; i++) {
		if ((rule.at[i] == '!' || rule.at[i] == '#') &&
		    (rule.at[i - 1] == ' ' || rule.at[i - 1] == '\t')) {
			rule.len = i;
			break;
		}
	}
	while (rule.len && (rule.at[rule.len - 1] == ' ' || rule.at[rule.len - 1] == '\t'))
		rule.len--;
	return rule;
}

void adblock_line(struct name_reader *reader, struct text line)
{
	struct rule rule = { .allow = text_starts(line, "@@") };
	struct text options = {};

	if (line.at[0] == '!' || line.at[0] == '[')
		return;
	if (is_cosmetic(line)) {
		name_skip(reader, NAME_SKIP_cosmetic, line);
		return;
	}
	if (line.at[0] == '#')
		return;
	rule.text = text_from(remark_cut(line), rule.allow ? 2 : 0);
	if (!is_expression(rule.text))
		options = options_cut(&rule.text);
	if (!options_take(&rule, options) || (rule.back && !text_starts(rule.text, "||")))
		name_skip(reader, NAME_SKIP_options, line);
	else
		rule_take(reader, &rule);
}

void name_read_adblock(struct name_reader *reader)
{
	static const struct name_as suffix = { .kind = NAME_SUFFIX };
	struct text line, rest;

	for (;;) {
		while (name_line_bare(reader, "||", "^", &suffix))
			;
		if (!name_line(reader, &line))
			break;
		rest = line;
		if (line.len && text_is_prefix(text_word(&rest)) && rest.len)
			hosts_line(reader, line);
		else if (line.len)
			adblock_line(reader, line);
	}
}

unsigned int name_looks_adblock(struct text line)
{
	if (text_starts(line, "[Adblock") || text_starts(line, "[AdBlock") ||
	    text_starts(line, "[uBlock"))
		return 1000;
	return text_starts(line, "||") || text_starts(line, "@@") || is_cosmetic(line) ? 5 : 0;
}
