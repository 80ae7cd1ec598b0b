// SPDX-License-Identifier: Apache-2.0
/*
 * flowbits, xbits, hostbits: names that rules set and other rules ask for; of a flow, of a host, of a pair.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "detect/state.h"

#define NAMES_MAX 16 /* of isset,a|b|c */

struct bits {
	enum bit_of of;
	enum bit_change change;
	uint32_t seconds;
	bool unset; /* isnotset */
	uint32_t cnt;
	uint32_t names[NAMES_MAX];
};

static bool bits_ask(const void *arg, struct match *match)
{
	const struct bits *bits = arg;

	for (uint32_t i = 0; i < bits->cnt; i++)
		if (state_bit(match, bits->of, bits->names[i]) != bits->unset)
			return true;
	return false;
}

static void bits_act(const void *arg, struct match *match)
{
	const struct bits *bits = arg;

	for (uint32_t i = 0; i < bits->cnt; i++)
		state_bit_change(match, bits->of, bits->names[i], bits->change, bits->seconds);
}

static const struct test_ops flowbits_test = {
	.word = "flowbits", .ask = bits_ask, .free = free, .cost = 2
};
static const struct act_ops flowbits_act = { .word = "flowbits", .act = bits_act, .free = free };
static const struct test_ops xbits_test = {
	.word = "xbits", .ask = bits_ask, .free = free, .of_packet = true, .cost = 4
};
static const struct act_ops xbits_act = { .word = "xbits", .act = bits_act, .free = free };
static const struct test_ops hostbits_test = {
	.word = "hostbits", .ask = bits_ask, .free = free, .of_packet = true, .cost = 4
};
static const struct act_ops hostbits_act = { .word = "hostbits", .act = bits_act, .free = free };

struct bits_kind {
	enum name_kind names;
	enum bit_of of;
	const struct test_ops *test;
	const struct act_ops *act;
	const char *hint;
	uint32_t seconds; /* how long one is set that does not say it; 0: as long as the flow lasts */
};

static const struct bits_kind flowbits_kind = { NAME_FLOWBIT,  BIT_OF_FLOW,	    &flowbits_test,
						&flowbits_act, "flowbits:set,name", 0 };
static const struct bits_kind xbits_kind = { NAME_HOSTBIT,
					     BIT_OF_PAIR,
					     &xbits_test,
					     &xbits_act,
					     "xbits:set,name,track ip_src,expire 60",
					     30 };
static const struct bits_kind hostbits_kind = {
	NAME_HOSTBIT, BIT_OF_SRC, &hostbits_test, &hostbits_act, "hostbits:set,name,src", 300
};

enum command { COMMAND_ASK, COMMAND_ASK_NOT, COMMAND_CHANGE };
static const struct {
	const char *word;
	enum command command;
	enum bit_change change;
} commands[] = {
	{ "isset", COMMAND_ASK, BIT_SET },	  { "isnotset", COMMAND_ASK_NOT, BIT_SET },
	{ "set", COMMAND_CHANGE, BIT_SET },	  { "unset", COMMAND_CHANGE, BIT_UNSET },
	{ "toggle", COMMAND_CHANGE, BIT_TOGGLE },
};

static int names_read(struct draft *draft, struct slice text, const struct bits_kind *kind,
		      struct bits *bits)
{
	struct slice rest = text, name;

	while (slice_next(&rest, '|', &name)) {
		uint32_t number;

		if (!name.len || memchr(name.at, ' ', name.len))
			return refuse(draft, (const char *)text.at, kind->hint,
				      "\"%.*s\" is no name of a bit", (int)name.len, name.at);
		if (bits->cnt == NAMES_MAX)
			return refuse(draft, (const char *)name.at, NULL,
				      "more than %d names in one keyword", NAMES_MAX);
		number = words_add(&draft->parse->names[kind->names], name);
		if (!number)
			return refuse_memory(draft);
		bits->names[bits->cnt++] = number;
	}
	return 0;
}

