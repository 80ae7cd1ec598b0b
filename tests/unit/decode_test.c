// SPDX-License-Identifier: Apache-2.0
/*
 * Decoding, by rows: the bytes of a frame in, its packets and what is odd about them out.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/counters.h"
#include "inspect/decode.h"
#include "inspect/defrag.h"

#define ETHER "020000000001020000000002"
#define IP_TO(len, proto) "4500" len "0001000040" proto "00000a0000010a000002"
#define TCP_BARE                                                                                   \
	"9c400050000000010000000050021000"                                                         \
	"00000000"
#define UDP_TO(port, len) "c000" port len "0000"

struct row {
	const char *says;
	uint16_t link;
	const char *hex;
	unsigned int packets;
	uint8_t family, proto; /* of the innermost */
	uint16_t dport;
	const char *event; /* of any packet; NULL: none at all */
};

static const struct row rows[] = {
	{ "TCP over IPv4", 1, ETHER "0800" IP_TO("0028", "06") TCP_BARE, 1, 4, 6, 80, NULL },
	{ "VLAN", 1, ETHER "810000070800" IP_TO("0028", "06") TCP_BARE, 1, 4, 6, 80, NULL },
	{ "QinQ", 1, ETHER "88a80007810000080800" IP_TO("0028", "06") TCP_BARE, 1, 4, 6, 80, NULL },
	{ "four VLANs", 1, ETHER "8100000181000002810000038100000408004500", 1, 0, 0, 0,
	  "vlan.too_many_layers" },
	{ "MPLS", 1, ETHER "8847000101ff" IP_TO("0028", "06") TCP_BARE, 1, 4, 6, 80, NULL },
	{ "MPLS label 3", 1, ETHER "8847000031ff00", 1, 0, 0, 0, "mpls.bad_label_implicit_null" },
	{ "PPPoE", 1,
	  ETHER "8864110000010000"
		"0021" IP_TO("0028", "06") TCP_BARE,
	  1, 4, 6, 80, NULL },
	{ "raw IP", 101, IP_TO("0028", "06") TCP_BARE, 1, 4, 6, 80, NULL },
	{ "loopback", 0, "02000000" IP_TO("0028", "06") TCP_BARE, 1, 4, 6, 80, NULL },
	{ "cooked", 113,
	  "0000000100060200000000010000"
	  "0800" IP_TO("0028", "06") TCP_BARE,
	  1, 4, 6, 80, NULL },
	{ "cooked 2", 276,
	  "08000000000000010001000602000000"
	  "00010000" IP_TO("0028", "06") TCP_BARE,
	  1, 4, 6, 80, NULL },
	{ "IP in IP", 101, IP_TO("003c", "04") IP_TO("0028", "06") TCP_BARE, 2, 4, 6, 80, NULL },
	{ "GRE", 101, IP_TO("0040", "2f") "00000800" IP_TO("0028", "06") TCP_BARE, 2, 4, 6, 80, NULL },
	{ "GRE, too small", 101, IP_TO("0016", "2f") "0000", 1, 4, 47, 0, "gre.pkt_too_small" },
	{ "VXLAN", 101,
	  IP_TO("005a", "11") UDP_TO("12b5", "0046") "0800000000000100" ETHER
						     "0800" IP_TO("0028", "06") TCP_BARE,
	  2, 4, 6, 80, NULL },
	{ "GENEVE", 101,
	  IP_TO("005a", "11") UDP_TO("17c1", "0046") "0000655800000100" ETHER
						     "0800" IP_TO("0028", "06") TCP_BARE,
	  2, 4, 6, 80, NULL },
	{ "no IPv4 at all", 101, "4500", 1, 0, 0, 0, "ipv4.pkt_too_small" },
	{ "IPv4, header too short", 101,
	  "44000014000000004006000001010101"
	  "02020202",
	  1, 0, 0, 0, "ipv4.hlen_too_small" },
	{ "IPv4, cut", 101, IP_TO("0030", "06") TCP_BARE, 1, 0, 0, 0, "ipv4.trunc_pkt" },
	{ "TCP, cut", 101, IP_TO("0020", "06") "9c4000500000000100000000", 1, 4, 6, 0,
	  "tcp.pkt_too_small" },
	{ "TCP, options beyond it", 101,
	  IP_TO("0028", "06") "9c4000500000000100000000"
			      "f0021000"
			      "00000000",
	  1, 4, 6, 0, "tcp.hlen_too_small" },
	{ "TCP, MSS of three bytes", 101,
	  IP_TO("002c", "06") "9c4000500000000100000000"
			      "60021000"
			      "00000000"
			      "02030000",
	  1, 4, 6, 80, "tcp.opt_invalid_len" },
	{ "UDP, cut", 101, IP_TO("0018", "11") "c0000035", 1, 4, 17, 0, "udp.hlen_too_small" },
	{ "IPv6, two fragment headers that cut nothing", 101,
	  "60000000001c2c40"
	  "00000000000000000000000000000001"
	  "00000000000000000000000000000002"
	  "2c00000000000001"
	  "3a00000000000001"
	  "8000000000010001"
	  "00000000",
	  1, 6, 58, 0, "ipv6.exthdr_dupl_fh" },
	{ "IPv6, a fragment: what it carries is asked of the whole", 101,
	  "6000000000102c40"
	  "00000000000000000000000000000001"
	  "00000000000000000000000000000002"
	  "3a00000100000001"
	  "8000000000010001",
	  1, 6, 44, 0, NULL },
	{ "IPv6, routing header of type 0", 101,
	  "6000000000102b40"
	  "00000000000000000000000000000001"
	  "00000000000000000000000000000002"
	  "3a00000000000000"
	  "8000000000010001",
	  1, 6, 58, 0, "ipv6.rh_type_0" },
};

