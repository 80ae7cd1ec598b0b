/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is fixed at load, the clock, and where a replay tells. cfg is set by policy/install between open
 * and load; the verifier then removes what a site does not use.
 */
#ifndef BPF_CORE_CONFIG_H
#define BPF_CORE_CONFIG_H

#include "core/maps.h"

/* const: .rodata, known to the verifier. volatile: clang must not believe in the zeros. */
const volatile struct sek_config cfg = {};

/* What the clock said at the first packet of the tick that is running, on each CPU. */
struct clock_tick {
	__u64 jiffies;
	__u64 now_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock_tick);
} sek_tick SEC(".maps");

/* Whether a packet leaves as the kernel's routes and this machine's ports say. */
static __always_inline bool ways_are_real(void)
{
	return !cfg.replay || cfg.replay_ways;
}

/* What a replay tells; NULL: nobody asks. */
static __always_inline struct sek_trace *trace_room(void)
{
	__u32 zero = 0;

	return cfg.replay ? bpf_map_lookup_elem(&sek_trace, &zero) : NULL;
}

static __always_inline __u64 clock_replay(void)
{
	const struct sek_clock *clock;
	__u32 zero = 0;

	clock = bpf_map_lookup_elem(&sek_clock, &zero);
	return clock ? clock->now_ns : 0;
}

/* Nanoseconds since boot; in a replay, of the capture. */
static __always_inline __u64 clock_exact(void)
{
	return cfg.replay ? clock_replay() : bpf_ktime_get_ns();
}

/*
 * The same, behind by less than a tick (1 to 10 ms): never backwards on a CPU, and two CPUs differ by
 * less than a tick. Asking the clock costs as much as reading the headers does, the tick's number
 * nothing. Read once a packet, into packet.now_ns.
 */
static __always_inline __u64 clock_now(void)
{
	struct clock_tick *tick;
	__u64 jiffies;
	__u32 zero = 0;

	if (cfg.replay)
		return clock_replay();
	tick = bpf_map_lookup_elem(&sek_tick, &zero);
	jiffies = bpf_jiffies64();
	if (tick && tick->jiffies == jiffies)
		return tick->now_ns;
	if (!tick)
		return bpf_ktime_get_ns();
	tick->jiffies = jiffies;
	tick->now_ns = bpf_ktime_get_ns();
	return tick->now_ns;
}

#endif
