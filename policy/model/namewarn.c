// SPDX-License-Identifier: Apache-2.0
/*
 * What a policy may say of names and lists, and what would not do what it seems to: told as warnings, with
 * what to write instead. Called once, after names_check().
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/reader.h"

#define HTTP_PORT 80
#define HTTPS_PORT 443

static void warn(struct reader *r, const struct place *at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void warn(struct reader *r, const struct place *at, const char *hint, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag_add(r->diag, DIAG_WARNING, at->file, at->line, at->column, hint, "%s", text);
}

/* What holds of a body and of groups of its addresses, one after the other; NULL: no more. */
static const struct model_names *names_of(const struct model_tenant *tenant, size_t number)
{
	if (!number)
		return &tenant->names;
	return number <= tenant->name_group_cnt ? &tenant->name_groups[number - 1].names : NULL;
}

static bool somebody_is_sunk(const struct policy *policy)
{
	const struct model_names *names;

	for (size_t t = 1; t < policy->tenant_cnt; t++)
		for (size_t n = 0; (names = names_of(&policy->tenants[t], n)); n++)
			if (names->on && names->answer == ANSWER_SINKHOLE)
				return true;
	return false;
}

/* --- the way to the sinkhole and the page --- */

static bool has_prefix_of(const struct model_end *end, const struct sek_addr *addr)
{
	for (size_t i = 0; i < end->prefix_cnt; i++)
		if (prefix_holds(&end->prefixes[i], addr))
			return true;
	return !end->prefix_cnt;
}

static bool has_port(const struct model_end *end, uint16_t port)
{
	for (size_t i = 0; i < end->port_cnt; i++)
		if (port >= end->ports[i].from && port <= end->ports[i].to)
			return true;
	return !end->port_cnt;
}

/* What the host's rules do with TCP to this port, wherever it comes from. */
static enum sek_action host_action(const struct policy *policy, const struct sek_addr *addr,
				   uint16_t port)
{
	const struct model_tenant *host = &policy->tenants[0];

	for (size_t i = 0; i < host->rule_cnt; i++) {
		const struct model_rule *rule = &host->rules[i];
		bool tcp = rule->any_proto ||
			   (rule->protos[IPPROTO_TCP / 8] >> (IPPROTO_TCP % 8) & 1);

		if (tcp && has_prefix_of(&rule->dst, addr) && has_port(&rule->dst, port))
			return rule->action;
	}
	return host->default_action[SEK_IN];
}

static bool is_of_host(const struct policy *policy, const struct sek_addr *addr)
{
	const struct model_tenant *host = &policy->tenants[0];

	for (size_t i = 0; i < host->prefix_cnt; i++)
		if (prefix_holds(&host->prefixes[i], addr))
			return true;
	return false;
}

static void page_way(struct reader *r, const struct model_page_listen *page)
{
	char addr[PREFIX_TEXT_MAX], hint[200];

	if (host_action(r->policy, &page->addr, page->port) == SEK_ACCEPT)
		return;
	address_print(&page->addr, addr);
	snprintf(hint, sizeof(hint),
		 "host: {rules: [{name: page, proto: tcp, dst: \"%s\", dport: %u, action: accept}]}",
		 addr, page->port);
	warn(r, &r->policy->names.place, hint,
	     "no rule of the host accepts TCP port %u of %s: nobody sees the block page",
	     page->port, addr);
}

/* Browsers try https by themselves, and wait for an answer as long as for a server that is down. */
static void https_way(struct reader *r, const struct prefix *sink)
{
	enum sek_action action = host_action(r->policy, &sink->addr, HTTPS_PORT);
	char addr[PREFIX_TEXT_MAX], hint[200];

	if (action == SEK_ACCEPT || action == SEK_REJECT)
		return;
	address_print(&sink->addr, addr);
	snprintf(hint, sizeof(hint),
		 "host: {rules: [{name: page-tls, proto: tcp, dst: \"%s\", dport: %d, action: reject}]}",
		 addr, HTTPS_PORT);
	warn(r, &r->policy->names.place, hint,
	     "no rule of the host rejects TCP port %d of %s: browsers that try https at a blocked name "
	     "wait long",
	     HTTPS_PORT, addr);
}

