// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/syncookie.h: cookies given, shown, forged and outdated, the connections that come
 * of them with all their numbers turned, and when the guard begins and ends; both families.
 */
#include "bpf/gatebed.h"

#include <string.h>

#include <bpf/bpf.h>
#include <openssl/evp.h>

#include "sekisho/syncookie.h"

#define ISN 7000u
#define SERVER_ISN 0xfffff000u /* wraps under way */
#define CLIENT_PORT 40000
#define SERVER_SCALE 9
#define TOLD_SCALE 7

static const char guarded[] = BED_ALPHA
	"    default: {out: accept, in: drop}\n"
	"    protect: {synflood: always}\n"
	"    rules:\n"
	"      - {name: web, dir: in, proto: tcp, dport: [80, 25], action: accept}\n";

static const char automatic[] = BED_ALPHA
	"    default: {out: accept, in: drop}\n"
	"    protect: synflood\n"
	"    quota: {flows: 1000, half_open: 40, source_half_open: none, source_flows: none,\n"
	"            source_rate: none}\n"
	"    timeouts: {tcp_syn: 20s}\n"
	"    rules:\n"
	"      - {name: web, dir: in, proto: tcp, dport: 80, action: accept}\n";

static const char unguarded[] = BED_ALPHA
	"    default: {out: accept, in: drop}\n"
	"    rules:\n"
	"      - {name: web, dir: in, proto: tcp, dport: 80, action: accept}\n";

/* MSS 1400, SACK permitted, scale 8: what Windows offers. */
static const uint8_t windows_options[] = { 2, 4, 5, 120, 1, 3, 3, 8, 1, 1, 4, 2 };
static const uint8_t server_options[] = { 2, 4, 5, 180, 1, 3, 3, SERVER_SCALE, 1, 1, 4, 2 };

static uint16_t service = 80; /* of the conversation at hand */

static struct pkt from_client(const struct ends *e, uint8_t flags, uint32_t seq, uint32_t ack,
			      size_t len)
{
	return bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
				       .sport = CLIENT_PORT,
				       .dport = service,
				       .flags = flags,
				       .seq = seq,
				       .ack = ack,
				       .win = 1000,
				       .payload_len = len });
}

static struct pkt from_server(const struct ends *e, uint8_t flags, uint32_t seq, uint32_t ack,
			      size_t len)
{
	return bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
					.sport = service,
					.dport = CLIENT_PORT,
					.flags = flags,
					.seq = seq,
					.ack = ack,
					.win = 1000,
					.payload_len = len });
}

/* What left, as its receiver reads it. */
static size_t l4_of(const struct bed *bed)
{
	return bed->out.l3 + (bed->out.b[bed->out.l3] >> 4 == 4 ? 20 : 40);
}

static uint32_t seq_of(const struct bed *bed)
{
	return frame_get32(&bed->out, l4_of(bed) + 4);
}

static uint32_t ack_of(const struct bed *bed)
{
	return frame_get32(&bed->out, l4_of(bed) + 8);
}

static uint8_t flags_of(const struct bed *bed)
{
	return bed->out.b[l4_of(bed) + 13];
}

static uint16_t win_of(const struct bed *bed)
{
	return frame_get16(&bed->out, l4_of(bed) + 14);
}

static size_t options_of(const struct bed *bed)
{
	return (bed->out.b[l4_of(bed) + 12] >> 4) * 4u - 20;
}

static void segment_is(struct bed *bed, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t win)
{
	assert_true(bed->out.l3 > 0);
	if (bed->out.b[bed->out.l3] >> 4 == 4)
		assert_true(frame_ip_sum_right(&bed->out, bed->out.l3));
	assert_true(frame_l4_sum_right(&bed->out, bed->out.l3));
	assert_int_equal(flags_of(bed), flags);
	assert_int_equal(seq_of(bed), seq);
	assert_int_equal(ack_of(bed), ack);
	assert_int_equal(win_of(bed), win);
}

