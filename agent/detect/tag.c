/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that a rule wants told after the one that it matched (tag): so many, or for so many bytes
 * or seconds, of the flow or of a host. Called by verdict of rules, and with each packet.
 */
#include "detect/asking.h"

#define SECOND_NS 1000000000ULL

static struct memory_key host_key(const struct packet *packet, const struct sek_addr *host)
{
	struct memory_key key;

	memset(&key, 0, sizeof(key));
	key.a = *host;
	key.kind = MEMORY_TAG;
	key.tenant = packet->tenant;
	return key;
}

static void host_tag(struct match *match, const struct tag *tag)
{
	const struct packet *packet = match->packet;
	struct memory_key key = host_key(packet, tag->of_dst ? &packet->dst : &packet->src);
	bool is_new;
	struct memory_entry *entry = memory_get(memory_turn(match->detect), &key, &is_new);

	if (entry && is_new) {
		entry->begin_ns = match->now_ns;
		entry->tag_unit = tag->unit;
		entry->seconds = tag->unit == TAG_SECONDS ? tag->count : UINT32_MAX;
		entry->count = tag->count;
		entry->passed = tag->unit == TAG_PACKETS; /* of a host, this one counts too */
	}
}

void state_tag(struct match *match, const struct tag *tag)
{
	struct detect_flow *state;

	if (tag->of_host) {
		host_tag(match, tag);
		return;
	}
	state = match->flow ? flow_state(match->detect, match->flow) : NULL;
	if (state && !state->tag.count)
		state->tag = (struct flow_tag){ .unit = tag->unit,
						.count = tag->count,
						.begin_ns = match->now_ns };
}

/* Counts one packet; false: the tag is over. */
static bool tag_counts(enum tag_unit unit, uint64_t count, uint64_t begin_ns, uint64_t *passed,
		       const struct packet *packet)
{
	*passed += unit == TAG_BYTES ? packet->ip.len : 1;
	return unit == TAG_SECONDS ? packet->time_ns <= begin_ns + count * SECOND_NS
				   : *passed <= count;
}

static void flow_tag_count(struct detect_flow *state, struct packet *packet)
{
	struct flow_tag *tag = &state->tag;

	if (!tag->count)
		return;
	if (tag_counts(tag->unit, tag->count, tag->begin_ns, &tag->passed, packet))
		packet->is_tagged = true;
	else
		*tag = (struct flow_tag){ 0 };
}

static void host_tag_count(struct memory *memory, struct packet *packet, const struct sek_addr *host)
{
	struct memory_key key = host_key(packet, host);
	struct memory_entry *entry = memory_find(memory, &key);

	if (!entry)
		return;
	if (tag_counts((enum tag_unit)entry->tag_unit, entry->count, entry->begin_ns,
		       &entry->passed, packet))
		packet->is_tagged = true;
	else
		memory_drop(memory, &key);
}

void tags_count(struct detect *detect, struct packet *packet)
{
	struct memory *memory;

	if (packet->flow && packet->flow->detect)
		flow_tag_count(packet->flow->detect, packet);
	if (!detect->ruleset->has_host_tags)
		return;
	memory = memory_turn(detect);
	host_tag_count(memory, packet, &packet->src);
	host_tag_count(memory, packet, &packet->dst);
}
