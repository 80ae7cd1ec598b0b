/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH up to its encryption (RFC 4253): versions, software and the algorithms that each side offers, by which
 * HASSH knows it. Called by sessions. Promises one transaction for each session.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/bigend.h"
#include "base/digits.h"
#include "inspect/engine.h"
#include "proto/proto.h"
#include "report/json.h"

#define BANNER_MAX 255 /* RFC 4253, 4.2 */
#define RECORD_MAX 65535
#define HASSH_LEN 32
#define MSG_KEXINIT 20
#define MSG_NEWKEYS 21
#define KEX_LISTS 10
#define COOKIE_LEN 16

enum ssh_event { EVENT_BAD_BANNER = 1, EVENT_LONG_BANNER, EVENT_BAD_RECORD, EVENT_LONG_KEX };
enum ssh_step { STEP_BANNER = 1, STEP_KEX, STEP_NEWKEYS };

struct ssh_side {
	char banner[BANNER_MAX];
	struct slice proto, software; /* of banner */
	char *kex; /* the algorithms that HASSH is made of; NULL: not seen */
	size_t kex_len;
	char hassh[HASSH_LEN];
};

struct ssh_tx {
	struct tx tx;
	bool wants_hassh; /* in records */
	struct ssh_side side[SIDES];
};

struct ssh_state {
	struct session *session;
	struct tx_kept kept; /* the one transaction */
	struct ssh_tx *tx; /* the same, of this call */
	struct {
		enum { READS_BANNER, READS_LONG_BANNER, READS_RECORDS, READS_NOTHING } reads;
		uint32_t skip; /* bytes of a record that is not looked at */
	} side[SIDES];
};

static void *ssh_open(struct session *session)
{
	struct ssh_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void ssh_tx_free(struct tx *tx)
{
	struct ssh_tx *ssh = (struct ssh_tx *)tx;

	free(ssh->side[0].kex);
	free(ssh->side[1].kex);
	free(ssh);
}

/* The one transaction; NULL: no memory. */
static struct ssh_tx *tx_of(struct ssh_state *state)
{
	const struct engine_setup *setup = state->session->setup;

	if (!state->tx) {
		tx_keep(&state->kept, tx_new(state->session, sizeof(*state->tx)));
		state->tx = (struct ssh_tx *)state->kept.tx;
		if (state->tx)
			state->tx->wants_hassh = setup && setup->hassh;
	}
	return state->tx;
}

/* --- the banner --- */

/* SSH-protoversion-softwareversion SP comments */
static void banner_take(struct ssh_tx *tx, enum side from, struct slice line)
{
	struct ssh_side *side = &tx->side[from];
	const char *dash, *space;

	while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
		line.len--;
	if (line.len > BANNER_MAX) {
		tx_event(&tx->tx, EVENT_LONG_BANNER);
		line.len = BANNER_MAX;
	}
	if (line.len < 4 || memcmp(line.at, "SSH-", 4) != 0) {
		tx_event(&tx->tx, EVENT_BAD_BANNER);
		return;
	}
	memcpy(side->banner, line.at, line.len);
	dash = memchr(side->banner + 4, '-', line.len - 4);
	if (!dash || dash == side->banner + 4) {
		tx_event(&tx->tx, EVENT_BAD_BANNER);
		return;
	}
	side->proto = slice(side->banner + 4, (size_t)(dash - side->banner - 4));
	side->software = slice(dash + 1, (size_t)(side->banner + line.len - dash - 1));
	space = memchr(side->software.at, ' ', side->software.len);
	if (space)
		side->software.len = (size_t)(space - dash - 1);
}

static int64_t banner_read(struct ssh_state *state, const struct proto_in *in)
{
	const uint8_t *end = memchr(in->data.at, '\n', in->data.len);
	size_t len = end ? (size_t)(end + 1 - in->data.at) : in->data.len;
	struct ssh_tx *tx = tx_of(state);

	if (!tx)
		return INPUT_BAD;
	if (!end && len <= BANNER_MAX && !in->ends)
		return 0;
	banner_take(tx, in->side, slice(in->data.at, len));
	if (tx->tx.progress[in->side] < STEP_BANNER)
		tx->tx.progress[in->side] = STEP_BANNER;
	state->side[in->side].reads = end ? READS_RECORDS : READS_LONG_BANNER;
	return (int64_t)len;
}

static int64_t banner_skip(struct ssh_state *state, const struct proto_in *in)
{
	const uint8_t *end = memchr(in->data.at, '\n', in->data.len);

	if (end)
		state->side[in->side].reads = READS_RECORDS;
	return end ? end + 1 - in->data.at : (int64_t)in->data.len;
}

/* --- records --- */

static void hassh_make(struct ssh_side *side)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!EVP_Digest(side->kex, side->kex_len, sum, &len, EVP_md5(), NULL) || len * 2 != HASSH_LEN)
		return;
	hex_write(sum, len, 0, side->hassh);
}

