// SPDX-License-Identifier: Apache-2.0
/*
 * rewrite/reset_both.h and reset_copy.h: segments of all shapes to the programs alone, in both flavours
 * and families, and both resets that come of each, read byte by byte. What TC sends at once is heard at
 * the loopback interface. Needs root; says SKIP otherwise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/packet.h"
#include "sekisho/config.h"
#include "sekisho/flow.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"
#include "sekisho/verdict.h"

#include "bpf/answers_ask.h"

#include "bpf/answers_load.h"

#define LOOPBACK 1
#define INSIDE 1
#define OUTSIDE 2
#define SEQ 0xfffffff0u /* numbers wrap within the segment */
#define ACK 0x12345678u

struct bed {
	struct answers *xdp;
	struct answers_tc *tc;
	int heard; /* socket at the loopback interface */
	struct frame in, on, back;
	struct answers_ask told;
};

static int bed_map(const struct bed *bed, const char *name)
{
	struct bpf_object *object = bed->tc ? bed->tc->obj : bed->xdp->obj;

	return bpf_object__find_map_fd_by_name(object, name);
}

static void run_program(int prog, const struct frame *in, struct frame *out, uint32_t *ret_action)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->b, .data_size_in = (__u32)in->len,
		    .data_out = out->b, .data_size_out = sizeof(out->b));

	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	out->len = opts.data_size_out;
	*ret_action = opts.retval;
}

/* The verdict on bed->in; the frame that is left is in bed->back. */
static uint32_t run(struct bed *bed, struct answers_ask *ask)
{
	int prog = bed->tc ? bpf_program__fd(bed->tc->progs.reset_answer)
			   : bpf_program__fd(bed->xdp->progs.reset_answer);
	uint32_t zero = 0, action;

	ask->verdict = 0xff;
	ask->port = INSIDE;
	ask->peer = OUTSIDE;
	ask->port_flags = SEK_PORT_BRIDGE;
	assert_int_equal(bpf_map_update_elem(bed_map(bed, "answers_ask"), &zero, ask, BPF_ANY), 0);
	run_program(prog, &bed->in, &bed->back, &action);
	assert_int_equal(bpf_map_lookup_elem(bed_map(bed, "answers_ask"), &zero, &bed->told), 0);
	return bed->told.verdict;
}

/* What the program of sek_reset makes of the frame on either way. */
static void copies_take(struct bed *bed)
{
	struct frame *noted = malloc(sizeof(*noted));
	uint32_t action;

	assert_non_null(noted);
	memcpy(noted, &bed->back, sizeof(*noted));
	run_program(bpf_program__fd(bed->xdp->progs.copy_on), noted, &bed->on, &action);
	assert_int_equal(action, XDP_PASS);
	run_program(bpf_program__fd(bed->xdp->progs.copy_back), noted, &bed->back, &action);
	assert_int_equal(action, XDP_PASS);
	free(noted);
}

/* What TC has sent; the loopback interface shows it once as it goes. */
static void copy_hear(struct bed *bed)
{
	struct sockaddr_ll from = {};
	socklen_t len = sizeof(from);
	ssize_t got;

	do
		got = recvfrom(bed->heard, bed->on.b, sizeof(bed->on.b), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &len);
	while (got > 0 && from.sll_pkttype != PACKET_OUTGOING);
	assert_true(got > 0);
	bed->on.len = (size_t)got;
}

static void silence(struct bed *bed)
{
	while (recv(bed->heard, bed->on.b, sizeof(bed->on.b), MSG_DONTWAIT) > 0)
		;
}

static size_t ip_len(bool six)
{
	return six ? 40 : 20;
}

static void sums_are_right(const struct frame *frame, size_t l3, bool six)
{
	assert_int_equal(frame->len, l3 + ip_len(six) + 20);
	assert_int_equal(frame_get16(frame, l3 + (six ? 4 : 2)), six ? 20 : 40);
	if (!six)
		assert_true(frame_ip_sum_right(frame, l3));
	assert_true(frame_l4_sum_right(frame, l3));
}

/* On: from the segment's sender, in its place of the sequence, by the same link header. */
static void on_is_right(const struct bed *bed, bool six, uint32_t seq)
{
	const struct frame *in = &bed->in, *on = &bed->on;
	size_t l3 = in->l3, addr = l3 + (six ? 8 : 12), l4 = l3 + ip_len(six);

	sums_are_right(on, l3, six);
	assert_memory_equal(on->b, in->b, l3);
	assert_memory_equal(on->b + addr, in->b + addr, six ? 32 : 8);
	assert_int_equal(on->b[l3 + (six ? 7 : 8)], in->b[l3 + (six ? 7 : 8)]);
	assert_memory_equal(on->b + l4, in->b + in->l4, 4);
	assert_int_equal(frame_get32(on, l4 + 4), seq);
	assert_int_equal(frame_get32(on, l4 + 8), ACK);
	assert_int_equal(on->b[l4 + 12], 0x50);
	assert_int_equal(on->b[l4 + 13], TCP_RST | TCP_ACK);
}

