/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols above the transport: bytes of a flow in, transactions out. A parser reads what a stranger
 * wrote, sends and logs nothing, and needs no kernel; a new one is one file and one line of protos.def.
 *
 * What a transaction holds is declared once, as fields. A field gives the rules their sticky buffer or
 * number, the records their value, the manual its line.
 */
#ifndef AGENT_PROTO_PROTO_H
#define AGENT_PROTO_PROTO_H

#include "base/slice.h"
#include "inspect/packet.h"

struct json; /* report/json.h */
struct config; /* base/config.h */
struct file;
struct frame; /* frames.h */
struct session;
struct tx;
struct waits; /* file/waits.h */

enum proto_id {
	PROTO_UNKNOWN = 0,
	PROTO_FAILED, /* no parser knows it */
#define PROTO(id, symbol) PROTO_##id,
#include "proto/protos.def"
#undef PROTO
	PROTO_CNT
};

/* --- transactions --- */

#define TX_EVENTS_MAX 16

/* The first member of each protocol's own transaction; freed by its proto's tx_free. */
struct tx {
	struct tx *next;
	struct session *session;
	enum proto_id proto; /* that it is of: the session may become another one while it is told */
	uint64_t id; /* from 0, in its flow */
	uint64_t first_packet; /* number of the packet that it began with */
	uint8_t progress[SIDES]; /* steps of the protocol's own, only ever more; see proto.steps */
	uint8_t event_cnt;
	uint8_t event[TX_EVENTS_MAX]; /* of proto.events */
	enum side side; /* whose bytes it began with */
	bool one_sided; /* DNS and its kind: the other side adds nothing */
	bool logged, no_inspect;
	bool was_whole[SIDES]; /* its stream was told so */
	bool files_due; /* some of its files are not told of yet */
	uint16_t waits; /* files of it whose verdict is to come: until then nobody looks at it */
	bool unlogged; /* a rule wants no record of it */
	uint8_t events_told; /* of its events, in records */
	struct file *files; /* that it carries, oldest first */
	bool stores[SIDES]; /* a rule wants the files that it will carry to be kept */
	struct detect_tx *detect[SIDES]; /* what detection remembers */
	struct tx_kept *kept; /* where its parser keeps it; NULL: nowhere */
};

/* A transaction that a parser has in its state from one call to another; see tx_keep(). */
struct tx_kept {
	struct tx *tx; /* NULL: none, or it was forgotten */
	bool was; /* there was one */
};

/* --- fields --- */

enum field_kind {
	FIELD_BYTES, /* one value */
	FIELD_LIST, /* several values: a rule is asked of each by itself */
	FIELD_NUMBER,
	FIELD_BODY, /* grows while the transaction goes on: asked for again, from where it was read */
};

struct field {
	const char *name; /* as rules say it: "http.uri" */
	enum field_kind kind;
	bool sides[SIDES]; /* who sends it */
	uint8_t step[SIDES]; /* it is whole when progress of that side is at least this */
	/*
	 * BYTES, LIST: value number index (0 of BYTES); false: there is none. BODY: what is there now;
	 * *ret_from is the offset of its first byte in the whole. The slice lives until the session
	 * is given more bytes.
	 */
	bool (*bytes)(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from);
	/* NUMBER: value number index; false: there is none. */
	bool (*number)(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret);
	const char *says; /* one line for the manual */
};

/* Answers of field.bytes where there is one value, or none: an empty one is none. */
static inline bool field_give(struct slice value, uint32_t index, struct slice *ret,
			      uint64_t *ret_from)
{
	*ret_from = 0;
	*ret = value;
	return value.len && index == 0;
}

/* The same where an empty value is one; at NULL: there is none. */
static inline bool field_give_empty(struct slice value, uint32_t index, struct slice *ret,
				    uint64_t *ret_from)
{
	*ret_from = 0;
	*ret = value;
	return value.at && index == 0;
}

/* --- a protocol --- */

/*
 * What sites may say under an output of the protocol; json->options tells log() which are on. Names:
 * "extended" (a yes or no), "custom.sni" (the list custom has the word sni), "custom" (there is such a list),
 * "dump-all-headers=both" (that value).
 */
struct proto_option {
	const char *name;
	bool usual; /* where nothing is said */
};

#define PROTO_OVER_TCP 1
#define PROTO_OVER_UDP 2

