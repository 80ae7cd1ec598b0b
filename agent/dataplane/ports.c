/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Level, not edge: every notice leads to one look at all interfaces, and what differs from the wish
 * is put right. Called by agent.c; runs in the loop's thread.
 */
#include "dataplane/ports.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "dataplane/attach.h"
#include "dataplane/device.h"
#include "dataplane/egress.h"
#include "dataplane/links.h"
#include "text/counted.h"

#define LOOK_PERIOD_MS 5000 /* also without a notice */
#define AGAIN_MS_MOST 300000 /* after refusals, until something changes */
#define LOOK_GAP_NS 20000000 /* a flapping interface costs at most 50 looks a second */

struct port_state {
	uint16_t id;
	struct attachment at;
	char interface[IFNAMSIZ];
	uint32_t tx_ifindex; /* what sek_out has */
	bool tx_from_xdp; /* and sek_tx */
	uint32_t reset_ifindex; /* what sek_reset has, */
	bool reset_told; /* since this run began */
	uint32_t mtu;
	bool vlan_blind, filter_told, absent_told;
	char trouble[256]; /* why it does not serve; "" nothing */
	struct refusal {
		uint32_t cnt; /* one after the other */
		uint32_t ifindex, occupant, mtu; /* what was met at the last */
		uint64_t again_ns;
	} refused;
	struct egress_watch egress;
};

struct ports {
	struct gate *gate;
	const char *pin_dir;
	struct links *links;
	struct source *later;
	const struct policy *policy;
	struct port_state state[SEK_PORTS_MAX]; /* by port id */
	struct sek_link *known; /* by ifindex: what sek_link has */
	uint64_t looked_ns;
};

static struct port_state *state_of(struct ports *ports, const struct model_port *port)
{
	return &ports->state[port->id < SEK_PORTS_MAX ? port->id : 0];
}

static void trouble_say(struct port_state *s, const struct diag *diag)
{
	const char *text = diag->cnt ? diag->entries[diag->cnt - 1].text : "";

	/* Said once, not at every look. */
	if (strcmp(s->trouble, text) == 0)
		return;
	snprintf(s->trouble, sizeof(s->trouble), "%s", text);
	log_diag("ports", diag);
}

/* The interface of a port: by name; a renamed one is still served, by its number. */
static const struct link_info *port_link(struct ports *ports, const struct model_port *port,
					 const struct link_info *list, size_t cnt)
{
	struct port_state *s = state_of(ports, port);
	const struct link_info *link = link_by_name(list, cnt, port->interface);
	uint32_t ifindex = s->at.ifindex;

	if (link)
		return link;
	if (!ifindex)
		ifindex = attach_pinned_ifindex(ports->pin_dir, port->name);
	link = ifindex ? link_by_index(list, cnt, ifindex) : NULL;
	if (link && strcmp(s->interface, link->name) != 0)
		log_warn("port %s: its interface %s was renamed to %s and is served on; write "
			 "interface: %s into the policy before the next start of this machine",
			 port->name, port->interface, link->name, link->name);
	return link;
}

static void port_drop(struct ports *ports, const char *name, struct port_state *s)
{
	if (s->at.ifindex)
		attach_end(ports->pin_dir, name, &s->at);
	if (s->tx_ifindex)
		gate_tx_set(ports->gate, s->id, 0, true);
	if (s->reset_ifindex)
		gate_reset_set(ports->gate, s->id, 0);
	s->at = (struct attachment){ .link_fd = -1 };
	s->tx_ifindex = 0;
	s->reset_ifindex = 0;
	s->mtu = 0;
	s->interface[0] = 0;
}

/* The flag in the live generation; install wrote it, only this bit follows the device. */
static void blind_store(struct ports *ports, const struct model_port *port, bool blind)
{
	uint32_t generation = gate_generation(ports->gate);
	struct sek_port value;
	int err;

	if (gate_entry_get(ports->gate, "sek_port", generation, port->id, &value) ||
	    !(value.flags & SEK_PORT_VLAN_BLIND) == !blind)
		return;
	value.flags ^= SEK_PORT_VLAN_BLIND;
	err = gate_entry_set(ports->gate, "sek_port", generation, port->id, &value);
	if (err)
		log_error("port %s: sek_port cannot be written: %s", port->name, strerror(-err));
}

/* A port that serves by TC, or will: tags and merged frames are no trouble to it. */
static enum device_need device_need(const struct model_port *port, bool by_tc)
{
	return port->mode == MODE_TC || by_tc ? DEVICE_FOR_TC : DEVICE_FOR_XDP;
}

