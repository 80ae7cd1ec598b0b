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

struct decoder {
	const struct decode_settings *settings;
	struct defrag *defrag;
	unsigned int packet_cnt, layer_cnt;
	struct packet packets[DECODE_PACKETS_MAX];
};

/* Reads decoder.teredo, .vxlan, .geneve and .erspan of the settings; config may be NULL. */
void decode_settings_read(const struct config *config, struct decode_settings *ret_settings);

/* Fills decoder->packets; they live until the next frame. Returns how many. */
unsigned int decode_frame(struct decoder *decoder, const struct capture_packet *frame);

/* True when the packet was read to its transport, or is whole without one (ARP, a fragment, a tunnel). */
bool decode_was_good(const struct packet *packet);

#endif
