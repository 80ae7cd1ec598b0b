/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NFS over TCP: calls and answers of Sun RPC made as RFC 5531 and RFC 1813 have them, and what proto/nfs makes of
 * them: names that a later call knows by their handle alone, files that are read, what cannot be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "file/file.h"
#include "proto/nfs.h"
#include "unit/framekept.h"
#include "unit/xdrmade.h"

#define DIRECTORY "directory"
#define HANDLE "the file"

static struct protorun run;

/* --- XDR (RFC 4506) --- */

struct message {
	uint8_t bytes[1024];
	size_t len;
};

static void number_put(struct message *m, uint32_t number)
{
	m->len += xdr_put(m->bytes + m->len, &number, 1);
}

static void bytes_put(struct message *m, const char *text)
{
	size_t len = strlen(text);

	number_put(m, (uint32_t)len);
	memcpy(m->bytes + m->len, text, len);
	m->len += (len + 3) & ~(size_t)3;
}

/* A record with a call's head, by root of a machine; what it asks comes behind. */
static struct message call(uint32_t xid, uint32_t procedure)
{
	const uint32_t head[] = { 0, xid, 0, 2, 100003, 3, procedure, 1, 5 * 4 + 4 };
	struct message m;

	m.len = xdr_put(m.bytes, head, sizeof(head) / sizeof(head[0]));
	number_put(&m, 77);
	bytes_put(&m, "host");
	number_put(&m, 1000); /* user, group, no more groups */
	number_put(&m, 100);
	number_put(&m, 0);
	number_put(&m, 0); /* nothing to verify */
	number_put(&m, 0);
	return m;
}

static struct message answer(uint32_t xid, uint32_t status)
{
	const uint32_t head[] = { 0, xid, 1, 0, 0, 0, 0, status };
	struct message m;

	m.len = xdr_put(m.bytes, head, sizeof(head) / sizeof(head[0]));
	return m;
}

static int64_t say(enum side side, struct message *m, uint64_t lost)
{
	uint32_t mark = 0x80000000u | (uint32_t)(m->len - 4);

	xdr_put(m->bytes, &mark, 1);
	return protorun_feed(&run, side, slice(m->bytes, m->len), lost, false);
}

static void lookup_say(uint32_t xid)
{
	struct message asks = call(xid, NFS3_LOOKUP), gives = answer(xid, 0);

	bytes_put(&asks, DIRECTORY);
	bytes_put(&asks, "report.doc");
	bytes_put(&gives, HANDLE);
	number_put(&gives, 0); /* no attributes of it, nor of its directory */
	number_put(&gives, 0);
	assert_true(say(FROM_CLIENT, &asks, 0) > 0);
	assert_true(say(FROM_SERVER, &gives, 0) > 0);
}

static void read_say(uint32_t xid, uint32_t offset, bool ends, const char *bytes)
{
	struct message asks = call(xid, NFS3_READ), gives = answer(xid, 0);

	bytes_put(&asks, HANDLE);
	number_put(&asks, 0);
	number_put(&asks, offset);
	number_put(&asks, (uint32_t)strlen(bytes));
	number_put(&gives, 0); /* no attributes */
	number_put(&gives, (uint32_t)strlen(bytes));
	number_put(&gives, ends);
	bytes_put(&gives, bytes);
	say(FROM_CLIENT, &asks, 0);
	say(FROM_SERVER, &gives, 0);
}

static void begin(void)
{
	protorun_begin(&run, PROTO_NFS, 6);
}

/* --- what is made of them --- */

static void test_lookup(void **state)
{
	begin();
	lookup_say(1);
	assert_string_equal(
		protorun_log(&run, run.flow.session.first, 0),
		"{\"version\":3,\"procedure\":\"LOOKUP\",\"filename\":\"report.doc\","
		"\"hhash\":\"c1421a60\",\"id\":1,\"file_tx\":false,\"type\":\"response\",\"status\":\"OK\"}");
	protorun_end(&run);
}

static void test_rename(void **state)
{
	struct message asks, gives;

	begin();
	asks = call(2, NFS3_RENAME);
	bytes_put(&asks, DIRECTORY);
	bytes_put(&asks, "a");
	bytes_put(&asks, DIRECTORY);
	bytes_put(&asks, "b");
	gives = answer(2, 13);
	say(FROM_CLIENT, &asks, 0);
	say(FROM_SERVER, &gives, 0);
	assert_non_null(strstr(protorun_log(&run, run.flow.session.first, 0),
			       "\"status\":\"ERR_ACCES\",\"rename\":{\"from\":\"a\",\"to\":\"b\"}"));
	protorun_end(&run);
}

