// SPDX-License-Identifier: Apache-2.0
/*
 * Workers of inspection as their maps tell them, with or without an agent. Called by the agent and the CLI.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "install/gate.h"
#include "install/state.h"
#include "sekisho/handoff.h"

/* What its rings hold, of all ports. */
struct workload {
	uint32_t queues;
	uint64_t under_way, room;
};

static struct workload workload_of(const struct gate *gate, uint32_t worker)
{
	int rings = gate_map_fd(gate, "sek_xsk_ring");
	struct workload sum = { 0 };
	struct sek_xsk_ring ring;

	for (uint32_t i = 0; i < SEK_PORTS_MAX * SEK_QUEUES_MAX; i++) {
		uint32_t at = sek_ring_index(i / SEK_QUEUES_MAX, i % SEK_QUEUES_MAX, worker);

		if (bpf_map_lookup_elem(rings, &at, &ring) || !ring.room)
			continue;
		sum.queues++;
		sum.room += ring.room;
		if (ring.sent > ring.taken)
			sum.under_way += ring.sent - ring.taken;
	}
	return sum;
}

static const char *life_of(const struct sek_worker *worker, uint64_t now_ns)
{
	if (!worker->beat_ns)
		return "ended";
	return now_ns < worker->beat_ns + SEK_WORKER_PATIENCE_NS ? "serves" : "dead";
}

/* So long, in us, that is how many of a thousand frames were here at most; 0: there were none. */
static json_int_t wait_us(const struct sek_worker *worker, unsigned int per_mille)
{
	uint64_t all = 0, so_far = 0;

	for (uint32_t i = 0; i < SEK_WAITS_MAX; i++)
		all += worker->waits[i];
	for (uint32_t i = 0; i < SEK_WAITS_MAX && all; i++) {
		so_far += worker->waits[i];
		if (so_far * 1000 >= all * per_mille)
			return (json_int_t)(sek_wait_end_ns(i) + 999) / 1000;
	}
	return 0;
}

const char *state_back_name(uint32_t why)
{
	static const char *const names[SEK_BACK_WHYS] = {
		[SEK_BACK_RULE] = "rule",	    [SEK_BACK_CIPHERED] = "ciphered",
		[SEK_BACK_DEPTH] = "depth",	    [SEK_BACK_ELEPHANT] = "elephant",
		[SEK_BACK_EXCEPTION] = "exception", [SEK_BACK_NO_RULE] = "no-rule"
	};

	return why < SEK_BACK_WHYS ? names[why] : NULL;
}

static json_t *backs_json(const struct sek_worker *worker)
{
	json_t *backs = json_object();

	for (uint32_t i = 0; i < SEK_BACK_WHYS; i++)
		if (state_back_name(i))
			json_object_set_new(backs, state_back_name(i),
					    json_integer((json_int_t)worker->backs[i]));
	return backs;
}

static json_t *stops_json(const struct sek_worker *worker)
{
	static const char *const names[] = {
		[SEK_STOP_RULE] = "rule",     [SEK_STOP_FLOW] = "flow",
		[SEK_STOP_FILE] = "file",     [SEK_STOP_DATAGRAM] = "datagram",
		[SEK_STOP_MEMORY] = "memory", [SEK_STOP_OTHER] = "other",
	};
	json_t *stops = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set_new(stops, names[i], json_integer((json_int_t)worker->stops[i]));
	return stops;
}

static json_t *waits_json(const struct sek_worker *worker)
{
	json_t *waits = json_array();

	for (uint32_t i = 0; i < SEK_WAITS_MAX; i++)
		if (worker->waits[i])
			json_array_append_new(waits,
					      json_pack("{s:f,s:I}", "below_us",
							(double)sek_wait_end_ns(i) / 1e3, "frames",
							(json_int_t)worker->waits[i]));
	return waits;
}

/* Of files that wait for their verdicts; of a worker that died, as it last said. */
static void held_add(json_t *json, const struct sek_worker *worker)
{
	const struct {
		const char *name;
		uint64_t figure;
	} figures[] = {
		{ "held_now", worker->held_now },
		{ "held_now_bytes", worker->held_now_bytes },
		{ "held_most_bytes", worker->held_most_bytes },
		{ "held", worker->held },
		{ "held_no_room", worker->held_no_room },
		{ "files_judged", worker->files_judged },
		{ "files_late_open", worker->files_late_open },
		{ "files_late_closed", worker->files_late_closed },
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(json, figures[i].name,
				    json_integer((json_int_t)figures[i].figure));
}

static json_t *worker_json(const struct gate *gate, uint32_t number, const struct sek_worker *worker)
{
	struct workload load = workload_of(gate, number);
	json_t *json = json_pack(
		"{s:i,s:s,s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o}",
		"worker", (int)number, "state", life_of(worker, gate_now_ns()), "queues",
		(int)load.queues, "under_way", (json_int_t)load.under_way, "room",
		(json_int_t)load.room, "packets", (json_int_t)worker->packets, "bytes",
		(json_int_t)worker->bytes, "sent", (json_int_t)worker->sent, "dropped",
		(json_int_t)worker->dropped, "lost", (json_int_t)worker->lost, "back",
		(json_int_t)worker->back, "blocked", (json_int_t)worker->blocked, "alerts",
		(json_int_t)worker->alerts, "records_lost", (json_int_t)worker->records_lost,
		"rate_packets", (json_int_t)worker->rate_packets, "rate_bits",
		(json_int_t)(worker->rate_bytes * 8), "wait_p50_us", wait_us(worker, 500),
		"wait_p99_us", wait_us(worker, 990), "block_us",
		(json_int_t)(worker->block_ns + 999) / 1000, "waits", waits_json(worker),
		"back_why", backs_json(worker));

	json_object_set_new(json, "dropped_why", stops_json(worker));
	held_add(json, worker);
	return json;
}

json_t *state_workers(const struct gate *gate, const struct policy *policy, struct diag *diag)
{
	int fd = gate_map_fd(gate, "sek_worker");
	json_t *workers = json_array();
	struct sek_worker worker;

	(void)policy;
	for (uint32_t i = 0; i < SEK_WORKERS_MAX; i++) {
		if (bpf_map_lookup_elem(fd, &i, &worker)) {
			diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
				 "sek_worker cannot be read: %s", strerror(errno));
			json_decref(workers);
			return NULL;
		}
		if (worker.began_ns)
			json_array_append_new(workers, worker_json(gate, i, &worker));
	}
	return json_pack("{s:o}", "workers", workers);
}
