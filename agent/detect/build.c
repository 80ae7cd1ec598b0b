/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of files become a ruleset: read, put in order, given their patterns and groups, compiled.
 * Called by who starts an engine; when it fails, nothing is left behind.
 */
#include "detect/build.h"

#include <errno.h>
#include <stdlib.h>

#include "detect/exchange.h"
#include "detect/groups.h"
#include "detect/order.h"
#include "detect/prepare.h"
#include "detect/reach.h"
#include "detect/scans.h"
#include "detect/state.h"
#include "detect/tenants.h"

/* --- what is known of each rule --- */

static bool word_among(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

static bool tests_are_only(const struct signature *s, const char *const *words)
{
	for (uint32_t i = 0; i < s->test_cnt; i++) {
		if (!word_among(s->tests[i].ops->word, words))
			return false;
	}
	return true;
}

/* Flow asks more than which way. */
static bool asks_state(const struct signature *s)
{
	return s->established || s->not_established || s->stateless || s->only_frags ||
	       s->no_frags || s->no_packets || s->no_stream;
}

/* No bytes, no protocol, no state: what is left beside a header says the same of all packets of a flow. */
static bool is_of_flows(const struct signature *s)
{
	return s->layer == RULE_OF_PACKETS && s->part_cnt == 0 && s->apps == 0 && !asks_state(s) &&
	       !s->changes_flow && !s->decode_event && !s->stream_event;
}

static bool is_of_addresses(const struct signature *s)
{
	static const char *const allowed[] = { "xbits",	   "hostbits", "iprep",
					       "ip_proto", "l3_proto", NULL };

	return is_of_flows(s) && !s->to_server && !s->to_client && tests_are_only(s, allowed);
}

static bool is_of_news(const struct signature *s)
{
	static const char *const allowed[] = {
		"app-layer-protocol", "xbits", "hostbits", "iprep", "ip_proto", "l3_proto", NULL
	};
	static const char *const others[] = { "xbits",	  "hostbits", "iprep",
					      "ip_proto", "l3_proto", NULL };

	return is_of_flows(s) && tests_are_only(s, allowed) && !tests_are_only(s, others);
}

static bool has_part(const struct signature *s, enum source_kind kind)
{
	for (uint32_t i = 0; i < s->part_cnt; i++)
		if (s->parts[i].source->kind == kind)
			return true;
	return false;
}

static enum rule_type type_of(const struct signature *s)
{
	static const char *const event[] = { "decode-event", NULL };

	if (is_of_news(s))
		return TYPE_NEWS;
	if (is_of_addresses(s))
		return s->src.has_negated || s->dst.has_negated ? TYPE_ADDRESSES_NEGATED
								: TYPE_ADDRESSES;
	if (s->decode_event && !s->stream_event && s->part_cnt == 0 && s->apps == 0 &&
	    tests_are_only(s, event))
		return TYPE_EVENT;
	if (has_part(s, SOURCE_HEADER))
		return TYPE_PACKET;
	if (s->layer == RULE_OF_TX || s->layer == RULE_OF_FRAMES)
		return TYPE_TX;
	if (has_part(s, SOURCE_PAYLOAD))
		return s->layer == RULE_OF_PACKETS ? TYPE_PACKET : TYPE_PAYLOAD;
	return s->test_cnt || asks_state(s) || !s->apps ? TYPE_PACKET : TYPE_PROTOCOL;
}

static uint8_t sides_of(const struct signature *s)
{
	uint8_t sides = s->to_server && !s->to_client	? 1 << FROM_CLIENT
			: s->to_client && !s->to_server ? 1 << FROM_SERVER
							: 1 << FROM_CLIENT | 1 << FROM_SERVER;

	for (uint32_t i = 0; i < s->part_cnt; i++) {
		const struct part *part = &s->parts[i];

		if ((part->source->kind == SOURCE_FIELD || part->source->kind == SOURCE_FILE ||
		     part->source->kind == SOURCE_FILE_NUMBER_OR_NAME) &&
		    !part->any_side)
			sides &= (uint8_t)(1 << part->side);
	}
	return sides;
}

static uint32_t parts_traits(const struct signature *s)
{
	uint32_t traits = 0;

	for (uint32_t i = 0; i < s->part_cnt; i++) {
		enum source_kind kind = s->parts[i].source->kind;

		if (kind == SOURCE_PAYLOAD)
			traits |= TRAIT_PAYLOAD;
		if (kind == SOURCE_HEADER || kind == SOURCE_BASE64)
			traits |= TRAIT_HEADER_PART;
	}
	return traits;
}

static uint32_t traits_of(const struct signature *s, enum rule_type type)
{
	static const char *const event_words[] = { "app-layer-event", NULL };
	uint32_t traits = parts_traits(s);

	if (s->to_server || s->to_client || asks_state(s) || s->apps || s->layer == RULE_OF_TX ||
	    s->layer == RULE_OF_FRAMES)
		traits |= TRAIT_FLOW;
	traits |= s->to_server && !s->to_client ? TRAIT_CLIENT : 0;
	traits |= s->to_client && !s->to_server ? TRAIT_SERVER : 0;
	traits |= s->established ? TRAIT_ESTABLISHED : 0;
	traits |= s->not_established ? TRAIT_NOT_ESTABLISHED : 0;
	traits |= !s->sport.is_any || !s->dport.is_any ? TRAIT_PORTS : 0;
	traits |= type == TYPE_ADDRESSES ? TRAIT_IP_ONLY : 0;
	traits |= type == TYPE_NEWS ? TRAIT_ONCE : 0;
	traits |= type == TYPE_PACKET ? TRAIT_REAL : 0;
	traits |= s->fast_part >= 0 ? TRAIT_PATTERN : 0;
	for (uint32_t i = 0; i < s->test_cnt; i++) {
		if (word_among(s->tests[i].ops->word, event_words))
			traits |= TRAIT_EVENT;
	}
	return traits;
}

static bool tags_host(const struct signature *s)
{
	for (uint32_t i = 0; i < s->act_cnt; i++) {
		if (strcmp(s->acts[i].ops->word, "tag") == 0 &&
		    ((const struct tag *)s->acts[i].arg)->of_host)
			return true;
	}
	return false;
}

bool set_varies(const struct ruleset *ruleset, const struct address_set *set)
{
	return ruleset->by_tenant && strchr(parse_address_text(ruleset->parse, set->text), '$');
}

/* The number of an address set; what is written alike has the same. */
static int set_number(struct ruleset *ruleset, const struct address_set *set, uint32_t *ret_number)
{
	const struct address_set **sets;

	if (set->is_any && !set_varies(ruleset, set)) {
		*ret_number = 0;
		return 0;
	}
	for (uint32_t i = ruleset->set_cnt; i-- > 1;) {
		if (ruleset->sets[i]->text == set->text) {
			*ret_number = i;
			return 0;
		}
	}
	sets = reallocarray(ruleset->sets, ruleset->set_cnt + 2, sizeof(const struct address_set *));
	if (!sets)
		return -ENOMEM;
	ruleset->sets = sets;
	if (!ruleset->set_cnt)
		sets[ruleset->set_cnt++] = NULL;
	sets[ruleset->set_cnt] = set;
	*ret_number = ruleset->set_cnt++;
	return 0;
}

/* From the least port of a set to the greatest. */
static struct port_range ports_around(const struct port_set *set)
{
	struct port_range range = { 0, UINT16_MAX };

	if (!set->is_any && set->cnt) {
		range.from = set->range[0].from;
		range.to = set->range[set->cnt - 1].to;
	}
	return range;
}

static void asked_look(struct asked *asked, const struct signature *s)
{
	asked->apps = s->apps;
	asked->of_tx = s->layer == RULE_OF_TX;
	asked->both_ways = s->both_ways;
	asked->sport = ports_around(&s->sport);
	asked->dport = ports_around(&s->dport);
	asked->transports = (uint8_t)(signature_has_proto(s, 6) << TRANSPORT_TCP |
				      signature_has_proto(s, 17) << TRANSPORT_UDP |
				      signature_has_other_proto(s) << TRANSPORT_OTHER);
}

static int asked_fill(struct ruleset *ruleset)
{
	int rc = 0;

	ruleset->cnt = (uint32_t)ruleset->signatures.cnt;
	ruleset->asked = aligned_alloc(64, (ruleset->cnt + 1) * sizeof(*ruleset->asked));
	if (!ruleset->asked)
		return -ENOMEM;
	memset(ruleset->asked, 0, (ruleset->cnt + 1) * sizeof(*ruleset->asked));
	for (uint32_t i = 0; rc == 0 && i < ruleset->cnt; i++) {
		const struct signature *s = ruleset->signatures.at[i];
		struct asked *asked = &ruleset->asked[i];

		asked->signature = s;
		asked_look(asked, s);
		asked->type = (uint8_t)type_of(s);
		asked->traits = traits_of(s, asked->type);
		asked->sides = sides_of(s);
		ruleset->has_host_tags |= tags_host(s);
		/* what is found by its addresses is in no table of sets, unless bodies differ in it */
		if (!(asked->traits & TRAIT_IP_ONLY) || set_varies(ruleset, &s->src))
			rc = set_number(ruleset, &s->src, &asked->src);
		if (rc == 0 && (!(asked->traits & TRAIT_IP_ONLY) || set_varies(ruleset, &s->dst)))
			rc = set_number(ruleset, &s->dst, &asked->dst);
	}
	return rc;
}

/* --- the whole --- */

/* sekisho.alerts: each (Suricata's manner), or once (of a rule and a flow the first, the others counted). */
static bool alerts_say(const struct config *config, const char *word)
{
	const char *said = config_text(config, "sekisho.alerts");

	return strcmp(said ? said : "each", word) == 0;
}

static int settings_check(const struct config *config, struct diag *diag)
{
	if (alerts_say(config, "each") || alerts_say(config, "once"))
		return 0;
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, "sekisho.alerts: each, or once",
		 "\"%s\" is no manner of telling alerts", config_text(config, "sekisho.alerts"));
	return -EINVAL;
}