/* The frame left with both addresses turned, or as they were. */
static void ends_are(const struct bed *bed, bool turned)
{
	size_t len = bed->out.b[bed->out.l3] >> 4 == 4 ? 4 : 16, at = len == 4 ? 12 : 8;
	const uint8_t *in = bed->in.b + bed->in.l3 + at, *out = bed->out.b + bed->out.l3 + at;

	assert_memory_equal(out, turned ? in + len : in, len);
	assert_memory_equal(out + len, turned ? in : in + len, len);
	assert_memory_equal(bed->out.b, turned ? bed->in.b + 6 : bed->in.b, 6);
	assert_memory_equal(bed->out.b + 6, turned ? bed->in.b : bed->in.b + 6, 6);
	assert_memory_equal(bed->out.b + 12, bed->in.b + 12, bed->out.l3 - 12);
}

static uint32_t syn(struct bed *bed, const struct ends *e, const uint8_t *options, size_t len)
{
	struct pkt pkt = from_client(e, TCP_SYN, ISN, 0, 0);

	pkt.tcp_options = options;
	pkt.tcp_options_len = len;
	bed_answer(bed, "SYN to a guarded server", OUTSIDE, &pkt, cookie_sent);
	segment_is(bed, TCP_SYN | TCP_ACK, seq_of(bed), ISN + 1, 0);
	ends_are(bed, true);
	return seq_of(bed);
}

/* SipHash-2-4 by OpenSSL, with the program's own secret. */
static uint32_t mac_of(struct bed *bed, const struct sek_cookie_text *text)
{
	EVP_MAC *kind = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(kind);
	struct sek_cookie secret;
	uint32_t zero = 0;
	uint64_t sum = 0;
	size_t len = 0, size = sizeof(sum);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_size_t("size", &size),
				OSSL_PARAM_construct_end() };

	assert_int_equal(bpf_map_lookup_elem(gate_map_fd(replay_gate(bed->replay), "sek_cookie"),
					     &zero, &secret),
			 0);
	assert_true(EVP_MAC_init(mac, (const uint8_t *)secret.key, sizeof(secret.key), params));
	assert_true(EVP_MAC_update(mac, (const uint8_t *)text, sizeof(*text)));
	assert_true(EVP_MAC_final(mac, (uint8_t *)&sum, &len, sizeof(sum)));
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(kind);
	return (uint32_t)sum & SEK_COOKIE_MAC;
}

static void given(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, guarded);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct sek_cookie_text text = { .client_port = htons(CLIENT_PORT),
						.server_port = htons(80),
						.isn = ISN,
						.tenant = 1 };
		uint32_t cookie = syn(bed, e, windows_options, sizeof(windows_options));
		const uint8_t *options = bed->out.b + l4_of(bed) + 20;
		const uint8_t *ip = bed->in.b + bed->in.l3;

		assert_int_equal(bed_flows(bed, NULL), 0);
		assert_int_equal(bed_quota(bed, 1).half, 0);
		assert_int_equal(bed_quota(bed, 1).flows, 0);
		assert_int_equal(options_of(bed), 12);
		assert_int_equal(options[2] << 8 | options[3], i ? 1440 : 1460);
		assert_memory_equal(options + 4, ((uint8_t[]){ 1, 3, 3, TOLD_SCALE, 1, 1, 4, 2 }), 8);
		/* What it says: 1400, SACK, scale 8; and the proof of it. */
		assert_int_equal(cookie & SEK_COOKIE_TERMS,
				 5 << SEK_COOKIE_MSS_SHIFT | SEK_COOKIE_SACK | 8);
		text.period = (uint32_t)(bed->now_ns >> SEK_COOKIE_PERIOD_SHIFT);
		text.low = cookie & ~SEK_COOKIE_MAC;
		if (!i) {
			text.client.w[2] = text.server.w[2] = htonl(0xffff);
			memcpy(&text.client.w[3], ip + 12, 4);
			memcpy(&text.server.w[3], ip + 16, 4);
		} else {
			memcpy(&text.client, ip + 8, 16);
			memcpy(&text.server, ip + 24, 16);
		}
		assert_int_equal(cookie & SEK_COOKIE_MAC, mac_of(bed, &text));
		/* A bare SYN is not answered by more than it is long. */
		syn(bed, e, NULL, 0);
		assert_int_equal(options_of(bed), 4);
	}
}

