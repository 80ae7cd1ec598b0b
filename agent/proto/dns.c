/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over UDP and TCP (RFC 1035): each message is a transaction of its own. Called by sessions. Promises
 * that every name of a message is read, or that an event says why not.
 */
#include "proto/dns.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base/bigend.h"
#include "inspect/flow.h"
#include "proto/frames.h"

#define HEAD_LEN 12
#define LEN_LEAST (HEAD_LEN + 5) /* of a message that asks: the root, a type, a class */
#define FLAG_ANSWER 0x8000
#define FLAG_Z 0x0040
#define LABELS_MAX 255
#define JUMPS_MAX 128
#define RR_ROOM 32 /* of what most messages need */
#define NAMES_ROOM 4096

/* --- names --- */

/* One label, or where a pointer leads. */
struct label_reader {
	struct slice message;
	size_t at, end; /* end: behind the name, once it is known; 0: not yet */
	unsigned int labels, jumps;
	uint8_t event;
};

/* 1: a label of *ret_len bytes at *ret_at; 0: the end; -1: it cannot be read. */
static int label_next(struct label_reader *r, size_t *ret_at, size_t *ret_len)
{
	while (r->at < r->message.len) {
		uint8_t b = r->message.at[r->at];

		if (b == 0) {
			r->end = r->end ? r->end : r->at + 1;
			return 0;
		}
		if (b < 0x40) {
			*ret_at = r->at + 1;
			*ret_len = b;
			r->at += 1 + (size_t)b;
			return r->at <= r->message.len ? 1 : -1;
		}
		if (b < 0xc0 || r->at + 2 > r->message.len)
			return -1;
		r->end = r->end ? r->end : r->at + 2;
		if (++r->jumps > JUMPS_MAX) {
			r->event = DNS_EVENT_LOOP;
			return r->labels ? 0 : -1;
		}
		r->at = be16(r->message.at + r->at) & 0x3fff;
	}
	return -1;
}

int dns_name_read(struct slice message, size_t at, uint8_t *to, size_t *ret_len, bool *ret_cut,
		  uint8_t *ret_event)
{
	struct label_reader r = { .message = message, .at = at };
	size_t len = 0, label, label_len;
	bool cut = false;
	int said;

	while ((said = label_next(&r, &label, &label_len)) > 0) {
		if (++r.labels > LABELS_MAX) {
			r.event = DNS_EVENT_LABELS;
			cut = true;
			break;
		}
		if (len && len < DNS_NAME_MAX)
			to[len++] = '.';
		if (label_len > DNS_NAME_MAX - len) {
			label_len = DNS_NAME_MAX - len;
			cut = true;
			r.event = DNS_EVENT_NAME_LONG;
		}
		memcpy(to + len, message.at + label, label_len);
		len += label_len;
		if (cut && r.end)
			break; /* where it ends is known */
	}
	if (said < 0 || !r.end)
		return -1;
	*ret_len = len;
	*ret_cut = cut;
	*ret_event = r.event;
	return (int)r.end;
}

const struct dns_rr *dns_rr(const struct dns_tx *tx, enum dns_part part, size_t i)
{
	size_t before = 0;

	if (i >= tx->cnt[part])
		return NULL;
	for (int p = 0; p < (int)part; p++)
		before += tx->cnt[p];
	return &tx->rrs[before + i];
}

struct slice dns_rr_name(const struct dns_tx *tx, const struct dns_rr *rr)
{
	return slice(tx->names + rr->name_at, rr->name_len);
}

/* --- a message --- */

/*
 * What is filled while a message is read: in the room here, or where that is too small in memory of its own.
 * Then it becomes a transaction, in one piece.
 */
struct reading {
	struct slice message;
	size_t at;
	struct dns_rr *rrs;
	uint8_t *names;
	size_t rr_cnt, rr_cap, names_len, names_cap;
	uint16_t cnt[DNS_PART_CNT];
	uint8_t event_cnt, event[TX_EVENTS_MAX];
	struct dns_rr rr_room[RR_ROOM];
	uint8_t names_room[NAMES_ROOM];
};

static void reading_begin(struct reading *r, struct slice message)
{
	r->message = message;
	r->at = HEAD_LEN;
	r->rrs = r->rr_room;
	r->names = r->names_room;
	r->rr_cap = RR_ROOM;
	r->names_cap = NAMES_ROOM;
	r->rr_cnt = r->names_len = 0;
	r->event_cnt = 0;
	memset(r->cnt, 0, sizeof(r->cnt));
}

static void reading_end(struct reading *r)
{
	if (r->rrs != r->rr_room)
		free(r->rrs);
	if (r->names != r->names_room)
		free(r->names);
}

static void reading_event(struct reading *r, uint8_t event)
{
	if (r->event_cnt < TX_EVENTS_MAX)
		r->event[r->event_cnt++] = event;
}

