// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the window of a body. Called by the parsers of HTTP; promises that what is kept is a few windows at
 * most, however much of it comes and whether rules look or not.
 */
#include "proto/httpbody.h"

#include "file/file.h"

#define GROWTH_MAX 16 /* times what has come, in one step */
#define KEPT_WINDOWS 3 /* that are kept of a body which nobody looks at */

static uint64_t window_max(const struct http_body_limits *limits)
{
	return limits->least > limits->window ? limits->least : limits->window;
}

/* What was inspected goes, but for a window in front of it. */
static void prune(struct http_body *body, const struct http_body_limits *limits)
{
	uint64_t size = http_body_size(body), most = window_max(limits), edge;

	if (size - body->offered > most * KEPT_WINDOWS)
		body->offered = size - most;
	edge = body->offered;
	if (edge < limits->least || edge < limits->window || edge - limits->window <= body->from)
		return;
	edge -= limits->window;
	grown_shift(&body->kept, (size_t)(edge - body->from));
	body->from = edge;
}

/*
 * Room for what is to come at once, so that it is not copied each time that it doubles. A head may promise
 * more than comes: what has come bounds the room.
 */
static void room_expect(struct http_body *body, const struct http_body_limits *limits, size_t more)
{
	uint64_t come = body->kept.len + more, wanted = window_max(limits) + limits->window;

	if (come <= body->kept.cap)
		return;
	if (wanted > body->expected)
		wanted = body->expected;
	if (wanted > come * GROWTH_MAX)
		wanted = come * GROWTH_MAX;
	if (wanted > come)
		(void)grown_room(&body->kept, (size_t)wanted - body->kept.len);
}

size_t http_body_add(struct http_body *body, const struct http_body_limits *limits,
		     const struct file *file, struct slice bytes)
{
	uint64_t size, most = limits->most;

	prune(body, limits);
	size = http_body_size(body);
	file_store_depth(file, &most);
	if (most && size >= most)
		return 0;
	if (most && bytes.len > most - size)
		bytes.len = (size_t)(most - size);
	if (body->unseen) {
		body->from += bytes.len;
		return bytes.len;
	}
	room_expect(body, limits, bytes.len);
	return grown_add(&body->kept, bytes) ? bytes.len : 0;
}

/* Where rules look from: so that a window stands around the edge of what they saw before. */
static uint64_t look_from(const struct http_body *body, const struct http_body_limits *limits)
{
	uint64_t fresh = http_body_size(body) - body->inspected;
	uint64_t before = limits->window / 4;

	if (body->inspected <= limits->least)
		return 0;
	if (fresh < limits->window)
		before = limits->window - fresh;
	return before < body->inspected ? body->inspected - before : 0;
}

bool http_body_look(struct http_body *body, const struct http_body_limits *limits, bool at_once,
		    struct slice *ret, uint64_t *ret_from)
{
	uint64_t size = http_body_size(body), from;
	bool is_full = limits->most && size >= limits->most;

	if (!size || (!at_once && !is_full && size < limits->least && !body->is_over))
		return false;
	if (body->offered != size) {
		body->inspected = body->offered;
		body->offered = size;
	}
	from = look_from(body, limits);
	if (from < body->from)
		from = body->from;
	*ret = slice_behind(grown_slice(&body->kept), (size_t)(from - body->from));
	*ret_from = from;
	return true;
}
