/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hours of a week as people write them, to the quarter of an hour: "Mon-Fri 08:30-17:15". Pure.
 */
#ifndef POLICY_TEXT_WEEK_H
#define POLICY_TEXT_WEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/name.h"

/* Which quarters of an hour: bit q % 8 of byte q / 8, from Monday 0:00 local time. */
struct week {
	uint8_t quarters[SEK_NAME_QUARTERS / 8];
};

/* Always; bits beyond the week's there are none. */
void week_fill(struct week *week);
bool week_is_full(const struct week *week);
bool week_has(const struct week *week, unsigned int quarter);

/*
 * Adds what a text says to week: days (Mon-Fri, Sat,Sun, 月-金; none or "daily": each) and hours
 * (08:30-17:15,18:00-24:00; none: the whole day). Hours that end before they begin go on into the next
 * day. Returns NULL, or what is wrong (week is then as it was).
 */
const char *week_parse(const char *text, struct week *week);

#define WEEK_TEXT_MAX 4608
/* Text that week_parse() reads to the same, parts divided by "; " ("" for none). Returns to. */
char *week_print(const struct week *week, char *to);

/* The quarter of a moment: day 0 is Monday. */
unsigned int week_quarter(unsigned int day, unsigned int hour, unsigned int minute);
#define WEEK_DAYS 7
/* "Mon" … */
const char *week_day_name(unsigned int day);

#endif
