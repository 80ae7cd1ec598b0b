/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of the record file, read for what a decision needs. Strict: the whole line must be JSON as
 * RFC 8259 has it, and what is needed must be as the agent writes it; bounded in depth and length.
 * Pure. jansson, which builds values, takes seven times as long for a line.
 */
#ifndef POLICY_PREVIEW_LINE_H
#define POLICY_PREVIEW_LINE_H

#include "sekisho/base.h"
#include "sekisho/limits.h"
#include "sekisho/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_LINE_MAX 16384 /* bytes of a line; the agent writes at most half of it */
#define RECORD_TIME_LEN 26 /* "2026-11-29T06:28:13.123456": UTC, so text order is that of time */

enum record_kind {
	RECORD_OTHER, /* a record of another kind; nothing else is filled */
	RECORD_FLOW, /* a flow has ended */
	RECORD_REFUSAL, /* a packet was refused */
	RECORD_NAME, /* a name was asked for: in DNS, in TLS, in QUIC, in a request of HTTP */
	RECORD_LOSS, /* records that were not written: `missing` of them */
};

/* Bytes within the line; never escaped. All but host and target: at most SEK_NAME_MAX - 1. */
struct record_text {
	const char *text;
	size_t len;
};

struct record_line {
	enum record_kind kind;
	const char *time; /* RECORD_TIME_LEN bytes within the line */
	struct record_text tenant, rule, list,
		reason; /* why a flow ended; of the refusal; of the name's verdict */
	struct sek_addr src, dst; /* flows: the opener and its peer */
	uint16_t sport, dport; /* host byte order; 0 where the protocol has none */
	uint8_t proto, icmp_type, icmp_code;
	enum sek_dir dir;
	uint32_t generation;
	uint64_t bytes; /* flows: both ways, of IP packets; refusals: of the frame; names: 0 */
	uint64_t missing;
	/* of a name: as it was seen, and of HTTP its target; len 0: not told, or not as it was seen */
	struct record_text host, target;
	bool dns; /* asked of a resolver, else of who has the name */
	bool passed;
};

/* A line without its newline. Returns 0, or -EINVAL for what is no record of ours. */
int record_scan(const char *line, size_t len, struct record_line *ret_line);

#endif
