// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers of protocols of which one of several is wanted, or a part of them: dnp3_ind:device_restart,
 * dnp3_obj:60,1, krb5.ticket_encryption:weak. The parser gives the numbers as fields of the keywords' names.
 */
#include <errno.h>
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "proto/dnp3.h"
#include "proto/enip.h"
#include "proto/kerberos.h"

#define WANTED_MAX 32

struct wanted {
	struct source source;
	bool negated; /* there is a number, and it is none of these */
	uint8_t cnt;
	struct {
		uint64_t mask, value;
	} one[WANTED_MAX];
};

static bool wanted_has(const struct wanted *wanted, uint64_t number)
{
	for (uint8_t i = 0; i < wanted->cnt; i++)
		if ((number & wanted->one[i].mask) == wanted->one[i].value)
			return true;
	return false;
}

static bool wanted_ask(const void *arg, struct match *match)
{
	const struct wanted *wanted = arg;
	const struct field *field = wanted->source.fields[0].field;
	uint64_t number;

	if (!match->tx || wanted->source.fields[0].proto != match->tx->proto ||
	    !field->sides[match->side])
		return false;
	for (uint32_t i = 0; field->number(match->tx, match->side, i, &number); i++)
		if (wanted_has(wanted, number) != wanted->negated)
			return true;
	return false;
}

static const struct test_ops wanted_ops = {
	.word = "wanted", .ask = wanted_ask, .free = free, .needs_tx = true, .cost = 2
};

static int wanted_add(struct draft *draft, struct slice word, struct wanted *wanted, uint64_t mask,
		      uint64_t value)
{
	if (wanted->cnt == WANTED_MAX)
		return refuse(draft, (const char *)word.at, NULL, "more than %d of them", WANTED_MAX);
	wanted->one[wanted->cnt].mask = mask;
	wanted->one[wanted->cnt++].value = value;
	return 0;
}

static int wanted_unknown(struct draft *draft, struct slice word)
{
	return refuse(draft, (const char *)word.at, draft->keyword->says, "%s: \"%.*s\" is none",
		      draft->keyword->word, (int)word.len, word.at);
}

static int wanted_put(struct draft *draft, const struct wanted *read)
{
	struct wanted *wanted;
	int err;

	err = draft_of_apps(draft, source_apps(&read->source), draft->keyword_at);
	if (err)
		return err;
	wanted = malloc(sizeof(*wanted));
	if (!wanted)
		return refuse_memory(draft);
	*wanted = *read;
	return draft_test(draft, &wanted_ops, wanted);
}

/* What a keyword asks of each piece of its value, between commas; place counts them. */
typedef int wanted_piece(struct draft *draft, struct slice word, uint32_t place,
			 struct wanted *wanted);

static int wanted_read(struct draft *draft, struct slice value, wanted_piece *piece)
{
	struct wanted read = { .cnt = 0 };
	struct slice rest = value, word;
	uint32_t place = 0;
	int err = 0;

	if (!source_of_fields(slice_text(draft->keyword->word), true, &read.source))
		return refuse(draft, draft->keyword_at, NULL, "%s is not read", draft->keyword->word);
	while (!err && slice_next(&rest, ',', &word))
		err = piece(draft, word, place++, &read);
	return err ? err : wanted_put(draft, &read);
}

/* --- DNP3 --- */

static int indicator_piece(struct draft *draft, struct slice word, uint32_t place,
			   struct wanted *wanted)
{
	uint64_t bits;
	int err = 0;

	if (number_parse(word, UINT16_MAX, &bits) && bits) {
		for (uint64_t bit = 1; !err && bit <= bits; bit <<= 1)
			if (bits & bit)
				err = wanted_add(draft, word, wanted, bit, bit);
		return err;
	}
	for (int i = 0; i < DNP3_INDICATORS; i++)
		if (slice_same(word, dnp3_indicators[i])) {
			uint64_t bit = 1u << (DNP3_INDICATORS - 1 - i);

			return wanted_add(draft, word, wanted, bit, bit);
		}
	return wanted_unknown(draft, word);
}

static int indicators_read(struct draft *draft, struct slice value)
{
	return wanted_read(draft, value, indicator_piece);
}

