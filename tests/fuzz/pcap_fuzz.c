// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a capture: read to the end without a fault, written again as pcap and pcap-ng, and
 * read back the same.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"

#define PACKETS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes one packet as a file of its own and reads it back. */
static void round_trip(const struct capture_packet *packet, bool ng)
{
	const char *const names[] = { "inside" };
	const struct capture_format format = {
		.ng = ng, .fine = true, .interfaces = names, .interface_cnt = 1
	};
	struct capture_packet back;
	struct capture_writer *writer;
	struct capture *capture;
	struct diag diag;
	char *bytes = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&bytes, &len);

	if (!file || capture_create(file, &format, &writer) ||
	    capture_write_comment(writer, packet, 0, "verdict=drop"))
		abort();
	capture_finish(writer);
	fclose(file);
	diag_init(&diag);
	file = fmemopen(bytes, len, "r");
	if (!file || capture_open(file, "back", &capture, &diag) ||
	    capture_next(capture, &back, &diag) != 1)
		abort();
	if (back.len != packet->len || back.wire_len != packet->wire_len ||
	    (back.len && memcmp(back.bytes, packet->bytes, back.len) != 0))
		abort();
	/* pcap has 32 bits of seconds */
	if (back.time_ns != packet->time_ns && (ng || packet->time_ns / 1000000000 <= UINT32_MAX))
		abort();
	if (capture_next(capture, &back, &diag) != 0)
		abort();
	capture_close(capture);
	fclose(file);
	diag_free(&diag);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *in = size ? fmemopen((void *)data, size, "r") : NULL;
	struct capture_packet packet;
	struct capture *capture;
	struct diag diag;
	uint64_t number = 0;

	if (!in)
		return 0;
	diag_init(&diag);
	if (capture_open(in, "fuzz", &capture, &diag) == 0) {
		while (capture_next(capture, &packet, &diag) == 1) {
			if (packet.number != ++number || packet.len > CAPTURE_LEN_MAX ||
			    packet.wire_len < packet.len)
				abort();
			if (number <= PACKETS_MAX) {
				round_trip(&packet, false);
				round_trip(&packet, true);
			}
		}
		capture_close(capture);
	} else if (!diag.error_cnt) {
		abort(); /* refused without a word */
	}
	fclose(in);
	diag_free(&diag);
	return 0;
}
