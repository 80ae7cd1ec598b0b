/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a subscription is asked again, and what is remembered of it over restarts. Pure but for the two that
 * read and write the file.
 */
#ifndef AGENT_FETCH_PLAN_H
#define AGENT_FETCH_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define PLAN_TEXT_MAX 256
#define PLAN_URL_MAX 2049

/* Strings are single lines of printable text. */
struct plan {
	char url[PLAN_URL_MAX]; /* whose state this is; of another URL nothing of it holds */
	char etag[PLAN_TEXT_MAX], modified[PLAN_TEXT_MAX]; /* of the last answer, to ask by */
	char digest[65]; /* SHA-256 of what was published last, in force or held */
	int64_t tried; /* seconds since 1970; 0: never */
	int64_t good; /* the last answer that was of use, changed or not */
	int64_t changed; /* when it was last another one that came in force */
	uint32_t failures; /* since then, one after the other */
	char said[PLAN_TEXT_MAX]; /* why the last one failed; "" it did not */
	char held[PLAN_TEXT_MAX]; /* why what was published last is not in force; "" it is */
};

/*
 * When to ask: at once at first, then every refresh_s, and after failures in 1, 2, 4… minutes up to a day
 * but no later than usual; each moved by up to a tenth either way, as lot (any number) says, so that many
 * gateways do not ask at once. Seconds since 1970; 0: now.
 */
int64_t plan_next(const struct plan *plan, uint32_t refresh_s, uint64_t lot);

/* What came of a try. */
void plan_failed(struct plan *plan, int64_t now, const char *said);
void plan_same(struct plan *plan, int64_t now);

/* Text with what would break a line taken out, cut. */
void plan_text(char *to, size_t cap, const char *text);

/* A file that is absent, broken or of another URL is a plan of zeros with this URL. */
void plan_read(const char *path, const char *url, struct plan *ret_plan);
int plan_write(const char *path, const struct plan *plan); /* 0 or -errno */

#endif
