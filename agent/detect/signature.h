/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule as it was understood. parse/ fills it from words, build.c sorts and groups it, match.c
 * asks it; what a keyword keeps is the keyword's own. Nothing in it changes once the ruleset is
 * built.
 */
#ifndef AGENT_DETECT_SIGNATURE_H
#define AGENT_DETECT_SIGNATURE_H

#include "detect/detect.h"

struct match; /* match.h: a worker's view of what is being asked */
struct clause;

enum clause_says { CLAUSE_NO = 0, CLAUSE_YES = 1 };

/* match->again of a clause that has no other place. */
#define CLAUSE_ONCE UINT64_MAX

/*
 * Where a buffer's bytes come from, and what was asked to be done to them. There is one for each field of
 * each protocol, and these few beside them.
 */
enum source_kind {
	SOURCE_PAYLOAD, /* of the packet, or of the stream: no sticky buffer was named */
	SOURCE_FIELD, /* of a transaction */
	SOURCE_FILE, /* file.data, the bytes of files */
	SOURCE_FILE_NUMBER_OR_NAME, /* file.name, file.magic: strings of a file */
	SOURCE_HEADER, /* ipv4.hdr, tcp.hdr, udp.hdr, icmpv4.hdr, ... */
	SOURCE_BASE64, /* what base64_decode left */
	SOURCE_FRAME, /* of a protocol: frame:smb2.pdu */
};

#define TRANSFORM_ROOM 64 /* bytes that may come of a transform beyond those that it was given */

struct transform_kind {
	const char *word;
	/* to has in.len + TRANSFORM_ROOM bytes and does not overlap in. Returns how many it wrote. */
	size_t (*apply)(const void *arg, struct slice in, uint8_t *to);
	void (*free)(void *arg);
};

struct transform { /* to_sha256, strip_whitespace, xor, url_decode, ... */
	const struct transform_kind *kind;
	void *arg;
};

#define TRANSFORMS_MAX 8
#define SOURCE_FIELDS_MAX 4

struct source_field {
	enum proto_id proto;
	const struct field *field;
};

struct source {
	uint16_t number; /* from 0, dense in a ruleset: an index of tables */
	enum source_kind kind;
	/* SOURCE_FIELD: of each protocol that has one of this name (HTTP/1 and HTTP/2), all of one kind */
	struct source_field fields[SOURCE_FIELDS_MAX];
	uint8_t field_cnt;
	enum proto_id frame_proto; /* SOURCE_FRAME */
	uint8_t frame_type; /* of its frames */
	const char *name; /* as rules say it */
	bool (*header)(const struct packet *packet, struct slice *ret); /* SOURCE_HEADER */
	bool (*file)(struct file *file, struct slice *ret); /* SOURCE_FILE_NUMBER_OR_NAME */
	struct transform transforms[TRANSFORMS_MAX];
	uint8_t transform_cnt;
};

/*
 * One condition on a buffer, in the order of the rule. ask() is told where the former clause ended and
 * says where it ends; when a later clause fails, it may be asked for its next place.
 */
struct clause_ops {
	const char *word; /* the keyword */
	/*
	 * For content, pcre, byte_*, isdataat, bsize, ...: looks from match->at on. is relative
	 * when it says so itself. Returns CLAUSE_NO when there is no place (left).
	 *
	 * match->again is 0 when it is asked anew. With CLAUSE_YES it leaves there where it would
	 * go on, to be given back when a clause behind it found none; CLAUSE_ONCE: there is no
	 * other place. match->at must then be what it was when it was asked anew. A negated one
	 * moves nothing.
	 */
	enum clause_says (*ask)(const struct clause *clause, struct match *match);
	/* What takes its time, or NULL: called once by any thread of the build, before the first ask. */
	void (*prepare)(void *arg);
	void (*free)(void *arg);
};

struct content {
	uint8_t *bytes; /* in small letters when nocase */
	uint16_t len;
	bool nocase, negated, is_relative; /* distance or within */
	bool is_raw; /* rawbytes */
	bool has_depth, has_offset, has_distance, has_within, starts, ends, replaces;
	int32_t offset, depth, distance, within; /* depth counts from offset on, as it is written */
	uint8_t offset_var, depth_var, distance_var,
		within_var; /* 0: none; else number of a variable, from 1 */
	bool fast, fast_only, fast_chop;
	uint16_t chop_offset, chop_len;
	uint8_t *replacement;
};

/* For build.c: what Hyperscan may look for in its stead, as a first look; NULL: it cannot take it. */
struct regex {
	const char *pattern;
	unsigned int hs_flags;
	bool negated, is_relative;
};

struct clause {
	const struct clause_ops *ops;
	void *arg; /* a struct content, a struct regex as its first member, else the keyword's own */
	bool is_content, is_regex;
};

