// SPDX-License-Identifier: Apache-2.0
/*
 * What each stage of the walk (bpf/stage/walk.h) had to say, from the program's own account of the
 * packet and the policy that it went by. Called by answer.c. Pure.
 * Promises that the last stage told is the one that ended the packet.
 */
#include <stdlib.h>
#include <string.h>

#include "compile/spell.h"
#include "explain/inside.h"
#include "install/state.h"
#include "sekisho/flow.h"
#include "text/quantity.h"
#include "text/service.h"

enum stage {
	STAGE_NONE,
	STAGE_FRAME,
	STAGE_SANITY,
	STAGE_CONTROL,
	STAGE_TENANT,
	STAGE_FRAGMENT,
	STAGE_FLOW,
	STAGE_ROOM,
	STAGE_LISTS,
	STAGE_RULE,
	STAGE_COOKIE,
	STAGE_QUOTA,
	STAGE_NAMES,
	STAGE_RATE,
	STAGE_WAY,
	STAGE_CNT
};

static const char *const names[STAGE_CNT] = {
	[STAGE_FRAME] = "frame",   [STAGE_SANITY] = "sanity",	  [STAGE_CONTROL] = "control",
	[STAGE_TENANT] = "tenant", [STAGE_FRAGMENT] = "fragment", [STAGE_FLOW] = "flow",
	[STAGE_ROOM] = "room",	   [STAGE_LISTS] = "lists",	  [STAGE_RULE] = "rule",
	[STAGE_COOKIE] = "cookie", [STAGE_QUOTA] = "quota",	  [STAGE_NAMES] = "names",
	[STAGE_RATE] = "rate",	   [STAGE_WAY] = "way out",
};