/* Sets the device; whether it hides VLAN tags from XDP all the same. */
static bool port_tune(struct ports *ports, const struct model_port *port, const char *interface)
{
	struct port_state *s = state_of(ports, port);
	struct device_vlan vlan = {};
	int err = device_vlan_see(interface, device_need(port, s->at.hook == HOOK_TC), &vlan);

	if (err && err != -EOPNOTSUPP && err != -ENODEV)
		log_warn("port %s: the features of %s cannot be read: %s", port->name, interface,
			 strerror(-err));
	if (vlan.changed && !vlan.blind)
		log_warn("port %s: an offload that hides or drops VLAN tags was on at %s and is "
			 "switched off",
			 port->name, interface);
	if (vlan.filter && !s->filter_told)
		log_warn("port %s: %s filters VLANs in hardware (rx-vlan-filter) and does not stop; "
			 "VLANs it was not told of may be lost",
			 port->name, interface);
	s->filter_told = vlan.filter;
	if (port->bridge) {
		err = device_promisc(interface, true);
		if (err && err != -ENODEV)
			log_warn("port %s: %s cannot be made promiscuous: %s; frames for other stations may "
				 "be lost",
				 port->name, interface, strerror(-err));
	}
	return vlan.blind;
}

/* Tells the program, and once the operator, that VLAN tenants cannot be told apart here, or can again. */
static void port_blind(struct ports *ports, const struct model_port *port, const char *interface,
		       bool blind)
{
	struct port_state *s = state_of(ports, port);

	if (blind != s->vlan_blind)
		log_write(blind ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
			  blind ? "port %s: %s takes VLAN tags away (rx-vlan-hw-parse) and cannot be "
				  "stopped; its VLAN tenants are refused (hook: tc would serve them)"
				: "port %s: %s leaves VLAN tags alone again; its VLAN tenants are "
				  "served",
			  port->name, interface);
	s->vlan_blind = blind;
	blind_store(ports, port, blind);
}

/* A port whose MTU came down may fit the driver now. */
static bool worth_again(const struct port_state *s, const struct model_port *port,
			const struct link_info *link)
{
	return (s->at.hook == HOOK_GENERIC || s->at.hook == HOOK_TC) && port->mode == MODE_AUTO &&
	       link->mtu < s->mtu;
}

static const char *const hooks[] = {
	[HOOK_NONE] = "nothing",
	[HOOK_XDP] = "native XDP",
	[HOOK_GENERIC] = "generic XDP",
	[HOOK_TC] = "TC",
	[HOOK_DISPATCHER] = "XDP beside others by libxdp's dispatcher",
};

/*
 * Joining a dispatcher loads a program of our size for the verifier, and its notices wake us: what is refused
 * is tried again at once where something has changed, else with longer and longer waits.
 */
static bool is_too_early(const struct port_state *s, const struct link_info *link)
{
	const struct refusal *r = &s->refused;

	return r->cnt && clock_mono_ns() < r->again_ns && r->ifindex == link->ifindex &&
	       r->mtu == link->mtu && r->occupant == attach_occupant(link->ifindex);
}

static void refusal_note(struct port_state *s, const struct link_info *link)
{
	struct refusal *r = &s->refused;

	r->cnt++;
	r->ifindex = link->ifindex;
	r->mtu = link->mtu;
	r->occupant = attach_occupant(link->ifindex);
	r->again_ns = clock_mono_ns() +
		      (uint64_t)backoff_wait(r->cnt, LOOK_PERIOD_MS, AGAIN_MS_MOST) * 1000000;
}

static void port_attach(struct ports *ports, const struct model_port *port,
			const struct link_info *link, bool tags_hidden)
{
	const struct attach_place place = { .gate = ports->gate,
					    .pin_dir = ports->pin_dir,
					    .interface = link->name,
					    .ifindex = link->ifindex,
					    .mtu = link->mtu,
					    .tags_hidden = tags_hidden };
	struct port_state *s = state_of(ports, port);
	struct diag diag;
	int err;

	diag_init(&diag);
	err = attach_port(&place, port, &s->at, &diag);
	if (err) {
		trouble_say(s, &diag);
		refusal_note(s, link);
	} else {
		log_diag("ports", &diag);
		s->trouble[0] = 0;
		s->refused.cnt = 0;
		log_info("port %s: %s %s (number %u, MTU %u), %s", port->name,
			 s->at.adopted ? "adopted on" : "attached to", link->name, link->ifindex,
			 link->mtu, hooks[s->at.hook]);
	}
	diag_free(&diag);
}

