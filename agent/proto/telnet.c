// SPDX-License-Identifier: Apache-2.0
/*
 * Telnet (RFC 854): commands and lines, as frames. Called by sessions. It has no transactions: what is typed
 * is no question that something answers.
 */
#include "proto/frames.h"

#include <stdlib.h>

#define IAC 255 /* "interpret as command" */
#define SE 240
#define SB 250
#define WILL 251
#define DONT 254
#define OPTION_MAX 49 /* the last one that IANA gave but for its extended list */
#define LINE_MAX 16384 /* a longer one is cut */

enum { FRAME_PDU, FRAME_CTL, FRAME_DATA };
static const char *const frames[] = { "pdu", "ctl", "data", NULL };

struct telnet_state {
	struct session *session;
};

static void *telnet_open(struct session *session)
{
	struct telnet_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

/* The length of a command that begins here; 0: more is needed. */
static size_t command_len(struct slice data)
{
	if (data.len < 2)
		return 0;
	if (data.at[1] >= WILL && data.at[1] <= DONT)
		return data.len < 3 ? 0 : 3;
	if (data.at[1] != SB)
		return 2;
	for (size_t i = 2; i + 1 < data.len; i++)
		if (data.at[i] == IAC && data.at[i + 1] == SE)
			return i; /* the end is a command of its own */
	return data.len > LINE_MAX ? data.len : 0;
}

/* A line, or what stands in front of a command (a prompt); 0: more is needed. */
static size_t text_len(struct slice data)
{
	for (size_t i = 0; i < data.len; i++) {
		if (data.at[i] == '\n')
			return i + 1;
		if (data.at[i] != IAC || i + 1 == data.len)
			continue;
		if (data.at[i + 1] != IAC)
			return i;
		i++; /* a byte of the text (RFC 854) */
	}
	return data.len > LINE_MAX ? data.len : 0;
}

static int64_t telnet_input(void *arg, const struct proto_in *in)
{
	struct session *session = ((struct telnet_state *)arg)->session;
	struct slice rest = in->data;

	while (rest.len) {
		bool is_command = rest.at[0] == IAC && !(rest.len > 1 && rest.at[1] == IAC);
		size_t len = is_command ? command_len(rest) : text_len(rest);

		if (!len)
			break;
		session_frame(session, FRAME_PDU, rest.at, len);
		session_frame(session, is_command ? FRAME_CTL : FRAME_DATA, rest.at, len);
		rest = slice_behind(rest, len);
	}
	return (int64_t)(in->data.len - rest.len);
}

/* It begins by agreeing on options. */
static enum proto_guess telnet_guess(enum side side, struct slice first)
{
	if (!first.len || first.at[0] != IAC ||
	    (first.len > 1 && (first.at[1] < WILL || first.at[1] > DONT)) ||
	    (first.len > 2 && first.at[2] > OPTION_MAX))
		return GUESS_NO;
	return first.len < 3 ? GUESS_MORE : GUESS_YES;
}

const struct proto proto_telnet = {
	.name = "telnet",
	.over = PROTO_OVER_TCP,
	.asked_by_chunks = true,
	.guess = telnet_guess,
	.open = telnet_open,
	.close = free,
	.input = telnet_input,
	.frames = frames,
	.steps = { 1, 1 },
};
