// SPDX-License-Identifier: Apache-2.0
/*
 * Conversations of TCP, UDP and ICMP echo, both families, opened from either side.
 */
#include "soak/talk.h"

#include <stdio.h>

#define PATIENCE_NS 2000000000ull /* then a step is lost and sent again */
#define ROUNDS 10 /* of question and answer in a short talk */

struct body {
	const char *name;
	uint16_t tenant, vlan, outer;
	const char *net4, *net6; /* 16 and 48 bits */
};

/* Two have the same private addresses behind two VLANs. */
static const struct body bodies[] = {
	{ "north", 1, 101, 0, "10.1", "2001:db8:101" },
	{ "south", 2, 102, 0, "10.1", "2001:db8:102" },
	{ "east", 3, 103, 200, "10.3", "2001:db8:103" },
};
#define BODIES (sizeof(bodies) / sizeof(bodies[0]))

/* One step; by the opener or its peer. */
struct act {
	bool peer;
	uint8_t flags;
	uint16_t payload;
};

#define TCP_ROUND 3 /* the steps of a round begin here */
#define TCP_END 6
static const struct act tcp_acts[] = {
	{ false, TCP_SYN, 0 },
	{ true, TCP_SYN | TCP_ACK, 0 },
	{ false, TCP_ACK, 0 },
	{ false, TCP_ACK | TCP_PSH, 120 },
	{ true, TCP_ACK | TCP_PSH, 600 },
	{ false, TCP_ACK, 0 },
	{ false, TCP_FIN | TCP_ACK, 0 },
	{ true, TCP_FIN | TCP_ACK, 0 },
	{ false, TCP_ACK, 0 },
};
#define TCP_ACTS (sizeof(tcp_acts) / sizeof(tcp_acts[0]))
static const struct act pair_acts[] = { { false, 0, 100 }, { true, 0, 300 } };

const char *body_name(unsigned int tenant)
{
	return tenant && tenant <= BODIES ? bodies[tenant - 1].name : tenant == 4 ? "swing" : NULL;
}

static bool is_tcp(const struct talk *talk)
{
	return talk->kind == TALK_TCP_LONG || talk->kind == TALK_TCP_SHORT;
}

static const struct act *act_of(const struct talk *talk)
{
	return is_tcp(talk) ? &tcp_acts[talk->step] : &pair_acts[talk->step];
}

enum soak_side talk_side(const struct talk *talk)
{
	return talk->from_in == act_of(talk)->peer ? SOAK_LAN : SOAK_WAN;
}

/* Begins once more, by another port of the opener. */
static void talk_again(struct talk *talk)
{
	uint16_t *port = talk->from_in ? &talk->far_port : &talk->near_port;

	*port = *port == 65535 ? 1024 : *port + 1;
	talk->step = 0;
	talk->round = 0;
	talk->fresh = true;
	talk->seq[0] = (uint32_t)*port * 77777;
	talk->seq[1] = (uint32_t)*port * 99991;
}

static enum talk_kind kind_of(unsigned int index)
{
	static const enum talk_kind kinds[] = {
		TALK_TCP_LONG, TALK_TCP_SHORT, TALK_TCP_LONG, TALK_UDP_LONG,  TALK_TCP_SHORT,
		TALK_TCP_LONG, TALK_ECHO,      TALK_TCP_LONG, TALK_UDP_SHORT, TALK_TCP_SHORT,
	};

	return kinds[index % (sizeof(kinds) / sizeof(kinds[0]))];
}

void talk_begin(struct talk *talk, unsigned int thread, unsigned int index, uint32_t salt)
{
	unsigned int host = 256 + thread * 4096 + index;

	*talk = (struct talk){
		.body = &bodies[index % BODIES],
		.kind = kind_of(index / BODIES),
		.six = index / BODIES / 10 % 3 == 2,
	};
	talk->from_in = is_tcp(talk) && index % 4 == 3;
	if (talk->six) {
		snprintf(talk->near, sizeof(talk->near), "%s::%x", talk->body->net6,
			 talk->from_in ? 0x80 : host);
		snprintf(talk->far, sizeof(talk->far), "2001:db8:ff::%x",
			 talk->from_in ? host : 0x80);
	} else {
		snprintf(talk->near, sizeof(talk->near), "%s.%u.%u", talk->body->net4,
			 talk->from_in ? 0 : host >> 8, talk->from_in ? 80 : host & 255);
		snprintf(talk->far, sizeof(talk->far), "198.51.%u.%u",
			 talk->from_in ? host >> 8 : 0, talk->from_in ? host & 255 : 80);
	}
	talk->near_port = talk->far_port = (uint16_t)(1024 + (salt + index * 7) % 60000);
	if (is_tcp(talk))
		*(talk->from_in ? &talk->near_port : &talk->far_port) = 80;
	else
		talk->far_port = 53;
	talk_again(talk);
}

