/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the forms of a log's lines have in common. Used by line.c and json.c.
 */
#ifndef POLICY_WEBLOG_LINEINSIDE_H
#define POLICY_WEBLOG_LINEINSIDE_H

#include "weblog/line.h"

/* What is left of a line. */
struct weblog_rest {
	const char *at, *end;
};

static inline bool weblog_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word; len 0: there is none. */
struct weblog_text weblog_word(struct weblog_rest *r);

bool weblog_text_is(struct weblog_text text, const char *what);
bool weblog_text_begins(struct weblog_text text, const char *with); /* in any case */

/* Digits, at most 12; returns how many. */
size_t weblog_digits(const char *text, size_t len, int64_t *ret_number);

/* "+0900" or "+09:00" in seconds; Z is 0. */
int64_t weblog_offset(const char *text, size_t len);

/* 10/Oct/2000:13:55:36 -0700 */
void weblog_clf_time(struct weblog_line *line, const char *text, size_t len);

void weblog_client_take(struct weblog_line *line, struct weblog_text text);

/* "host:443" of CONNECT, an absolute URL, or a target of a host that is told elsewhere. */
enum weblog_said weblog_request_take(struct weblog_line *line, struct weblog_text method,
				     struct weblog_text target, struct weblog_text host);

/* A record in JSON. */
enum weblog_said weblog_json(struct weblog_line *line, const struct weblog_rest *r);

#endif
