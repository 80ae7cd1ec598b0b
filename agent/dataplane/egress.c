/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of ways out. Called by dataplane/ports at each look; keeps its figures in the port.
 */
#include "dataplane/egress.h"

#include <string.h>

#include "base/log.h"
#include "dataplane/counters.h"
#include "dataplane/device.h"

#define COMPARE_NS 4500000000ULL
#define FEWEST 3 /* packets that say something */

static const uint8_t forwards[] = {
#define ROW_forward(number) number,
#define ROW_stack(number)
#define ROW_drop(number)
#define ROW_bug(number)
#define SEK_REASON(number, name, verdict, en, ja) ROW_##verdict(number)
#include "sekisho/reasons.def"
#undef SEK_REASON
};

static uint64_t port_forwarded(const struct gate *gate, uint16_t port)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(forwards); i++) {
		struct sek_count cell;

		if (!counter_read(gate, "sek_port_count", port_count_index(port, forwards[i]), &cell))
			sum += cell.packets;
	}
	return sum;
}

static uint64_t tenant_forwarded(const struct gate *gate, uint16_t tenant, enum sek_dir dir)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(forwards); i++) {
		struct sek_count cell;

		if (!counter_read(gate, "sek_count", count_index(tenant, dir, forwards[i]), &cell))
			sum += cell.packets;
	}
	return sum;
}

static bool only_outside(const struct policy *policy, const struct model_port *port)
{
	for (size_t i = 0; i < policy->port_cnt; i++)
		if (policy->ports[i].outside && policy->ports[i].id != port->id)
			return false;
	return true;
}

/* Is this the one inside port of the tenant? */
static bool only_home(const struct policy *policy, const struct model_tenant *tenant, uint16_t port)
{
	bool here = false;

	for (size_t i = 0; i < tenant->attach_cnt; i++) {
		const struct model_port *at = policy_port_id(policy, tenant->attaches[i].port_id);

		if (!at || at->outside)
			continue;
		if (at->id != port)
			return false;
		here = true;
	}
	return here;
}

/* Packets that our program gave to this port; false when that cannot be told. */
static bool redirected(const struct gate *gate, const struct policy *policy,
		       const struct model_port *port, uint64_t *ret_packets)
{
	uint64_t sum = 0;
	bool known = false;

	if (port->bridge) {
		*ret_packets = port_forwarded(gate, port->peer_id);
		return true;
	}
	if (port->outside && !only_outside(policy, port))
		return false;
	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];

		if (!tenant->id || (!port->outside && !only_home(policy, tenant, port->id)))
			continue;
		sum += tenant_forwarded(gate, tenant->id, port->outside ? SEK_OUT : SEK_IN);
		known = true;
	}
	*ret_packets = sum;
	return known;
}

void egress_look(struct egress_watch *w, const struct gate *gate, const struct policy *policy,
		 const struct model_port *port, const struct link_info *link)
{
	uint64_t now = clock_mono_ns(), sent, left, sent_new;

	if (w->started && now < w->due_ns)
		return;
	if (!redirected(gate, policy, port, &sent))
		return;
	left = link->tx_packets + device_xdp_sent(link->name);
	sent_new = sent - w->sent;
	if (w->started && sent >= w->sent && sent_new >= FEWEST && left == w->left) {
		if (!w->trouble[0])
			log_warn("port %s: %llu packets were redirected to %s in 5 s and its far "
				 "end got 0; a veth peer needs GRO on or an XDP program "
				 "(ethtool -K PEER gro on), another device a driver that sends for XDP",
				 port->name, (unsigned long long)sent_new, link->name);
		snprintf(w->trouble, sizeof(w->trouble),
			 "redirected %llu, far end got 0: it needs GRO or an XDP program",
			 (unsigned long long)sent_new);
	} else if (left != w->left && w->trouble[0]) {
		log_info("port %s: packets leave by %s again", port->name, link->name);
		w->trouble[0] = 0;
	}
	w->started = true;
	w->due_ns = now + COMPARE_NS;
	w->sent = sent;
	w->left = left;
}
