// SPDX-License-Identifier: Apache-2.0
/*
 * The model in words. Called by policy_diff(). Pure.
 */
#include "compile/spell.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/counted.h"
#include "text/quantity.h"
#include "text/service.h"

#define PREFIXES_SHOWN 12

/* A text that grows. */
struct spell {
	char *text;
	size_t len;
	FILE *out;
};

static bool spell_start(struct spell *s)
{
	s->out = open_memstream(&s->text, &s->len);
	return s->out;
}

static char *spell_end(struct spell *s)
{
	if (!fclose(s->out))
		return s->text;
	free(s->text);
	return NULL;
}

const char *spell_action(enum sek_action action)
{
	switch (action) {
	case SEK_ACCEPT:
		return "accept";
	case SEK_REFUSE:
		return "drop";
	case SEK_REJECT:
		return "reject";
	case SEK_INSPECT:
		return "inspect";
	}
	return "?";
}

char *spell_number(uint64_t number)
{
	char *text = malloc(QUANTITY_TEXT_MAX);

	if (text)
		snprintf(text, QUANTITY_TEXT_MAX, "%llu", (unsigned long long)number);
	return text;
}

char *spell_port(const struct model_port *port)
{
	static const char *const modes[] = { "auto", "xdp", "generic", "tc" };
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	fprintf(s.out, "%s, %s, id %u, interface %s, hook %s, link forward %04x stack %04x",
		port->outside ? "outside" : "inside", port->bridge ? "bridge" : "route", port->id,
		port->interface, modes[port->mode], port->link_forward, port->link_stack);
	if (port->peer)
		fprintf(s.out, ", peer %s", port->peer);
	return spell_end(&s);
}

char *spell_list(const struct model_list *list)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	fprintf(s.out, "%s, id %u", list->allow ? "allow" : "block", list->id);
	if (list->category)
		fprintf(s.out, ", category %s", list->category);
	if (list->source && !list->feed.url)
		fprintf(s.out, ", source %s", list->source);
	if (list->format)
		fprintf(s.out, ", format %s", list->format);
	if (list->title)
		fprintf(s.out, ", title %s", list->title);
	spell_feed(s.out, &list->feed);
	return spell_end(&s);
}

static void put_prefixes(FILE *out, const struct prefix *prefixes, size_t cnt)
{
	char text[PREFIX_TEXT_MAX];
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < cnt && (i < PREFIXES_SHOWN || cnt == PREFIXES_SHOWN + 1); i++)
		fprintf(out, "%s%s", i ? "," : "", prefix_print(&prefixes[i], text));
	if (cnt <= PREFIXES_SHOWN + 1)
		return;
	for (size_t i = 0; i < cnt; i++) {
		for (size_t b = 0; b < sizeof(prefixes[i].addr.b); b++)
			sum = (sum ^ prefixes[i].addr.b[b]) * 16777619u;
		sum = (sum ^ prefixes[i].len) * 16777619u;
	}
	fprintf(out, " and %zu more (sum %08x)", cnt - PREFIXES_SHOWN, sum);
}

char *spell_prefixes(const struct prefix *prefixes, size_t cnt)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	put_prefixes(s.out, prefixes, cnt);
	return spell_end(&s);
}

static void put_end(FILE *out, const char *word, const struct model_end *end)
{
	if (!end->prefix_cnt && !end->port_cnt)
		return;
	fprintf(out, " %s ", word);
	if (end->prefix_cnt)
		put_prefixes(out, end->prefixes, end->prefix_cnt);
	else
		fputs("any", out);
	for (size_t i = 0; i < end->port_cnt; i++) {
		fprintf(out, "%s%u", i ? "," : " port ", end->ports[i].from);
		if (end->ports[i].to != end->ports[i].from)
			fprintf(out, "-%u", end->ports[i].to);
	}
}

static void put_protos(FILE *out, const struct model_rule *rule)
{
	const char *comma = " ";

	if (rule->any_proto) {
		fputs(" any", out);
		return;
	}
	for (unsigned int proto = 0; proto < 256; proto++) {
		const char *name = proto_name((uint8_t)proto);

		if (!(rule->protos[proto / 8] >> (proto % 8) & 1))
			continue;
		if (name)
			fprintf(out, "%s%s", comma, name);
		else
			fprintf(out, "%s%u", comma, proto);
		comma = ",";
	}
}

static void put_types(FILE *out, const char *word, const uint16_t *types, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		fprintf(out, "%s%u", i ? "," : word, (unsigned int)types[i] >> 8);
		if ((types[i] & 0xff) != ICMP_ANY_CODE)
			fprintf(out, "/%u", (unsigned int)types[i] & 0xff);
	}
}

static void put_rule(FILE *out, const struct model_rule *rule)
{
	fputs(rule->dir == SEK_OUT ? "out" : "in", out);
	put_protos(out, rule);
	put_types(out, " icmp4 type ", rule->icmp, rule->icmp_cnt);
	put_types(out, " icmp6 type ", rule->icmp6, rule->icmp6_cnt);
	put_end(out, "from", &rule->src);
	put_end(out, "to", &rule->dst);
	fprintf(out, " %s%s", spell_action(rule->action), rule->log ? " log" : "");
}

char *spell_rule(const struct model_rule *rule)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	put_rule(s.out, rule);
	return spell_end(&s);
}

char *spell_assert(const struct policy *policy, const struct model_assert *assertion)
{
	const char *comma = "";
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	if (assertion->all)
		fputs("all", s.out);
	for (size_t i = 0; i < policy->tenant_cnt && !assertion->all; i++)
		if (assertion->tenants >> policy->tenants[i].id & 1) {
			fprintf(s.out, "%s%s", comma, policy->tenants[i].name);
			comma = ",";
		}
	for (size_t i = 0; i < assertion->set_cnt; i++) {
		fputs(i ? "; " : ": ", s.out);
		put_rule(s.out, &assertion->sets[i]);
	}
	return spell_end(&s);
}

