// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel's list look-up alone: 16-byte addresses in, the lists that hold each out, in place of
 * its first 8 bytes. Run by listlookup_test.c through BPF_PROG_TEST_RUN.
 */
#include "core/bpf.h"
#include "core/listmaps.h"

#define ADDRESSES 64

SEC("xdp")
int list_answer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	for (int i = 0; i < ADDRESSES; i++) {
		struct sek_addr *at = data, addr;

		if ((void *)(at + 1) > end)
			break;
		addr = *at;
		at->q[0] = list_ask(&addr, 0);
		data = at + 1;
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