static size_t bytes_of(const char *hex, uint8_t *to)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		to[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return len;
}

static bool has_event(const struct decoder *d, const char *word)
{
	for (unsigned int i = 0; i < d->packet_cnt; i++)
		for (uint8_t j = 0; j < d->packets[i].event_cnt; j++) {
			const struct engine_event_name *name =
				engine_event_name((enum engine_event)d->packets[i].event[j]);

			if (!word || strcmp(name->word, word) == 0)
				return true;
		}
	return false;
}

static void frames_become_packets(void **state)
{
	struct decode_settings settings;
	static struct decoder decoder;

	decode_settings_read(NULL, &settings);
	settings.unchecked_sums = true;
	decoder.settings = &settings;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *bytes = malloc(strlen(rows[i].hex) /
					2); /* as long as it is: ASan sees what is behind */
		size_t len = bytes_of(rows[i].hex, bytes);
		const struct capture_packet frame = {
			.number = 1, .bytes = bytes, .len = (uint32_t)len, .link = rows[i].link
		};
		unsigned int cnt = decode_frame(&decoder, &frame);
		const struct packet *p = &decoder.packets[cnt - 1];

		if (cnt != rows[i].packets || p->family != rows[i].family ||
		    p->proto != rows[i].proto || p->dport != rows[i].dport ||
		    has_event(&decoder, rows[i].event) != (rows[i].event != NULL))
			fail_msg("%s: %u packets, family %u, proto %u, port %u, first event %s",
				 rows[i].says, cnt, p->family, p->proto, p->dport,
				 p->event_cnt ? engine_event_name((enum engine_event)p->event[0])->word
					      : "none");
		free(bytes);
	}
}

