// SPDX-License-Identifier: Apache-2.0
/*
 * The wait for a confirmation with a real journal, a real loop and its timer: what it takes up after
 * a kill or a reboot, when it calls, what ends it. Works in a directory of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confirm.h"

struct bed {
	char dir[64], path[80];
	struct loop *loop;
	struct journal *journal;
	struct confirm *confirm;
	int calls;
};

static void overdue(void *arg)
{
	struct bed *bed = arg;

	bed->calls++;
	loop_stop(bed->loop);
}

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (!bed)
		return -1;
	snprintf(bed->dir, sizeof(bed->dir), "/tmp/sekisho-confirm-XXXXXX");
	if (!mkdtemp(bed->dir)) {
		free(bed);
		return -1;
	}
	snprintf(bed->path, sizeof(bed->path), "%s/journal.db", bed->dir);
	*state = bed;
	return loop_new(&bed->loop) || journal_open(bed->path, &bed->journal);
}

static int bed_down(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct bed *bed = *state;
	char path[128];

	confirm_free(bed->confirm);
	journal_close(bed->journal);
	loop_free(bed->loop);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", bed->path, suffixes[i]);
		unlink(path);
	}
	rmdir(bed->dir);
	free(bed);
	return 0;
}

/* A wait that an agent of before has left, with so many milliseconds to go. */
static void left_behind(struct bed *bed, bool this_boot, int64_t ms)
{
	struct journal_now now;
	struct journal_wait wait = { .generation = 12, .former = 11, .seconds = 60, .user = "root" };

	journal_now(&now);
	/* The clock that must not count says the opposite. */
	wait.deadline_ms = now.real_ms + (this_boot ? -ms : ms);
	wait.deadline_ns = now.mono_ns + (uint64_t)((this_boot ? ms : -ms) * 1000000);
	snprintf(wait.boot, sizeof(wait.boot), "%s", this_boot ? now.boot : "another");
	assert_int_equal(journal_wait_set(bed->journal, &wait), 0);
}

static void start(struct bed *bed)
{
	confirm_free(bed->confirm);
	bed->confirm = NULL;
	assert_int_equal(confirm_new(bed->loop, bed->journal, overdue, bed, &bed->confirm), 0);
}

static void nothing_waits(void **state)
{
	struct bed *bed = *state;
	json_t *json;

	start(bed);
	assert_null(confirm_wait(bed->confirm));
	assert_false(confirm_overdue(bed->confirm));
	assert_int_equal(confirm_end(bed->confirm), 0);
	json = confirm_json(bed->confirm);
	assert_true(json_is_null(json));
	json_decref(json);
}

static void begins_moves_and_ends(void **state)
{
	struct bed *bed = *state;
	struct journal_wait wait = { .generation = 5, .former = 4, .seconds = 60, .user = "root" };
	struct diag diag;
	json_t *json;

	diag_init(&diag);
	start(bed);
	assert_int_equal(confirm_begin(bed->confirm, &wait, &diag), 0);
	confirm_moved(bed->confirm, 6);
	start(bed); /* as after a kill */
	assert_non_null(confirm_wait(bed->confirm));
	assert_int_equal(confirm_wait(bed->confirm)->generation, 6);
	assert_int_equal(confirm_wait(bed->confirm)->former, 4);
	assert_false(confirm_overdue(bed->confirm));
	json = confirm_json(bed->confirm);
	assert_in_range(json_integer_value(json_object_get(json, "left_s")), 58, 60);
	json_decref(json);
	assert_int_equal(confirm_end(bed->confirm), 0);
	assert_int_equal(journal_wait_get(bed->journal, &wait), -ENOENT);
	diag_free(&diag);
}

static void calls_when_it_is_over(void **state)
{
	struct bed *bed = *state;

	left_behind(bed, true, 100);
	start(bed);
	assert_false(confirm_overdue(bed->confirm));
	assert_int_equal(loop_run(bed->loop), 0);
	assert_int_equal(bed->calls, 1);
	assert_true(confirm_overdue(bed->confirm));
	assert_non_null(confirm_wait(bed->confirm)); /* until somebody went back */
}

static void over_before_the_start(void **state)
{
	struct bed *bed = *state;

	left_behind(bed, true, -100);
	start(bed);
	assert_true(confirm_overdue(bed->confirm));
	left_behind(bed, false, -100);
	start(bed);
	assert_true(confirm_overdue(bed->confirm));
	assert_int_equal(bed->calls, 0);
}

/* The wall clock is asked once after a reboot, then this boot's clock counts. */
static void reboot_counts_on(void **state)
{
	struct bed *bed = *state;
	struct journal_now now;
	struct journal_wait wait;

	left_behind(bed, false, 30000);
	start(bed);
	assert_false(confirm_overdue(bed->confirm));
	assert_int_equal(journal_wait_get(bed->journal, &wait), 0);
	journal_now(&now);
	assert_string_equal(wait.boot, now.boot);
	now.real_ms += 3600000; /* somebody sets the time */
	assert_in_range(journal_wait_left(&wait, &now), 28000, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_waits, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(begins_moves_and_ends, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(calls_when_it_is_over, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(over_before_the_start, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(reboot_counts_on, bed_up, bed_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