static void port_serve(struct ports *ports, const struct model_port *port,
		       const struct link_info *list, size_t cnt)
{
	struct port_state *s = state_of(ports, port);
	const struct link_info *link = port_link(ports, port, list, cnt);
	bool blind;

	s->id = port->id;
	if (!link) {
		if (s->at.ifindex || !s->absent_told)
			log_warn("port %s: there is no interface %s; it is served as soon as it comes",
				 port->name, port->interface);
		s->absent_told = true;
		snprintf(s->trouble, sizeof(s->trouble), "no interface %s", port->interface);
		port_drop(ports, port->name, s);
		return;
	}
	s->absent_told = false;
	if (s->at.ifindex &&
	    (s->at.ifindex != link->ifindex || !attach_alive(&s->at) || worth_again(s, port, link)))
		port_drop(ports, port->name, s);
	blind = port_tune(ports, port, link->name);
	if (!s->at.ifindex && !is_too_early(s, link))
		port_attach(ports, port, link, blind);
	port_blind(ports, port, link->name, blind && s->at.hook != HOOK_TC);
	snprintf(s->interface, sizeof(s->interface), "%s", link->name);
	if (s->mtu && s->mtu != link->mtu)
		log_info("port %s: the MTU of %s is now %u (was %u)", port->name, link->name,
			 link->mtu, s->mtu);
	s->mtu = link->mtu;
}

static bool in_driver(const struct port_state *s)
{
	return s->at.hook == HOOK_XDP || s->at.hook == HOOK_DISPATCHER;
}

/*
 * A device whose driver has no XDP takes no frames from one that has: where there are both, ports by
 * XDP hand over, generic ones if there is another to hand to. Whether they do; if some cannot, it is
 * said why, and none does.
 */
static bool ports_hand_over(struct ports *ports, const struct link_info *list, size_t cnt)
{
	uint32_t drivers = 0, others = 0;
	bool wanted, able = true;
	struct diag diag;

	for (size_t i = 0; i < SEK_PORTS_MAX; i++) {
		drivers += in_driver(&ports->state[i]);
		others += ports->state[i].at.ifindex && !in_driver(&ports->state[i]);
	}
	wanted = drivers && others;

	for (size_t i = 0; i < ports->policy->port_cnt; i++) {
		const struct model_port *port = &ports->policy->ports[i];
		struct port_state *s = state_of(ports, port);
		const struct link_info *link = link_by_index(list, cnt, s->at.ifindex);
		const struct attach_place place = { .gate = ports->gate,
						    .pin_dir = ports->pin_dir,
						    .interface = s->interface,
						    .ifindex = s->at.ifindex };

		if (!link || s->at.hook == HOOK_TC)
			continue;
		diag_init(&diag);
		if (attach_handover(&place, port, &s->at, wanted && (in_driver(s) || others > 1),
				    &diag)) {
			trouble_say(s, &diag);
			able = false;
		}
		diag_free(&diag);
	}
	return wanted && able;
}

/* The way out by a port that is attached. */
static void port_way(struct ports *ports, struct port_state *s, const char *name, bool from_xdp)
{
	int err;

	if (!s->at.ifindex || (s->tx_ifindex == s->at.ifindex && s->tx_from_xdp == from_xdp))
		return;
	err = gate_tx_set(ports->gate, s->id, s->at.ifindex, from_xdp);
	if (err) {
		log_error("port %s: %s cannot be its way out: %s", name, s->interface,
			  strerror(-err));
		return;
	}
	s->tx_ifindex = s->at.ifindex;
	s->tx_from_xdp = from_xdp;
}

/* Resets for both ends of a connection leave by ports whose frames are their drivers'. */
static void port_resets(struct ports *ports, struct port_state *s, const char *name)
{
	uint32_t ifindex = in_driver(s) ? s->at.ifindex : 0;
	int err;

	if (s->reset_told && s->reset_ifindex == ifindex)
		return;
	err = gate_reset_set(ports->gate, s->id, ifindex);
	if (err) {
		log_error("port %s: %s takes no resets that another port shares: %s", name,
			  s->interface, strerror(-err));
		return;
	}
	s->reset_told = true;
	s->reset_ifindex = ifindex;
}

/* What an interface is: a port itself, or a VLAN device (of a VLAN device) on one. */
static struct sek_link link_meaning(const struct ports *ports, const struct link_info *info,
				    const struct link_info *list, size_t cnt)
{
	struct sek_link meaning = { .mtu = (uint16_t)(info->mtu > 65535 ? 65535 : info->mtu) };
	const struct link_info *at = info;

	/* At most two tags: an inner one at the device itself, an outer one below it. */
	for (int depth = 0; at && at->parent && depth < 2; depth++) {
		if (depth == 0)
			meaning.vlan = at->vlan;
		else
			meaning.outer = at->vlan;
		at = link_by_index(list, cnt, at->parent);
	}
	if (!at || at->parent)
		return (struct sek_link){};
	for (size_t id = 1; id < SEK_PORTS_MAX; id++)
		if (ports->state[id].at.ifindex == at->ifindex)
			meaning.port = (uint16_t)id;
	return meaning.port ? meaning : (struct sek_link){};
}

