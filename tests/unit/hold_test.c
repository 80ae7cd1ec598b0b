/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/inline/hold.c: frames behind a file that waits go on in their order or not at all; what is held is
 * bounded, of all and of each body, and what finds no room is dropped and counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "file/file.h"
#include "file/waits.h"
#include "inline/hold.h"

#define FILES 3

/* A flow with files that may wait, and what left the hold: each frame's bytes, '!' where nothing follows. */
struct bed {
	struct hold *hold;
	struct waits waits;
	struct flow flow;
	struct tx tx;
	struct file files[FILES];
	char sent[128];
	unsigned int blocked, resets, recalled;
	struct sek_note note; /* of the last that left, fell or was recalled */
};

static void sent(void *arg, const uint8_t *bytes, uint32_t len, const struct sek_note *note, bool over)
{
	struct bed *bed = arg;
	size_t so_far = strlen(bed->sent);

	snprintf(bed->sent + so_far, sizeof(bed->sent) - so_far, "%.*s%s", (int)len,
		 (const char *)bytes, over ? "!" : "");
	bed->note = *note;
}

static void blocked(void *arg, const struct sek_note *note, bool resets)
{
	struct bed *bed = arg;

	bed->blocked++;
	bed->resets += resets;
	bed->note = *note;
}

static void recalled(void *arg, struct flow *flow, const struct sek_note *note)
{
	struct bed *bed = arg;

	assert_ptr_equal(flow, &bed->flow);
	bed->recalled++;
	bed->note = *note;
}

/* Shares hold, if it is there; else it has one of its own. */
static void begin(struct bed *bed, struct hold *hold, uint64_t max, uint64_t tenant_max)
{
	const struct hold_parts parts = {
		.max = max, .tenant_max = tenant_max, .send = sent, .block = blocked, .arg = bed
	};

	*bed = (struct bed){ .hold = hold ? hold : hold_new(&parts) };
	assert_non_null(bed->hold);
	waits_begin(&bed->waits);
	bed->flow.session.waits = &bed->waits;
	bed->tx.session = &bed->flow.session;
	for (int i = 0; i < FILES; i++)
		bed->files[i] = (struct file){ .tx = &bed->tx, .side = FROM_SERVER };
}

static bool takes(struct bed *bed, enum side side, uint16_t tenant, const char *bytes)
{
	const struct inspect_verdict verdict = { .flow = &bed->flow, .side = side };
	const struct sek_note note = { .mark = SEK_NOTE_MARK, .tenant = tenant };

	return hold_takes(bed->hold, &verdict, &note, (const uint8_t *)bytes,
			  (uint32_t)strlen(bytes));
}

static bool from_server(struct bed *bed, const char *bytes)
{
	return takes(bed, FROM_SERVER, 1, bytes);
}

static void tally_is(const struct bed *bed, uint64_t held, uint64_t full, uint64_t bytes)
{
	struct hold_tally tally = hold_tally(bed->hold);

	assert_int_equal(tally.held, held);
	assert_int_equal(tally.full, full);
	assert_int_equal(tally.bytes, bytes);
}

static void test_nothing_waits(void **state)
{
	const struct inspect_verdict none = { .flow = NULL };
	const struct sek_note note = { .mark = SEK_NOTE_MARK };
	struct bed bed;

	begin(&bed, NULL, 100, 100);
	assert_false(from_server(&bed, "a"));
	assert_false(hold_takes(bed.hold, &none, &note, (const uint8_t *)"a", 1));
	hold_review(bed.hold, &bed.flow, true);
	assert_null(bed.flow.held);
	tally_is(&bed, 0, 0, 0);
	hold_free(bed.hold);
	hold_free(NULL);
}

