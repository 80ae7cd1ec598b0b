// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a mail, whole and in pieces: the same is found in both, and what is told is within bounds.
 */
#include "proto/mime.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	uint64_t bytes, names, files;
};

static void begin(void *arg, struct slice name)
{
	struct sum *sum = arg;

	sum->files++;
	for (size_t i = 0; i < name.len; i++)
		sum->names = sum->names * 31 + name.at[i];
}

static void more(void *arg, struct slice bytes)
{
	struct sum *sum = arg;

	for (size_t i = 0; i < bytes.len; i++)
		sum->bytes = sum->bytes * 31 + bytes.at[i];
}

static void end(void *arg)
{
	((struct sum *)arg)->files += 1000;
}

/* In memory of its own, so that a byte beyond it is found. */
static void piece_feed(struct mime *mime, const uint8_t *at, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, at, len);
	mime_bytes(mime, (struct slice){ copy, len });
	free(copy);
}

static struct sum mail_read(const struct mime_settings *settings, const uint8_t *data, size_t size,
			    size_t piece)
{
	struct sum sum = { 0 };
	const struct mime_sink sink = { &sum, begin, more, end };
	struct mime *mime = mime_new(settings, &sink);
	struct slice value;

	if (!mime)
		abort();
	for (size_t at = 0; at < size; at += piece)
		piece_feed(mime, data + at, size - at < piece ? size - at : piece);
	mime_end(mime);
	sum.names = sum.names * 31 + mime_odd(mime);
	for (uint32_t i = 0; mime_field(mime, "subject", i, &value); i++)
		more(&sum, value);
	for (uint32_t i = 0; mime_attachment(mime, i, &value); i++)
		more(&sum, value);
	for (uint32_t i = 0; mime_url(mime, i, &value); i++)
		more(&sum, value);
	more(&sum, mime_words(mime));
	more(&sum, slice_text(mime_body_md5(mime)));
	more(&sum, slice_text(mime_status(mime)));
	mime_free(mime);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mime_settings settings;
	struct sum whole, pieces;

	mime_settings_read(NULL, &settings);
	settings.body_md5 = true;
	settings.words = 32;
	whole = mail_read(&settings, data, size, size ? size : 1);
	pieces = mail_read(&settings, data, size, 1 + size % 7);
	if (whole.bytes != pieces.bytes || whole.names != pieces.names || whole.files != pieces.files)
		abort();
	return 0;
}