char *spell_attaches(const struct policy *policy, const struct model_tenant *tenant)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	for (size_t i = 0; i < tenant->attach_cnt; i++) {
		const struct model_attach *attach = &tenant->attaches[i];
		const struct model_port *port = policy_port_id(policy, attach->port_id);

		fprintf(s.out, "%s%s", i ? ", " : "", port ? port->name : "?");
		if (attach->outer)
			fprintf(s.out, " outer %u", attach->outer);
		if (attach->vlan)
			fprintf(s.out, " vlan %u", attach->vlan);
	}
	return spell_end(&s);
}

char *spell_rate(const struct sek_rate *rate)
{
	char number[QUANTITY_TEXT_MAX], burst[QUANTITY_TEXT_MAX];
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	if (rate->bits_per_s)
		fprintf(s.out, "%sbit/s (burst %s)", quantity_print(rate->bits_per_s, number),
			quantity_print_time(rate->burst_ns, burst));
	if (rate->packets_per_s)
		fprintf(s.out, "%s%s packets/s (burst %s)", rate->bits_per_s ? ", " : "",
			quantity_print(rate->packets_per_s, number),
			quantity_print_time(rate->packet_burst_ns, burst));
	return spell_end(&s);
}

char *spell_quota(const struct sek_tenant *limits)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	fprintf(s.out,
		"flows %u, half_open %u, fragments %u; of a source: flows %u, half_open %u, "
		"rate %u, burst %u",
		limits->flows_max, limits->half_max, limits->fragments_max, limits->source_flows_max,
		limits->source_half_max, limits->source_rate, limits->source_burst);
	return spell_end(&s);
}

char *spell_timeouts(const struct sek_timeouts *t)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	fprintf(s.out,
		"tcp_syn %us, tcp_established %us, tcp_closing %us, tcp_closed %us, "
		"udp_new %us, udp_stream %us, icmp %us, other %us",
		t->tcp_syn, t->tcp_established, t->tcp_closing, t->tcp_closed, t->udp_new,
		t->udp_stream, t->icmp, t->other);
	return spell_end(&s);
}

char *spell_flags(uint32_t flags)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	fprintf(s.out, "fail %s, fragments %s, midstream %s, synflood %s",
		flags & SEK_TENANT_FAIL_CLOSED ? "closed" : "open",
		flags & SEK_TENANT_FRAG_STRICT ? "strict" : "allow",
		flags & SEK_TENANT_MID_REJECT ? "reject" : "drop", spell_synflood(flags));
	return spell_end(&s);
}

const char *spell_synflood(uint32_t flags)
{
	return flags & SEK_TENANT_GUARD_ALWAYS ? "always"
	       : flags & SEK_TENANT_GUARD_AUTO ? "auto"
					       : "off";
}

char *spell_lists(const struct policy *policy, const struct model_tenant *tenant)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	for (size_t i = 0; i < policy->list_cnt; i++) {
		const struct model_list *list = &policy->lists[i];
		uint64_t mask = list->allow ? tenant->list_allow : tenant->list_block;

		if (mask >> list->id & 1)
			fprintf(s.out, "%s%s", ftell(s.out) > 0 ? ", " : "", list->name);
	}
	return spell_end(&s);
}

char *spell_default(const struct model_tenant *tenant)
{
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	fprintf(s.out, "out %s%s, in %s%s", spell_action(tenant->default_action[SEK_OUT]),
		tenant->default_log[SEK_OUT] ? " log" : "",
		spell_action(tenant->default_action[SEK_IN]),
		tenant->default_log[SEK_IN] ? " log" : "");
	return spell_end(&s);
}

static const char *dns_type_name(uint16_t type)
{
	/* clang-format off */
	static const char *const names[] = {
		[ns_t_a] = "A", [ns_t_aaaa] = "AAAA", [ns_t_mx] = "MX", [ns_t_ns] = "NS",
		[ns_t_cname] = "CNAME", [ns_t_soa] = "SOA", [ns_t_txt] = "TXT",
	};
	/* clang-format on */

	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "?";
}

char *spell_check(const struct model_check *check)
{
	char address[PREFIX_TEXT_MAX];
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	address_print(&check->to, address);
	switch (check->kind) {
	case CHECK_PING:
		fprintf(s.out, "ping %s", address);
		break;
	case CHECK_TCP:
		fprintf(s.out, "tcp %s port %u", address, check->port);
		break;
	case CHECK_HTTP:
		fprintf(s.out, "http %s", check->text);
		if (check->status)
			fprintf(s.out, " status %u", check->status);
		break;
	case CHECK_DNS:
		fprintf(s.out, "dns %s %s at %s", check->text, dns_type_name(check->dns_type),
			address);
		if (check->port)
			fprintf(s.out, " port %u", check->port);
		break;
	}
	if (check->has_from)
		fprintf(s.out, " from %s", address_print(&check->from, address));
	return spell_end(&s);
}

char *spell_confirm(const struct model_confirm *confirm)
{
	char timeout[QUANTITY_TEXT_MAX];
	struct spell s;

	if (!spell_start(&s))
		return NULL;
	if (confirm->check_cnt)
		fprintf(s.out, "within %us, %s of %s", confirm->within_s,
			COUNTED(confirm->attempts, "attempt"),
			quantity_print_time(confirm->timeout_ms * 1000000ULL, timeout));
	return spell_end(&s);
}
