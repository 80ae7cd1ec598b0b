// SPDX-License-Identifier: Apache-2.0
/*
 * What only the whole policy shows: names and numbers given twice, bridge peers, two tenants with
 * one address, sums of quotas. Called once, after all sections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"

static void say(struct reader *r, enum diag_level level, const struct place *at, const char *hint,
		const char *text)
{
	diag_add(r->diag, level, at->file, at->line, at->column, hint, "%s", text);
}

/* One thing that must not be there twice. */
static void twice(struct reader *r, const struct place *at, const struct place *first,
		  const char *what, const char *value)
{
	diag_add(r->diag, DIAG_ERROR, at->file, at->line, at->column, NULL,
		 "%s %s is there twice; first in %s:%u", what, value, first->file, first->line);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void twice_id(struct reader *r, const struct place *at, const struct place *first,
		     const char *what, uint16_t id)
{
	char number[8];

	snprintf(number, sizeof(number), "%u", id);
	twice(r, at, first, what, number);
}

static void ports_unique(struct reader *r)
{
	const struct policy *policy = r->policy;

	for (size_t i = 0; i < policy->port_cnt; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct model_port *a = &policy->ports[j], *b = &policy->ports[i];

			if (same(a->name, b->name))
				twice(r, &b->place, &a->place, "port", b->name);
			else if (same(a->interface, b->interface))
				twice(r, &b->place, &a->place, "interface", b->interface);
			if (a->id == b->id && a->id)
				twice_id(r, &b->place, &a->place, "port id", b->id);
		}
		if (i > 2 * SEK_PORTS_MAX) /* each is an error already */
			break;
	}
}

static void lists_unique(struct reader *r)
{
	const struct policy *policy = r->policy;

	for (size_t i = 0; i < policy->list_cnt; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct model_list *a = &policy->lists[j], *b = &policy->lists[i];

			if (same(a->name, b->name))
				twice(r, &b->place, &a->place, "list", b->name);
			if (a->id == b->id)
				twice_id(r, &b->place, &a->place, "list id", b->id);
		}
		if (i > 2 * SEK_LISTS_MAX)
			break;
	}
}

static void tenants_unique(struct reader *r)
{
	const struct policy *policy = r->policy;

	for (size_t i = 1; i < policy->tenant_cnt; i++) {
		const struct model_tenant *b = &policy->tenants[i];

		if (same(b->name, "host"))
			say(r, DIAG_ERROR, &b->place, "the gateway itself is called so",
			    "a tenant cannot be called host");
		for (size_t j = 1; j < i; j++) {
			const struct model_tenant *a = &policy->tenants[j];

			if (same(a->name, b->name))
				twice(r, &b->place, &a->place, "tenant", b->name);
			if (a->id == b->id && a->id)
				twice_id(r, &b->place, &a->place, "tenant id", b->id);
		}
	}
}

static void peer_check(struct reader *r, struct model_port *port)
{
	const struct model_port *peer = port->peer ? policy_port(r->policy, port->peer) : NULL;
	struct suggest near;

	if (!port->bridge) {
		if (port->peer)
			say(r, DIAG_ERROR, &port->place, "mode: bridge has one",
			    "a port of mode route has no peer");
		return;
	}
	if (!port->peer) {
		say(r, DIAG_ERROR, &port->place, "name the port on the other side: peer: NAME",
		    "a port of mode bridge needs a peer");
		return;
	}
	if (!peer) {
		char hint[100];

		suggest_start(&near, port->peer);
		for (size_t i = 0; i < r->policy->port_cnt; i++)
			if (r->policy->ports[i].name)
				suggest_offer(&near, r->policy->ports[i].name);
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near.best ? near.best : "");
		diag_add(r->diag, DIAG_ERROR, port->place.file, port->place.line, port->place.column,
			 near.best ? hint : NULL, "unknown peer \"%s\"", port->peer);
		return;
	}
	port->peer_id = peer->id;
	if (peer == port || !same(peer->peer, port->name) || !peer->bridge)
		say(r, DIAG_ERROR, &port->place, "two ports of mode bridge name each other",
		    peer == port ? "a port cannot be its own peer"
				 : "the peer does not name this port as its own");
	else if (peer->outside == port->outside)
		say(r, DIAG_ERROR, &port->place, "one inside, one outside",
		    "both ports of a bridge are on the same side");
}

/* An address of a tenant on a port and VLAN. */
struct seat {
	const struct model_attach *attach;
	const struct model_tenant *tenant;
	struct prefix prefix;
};

static int seat_where(const struct seat *a, const struct seat *b)
{
	if (a->attach->port_id != b->attach->port_id)
		return a->attach->port_id - b->attach->port_id;
	if (a->attach->outer != b->attach->outer)
		return a->attach->outer - b->attach->outer;
	return a->attach->vlan - b->attach->vlan;
}

static int seat_compare(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;
	int order = seat_where(x, y);

	if (!order)
		order = prefix_compare(&x->prefix, &y->prefix);
	return order ? order : (int)x->tenant->id - (int)y->tenant->id;
}

static void overlap(struct reader *r, const struct seat *a, const struct seat *b)
{
	const struct seat *later = a->attach->place.line > b->attach->place.line ? a : b;
	const struct seat *first = later == a ? b : a;
	const struct model_port *port = policy_port_id(r->policy, later->attach->port_id);
	char x[PREFIX_TEXT_MAX], y[PREFIX_TEXT_MAX];

	diag_add(r->diag, DIAG_ERROR, later->attach->place.file, later->attach->place.line,
		 later->attach->place.column,
		 "on one port and VLAN an address belongs to one body; give it a VLAN of its own",
		 "%s of %s and %s of %s overlap on port %s, VLAN %u; the other is in %s:%u",
		 prefix_print(&later->prefix, x), later->tenant->name ? later->tenant->name : "?",
		 prefix_print(&first->prefix, y), first->tenant->name ? first->tenant->name : "?",
		 port && port->name ? port->name : "?", later->attach->vlan,
		 first->attach->place.file, first->attach->place.line);
}

