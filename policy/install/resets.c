// SPDX-License-Identifier: Apache-2.0
/*
 * Owns sek_reset: for each two ports whose drivers take frames from XDP, a devmap of the two. Called
 * by agent/dataplane as ports come and go. Promises that what is in the map was whole when it came
 * there; the kernel itself takes interfaces out that go.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "install/gate.h"
#include "sekisho/limits.h"

/* Entries of a devmap in sek_reset, as core/xdp.h names them. */
enum { RESET_BACK, RESET_ON, RESET_CNT };

static int entry_write(const struct gate *gate, int devmap, uint32_t entry, uint32_t ifindex)
{
	struct bpf_devmap_val value = { .ifindex = ifindex };

	value.bpf_prog.fd = object_reset_fd(gate, entry == RESET_BACK);
	if (value.bpf_prog.fd < 0)
		return value.bpf_prog.fd;
	return bpf_map_update_elem(devmap, &entry, &value, BPF_ANY);
}

/* The devmap of frames that come in by one port and leave by the other; or -errno. */
static int pair_make(const struct gate *gate, uint16_t in, uint16_t out)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, "sek_reset_pair", sizeof(uint32_t),
				sizeof(struct bpf_devmap_val), RESET_CNT, NULL);
	int err;

	if (fd < 0)
		return -errno;
	err = entry_write(gate, fd, RESET_BACK, gate->reset_ifindex[in]);
	if (!err)
		err = entry_write(gate, fd, RESET_ON, gate->reset_ifindex[out]);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int pair_set(const struct gate *gate, uint16_t in, uint16_t out)
{
	uint32_t pair = in * SEK_PORTS_MAX + out;
	int fd = pair_make(gate, in, out), err;

	if (fd < 0)
		return fd;
	err = bpf_map_update_elem(gate_map_fd(gate, "sek_reset"), &pair, &fd, BPF_ANY);
	close(fd);
	return err;
}

/* A look first: the kernel waits for a grace period whatever a removal finds. */
static int pair_clear(const struct gate *gate, uint16_t in, uint16_t out)
{
	uint32_t pair = in * SEK_PORTS_MAX + out, id;
	int resets = gate_map_fd(gate, "sek_reset");

	return bpf_map_lookup_elem(resets, &pair, &id) ? 0 : bpf_map_delete_elem(resets, &pair);
}

/* Pairs with ports that are not known yet may be a former run's, and right: they stay. */
static int port_set(const struct gate *gate, uint16_t port)
{
	int err = 0;

	for (uint16_t other = 1; other < SEK_PORTS_MAX && !err; other++) {
		if (!gate->reset_ifindex[other])
			continue;
		err = pair_set(gate, port, other);
		if (!err && other != port)
			err = pair_set(gate, other, port);
	}
	return err;
}

static int port_clear(const struct gate *gate, uint16_t port)
{
	int err = 0;

	for (uint16_t other = 1; other < SEK_PORTS_MAX && !err; other++) {
		err = pair_clear(gate, port, other);
		if (!err && other != port)
			err = pair_clear(gate, other, port);
	}
	return err;
}

int gate_reset_set(struct gate *gate, uint16_t port, uint32_t ifindex)
{
	if (!port || port >= SEK_PORTS_MAX)
		return -ERANGE;
	gate->reset_ifindex[port] = ifindex;
	return ifindex ? port_set(gate, port) : port_clear(gate, port);
}