/* Each header counts, on the wire and in a tunnel; what is odd and yet was read is not invalid. */
static void headers_are_counted(void **state)
{
	static const struct {
		const char *hex;
		uint16_t link;
		enum counter counter;
		uint64_t value;
	} counted[] = {
		{ ETHER "0800" IP_TO("0028", "06") TCP_BARE, 1, COUNTER_DECODER_ETHERNET, 1 },
		{ ETHER "88b5aabb", 1, COUNTER_DECODER_UNKNOWN_ETHERTYPE, 1 },
		{ ETHER "88470001000000010100" IP_TO("0028", "06") TCP_BARE, 1,
		  COUNTER_DECODER_MPLS, 1 },
		{ ETHER "8864110000010000"
			"0021" IP_TO("0028", "06") TCP_BARE,
		  1, COUNTER_DECODER_PPPOE, 1 },
		{ ETHER "8864110000010000"
			"0021" IP_TO("0028", "06") TCP_BARE,
		  1, COUNTER_DECODER_PPP, 1 },
		{ ETHER "8863110900010000", 1, COUNTER_DECODER_PPPOE, 1 },
		{ IP_TO("005a", "11") UDP_TO("17c1", "0046") "0000655800000100" ETHER
							     "0800" IP_TO("0028", "06") TCP_BARE,
		  101, COUNTER_DECODER_ETHERNET, 1 },
		{ IP_TO("005a", "11") UDP_TO("17c1", "0046") "0000655800000100" ETHER
							     "0800" IP_TO("0028", "06") TCP_BARE,
		  101, COUNTER_DECODER_RAW, 1 },
		{ IP_TO("0016", "2f") "0000", 101, COUNTER_DECODER_INVALID, 1 },
		{ IP_TO("0030", "06") TCP_BARE, 101, COUNTER_DECODER_INVALID, 1 },
		{ "600000000000fd40"
		  "00000000000000000000000000000001"
		  "00000000000000000000000000000002",
		  101, COUNTER_DECODER_INVALID, 0 },
	};
	struct decode_settings settings;
	static struct decoder decoder;

	decode_settings_read(NULL, &settings);
	settings.unchecked_sums = true;
	decoder.settings = &settings;
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		uint8_t bytes[256];
		const struct capture_packet frame = { .number = 1,
						      .bytes = bytes,
						      .len = (uint32_t)bytes_of(counted[i].hex, bytes),
						      .link = counted[i].link };
		static struct counters counters;

		memset(&counters, 0, sizeof(counters));
		for (unsigned int j = 0, cnt = decode_frame(&decoder, &frame); j < cnt; j++)
			counters_decoded(&counters, &decoder.packets[j], decoder.headers[j]);
		if (counters.at[counted[i].counter] != counted[i].value)
			fail_msg("frame %zu: %s is %" PRIu64, i, counter_paths[counted[i].counter],
				 counters.at[counted[i].counter]);
	}
}

static void nesting_has_an_end(void **state)
{
	struct decode_settings settings;
	static struct decoder decoder;
	uint8_t bytes[20 * 64];
	const struct capture_packet frame = {
		.number = 1, .bytes = bytes, .len = sizeof(bytes), .link = 101
	};

	decode_settings_read(NULL, &settings);
	settings.unchecked_sums = true;
	decoder.settings = &settings;
	for (size_t i = 0; i < 64; i++) {
		uint16_t len = (uint16_t)(sizeof(bytes) - i * 20);
		uint8_t head[20] = { 0x45, 0, (uint8_t)(len >> 8), (uint8_t)len, [8] = 64, [9] = 4 };

		memcpy(bytes + i * 20, head, sizeof(head));
	}
	assert_true(decode_frame(&decoder, &frame) <= DECODE_PACKETS_MAX);
	assert_true(has_event(&decoder, "too_many_layers"));
}

static void names_are_found_by_their_words(void **state)
{
	for (int i = EVENT_NONE + 1; i < EVENT_CNT; i++) {
		const struct engine_event_name *name = engine_event_name((enum engine_event)i);

		assert_int_equal(engine_event_by_name(name->layer, name->word), i);
	}
	assert_int_equal(engine_event_by_name(LAYER_DECODE, "no.such"), EVENT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_become_packets),
		cmocka_unit_test(headers_are_counted),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(names_are_found_by_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
