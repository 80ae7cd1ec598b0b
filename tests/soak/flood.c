// SPDX-License-Identifier: Apache-2.0
/*
 * flood INTERFACE PPS SECONDS: SYNs of 1 M sources, one in 16 of them from a single one, half IPv4 and
 * half IPv6, to the web server of body "flooded", out of the interface of this network namespace.
 * flood INTERFACE bare PEER-NS PEER SECONDS: as fast as it goes against a bare XDP_DROP on the peer.
 * Prints one line of JSON. Called by the tests of storms.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/packet.h"
#include "soak/flood.skel.h"
#include "soak/slot.h"

#define CALL (1 << 18) /* runs of the program in one call, as fast as it goes */
#define CALLS_A_SECOND 8 /* at a pace: about each the kernel sleeps for some 30 ms */
#define BATCH 64
#define SECOND_NS 1000000000ull
#define LATE_NS SECOND_NS /* what is later than this is not made up for */
#define TAGGED 18 /* where the IP header is */

static const uint8_t flood_mac[6] = { 0x02, SOAK_FLOOD };
static const struct pkt templates[2] = {
	{ .vlan = 105,
	  .src = "44.0.0.0",
	  .dst = "10.5.0.80",
	  .proto = IPPROTO_TCP,
	  .dport = 80,
	  .flags = TCP_SYN,
	  .eth_src = flood_mac },
	{ .vlan = 105,
	  .src = "2001:db8:f100::",
	  .dst = "2001:db8:105::80",
	  .proto = IPPROTO_TCP,
	  .dport = 80,
	  .flags = TCP_SYN,
	  .eth_src = flood_mac },
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* The template's sum with its own taken out; in the byte order of memory, as sums are (RFC 1071). */
static uint32_t sum_without(const struct frame *frame, size_t at)
{
	uint16_t sum;

	memcpy(&sum, frame->b + at, sizeof(sum));
	return (uint16_t)~sum;
}

static void settle(struct flood *flood)
{
	static struct frame frame;

	pkt_build(&templates[0], &frame);
	memcpy(flood->bss->head4, frame.b, sizeof(flood->bss->head4));
	flood->bss->sum_ip = sum_without(&frame, TAGGED + 10);
	flood->bss->sum_tcp[0] = sum_without(&frame, frame.l4 + 16);
	pkt_build(&templates[1], &frame);
	memcpy(flood->bss->head6, frame.b, sizeof(flood->bss->head6));
	flood->bss->sum_tcp[1] = sum_without(&frame, frame.l4 + 16);
}

/* One call's frames are due at *due; the CPU is others' until then. */
static void pace(uint64_t *due, uint64_t gap_ns)
{
	uint64_t now = now_ns();
	struct timespec until = { .tv_sec = (time_t)(*due / SECOND_NS),
				  .tv_nsec = (long)(*due % SECOND_NS) };

	if (now < *due)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	else if (now - *due > LATE_NS)
		*due = now;
	*due += gap_ns;
}

/* pps: frames a second; 0: as fast as it goes. */
static int flood_run(struct flood *flood, double pps, double seconds)
{
	uint8_t room[sizeof(flood->bss->head4)] = { 0 };
	struct xdp_md ctx = { .data_end = sizeof(room) };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = room, .data_size_in = sizeof(room),
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = CALL,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	uint64_t from = now_ns(), due = from;
	int err = 0;

	if (pps > 0)
		run.repeat = (int)(pps / CALLS_A_SECOND) + 1;
	while (!err && (double)(now_ns() - from) < seconds * 1e9) {
		if (pps > 0)
			pace(&due, (uint64_t)(run.repeat * (double)SECOND_NS / pps));
		err = bpf_prog_test_run_opts(bpf_program__fd(flood->progs.flood), &run) ? -errno : 0;
	}
	if (!err)
		printf("{\"made\": %llu, \"dropped\": %llu, \"seconds\": %.2f}\n", flood->bss->made,
		       flood->bss->dropped, (double)(now_ns() - from) / 1e9);
	return err;
}

/* The peer's far end drops all; what it counted is the rate that nothing can surpass here. */
static int flood_bare(struct flood *flood, const char *peer_ns, const char *peer, double seconds)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int far = open(peer_ns, O_RDONLY | O_CLOEXEC);
	struct bpf_link *link = NULL;
	int err = own < 0 || far < 0 || setns(far, CLONE_NEWNET) ? -errno : 0;

	if (!err) {
		link = bpf_program__attach_xdp(flood->progs.bare_drop, (int)if_nametoindex(peer));
		err = !link || setns(own, CLONE_NEWNET) ? -errno : 0;
	}
	if (!err)
		err = flood_run(flood, 0, seconds);
	bpf_link__destroy(link);
	return err;
}

int main(int argc, char **argv)
{
	struct flood *flood;
	bool bare = argc == 6 && !strcmp(argv[2], "bare");
	int err;

	if (argc != 4 && !bare) {
		fprintf(stderr, "usage: flood INTERFACE PPS SECONDS\n"
				"       flood INTERFACE bare PEER-NS PEER SECONDS\n");
		return 2;
	}
	libbpf_set_print(NULL);
	flood = flood__open_and_load();
	if (!flood) {
		fprintf(stderr, "flood: its programs cannot be loaded: %s\n", strerror(errno));
		return 1;
	}
	flood->bss->send_ifindex = if_nametoindex(argv[1]);
	flood->bss->sources = 1 << 20;
	flood->bss->hot = 16;
	settle(flood);
	err = bare ? flood_bare(flood, argv[3], argv[4], strtod(argv[5], NULL))
		   : flood_run(flood, strtod(argv[2], NULL), strtod(argv[3], NULL));
	if (err)
		fprintf(stderr, "flood: %s\n", strerror(-err));
	flood__destroy(flood);
	return err ? 1 : 0;
}
