// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * answers.h for XDP, and what happens to the two copies of a reset on their way out, which no test run
 * of the kernel's reaches.
 */
#include "core/xdp.h"

#include "rewrite/reset_copy.h"

#include "answers.h"

SEC("xdp.frags")
int dns_answer(struct xdp_md *ctx)
{
	return answers_dns(ctx);
}

SEC("xdp.frags")
int ech_strip(struct xdp_md *ctx)
{
	return answers_strip(ctx);
}

SEC("xdp.frags")
int reset_answer(struct xdp_md *ctx)
{
	return answers_reset(ctx);
}

SEC("xdp.frags")
int copy_on(struct xdp_md *ctx)
{
	return reset_copy_on(ctx);
}

SEC("xdp.frags")
int copy_back(struct xdp_md *ctx)
{
	return reset_copy_back(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
