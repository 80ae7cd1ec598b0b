// SPDX-License-Identifier: Apache-2.0
/*
 * Reads pcap and pcap-ng from a stream. Called by `capture gate`; anyone may have written the file,
 * so no length in it is believed before it is checked, and memory is bounded by BLOCK_MAX.
 */
#include "capture/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINK_ETHERNET 1
#define LINK_RAW 101 /* IPv4 or IPv6, as the first four bits say */
#define LINK_RAW_BSD 12
#define LINK_RAW_OPENBSD 14
#define LINK_IP4 228
#define LINK_IP6 229
#define LINK_NULL 0
#define LINK_PPP 9
#define LINK_PPP_SERIAL 50
#define LINK_CISCO_HDLC 104
#define LINK_LOOP 108
#define LINK_COOKED 113
#define LINK_COOKED2 276
#define BLOCK_MAX (16u << 20) /* bytes of one pcap-ng block */
#define INTERFACES_MAX 1024
#define HINT_FORMATS "pcap and pcap-ng are read, as tcpdump and Wireshark write them"

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define NG_SECTION 0x0a0d0d0au
#define NG_ORDER 0x1a2b3c4du
#define NG_INTERFACE 1u
#define NG_PACKET_OLD 2u
#define NG_PACKET_SIMPLE 3u
#define NG_PACKET 6u
#define NG_OPTION_TSRESOL 9
#define NG_OPTION_TSOFFSET 14

struct interface {
	uint64_t units; /* timestamp units a second */
	int64_t offset_s; /* added to every timestamp */
	uint32_t snaplen; /* 0: none */
	uint16_t link;
};

struct capture {
	FILE *in;
	char *name;
	uint64_t offset; /* bytes read */
	uint64_t number; /* packets given */
	bool ng, swapped, fine, broken;
	bool any_link; /* not only what the gateway can be played */
	struct interface *interfaces; /* pcap: one */
	size_t interface_cnt;
	uint64_t last_ns; /* simple packet blocks have no time: that of the one before */
	uint8_t *bytes;
	size_t cap;
};

static uint16_t get16(const struct capture *c, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return c->swapped ? __builtin_bswap16(v) : v;
}

static uint32_t get32(const struct capture *c, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return c->swapped ? __builtin_bswap32(v) : v;
}

static uint64_t get64(const struct capture *c, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return c->swapped ? __builtin_bswap64(v) : v;
}

/* Says what is wrong and that nothing after it can be read. */
static int __attribute__((format(printf, 3, 4)))
broken(struct capture *c, struct diag *diag, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag_add(diag, DIAG_ERROR, c->name, 0, 0, "packets after this place cannot be found",
		 "packet %" PRIu64 ", at byte %" PRIu64 ": %s", c->number + 1, c->offset, text);
	c->broken = true;
	return -EBADMSG;
}

/* Takes len bytes into c->bytes. 1: all there; 0: the stream ended before the first; else -errno. */
static int take(struct capture *c, size_t at, size_t len, const char *what, struct diag *diag)
{
	size_t got;

	if (at + len > c->cap) {
		size_t cap = at + len < 65536 ? 65536 : at + len;
		uint8_t *grown = realloc(c->bytes, cap);

		if (!grown)
			return -ENOMEM;
		c->bytes = grown;
		c->cap = cap;
	}
	got = len ? fread_unlocked(c->bytes + at, 1, len, c->in) : 0; /* nobody else reads it */
	if (ferror_unlocked(c->in)) {
		diag_add(diag, DIAG_ERROR, c->name, 0, 0, NULL, "cannot be read: %s",
			 strerror(errno));
		c->broken = true;
		return -EIO;
	}
	if (got == 0 && len)
		return 0;
	if (got < len)
		return broken(c, diag, "the file ends inside %s: %zu of %zu bytes are there", what,
			      got, len);
	c->offset += got;
	return 1;
}

/* The same where the end of the stream is no proper end. */
static int need(struct capture *c, size_t at, size_t len, const char *what, struct diag *diag)
{
	int r = take(c, at, len, what, diag);

	if (r == 0)
		return broken(c, diag, "the file ends before %s", what);
	return r;
}

static bool link_is_bare(uint32_t link)
{
	return link == LINK_RAW || link == LINK_RAW_BSD || link == LINK_RAW_OPENBSD ||
	       link == LINK_IP4 || link == LINK_IP6;
}

