/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.start, capture.stop, capture.show. The file comes with the request, opened by its owner's
 * rights; the request is answered when the capture has ended. Who captured what is in the journal and
 * in the records. Called by method.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "change.h"
#include "dataplane/livecapture.h"
#include "install/state.h"
#include "lists/set.h"
#include "method/method.h"
#include "text/counted.h"

#define SECONDS_USUAL 60
#define SECONDS_MOST 3500 /* the command waits for its answer no longer than an hour */
#define SNAPLEN_USUAL 256
#define SNAPLEN_LEAST 64
#define RATE_USUAL 2000

/* A capture and who asked for it. */
struct session {
	struct agent *agent;
	struct ticket *ticket;
	struct origin origin;
	char path[256];
	char words[512];
	char why[204];
};

static void note(struct session *s, const char *message)
{
	const struct peer *peer = ticket_peer(s->ticket);
	struct journal_entry entry = change_entry_by(peer, &s->origin);

	entry.action = "capture";
	entry.message = message;
	entry.path = s->path;
	log_info("capture: %s: %s", peer->user, message);
	change_note(s->agent, &entry);
}

static bool session_wanted(void *arg)
{
	const struct session *s = arg;

	return ticket_waited(s->ticket);
}

static void session_ended(void *arg, const char *why, json_t *result)
{
	struct session *s = arg;
	char message[700];

	snprintf(message, sizeof(message), "ended (%s): %s written, %lld not: %s", why,
		 COUNTED(json_integer_value(json_object_get(result, "written")), "frame"),
		 (long long)(json_integer_value(json_object_get(result, "offered")) -
			     json_integer_value(json_object_get(result, "written"))),
		 s->words);
	note(s, message);
	json_object_set_new(result, "ended", json_string(why));
	ticket_result(s->ticket, result);
	free(s);
}

/* --- what is wished --- */

/* A reason by its name, or "drop": every reason of a refusal. */
static bool reasons_read(const char *text, __u64 reasons[SEK_REASONS_MAX / 64])
{
	bool found = false;

	for (unsigned int r = 0; r < SEK_REASONS_MAX; r++) {
		const char *name = state_reason_name((uint8_t)r);

		if (!strcmp(name, "unknown") ||
		    (strcmp(name, text) != 0 &&
		     (strcmp(text, "drop") != 0 ||
		      strcmp(state_reason_verdict((uint8_t)r), "drop") != 0)))
			continue;
		reasons[r / 64] |= 1ULL << (r % 64);
		found = true;
	}
	return found;
}

static void filter_set(struct sek_capture *filter, const struct state_filter *from)
{
	const struct prefix *ends[2] = { &from->src, &from->dst };
	const struct prefix all = { .addr.q = { UINT64_MAX, UINT64_MAX }, .len = 128 };

	if (from->tenant >= 0) {
		filter->fields |= SEK_CAPTURE_TENANT;
		filter->tenant = (uint16_t)from->tenant;
	}
	if (from->proto >= 0) {
		bool icmp = from->proto == STATE_PROTO_ICMP;

		filter->fields |= SEK_CAPTURE_PROTO;
		filter->protos[0] = icmp ? IPPROTO_ICMP : (uint8_t)from->proto;
		filter->protos[1] = icmp ? IPPROTO_ICMPV6 : filter->protos[0];
	}
	filter->port = htons(from->port);
	for (int i = 0; i < 2; i++) {
		filter->addr[i] = ends[i]->addr;
		filter->mask[i] = prefix_cut(&all, ends[i]->len).addr;
	}
}

/* The members that say which frames. False after the ticket was answered. */
static bool filter_read(struct session *s, json_t *params, struct sek_capture *filter)
{
	static const char *const names[] = { "tenant", "src", "dst", "proto", "port" };
	struct state_filter which;
	json_t *part = json_object();
	const char *reason = NULL;
	struct diag diag;
	int err;

	if (!param_string(s->ticket, params, "reason", false, &reason))
		goto refused;
	if (reason && !reasons_read(reason, filter->reasons)) {
		ticket_fault(s->ticket, RPC_PARAMS, NULL,
			     "'%.60s' is no reason; 'sekisho stats show reason' names some, and 'drop' "
			     "is all refusals",
			     reason);
		goto refused;
	}
	filter->fields |= reason ? SEK_CAPTURE_REASON : 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_get(params, names[i]))
			json_object_set(part, names[i], json_object_get(params, names[i]));
	diag_init(&diag);
	err = state_filter_read(part, agent_policy(s->agent), &which, &diag);
	if (err)
		ticket_fault(s->ticket, RPC_PARAMS, diag_data(&diag), "%s",
			     diag.cnt ? diag.entries[0].text : "no memory");
	else
		filter_set(filter, &which);
	diag_free(&diag);
	json_decref(part);
	return !err;