static void links_store(struct ports *ports, const struct link_info *list, size_t cnt)
{
	struct sek_link *wish = calloc(SEK_IFINDEX_MAX, sizeof(*wish));

	if (!wish) {
		log_error("ports: no memory for the table of interfaces");
		return;
	}
	for (size_t i = 0; i < cnt; i++) {
		struct sek_link meaning = link_meaning(ports, &list[i], list, cnt);

		if (list[i].ifindex < SEK_IFINDEX_MAX)
			wish[list[i].ifindex] = meaning;
		else if (meaning.port)
			log_error("interface %s has number %u; a gateway knows numbers below %u: it is "
				  "not served",
				  list[i].name, list[i].ifindex, SEK_IFINDEX_MAX);
	}
	for (uint32_t i = 0; i < SEK_IFINDEX_MAX; i++) {
		int err;

		if (!memcmp(&wish[i], &ports->known[i], sizeof(*wish)))
			continue;
		err = gate_link_set(ports->gate, i, &wish[i]);
		if (err)
			log_error("interface %u: sek_link cannot be written: %s", i, strerror(-err));
		else
			ports->known[i] = wish[i];
	}
	free(wish);
}

static void ports_look(struct ports *ports)
{
	struct link_info *list;
	bool handed;
	size_t cnt;
	int err;

	if (!ports->policy)
		return;
	err = links_list(ports->links, &list, &cnt);
	if (err) {
		log_error("ports: interfaces cannot be listed: %s", strerror(-err));
		return;
	}
	for (size_t i = 0; i < ports->policy->port_cnt; i++)
		port_serve(ports, &ports->policy->ports[i], list, cnt);
	handed = ports_hand_over(ports, list, cnt);
	for (size_t i = 0; i < ports->policy->port_cnt; i++) {
		struct port_state *s = state_of(ports, &ports->policy->ports[i]);

		port_way(ports, s, ports->policy->ports[i].name, in_driver(s) || !handed);
		port_resets(ports, s, ports->policy->ports[i].name);
	}
	links_store(ports, list, cnt);
	for (size_t i = 0; i < ports->policy->port_cnt; i++) {
		const struct model_port *port = &ports->policy->ports[i];
		struct port_state *s = state_of(ports, port);
		const struct link_info *link = link_by_index(list, cnt, s->at.ifindex);

		if (link)
			egress_look(&s->egress, ports->gate, ports->policy, port, link);
	}
	free(list);
	ports->looked_ns = clock_mono_ns();
}

static void look_changed(void *arg)
{
	struct ports *ports = arg;

	if (clock_mono_ns() - ports->looked_ns >= LOOK_GAP_NS)
		ports_look(ports);
	else
		source_arm(ports->later, LOOK_GAP_NS / 1000000, LOOK_PERIOD_MS);
}

static void look_due(void *arg)
{
	ports_look(arg);
}

/* A former run's entries: interfaces may have got other numbers since. */
static int known_read(struct ports *ports)
{
	uint32_t behind, cnt = SEK_IFINDEX_MAX, *keys = calloc(cnt, sizeof(*keys));
	int err;

	if (!keys)
		return -ENOMEM;
	err = bpf_map_lookup_batch(gate_map_fd(ports->gate, "sek_link"), NULL, &behind, keys,
				   ports->known, &cnt, NULL);
	free(keys);
	return err == -ENOENT ? 0 : err; /* the end */
}

int ports_new(struct loop *loop, struct gate *gate, const char *pin_dir, struct ports **ret_ports)
{
	struct ports *ports = calloc(1, sizeof(*ports));
	int err = -ENOMEM;

	if (!ports)
		return err;
	ports->gate = gate;
	ports->pin_dir = pin_dir;
	for (size_t i = 0; i < SEK_PORTS_MAX; i++)
		ports->state[i].at.link_fd = -1;
	ports->known = calloc(SEK_IFINDEX_MAX, sizeof(*ports->known));
	if (!ports->known)
		goto failed;
	err = known_read(ports);
	if (err)
		goto failed;
	err = links_new(loop, look_changed, ports, &ports->links);
	if (err)
		goto failed;
	err = loop_timer(loop, LOOK_PERIOD_MS, LOOK_PERIOD_MS, look_due, ports, &ports->later);
	if (err)
		goto failed;
	*ret_ports = ports;
	return 0;
failed:
	ports_free(ports);
	return err;
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	source_remove(ports->later);
	links_free(ports->links);
	for (size_t i = 0; i < SEK_PORTS_MAX; i++)
		attach_leave(&ports->state[i].at);
	free(ports->known);
	free(ports);
}