enum proto_guess {
	GUESS_NO,
	GUESS_MORE,
	GUESS_YES,
	GUESS_YES_TURNED /* the opener is the server */
};

struct proto_in {
	enum side side;
	struct slice data; /* from the first byte that was not taken */
	uint64_t lost; /* bytes that never came, in front of data */
	bool ends; /* nothing follows from this side */
	uint64_t time_ns;
	uint64_t packet; /* number */
};

#define INPUT_BAD (-1) /* the parser gives up: the flow goes on uninspected above the transport */

struct proto {
	const char *name; /* in rules: alert http ... */
	const char *eve_name; /* of records: event_type; NULL: none */
	const char *app_proto; /* of records: app_proto; NULL: name */
	uint8_t over; /* PROTO_OVER_... */
	bool carries_files; /* in its transactions, for rules to ask */
	bool leads_on; /* another protocol may follow it, or flows of one that it announces */
	bool server_greets; /* before the client says anything: what it said is read first */
	/* Of the first bytes of one side; never of ports, which asked_ports says if they must be asked. */
	enum proto_guess (*guess)(enum side side, struct slice first);
	bool answers_vary; /* first bytes of the other side that guess does not know are no wonder */
	const uint16_t *ports; /* ended by 0: guess is asked only on these; NULL: on all */
	const uint16_t *not_ports; /* ended by 0: what looks the same there is another one. NULL: none */
	/* On its ports, when nobody knows it by content: guess is then asked on all. NULL: none. */
	enum proto_guess (*guess_there)(enum side side, struct slice first);

	void *(*open)(struct session *session); /* its state; NULL: no memory */
	void (*close)(void *state);
	void (*tx_free)(struct tx *tx);
	/*
	 * Returns how many bytes were taken; the rest comes again with more behind it. Or INPUT_BAD.
	 * Whatever comes, it must not take more time than grows with the bytes that are new.
	 */
	int64_t (*input)(void *state, const struct proto_in *in);

	const char *const *frames; /* their names, from number 0 (frames.h); ended by NULL. NULL: none */
	uint8_t steps[SIDES]; /* progress of a transaction that is complete */
	const char *const *step_names[SIDES]; /* of the request's, the response's side; for hooks of rules */
	const struct field *fields;
	size_t field_cnt;
	const char *const *events; /* without "name.", from number 1; ended by NULL */

	/* The object of its record, begun and ended by the caller; false: nothing worth a record. */
	bool (*log)(struct tx *tx, struct json *json);
	/* A record is written when the transaction is complete; true: earlier, and now. NULL: never. */
	bool (*log_now)(const struct tx *tx);
	/* How many records one transaction has: log is called with json->part from 0 on. NULL: one. */
	uint32_t (*log_cnt)(const struct tx *tx);
	/* Objects of the record's top beside its own (email). NULL: none. */
	void (*log_more)(struct tx *tx, struct json *json);
	const char *output; /* its name among the types of an output; NULL: eve_name */
	const struct proto_option *options; /* of its output; at most 64 */
	size_t option_cnt;
	bool log_by_packet; /* the record's source sent the packet that it is written at; else the opener */
	bool log_tx_id; /* tx_id stands at the record's top */
	bool loud_events; /* records write its events in capitals */
	/* Many small messages make a stream: rules of streams are asked chunk by chunk, as Suricata does. */
	bool asked_by_chunks;
	/* The address that a proxy says it speaks for (header: its name in lower case); false: none. */
	bool (*forwarded_for)(struct tx *tx, const char *header, struct slice *ret);
	/* What an alert tells of its transaction, as objects of the record's top. NULL: log. */
	void (*log_alert)(struct tx *tx, struct json *json);
};

extern const struct proto *const protos[PROTO_CNT]; /* by enum proto_id; NULL: not yet known */
enum proto_id proto_by_name(const char *name); /* PROTO_UNKNOWN: none */
/* Do the settings switch a protocol off: its bytes are nobody's, and no rule can be about it. */
bool proto_is_off(enum proto_id id, const struct config *config);

/* --- a session: what a flow carries --- */

