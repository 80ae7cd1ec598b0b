/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ruleset as it is asked: rules by number, patterns that find them, lists of those that no
 * pattern finds. Made by build.c, read by workers; nothing in it changes.
 */
#ifndef AGENT_DETECT_RULESET_H
#define AGENT_DETECT_RULESET_H

#include "detect/ends.h"
#include "detect/parse/parse.h"
#include "detect/pattern.h"
#include "detect/places.h"

/*
 * What is looked through in one go: a buffer of one side. Payload is several: of packets by
 * transport, and of streams; every other buffer is one.
 */
enum scan_payload {
	SCAN_STREAM,
	SCAN_TCP,
	SCAN_UDP,
	SCAN_OTHER,
	SCAN_KINDS,
	SCAN_PAYLOADS = SCAN_KINDS
};

struct scan {
	const struct source *source; /* NULL: payload */
	struct patterns *patterns; /* NULL: none is looked for */
	struct ends *ends; /* of buffers that are whole; NULL: none */
};

/* What asking a rule costs least: bits that must be so before anything else is looked at. */
enum rule_trait {
	TRAIT_FLOW = 1 << 0, /* needs a flow */
	TRAIT_CLIENT = 1 << 1, /* only what the client sends */
	TRAIT_SERVER = 1 << 2,
	TRAIT_ESTABLISHED = 1 << 3,
	TRAIT_NOT_ESTABLISHED = 1 << 4,
	TRAIT_PORTS = 1 << 5, /* asks for ports: what has none does not match */
	TRAIT_PAYLOAD = 1 << 6, /* has a part of payload */
	TRAIT_EVENT = 1 << 7, /* of an event of a transaction */
	TRAIT_IP_ONLY = 1 << 8, /* nothing but addresses and ports: once a flow and side */
	TRAIT_ONCE = 1 << 9, /* tells of a protocol alone: once a flow and side */
	TRAIT_HEADER_PART = 1 << 10, /* has a part of a header or of base64 */
	TRAIT_REAL = 1 << 11, /* not asked of the packet that is made at a flow's end */
	TRAIT_PATTERN = 1 << 12, /* a pattern finds it */
};

/* What kind of rule it is, as Suricata tells them apart: whom its action is for follows from that. */
enum rule_type {
	TYPE_ADDRESSES, /* addresses and ports, for the flow */
	TYPE_ADDRESSES_NEGATED, /* the same with a negated address: asked of each packet */
	TYPE_NEWS, /* of a protocol that was found, for the flow */
	TYPE_EVENT, /* of a packet that cannot be read, for the packet */
	TYPE_PACKET, /* for the packet */
	TYPE_PAYLOAD, /* for the flow where the stream has it, else for the packet */
	TYPE_PROTOCOL, /* a protocol and nothing else, for the flow */
	TYPE_TX, /* for the flow */
};

/* What most rules that a pattern finds fall by stands together: one line of the cache. */
struct asked {
	_Alignas(64) const struct signature *signature;
	uint64_t apps; /* the signature's */
	uint32_t traits; /* enum rule_trait */
	uint32_t src, dst; /* numbers of address sets; 0: any */
	struct port_range sport, dport; /* that hold all of the signature's, for a first look */
	uint8_t sides; /* one bit each: from whom what it asks can come */
	uint8_t type; /* enum rule_type */
	uint8_t transports; /* one bit each, enum transport: protocols that it may be of */
	bool of_tx; /* RULE_OF_TX */
	bool both_ways;
};

struct rule_list {
	uint32_t *numbers; /* ascending */
	uint32_t cnt;
};

/* Rules without a pattern, by what they can be of: by transport and side, then by port. */
struct port_group {
	uint16_t from; /* up to the next group's from */
	struct rule_list rules;
};
struct port_groups {
	struct port_group *groups; /* ascending; the first begins at 0 */
	uint32_t cnt;
};

enum transport { TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_OTHER, TRANSPORTS };

static inline enum transport transport_of(uint8_t proto)
{
	return proto == 6 ? TRANSPORT_TCP : proto == 17 ? TRANSPORT_UDP : TRANSPORT_OTHER;
}

/* A field, or a kind of file, that patterns of rules are looked for in, of one side. */
struct look {
	const struct source *source;
	const struct field *field; /* NULL: of files */
	const struct patterns *patterns; /* NULL: none */
	const struct ends *ends; /* NULL: none */
	uint8_t step; /* of a field that does not grow: when it is whole */
	bool grows;
};

/* What some rule asks for of a protocol's transactions. */
struct proto_scans {
	struct look *looks[SIDES];
	uint32_t look_cnt[SIDES];
	struct rule_list plain[SIDES]; /* rules of transactions that no pattern finds */
	struct rule_list events[SIDES]; /* of these, those that are asked when there are events */
};

/* Sorted, not overlapping: addresses from at on, up to the next, are in these rules' sets. */
struct address_group {
	struct sek_addr from;
	uint32_t first, cnt; /* of members */
};
struct address_index {
	struct address_group *groups;
	uint32_t cnt;
	uint32_t *members; /* numbers of rules */
	size_t member_cnt;
};

struct tenant_rules; /* tenants.h */
struct reach; /* reach.h */

#define ASKED_WORDS 1024

struct ruleset {
	struct parse *parse;
	struct signatures signatures; /* by number */
	struct asked *asked; /* by number */
	uint32_t cnt;
	const struct address_set **sets; /* by number, from 1 */
	uint32_t set_cnt; /* one more than the last */
	bool by_tenant; /* variables are not the same for all bodies */
	struct tenant_rules *tenants; /* by id; NULL: all are alike */
	struct reach *reach; /* which of them a flow can meet */

	struct scan *scans[SIDES]; /* payloads, then sources by number */
	struct places *places[SIDES][SCAN_KINDS]; /* of payloads: what lies at certain places only */
	uint32_t scan_cnt;
	struct port_groups plain[TRANSPORTS][SIDES]; /* rules of packets that no pattern finds */
	struct rule_list decode_events, stream_events, of_frames;
	struct address_index by_src,
		by_dst; /* rules of addresses alone: by what is named more closely */
	struct rule_list ip_only_any; /* ... that name none */
	uint16_t *header_sources; /* whose bytes are headers: looked through with each packet */
	uint32_t header_source_cnt;
	struct proto_scans protos[PROTO_CNT];
	uint32_t generation; /* of rulesets that took each other's place, from 1 */
	const struct ruleset *before; /* only compared; it may be gone */
	uint32_t *now; /* by number of a rule of before: its number here, or RULE_GONE */
	uint32_t before_cnt;
	uint32_t pattern_len_max;
	struct prepared *prepared; /* see prepare.h */
	uint32_t alert_max; /* of a packet, where the settings say so; 0: all are told */
	bool alerts_once; /* of a rule and a flow the first is told, the others are counted */
	bool guesses_tx; /* alerts of packets tell the transaction, where there is only one */
	const char *words[ASKED_WORDS]; /* what rules ask for: keywords, buffers; in no order */
	bool words_lost; /* there was no room for all of them */
	bool has_host_tags; /* some rule tags a host: each packet is asked for it */
};

#endif
