/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway looked at once an interval: the last two readings, the rates between them, where they
 * came from, and what happened to sekishod meanwhile.
 */
#ifndef POLICY_CLI_TOP_LOOK_H
#define POLICY_CLI_TOP_LOOK_H

#include "cli/top_model.h"
#include "cli/watch.h"

#define TOP_NAME_MAX 256
#define TOP_WORDS_MAX 512

struct top_look {
	const struct cli *cli;
	struct watch *watch;
	char tenant[TOP_NAME_MAX]; /* the body whose flows and refusals are asked for; "": none */
	struct top_reading before, now;
	/* top_rates(), and "time", "source" ("agent", "maps", "none"), "problem"; NULL before the first */
	json_t *rates;
	enum watch_from from;
	char problem[TOP_WORDS_MAX]; /* why it is not the agent, or what it could not tell; "" none */
	char news[TOP_WORDS_MAX]; /* what changed lately: sekishod came back; "" nothing */
	uint64_t news_ns; /* when, CLOCK_MONOTONIC */
	struct diag diag; /* of the last look */
};

/* Nothing is asked yet. 0 or -ENOMEM. top_look_end() releases. */
int top_look_begin(struct top_look *look, const struct cli *cli);
void top_look_end(struct top_look *look);

/* Looks. 0, -EACCES when the asker may not (words in diag), or -ENOMEM. */
int top_look_again(struct top_look *look);

/* Another body, or none (""): flows of before are not compared with those of another. */
void top_look_into(struct top_look *look, const char *tenant);

#endif
