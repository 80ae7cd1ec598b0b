// SPDX-License-Identifier: Apache-2.0
/*
 * policy/capture: every kind of file read, every kind of damage named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"

#define FRAME_LEN 60

/* A file under construction, in either byte order. */
struct file {
	bool big;
	size_t len;
	uint8_t b[4096];
};

static void put(struct file *f, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		f->b[f->len++] = (uint8_t)(value >> 8 * (f->big ? bytes - 1 - i : i));
}

static void put_frame(struct file *f, size_t len)
{
	for (size_t i = 0; i < len; i++)
		f->b[f->len++] = (uint8_t)(i + 1);
}

static void put_pcap(struct file *f, uint32_t magic, uint32_t link)
{
	put(f, magic, 4);
	put(f, 2, 2);
	put(f, 4, 2);
	put(f, 0, 8);
	put(f, 65535, 4);
	put(f, link, 4);
}

static void put_record(struct file *f, uint32_t s, uint32_t fraction, uint32_t len, uint32_t wire_len)
{
	put(f, s, 4);
	put(f, fraction, 4);
	put(f, len, 4);
	put(f, wire_len, 4);
	put_frame(f, len);
}

static void put_section(struct file *f)
{
	put(f, 0x0a0d0d0a, 4);
	put(f, 28, 4);
	put(f, 0x1a2b3c4d, 4);
	put(f, 1, 2);
	put(f, 0, 2);
	put(f, ~0ull, 8);
	put(f, 28, 4);
}

static void put_interface(struct file *f, uint16_t link, uint8_t resolution)
{
	put(f, 1, 4);
	put(f, 32, 4);
	put(f, link, 2);
	put(f, 0, 2);
	put(f, 0, 4);
	put(f, 9, 2);
	put(f, 1, 2);
	f->b[f->len++] = resolution;
	put(f, 0, 3);
	put(f, 0, 4);
	put(f, 32, 4);
}

static void put_packet(struct file *f, uint32_t interface, uint64_t time, uint32_t len,
		       uint32_t wire_len)
{
	uint32_t block = 32 + ((len + 3) & ~3u);

	put(f, 6, 4);
	put(f, block, 4);
	put(f, interface, 4);
	put(f, time >> 32, 4);
	put(f, time & 0xffffffff, 4);
	put(f, len, 4);
	put(f, wire_len, 4);
	put_frame(f, len);
	put(f, 0, -len & 3);
	put(f, block, 4);
}

struct read {
	int r; /* of the last call */
	size_t cnt;
	uint64_t time_ns[8];
	uint32_t len[8], wire_len[8];
	bool fine;
	char words[400]; /* of the first error */
};

static void read_all(const struct file *f, struct read *read)
{
	struct capture_packet packet;
	struct capture *capture;
	struct diag diag;
	FILE *in = fmemopen((void *)f->b, f->len, "r");

	memset(read, 0, sizeof(*read));
	assert_non_null(in);
	diag_init(&diag);
	read->r = capture_open(in, "file", &capture, &diag);
	if (!read->r) {
		while ((read->r = capture_next(capture, &packet, &diag)) == 1) {
			assert_true(read->cnt < 8);
			assert_int_equal(packet.number, read->cnt + 1);
			for (uint32_t i = 0; i < packet.len; i++)
				assert_int_equal(packet.bytes[i], (uint8_t)(i + 1));
			read->time_ns[read->cnt] = packet.time_ns;
			read->len[read->cnt] = packet.len;
			read->wire_len[read->cnt++] = packet.wire_len;
		}
		read->fine = capture_fine(capture);
		capture_close(capture);
	}
	if (diag.cnt)
		snprintf(read->words, sizeof(read->words), "%s", diag.entries[0].text);
	assert_int_equal(diag.error_cnt != 0, read->r < 0);
	diag_free(&diag);
	fclose(in);
}

static void pcap(void **state)
{
	for (int big = 0; big < 2; big++)
		for (int fine = 0; fine < 2; fine++) {
			struct file f = { .big = big };
			struct read read;

			put_pcap(&f, fine ? 0xa1b23c4d : 0xa1b2c3d4, 1);
			put_record(&f, 100, 7, FRAME_LEN, FRAME_LEN);
			put_record(&f, 0xffffffff, 999999, 20, 1500);
			put_record(&f, 0, 0, 0, 0);
			put_record(&f, 0, 0, 30, 10); /* the wire cannot have carried less */
			read_all(&f, &read);
			assert_int_equal(read.r, 0);
			assert_int_equal(read.cnt, 4);
			assert_int_equal(read.fine, fine);
			assert_int_equal(read.time_ns[0], 100000000000 + (fine ? 7 : 7000));
			assert_int_equal(read.time_ns[1],
					 0xffffffffull * 1000000000 + (fine ? 999999 : 999999000));
			assert_int_equal(read.len[1], 20);
			assert_int_equal(read.wire_len[1], 1500);
			assert_int_equal(read.len[2], 0);
			assert_int_equal(read.wire_len[3], 30);
		}
}

static void ng(void **state)
{
	for (int big = 0; big < 2; big++) {
		struct file f = { .big = big };
		struct read read;

		put_section(&f);
		put_interface(&f, 1, 6);
		put_interface(&f, 1, 9);
		put_interface(&f, 1, 0x80 | 20);
		put_packet(&f, 0, 1700000000000001, FRAME_LEN, FRAME_LEN);
		put_packet(&f, 1, 1700000000000000001, 21, 100);
		put_packet(&f, 2, (5ull << 20) + (1 << 19), 22, 22);
		f.big = !big; /* a second section in the other order */
		put_section(&f);
		put_interface(&f, 1, 3);
		put_packet(&f, 0, 1700000000001, 23, 23);
		read_all(&f, &read);
		assert_int_equal(read.r, 0);
		assert_int_equal(read.cnt, 4);
		assert_true(read.fine);
		assert_int_equal(read.time_ns[0], 1700000000000001000);
		assert_int_equal(read.time_ns[1], 1700000000000000001);
		assert_int_equal(read.time_ns[2], 5500000000);
		assert_int_equal(read.time_ns[3], 1700000000001000000);
		assert_int_equal(read.wire_len[1], 100);
	}
}

