/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock for all rules: it is taken once for each that is asked. Called by build.c and, through
 * prepare.h, by detect.c.
 */
#include "detect/prepare.h"

#include <errno.h>
#include <stdlib.h>

static bool has_to(const struct signature *s)
{
	for (uint32_t p = 0; p < s->part_cnt; p++) {
		for (uint32_t c = 0; c < s->parts[p].clause_cnt; c++) {
			if (s->parts[p].clauses[c].ops->prepare)
				return true;
		}
	}
	return false;
}

int prepared_new(const struct signatures *signatures, struct prepared **ret_prepared)
{
	struct prepared *prepared = calloc(1, sizeof(*prepared) + signatures->cnt);

	if (!prepared)
		return -ENOMEM;
	pthread_mutex_init(&prepared->lock, NULL);
	for (size_t i = 0; i < signatures->cnt; i++)
		atomic_init(&prepared->done[i], !has_to(signatures->at[i]));
	*ret_prepared = prepared;
	return 0;
}

void prepared_free(struct prepared *prepared)
{
	if (!prepared)
		return;
	pthread_mutex_destroy(&prepared->lock);
	free(prepared);
}

static void clauses_prepare(const struct part *part)
{
	for (uint32_t c = 0; c < part->clause_cnt; c++) {
		const struct clause *clause = &part->clauses[c];

		if (clause->ops->prepare)
			clause->ops->prepare(clause->arg);
	}
}

void prepared_make(struct prepared *prepared, const struct signature *s)
{
	pthread_mutex_lock(&prepared->lock);
	if (!atomic_load_explicit(&prepared->done[s->number], memory_order_relaxed)) {
		for (uint32_t p = 0; p < s->part_cnt; p++)
			clauses_prepare(&s->parts[p]);
		atomic_store_explicit(&prepared->done[s->number], 1, memory_order_release);
	}
	pthread_mutex_unlock(&prepared->lock);
}
