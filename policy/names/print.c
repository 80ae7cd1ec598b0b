// SPDX-License-Identifier: Apache-2.0
/*
 * Names cut into words, and words into sums. Called by table.c and find.c. Pure.
 */
#include "names/print.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#define SMALL 0x2020202020202020ULL

int name_keys_draw(struct sek_name_keys *ret_keys)
{
	uint8_t *at = (uint8_t *)ret_keys;
	size_t left = sizeof(*ret_keys);

	while (left) {
		ssize_t got = getrandom(at, left, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		at += got;
		left -= (size_t)got;
	}
	return 0;
}

static uint64_t word_at(const char *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

/* The first len bytes, 1..7, at the low end. */
static uint64_t word_of_bytes(const char *from, size_t len)
{
	uint64_t word = 0;

	while (len--)
		word = word << 8 | (uint8_t)from[len];
	return word;
}

/* The first len bytes of a name, 1..8, at the high end; room of 8 bytes is there if `wide`. */
static uint64_t host_last(const char *name, size_t len, bool wide)
{
	uint64_t word = wide ? word_at(name) : word_of_bytes(name, len);

	return (word | SMALL) << (8 * (8 - len));
}

uint64_t name_print_host(const struct sek_name_keys *keys, const char *name, size_t len)
{
	const struct sek_name_word_key *key = keys->host;
	struct sek_name_sum sum = {};
	bool wide = len >= 8;

	for (; len > 8; len -= 8, key++)
		name_sum_add(&sum, key, word_at(name + len - 8) | SMALL);
	return name_sum_end(sum, key, host_last(name, len, wide));
}

uint64_t name_print_path(const struct sek_name_keys *keys, uint64_t host, const char *path, size_t len)
{
	const struct sek_name_word_key *key = keys->path;
	struct sek_name_sum sum = {};

	name_sum_add(&sum, &keys->site, host);
	for (; len > 8; len -= 8, path += 8, key++)
		name_sum_add(&sum, key, word_at(path));
	return name_sum_end(sum, key, len == 8 ? word_at(path) : word_of_bytes(path, len));
}
