// SPDX-License-Identifier: Apache-2.0
/*
 * IMAP (RFC 9051) and POP3 (RFC 1939, RFC 2595): known by their greetings, followed up to STARTTLS. Called by
 * sessions. Promises that what is said behind STARTTLS is read as what it is.
 */
#include <stdlib.h>

#include "proto/lines.h"
#include "proto/proto.h"

#define LINE_KEPT 1024

struct mailbox_state {
	struct session *session;
	const char *asks; /* the word by which the client asks for TLS */
	bool asked;
	char tag[32]; /* that the answer begins with */
	size_t tag_len;
	bool cut[SIDES]; /* the rest of a line that was too long comes */
};

static struct mailbox_state *state_new(struct session *session, const char *asks)
{
	struct mailbox_state *state = calloc(1, sizeof(*state));

	if (state) {
		state->session = session;
		state->asks = asks;
	}
	return state;
}

static void *imap_open(struct session *session)
{
	return state_new(session, "STARTTLS");
}

static void *pop3_open(struct session *session)
{
	return state_new(session, "STLS");
}

/* "a1 STARTTLS", or "STLS" where commands have no tags. */
static void client_line(struct mailbox_state *state, struct slice line)
{
	bool is_imap = state->session->proto == PROTO_IMAP;
	struct slice tag = is_imap ? line_word(line) : slice_text("+OK");
	struct slice word = line_word(is_imap ? slice_behind(line, tag.len) : line);

	if (word.len != strlen(state->asks) || !line_begins(word, state->asks) ||
	    tag.len > sizeof(state->tag))
		return;
	memcpy(state->tag, tag.at, tag.len);
	state->tag_len = tag.len;
	state->asked = true;
}

static void server_line(struct mailbox_state *state, struct slice line)
{
	bool is_imap = state->session->proto == PROTO_IMAP;
	struct slice first = line_word(line);

	if (!state->asked)
		return;
	if (first.len == state->tag_len && memcmp(first.at, state->tag, first.len) == 0) {
		state->asked = false;
		if (!is_imap || line_begins(line_word(slice_behind(line, first.len)), "OK"))
			session_becomes(state->session, proto_by_name("tls"));
	} else if (!is_imap) {
		state->asked = false; /* -ERR */
	}
}

static int64_t mailbox_input(void *arg, const struct proto_in *in)
{
	struct mailbox_state *state = arg;
	struct slice rest = in->data;
	size_t len;

	if (in->lost)
		state->cut[in->side] = true;
	while ((len = line_len(rest, LINE_KEPT, in->ends)) && !state->session->becomes) {
		struct slice line = slice(rest.at, len);
		bool goes_on = state->cut[in->side];

		state->cut[in->side] = !line_is_whole(line);
		rest = slice_behind(rest, len);
		if (goes_on)
			continue;
		if (in->side == FROM_CLIENT)
			client_line(state, line_text(line));
		else
			server_line(state, line_text(line));
	}
	return (int64_t)(in->data.len - rest.len);
}

static enum proto_guess greeting_guess(struct slice first, const char *greeting)
{
	size_t len = strlen(greeting), most = first.len < len ? first.len : len;

	if (memcmp(first.at, greeting, most) != 0)
		return GUESS_NO;
	return most < len ? GUESS_MORE : GUESS_YES;
}

static enum proto_guess imap_guess(enum side side, struct slice first)
{
	if (side == FROM_CLIENT)
		return first.len >= 12 && memcmp(first.at, "1 capability", 12) == 0 ? GUESS_YES
										    : GUESS_NO;
	return greeting_guess(first, "* OK ");
}

static enum proto_guess pop3_guess(enum side side, struct slice first)
{
	if (side == FROM_SERVER)
		return greeting_guess(first, "+OK ");
	/* FTP begins so too: what the server said decides */
	return line_begins(first, "USER ") ? GUESS_MORE : GUESS_NO;
}

const struct proto proto_imap = {
	.name = "imap",
	.leads_on = true,
	.over = PROTO_OVER_TCP,
	.server_greets = true,
	.guess = imap_guess,
	.open = imap_open,
	.close = free,
	.input = mailbox_input,
};

const struct proto proto_pop3 = {
	.name = "pop3",
	.leads_on = true,
	.over = PROTO_OVER_TCP,
	.server_greets = true,
	.guess = pop3_guess,
	.open = pop3_open,
	.close = free,
	.input = mailbox_input,
};
