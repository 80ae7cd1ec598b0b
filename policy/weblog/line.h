/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a log of requests: squid's access.log, the common and combined forms of web servers, records
 * in JSON (Suricata's and our own), or a plain URL or name. Pure, for hostile input: a line that is none of
 * them is told as such, and what it names is checked by who normalises it.
 */
#ifndef POLICY_WEBLOG_LINE_H
#define POLICY_WEBLOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/base.h"

#define WEBLOG_LINE_MAX 65536
#define WEBLOG_TEXT_MAX 8192

enum weblog_said {
	WEBLOG_URL, /* it names something */
	WEBLOG_NOTHING, /* blank, a comment */
	WEBLOG_OTHER, /* a record that names nothing, or a request whose host is not told */
	WEBLOG_BAD, /* not a line of any form */
};

struct weblog_text {
	const char *text;
	size_t len;
};

struct weblog_line {
	struct weblog_text url; /* the whole; or, when it has no host of its own: */
	struct weblog_text host; /* len 0: in url */
	bool https; /* the name alone is seen on the wire */
	bool has_time, has_client;
	int64_t time; /* seconds since 1970 */
	struct sek_addr client;
	char room[WEBLOG_TEXT_MAX]; /* texts that had to be unescaped */
	size_t room_used;
};

enum weblog_said weblog_line(const char *text, size_t len, struct weblog_line *ret_line);

#endif
