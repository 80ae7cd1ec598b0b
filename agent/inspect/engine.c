// SPDX-License-Identifier: Apache-2.0
/*
 * The engine: one inspector in the caller's thread, or a crew of them. Called by whoever has frames; promises
 * that the records are the same with any number of workers.
 */
#include "inspect/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "file/room.h"
#include "inspect/crew.h"
#include "report/told.h"

#define NS 1000000000ull

struct engine {
	struct inspect_settings settings;
	uint64_t tick_s; /* second of the packets' clock that was told to the workers */
	uint64_t last_ns; /* of the last frame */
	uint64_t records; /* of the one inspector, and of the engine itself */
	struct crew *crew; /* NULL: one inspector is enough */
	struct inspector inspector;
};

static void line_count(void *arg, const char *bytes, size_t len)
{
	struct engine *engine = arg;

	engine->records++;
	engine->settings.setup.line(engine->settings.setup.line_arg, bytes, len);
}

int engine_new(const struct engine_setup *setup, struct engine **ret_engine)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int r;

	if (!engine)
		return -ENOMEM;
	r = inspect_settings_read(setup, &engine->settings);
	if (r)
		goto fail;
	if (engine->settings.workers > 1)
		r = crew_new(&engine->settings, &engine->crew);
	else
		r = inspector_init(&engine->inspector, &engine->settings, 0, line_count, engine);
	if (r)
		goto fail_settings;
	*ret_engine = engine;
	return 0;
fail_settings:
	inspect_settings_free(&engine->settings);
fail:
	free(engine);
	return r;
}

int engine_take(struct engine *engine, const struct capture_packet *frame)
{
	uint64_t second = frame->time_ns / NS;
	int r = 0;

	engine->last_ns = frame->time_ns;
	if (second > engine->tick_s) {
		engine->tick_s = second;
		if (engine->crew)
			r = crew_tick(engine->crew, frame->time_ns, frame->number);
		else
			inspector_tick(&engine->inspector, frame->time_ns, frame->number);
	}
	if (r)
		return r;
	if (engine->crew)
		return crew_frame(engine->crew, frame);
	inspector_frame(&engine->inspector, frame, NULL);
	return 0;
}

/* --- rules --- */

static struct inspector *inspector_at(const struct engine *engine, unsigned int i)
{
	if (engine->crew)
		return crew_inspector(engine->crew, i);
	return i == 0 ? (struct inspector *)&engine->inspector : NULL;
}

int engine_swap(struct engine *engine, const struct ruleset *ruleset)
{
	struct scratch *next[INSPECTORS_MAX] = { NULL };
	const struct engine_setup *setup = &engine->settings.setup;
	struct inspector *w;
	int r = 0;

	if (!setup->ruleset || !ruleset_follows(ruleset, setup->ruleset))
		return -EINVAL;
	for (unsigned int i = 0; !r && inspector_at(engine, i); i++)
		r = scratch_new(ruleset, setup->measured, &next[i]);
	if (engine->crew)
		crew_rest(engine->crew);
	if (!r)
		r = inspect_settings_follow(&engine->settings, ruleset);
	for (unsigned int i = 0; !r && (w = inspector_at(engine, i)); i++)
		detect_exchange(w->detect, &next[i]);
	for (unsigned int i = 0; i < INSPECTORS_MAX; i++)
		scratch_free(next[i]);
	return r;
}

void engine_costs(const struct engine *engine, struct rule_cost *costs)
{
	const struct ruleset *ruleset = engine->settings.setup.ruleset;
	struct inspector *w;

	for (unsigned int i = 0; (w = inspector_at(engine, i)); i++) {
		const struct rule_cost *of = detect_costs(w->detect);

		for (size_t n = 0; of && ruleset_rule(ruleset, n); n++) {
			costs[n].checks += of[n].checks;
			costs[n].hits += of[n].hits;
			costs[n].ns += of[n].ns;
		}
	}
}

static uint64_t rules_count(const struct engine *engine)
{
	const struct ruleset *ruleset = engine->settings.setup.ruleset;
	uint64_t cnt = 0;

	while (ruleset && ruleset_rule(ruleset, cnt))
		cnt++;
	return cnt;
}

/* The record of statistics, behind all others. */
static int tally_tell(struct engine *engine, struct engine_tally *tally)
{
	const struct file_room *files = engine->settings.setup.files;
	uint64_t *count = tally->counters.at;
	struct told *told;
	int r = told_new(engine->settings.told, line_count, engine, &told);

	if (r)
		return r;
	if (count[COUNTER_DECODER_PKTS])
		count[COUNTER_DECODER_AVG_PKT_SIZE] =
			count[COUNTER_DECODER_BYTES] / count[COUNTER_DECODER_PKTS];
	if (files)
		count[COUNTER_FILE_STORE_FS_ERRORS] = files->refused;
	told_counters(told, &tally->counters, rules_count(engine), engine->last_ns);
	told_free(told);
	tally->records += engine->records;
	return 0;
}

int engine_finish(struct engine *engine, struct engine_tally *ret_tally)
{
	int r = 0;

	if (engine->crew) {
		r = crew_finish(engine->crew, engine->last_ns, ret_tally);
	} else {
		inspector_finish(&engine->inspector, engine->last_ns);
		*ret_tally = inspector_tally(&engine->inspector);
	}
	return r ? r : tally_tell(engine, ret_tally);
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	if (engine->crew)
		crew_free(engine->crew);
	else
		inspector_free(&engine->inspector);
	inspect_settings_free(&engine->settings);
	free(engine);
}
