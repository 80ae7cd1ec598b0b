/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All flows of a worker: found by their ends in either direction, forgotten by the packets' clock. Memory
 * is bounded; the flow that was silent for longest makes room, and is counted.
 */
#ifndef AGENT_INSPECT_FLOWTABLE_H
#define AGENT_INSPECT_FLOWTABLE_H

#include "base/pool.h"
#include "inspect/flow.h"

struct engine_setup;

enum flow_kind { FLOW_KIND_DEFAULT, FLOW_KIND_TCP, FLOW_KIND_UDP, FLOW_KIND_ICMP, FLOW_KINDS };

#define FLOW_EXPECTATIONS_MAX 1024
#define FLOW_CLASSES (FLOW_KINDS * FLOW_STATES)

/*
 * Memory is bounded by shards, into which flows fall by their addresses: whatever makes room is of the same
 * shard, and a shard is one worker's, so what is given up does not depend on how many workers there are.
 */
#define FLOW_SHARDS 64

struct flow_settings {
	uint64_t timeout_ns[FLOW_KINDS][FLOW_STATES];
	unsigned int shard_cnt; /* 1, where there is room for few flows only, or the kernel deals them */
	uint64_t shard_flows_max;
	uint64_t flows_usual; /* of one worker, when all is full */
	uint64_t tenant_flows_max; /* of one tenant in it; 0: no such bound */
	bool vlan_in_key, depth_in_key;
	bool macs; /* records tell Ethernet addresses */
	uint64_t seed; /* of hashes: nobody outside can aim at a bucket */
	uint64_t shard_seed; /* the same for shards; a fixed one where runs are to be repeatable */
};

struct flow_list {
	struct flow *oldest, *newest;
};

struct flow_shard {
	struct flow_list lists[FLOW_CLASSES];
	uint64_t flow_cnt, tcp_cnt; /* tcp_cnt: of sessions, the tracker's */
};

/* A flow that was announced: FTP data and its kind. */
struct flow_expectation {
	struct flow_expectation *next;
	struct sek_addr addr[SIDES]; /* [FROM_SERVER]: of who listens */
	uint64_t parent_id; /* of the flow that announced it */
	uint16_t port;
	enum proto_id proto;
	uint64_t until_ns;
	uint64_t from; /* where in the file of that name */
	size_t name_len;
	char name[256];
};

struct flow_table {
	const struct flow_settings *settings;
	const struct engine_setup *setup;
	uint16_t tenant; /* whose packets come now; 0: nobody says, their addresses are asked */
	bool off[PROTO_CNT]; /* protocols that the settings switch off */
	struct flow **buckets;
	uint32_t mask;
	struct pool pool;
	struct flow_shard shards[FLOW_SHARDS];
	uint64_t now_ns;
	uint64_t made, evicted, refused;
	uint32_t *tenant_flows; /* by tenant; NULL: not counted */
	/* Called with a flow that is over, before it is forgotten. */
	void (*ended)(void *arg, struct flow *flow, enum flow_end why);
	void *ended_arg;
	struct waits *waits; /* file/waits.h; of sessions from now on. NULL: none */
	struct flow_expectation *expectations;
	size_t expectation_cnt;
	struct flow **expired; /* scratch of a tick */
	size_t expired_cap;
};

void flow_settings_read(const struct engine_setup *setup, unsigned int workers,
			struct flow_settings *ret_settings);
int flow_table_init(struct flow_table *table, const struct flow_settings *settings,
		    const struct engine_setup *setup);
void flow_table_forget(struct flow_table *table, struct flow *flow);
/*
 * Forgets the flow of TCP among this one's neighbours that can be missed most: one that is closed, or its
 * packets do not come any more, or that only began; of these the one that was silent for longest. False:
 * there is none but this one.
 */
bool flow_table_spare_tcp(struct flow_table *table, const struct flow *flow);
/* Forgets all flows, in the order in which they began; ended is called for each. */
void flow_table_end(struct flow_table *table, enum flow_end why);
void flow_table_free(struct flow_table *table);

/* Symmetric, by the addresses alone: of the flow's that an error of ICMP quotes, else of the packet's. */
uint32_t flow_shard_of(const struct flow_settings *settings, const struct packet *packet);

/* False: packets of this kind belong to no flow. */
bool flow_is_wanted(const struct packet *packet);
/*
 * The packet's flow, made when there is none yet; sets packet->flow and ->side, and counts the packet.
 * NULL: it is an error that belongs to no flow, or (counted in refused) there is no memory.
 */
struct flow *flow_of(struct flow_table *table, struct packet *packet);
/* Whose a packet without a flow is; the first of one says it for all that follow. */
uint16_t flow_tenant_of(const struct flow_table *table, const struct packet *packet);
/* Ends the flow and makes another of the same packet: its ports are used anew. */
struct flow *flow_replace(struct flow_table *table, struct packet *packet);
void flow_state_set(struct flow *flow, enum flow_state state);
/* What was announced for its ends becomes what its session expects; it is there once. */
void flow_expectation_meet(struct flow *flow);
/* The other end opened it, after all (midstream pick-up): turns what was counted. */
void flow_turn(struct flow *flow, struct packet *packet);
/* Ends flows whose time is over, in the order in which they began. */
void flow_table_tick(struct flow_table *table, uint64_t now_ns);

#endif