int ruleset_of(struct parse *parse, struct signatures *signatures,
	       const struct ruleset_sources *sources, struct ruleset **ret_ruleset, struct diag *diag)
{
	struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	int rc;

	if (!ruleset)
		return -ENOMEM;
	rc = rules_order(signatures, sources->config);
	if (rc) {
		free(ruleset);
		return rc;
	}
	ruleset->parse = parse;
	ruleset->by_tenant = sources->policy != NULL;
	ruleset->generation = 1;
	ruleset->alerts_once = alerts_say(sources->config, "once");
	ruleset->guesses_tx = config_bool(sources->config, "detect.guess-applayer-tx", false);
	ruleset->alert_max = (uint32_t)config_number(sources->config, "packet-alert-max", 0);
	ruleset->signatures = *signatures;
	ruleset_words(ruleset);
	rc = asked_fill(ruleset);
	if (rc == 0)
		rc = prepared_new(&ruleset->signatures, &ruleset->prepared);
	if (rc == 0)
		rc = scans_build(ruleset, sources);
	if (rc == 0)
		rc = rule_groups_build(ruleset);
	if (rc == 0 && sources->before)
		rc = ruleset_follow(ruleset, sources->before);
	if (rc == 0 && sources->policy)
		rc = tenant_rules_build(ruleset, sources->policy, diag);
	if (rc == 0)
		rc = reach_build(ruleset);
	if (rc) {
		ruleset->parse = NULL; /* both are the caller's when it fails */
		ruleset->signatures = (struct signatures){ 0 };
		ruleset_free(ruleset);
		return rc;
	}
	*signatures = (struct signatures){ 0 };
	*ret_ruleset = ruleset;
	return 0;
}

