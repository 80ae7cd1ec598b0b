// SPDX-License-Identifier: Apache-2.0
/*
 * What was odd: decode-event and stream-event of a packet, app-layer-event of a protocol, and
 * app-layer-protocol.
 */
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

/* --- of packets and streams --- */

static bool engine_event_ask(const void *arg, struct match *match)
{
	return memchr(match->packet->event, *(const uint8_t *)arg, match->packet->event_cnt) != NULL;
}

static const struct test_ops engine_event_ops = {
	.word = "decode-event", .ask = engine_event_ask, .free = free, .of_packet = true, .cost = 0
};

_Static_assert(EVENT_CNT <= UINT8_MAX, "events are bytes");

static int engine_event_read(struct draft *draft, struct slice value)
{
	bool in_stream = strcmp(draft->keyword->word, "stream-event") == 0;
	enum engine_event event = EVENT_NONE;
	char name[64];
	uint8_t *kept;

	if (!in_stream && slice_starts(value, "decoder."))
		value = slice_behind(value, strlen("decoder."));
	if (value.len < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)value.len, value.at);
		event = engine_event_by_name(in_stream ? LAYER_STREAM : LAYER_DECODE, name);
		if (event == EVENT_NONE && !in_stream && slice_starts(value, "stream."))
			event = engine_event_by_name(LAYER_STREAM, name + 7);
	}
	if (event == EVENT_NONE)
		return refuse(draft, (const char *)value.at, NULL, "there is no event \"%.*s\"",
			      (int)value.len, value.at);
	kept = malloc(1);
	if (!kept)
		return refuse_memory(draft);
	*kept = (uint8_t)event;
	draft->wants_packet = true;
	draft->signature->decode_event |= !in_stream;
	draft->signature->stream_event |= in_stream;
	return draft_test(draft, &engine_event_ops, kept);
}

/* --- of protocols --- */

struct app_event {
	uint64_t apps;
	uint8_t number; /* of proto->events, or of enum session_event */
};

static bool app_event_ask(const void *arg, struct match *match)
{
	const struct app_event *event = arg;

	return match->tx && event->apps >> match->tx->proto & 1 &&
	       memchr(match->tx->event, event->number, match->tx->event_cnt);
}

/* Of the packet with which it was found out. */
static bool session_event_ask(const void *arg, struct match *match)
{
	const struct app_event *event = arg;
	const struct session *session;

	if (!match->flow)
		return false;
	session = &match->flow->session;
	return memchr(session->event + match->events_old, event->number,
		      session->event_cnt - match->events_old);
}

static const struct test_ops app_event_ops = {
	.word = "app-layer-event", .ask = app_event_ask, .free = free, .needs_tx = true, .cost = 1
};
static const struct test_ops session_event_ops = {
	.word = "app-layer-event", .ask = session_event_ask, .free = free, .of_packet = true, .cost = 1
};

static const struct {
	const char *word;
	uint8_t number;
} session_events[] = {
	{ "applayer_mismatch_protocol_both_directions", SESSION_MISMATCH },
	{ "applayer_wrong_direction_first_data", SESSION_WRONG_FIRST },
	{ "applayer_detect_protocol_only_one_direction", SESSION_ONE_SIDE },
	{ "applayer_proto_detection_skipped", SESSION_SKIPPED },
	{ "applayer_no_tls_after_starttls", SESSION_NO_TLS },
	{ "applayer_unexpected_protocol", SESSION_UNEXPECTED },
};

static int event_place(struct draft *draft, const struct test_ops *ops, uint64_t apps, size_t number)
{
	struct app_event *event = malloc(sizeof(*event));

	if (!event)
		return refuse_memory(draft);
	*event = (struct app_event){ .apps = apps, .number = (uint8_t)number };
	return draft_test(draft, ops, event);
}

/* Number 1 is the first; 0: the protocol has none of this name. */
static size_t event_number(const struct proto *proto, struct slice word)
{
	for (size_t i = 0; proto->events && proto->events[i]; i++)
		if (slice_is(word, proto->events[i]))
			return i + 1;
	return 0;
}

