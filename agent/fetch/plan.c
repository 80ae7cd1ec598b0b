/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock and the memory of a subscription. Called by feeds.c.
 */
#include "fetch/plan.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "install/hand.h"
#include "text/escape.h"

#define BACK_OFF_S 60
#define BACK_OFF_MOST_S 86400

int64_t plan_next(const struct plan *plan, uint32_t refresh_s, uint64_t lot)
{
	int64_t wait = refresh_s;

	if (!plan->tried)
		return 0;
	if (plan->failures) {
		wait = backoff_wait(plan->failures, BACK_OFF_S, BACK_OFF_MOST_S);
		if (wait > refresh_s)
			wait = refresh_s;
	}
	/* from -1/10 to +1/10, in 200 steps */
	return plan->tried + wait + wait * ((int64_t)(lot % 201) - 100) / 1000;
}

void plan_text(char *to, size_t cap, const char *text)
{
	text_escape(text, strlen(text), to, cap);
}

void plan_failed(struct plan *plan, int64_t now, const char *said)
{
	plan->tried = now;
	plan->failures += plan->failures < UINT32_MAX;
	plan_text(plan->said, sizeof(plan->said), said);
}

void plan_same(struct plan *plan, int64_t now)
{
	plan->tried = plan->good = now;
	plan->failures = 0;
	plan->said[0] = 0;
}

/* --- the file: "word value", one a line --- */

static const struct {
	const char *word;
	size_t offset, cap;
} texts[] = {
	{ "url", offsetof(struct plan, url), PLAN_URL_MAX },
	{ "etag", offsetof(struct plan, etag), PLAN_TEXT_MAX },
	{ "modified", offsetof(struct plan, modified), PLAN_TEXT_MAX },
	{ "digest", offsetof(struct plan, digest), 65 },
	{ "said", offsetof(struct plan, said), PLAN_TEXT_MAX },
	{ "held", offsetof(struct plan, held), PLAN_TEXT_MAX },
};

static const struct {
	const char *word;
	size_t offset;
} numbers[] = {
	{ "tried", offsetof(struct plan, tried) },
	{ "good", offsetof(struct plan, good) },
	{ "changed", offsetof(struct plan, changed) },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void line_read(const char *word, const char *value, struct plan *plan)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(texts[i].word, word) == 0)
			snprintf((char *)plan + texts[i].offset, texts[i].cap, "%s", value);
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(numbers[i].word, word) == 0)
			*(int64_t *)((char *)plan + numbers[i].offset) = strtoll(value, NULL, 10);
	if (strcmp(word, "failures") == 0)
		plan->failures = (uint32_t)strtoul(value, NULL, 10);
}

void plan_read(const char *path, const char *url, struct plan *ret_plan)
{
	char line[PLAN_URL_MAX + 32];
	FILE *in = fopen(path, "re");
	struct plan plan = {};

	while (in && fgets(line, sizeof(line), in)) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = 0;
		if (!value)
			continue;
		*value++ = 0;
		line_read(line, value, &plan);
	}
	if (in)
		fclose(in);
	if (strcmp(plan.url, url) != 0) {
		plan = (struct plan){};
		snprintf(plan.url, sizeof(plan.url), "%s", url);
	}
	*ret_plan = plan;
}

static int lines_write(FILE *out, const void *what)
{
	const struct plan *plan = what;

	for (size_t i = 0; i < COUNT(texts); i++)
		fprintf(out, "%s %s\n", texts[i].word, (const char *)plan + texts[i].offset);
	for (size_t i = 0; i < COUNT(numbers); i++)
		fprintf(out, "%s %" PRId64 "\n", numbers[i].word,
			*(const int64_t *)((const char *)plan + numbers[i].offset));
	fprintf(out, "failures %u\n", plan->failures);
	return ferror(out) ? -1 : 0;
}

int plan_write(const char *path, const struct plan *plan)
{
	return file_replace(path, lines_write, plan);
}
