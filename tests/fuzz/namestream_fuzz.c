// SPDX-License-Identifier: Apache-2.0
/*
 * Any pieces of a stream, against a model that holds every byte of it: what is whole is what was sent
 * first, and nobody gets other bytes in. Four bytes of input are one act: where, how long, what.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 256
#define BASE 0xffffff80U
#define MODEL 4096

struct model {
	uint8_t byte[MODEL];
	bool has[MODEL];
	uint32_t next; /* read up to here */
};

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void same(const struct stream *s, const struct model *m)
{
	const uint8_t *rest;
	size_t len;

	rest = stream_rest(s, &len);
	demand(stream_next(s) == BASE + m->next);
	for (size_t i = 0; i < len; i++)
		demand(m->next + i < MODEL && m->has[m->next + i] && m->byte[m->next + i] == rest[i]);
	demand(m->next + len == MODEL || !m->has[m->next + len]);
}

static void push(struct stream *s, struct model *m, uint32_t at, uint32_t len, uint8_t what)
{
	uint8_t *bytes = malloc(len + 1);
	uint32_t first = s->base - BASE;

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(at + i +
				     (what >> 7)); /* an honest one, or one that says otherwise */
	switch (stream_push(s, BASE + at, bytes, len)) {
	case STREAM_TAKEN:
		for (uint32_t i = 0; i < len; i++) {
			if (at + i < first)
				continue; /* older than what is held */
			demand(!m->has[at + i] || m->byte[at + i] == bytes[i]);
			m->has[at + i] = true;
			m->byte[at + i] = bytes[i];
		}
		break;
	case STREAM_CONFLICT:
		break;
	default:
		demand(s->piece_cnt == STREAM_PIECES || at + len > first + MAX);
	}
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model model;
	struct stream stream;

	memset(&model, 0, sizeof(model));
	stream_begin(&stream, BASE, MAX);
	for (size_t i = 0; i + 4 <= size; i += 4) {
		uint32_t len = data[i + 1] % 64, at = model.next + data[i] * 2;

		if (at + len + 64 >= MODEL)
			break;
		at = at > 64 ? at - 64 : 0;
		if (data[i + 2] % 8) {
			push(&stream, &model, at, len, data[i + 3]);
		} else {
			stream_skip(&stream, len);
			model.next += len;
		}
		same(&stream, &model);
	}
	stream_end(&stream);
	return 0;
}
