// SPDX-License-Identifier: Apache-2.0
/*
 * How long things are: isdataat and bsize of a buffer, urilen, dsize of a packet's payload, stream_size.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/keyword/bytes.h"
#include "detect/keyword/size.h"
#include "inspect/tcp.h"

/* --- isdataat --- */

struct isdataat {
	struct byte_number at;
	bool is_relative, negated;
};

static enum clause_says isdataat_ask(const struct clause *clause, struct match *match)
{
	const struct isdataat *isdataat = clause->arg;
	int64_t at = byte_number(&isdataat->at, match);
	bool is;

	if (match->again == CLAUSE_ONCE)
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	/* what byte_math computed below 0 is further than any packet goes */
	if (isdataat->at.var && (at < 0 || at > UINT16_MAX))
		return isdataat->negated ? CLAUSE_YES : CLAUSE_NO;
	/* relative counts from behind the last byte, so 1 is the next byte */
	if (isdataat->is_relative)
		is = at + match->at <= (int64_t)match->buffer.len;
	else
		is = at - (int64_t)match->buffer_from < (int64_t)match->buffer.len;
	return is != isdataat->negated ? CLAUSE_YES : CLAUSE_NO;
}

static const struct clause_ops isdataat_ops = { .word = "isdataat", .ask = isdataat_ask, .free = free };

static int isdataat_read(struct draft *draft, struct slice value)
{
	struct isdataat read = {}, *isdataat;
	struct slice rest = value_plain(value, &read.negated), at, word;
	int err;

	slice_next(&rest, ',', &at);
	err = byte_number_parse(draft, at, &read.at);
	while (!err && slice_next(&rest, ',', &word)) {
		if (slice_is(word, "relative"))
			read.is_relative = true;
		else if (!slice_is(word, "rawbytes"))
			err = refuse(draft, (const char *)word.at, "relative or rawbytes",
				     "isdataat has no word \"%.*s\"", (int)word.len, word.at);
	}
	if (err)
		return err;
	isdataat = malloc(sizeof(*isdataat));
	if (!isdataat)
		return refuse_memory(draft);
	*isdataat = read;
	return draft_clause(draft, &isdataat_ops, isdataat);
}

/* --- bsize, urilen --- */

static enum clause_says bsize_ask(const struct clause *clause, struct match *match)
{
	const struct number_condition *condition = clause->arg;
	uint64_t size = match->buffer_from + match->buffer.len;
	bool may_grow = condition->kind == NUMBER_ABOVE || condition->kind == NUMBER_FROM;

	if (match->again == CLAUSE_ONCE || (!match->is_end && !may_grow))
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	return number_holds(condition, size) ? CLAUSE_YES : CLAUSE_NO;
}

static const struct clause_ops bsize_ops = { .word = "bsize", .ask = bsize_ask, .free = free };

uint64_t bsize_most(const struct clause *clause)
{
	return clause->ops == &bsize_ops ? number_most(clause->arg) : UINT64_MAX;
}

static int condition_new(struct draft *draft, struct slice value, uint64_t max,
			 struct number_condition **ret_condition)
{
	struct number_condition *condition = malloc(sizeof(*condition));
	int err;

	if (!condition)
		return refuse_memory(draft);
	err = number_condition_read(draft, value, max, condition);
	if (err)
		free(condition);
	else
		*ret_condition = condition;
	return err;
}

static int bsize_read(struct draft *draft, struct slice value)
{
	struct number_condition *condition = NULL;
	int err;

	if (!draft->source)
		return refuse(draft, draft->keyword_at,
			      "name the buffer in front of it; of payload it is dsize",
			      "bsize without a buffer");
	err = condition_new(draft, value, UINT64_MAX, &condition);
	return err ? err : draft_clause(draft, &bsize_ops, condition);
}

static int urilen_read(struct draft *draft, struct slice value)
{
	struct number_condition *condition = NULL;
	const struct source *source;
	struct slice rest = value, size, manner;
	bool raw = false;
	int part, err;

	slice_next(&rest, ',', &size);
	if (slice_next(&rest, ',', &manner)) {
		raw = slice_same(manner, "raw");
		if (!raw && !slice_same(manner, "norm"))
			return refuse(draft, (const char *)manner.at, "norm or raw",
				      "urilen has no word \"%.*s\"", (int)manner.len, manner.at);
	}
	err = source_find(draft, slice_text(raw ? "http.uri.raw" : "http.uri"), &source);
	if (err)
		return err;
	part = draft_part(draft, source);
	if (part < 0)
		return part;
	err = condition_new(draft, size, UINT16_MAX, &condition);
	return err ? err : draft_clause_in(draft, (uint32_t)part, &bsize_ops, condition);
}