/* Twice as much as there was, with what was in it. NULL: no memory. */
static void *grown(void *bytes, const void *room, size_t len)
{
	void *more = bytes == room ? malloc(len * 2) : realloc(bytes, len * 2);

	if (more && bytes == room)
		memcpy(more, room, len);
	return more;
}

static bool names_fit(struct reading *r)
{
	uint8_t *names;

	if (r->names_cap - r->names_len >= DNS_NAME_MAX)
		return true;
	names = grown(r->names, r->names_room, r->names_cap);
	if (!names)
		return false;
	r->names = names;
	r->names_cap *= 2;
	return true;
}

static struct dns_rr *rr_new(struct reading *r)
{
	struct dns_rr *rrs;

	if (r->rr_cnt == r->rr_cap) {
		rrs = grown(r->rrs, r->rr_room, r->rr_cap * sizeof(*rrs));
		if (!rrs)
			return NULL;
		r->rrs = rrs;
		r->rr_cap *= 2;
	}
	r->rrs[r->rr_cnt] = (struct dns_rr){ .type = 0 };
	return &r->rrs[r->rr_cnt];
}

static bool rr_name_read(struct reading *r, struct dns_rr *rr)
{
	uint8_t event = 0;
	size_t len = 0;
	int end;

	if (!names_fit(r))
		return false;
	end = dns_name_read(r->message, r->at, r->names + r->names_len, &len, &rr->name_cut, &event);
	if (event)
		reading_event(r, event);
	if (end < 0)
		return false;
	rr->name_at = (uint32_t)r->names_len;
	rr->name_len = (uint16_t)len;
	r->names_len += len;
	r->at = (size_t)end;
	return true;
}

/* The fixed part behind a name: 4 bytes of a question, 10 and data of a record. */
static bool rr_rest_read(struct reading *r, struct dns_rr *rr, bool is_question)
{
	const uint8_t *b = r->message.at + r->at;
	size_t left = r->message.len - r->at, need = is_question ? 4 : 10;

	if (left < need)
		return false;
	rr->type = be16(b);
	rr->class = be16(b + 2);
	r->at += need;
	if (is_question)
		return true;
	rr->ttl = be32(b + 4);
	rr->data_len = be16(b + 8);
	rr->data_at = (uint16_t)r->at;
	if (left - need < rr->data_len)
		return false;
	r->at += rr->data_len;
	return true;
}

static bool part_read(struct reading *r, enum dns_part part, size_t cnt)
{
	for (size_t i = 0; i < cnt && r->rr_cnt < DNS_RR_MAX; i++) {
		struct dns_rr *rr = rr_new(r);

		if (!rr || !rr_name_read(r, rr) || !rr_rest_read(r, rr, part == DNS_PART_QUERY))
			return false;
		r->rr_cnt++;
		r->cnt[part]++;
	}
	return true;
}

/* Questions and answers must be right; what is behind them may be odd, and is said. */
static bool parts_read(struct reading *r)
{
	const uint8_t *head = r->message.at;

	if (!part_read(r, DNS_PART_QUERY, be16(head + 4)) ||
	    !part_read(r, DNS_PART_ANSWER, be16(head + 6)))
		return false;
	if (!part_read(r, DNS_PART_AUTHORITY, be16(head + 8)))
		reading_event(r, DNS_EVENT_BAD_AUTHORITIES);
	return true;
}

/* What was read, as one piece of memory: records, names, the message. NULL: no memory. */
static struct dns_tx *tx_of(struct session *session, const struct reading *r)
{
	size_t rrs_len = r->rr_cnt * sizeof(*r->rrs);
	struct dns_tx *tx = (struct dns_tx *)tx_new(session, sizeof(*tx) + rrs_len + r->names_len +
								     r->message.len);
	uint8_t *names, *message;

	if (!tx)
		return NULL;
	names = tx->room + rrs_len;
	message = names + r->names_len;
	memcpy(tx->room, r->rrs, rrs_len);
	memcpy(names, r->names, r->names_len);
	memcpy(message, r->message.at, r->message.len);
	memcpy(tx->cnt, r->cnt, sizeof(tx->cnt));
	tx->rrs = (const struct dns_rr *)tx->room;
	tx->names = names;
	tx->message = message;
	tx->len = (uint16_t)r->message.len;
	tx->id = be16(message);
	tx->flags = be16(message + 2);
	tx->is_answer = tx->flags & FLAG_ANSWER;
	return tx;
}

static void flags_check(struct dns_tx *tx, bool from_client)
{
	if (tx->flags & FLAG_Z)
		tx_event(&tx->tx, DNS_EVENT_Z_FLAG);
	if ((tx->flags >> 11 & 15) >= 7)
		tx_event(&tx->tx, DNS_EVENT_OPCODE);
	if (tx->is_answer == from_client)
		tx_event(&tx->tx, from_client ? DNS_EVENT_NOT_REQUEST : DNS_EVENT_NOT_RESPONSE);
}