/* Back: from its receiver, with the number that the sender has acknowledged. */
static void back_is_right(const struct bed *bed, bool six)
{
	const struct frame *in = &bed->in, *back = &bed->back;
	size_t l3 = in->l3, addr = l3 + (six ? 8 : 12), len = six ? 16 : 4, l4 = l3 + ip_len(six);

	sums_are_right(back, l3, six);
	assert_memory_equal(back->b, in->b + 6, 6);
	assert_memory_equal(back->b + 6, in->b, 6);
	assert_memory_equal(back->b + 12, in->b + 12, l3 - 12);
	assert_memory_equal(back->b + addr, in->b + addr + len, len);
	assert_memory_equal(back->b + addr + len, in->b + addr, len);
	assert_int_equal(back->b[l3 + (six ? 7 : 8)], 64);
	assert_int_equal(frame_get16(back, l4), frame_get16(in, in->l4 + 2));
	assert_int_equal(frame_get16(back, l4 + 2), frame_get16(in, in->l4));
	assert_int_equal(frame_get32(back, l4 + 4), ACK);
	assert_int_equal(back->b[l4 + 12], 0x50);
	assert_int_equal(back->b[l4 + 13], TCP_RST);
}

static struct pkt segment(bool six, uint8_t flags, size_t len)
{
	return (struct pkt){
		.src = six ? "2001:db8:a::5" : "10.0.1.5",
		.dst = six ? "2001:db8:ff::80" : "198.51.100.80",
		.proto = IPPROTO_TCP,
		.sport = 40001,
		.dport = 443,
		.flags = flags,
		.seq = SEQ,
		.ack = ACK,
		.payload_len = len,
		.ttl = 57,
		.tos = 0x02,
	};
}

static void reset(struct bed *bed, const struct pkt *pkt, struct answers_ask ask, uint32_t seq)
{
	bool six = strchr(pkt->src, ':');

	pkt_build(pkt, &bed->in);
	silence(bed);
	assert_int_equal(run(bed, &ask), bed->tc ? SEK_ANSWER : SEK_BOTH);
	if (bed->tc)
		copy_hear(bed);
	else
		copies_take(bed);
	assert_int_equal(bed->told.reason, SEK_R_name_block);
	on_is_right(bed, six, seq);
	back_is_right(bed, six);
}

static const struct answers_ask plain;

static void segments_of_all_lengths(void **state)
{
	static const size_t lens[] = { 0, 1, 2, 3, 4, 5, 17, 31, 32, 33, 517, 1447, 1448 };
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (unsigned int bits = 0; bits < 8; bits++) {
			struct pkt pkt = segment(bits & 1, TCP_ACK | TCP_PSH, lens[i]);

			pkt.vlan = bits & 6 ? 10 : 0;
			pkt.outer = bits & 4 ? 100 : 0;
			reset(bed, &pkt, plain, SEQ);
			pkt.flags |= TCP_FIN;
			reset(bed, &pkt, plain, SEQ);
		}
}

static void options_go(void **state)
{
	static const uint8_t stamps[12] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t nops[8] = { 1, 1, 1, 1, 1, 1, 1, 0 };
	struct bed *bed = *state;

	for (unsigned int six = 0; six < 2; six++) {
		struct pkt pkt = segment(six, TCP_ACK, 33);

		pkt.tcp_options = stamps;
		pkt.tcp_options_len = sizeof(stamps);
		reset(bed, &pkt, plain, SEQ);
		if (six)
			pkt.ext[0] = (struct pkt_ext){ IPPROTO_DSTOPTS, 8, { 0, 0, 1, 4 } };
		else
			pkt.options = nops, pkt.options_len = sizeof(nops);
		reset(bed, &pkt, plain, SEQ);
		pkt.payload_len = 0;
		pkt.trailer = 6;
		reset(bed, &pkt, plain, SEQ);
	}
}

/* A segment that came again is behind what its receiver expects. */
static void what_was_acknowledged_counts(void **state)
{
	struct bed *bed = *state;

	for (unsigned int six = 0; six < 2; six++) {
		struct pkt pkt = segment(six, TCP_ACK, 100);

		reset(bed, &pkt, (struct answers_ask){ .acked_known = 1, .acked = SEQ + 100 },
		      SEQ + 100);
		reset(bed, &pkt, (struct answers_ask){ .acked_known = 1, .acked = SEQ }, SEQ);
		reset(bed, &pkt, (struct answers_ask){ .acked_known = 1, .acked = SEQ - 7 }, SEQ);
	}
}

static void refused(struct bed *bed, const struct pkt *pkt)
{
	struct answers_ask ask = plain;

	pkt_build(pkt, &bed->in);
	silence(bed);
	assert_int_equal(run(bed, &ask), SEK_DROP);
	assert_int_equal(bed->back.len, bed->in.len);
	assert_memory_equal(bed->back.b, bed->in.b, bed->in.len);
	assert_true(recv(bed->heard, bed->on.b, sizeof(bed->on.b), MSG_DONTWAIT) < 0);
}