/* --- stream_size --- */

struct stream_size {
	enum { SIZE_CLIENT, SIZE_SERVER, SIZE_BOTH, SIZE_EITHER } of;
	struct number_condition condition;
};

static bool stream_size_ask(const void *arg, struct match *match)
{
	const struct stream_size *size = arg;
	bool holds[SIDES];

	if (!match->flow || !match->flow->tcp)
		return false;
	for (int side = 0; side < SIDES; side++) {
		const struct tcp_stream *stream = &match->flow->tcp->side[side];
		uint32_t bytes = stream->next_seq - stream->isn; /* SYN and FIN count, as one each */

		holds[side] = number_holds(&size->condition, bytes);
	}
	switch (size->of) {
	case SIZE_CLIENT:
		return holds[FROM_CLIENT];
	case SIZE_SERVER:
		return holds[FROM_SERVER];
	case SIZE_BOTH:
		return holds[FROM_CLIENT] && holds[FROM_SERVER];
	default:
		return holds[FROM_CLIENT] || holds[FROM_SERVER];
	}
}

static const struct test_ops stream_size_ops = {
	.word = "stream_size", .ask = stream_size_ask, .free = free, .of_packet = true, .cost = 2
};

static int stream_size_parse(struct draft *draft, struct slice value, struct stream_size *size)
{
	static const char *const sides[] = { "client", "server", "both", "either" };
	struct slice rest = value, side, op, number;
	char said[32];
	size_t i;
	int len;

	if (!slice_next(&rest, ',', &side) || !slice_next(&rest, ',', &op) ||
	    !slice_next(&rest, ',', &number) || rest.at)
		return refuse(draft, (const char *)value.at, "stream_size:client,>,100",
			      "stream_size is a side, an operator and a number");
	for (i = 0; i < 4 && !slice_is(side, sides[i]); i++)
		;
	if (i == 4)
		return refuse(draft, (const char *)side.at, "client, server, both or either",
			      "stream_size has no side \"%.*s\"", (int)side.len, side.at);
	size->of = i;
	if (op.at + op.len < number.at && !memchr("<>=!", op.len ? op.at[0] : 'x', 4))
		return refuse(draft, (const char *)op.at,
			      "< > <= >= = !=", "stream_size cannot compare by \"%.*s\"",
			      (int)op.len, op.at);
	len = snprintf(said, sizeof(said), "%.*s%.*s", (int)op.len, op.at, (int)number.len,
		       number.at);
	if (len < 0 || (size_t)len >= sizeof(said))
		return refuse(draft, (const char *)number.at, NULL, "this is no number");
	return number_condition_of(draft, (const char *)op.at, slice(said, (size_t)len), UINT32_MAX,
				   &size->condition);
}

static int stream_size_read(struct draft *draft, struct slice value)
{
	struct stream_size read = {}, *size;
	int err = stream_size_parse(draft, value, &read);

	if (err)
		return err;
	size = malloc(sizeof(*size));
	if (!size)
		return refuse_memory(draft);
	*size = read;
	draft->asks_stream_size = true;
	return draft_test(draft, &stream_size_ops, size);
}

const struct keyword keyword_isdataat = {
	"isdataat",    NULL, VALUE_ALWAYS,
	isdataat_read, NULL, "there are so many bytes: isdataat:!1,relative"
};
const struct keyword keyword_bsize = { "bsize",	   NULL, VALUE_ALWAYS,
				       bsize_read, NULL, "how long the buffer is: bsize:>10" };
const struct keyword keyword_urilen = { "urilen",    NULL, VALUE_ALWAYS,
					urilen_read, NULL, "how long http.uri is: urilen:>100,raw" };
const struct keyword keyword_stream_size = {
	"stream_size",	  NULL, VALUE_ALWAYS,
	stream_size_read, NULL, "bytes that a side has sent: stream_size:client,>,100"
};