enum part_absent { PART_THERE, PART_ABSENT, PART_ABSENT_OR_ELSE };

/* All conditions on one buffer; of a FIELD_LIST, and of files, one value must meet them all. */
struct part {
	const struct source *source;
	enum side side; /* whose bytes, where both send the field; else of who sends it */
	bool any_side;
	enum part_absent absent; /* it is true where the transaction is complete and has no such field */
	struct clause *clauses;
	uint32_t clause_cnt;
};

/* A condition on the packet, flow or transaction, without place: dsize, ttl, flags, flowbits:isset, ... */
struct test_ops {
	const char *word;
	bool (*ask)(const void *arg, struct match *match);
	void (*free)(void *arg);
	bool needs_tx; /* asked of a transaction (urilen, app-layer-event, ...) */
	bool of_packet; /* may differ from packet to packet of a flow: the rule is asked of each packet */
	bool of_file; /* asked with match->file, of each file of a transaction */
	uint8_t cost; /* cheap ones are asked first */
};
struct test {
	const struct test_ops *ops;
	void *arg;
};

/* What a rule does when it matched: flowbits:set, xbits, flowint, tag, filestore, ... */
struct act_ops {
	const char *word;
	void (*act)(const void *arg, struct match *match);
	void (*free)(void *arg);
};
struct act {
	const struct act_ops *ops;
	void *arg;
};

struct port_range {
	uint16_t from, to;
};
struct address_range {
	struct sek_addr from, to; /* IPv4 as v4-mapped */
};

/* Negations are resolved: what is left are sorted ranges that do not touch. is_any: no ranges. */
struct port_set {
	bool is_any;
	uint32_t cnt;
	struct port_range *range;
};
struct address_set {
	uint32_t text; /* number of what it was made of, see parse_address_text(); 0: of none */
	bool is_any, has_negated; /* has_negated: an element was written with "!" */
	uint32_t cnt;
	struct address_range *range;
};

enum rule_layer {
	RULE_OF_PACKETS, /* headers only, or dsize and its kind: tcp-pkt, udp, icmp, ip */
	RULE_OF_STREAM, /* payload contents over TCP; what is no TCP is asked by its packets */
	RULE_OF_BOTH, /* the same with depth or offset, which each packet has too */
	RULE_OF_TX, /* anything of a transaction or a file */
	RULE_OF_FRAMES, /* of the frames of a protocol, and nothing else of it */
};

struct threshold { /* threshold, detection_filter, of the rule or of a threshold file */
	enum {
		LIMIT_NONE,
		LIMIT_LIMIT,
		LIMIT_THRESHOLD,
		LIMIT_BOTH,
		LIMIT_FILTER,
		LIMIT_RATE,
		LIMIT_BACKOFF
	} kind;
	enum { TRACK_RULE, TRACK_SRC, TRACK_DST, TRACK_BOTH, TRACK_FLOW } track;
	uint32_t count, seconds, timeout,
		multiplier; /* timeout: of rate_filter, seconds that new_action lasts */
	enum rule_action new_action; /* LIMIT_RATE */
};
struct suppression {
	bool by_src, by_dst; /* both false: always */
	struct address_set addresses;
};

struct signature {
	struct rule rule; /* what records tell; first */
	uint32_t number; /* from 0, in the order of asking: action, flowbits, priority, place */
	uint64_t protos[4]; /* one bit for each IP protocol */
	bool both_ways; /* <> */
	bool only_pkt, only_stream; /* tcp-pkt; tcp-stream, and what no stream took up */
	bool no_packets, no_stream; /* flow:only_stream, flow:no_stream */
	bool captures; /* an expression of it keeps variables, which flowvar and pktvar ask */
	bool any_packet; /* pkthdr: also what is no IP, or cannot be read */
	uint8_t family; /* 4, 6; 0: both */
	uint64_t apps; /* of which protocols it can be, one bit each (enum proto_id); 0: of any, or none */
	struct address_set src, dst;
	struct port_set sport, dport;
	/* flow: */
	bool to_server, to_client, established, not_established, stateless, only_frags, no_frags;
	/* hooks of a transaction (alert http:request_headers), -1: none */
	int hook_step[SIDES];
	enum rule_layer layer;
	struct test *tests;
	struct part *parts;
	struct act *acts;
	uint32_t test_cnt, part_cnt, act_cnt;
	int32_t fast_part, fast_clause; /* -1: none; the user's or our choice */
	struct threshold threshold, rate; /* of the rule and of the file */
	struct suppression *suppressions;
	uint32_t suppression_cnt;
	bool decode_event, stream_event; /* asked of packets that have an event */
	bool changes_flow; /* what it leaves in the flow is more than a bit that it sets */
	uint64_t sets_bits[2], asks_bits[2]; /* hints for the order: hashed flowbit numbers */
};

void signature_free(struct signature *signature); /* before the struct parse that it came of */

#endif