/* RFC 4253, 7.1; of the lists HASSH takes those of its own direction. */
static bool kex_take(struct ssh_side *side, enum side from, struct slice body)
{
	const size_t wanted[SIDES][4] = { { 0, 2, 4, 6 }, { 0, 3, 5, 7 } };
	struct slice lists[KEX_LISTS];
	size_t at = 0;

	if (side->kex)
		return true; /* the first one counts */
	body = slice_behind(body, COOKIE_LEN);
	for (size_t i = 0; i < KEX_LISTS; i++) {
		size_t len = body.len < 4 ? SIZE_MAX : be32(body.at);

		body = slice_behind(body, 4);
		if (len > body.len)
			return false;
		lists[i] = slice(body.at, len);
		body = slice_behind(body, len);
	}
	for (size_t i = 0; i < 4; i++)
		side->kex_len += lists[wanted[from][i]].len + (i > 0);
	side->kex = malloc(side->kex_len + 1);
	if (!side->kex)
		return true;
	for (size_t i = 0; i < 4; i++) {
		const struct slice *list = &lists[wanted[from][i]];

		if (i)
			side->kex[at++] = ';';
		memcpy(side->kex + at, list->at, list->len);
		at += list->len;
	}
	hassh_make(side);
	return true;
}

static void progress_make(struct ssh_state *state, enum side side, uint8_t step)
{
	struct tx *tx = &state->tx->tx;

	if (tx->progress[side] < step)
		tx->progress[side] = step;
	if (tx->progress[FROM_CLIENT] == STEP_NEWKEYS && tx->progress[FROM_SERVER] == STEP_NEWKEYS)
		session_encrypted(state->session);
}

/* One record, or as much of one as need not be whole. Bytes taken; 0: more is needed. */
static int64_t record_read(struct ssh_state *state, enum side side, struct slice data)
{
	struct tx *tx = &state->tx->tx;
	uint32_t len;

	if (data.len < 6)
		return 0;
	len = be32(data.at);
	if (len < 2 || data.at[4] >= len) {
		tx_event(tx, EVENT_BAD_RECORD);
		return INPUT_BAD;
	}
	if (data.at[5] == MSG_KEXINIT && len <= RECORD_MAX) {
		if (data.len < 4 + (size_t)len)
			return 0;
		if (!kex_take(&state->tx->side[side], side, slice(data.at + 6, len - 2)))
			tx_event(tx, EVENT_BAD_RECORD);
		progress_make(state, side, STEP_KEX);
		return 4 + (int64_t)len;
	}
	if (data.at[5] == MSG_KEXINIT)
		tx_event(tx, EVENT_LONG_KEX);
	if (data.at[5] == MSG_NEWKEYS) {
		state->side[side].reads = READS_NOTHING;
		progress_make(state, side, STEP_NEWKEYS);
	}
	state->side[side].skip = len - 2;
	return 6;
}

static int64_t some_read(struct ssh_state *state, const struct proto_in *in)
{
	size_t skip = state->side[in->side].skip;

	if (skip) {
		skip = skip < in->data.len ? skip : in->data.len;
		state->side[in->side].skip -= (uint32_t)skip;
		return (int64_t)skip;
	}
	switch (state->side[in->side].reads) {
	case READS_BANNER:
		return banner_read(state, in);
	case READS_LONG_BANNER:
		return banner_skip(state, in);
	case READS_RECORDS:
		return record_read(state, in->side, in->data);
	default:
		return (int64_t)in->data.len;
	}
}

static int64_t ssh_input(void *arg, const struct proto_in *in)
{
	struct ssh_state *state = arg;
	struct proto_in rest = *in;
	int64_t took = 1;

	state->tx = (struct ssh_tx *)state->kept.tx;
	if (state->kept.was && !state->tx)
		return (int64_t)in->data.len; /* all was told, and it was forgotten */
	if (in->lost)
		state->side[in->side].reads = READS_NOTHING; /* records cannot be found again */
	while (rest.data.len && took > 0) {
		took = some_read(state, &rest);
		if (took < 0)
			return took;
		rest.data = slice_behind(rest.data, (size_t)took);
	}
	return (int64_t)(in->data.len - rest.data.len);
}

