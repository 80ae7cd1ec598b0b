// SPDX-License-Identifier: Apache-2.0
/*
 * Hours of a week as text. Pure; called by model/, compile/ and the commands.
 */
#include "text/week.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_QUARTERS (SEK_NAME_QUARTERS / WEEK_DAYS)
#define DAYS_ALL ((1U << WEEK_DAYS) - 1)

static const char *const names[][2] = {
	{ "Mon", "月" }, { "Tue", "火" }, { "Wed", "水" }, { "Thu", "木" },
	{ "Fri", "金" }, { "Sat", "土" }, { "Sun", "日" },
};

static void set(struct week *week, unsigned int quarter)
{
	week->quarters[quarter / 8] |= (uint8_t)(1U << quarter % 8);
}

void week_fill(struct week *week)
{
	memset(week->quarters, 0xff, sizeof(week->quarters));
}

bool week_is_full(const struct week *week)
{
	for (size_t i = 0; i < sizeof(week->quarters); i++)
		if (week->quarters[i] != 0xff)
			return false;
	return true;
}

bool week_has(const struct week *week, unsigned int quarter)
{
	return quarter < SEK_NAME_QUARTERS && week->quarters[quarter / 8] >> quarter % 8 & 1;
}

unsigned int week_quarter(unsigned int day, unsigned int hour, unsigned int minute)
{
	return day * DAY_QUARTERS + hour * 4 + minute / 15;
}

const char *week_day_name(unsigned int day)
{
	return names[day % WEEK_DAYS][0];
}

/* A day; *text moves behind. -1: none. */
static int day_take(const char **text)
{
	for (unsigned int day = 0; day < WEEK_DAYS; day++) {
		for (int form = 0; form < 2; form++) {
			size_t len = strlen(names[day][form]);

			if (strncasecmp(*text, names[day][form], len) != 0)
				continue;
			*text += len;
			return (int)day;
		}
	}
	return -1;
}

static const char *days_parse(const char **text, unsigned int *ret_days)
{
	unsigned int days = 0;
	int from, to;

	if (!strncmp(*text, "daily", 5)) {
		*text += 5;
		*ret_days = DAYS_ALL;
		return NULL;
	}
	do {
		from = to = day_take(text);
		if (from >= 0 && **text == '-') {
			++*text;
			to = day_take(text);
		}
		if (from < 0 || to < 0)
			return "days are Mon, Tue, Wed, Thu, Fri, Sat, Sun, as in Mon-Fri or Sat,Sun";
		for (int day = from;; day = (day + 1) % WEEK_DAYS) {
			days |= 1U << day;
			if (day == to)
				break;
		}
	} while (**text == ',' && (*text)++);
	*ret_days = days;
	return NULL;
}

static int two_digits(const char *text)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	return (text[0] - '0') * 10 + text[1] - '0';
}

/* "08:30" as quarters since midnight; *text moves behind. */
static const char *moment_parse(const char **text, unsigned int *ret_quarter)
{
	int hour = two_digits(*text);
	int minute = hour >= 0 && (*text)[2] == ':' ? two_digits(*text + 3) : -1;

	if (minute < 0)
		return "hours are two digits each, as in 08:30-17:15";
	if (hour > 24 || minute > 59 || (hour == 24 && minute))
		return "a day has 00:00 to 24:00";
	if (minute % 15)
		return "hours go by quarters: minutes are 00, 15, 30 or 45";
	*text += 5;
	*ret_quarter = (unsigned int)(hour * 4 + minute / 15);
	return NULL;
}

static void hours_set(struct week *week, unsigned int days, unsigned int from, unsigned int to)
{
	unsigned int cnt = to > from ? to - from : to + DAY_QUARTERS - from;

	for (unsigned int day = 0; day < WEEK_DAYS; day++)
		for (unsigned int q = 0; days >> day & 1 && q < cnt; q++)
			set(week, (day * DAY_QUARTERS + from + q) % SEK_NAME_QUARTERS);
}