static int app_event_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, name;
	bool is_known;
	uint64_t apps;

	for (size_t i = 0; i < sizeof(session_events) / sizeof(session_events[0]); i++)
		if (slice_is(value, session_events[i].word))
			return event_place(draft, &session_event_ops, 0, session_events[i].number);
	slice_next(&rest, '.', &name);
	apps = apps_find(name, &is_known);
	if (!apps || !rest.at)
		return refuse(draft, (const char *)value.at, NULL,
			      is_known ? "the protocol %.*s is not read yet"
				       : "there is no event \"%.*s\"",
			      (int)(is_known ? name.len : value.len), value.at);
	for (unsigned int id = 0; id < PROTO_CNT; id++) {
		size_t number = apps >> id & 1 ? event_number(protos[id], rest) : 0;
		int err;

		if (!number)
			continue;
		err = draft_of_apps(draft, 1ull << id, draft->keyword_at);
		return err ? err : event_place(draft, &app_event_ops, 1ull << id, number);
	}
	return refuse(draft, (const char *)rest.at, NULL, "the protocol %.*s has no event \"%.*s\"",
		      (int)name.len, name.at, (int)rest.len, rest.at);
}

/* --- app-layer-protocol --- */

struct app_protocol {
	uint64_t apps; /* bits, PROTO_FAILED and PROTO_UNKNOWN too */
	bool negated;
	enum { OF_EITHER, OF_CLIENT, OF_SERVER, OF_FINAL, OF_ORIGINAL, OF_BOTH } of;
};

static bool app_protocol_ask(const void *arg, struct match *match)
{
	const struct app_protocol *asked = arg;
	const struct session *session;
	enum proto_id is;

	if (!match->flow)
		return false;
	session = &match->flow->session;
	if (asked->of == OF_BOTH && session->side_proto[0] != session->side_proto[1])
		return false;
	if (asked->of == OF_CLIENT || asked->of == OF_BOTH)
		is = session->side_proto[FROM_CLIENT];
	else if (asked->of == OF_SERVER)
		is = session->side_proto[FROM_SERVER];
	else if (asked->of == OF_ORIGINAL)
		is = session->original;
	else
		is = session->proto;
	/* of each side what it speaks itself, and nothing as long as that is not known */
	if (asked->of == OF_EITHER)
		is = session->side_proto[match->side];
	if (is == PROTO_UNKNOWN && !(asked->apps & 1))
		return false; /* it is not known what it is not, either */
	return (asked->apps >> is & 1) != asked->negated;
}

static const struct test_ops app_protocol_ops = { .word = "app-layer-protocol",
						  .ask = app_protocol_ask,
						  .free = free,
						  .of_packet = true,
						  .cost = 1 };

static int app_protocol_read(struct draft *draft, struct slice value)
{
	static const char *const manners[] = { "either", "to_server", "to_client",
					       "final",	 "original",  "both" };
	struct app_protocol read = {}, *asked;
	struct slice rest, name, manner;
	bool is_known;
	int err;

	rest = value_plain(value, &read.negated);
	slice_next(&rest, ',', &name);
	read.apps = apps_find(name, &is_known);
	if (slice_is(name, "failed"))
		read.apps = 1ull << PROTO_FAILED;
	else if (slice_is(name, "unknown"))
		read.apps = 1ull << PROTO_UNKNOWN;
	if (!read.apps)
		return refuse(draft, (const char *)name.at, NULL,
			      is_known ? "the protocol %.*s is not read yet"
				       : "there is no protocol \"%.*s\"",
			      (int)name.len, name.at);
	err = read.negated ? 0 : draft_apps_on(draft, read.apps, (const char *)name.at);
	if (err)
		return err;
	if (slice_next(&rest, ',', &manner)) {
		size_t i;

		for (i = 0; i < 6 && !slice_is(manner, manners[i]); i++)
			;
		if (i == 6)
			return refuse(draft, (const char *)manner.at,
				      "to_server, to_client, both, either, final or original",
				      "app-layer-protocol has no word \"%.*s\"", (int)manner.len,
				      manner.at);
		read.of = i;
	}
	asked = malloc(sizeof(*asked));
	if (!asked)
		return refuse_memory(draft);
	*asked = read;
	return draft_test(draft, &app_protocol_ops, asked);
}

const struct keyword keyword_decode_event = { "decode-event", "engine-event",
					      VALUE_ALWAYS,   engine_event_read,
					      NULL,	      "what is odd about a packet" };
const struct keyword keyword_stream_event = { "stream-event", NULL,
					      VALUE_ALWAYS,   engine_event_read,
					      NULL,	      "what is odd about a TCP stream" };
const struct keyword keyword_app_layer_event = {
	"app-layer-event", NULL, VALUE_ALWAYS,
	app_event_read,	   NULL, "what is odd about a protocol: http.name"
};
const struct keyword keyword_app_layer_protocol = {
	"app-layer-protocol", NULL, VALUE_ALWAYS,
	app_protocol_read,    NULL, "the protocol that the flow was found to be"
};