/* The group, then the variation. */
static int object_piece(struct draft *draft, struct slice word, uint32_t place, struct wanted *wanted)
{
	uint64_t number;

	if (place > 1 || !number_parse(word, UINT8_MAX, &number))
		return wanted_unknown(draft, word);
	if (place == 0)
		return wanted_add(draft, word, wanted, UINT64_MAX, number << 8);
	wanted->one[0].value |= number;
	return 0;
}

static int object_read(struct draft *draft, struct slice value)
{
	if (!memchr(value.at, ',', value.len))
		return refuse(draft, (const char *)value.at, draft->keyword->says,
			      "dnp3_obj needs a group and a variation");
	return wanted_read(draft, value, object_piece);
}

static int function_read(struct draft *draft, struct slice value)
{
	return number_field_read(draft, slice_text(draft->keyword->word), value);
}

const struct keyword keyword_dnp3_func = { "dnp3_func",	 "dnp3.func",
					   VALUE_ALWAYS, function_read,
					   NULL,	 "what a message is for: write, 2" };
const struct keyword keyword_dnp3_ind = {
	"dnp3_ind",	 "dnp3.ind", VALUE_ALWAYS,
	indicators_read, NULL,	     "one of these is said: device_restart,need_time"
};
const struct keyword keyword_dnp3_obj = { "dnp3_obj",	"dnp3.obj",
					  VALUE_ALWAYS, object_read,
					  NULL,		"an object's group and variation: 60,1" };

/* --- CIP --- */

/* The service, then the class, then the attribute: what is left out is not asked for. */
static int service_piece(struct draft *draft, struct slice word, uint32_t place, struct wanted *wanted)
{
	static const uint64_t most[] = { UINT8_MAX, UINT16_MAX, UINT16_MAX };
	static const uint64_t masks[] = { ENIP_ASKED(UINT8_MAX, 0, 0),
					  ENIP_ASKED(0, ENIP_NONE_MAX, 0),
					  ENIP_ASKED(0, 0, ENIP_NONE_MAX) };
	uint64_t number, value;

	if (place > 2 || !number_parse(word, most[place], &number))
		return wanted_unknown(draft, word);
	value = place == 0   ? ENIP_ASKED(number, 0, 0)
		: place == 1 ? ENIP_ASKED(0, number + 1, 0)
			     : ENIP_ASKED(0, 0, number + 1);
	if (place == 0)
		return wanted_add(draft, word, wanted, masks[0], value);
	wanted->one[0].mask |= masks[place];
	wanted->one[0].value |= value;
	return 0;
}

static int service_read(struct draft *draft, struct slice value)
{
	return wanted_read(draft, value, service_piece);
}

const struct keyword keyword_cip_service = {
	"cip_service", NULL,
	VALUE_ALWAYS,  service_read,
	NULL,	       "what a request of CIP asks for, and of which class and attribute: 3,1,7"
};

/* --- Kerberos --- */

/* All that are not weak: of the number that a name has or could have, the few that RFC 8429 leaves. */
static int strong_add(struct draft *draft, struct slice word, struct wanted *wanted)
{
	int err = 0;

	for (int64_t number = 0; !err && number <= INT8_MAX; number++)
		if (!krb_encryption_is_weak(number))
			err = wanted_add(draft, word, wanted, UINT64_MAX, (uint64_t)number);
	return err;
}

static int encryption_piece(struct draft *draft, struct slice word, uint32_t place,
			    struct wanted *wanted)
{
	int64_t number;

	if (!krb_encryption_named(word, &number) && !signed_parse(word, &number))
		return wanted_unknown(draft, word);
	return wanted_add(draft, word, wanted, UINT64_MAX, (uint64_t)number);
}

static int encryption_read(struct draft *draft, struct slice value)
{
	struct wanted read = { .cnt = 0 };
	bool not_weak;
	int err;

	if (!slice_is(value_plain(value, &not_weak), "weak"))
		return wanted_read(draft, value, encryption_piece);
	if (!source_of_fields(slice_text(draft->keyword->word), true, &read.source))
		return -EINVAL;
	read.negated = !not_weak;
	err = strong_add(draft, value, &read);
	return err ? err : wanted_put(draft, &read);
}

const struct keyword keyword_krb5_ticket_encryption = {
	"krb5.ticket_encryption", NULL, VALUE_ALWAYS,
	encryption_read,	  NULL, "what a ticket is ciphered by: weak, !weak, rc4-hmac, 23"
};
