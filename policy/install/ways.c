// SPDX-License-Identifier: Apache-2.0
/*
 * The live gateway's ways out, copied into a replay's gate: which interface is which port, what it
 * can carry, which hook it takes frames by, who inspects. Called by replay_open().
 * Promises that the live gate is only read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install/gate.h"
#include "install/replay.h"
#include "sekisho/handoff.h"
#include "sekisho/page.h"

/* Every interface of a live port, VLAN devices included. */
static int links_copy(const struct replay_ways *ways, struct gate *own, struct diag *diag)
{
	struct sek_link *links = links_read(ways->live, diag);
	int r = links ? 0 : -EIO;

	for (uint32_t ifindex = 1; !r && ifindex < SEK_IFINDEX_MAX; ifindex++) {
		struct sek_link *link = &links[ifindex];

		link->port = link->port < SEK_PORTS_MAX ? ways->port[link->port] : 0;
		if (link->port)
			r = gate_link_set(own, ifindex, link);
	}
	free(links);
	return r;
}

static int outs_copy(const struct replay_ways *ways, struct gate *own)
{
	int out = gate_map_fd(ways->live, "sek_out"), tx = gate_map_fd(ways->live, "sek_tx"), r = 0;

	if (out < 0 || tx < 0)
		return -ENOENT;
	for (uint32_t port = SEK_PORT_PAGE; !r && port < SEK_PORTS_MAX; port++) {
		bool known = port == SEK_PORT_PAGE || ways->port[port];
		uint32_t ifindex = 0, by_xdp;

		if (!known || bpf_map_lookup_elem(out, &port, &ifindex) || !ifindex)
			continue;
		r = gate_tx_set(own, ways->port[port], ifindex,
				!bpf_map_lookup_elem(tx, &port, &by_xdp));
	}
	return r;
}

static int new_ports(const struct replay_ways *ways, struct gate *own)
{
	int r = 0;

	for (uint16_t port = 1; !r && port < SEK_PORTS_MAX; port++) {
		const struct sek_link link = { .port = port };

		if (!ways->ifindex[port])
			continue;
		r = gate_link_set(own, ways->ifindex[port], &link);
		if (!r)
			r = gate_tx_set(own, port, ways->ifindex[port], true);
	}
	return r;
}

/*
 * Workers that are alive, as if their rings were empty: what is explained takes nothing away from them. Every
 * port's first queue is the one that a replay's frames come by.
 */
static int workers_copy(const struct replay_ways *ways, struct gate *own)
{
	int workers = gate_map_fd(ways->live, "sek_worker"),
	    rings = gate_map_fd(ways->live, "sek_xsk_ring");
	int own_workers = gate_map_fd(own, "sek_worker"),
	    own_rings = gate_map_fd(own, "sek_xsk_ring");
	int r = 0;

	if (workers < 0 || rings < 0 || own_workers < 0 || own_rings < 0)
		return -ENOENT;
	for (uint32_t i = 0; !r && i < SEK_WORKERS_MAX; i++) {
		struct sek_worker worker;

		if (!bpf_map_lookup_elem(workers, &i, &worker) && worker.beat_ns &&
		    gate_now_ns() < worker.beat_ns + SEK_WORKER_PATIENCE_NS)
			r = bpf_map_update_elem(own_workers, &i, &worker, BPF_ANY);
	}
	for (uint32_t i = 0; !r && i < SEK_PORTS_MAX * SEK_WORKERS_MAX; i++) {
		uint32_t port = i / SEK_WORKERS_MAX, worker = i % SEK_WORKERS_MAX;
		uint32_t from = sek_ring_index(port, 0, worker),
			 to = sek_ring_index(ways->port[port], 0, worker);
		struct sek_xsk_ring ring;

		if (!ways->port[port] || bpf_map_lookup_elem(rings, &from, &ring) || !ring.room)
			continue;
		ring = (struct sek_xsk_ring){ .room = INT32_MAX };
		r = bpf_map_update_elem(own_rings, &to, &ring, BPF_ANY);
	}
	return r;
}

int ways_copy(const struct replay_ways *ways, struct gate *own, struct diag *diag)
{
	int r = links_copy(ways, own, diag);

	if (!r)
		r = outs_copy(ways, own);
	if (!r)
		r = workers_copy(ways, own);
	if (!r)
		r = new_ports(ways, own);
	if (r)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "run it where sekishod runs, as root",
			 "the gateway's ways out cannot be taken over: %s", strerror(-r));
	return r;
}