static void test_order(void **state)
{
	struct bed bed;

	begin(&bed, NULL, 100, 100);
	file_wait_begin(&bed.files[0]);
	assert_true(from_server(&bed, "ab"));
	assert_false(takes(&bed, FROM_CLIENT, 1, "x")); /* the other direction goes on */
	assert_true(from_server(&bed, "c"));
	file_wait_begin(&bed.files[1]);
	assert_true(from_server(&bed, "d"));
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "");
	tally_is(&bed, 3, 0, 4);
	file_wait_end(&bed.files[0]); /* what came before the second file may go, that behind it not */
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "abc");
	file_wait_end(&bed.files[1]);
	assert_true(from_server(&bed, "e")); /* nothing waits, but it would overtake */
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "abcde");
	assert_null(bed.flow.held);
	tally_is(&bed, 4, 0, 0);
	assert_false(from_server(&bed, "f"));
	hold_free(bed.hold);
}

/* The second verdict of a file that goes on, after the first let it: it waits from a later frame on. */
static void test_waits_twice(void **state)
{
	struct bed bed;

	begin(&bed, NULL, 100, 100);
	file_wait_begin(&bed.files[0]);
	assert_true(from_server(&bed, "a"));
	file_wait_begin(&bed.files[0]); /* more of it came before anybody said what it is */
	assert_true(from_server(&bed, "b"));
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "a");
	file_wait_end(&bed.files[0]);
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "ab");
	file_wait_begin(&bed.files[0]);
	assert_true(from_server(&bed, "c"));
	file_wait_end(&bed.files[0]);
	file_wait_end(&bed.files[0]); /* does nothing */
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "abc");
	tally_is(&bed, 3, 0, 0);
	hold_free(bed.hold);
}

static void test_both_directions(void **state)
{
	struct bed bed;

	begin(&bed, NULL, 100, 100);
	bed.files[1].side = FROM_CLIENT;
	file_wait_begin(&bed.files[0]);
	file_wait_begin(&bed.files[1]);
	assert_true(from_server(&bed, "s"));
	assert_true(takes(&bed, FROM_CLIENT, 1, "c"));
	file_wait_end(&bed.files[0]);
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "s");
	assert_non_null(bed.flow.held);
	file_wait_end(&bed.files[1]);
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "sc");
	assert_null(bed.flow.held);
	hold_free(bed.hold);
}

static void test_memory(void **state)
{
	struct bed bed;

	begin(&bed, NULL, 10, 100);
	file_wait_begin(&bed.files[0]);
	assert_true(from_server(&bed, "abcdef"));
	assert_true(from_server(&bed, "ghijk")); /* finds no room: it is dropped, not sent */
	assert_true(from_server(&bed, "lmno")); /* the last that fits */
	assert_true(from_server(&bed, "p"));
	tally_is(&bed, 2, 2, 10);
	assert_int_equal(hold_tally(bed.hold).frames, 2);
	file_wait_end(&bed.files[0]);
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "abcdeflmno");
	file_wait_begin(&bed.files[1]);
	assert_true(from_server(&bed, "0123456789")); /* there is room again */
	tally_is(&bed, 3, 2, 10);
	file_wait_end(&bed.files[1]);
	hold_review(bed.hold, &bed.flow, false);
	tally_is(&bed, 3, 2, 0);
	assert_int_equal(hold_tally(bed.hold).frames, 0);
	assert_int_equal(hold_tally(bed.hold).most, 10);
	hold_free(bed.hold);
}

/* One body that fills its share leaves the others theirs. */
static void test_tenant_memory(void **state)
{
	struct bed bed, other;

	begin(&bed, NULL, 10, 4);
	begin(&other, bed.hold, 0, 0);
	file_wait_begin(&bed.files[0]);
	file_wait_begin(&other.files[0]);
	assert_true(takes(&bed, FROM_SERVER, 1, "abcd"));
	assert_true(takes(&bed, FROM_SERVER, 1, "e"));
	tally_is(&bed, 1, 1, 4);
	assert_true(takes(&other, FROM_SERVER, 2, "ABCD"));
	assert_true(takes(&other, FROM_SERVER, 2, "E"));
	assert_true(takes(&other, FROM_SERVER, 3, "FGH")); /* 11 of 10 */
	assert_true(takes(&other, FROM_SERVER, 3, "IJ"));
	tally_is(&bed, 3, 3, 10);
	file_wait_end(&bed.files[0]);
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "abcd");
	tally_is(&bed, 3, 3, 6);
	assert_true(takes(&other, FROM_SERVER, 1, "KLMN")); /* of the first body, which has room again */
	tally_is(&bed, 4, 3, 10);
	hold_review(bed.hold, &other.flow, true);
	assert_string_equal(bed.sent, "abcdABCDIJKLMN");
	tally_is(&bed, 4, 3, 0);
	file_wait_end(&other.files[0]);
	hold_free(bed.hold);
}