static void not_given(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt pkt = from_client(e, TCP_SYN, ISN, 0, 0);

	bed_policy(bed, guarded);
	pkt.dport = 81;
	bed_expect(bed, "a port that no rule shows", OUTSIDE, &pkt, default_drop);
	pkt = from_client(e, TCP_SYN, ISN, 0, 64);
	pkt.piece = 40;
	bed_expect(bed, "a SYN in pieces", OUTSIDE, &pkt, cookie_sent);
	pkt = from_server(e, TCP_SYN, ISN, 0, 0);
	bed_expect(bed, "a body's own SYN", INSIDE, &pkt, accepted);
}

/* Through the handshake; the cookie. */
static uint32_t open_by(struct bed *bed, const struct ends *e, const uint8_t *options, size_t len)
{
	uint32_t cookie;
	struct pkt pkt;

	bed_reset(bed);
	cookie = syn(bed, e, options, len);
	pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 0);
	bed_expect(bed, "the cookie comes back", OUTSIDE, &pkt, cookie_opened);
	return cookie;
}

static void flow_is(struct bed *bed, enum sek_flow_state state)
{
	struct sek_flow flow;

	assert_int_equal(bed_flows(bed, &flow), 1);
	assert_int_equal(flow.state, state);
	assert_true(flow.flags & SEK_FLOW_COOKIE);
}

static void answer_of_server(struct bed *bed, const struct ends *e, const uint8_t *options, size_t len)
{
	struct pkt pkt = from_server(e, TCP_SYN | TCP_ACK, SERVER_ISN, ISN + 1, 0);

	pkt.win = 64000;
	pkt.tcp_options = options;
	pkt.tcp_options_len = len;
	bed_expect(bed, "the server's SYN-ACK", INSIDE, &pkt, established);
	flow_is(bed, SEK_FLOW_SYN_ACK);
}

static void opened(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, guarded);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		uint32_t cookie = open_by(bed, e, windows_options, sizeof(windows_options));
		const uint8_t wanted[] = { 2, 4, 5, 120, 1, 3, 3, 8, 1, 1, 4, 2 };

		/* To the server it is the client's SYN, with all that the client offered. */
		segment_is(bed, TCP_SYN, ISN, 0, 65535); /* 1000 << 8, as far as a SYN can say it */
		ends_are(bed, false);
		assert_memory_equal(bed->out.b + l4_of(bed) + 20, wanted, sizeof(wanted));
		flow_is(bed, SEK_FLOW_SYN);
		assert_int_equal(bed_quota(bed, 1).half, 1);
		/* Its SYN-ACK opens the client's window. */
		answer_of_server(bed, e, server_options, sizeof(server_options));
		segment_is(bed, TCP_ACK, cookie + 1, ISN + 1, 64000 >> TOLD_SCALE);
		ends_are(bed, false);
		assert_int_equal(options_of(bed), 0);
	}
}

/* SACK, whatever is before it: the edges are turned and the sum stays right. */
static void sack(struct bed *bed, const struct ends *e, uint32_t ack, uint32_t cookie)
{
	static const size_t leads[] = { 2, 1, 6 };
	uint8_t options[20] = { 0 };
	struct pkt pkt = from_client(e, TCP_ACK, ISN + 101, ack, 0);

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		size_t at = leads[i];
		uint32_t edge = htonl(ack + 1000), end = htonl(ack + 2000);

		memset(options, 1, sizeof(options));
		options[at] = 5;
		options[at + 1] = 10;
		memcpy(options + at + 2, &edge, 4);
		memcpy(options + at + 6, &end, 4);
		pkt.tcp_options = options;
		pkt.tcp_options_len = sizeof(options);
		bed_expect(bed, "SACK", OUTSIDE, &pkt, established);
		assert_true(frame_l4_sum_right(&bed->out, bed->out.l3));
		assert_int_equal(frame_get32(&bed->out, l4_of(bed) + 20 + at + 2),
				 ack + 1000 - (cookie - SERVER_ISN));
		assert_int_equal(frame_get32(&bed->out, l4_of(bed) + 20 + at + 6),
				 ack + 2000 - (cookie - SERVER_ISN));
	}
}

