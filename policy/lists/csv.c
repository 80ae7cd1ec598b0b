// SPDX-License-Identifier: Apache-2.0
/*
 * Separated columns (RFC 4180 without line ends inside quotes). Pure.
 * Called by read.c through formats.def.
 */
#include <string.h>
#include <strings.h>

#include "lists/read.h"

/* Titles that a column of addresses has, in the order in which they are preferred. */
static const char *const titles[] = {
	"cidr",	      "prefix",	   "network",	 "ip_range",  "iprange", "subnet", "ip",
	"ip_address", "ipaddress", "ip address", "address",   "addr",	 "dst_ip", "src_ip",
	"dest_ip",    "source_ip", "ioc_value",	 "indicator", "host",
};

static char separator_of(struct text line)
{
	static const char separators[] = ",;\t|";

	for (size_t i = 0; separators[i]; i++)
		if (memchr(line.at, separators[i], line.len))
			return separators[i];
	return ',';
}

size_t text_columns(struct text line, char separator, struct text columns[TEXT_COLUMNS_MAX])
{
	size_t cnt = 0, from = 0;
	bool quoted = false;

	for (size_t i = 0; i <= line.len && cnt < TEXT_COLUMNS_MAX; i++) {
		if (i < line.len && line.at[i] == '"')
			quoted = !quoted;
		if (i < line.len && (quoted || line.at[i] != separator))
			continue;
		columns[cnt++] = text_trim((struct text){ line.at + from, i - from });
		from = i + 1;
	}
	return cnt;
}

/* The column whose title is of addresses; -1: this is no line of titles. */
static int column_titled(const struct text *columns, size_t cnt)
{
	for (size_t t = 0; t < sizeof(titles) / sizeof(titles[0]); t++)
		for (size_t i = 0; i < cnt; i++)
			if (columns[i].len == strlen(titles[t]) &&
			    !strncasecmp(columns[i].at, titles[t], columns[i].len))
				return (int)i;
	return -1;
}

static int column_filled(const struct text *columns, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (text_is_prefix(columns[i]))
			return (int)i;
	return -1;
}

void read_csv(struct list_reader *reader)
{
	struct text columns[TEXT_COLUMNS_MAX], line;
	char separator = 0;
	int column = -1;
	size_t cnt;

	while (!reader->err && reader_line(reader, &line)) {
		bool first = !separator;

		if (!line.len || line.at[0] == '#' || line.at[0] == '!')
			continue;
		if (first)
			separator = separator_of(line);
		cnt = text_columns(line, separator, columns);
		if (first) {
			column = column_titled(columns, cnt);
			if (column >= 0)
				continue;
		}
		if (column < 0)
			column = column_filled(columns, cnt);
		if (column < 0) {
			reader->set.skipped_cnt += !first; /* the first may be titles */
			continue;
		}
		if ((size_t)column >= cnt)
			reader_bad(reader, line, "too few columns");
		else if (text_is_name(columns[column]))
			reader->set.skipped_cnt++;
		else
			reader_prefix(reader, columns[column]);
	}
}
