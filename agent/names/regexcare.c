/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From lists to expressions in force. Called by agent.c.
 */
#include "names/regexcare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "install/names.h"

#define LOOK_MS 250
#define LOOKS                                                                                      \
	20 /* of which one reads all expressions, though no list has changed: for what failed */

/* Copies of all expressions: the lists may change while they are compiled. */
struct gathered {
	struct regex_source *sources;
	size_t cnt, cap;
	uint64_t sum; /* of all that they say */
	bool failed;
};

struct regexcare {
	struct names *names;
	struct namewatch *watch;
	struct worker *worker;
	struct source *timer;
	uint64_t sum; /* of what is in force, or on its way there */
	uint64_t changes; /* of the lists, when they were read last */
	unsigned int looks; /* since then */
	bool busy;
	struct gathered gathered;
	struct regexes *made;
	struct diag diag;
	int err;
};

static uint64_t sum_add(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ b[i]) * 0x100000001b3ULL;
	return sum;
}

static void sum_take(void *arg, uint8_t list, const char *text, const struct name_regex *regex)
{
	struct gathered *g = arg;

	g->sum = sum_add(sum_add(g->sum, &list, 1), text, regex->len);
	g->sum = sum_add(g->sum, &regex->allow, sizeof(regex->allow));
	g->cnt++;
}

static void copy_take(void *arg, uint8_t list, const char *text, const struct name_regex *regex)
{
	struct gathered *g = arg;
	char *copy = NULL;

	if (g->cnt == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 64;
		struct regex_source *sources = realloc(g->sources, cap * sizeof(*sources));

		if (sources) {
			g->sources = sources;
			g->cap = cap;
		}
	}
	if (g->cnt < g->cap)
		copy = strndup(text, regex->len);
	if (!copy) {
		g->failed = true;
		return;
	}
	g->sources[g->cnt++] = (struct regex_source){
		.text = copy, .len = regex->len, .line = regex->line, .list = list, .allow = regex->allow
	};
}

static void gathered_free(struct gathered *g)
{
	for (size_t i = 0; i < g->cnt; i++)
		free((char *)g->sources[i].text);
	free(g->sources);
	*g = (struct gathered){};
}

static void compile_run(void *arg)
{
	struct regexcare *care = arg;
	const struct regex_limits limits = REGEX_LIMITS;

	names_regexes(care->names, copy_take, &care->gathered);
	care->err = care->gathered.failed
			    ? -ENOMEM
			    : regexes_compile(care->gathered.sources, care->gathered.cnt, &limits,
					      &care->made, &care->diag);
}

static void compile_done(void *arg)
{
	struct regexcare *care = arg;

	if (care->err) {
		log_error("names: regular expressions cannot be compiled: %s; the former ones stay",
			  strerror(-care->err));
		care->sum = 0;
	} else {
		log_diag("names", &care->diag);
		log_info("names: %zu of %zu regular expressions are in force",
			 regexes_cnt(care->made), care->gathered.cnt);
		namewatch_regexes(care->watch, care->made);
	}
	care->made = NULL;
	gathered_free(&care->gathered);
	diag_free(&care->diag);
	care->busy = false;
}

static void look(void *arg)
{
	struct regexcare *care = arg;
	struct gathered now = { .sum = 0xcbf29ce484222325ULL };
	uint64_t changes = names_changes(care->names);

	if (care->busy || (changes == care->changes && ++care->looks < LOOKS))
		return;
	care->changes = changes;
	care->looks = 0;
	names_regexes(care->names, sum_take, &now);
	if (!now.cnt)
		now.sum = 0;
	if (now.sum == care->sum)
		return;
	diag_init(&care->diag);
	if (worker_post(care->worker, compile_run, compile_done, care))
		return; /* too much waits there; it is looked at again */
	care->sum = now.sum;
	care->busy = true;
}

int regexcare_new(struct loop *loop, struct worker *worker, struct names *names,
		  struct namewatch *watch, struct regexcare **ret_care)
{
	struct regexcare *care = calloc(1, sizeof(*care));
	int err;

	if (!care)
		return -ENOMEM;
	care->names = names;
	care->watch = watch;
	care->worker = worker;
	err = loop_timer(loop, LOOK_MS, LOOK_MS, look, care, &care->timer);
	if (err) {
		free(care);
		return err;
	}
	*ret_care = care;
	return 0;
}

void regexcare_free(struct regexcare *care)
{
	if (!care)
		return;
	source_remove(care->timer);
	free(care);
}
