/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/smb: a session of SMB2 by hand: a share, a file that is written out of order and cut at every byte, a
 * call through a pipe; what SMB1 chains; bytes that are none of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "file/file.h"
#include "proto/smb.h"
#include "unit/protoasked.h"

static struct protorun run;

struct made {
	uint8_t b[1024];
	size_t len;
};

static void add(struct made *to, const void *bytes, size_t len)
{
	memcpy(to->b + to->len, bytes, len);
	to->len += len;
}

static void number(struct made *to, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to->b[to->len++] = (uint8_t)(value >> 8 * i);
}

static void zeros(struct made *to, size_t len)
{
	memset(to->b + to->len, 0, len);
	to->len += len;
}

/* [MS-SMB2] 2.2.1.2 in a frame; the body follows. */
static struct made head2(bool answer, uint16_t command, uint64_t message)
{
	struct made to = { .len = 4 };

	add(&to, "\xfeSMB\x40\0\0\0\0\0\0\0", 12);
	number(&to, command, 2);
	zeros(&to, 2);
	number(&to, answer, 4);
	zeros(&to, 4);
	number(&to, message, 8);
	zeros(&to, 4);
	number(&to, 7, 4);
	number(&to, 9, 8);
	zeros(&to, 16);
	return to;
}

static struct slice framed(struct made *of)
{
	of->b[0] = 0;
	of->b[1] = 0;
	of->b[2] = (uint8_t)((of->len - 4) >> 8);
	of->b[3] = (uint8_t)(of->len - 4);
	return slice(of->b, of->len);
}

static void send(enum side side, struct made *of, size_t cut)
{
	struct slice all = framed(of);

	cut = cut < all.len ? cut : all.len;
	protorun_feed(&run, side, slice(all.at, cut), 0, false);
	protorun_feed(&run, side, slice_behind(all, cut), 0, false);
}

static void wide(struct made *to, const char *text)
{
	for (; *text; text++)
		number(to, (uint8_t)*text, 2);
}

static void tree(const char *share, uint8_t type, size_t cut)
{
	struct made request = head2(false, 3, 1), answer = head2(true, 3, 1);

	number(&request, 9, 2);
	zeros(&request, 2);
	number(&request, 72, 2);
	number(&request, strlen(share) * 2, 2);
	wide(&request, share);
	number(&answer, 16, 2);
	number(&answer, type, 1);
	zeros(&answer, 13);
	send(FROM_CLIENT, &request, cut);
	send(FROM_SERVER, &answer, cut);
}

static void create(const char *name, uint64_t message, size_t cut)
{
	struct made request = head2(false, 5, message), answer = head2(true, 5, message);

	zeros(&request, 36);
	number(&request, 2, 4);
	number(&request, 0x1000, 4);
	number(&request, 120, 2);
	number(&request, strlen(name) * 2, 2);
	zeros(&request, 8);
	wide(&request, name);
	zeros(&answer, 64);
	add(&answer, "0123456789abcdef", 16);
	zeros(&answer, 8);
	send(FROM_CLIENT, &request, cut);
	send(FROM_SERVER, &answer, cut);
}

static void write2(uint64_t message, uint64_t offset, struct slice bytes, size_t cut)
{
	struct made request = head2(false, 9, message);

	number(&request, 49, 2);
	number(&request, 112, 2);
	number(&request, bytes.len, 4);
	number(&request, offset, 8);
	add(&request, "0123456789abcdef", 16);
	zeros(&request, 16);
	add(&request, bytes.at, bytes.len);
	send(FROM_CLIENT, &request, cut);
}

static void closes(uint64_t message)
{
	struct made request = head2(false, 6, message);

	zeros(&request, 8);
	add(&request, "0123456789abcdef", 16);
	send(FROM_CLIENT, &request, SIZE_MAX);
}

static struct smb_tx *kind(enum smb_kind wanted)
{
	for (struct tx *tx = run.flow.session.first; tx; tx = tx->next)
		if (((struct smb_tx *)tx)->kind == wanted)
			return (struct smb_tx *)tx;
	fail_msg("no transaction of kind %d", wanted);
	return NULL;
}