/* The file has the name that its handle was given for; its last bytes may come first. */
static void test_read(void **state)
{
	const struct nfs_tx *tx;

	begin();
	lookup_say(1);
	read_say(2, 0, false, "abcd");
	read_say(3, 8, false, "ijkl");
	read_say(4, 4, true, "efgh");
	tx = nfs_file_find(run.flow.session.state,
			   &(struct nfs_handle){ sizeof(HANDLE) - 1, HANDLE }, FROM_SERVER);
	assert_non_null(tx);
	assert_true(tx->is_file && tx->is_last);
	assert_int_equal(tx->last_xid, 4);
	assert_non_null(tx->file);
	assert_int_equal(tx->file->size, 12);
	assert_memory_equal(tx->file->name, "report.doc", tx->file->name_len);
	assert_int_equal(tx->file->state, FILE_CLOSED);
	protorun_end(&run);
}

/* Both messages of a call, in the units that rules name; offsets are those of each side's stream. */
static void test_frames(void **state)
{
	struct message asks = call(1, NFS3_REMOVE), gives = answer(1, 2);
	const size_t credentials = 4 + 6 * 4, args = asks.len;

	begin();
	run.flow.session.setup = &protorun_frames;
	bytes_put(&asks, DIRECTORY);
	bytes_put(&asks, "gone");
	number_put(&gives, 0);
	say(FROM_CLIENT, &asks, 0);
	say(FROM_SERVER, &gives, 0);
	frame_is(frame_at(&run, false, 0), "rpc.pdu", 0, slice(asks.bytes, asks.len));
	frame_is(frame_at(&run, false, 1), "rpc.creds", credentials,
		 slice(asks.bytes + credentials, args - 8 - credentials));
	frame_is(frame_at(&run, false, 2), "nfs.pdu", args,
		 slice(asks.bytes + args, asks.len - args));
	frame_is(frame_at(&run, false, 3), "rpc.pdu", 0, slice(gives.bytes, gives.len));
	frame_is(frame_at(&run, false, 4), "rpc.hdr", 0, slice(gives.bytes, 12));
	frame_is(frame_at(&run, false, 5), "rpc.data", 12, slice(gives.bytes + 12, gives.len - 12));
	frame_is(frame_at(&run, false, 6), "nfs.pdu", 28, slice(gives.bytes + 28, gives.len - 28));
	frame_is(frame_at(&run, false, 7), "nfs.status", 28, slice(gives.bytes + 28, 4));
	assert_null(frame_at(&run, false, 8));
	protorun_end(&run);
}

static void test_gap(void **state)
{
	struct message asks, gives;
	const struct tx *tx;

	begin();
	asks = call(1, NFS3_REMOVE);
	bytes_put(&asks, DIRECTORY);
	bytes_put(&asks, "gone");
	assert_true(say(FROM_CLIENT, &asks, 4711) > 0); /* a record begins behind the gap */
	gives = answer(1, 2);
	say(FROM_SERVER, &gives, 0);
	tx = run.flow.session.first;
	assert_non_null(tx);
	assert_non_null(strstr(protorun_log(&run, run.flow.session.first, 0),
			       "\"procedure\":\"REMOVE\",\"filename\":\"gone\""));
	protorun_end(&run);
}

static void test_broken(void **state)
{
	struct message asks;

	begin();
	asks = call(1, NFS3_LOOKUP);
	bytes_put(&asks, DIRECTORY);
	number_put(&asks, 4000); /* a name that is not there */
	say(FROM_CLIENT, &asks, 0);
	assert_non_null(run.flow.session.first);
	assert_int_equal(run.flow.session.first->event[0], NFS_MALFORMED);
	protorun_end(&run);
}

static void test_guess(void **state)
{
	struct message asks = call(1, NFS3_GETATTR);

	bytes_put(&asks, HANDLE);
	assert_int_equal(protos[PROTO_NFS]->guess(FROM_CLIENT, slice(asks.bytes + 4, asks.len - 4)),
			 GUESS_YES);
	assert_int_equal(protos[PROTO_NFS]->guess(FROM_SERVER, slice(asks.bytes + 4, asks.len - 4)),
			 GUESS_YES_TURNED);
	asks.bytes[4 + 12 + 3] ^= 1; /* another program */
	assert_int_equal(protos[PROTO_NFS]->guess(FROM_CLIENT, slice(asks.bytes + 4, asks.len - 4)),
			 GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup), cmocka_unit_test(test_rename),
		cmocka_unit_test(test_read),   cmocka_unit_test(test_frames),
		cmocka_unit_test(test_gap),    cmocka_unit_test(test_broken),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
