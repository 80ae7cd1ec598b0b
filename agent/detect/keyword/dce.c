// SPDX-License-Identifier: Apache-2.0
/*
 * dcerpc.iface and dcerpc.opnum: which interface is called, and which of its operations. The parsers of
 * DCE/RPC, over TCP and over SMB, give "dcerpc.iface" as a list of 18 bytes (the UUID as it is printed, the
 * major version with its high byte first) and "dcerpc.opnum" as a number.
 */
#include <ctype.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

#define UUID_LEN 16
#define RANGES_MAX 32

struct iface {
	struct source source;
	uint8_t uuid[UUID_LEN];
	bool has_version;
	struct number_condition version;
};

static bool field_is(const struct iface *iface, const struct field *field, struct match *match)
{
	for (int side = 0; side < SIDES; side++) {
		struct slice value;
		uint64_t from;

		for (uint32_t i = 0; field->bytes(match->tx, side, i, &value, &from); i++)
			if (value.len >= UUID_LEN + 2 &&
			    memcmp(value.at, iface->uuid, UUID_LEN) == 0 &&
			    (!iface->has_version ||
			     number_holds(&iface->version, (uint64_t)value.at[UUID_LEN] << 8 |
								   value.at[UUID_LEN + 1])))
				return true;
	}
	return false;
}

static bool iface_ask(const void *arg, struct match *match)
{
	const struct iface *iface = arg;

	for (uint8_t i = 0; match->tx && i < iface->source.field_cnt; i++)
		if (iface->source.fields[i].proto == match->tx->proto &&
		    field_is(iface, iface->source.fields[i].field, match))
			return true;
	return false;
}

static const struct test_ops iface_ops = {
	.word = "dcerpc.iface", .ask = iface_ask, .free = free, .needs_tx = true, .cost = 2
};

/* "367abb81-9844-35f1-ad32-98f038001003" */
static bool uuid_read(struct slice text, uint8_t *uuid)
{
	size_t cnt = 0;

	for (size_t i = 0; i < text.len; i++) {
		int digit;

		if (text.at[i] == '-')
			continue;
		if (!isxdigit(text.at[i]) || cnt == 2 * UUID_LEN)
			return false;
		digit = text.at[i] <= '9' ? text.at[i] - '0' : tolower(text.at[i]) - 'a' + 10;
		uuid[cnt / 2] = (uint8_t)(cnt % 2 ? uuid[cnt / 2] | digit : digit << 4);
		cnt++;
	}
	return cnt == 2 * UUID_LEN && text.len == 2 * UUID_LEN + 4;
}

static int iface_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, uuid, word;
	struct iface read = {}, *iface;
	int err = source_of_keyword(draft, draft->keyword->word, false, &read.source);

	slice_next(&rest, ',', &uuid);
	if (!err && !uuid_read(uuid, read.uuid))
		err = refuse(draft, (const char *)uuid.at,
			     "dcerpc.iface:367abb81-9844-35f1-ad32-98f038001003,>1,any_frag",
			     "\"%.*s\" is no UUID", (int)uuid.len, uuid.at);
	while (!err && slice_next(&rest, ',', &word)) {
		if (slice_is(word, "any_frag"))
			continue; /* an interface is known from its first fragment on */
		err = number_condition_read(draft, word, UINT16_MAX, &read.version);
		read.has_version = true;
	}
	if (err)
		return err;
	iface = malloc(sizeof(*iface));
	if (!iface)
		return refuse_memory(draft);
	*iface = read;
	return draft_test(draft, &iface_ops, iface);
}

/* --- opnum: 1,5-9 --- */

struct opnum {
	struct source source;
	uint32_t cnt;
	struct port_range ranges[RANGES_MAX];
};

static bool opnum_is(const struct opnum *opnum, uint64_t number)
{
	for (uint32_t i = 0; i < opnum->cnt; i++)
		if (number >= opnum->ranges[i].from && number <= opnum->ranges[i].to)
			return true;
	return false;
}

static bool opnum_ask(const void *arg, struct match *match)
{
	const struct opnum *opnum = arg;

	for (uint8_t i = 0; match->tx && i < opnum->source.field_cnt; i++) {
		uint64_t number;

		if (opnum->source.fields[i].proto != match->tx->proto)
			continue;
		for (uint32_t k = 0;
		     opnum->source.fields[i].field->number(match->tx, match->side, k, &number); k++)
			if (opnum_is(opnum, number))
				return true;
	}
	return false;
}

static const struct test_ops opnum_ops = {
	.word = "dcerpc.opnum", .ask = opnum_ask, .free = free, .needs_tx = true, .cost = 2
};

static int opnum_range(struct draft *draft, struct slice word, struct opnum *opnum)
{
	struct slice rest = word, text;
	uint64_t from = 0, to = 0;
	bool good;

	slice_next(&rest, '-', &text);
	good = number_parse(text, UINT16_MAX, &from);
	to = from;
	if (good && slice_next(&rest, '-', &text))
		good = number_parse(text, UINT16_MAX, &to) && to >= from && !rest.at;
	if (!good || opnum->cnt == RANGES_MAX)
		return refuse(draft, (const char *)word.at, "dcerpc.opnum:1,5-9",
			      "\"%.*s\" is no operation number, or there are too many",
			      (int)word.len, word.at);
	opnum->ranges[opnum->cnt++] =
		(struct port_range){ .from = (uint16_t)from, .to = (uint16_t)to };
	return 0;
}

static int opnum_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, word;
	struct opnum read = {}, *opnum;
	int err = source_of_keyword(draft, draft->keyword->word, true, &read.source);

	while (!err && slice_next(&rest, ',', &word))
		err = opnum_range(draft, word, &read);
	if (err)
		return err;
	opnum = malloc(sizeof(*opnum));
	if (!opnum)
		return refuse_memory(draft);
	*opnum = read;
	return draft_test(draft, &opnum_ops, opnum);
}

const struct keyword keyword_dcerpc_iface = {
	"dcerpc.iface", "dce_iface", VALUE_ALWAYS,
	iface_read,	NULL,	     "the interface that is called, by its UUID"
};
const struct keyword keyword_dcerpc_opnum = {
	"dcerpc.opnum", "dce_opnum", VALUE_ALWAYS,
	opnum_read,	NULL,	     "the operation that is called: dcerpc.opnum:1,5-9"
};
