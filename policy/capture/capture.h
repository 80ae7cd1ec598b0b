/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capture files, read and written as streams: pcap (both byte orders, µs and ns) and pcap-ng
 * (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng). Knows no kernel and no policy.
 * A broken record is named with its number and offset; what was whole before it has been given.
 */
#ifndef POLICY_CAPTURE_CAPTURE_H
#define POLICY_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "text/diag.h"

#define CAPTURE_LEN_MAX 262144 /* bytes of one packet; more than that is a broken length */

struct capture_packet {
	uint64_t number; /* from 1 */
	uint64_t time_ns; /* since 1970 */
	const uint8_t *bytes; /* until the next call */
	uint32_t len; /* captured */
	uint32_t wire_len; /* on the wire; more than len when the capture cut it */
	bool bare; /* raw IP: there is no Ethernet header in front */
	uint16_t link; /* LINKTYPE_ of what stands first (tcpdump.org/linktypes.html) */
};

struct capture;

/*
 * Reads the file's head. `in` stays the caller's. Returns 0 or -errno with words in diag; link
 * types other than Ethernet and raw IP are refused there, or by capture_next() where pcap-ng says
 * it later.
 */
int capture_open(FILE *in, const char *name, struct capture **ret_capture, struct diag *diag);
/* The same for whoever decodes more than the gateway sees: cooked, loopback, PPP, Cisco HDLC too. */
int capture_open_any(FILE *in, const char *name, struct capture **ret_capture, struct diag *diag);
void capture_close(struct capture *capture);

/* 1 and a packet, 0 at the end, or -errno with words in diag; after an error nothing more comes. */
int capture_next(struct capture *capture, struct capture_packet *ret_packet, struct diag *diag);

/* Do its timestamps have more than microseconds? */
bool capture_fine(const struct capture *capture);

struct capture_writer;

/* How a written capture looks: one interface a port in pcap-ng; pcap knows no interfaces. */
struct capture_format {
	bool ng;
	bool fine; /* pcap: nanoseconds */
	const char *const *interfaces;
	size_t interface_cnt;
};

/* `out` stays the caller's. Returns 0 or -errno. */
int capture_create(FILE *out, const struct capture_format *format,
		   struct capture_writer **ret_writer);
/* Returns 0 or -errno; interface is an index of capture_format.interfaces. */
int capture_write(struct capture_writer *writer, const struct capture_packet *packet,
		  uint32_t interface);
/* The same with words on the packet (pcap-ng's opt_comment; pcap has none); NULL: none. */
int capture_write_comment(struct capture_writer *writer, const struct capture_packet *packet,
			  uint32_t interface, const char *comment);
/* Bytes of the file so far. */
uint64_t capture_size(const struct capture_writer *writer);
void capture_finish(struct capture_writer *writer);

#endif
