/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts each rule that no pattern finds, and each buffer that is looked through, where it is asked
 * for. Called by build.c.
 */
#include "detect/groups.h"

#include <errno.h>
#include <stdlib.h>

#include "detect/addresses.h"
#include "detect/asking.h"
#include "detect/build.h"
#include "detect/portgroups.h"
#include "detect/scans.h"

#define IP_ONLY_WIDTH                                                                              \
	24 /* bits: addresses of wider sets are asked one by one, for most hold them */

struct ip_only {
	struct address_pair *src, *dst;
	size_t src_cnt, dst_cnt;
};

/* What bodies differ in finds no rule. */
static unsigned int width_of(const struct ruleset *ruleset, const struct address_set *set)
{
	return set_varies(ruleset, set) ? 128 : address_set_width(set);
}

static int ip_only_add(struct ruleset *ruleset, struct ip_only *ip_only, const struct signature *s)
{
	unsigned int src = width_of(ruleset, &s->src), dst = width_of(ruleset, &s->dst);
	bool by_src = src <= dst;

	if ((by_src ? src : dst) > IP_ONLY_WIDTH)
		return rule_list_add(&ruleset->ip_only_any, s->number);
	if (by_src || s->both_ways)
		ip_only->src[ip_only->src_cnt++] =
			(struct address_pair){ by_src ? &s->src : &s->dst, s->number };
	if (!by_src || s->both_ways)
		ip_only->dst[ip_only->dst_cnt++] =
			(struct address_pair){ by_src ? &s->src : &s->dst, s->number };
	return 0;
}

static int ip_only_build(struct ruleset *ruleset)
{
	struct ip_only ip_only = { calloc(ruleset->cnt + 1, sizeof(struct address_pair)),
				   calloc(ruleset->cnt + 1, sizeof(struct address_pair)), 0, 0 };
	int rc = ip_only.src && ip_only.dst ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < ruleset->cnt; i++) {
		if (ruleset->asked[i].traits & TRAIT_IP_ONLY)
			rc = ip_only_add(ruleset, &ip_only, ruleset->asked[i].signature);
	}
	if (rc == 0)
		rc = address_index_build(ip_only.src, ip_only.src_cnt, &ruleset->by_src);
	if (rc == 0)
		rc = address_index_build(ip_only.dst, ip_only.dst_cnt, &ruleset->by_dst);
	free(ip_only.src);
	free(ip_only.dst);
	return rc;
}

static bool has_transport(const struct signature *s, enum transport transport)
{
	return transport == TRANSPORT_TCP   ? signature_has_proto(s, 6)
	       : transport == TRANSPORT_UDP ? signature_has_proto(s, 17)
					    : signature_has_other_proto(s);
}

/* A rule of packets that neither a pattern nor its addresses find. */
static bool is_plain(const struct asked *asked)
{
	const struct signature *s = asked->signature;

	return s->layer != RULE_OF_TX && s->layer != RULE_OF_FRAMES && s->fast_part < 0 &&
	       !(asked->traits & TRAIT_IP_ONLY) && !s->decode_event && !s->stream_event;
}

static int plain_build(struct ruleset *ruleset, enum transport transport, enum side side)
{
	struct rule_list rules = { 0 };
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < ruleset->cnt; i++) {
		const struct asked *asked = &ruleset->asked[i];

		if (is_plain(asked) && asked->sides >> side & 1 &&
		    has_transport(asked->signature, transport))
			rc = rule_list_add(&rules, i);
	}
	if (rc == 0)
		rc = port_groups_build(ruleset, &rules, &ruleset->plain[transport][side]);
	rule_list_free(&rules);
	return rc;
}

static int events_build(struct ruleset *ruleset)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < ruleset->cnt; i++) {
		const struct signature *s = ruleset->asked[i].signature;

		if (s->decode_event && s->fast_part < 0)
			rc = rule_list_add(&ruleset->decode_events, i);
		if (rc == 0 && s->stream_event && s->fast_part < 0)
			rc = rule_list_add(&ruleset->stream_events, i);
		if (rc == 0 && s->layer == RULE_OF_FRAMES)
			rc = rule_list_add(&ruleset->of_frames, i);
	}
	return rc;
}

static bool source_is_of(const struct source *source, enum proto_id proto)
{
	if (source->kind != SOURCE_FIELD)
		return true;
	for (uint8_t i = 0; i < source->field_cnt; i++) {
		if (source->fields[i].proto == proto)
			return true;
	}
	return false;
}

