// SPDX-License-Identifier: Apache-2.0
/*
 * Datagrams in pieces, by rows: fragments in, the datagram that a receiver of that system makes of them out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/config.h"
#include "framemade.h"
#include "inspect/decode.h"
#include "inspect/defrag.h"

#define MORE 0x2000
#define PROTO_NONE 253 /* for experiments (RFC 3692): decode takes what is behind as it is */

struct row {
	const char *says, *system; /* of host-os-policy; NULL: BSD */
	struct {
		uint16_t at; /* in units of 8 bytes */
		bool more;
		char fill;
		uint8_t cnt; /* of 8 bytes */
	} pieces[6];
	const char *whole; /* one letter for each 8 bytes; NULL: it never is */
	bool overlaps;
};

static const struct row rows[] = {
	{ "in order", NULL, { { 0, true, 'a', 1 }, { 1, false, 'b', 1 } }, "ab", false },
	{ "the last one first", NULL, { { 1, false, 'b', 1 }, { 0, true, 'a', 1 } }, "ab", false },
	{ "a hole", NULL, { { 0, true, 'a', 1 }, { 2, false, 'c', 1 } }, NULL, false },
	{ "no end", NULL, { { 0, true, 'a', 1 }, { 1, true, 'b', 1 } }, NULL, false },
	{ "twice", NULL, { { 0, true, 'a', 1 }, { 0, true, 'a', 1 }, { 1, false, 'b', 1 } }, "ab", true },
	{ "BSD keeps the first",
	  NULL,
	  { { 0, true, 'a', 2 }, { 1, true, 'X', 2 }, { 3, false, 'd', 1 } },
	  "aaXd",
	  true },
	{ "BSD takes one that begins before",
	  NULL,
	  { { 1, true, 'b', 2 }, { 0, true, 'X', 2 }, { 3, false, 'd', 1 } },
	  "XXbd",
	  true },
	{ "Windows wants it to end behind, too",
	  "windows",
	  { { 1, true, 'b', 2 }, { 0, true, 'X', 2 }, { 3, false, 'd', 1 } },
	  "Xbbd",
	  true },
	{ "Linux takes the same start",
	  "linux",
	  { { 0, true, 'a', 1 }, { 0, true, 'X', 1 }, { 1, false, 'b', 1 } },
	  "Xb",
	  true },
	{ "Vista never does",
	  "vista",
	  { { 1, true, 'b', 1 }, { 0, true, 'X', 3 }, { 3, false, 'd', 1 } },
	  "XbXd",
	  true },
};

static struct decoder decoder;

static const struct packet *row_run(const struct row *row, bool *ret_overlaps)
{
	const struct packet *whole = NULL;

	*ret_overlaps = false;
	for (size_t i = 0; i < 6 && row->pieces[i].cnt; i++) {
		size_t len = row->pieces[i].cnt * 8u;
		struct made_frame frame;
		struct capture_packet packet;
		char fill[64];

		memset(fill, row->pieces[i].fill, sizeof(fill));
		made_ether(&frame, 0x0800);
		made_ipv4(&frame, PROTO_NONE, len,
			  (uint16_t)((row->pieces[i].more ? MORE : 0) | row->pieces[i].at), false);
		made_put(&frame, fill, len);
		packet = made_packet(&frame, i + 1, 1000000000);
		if (decode_frame(&decoder, &packet) == 2)
			whole = &decoder.packets[1];
		for (uint8_t j = 0; j < decoder.packets[0].event_cnt; j++)
			*ret_overlaps |= decoder.packets[0].event[j] == EVENT_IPV4_FRAG_OVERLAP;
	}
	return whole;
}

static void pieces_become_what_the_receiver_reads(void **state)
{
	struct decode_settings settings;

	decode_settings_read(NULL, &settings);
	settings.unchecked_sums = true;
	decoder.settings = &settings;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *config = NULL;
		struct hostos *hostos = NULL;
		struct diag diag;
		const struct packet *whole;
		char text[64] = "", setting[64];
		bool overlaps;

		diag_init(&diag);
		snprintf(setting, sizeof(setting), "host-os-policy: {%s: [0.0.0.0/0]}\n",
			 rows[i].system ? rows[i].system : "bsd");
		assert_int_equal(config_read_text(setting, "row", &config, &diag), 0);
		assert_int_equal(hostos_new(config, &hostos), 0);
		assert_int_equal(defrag_new(config, hostos, &decoder.defrag), 0);
		whole = row_run(&rows[i], &overlaps);
		for (size_t j = 0; whole && j < whole->payload.len / 8 && j < sizeof(text) - 1; j++)
			text[j] = (char)whole->payload.at[j * 8];
		if (strcmp(text, rows[i].whole ? rows[i].whole : "") != 0 ||
		    overlaps != rows[i].overlaps)
			fail_msg("%s: \"%s\", overlap %d", rows[i].says, text, overlaps);
		if (whole) {
			assert_false(whole->is_fragment);
			assert_true(whole->is_rebuilt);
			assert_ptr_equal(whole->ip.at, whole->frame.at + 14);
		}
		defrag_free(decoder.defrag);
		hostos_free(hostos);
		config_free(config);
		diag_free(&diag);
	}
}