static void turned(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, guarded);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		uint32_t cookie = open_by(bed, e, windows_options, sizeof(windows_options));
		uint32_t told = cookie + 1, own = SERVER_ISN + 1;
		struct pkt pkt;

		answer_of_server(bed, e, server_options, sizeof(server_options));
		pkt = from_client(e, TCP_ACK | TCP_PSH, ISN + 1, told, 100);
		bed_expect(bed, "the request", OUTSIDE, &pkt, established);
		segment_is(bed, TCP_ACK | TCP_PSH, ISN + 1, own, 1000);
		flow_is(bed, SEK_FLOW_ESTABLISHED);
		assert_int_equal(bed_quota(bed, 1).half, 0);
		bed_expect(bed, "the request again", OUTSIDE, &pkt, established);
		for (uint32_t n = 0; n < 8; n++) { /* over the end of the server's numbers */
			pkt = from_server(e, TCP_ACK, own + n * 1000, ISN + 101, 1000);
			bed_expect(bed, "the reply", INSIDE, &pkt, established);
			segment_is(bed, TCP_ACK, told + n * 1000, ISN + 101,
				   1000 << SERVER_SCALE >> TOLD_SCALE);
		}
		sack(bed, e, told + 2000, cookie);
		pkt = from_client(e, TCP_ACK, ISN + 101, told + 8000, 0);
		bed_expect(bed, "all of it", OUTSIDE, &pkt, established);
		segment_is(bed, TCP_ACK, ISN + 101, own + 8000, 1000);
		/* In the server's own numbers the client never speaks. */
		pkt = from_client(e, TCP_ACK, ISN + 101, own + 8000, 0);
		bed_expect(bed, "not the client's numbers", OUTSIDE, &pkt, tcp_window);
		pkt = from_client(e, TCP_FIN | TCP_ACK, ISN + 101, told + 8000, 0);
		bed_expect(bed, "FIN", OUTSIDE, &pkt, established);
		segment_is(bed, TCP_FIN | TCP_ACK, ISN + 101, own + 8000, 1000);
		flow_is(bed, SEK_FLOW_FIN);
		pkt = from_server(e, TCP_FIN | TCP_ACK, own + 8000, ISN + 102, 0);
		bed_expect(bed, "FIN of the server", INSIDE, &pkt, established);
		segment_is(bed, TCP_FIN | TCP_ACK, told + 8000, ISN + 102,
			   1000 << SERVER_SCALE >> TOLD_SCALE);
		pkt = from_client(e, TCP_ACK, ISN + 102, told + 8001, 0);
		bed_expect(bed, "the last ACK", OUTSIDE, &pkt, established);
		segment_is(bed, TCP_ACK, ISN + 102, own + 8001, 1000);
		flow_is(bed, SEK_FLOW_CLOSED);
	}
}

