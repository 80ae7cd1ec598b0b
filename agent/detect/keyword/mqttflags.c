// SPDX-License-Identifier: Apache-2.0
/*
 * mqtt.flags:dup,!retain and mqtt.connect.flags:username,!will: all that is said must hold of one message.
 * The parser gives the bits as numbers of fields that have the keywords' names.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "proto/mqtt.h"

struct flag_word {
	const char *word;
	uint8_t bit;
};

static const struct flag_word header_words[] = { { "dup", 8 }, { "retain", 1 }, { NULL, 0 } };
static const struct flag_word connect_words[] = {
	{ "username", MQTT_FLAG_USERNAME },   { "password", MQTT_FLAG_PASSWORD },
	{ "will", MQTT_FLAG_WILL },	      { "will_retain", MQTT_FLAG_WILL_RETAIN },
	{ "clean_session", MQTT_FLAG_CLEAN }, { NULL, 0 }
};

struct flags {
	struct source source;
	uint8_t set, unset;
};

static bool flags_ask(const void *arg, struct match *match)
{
	const struct flags *flags = arg;
	uint64_t number;

	if (!match->tx || flags->source.fields[0].proto != match->tx->proto)
		return false;
	for (uint32_t i = 0;
	     flags->source.fields[0].field->number(match->tx, match->side, i, &number); i++)
		if ((number & flags->set) == flags->set && !(number & flags->unset))
			return true;
	return false;
}

static const struct test_ops flags_ops = {
	.word = "mqtt.flags", .ask = flags_ask, .free = free, .needs_tx = true, .cost = 2
};

static int flag_take(struct draft *draft, struct slice text, struct flags *flags)
{
	const struct flag_word *known = draft->keyword->arg;
	bool negated;
	struct slice word = slice_trim(value_plain(text, &negated));

	while (known->word && !slice_same(word, known->word))
		known++;
	if (!known->word)
		return refuse(draft, (const char *)text.at, draft->keyword->says,
			      "\"%.*s\" is no flag of it", (int)word.len, word.at);
	if (negated)
		flags->unset |= known->bit;
	else
		flags->set |= known->bit;
	return 0;
}

static int flags_read(struct draft *draft, struct slice value)
{
	struct flags read = { .set = 0 }, *flags;
	struct slice rest = value, word;
	int err = source_of_keyword(draft, draft->keyword->word, true, &read.source);

	while (!err && slice_next(&rest, ',', &word))
		err = flag_take(draft, word, &read);
	if (err)
		return err;
	flags = malloc(sizeof(*flags));
	if (!flags)
		return refuse_memory(draft);
	*flags = read;
	return draft_test(draft, &flags_ops, flags);
}

const struct keyword keyword_mqtt_flags = { "mqtt.flags", NULL,		VALUE_ALWAYS,
					    flags_read,	  header_words, "mqtt.flags:dup,!retain" };
const struct keyword keyword_mqtt_connect_flags = {
	"mqtt.connect.flags", NULL,
	VALUE_ALWAYS,	      flags_read,
	connect_words,	      "mqtt.connect.flags:username,password,will,will_retain,clean_session"
};