/* Where a packet with this reason ends. What passes ends on its way out. */
static const uint8_t ends[SEK_REASONS_MAX] = {
	[SEK_R_none] = STAGE_FRAME,
	[SEK_R_accepted] = STAGE_WAY,
	[SEK_R_established] = STAGE_WAY,
	[SEK_R_related] = STAGE_WAY,
	[SEK_R_fragment] = STAGE_WAY,
	[SEK_R_fragment_early] = STAGE_WAY,
	[SEK_R_link_control] = STAGE_CONTROL,
	[SEK_R_neighbour] = STAGE_CONTROL,
	[SEK_R_inspect_open] = STAGE_WAY,
	[SEK_R_inspected] = STAGE_WAY,
	[SEK_R_inspect_full_open] = STAGE_WAY,
	[SEK_R_inspect_blind_open] = STAGE_WAY,
	[SEK_R_ecn_marked] = STAGE_WAY,
	[SEK_R_cookie_opened] = STAGE_WAY,
	[SEK_R_cookie_confirmed] = STAGE_FLOW,
	[SEK_R_stack_neighbour] = STAGE_CONTROL,
	[SEK_R_stack_link] = STAGE_CONTROL,
	[SEK_R_stack_host] = STAGE_WAY,
	[SEK_R_stack_page] = STAGE_WAY,
	[SEK_R_page_full] = STAGE_WAY,
	[SEK_R_stack_ttl] = STAGE_WAY,
	[SEK_R_stack_mtu] = STAGE_WAY,
	[SEK_R_stack_resolve] = STAGE_WAY,
	[SEK_R_cookie_sent] = STAGE_COOKIE,
	[SEK_R_short_frame] = STAGE_FRAME,
	[SEK_R_vlan_depth] = STAGE_FRAME,
	[SEK_R_ethertype] = STAGE_FRAME,
	[SEK_R_link_reserved] = STAGE_CONTROL,
	[SEK_R_ip_version] = STAGE_FRAME,
	[SEK_R_ip_header_len] = STAGE_FRAME,
	[SEK_R_ip_total_len] = STAGE_FRAME,
	[SEK_R_ip_checksum] = STAGE_FRAME,
	[SEK_R_ip_source_route] = STAGE_FRAME,
	[SEK_R_ip_options] = STAGE_FRAME,
	[SEK_R_ext_chain] = STAGE_FRAME,
	[SEK_R_ext_routing0] = STAGE_FRAME,
	[SEK_R_l4_len] = STAGE_FRAME,
	[SEK_R_tcp_header] = STAGE_FRAME,
	[SEK_R_tcp_flags] = STAGE_SANITY,
	[SEK_R_l4_port_zero] = STAGE_SANITY,
	[SEK_R_nd_hop_limit] = STAGE_CONTROL,
	[SEK_R_martian] = STAGE_SANITY,
	[SEK_R_land] = STAGE_SANITY,
	[SEK_R_frag_tiny] = STAGE_FRAME,
	[SEK_R_frag_overlap] = STAGE_FRAGMENT,
	[SEK_R_frag_range] = STAGE_FRAGMENT,
	[SEK_R_frag_quota] = STAGE_FRAGMENT,
	[SEK_R_frag_denied] = STAGE_FRAGMENT,
	[SEK_R_frag_strict] = STAGE_FRAGMENT,
	[SEK_R_port_unknown] = STAGE_FRAME,
	[SEK_R_no_tenant] = STAGE_TENANT,
	[SEK_R_spoofed] = STAGE_TENANT,
	[SEK_R_cross_tenant] = STAGE_WAY,
	[SEK_R_vlan_offload] = STAGE_FRAME,
	[SEK_R_list_block] = STAGE_LISTS,
	[SEK_R_rule_drop] = STAGE_RULE,
	[SEK_R_rule_reject] = STAGE_RULE,
	[SEK_R_default_drop] = STAGE_RULE,
	[SEK_R_default_reject] = STAGE_RULE,
	[SEK_R_inspect_closed] = STAGE_RULE,
	[SEK_R_inspect_full] = STAGE_WAY,
	[SEK_R_inspect_blind] = STAGE_WAY,
	[SEK_R_inspect_block] = STAGE_WAY,
	[SEK_R_inspect_long] = STAGE_WAY,
	[SEK_R_host_refused] = STAGE_RULE,
	[SEK_R_flow_table_full] = STAGE_QUOTA,
	[SEK_R_flow_quota] = STAGE_QUOTA,
	[SEK_R_flow_source_quota] = STAGE_QUOTA,
	[SEK_R_half_quota] = STAGE_ROOM,
	[SEK_R_half_source_quota] = STAGE_QUOTA,
	[SEK_R_source_rate] = STAGE_QUOTA,
	[SEK_R_tcp_no_flow] = STAGE_FLOW,
	[SEK_R_tcp_state] = STAGE_FLOW,
	[SEK_R_tcp_window] = STAGE_FLOW,
	[SEK_R_tcp_reset_window] = STAGE_FLOW,
	[SEK_R_icmp_no_request] = STAGE_FLOW,
	[SEK_R_icmp_no_flow] = STAGE_FLOW,
	[SEK_R_icmp_quote] = STAGE_FLOW,
	[SEK_R_cookie_bad] = STAGE_FLOW,
	[SEK_R_name_pending] = STAGE_WAY,
	[SEK_R_name_led] = STAGE_WAY,
	[SEK_R_name_block] = STAGE_NAMES,
	[SEK_R_name_unlisted] = STAGE_NAMES,
	[SEK_R_name_wait] = STAGE_NAMES,
	[SEK_R_name_bad] = STAGE_NAMES,
	[SEK_R_name_quic] = STAGE_NAMES,
	[SEK_R_name_hidden] = STAGE_NAMES,
	[SEK_R_rate_bits] = STAGE_RATE,
	[SEK_R_rate_packets] = STAGE_RATE,
	[SEK_R_answer_rate] = STAGE_RATE,
	[SEK_R_no_route] = STAGE_WAY,
	[SEK_R_route_not_port] = STAGE_WAY,
	[SEK_R_port_down] = STAGE_WAY,
	[SEK_R_too_big] = STAGE_WAY,
	[SEK_R_no_peer] = STAGE_WAY,
	[SEK_R_bug_map] = STAGE_WAY,
	[SEK_R_bug_rewrite] = STAGE_WAY,
};