#define UNLOGGED_MAX 16

struct dns_state {
	struct session *session;
	bool is_stream;
	/* Questions that a rule wanted no record of and that are gone: their answers get none either. */
	uint8_t unlogged_cnt;
	uint16_t unlogged[UNLOGGED_MAX];
};

static void dns_free(struct tx *tx)
{
	struct dns_tx *dns = (struct dns_tx *)tx;
	struct dns_state *state = tx->session->state;

	if (state && tx->unlogged && !dns->is_answer)
		state->unlogged[state->unlogged_cnt++ % UNLOGGED_MAX] = dns->id;
	free(dns);
}

/* Was its question not to be told? */
static bool question_is_unlogged(const struct dns_state *state, uint16_t id)
{
	uint8_t cnt = state->unlogged_cnt < UNLOGGED_MAX ? state->unlogged_cnt : UNLOGGED_MAX;

	for (const struct tx *tx = tx_first(state->session); tx; tx = tx_next(tx)) {
		const struct dns_tx *dns = (const struct dns_tx *)tx;

		if (tx->unlogged && !dns->is_answer && dns->id == id)
			return true;
	}
	for (uint8_t i = 0; i < cnt; i++)
		if (state->unlogged[i] == id)
			return true;
	return false;
}

/* false: it is no DNS. */
static bool message_take(struct dns_state *state, enum side side, struct slice bytes)
{
	struct session *session = state->session;
	struct reading r;
	struct dns_tx *tx;
	bool good;

	if (bytes.len < HEAD_LEN || bytes.len > UINT16_MAX) {
		session_event(session, DNS_EVENT_MALFORMED);
		return false;
	}
	reading_begin(&r, bytes);
	good = parts_read(&r);
	tx = tx_of(session, &r);
	if (tx) {
		tx->tx.one_sided = true;
		tx->tx.progress[side] = 1;
		if (tx->is_answer)
			tx->tx.unlogged = question_is_unlogged(state, tx->id);
		flags_check(tx, side == FROM_CLIENT);
		for (uint8_t i = 0; i < r.event_cnt; i++)
			tx_event(&tx->tx, r.event[i]);
		if (!good)
			tx_event(&tx->tx, DNS_EVENT_MALFORMED);
	}
	reading_end(&r);
	return tx && good;
}

/* --- the session --- */

static void *dns_open(struct session *session)
{
	struct dns_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	state->is_stream = session_flow(session)->proto == IPPROTO_TCP;
	return state;
}

enum { FRAME_PDU };
static const char *const frames[] = { "pdu", NULL };

static int64_t stream_take(struct dns_state *state, const struct proto_in *in)
{
	struct slice rest = in->data;

	while (rest.len >= 2) {
		size_t len = be16(rest.at);

		if (rest.len - 2 < len)
			break;
		rest = slice_behind(rest, 2);
		session_frame(state->session, FRAME_PDU, rest.at, len);
		if (!message_take(state, in->side, slice(rest.at, len)))
			return INPUT_BAD;
		rest = slice_behind(rest, len);
	}
	return (int64_t)(in->data.len - rest.len);
}

/* --- what it is --- */

/* A question whose name and class are those of a resolver, not of its kin (NetBIOS, mDNS). */
static enum proto_guess question_guess(struct slice bytes)
{
	uint8_t name[DNS_NAME_MAX], event = 0;
	size_t len = 0;
	bool cut = false;
	uint16_t type, class;
	int end = dns_name_read(bytes, HEAD_LEN, name, &len, &cut, &event);

	if (end < 0 || (event && event != DNS_EVENT_NAME_LONG) || bytes.len - (size_t)end < 4)
		return GUESS_NO;
	type = be16(bytes.at + end);
	class = be16(bytes.at + end + 2);
	if (!type || type > 260 || type == 32 ||
	    (class != 1 && class != 3 && class != 4 && class != 255))
		return GUESS_NO;
	return GUESS_YES;
}

static bool head_fits(const uint8_t *head, size_t len)
{
	uint16_t flags = be16(head + 2);
	size_t question_cnt = be16(head + 4);
	size_t rr_cnt = (size_t)be16(head + 6) + be16(head + 8) + be16(head + 10);

	if (!question_cnt || question_cnt * 5 + rr_cnt * 11 + HEAD_LEN > len)
		return false;
	return be16(head) || flags & 0x0100; /* multicast DNS has no id and asks no recursion */
}

static enum proto_guess turned(enum side side, const uint8_t *head, enum proto_guess guess)
{
	bool is_answer = head[2] & 0x80;

