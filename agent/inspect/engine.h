/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: frames in, verdicts and records out. Knows no kernel, no socket and no file. The same is fed
 * from a capture, and by what stands in the traffic.
 *
 * Frames are dealt to workers by the addresses of their flow, so that a flow is one worker's; what goes
 * beyond a flow is touched in the order of the frames, and what they tell is put back into it, so that
 * nothing depends on how many they are.
 */
#ifndef AGENT_INSPECT_ENGINE_H
#define AGENT_INSPECT_ENGINE_H

#include "capture/capture.h"
#include "detect/detect.h"
#include "inspect/counters.h"
#include "inspect/flow.h"
#include "inspect/hostos.h"

struct records; /* what the engine tells; see report/told.h */

/* Whose a record is, and by which policy he came to the engine. */
struct engine_owner {
	const char *tenant;
	uint32_t generation;
	bool closed; /* what could not be looked at in time is to fall */
};

struct engine_setup {
	const struct ruleset *ruleset; /* NULL: none */
	const struct config *config;
	const struct tenants *tenants; /* inspect/tenants.h; NULL: nobody tells bodies apart */
	const char *capture; /* the name of the capture that it is fed; NULL: none */
	unsigned int workers; /* threads; 0: one for each CPU; 1: that of the caller */
	struct file_room *files; /* file/room.h; NULL: files are followed, nothing more is asked of them */
	bool frames_told; /* of protocols, in records */
	uint32_t frame_types[PROTO_CNT]; /* that rules ask for, a bit each: frame_type_bit() */
	const struct http1_settings *http1; /* proto/http1.h; the engine reads them of config */
	bool hassh, ja3,
		ja4; /* SSH, TLS, QUIC: fingerprints are made; the engine reads it of config and rules */
	bool ips; /* what rules drop is dropped, streams are read as a device in the path must */
	bool unchecked_sums; /* bad checksums are taken for good: a capture before the device fills them */
	bool ethernet; /* of frames that are not bare IP */
	bool flows_elsewhere; /* somebody else tells of flows that are over: the kernel's half of a gateway */
	bool measured; /* what asking each rule takes */
	bool repeatable; /* what gives way when memory is short is the same in every run */
	/*
	 * Lines of records, in order; the bytes are the engine's until it returns. Called by one thread
	 * at a time.
	 */
	void (*line)(void *arg, const char *bytes, size_t len);
	void *line_arg;
	/* By the number that inspector_tenant() was told; NULL: nobody shares the engine. */
	struct engine_owner (*owner)(void *arg, uint16_t tenant);
	void *owner_arg;
};

struct engine_tally {
	uint64_t packets, bytes, flows, alerts, drops, records;
	uint64_t repeated; /* alerts that their flow had, counted in its record */
	uint64_t invalid; /* packets that could not be read to their transport */
	uint64_t evicted, events_lost, alerts_lost, memory_short; /* nothing is lost unsaid */
	struct counters counters; /* what the record of statistics says */
};

struct engine;

int engine_new(const struct engine_setup *setup, struct engine **ret_engine);
/* Takes a frame; its bytes are copied if a worker needs them later. Returns 0 or -errno. */
int engine_take(struct engine *engine, const struct capture_packet *frame);
/*
 * The next packet is asked the rules of this set, which was built with the engine's own before it
 * (ruleset_sources.before); flows, streams and what rules remember go on. Returns when nobody reads the
 * former set any more. Returns 0, or where nothing has changed -EINVAL (it was not built so) or -ENOMEM.
 */
int engine_swap(struct engine *engine, const struct ruleset *ruleset);
/* What asking the rules took so far, by number; costs has a place for each. When nothing is under way. */
void engine_costs(const struct engine *engine, struct rule_cost *costs);
/* Ends all flows, as after their last packet, and waits for all records. */
int engine_finish(struct engine *engine, struct engine_tally *ret_tally);
void engine_free(struct engine *engine);

#endif