const char *explain_stage(uint8_t reason)
{
	return reason < SEK_REASONS_MAX ? names[ends[reason]] : NULL;
}

/* A body's room may also end while its source is being charged. */
bool story_is_early(uint8_t reason)
{
	return reason < SEK_REASONS_MAX && reason != SEK_R_half_quota && ends[reason] < STAGE_QUOTA;
}

/* Talk of a link never comes as far as tenants and ways out; its refusals are told by the same words. */
static enum stage end_of(const struct story *s)
{
	switch (s->trace->reason) {
	case SEK_R_no_tenant:
	case SEK_R_no_peer:
	case SEK_R_too_big:
	case SEK_R_port_down:
		if (s->packet->piece == PIECE_WHOLE && !s->trace->tenant &&
		    explain_is_link_talk(s->packet))
			return STAGE_CONTROL;
		break;
	case SEK_R_martian: /* a body's, that no router forwards */
		if (s->trace->tenant)
			return STAGE_TENANT;
		break;
	case SEK_R_half_quota: /* a guarded body's room, or one that has just filled, is asked last */
		if (s->trace->rule != SEK_NO_RULE)
			return STAGE_QUOTA;
		break;
	default:
		break;
	}
	return ends[s->trace->reason < SEK_REASONS_MAX ? s->trace->reason : 0];
}

static bool is_stateless(const struct story *s)
{
	return s->tenant && !s->tenant->id;
}

/* A piece that is not the first goes by the first: lists are asked, but rules are not. */
static bool is_carried(const struct story *s)
{
	return s->packet->piece == PIECE_LATER;
}

/* Its name, and the interface's where that is another. */
static void say_port(FILE *out, const struct model_port *port)
{
	fputs(port->name, out);
	if (strcmp(port->name, port->interface) != 0)
		fprintf(out, " (%s)", port->interface);
}

static void say_frame(FILE *out, const struct story *s)
{
	const struct explain_packet *p = s->packet;

	fputs("arrives on ", out);
	say_port(out, s->arrival);
	if (p->outer)
		fprintf(out, ", VLAN %u in %u", p->vlan, p->outer);
	else if (p->vlan)
		fprintf(out, ", VLAN %u", p->vlan);
	else
		fputs(", untagged", out);
	fprintf(out, "; IPv%c, headers whole", address_is_v4(&p->src) ? '4' : '6');
}

static void say_sanity(FILE *out, const struct story *s)
{
	fputs("addresses, ports and flags that a host may send", out);
}

static void say_control(FILE *out, const struct story *s)
{
	fputs("not the talk of a link (ARP, neighbour discovery, DHCP, LLDP)", out);
}

static void say_tenant(FILE *out, const struct story *s)
{
	bool outward = s->trace->dir == SEK_OUT;
	char text[PREFIX_TEXT_MAX];

	if (is_stateless(s)) {
		fputs("the gateway itself", out);
		return;
	}
	fprintf(out, "%s, %s: its address is %s", s->tenant ? s->tenant->name : "?",
		outward ? "out" : "in",
		address_print(outward ? &s->packet->src : &s->packet->dst, text));
}

static void say_fragment(FILE *out, const struct story *s)
{
	if (s->packet->piece == PIECE_WHOLE)
		fputs("a whole packet", out);
	else if (s->packet->piece == PIECE_FIRST)
		fputs("first of its datagram: the others will share its verdict", out);
	else
		fputs("ahead of its first, whose verdict will be the datagram's", out);
}

static void say_flow(FILE *out, const struct story *s)
{
	if (is_carried(s))
		fputs("not asked: the datagram's first decides", out);
	else
		fputs(is_stateless(s) ? "none is kept of what is for the gateway"
				      : "none yet: judged as the first packet of one",
		      out);
}

