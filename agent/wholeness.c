/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reading of the journal by a connection of its own, so that nothing waits for it. Made by agent.c,
 * shown by agent.status.
 */
#include "wholeness.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "install/journal.h"

struct wholeness {
	struct worker *worker;
	char path[256];
	bool looking, again;
	char words[256]; /* the loop's */
	char found[200]; /* the worker's, until it is done */
	int err;
};

static void look_run(void *arg)
{
	struct wholeness *w = arg;
	struct journal *journal = NULL;

	w->err = journal_peek(w->path, &journal);
	if (!w->err)
		w->err = journal_check(journal, w->found, sizeof(w->found));
	journal_close(journal);
}

static void look_done(void *arg)
{
	struct wholeness *w = arg;

	w->looking = false;
	w->words[0] = 0;
	if (w->again && !wholeness_look(w))
		return;
	if (!w->err || w->err == -ECANCELED)
		return;
	snprintf(w->words, sizeof(w->words), "the history is not whole: %s",
		 w->found[0] ? w->found : strerror(-w->err));
	log_error("journal: %s", w->words);
}

int wholeness_look(struct wholeness *w)
{
	int err = 0;

	w->again = w->looking; /* what is under way may have seen half of each */
	if (w->looking)
		return 0;
	w->found[0] = 0;
	w->err = -ECANCELED; /* unless it runs: the agent may end before */
	err = worker_post(w->worker, look_run, look_done, w);
	w->looking = !err;
	return err;
}

int wholeness_new(struct worker *worker, const char *state_dir, struct wholeness **ret_wholeness)
{
	struct wholeness *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->worker = worker;
	snprintf(w->path, sizeof(w->path), "%s/journal.db", state_dir);
	err = wholeness_look(w);
	if (err) {
		free(w);
		return err;
	}
	*ret_wholeness = w;
	return 0;
}

void wholeness_free(struct wholeness *w)
{
	free(w);
}

const char *wholeness_words(const struct wholeness *w)
{
	return w->words;
}
