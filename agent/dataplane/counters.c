/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums over CPUs. Called by dataplane/egress, dataplane/events and report/metrics.
 */
#include "dataplane/counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

/* All CPUs' values of one cell, each at a multiple of 8 bytes; owned by the caller. */
static void *cell_read(const struct gate *gate, const char *map, uint32_t index, size_t size,
		       int *ret_cpus)
{
	int cpus = libbpf_num_possible_cpus(), fd = gate_map_fd(gate, map);
	void *values;

	if (cpus <= 0 || fd < 0) {
		errno = ENOENT;
		return NULL;
	}
	values = calloc((size_t)cpus, (size + 7) & ~(size_t)7);
	if (values && bpf_map_lookup_elem(fd, &index, values)) {
		int err = errno;

		free(values);
		errno = err;
		return NULL;
	}
	*ret_cpus = cpus;
	return values;
}

int counter_read(const struct gate *gate, const char *map, uint32_t index, struct sek_count *ret_sum)
{
	struct sek_count sum = {}, *values;
	int cpus;

	values = cell_read(gate, map, index, sizeof(*values), &cpus);
	if (!values)
		return -errno;
	for (int i = 0; i < cpus; i++) {
		sum.packets += values[i].packets;
		sum.bytes += values[i].bytes;
	}
	free(values);
	*ret_sum = sum;
	return 0;
}

static int stat_read(const struct gate *gate, const char *map, uint32_t index,
		     struct sek_event_stat *ret_sum)
{
	struct sek_event_stat sum = {}, *values;
	int cpus;

	values = cell_read(gate, map, index, sizeof(*values), &cpus);
	if (!values)
		return -errno;
	for (int i = 0; i < cpus; i++) {
		sum.offered += values[i].offered;
		sum.written += values[i].written;
		sum.suppressed += values[i].suppressed;
		sum.lost += values[i].lost;
	}
	free(values);
	*ret_sum = sum;
	return 0;
}

int event_stat_read(const struct gate *gate, enum sek_cause cause, struct sek_event_stat *ret_sum)
{
	return stat_read(gate, "sek_event_stat", cause, ret_sum);
}

int capture_stat_read(const struct gate *gate, struct sek_event_stat *ret_sum)
{
	return stat_read(gate, "sek_cap_stat", 0, ret_sum);
}

uint32_t count_index(uint16_t tenant, enum sek_dir dir, uint8_t reason)
{
	return (tenant * 2u + dir) * SEK_REASONS_MAX + reason;
}

uint32_t port_count_index(uint16_t port, uint8_t reason)
{
	return port * (uint32_t)SEK_REASONS_MAX + reason;
}
