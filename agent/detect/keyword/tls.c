// SPDX-License-Identifier: Apache-2.0
/*
 * Of TLS what is neither a buffer nor a plain number: ssl_version and ssl_state by their words, and the times
 * of the server's certificate. The parser gives "tls.version", "ssl_state", "tls_cert_notbefore" and
 * "tls_cert_notafter" as numbers.
 */
#include <stdlib.h>
#include <time.h>

#include "detect/parse/inside.h"

#define WORDS_MAX 8
#define YEAR_MAX 9999 /* a number alone is seconds: one of these was meant to be a year */
#define SECOND_NS 1000000000ull

/* Number 0 of a field, of the side that is asked; false: there is none. */
static bool number_of(const struct source *source, const struct match *match, uint64_t *ret)
{
	for (uint8_t i = 0; match->tx && i < source->field_cnt; i++) {
		const struct field *field = source->fields[i].field;

		if (source->fields[i].proto == match->tx->proto && field->sides[match->side] &&
		    field->number(match->tx, match->side, 0, ret))
			return true;
	}
	return false;
}

static int test_keep(struct draft *draft, const struct test_ops *ops, const void *read, size_t size)
{
	void *kept = malloc(size);

	if (!kept)
		return refuse_memory(draft);
	memcpy(kept, read, size);
	return draft_test(draft, ops, kept);
}

/* --- ssl_version, ssl_state: words with a comma or a bar between, each with a ! or none --- */

struct ssl_word {
	const char *word;
	uint64_t number; /* a version; of states, bits */
};

struct ssl_test {
	struct source source;
	bool bits;
	uint8_t cnt;
	struct {
		uint64_t number;
		bool negated;
	} asked[WORDS_MAX];
};

static const struct ssl_word versions[] = {
	{ "sslv2", 0x0002 },  { "sslv3", 0x0300 },  { "tls1.0", 0x0301 }, { "tls1.1", 0x0302 },
	{ "tls1.2", 0x0303 }, { "tls1.3", 0x0304 }, { NULL, 0 },
};
static const struct ssl_word states[] = {
	{ "client_hello", 1 }, { "server_hello", 2 }, { "client_keyx", 4 },
	{ "server_keyx", 8 },  { "unknown", 16 },     { NULL, 0 },
};

static bool ssl_ask(const void *arg, struct match *match)
{
	const struct ssl_test *test = arg;
	uint64_t number;

	if (!number_of(&test->source, match, &number))
		return false;
	for (uint8_t i = 0; i < test->cnt; i++) {
		bool is = test->bits ? (number & test->asked[i].number) != 0
				     : number == test->asked[i].number;

		if (is != test->asked[i].negated)
			return true;
	}
	return false;
}

static const struct test_ops ssl_ops = {
	.word = "ssl", .ask = ssl_ask, .free = free, .needs_tx = true, .cost = 2
};

static int ssl_word_read(struct draft *draft, struct slice text, struct ssl_test *test)
{
	bool negated;
	struct slice word = value_plain(text, &negated);

	for (const struct ssl_word *known = draft->keyword->arg; known->word; known++) {
		if (!slice_same(word, known->word) || test->cnt == WORDS_MAX)
			continue;
		test->asked[test->cnt].number = known->number;
		test->asked[test->cnt++].negated = negated;
		return 0;
	}
	return refuse(draft, (const char *)text.at, draft->keyword->says, "%s has no word \"%.*s\"",
		      draft->keyword->word, (int)word.len, word.at);
}

static int ssl_read(struct draft *draft, struct slice value)
{
	struct ssl_test test = { .bits = draft->keyword->arg == states };
	struct slice rest = value, word;
	int err = source_of_keyword(draft, test.bits ? "ssl_state" : "tls.version", true,
				    &test.source);

	/* of states both signs are written */
	while (!err &&
	       slice_next(&rest, test.bits && !memchr(value.at, ',', value.len) ? '|' : ',', &word))
		err = ssl_word_read(draft, word, &test);
	return err ? err : test_keep(draft, &ssl_ops, &test, sizeof(test));
}

/* --- tls_cert_valid, tls_cert_expired --- */

struct valid_test {
	struct source to;
	bool is_valid; /* not over yet: nobody asks when it begins */
};

static bool valid_ask(const void *arg, struct match *match)
{
	const struct valid_test *test = arg;
	uint64_t to, now = match->now_ns / SECOND_NS;

	return number_of(&test->to, match, &to) && (now < to) == test->is_valid;
}

static const struct test_ops valid_ops = {
	.word = "tls_cert_valid", .ask = valid_ask, .free = free, .needs_tx = true, .cost = 2
};

