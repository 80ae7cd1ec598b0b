// SPDX-License-Identifier: Apache-2.0
/*
 * A gateway's state taken away, so that its next packet meets one that has seen none. Called by
 * explain/ and tests/bpf, for replays, before packets that shall not know of each other.
 * Promises: policy, lists, links and counters stay, and so does what time itself ends.
 */
#include <errno.h>

#include <bpf/bpf.h>

#include "install/install.h"
#include "install/state.h"
#include "sekisho/flow.h"

static int flows_end(const struct gate *gate)
{
	const struct state_filter all = { .tenant = -1, .proto = -1 };
	struct sek_flow_key first;
	uint64_t deleted;
	struct diag diag;
	int r;

	if (bpf_map_get_next_key(gate_map_fd(gate, "sek_flow"), NULL, &first))
		return errno == ENOENT ? 0 : -errno;
	diag_init(&diag);
	r = state_flow_delete(gate, NULL, &all, NULL, NULL, &deleted, &diag);
	diag_free(&diag);
	return r;
}

static int sources_end(const struct gate *gate)
{
	int fd = gate_map_fd(gate, "sek_source");
	struct sek_source_key key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		if (bpf_map_delete_elem(fd, &key))
			return -errno;
	return errno == ENOENT ? 0 : -errno;
}

int gate_forget(const struct gate *gate)
{
	int r = flows_end(gate);

	return r ? r : sources_end(gate);
}