static void resets(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	uint32_t cookie;
	struct pkt pkt;

	bed_policy(bed, guarded);
	cookie = open_by(bed, e, NULL, 0);
	pkt = from_server(e, TCP_RST | TCP_ACK, 0, ISN + 1, 0);
	bed_expect(bed, "the server refuses", INSIDE, &pkt, established);
	segment_is(bed, TCP_RST | TCP_ACK, cookie + 1, ISN + 1, 1000);
	flow_is(bed, SEK_FLOW_CLOSED);

	open_by(bed, e, NULL, 0);
	pkt = from_client(e, TCP_RST, ISN + 1, 0, 0);
	bed_expect(bed, "the client gives up before", OUTSIDE, &pkt, established);
	flow_is(bed, SEK_FLOW_CLOSED);

	cookie = open_by(bed, e, NULL, 0);
	answer_of_server(bed, e, NULL, 0);
	pkt = from_server(e, TCP_RST, SERVER_ISN + 1, 0, 0);
	bed_expect(bed, "the server resets", INSIDE, &pkt, established);
	segment_is(bed, TCP_RST, cookie + 1, 0, 1000);
	flow_is(bed, SEK_FLOW_CLOSED);

	cookie = open_by(bed, e, NULL, 0);
	answer_of_server(bed, e, NULL, 0);
	pkt = from_client(e, TCP_RST | TCP_ACK, ISN + 1, cookie + 1, 0);
	bed_expect(bed, "the client resets", OUTSIDE, &pkt, established);
	segment_is(bed, TCP_RST | TCP_ACK, ISN + 1, SERVER_ISN + 1, 1000);

	open_by(bed, e, NULL, 0);
	pkt = from_server(e, TCP_ACK, 77, 4711, 0);
	bed_answer(bed, "the server has an older connection", INSIDE, &pkt, tcp_state);
	segment_is(bed, TCP_RST, 4711, 0, 0);
	pkt = from_server(e, TCP_SYN, 77, 0, 0);
	bed_expect(bed, "the server opens, too", INSIDE, &pkt, tcp_state);
}

/* Without any option: no scale either way. The server offers what it likes. */
static void bare_client(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, guarded);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		uint32_t cookie = open_by(bed, e, NULL, 0);
		struct pkt pkt;

		segment_is(bed, TCP_SYN, ISN, 0, 1000);
		assert_int_equal(options_of(bed), 4);
		answer_of_server(bed, e, NULL, 0);
		segment_is(bed, TCP_ACK, cookie + 1, ISN + 1, 64000);
		pkt = from_server(e, TCP_ACK, SERVER_ISN + 1, ISN + 1, 10);
		bed_expect(bed, "data", INSIDE, &pkt, established);
		segment_is(bed, TCP_ACK, cookie + 1, ISN + 1, 1000);
	}
}

/* A server that scales nothing is told windows as they are, up to what it can read. */
static void bare_server(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	uint32_t cookie;
	struct pkt pkt;

	bed_policy(bed, guarded);
	cookie = open_by(bed, e, windows_options, sizeof(windows_options));
	answer_of_server(bed, e, NULL, 0);
	segment_is(bed, TCP_ACK, cookie + 1, ISN + 1, 64000 >> TOLD_SCALE);
	pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 10);
	pkt.win = 100;
	bed_expect(bed, "a small window", OUTSIDE, &pkt, established);
	segment_is(bed, TCP_ACK, ISN + 1, SERVER_ISN + 1, 100 << 8);
	pkt.win = 1000;
	bed_expect(bed, "a large one", OUTSIDE, &pkt, established);
	segment_is(bed, TCP_ACK, ISN + 1, SERVER_ISN + 1, 65535);
	pkt = from_server(e, TCP_ACK, SERVER_ISN + 1, ISN + 11, 10);
	bed_expect(bed, "the server's", INSIDE, &pkt, established);
	segment_is(bed, TCP_ACK, cookie + 1, ISN + 11, 1000 >> TOLD_SCALE);
}

