// SPDX-License-Identifier: Apache-2.0
/*
 * Owns sek_reset: for each two ports whose drivers take frames from XDP, a devmap of the two; and
 * sek_fork, the threads that send to them. Called by agent/dataplane as ports come and go. Promises that
 * what is in the maps was whole when it came there; the kernel itself takes interfaces out that go.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "install/gate.h"
#include "sekisho/limits.h"

#define FORK_QUEUE 512 /* frames that wait for a CPU's thread; what is too many is lost */

static bool cpu_is_online(uint32_t cpu)
{
	char path[64];
	FILE *in;
	bool off;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	in = fopen(path, "re");
	if (!in) /* one that cannot be taken away has no such file */
		return errno == ENOENT && cpu < (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	off = fgetc(in) == '0';
	fclose(in);
	return !off;
}

/* A CPU that is not there has no entry, but the first has always one. */
static int cpus_write(const struct gate *gate, int cpumap, uint32_t cpus)
{
	struct bpf_cpumap_val value = { .qsize = FORK_QUEUE };
	int err = 0;

	value.bpf_prog.fd = object_fork_fd(gate);
	if (value.bpf_prog.fd < 0)
		return value.bpf_prog.fd;
	for (uint32_t cpu = 0; cpu < cpus && !err; cpu++) {
		if (!cpu || cpu_is_online(cpu))
			err = bpf_map_update_elem(cpumap, &cpu, &value, BPF_ANY);
	}
	return err;
}

/* The threads, with this program; what was there was a former one's. */
static int fork_make(struct gate *gate)
{
	int cpus = libbpf_num_possible_cpus(), fd, err;
	uint32_t zero = 0;

	if (gate->forks)
		return 0;
	if (cpus < 0)
		return cpus;
	fd = bpf_map_create(BPF_MAP_TYPE_CPUMAP, "sek_fork_cpus", sizeof(uint32_t),
			    sizeof(struct bpf_cpumap_val), (uint32_t)cpus, NULL);
	if (fd < 0)
		return -errno;
	err = cpus_write(gate, fd, (uint32_t)cpus);
	if (!err)
		err = bpf_map_update_elem(gate_map_fd(gate, "sek_fork"), &zero, &fd, BPF_ANY);
	close(fd);
	gate->forks = !err;
	return err;
}

static int entry_write(const struct gate *gate, int devmap, uint32_t entry, uint32_t ifindex)
{
	struct bpf_devmap_val value = { .ifindex = ifindex };

	value.bpf_prog.fd = object_copy_fd(gate);
	if (value.bpf_prog.fd < 0)
		return value.bpf_prog.fd;
	return bpf_map_update_elem(devmap, &entry, &value, BPF_ANY);
}

/* The devmap of frames that come in by one port and leave by the other; or -errno. */
static int pair_make(const struct gate *gate, uint16_t in, uint16_t out)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, "sek_reset_pair", sizeof(uint32_t),
				sizeof(struct bpf_devmap_val), 2, NULL);
	int err;

	if (fd < 0)
		return -errno;
	err = entry_write(gate, fd, 0, gate->reset_ifindex[in]);
	if (!err)
		err = entry_write(gate, fd, 1, gate->reset_ifindex[out]);
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

/*
 * Pairs with ports that are not known yet may be a former run's, and right: they stay. A port is no pair
 * with itself: nothing would tell its two copies apart.
 */
static int port_set(struct gate *gate, uint16_t port)
{
	int err = fork_make(gate);

	for (uint16_t other = 1; other < SEK_PORTS_MAX && !err; other++) {
		if (!gate->reset_ifindex[other] || other == port)
			continue;
		err = pair_set(gate, port, other);
		if (!err)
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