static bool link_is_known(const struct capture *c, uint32_t link)
{
	static const uint16_t others[] = { LINK_NULL, LINK_PPP,	   LINK_PPP_SERIAL, LINK_CISCO_HDLC,
					   LINK_LOOP, LINK_COOKED, LINK_COOKED2 };

	if (link == LINK_ETHERNET || link_is_bare(link))
		return true;
	for (size_t i = 0; c->any_link && i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i] == link)
			return true;
	return false;
}

static int refuse_link(struct capture *c, uint32_t link, struct diag *diag)
{
	static const struct {
		uint32_t link;
		const char *name;
	} names[] = {
		{ 0, "BSD loopback" },
		{ 108, "OpenBSD loopback" },
		{ 113, "Linux cooked v1" },
		{ 276, "Linux cooked v2" },
		{ 105, "802.11" },
		{ 127, "802.11 with radiotap" },
		{ 9, "PPP" },
	};
	const char *name = "neither Ethernet nor raw IP";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].link == link)
			name = names[i].name;
	if (c->any_link)
		diag_add(diag, DIAG_ERROR, c->name, 0, 0,
			 "Ethernet, raw IP, Linux cooked, loopback, PPP and Cisco HDLC are read",
			 "link type %u (%s) is not known", link, name);
	else
		diag_add(diag, DIAG_ERROR, c->name, 0, 0,
			 "the gateway sees Ethernet frames; capture on one interface, not on \"any\"",
			 "link type %u (%s) has no Ethernet header, so it cannot be played", link,
			 name);
	c->broken = true;
	return -EPROTONOSUPPORT;
}