static void forged(void **state)
{
	static const uint32_t bends[] = { 1, 0x10, 0x40, 0x100, 0x200, 0x80000000u };
	struct bed *bed = *state;

	bed_policy(bed, guarded);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		uint32_t cookie;
		struct pkt pkt;

		bed_reset(bed);
		pkt = from_client(e, TCP_ACK, ISN + 1, 1, 0);
		bed_expect(bed, "no cookie was given lately", OUTSIDE, &pkt, tcp_no_flow);
		cookie = syn(bed, e, windows_options, sizeof(windows_options));
		for (size_t j = 0; j < sizeof(bends) / sizeof(bends[0]); j++) {
			pkt = from_client(e, TCP_ACK, ISN + 1, (cookie ^ bends[j]) + 1, 0);
			bed_expect(bed, "a bent cookie", OUTSIDE, &pkt, cookie_bad);
		}
		pkt = from_client(e, TCP_ACK, ISN + 2, cookie + 1, 0);
		bed_expect(bed, "of another number", OUTSIDE, &pkt, cookie_bad);
		pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 0);
		pkt.sport++;
		bed_expect(bed, "of another port", OUTSIDE, &pkt, cookie_bad);
		pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 0);
		pkt.src = e->third;
		bed_expect(bed, "of another address", OUTSIDE, &pkt, cookie_bad);
		pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 64);
		pkt.piece = 40;
		bed_expect(bed, "in pieces", OUTSIDE, &pkt, cookie_bad);
		pkt = from_client(e, TCP_RST | TCP_ACK, ISN + 1, cookie + 1, 0);
		bed_expect(bed, "a reset", OUTSIDE, &pkt, tcp_no_flow);
		pkt = from_server(e, TCP_ACK, ISN + 1, cookie + 1, 0);
		bed_expect(bed, "from inside", INSIDE, &pkt, tcp_no_flow);
		assert_int_equal(bed_flows(bed, NULL), 0);
	}
}

/* Good in its period and the next; not in the one after, whose mark is the same. */
static void outdated(void **state)
{
	const uint64_t period = 1ull << SEK_COOKIE_PERIOD_SHIFT;
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt pkt;

	bed_policy(bed, guarded);
	for (uint64_t periods = 0; periods < 3; periods++) {
		uint32_t cookie;

		bed_reset(bed);
		bed->now_ns = (bed->now_ns / period + 1) * period;
		cookie = syn(bed, e, NULL, 0);
		bed_wait(bed, periods * period);
		syn(bed, e, NULL, 0); /* cookies are still given */
		pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 0);
		if (periods < 2)
			bed_expect(bed, "in time", OUTSIDE, &pkt, cookie_opened);
		else
			bed_expect(bed, "too late", OUTSIDE, &pkt, cookie_bad);
	}
	bed_wait(bed, 2 * period);
	bed_expect(bed, "long after the last", OUTSIDE, &pkt, tcp_no_flow);
}

/* What may be lost and is sent again. */
static void again(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	uint32_t cookie = 0;
	struct pkt pkt;

	bed_policy(bed, guarded);
	cookie = syn(bed, e, windows_options, sizeof(windows_options));
	pkt = from_client(e, TCP_ACK, ISN, cookie + 1, 0);
	bed_expect(bed, "its ACK was lost: Linux asks for the window", OUTSIDE, &pkt, cookie_opened);
	segment_is(bed, TCP_SYN, ISN, 0, 65535);
	pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 1);
	bed_expect(bed, "the SYN was lost: BSD asks by a byte", OUTSIDE, &pkt, established);
	segment_is(bed, TCP_SYN, ISN, 0, 65535);
	pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 3, 0);
	bed_expect(bed, "another cookie", OUTSIDE, &pkt, cookie_bad);
	pkt = from_client(e, TCP_SYN, ISN, 0, 0);
	bed_expect(bed, "a SYN by who is connected", OUTSIDE, &pkt, tcp_state);
	flow_is(bed, SEK_FLOW_SYN);
	answer_of_server(bed, e, server_options, sizeof(server_options));
	pkt = from_server(e, TCP_SYN | TCP_ACK, SERVER_ISN, ISN + 1, 0);
	bed_answer(bed, "the server was not heard", INSIDE, &pkt, cookie_confirmed);
	segment_is(bed, TCP_ACK, ISN + 1, SERVER_ISN + 1, 65535 >> 8);
	ends_are(bed, true);
	/* The flow is over and the client shows its cookie once more: it is still good. */
	bed_wait(bed, 25 * SECOND);
	pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 0);
	bed_expect(bed, "shown again", OUTSIDE, &pkt, cookie_opened);
	assert_int_equal(bed_flows(bed, NULL), 1);
}

