/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suppression, limits, filters and rates, as Suricata's user guide ("Thresholding Keywords",
 * "Global-Thresholds") says. Called by verdict.c; its clock is the packets'.
 */
#include "detect/threshold.h"

#include "detect/addresses.h"

#define SECOND_NS 1000000000ULL

static struct memory_key key_of(const struct signature *s, const struct threshold *t,
				enum memory_kind kind, const struct packet *packet)
{
	struct memory_key key;

	memset(&key, 0, sizeof(key));
	key.id = (uint64_t)s->rule.gid << 32 | s->rule.sid;
	key.kind = (uint32_t)kind;
	key.tenant = packet->tenant;
	switch (t->track) {
	case TRACK_SRC:
		key.a = packet->src;
		break;
	case TRACK_DST:
		key.b = packet->dst;
		break;
	case TRACK_BOTH:
		key.a = packet->src;
		key.b = packet->dst;
		if (memcmp(&key.a, &key.b, sizeof(key.a)) > 0) {
			key.a = packet->dst;
			key.b = packet->src;
		}
		break;
	case TRACK_FLOW:
		key.flow = packet->flow ? packet->flow->id : 0;
		break;
	case TRACK_RULE:
		break;
	}
	return key;
}

static bool in_period(const struct memory_entry *entry, const struct threshold *t, uint64_t now_ns)
{
	return now_ns <= entry->begin_ns + (uint64_t)t->seconds * SECOND_NS;
}

/* Counts this one; a new period begins when the last is over. */
static void period_count(struct memory_entry *entry, const struct threshold *t, bool is_new,
			 uint64_t now_ns)
{
	if (!is_new && in_period(entry, t, now_ns)) {
		entry->count++;
		return;
	}
	entry->begin_ns = now_ns;
	entry->seconds = t->seconds;
	entry->count = 1;
}

/* Told at the first, and then at each count times multiplier^n (Suricata's "backoff"). */
static enum threshold_says backoff_says(struct memory_entry *entry, const struct threshold *t,
					bool is_new)
{
	if (is_new)
		entry->begin_ns = t->count;
	entry->seconds = UINT32_MAX;
	entry->count = is_new ? 1 : entry->count + 1;
	if (entry->count < entry->begin_ns)
		return THRESHOLD_QUIET;
	if (entry->count > entry->begin_ns)
		return THRESHOLD_QUIET;
	entry->begin_ns *= t->multiplier ? t->multiplier : 1;
	return THRESHOLD_TELL;
}

static enum threshold_says limit_says(struct memory_entry *entry, const struct threshold *t,
				      bool is_new, uint64_t now_ns)
{
	if (t->kind == LIMIT_BACKOFF)
		return backoff_says(entry, t, is_new);
	period_count(entry, t, is_new, now_ns);
	switch (t->kind) {
	case LIMIT_LIMIT:
		return entry->count <= t->count ? THRESHOLD_TELL : THRESHOLD_QUIET;
	case LIMIT_THRESHOLD:
		if (entry->count < t->count)
			return THRESHOLD_NOT;
		entry->count = 0;
		return THRESHOLD_TELL;
	case LIMIT_BOTH:
		return entry->count == t->count	 ? THRESHOLD_TELL
		       : entry->count > t->count ? THRESHOLD_QUIET
						 : THRESHOLD_NOT;
	default: /* detection_filter */
		return entry->count > t->count ? THRESHOLD_TELL : THRESHOLD_NOT;
	}
}

/*
 * The new action lasts for timeout from when the rate was exceeded, for ever when it is 0. As in Suricata it
 * is counted in whole seconds of the clock, and ends with the last one.
 */
static bool rate_is_exceeded(struct memory_entry *entry, const struct threshold *t, bool is_new,
			     uint64_t now_ns)
{
	if (entry->until_ns) {
		if (now_ns <= entry->until_ns)
			return true;
		entry->until_ns = 0;
		return false;
	}
	period_count(entry, t, is_new, now_ns);
	if (entry->count <= t->count)
		return false;
	entry->until_ns = t->timeout ? (now_ns / SECOND_NS + t->timeout + 1) * SECOND_NS - 1
				     : UINT64_MAX;
	return true;
}

static enum threshold_says limit_ask(struct detect *detect, const struct signature *s,
				     const struct packet *packet)
{
	struct memory_key key = key_of(s, &s->threshold, MEMORY_COUNT, packet);
	bool is_new;
	struct memory_entry *entry = memory_get(memory_turn(detect), &key, &is_new);

	if (!entry)
		return THRESHOLD_TELL;
	return limit_says(entry, &s->threshold, is_new, packet->time_ns);
}

static void rate_ask(struct detect *detect, const struct signature *s, const struct packet *packet,
		     enum rule_action *action)
{
	struct memory_key key = key_of(s, &s->rate, MEMORY_RATE, packet);
	bool is_new;
	struct memory_entry *entry = memory_get(memory_turn(detect), &key, &is_new);

	if (entry && rate_is_exceeded(entry, &s->rate, is_new, packet->time_ns))
		*action = s->rate.new_action;
}

static bool is_suppressed(const struct signature *s, const struct packet *packet)
{
	for (uint32_t i = 0; i < s->suppression_cnt; i++) {
		const struct suppression *one = &s->suppressions[i];

		if ((!one->by_src && !one->by_dst) ||
		    (one->by_src && address_set_holds(&one->addresses, &packet->src)) ||
		    (one->by_dst && address_set_holds(&one->addresses, &packet->dst)))
			return true;
	}
	return false;
}

enum threshold_says threshold_ask(struct detect *detect, const struct signature *s,
				  const struct packet *packet, enum rule_action *action)
{
	enum threshold_says says = THRESHOLD_TELL;

	if (!packet->family)
		return THRESHOLD_TELL;
	if (is_suppressed(s, packet) || tenant_suppresses(detect->tenant, s, packet))
		return THRESHOLD_QUIET;
	if (s->threshold.kind != LIMIT_NONE)
		says = limit_ask(detect, s, packet);
	if (says == THRESHOLD_TELL && s->rate.kind != LIMIT_NONE)
		rate_ask(detect, s, packet, action);
	return says;
}