/* Whose bit, and for how long: "track ip_src", "expire 60", "src", "dst". */
static int option_read(struct draft *draft, struct slice option, const struct bits_kind *kind,
		       struct bits *bits)
{
	static const struct {
		const char *word;
		enum bit_of of;
	} tracks[] = {
		{ "ip_src", BIT_OF_SRC }, { "ip_dst", BIT_OF_DST }, { "ip_pair", BIT_OF_PAIR },
		{ "tx", BIT_OF_TX },	  { "src", BIT_OF_SRC },    { "dst", BIT_OF_DST },
		{ "both", BIT_OF_PAIR },
	};
	struct slice rest = option, word;
	uint64_t seconds;

	slice_next(&rest, ' ', &word);
	if (slice_is(word, "expire") && rest.at &&
	    number_parse(slice_trim(rest), UINT32_MAX, &seconds) && seconds) {
		bits->seconds = (uint32_t)seconds;
		return 0;
	}
	if (slice_is(word, "track") && rest.at)
		word = slice_trim(rest);
	for (size_t i = 0; i < sizeof(tracks) / sizeof(tracks[0]); i++) {
		if (slice_is(word, tracks[i].word)) {
			bits->of = tracks[i].of;
			return 0;
		}
	}
	return refuse(draft, (const char *)option.at, kind->hint, "\"%.*s\" is not understood",
		      (int)option.len, option.at);
}

static void bits_hint(struct signature *signature, const struct bits *bits, bool asks)
{
	uint64_t *to = asks ? signature->asks_bits : signature->sets_bits;

	for (uint32_t i = 0; i < bits->cnt; i++)
		to[bits->names[i] / 64 % 2] |= 1ull << bits->names[i] % 64;
}

static int bits_place(struct draft *draft, const struct bits *read, const struct bits_kind *kind,
		      bool asks)
{
	struct bits *bits = malloc(sizeof(*bits));

	if (!bits)
		return refuse_memory(draft);
	*bits = *read;
	if (kind->of == BIT_OF_FLOW) {
		bits_hint(draft->signature, bits, asks);
		draft->signature->changes_flow |= !asks && bits->change != BIT_SET;
	}
	return asks ? draft_test(draft, kind->test, bits) : draft_act(draft, kind->act, bits);
}

static int bits_read(struct draft *draft, struct slice value)
{
	const struct bits_kind *kind = draft->keyword->arg;
	struct slice rest = value, word, part;
	struct bits bits = { .of = kind->of, .seconds = kind->seconds };
	size_t i;
	int err;

	slice_next(&rest, ',', &word);
	if (slice_is(word, "noalert") && !rest.at) {
		draft->signature->rule.noalert = true;
		return 0;
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_is(word, commands[i].word))
			break;
	if (i == sizeof(commands) / sizeof(commands[0]) || !slice_next(&rest, ',', &part))
		return refuse(draft, (const char *)value.at, kind->hint,
			      "%s: isset, isnotset, set, unset, toggle or noalert, then a name",
			      draft->keyword->word);
	err = names_read(draft, part, kind, &bits);
	while (!err && slice_next(&rest, ',', &part)) {
		if (kind->of == BIT_OF_FLOW)
			return refuse(draft, (const char *)part.at, kind->hint,
				      "flowbits has no more than a name");
		err = option_read(draft, part, kind, &bits);
	}
	bits.change = commands[i].change;
	bits.unset = commands[i].command == COMMAND_ASK_NOT;
	return err ? err : bits_place(draft, &bits, kind, commands[i].command != COMMAND_CHANGE);
}

const struct keyword keyword_flowbits = {
	"flowbits", NULL,	    VALUE_ALWAYS,
	bits_read,  &flowbits_kind, "names that rules set in a flow and ask for"
};
const struct keyword keyword_xbits = {
	"xbits",   NULL,	VALUE_ALWAYS,
	bits_read, &xbits_kind, "names that rules set for hosts or pairs of them"
};
const struct keyword keyword_hostbits = { "hostbits",	  NULL,
					  VALUE_ALWAYS,	  bits_read,
					  &hostbits_kind, "names that rules set for a host" };
