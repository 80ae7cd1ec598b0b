// SPDX-License-Identifier: Apache-2.0
/*
 * What a rule asks of buffers whose bytes are always of a certain kind. Called by finish.c: contents are put
 * into the letters that their buffer has, and a rule that could never match is refused, with the reason.
 */
#include <ctype.h>
#include <stdio.h>

#include "detect/keyword/size.h"

enum letters { LETTERS_SMALL, LETTERS_CAPITAL, LETTERS_SMALL_MUST };

/* Buffers in which letters are all of one case. A hash in the other one is meant all the same. */
static const struct {
	const char *source;
	enum letters letters;
} letters_of[] = {
	{ "ja3.hash", LETTERS_SMALL },
	{ "ja3s.hash", LETTERS_SMALL },
	{ "ssh.hassh", LETTERS_SMALL },
	{ "ssh.hassh.server", LETTERS_SMALL },
	{ "tls.cert_fingerprint", LETTERS_SMALL },
	{ "tls.cert_serial", LETTERS_CAPITAL },
	{ "http.host", LETTERS_SMALL_MUST },
};

static bool has_capitals(const struct content *content)
{
	for (uint16_t i = 0; i < content->len; i++)
		if (isupper(content->bytes[i]))
			return true;
	return false;
}

/* With nocase the bytes are in small letters, and found in both cases. */
static int letters_settle(struct draft *draft, enum letters letters, struct content *content)
{
	if (content->nocase)
		return 0;
	if (letters == LETTERS_SMALL_MUST && has_capitals(content))
		return refuse(draft, draft->text, "write it in small letters, or ask http.host.raw",
			      "http.host is in small letters, this content is not");
	for (uint16_t i = 0; i < content->len && letters != LETTERS_SMALL_MUST; i++)
		content->bytes[i] = (uint8_t)(letters == LETTERS_SMALL ? tolower(content->bytes[i])
								       : toupper(content->bytes[i]));
	return 0;
}

static int method_check(struct draft *draft, const struct content *content)
{
	if (!content->len || content->negated ||
	    (!isspace(content->bytes[0]) && !isspace(content->bytes[content->len - 1])))
		return 0;
	return refuse(draft, draft->text, "leave out the blanks at its ends",
		      "http.method has no blanks, this content has");
}

static int content_check(struct draft *draft, const struct source *source, struct content *content)
{
	if (source->kind != SOURCE_FIELD || source->transform_cnt)
		return 0;
	for (size_t i = 0; i < sizeof(letters_of) / sizeof(letters_of[0]); i++)
		if (strcmp(source->name, letters_of[i].source) == 0)
			return letters_settle(draft, letters_of[i].letters, content);
	return strcmp(source->name, "http.method") == 0 ? method_check(draft, content) : 0;
}

/* A content that is longer than its buffer may be is found in none. */
static int length_check(struct draft *draft, const struct part *part, uint64_t most)
{
	for (uint32_t i = 0; i < part->clause_cnt; i++) {
		const struct content *content = part->clauses[i].arg;

		if (part->clauses[i].is_content && !content->negated && content->len > most)
			return refuse(draft, draft->text, NULL,
				      "a content of %u bytes never lies in %llu bytes of %s",
				      content->len, (unsigned long long)most, part->source->name);
	}
	return 0;
}

static int part_check(struct draft *draft, const struct part *part)
{
	uint64_t most = part->source->kind == SOURCE_PAYLOAD ? dsize_most(draft->signature)
							     : UINT64_MAX;
	int err = 0;

	for (uint32_t i = 0; !err && i < part->clause_cnt; i++) {
		const struct clause *clause = &part->clauses[i];
		uint64_t size = bsize_most(clause);

		if (clause->is_content)
			err = content_check(draft, part->source, clause->arg);
		most = size < most ? size : most;
	}
	return err ? err : length_check(draft, part, most);
}

/* The protocols that it is about are not spoken over what its head says. */
static int transport_check(struct draft *draft)
{
	const struct signature *signature = draft->signature;
	bool tcp = signature->protos[0] >> 6 & 1, udp = signature->protos[0] >> 17 & 1;

	for (unsigned int id = 0; id < PROTO_CNT; id++) {
		if (signature->apps >> id & 1 && ((protos[id]->over & PROTO_OVER_TCP && tcp) ||
						  (protos[id]->over & PROTO_OVER_UDP && udp)))
			return 0;
	}
	return signature->apps
		       ? refuse(draft, draft->text, "name the protocol in the head: alert http ...",
				"what it asks for is not spoken over what its head says")
		       : 0;
}

/* What stands in the head, in flow and in other keywords leaves neither packets nor the stream. */
static int layer_check(struct draft *draft)
{
	const struct signature *signature = draft->signature;
	bool only_stream = signature->only_stream || draft->only_stream;

	if (only_stream && (signature->only_pkt || draft->no_stream || draft->wants_packet))
		return refuse(draft, draft->text, "leave one of them out",
			      "it asks the stream alone, and what only packets have");
	return 0;
}

int never_check(struct draft *draft)
{
	int err = transport_check(draft);

	if (!err)
		err = layer_check(draft);

	for (uint32_t i = 0; !err && i < draft->part_cnt; i++)
		err = part_check(draft, &draft->parts[i].part);
	return err;
}
