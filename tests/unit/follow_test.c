// SPDX-License-Identifier: Apache-2.0
/*
 * A file of lines followed through its turns: each line once, in order, and gaps are told.
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

#include "cli/follow.h"

#define OLD_MAX 4

struct place {
	char dir[32], file[64];
	int written, read; /* numbers of lines */
};

static int place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/follow.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->file, sizeof(p->file), "%s/eve.json", p->dir);
	*state = p;
	return 0;
}

static void name_of(const struct place *p, int turned, char name[96])
{
	if (turned)
		snprintf(name, 96, "%s.%d", p->file, turned);
	else
		snprintf(name, 96, "%s", p->file);
}

static int place_remove(void **state)
{
	struct place *p = *state;
	char name[96];

	for (int i = 0; i <= OLD_MAX + 1; i++) {
		name_of(p, i, name);
		unlink(name);
	}
	rmdir(p->dir);
	free(p);
	return 0;
}

static void put(const struct place *p, const char *text, size_t len)
{
	FILE *out = fopen(p->file, "a");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	fclose(out);
}

static void write_lines(struct place *p, int cnt)
{
	char line[32];

	while (cnt-- > 0)
		put(p, line, (size_t)snprintf(line, sizeof(line), "line %d\n", p->written++));
}

/* As the agent does: the oldest goes, a new file begins with its first line. */
static void turn(const struct place *p)
{
	char from[96], to[96];

	for (int i = OLD_MAX; i > 0; i--) {
		name_of(p, i - 1, from);
		name_of(p, i, to);
		rename(from, to);
	}
}

static void reads_all(struct place *p, struct follow *f)
{
	const char *line;
	char want[32];
	size_t len;

	while (p->read < p->written) {
		snprintf(want, sizeof(want), "line %d", p->read++);
		assert_true(follow_next(f, &line, &len));
		assert_int_equal(len, strlen(want));
		assert_memory_equal(line, want, len);
	}
	assert_false(follow_next(f, &line, &len));
}

static void begins_at_the_end(void **state)
{
	struct place *p = *state;
	struct follow *f;

	write_lines(p, 3);
	p->read = 3;
	assert_int_equal(follow_open(p->file, &f), 0);
	reads_all(p, f);
	write_lines(p, 2);
	reads_all(p, f);
	assert_int_equal(follow_gaps_cnt(f), 0);
	follow_close(f);
}

static void waits_for_the_file(void **state)
{
	struct place *p = *state;
	struct follow *f;

	assert_int_equal(follow_open(p->file, &f), -ENOENT);
	reads_all(p, f);
	write_lines(p, 2);
	reads_all(p, f);
	follow_close(f);
	assert_int_equal(follow_open(p->dir, &f), -EINVAL);
}

/* One turn between two looks, none, and as many as old files are kept. */
static void goes_through_turns(void **state)
{
	struct place *p = *state;
	struct follow *f;

	write_lines(p, 1);
	p->read = 1;
	assert_int_equal(follow_open(p->file, &f), 0);
	for (int turns = 0; turns <= OLD_MAX; turns++) {
		write_lines(p, 2); /* not read before the turn */
		for (int i = 0; i < turns; i++) {
			turn(p);
			write_lines(p, 3);
		}
		reads_all(p, f);
	}
	assert_int_equal(follow_gaps_cnt(f), 0);
	follow_close(f);
}

/* Whoever turns it from outside may leave the writer with the old file for a while. */
static void stays_until_the_next_begins(void **state)
{
	struct place *p = *state;
	struct follow *f;
	FILE *old;

	write_lines(p, 1);
	p->read = 1;
	assert_int_equal(follow_open(p->file, &f), 0);
	old = fopen(p->file, "a");
	assert_non_null(old);
	turn(p);
	reads_all(p, f);
	put(p, "", 0); /* made, and empty */
	reads_all(p, f);
	fprintf(old, "line %d\n", p->written++);
	fclose(old);
	write_lines(p, 1);
	reads_all(p, f);
	assert_int_equal(follow_gaps_cnt(f), 0);
	follow_close(f);
}

/* The file in hand is read to its end even when its name is gone; what came between is a gap. */
static void tells_what_is_missing(void **state)
{
	struct place *p = *state;
	struct follow *f;

	write_lines(p, 1);
	p->read = 1;
	assert_int_equal(follow_open(p->file, &f), 0);
	write_lines(p, 1);
	for (int i = 0; i <= OLD_MAX; i++) {
		turn(p);
		if (i < OLD_MAX)
			put(p, "lost\n", 5);
	}
	write_lines(p, 1);
	reads_all(p, f);
	assert_int_equal(follow_gaps_cnt(f), 1);
	assert_int_equal(truncate(p->file, 0), 0);
	reads_all(p, f);
	assert_int_equal(follow_gaps_cnt(f), 2);
	write_lines(p, 2);
	reads_all(p, f);
	follow_close(f);
}

/* Half a line waits for its other half; one without end is left out; zeros are bytes like others. */
static void odd_lines(void **state)
{
	struct place *p = *state;
	struct follow *f;
	char *long_line = malloc(FOLLOW_LINE_MAX * 2);
	const char *line;
	size_t len;

	put(p, "", 0);
	assert_int_equal(follow_open(p->file, &f), 0);
	put(p, "ha", 2);
	assert_false(follow_next(f, &line, &len));
	put(p, "lf\n\n", 4);
	assert_true(follow_next(f, &line, &len));
	assert_int_equal(len, 4);
	assert_memory_equal(line, "half", 4);
	assert_true(follow_next(f, &line, &len));
	assert_int_equal(len, 0);
	memset(long_line, 'x', FOLLOW_LINE_MAX * 2);
	put(p, long_line, FOLLOW_LINE_MAX * 2);
	assert_false(follow_next(f, &line, &len));
	put(p, "\na\0b\n", 5);
	assert_true(follow_next(f, &line, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(line, "a\0b", 3);
	assert_int_equal(follow_gaps_cnt(f), 1);
	free(long_line);
	follow_close(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(begins_at_the_end),     TEST(waits_for_the_file),
		TEST(goes_through_turns),    TEST(stays_until_the_next_begins),
		TEST(tells_what_is_missing), TEST(odd_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
