/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules in text and packets in memory, for the tests of detection: no capture, no engine around it.
 */
#ifndef TESTS_UNIT_DETECT_BED_H
#define TESTS_UNIT_DETECT_BED_H

#include <arpa/inet.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/asking.h"
#include "detect/build.h"

#define BED_SECOND 1000000000ULL

struct bed {
	struct diag diag;
	struct config *config;
	struct ruleset *ruleset;
	struct detect *detect;
	struct flow flow;
	struct packet packet;
	uint64_t now_ns;
	char told[512];
};

/* plain: no pattern is looked for, every rule is asked of every packet. */
static struct signatures bed_parse(struct parse *parse, const char *rules, bool plain)
{
	struct signatures signatures = { 0 };
	uint32_t line = 0;

	while (*rules) {
		size_t len = strcspn(rules, "\n");
		struct signature *s = NULL;

		assert_int_equal(signature_parse(parse, slice(rules, len), "test.rules", ++line, &s),
				 0);
		if (s) {
			if (plain)
				s->fast_part = s->fast_clause = -1;
			signatures.at = reallocarray(signatures.at, signatures.cnt + 1,
						     sizeof(struct signature *));
			assert_non_null(signatures.at);
			signatures.at[signatures.cnt++] = s;
			signatures.cap = signatures.cnt;
		}
		rules += len + (rules[len] == '\n');
	}
	return signatures;
}

/* Rules one a line; settings as "a=b", ended by NULL; policy NULL: all bodies are alike. */
static void bed_new_policy(struct bed *bed, const char *rules, const char *const *settings,
			   bool plain, const struct policy *policy)
{
	struct ruleset_sources sources = { .threads = 1, .policy = policy };
	struct signatures signatures;
	struct parse *parse;

	memset(bed, 0, sizeof(*bed));
	diag_init(&bed->diag);
	assert_int_equal(config_read(NULL, &bed->config, &bed->diag), 0);
	for (; settings && *settings; settings++)
		assert_int_equal(config_set(bed->config, *settings), 0);
	sources.config = bed->config;
	assert_int_equal(parse_new(bed->config, &bed->diag, &parse), 0);
	signatures = bed_parse(parse, rules, plain);
	assert_int_equal(ruleset_of(parse, &signatures, &sources, &bed->ruleset, &bed->diag), 0);
	assert_int_equal(detect_new(bed->ruleset, &bed->detect), 0);
	bed->now_ns = 1000 * BED_SECOND;
	inet_pton(AF_INET6, "::ffff:192.168.1.5", &bed->flow.addr[FROM_CLIENT]);
	inet_pton(AF_INET6, "::ffff:203.0.113.9", &bed->flow.addr[FROM_SERVER]);
	bed->flow.port[FROM_CLIENT] = 40000;
	bed->flow.port[FROM_SERVER] = 80;
	bed->flow.proto = 6;
	bed->flow.family = 4;
	bed->flow.id = 1;
}

static inline void bed_new_set(struct bed *bed, const char *rules, const char *const *settings,
			       bool plain)
{
	bed_new_policy(bed, rules, settings, plain, NULL);
}

static inline void bed_new(struct bed *bed, const char *rules)
{
	bed_new_set(bed, rules, NULL, false);
}

static inline void bed_free(struct bed *bed)
{
	detect_flow_free(bed->flow.detect);
	detect_free(bed->detect);
	ruleset_free(bed->ruleset);
	config_free(bed->config);
	diag_free(&bed->diag);
}

/* The next packets are of a new flow, between the same ends. */
static inline void bed_flow_anew(struct bed *bed)
{
	detect_flow_free(bed->flow.detect);
	bed->flow.detect = NULL;
	bed->flow.packets[0] = bed->flow.packets[1] = 0;
	bed->flow.fate = 0;
	bed->flow.passed = bed->flow.no_packet = false;
	bed->flow.protocols = 0;
	bed->flow.ip_only_asked[0] = bed->flow.ip_only_asked[1] = false;
	bed->flow.id++;
}

/* A packet of the flow's transport; is_stream false: its bytes are its own. */
static struct packet *bed_packet(struct bed *bed, enum side side, const char *payload)
{
	struct packet *p = &bed->packet;
	uint64_t number = p->number;

	memset(p, 0, sizeof(*p));
	p->number = number + 1;
	p->time_ns = bed->now_ns;
	p->family = bed->flow.family;
	p->proto = bed->flow.proto;
	p->ttl = 64;
	p->flow = &bed->flow;
	p->tenant = bed->flow.tenant;
	p->side = side;
	p->src = bed->flow.addr[side];
	p->dst = bed->flow.addr[other_side(side)];
	p->sport = bed->flow.port[side];
	p->dport = bed->flow.port[other_side(side)];
	p->payload = slice_text(payload);
	p->l4 = p->payload.len ? p->payload : slice("\0", 1);
	p->ip = p->frame = p->l4;
	bed->flow.packets[side]++;
	p->is_established = bed->flow.packets[FROM_CLIENT] && bed->flow.packets[FROM_SERVER];
	return p;
}

/* sids that are told, in their order: "1 2"; "" none. */
static const char *bed_ask(struct bed *bed, struct packet *packet)
{
	size_t len = 0;

	detect_packet(bed->detect, packet);
	bed->told[0] = 0;
	for (uint32_t i = 0; i < packet->alert_cnt; i++) {
		if (!packet->alerts[i].quiet)
			len += (size_t)snprintf(bed->told + len, sizeof(bed->told) - len, "%s%u",
						len ? " " : "", packet->alerts[i].rule->sid);
	}
	return bed->told;
}

static inline const char *bed_send(struct bed *bed, enum side side, const char *payload)
{
	return bed_ask(bed, bed_packet(bed, side, payload));
}

#endif