static void test_falls(void **state)
{
	struct bed bed;

	begin(&bed, NULL, 100, 100);
	file_wait_begin(&bed.files[0]);
	assert_true(takes(&bed, FROM_SERVER, 7, "a"));
	assert_true(takes(&bed, FROM_SERVER, 7, "b"));
	bed.flow.fate |= FATE_DROP | FATE_REJECT_SRC | FATE_REJECT_DST;
	file_wait_end(&bed.files[0]);
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "");
	assert_int_equal(bed.blocked, 1);
	assert_int_equal(bed.resets, 1);
	assert_int_equal(bed.note.tenant, 7);
	assert_null(bed.flow.held);
	hold_review(bed.hold, &bed.flow, false); /* it fell once */
	assert_int_equal(bed.blocked, 1);
	tally_is(&bed, 2, 0, 0);
	hold_free(bed.hold);
}

/* A flow that ends with its files unjudged: what is left goes, or falls if the end made it so. */
static void test_flow_ends(void **state)
{
	struct bed bed;

	begin(&bed, NULL, 100, 100);
	file_wait_begin(&bed.files[0]);
	assert_true(from_server(&bed, "a"));
	hold_review(bed.hold, &bed.flow, true);
	assert_string_equal(bed.sent, "a");
	assert_null(bed.flow.held);
	assert_true(from_server(&bed, "b"));
	bed.flow.fate |= FATE_DROP;
	hold_review(bed.hold, &bed.flow, true);
	assert_string_equal(bed.sent, "a");
	assert_int_equal(bed.blocked, 1);
	assert_int_equal(bed.resets, 0);
	assert_null(bed.flow.held);
	tally_is(&bed, 2, 0, 0);
	file_wait_end(&bed.files[0]);
	hold_free(bed.hold);
}

/* Flows that are the kernel's again are remembered until they end. */
static void test_recall(void **state)
{
	const struct sek_note note = { .tenant = 5 };
	struct bed bed;

	begin(&bed, NULL, 100, 100);
	hold_recall(bed.hold, recalled, &bed);
	assert_int_equal(bed.recalled, 0);
	file_wait_begin(&bed.files[0]);
	assert_true(from_server(&bed, "a"));
	hold_recall(bed.hold, recalled, &bed); /* it waits, but it is not the kernel's */
	assert_int_equal(bed.recalled, 0);
	bed.flow.state = FLOW_BYPASSED;
	file_wait_end(&bed.files[0]);
	hold_review(bed.hold, &bed.flow, false);
	assert_string_equal(bed.sent, "a!");
	hold_recall(bed.hold, recalled, &bed);
	assert_int_equal(bed.recalled, 1);
	assert_int_equal(bed.note.tenant, 1);
	hold_review(bed.hold, &bed.flow, true);
	assert_null(bed.flow.held);
	hold_recall(bed.hold, recalled, &bed);
	assert_int_equal(bed.recalled, 1);
	hold_back(bed.hold, &bed.flow, &note);
	hold_recall(bed.hold, recalled, &bed);
	assert_int_equal(bed.recalled, 2);
	assert_int_equal(bed.note.tenant, 5);
	hold_review(bed.hold, &bed.flow, true);
	hold_free(bed.hold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_waits), cmocka_unit_test(test_order),
		cmocka_unit_test(test_waits_twice),   cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_memory),	      cmocka_unit_test(test_tenant_memory),
		cmocka_unit_test(test_falls),	      cmocka_unit_test(test_flow_ends),
		cmocka_unit_test(test_recall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