static const char *hours_parse(const char **text, unsigned int days, struct week *week)
{
	unsigned int from, to;
	const char *wrong;

	do {
		wrong = moment_parse(text, &from);
		if (wrong)
			return wrong;
		if (**text != '-')
			return "hours begin and end, as in 08:30-17:15";
		++*text;
		wrong = moment_parse(text, &to);
		if (wrong)
			return wrong;
		if (from == to || from == DAY_QUARTERS)
			return "hours that begin where they end; leave them out for the whole day";
		hours_set(week, days, from, to);
	} while (**text == ',' && (*text)++);
	return NULL;
}

static const char *skip_blanks(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

/* One part: days, hours or both; *text moves behind. */
static const char *part_parse(const char **text, struct week *week)
{
	unsigned int days = DAYS_ALL;
	const char *wrong = NULL;

	*text = skip_blanks(*text);
	if (**text < '0' || **text > '9')
		wrong = days_parse(text, &days);
	*text = skip_blanks(*text);
	if (wrong)
		return wrong;
	if (**text && **text != ';')
		wrong = hours_parse(text, days, week);
	else
		hours_set(week, days, 0, DAY_QUARTERS);
	*text = skip_blanks(*text);
	return wrong;
}

const char *week_parse(const char *text, struct week *week)
{
	struct week parsed = *week;
	const char *wrong;

	do {
		wrong = part_parse(&text, &parsed);
		if (wrong)
			return wrong;
	} while (*text == ';' && text++);
	if (*text)
		return "days, a blank, hours, as in Mon-Fri 08:30-17:15";
	*week = parsed;
	return NULL;
}

static bool days_alike(const struct week *week, unsigned int a, unsigned int b)
{
	return !memcmp(week->quarters + a * DAY_QUARTERS / 8, week->quarters + b * DAY_QUARTERS / 8,
		       DAY_QUARTERS / 8);
}

/* Text grows at its end; there is always room (WEEK_TEXT_MAX). */
__attribute__((format(printf, 3, 4))) static void more(char *to, size_t *used, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*used += (size_t)vsnprintf(to + *used, WEEK_TEXT_MAX - *used, fmt, args);
	va_end(args);
}

static void hours_print(const struct week *week, unsigned int day, char *to, size_t *used)
{
	unsigned int from = 0, end, base = day * DAY_QUARTERS;
	const char *before = " ";

	while (from < DAY_QUARTERS) {
		if (!week_has(week, base + from)) {
			from++;
			continue;
		}
		for (end = from; end < DAY_QUARTERS && week_has(week, base + end);)
			end++;
		if (end - from < DAY_QUARTERS)
			more(to, used, "%s%02u:%02u-%02u:%02u", before, from / 4, from % 4 * 15,
			     end / 4, end % 4 * 15);
		before = ",";
		from = end;
	}
}

/* The days from `first` on that are like it, as Mon-Wed,Fri. */
static void days_print(const struct week *week, unsigned int first, char *to, size_t *used)
{
	const char *before = "";

	for (unsigned int day = first; day < WEEK_DAYS; day++) {
		unsigned int last = day;

		if (!days_alike(week, first, day))
			continue;
		while (last + 1 < WEEK_DAYS && days_alike(week, first, last + 1))
			last++;
		more(to, used, "%s%s", before, week_day_name(day));
		if (last > day)
			more(to, used, "-%s", week_day_name(last));
		before = ",";
		day = last;
	}
}

char *week_print(const struct week *week, char *to)
{
	size_t used = 0;

	to[0] = 0;
	for (unsigned int day = 0; day < WEEK_DAYS; day++) {
		static const uint8_t none[DAY_QUARTERS / 8];
		bool shown = !memcmp(week->quarters + day * DAY_QUARTERS / 8, none, sizeof(none));

		for (unsigned int before = 0; before < day && !shown; before++)
			shown = days_alike(week, before, day);
		if (shown)
			continue;
		more(to, &used, "%s", used ? "; " : "");
		days_print(week, day, to, &used);
		hours_print(week, day, to, &used);
	}
	return to;
}
