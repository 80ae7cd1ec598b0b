// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The dispatcher of a port that sekisho shares with other XDP programs: it calls the program of each
 * slot in turn. Made to libxdp's protocol (lib/libxdp/protocol.org of xdp-tools), to which the names
 * of functions and of conf belong. Loaded and filled by agent/dataplane/dispatcher.
 */
#include "core/bpf.h"

#include <xdp/prog_dispatcher.h>

/* Set before the load; the verifier then removes the slots that nobody takes. */
const volatile struct xdp_dispatcher_config conf = {};

/*
 * A slot while no program replaces it: on to the next. Since 6.13, 6.12.25 and 6.6.90 (CVE-2024-58100)
 * a kernel puts a program that moves a packet's ends only in the place of a function that may do so
 * too. Moving by nothing makes it one; the slots of libxdp before 1.5.5 are none.
 */
#define SLOT(n)                                                                                    \
	__noinline int prog##n(struct xdp_md *ctx)                                                 \
	{                                                                                          \
		volatile int next = XDP_DISPATCHER_RETVAL;                                         \
                                                                                                   \
		bpf_xdp_adjust_head(ctx, 0);                                                       \
		return next;                                                                       \
	}

SLOT(0)
SLOT(1)
SLOT(2)
SLOT(3)
SLOT(4)
SLOT(5)
SLOT(6)
SLOT(7)
SLOT(8)
SLOT(9)

#define CALL(n)                                                                                    \
	if (conf.num_progs_enabled <= (n))                                                         \
		return XDP_PASS;                                                                   \
	action = prog##n(ctx);                                                                     \
	if (!(conf.chain_call_actions[n] & (1u << action)))                                        \
		return action;

SEC("xdp")
int xdp_dispatcher(struct xdp_md *ctx)
{
	int action;

	CALL(0)
	CALL(1)
	CALL(2)
	CALL(3)
	CALL(4)
	CALL(5)
	CALL(6)
	CALL(7)
	CALL(8)
	CALL(9)
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
__uint(dispatcher_version, XDP_DISPATCHER_VERSION) SEC(XDP_METADATA_SECTION);
