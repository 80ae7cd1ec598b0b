/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversations made of frames, and a whole engine that takes them: what it tells is kept as text, to be asked for
 * the rules that were found.
 */
#ifndef TESTS_UNIT_TALKMADE_H
#define TESTS_UNIT_TALKMADE_H

#include "base/config.h"
#include "inspect/engine.h"
#include "unit/detect_bed.h"
#include "unit/framemade.h"

/* --- frames --- */

struct talk {
	uint8_t pair;
	bool back;
	uint32_t seq, ack;
	uint8_t flags; /* of TCP */
};

static inline void ip_put(struct made_frame *f, uint8_t proto, size_t len, const struct talk *t)
{
	uint8_t head[20] = {
		0x45, 0, (uint8_t)((len + 20) >> 8), (uint8_t)(len + 20), 0, 7, 0, 0, 64, proto
	};
	uint8_t client[4] = { 10, 0, 1, t->pair }, server[4] = { 192, 0, 2, t->pair };

	memcpy(head + 12, t->back ? server : client, 4);
	memcpy(head + 16, t->back ? client : server, 4);
	made_ether(f, 0x0800);
	made_put(f, head, sizeof(head));
}

static inline void udp_make(struct made_frame *f, uint8_t pair, const char *text)
{
	uint8_t head[8] = { 9, 1, 9, 2, 0, (uint8_t)(strlen(text) + 8) };

	ip_put(f, 17, 8 + strlen(text), &(struct talk){ .pair = pair });
	made_put(f, head, sizeof(head));
	made_put(f, text, strlen(text));
}

static inline void tcp_make(struct made_frame *f, const struct talk *t, const char *text)
{
	uint8_t head[20] = { 9, 1, 0, 80 };
	uint32_t seq = htonl(t->seq), ack = htonl(t->ack);

	if (t->back)
		memcpy(head, (uint8_t[]){ 0, 80, 9, 1 }, 4);
	memcpy(head + 4, &seq, 4);
	memcpy(head + 8, &ack, 4);
	head[12] = 5 << 4;
	head[13] = t->flags;
	head[14] = 0x40;
	ip_put(f, 6, 20 + strlen(text), t);
	made_put(f, head, sizeof(head));
	made_put(f, text, strlen(text));
}

/* --- a run --- */

struct lines {
	char *bytes;
	size_t len, cap;
};

struct run {
	struct engine *engine;
	struct lines lines;
	uint64_t number;
};

static inline void line_keep(void *arg, const char *bytes, size_t len)
{
	struct lines *to = arg;

	if (to->len + len + 1 > to->cap) {
		to->cap = (to->len + len + 1) * 2;
		to->bytes = realloc(to->bytes, to->cap);
		assert_non_null(to->bytes);
	}
	memcpy(to->bytes + to->len, bytes, len);
	to->len += len;
	to->bytes[to->len] = 0;
}

static inline void take(struct run *run, const struct made_frame *f)
{
	run->number++;
	assert_int_equal(engine_take(run->engine,
				     &(struct capture_packet){ .number = run->number,
							       .time_ns = 1700000000 * BED_SECOND +
									  run->number * 1000,
							       .bytes = f->bytes,
							       .len = f->len,
							       .wire_len = f->len,
							       .link = 1 }),
			 0);
}

static inline struct ruleset *rules_of(const char *path, const struct ruleset *former,
				       const struct config *config, struct diag *diag)
{
	struct ruleset_sources sources = {
		.files = &path, .file_cnt = 1, .config = config, .before = former, .threads = 1
	};
	struct ruleset_tally tally;
	struct ruleset *ruleset;

	assert_int_equal(ruleset_build(&sources, &ruleset, &tally, diag), 0);
	if (tally.refused)
		diag_print(diag, stderr);
	assert_int_equal(tally.refused, 0);
	return ruleset;
}

static inline size_t told_of(const struct lines *lines, unsigned int sid)
{
	char wanted[48];
	size_t cnt = 0;

	snprintf(wanted, sizeof(wanted), "\"signature_id\":%u,", sid);
	for (const char *at = lines->bytes; (at = strstr(at, wanted)); at++)
		cnt++;
	return cnt;
}

static inline void file_write(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
	assert_int_equal(fclose(out), 0);
}

#endif
