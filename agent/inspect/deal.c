// SPDX-License-Identifier: Apache-2.0
/*
 * The look and the long way. Called by the crew for each frame; promises that both say the same of a frame,
 * and that each worker that has a packet of it gets it.
 */
#include "inspect/deal.h"

#include "inspect/decode_layers.h"

#define ETHER_LEN 14
#define VLAN_LEN 4
#define IPV4_LEN 20
#define IPV6_LEN 40

void dealer_init(struct dealer *dealer, const struct inspect_settings *settings)
{
	dealer->settings = settings;
	dealer->decoder = (struct decoder){ .settings = &settings->decode };
}

/* TCP and UDP hold nothing that is a packet again, but for tunnels in UDP. */
static bool is_plain_transport(const struct decode_settings *s, uint8_t proto, struct slice l4)
{
	if (proto == IP_TCP)
		return true;
	return proto == IP_UDP && l4.len >= 4 &&
	       !decode_may_be_tunnel(s, be16(l4.at), be16(l4.at + 2));
}

static bool ipv4_look(const struct decode_settings *s, struct slice rest, struct packet *ret)
{
	size_t header_len, len;

	if (rest.len < IPV4_LEN || rest.at[0] >> 4 != 4)
		return false;
	header_len = (size_t)(rest.at[0] & 0xf) * 4;
	len = be16(rest.at + 2);
	if (header_len < IPV4_LEN || len < header_len || len > rest.len || be16(rest.at + 6) & 0x3fff)
		return false;
	ret->family = 4;
	ret->proto = rest.at[9];
	ret->src = ret->dst = (struct sek_addr){ .b = { [10] = 0xff, [11] = 0xff } };
	memcpy(ret->src.b + 12, rest.at + 12, 4);
	memcpy(ret->dst.b + 12, rest.at + 16, 4);
	return is_plain_transport(s, ret->proto, slice(rest.at + header_len, len - header_len));
}

static bool ipv6_look(const struct decode_settings *s, struct slice rest, struct packet *ret)
{
	size_t len;

	if (rest.len < IPV6_LEN || rest.at[0] >> 4 != 6)
		return false;
	len = be16(rest.at + 4);
	if (len > rest.len - IPV6_LEN)
		return false;
	ret->family = 6;
	ret->proto = rest.at[6];
	memcpy(ret->src.b, rest.at + 8, 16);
	memcpy(ret->dst.b, rest.at + 24, 16);
	return is_plain_transport(s, ret->proto, slice(rest.at + IPV6_LEN, len));
}

/* True: it holds this one packet, whose addresses are set. */
static bool frame_look(const struct decode_settings *s, const struct capture_packet *frame,
		       struct packet *ret)
{
	struct slice rest = slice(frame->bytes, frame->len);
	uint16_t type;

	if (frame->link != LINK_ETHERNET || rest.len < ETHER_LEN + VLAN_LEN)
		return false;
	type = be16(rest.at + 12);
	rest = slice_behind(rest, ETHER_LEN);
	if (type == ETHER_VLAN) {
		type = be16(rest.at + 2);
		rest = slice_behind(rest, VLAN_LEN);
	}
	if (type == ETHER_IPV4)
		return ipv4_look(s, rest, ret);
	return type == ETHER_IPV6 && ipv6_look(s, rest, ret);
}

static uint64_t frame_read(struct dealer *dealer, const struct capture_packet *frame)
{
	uint64_t workers = 0;
	unsigned int cnt = decode_frame(&dealer->decoder, frame);

	for (unsigned int i = 0; i < cnt; i++) {
		const struct packet *p = &dealer->decoder.packets[i];

		/* Whose packets are inside is known only when the fragments are together. */
		if (p->is_fragment)
			return DEAL_EVERYBODY;
		workers |= 1ull << inspector_of(dealer->settings, p);
	}
	return workers;
}

uint64_t dealer_ask(struct dealer *dealer, const struct capture_packet *frame)
{
	struct packet *p = &dealer->decoder.packets[0];

	if (!frame_look(&dealer->settings->decode, frame, p))
		return frame_read(dealer, frame);
	return 1ull << inspector_of(dealer->settings, p);
}
