// SPDX-License-Identifier: Apache-2.0
/*
 * What follows from all keywords of a rule together. Called by line.c behind the last one; a rule that can
 * never match is refused here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/keyword/base64.h"

/* Who sends a field, in any of its protocols. */
static void field_sides(const struct source *source, bool sides[SIDES])
{
	sides[FROM_CLIENT] = sides[FROM_SERVER] = false;
	for (uint8_t i = 0; i < source->field_cnt; i++)
		for (int side = 0; side < SIDES; side++)
			sides[side] |= source->fields[i].field->sides[side];
}

void draft_asks_number(struct draft *draft, struct slice name, const struct source *source)
{
	bool sides[SIDES];

	field_sides(source, sides);
	if (sides[FROM_CLIENT] != sides[FROM_SERVER])
		draft->sent_by[sides[FROM_CLIENT] ? FROM_CLIENT : FROM_SERVER] = name;
}

static int one_way(struct draft *draft, struct slice name, bool to_server)
{
	struct signature *signature = draft->signature;

	if (to_server ? signature->to_client : signature->to_server)
		return refuse(draft, draft->text, "ask the buffers of the other side in another rule",
			      "%.*s is sent to the %s, the rule asks of the other direction",
			      (int)name.len, name.at, to_server ? "server" : "client");
	signature->to_server |= to_server;
	signature->to_client |= !to_server;
	return 0;
}

/* Fields that only one side sends say which way the rule goes. */
static int sides_imply(struct draft *draft)
{
	for (uint32_t i = 0; i < draft->part_cnt; i++) {
		const struct source *source = draft->parts[i].part.source;
		bool sides[SIDES];
		int err;

		if (source->kind != SOURCE_FIELD)
			continue;
		field_sides(source, sides);
		if (sides[FROM_CLIENT] == sides[FROM_SERVER])
			continue;
		err = one_way(draft, slice_text(source->name), sides[FROM_CLIENT]);
		if (err)
			return err;
	}
	for (int side = 0; side < SIDES; side++) {
		int err = draft->sent_by[side].at
				  ? one_way(draft, draft->sent_by[side], side == FROM_CLIENT)
				  : 0;

		if (err)
			return err;
	}
	return 0;
}

static void parts_settle(struct draft *draft)
{
	const struct signature *signature = draft->signature;

	for (uint32_t i = 0; i < draft->part_cnt; i++) {
		struct part *part = &draft->parts[i].part;

		part->any_side = !signature->to_server && !signature->to_client;
		part->side = signature->to_client ? FROM_SERVER : FROM_CLIENT;
	}
}

static bool is_of_tx(enum source_kind kind)
{
	return kind == SOURCE_FIELD || kind == SOURCE_FILE || kind == SOURCE_FILE_NUMBER_OR_NAME;
}

/* depth, offset and startswith count from the beginning of each packet too. */
static bool content_is_placed(const struct clause *clause)
{
	const struct content *content = clause->arg;

	return clause->is_content && (content->has_depth || content->has_offset || content->starts);
}

static enum rule_layer payload_layer(const struct draft *draft, const struct part *payload)
{
	const struct signature *signature = draft->signature;

	if (draft->wants_packet || signature->only_pkt || draft->no_stream ||
	    !(signature->protos[0] & 1 << 6))
		return RULE_OF_PACKETS;
	if (signature->only_stream || draft->only_stream)
		return RULE_OF_STREAM;
	if (draft->asks_stream_size)
		return RULE_OF_BOTH;
	for (uint32_t i = 0; i < payload->clause_cnt; i++)
		if (content_is_placed(&payload->clauses[i]))
			return RULE_OF_BOTH;
	return RULE_OF_STREAM;
}

static bool may_carry_files(uint64_t apps)
{
	for (unsigned int id = 0; id < PROTO_CNT; id++)
		if (apps >> id & 1 && protos[id] && protos[id]->carries_files)
			return true;
	return !apps;
}

static int files_check(struct draft *draft)
{
	const struct signature *signature = draft->signature;
	bool asks = draft->of_files;

	for (uint32_t i = 0; i < draft->part_cnt; i++) {
		enum source_kind kind = draft->parts[i].part.source->kind;

		asks |= kind == SOURCE_FILE || kind == SOURCE_FILE_NUMBER_OR_NAME;
	}
	for (uint32_t i = 0; i < signature->test_cnt; i++)
		asks |= signature->tests[i].ops->of_file;
	return asks && !may_carry_files(signature->apps)
		       ? refuse(draft, draft->text, "http, smtp, ftp-data, smb and nfs do",
				"it asks for files, and its protocol carries none")
		       : 0;
}

static int layer_settle(struct draft *draft)
{
	struct signature *signature = draft->signature;
	const struct part *payload = NULL;
	bool of_tx = draft->of_files, of_frames = false;

	for (uint32_t i = 0; i < draft->part_cnt; i++) {
		of_tx |= is_of_tx(draft->parts[i].part.source->kind);
		of_frames |= draft->parts[i].part.source->kind == SOURCE_FRAME;
		if (draft->parts[i].part.source->kind == SOURCE_PAYLOAD)
			payload = &draft->parts[i].part;
	}
	for (uint32_t i = 0; i < signature->test_cnt; i++)
		of_tx |= signature->tests[i].ops->needs_tx || signature->tests[i].ops->of_file;
	if (of_frames && (of_tx || (payload && payload->clause_cnt)))
		return refuse(draft, draft->text, "ask the one in this rule, the other in another",
			      "a frame and bytes that are no frame in one rule");
	if (of_frames)
		signature->layer = RULE_OF_FRAMES;
	else if (of_tx)
		signature->layer = RULE_OF_TX;
	else if (payload)
		signature->layer = payload_layer(draft, payload);
	else
		signature->layer = RULE_OF_PACKETS;
	return 0;
}