static void what_never_ends_is_forgotten(void **state)
{
	struct decode_settings settings;
	struct hostos *hostos = NULL;

	decode_settings_read(NULL, &settings);
	settings.unchecked_sums = true;
	decoder.settings = &settings;
	assert_int_equal(hostos_new(NULL, &hostos), 0);
	assert_int_equal(defrag_new(NULL, hostos, &decoder.defrag), 0);
	for (uint64_t i = 0; i < 2; i++) {
		struct made_frame frame;
		struct capture_packet packet;

		made_ether(&frame, 0x0800);
		made_ipv4(&frame, PROTO_NONE, 8, (uint16_t)(i == 0 ? MORE : 1), false);
		made_put(&frame, "12345678", 8);
		packet = made_packet(&frame, i + 1, i * 61000000000ull);
		assert_int_equal(decode_frame(&decoder, &packet), 1);
	}
	assert_int_equal(defrag_tally(decoder.defrag).timed_out, 1);
	defrag_free(decoder.defrag);
	hostos_free(hostos);
}

static bool is_closed(void *arg, uint16_t tenant)
{
	return tenant == 2;
}

/* A piece of 8 bytes at that place, so many seconds from the beginning on; whether it falls. */
static bool falls(uint16_t tenant, uint16_t at, bool more, uint64_t second)
{
	struct made_frame frame;
	struct capture_packet packet;

	made_ether(&frame, 0x0800);
	made_ipv4(&frame, PROTO_NONE, 8, (uint16_t)((more ? MORE : 0) | at), false);
	made_put(&frame, "12345678", 8);
	packet = made_packet(&frame, 1, second * 1000000000ull);
	defrag_tenant(decoder.defrag, tenant);
	decode_frame(&decoder, &packet);
	return decoder.packets[0].fate & FATE_DROP;
}

/* In the path a receiver has all pieces but the last: it is not to get that one some other way. */
static void in_the_path_what_fell_stays_fallen(void **state)
{
	struct decode_settings settings;
	struct hostos *hostos = NULL;

	decode_settings_read(NULL, &settings);
	settings.unchecked_sums = true;
	decoder.settings = &settings;
	assert_int_equal(hostos_new(NULL, &hostos), 0);
	assert_int_equal(defrag_new(NULL, hostos, &decoder.defrag), 0);
	assert_int_equal(defrag_stand(decoder.defrag, is_closed, NULL), 0);
	assert_false(falls(1, 0, true, 1));
	assert_false(falls(1, 1, false, 1));
	assert_int_equal(decoder.packet_cnt, 2);
	defrag_refuse(decoder.defrag, &decoder.packets[0]);
	assert_true(falls(1, 1, false, 2));
	assert_true(falls(1, 0, true, 60));
	assert_false(falls(3, 0, true, 60)); /* another body's, of the same addresses */
	assert_false(falls(1, 0, true, 62));
	assert_true(falls(1, 0, true, 63)); /* over another */
	assert_false(falls(1, 0, true, 130));
	assert_true(falls(1, 1, false, 200)); /* not whole in time */
	defrag_free(decoder.defrag);
	hostos_free(hostos);
}

/* Where there is no room for it, the rest of a datagram goes as the body's `fail:` says. */
static void in_the_path_memory_is_shared_out(void **state)
{
	struct decode_settings settings;
	struct config *config = NULL;
	struct hostos *hostos = NULL;
	struct diag diag;

	decode_settings_read(NULL, &settings);
	settings.unchecked_sums = true;
	decoder.settings = &settings;
	diag_init(&diag);
	assert_int_equal(config_read_text("defrag: {memcap: 3200}\n", "row", &config, &diag), 0);
	assert_int_equal(hostos_new(NULL, &hostos), 0);
	for (uint16_t tenant = 1; tenant <= 2; tenant++) {
		bool fell = false;

		assert_int_equal(defrag_new(config, hostos, &decoder.defrag), 0);
		assert_int_equal(defrag_stand(decoder.defrag, is_closed, NULL), 0);
		for (uint16_t at = 0; at < 40; at++)
			fell |= falls(tenant, (uint16_t)(2 * at), true, 1);
		assert_int_equal(fell, tenant == 2);
		assert_true(defrag_tally(decoder.defrag).memory_short > 0);
		assert_false(falls(3, 0, true, 1));
		defrag_free(decoder.defrag);
	}
	hostos_free(hostos);
	config_free(config);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_become_what_the_receiver_reads),
		cmocka_unit_test(what_never_ends_is_forgotten),
		cmocka_unit_test(in_the_path_what_fell_stays_fallen),
		cmocka_unit_test(in_the_path_memory_is_shared_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
