/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By length and hash of the last bytes, in small letters. Called by scans.c, detect.c and transaction.c.
 */
#include "detect/ends.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

struct ending {
	uint32_t hash, number;
	uint32_t bytes; /* where they are kept */
	uint8_t len;
	bool nocase;
};

struct ends {
	struct ending *endings;
	uint32_t cnt, cap;
	uint8_t *bytes;
	size_t bytes_len, bytes_cap;
	uint64_t lens; /* one bit for each length that is there */
	unsigned int len_max;
	uint32_t *slots; /* one more than a number of endings, by hash; 0: none */
	uint32_t mask;
};

#define HASH_BEGIN 2166136261U

/* FNV-1a, from the last byte on, so that each length goes on where the shorter one ended. */
static inline uint32_t hash_on(uint32_t hash, uint8_t byte)
{
	return (hash ^ (byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte)) * 16777619U;
}

static inline uint32_t slot_first(const struct ends *ends, uint32_t hash, unsigned int len)
{
	uint32_t mixed = hash ^ len * 0x9e3779b9U;

	return (mixed ^ mixed >> 15) & ends->mask;
}

struct ends *ends_new(void)
{
	return calloc(1, sizeof(struct ends));
}

void ends_free(struct ends *ends)
{
	if (!ends)
		return;
	free(ends->endings);
	free(ends->bytes);
	free(ends->slots);
	free(ends);
}

static int room_make(struct ends *ends, size_t len)
{
	if (ends->bytes_cap - ends->bytes_len < len) {
		size_t cap = ends->bytes_cap * 2 + ENDS_LEN_MAX;
		uint8_t *bytes = realloc(ends->bytes, cap);

		if (!bytes)
			return -ENOMEM;
		ends->bytes = bytes;
		ends->bytes_cap = cap;
	}
	if (ends->cnt == ends->cap) {
		uint32_t cap = ends->cap * 2 + 16;
		struct ending *endings = reallocarray(ends->endings, cap, sizeof(*endings));

		if (!endings)
			return -ENOMEM;
		ends->endings = endings;
		ends->cap = cap;
	}
	return 0;
}

int ends_add(struct ends *ends, struct slice bytes, bool nocase, uint32_t number)
{
	struct ending *ending;
	uint32_t hash = HASH_BEGIN;

	if (room_make(ends, bytes.len))
		return -ENOMEM;
	for (size_t i = bytes.len; i-- > 0;)
		hash = hash_on(hash, bytes.at[i]);
	ending = &ends->endings[ends->cnt++];
	*ending = (struct ending){ .hash = hash,
				   .number = number,
				   .bytes = (uint32_t)ends->bytes_len,
				   .len = (uint8_t)bytes.len,
				   .nocase = nocase };
	memcpy(ends->bytes + ends->bytes_len, bytes.at, bytes.len);
	ends->bytes_len += bytes.len;
	ends->lens |= 1ULL << bytes.len;
	if (bytes.len > ends->len_max)
		ends->len_max = (unsigned int)bytes.len;
	return 0;
}

int ends_settle(struct ends *ends)
{
	uint32_t size = 16;

	while (size < ends->cnt * 2)
		size *= 2;
	ends->slots = calloc(size, sizeof(*ends->slots));
	if (!ends->slots)
		return -ENOMEM;
	ends->mask = size - 1;
	for (uint32_t i = 0; i < ends->cnt; i++) {
		uint32_t slot = slot_first(ends, ends->endings[i].hash, ends->endings[i].len);

		while (ends->slots[slot])
			slot = (slot + 1) & ends->mask;
		ends->slots[slot] = i + 1;
	}
	return 0;
}

static bool ending_is(const struct ends *ends, const struct ending *ending, const uint8_t *in)
{
	const uint8_t *bytes = ends->bytes + ending->bytes;

	if (!ending->nocase)
		return memcmp(in, bytes, ending->len) == 0;
	for (unsigned int i = 0; i < ending->len; i++)
		if (tolower(in[i]) != bytes[i])
			return false;
	return true;
}

/* All endings of a length that have this hash. */
static void slots_look(const struct ends *ends, uint32_t hash, unsigned int len, const uint8_t *in,
		       void (*found)(void *arg, uint32_t number), void *arg)
{
	uint32_t slot = slot_first(ends, hash, len);

	for (; ends->slots[slot]; slot = (slot + 1) & ends->mask) {
		const struct ending *ending = &ends->endings[ends->slots[slot] - 1];

		if (ending->hash == hash && ending->len == len && ending_is(ends, ending, in))
			found(arg, ending->number);
	}
}

void ends_find(const struct ends *ends, struct slice bytes,
	       void (*found)(void *arg, uint32_t number), void *arg)
{
	uint32_t hash = HASH_BEGIN;

	for (unsigned int len = 1; len <= bytes.len && len <= ends->len_max; len++) {
		const uint8_t *in = bytes.at + bytes.len - len;

		hash = hash_on(hash, *in);
		if (ends->lens >> len & 1)
			slots_look(ends, hash, len, in, found, arg);
	}
}