static void say_room(FILE *out, const struct story *s)
{
	char number[QUANTITY_TEXT_MAX];

	fprintf(out, "one more half-open flow fits, of %s that the tenant may have",
		quantity_print(s->tenant->limits.half_max, number));
}

static void say_lists(FILE *out, const struct story *s)
{
	const struct sek_trace *t = s->trace;
	const struct model_list *spared =
		t->spared != SEK_NO_LIST ? policy_list_id(s->policy, t->spared) : NULL;
	char remote[PREFIX_TEXT_MAX], *lists;

	address_print(t->dir == SEK_OUT ? &s->packet->dst : &s->packet->src, remote);
	if (!s->tenant || !s->tenant->list_block) {
		fprintf(out, "%s takes no block list", s->tenant ? s->tenant->name : "?");
	} else if (spared) {
		fprintf(out, "%s is on a block list, but allow list %s has it too", remote,
			spared->name);
	} else if (t->list != SEK_NO_LIST && s->list) {
		fprintf(out, "%s is on block list %s", remote, s->list->name);
	} else {
		lists = spell_lists(s->policy, s->tenant);
		fprintf(out, "%s is on none that blocks (%s)", remote, lists ? lists : "");
		free(lists);
	}
}

static void say_rule(FILE *out, const struct story *s)
{
	uint16_t rule = s->trace->rule;
	const struct place *place;

	if (!s->tenant || rule == SEK_NO_RULE) {
		fputs("none", out);
		return;
	}
	place = policy_rule_place(s->tenant, rule);
	fprintf(out, "%s%s says %s (%s:%u)", rule < s->tenant->rule_cnt ? "" : "no rule fits; ",
		policy_rule_name(s->tenant, rule), story_action(s->tenant, rule),
		place->file ? place->file : "?", place->line);
}

static void say_cookie(FILE *out, const struct story *s)
{
	uint32_t flags = s->tenant ? s->tenant->limits.flags : 0;

	if (flags & SEK_TENANT_GUARD_ALWAYS)
		fputs("not a SYN to a guarded server", out);
	else if (flags & SEK_TENANT_GUARD_AUTO)
		fputs("no SYN flood now: clients need not prove that they receive", out);
	else
		fputs("synflood: off", out);
}

static void say_quota(FILE *out, const struct story *s)
{
	const struct sek_tenant *limits = s->tenant ? &s->tenant->limits : NULL;
	char number[QUANTITY_TEXT_MAX];

	if (is_stateless(s) || !limits) {
		fputs("no flow is kept", out);
		return;
	}
	fprintf(out, "a flow is made, of %s that the tenant may have",
		quantity_print(limits->flows_max, number));
	if (limits->source_flows_max)
		fprintf(out, " and %s of one source",
			quantity_print(limits->source_flows_max, number));
}

/* The settings that its body's address has; NULL: names are not looked at. */
static const struct model_names *names_of(const struct story *s,
					  const struct model_name_group **ret_group)
{
	bool outward = s->trace->dir == SEK_OUT;
	const struct model_names *held =
		s->tenant ? policy_names_at(s->tenant, outward ? &s->packet->src : &s->packet->dst,
					    ret_group)
			  : NULL;

	return held && held->on ? held : NULL;
}

static void say_names(FILE *out, const struct story *s)
{
	const struct model_name_group *group = NULL;
	const struct model_names *held = names_of(s, &group);
	char *text = held ? spell_names(s->policy, held) : NULL;

	if (group)
		fprintf(out, "group %s: ", group->name);
	fprintf(out, "%s; of a name: sekisho url explain", text ? text : "");
	free(text);
}

static void say_rate(FILE *out, const struct story *s)
{
	const struct sek_rate *rate = s->tenant ? &s->tenant->limits.rate[s->trace->dir & 1] : NULL;
	char *text = rate ? spell_rate(rate) : NULL;

	if (text && *text)
		fprintf(out, "limit %s: one packet fits", text);
	else
		fputs("no limit", out);
	free(text);
}