/* Every cut of a good file gives the whole packets before the cut, and words unless it is a clean end. */
static void every_cut(void **state)
{
	for (int kind = 0; kind < 2; kind++) {
		struct file whole = { .big = false }, f;
		size_t ends[4], head;
		struct read read;

		if (kind)
			put_section(&whole);
		else
			put_pcap(&whole, 0xa1b2c3d4, 1);
		head = whole.len;
		if (kind)
			put_interface(&whole, 1, 6);
		for (size_t i = 0; i < 3; i++) {
			ends[i] = whole.len;
			if (kind)
				put_packet(&whole, 0, i, FRAME_LEN, FRAME_LEN);
			else
				put_record(&whole, (uint32_t)i, 0, FRAME_LEN, FRAME_LEN);
		}
		ends[3] = whole.len;
		for (size_t len = 1; len <= whole.len; len++) {
			size_t wanted = 0;
			bool clean = len == head;

			for (size_t i = 0; i < 4; i++) {
				clean |= len == ends[i];
				wanted = len >= ends[i] ? i : wanted;
			}
			f = whole;
			f.len = len;
			read_all(&f, &read);
			assert_int_equal(read.cnt, wanted);
			assert_int_equal(read.r == 0, clean);
		}
	}
}

static void has_words(const struct file *f, size_t packets, const char *words)
{
	struct read read;

	read_all(f, &read);
	assert_true(read.r < 0);
	assert_int_equal(read.cnt, packets);
	if (!strstr(read.words, words))
		fail_msg("\"%s\" does not say \"%s\"", read.words, words);
}

static void damage(void **state)
{
	struct file f = { .big = false };

	put(&f, 0x12345678, 4);
	has_words(&f, 0, "not a capture file");
	f.len = 0;
	put_pcap(&f, 0xa1b2c3d4, 105);
	put_record(&f, 0, 0, FRAME_LEN, FRAME_LEN);
	has_words(&f, 0, "link type 105 (802.11)");
	f.len = 0;
	put_pcap(&f, 0xa1b2c3d4, 1);
	put_record(&f, 0, 0, FRAME_LEN, FRAME_LEN);
	put(&f, 1, 8);
	put(&f, 0x7fffffff, 8);
	has_words(&f, 1, "packet 2, at byte 116: its length of 2147483647 bytes is impossible");
	f.len = 0;
	put_section(&f);
	put_packet(&f, 0, 1, FRAME_LEN, FRAME_LEN);
	has_words(&f, 0, "interface 0 was never described");
	f.len = 0;
	put_section(&f);
	put_interface(&f, 1, 6);
	put_interface(&f, 113, 6);
	put_packet(&f, 0, 1, FRAME_LEN, FRAME_LEN);
	put_packet(&f, 1, 1, FRAME_LEN, FRAME_LEN);
	has_words(&f, 1, "link type 113 (Linux cooked v1)");
	f.len = 0;
	put_section(&f);
	put(&f, 6, 4);
	put(&f, 0xfffffffc, 4);
	has_words(&f, 0, "length of 4294967292 bytes is impossible");
}

/* The words stand in the block as option 1, padded, and the packet is read back as it was. */
static void comments_are_written(void **state)
{
	static const char words[] = "verdict=drop reason=list_block";
	const char *const names[] = { "inside", "outside" };
	const struct capture_format format = { .ng = true, .interfaces = names, .interface_cnt = 2 };
	uint8_t frame[64] = { 1, 2, 3 };

	for (size_t cut = 0; cut < sizeof(words); cut++) {
		const struct capture_packet packet = {
			.time_ns = 1700000000123456789, .bytes = frame, .len = 61, .wire_len = 1500
		};
		struct capture_packet back;
		struct capture_writer *writer;
		struct capture *capture;
		struct diag diag;
		char *bytes = NULL;
		size_t len = 0;
		FILE *file = open_memstream(&bytes, &len);

		assert_int_equal(capture_create(file, &format, &writer), 0);
		assert_int_equal(capture_write_comment(writer, &packet, 1, words + cut), 0);
		assert_int_equal(capture_write(writer, &packet, 0), 0);
		fflush(file);
		assert_int_equal(capture_size(writer), len);
		capture_finish(writer);
		fclose(file);
		assert_non_null(memmem(bytes, len, words + cut, sizeof(words) - 1 - cut));
		diag_init(&diag);
		file = fmemopen(bytes, len, "r");
		assert_int_equal(capture_open(file, "back", &capture, &diag), 0);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(capture_next(capture, &back, &diag), 1);
			assert_int_equal(back.len, 61);
			assert_int_equal(back.wire_len, 1500);
			assert_int_equal(back.time_ns, packet.time_ns);
			assert_memory_equal(back.bytes, frame, 61);
		}
		assert_int_equal(capture_next(capture, &back, &diag), 0);
		capture_close(capture);
		fclose(file);
		diag_free(&diag);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "pcap in both orders, µs and ns", pcap, NULL, NULL, NULL },
		{ "comments are written", comments_are_written, NULL, NULL, NULL },
		{ "pcap-ng in both orders, four resolutions, two sections", ng, NULL, NULL, NULL },
		{ "a file cut at every byte", every_cut, NULL, NULL, NULL },
		{ "damage is named with its place", damage, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
