// SPDX-License-Identifier: Apache-2.0
/*
 * A walk over the bytes of a line that checks all of it and notes where the wanted members are, then
 * their meaning. Called by past.c and by the fuzz target, which compares it with jansson.
 */
#include "preview/line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "text/address.h"
#include "text/escape.h"
#include "text/service.h"

#define DEPTH_MAX 16
#define REAL_MAX 40 /* characters of a number with a fraction */

/* The members that are looked for. */
enum slot {
	TIME,
	TYPE,
	SRC_IP,
	SRC_PORT,
	DEST_IP,
	DEST_PORT,
	PROTO,
	ICMP_TYPE,
	ICMP_CODE,
	TENANT,
	POLICY,
	DIRECTION,
	RULE,
	LIST,
	TO_SERVER,
	TO_CLIENT,
	FLOW_REASON,
	DROP_LEN,
	DROP_REASON,
	SUPPRESSED,
	LOST,
	VERDICT,
	NAME_REASON,
	DNS_TYPE,
	RRNAME,
	TLS_SNI,
	QUIC_SNI,
	HOSTNAME,
	URL,
	SLOT_CNT,
	NO_SLOT = SLOT_CNT,
};

/* The objects that they are in. */
enum inside { TOP, FLOW, DROP, STATS, EVENTS, NAME, DNS, TLS, QUIC, HTTP, ELSEWHERE };

static const struct member {
	const char *name;
	enum inside inside;
	enum slot slot;
	enum inside opens; /* an object whose members are wanted; ELSEWHERE: it is a value */
} members[] = {
	/* in the order in which the agent writes them: the next one is looked for first */
	{ "timestamp", TOP, TIME, ELSEWHERE },
	{ "event_type", TOP, TYPE, ELSEWHERE },
	{ "src_ip", TOP, SRC_IP, ELSEWHERE },
	{ "src_port", TOP, SRC_PORT, ELSEWHERE },
	{ "dest_ip", TOP, DEST_IP, ELSEWHERE },
	{ "dest_port", TOP, DEST_PORT, ELSEWHERE },
	{ "proto", TOP, PROTO, ELSEWHERE },
	{ "icmp_type", TOP, ICMP_TYPE, ELSEWHERE },
	{ "icmp_code", TOP, ICMP_CODE, ELSEWHERE },
	{ "tenant", TOP, TENANT, ELSEWHERE },
	{ "policy", TOP, POLICY, ELSEWHERE },
	{ "direction", TOP, DIRECTION, ELSEWHERE },
	{ "verdict", TOP, VERDICT, ELSEWHERE },
	{ "rule", TOP, RULE, ELSEWHERE },
	{ "list", TOP, LIST, ELSEWHERE },
	{ "flow", TOP, NO_SLOT, FLOW },
	{ "bytes_toserver", FLOW, TO_SERVER, ELSEWHERE },
	{ "bytes_toclient", FLOW, TO_CLIENT, ELSEWHERE },
	{ "reason", FLOW, FLOW_REASON, ELSEWHERE },
	{ "drop", TOP, NO_SLOT, DROP },
	{ "len", DROP, DROP_LEN, ELSEWHERE },
	{ "reason", DROP, DROP_REASON, ELSEWHERE },
	{ "stats", TOP, NO_SLOT, STATS },
	{ "events", STATS, NO_SLOT, EVENTS },
	{ "suppressed_new", EVENTS, SUPPRESSED, ELSEWHERE },
	{ "lost_new", EVENTS, LOST, ELSEWHERE },
	{ "name", TOP, NO_SLOT, NAME },
	{ "reason", NAME, NAME_REASON, ELSEWHERE },
	{ "dns", TOP, NO_SLOT, DNS },
	{ "type", DNS, DNS_TYPE, ELSEWHERE },
	{ "rrname", DNS, RRNAME, ELSEWHERE },
	{ "tls", TOP, NO_SLOT, TLS },
	{ "sni", TLS, TLS_SNI, ELSEWHERE },
	{ "quic", TOP, NO_SLOT, QUIC },
	{ "sni", QUIC, QUIC_SNI, ELSEWHERE },
	{ "http", TOP, NO_SLOT, HTTP },
	{ "hostname", HTTP, HOSTNAME, ELSEWHERE },
	{ "url", HTTP, URL, ELSEWHERE },
};
#define MEMBER_CNT (sizeof(members) / sizeof(members[0]))

/* A member's value as it stands. */
struct value {
	enum { ABSENT, TEXT, ESCAPED, WHOLE, OTHER } form;
	const char *text; /* of TEXT and ESCAPED without the quotes */
	size_t len;
	int64_t number; /* of WHOLE */
};

