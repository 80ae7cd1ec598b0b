// SPDX-License-Identifier: Apache-2.0
/* A flow that never pauses is braked: who waits, for how long, in which order it goes, and who is let alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inline/brake.h"

#define MS 1000000ull

struct bench {
	struct brake *brake;
	unsigned int recalls;
	bool refuses, is_back;
	uint8_t sent[4096]; /* the first byte of each */
	size_t sent_cnt;
};

static bool recall(void *arg, const struct sek_note *note)
{
	struct bench *b = arg;

	b->recalls++;
	return !b->refuses;
}

static bool is_back(void *arg, const struct sek_note *note)
{
	const struct bench *b = arg;

	return b->is_back;
}

static void send_on(void *arg, const struct brake_frame *frame)
{
	struct bench *b = arg;

	assert_true(frame->quiet && !frame->over && frame->len == 60);
	b->sent[b->sent_cnt++] = frame->bytes[0];
}

static struct sek_note note_of(uint32_t number, uint8_t dir)
{
	return (struct sek_note){ .number = number, .first_ns = number * 7ull, .dir = dir };
}

static void passes(struct bench *b, uint32_t number, unsigned int cnt, uint64_t now_ns)
{
	const struct sek_note note = note_of(number, 0);

	while (cnt--)
		brake_passed(b->brake, &note, now_ns);
}

static bool answer(struct bench *b, uint32_t number, uint8_t mark)
{
	uint8_t bytes[60] = { mark };
	const struct brake_frame frame = {
		.note = note_of(number, 1), .quiet = true, .len = sizeof(bytes), .bytes = bytes
	};
	bool takes = brake_takes(b->brake, &frame);

	memset(bytes, 0xff, sizeof(bytes)); /* a copy was kept */
	return takes;
}

static int setup(void **state)
{
	static struct bench b;

	b = (struct bench){ 0 };
	b.brake = brake_new(&(struct brake_parts){ recall, is_back, send_on, &b });
	*state = &b;
	return b.brake ? 0 : -1;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	brake_free(b->brake);
	return 0;
}

static void few_frames_brake_nothing(void **state)
{
	struct bench *b = *state;

	passes(b, 5, BRAKE_AFTER - 1, MS);
	assert_int_equal(b->recalls, 0);
	assert_false(answer(b, 5, 1));
	assert_false(brake_waits(b->brake));
	passes(b, 0, 2 * BRAKE_AFTER, MS); /* of no flow that is known */
	assert_int_equal(b->recalls, 0);
}

static void answers_wait_until_it_is_back(void **state)
{
	struct bench *b = *state;
	struct sek_note out = note_of(5, 0);

	passes(b, 5, BRAKE_AFTER + 20, MS);
	assert_int_equal(b->recalls, 1);
	for (uint8_t i = 1; i <= 9; i++)
		assert_true(answer(b, 5, i));
	assert_false(answer(b, 6, 100)); /* another's */
	assert_false(brake_takes(b->brake, &(struct brake_frame){ .note = out })); /* what still comes */
	brake_turn(b->brake, 2 * MS);
	assert_int_equal(b->sent_cnt, 0);
	assert_true(brake_waits(b->brake));
	b->is_back = true;
	brake_turn(b->brake, 3 * MS);
	assert_memory_equal(b->sent, "\1\2\3\4\5\6\7\10\11", 9);
	assert_int_equal(b->sent_cnt, 9);
	assert_false(brake_waits(b->brake));
	assert_false(answer(b, 5, 10));
}

static void none_waits_for_long(void **state)
{
	struct bench *b = *state;

	passes(b, 5, BRAKE_AFTER, MS);
	assert_true(answer(b, 5, 1));
	brake_turn(b->brake, MS + BRAKE_NS - 1);
	assert_int_equal(b->sent_cnt, 0);
	brake_turn(b->brake, MS + BRAKE_NS);
	assert_int_equal(b->sent_cnt, 1);
	passes(b, 5, 2 * BRAKE_AFTER, 2 * MS + BRAKE_NS); /* not again at once */
	assert_int_equal(b->recalls, 1);
	passes(b, 5, 1, MS + BRAKE_NS + BRAKE_PAUSE_NS);
	assert_int_equal(b->recalls, 2);
}

static void a_refusal_is_not_asked_again_at_once(void **state)
{
	struct bench *b = *state;

	b->refuses = true;
	passes(b, 5, BRAKE_AFTER + 100, MS);
	assert_int_equal(b->recalls, 1);
	assert_false(answer(b, 5, 1));
	passes(b, 5, 1, MS + BRAKE_PAUSE_NS);
	assert_int_equal(b->recalls, 2);
}

static void no_room_lets_go_in_order(void **state)
{
	struct bench *b = *state;
	size_t cnt = 0;

	passes(b, 5, BRAKE_AFTER, MS);
	while (cnt < 100 && answer(b, 5, (uint8_t)cnt))
		cnt++;
	brake_let_go(b->brake, &(struct sek_note){ .number = 5, .first_ns = 34 }); /* an earlier flow */
	assert_int_equal(b->sent_cnt, 0);
	brake_let_go(b->brake, &(struct sek_note){ .number = 5, .first_ns = 35 });
	assert_int_equal(b->sent_cnt, 100);
	for (size_t i = 0; i < cnt; i++)
		assert_int_equal(b->sent[i], i);
}

static void only_so_many_bytes_wait(void **state)
{
	static uint8_t bytes[BRAKE_BYTES / 2];
	struct bench *b = *state;
	struct brake_frame frame = { .note = note_of(5, 1), .quiet = true, .len = 60, .bytes = bytes };

	passes(b, 5, BRAKE_AFTER, MS);
	assert_true(brake_takes(b->brake, &frame));
	frame.len = BRAKE_BYTES;
	assert_false(brake_takes(b->brake, &frame));
	assert_int_equal(b->sent_cnt, 1);
	assert_false(brake_waits(b->brake));
}

static void only_so_many_flows_are_braked(void **state)
{
	struct bench *b = *state;

	for (uint32_t n = 1; n <= BRAKE_FLOWS + 3; n++) {
		passes(b, n, BRAKE_AFTER, n * MS);
		assert_true(answer(b, n, 1) == (n <= BRAKE_FLOWS));
	}
	assert_int_equal(b->recalls, BRAKE_FLOWS);
	b->is_back = true;
	brake_turn(b->brake, 100 * MS);
	assert_int_equal(b->sent_cnt, BRAKE_FLOWS);
	passes(b, 99, BRAKE_AFTER, 101 * MS);
	assert_int_equal(b->recalls, BRAKE_FLOWS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(few_frames_brake_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_wait_until_it_is_back, setup, teardown),
		cmocka_unit_test_setup_teardown(none_waits_for_long, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_is_not_asked_again_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(no_room_lets_go_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(only_so_many_bytes_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(only_so_many_flows_are_braked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