static int valid_read(struct draft *draft, struct slice value)
{
	struct valid_test test = { .is_valid = slice_is(slice_text(draft->keyword->word),
							"tls_cert_valid") };
	int err = source_of_keyword(draft, "tls_cert_notafter", true, &test.to);

	return err ? err : test_keep(draft, &valid_ops, &test, sizeof(test));
}

/* --- tls_cert_notbefore, tls_cert_notafter: <2015-10-22, 2014<>2016-01-01T12:00:00 --- */

struct time_test {
	struct source source;
	struct number_condition condition;
};

static bool time_ask(const void *arg, struct match *match)
{
	const struct time_test *test = arg;
	uint64_t seconds;

	return number_of(&test->source, match, &seconds) && number_holds(&test->condition, seconds);
}

static const struct test_ops time_ops = {
	.word = "tls_cert_notafter", .ask = time_ask, .free = free, .needs_tx = true, .cost = 2
};

static bool time_parse(struct slice text, uint64_t *ret_seconds)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%dT%H:%M",	  "%Y-%m-%d %H:%M",
					     "%Y-%m-%dT%H",	  "%Y-%m-%d %H",
					     "%Y-%m-%d",	  "%Y-%m" };
	char *copy = slice_copy(text);
	bool good = false;

	for (size_t i = 0; copy && !good && i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_mday = 1 };
		const char *end = strptime(copy, forms[i], &tm);
		time_t seconds = end && !*end ? timegm(&tm) : -1;

		good = seconds >= 0;
		if (good)
			*ret_seconds = (uint64_t)seconds;
	}
	free(copy);
	return good;
}

static int time_must(struct draft *draft, struct slice text, uint64_t *ret_seconds)
{
	text = slice_trim(text);
	if (number_parse(text, UINT64_MAX, ret_seconds) && *ret_seconds > YEAR_MAX)
		return 0;
	if (time_parse(text, ret_seconds))
		return 0;
	return refuse(draft, (const char *)text.at,
		      "2026-04-01, 2026-04-01T12:00:00 or seconds since 1970",
		      "\"%.*s\" is no time", (int)text.len, text.at);
}

/* Both ends of a range stand outside of it. */
static int time_condition_read(struct draft *draft, struct slice text, struct number_condition *ret)
{
	const uint8_t *middle = memmem(text.at, text.len, "<>", 2);
	int err;

	if (middle) {
		ret->kind = NUMBER_BETWEEN;
		err = time_must(draft, slice(text.at, (size_t)(middle - text.at)), &ret->a);
		return err ? err
			   : time_must(draft, slice_behind(text, (size_t)(middle - text.at) + 2),
				       &ret->b);
	}
	ret->kind = text.len && text.at[0] == '<'   ? NUMBER_BELOW
		    : text.len && text.at[0] == '>' ? NUMBER_ABOVE
						    : NUMBER_IS;
	return time_must(draft, slice_behind(text, ret->kind != NUMBER_IS), &ret->a);
}

static int time_read(struct draft *draft, struct slice value)
{
	struct time_test test = { .condition.kind = NUMBER_IS };
	int err = source_of_keyword(draft, draft->keyword->word, true, &test.source);

	if (!err)
		err = time_condition_read(draft, value_plain(value, NULL), &test.condition);
	return err ? err : test_keep(draft, &time_ops, &test, sizeof(test));
}

const struct keyword keyword_ssl_version = {
	"ssl_version", NULL,
	VALUE_ALWAYS,  ssl_read,
	versions,      "sslv2, sslv3, tls1.0, tls1.1, tls1.2, tls1.3: one of them is spoken"
};
const struct keyword keyword_ssl_state = {
	"ssl_state", NULL,   VALUE_ALWAYS,
	ssl_read,    states, "client_hello | server_hello | client_keyx | server_keyx: it was seen"
};
const struct keyword keyword_tls_cert_valid = {
	"tls_cert_valid", NULL, VALUE_NEVER,
	valid_read,	  NULL, "the server's certificate holds today"
};
const struct keyword keyword_tls_cert_expired = {
	"tls_cert_expired", NULL, VALUE_NEVER,
	valid_read,	    NULL, "the server's certificate held until before today"
};
const struct keyword keyword_tls_cert_notbefore = {
	"tls_cert_notbefore", NULL, VALUE_ALWAYS, time_read, NULL, "when the certificate begins: >2026-04-01"
};
const struct keyword keyword_tls_cert_notafter = {
	"tls_cert_notafter", NULL, VALUE_ALWAYS,
	time_read,	     NULL, "when the certificate ends: <2026-04-01"
};