uint32_t ports_by_tc(const struct ports *ports)
{
	uint32_t mask = 0;

	for (size_t i = 0; ports && i < SEK_PORTS_MAX; i++)
		if (ports->state[i].at.hook == HOOK_TC)
			mask |= 1u << i;
	return mask;
}

void ports_mark(const struct policy *policy, uint32_t tc_ports, struct image *image)
{
	for (size_t i = 0; i < policy->port_cnt; i++) {
		const struct model_port *port = &policy->ports[i];
		enum device_need need = device_need(port, tc_ports >> (port->id & 31) & 1);
		struct device_vlan vlan;

		if (!device_vlan_see(port->interface, need, &vlan) && vlan.blind)
			image->ports[policy->ports[i].id].flags |= SEK_PORT_VLAN_BLIND;
	}
}

static bool pin_wanted(const char *file, void *arg)
{
	const struct policy *policy = arg;

	for (size_t i = 0; i < policy->port_cnt; i++) {
		char name[256];

		attach_pin_name(policy->ports[i].name, name, sizeof(name));
		if (strcmp(file, name) == 0)
			return true;
	}
	return false;
}

/* Ports that the former policy had and this one has not, or has under another number. */
static void ports_retire(struct ports *ports, const struct policy *policy)
{
	for (size_t i = 0; ports->policy && i < ports->policy->port_cnt; i++) {
		const struct model_port *was = &ports->policy->ports[i];
		const struct model_port *now = policy_port(policy, was->name);
		struct port_state *s = state_of(ports, was);

		if (now && now->id == was->id && strcmp(now->interface, was->interface) == 0 &&
		    now->mode == was->mode)
			continue;
		log_info("port %s: no longer in the policy as it was, taken down", was->name);
		if (was->bridge && s->interface[0] && !now)
			device_promisc(s->interface, false);
		port_drop(ports, was->name, s);
		*s = (struct port_state){ .at.link_fd = -1 };
	}
}

void ports_follow(struct ports *ports, const struct policy *policy)
{
	int removed;

	ports_retire(ports, policy);
	removed = attach_prune(ports->pin_dir, pin_wanted, (void *)policy);
	if (removed)
		log_info("ports: %s of ports that are not in the policy removed",
			 COUNTED(removed, "link"));
	ports->policy = policy;
	ports_look(ports);
}

static const struct model_port *port_named(const struct ports *ports, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "port"));

	return name && ports->policy ? policy_port(ports->policy, name) : NULL;
}

void ports_describe(const struct ports *ports, json_t *array)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		const struct model_port *port = port_named(ports, item);
		const struct port_state *s;

		if (!port)
			continue;
		s = &ports->state[port->id];
		json_object_set_new(item, "interface",
				    json_string(s->interface[0] ? s->interface : port->interface));
		json_object_set_new(item, "hook", json_string(hook_name(s->at.hook)));
		json_object_set_new(item, "state",
				    json_string(s->at.ifindex ? "attached" : "absent"));
		json_object_set_new(item, "adopted", json_boolean(s->at.adopted));
		json_object_set_new(item, "vlan_blind", json_boolean(s->vlan_blind));
		json_object_set_new(item, "refusals", json_integer(s->refused.cnt));
		json_object_set_new(item, "problem",
				    json_string(s->trouble[0]	? s->trouble
						: s->vlan_blind ? "takes VLAN tags away"
								: s->egress.trouble));
	}
}

uint32_t ports_interface(const struct ports *ports, uint16_t port, char *ret_name)
{
	const struct port_state *s = &ports->state[port < SEK_PORTS_MAX ? port : 0];

	if (!s->tx_ifindex || !s->interface[0])
		return 0;
	memcpy(ret_name, s->interface, IFNAMSIZ);
	return s->tx_ifindex;
}

void ports_count(const struct ports *ports, uint32_t *ret_attached, uint32_t *ret_all)
{
	uint32_t attached = 0;

	for (size_t i = 1; i < SEK_PORTS_MAX; i++)
		attached += ports->state[i].at.ifindex != 0;
	*ret_attached = attached;
	*ret_all = ports->policy ? (uint32_t)ports->policy->port_cnt : 0;
}
