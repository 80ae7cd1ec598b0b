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

/*
 * Options that leave the rule what it is for a name: all kinds of requests, or the page itself; or that take
 * back what it says elsewhere.
 */
static bool options_served(struct text options, bool *ret_back)
{
	static const char *const served[] = { "all", "doc", "document", "important", "", "badfilter" };

	*ret_back = false;

	while (options.len) {
		const char *comma = memchr(options.at, ',', options.len);
		struct text option = { options.at,
				       comma ? (size_t)(comma - options.at) : options.len };
		bool known = false;

		for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
			known |= text_is(option, served[i]);
		if (!known)
			return false;
		*ret_back |= text_is(option, "badfilter");
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
	    (!isalpha((unsigned char)options.at[0]) && options.at[0] != '~' && options.at[0] != '_'))
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

/* A URL from its host on, without wildcards inside. */
static void page_take(struct name_reader *reader, struct text page, struct text rule, bool allow)
{
	if (page.len && (page.at[page.len - 1] == '|' || page.at[page.len - 1] == '*' ||
			 page.at[page.len - 1] == '^'))
		page.len--;
	for (size_t i = 0; i < page.len; i++) {
		if (page.at[i] == '*' || page.at[i] == '^' || page.at[i] == '|') {
			name_skip(reader, NAME_SKIP_pattern, rule);
			return;
		}
	}
	name_take_url(reader, page, allow);
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
static void exact(struct name_reader *reader, struct text text, struct text rule, bool allow)
{
	const struct name_as as = { .kind = NAME_SELF, .allow = allow };
	struct text name = name_cut(&text);

	if (is_whole(text))
		name_take(reader, name, &as);
	else
		name_skip(reader, NAME_SKIP_pattern, rule);
}

/* What stands behind "||". back: names that it is of are taken back. */
static void anchored(struct name_reader *reader, struct text text, struct text rule, bool allow,
		     bool back)
{
	struct name_as as = { .kind = NAME_SUFFIX,
			      .how = back ? SEK_NAME_SPARE : SEK_NAME_AS_POLICY,
			      .allow = allow };
	struct text name;

	if (text_starts(text, "*.")) {
		as.kind = NAME_BELOW;
		text = text_from(text, 2);
	}
	name = name_cut(&text);
	reader->takes_back |= back;
	if (is_whole(text) && !(text_is(text, "*") && memchr(name.at, '.', name.len) == NULL))
		name_take(reader, name, &as);
	else if (!back && text.len && text.at[0] == '/' && as.kind == NAME_SUFFIX)
		page_take(reader, (struct text){ name.at, name.len + text.len }, rule, allow);
	else
		name_skip(reader, NAME_SKIP_pattern, rule);
}

/* A rule without options and without "@@". */
static void rule_take(struct name_reader *reader, struct text rule, bool allow)
{
	if (text_starts(rule, "||"))
		anchored(reader, text_from(rule, 2), rule, allow, false);
	else if (text_starts(rule, "|http://") || text_starts(rule, "|https://"))
		page_take(reader, text_from(rule, 1), rule, allow);
	else if (text_starts(rule, "|"))
		exact(reader, text_from(rule, 1), rule, allow);
	else if (reader->headed || allow || !(text_is_name(rule) || text_starts(rule, "http")))
		name_skip(reader, NAME_SKIP_pattern, rule);
	else
		domains_line(reader, rule);
}

/* Takes off what somebody wrote behind a rule: "||name^ ! why". */
static struct text remark_cut(struct text rule)
{
	const char *mark = memmem(rule.at, rule.len, " !", 2);

	if (mark)
		rule.len = mark - rule.at;
	while (rule.len && rule.at[rule.len - 1] == ' ')
		rule.len--;
	return rule;
}

void adblock_line(struct name_reader *reader, struct text line)
{
	struct text rule = remark_cut(line), options;
	bool allow = text_starts(line, "@@"), back;

	if (line.at[0] == '!' || line.at[0] == '[')
		return;
	if (is_cosmetic(line)) {
		name_skip(reader, NAME_SKIP_cosmetic, line);
		return;
	}
	if (line.at[0] == '#')
		return;
	rule = text_from(rule, allow ? 2 : 0);
	if (rule.len > 2 && rule.at[0] == '/' && rule.at[rule.len - 1] == '/') {
		name_take_regex(reader, (struct text){ rule.at + 1, rule.len - 2 }, allow);
		return;
	}
	options = options_cut(&rule);
	if (!options_served(options, &back) || (back && !text_starts(rule, "||")))
		name_skip(reader, NAME_SKIP_options, line);
	else if (back)
		anchored(reader, text_from(rule, 2), rule, allow, true);
	else
		rule_take(reader, rule, allow);
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
