/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule's head and its flow keyword ask of a packet. Called for each rule that was collected:
 * the cheapest first, and addresses once a packet, however many rules share them.
 */
#include <netinet/in.h>

#include "detect/addresses.h"
#include "detect/asking.h"
#include "inspect/tcp.h"

/* number 0: any. */
static bool set_holds(struct detect *detect, uint64_t *holds, uint32_t number,
		      const struct sek_addr *addr)
{
	uint64_t asked = detect->packets << 2 | 2;

	if (!number)
		return true;
	if ((holds[number] | 1) != (asked | 1))
		holds[number] = asked | address_set_holds(detect->sets[number], addr);
	return holds[number] & 1;
}

/* Of a rule of addresses alone, whose sets are in no table: number 0 is its own. */
static bool end_holds(const struct detect *detect, uint32_t number, const struct address_set *own,
		      const struct sek_addr *addr)
{
	return address_set_holds(number ? detect->sets[number] : own, addr);
}

/* turned: of a rule with <>, whose right side may be the sender as well. */
static bool addresses_hold(struct detect *detect, const struct asked *asked,
			   const struct packet *packet, bool turned)
{
	const struct signature *s = asked->signature;
	uint32_t src = turned ? asked->dst : asked->src, dst = turned ? asked->src : asked->dst;

	if (!port_set_holds(turned ? &s->dport : &s->sport, packet->sport) ||
	    !port_set_holds(turned ? &s->sport : &s->dport, packet->dport))
		return false;
	if (asked->traits & TRAIT_IP_ONLY)
		return end_holds(detect, src, turned ? &s->dst : &s->src, &packet->src) &&
		       end_holds(detect, dst, turned ? &s->src : &s->dst, &packet->dst);
	return set_holds(detect, detect->scratch->src_holds, src, &packet->src) &&
	       set_holds(detect, detect->scratch->dst_holds, dst, &packet->dst);
}

static bool ports_are_alike(const struct port_set *a, const struct port_set *b)
{
	return a->is_any == b->is_any && a->cnt == b->cnt &&
	       (!a->cnt || memcmp(a->range, b->range, a->cnt * sizeof(*a->range)) == 0);
}

bool rule_holds_twice(struct detect *detect, const struct asked *asked)
{
	const struct signature *s = asked->signature;

	return s->both_ways &&
	       (s->src.text != s->dst.text || !ports_are_alike(&s->sport, &s->dport)) &&
	       addresses_hold(detect, asked, detect->match.packet, false) &&
	       addresses_hold(detect, asked, detect->match.packet, true);
}

/* What ends a flow has no header, and its flow's ports. */
static bool has_ports(const struct packet *packet)
{
	return (packet->proto == 6 || packet->proto == 17 || packet->proto == 132) &&
	       (packet->l4.len || packet->is_pseudo) && !packet->fragment_offset;
}

static bool flow_holds(uint32_t traits, const struct packet *packet)
{
	if (!packet->flow)
		return !(traits & (TRAIT_FLOW | TRAIT_CLIENT | TRAIT_SERVER));
	if ((traits & TRAIT_CLIENT && packet->side != FROM_CLIENT) ||
	    (traits & TRAIT_SERVER && packet->side != FROM_SERVER))
		return false;
	if (!(traits & (TRAIT_ESTABLISHED | TRAIT_NOT_ESTABLISHED)))
		return true;
	return traits & TRAIT_ESTABLISHED ? packet->is_established : !packet->is_established;
}

/* A transaction may be of the protocol that its session was before. */
static enum proto_id proto_asked(const struct match *match)
{
	return match->tx ? match->tx->proto : match->packet->flow->session.proto;
}

bool packet_is_read(const struct packet *packet)
{
	const struct tcp_session *tcp = packet->flow->tcp;

	return packet->proto != IPPROTO_TCP || packet->is_established ||
	       (tcp && tcp->settings->stream.is_inline);
}

static bool range_holds(struct port_range range, uint16_t port)
{
	return port >= range.from && port <= range.to;
}

bool rule_first_look(const struct asked *asked, const struct match *match)
{
	const struct packet *packet = match->packet;

	if (!(asked->transports >> transport_of(packet->proto) & 1))
		return false;
	if (asked->apps && !(packet->flow && asked->apps >> proto_asked(match) & 1))
		return false;
	return asked->both_ways || !(asked->traits & TRAIT_PORTS) ||
	       (range_holds(asked->sport, packet->sport) && range_holds(asked->dport, packet->dport));
}

bool rule_header_holds(struct detect *detect, const struct asked *asked)
{
	const struct packet *packet = detect->match.packet;
	const struct signature *s = asked->signature;

	if (!flow_holds(asked->traits, packet) ||
	    (detect->tenant && !tenant_asks(detect->tenant, s->number)))
		return false;
	if (!packet->family)
		return s->decode_event || s->any_packet;
	if (!rule_first_look(asked, &detect->match))
		return false;
	if (!(s->protos[packet->proto >> 6] >> (packet->proto & 63) & 1) ||
	    (s->family && s->family != packet->family))
		return false;
	if (asked->traits & TRAIT_PORTS && !has_ports(packet))
		return false;
	if ((s->only_frags && !packet->is_fragment && !packet->is_rebuilt) ||
	    (s->no_frags && (packet->is_fragment || packet->is_rebuilt)))
		return false;
	if (s->apps && !(packet->flow && s->apps >> proto_asked(&detect->match) & 1 &&
			 (packet->is_established || packet->proto != IPPROTO_TCP ||
			  (s->layer == RULE_OF_TX && packet_is_read(packet)))))
		return false;
	return addresses_hold(detect, asked, packet, false) ||
	       (s->both_ways && addresses_hold(detect, asked, packet, true));
}