/* The step that was sent last has come out. */
static void talk_advance(struct talk *talk)
{
	const struct act *act = act_of(talk);
	enum soak_side side = talk_side(talk);

	talk->fresh = false;
	talk->seq[side] += act->payload + !!(act->flags & (TCP_SYN | TCP_FIN));
	talk->step++;
	if (is_tcp(talk)) {
		if (talk->step == TCP_END && (talk->kind == TALK_TCP_LONG || ++talk->round < ROUNDS))
			talk->step = TCP_ROUND;
		if (talk->step == TCP_ACTS)
			talk_again(talk);
	} else if (talk->step == 2) {
		talk->step = 0;
		if (talk->kind == TALK_UDP_SHORT && ++talk->round == ROUNDS)
			talk_again(talk);
	}
}

bool talk_ready(struct talk *talk, const struct ledger *ledger, uint64_t now_ns)
{
	if (!talk->waiting)
		return true;
	if (ledger_seen(ledger, talk->number))
		talk_advance(talk);
	else if (now_ns - talk->sent_ns < PATIENCE_NS)
		return false;
	talk->waiting = false;
	return true;
}

/* A packet between the talk's ends, from a side. */
static struct pkt packet_from(const struct talk *talk, enum soak_side side)
{
	bool out = side == SOAK_LAN;

	return (struct pkt){
		.src = out ? talk->near : talk->far,
		.dst = out ? talk->far : talk->near,
		.sport = out ? talk->near_port : talk->far_port,
		.dport = out ? talk->far_port : talk->near_port,
		.vlan = talk->body->vlan,
		.outer = talk->body->outer,
		.proto = is_tcp(talk) ? IPPROTO_TCP : IPPROTO_UDP,
		.seq = talk->seq[side],
		.ack = talk->seq[!side],
		.scale = 0,
	};
}

static void make_echo(const struct talk *talk, bool reply, struct pkt *pkt)
{
	pkt->proto = talk->six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	pkt->type = talk->six ? (reply ? 129 : 128) : reply ? 0 : 8;
	pkt->id = talk->near_port;
}

json_t *talk_told(const struct talk *talk)
{
	return json_pack("{ss ss si ss si si si}", "tenant", talk->body->name, "near", talk->near,
			 "near_port", talk->near_port, "far", talk->far, "far_port", talk->far_port,
			 "step", talk->step, "round", talk->round);
}

void talk_send(struct talk *talk, struct wire *wire, uint64_t now_ns)
{
	static const char *const names[] = { "TCP, long", "TCP, short", "UDP, long", "UDP, short",
					     "ICMP echo" };
	const struct act *act = act_of(talk);
	enum soak_side side = talk_side(talk);
	struct pkt pkt = packet_from(talk, side);
	const struct entry entry = { .what = names[talk->kind],
				     .from = side,
				     .fate = FATE_PASS,
				     .tenant = talk->body->tenant,
				     .reason = talk->fresh ? SEK_R_accepted : SEK_R_established };

	pkt.flags = act->flags;
	pkt.payload_len = act->payload;
	if (act->flags & TCP_SYN)
		pkt.scale = 8;
	if (!(act->flags & TCP_ACK))
		pkt.ack = 0;
	if (talk->kind == TALK_ECHO)
		make_echo(talk, act->peer, &pkt);
	talk->number = wire_add(wire, &entry, &pkt);
	talk->sent_ns = now_ns;
	talk->waiting = true;
}

bool talk_send_outside(const struct talk *talk, struct wire *wire)
{
	const struct entry entry = { .what = "TCP outside the window",
				     .from = SOAK_WAN,
				     .fate = FATE_DROP,
				     .tenant = talk->body->tenant,
				     .reason = SEK_R_tcp_window };
	struct pkt pkt = packet_from(talk, SOAK_WAN);

	if (talk->kind != TALK_TCP_LONG || talk->step < TCP_ROUND)
		return false;
	pkt.seq += 1u << 30;
	pkt.flags = TCP_ACK | TCP_PSH;
	pkt.payload_len = 100;
	wire_add(wire, &entry, &pkt);
	return true;
}

void beacon_send(struct beacon *beacon, struct wire *wire, enum soak_side from)
{
	struct talk talk = { .body = &bodies[0],
			     .kind = TALK_UDP_LONG,
			     .far = "198.51.0.99",
			     .near_port = beacon->port,
			     .far_port = 53 };
	const struct entry entry = { .what = "UDP beacon",
				     .from = from,
				     .fate = FATE_PASS,
				     .tenant = talk.body->tenant,
				     .reason = beacon->open[from] || from == SOAK_WAN
						       ? SEK_R_established
						       : SEK_R_accepted };
	struct pkt pkt;

	snprintf(talk.near, sizeof(talk.near), "%s.0.99", talk.body->net4);
	pkt = packet_from(&talk, from);
	beacon->number[from] = wire_add(wire, &entry, &pkt);
	beacon->open[from] = true;
}