static void say_hop(FILE *out, const struct story *s)
{
	char hop[PREFIX_TEXT_MAX];

	if (s->trace->next_ifindex)
		fprintf(out, "next hop %s", address_print(&s->trace->next_hop, hop));
}

static void say_way(FILE *out, const struct story *s)
{
	if (s->out) {
		say_hop(out, s);
		fputs(s->trace->next_ifindex ? ", leaves by " : "leaves by ", out);
		say_port(out, s->out);
	} else if (s->trace->reason == SEK_R_stack_host) {
		fputs("to the gateway's own stack", out);
	} else {
		say_hop(out, s);
	}
}

static void (*const says[STAGE_CNT])(FILE *out, const struct story *story) = {
	[STAGE_FRAME] = say_frame,   [STAGE_SANITY] = say_sanity,     [STAGE_CONTROL] = say_control,
	[STAGE_TENANT] = say_tenant, [STAGE_FRAGMENT] = say_fragment, [STAGE_FLOW] = say_flow,
	[STAGE_ROOM] = say_room,     [STAGE_LISTS] = say_lists,	      [STAGE_RULE] = say_rule,
	[STAGE_COOKIE] = say_cookie, [STAGE_QUOTA] = say_quota,	      [STAGE_NAMES] = say_names,
	[STAGE_RATE] = say_rate,     [STAGE_WAY] = say_way,
};

/* Whether the body's room for half-open flows is asked before its lists and rules: see stage/admit.h. */
static bool has_room_asked(const struct story *s)
{
	const uint32_t never = SEK_TENANT_STATELESS | SEK_TENANT_GUARD_AUTO | SEK_TENANT_GUARD_ALWAYS;
	const struct sek_tenant *limits = s->tenant ? &s->tenant->limits : NULL;

	return limits && !(limits->flags & never) && limits->half_max && !is_carried(s);
}

/* Stages that ask only first packets of flows, and what no setting of this body asks. */
static bool is_skipped(const struct story *s, enum stage stage)
{
	if (stage == STAGE_NAMES && !names_of(s, NULL))
		return true;
	if (stage == STAGE_ROOM && !has_room_asked(s))
		return true;
	return is_carried(s) && stage > STAGE_LISTS && stage < STAGE_RATE;
}

/* Whether the stage, beside ending the packet, has something to say of it. */
static bool ends_with_words(const struct story *s, enum stage stage)
{
	return stage == STAGE_LISTS || stage == STAGE_RULE || (stage == STAGE_WAY && s->out) ||
	       (stage == STAGE_WAY && s->trace->next_ifindex);
}

/* Whether these words tell the end as well: a way out, a rule that refuses. */
static bool is_told(const struct story *s, enum stage stage)
{
	return s->trace->verdict == SEK_FORWARD ||
	       (stage == STAGE_RULE && s->trace->reason != SEK_R_inspect_closed);
}

static char *answer(const struct story *s, enum stage stage, bool end)
{
	const char *sentence = state_reason_text(s->trace->reason, false);
	bool words = !end || ends_with_words(s, stage);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (words)
		says[stage](out, s);
	if (end && !(words && is_told(s, stage)))
		fprintf(out, "%s%s: %s", words ? "; " : "", story_verdict(s->trace), sentence);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

json_t *story_stages(const struct story *s)
{
	enum stage last = end_of(s);
	json_t *rows = json_array();

	for (enum stage stage = STAGE_FRAME; rows && stage <= last; stage++) {
		char *text;

		if (is_skipped(s, stage))
			continue;
		text = answer(s, stage, stage == last);
		if (!text || json_array_append_new(rows, json_pack("{s:s, s:s}", "stage",
								   names[stage], "answer", text))) {
			json_decref(rows);
			rows = NULL;
		}
		free(text);
	}
	return rows;
}