/* Sorted, what contains comes first: each seat is held against the widest before it. */
static void overlaps_find(struct reader *r, const struct seat *seats, size_t cnt)
{
	const struct seat *wide = NULL;

	for (size_t i = 0; i < cnt; i++) {
		if (wide && !seat_where(wide, &seats[i]) &&
		    prefix_contains(&wide->prefix, &seats[i].prefix)) {
			if (wide->tenant != seats[i].tenant)
				overlap(r, wide, &seats[i]);
		} else {
			wide = &seats[i];
		}
	}
}

static void seats_check(struct reader *r)
{
	const struct policy *policy = r->policy;
	struct seat *seats;
	size_t cnt = 0;

	for (size_t t = 1; t < policy->tenant_cnt; t++)
		cnt += policy->tenants[t].attach_cnt * policy->tenants[t].prefix_cnt;
	if (!cnt)
		return;
	if (cnt > MODEL_SEATS_MAX) {
		diag_add(r->diag, DIAG_ERROR, policy->path, 0, 0, NULL,
			 "tenants have %zu pairs of place and prefix; at most %u", cnt,
			 MODEL_SEATS_MAX);
		return;
	}
	seats = calloc(cnt, sizeof(*seats));
	if (!seats) {
		r->out_of_memory = true;
		return;
	}
	cnt = 0;
	for (size_t t = 1; t < policy->tenant_cnt; t++) {
		const struct model_tenant *tenant = &policy->tenants[t];

		for (size_t a = 0; a < tenant->attach_cnt; a++)
			for (size_t p = 0; p < tenant->prefix_cnt; p++)
				seats[cnt++] = (struct seat){ &tenant->attaches[a], tenant,
							      tenant->prefixes[p] };
	}
	qsort(seats, cnt, sizeof(*seats), seat_compare);
	overlaps_find(r, seats, cnt);
	free(seats);
}

static bool attach_is(const struct model_attach *a, uint16_t port, const struct model_attach *b)
{
	return a->port_id == port && a->vlan == b->vlan && a->outer == b->outer;
}

/* A body needs both sides, and a bridge carries its VLAN to the other port. */
static void tenant_places(struct reader *r, const struct model_tenant *tenant)
{
	bool side[2] = { false, false };

	for (size_t i = 0; i < tenant->attach_cnt; i++) {
		const struct model_attach *attach = &tenant->attaches[i];
		const struct model_port *port = policy_port_id(r->policy, attach->port_id);
		bool there = !port || !port->bridge || !port->peer_id;

		if (port)
			side[port->outside] = true;
		for (size_t j = 0; j < tenant->attach_cnt; j++) {
			if (!there)
				there = attach_is(&tenant->attaches[j], port->peer_id, attach);
			if (j < i && attach_is(&tenant->attaches[j], attach->port_id, attach))
				twice(r, &attach->place, &tenant->attaches[j].place, "attach of",
				      tenant->name ? tenant->name : "a tenant");
			if (tenant->attach_cnt > 256)
				break;
		}
		if (!there)
			say(r, DIAG_WARNING, &attach->place,
			    "attach the same VLAN on the peer port as well",
			    "frames of this VLAN leave by the peer port, where no one takes the answers");
	}
	if (tenant->attach_cnt && !(side[0] && side[1]))
		say(r, DIAG_WARNING, &tenant->place, "attach it on an inside and an outside port",
		    side[0] ? "a tenant without a place outside receives nothing"
			    : "a tenant without a place inside sends nothing");
	if (tenant->attach_cnt > 256)
		say(r, DIAG_ERROR, &tenant->place, NULL, "a tenant with more than 256 places");
}

static void quotas_check(struct reader *r)
{
	const struct policy *policy = r->policy;
	uint64_t sum = 0;

	for (size_t i = 1; i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];
		bool before = sum > SEK_FLOWS_DEFAULT;

		sum += tenant->limits.flows_max;
		if (sum > SEK_FLOWS_DEFAULT && !before)
			diag_add(r->diag, DIAG_ERROR, tenant->place.file, tenant->place.line,
				 tenant->place.column, "lower quota: {flows: …}",
				 "with this tenant's %u the quotas of flows add up to %llu; the table "
				 "holds %d",
				 tenant->limits.flows_max, (unsigned long long)sum,
				 SEK_FLOWS_DEFAULT);
	}
}

void policy_check(struct reader *r)
{
	struct policy *policy = r->policy;

	if (!r->versioned)
		diag_add(r->diag, DIAG_ERROR, policy->path, 1, 1, "begin with version: 1",
			 "\"version\" is missing");
	if (!policy->port_cnt)
		diag_add(r->diag, DIAG_ERROR, policy->path, 1, 1,
			 "name them in a section ports:", "a gateway needs ports");
	if (policy->tenant_cnt < 2)
		diag_add(r->diag, DIAG_WARNING, policy->path, 0, 0, NULL,
			 "no tenants: nothing will pass");
	ports_unique(r);
	lists_unique(r);
	tenants_unique(r);
	for (size_t i = 0; i < policy->port_cnt; i++)
		peer_check(r, &policy->ports[i]);
	seats_check(r);
	for (size_t i = 1; i < policy->tenant_cnt; i++)
		tenant_places(r, &policy->tenants[i]);
	quotas_check(r);
	names_check(r);
	names_warn(r);
}