struct session {
	enum proto_id proto; /* of both sides, when known */
	enum proto_id side_proto[SIDES]; /* as each side was guessed */
	enum proto_id original; /* that it was before STARTTLS, CONNECT, an upgrade */
	enum proto_id expected; /* FTP data and its kind: known before the first byte */
	uint64_t expected_from; /* of it: where in the file it begins */
	struct slice expected_name; /* of the file that was announced; the session's own */
	void *state; /* of proto->open */
	struct tx *first, *last;
	uint64_t tx_cnt;
	uint32_t file_cnt;
	uint64_t inspected[SIDES]; /* transactions before this id are done for detection */
	bool turned; /* found to go the other way than the first packet said */
	bool failed, no_reassembly, encrypted;
	bool unlogged; /* a rule wants no records of its transactions */
	bool stores[SIDES]; /* a rule wants the files of all that follows to be kept */
	bool raw_due; /* rules on the stream are to be asked of what there is */
	uint32_t charged; /* bytes of memory */
	bool ended[SIDES]; /* nothing follows from that side: what is there is all */
	bool left[SIDES]; /* nor is it shown to us: transactions are told without it */
	/* Of session.c: how far the protocol is found out, what follows it, what was before. */
	bool asked[SIDES], fed, becomes, feeds_other, turns, no_tls_yet;
	enum proto_id next;
	enum proto_id old_proto;
	void *old_state;
	size_t tx_size;
	uint64_t now_packet;
	enum side now_side;
	struct slice now_data; /* what input() has, and its offset in the stream or datagram */
	uint64_t now_from;
	struct frame *frames; /* that wait for rules and records, oldest first */
	uint64_t frame_cnt, side_frame_cnt[SIDES];
	uint32_t frames_waiting;
	uint64_t frame_bytes; /* of those that wait */
	uint8_t event_cnt; /* of the session as a whole: wrong direction, mismatch, ... */
	uint8_t event[8]; /* enum session_event */
	uint8_t events_told; /* of them, in records */
	const struct engine_setup *setup;
	struct waits *waits; /* file/waits.h; NULL: who closes a file waits for its verdict */
	bool is_over; /* its flow is being forgotten */
	bool no_depth; /* it carries files that are held: its stream is read to its end */
};

enum session_event {
	SESSION_MISMATCH = 1, /* applayer_mismatch_protocol_both_directions */
	SESSION_WRONG_FIRST, /* applayer_wrong_direction_first_data */
	SESSION_ONE_SIDE, /* applayer_detect_protocol_only_one_direction */
	SESSION_SKIPPED, /* applayer_proto_detection_skipped */
	SESSION_NO_TLS, /* applayer_no_tls_after_starttls */
	SESSION_UNEXPECTED, /* applayer_unexpected_protocol */
};

/* Is there nothing more to come of a side: it is complete, or that side ended. */
bool tx_is_complete(const struct tx *tx, enum side side);

/* For parsers. A new transaction at the end of the session, zeroed, size bytes; NULL: no memory. */
struct tx *tx_new(struct session *session, size_t size);
void tx_event(struct tx *tx, uint8_t event);
/*
 * Between two calls of a parser any transaction that is over may be forgotten, and each is over once both
 * sides ended: in its state a parser has none but so kept, and at->tx is NULL as soon as it is gone. at, in
 * that state, keeps one, the latest; a transaction is kept in one place. tx NULL: none.
 */
void tx_keep(struct tx_kept *at, struct tx *tx);
/*
 * The session's transactions of the protocol that it is now, oldest first: those that were made before
 * STARTTLS and its like stand among them until they are told, and are other structures. NULL: no more.
 */
struct tx *tx_first(const struct session *session);
struct tx *tx_next(const struct tx *tx);
/* The newest of all, if it is of the protocol that the session is now; else NULL. */
struct tx *tx_last(const struct session *session);
/* An event of the protocol that no transaction is there for: one is made for it if need be. */
void session_event(struct session *session, uint8_t event);
/* From the next byte on it is another protocol: PROTO_UNKNOWN guesses anew. */
void session_becomes(struct session *session, enum proto_id proto);
/* Nothing that follows can be read (encrypted): stop putting it together. */
void session_encrypted(struct session *session);
/*
 * Another flow is announced (FTP data): between these ends, port of the side that listens; it carries the
 * file of that name from there on.
 */
void session_expects(struct session *session, enum side listens, uint16_t port, enum proto_id proto,
		     struct slice name, uint64_t from);

#endif