/*
 * How much a pattern leaves over when it is looked for first: long ones and those of many different
 * bytes are rare; buffers of a transaction are rarer read than payload.
 */
static uint32_t pattern_worth(const struct part *part, const struct content *content)
{
	bool seen[256] = {};
	uint32_t worth = 0;

	for (uint16_t i = 0; i < content->len; i++) {
		uint8_t byte = content->bytes[i];

		if (!seen[byte])
			worth += byte == 0 || byte == 0xff || byte == ' ' ? 1 : 3;
		else
			worth += 1;
		seen[byte] = true;
	}
	return worth * (part->source->kind == SOURCE_PAYLOAD ? 2 : 3);
}

static void fast_settle(struct signature *signature)
{
	uint32_t best = 0;

	signature->fast_part = signature->fast_clause = -1;
	if (signature->layer == RULE_OF_FRAMES)
		return; /* all of them are asked of each frame */
	for (uint32_t i = 0; i < signature->part_cnt; i++) {
		const struct part *part = &signature->parts[i];

		for (uint32_t k = 0; k < part->clause_cnt; k++) {
			const struct content *content = part->clauses[k].arg;
			uint32_t worth;

			if (!part->clauses[k].is_content || content->negated ||
			    part->source->kind == SOURCE_BASE64 || part->absent != PART_THERE)
				continue;
			worth = content->fast ? UINT32_MAX : pattern_worth(part, content);
			if (worth <= best)
				continue;
			best = worth;
			signature->fast_part = (int32_t)i;
			signature->fast_clause = (int32_t)k;
		}
	}
}

/* The clause that decodes for base64_data; NULL: there is none. */
static const struct clause *decoder_find(const struct draft *draft)
{
	const struct clause *found = NULL;

	for (uint32_t i = 0; i < draft->part_cnt; i++)
		for (uint32_t k = 0; k < draft->parts[i].part.clause_cnt; k++)
			if (draft->parts[i].part.clauses[k].ops == &base64_ops)
				found = &draft->parts[i].part.clauses[k];
	return found;
}

/* What stands behind base64_data is asked by who decodes. */
static int base64_hand_over(struct draft *draft)
{
	for (uint32_t i = 0; i < draft->part_cnt; i++) {
		struct part *part = &draft->parts[i].part;
		const struct clause *decoder;

		if (part->source->kind != SOURCE_BASE64 || !part->clause_cnt)
			continue;
		decoder = decoder_find(draft);
		if (!decoder)
			return refuse(draft, draft->text, "write base64_decode in front of it",
				      "base64_data without base64_decode");
		base64_take(decoder, part);
		part->clauses = NULL;
		part->clause_cnt = 0;
		return 0;
	}
	return 0;
}

/* The parts become the signature's; those that the old modifiers left empty go. */
static int parts_hand_over(struct draft *draft)
{
	struct signature *signature = draft->signature;
	struct part *parts = draft->part_cnt ? calloc(draft->part_cnt, sizeof(*parts)) : NULL;
	uint32_t cnt = 0;

	if (draft->part_cnt && !parts)
		return refuse_memory(draft);
	for (uint32_t i = 0; i < draft->part_cnt; i++) {
		if (draft->parts[i].part.clause_cnt || draft->parts[i].part.absent)
			parts[cnt++] = draft->parts[i].part;
		else
			free(draft->parts[i].part.clauses);
	}
	draft->part_cnt = 0;
	signature->parts = parts;
	signature->part_cnt = cnt;
	return 0;
}

static int must_have(struct draft *draft)
{
	if (draft->source && !draft->source_used)
		return refuse(draft, draft->source_at, "ask it for a content, or leave it out",
			      "%s is named, and nothing is asked of it", draft->source->name);
	if (!draft->has_sid)
		return refuse(draft, draft->text, "number it: sid:1000001;", "a rule without sid");
	return 0;
}

int draft_apps_on(struct draft *draft, uint64_t apps, const char *at)
{
	char hint[96] = "";

	for (unsigned int id = 0; id < PROTO_CNT; id++) {
		if (!(apps >> id & 1))
			continue;
		if (!protos[id] || !proto_is_off(id, draft->parse->config))
			return 0;
		snprintf(hint, sizeof(hint), "app-layer.protocols.%s.enabled: yes", protos[id]->name);
	}
	return apps ? refuse(draft, at, hint, "the settings switch its protocol off") : 0;
}

int draft_finish(struct draft *draft)
{
	int err = must_have(draft);

	if (!err)
		err = draft_apps_on(draft, draft->signature->apps, draft->text);
	if (!err)
		err = sides_imply(draft);
	if (!err)
		err = files_check(draft);
	if (!err)
		err = never_check(draft);
	if (err)
		return err;
	err = base64_hand_over(draft);
	if (err)
		return err;
	parts_settle(draft);
	err = layer_settle(draft);
	if (!err)
		err = parts_hand_over(draft);
	if (!err)
		fast_settle(draft->signature);
	return err;
}
