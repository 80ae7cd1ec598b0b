// SPDX-License-Identifier: Apache-2.0
/*
 * The beginning of a frame: what its link type says comes first. Called by a worker for each frame;
 * promises that no byte is read that was not captured, and an end to nesting.
 */
#include "base/config.h"
#include "inspect/decode_layers.h"

#include <stdlib.h>

#define LINK_NULL 0
#define LINK_PPP 9
#define LINK_RAW_BSD 12
#define LINK_RAW_OPENBSD 14
#define LINK_PPP_SERIAL 50
#define LINK_CISCO_HDLC 104
#define LINK_LOOP 108
#define LINK_COOKED 113
#define LINK_IP4 228
#define LINK_IP6 229
#define LINK_COOKED2 276

#define COOKED_LEN 16
#define COOKED2_LEN 20

bool decode_layer(struct decoder *d, struct packet *p)
{
	if (++d->layer_cnt <= DECODE_LAYERS_MAX)
		return true;
	packet_event(p, EVENT_TOO_MANY_LAYERS);
	return false;
}

struct packet *decode_inner(struct decoder *d, struct packet *p, struct slice frame, uint16_t link)
{
	struct packet *inner;

	if (d->packet_cnt >= DECODE_PACKETS_MAX) {
		packet_event(p, EVENT_TOO_MANY_LAYERS);
		return NULL;
	}
	memset(d->headers[d->packet_cnt], 0, HEADERS);
	inner = &d->packets[d->packet_cnt++];
	*inner = (struct packet){
		.number = p->number,
		.time_ns = p->time_ns,
		.frame = frame,
		.link = link,
		.outer = p,
		.depth = (uint8_t)(p->depth + 1),
	};
	p->is_carrier = true;
	return inner;
}

void decode_inner_drop(struct decoder *d, struct packet *p)
{
	d->packet_cnt--;
	p->is_carrier = false;
}

void decode_ip(struct decoder *d, struct packet *p, struct slice rest)
{
	uint8_t version = rest.len ? rest.at[0] >> 4 : 0;

	if (version == 4)
		decode_ipv4(d, p, rest);
	else if (version == 6)
		decode_ipv6(d, p, rest);
	else
		packet_event(p, EVENT_IPRAW_INVALID_IP_VERSION);
}

/* Four bytes of address family, in the order of the machine that captured; LOOP: in network order. */
static void decode_null(struct decoder *d, struct packet *p, struct slice rest)
{
	uint32_t family;

	if (rest.len < 4) {
		packet_event(p, EVENT_LTNULL_PKT_TOO_SMALL);
		return;
	}
	family = be32(rest.at);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	rest = slice_behind(rest, 4);
	switch (family) {
	case 2:
		decode_ipv4(d, p, rest);
		break;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		decode_ipv6(d, p, rest);
		break;
	default:
		packet_event(p, EVENT_LTNULL_UNSUPPORTED_TYPE);
	}
}

static void decode_cooked(struct decoder *d, struct packet *p, struct slice rest)
{
	if (rest.len < COOKED_LEN) {
		packet_event(p, EVENT_SLL_PKT_TOO_SMALL);
		return;
	}
	p->ether_type = be16(rest.at + 14);
	decode_by_ether_type(d, p, p->ether_type, slice_behind(rest, COOKED_LEN));
}

static void decode_cooked2(struct decoder *d, struct packet *p, struct slice rest)
{
	if (rest.len < COOKED2_LEN) {
		packet_event(p, EVENT_SLL2_PKT_TOO_SMALL);
		return;
	}
	p->ether_type = be16(rest.at);
	decode_by_ether_type(d, p, p->ether_type, slice_behind(rest, COOKED2_LEN));
}

static void decode_cisco_hdlc(struct decoder *d, struct packet *p, struct slice rest)
{
	if (rest.len < 4) {
		packet_event(p, EVENT_CHDLC_PKT_TOO_SMALL);
		return;
	}
	p->ether_type = be16(rest.at + 2);
	decode_by_ether_type(d, p, p->ether_type, slice_behind(rest, 4));
}

