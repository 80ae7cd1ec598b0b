// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes of lists from files and pipes, and what they are when they are no list. Called by the readers.
 */
#include "lists/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ROOM_FIRST (1 << 16)
#define GZIP_WINDOW (15 + 16) /* of inflateInit2(): the largest, gzip alone */

struct bytes {
	char *at;
	size_t len, cap;
	size_t most;
};

/* Room for another byte at least. 0, -ENOMEM, or -EFBIG when there are too many already. */
static int bytes_room(struct bytes *bytes)
{
	size_t cap = bytes->cap ? 2 * bytes->cap : ROOM_FIRST;
	char *more;

	if (bytes->len > bytes->most)
		return -EFBIG;
	if (bytes->len < bytes->cap)
		return 0;
	more = realloc(bytes->at, cap);
	if (!more)
		return -ENOMEM;
	bytes->at = more;
	bytes->cap = cap;
	return 0;
}

static int bytes_read(int fd, struct bytes *bytes)
{
	ssize_t got;
	int err;

	do {
		err = bytes_room(bytes);
		if (err)
			return err;
		got = read(fd, bytes->at + bytes->len, bytes->cap - bytes->len);
		bytes->len += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : bytes->len > bytes->most ? -EFBIG : 0;
}

static bool is_packed(const char *at, size_t len)
{
	return len >= 2 && !memcmp(at, "\x1f\x8b", 2);
}

/* One member of what gzip packed, from stream->next_in on. */
static int member_unpack(z_stream *stream, struct bytes *bytes)
{
	int zerr, err;

	do {
		size_t room;

		err = bytes_room(bytes);
		if (err)
			return err;
		room = bytes->cap - bytes->len;
		stream->next_out = (unsigned char *)bytes->at + bytes->len;
		stream->avail_out = (unsigned int)(room < INT_MAX ? room : INT_MAX);
		room = stream->avail_out;
		zerr = inflate(stream, Z_NO_FLUSH);
		bytes->len += room - stream->avail_out;
	} while (zerr == Z_OK);
	if (zerr == Z_MEM_ERROR)
		return -ENOMEM;
	if (zerr != Z_STREAM_END) /* Z_BUF_ERROR: its end is missing */
		return -EBADMSG;
	return bytes->len > bytes->most ? -EFBIG : 0;
}

/* All members, as gzip does: what stands behind the last and is none is nothing. */
static int unpack(const struct bytes *packed, struct bytes *bytes)
{
	z_stream stream = { .next_in = (unsigned char *)packed->at,
			    .avail_in = (unsigned int)packed->len };
	int err = inflateInit2(&stream, GZIP_WINDOW) == Z_OK ? 0 : -ENOMEM;

	if (err)
		return err;
	do {
		err = member_unpack(&stream, bytes);
	} while (!err && is_packed((const char *)stream.next_in, stream.avail_in) &&
		 inflateReset(&stream) == Z_OK);
	inflateEnd(&stream);
	return err;
}

int list_bytes_from(int fd, size_t most, char **ret_text, size_t *ret_len)
{
	struct bytes bytes = { .most = most }, packed;
	int err = bytes_read(fd, &bytes);

	close(fd);
	if (!err && is_packed(bytes.at, bytes.len)) {
		packed = bytes;
		bytes = (struct bytes){ .most = most };
		err = unpack(&packed, &bytes);
		free(packed.at);
	}
	if (err) {
		free(bytes.at);
		return err;
	}
	*ret_text = bytes.at;
	*ret_len = bytes.len;
	return 0;
}

int list_bytes(const char *path, char **ret_text, size_t *ret_len)
{
	/* Opening what is no file could wait for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return list_bytes_from(fd, LIST_BYTES_MAX, ret_text, ret_len);
}

const char *list_bytes_error(int err)
{
	switch (err) {
	case -EBADMSG:
		return "what gzip packed is broken, or its end is missing";
	case -EINVAL:
		return "it is no file";
	case -EFBIG:
		return "it is too large for a list";
	default:
		return strerror(-err);
	}
}

/* --- what is no list --- */

static bool begins(const char *text, size_t len, const char *with)
{
	size_t with_len = strlen(with);

	return len >= with_len && !strncasecmp(text, with, with_len);
}

static bool is_page(const char *text, size_t len)
{
	static const char *const heads[] = { "<!doctype", "<html", "<head",
					     "<body",	  "<?xml", "<script" };

	while (len && strchr(" \t\r\n\v\f", *text) && *text) {
		text++;
		len--;
	}
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (begins(text, len, heads[i]))
			return true;
	return false;
}

static bool is_archive(const char *text, size_t len)
{
	static const struct {
		const char *bytes;
		size_t len;
	} heads[] = {
		{ "PK\3\4", 4 },
		{ "\x1f\x8b", 2 },
		{ "BZh", 3 },
		{ "\xfd"
		  "7zXZ",
		  5 },
		{ "\x28\xb5\x2f\xfd", 4 },
		{ "7z\xbc\xaf", 4 },
		{ "%PDF-", 5 },
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (len >= heads[i].len && !memcmp(text, heads[i].bytes, heads[i].len))
			return true;
	return false;
}

/* By its mark, or since every other byte of its beginning is 0. */
static bool is_utf16(const char *text, size_t len)
{
	if (len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return true;
	for (size_t odd = 0; odd < 2 && len >= 16; odd++) {
		bool every = true;

		for (size_t i = 0; i < 16; i++)
			every &= (i % 2 == odd) == !text[i];
		if (every)
			return true;
	}
	return false;
}

int list_bytes_look(const char *text, size_t len, const char *name, struct diag *diag)
{
	const char *what = NULL, *hint = NULL;

	if (is_page(text, len)) {
		what = "it is a page of HTML or XML, such as servers send in place of a list";
	} else if (is_archive(text, len)) {
		what = "it is packed, or no text at all";
		hint = "of packed lists those by gzip are read, packed once";
	} else if (is_utf16(text, len)) {
		what = "it is text in UTF-16";
		hint = "lists are read as UTF-8: iconv -f UTF-16 -t UTF-8";
	}
	if (!what)
		return 0;
	diag_add(diag, DIAG_ERROR, name, 0, 0, hint, "%s", what);
	return -EBADMSG;
}
