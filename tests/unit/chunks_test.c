/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file/chunks: pieces of a file in any order, overlapping, cut: the file gets each byte once, in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "file/chunks.h"

static struct tx tx;
static struct file *file;
static struct file_chunks chunks;

static int begin(void **state)
{
	tx = (struct tx){ .id = 0 };
	chunks = (struct file_chunks){ .tracked = 0 };
	file = file_open(&tx, FROM_CLIENT, slice_text("a"));
	assert_non_null(file);
	return 0;
}

static int end(void **state)
{
	file_chunks_end(&chunks);
	assert_int_equal(chunks.kept, 0);
	assert_int_equal(chunks.kept_cnt, 0);
	file_free_all(tx.files);
	return 0;
}

static void piece(uint64_t offset, const char *bytes)
{
	file_chunk_begin(&chunks, file, offset, strlen(bytes));
	file_chunk_bytes(&chunks, file, slice_text(bytes), 0);
}

static void file_is(const char *bytes)
{
	assert_int_equal(file->size, strlen(bytes));
	assert_memory_equal(file->window, bytes, strlen(bytes));
}

static void test_order(void **state)
{
	piece(6, "ghi");
	piece(3, "def");
	assert_int_equal(file->size, 0);
	assert_int_equal(chunks.kept, 6);
	assert_int_equal(chunks.kept_cnt, 2);
	piece(0, "abc");
	file_is("abcdefghi");
	assert_int_equal(chunks.kept_cnt, 0);
	assert_false(file->has_gaps);
}

static void test_overlap(void **state)
{
	piece(0, "abcd");
	piece(2, "XXef");
	file_is("abcdef");
	piece(1, "XX");
	file_is("abcdef");
	piece(8, "ij");
	piece(4, "XXgh");
	file_is("abcdefghij");
	assert_false(file->has_gaps);
}

static void test_cut(void **state)
{
	file_chunk_begin(&chunks, file, 0, 4);
	file_chunk_bytes(&chunks, file, slice_text("a"), 0);
	file_chunk_bytes(&chunks, file, slice_text("c"), 1);
	file_chunk_bytes(&chunks, file, slice_text("dXXX"), 0);
	assert_int_equal(file->size, 4);
	assert_true(file->has_gaps);
	assert_int_equal(chunks.tracked, 4);
	file_chunk_begin(&chunks, file, 4, 10);
	piece(14, "z"); /* the one under way ends: ten bytes are missing */
	assert_int_equal(file->size, 15);
}

static void test_late_and_cut(void **state)
{
	file_chunk_begin(&chunks, file, 2, 4);
	file_chunk_bytes(&chunks, file, slice_text("cd"), 0);
	piece(0, "ab");
	assert_int_equal(file->size, 6);
	assert_true(file->has_gaps);
	file_chunk_begin(&chunks, file, UINT64_MAX, 2);
	file_chunk_bytes(&chunks, file, slice_text("xx"), 0);
	assert_int_equal(file->size, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, begin, end),
		cmocka_unit_test_setup_teardown(test_overlap, begin, end),
		cmocka_unit_test_setup_teardown(test_cut, begin, end),
		cmocka_unit_test_setup_teardown(test_late_and_cut, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
