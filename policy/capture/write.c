// SPDX-License-Identifier: Apache-2.0
/*
 * Writes pcap and pcap-ng to a stream, in this machine's byte order. Called by `capture gate` for the
 * frames that leave, and by the agent for live ones; promises that capture_next() reads it back.
 */
#include "capture/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMENT_MAX 1024

struct capture_writer {
	FILE *out;
	bool ng, fine;
	uint64_t bytes;
};

static int put(struct capture_writer *w, const void *bytes, size_t len)
{
	w->bytes += len;
	return len == 0 || fwrite(bytes, len, 1, w->out) == 1 ? 0 : -(errno ? errno : EIO);
}

static int pad(struct capture_writer *w, size_t len)
{
	static const uint8_t zeros[4];

	return put(w, zeros, -len & 3);
}

static int put_pcap_head(struct capture_writer *w)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, sigfigs, snaplen, link;
	} head = { w->fine ? 0xa1b23c4d : 0xa1b2c3d4, 2, 4, 0, 0, CAPTURE_LEN_MAX, 1 };

	return put(w, &head, sizeof(head));
}

/* if_name is option 2; if_tsresol (9) says nanoseconds. */
static int put_interface(struct capture_writer *w, const char *name)
{
	uint16_t name_len = (uint16_t)strnlen(name, 64);
	uint32_t len = 20 + 4 + ((name_len + 3u) & ~3u) + 8 + 4;
	struct {
		uint32_t type, len;
		uint16_t link, zero;
		uint32_t snaplen;
		uint16_t option, option_len;
	} head = { 1, len, 1, 0, CAPTURE_LEN_MAX, 2, name_len };
	struct {
		uint16_t option, option_len;
		uint8_t resolution, zeros[3];
		uint32_t end_of_options, len;
	} tail = { 9, 1, 9, { 0 }, 0, len };
	int r = put(w, &head, sizeof(head));

	r = r ? r : put(w, name, name_len);
	r = r ? r : pad(w, name_len);
	return r ? r : put(w, &tail, sizeof(tail));
}

static int put_section(struct capture_writer *w, const struct capture_format *format)
{
	struct {
		uint32_t type, len, order;
		uint16_t major, minor;
		uint32_t section_len[2]; /* all ones: not said */
		uint32_t len_again;
	} head = { 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0, { ~0u, ~0u }, 28 };
	int r = put(w, &head, sizeof(head));

	for (size_t i = 0; i < format->interface_cnt && !r; i++)
		r = put_interface(w, format->interfaces[i]);
	return r;
}

int capture_create(FILE *out, const struct capture_format *format, struct capture_writer **ret_writer)
{
	struct capture_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->out = out;
	w->ng = format->ng;
	w->fine = format->fine;
	r = w->ng ? put_section(w, format) : put_pcap_head(w);
	if (r) {
		free(w);
		return r;
	}
	*ret_writer = w;
	return 0;
}

static int put_record(struct capture_writer *w, const struct capture_packet *packet)
{
	uint32_t head[4] = { (uint32_t)(packet->time_ns / 1000000000),
			     (uint32_t)(packet->time_ns % 1000000000 / (w->fine ? 1 : 1000)),
			     packet->len, packet->wire_len };
	int r = put(w, head, sizeof(head));

	return r ? r : put(w, packet->bytes, packet->len);
}

/* opt_comment is option 1; what ends the options stands behind it. */
static int put_comment(struct capture_writer *w, const char *comment, uint16_t len)
{
	const uint16_t option[2] = { 1, len };
	const uint32_t end_of_options = 0;
	int r = put(w, option, sizeof(option));

	r = r ? r : put(w, comment, len);
	r = r ? r : pad(w, len);
	return r ? r : put(w, &end_of_options, sizeof(end_of_options));
}

static int put_block(struct capture_writer *w, const struct capture_packet *packet,
		     uint32_t interface, const char *comment)
{
	uint16_t comment_len = comment ? (uint16_t)strnlen(comment, COMMENT_MAX) : 0;
	uint32_t options = comment ? 4 + ((comment_len + 3u) & ~3u) + 4 : 0;
	uint32_t len = 32 + ((packet->len + 3) & ~3u) + options;
	uint32_t head[7] = { 6,
			     len,
			     interface,
			     (uint32_t)(packet->time_ns >> 32),
			     (uint32_t)packet->time_ns,
			     packet->len,
			     packet->wire_len };
	int r = put(w, head, sizeof(head));

	r = r ? r : put(w, packet->bytes, packet->len);
	r = r ? r : pad(w, packet->len);
	if (comment)
		r = r ? r : put_comment(w, comment, comment_len);
	return r ? r : put(w, &len, sizeof(len));
}

int capture_write_comment(struct capture_writer *w, const struct capture_packet *packet,
			  uint32_t interface, const char *comment)
{
	return w->ng ? put_block(w, packet, interface, comment) : put_record(w, packet);
}

int capture_write(struct capture_writer *w, const struct capture_packet *packet, uint32_t interface)
{
	return capture_write_comment(w, packet, interface, NULL);
}

uint64_t capture_size(const struct capture_writer *w)
{
	return w->bytes;
}

void capture_finish(struct capture_writer *w)
{
	free(w);
}
