/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the whole engine for a few rules: what they tell of the frames that a test gives. */
#ifndef TESTS_UNIT_RULESMADE_H
#define TESTS_UNIT_RULESMADE_H

#include "file/room.h"
#include "unit/talkmade.h"

static char rules_path[64];

/* A file for the rules of one run after the other, in a directory of its own. */
static int rules_file_make(void **state)
{
	static char dir[] = "/tmp/rulesmade.XXXXXX";

	if (!mkdtemp(dir))
		return -1;
	*state = dir;
	snprintf(rules_path, sizeof(rules_path), "%s/all.rules", dir);
	return 0;
}

static int rules_file_drop(void **state)
{
	remove(rules_path);
	return remove(*state);
}

/*
 * Runs an engine with these rules over the frames that give() takes into the run. The alerts that were
 * told are in run->lines, whose bytes are the caller's to free.
 */
static void rules_run(struct run *run, const char *rules, bool unchecked_sums,
		      void (*give)(struct run *run, const void *what), const void *what)
{
	static const char text[] = "outputs:\n  - eve-log: {enabled: yes, types: [alert]}\n";
	struct engine_setup setup = { .workers = 1,
				      .unchecked_sums = unchecked_sums,
				      .line = line_keep,
				      .line_arg = &run->lines,
				      .hassh = true,
				      .ja3 = true,
				      .ja4 = true };
	struct engine_tally tally;
	struct ruleset *ruleset;
	struct config *config;
	struct diag diag;

	diag_init(&diag);
	file_write(rules_path, rules);
	assert_int_equal(config_read_text(text, "test", &config, &diag), 0);
	ruleset = rules_of(rules_path, NULL, config, &diag);
	setup.config = config;
	setup.ruleset = ruleset;
	assert_int_equal(file_room_new(config, ruleset, &setup.files, &diag), 0);
	assert_int_equal(engine_new(&setup, &run->engine), 0);
	give(run, what);
	assert_int_equal(engine_finish(run->engine, &tally), 0);
	engine_free(run->engine);
	file_room_free(setup.files);
	ruleset_free(ruleset);
	config_free(config);
	diag_free(&diag);
}

#endif
