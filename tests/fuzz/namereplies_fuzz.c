// SPDX-License-Identifier: Apache-2.0
/*
 * Any segments of answers over TCP, of a few flows: whole messages come out, each of the bytes that its
 * flow was given, and nothing of one flow comes out of another. Acts of four bytes: which flow, how far
 * from where it stands, how many bytes, of what.
 */
#include <stdlib.h>
#include <string.h>

#include "names/replies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FLOWS 8
#define BASE 0xfffffff0U

struct told {
	uint64_t first_ns; /* of the flow whose segment is taken */
	size_t cnt;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* A flow's bytes say whose they are, but for lengths. */
static void message(void *arg, const struct sek_name_copy_head *head, const uint8_t *bytes, size_t len)
{
	struct told *told = arg;

	check(head->first_ns == told->first_ns && len && len <= 65535);
	for (size_t i = 0; i < len; i++)
		check(bytes[i] == 0 || bytes[i] < 8 || bytes[i] >> 4 == (head->first_ns & 15));
	told->cnt++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t at[FLOWS] = {};
	struct replies *replies;
	struct told told = {};

	check(!replies_new(message, &told, &replies));
	for (; size >= 4; data += 4, size -= 4) {
		uint32_t flow = data[0] % FLOWS, len = data[2], seq = at[flow] + data[1] - 128;
		struct sek_name_copy_head head = { .first_ns = 1 + flow, .next = BASE + at[flow] };
		uint8_t *bytes = malloc(len + 1);

		check(bytes != NULL);
		memset(bytes, (int)((1 + flow) << 4 | (data[3] & 15)), len + 1);
		/* A length in front, right or wrong. */
		if (len > 1 && data[3] & 128) {
			bytes[0] = data[3] >> 4 & 7;
			bytes[1] = (uint8_t)(len - 2) & 7;
		}
		head.seq = BASE + seq;
		told.first_ns = head.first_ns;
		replies_take(replies, &head, bytes, len);
		if (data[1] == 128)
			at[flow] += len;
		free(bytes);
	}
	replies_free(replies);
	return 0;
}
