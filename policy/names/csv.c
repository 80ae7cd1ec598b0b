// SPDX-License-Identifier: Apache-2.0
/*
 * Separated columns of which one holds names or URLs. Pure. Called by parse.c through formats.def.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "names/read.h"

/* Titles of that column, in the order in which they are preferred. */
static const char *const titles[] = {
	"url",	"urls", "domain", "domains", "domain name", "domain_name", "hostname",
	"host", "fqdn", "name",	  "ioc",     "ioc_value",   "indicator",   "value",
};

static const char separators[] = ",;\t|";

static char separator_of(struct text line)
{
	for (size_t i = 0; separators[i]; i++)
		if (memchr(line.at, separators[i], line.len))
			return separators[i];
	return ',';
}

static int column_titled(const struct text *columns, size_t cnt)
{
	for (size_t t = 0; t < sizeof(titles) / sizeof(titles[0]); t++)
		for (size_t i = 0; i < cnt; i++)
			if (columns[i].len == strlen(titles[t]) &&
			    !strncasecmp(columns[i].at, titles[t], columns[i].len))
				return (int)i;
	return -1;
}

static bool is_url(struct text column)
{
	return memmem(column.at, column.len, "://", 3);
}

/* A name with a dot in it, and no text of words. */
static bool is_name(struct text column)
{
	return text_is_name(column) && memchr(column.at, '.', column.len) &&
	       !memchr(column.at, ' ', column.len) && !memchr(column.at, '/', column.len);
}

/* What rules of proxies say of the name in their second column (Surge, Clash, Quantumult). */
static const struct proxy_rule {
	const char *word;
	enum name_kind kind; /* 0: it is no name */
} proxy_rules[] = {
	{ "DOMAIN", NAME_SELF }, { "DOMAIN-SUFFIX", NAME_SUFFIX },
	{ "HOST", NAME_SELF },	 { "HOST-SUFFIX", NAME_SUFFIX },
	{ "DOMAIN-KEYWORD", 0 }, { "DOMAIN-WILDCARD", 0 },
	{ "DOMAIN-REGEX", 0 },	 { "HOST-KEYWORD", 0 },
	{ "HOST-WILDCARD", 0 },	 { "URL-REGEX", 0 },
	{ "USER-AGENT", 0 },	 { "PROCESS-NAME", 0 },
};

/* The rule that a line is; NULL: it is a line of another table, or its titles. */
static const struct proxy_rule *proxy_rule_of(struct text line, struct text columns[TEXT_COLUMNS_MAX])
{
	size_t cnt = text_columns(line, ',', columns);

	/* Of Clash's files, which are YAML. */
	if (cnt && text_starts(columns[0], "- "))
		columns[0] = text_trim(text_from(columns[0], 2));
	for (size_t i = 0; cnt > 1 && i < sizeof(proxy_rules) / sizeof(proxy_rules[0]); i++)
		if (columns[0].len == strlen(proxy_rules[i].word) &&
		    !strncasecmp(columns[0].at, proxy_rules[i].word, columns[0].len))
			/* "domain,seen" is titles. */
			return proxy_rules[i].kind == NAME_SELF && !is_name(columns[1])
				       ? NULL
				       : &proxy_rules[i];
	return NULL;
}

static bool proxy_rule_take(struct name_reader *reader, struct text line)
{
	struct text columns[TEXT_COLUMNS_MAX];
	const struct proxy_rule *rule = proxy_rule_of(line, columns);
	const struct name_as as = { .kind = rule ? rule->kind : NAME_SELF };

	if (!rule)
		return false;
	if (rule->kind)
		name_take(reader, columns[1], &as);
	else
		name_skip(reader, NAME_SKIP_pattern, line);
	return true;
}

static int column_filled(const struct text *columns, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (is_url(columns[i]))
			return (int)i;
	for (size_t i = 0; i < cnt; i++)
		if (is_name(columns[i]))
			return (int)i;
	return -1;
}

/* The line of titles, which may be a comment. */
static int titles_find(struct text line, char separator)
{
	struct text columns[TEXT_COLUMNS_MAX] = {};

	if (line.len && line.at[0] == '#')
		line = text_from(line, 1);
	return column_titled(columns, text_columns(line, separator, columns));
}

/* "a.example, b.example, c.example": no table but names in a row. Of two the second may be another thing. */
static bool is_row_of_names(const struct text *columns, size_t cnt)
{
	size_t names = 0;

	while (names < cnt && is_name(columns[names]))
		names++;
	return cnt > 2 && names == cnt;
}

static void row_take(struct name_reader *reader, struct text line, struct text column)
{
	if (!column.len)
		name_skip(reader, NAME_SKIP_syntax, line);
	else
		domains_line(reader, column);
}

void name_read_csv(struct name_reader *reader)
{
	struct text columns[TEXT_COLUMNS_MAX], line;
	char separator = 0;
	int column = -1;
	bool titled = false;
	size_t cnt;

	while (name_line(reader, &line)) {
		bool comment = line.len && (line.at[0] == '#' || line.at[0] == '!');

		if (!line.len || proxy_rule_take(reader, line))
			continue;
		if (column < 0)
			column = titles_find(line, separator_of(line));
		if (column >= 0 && !separator) {
			separator = separator_of(line);
			titled = true;
			name_skip(reader, NAME_SKIP_titles, line);
			continue;
		}
		if (comment)
			continue;
		if (!separator)
			separator = separator_of(line);
		cnt = text_columns(line, separator, columns);
		if (column < 0)
			column = column_filled(columns, cnt);
		if (column < 0)
			name_skip(reader, NAME_SKIP_titles, line);
		else if (!titled && is_row_of_names(columns, cnt))
			for (size_t i = 0; i < cnt; i++)
				domains_line(reader, columns[i]);
		else
			row_take(reader, line,
				 (size_t)column < cnt ? columns[column] : (struct text){});
	}
}

unsigned int name_looks_csv(struct text line)
{
	struct text columns[TEXT_COLUMNS_MAX];
	char separator = separator_of(line);
	size_t cnt;
	int filled;

	if (proxy_rule_of(line, columns))
		return 100;
	cnt = text_columns(line, separator, columns);
	if (cnt < 2 || strchr("|@{[(/", line.at[0]))
		return 0;
	/* A hosts file has tabs as well as blanks. */
	if (separator == '\t' && text_is_prefix(columns[0]))
		return 0;
	if (column_titled(columns, cnt) >= 0)
		return 1000;
	filled = column_filled(columns, cnt);
	/* Behind a tab stands a comment as well. */
	if (filled == 0 && !is_url(columns[0]))
		filled = separator == ',' || (separator == '\t' && columns[1].len &&
					      isalpha((unsigned char)columns[1].at[0]));
	return filled > 0 ? 4 : 0;
}
