// SPDX-License-Identifier: Apache-2.0
/*
 * The engine: deals frames to its workers and puts what they tell into the order of the frames. Called by
 * whoever has frames; promises that the records are the same with any number of workers.
 */
#include "inspect/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "inspect/inspector.h"

#define NS 1000000000ull

struct engine {
	struct inspect_settings settings;
	uint64_t tick_s; /* second of the packets' clock that was told to the workers */
	struct inspector inspector;
};

int engine_new(const struct engine_setup *setup, struct engine **ret_engine)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	struct engine_setup one = *setup;
	int r;

	if (!engine)
		return -ENOMEM;
	one.workers = 1;
	r = inspect_settings_read(&one, &engine->settings);
	if (r)
		goto fail;
	r = inspector_init(&engine->inspector, &engine->settings, 0, setup->line, setup->line_arg);
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

	if (second > engine->tick_s) {
		engine->tick_s = second;
		inspector_tick(&engine->inspector, frame->time_ns, frame->number);
	}
	inspector_frame(&engine->inspector, frame);
	return 0;
}

int engine_finish(struct engine *engine, struct engine_tally *ret_tally)
{
	inspector_finish(&engine->inspector);
	*ret_tally = inspector_tally(&engine->inspector);
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	inspector_free(&engine->inspector);
	inspect_settings_free(&engine->settings);
	free(engine);
}