/* SMTP: the gateway answers the server at once, and the greeting opens the window. */
static void server_first(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[1];
	uint32_t cookie;
	struct pkt pkt;

	bed_policy(bed, guarded);
	service = 25;
	cookie = open_by(bed, e, windows_options, sizeof(windows_options));
	pkt = from_server(e, TCP_SYN | TCP_ACK, SERVER_ISN, ISN + 1, 0);
	pkt.tcp_options = server_options;
	pkt.tcp_options_len = sizeof(server_options);
	bed_answer(bed, "the server's SYN-ACK", INSIDE, &pkt, cookie_confirmed);
	segment_is(bed, TCP_ACK, ISN + 1, SERVER_ISN + 1, 65535 >> 8);
	for (uint32_t n = 0; n < 3; n++) {
		pkt = from_server(e, TCP_ACK | TCP_PSH, SERVER_ISN + 1 + n * 1000, ISN + 1, 1000);
		bed_expect(bed, "the greeting", INSIDE, &pkt, established);
		segment_is(bed, TCP_ACK | TCP_PSH, cookie + 1 + n * 1000, ISN + 1,
			   1000 << SERVER_SCALE >> TOLD_SCALE);
	}
	pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 3001, 0);
	bed_expect(bed, "heard", OUTSIDE, &pkt, established);
	flow_is(bed, SEK_FLOW_ESTABLISHED);
	service = 80;
}

/* A router outside speaks of what the client is sent; the server must know it for its own. */
static void errors(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, guarded);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		uint32_t cookie = open_by(bed, e, windows_options, sizeof(windows_options));
		struct pkt about, pkt;

		answer_of_server(bed, e, server_options, sizeof(server_options));
		about = from_server(e, TCP_ACK, cookie + 1, ISN + 1, 1000);
		about.vlan = 0;
		pkt = bed_in(e, (struct pkt){ .proto = e->icmp,
					      .type = i ? 2 : 3,
					      .code = i ? 0 : 4,
					      .rest = 1300,
					      .quoted = &about });
		bed_expect(bed, "too big, says a router", OUTSIDE, &pkt, related);
		assert_true(frame_l4_sum_right(&bed->out, bed->out.l3));
		assert_int_equal(frame_get32(&bed->out, l4_of(bed) + 8 + (i ? 40 : 20) + 4),
				 SERVER_ISN + 1);
		about = from_client(e, TCP_ACK, ISN + 1, SERVER_ISN + 1, 0);
		about.vlan = 0;
		pkt = bed_out(e, (struct pkt){ .proto = e->icmp,
					       .type = i ? 1 : 3,
					       .code = 1,
					       .quoted = &about });
		bed_expect(bed, "a router inside", INSIDE, &pkt, related);
		assert_int_equal(frame_get32(&bed->out, l4_of(bed) + 8 + (i ? 40 : 20) + 4), ISN + 1);
	}
}

static enum sek_reason flood(struct bed *bed, uint16_t port)
{
	struct pkt pkt = from_client(&bed_ends[0], TCP_SYN, ISN, 0, 0);

	pkt.sport = port;
	return bed_run(bed, OUTSIDE, &pkt);
}

static void automatically(void **state)
{
	struct bed *bed = *state;
	uint32_t sent = 0, on = 0;

	bed_policy(bed, automatic);
	for (uint16_t n = 0; n < 20; n++)
		assert_int_equal(flood(bed, (uint16_t)(1000 + n)), SEK_R_accepted);
	assert_int_equal(bed_quota(bed, 1).half, 20);
	for (uint16_t n = 0; n < 1000; n++)
		sent += flood(bed, (uint16_t)(2000 + n)) == SEK_R_cookie_sent;
	assert_int_equal(sent, 1000);
	assert_int_equal(bed_quota(bed, 1).half, 20);
	assert_int_equal(bed_flows(bed, NULL), 20);
	/* Half-open flows are found to be over; the flood goes on, 4 a second, and so does the guard. */
	bed_wait(bed, 20 * SECOND);
	for (uint16_t n = 0; n < 20; n++)
		assert_int_equal(flood(bed, (uint16_t)(1000 + n)), SEK_R_cookie_sent);
	assert_int_equal(bed_flows(bed, NULL), 0);
	for (uint16_t n = 0; n < 400; n++) {
		bed_wait(bed, SECOND / 4);
		assert_int_equal(flood(bed, (uint16_t)(4000 + n)), SEK_R_cookie_sent);
	}
	/* One in five seconds is none: it ends, but not at once. */
	do
		bed_wait(bed, 5 * SECOND);
	while (flood(bed, (uint16_t)(6000 + on)) == SEK_R_cookie_sent && on++ < 40);
	assert_in_range(on, 8, 11);
	assert_int_equal(bed_flows(bed, NULL), 1);
}