int ruleset_build(const struct ruleset_sources *sources, struct ruleset **ret_ruleset,
		  struct ruleset_tally *ret_tally, struct diag *diag)
{
	struct signatures signatures = { 0 };
	struct parse *parse;
	int rc = settings_check(sources->config, diag);

	if (rc == 0)
		rc = parse_new(sources->config, diag, &parse);
	if (rc)
		return rc;
	if (sources->before)
		rc = parse_follow(parse, sources->before->parse);
	for (size_t i = 0; rc == 0 && i < sources->file_cnt; i++)
		rc = parse_file(parse, sources->files[i], &signatures);
	if (rc == 0)
		rc = parse_thresholds(parse, NULL, &signatures);
	if (rc == 0) {
		*ret_tally = parse_tally(parse);
		rc = ruleset_of(parse, &signatures, sources, ret_ruleset, diag);
	}
	if (rc) {
		signatures_free(&signatures);
		parse_free(parse);
	}
	return rc;
}

const struct rule *ruleset_rule(const struct ruleset *ruleset, size_t number)
{
	return number < ruleset->cnt ? &ruleset->signatures.at[number]->rule : NULL;
}

bool ruleset_follows(const struct ruleset *ruleset, const struct ruleset *before)
{
	return ruleset->before == before;
}

void ruleset_take(const struct ruleset *ruleset, const struct ruleset *from)
{
	parse_take(ruleset->parse, from->parse);
}

void ruleset_free(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	reach_free(ruleset);
	tenant_rules_free(ruleset);
	rule_groups_free(ruleset);
	scans_free(ruleset);
	prepared_free(ruleset->prepared);
	free(ruleset->now);
	free(ruleset->asked);
	free(ruleset->sets);
	signatures_free(&ruleset->signatures);
	if (ruleset->parse)
		parse_free(ruleset->parse);
	free(ruleset);
}