bool rule_is_of(const struct signature *s, enum proto_id proto)
{
	if (s->apps && !(s->apps >> proto & 1))
		return false;
	for (uint32_t i = 0; i < s->part_cnt; i++) {
		if (!source_is_of(s->parts[i].source, proto) && s->parts[i].absent == PART_THERE)
			return false;
	}
	return true;
}

static int proto_lists_build(struct ruleset *ruleset, enum proto_id proto)
{
	struct proto_scans *scans = &ruleset->protos[proto];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < ruleset->cnt; i++) {
		const struct asked *asked = &ruleset->asked[i];
		const struct signature *s = asked->signature;
		bool waits = asked->traits & TRAIT_EVENT;

		if (s->layer != RULE_OF_TX || s->fast_part >= 0 || !rule_is_of(s, proto))
			continue;
		for (int side = 0; rc == 0 && side < SIDES; side++) {
			if (asked->sides >> side & 1)
				rc = rule_list_add(
					waits ? &scans->events[side] : &scans->plain[side], i);
		}
	}
	return rc;
}

static void look_add(const struct scan *scan, enum proto_id proto, enum side side,
		     struct proto_scans *scans)
{
	const struct source *source = scan->source;
	struct look look = { .source = source, .patterns = scan->patterns, .ends = scan->ends };

	if (!scan->patterns && !scan->ends)
		return;
	if (source->kind == SOURCE_FIELD) {
		look.field = source_field(source, proto);
		if (!look.field || !look.field->sides[side] || look.field->kind == FIELD_NUMBER)
			return;
		look.step = look.field->step[side];
		look.grows = look.field->kind == FIELD_BODY;
	} else if (source->kind != SOURCE_FILE && source->kind != SOURCE_FILE_NUMBER_OR_NAME) {
		return;
	}
	scans->looks[side][scans->look_cnt[side]++] = look;
}

static int proto_scans_build(struct ruleset *ruleset, enum proto_id proto)
{
	struct proto_scans *scans = &ruleset->protos[proto];

	for (int side = 0; side < SIDES; side++) {
		scans->looks[side] = calloc(ruleset->scan_cnt, sizeof(*scans->looks[side]));
		if (!scans->looks[side])
			return -ENOMEM;
		for (uint32_t i = SCAN_PAYLOADS; i < ruleset->scan_cnt; i++)
			look_add(&ruleset->scans[side][i], proto, side, scans);
	}
	return proto_lists_build(ruleset, proto);
}

static int header_scans_build(struct ruleset *ruleset)
{
	ruleset->header_sources = calloc(ruleset->scan_cnt, sizeof(*ruleset->header_sources));
	if (!ruleset->header_sources)
		return -ENOMEM;
	for (uint32_t i = SCAN_PAYLOADS; i < ruleset->scan_cnt; i++) {
		const struct scan *scan = &ruleset->scans[0][i];

		if (scan->source->kind == SOURCE_HEADER &&
		    (scan->patterns || ruleset->scans[1][i].patterns))
			ruleset->header_sources[ruleset->header_source_cnt++] = scan->source->number;
	}
	return 0;
}

int rule_groups_build(struct ruleset *ruleset)
{
	int rc = ip_only_build(ruleset);

	for (int transport = 0; rc == 0 && transport < TRANSPORTS; transport++) {
		for (int side = 0; rc == 0 && side < SIDES; side++)
			rc = plain_build(ruleset, transport, side);
	}
	if (rc == 0)
		rc = events_build(ruleset);
	if (rc == 0)
		rc = header_scans_build(ruleset);
	for (int proto = PROTO_UNKNOWN + 1; rc == 0 && proto < PROTO_CNT; proto++)
		rc = proto_scans_build(ruleset, proto);
	return rc;
}

void rule_groups_free(struct ruleset *ruleset)
{
	for (int transport = 0; transport < TRANSPORTS; transport++) {
		for (int side = 0; side < SIDES; side++)
			port_groups_free(&ruleset->plain[transport][side]);
	}
	for (int proto = 0; proto < PROTO_CNT; proto++) {
		for (int side = 0; side < SIDES; side++) {
			free(ruleset->protos[proto].looks[side]);
			rule_list_free(&ruleset->protos[proto].plain[side]);
			rule_list_free(&ruleset->protos[proto].events[side]);
		}
	}
	rule_list_free(&ruleset->decode_events);
	rule_list_free(&ruleset->stream_events);
	rule_list_free(&ruleset->of_frames);
	rule_list_free(&ruleset->ip_only_any);
	address_index_free(&ruleset->by_src);
	address_index_free(&ruleset->by_dst);
	free(ruleset->header_sources);
}
