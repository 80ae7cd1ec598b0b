// SPDX-License-Identifier: Apache-2.0
/*
 * AF_PACKET senders past the queueing discipline, batch by batch, and the sinks' program on both
 * ends. Called by traffic.c.
 */
#include "soak/wire.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak/sink.skel.h"

#define BATCH 32
#define BYTES 1600 /* of one frame */
#define REFUSED_US 200 /* pause after a full ring */

struct end {
	int ns;
	unsigned int ifindex;
	struct bpf_link *link;
};

struct ends {
	struct end side[2];
	struct sink *sink;
	struct soak_slot *slots;
};

struct batch {
	int fd;
	size_t cnt;
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	uint8_t bytes[BATCH][BYTES];
};

struct wire {
	struct ledger *ledger;
	struct batch batch[2];
	struct frame frame;
	uint64_t refused;
};

static int end_find(const char *spec, struct end *end)
{
	const char *colon = strrchr(spec, ':');
	char path[256];

	end->ns = -1;
	if (!colon || (size_t)(colon - spec) >= sizeof(path))
		return -EINVAL;
	snprintf(path, sizeof(path), "%.*s", (int)(colon - spec), spec);
	end->ns = open(path, O_RDONLY | O_CLOEXEC);
	if (end->ns < 0 || setns(end->ns, CLONE_NEWNET))
		return -errno;
	end->ifindex = if_nametoindex(colon + 1);
	return end->ifindex ? 0 : -errno;
}

static int end_sink(struct end *end, struct bpf_program *program)
{
	if (setns(end->ns, CLONE_NEWNET))
		return -errno;
	end->link = bpf_program__attach_xdp(program, (int)end->ifindex);
	return end->link ? 0 : -errno;
}

static int sinks_open(struct ends *ends)
{
	int err;

	ends->sink = sink__open_and_load();
	if (!ends->sink)
		return -errno;
	ends->slots = mmap(NULL, sizeof(*ends->slots) * SOAK_SLOTS, PROT_READ | PROT_WRITE,
			   MAP_SHARED, bpf_map__fd(ends->sink->maps.soak_slots), 0);
	if (ends->slots == MAP_FAILED) {
		ends->slots = NULL;
		return -errno;
	}
	err = end_sink(&ends->side[SOAK_LAN], ends->sink->progs.sink_lan);
	return err ? err : end_sink(&ends->side[SOAK_WAN], ends->sink->progs.sink_wan);
}

int ends_open(const char *const spec[2], struct ends **ret_ends)
{
	struct ends *ends = calloc(1, sizeof(*ends));
	int err = ends ? 0 : -ENOMEM;

	for (int i = 0; i < 2 && !err; i++) {
		err = end_find(spec[i], &ends->side[i]);
		if (err)
			fprintf(stderr, "traffic: %s: %s\n", spec[i], strerror(-err));
	}
	if (err) {
		ends_close(ends);
		return err;
	}
	err = sinks_open(ends);
	if (err) {
		fprintf(stderr, "traffic: the sinks cannot be attached: %s\n", strerror(-err));
		ends_close(ends);
		return err;
	}
	*ret_ends = ends;
	return 0;
}

void ends_close(struct ends *ends)
{
	if (!ends)
		return;
	for (int i = 0; i < 2; i++) {
		bpf_link__destroy(ends->side[i].link);
		if (ends->side[i].ns >= 0)
			close(ends->side[i].ns);
	}
	if (ends->slots)
		munmap(ends->slots, sizeof(*ends->slots) * SOAK_SLOTS);
	sink__destroy(ends->sink);
	free(ends);
}

struct soak_slot *ends_slots(struct ends *ends)
{
	return ends->slots;
}

struct soak_sum ends_sum(const struct ends *ends, enum soak_side side)
{
	return ends->sink->bss->sums[side];
}

static int batch_open(const struct end *end, struct batch *batch)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)end->ifindex };
	int one = 1;

	for (int i = 0; i < BATCH; i++) {
		batch->iov[i].iov_base = batch->bytes[i];
		batch->msg[i].msg_hdr.msg_iov = &batch->iov[i];
		batch->msg[i].msg_hdr.msg_iovlen = 1;
	}
	if (setns(end->ns, CLONE_NEWNET))
		return -errno;
	batch->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (batch->fd < 0 || bind(batch->fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(batch->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		return -errno;
	return 0;
}

int wire_open(const struct ends *ends, struct ledger *ledger, struct wire **ret_wire)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	int err = 0;

	if (!wire)
		return -ENOMEM;
	wire->ledger = ledger;
	wire->batch[0].fd = wire->batch[1].fd = -1;
	for (int i = 0; i < 2 && !err; i++)
		err = batch_open(&ends->side[i], &wire->batch[i]);
	if (err) {
		wire_close(wire);
		return err;
	}
	*ret_wire = wire;
	return 0;
}

void wire_close(struct wire *wire)
{
	if (!wire)
		return;
	for (int i = 0; i < 2; i++)
		if (wire->batch[i].fd >= 0)
			close(wire->batch[i].fd);
	free(wire);
}

bool wire_room(const struct wire *wire, enum soak_side from)
{
	return wire->batch[from].cnt < BATCH - 1;
}

uint32_t wire_add(struct wire *wire, const struct entry *entry, struct pkt *pkt)
{
	struct batch *batch = &wire->batch[entry->from];
	uint8_t *bytes = batch->bytes[batch->cnt];
	uint32_t number;

	pkt_build(pkt, &wire->frame);
	if (wire->frame.len > BYTES)
		abort(); /* the plan of the traffic is wrong */
	number = ledger_enter(wire->ledger, entry, (uint16_t)wire->frame.len);
	memcpy(bytes, wire->frame.b, wire->frame.len);
	bytes[6] = 0x02;
	bytes[7] = SOAK_MARK;
	number = htonl(number);
	memcpy(bytes + 8, &number, sizeof(number));
	batch->iov[batch->cnt++].iov_len = wire->frame.len;
	return ntohl(number);
}

static int batch_send(struct wire *wire, struct batch *batch)
{
	size_t done = 0;

	while (done < batch->cnt) {
		int sent =
			sendmmsg(batch->fd, batch->msg + done, (unsigned int)(batch->cnt - done), 0);

		if (sent > 0) {
			done += (size_t)sent;
			continue;
		}
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return -errno;
		wire->refused++;
		usleep(REFUSED_US);
	}
	batch->cnt = 0;
	return 0;
}

int wire_send(struct wire *wire)
{
	int err = batch_send(wire, &wire->batch[SOAK_LAN]);

	return err ? err : batch_send(wire, &wire->batch[SOAK_WAN]);
}

uint64_t wire_refused(const struct wire *wire)
{
	return wire->refused;
}