/* A visitor is no flood: what is answered by its cookie does not keep the guard up. */
static void visitors(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	uint32_t on = 0;

	bed_policy(bed, automatic);
	for (uint16_t n = 0; n < 21; n++)
		flood(bed, (uint16_t)(1000 + n));
	bed_wait(bed, 20 * SECOND);
	for (uint16_t n = 0; n < 20; n++)
		flood(bed, (uint16_t)(1000 + n));
	for (uint16_t n = 0; n < 240; n++) { /* 4 a second for a minute */
		struct pkt pkt;
		uint32_t cookie;

		bed_wait(bed, SECOND / 4);
		if (flood(bed, (uint16_t)(2000 + n)) != SEK_R_cookie_sent)
			break;
		on++;
		cookie = seq_of(bed);
		pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 0);
		pkt.sport = (uint16_t)(2000 + n);
		bed_expect(bed, "a visitor", OUTSIDE, &pkt, cookie_opened);
		pkt = from_client(e, TCP_RST, ISN + 1, 0, 0);
		pkt.sport = (uint16_t)(2000 + n);
		bed_expect(bed, "who leaves", OUTSIDE, &pkt, established);
	}
	assert_in_range(on, 100, 130); /* 30 s and a little */
}

/* Taken out of the policy while a client answers: its cookie is honoured. */
static void policy_change(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	uint32_t cookie;
	struct pkt pkt;

	bed_policy(bed, guarded);
	cookie = syn(bed, e, NULL, 0);
	bed_apply(bed, unguarded);
	pkt = from_client(e, TCP_ACK, ISN + 1, cookie + 1, 0);
	bed_expect(bed, "its cookie", OUTSIDE, &pkt, cookie_opened);
	answer_of_server(bed, e, NULL, 0);
	pkt = from_client(e, TCP_SYN, ISN, 0, 0);
	pkt.sport++;
	bed_expect(bed, "no cookies any more", OUTSIDE, &pkt, accepted);
}

static const struct CMUnitTest tests[] = {
	{ "a SYN is answered by a cookie, and nothing kept", given, NULL, NULL, NULL },
	{ "who gets no cookie", not_given, NULL, NULL, NULL },
	{ "a cookie that comes back opens the connection", opened, NULL, NULL, NULL },
	{ "numbers, windows and SACK are turned both ways", turned, NULL, NULL, NULL },
	{ "resets on both sides, in every state", resets, NULL, NULL, NULL },
	{ "a client without options", bare_client, NULL, NULL, NULL },
	{ "a server without options", bare_server, NULL, NULL, NULL },
	{ "forged cookies", forged, NULL, NULL, NULL },
	{ "cookies that are too old", outdated, NULL, NULL, NULL },
	{ "what is lost and sent again", again, NULL, NULL, NULL },
	{ "a server that speaks first", server_first, NULL, NULL, NULL },
	{ "ICMP errors speak the server's numbers", errors, NULL, NULL, NULL },
	{ "the guard begins and ends by itself", automatically, NULL, NULL, NULL },
	{ "visitors do not keep the guard up", visitors, NULL, NULL, NULL },
	{ "a policy without guard honours cookies that are out", policy_change, NULL, NULL, NULL },
};

ROWS(rows_syncookie, tests);