struct scan {
	const char *at, *end;
	unsigned int depth;
	size_t next; /* member to be looked for first */
	bool entered[ELSEWHERE]; /* objects that were seen */
	struct value values[SLOT_CNT];
};

/* --- JSON --- */

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static bool skip_char(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* Four hexadecimal digits. */
static bool read_unit(struct scan *s, unsigned int *ret_unit)
{
	unsigned int unit = 0;

	if (s->end - s->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *s->at++, low = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			unit = unit << 4 | (unsigned int)(c - '0');
		else if (low >= 'a' && low <= 'f')
			unit = unit << 4 | (unsigned int)(low - 'a' + 10);
		else
			return false;
	}
	*ret_unit = unit;
	return true;
}

/* Behind "\u": no NUL, and surrogates in pairs alone. */
static bool skip_unit(struct scan *s)
{
	unsigned int unit = 0, low = 0;

	if (!read_unit(s, &unit) || !unit || (unit >= 0xdc00 && unit <= 0xdfff))
		return false;
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	return skip_char(s, '\\') && skip_char(s, 'u') && read_unit(s, &low) && low >= 0xdc00 &&
	       low <= 0xdfff;
}

static bool skip_escape(struct scan *s)
{
	if (s->at == s->end)
		return false;
	if (*s->at == 'u') {
		s->at++;
		return skip_unit(s);
	}
	return *s->at && strchr("\"\\/bfnrt", *s->at++);
}

/* 1: ends a run of plain characters: quote, backslash, control, what is no ASCII. */
static bool is_special(unsigned char c)
{
	return c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
}

/* From the opening quote to behind the closing one. */
static bool read_string(struct scan *s, struct value *ret_value)
{
	bool escaped = false;
	uint32_t point;
	size_t n;

	if (!skip_char(s, '"'))
		return false;
	ret_value->text = s->at;
	for (;;) {
		while (s->at < s->end && !is_special((unsigned char)*s->at))
			s->at++;
		if (s->at == s->end || (unsigned char)*s->at < 0x20)
			return false;
		if (*s->at == '"')
			break;
		if (skip_char(s, '\\')) {
			escaped = true;
			if (!skip_escape(s))
				return false;
			continue;
		}
		n = utf8_decode(s->at, (size_t)(s->end - s->at), &point);
		if (!n)
			return false;
		s->at += n;
	}
	ret_value->len = (size_t)(s->at++ - ret_value->text);
	ret_value->form = escaped ? ESCAPED : TEXT;
	return true;
}

static bool skip_digits(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

/* Whole numbers of 64 bits; fractions are passed over, exponents the agent never writes. */
static bool read_number(struct scan *s, struct value *ret_value)
{
	const char *from = s->at, *digits;
	bool minus = skip_char(s, '-');
	int64_t number = 0;

	digits = s->at;
	if (!skip_digits(s) || (*digits == '0' && s->at - digits > 1))
		return false;
	ret_value->form = WHOLE;
	if (skip_char(s, '.')) {
		ret_value->form = OTHER;
		return skip_digits(s) && s->at - from <= REAL_MAX &&
		       (s->at == s->end || (*s->at | 0x20) != 'e');
	}
	if (s->at < s->end && (*s->at | 0x20) == 'e')
		return false;
	for (; digits < s->at; digits++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_sub_overflow(number, *digits - '0', &number))
			return false;
	if (!minus && number == INT64_MIN)
		return false;
	ret_value->number = minus ? number : -number;
	return true;
}

static bool skip_word(struct scan *s, const char *word, size_t len)
{
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

static bool read_object(struct scan *s, enum inside inside);
static bool read_array(struct scan *s);

static bool read_value(struct scan *s, struct value *ret_value)
{
	if (s->at == s->end)
		return false;
	ret_value->form = OTHER;
	switch (*s->at) {
	case '"':
		return read_string(s, ret_value);
	case '{':
		return read_object(s, ELSEWHERE);
	case '[':
		return read_array(s);
	case 't':
		return skip_word(s, "true", 4);
	case 'f':
		return skip_word(s, "false", 5);
	case 'n':
		return skip_word(s, "null", 4);
	default:
		return read_number(s, ret_value);
	}
}

static bool read_array(struct scan *s) /* NOLINT(misc-no-recursion): DEPTH_MAX */
{
	struct value value;
	bool more = true;

	if (!skip_char(s, '[') || ++s->depth > DEPTH_MAX)
		return false;
	skip_blanks(s);
	if (s->at < s->end && *s->at == ']')
		more = false;
	while (more) {
		skip_blanks(s);
		if (!read_value(s, &value))
			return false;
		skip_blanks(s);
		more = skip_char(s, ',');
	}
	s->depth--;
	return skip_char(s, ']');
}

/* What a key within an object means, or NULL. Records have their members in one order. */
static const struct member *member_find(struct scan *s, enum inside inside, const struct value *key)
{
	if (inside == ELSEWHERE)
		return NULL;
	for (size_t i = 0; i < MEMBER_CNT; i++) {
		size_t at = (s->next + i) % MEMBER_CNT;
		const struct member *m = &members[at];

		if (m->inside == inside && !strncmp(m->name, key->text, key->len) &&
		    !m->name[key->len]) {
			s->next = at + 1;
			return m;
		}
	}
	return NULL;
}

/* The value of a member; of one that is looked for, once. */
static bool read_member(struct scan *s, const struct member *m)
{
	struct value value = { .form = ABSENT };

	if (!m)
		return read_value(s, &value);
	if (m->slot != NO_SLOT) {
		if (s->values[m->slot].form != ABSENT || !read_value(s, &value))
			return false;
		s->values[m->slot] = value;
		return true;
	}
	if (s->entered[m->opens])
		return false;
	s->entered[m->opens] = true;
	return s->at < s->end && *s->at == '{' ? read_object(s, m->opens) : read_value(s, &value);
}

/* A key with an escape could be one of ours in another spelling; the agent writes none. */
static bool read_object(struct scan *s, enum inside inside) /* NOLINT(misc-no-recursion) */
{
	struct value key;
	bool more = true;

	if (!skip_char(s, '{') || ++s->depth > DEPTH_MAX)
		return false;
	skip_blanks(s);
	if (s->at < s->end && *s->at == '}')
		more = false;
	while (more) {
		skip_blanks(s);
		if (!read_string(s, &key) || key.form != TEXT)
			return false;
		skip_blanks(s);
		if (!skip_char(s, ':'))
			return false;
		skip_blanks(s);
		if (!read_member(s, member_find(s, inside, &key)))
			return false;
		skip_blanks(s);
		more = skip_char(s, ',');
	}
	s->depth--;
	return skip_char(s, '}');
}

/* --- meaning --- */

static bool is_text(const struct value *value, const char *text)
{
	return value->form == TEXT && value->len == strlen(text) &&
	       !memcmp(value->text, text, value->len);
}

static bool take_name(const struct value *value, struct record_text *ret_text)
{
	if (value->form != TEXT || value->len >= SEK_NAME_MAX)
		return false;
	*ret_text = (struct record_text){ value->text, value->len };
	return true;
}

static bool take_number(const struct value *value, int64_t max, uint64_t *ret_number)
{
	if (value->form != WHOLE || value->number < 0 || value->number > max)
		return false;
	*ret_number = (uint64_t)value->number;
	return true;
}

static bool take_time(const struct value *value, const char **ret_time)
{
	static const char form[] = "0000-00-00T00:00:00.000000+0000";

	if (value->form != TEXT || value->len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < value->len; i++) {
		char c = value->text[i];

		if (i < RECORD_TIME_LEN && form[i] == '0' ? c < '0' || c > '9' : c != form[i])
			return false;
	}
	*ret_time = value->text;
	return true;
}

static bool take_address(const struct value *value, struct sek_addr *ret_addr)
{
	struct prefix prefix;

	if (value->form != TEXT || memchr(value->text, '/', value->len) ||
	    prefix_parse(value->text, value->len, &prefix, NULL))
		return false;
	*ret_addr = prefix.addr;
	return true;
}

/* Ports and ICMP types stand where the protocol has them. */
static bool take_ports(const struct value *values, struct record_line *line)
{
	uint64_t first = 0, second = 0;
	bool icmp = line->proto == 1 || line->proto == 58;

	if (icmp && !(take_number(&values[ICMP_TYPE], UINT8_MAX, &first) &&
		      take_number(&values[ICMP_CODE], UINT8_MAX, &second)))
		return false;
	if (proto_has_ports(line->proto) && !(take_number(&values[SRC_PORT], UINT16_MAX, &first) &&
					      take_number(&values[DEST_PORT], UINT16_MAX, &second)))
		return false;
	if (icmp) {
		line->icmp_type = (uint8_t)first;
		line->icmp_code = (uint8_t)second;
	} else {
		line->sport = (uint16_t)first;
		line->dport = (uint16_t)second;
	}
	return true;
}

static bool take_decision(const struct value *values, struct record_line *line)
{
	uint64_t generation = 0;

	if (values[PROTO].form != TEXT ||
	    proto_record_parse(values[PROTO].text, values[PROTO].len, &line->proto) ||
	    !take_address(&values[SRC_IP], &line->src) ||
	    !take_address(&values[DEST_IP], &line->dst) || !take_ports(values, line))
		return false;
	if (!take_name(&values[TENANT], &line->tenant) || !take_name(&values[LIST], &line->list) ||
	    !take_number(&values[POLICY], UINT32_MAX, &generation))
		return false;
	line->generation = (uint32_t)generation;
	line->dir = is_text(&values[DIRECTION], "in") ? SEK_IN : SEK_OUT;
	return line->dir == SEK_IN || is_text(&values[DIRECTION], "out");
}

static bool take_flow(const struct value *values, struct record_line *line)
{
	uint64_t there = 0, back = 0;

	line->kind = RECORD_FLOW;
	if (!take_number(&values[TO_SERVER], INT64_MAX, &there) ||
	    !take_number(&values[TO_CLIENT], INT64_MAX, &back) ||
	    !take_name(&values[FLOW_REASON], &line->reason))
		return false;
	line->bytes = there + back;
	return take_name(&values[RULE], &line->rule) && take_decision(values, line);
}

static bool take_refusal(const struct value *values, struct record_line *line)
{
	line->kind = RECORD_REFUSAL;
	return take_number(&values[DROP_LEN], UINT16_MAX, &line->bytes) &&
	       take_name(&values[DROP_REASON], &line->reason) &&
	       take_name(&values[RULE], &line->rule) && take_decision(values, line);
}

/* What has an escape in it, in its own spelling or in JSON's, is no name that a list could have. */
static struct record_text seen_text(const struct value *value)
{
	return value->form == TEXT ? (struct record_text){ value->text, value->len }
				   : (struct record_text){};
}

/*
 * A name as the gateway decides them: with its reason. Records of the same type without one are the
 * inspection engine's, and what an answer says nobody asked.
 */
static bool take_asked(const struct value *values, struct record_line *line)
{
	const struct value *type = &values[TYPE];

	line->dns = is_text(type, "dns");
	if (values[NAME_REASON].form == ABSENT || (line->dns && !is_text(&values[DNS_TYPE], "query")))
		return true;
	line->kind = RECORD_NAME;
	line->rule = (struct record_text){ .text = "" };
	line->host = seen_text(&values[line->dns	       ? RRNAME
				       : is_text(type, "tls")  ? TLS_SNI
				       : is_text(type, "quic") ? QUIC_SNI
							       : HOSTNAME]);
	if (is_text(type, "http"))
		line->target = seen_text(&values[URL]);
	line->passed = is_text(&values[VERDICT], "pass");
	return values[VERDICT].form == TEXT && take_name(&values[NAME_REASON], &line->reason) &&
	       take_decision(values, line);
}

static bool is_of_names(const struct value *type)
{
	return is_text(type, "dns") || is_text(type, "tls") || is_text(type, "quic") ||
	       is_text(type, "http");
}

static bool take_loss(const struct value *values, struct record_line *line)
{
	uint64_t suppressed = 0, lost = 0;

	line->kind = RECORD_LOSS;
	if (!take_number(&values[SUPPRESSED], INT64_MAX, &suppressed) ||
	    !take_number(&values[LOST], INT64_MAX, &lost))
		return false;
	line->missing = suppressed + lost;
	return true;
}

int record_scan(const char *text, size_t len, struct record_line *ret_line)
{
	struct scan s = { .at = text, .end = text + len };
	const struct value *type = &s.values[TYPE];
	struct record_line line = { .kind = RECORD_OTHER };
	bool good = len <= RECORD_LINE_MAX;

	if (good)
		skip_blanks(&s);
	good = good && read_object(&s, TOP);
	skip_blanks(&s);
	if (!good || s.at != s.end || type->form != TEXT || !take_time(&s.values[TIME], &line.time))
		return -EINVAL;
	if (is_text(type, "flow"))
		good = take_flow(s.values, &line);
	else if (is_text(type, "drop"))
		good = take_refusal(s.values, &line);
	else if (is_text(type, "stats"))
		good = take_loss(s.values, &line);
	else if (is_of_names(type))
		good = take_asked(s.values, &line);
	if (!good)
		return -EINVAL;
	*ret_line = line;
	return 0;
}
