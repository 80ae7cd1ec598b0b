/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protocol's parser by itself, for unit tests and fuzzers: bytes of both sides in, its transactions asked
 * for all that rules and records ask.
 */
#ifndef TESTS_PROTORUN_H
#define TESTS_PROTORUN_H

#include <stdio.h>
#include <stdlib.h>

#include "inspect/engine.h"
#include "inspect/session.h"
#include "proto/frames.h"
#include "report/json.h"

struct protorun {
	struct flow flow;
	struct json json;
	struct {
		uint8_t *bytes; /* that were not taken yet */
		size_t len;
	} kept[SIDES];
	uint64_t offset[SIDES]; /* of what is kept, in the stream */
	bool failed;
};

/* A session of it keeps frames. */
static const struct engine_setup protorun_frames = { .frames_told = true };

static inline void protorun_begin(struct protorun *run, enum proto_id id, uint8_t ip_proto)
{
	*run = (struct protorun){ .failed = false };
	run->flow.family = 4;
	run->flow.proto = ip_proto;
	run->flow.session.proto = id;
	run->flow.session.state = protos[id]->open ? protos[id]->open(&run->flow.session) : NULL;
}

/* What was kept and these, in memory of their own, so that a byte beyond them is found. */
static inline uint8_t *protorun_join(struct protorun *run, enum side side, struct slice bytes,
				     size_t *ret_len)
{
	size_t kept = run->kept[side].len;
	uint8_t *all = malloc(kept + bytes.len ? kept + bytes.len : 1);

	if (!all)
		abort();
	if (kept)
		memcpy(all, run->kept[side].bytes, kept);
	if (bytes.len)
		memcpy(all + kept, bytes.at, bytes.len);
	free(run->kept[side].bytes);
	run->kept[side].bytes = NULL;
	run->kept[side].len = 0;
	*ret_len = kept + bytes.len;
	return all;
}

/* Returns what the parser took, of what was kept before too; or INPUT_BAD. */
static inline int64_t protorun_feed(struct protorun *run, enum side side, struct slice bytes,
				    uint64_t lost, bool ends)
{
	struct session *session = &run->flow.session;
	struct proto_in in = { .side = side, .lost = lost, .ends = ends };
	uint8_t *all;
	int64_t took;

	if (run->failed || session->becomes || session->no_reassembly)
		return 0;
	all = protorun_join(run, side, bytes, &in.data.len);
	in.data.at = all;
	session->now_side = side;
	session->now_from = run->offset[side] += lost;
	frames_feed(session, &in);
	took = protos[session->proto]->input(session->state, &in);
	if (took < 0) {
		run->failed = true;
		free(all);
		return took;
	}
	if ((uint64_t)took > in.data.len)
		abort();
	run->offset[side] += (uint64_t)took;
	if (run->flow.proto == 17)
		in.data.len = (size_t)took; /* the rest of a datagram is gone */
	run->kept[side].len = in.data.len - (size_t)took;
	run->kept[side].bytes = malloc(run->kept[side].len + 1);
	memcpy(run->kept[side].bytes, all + took, run->kept[side].len);
	free(all);
	return took;
}

/* The object of a transaction's record; NULL: it has none. Valid until the next call. */
static inline const char *protorun_log(struct protorun *run, struct tx *tx, uint32_t part)
{
	const struct proto *proto = protos[run->flow.session.proto];

	json_begin(&run->json);
	run->json.options = 0;
	for (size_t i = 0; i < proto->option_cnt; i++)
		run->json.options |= (uint64_t)proto->options[i].usual << i;
	run->json.part = part;
	if (!proto->log(tx, &run->json))
		return NULL;
	json_end(&run->json);
	if (run->json.short_of_memory)
		abort();
	json_newline(&run->json);
	run->json.bytes[run->json.len - 1] = 0;
	return run->json.bytes;
}

/* As between two packets: what is over is told of, and forgotten. */
static inline void protorun_forget(struct protorun *run)
{
	for (struct tx *tx = run->flow.session.first; tx; tx = tx->next) {
		tx->logged = true;
		tx->files_due = false;
	}
	session_clean(&run->flow.session);
}

/* Both sides have ended, whatever is said behind that: all is over. */
static inline void protorun_forget_all(struct protorun *run)
{
	run->flow.session.ended[FROM_CLIENT] = run->flow.session.ended[FROM_SERVER] = true;
	protorun_forget(run);
}

/* Asks a transaction for everything, and looks at each byte that it gives. Returns a sum of them. */
static inline unsigned int protorun_ask(struct protorun *run, struct tx *tx)
{
	const struct proto *proto = protos[run->flow.session.proto];
	unsigned int sum = 0;

	for (size_t i = 0; i < proto->field_cnt; i++) {
		const struct field *field = &proto->fields[i];

		for (int n = 0; n < 2 * 64; n++) {
			enum side side = n % 2 ? FROM_SERVER : FROM_CLIENT;
			struct slice bytes = { .len = 0 };
			uint64_t from = 0, number = 0;
			bool there = field->bytes
					     ? field->bytes(tx, side, (uint32_t)n / 2, &bytes, &from)
					     : field->number(tx, side, (uint32_t)n / 2, &number);

			for (size_t at = 0; there && at < bytes.len; at++)
				sum += bytes.at[at];
		}
	}
	if (proto->log)
		for (uint32_t part = 0, cnt = proto->log_cnt ? proto->log_cnt(tx) : 1; part < cnt;
		     part++)
			protorun_log(run, tx, part);
	if (proto->log_alert) {
		json_begin(&run->json);
		run->json.body_base64 = run->json.body_printable = true;
		proto->log_alert(tx, &run->json);
		json_end(&run->json);
		if (run->json.short_of_memory)
			abort();
	}
	return sum;
}

static inline void protorun_end(struct protorun *run)
{
	session_end(&run->flow.session);
	free(run->kept[0].bytes);
	free(run->kept[1].bytes);
	json_free(&run->json);
}

/*
 * For fuzzers: pieces of a byte that tells the side (bit 0), a gap (bit 1), an end (bit 2), and that before
 * them what is over is forgotten (bit 3), or all is (bit 4); two of length; and so many bytes.
 */
static inline void protorun_fuzz(enum proto_id id, uint8_t ip_proto, const uint8_t *data, size_t size)
{
	struct slice rest = { .at = data, .len = size };
	struct protorun run;

	if (protos[id]->guess && size) {
		protos[id]->guess(FROM_CLIENT, rest);
		protos[id]->guess(FROM_SERVER, rest);
	}
	protorun_begin(&run, id, ip_proto);
	run.flow.session.setup = &protorun_frames;
	while (rest.len >= 3) {
		uint8_t what = rest.at[0];
		size_t len = (size_t)rest.at[1] << 8 | rest.at[2];

		rest = slice_behind(rest, 3);
		if (len > rest.len)
			len = rest.len;
		if (what & 16)
			protorun_forget_all(&run);
		else if (what & 8)
			protorun_forget(&run);
		protorun_feed(&run, what & 1 ? FROM_SERVER : FROM_CLIENT, slice(rest.at, len),
			      what & 2 ? 1000 : 0, what & 4);
		rest = slice_behind(rest, len);
	}
	for (struct tx *tx = run.flow.session.first; tx; tx = tx->next)
		protorun_ask(&run, tx);
	protorun_end(&run);
}

#endif