static void test_file(void **state)
{
	for (size_t cut = 0; cut < 180; cut++) {
		struct smb_tx *tx;
		const char *record;

		protorun_begin(&run, PROTO_SMB, 6);
		tree("\\\\s\\d$", 1, cut);
		create("dir\\f", 2, cut);
		write2(3, 4, TEXT("efgh"), cut);
		write2(4, 0, TEXT("abcd"), cut);
		closes(5);
		tx = kind(SMB_FILE);
		assert_int_equal(tx->tx.event_cnt, 0);
		assert_non_null(tx->tx.files);
		assert_int_equal(tx->tx.files->state, FILE_CLOSED);
		assert_int_equal(tx->tx.files->size, 8);
		assert_memory_equal(tx->tx.files->window, "abcdefgh", 8);
		record = protorun_log(&run, &tx->tx, 0);
		assert_non_null(
			strstr(record, "\"filename\":\"dir\\\\f\",\"share\":\"\\\\\\\\s\\\\d$\""));
		record = protorun_log(&run, &kind(SMB_CREATE)->tx, 0);
		assert_non_null(strstr(
			record, "\"disposition\":\"FILE_CREATE\",\"access\":\"delete on close\""));
		assert_non_null(strstr(protorun_log(&run, &kind(SMB_TREE)->tx, 0),
				       "\"share_type\":\"FILE\""));
		protorun_end(&run);
	}
}

static void test_pipe(void **state)
{
	static const char request[] = "\5\0\0\3\x10\0\0\0\x1c\0\0\0\2\0\0\0"
				      "\4\0\0\0\0\0\x0f\0stub";
	struct smb_tx *tx;
	struct slice stub;
	uint64_t value = 0, from;

	protorun_begin(&run, PROTO_SMB, 6);
	tree("\\\\s\\IPC$", 2, SIZE_MAX);
	create("svcctl", 2, SIZE_MAX);
	write2(3, 0, slice(request, sizeof(request) - 1), SIZE_MAX);
	tx = kind(SMB_DCERPC);
	assert_int_equal(tx->of.dce.id, 2);
	for (size_t i = 0; i < protos[PROTO_SMB]->field_cnt; i++) {
		const struct field *field = &protos[PROTO_SMB]->fields[i];

		if (strcmp(field->name, "dcerpc.opnum") == 0)
			assert_true(field->number(&tx->tx, FROM_CLIENT, 0, &value));
		if (strcmp(field->name, "dcerpc.stub_data") == 0)
			assert_true(field->bytes(&tx->tx, FROM_CLIENT, 0, &stub, &from) &&
				    slice_is(stub, "stub"));
	}
	assert_int_equal(value, 15);
	assert_non_null(strstr(protorun_log(&run, &tx->tx, 0), "\"request\":\"REQUEST\""));
	protorun_end(&run);
}

/* A gap in a file's bytes is its own; behind one in a head the next record is found. */
static void test_gaps(void **state)
{
	struct made request = head2(false, 9, 3);
	struct slice all;

	protorun_begin(&run, PROTO_SMB, 6);
	number(&request, 49, 2);
	number(&request, 112, 2);
	number(&request, 800, 4);
	number(&request, 0, 8);
	add(&request, "0123456789abcdef", 16);
	zeros(&request, 16);
	zeros(&request, 800);
	all = framed(&request);
	protorun_feed(&run, FROM_CLIENT, slice(all.at, 600), 0, false);
	protorun_feed(&run, FROM_CLIENT, slice_behind(all, 700), 100, false);
	assert_int_equal(kind(SMB_FILE)->tx.files->size, 800);
	assert_true(kind(SMB_FILE)->tx.files->has_gaps);
	protorun_feed(&run, FROM_CLIENT, TEXT("rest of a record"), 5000, false);
	tree("\\\\s\\d$", 1, SIZE_MAX);
	assert_non_null(kind(SMB_TREE));
	protorun_end(&run);
}

static void test_other(void **state)
{
	const struct proto *smb = protos[PROTO_SMB];

	assert_int_equal(smb->guess(FROM_CLIENT, TEXT("\0\0\0\x20\xffSMBr\0\0\0\0\x18")), GUESS_YES);
	assert_int_equal(smb->guess(FROM_CLIENT, TEXT("\0\0\0\x20\xffSMBr\0\0\0\0\x98")),
			 GUESS_YES_TURNED);
	assert_int_equal(smb->guess(FROM_CLIENT, TEXT("\x81\0\0\2ab\0\0\0\x20\xffSMB")), GUESS_YES);
	assert_int_equal(smb->guess(FROM_CLIENT, TEXT("\0\0\0")), GUESS_MORE);
	assert_int_equal(smb->guess(FROM_CLIENT, TEXT("GET / HTTP/1.0")), GUESS_NO);
	protorun_begin(&run, PROTO_SMB, 6);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, TEXT("\0\0\0\4none"), 0, false), INPUT_BAD);
	protorun_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
