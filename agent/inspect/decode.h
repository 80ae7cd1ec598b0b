/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame in, the packets that are in it out: the outermost first, what was in tunnels or was rebuilt of
 * fragments behind it. Nothing is copied but fragments. Owned by one worker.
 */
#ifndef AGENT_INSPECT_DECODE_H
#define AGENT_INSPECT_DECODE_H

#include "capture/capture.h"
#include "inspect/packet.h"

struct config;
struct defrag;

#define DECODE_PACKETS_MAX 16 /* in one frame */
#define DECODE_LAYERS_MAX                                                                          \
	16 /* of headers, over all packets of a frame; as Suricata's decoder.max-layers */
#define DECODE_PORTS_MAX 8

/* Ports of tunnels in UDP; cnt 0: not looked for. */
struct decode_ports {
	uint16_t port[DECODE_PORTS_MAX];
	uint8_t cnt;
};

struct decode_settings {
	bool unchecked_sums;
	bool erspan_one; /* GRE without a sequence number holds Ethernet, too */
	struct decode_ports teredo, vxlan, geneve;
};

/* Headers of a packet in front of its IP, or between two of them, that are counted. */
enum decode_header {
	HEADER_ETHERNET,
	HEADER_UNKNOWN_TYPE, /* not one, but what stood behind Ethernet in its place */
	HEADER_PPP,
	HEADER_PPPOE,
	HEADER_MPLS, /* a stack of labels is one */
	HEADER_NSH,
	HEADER_VNTAG,
	HEADER_BACKBONE, /* IEEE 802.1ah */
	HEADER_ERSPAN, /* of the packet inside */
	HEADERS
};

struct decoder {
	const struct decode_settings *settings;
	struct defrag *defrag;
	unsigned int packet_cnt, layer_cnt;
	struct packet packets[DECODE_PACKETS_MAX];
	uint8_t headers[DECODE_PACKETS_MAX][HEADERS]; /* how many of each a packet has */
};

/* Reads decoder.teredo, .vxlan, .geneve and .erspan of the settings; config may be NULL. */
void decode_settings_read(const struct config *config, struct decode_settings *ret_settings);

/* Fills decoder->packets; they live until the next frame. Returns how many. */
unsigned int decode_frame(struct decoder *decoder, const struct capture_packet *frame);

/* True when the packet was read to its transport, or is whole without one (ARP, a fragment, a tunnel). */
bool decode_was_good(const struct packet *packet);

#endif