refused:
	json_decref(part);
	return false;
}

/* "tenant saga reason list_block, 256 bytes a frame": the members as they were given. */
static void words_make(char *to, size_t cap, const json_t *params, uint32_t snaplen)
{
	static const char *const names[] = { "tenant", "src", "dst", "proto", "port", "reason" };
	size_t len = 0;

	to[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = json_string_value(json_object_get(params, names[i]));

		if (value)
			len += (size_t)snprintf(to + len, cap - len, "%s%s %.60s", len ? " " : "",
						names[i], value);
	}
	snprintf(to + len, cap - len, "%s, %u bytes a frame", len ? "" : "every frame", snaplen);
}

/* The bounds. False after the ticket was answered. */
static bool bounds_read(struct ticket *ticket, const json_t *params, struct livecapture_wish *wish)
{
	int64_t frames = 0, bytes = 0, seconds = SECONDS_USUAL, snaplen = SNAPLEN_USUAL;
	int64_t rate = RATE_USUAL;

	if (!param_number(ticket, params, "count", 1, INT64_MAX, &frames) ||
	    !param_number(ticket, params, "size", 1, INT64_MAX, &bytes) ||
	    !param_number(ticket, params, "for", 1, SECONDS_MOST, &seconds) ||
	    !param_number(ticket, params, "snaplen", SNAPLEN_LEAST, SEK_CAPTURE_BYTES, &snaplen) ||
	    !param_number(ticket, params, "rate", 1, 1000000, &rate))
		return false;
	wish->frames_max = (uint64_t)frames;
	wish->bytes_max = (uint64_t)bytes;
	wish->seconds_max = (uint32_t)seconds;
	wish->filter.snaplen = (uint32_t)snaplen;
	wish->filter.budget = (uint32_t)rate;
	return true;
}

static void session_start(struct session *s, const struct livecapture_wish *wish)
{
	int err = livecapture_start(s->agent->livecapture, wish);
	char message[800];

	if (!err) {
		snprintf(message, sizeof(message), "begins: %s%s%s", s->words,
			 s->why[0] ? ": " : "", s->why);
		note(s, message);
		return;
	}
	ticket_fault(s->ticket, err == -EBUSY ? RPC_BUSY : RPC_INTERNAL, NULL,
		     err == -EBUSY ? "a capture is running; 'sekisho capture stop' ends it"
				   : "the capture cannot begin: %s",
		     strerror(-err));
	free(s);
}

void method_capture_start(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct livecapture_wish wish = { .wanted = session_wanted, .ended = session_ended };
	struct session *s = calloc(1, sizeof(*s));
	const char *path = "", *why = "";

	if (!s) {
		ticket_fault(ticket, RPC_INTERNAL, NULL, "no memory");
		return;
	}
	s->agent = agent;
	s->ticket = ticket;
	if (!param_origin(ticket, params, &s->origin) ||
	    !param_string(ticket, params, "path", false, &path) ||
	    !param_string(ticket, params, "message", false, &why) || !param_file(ticket) ||
	    !bounds_read(ticket, params, &wish) || !filter_read(s, params, &wish.filter)) {
		free(s);
		return;
	}
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->why, sizeof(s->why), "%.200s", why);
	words_make(s->words, sizeof(s->words), params, wish.filter.snaplen);
	snprintf(wish.words, sizeof(wish.words), "%s", s->words);
	wish.fd = ticket_file(ticket);
	wish.arg = s;
	session_start(s, &wish);
}

void method_capture_stop(struct agent *agent, struct ticket *ticket, json_t *params)
{
	char why[64];

	snprintf(why, sizeof(why), "stopped by %s", ticket_peer(ticket)->user);
	if (livecapture_stop(agent->livecapture, why))
		ticket_result(ticket, livecapture_show(agent->livecapture));
	else
		ticket_fault(ticket, RPC_NOT_FOUND, NULL, "no capture is running");
}

void method_capture_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	ticket_result(ticket, livecapture_show(agent->livecapture));
}