/* The gateway's own address without a page: whoever is led there must hear something. */
static void http_way(struct reader *r, const struct prefix *sink)
{
	enum sek_action action = host_action(r->policy, &sink->addr, HTTP_PORT);
	char addr[PREFIX_TEXT_MAX];

	if (action == SEK_ACCEPT || action == SEK_REJECT)
		return;
	warn(r, &r->policy->names.place,
	     "page: {} and a rule of the host that accepts TCP port 80, or one that rejects it",
	     "the sinkhole %s is the gateway's own address, and its rules neither accept nor reject "
	     "TCP port %d",
	     address_print(&sink->addr, addr), HTTP_PORT);
}

/* Whether a body that is led to the sinkhole comes by a port that routes. */
static bool somebody_is_routed(const struct policy *policy)
{
	for (size_t t = 1; t < policy->tenant_cnt; t++)
		for (size_t a = 0; a < policy->tenants[t].attach_cnt; a++) {
			const struct model_port *port =
				policy_port_id(policy, policy->tenants[t].attaches[a].port_id);

			if (port && !port->outside && !port->bridge && policy->tenants[t].names.on)
				return true;
		}
	return false;
}

static void sink_place(struct reader *r, const struct prefix *sink)
{
	const struct policy *policy = r->policy;
	char addr[PREFIX_TEXT_MAX];

	address_print(&sink->addr, addr);
	for (size_t t = 1; t < policy->tenant_cnt; t++)
		for (size_t i = 0; i < policy->tenants[t].prefix_cnt; i++)
			if (prefix_holds(&policy->tenants[t].prefixes[i], &sink->addr))
				warn(r, &policy->names.place, "an address of nobody's prefixes",
				     "the sinkhole %s is an address of tenant %s: who has it there gets "
				     "what was for the page",
				     addr, policy->tenants[t].name ? policy->tenants[t].name : "?");
	if (policy->names.page && somebody_is_routed(policy))
		warn(r, &policy->names.place,
		     "add it to host: addresses, and to an interface: ip address add ADDRESS dev lo",
		     "the sinkhole %s is no address of the host: where ports route, nobody answers "
		     "there",
		     addr);
}

static void sink_check(struct reader *r, const struct prefix *sink)
{
	const struct policy *policy = r->policy;
	bool own = sink->len && is_of_host(policy, &sink->addr);

	if (!sink->len)
		return;
	if (policy->names.page || own)
		https_way(r, sink);
	if (own && !policy->names.page)
		http_way(r, sink);
	if (!own)
		sink_place(r, sink);
}

static bool leads_elsewhere(const struct policy *policy)
{
	for (size_t i = 0; i < policy->name_list_cnt; i++)
		if (policy->name_lists[i].own_answers)
			return true;
	return false;
}

static void site_check(struct reader *r)
{
	const struct policy *policy = r->policy;
	struct model_page_listen pages[MODEL_NAME_PAGES_MAX];
	size_t cnt = policy_pages(policy, pages);
	bool sunk = somebody_is_sunk(policy);

	for (size_t i = 0; i < cnt; i++)
		page_way(r, &pages[i]);
	if (cnt && !sunk && !leads_elsewhere(policy))
		warn(r, &policy->names.place, "names: {answer: sinkhole} of a tenant or of defaults",
		     "no body's names are answered with the sinkhole: nobody is led to the block page");
	if (!sunk)
		return;
	sink_check(r, &policy->names.sink4);
	sink_check(r, &policy->names.sink6);
}

/* --- what a body's settings do together --- */

