// SPDX-License-Identifier: Apache-2.0
/*
 * Lines as what is said of parts, behind a letter for the file: Content-Range, REST of FTP, with as many bytes as
 * its line has (what is neither is taken for raw numbers). And what is kept of the parts: always what came last
 * for each place, whole runs of it, never beyond the bounds.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "file/ranges.h"
#include "proto/ftp.h"
#include "proto/http1.h"
#include "proto/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 128
#define AMPLE (1u << 20)
#define SCANT 2500 /* so that files are forgotten */
#define FILES 3
#define PART_MAX 400

/* What came last for each place. */
struct model {
	bool is_there[MOST];
	uint8_t bytes[MOST];
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static struct slice run_around(const struct model *model, uint64_t at, uint64_t *ret_from)
{
	uint64_t from = at, to = at;

	while (from > 0 && from <= MOST && model->is_there[from - 1])
		from--;
	while (to < MOST && model->is_there[to])
		to++;
	*ret_from = from;
	return from < to ? slice(model->bytes + from, (size_t)(to - from)) : slice(NULL, 0);
}

static void look(struct ranges *ample, struct ranges *scant, const uint8_t *key,
		 const struct model *model, uint64_t at)
{
	struct grown all = { .at = NULL }, some = { .at = NULL };
	uint64_t expected_from, from;
	struct slice expected = run_around(model, at, &expected_from);
	bool found = ranges_get(ample, key, at, &all, &from);

	check(found == (expected.len > 0));
	if (found)
		check(from == expected_from && all.len == expected.len &&
		      !memcmp(all.at, expected.at, all.len));
	if (ranges_get(scant, key, at, &some, &from)) {
		check(some.len && from <= at && at <= from + some.len && from + some.len <= MOST);
		check(!memcmp(some.at, model->bytes + from, some.len));
	}
	grown_free(&all);
	grown_free(&some);
}

/* Where the part begins and how long it is. */
static bool part_read(struct slice line, uint64_t *ret_from, size_t *ret_len)
{
	struct http1_range range;
	uint64_t len;

	if (http1_range_read(line, &range)) {
		check(range.from <= range.to);
		len = range.to - range.from + 1;
		*ret_from = range.from;
		*ret_len = len < PART_MAX ? (size_t)len : PART_MAX;
		return true;
	}
	if (line_begins(line, "REST")) {
		*ret_from = ftp_restart_read(slice_behind(line, 4));
		*ret_len = line.len < PART_MAX ? line.len : PART_MAX;
		return true;
	}
	if (line.len < 9)
		return false;
	memcpy(ret_from, line.at, 8);
	*ret_len = line.at[8];
	return true;
}

static void model_put(struct model *model, uint64_t from, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len && from < MOST && i < MOST - from; i++) {
		model->is_there[from + i] = true;
		model->bytes[from + i] = bytes.at[i];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ranges *ample = ranges_new(MOST, AMPLE), *scant = ranges_new(MOST, SCANT);
	struct model models[FILES] = { 0 };
	uint8_t keys[FILES][RANGE_KEY_LEN] = { { 0 }, { 0, 4 }, { 7 } }; /* two in one bucket */
	struct slice rest = slice(data, size);
	uint8_t part[PART_MAX], next = 0;

	while (rest.len) {
		const uint8_t *end = memchr(rest.at, '\n', rest.len);
		struct slice line = slice(rest.at, end ? (size_t)(end - rest.at) : rest.len);
		size_t file = rest.at[0] % FILES, len;
		uint64_t from;

		rest = slice_behind(rest, line.len + (end != NULL));
		if (!line.len || !part_read(slice_behind(line, 1), &from, &len))
			continue;
		for (size_t i = 0; i < len; i++)
			part[i] = next++;
		ranges_put(ample, keys[file], from, slice(part, len));
		ranges_put(scant, keys[file], from, slice(part, len));
		model_put(&models[file], from, slice(part, len));
		check(ranges_bytes(ample) <= AMPLE && ranges_bytes(scant) <= SCANT);
		look(ample, scant, keys[file], &models[file], from);
		look(ample, scant, keys[file], &models[file], from + len);
	}
	for (size_t file = 0; file < FILES; file++)
		for (uint64_t at = 0; at <= MOST + 1; at++)
			look(ample, scant, keys[file], &models[file], at);
	ranges_free(ample);
	ranges_free(scant);
	return 0;
}
