// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as what a client sends over TCP, TLS, HTTP/1, HTTP/2 or DNS: the names are the same whether
 * they come at once or cut in two. The first byte says whether it is DNS, the second where the cut is.
 */
#include <stdlib.h>
#include <string.h>

#include "names/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIRST 0xfffffff0U

struct heard {
	char text[4096];
	size_t len;
};

static void hear(struct heard *heard, const char *text, size_t len)
{
	if (len > sizeof(heard->text) - heard->len)
		len = sizeof(heard->text) - heard->len;
	if (len)
		memcpy(heard->text + heard->len, text, len);
	heard->len += len;
}

/* Returns whether more would be read. */
static bool listen(struct reader *reader, struct reader_room *room, uint32_t at,
		   const uint8_t *bytes, size_t len, struct heard *heard)
{
	uint8_t *copy = malloc(len + 1); /* of its size, so that a step beyond is seen */
	enum stream_said taken;
	struct reader_name name;
	enum reader_said said;

	memcpy(copy, bytes, len);
	taken = reader_segment(reader, FIRST + at, copy, (uint32_t)len);
	free(copy);
	if (taken != STREAM_TAKEN)
		return false;
	while ((said = reader_next(reader, room, &name)) == READER_NAME) {
		hear(heard, name.host.text, name.host.len);
		hear(heard, "|", 1);
		hear(heard, name.other.text, name.other.len);
		hear(heard, "|", 1);
		hear(heard, name.target.text, name.target.len);
		hear(heard, name.hides ? "+\n" : "\n", name.hides ? 2 : 1);
	}
	if (said != READER_MORE)
		hear(heard, said == READER_END ? "end" : said == READER_BAD ? "bad" : "off", 3);
	return said == READER_MORE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reader_room room;
	static struct heard whole, halves;
	struct reader reader;
	size_t cut;
	bool is_dns;

	if (size < 3)
		return 0;
	is_dns = data[0] & 1;
	cut = 1 + (size_t)data[1] * (size - 3) / 256;
	data += 2;
	size -= 2;
	whole.len = halves.len = 0;
	reader_begin_tcp(&reader, FIRST, is_dns, false);
	listen(&reader, &room, 0, data, size, &whole);
	reader_end(&reader);
	reader_begin_tcp(&reader, FIRST, is_dns, false);
	if (cut >= size)
		cut = size;
	if (listen(&reader, &room, 0, data, cut, &halves) && cut < size)
		listen(&reader, &room, (uint32_t)cut, data + cut, size - cut, &halves);
	reader_end(&reader);
	if (whole.len != halves.len || memcmp(whole.text, halves.text, whole.len) != 0)
		abort();
	return 0;
}