static bool same_place(const struct place *a, const struct place *b)
{
	return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* told: where it was said last, for what the defaults say is said of each body. */
static void strict_check(struct reader *r, const struct model_tenant *tenant, struct place *told)
{
	const struct model_names *names;

	for (size_t n = 0; (names = names_of(tenant, n)); n++) {
		if (!names->on || names->mode != NAMES_ONLY_LISTED ||
		    names->nameless != NAMELESS_ALLOW || same_place(&names->place, told))
			continue;
		*told = names->place;
		warn(r, &names->place, "nameless: block",
		     "mode: only-listed, but TLS that names no host passes all the same");
	}
}

/* A worker has sockets of XDP alone: what comes by TC only ends as fail: says. */
static void hooks_check(struct reader *r, const struct model_tenant *tenant)
{
	for (size_t a = 0; a < tenant->attach_cnt; a++) {
		const struct model_port *port =
			policy_port_id(r->policy, tenant->attaches[a].port_id);

		if (!port || port->mode != MODE_TC)
			continue;
		warn(r, &tenant->attaches[a].place, "hook: xdp, native or generic, for that port",
		     "port %s is served by TC, where nothing is inspected: of what %s wants inspected all %s",
		     port->name ? port->name : "?", tenant->name ? tenant->name : "?",
		     tenant->limits.flags & SEK_TENANT_FAIL_CLOSED ? "falls (fail: closed)"
								   : "passes (fail: open)");
		return;
	}
}

static void inspection_check(struct reader *r, const struct model_tenant *tenant)
{
	if (!tenant_inspects(tenant))
		return;
	hooks_check(r, tenant);
	if (tenant->inspect.off && tenant_names_inspect(tenant))
		warn(r, &tenant->inspect.place,
		     "inspect: {rules: […]}, or block: in place of inspect:",
		     "names of %s are to be inspected, and inspect: off asks no rule of them",
		     tenant->name ? tenant->name : "?");
}

/* --- lists that nobody takes --- */

/* Lists of names, by bit. */
static uint64_t taken_by(const struct model_tenant *tenant)
{
	const struct model_names *names;
	uint64_t lists = 0;

	for (size_t n = 0; (names = names_of(tenant, n)); n++)
		for (int use = 0; names->on && use < USE_CNT; use++)
			for (size_t i = 0; i < names->taking_cnt[use]; i++)
				lists |= names->takings[use][i].lists;
	return lists;
}

static void untaken(struct reader *r, const struct place *at, const char *name, const char *hint)
{
	warn(r, at, hint, "no tenant takes the list %s: it does nothing", name ? name : "?");
}

static void takers_check(struct reader *r)
{
	const struct policy *policy = r->policy;
	uint64_t names = 0, addresses = 0;

	for (size_t t = 0; t < policy->tenant_cnt; t++) {
		const struct model_tenant *tenant = &policy->tenants[t];

		addresses |= tenant->list_block | tenant->list_allow;
		names |= taken_by(tenant);
	}
	for (size_t i = 0; i < policy->list_cnt; i++)
		if (policy->lists[i].id < SEK_LISTS_MAX && !(addresses >> policy->lists[i].id & 1))
			untaken(r, &policy->lists[i].place, policy->lists[i].name,
				"lists: {block: […], allow: […]} of a tenant or of defaults");
	for (size_t i = 0; i < policy->name_list_cnt; i++)
		if (policy->name_lists[i].id < SEK_NAME_LISTS_MAX &&
		    !policy->name_lists[i].built_in && !(names >> policy->name_lists[i].id & 1))
			untaken(r, &policy->name_lists[i].place, policy->name_lists[i].name,
				"block:, allow: or inspect: in names: of a tenant or of defaults");
}

void names_warn(struct reader *r)
{
	struct place told = {};

	for (size_t t = 1; t < r->policy->tenant_cnt; t++) {
		strict_check(r, &r->policy->tenants[t], &told);
		inspection_check(r, &r->policy->tenants[t]);
	}
	site_check(r);
	if (r->policy->tenant_cnt > 1)
		takers_check(r);
}