static enum proto_guess ssh_guess(enum side side, struct slice first)
{
	size_t len = first.len < 4 ? first.len : 4;

	if (memcmp(first.at, "SSH-", len) != 0)
		return GUESS_NO;
	return len < 4 ? GUESS_MORE : GUESS_YES;
}

/* --- fields --- */

static bool proto_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	return field_give(((struct ssh_tx *)tx)->side[side].proto, index, ret, ret_from);
}

static bool software_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			   uint64_t *ret_from)
{
	return field_give(((struct ssh_tx *)tx)->side[side].software, index, ret, ret_from);
}

static bool hassh_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	const struct ssh_side *of = &((struct ssh_tx *)tx)->side[side];

	return field_give(slice(of->hassh, of->hassh[0] ? HASSH_LEN : 0), index, ret, ret_from);
}

static bool kex_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const struct ssh_side *of = &((struct ssh_tx *)tx)->side[side];

	return field_give(slice(of->kex, of->kex ? of->kex_len : 0), index, ret, ret_from);
}

static const struct field fields[] = {
	{ "ssh.proto",
	  FIELD_BYTES,
	  { true, true },
	  { STEP_BANNER, STEP_BANNER },
	  proto_field,
	  NULL,
	  "version of the protocol: 2.0" },
	{ "ssh.software",
	  FIELD_BYTES,
	  { true, true },
	  { STEP_BANNER, STEP_BANNER },
	  software_field,
	  NULL,
	  "software and its version" },
	{ "ssh.hassh",
	  FIELD_BYTES,
	  { true, false },
	  { STEP_KEX, STEP_KEX },
	  hassh_field,
	  NULL,
	  "HASSH of the client" },
	{ "ssh.hassh.string",
	  FIELD_BYTES,
	  { true, false },
	  { STEP_KEX, STEP_KEX },
	  kex_field,
	  NULL,
	  "algorithms that the client's HASSH is made of" },
	{ "ssh.hassh.server",
	  FIELD_BYTES,
	  { false, true },
	  { STEP_KEX, STEP_KEX },
	  hassh_field,
	  NULL,
	  "HASSH of the server" },
	{ "ssh.hassh.server.string",
	  FIELD_BYTES,
	  { false, true },
	  { STEP_KEX, STEP_KEX },
	  kex_field,
	  NULL,
	  "algorithms that the server's HASSH is made of" },
};

static const char *const events[] = { "invalid_banner", "long_banner", "invalid_record",
				      "long_kex_record", NULL };

/* --- records --- */

static void side_log(struct json *json, const char *name, const struct ssh_tx *tx, enum side side)
{
	const struct ssh_side *of = &tx->side[side];

	if (!of->proto.len)
		return;
	json_open(json, name);
	json_bytes(json, "proto_version", of->proto);
	json_bytes(json, "software_version", of->software);
	if (tx->wants_hassh && of->hassh[0]) {
		json_open(json, "hassh");
		json_bytes(json, "hash", slice(of->hassh, HASSH_LEN));
		json_bytes(json, "string", slice(of->kex, of->kex_len));
		json_close(json);
	}
	json_close(json);
}

static bool ssh_log(struct tx *tx, struct json *json)
{
	const struct ssh_tx *ssh = (const struct ssh_tx *)tx;

	side_log(json, "client", ssh, FROM_CLIENT);
	side_log(json, "server", ssh, FROM_SERVER);
	return ssh->side[FROM_CLIENT].proto.len || ssh->side[FROM_SERVER].proto.len;
}

/* Both have said who they are and, where HASSH is told, what they can. */
static bool ssh_log_now(const struct tx *tx)
{
	uint8_t least = ((const struct ssh_tx *)tx)->wants_hassh ? STEP_KEX : STEP_BANNER;

	return tx->progress[FROM_CLIENT] >= least && tx->progress[FROM_SERVER] >= least;
}

const struct proto proto_ssh = {
	.name = "ssh",
	.eve_name = "ssh",
	.over = PROTO_OVER_TCP,
	.guess = ssh_guess,
	.open = ssh_open,
	.close = free,
	.tx_free = ssh_tx_free,
	.input = ssh_input,
	.steps = { STEP_NEWKEYS, STEP_NEWKEYS },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = ssh_log,
	.log_now = ssh_log_now,
	.log_tx_id = true,
};
