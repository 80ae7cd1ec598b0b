// SPDX-License-Identifier: Apache-2.0
/*
 * What a server sends as packed by gzip, whole and in pieces: the same comes out, as far as it is wanted, and
 * the same is thought of it. The first byte says how long pieces are.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/gunzip.h"

#define MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct unpacked {
	size_t len;
	char text[MOST];
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool take(void *arg, const char *bytes, size_t len)
{
	struct unpacked *to = arg;

	if (len > MOST - to->len)
		return false;
	memcpy(to->text + to->len, bytes, len);
	to->len += len;
	return true;
}

static int unpack(const uint8_t *data, size_t size, size_t piece, struct unpacked *to, bool *ret_whole)
{
	struct gunzip gunzip = {};
	int err = 0;

	to->len = 0;
	for (size_t at = 0; at < size && !err; at += piece)
		err = gunzip_feed(&gunzip, (const char *)data + at,
				  size - at < piece ? size - at : piece, take, to);
	*ret_whole = gunzip.whole;
	gunzip_end(&gunzip);
	check(!err || err == -EBADMSG || err == -ECANCELED);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unpacked at_once, in_pieces;
	bool whole, whole_in_pieces;
	int err;

	if (size < 2)
		return 0;
	err = unpack(data + 1, size - 1, size, &at_once, &whole);
	/* Of what is broken and too much, either may be found first. */
	check(!unpack(data + 1, size - 1, 1 + data[0], &in_pieces, &whole_in_pieces) == !err);
	if (err)
		return 0;
	check(whole == whole_in_pieces && at_once.len == in_pieces.len &&
	      !memcmp(at_once.text, in_pieces.text, at_once.len));
	return 0;
}