static void decode_link(struct decoder *d, struct packet *p)
{
	switch (p->link) {
	case LINK_ETHERNET:
		decode_ethernet(d, p, p->frame);
		break;
	case LINK_NULL:
	case LINK_LOOP:
		decode_null(d, p, p->frame);
		break;
	case LINK_COOKED:
		decode_cooked(d, p, p->frame);
		break;
	case LINK_COOKED2:
		decode_cooked2(d, p, p->frame);
		break;
	case LINK_PPP:
	case LINK_PPP_SERIAL:
		decode_ppp(d, p, p->frame);
		break;
	case LINK_CISCO_HDLC:
		decode_cisco_hdlc(d, p, p->frame);
		break;
	default:
		decode_ip(d, p, p->frame);
	}
}

unsigned int decode_frame(struct decoder *d, const struct capture_packet *frame)
{
	struct packet *p = &d->packets[0];

	d->packet_cnt = 1;
	d->layer_cnt = 0;
	memset(d->headers[0], 0, HEADERS);
	*p = (struct packet){
		.number = frame->number,
		.time_ns = frame->time_ns,
		.frame = slice(frame->bytes, frame->len),
		.link = frame->link,
	};
	decode_link(d, p);
	return d->packet_cnt;
}

/* Odd, and yet all of it was read: what is behind it is none of ours, or has more than it must. */
static bool is_harmless(enum engine_event event)
{
	return event == EVENT_IPV4_OPT_PAD_REQUIRED || event == EVENT_IPV6_ZERO_LEN_PADN ||
	       event == EVENT_IPV6_UNKNOWN_NEXT_HEADER;
}

bool decode_was_good(const struct packet *p)
{
	if (p->l4.len != 0 || p->is_fragment)
		return true;
	for (uint8_t i = 0; i < p->event_cnt; i++)
		if (!is_harmless((enum engine_event)p->event[i]))
			return false;
	return true;
}

/* A list of numbers, or one; what is no number (a variable) leaves what there is. */
static void ports_read(const struct config *config, const char *path, struct decode_ports *ports)
{
	size_t cnt = config_cnt(config, path);
	uint64_t port = config_number(config, path, 0);
	struct decode_ports read = { .cnt = 0 };

	if (port && port <= UINT16_MAX)
		read.port[read.cnt++] = (uint16_t)port;
	for (size_t i = 0; i < cnt && read.cnt < DECODE_PORTS_MAX; i++) {
		const char *word = config_child(config, path, i);
		char *end = NULL;
		unsigned long number = word ? strtoul(word, &end, 10) : 0;

		if (word && *end == '\0' && number && number <= UINT16_MAX)
			read.port[read.cnt++] = (uint16_t)number;
	}
	if (read.cnt)
		*ports = read;
}

void decode_settings_read(const struct config *config, struct decode_settings *ret_settings)
{
	*ret_settings = (struct decode_settings){
		.teredo = { { 3544 }, 1 },
		.vxlan = { { 4789 }, 1 },
		.geneve = { { 6081 }, 1 },
	};
	ports_read(config, "decoder.teredo.ports", &ret_settings->teredo);
	ports_read(config, "decoder.vxlan.ports", &ret_settings->vxlan);
	ports_read(config, "decoder.geneve.ports", &ret_settings->geneve);
	if (!config_bool(config, "decoder.teredo.enabled", true))
		ret_settings->teredo.cnt = 0;
	if (!config_bool(config, "decoder.vxlan.enabled", true))
		ret_settings->vxlan.cnt = 0;
	if (!config_bool(config, "decoder.geneve.enabled", true))
		ret_settings->geneve.cnt = 0;
	ret_settings->erspan_one = config_bool(config, "decoder.erspan.typeI.enabled", false);
}