static void no_reset(void **state)
{
	static const uint8_t group[6] = { 0x01, 0, 0x5e, 0, 0, 1 };
	static const uint8_t flags[] = { TCP_RST, TCP_RST | TCP_ACK, TCP_SYN, TCP_SYN | TCP_ACK, 0 };
	struct bed *bed = *state;
	struct pkt pkt;

	for (unsigned int six = 0; six < 2; six++) {
		for (size_t i = 0; i < sizeof(flags); i++) {
			pkt = segment(six, flags[i], 10);
			refused(bed, &pkt);
		}
		pkt = segment(six, TCP_ACK, 10);
		pkt.eth_dst = group;
		refused(bed, &pkt);
		pkt = segment(six, TCP_ACK, 10);
		pkt.proto = IPPROTO_UDP;
		refused(bed, &pkt);
		pkt = segment(six, TCP_ACK, 100);
		pkt.piece = 48;
		refused(bed, &pkt);
	}
}

/* Where the way on takes no copies the sender is reset alone. */
static void one_of_two(void **state)
{
	struct bed *bed = *state;
	uint32_t pair = INSIDE * SEK_PORTS_MAX + OUTSIDE, outside = OUTSIDE, none = 0;

	if (bed->tc)
		bpf_map_update_elem(bed_map(bed, "sek_out"), &outside, &none, BPF_ANY);
	else
		bpf_map_delete_elem(bed_map(bed, "sek_reset"), &pair);
	for (unsigned int bits = 0; bits < 8; bits++) {
		struct pkt pkt = segment(bits & 1, TCP_ACK | TCP_PSH, 7);
		struct answers_ask ask = plain;

		pkt.vlan = bits & 6 ? 10 : 0;
		pkt.outer = bits & 4 ? 100 : 0;
		pkt_build(&pkt, &bed->in);
		assert_int_equal(run(bed, &ask), SEK_ANSWER);
		back_is_right(bed, bits & 1);
	}
}

/* A devmap of two at the loopback interface: what a test run sends to it is lost. */
static int pair_make(const struct bed *bed)
{
	uint32_t pair = INSIDE * SEK_PORTS_MAX + OUTSIDE;
	int fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, NULL, sizeof(uint32_t),
				sizeof(struct bpf_devmap_val), 2, NULL);
	int err = fd < 0 ? fd : 0;

	for (uint32_t i = 0; i < 2 && !err; i++) {
		struct bpf_devmap_val value = { .ifindex = LOOPBACK };

		err = bpf_map_update_elem(fd, &i, &value, BPF_ANY);
	}
	if (!err)
		err = bpf_map_update_elem(bed_map(bed, "sek_reset"), &pair, &fd, BPF_ANY);
	if (fd >= 0)
		close(fd);
	return err;
}

/* What a test run sends there is lost as well. */
static int fork_make(const struct bed *bed)
{
	struct bpf_cpumap_val value = { .qsize = 1 };
	int fd = bpf_map_create(BPF_MAP_TYPE_CPUMAP, NULL, sizeof(uint32_t), sizeof(value), 1, NULL);
	uint32_t zero = 0;
	int err = fd < 0 ? fd : bpf_map_update_elem(fd, &zero, &value, BPF_ANY);

	if (!err)
		err = bpf_map_update_elem(bed_map(bed, "sek_fork"), &zero, &fd, BPF_ANY);
	if (fd >= 0)
		close(fd);
	return err;
}

static int listen_up(struct bed *bed)
{
	const struct sockaddr_ll at = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_ALL),
					.sll_ifindex = LOOPBACK };

	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	bed->heard = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (bed->heard < 0 || ioctl(bed->heard, SIOCSIFFLAGS, &up))
		return -1;
	return bind(bed->heard, (const void *)&at, sizeof(at));
}

static int bed_up(void **state, bool tc)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	uint32_t outside = OUTSIDE, loopback = LOOPBACK;

	if (!bed)
		return -1;
	*state = bed;
	if (geteuid())
		return 0;
	if (listen_up(bed) || answers_load(tc, &bed->xdp, &bed->tc))
		return -1;
	if (tc)
		return bpf_map_update_elem(bed_map(bed, "sek_out"), &outside, &loopback, BPF_ANY);
	return fork_make(bed) ? -1 : pair_make(bed);
}

static int up_xdp(void **state)
{
	return bed_up(state, false);
}

static int up_tc(void **state)
{
	return bed_up(state, true);
}

static int down(void **state)
{
	struct bed *bed = *state;

	answers_unload(bed->xdp, bed->tc);
	if (!geteuid())
		close(bed->heard);
	free(bed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(segments_of_all_lengths, may_run),
		cmocka_unit_test_setup(options_go, may_run),
		cmocka_unit_test_setup(what_was_acknowledged_counts, may_run),
		cmocka_unit_test_setup(no_reset, may_run),
		cmocka_unit_test_setup(one_of_two, may_run), /* last: leaves no way on */
	};

	return cmocka_run_group_tests_name("resets", tests, up_xdp, down) +
	       cmocka_run_group_tests_name("resets by TC", tests, up_tc, down);
}
