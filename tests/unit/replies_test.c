// SPDX-License-Identifier: Apache-2.0
/*
 * DNS answers over TCP from their segments: in any order, in any pieces, of several flows, and what is no
 * message ends a flow's reading and no more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/replies.h"

#define FIRST 0xfffffffaU /* of the first byte; numbers pass 0 on the way */

struct bed {
	struct replies *replies;
	char said[4096]; /* "1:abc 2:de": flow and message */
	size_t last_len;
};

static void message(void *arg, const struct sek_name_copy_head *head, const uint8_t *bytes, size_t len)
{
	struct bed *bed = arg;
	size_t used = strlen(bed->said);

	snprintf(bed->said + used, sizeof(bed->said) - used, "%s%u:%.*s", used ? " " : "",
		 (unsigned int)head->first_ns, (int)(len < 20 ? len : 20), bytes);
	bed->last_len = len;
}

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	*state = bed;
	return bed ? replies_new(message, bed, &bed->replies) : -1;
}

static int bed_down(void **state)
{
	struct bed *bed = *state;

	replies_free(bed->replies);
	free(bed);
	return 0;
}

/* len bytes from offset `at` of the flow; known: offset that the client has acknowledged. */
static void give(struct bed *bed, uint32_t flow, uint32_t known, uint32_t at, const char *bytes,
		 uint32_t len)
{
	const struct sek_name_copy_head head = { .first_ns = flow,
						 .key = { .port = { flow, 53 } },
						 .next = FIRST + known,
						 .seq = FIRST + at };
	uint8_t *copy = malloc(len + 1);

	memcpy(copy, bytes, len);
	replies_take(bed->replies, &head, copy, len);
	free(copy);
}
#define GIVE(bed, flow, known, at, text) give(bed, flow, known, at, text, sizeof(text) - 1)

static void said(struct bed *bed, const char *wanted)
{
	assert_string_equal(bed->said, wanted);
	bed->said[0] = 0;
}

static void one_segment_may_hold_many(void **state)
{
	struct bed *bed = *state;

	GIVE(bed, 1, 0, 0, "\0\3abc\0\2de\0\1");
	said(bed, "1:abc 1:de");
	GIVE(bed, 1, 0, 11, "f\0\2gh");
	said(bed, "1:f 1:gh");
}

static void any_cut_is_the_same(void **state)
{
	static const char text[] = "\0\3abc\0\2de\0\1f";
	struct bed *bed = *state;
	uint32_t len = sizeof(text) - 1, flow = 1;

	for (uint32_t cut = 1; cut < len; cut++) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted), "%u:abc %u:de %u:f", flow, flow, flow);
		give(bed, flow, 0, 0, text, cut);
		give(bed, flow, 0, cut, text + cut, len - cut);
		said(bed, wanted);
		flow++;
		/* The later half first, and the first half twice. */
		snprintf(wanted, sizeof(wanted), "%u:abc %u:de %u:f", flow, flow, flow);
		give(bed, flow, 0, cut, text + cut, len - cut);
		said(bed, "");
		give(bed, flow, 0, 0, text, cut);
		give(bed, flow, 0, 0, text, cut);
		said(bed, wanted);
		flow++;
	}
}

static void flows_are_apart(void **state)
{
	struct bed *bed = *state;

	GIVE(bed, 1, 0, 0, "\0\4ab");
	GIVE(bed, 2, 0, 0, "\0\4xy");
	GIVE(bed, 1, 0, 4, "cd");
	GIVE(bed, 2, 0, 4, "zz");
	said(bed, "1:abcd 2:xyzz");
}

/* What its client has acknowledged is where a message begins. */
static void reading_begins_where_the_client_is(void **state)
{
	struct bed *bed = *state;

	GIVE(bed, 1, 1000, 1000, "\0\2ab");
	said(bed, "1:ab");
	GIVE(bed, 1, 1000, 990, "0123456789\0\2ab");
	said(bed, "");
	GIVE(bed, 1, 1000, 1004, "\0\2cd");
	said(bed, "1:cd");
}

static void no_message_ends_it(void **state)
{
	struct bed *bed = *state;

	/* A length of 0, then another beginning at what its client has by now. */
	GIVE(bed, 1, 0, 0, "\0\2ab\0\0cd");
	said(bed, "1:ab");
	GIVE(bed, 1, 8, 8, "\0\2ef");
	said(bed, "1:ef");
	/* Other bytes for a place that had some. */
	GIVE(bed, 2, 0, 0, "\0\6ab");
	GIVE(bed, 2, 0, 2, "xxcdef");
	said(bed, "");
	GIVE(bed, 2, 8, 8, "\0\2gh");
	said(bed, "2:gh");
}

static void the_longest_message_fits(void **state)
{
	struct bed *bed = *state;
	static char text[2 + 65535];

	memset(text, 'a', sizeof(text));
	text[0] = text[1] = (char)0xff;
	for (uint32_t at = 0; at < sizeof(text); at += 1460)
		give(bed, 1, 0, at, text + at,
		     at + 1460 < sizeof(text) ? 1460 : (uint32_t)sizeof(text) - at);
	said(bed, "1:aaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(bed->last_len, 65535);
	give(bed, 1, 0, sizeof(text), "\0\2ok", 4);
	said(bed, "1:ok");
}

/* Of more flows than there is room for, the one that was silent longest is read no more. */
static void room_is_bounded(void **state)
{
	struct bed *bed = *state;

	for (uint32_t flow = 1; flow <= REPLIES_MAX; flow++)
		GIVE(bed, flow, 0, 0, "\0\4ab");
	GIVE(bed, 1, 0, 4, "c");
	GIVE(bed, REPLIES_MAX + 1, 0, 0, "\0\2xy");
	said(bed, "257:xy");
	GIVE(bed, 1, 0, 5, "d");
	said(bed, "1:abcd");
	GIVE(bed, 2, 0, 4, "cd"); /* its beginning is forgotten */
	said(bed, "");
	GIVE(bed, 4, 0, 4, "cd");
	said(bed, "4:abcd");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bed_up, bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(one_segment_may_hold_many), ROW(any_cut_is_the_same),
		ROW(flows_are_apart),		ROW(reading_begins_where_the_client_is),
		ROW(no_message_ends_it),	ROW(the_longest_message_fits),
		ROW(room_is_bounded),
	};

	return cmocka_run_group_tests_name("replies", tests, NULL, NULL);
}