	return guess == GUESS_YES && is_answer == (side == FROM_CLIENT) ? GUESS_YES_TURNED : guess;
}

/* Behind the length that TCP puts in front (RFC 1035, 4.2.2). */
static enum proto_guess stream_guess(enum side side, struct slice first)
{
	struct slice message = slice_behind(first, 2);
	size_t len = first.len < 2 ? 0 : be16(first.at);

	if (len < LEN_LEAST)
		return GUESS_NO;
	if (message.len < HEAD_LEN)
		return message.len < 4 || !(message.at[2] & 0x40) ? GUESS_MORE : GUESS_NO;
	if (!head_fits(message.at, len))
		return GUESS_NO;
	if (message.len > len)
		message.len = len;
	if (message.len < len && message.len < 300)
		return GUESS_MORE;
	return turned(side, message.at, question_guess(message));
}

/* A message as it is has other numbers where one behind its length has flags and counts. */
static enum proto_guess dns_guess(enum side side, struct slice first)
{
	enum proto_guess guess = GUESS_NO;

	if (first.len >= LEN_LEAST && head_fits(first.at, first.len))
		guess = turned(side, first.at, question_guess(first));
	return guess == GUESS_NO ? stream_guess(side, first) : guess;
}

static int64_t dns_input(void *arg, const struct proto_in *in)
{
	struct dns_state *state = arg;

	if (!in->data.len)
		return 0;
	if (state->is_stream) {
		if (in->lost && stream_guess(in->side, in->data) == GUESS_NO)
			return (int64_t)in->data.len; /* in the middle of a message */
		return stream_take(state, in);
	}
	session_frame(state->session, FRAME_PDU, in->data.at, in->data.len);
	return message_take(state, in->side, in->data) ? (int64_t)in->data.len : INPUT_BAD;
}

/* --- fields --- */

static bool name_at(struct tx *tx, enum dns_part part, uint32_t index, struct slice *ret)
{
	const struct dns_tx *dns = (const struct dns_tx *)tx;
	const struct dns_rr *rr = dns_rr(dns, part, index);

	if (rr)
		*ret = dns_rr_name(dns, rr);
	return rr;
}

static bool query_name(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	*ret_from = 0;
	return name_at(tx, DNS_PART_QUERY, index, ret);
}

static bool answer_name(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	*ret_from = 0;
	return name_at(tx, DNS_PART_ANSWER, index, ret);
}

static bool opcode(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct dns_tx *)tx)->flags >> 11 & 15;
	return index == 0;
}

static bool rcode(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct dns_tx *dns = (const struct dns_tx *)tx;

	*ret = dns->flags & 15;
	return index == 0 && dns->is_answer;
}

static bool rrtype(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct dns_rr *rr = dns_rr((const struct dns_tx *)tx, DNS_PART_QUERY, index);

	if (rr)
		*ret = rr->type;
	return rr;
}

static const struct field fields[] = {
	{ "dns.query", FIELD_LIST, { true, false }, { 1, 1 }, query_name, NULL, "names that are asked for" },
	{ "dns.query.name",
	  FIELD_LIST,
	  { true, true },
	  { 1, 1 },
	  query_name,
	  NULL,
	  "names of the questions, in requests and responses" },
	{ "dns.answer.name", FIELD_LIST, { true, true }, { 1, 1 }, answer_name, NULL, "names of answers" },
	{ "dns.opcode", FIELD_NUMBER, { true, true }, { 1, 1 }, NULL, opcode, "0: a query" },
	{ "dns.rcode",
	  FIELD_NUMBER,
	  { false, true },
	  { 1, 1 },
	  NULL,
	  rcode,
	  "0: no error, 3: there is no such name" },
	{ "dns.rrtype",
	  FIELD_NUMBER,
	  { true, true },
	  { 1, 1 },
	  NULL,
	  rrtype,
	  "type that is asked for: 1 A, 28 AAAA" },
};

static const char *const events[] = {
	"malformed_data",
	"not_request",
	"not_response",
	"z_flag_set",
	"invalid_opcode",
	"name_too_long",
	"infinite_loop",
	"too_many_labels",
	"invalid_additionals",
	"invalid_authorities",
	NULL,
};

static const uint16_t others_ports[] = { 5355,
					 0 }; /* LLMNR (RFC 4795): the same form, asked of neighbours */

const struct proto proto_dns = {
	.name = "dns",
	.eve_name = "dns",
	.over = PROTO_OVER_TCP | PROTO_OVER_UDP,
	.guess = dns_guess,
	.not_ports = others_ports,
	.open = dns_open,
	.close = free,
	.tx_free = dns_free,
	.input = dns_input,
	.frames = frames,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = dns_log,
	.log_cnt = dns_log_cnt,
	.log_alert = dns_log_alert,
	.options = dns_options,
	.option_cnt = DNS_OPTION_CNT,
};
