// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An admission that was interrupted when it had taken a new number and not yet touched its entry.
 * Run by live_test.c on the table of a gateway at work.
 */
#include "core/bpf.h"
#include "sekisho/flow.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sek_patrol);
} sek_patrol SEC(".maps");

SEC("syscall")
int halfway(void *ctx)
{
	__u32 zero = 0;
	struct sek_patrol *patrol = bpf_map_lookup_elem(&sek_patrol, &zero);

	if (patrol)
		__sync_fetch_and_add(&patrol->used, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