static int interface_add(struct capture *c, const struct interface *interface, struct diag *diag)
{
	struct interface *grown;

	if (c->interface_cnt >= INTERFACES_MAX)
		return broken(c, diag, "more than %d interfaces in one section", INTERFACES_MAX);
	grown = realloc(c->interfaces, (c->interface_cnt + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[c->interface_cnt++] = *interface;
	c->interfaces = grown;
	if (interface->units > 1000000)
		c->fine = true;
	return 0;
}

static int pcap_open(struct capture *c, uint32_t magic, struct diag *diag)
{
	struct interface interface = { .units = magic == MAGIC_NS ? 1000000000 : 1000000 };
	uint32_t link;
	int r;

	r = need(c, 4, 20, "the file's head", diag);
	if (r < 0)
		return r;
	/* The upper half of the link type carries the length of a frame check sequence: not the type. */
	link = get32(c, c->bytes + 20) & 0xffff;
	interface.link = (uint16_t)link;
	if (!link_is_known(c, link))
		return refuse_link(c, link, diag);
	return interface_add(c, &interface, diag);
}

static int section_open(struct capture *c, struct diag *diag);

static int open_file(FILE *in, const char *name, bool any_link, struct capture **ret_capture,
		     struct diag *diag)
{
	struct capture *c = calloc(1, sizeof(*c));
	uint32_t magic;
	int r = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->in = in;
	c->any_link = any_link;
	c->name = strdup(name);
	if (!c->name)
		goto fail;
	r = take(c, 0, 4, "the file's head", diag);
	if (r == 0) {
		diag_add(diag, DIAG_ERROR, c->name, 0, 0, HINT_FORMATS,
			 "the file is empty, not a capture");
		r = -EBADMSG;
	}
	if (r < 0)
		goto fail;
	memcpy(&magic, c->bytes, sizeof(magic));
	c->swapped = magic == __builtin_bswap32(MAGIC_US) || magic == __builtin_bswap32(MAGIC_NS);
	if (c->swapped)
		magic = __builtin_bswap32(magic);
	c->ng = magic == NG_SECTION;
	if (c->ng)
		r = section_open(c, diag);
	else if (magic == MAGIC_US || magic == MAGIC_NS)
		r = pcap_open(c, magic, diag);
	else {
		diag_add(diag, DIAG_ERROR, name, 0, 0, HINT_FORMATS,
			 "not a capture file (it starts with %02x %02x %02x %02x)", c->bytes[0],
			 c->bytes[1], c->bytes[2], c->bytes[3]);
		r = -EBADMSG;
	}
	if (r < 0)
		goto fail;
	*ret_capture = c;
	return 0;
fail:
	capture_close(c);
	return r;
}

int capture_open(FILE *in, const char *name, struct capture **ret_capture, struct diag *diag)
{
	return open_file(in, name, false, ret_capture, diag);
}

int capture_open_any(FILE *in, const char *name, struct capture **ret_capture, struct diag *diag)
{
	return open_file(in, name, true, ret_capture, diag);
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	free(c->interfaces);
	free(c->bytes);
	free(c->name);
	free(c);
}

bool capture_fine(const struct capture *c)
{
	return c->fine;
}

static int deliver(struct capture *c, const struct interface *interface, const uint8_t *bytes,
		   uint32_t len, uint32_t wire_len, uint64_t time_ns,
		   struct capture_packet *ret_packet)
{
	c->last_ns = time_ns;
	*ret_packet = (struct capture_packet){
		.number = ++c->number,
		.time_ns = time_ns,
		.bytes = bytes,
		.len = len,
		.wire_len = wire_len < len ? len : wire_len,
		.bare = link_is_bare(interface->link),
		.link = interface->link,
	};
	return 1;
}

static int pcap_next(struct capture *c, struct capture_packet *ret_packet, struct diag *diag)
{
	uint32_t len, wire_len;
	uint64_t time_ns;
	int r;

	r = take(c, 0, 16, "a record's head", diag);
	if (r <= 0)
		return r;
	time_ns = get32(c, c->bytes) * 1000000000ull +
		  get32(c, c->bytes + 4) * (1000000000ull / c->interfaces[0].units);
	len = get32(c, c->bytes + 8);
	wire_len = get32(c, c->bytes + 12);
	if (len > CAPTURE_LEN_MAX)
		return broken(c, diag, "its length of %u bytes is impossible (at most %u)", len,
			      CAPTURE_LEN_MAX);
	if (len) {
		r = need(c, 0, len, "a packet", diag);
		if (r < 0)
			return r;
	}
	return deliver(c, &c->interfaces[0], c->bytes, len, wire_len, time_ns, ret_packet);
}

/* The section header block after its type; later sections may have the other byte order. */
static int section_open(struct capture *c, struct diag *diag)
{
	uint32_t order, len;
	int r;

	r = need(c, 4, 8, "a section's head", diag);
	if (r < 0)
		return r;
	memcpy(&order, c->bytes + 8, sizeof(order));
	if (order != NG_ORDER && order != __builtin_bswap32(NG_ORDER))
		return broken(c, diag, "the section's byte-order mark is wrong");
	c->swapped = order != NG_ORDER;
	c->interface_cnt = 0;
	len = get32(c, c->bytes + 4);
	if (len < 28 || len % 4 || len > BLOCK_MAX)
		return broken(c, diag, "the section header's length of %u bytes is impossible", len);
	return need(c, 12, len - 12, "a section's head", diag);
}

/* Units a second of if_tsresol; 0: more than 64 bits can count. */
static uint64_t units_of(uint8_t resolution)
{
	uint8_t exponent = resolution & 0x7f;
	uint64_t units = 1;

	if (resolution & 0x80)
		return exponent < 64 ? 1ull << exponent : 0;
	if (exponent > 19)
		return 0;
	while (exponent--)
		units *= 10;
	return units;
}

static int interface_open(struct capture *c, const uint8_t *body, size_t len, struct diag *diag)
{
	struct interface interface = { .units = 1000000 };
	size_t at = 8;

	if (len < 8)
		return broken(c, diag, "an interface description of %zu bytes is too short", len);
	interface.link = get16(c, body);
	interface.snaplen = get32(c, body + 4);
	while (at + 4 <= len) {
		uint16_t code = get16(c, body + at), option_len = get16(c, body + at + 2);

		if (code == 0)
			break;
		if (option_len > len - at - 4)
			return broken(c, diag, "option %u of an interface is longer than its block",
				      code);
		if (code == NG_OPTION_TSRESOL && option_len >= 1)
			interface.units = units_of(body[at + 4]);
		if (code == NG_OPTION_TSOFFSET && option_len >= 8)
			interface.offset_s = (int64_t)get64(c, body + at + 4);
		at += 4 + ((option_len + 3u) & ~3u);
	}
	if (!interface.units)
		return broken(c, diag, "an interface's time resolution is impossible");
	return interface_add(c, &interface, diag);
}

static uint64_t time_of(const struct interface *interface, uint64_t units)
{
	uint64_t s = units / interface->units, rest = units % interface->units;
	uint64_t ns = (uint64_t)((unsigned __int128)rest * 1000000000 / interface->units);

	return (s + (uint64_t)interface->offset_s) * 1000000000ull + ns;
}

/* NULL when there is no such Ethernet interface, with words in diag. */
static const struct interface *interface_of(struct capture *c, uint32_t number, struct diag *diag)
{
	if (number >= c->interface_cnt) {
		broken(c, diag, "interface %u was never described", number);
		return NULL;
	}
	if (!link_is_known(c, c->interfaces[number].link)) {
		refuse_link(c, c->interfaces[number].link, diag);
		return NULL;
	}
	return &c->interfaces[number];
}

static int packet_check(struct capture *c, uint32_t len, size_t room, struct diag *diag)
{
	if (len > room)
		return broken(c, diag, "its length of %u bytes is more than its block holds (%zu)",
			      len, room);
	if (len > CAPTURE_LEN_MAX)
		return broken(c, diag, "its length of %u bytes is impossible (at most %u)", len,
			      CAPTURE_LEN_MAX);
	return 0;
}

/* Enhanced and (old) packet blocks: the same but for where the interface number stands. */
static int packet_open(struct capture *c, uint32_t type, const uint8_t *body, size_t len,
		       struct capture_packet *ret_packet, struct diag *diag)
{
	const struct interface *interface;
	uint64_t units;
	int r;

	if (len < 20)
		return broken(c, diag, "a packet block of %zu bytes is too short", len);
	interface = interface_of(c, type == NG_PACKET ? get32(c, body) : get16(c, body), diag);
	if (!interface)
		return -EBADMSG;
	r = packet_check(c, get32(c, body + 12), len - 20, diag);
	if (r < 0)
		return r;
	units = (uint64_t)get32(c, body + 4) << 32 | get32(c, body + 8);
	return deliver(c, interface, body + 20, get32(c, body + 12), get32(c, body + 16),
		       time_of(interface, units), ret_packet);
}

static int simple_open(struct capture *c, const uint8_t *body, size_t len,
		       struct capture_packet *ret_packet, struct diag *diag)
{
	const struct interface *interface;
	uint32_t wire_len, captured;
	int r;

	if (len < 4)
		return broken(c, diag, "a simple packet block of %zu bytes is too short", len);
	interface = interface_of(c, 0, diag);
	if (!interface)
		return -EBADMSG;
	wire_len = get32(c, body);
	captured = wire_len;
	if (interface->snaplen && captured > interface->snaplen)
		captured = interface->snaplen;
	r = packet_check(c, captured, len - 4, diag);
	if (r < 0)
		return r;
	return deliver(c, interface, body + 4, captured, wire_len, c->last_ns, ret_packet);
}

/* One block that is no section header, whole in c->bytes with its body at 8. */
static int block_open(struct capture *c, uint32_t type, uint32_t len,
		      struct capture_packet *ret_packet, struct diag *diag)
{
	const uint8_t *body = c->bytes + 8;

	if (get32(c, c->bytes + len - 4) != len)
		return broken(c, diag, "a block's two lengths differ");
	switch (type) {
	case NG_INTERFACE:
		return interface_open(c, body, len - 12, diag);
	case NG_PACKET:
	case NG_PACKET_OLD:
		return packet_open(c, type, body, len - 12, ret_packet, diag);
	case NG_PACKET_SIMPLE:
		return simple_open(c, body, len - 12, ret_packet, diag);
	default:
		return 0; /* names, statistics, secrets: no packets */
	}
}

static int ng_next(struct capture *c, struct capture_packet *ret_packet, struct diag *diag)
{
	for (;;) {
		uint32_t type, len;
		int r = take(c, 0, 4, "a block's head", diag);

		if (r <= 0)
			return r;
		memcpy(&type, c->bytes, sizeof(type));
		if (type == NG_SECTION) {
			r = section_open(c, diag);
			if (r < 0)
				return r;
			continue;
		}
		type = get32(c, c->bytes);
		r = need(c, 4, 4, "a block's head", diag);
		if (r < 0)
			return r;
		len = get32(c, c->bytes + 4);
		if (len < 12 || len % 4 || len > BLOCK_MAX)
			return broken(c, diag, "a block's length of %u bytes is impossible", len);
		r = need(c, 8, len - 8, "a block", diag);
		if (r < 0)
			return r;
		r = block_open(c, type, len, ret_packet, diag);
		if (r)
			return r;
	}
}

int capture_next(struct capture *c, struct capture_packet *ret_packet, struct diag *diag)
{
	int r;

	if (c->broken)
		return 0;
	r = c->ng ? ng_next(c, ret_packet, diag) : pcap_next(c, ret_packet, diag);
	if (r < 0)
		c->broken = true;
	return r;
}
