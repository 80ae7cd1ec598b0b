// SPDX-License-Identifier: Apache-2.0
/*
 * Uploads as browsers send them, multipart/form-data (RFC 7578): each part that has a file's name is a
 * file. Called with the decoded body as it comes; promises to keep no more than the head of one part, or
 * what may be a boundary.
 */
#include <stdlib.h>
#include <strings.h>

#include "file/file.h"
#include "proto/http1.h"

#define BOUNDARY_MAX 200 /* RFC 2046, 5.1.1, says 70 */
#define HEAD_MAX 8192 /* of a part */

enum multipart_at {
	AT_PREAMBLE, /* in front of the first boundary */
	AT_BOUNDARY, /* behind one: CRLF, or "--" that ends it all */
	AT_HEAD,
	AT_FIRST, /* the CRLF that ends the head may begin the next boundary */
	AT_DATA,
	AT_END,
};

struct multipart {
	struct tx *tx;
	struct file *file; /* of the part; NULL: it is a field */
	enum multipart_at at;
	enum http1_event event;
	struct grown kept; /* not yet decided upon, from done on */
	size_t done;
	size_t mark_len;
	char mark[4 + BOUNDARY_MAX]; /* CRLF, two dashes, boundary */
};

struct multipart *multipart_new(struct tx *tx, struct slice boundary)
{
	struct multipart *m = NULL;

	if (boundary.len && boundary.len <= BOUNDARY_MAX)
		m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->tx = tx;
	memcpy(m->mark, "\r\n--", 4);
	memcpy(m->mark + 4, boundary.at, boundary.len);
	m->mark_len = 4 + boundary.len;
	return m;
}

void multipart_free(struct multipart *m)
{
	if (!m)
		return;
	grown_free(&m->kept);
	free(m);
}

static struct slice rest_of(const struct multipart *m)
{
	return slice_behind(grown_slice(&m->kept), m->done);
}

static const uint8_t *find(struct slice rest, const void *what, size_t len)
{
	return rest.len ? memmem(rest.at, rest.len, what, len) : NULL;
}

static bool forward(struct multipart *m, size_t cnt, enum multipart_at at)
{
	m->done += cnt;
	m->at = at;
	return true;
}

/* All that cannot be the beginning of what is looked for. */
static size_t surely_before(struct slice rest, size_t mark_len)
{
	return rest.len >= mark_len ? rest.len - mark_len + 1 : 0;
}

/* --- steps: true: go on, the state has changed; false: more is needed --- */

/* The first boundary may stand at the very beginning. */
static bool preamble_take(struct multipart *m, struct slice rest)
{
	const char *mark = m->mark + 2;
	size_t mark_len = m->mark_len - 2;
	const uint8_t *at = find(rest, mark, mark_len);

	if (!at) {
		m->done += surely_before(rest, mark_len);
		return false;
	}
	return forward(m, (size_t)(at - rest.at) + mark_len, AT_BOUNDARY);
}

static bool boundary_take(struct multipart *m, struct slice rest)
{
	if (rest.len < 2)
		return false;
	if (memcmp(rest.at, "--", 2) == 0)
		return forward(m, rest.len, AT_END);
	if (memcmp(rest.at, "\r\n", 2) != 0)
		m->event = HTTP1_EVENT_MULTIPART;
	return forward(m, 0, AT_HEAD);
}

/* A line of the head that begins with so; its value. */
static bool line_find(struct slice head, const char *name, struct slice *ret)
{
	size_t name_len = strlen(name);

	while (head.len) {
		const uint8_t *end = memmem(head.at, head.len, "\r\n", 2);
		size_t len = end ? (size_t)(end - head.at) : head.len;

		if (len > name_len && strncasecmp((const char *)head.at, name, name_len) == 0) {
			*ret = slice(head.at + name_len, len - name_len);
			return true;
		}
		head = slice_behind(head, len + 2);
	}
	return false;
}

static bool head_take(struct multipart *m, struct slice rest)
{
	const uint8_t *end = find(rest, "\r\n\r\n", 4);
	struct slice head, value, name;

	if (!end && rest.len < HEAD_MAX)
		return false;
	if (!end) {
		m->event = HTTP1_EVENT_MULTIPART_HEADER;
		return forward(m, 0, AT_DATA);
	}
	head = slice(rest.at, (size_t)(end - rest.at));
	if (!line_find(slice_behind(head, 2), "Content-Disposition:", &value))
		m->event = HTTP1_EVENT_MULTIPART_HEADER;
	else if (http1_parameter(value, "filename", &name))
		m->file = file_open(m->tx, FROM_CLIENT, name);
	return forward(m, head.len + 2, AT_FIRST);
}

static bool part_end(struct multipart *m, size_t len)
{
	file_close(m->file, true);
	if (m->file && !m->file->size)
		m->event = HTTP1_EVENT_MULTIPART_EMPTY;
	m->file = NULL;
	return forward(m, len + m->mark_len, AT_BOUNDARY);
}

static bool first_take(struct multipart *m, struct slice rest)
{
	size_t len = rest.len < m->mark_len ? rest.len : m->mark_len;

	if (memcmp(rest.at, m->mark, len) != 0)
		return forward(m, 2, AT_DATA);
	return len == m->mark_len ? part_end(m, 0) : false;
}

static bool data_take(struct multipart *m, struct slice rest)
{
	const uint8_t *at = find(rest, m->mark, m->mark_len);
	size_t len = at ? (size_t)(at - rest.at) : surely_before(rest, m->mark_len);

	file_bytes(m->file, slice(rest.at, len), 0);
	if (at)
		return part_end(m, len);
	m->done += len;
	return false;
}

static bool step(struct multipart *m)
{
	struct slice rest = rest_of(m);

	switch (m->at) {
	case AT_PREAMBLE:
		return preamble_take(m, rest);
	case AT_BOUNDARY:
		return boundary_take(m, rest);
	case AT_HEAD:
		return head_take(m, rest);
	case AT_FIRST:
		return rest.len >= 2 && first_take(m, rest);
	case AT_DATA:
		return data_take(m, rest);
	default:
		m->done = m->kept.len;
		return false;
	}
}

enum http1_event multipart_take(struct multipart *m, struct slice bytes)
{
	m->event = HTTP1_EVENT_NONE;
	if (m->at == AT_END || !grown_add(&m->kept, bytes))
		return HTTP1_EVENT_NONE;
	while (step(m))
		;
	grown_shift(&m->kept, m->done);
	m->done = 0;
	return m->event;
}

enum http1_event multipart_end(struct multipart *m)
{
	m->event = m->at == AT_END ? HTTP1_EVENT_NONE : HTTP1_EVENT_MULTIPART;
	if (m->at == AT_DATA)
		file_bytes(m->file, rest_of(m), 0);
	file_close(m->file, false);
	m->file = NULL;
	m->at = AT_END;
	m->kept.len = 0;
	return m->event;
}
