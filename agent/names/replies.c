// SPDX-License-Identifier: Apache-2.0
/*
 * Segments to messages. Called by names/namewatch.c.
 */
#include "names/replies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bigend.h"

#define HELD_MAX (2 + 65535) /* of one flow: a message and its length */

struct reply {
	struct sek_flow_key key;
	uint64_t first_ns; /* of the flow; 0: a place that is free */
	uint64_t used; /* when, in copies */
	struct stream stream;
};

struct replies {
	replies_message *call;
	void *arg;
	uint64_t copies;
	struct reply reply[REPLIES_MAX];
};

int replies_new(replies_message *call, void *arg, struct replies **ret_replies)
{
	struct replies *replies = calloc(1, sizeof(*replies));

	if (!replies)
		return -ENOMEM;
	replies->call = call;
	replies->arg = arg;
	*ret_replies = replies;
	return 0;
}

void replies_free(struct replies *rs)
{
	for (size_t i = 0; rs && i < REPLIES_MAX; i++)
		stream_end(&rs->reply[i].stream);
	free(rs);
}

static void forget(struct reply *reply)
{
	stream_end(&reply->stream);
	reply->first_ns = 0;
	reply->used = 0;
}

/* The flow's place; a new one takes that which was used longest ago. */
static struct reply *place(struct replies *rs, const struct sek_name_copy_head *head)
{
	struct reply *oldest = &rs->reply[0];

	for (size_t i = 0; i < REPLIES_MAX; i++) {
		struct reply *reply = &rs->reply[i];

		if (reply->first_ns == head->first_ns &&
		    !memcmp(&reply->key, &head->key, sizeof(head->key)))
			return reply;
		if (reply->used < oldest->used)
			oldest = reply;
	}
	forget(oldest);
	oldest->key = head->key;
	oldest->first_ns = head->first_ns;
	/* What its client has acknowledged ends where a message does, or nothing is known of it. */
	stream_begin(&oldest->stream, head->next, HELD_MAX);
	return oldest;
}

/* False: what follows is no message. */
static bool messages_read(struct replies *rs, const struct sek_name_copy_head *head,
			  struct stream *stream)
{
	const uint8_t *bytes;
	size_t len, size;

	for (;;) {
		bytes = stream_rest(stream, &len);
		if (len < 2)
			return true;
		size = be16(bytes);
		if (!size)
			return false;
		if (len < 2 + size)
			return true;
		rs->call(rs->arg, head, bytes + 2, size);
		stream_skip(stream, (uint32_t)(2 + size));
	}
}

void replies_take(struct replies *rs, const struct sek_name_copy_head *head, const uint8_t *bytes,
		  uint32_t len)
{
	struct reply *reply = place(rs, head);

	reply->used = ++rs->copies;
	if (stream_push(&reply->stream, head->seq, bytes, len) != STREAM_TAKEN ||
	    !messages_read(rs, head, &reply->stream))
		forget(reply);
}
